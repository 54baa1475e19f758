"""The demo clients, published once, and a real browser to look at their pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from spm_lib.publish import publish_week, write_index

WEEK = "2026-W46"
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def reports(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of every demo client for one week, with their index."""
    folder = tmp_path_factory.mktemp("published") / "reports"
    for client in sorted(path.name for path in demo_home.iterdir()):
        outcome = publish_week(demo_home, client, WEEK, reports=folder)
        assert outcome.state == "published", outcome.error
    write_index(folder, demo_home)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, as Debian ships it."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        # sandboxing needs rights that a container's root does not have; the pages are our own
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()

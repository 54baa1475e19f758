"""The demo clients, published once, and a real browser to look at their pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import spm_lib
from spm_lib.client import load_client
from spm_lib.publish import PAGES, publish_week, write_index

WEEK = "2026-W46"
#: The first week of the improvement plan that runs in one of the demo clients.
PLAN_WEEK = "2026-W47"
DEMO = Path(spm_lib.__file__).parent / "demo" / "clients"
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def reports(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of every demo client for one week, with their index."""
    folder = tmp_path_factory.mktemp("published") / "reports"
    for client in sorted(path.name for path in demo_home.iterdir()):
        outcome = publish_week(demo_home, client, WEEK, reports=folder)
        assert outcome.state == "published", outcome.error
        if any("improvement_plan" in page for page in pages_of(client)):
            outcome = publish_week(demo_home, client, PLAN_WEEK, reports=folder, only=["improvement_plan"])
            assert outcome.state == "published", outcome.error
    write_index(folder, demo_home)
    return folder


def pages_of(client: str) -> list[str]:
    """Every page a demo client has, below its folder: what `PAGES` says, and one for each rep concerned."""
    known = load_client(DEMO, client)
    found = []
    for page in PAGES:
        label = PLAN_WEEK if page.name == "improvement_plan" else WEEK
        if page.reps is None:
            found.append(f"{label}/{page.name}.html")
            continue
        reps = page.reps(DEMO / client, known, known.week(label).last_day)
        found += [f"{label}/{page.name}/{rep.id}.html" for rep in reps]
    return found


def kind_of(name: str) -> str:
    """The page's name in `PAGES`."""
    return name.split("/")[2].removesuffix(".html")


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

"""What every test shares: the foreign data sets, and a client to try things on."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from spm_lib.client import Client, Rep
from spm_lib.demo import CLIENTS, write_demo
from spm_lib.ingest import ingest

ROOT = Path(__file__).resolve().parents[1]

# how long an example takes says something of the machine, and nothing of what is tested
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of third-party data sets; a test that needs it skips where it is absent."""
    folder = Path(os.environ.get("SPM_DATASETS", ROOT.parent / "shared" / "datasets"))
    if not folder.is_dir():
        pytest.skip("the third-party data sets are not here; set SPM_DATASETS to their folder")
    return folder


@pytest.fixture
def client() -> Client:
    """A client with three reps in Chicago."""
    return Client(
        slug="test-client",
        name="Test Client",
        currency="USD",
        time_zone="America/Chicago",
        manager="Kim",
        owner="Olga",
        reps=(Rep(id="ana", name="Ana Lopez"), Rep(id="ben", name="Ben Hale"), Rep(id="cy", name="Cy Ono")),
    )


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three demo clients up to 2026-W46, their exports ingested. Read it, do not change it."""
    home = tmp_path_factory.mktemp("demo") / "data"
    write_demo(home, "2026-W46")
    for slug in CLIENTS:
        ingest(home, slug, [home / slug / "inbox"], ingested_at=pd.Timestamp("2026-11-16T12:00Z"))
    return home

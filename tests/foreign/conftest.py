"""Foreign data as a user takes it in: a client folder copied to a home, then the commands of the README."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
FILES = {
    "maven": ("maven_crm_sales_opportunities", "*.csv"),
    "bpi2012": ("bpi_challenge_2012", "*.csv.gz"),
    "adventureworks": ("adventureworks_reseller_sales", "*"),
}

Spm = Callable[..., str]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the three foreign clients, nothing ingested."""
    folder = tmp_path_factory.mktemp("foreign") / "data"
    for name in FILES:
        shutil.copytree(CLIENTS / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def spm(home: Path) -> Spm:
    """Run the command in that home as another process; its standard output."""

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "spm_lib", "--home", str(home), *words],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env=os.environ | {"SPM_TODAY": "2026-11-25"},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def ingested(spm: Spm, datasets: Path) -> dict[str, str]:
    """Every foreign client ingested; what the command printed."""
    said = {}
    for name, (folder, pattern) in FILES.items():
        files: Sequence[Path] = sorted((datasets / folder).glob(pattern))
        said[name] = spm("ingest", name, *map(str, files))
    return said


def frame(text: str) -> pd.DataFrame:
    """What ``spm metric --format json`` printed."""
    return pd.DataFrame(json.loads(text))

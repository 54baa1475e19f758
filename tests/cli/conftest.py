"""A tiny client whose exports are a spreadsheet, and `spm` called as its users call it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from spm_lib import cli

#: A Wednesday of 2026-W48: the last complete week is 2026-W47, from 16 to 22 November.
TODAY = "2026-11-25"

CLIENT = """\
name: Tiny Works
currency: USD
time_zone: America/Chicago
manager: Robin Hale
owner: Olga Reyes
reps:
  - {id: ana, name: Ana Lopez}
  - {id: ben, name: Ben Hale}
thresholds: {quarantined_rate: 0.5}
"""

MAPPING = """\
as_of: {from: name, day: end}
ignore: ["readme*"]
files:
  deals:
    columns:
      {id: Deal ID, name: Deal, stage: Stage, amount: Amount, opened: Created, closed: Closed, owner: Owner}
    required: [id, stage, owner]
  calls:
    columns: {id: Call ID, who: Caller, called: Called}
    required: [id, who]
  visits:
    columns: {id: Visit ID, who: Visitor, visited: Visited}
    required: [id, who]
tables:
  opportunities:
    needs: [deals]
    select: |
      select id as opportunity_id, name, stage as stage_id, amount, opened as created_at,
        closed as closed_at, owner as rep_id, _row
      from deals
  activities.calls:
    needs: [calls]
    select: select id as activity_id, 'call' as kind, who as rep_id, called as "at", _row from calls
  activities.visits:
    needs: [visits]
    select: select id as activity_id, 'meeting' as kind, who as rep_id, visited as "at", _row from visits
stages:
  - {id: open, name: Qualified}
  - {id: won, name: Won, category: won}
  - {id: lost, name: Lost, category: lost}
"""

GOALS = """\
---
document: sales_goals
title: Goals
effective_from: 2026-01-01
quotas:
  - {rep: ana, period: 2026-Q4, amount: 1000}
  - {rep: ben, period: 2026-Q4, amount: 500}
  - {team: true, period: 2026-Q4, amount: 1500}
---
Words.
"""

PROCESS = """\
---
document: sales_process
title: How we sell
effective_from: 2026-01-01
---
Words.
"""

USAGE = """\
---
document: crm_usage
title: How we keep the list
effective_from: 2026-01-01
rules:
  - {rule: no_amount}
---
Words.
"""

HEADER = "Deal ID,Deal,Stage,Amount,Created,Closed,Owner\n"

#: What the list of deals holds a week earlier and at the end of 2026-W47.
BEFORE = (
    HEADER
    + """\
1,Roof,Won,400.25,2026-10-01,2026-10-20,Ana Lopez
2,Door,Qualified,100,2026-10-05,,Ana Lopez
3,Wall,Qualified,250,2026-10-06,,Ben Hale
"""
)
NOW = (
    HEADER
    + """\
1,Roof,Won,400.25,2026-10-01,2026-10-20,Ana Lopez
2,Door,Won,100,2026-10-05,2026-11-18,Ana Lopez
3,Wall,Lost,250,2026-10-06,2026-11-19,Ben Hale
4,Gate,Qualified,80,2026-11-17,,Ben Hale
"""
)
CALLS = "Call ID,Caller,Called\nc1,Ana Lopez,2026-11-17 10:00\n"


@dataclass(frozen=True)
class Result:
    """How a call ended, and what it printed."""

    code: int
    out: str
    err: str


def standing(folder: Path) -> dict[Path, int]:
    """Every file below a folder and when it was written, but for locks and what was said of the last run."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path: path.stat().st_mtime_ns for path in paths if path.name not in (".lock", "summary.json")}


class Tiny:
    """The folder of a tiny client."""

    def __init__(self, home: Path, slug: str = "tiny") -> None:
        self.home = home
        self.slug = slug
        self.folder = home / slug
        self.write("client.yaml", CLIENT)
        self.write("mapping.yaml", MAPPING)
        for name, text in (("sales_goals", GOALS), ("sales_process", PROCESS), ("crm_usage", USAGE)):
            self.write(f"expectations/{name}.md", text)

    def write(self, name: str, text: str) -> Path:
        """Write one file below the client's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def export(self, name: str, text: str) -> Path:
        """Put one export into the inbox."""
        return self.write(f"inbox/{name}", text)

    def export_both(self) -> None:
        """Two weeks of deals, and calls of the second."""
        self.export("deals-2026-11-15.csv", BEFORE)
        self.export("deals-2026-11-22.csv", NOW)
        self.export("calls-2026-11-22.csv", CALLS)
        self.export("visits-2026-11-22.csv", "Visit ID,Visitor,Visited\nv1,Ben Hale,2026-11-18 09:00\n")

    def stored(self) -> dict[str, bytes]:
        """Every file of the history, with its bytes."""
        paths = [path for path in sorted((self.folder / "history").rglob("*")) if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A tiny client with its documents, and nothing ingested."""
    return Tiny(tmp_path / "home")


@pytest.fixture
def spm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """`spm` called in this process, on a fixed day, in an empty folder, for the home of `tiny`."""
    monkeypatch.setenv("SPM_TODAY", TODAY)
    monkeypatch.setenv("SPM_HOME", str(tmp_path / "home"))
    for name in ("SPM_REPORTS", "SPM_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def spm(*arguments: object, screen: bool = True) -> Result:
        monkeypatch.setattr(sys, "argv", ["spm", *map(str, arguments)])
        code = cli.main()
        out, err = capsys.readouterr()
        if screen:
            assert "Traceback" not in out + err
            assert "\x1b" not in out + err
            assert len(err.splitlines()) <= 24
        return Result(code, out, err)

    return spm


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`spm` called by a shell, where pipes and interrupts are real."""
    environment = {
        **os.environ,
        "SPM_TODAY": TODAY,
        "SPM_HOME": str(tmp_path / "home"),
        "SPM": f"{sys.executable} -m spm_lib",
        "PYTHONPATH": str(Path(cli.__file__).parents[1]),  # these sources, whichever are installed
    }

    def shell(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("bash") or "bash", "-c", line],
            capture_output=True,
            text=True,
            env={**environment, **more},
            cwd=tmp_path,
            timeout=120,
            check=False,
        )

    return shell

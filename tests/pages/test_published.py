"""What is published for the demo clients: complete, the same twice, and true to the tables behind it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from spm_lib import style
from spm_lib.demo import CLIENTS
from spm_lib.publish import PAGES, publish_week
from tests.pages.conftest import PLAN_WEEK, WEEK, pages_of

ROOT = Path(__file__).resolve().parents[2]


def words(html: str) -> str:
    """The words of a page, on one line."""
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(text.split())


def hashes(folder: Path) -> dict[str, str]:
    """Every file of a report -> its hash; run.json without its timings."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.name == "run.json":
                facts = json.loads(content)
                facts["timings"] = None
                content = json.dumps(facts).encode()
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_a_report_holds_pages_tables_notebooks_and_its_manifest(reports: Path, client: str) -> None:
    report = reports / client / WEEK
    names = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    pages = {page.removeprefix(f"{WEEK}/") for page in pages_of(client) if page.startswith(WEEK)}
    assert {name for name in names if name.endswith(".html")} == pages
    assert {f"notebooks/{page.removesuffix('.html')}.ipynb" for page in pages} | {"run.json"} <= names
    assert {"tables/win_rate_by_count_by_rep_id.parquet", "tables/process_limits.parquet"} <= names
    assert not {"tables/definitions.json", "tables/review.json"} & names
    run = json.loads((report / "run.json").read_text())
    assert run["exports_until"] == "2026-11-15"
    assert run["definitions"]["win_rate_by_count"]["version"] == 1


#: Every kind of page once: what is published a second time, to be compared byte by byte.
TWICE = {
    WEEK: [
        *("weekly_review", "team_meeting", "one_on_one/devon-price"),
        *("owner_update", "environment_check", "getting_in_step"),
    ],
    PLAN_WEEK: ["improvement_plan/devon-price"],
}


@pytest.mark.parametrize("week", TWICE)
def test_two_runs_on_the_same_inputs_give_the_same_bytes(
    demo_home: Path, reports: Path, tmp_path: Path, week: str
) -> None:
    again = publish_week(demo_home, "alder-heating", week, reports=tmp_path / "again", only=TWICE[week])
    assert again.state == "published"
    first = hashes(reports / "alder-heating" / week)
    second = hashes(tmp_path / "again" / "alder-heating" / week)
    assert {f"{page}.html" for page in TWICE[week]} == {name for name in second if name.endswith(".html")}
    kept = {name for name in second if name != "run.json"}  # which tells of the pages that were asked for
    assert {name: second[name] for name in kept} == {name: first[name] for name in kept & set(first)}


def test_every_kind_of_page_is_published_twice() -> None:
    assert {page.partition("/")[0] for pages in TWICE.values() for page in pages} == {
        page.name for page in PAGES
    }


def test_running_again_rewrites_nothing(demo_home: Path, reports: Path) -> None:
    report = reports / "brightwater-dental" / WEEK
    before = {path: path.stat().st_mtime_ns for path in report.rglob("*")}
    outcome = publish_week(demo_home, "brightwater-dental", WEEK, reports=reports)
    assert outcome.state == "current"
    assert {path: path.stat().st_mtime_ns for path in report.rglob("*")} == before


@pytest.mark.parametrize("client", CLIENTS)
def test_the_numbers_on_the_page_are_those_of_the_tables(reports: Path, client: str) -> None:
    report = reports / client / WEEK
    text = words((report / "weekly_review.html").read_text())
    rates = pd.read_parquet(report / "tables" / "win_rate_by_count.parquet").iloc[0]
    assert f"{rates['won_count']:.0f} of {rates['decided_count']:.0f} decided won" in text
    pace = pd.read_parquet(report / "tables" / "pace.parquet").iloc[0]
    currency = "GBP" if client == "copperline-print" else "USD"
    assert style.money(pace["bookings"], currency) in text
    change = pd.read_parquet(report / "tables" / "pipeline_change.parquet").set_index("cause")["amount"]
    assert round(change.drop("end").sum(), 2) == round(change["end"], 2)


def test_no_page_names_another_client(reports: Path) -> None:
    names = {"alder-heating": "Alder", "brightwater-dental": "Brightwater", "copperline-print": "Copperline"}
    for client in CLIENTS:
        for page in (reports / client).rglob("*.html"):
            text = page.read_text()
            assert names[client] in text
            assert not [name for other, name in names.items() if other != client and name in text]


def test_the_notebooks_run_as_they_are_in_an_analysts_hands(demo_home: Path, tmp_path: Path) -> None:
    """Opened in JupyterLab from notebooks/, with the demo clients in data/: by nbval, cell by cell."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").symlink_to(demo_home)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        (tmp_path / "notebooks" / notebook.name).write_bytes(notebook.read_bytes())
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q"]
    command += ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(tmp_path), "notebooks"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "passed" in done.stdout

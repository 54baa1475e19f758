"""The demo is written the same everywhere, grows by whole files, and leaves other people's edits alone."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from spm_lib import gate
from spm_lib.client import load_client
from spm_lib.demo import CLIENTS, FIRST_WEEK, write_demo
from spm_lib.demo.write import VENDORS
from spm_lib.errors import UsageError
from spm_lib.ingest import ingest
from spm_lib.periods import week


def stamps(folder):
    """Relative path -> (bytes, modified time) of every file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def exports(folder):
    return {name: stamp for name, stamp in stamps(folder).items() if "/inbox/" in name}


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    folder = tmp_path_factory.mktemp("early")
    return folder, write_demo(folder, "2025-W41")


def test_two_homes_hold_the_same_bytes(early, tmp_path):
    folder, written = early
    again = write_demo(tmp_path, week("2025-W41"))
    assert [path.relative_to(folder) for path in written] == [path.relative_to(tmp_path) for path in again]
    assert exports(folder) == exports(tmp_path)
    assert {name: held for name, (held, _) in stamps(folder).items()} == {
        name: held for name, (held, _) in stamps(tmp_path).items()
    }


def test_a_second_write_touches_nothing(early):
    folder, written = early
    before = stamps(folder)
    again = write_demo(folder, "2025-W41")
    assert (list(again), again.kept) == ([], [])
    assert sorted(again.untouched) == sorted(written)
    assert stamps(folder) == before


def test_a_later_week_only_adds_exports(tmp_path):
    write_demo(tmp_path, "2025-W40")
    before = stamps(tmp_path)
    later = write_demo(tmp_path, "2025-W43")
    after = stamps(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"{slug}/truth.yaml" for slug in CLIENTS}
    assert later.kept == []
    new = {name.split("-")[-1][:2] for name in set(after) - set(before) if "copperline" in name}
    assert new == {"12", "19", "26"}


def test_history_is_the_same_however_far_it_runs(home, tmp_path):
    write_demo(tmp_path, "2026-W30")
    short, long = exports(tmp_path), exports(home)
    shared = {name for name in short if not name.startswith("brightwater")}
    assert len(shared) > 130
    assert {name: short[name] for name in shared} == {name: long[name] for name in shared}


@pytest.mark.parametrize("slug", CLIENTS)
def test_whatever_the_last_week_an_export_is_taken_at_its_end(slug):
    first = week(FIRST_WEEK).last_day
    for sunday in (first + timedelta(weeks=n) for n in range(80)):
        days = VENDORS[slug].export_days(sunday)
        assert days[-1] == sunday
        assert days == sorted(set(days))


def test_the_weeks_pages_are_made_of_the_same_exports_as_ever():
    """One a quarter until the middle of 2026, one a week since; no other one in between."""
    days = VENDORS["alder-heating"].export_days(date(2026, 11, 15))
    assert [str(day) for day in days[:5]] == [
        *("2025-10-05", "2026-01-04", "2026-04-05", "2026-07-05", "2026-07-12"),
    ]
    assert len(days) == 3 + 20


@pytest.mark.parametrize("label", ["2025-W42", "2026-W20", "2026-W26"])
def test_no_client_is_stale_in_an_early_last_week(tmp_path, label):
    write_demo(tmp_path, label)
    for slug in CLIENTS:
        ingest(tmp_path, slug, (), ingested_at=pd.Timestamp("2026-11-25T12:00Z"))
        stops = [str(one) for one in gate.check(tmp_path, slug, label) if one.severity == "stop"]
        assert stops == []


def test_an_edited_file_is_kept_and_said(tmp_path):
    write_demo(tmp_path, "2025-W40")
    edited = tmp_path / "alder-heating" / "client.yaml"
    edited.write_text(edited.read_text().replace("Walt Brenner", "Wanda Brenner"))
    report = write_demo(tmp_path, "2025-W40")
    assert report.kept == [edited]
    assert load_client(tmp_path, "alder-heating").owner == "Wanda Brenner"


@pytest.mark.parametrize("label", ["2025-W39", "2024-W50"])
def test_a_week_before_the_first_review_is_refused(tmp_path, label):
    with pytest.raises(UsageError, match="that early") as refused:
        write_demo(tmp_path, label)
    assert "2025-W40" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_a_week_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not an ISO week"):
        write_demo(tmp_path, "last week")


def test_an_export_is_as_old_as_its_name_says(home):
    modified = (home / "alder-heating/inbox/hubspot-crm-exports-all-deals-2026-11-15.csv").stat().st_mtime
    assert modified == 1_794_807_000  # 2026-11-15 23:30 in Chicago, six hours behind UTC in November


def test_the_inboxes_stay_small(home):
    sizes = [path.stat().st_size for path in home.glob("*/inbox/**/*.csv")]
    assert sum(sizes) < 26e6
    assert max(sizes) < 4e6

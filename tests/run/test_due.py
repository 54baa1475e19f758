"""Which clients are due: who has a report, who failed, and who is still waited for."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib.ingest import ingest
from spm_lib.run import due
from tests.cli.conftest import BEFORE, NOW
from tests.run.made import job, stand

WEEK = "2026-W47"  # until Sunday 22 November; Monday the 23rd is the first day after it


@pytest.fixture
def asked(tiny, tmp_path):
    """A function: whether the tiny client is due on a day of November."""

    def asked(day):
        return due(job(tmp_path, "tiny", WEEK), date(2026, 11, day))

    return asked


def take_in(tiny, name, text):
    tiny.export(name, text)
    ingest(tiny.home, "tiny", [tiny.folder / "inbox"], ingested_at=pd.Timestamp("2026-11-25T12:00Z"))


@pytest.mark.parametrize(("day", "is_due"), [(23, False), (25, False), (26, True)])
def test_exports_that_have_not_come_are_waited_for_three_days(tiny, asked, day, is_due):
    take_in(tiny, "deals-2026-11-15.csv", BEFORE)
    found = asked(day)
    assert found.is_due is is_due
    assert found.why == ("not published yet" if is_due else "waiting for exports until 2026-11-22")


def test_a_client_whose_exports_have_come_is_due_at_once(tiny, asked):
    take_in(tiny, "deals-2026-11-22.csv", NOW)
    assert (asked(23).is_due, asked(23).why) == (True, "not published yet")


def test_a_client_with_nothing_in_its_history_is_waited_for_as_long(asked):
    assert [asked(day).is_due for day in (23, 25, 26)] == [False, False, True]


def test_a_report_that_stands_is_looked_at_again(asked, tmp_path):
    stand(tmp_path, "tiny", WEEK)
    assert (asked(23).is_due, asked(23).why) == (True, "published; made anew if anything changed")


def test_a_run_that_failed_is_due_again(asked, tmp_path):
    path = tmp_path / "reports/.runs/tiny" / f"{WEEK}.failed.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"reason": "no room"}')
    assert (asked(23).is_due, asked(23).why) == (True, "the last run failed")


@pytest.mark.parametrize("name", ["client.yaml", "history/manifest.json"])
@pytest.mark.parametrize("is_folder", [False, True])
def test_what_cannot_be_read_is_for_the_gate_to_say(tiny, asked, name, is_folder):
    path = tiny.folder / name
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.mkdir() if is_folder else path.write_text("name: [")
    assert (asked(23).is_due, asked(23).why) == (True, "not published yet")


@pytest.mark.parametrize("remote", ["home", "reports"])
def test_an_object_store_is_looked_at_where_the_report_is_made(tmp_path, remote):
    from dataclasses import replace

    found = due(replace(job(tmp_path), **{remote: "s3://bucket/x"}), date(2026, 11, 23))
    assert (found.is_due, found.why) == (True, "looked at where it is made")

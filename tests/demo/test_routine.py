"""Whoever writes the demo in a later week finds the same people still meeting."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib.client import load_client
from spm_lib.demo import CLIENTS, write_demo
from spm_lib.demo.write import later_meetings
from spm_lib.meetings import Meetings, cadence, check_meetings, coached_on, commitments

#: A Sunday nine weeks after the last meeting written by hand.
LAST = date(2027, 1, 17)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo-later")
    write_demo(folder, "2025-W40")
    for slug in CLIENTS:
        for file in later_meetings(slug, LAST):
            (folder / slug / file.path).write_bytes(file.content)
    return folder


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_later_meeting_is_read_and_none_is_overdue(home, slug):
    client = load_client(home, slug)
    assert check_meetings(home / slug, client) == []
    meetings = Meetings.load(home / slug, client)
    table = cadence(meetings, client.promised_meetings, client, date(2026, 11, 16), LAST)
    assert (table["promised_count"] > 0).all()
    assert (table["missed_count"] == 0).all()
    assert table["overdue_days"].isna().all()


def test_what_was_agreed_is_done_by_its_day_and_what_an_owner_let_slide_stays_open(home):
    overdue = {}
    for slug in CLIENTS:
        client = load_client(home, slug)
        ledger = commitments(Meetings.load(home / slug, client), LAST)
        late = ledger[ledger["made_on"].ge("2026-11-16") & ledger["kept"].eq(False)]
        assert late.empty, late
        overdue[slug] = sorted(ledger.loc[ledger["overdue_days"].notna(), "id"])
    assert overdue["brightwater-dental"] == ["demo-unit"]
    assert overdue["alder-heating"] == []


def test_coaching_goes_on(home):
    client = load_client(home, "alder-heating")
    assert coached_on(Meetings.load(home / "alder-heating", client), LAST)["devon-price"] == date(2026, 9, 2)


def test_a_later_week_only_adds_files():
    for slug in CLIENTS:
        sooner = {file.path: file.content for file in later_meetings(slug, date(2026, 12, 13))}
        later = {file.path: file.content for file in later_meetings(slug, LAST)}
        assert sooner
        assert sooner.items() <= later.items()
        assert len(later) > len(sooner)


def test_until_the_last_written_meeting_nothing_is_added():
    assert [file for slug in CLIENTS for file in later_meetings(slug, date(2026, 11, 15))] == []

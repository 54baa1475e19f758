"""Whoever writes the demo in a later week finds everybody paid until then, and nothing else changed."""

from __future__ import annotations

import csv
from datetime import date

import pytest

from spm_lib.client import load_client
from spm_lib.demo import CLIENTS, write_demo
from spm_lib.demo.write import documents, supplied
from spm_lib.expectations import Expectations, read_supplied

LAST = date(2027, 1, 17)
#: The paydays after the written rows, by a calendar: the 15th; the last Friday; the last day of a month.
DUE = {
    "alder-heating": ["2026-12-15", "2027-01-15"],
    "brightwater-dental": ["2026-11-27", "2026-12-25"],
    "copperline-print": ["2026-11-30", "2026-12-31"],
}


def rows(content):
    return list(csv.DictReader(content.decode().splitlines()))


@pytest.fixture
def by_hand():
    return {
        slug: next(one.content for one in documents(slug) if one.path.name == "supplied.csv")
        for slug in CLIENTS
    }


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_payday_after_the_written_ones_has_a_row_of_everybody(slug, by_hand, tmp_path):
    content = supplied(slug, LAST).content
    assert content.startswith(by_hand[slug])
    added = rows(content)[len(rows(by_hand[slug])) :]
    assert sorted({row["due_on"] for row in added}) == DUE[slug]
    write_demo(tmp_path, "2025-W40")
    client = load_client(tmp_path, slug)
    for day in DUE[slug]:
        assert [row["rep"] for row in added if row["due_on"] == day] == [rep.id for rep in client.reps]
    assert all(row["done_on"] == row["due_on"] for row in added)  # none of these days is a Saturday or Sunday
    (tmp_path / slug / "supplied.csv").write_bytes(content)
    read, problems = read_supplied(tmp_path / slug, client, Expectations.load(tmp_path / slug, client))
    assert (len(read), problems) == (len(rows(content)), [])


def test_a_weekend_is_paid_on_the_friday_before_it():
    later = rows(supplied("alder-heating", date(2027, 5, 31)).content)
    assert {row["done_on"] for row in later if row["due_on"] == "2027-05-15"} == {"2027-05-14"}  # a Saturday
    sunday = rows(supplied("copperline-print", date(2027, 1, 31)).content)
    assert {row["done_on"] for row in sunday if row["due_on"] == "2027-01-31"} == {"2027-01-29"}


def test_until_the_last_written_payday_nothing_is_added(by_hand):
    for slug in CLIENTS:
        assert supplied(slug, date(2026, 11, 22)).content == by_hand[slug]


def test_a_later_week_adds_rows_and_leaves_what_somebody_changed(tmp_path):
    paths = {slug: tmp_path / slug / "supplied.csv" for slug in CLIENTS}
    write_demo(tmp_path, "2026-W47")
    before = {slug: path.read_bytes() for slug, path in paths.items()}
    mine = before["alder-heating"] + b"jonah-pike,pay,Advance,2026-11-20,2026-11-20\n"
    paths["alder-heating"].write_bytes(mine)
    report = write_demo(tmp_path, "2026-W51")
    assert paths["brightwater-dental"].read_bytes().startswith(before["brightwater-dental"])
    assert b"2026-11-27" in paths["brightwater-dental"].read_bytes()
    assert paths["brightwater-dental"] in report
    assert paths["alder-heating"].read_bytes() == mine
    assert paths["alder-heating"] in report.kept
    # written for an earlier week again, the longer file stays
    again = write_demo(tmp_path, "2026-W47")
    assert b"2026-11-27" in paths["brightwater-dental"].read_bytes()
    assert paths["brightwater-dental"] in again.untouched

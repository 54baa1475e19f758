"""The owner's update holds what the owner may see, and its numbers are those of SQL."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from spm_lib import open_owner_update, tables, words
from spm_lib.demo import CLIENTS
from spm_lib.meetings import Meetings
from tests.pages_parts.test_tables import Page
from tests.wording import first_unkind

WEEK = "2026-W46"


@pytest.fixture(scope="module")
def sheets(demo_home):
    return {slug: open_owner_update(slug, WEEK, demo_home) for slug in CLIENTS}


def fragments(sheet):
    names, currency = sheet.names, sheet.currency
    return [
        tables.priority_box(sheet.priority()),
        tables.owner_numbers(
            sheet.pace(),
            sheet.coverage(),
            sheet.win_rate(),
            sheet.before(),
            sheet.goal_period,
            sheet.standard(),
            currency,
        ),
        tables.asks_list(sheet.asks(), names),
        tables.sentences(sheet.outlook(), ""),
        tables.wins_list(sheet.wins(), sheet.week, names, currency),
        tables.risks_list(sheet.risks()),
        tables.people_list(sheet.people(), names),
        tables.our_part_list(sheet.ours(), sheet.kept(), sheet.our_commitments(), names),
        tables.sentences(sheet.unknowns(), ""),
    ]


@pytest.mark.parametrize("slug", CLIENTS)
def test_nothing_private_and_no_word_of_a_one_on_one_is_on_it(sheets, slug, demo_home):
    sheet = sheets[slug]
    told = " ".join(Page(one).words for one in fragments(sheet))
    meetings = Meetings.load(demo_home / slug, sheet._review.client)
    private = [one.front.private for one in meetings.all if one.front.private]
    checked = [one.front.belief.checked for one in meetings.all if one.front.belief]
    assert private or slug == "copperline-print"  # where nobody noted anything
    assert [text for text in (*private, *checked) if text and text in told] == []
    talks = [one for one in meetings.all if one.kind == "one_on_one"]
    heard = {part.id for one in meetings.all if one.kind != "one_on_one" for part in one.front.commitments}
    alone = {
        part.what
        for one in talks
        for part in one.front.commitments
        if part.id not in heard and part.who != "owner"
    }
    assert alone
    assert [what for what in alone if what in told] == []


@pytest.mark.parametrize("slug", CLIENTS)
def test_its_words_blame_nobody(sheets, slug):
    for fragment in fragments(sheets[slug]):
        assert first_unkind(Page(fragment).words) is None


def test_a_standing_the_rep_has_not_heard_of_is_not_told(sheets, demo_home, monkeypatch):
    sheet = sheets["alder-heating"]
    people = sheet.people().set_index("rep_id")
    assert people.loc["devon-price", "state"] in ("coached", "plan")
    monkeypatch.setattr("spm_lib.sheets.owner_update.coached_on", lambda *_: {})
    monkeypatch.setattr("spm_lib.sheets.owner_update.plan_of", lambda *_: None)
    uncoached = open_owner_update("alder-heating", WEEK, demo_home)
    row = uncoached.people().set_index("rep_id").loc["devon-price"]
    assert row["state"] == "talk first"
    told = Page(tables.people_list(uncoached.people(), uncoached.names)).words
    assert "below" not in told
    assert "Devon Price: the one-on-one comes first, due by" in told


def test_booked_this_week_and_a_week_ago_are_those_of_sql(sheets):
    sheet = sheets["alder-heating"]
    database = duckdb.connect()
    database.register("outcomes", sheet._review.view().outcomes)
    query = """
        select sum(amount) from outcomes where outcome = 'won'
        and outcome_at >= timestamptz '2026-10-01 00:00 America/Chicago'
        and outcome_at < timestamptz '{} 00:00 America/Chicago'
    """
    now, before = (database.execute(query.format(day)).fetchone()[0] for day in ("2026-11-16", "2026-11-09"))
    assert sheet.pace()["bookings"].iloc[0] == pytest.approx(now)
    assert sheet.before()["pace"]["bookings"] == pytest.approx(before)


def test_the_last_forecast_and_what_it_came_to_are_those_of_the_backtest(sheets):
    found = sheets["alder-heating"].forecast_then()
    outcomes = sheets["alder-heating"]._review.view().outcomes
    at = outcomes["outcome_at"]
    quarter = (at >= "2026-07-01T05:00Z") & (at < "2026-10-01T05:00Z") & outcomes["outcome"].eq("won")
    assert found["actual_amount"] == pytest.approx(outcomes.loc[quarter, "amount"].sum())
    assert (found["period"], found["weeks"], found["state"]) == ("Q3 2026", 4, "measured")
    assert found["low"] < found["forecast_amount"] < found["high"]


def test_in_the_first_week_of_a_period_last_weeks_bookings_are_not_held_against_it(demo_home):
    sheet = open_owner_update("alder-heating", "2026-W40", demo_home)  # 28 September to 4 October
    assert sheet.before()["pace"] is None
    assert "A week ago" not in words.booked_briefly(sheet.pace().iloc[0], None, "USD")


def test_what_was_closed_long_ago_leaves_the_page(sheets):
    asks = sheets["alder-heating"].asks()
    closed = asks[asks["status"] != "open"]
    assert (closed["closed_on"] >= pd.Timestamp("2026-10-05")).all()
    assert "Send Robin the new filter prices" not in set(asks["what"])

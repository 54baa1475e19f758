"""What changed in the week, and what the page does not know."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib.judgement import what_changed, what_we_do_not_know
from tests.metrics.frames import outcomes, quotas, when

NAMES = {"ana": "Ana Lopez"}
CUTOFF = when("2026-11-16 00:00")


def moves(*rows):
    return pd.DataFrame(rows, columns=["opportunity_id", "name", "rep_id", "cause", "amount"])


def test_a_week_is_told_by_its_outcomes_the_largest_named():
    week = outcomes(
        {"name": "Small", "outcome": "won", "amount": 1_000},
        {"name": "Big", "outcome": "won", "amount": 9_000},
        {"name": "Third", "outcome": "won", "amount": 3_000, "rep_id": None},
        {"name": None, "outcome": "won", "amount": 500},
        {"name": "Gone", "outcome": "lost", "amount": 2_000},
    )
    said = what_changed(week, moves(), names=NAMES, currency="USD")
    assert said == [
        "$14k booked: Big ($9k, Ana Lopez); Third ($3k, unassigned); Small ($1k, Ana Lopez); and 1 more.",
        "$2k lost: Gone ($2k, Ana Lopez).",
    ]


def test_a_week_without_outcomes_says_so_and_what_moved():
    said = what_changed(
        outcomes(),
        moves(
            ("o1", "Pushed", "ana", "pushed_out", -5_000.0),
            ("o2", "Fresh", "ana", "created", float("nan")),
            ("o3", "Won one", "ana", "won", -7_000.0),
        ),
        names=NAMES,
        currency="USD",
    )
    assert said == [
        "Nothing was decided this week.",
        "No amount new in the pipeline: Fresh (Ana Lopez).",
        "$5k pushed out of this goal period: Pushed ($5k, Ana Lopez).",
    ]


def unknown(**changed):
    facts = {
        "not_recorded": {},
        "stale_days": 8,
        "cutoff": CUTOFF,
        "findings": pd.DataFrame({"finding": [], "detail": []}),
        "drops": pd.DataFrame({"as_of": [when("2026-11-15 20:00")], "rows_read": [100], "quarantined": [0]}),
        "received_until": {"activities": when("2026-11-15 20:00")},
        "standard": pd.Series({"threshold": 0.3}),
        "quotas": quotas({"amount": 1.0}),
    }
    return what_we_do_not_know(**{**facts, **changed})


def test_a_client_of_whom_all_is_known_leaves_nothing_to_say():
    assert unknown() == []


def test_without_any_export_there_is_one_sentence():
    nothing = pd.DataFrame({"as_of": [], "rows_read": [], "quarantined": []})
    assert unknown(drops=nothing) == [
        "Nothing has been ingested for this client by this week: there is no data."
    ]


@pytest.mark.parametrize(("until", "days"), [("2026-11-08 00:00", 8), ("2026-11-08 12:00", None)])
def test_old_exports_are_said_to_be_old_from_the_clients_limit_on(until, days):
    drops = pd.DataFrame({"as_of": [when(until)], "rows_read": [1], "quarantined": [0]})
    said = unknown(drops=drops, received_until={"activities": when(until)})
    if days is None:
        assert said == []
    else:
        assert "latest export is 8 days older" in said[0]
        assert said[1].endswith("it counts as missing, not as zero.")


def test_activities_never_received_are_said_once():
    assert unknown(received_until={}) == [
        "No activity export was received, so nothing is said of calls and meetings."
    ]
    told = unknown(received_until={}, not_recorded={"activities": "the team keeps no log"})
    assert told == ["Activities are not recorded, so nothing is said of the work: the team keeps no log."]


def test_refused_rows_of_the_latest_export_are_counted():
    drops = pd.DataFrame(
        {
            "as_of": [when("2026-11-08 20:00"), when("2026-11-15 20:00")],
            "rows_read": [900, 1_200],
            "quarantined": [50, 3],
        }
    )
    assert unknown(drops=drops) == [
        "3 of 1,200 rows of the latest export were refused; the quarantine folder says why."
    ]


def test_findings_of_one_kind_are_one_sentence():
    findings = pd.DataFrame(
        {
            "finding": ["no_rate", "undated", "undated"],
            "detail": ["Deal 7 is in EUR", "Deal 1 has no date", "Deal 2 has none"],
        }
    )
    assert unknown(findings=findings) == [
        "Deal 7 is in EUR",
        "No creation date: 2 times, such as: Deal 1 has no date",
    ]


def test_what_is_not_agreed_is_not_judged():
    assert unknown(standard=None) == ["No win rate is agreed in writing, so none is judged."]
    assert unknown(quotas=quotas()) == ["No goal is written down for any rep, so there is no attainment."]
    assert unknown(quotas=quotas(), not_recorded={"quotas": "the owner sets none"}) == [
        "No goals are recorded, so nothing is measured against one: the owner sets none."
    ]

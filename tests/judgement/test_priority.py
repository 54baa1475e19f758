"""Next week's one priority: of the business and of what we owe, never of a rep."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib.judgement import Decision, priority
from spm_lib.meetings.commitments import LEDGER_COLUMNS
from spm_lib.meetings.frames import typed

NAN = float("nan")
REP = Decision("Ines is below.", "It passed the test.", "decide", "evidence_below_standard")
OVERDUE = Decision("Close or revive 9.", "They are half of it.", "decide", "hygiene")
NOTE = Decision("Close or revive 2.", "They are few.", "note", "hygiene")


def asked(coverage=(3.0, 2.0), chance=0.7, decisions=(), rows=()):
    opened = {"coverage_ratio": coverage[0], "required_ratio": coverage[1]}
    end = {"state": "measured", "p_attain": chance, "low": 1e5, "high": 2e5}
    every = [dict.fromkeys(LEDGER_COLUMNS) | {"status": "open", "moved_count": 0} | row for row in rows]
    return priority(opened, end, decisions, typed(every, LEDGER_COLUMNS), "Q4 2026", "USD")


LATE = {"id": "a", "what": "Bring the plan", "due_on": pd.Timestamp("2026-11-19"), "overdue_days": 3}
COMING = {"id": "b", "what": "Bring the list", "due_on": pd.Timestamp("2026-11-27")}


@pytest.mark.parametrize(
    ("facts", "title", "weight"),
    [
        ({"coverage": (1.2, 2.0), "rows": [LATE]}, "New opportunities for Q4 2026.", "decide"),
        ({"chance": 0.49, "rows": [LATE]}, "Decisions on what is open for Q4 2026.", "decide"),
        ({"rows": [COMING, LATE]}, "We keep what we promised: Bring the plan.", "decide"),
        ({"decisions": [REP, OVERDUE], "rows": [COMING]}, "Close or revive 9.", "decide"),
        ({"decisions": [REP, NOTE], "rows": [COMING]}, "Bring the list.", "note"),
        ({"decisions": [REP]}, "Keep the rhythm; nothing presses.", "note"),
        ({"coverage": (NAN, 2.0), "chance": NAN}, "Keep the rhythm; nothing presses.", "note"),
    ],
)
def test_what_weighs_most_comes_first_and_a_rep_never_does(facts, title, weight):
    found = asked(**facts)
    assert (found.title, found.weight) == (title, weight)


def test_a_forecast_that_was_not_made_is_no_low_chance():
    opened = {"coverage_ratio": NAN, "required_ratio": NAN}
    end = {"state": "too few decided", "p_attain": NAN, "low": NAN, "high": NAN}
    found = priority(opened, end, [], typed([], LEDGER_COLUMNS), "Q4 2026", "USD")
    assert found.weight == "note"

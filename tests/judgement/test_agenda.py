"""What a talk is about: a handful of opportunities, open questions, proposals for both sides."""

from __future__ import annotations

from datetime import date

import pandas as pd

from spm_lib.judgement.agenda import TALK_COLUMNS, coaching_proposal, proposals, questions, talk_about
from spm_lib.judgement.levels import descend

TODAY = pd.Timestamp("2026-11-23")


def open_ones(*rows):
    """Rows of id, amount, expected close, pushes."""
    table = pd.DataFrame(rows, columns=["opportunity_id", "amount", "expected_close", "pushed_count"])
    table["expected_close"] = pd.to_datetime(table["expected_close"])
    return table.assign(name=table["opportunity_id"].str.upper(), stage="Talk", next_on=pd.NaT)


def numbers(*rows):
    return pd.DataFrame(rows, columns=["number", "level", "state", "hit_count", "n", "note"])


OPEN = open_ones(
    ("a", 900.0, "2026-12-01", 0),
    ("b", 500.0, "2026-11-22", 0),
    ("c", None, "2026-06-01", 5),
    ("d", 400.0, None, 0),
    ("e", 300.0, "2026-11-23", 1),
)


def test_the_largest_the_longest_overdue_and_the_longest_untouched_are_picked_once():
    picked = talk_about(OPEN, {"d": 40.0, "c": 12.0}, TODAY).set_index("opportunity_id")["why"].to_dict()
    # expected today is not overdue; one without an amount stands last, and is never the largest
    assert picked == {
        "a": "largest open",
        "b": "largest open; expected 1 day ago",
        "d": "no contact for 40 days",
        "c": "expected 175 days ago",
    }
    assert list(picked)[-1] == "c"


def test_nothing_open_is_nothing_to_talk_about():
    assert talk_about(OPEN.head(0), {}, TODAY).empty


def test_questions_ask_and_are_three_at_most():
    asked = pd.DataFrame({"text": ["When was it done?"], "flagged_count": [4.0], "occasion_count": [4.0]})
    rows = numbers(("win_rate_by_count", "results", "short", 8.0, 66.0, ""))
    found = questions(descend({"results": ["short"]}), rows, asked, OPEN, {"c": 90.0, "d": 40.0})
    assert found[0] == "When was it done? (4 of 4 in four weeks)"
    assert "moved 5 times" in found[1]
    assert len(found) == 3
    assert all("?" in one for one in found)


def test_one_opportunity_is_asked_about_once():
    rows = numbers(("booked", "results", "in line", None, 2.0, ""))
    none = pd.DataFrame(columns=["text", "flagged_count", "occasion_count"])
    found = questions(descend({"results": ["in line"]}), rows, none, OPEN, {"c": 90.0})
    assert sum("“C”" in one for one in found) == 1
    assert found[-1].startswith("What made the difference")


def test_a_focus_is_proposed_as_a_question_with_its_count():
    found = coaching_proposal("decision_maker_count", 14, 60)
    assert found["focus"] == "skill"
    assert "?" in found["note"]
    assert "14 of 60" in found["note"]
    assert coaching_proposal("", 0, 0) == {}


def test_what_the_owner_owes_the_rep_is_for_the_manager_to_ask_for():
    sheet = pd.DataFrame(
        [("owner", "A desk", 3.0), ("owner", "A lamp", None), ("ana", "Call", None)],
        columns=["who", "what", "overdue_days"],
    )
    talk = pd.DataFrame(columns=list(TALK_COLUMNS))
    found = proposals(sheet, [], ["A tablet"], talk, "ana", owner_owes=[date(2026, 11, 12)])
    two = proposals(sheet.iloc[:0], [], [], talk, "ana", owner_owes=[date(2026, 11, 30), date(2026, 11, 12)])
    assert two["manager"] == ["Ask the owner about what was promised by 12 November and by 30 November"]
    assert found["manager"] == [
        "Ask the owner for: A desk",
        "Ask the owner about what was promised by 12 November",
        "Supply what was promised: A tablet",
    ]
    assert found["rep"] == []

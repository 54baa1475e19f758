"""What asks for the manager's time: by hand, every kind, in its order, without a word of a meeting."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib.judgement import Decision, attention
from spm_lib.judgement.attention import COLUMNS, NEEDS_TIME, WEIGHTS
from spm_lib.judgement.conversations import CONVERSATIONS

ON = date(2026, 11, 22)
NAMES = {"ana": "Ana Ruiz", "ben": "Ben Hale", "manager": "Kim", "owner": "Olga"}
SECRET = "tell nobody"


def days(*values):
    return pd.to_datetime(pd.Series(values, dtype="object"))


def conversations(*rows):
    columns = ["rep_id", "conversation", "since", "reasons", "next_on"]
    return pd.DataFrame(rows, columns=columns).assign(needs=SECRET, first=SECRET)


def cadence(*rows):
    table = pd.DataFrame(rows, columns=["kind", "rep_id", "last_held_on", "next_due_on", "overdue_days"])
    return table.assign(**{name: pd.to_datetime(table[name]) for name in ("last_held_on", "next_due_on")})


def ledger(*rows):
    table = pd.DataFrame(rows, columns=["who", "status", "due_on", "overdue_days"])
    return table.assign(what=SECRET, due_on=pd.to_datetime(table["due_on"]))


def of(**given):
    facts = {
        "conversations": conversations(),
        "decisions": [],
        "priority": Decision("Keep the rhythm.", "", "note", "priority"),
        "cadence": cadence(),
        "commitments": ledger(),
        "agreements": None,
        "exports": (0.0, 8),
        "names": NAMES,
        "on": ON,
    }
    return attention(**{**facts, **given})


def told(table):
    return list(table[["rep", "what", "topic"]].fillna("").itertuples(index=False, name=None))


def test_a_quiet_week_asks_for_nothing():
    table = of()
    assert len(table) == 0
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS


def test_every_conversation_but_keep_asks_for_something_and_a_person_comes_before_a_number():
    assert {name for name in CONVERSATIONS if name not in WEIGHTS} == {"keep"}
    table = of(
        conversations=conversations(
            ("ben", "keep", None, "In line.", None),
            ("ana", "coach up", pd.Timestamp("2026-08-03"), "One.\nTwo.", pd.Timestamp("2026-11-25")),
        ),
        priority=Decision("New opportunities.", "Open is 1.9×.", "decide", "pipeline_coverage_ratio"),
    )
    assert told(table) == [("Ana Ruiz", "coach up", ""), ("", "goal", "pipeline_coverage_ratio")]
    assert table["why"].tolist() == ["One. Two.", "New opportunities. Open is 1.9×."]
    assert table["subject"].tolist() == ["rep", "client"]
    assert table["since"].tolist() == [pd.Timestamp("2026-08-03"), pd.NaT]
    assert table["due_on"].iloc[0] == pd.Timestamp("2026-11-25")


def test_of_two_alike_the_oldest_comes_first_and_then_the_name():
    rows = [
        ("ben", "coach up", pd.Timestamp("2026-09-07"), "x", None),
        ("ana", "coach up", pd.Timestamp("2026-09-07"), "x", None),
        ("cy", "coach up", pd.Timestamp("2026-08-03"), "x", None),
    ]
    assert of(conversations=conversations(*rows))["rep"].tolist() == ["cy", "Ana Ruiz", "Ben Hale"]


def test_decisions_about_a_rep_and_notes_are_passed_over():
    found = [
        Decision("Ana is below.", "", "decide", "standing"),
        Decision("Ben’s results.", "", "decide", "evidence_below_standard"),
        Decision("Close 22.", "45%.", "decide", "hygiene"),
        Decision("A run.", "", "note", "process_limits"),
    ]
    promise = Decision(SECRET, "", "decide", "promise")
    assert told(of(decisions=found, priority=promise)) == [("", "decision", "hygiene")]


def test_meetings_by_hand():
    # the look is on the 22nd: two weeks more is 6 December, the last day that is told
    table = of(
        cadence=cadence(
            ("team", None, "2026-11-16", "2026-11-23", None),
            ("one_on_one", "ana", "2026-10-30", "2026-11-13", 9),
            ("one_on_one", "ben", None, "2026-12-06", None),
            ("owner", None, "2026-11-20", "2026-12-07", None),
        )
    )
    assert told(table) == [
        ("Ana Ruiz", "meeting to catch up", "one_on_one"),
        ("", "meeting due", "team"),
        ("Ben Hale", "meeting due", "one_on_one"),
    ]
    assert "was due by 13 November 2026, the last was on 30 October 2026." in table["why"].iloc[0]
    assert "none is on file" in table["why"].iloc[2]


def test_commitments_of_manager_and_owner_are_counted_and_their_words_stay_behind():
    table = of(
        commitments=ledger(
            ("manager", "open", "2026-11-19", 3),
            ("manager", "open", "2026-11-20", 2),
            ("manager", "open", "2026-11-23", None),
            ("manager", "dropped", "2026-11-01", None),
            ("owner", "open", "2026-09-25", 58),
            ("ana", "open", "2026-09-25", 58),
        )
    )
    assert told(table) == [("", "our commitment", ""), ("", "owner commitment", "")]
    assert table["why"].tolist() == [
        "2 commitments of the manager open past the day, the oldest since 19 November 2026.",
        "1 commitment of the owner open past the day, the oldest since 25 September 2026.",
    ]
    assert SECRET not in table.to_csv()


def test_documents_not_agreed_are_counted_by_rep():
    agreements = pd.DataFrame(
        {"rep_id": ["ana", "ben", "ana"], "state": ["edited", "agreed", "not yet agreed"]}
    )
    table = of(agreements=agreements)
    assert told(table) == [("Ana Ruiz", "not agreed", "")]
    assert table["why"].iloc[0].startswith("2 documents")
    assert table["weight"].iloc[0] < NEEDS_TIME


@pytest.mark.parametrize(("age", "count"), [(None, 1), (8.0, 0), (9.0, 1), (-2.0, 0)])
def test_old_or_missing_exports_ask_for_time(age, count):
    table = of(exports=(age, 8))
    assert len(table) == count
    if age == 9.0:
        assert table["since"].iloc[0] == pd.Timestamp("2026-11-13")

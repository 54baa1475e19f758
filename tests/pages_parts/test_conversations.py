"""Conversations, meetings and the owner's lists, from tables typed in."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from spm_lib import tables, words
from spm_lib.judgement import CONVERSATIONS, company, conversations, with_ledgers
from spm_lib.judgement.conversations import COLUMNS
from spm_lib.meetings.commitments import KEPT_COLUMNS, LEDGER_COLUMNS
from spm_lib.meetings.frames import typed
from tests.pages_parts.test_tables import Page
from tests.wording import first_unkind

NAMES = {"ines": "Ines Duarte", "ben": "Ben Hale", "manager": "Kim", "owner": "Olga"}
DAY = pd.Timestamp("2026-11-12")


def proposed(conversation, rep="ines", **facts):
    row = {
        "rep_id": rep,
        "conversation": conversation,
        "since": DAY,
        "reasons": "Win rate by count: has moved away from the agreed 30% (8 of 66).\nCoached since May.",
        "first": "",
        "needs": "",
    }
    table = typed([row | facts], COLUMNS)
    return table.assign(next_on=pd.Timestamp("2026-11-25"))


def ledger(**states):
    """A line per question, kept unless a state is given."""
    rows = [
        {
            "rep_id": "ines",
            "question": question,
            "subject": "",
            "state": states.get(question.replace(" ", "_").replace("-", "_"), "kept"),
            "on": DAY,
            "said": f"About {question}.",
            "source": "2026-11-12-one_on_one-ines.md",
        }
        for question in company.QUESTIONS
    ]
    rows.sort(key=lambda row: company.STATES.index(row["state"]))
    return typed(rows, company.COLUMNS)


def said(table, ledgers, steps=None):
    return Page(tables.conversations_table(table, NAMES, ledgers, steps)).words


@pytest.mark.parametrize("ledgers", [{}, {"ines": None}, {"ines": ledger().head(0)}, {"ben": ledger()}])
def test_nobody_is_confronted_on_a_page_without_the_companys_own_part(ledgers):
    words_of_it = said(proposed("confront"), {key: one for key, one in ledgers.items() if one is not None})
    assert "Confront" not in words_of_it
    assert "Check ourselves first" in words_of_it
    assert "nobody has looked at the company’s own part" in words_of_it


def test_before_a_confrontation_the_gaps_stand_open_and_the_rest_is_to_open():
    fragment = tables.conversations_table(proposed("confront"), NAMES, {"ines": ledger(reinforced="gap")})
    before, _, inside = str(fragment.html).partition("<details>")
    assert "About reinforced." in before
    assert "About acknowledged." in inside
    assert "12 Nov 2026" in before
    assert "2026-11-12-one_on_one-ines.md" in before
    assert "Confront" in Page(fragment).words


def test_before_coaching_the_own_part_is_folded_gaps_first():
    fragment = tables.conversations_table(proposed("coach up"), NAMES, {"ines": ledger(in_force="gap")})
    before, _, inside = str(fragment.html).partition("<details>")
    assert "About in force." not in before
    assert inside.index("About in force.") < inside.index("About expectations written.")
    assert "1 to check, 9 kept" in inside


def test_what_was_not_due_is_neither_kept_nor_to_check():
    fragment = tables.conversations_table(
        proposed("coach up"), NAMES, {"ines": ledger(resources_supplied="nothing due")}
    )
    assert "9 kept" in str(fragment.html)
    assert "Check ourselves" not in Page(fragment).words
    assert "About resources supplied." in Page(fragment).words


def test_what_came_late_is_told_and_counted_apart_and_no_longer_to_check():
    fragment = tables.conversations_table(
        proposed("coach up"), NAMES, {"ines": ledger(resources_supplied="late", in_force="gap")}
    )
    inside = str(fragment.html).partition("<details>")[2]
    assert "1 to check, 1 late, 8 kept" in inside
    assert "About resources supplied." in Page(fragment).words
    assert Page(fragment).words.count("Check ourselves") == 1


def test_a_confrontation_the_ledger_does_not_allow_is_one_with_ourselves():
    table = proposed("confront").drop(columns="next_on")
    for question in company.FAIR_ONLY_WITH:
        for state in ("gap", "not recorded"):
            part = ledger(**{question.replace(" ", "_").replace("-", "_"): state})
            told = with_ledgers(table, {"ines": part}).iloc[0]
            assert told["conversation"] == "check ourselves first"
            assert told["needs"] == f"Check ourselves: About {question}."
    assert with_ledgers(table, {"ines": ledger()}).iloc[0]["conversation"] == "confront"
    other_gap = ledger(resources_supplied="gap")
    assert with_ledgers(table, {"ines": other_gap}).iloc[0]["conversation"] == "confront"
    assert with_ledgers(table, {}).iloc[0]["conversation"] == "check ourselves first"
    assert table.iloc[0]["conversation"] == "confront"  # what was handed in is left as it was


def test_what_goes_well_is_said_first_and_more_than_agreed_is_asked_about_where_it_is_told_apart():
    steps = pd.DataFrame(
        {
            "rep_id": ["ines", "ines", "ben", "ben"],
            "rung": ["two_way_count", "next_step_count"] * 2,
            "kept_count": [30, 28, 10, 4],
            "of_count": [40, 30, 15, 10],
            "kept_rate": [0.75, 28 / 30, 10 / 15, 0.4],
            "low": [0.6, 0.8, 0.4, 0.2],
            "high": [0.85, 0.98, 0.8, 0.7],
            "is_apart": [False, True, False, True],
        }
    )
    told = said(proposed("celebrate"), {}, steps)
    assert "Celebrate" in told
    assert "28 of 30 got to “next step” (80–98% fits), apart from everybody else" in told
    assert "two-way" not in told
    assert "apart" not in said(proposed("celebrate", rep="ben"), {}, steps)  # apart, but below the others
    assert "apart" not in said(proposed("keep"), {}, steps)
    mixed = said(proposed("coach up", first="Meetings held: goes beyond the agreed 3."), {"ines": ledger()})
    assert mixed.index("Say first: Meetings held") < mixed.index("Win rate by count")


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_every_conversation_has_a_name_of_its_own_and_a_next_day(name):
    told = said(proposed(name), {"ines": ledger()})
    assert words.conversation(name) in told
    assert "next meeting due by 25 November" in told


def test_without_anything_agreed_no_conversation_is_proposed():
    empty = conversations(pd.DataFrame(columns=["rep_id"]), DAY.date()).assign(next_on=pd.NaT)
    assert "no conversation is proposed" in said(empty, {})


def commitment(**facts):
    row = dict.fromkeys(LEDGER_COLUMNS)
    row |= {"id": "card", "who": "manager", "what": "Bring a card", "about": "ines", "status": "open"}
    return row | {"due_on": DAY, "age_days": 20, "overdue_days": 3, "moved_count": 0} | facts


def test_commitments_past_their_day_stand_first_and_the_others_are_to_open():
    rows = [
        commitment(id="later", what="Ride along", due_on=DAY + pd.Timedelta(days=20), overdue_days=None),
        commitment(),
        commitment(id="done", what="Send prices", status="done", overdue_days=None),
    ]
    kept = typed(
        [
            {"who": "manager", "open_count": 2, "overdue_count": 1, "dropped_count": 0, "kept_count": 6}
            | {"n": 9, "kept_rate": 6 / 9, "low": 0.4, "high": 0.86},
            {"who": "ines", "open_count": 0, "overdue_count": 0, "dropped_count": 0, "kept_count": 0, "n": 0},
        ],
        KEPT_COLUMNS,
    )
    cadence = pd.DataFrame(
        [
            ["team", None, 12, 11, 0, 1, pd.Timestamp("2026-11-16"), 6],
            ["one_on_one", "ines", 6, 5, 1, 0, pd.Timestamp("2026-11-26"), pd.NA],
        ],
        columns=[
            *("kind", "rep_id", "promised_count", "held_count", "missed_count", "unrecorded_count"),
            *("next_due_on", "overdue_days"),
        ],
    )
    fragment = tables.meetings_table(cadence, kept, typed(rows, LEDGER_COLUMNS), NAMES)
    before, _, inside = str(fragment.html).partition("<details>")
    assert "Bring a card" in before
    assert "Ride along" in inside
    assert "Send prices" not in fragment.html
    told = Page(fragment).words
    assert "Team meeting: 11 of 12 held, 1 not on record." in told
    assert "One-on-one: 5 of 6 held, 1 missed with a reason." in told
    assert "6 of 9 by their day (40–86% fits), 2 open, 1 of them past its day" in told
    assert "Commitments: none yet." in told
    assert "was due on 12 Nov, 3 days ago" in told


def test_a_zero_of_nothing_due_is_said_and_no_rate_is_made_of_it():
    nothing = {"promised_count": 0, "held_count": 0, "missed_count": 0, "unrecorded_count": 0}
    assert words.meetings_kept(nothing) == "none was due yet"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("agreed", "agreed on 12 November 2026, version 0123456789ab"),
        ("edited", "edited after it was agreed on 8 April 2026; version 0123456789ab asks again"),
        ("newer version", "version 0123456789ab replaced the one agreed on 8 April 2026; it asks again"),
        ("not yet agreed", "version 0123456789ab is not yet agreed"),
    ],
)
def test_a_number_names_its_version_and_since_when_it_is_agreed(state, expected):
    row = {"state": state, "version": "0123456789ab", "acknowledged_on": DAY}
    assert words.agreement(row | {"before_on": pd.Timestamp("2026-04-08")}) == expected


def test_private_notes_say_what_was_checked():
    noted = pd.DataFrame(
        [
            [DAY, "improvement", "ines", False, "Coaching since May.", None],
            [DAY, "one_on_one", "ben", None, None, "He worries about the move."],
        ],
        columns=["on", "kind", "rep_id", "lost_faith", "checked", "private"],
    )
    told = Page(tables.noted_list(noted, NAMES)).words
    assert "Belief is there. Checked of our own part: Coaching since May." in told
    assert "He worries about the move." in told
    assert "Belief" not in told[told.index("Ben") :]


# --- the owner


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "was $100–200k; it came to $150k, inside it, and its middle was $10k too high."),
        ({"actual_amount": 230e3}, "it came to $230k, above it, and its middle was $70k too low."),
        ({"actual_amount": 90e3}, "it came to $90k, below it, and its middle was $70k too high."),
        ({"state": "too few decided"}, "no forecast was made (too few decided); it came to $150k."),
        ({"known": "by event time"}, "by what the exports tell of that day"),
    ],
)
def test_the_last_forecast_is_held_against_what_it_came_to(facts, expected):
    row = {"weeks": 4, "period": "Q3 2026", "state": "measured", "known": "as received then"}
    row |= {"low": 100e3, "high": 200e3, "forecast_amount": 160e3, "actual_amount": 150e3}
    told = words.forecast_then(row | facts, "USD")
    assert expected in told
    assert told.startswith("4 weeks before the end of Q3 2026")


def test_without_a_finished_period_no_forecast_is_checked():
    assert words.forecast_then(None, "USD") == (
        "No goal period on record is over yet, so no forecast can be checked."
    )


def test_what_the_owner_is_asked_stands_by_its_day_with_what_became_of_the_last_asks():
    asks = typed(
        [
            commitment(id="b", who="owner", what="Decide on the mailing", overdue_days=4),
            commitment(id="a", who="owner", what="A desk", status="done", closed_on=DAY, kept=True),
            commitment(id="c", who="owner", what="A van", status="dropped", closed_on=DAY, kept=False),
        ],
        LEDGER_COLUMNS,
    )
    told = Page(tables.asks_list(asks, NAMES)).words
    assert "Decide on the mailing, for Ines Duarte: was due on 12 Nov, 4 days ago" in told
    assert "Done on 12 Nov: A desk" in told
    assert "Dropped on 12 Nov, due 12 Nov: A van" in told
    assert "We ask nothing of you this week." in Page(tables.asks_list(asks.iloc[1:], NAMES)).words


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("plan", "improvement plan since 12 November"),
        ("coached", "coached since 12 November (skill)"),
        ("talk first", "the one-on-one comes first, due by 25 November"),
        ("too few to say", "too few results to say"),
        ("on track", "on track, no different from what was agreed"),
    ],
)
def test_people_are_told_in_what_they_have_heard(state, expected):
    row = {"state": state, "since": DAY, "focus": "skill", "next_on": pd.Timestamp("2026-11-25")}
    assert words.person(row) == expected


def test_no_word_blames_or_grades_anybody():
    low = {question.replace(" ", "_").replace("-", "_"): "gap" for question in company.QUESTIONS}
    fragments = [
        tables.conversations_table(proposed(name), NAMES, {"ines": part})
        for name in CONVERSATIONS
        for part in (ledger(), ledger(**low), ledger().head(0))
    ]
    decision = SimpleNamespace(title="Close what is open.", text="It was due.", weight="note")
    fragments += [
        tables.priority_box(decision),
        tables.risks_list([decision]),
        tables.risks_list([]),
        tables.asks_list(typed([commitment()], LEDGER_COLUMNS), NAMES),
        tables.learning_list(pd.DataFrame(), NAMES),
        tables.noted_list(pd.DataFrame(), NAMES),
    ]
    for fragment in fragments:
        assert first_unkind(Page(fragment).words) is None, Page(fragment).words


def test_a_clients_words_stay_words(hostile):
    table = proposed("confront", reasons=hostile, first=hostile)
    part = ledger(in_force="gap").assign(said=hostile, source=hostile)
    asks = typed([commitment(what=hostile, who="owner")], LEDGER_COLUMNS)
    for fragment in (
        tables.conversations_table(table, {"ines": hostile}, {"ines": part}),
        tables.asks_list(asks, {"ines": hostile}),
        tables.priority_box(SimpleNamespace(title=hostile, text=hostile, weight="note")),
    ):
        page = Page(fragment)
        assert not page.all("script")
        assert not page.all("img")

"""Commitments are carried on until done or dropped; nothing is lost, and kept rates are worked by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import DocumentError
from spm_lib.meetings import Meetings, commitments, commitments_kept, next_meeting
from tests.meetings.making import CLIENT, REPS, day, meeting, meetings, said


def ledger(some, on):
    return commitments(some, day(on)).set_index("id")


def test_one_that_is_never_restated_stays_open_and_ages():
    some = meetings(meeting("2026-11-02", commitments=[said()]), meeting("2026-11-09"))
    in_time = ledger(some, "2026-11-10").loc["call"]
    assert (in_time["status"], in_time["age_days"]) == ("open", 8)  # 2 to 10 November
    assert pd.isna(in_time["overdue_days"])  # the day itself is in time
    assert pd.isna(in_time["kept"])
    late = ledger(some, "2026-11-22").loc["call"]
    assert (late["age_days"], late["overdue_days"], late["kept"]) == (20, 12, False)


def test_the_last_word_wins_and_a_meeting_to_come_is_not_known():
    some = meetings(
        meeting("2026-11-02", commitments=[said()]),
        meeting("2026-11-09", commitments=[said(status="done")]),
        meeting("2026-11-16", commitments=[said(status="open")]),
    )
    told = {on: ledger(some, on).loc["call", "status"] for on in ("2026-11-08", "2026-11-09", "2026-11-16")}
    assert told == {"2026-11-08": "open", "2026-11-09": "done", "2026-11-16": "open"}
    assert ledger(some, "2026-11-01").empty


def test_done_without_a_day_was_done_when_it_was_first_said_to_be():
    some = meetings(
        meeting("2026-11-02", commitments=[said()]),
        meeting("2026-11-09", commitments=[said(status="done")]),
        meeting("2026-11-16", commitments=[said(status="done")]),
    )
    row = ledger(some, "2026-11-16").loc["call"]
    assert row["closed_on"] == pd.Timestamp("2026-11-09")
    assert row["kept"]  # due on the 10th


def test_a_file_filled_in_later_does_not_close_anything_before_its_day():
    some = meetings(meeting("2026-11-02", commitments=[said(status="done", closed_on="2026-11-06")]))
    assert ledger(some, "2026-11-05").loc["call", "status"] == "open"
    assert ledger(some, "2026-11-06").loc["call", "status"] == "done"


def test_a_day_moved_in_time_counts_and_one_moved_afterwards_does_not():
    moved = said(due="2026-11-17", status="done", closed_on="2026-11-16")
    in_time = meetings(
        meeting("2026-11-02", commitments=[said()]),
        meeting("2026-11-10", commitments=[said(due="2026-11-17")]),
        meeting("2026-11-16", commitments=[moved]),
    )
    row = ledger(in_time, "2026-11-16").loc["call"]
    assert (row["due_on"], row["moved_count"], row["kept"]) == (pd.Timestamp("2026-11-17"), 1, True)
    too_late = meetings(
        meeting("2026-11-02", commitments=[said()]),
        meeting("2026-11-11", commitments=[said(due="2026-11-17")]),
        meeting("2026-11-16", commitments=[moved]),
    )
    row = ledger(too_late, "2026-11-16").loc["call"]
    assert (row["due_on"], row["moved_count"], row["kept"]) == (pd.Timestamp("2026-11-10"), 1, False)
    # until then it was overdue since the 10th, whatever day was written later
    assert ledger(too_late, "2026-11-15").loc["call", "overdue_days"] == 5


def test_the_ledger_says_where_each_was_made_and_who_said_the_last_word():
    some = meetings(
        meeting(
            "2026-11-03", "one_on_one", "ana", commitments=[said(who="manager", expectation="crm_usage")]
        ),
        meeting("2026-11-09", commitments=[said(who="manager", status="dropped", why="The mill closed")]),
    )
    row = ledger(some, "2026-11-09").loc["call"]
    assert row["about"] == "ana"
    assert row[["who", "rep_id", "expectation", "status", "why", "source"]].tolist() == [
        *("manager", "ana", "crm_usage", "dropped", "The mill closed", "2026-11-09-team.md")
    ]


def test_whom_a_commitment_concerns_goes_without_saying_but_with_the_owner():
    some = meetings(
        meeting("2026-11-02", commitments=[said("a")]),
        meeting(
            "2026-11-03", "owner", commitments=[said("b"), said("c", about="ana"), said("d", about="team")]
        ),
    )
    about = ledger(some, "2026-11-09")["about"]
    assert about[["a", "c", "d"]].tolist() == ["team", "ana", "team"]
    assert pd.isna(about["b"])


def test_what_a_rep_will_do_for_a_colleague_concerns_the_colleague():
    helps = said("a", who="ana", about="ben")
    own = meetings(meeting("2026-11-03", "one_on_one", "ana", commitments=[helps]))
    assert ledger(own, "2026-11-09").loc["a", "about"] == "ben"


@pytest.mark.parametrize("about", ["ben", "team"])
@pytest.mark.parametrize("who", ["manager", "owner"])
def test_a_promise_about_somebody_else_is_refused_in_a_meeting_with_one_rep(who, about):
    """Its words would have to be on the other's page, and what is said with one rep stays there."""
    some = meetings(
        meeting("2026-11-03", "one_on_one", "ana", commitments=[said("a", who=who, about=about)]),
    )
    with pytest.raises(DocumentError) as found:
        ledger(some, "2026-11-09")
    fault = found.value
    assert fault.what == "a promise about somebody else in a meeting with one rep"
    assert (fault.given, "the owner’s or the team’s" in str(fault.remedy)) == (about, True)
    assert "2026-11-03-one_on_one-ana.md" in str(fault.where)


def test_a_promise_the_team_or_the_owner_heard_first_may_be_taken_up_with_any_rep():
    some = meetings(
        meeting("2026-11-02", "owner", commitments=[said("a", who="manager", about="team")]),
        meeting("2026-11-03", "one_on_one", "ana", commitments=[said("a", who="manager", about="team")]),
    )
    assert ledger(some, "2026-11-09").loc["a", "about"] == "team"


def test_kept_rates_by_hand():
    """Ana, looked at on 20 November: four done (one late), one dropped, one overdue, one in time.

    n = 4 + 1 + 1 = 6, kept = 3, so 3 / 6 = 0.5. The manager has made none that is due.
    """
    made = [said(f"a{n}", due="2026-11-10") for n in range(6)]
    in_time = [said(f"a{n}", status="done", closed_on="2026-11-10") for n in range(3)]
    some = meetings(
        meeting(
            "2026-11-02",
            commitments=[*made, said("a6", due="2026-11-20"), said("m", "manager", due="2026-12-01")],
        ),
        meeting(
            "2026-11-16",
            commitments=[
                *in_time,
                said("a3", status="done", closed_on="2026-11-11"),
                said("a4", status="dropped", why="The mill closed"),
            ],
        ),
    )
    table = commitments_kept(commitments(some, day("2026-11-20")), ["owner", "manager"]).set_index("who")
    assert list(table.index) == ["owner", "manager", "ana"]
    ana = table.loc["ana"]
    assert ana[["open_count", "overdue_count", "oldest_overdue_days"]].tolist() == [2, 1, 10]
    assert ana[["dropped_count", "kept_count", "n", "kept_rate"]].tolist() == [1, 3, 6, 0.5]
    assert (ana["low"], ana["high"]) == pytest.approx(proportion_confint(3, 6, 0.1, "wilson"))
    manager, owner = table.loc["manager"], table.loc["owner"]
    assert (manager["open_count"], manager["n"], owner["open_count"], owner["n"]) == (1, 0, 0, 0)
    for nobody in (manager, owner):  # nothing due is no rate, never 0
        assert pd.isna(nobody["kept_rate"])
        assert pd.isna(nobody["low"])


def test_without_meetings_there_is_an_empty_ledger_of_the_same_columns():
    empty = commitments(Meetings(), day("2026-11-20"))
    full = commitments(meetings(meeting("2026-11-02", commitments=[said()])), day("2026-11-20"))
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    assert commitments_kept(empty).empty


@pytest.mark.parametrize(
    ("again", "message"),
    [
        (said(what="Call the bakery"), "another `what`"),
        (said(who="ben"), "another `who`"),
        (said(status="done", closed_on="2026-11-01"), "closed before it was made"),
    ],
)
def test_a_contradiction_between_meetings_is_refused(again, message):
    some = meetings(meeting("2026-11-02", commitments=[said()]), meeting("2026-11-09", commitments=[again]))
    with pytest.raises(DocumentError, match=message) as refused:
        commitments(some, day("2026-11-20"))
    assert "2026-11-09-team.md" in str(refused.value)


KINDS = (
    ("team", None),
    ("owner", None),
    *((kind, rep) for rep in REPS for kind in ("one_on_one", "improvement")),
)
#: By id, so that every statement of one agrees with the others.
WHO = dict(zip("abcdef", ("ana", "ben", "manager", "owner", "ana", "manager"), strict=True))


@st.composite
def histories(draw):
    """Up to eight meetings of any kind on different days, which state and restate six commitments."""
    days = draw(st.lists(st.integers(0, 60), unique=True, max_size=8))
    found = []
    for n in days:
        kind, rep = draw(st.sampled_from(KINDS))
        stated = []
        for one in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)):
            status = draw(st.sampled_from(["open", "done", "dropped"]))
            why = {"why": "Sold"} if status == "dropped" else {}
            due = date(2026, 9, 1) + timedelta(days=draw(st.integers(0, 80)))
            stated.append(said(one, WHO[one], f"Do {one}", due.isoformat(), status=status, **why))
        on = (date(2026, 9, 1) + timedelta(days=n)).isoformat()
        found.append(meeting(on, kind, rep, commitments=stated))
    return found


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(found, chance):
    mixed = list(found)
    chance.shuffle(mixed)
    on = date(2026, 11, 30)
    left, right = (commitments(Meetings(tuple(some)), on) for some in (found, mixed))
    pd.testing.assert_frame_equal(left, right)


@given(histories(), st.integers(0, 90))
def test_the_ledger_agrees_with_a_plain_walk_through_the_meetings(found, n):
    on = date(2026, 9, 1) + timedelta(days=n)
    last = {}
    for one in sorted(found, key=lambda one: one.on):
        if one.on <= on:
            last.update({each.id: each.status for each in one.front.commitments})
    table = commitments(Meetings(tuple(found)), on)
    assert dict(zip(table["id"], table["status"], strict=True)) == last
    kept = commitments_kept(table)
    assert kept["open_count"].sum() == sum(status == "open" for status in last.values())
    assert (kept["kept_count"] <= kept["n"]).all()
    assert kept["n"].sum() + table["kept"].isna().sum() == len(table)


@given(histories())
def test_carrying_forward_never_loses_a_commitment(found):
    some, on = Meetings(tuple(found)), date(2026, 11, 30)
    table = commitments(some, on)
    still = set(table.loc[table["status"].eq("open"), "id"])
    carried = set()
    for kind, rep in KINDS:
        text = next_meeting(kind, rep, on, CLIENT, some)
        carried |= {one for one in "abcdef" if f"- id: {one}\n" in text}
    assert carried == still

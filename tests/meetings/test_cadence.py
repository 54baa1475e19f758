"""Promised, held, missed and overdue meetings, worked by hand; what was coached, taught and brought back."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_lib.client import Rep
from spm_lib.errors import ClientError
from spm_lib.judgement import conversations
from spm_lib.meetings import (
    Meetings,
    cadence,
    coached_on,
    coaching_log,
    learning_log,
    promises,
    reinforced_log,
)
from tests.meetings.making import CLIENT, day, meeting, meetings

MONDAY = date(2026, 9, 7)


def row(table, kind="team", rep=None):
    (found,) = table[
        table["kind"].eq(kind) & (table["rep_id"].isna() if rep is None else table["rep_id"].eq(rep))
    ].to_dict("records")
    return found


def test_promised_held_missed_and_overdue_by_hand(client):
    """Weekly from Monday 7 September, looked at on Sunday 11 October: five weeks have ended.

    Week 1 held (7th), 2 held a day late (15th), 3 missed with a reason, 4 nothing, 5 nothing: 5 = 2 + 1 + 2.
    The last was held on 15 September, so the next was due on the 22nd, 19 days before 11 October.
    """
    some = meetings(meeting("2026-09-07"), meeting("2026-09-15"), meeting("2026-09-21", missed="Storm"))
    on = day("2026-10-11")
    found = row(cadence(some, {"team": 7}, client, MONDAY, on))
    assert [found[f"{name}_count"] for name in ("promised", "held", "missed", "unrecorded")] == [5, 2, 1, 2]
    assert (found["next_due_on"], found["overdue_days"]) == (pd.Timestamp("2026-09-22"), 19)
    lines = promises(some, {"team": 7}, client, MONDAY, on)
    assert lines["state"].tolist() == ["held", "held", "missed", "not recorded", "not recorded"]
    assert lines["due_on"].dt.strftime("%m-%d").tolist() == ["09-13", "09-20", "09-27", "10-04", "10-11"]
    assert lines.loc[2, ["reason", "source"]].tolist() == ["Storm", "2026-09-21-team.md"]


def test_a_week_that_has_not_ended_asks_for_nothing_yet(client):
    found = row(cadence(Meetings(), {"team": 7}, client, MONDAY, day("2026-09-12")))
    assert (found["promised_count"], found["next_due_on"]) == (0, pd.Timestamp("2026-09-13"))
    assert pd.isna(found["overdue_days"])
    assert pd.isna(found["last_held_on"])
    found = row(cadence(Meetings(), {"team": 7}, client, MONDAY, day("2026-09-14")))
    assert (found["promised_count"], found["overdue_days"]) == (1, 1)


def test_a_meeting_moved_over_the_weekend_counts_for_its_week_but_only_once(client):
    moved = meetings(meeting("2026-09-14"), meeting("2026-09-18"))  # both in week 2, none in week 1
    lines = promises(moved, {"team": 7}, client, MONDAY, day("2026-09-27"))
    assert lines["state"].tolist() == ["held", "held", "not recorded"]
    early = meetings(meeting("2026-09-08"), meeting("2026-09-11"))  # two in week 1: one of them for week 2
    lines = promises(early, {"team": 7}, client, MONDAY, day("2026-09-27"))
    assert lines["state"].tolist() == ["held", "held", "not recorded"]
    assert lines["held_on"].dt.day.tolist()[:2] == [8, 11]


def test_owner_meetings_may_taper(client):
    """Weekly from 7 September, every 14 days from 21 September: ends 13, 20; 4 and 18 October."""
    steps = [(day("2026-09-21"), 14), (day("2026-09-01"), 7)]
    lines = promises(Meetings(), {"owner": steps}, client, MONDAY, day("2026-10-18"))
    assert lines["due_on"].dt.strftime("%m-%d").tolist() == ["09-13", "09-20", "10-04", "10-18"]
    held = meetings(meeting("2026-09-22", "owner", attendees=["owner", "manager"]))
    found = row(cadence(held, {"owner": steps}, client, MONDAY, day("2026-10-18")), "owner")
    assert (found["every_days"], found["next_due_on"]) == (14, pd.Timestamp("2026-10-06"))
    before = cadence(Meetings(), {"owner": [(day("2026-12-01"), 7)]}, client, MONDAY, day("2026-10-18"))
    assert before.empty


def test_a_rep_is_promised_one_on_ones_while_on_the_team(client):
    reps = (
        Rep(id="ana", starts_on=date(2026, 10, 5)),
        Rep(id="ben", ends_on=date(2026, 9, 21)),
        Rep(id="cy"),
    )
    changed = client.model_copy(update={"reps": reps})
    on = day("2026-10-18")  # six weeks: three stretches of 14 days; Ana has had one, Ben one before he left
    lines = promises(Meetings(), {"one_on_one": 14}, changed, MONDAY, on)
    assert lines.groupby("rep_id").size().to_dict() == {"ana": 1, "ben": 1, "cy": 3}
    assert cadence(Meetings(), {"one_on_one": 14}, changed, MONDAY, on)["rep_id"].tolist() == ["ana", "cy"]


def test_improvement_meetings_are_promised_from_the_first_one_on(client):
    some = meetings(meeting("2026-10-05", "improvement", "ana"))
    lines = promises(some, {"improvement": 7}, client, MONDAY, day("2026-10-18"))
    assert lines[["rep_id", "state"]].to_numpy().tolist() == [["ana", "held"], ["ana", "not recorded"]]


@pytest.mark.parametrize("promised", [{"lunch": 7}, {"team": 0}, {"team": []}, {"team": [(MONDAY, -1)]}])
def test_what_is_no_promise_is_refused(client, promised):
    with pytest.raises(ClientError, match="not a promise"):
        cadence(Meetings(), promised, client, MONDAY, day("2026-10-18"))


@given(st.lists(st.integers(0, 70), unique=True), st.integers(1, 20), st.integers(0, 70))
def test_what_was_promised_is_held_missed_or_not_recorded(client_days, every, until):
    some = meetings(*(meeting((MONDAY + timedelta(days=n)).isoformat()) for n in client_days))
    on = MONDAY + timedelta(days=until)
    found = row(cadence(some, {"team": every}, CLIENT, MONDAY, on))
    assert found["promised_count"] == (until + 1) // every  # the first day counts
    assert found["promised_count"] == sum(found[f"{name}_count"] for name in ("held", "missed", "unrecorded"))
    assert found["held_count"] <= sum(n <= until for n in client_days)
    # a stretch with a meeting in it is always held
    filled = {n // every for n in client_days if n // every < found["promised_count"]}
    assert found["held_count"] >= len(filled)


def coached(on, rep="ana", **more):
    return meeting(on, "one_on_one", rep, coaching={"focus": "skill", **more})


def test_coaching_that_broke_off_begins_again():
    """From 1 July to 12 August are 42 days, to 13 August 43: one day too many."""
    going_on = meetings(coached("2026-07-01"), coached("2026-08-12"))
    assert coached_on(going_on, day("2026-09-01")) == {"ana": date(2026, 7, 1)}
    broken = meetings(coached("2026-07-01"), coached("2026-08-13"))
    assert coached_on(broken, day("2026-09-01")) == {"ana": date(2026, 8, 13)}
    assert coached_on(broken, day("2026-07-05")) == {"ana": date(2026, 7, 1)}  # later meetings are not known
    assert coached_on(broken, day("2026-09-25")) == {}  # 43 days after the last


def test_the_coaching_log_decides_whether_a_confrontation_may_be_proposed():
    below = pd.DataFrame(
        [
            {
                "rep_id": "ana",
                "metric": "win_rate_by_count",
                "kind": "trials",
                "standing": "below",
                "threshold": 0.3,
                "since": pd.Timestamp("2026-08-01"),
                "hit_count": 2,
                "n": 30,
                "weeks": 26,
                "seen_weeks": 18,
                "judged_from": pd.Timestamp("2026-04-01"),
            }
        ]
    )
    some = meetings(coached("2026-09-01"), coached("2026-10-01"))
    told = {
        on: conversations(below, day(on), coached_on=coached_on(some, day(on)))["conversation"].item()
        for on in ("2026-09-28", "2026-09-29", "2026-11-30")
    }
    # 27 days of coaching, then 28; and two months after the last one coaching has to begin again
    assert told == {"2026-09-28": "coach up", "2026-09-29": "confront", "2026-11-30": "coach up"}


def test_the_logs_say_when_who_what_and_by_whom():
    some = meetings(
        coached("2026-09-01", note="First calls", by="Pat"),
        coached("2026-09-08", "ben"),
        meeting("2026-09-07", learning=[{"topic": "Prices", "by": "ben", "moves": "win_rate_by_count"}]),
        meeting("2026-09-14", reinforced=["crm_usage"]),
    )
    on = day("2026-09-30")
    log = coaching_log(some, on)
    assert log[["rep_id", "focus", "by"]].to_numpy().tolist() == [
        ["ana", "skill", "Pat"],
        ["ben", "skill", "manager"],
    ]
    assert log["topic"].tolist()[0] == "First calls"
    assert learning_log(some, on)[["topic", "by", "moves"]].to_numpy().tolist() == [
        ["Prices", "ben", "win_rate_by_count"]
    ]
    assert reinforced_log(some, on)[["rep_id", "document"]].to_numpy().tolist() == [
        ["ana", "crm_usage"],
        ["ben", "crm_usage"],
    ]
    assert coaching_log(some, day("2026-09-05"))["rep_id"].tolist() == ["ana"]
    assert coaching_log(Meetings(), on).dtypes.to_dict() == log.dtypes.to_dict()

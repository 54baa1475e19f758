"""Who a spelling means, and what of the activities is known at a cut-off."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib.client import Client, Rep
from tests.history.typed_in import at, drop, opportunity

WEEK_1, WEEK_2 = "2026-10-12", "2026-10-19"
CREATED = {"created_at": "2026-09-01T09:00"}


def holders(shown):
    found = shown.opportunities.set_index("opportunity_id")["rep_id"]
    return {number: None if pd.isna(rep) else rep for number, rep in found.items()}


def spelled(*spellings):
    return [
        opportunity(number, rep_id=spelling, **CREATED) for number, spelling in enumerate(spellings, start=1)
    ]


PEOPLE = [
    {"person_id": "005A", "name": "Ana Lopez", "email": "ana@example.com"},
    {"person_id": "005B", "name": "B. Hale", "email": "ben@example.com"},
    {"person_id": "005C", "name": "Sam Smith", "email": "sam1@example.com"},
    {"person_id": "005D", "name": "Sam Smith", "email": "sam2@example.com"},
]


def test_a_rep_is_known_by_id_name_email_and_user_id_whatever_the_case_and_spaces(replay):
    rows = spelled("ana", " ANA  lopez ", "ana@example.com", "005A", "005a", "Ana Lopez")
    shown = replay([drop(WEEK_1, rows, people=PEOPLE)], WEEK_1)
    assert set(holders(shown).values()) == {"ana"}
    assert shown.findings.empty


def test_a_user_is_a_rep_if_any_of_the_spellings_in_the_client_is(replay, client):
    reps = (Rep(id="ben", known_as=("ben@example.com",)),)
    shown = replay(
        [drop(WEEK_1, spelled("005B", "B. Hale"), people=PEOPLE)],
        WEEK_1,
        client=client.model_copy(update={"reps": reps}),
    )
    assert set(holders(shown).values()) == {"ben"}


def test_an_unknown_rep_is_unassigned_and_said(replay):
    activities = [{"activity_id": "a", "kind": "call", "at": "2026-10-08T09:00", "rep_id": "Zoe"}]
    shown = replay([drop(WEEK_1, spelled("Zoe", None, "cy"), activities=activities)], WEEK_1)
    assert holders(shown) == {"1": None, "2": None, "3": "cy"}
    assert shown.activities["rep_id"].isna().all()
    (found,) = shown.findings.query("finding == 'unknown_rep'").to_dict("records")
    assert found["subject_id"] == "Zoe"
    assert found["detail"].endswith("; unassigned: 1 activity, 1 opportunity.")


def test_a_name_that_two_users_share_means_neither(replay, client):
    known = client.model_copy(update={"reps": (Rep(id="sam", known_as=("sam1@example.com",)),)})
    shown = replay([drop(WEEK_1, spelled("005C", "005D", "Sam Smith"), people=PEOPLE)], WEEK_1, client=known)
    assert holders(shown) == {"1": "sam", "2": None, "3": None}


def test_the_same_rep_spelled_another_way_in_the_next_drop_is_no_change(replay):
    drops = [drop(WEEK_1, spelled("Ana Lopez")), drop(WEEK_2, spelled("ana"))]
    changes = replay(drops, WEEK_2).changes
    assert changes.query("field == 'rep'")["evidence"].tolist() == ["inferred_create"]


def test_where_nobody_keeps_a_list_every_name_in_the_exports_is_a_rep(replay):
    open_list = Client(
        name="x", currency="USD", time_zone="UTC", manager="m", owner="o", reps_from_exports=True
    )
    rows = spelled("Zoe  King", "zoe king", "005B", "b. hale")
    shown = replay([drop(WEEK_1, rows, people=PEOPLE)], WEEK_1, client=open_list)
    assert holders(shown) == {"1": "Zoe King", "2": "Zoe King", "3": "B. Hale", "4": "B. Hale"}
    assert shown.findings.empty


def test_a_goal_whose_rep_is_spelled_anew_is_the_same_goal(replay):
    def goal(rep, amount):
        return [
            {"rep_id": rep, "period_start": "2026-10-01", "period_end": "2027-01-01", "amount": amount},
            {"rep_id": "Zoe", "period_start": "2026-10-01", "period_end": "2027-01-01", "amount": 1.0},
        ]

    drops = [
        drop(WEEK_1, spelled("ana"), quotas=goal("Ana Lopez", 100.0)),
        drop(WEEK_2, spelled("ana"), quotas=goal("ana", 120.0)),
    ]
    shown = replay(drops, WEEK_2)
    assert shown.quotas[["rep_id", "amount"]].values.tolist() == [["ana", 120.0]]
    assert "1 quota." in shown.findings.query("subject_id == 'Zoe'")["detail"].item()


def call(number, moment, **facts):
    return {
        "activity_id": str(number),
        "kind": "call",
        "at": moment,
        "rep_id": "ana",
        "status": "done",
        **facts,
    }


def test_what_lies_after_the_cutoff_is_a_plan_and_tells_nothing_of_what_came_of_it(replay):
    activities = [
        call(1, "2026-10-08T09:00", outcome="connected", duration_seconds=90.0),
        call(
            2,
            "2026-10-15T09:00",
            logged_at="2026-10-09T09:00",
            outcome="connected",
            duration_seconds=90.0,
            next_step_on="2026-10-20",
            with_decision_maker=True,
        ),
        call(3, "2026-10-15T10:00", logged_at="2026-10-15T11:00", outcome="connected"),
        call(4, "2026-10-15T12:00", logged_at="2026-10-09T09:00", status="cancelled"),
    ]
    shown = replay([drop(WEEK_2, [], activities=activities)], WEEK_1).activities
    assert shown[["activity_id", "status"]].values.tolist() == [
        ["1", "done"],
        ["2", "planned"],
        ["4", "cancelled"],
    ]
    later = shown.set_index("activity_id").loc["2"]
    assert later[["outcome", "duration_seconds", "next_step_on", "with_decision_maker"]].isna().all()
    assert shown["duration_seconds"].iloc[0] == 90.0


def test_a_plan_without_a_date_of_writing_is_known_since_a_drop_shows_it(replay):
    plan = [call(1, "2026-10-23T09:00", status="planned")]
    drops = [drop(WEEK_1, [], activities=plan), drop(WEEK_2, [], activities=plan)]
    assert replay(drops, "2026-10-11").activities.empty
    assert replay(drops, WEEK_1).activities["status"].tolist() == ["planned"]


def test_the_latest_drop_says_what_an_activity_was(replay):
    drops = [
        drop(WEEK_1, [], activities=[call(1, "2026-10-15T09:00", status="planned")]),
        drop(
            WEEK_2, [], activities=[call(1, "2026-10-16T09:00", outcome="connected", duration_seconds=80.0)]
        ),
    ]
    (row,) = replay(drops, WEEK_2).activities.to_dict("records")
    assert (row["at"], row["status"], row["outcome"]) == (at("2026-10-16T09:00"), "done", "connected")
    (row,) = replay(drops, WEEK_2, known_at=WEEK_1).activities.to_dict("records")
    assert (row["at"], row["status"]) == (at("2026-10-15T09:00"), "planned")


def test_a_saturday_night_call_stays_in_its_week(replay, client):
    angeles = client.model_copy(update={"time_zone": "America/Los_Angeles", "week_starts_on": "sunday"})
    week = angeles.week("2026-W42")  # Sunday the 11th to Saturday the 17th
    # 23:30 on Saturday is 06:30 UTC on Sunday
    drops = [drop("2026-10-20", [], activities=[call(1, "2026-10-18T06:30", logged_at="2026-10-18T06:35")])]
    inside = replay(drops, str(week.end_at), client=angeles).activities
    assert week.holds(inside["at"]).tolist() == [True]
    assert inside["status"].tolist() == ["done"]


@pytest.mark.parametrize(("label", "hours"), [("2026-W10", 167), ("2026-W44", 169), ("2026-W30", 168)])
def test_a_week_of_a_clock_change_holds_its_hours_and_no_other(replay, client, label, hours):
    # Chicago: clocks go forward on Sunday 8 March and back on Sunday 1 November
    week = client.week(label)
    assert (week.end_at - week.start_at) == pd.Timedelta(hours=hours)
    activities = [
        call(hour, str(week.start_at + pd.Timedelta(hours=hour, minutes=30))) for hour in range(-1, 170)
    ]
    shown = replay(
        [drop("2026-12-01", [], activities=activities)], str(week.end_at), client=client
    ).activities
    assert week.holds(shown["at"]).sum() == hours
    assert (shown["status"] == "done").sum() == hours + 1  # and the one of the hour before

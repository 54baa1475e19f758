"""Activity and its ladder: what is one and the same, what took place, what came of it."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.activity import activity
from spm_lib.metrics.activity_ladder import activity_ladder, activity_ladder_steps
from spm_lib.metrics.unique import unique_activities
from spm_lib.periods import Calendar, trailing
from tests.metrics.frames import activities, changes, one_week, received, stages, when
from tests.metrics.made import sql

LONG = {"duration_seconds": 240.0}


def counted(*rows, by=None, groups=None, until="2026-11-16 00:00", period=None):
    return activity(activities(*rows), period or one_week(), Calendar(), received(until), by, groups)


def test_a_call_logged_on_four_contacts_is_one_call():
    row = counted(*({**LONG, "contact_id": f"c{n}"} for n in range(4))).iloc[0]
    assert (row["kind"], row["logged_count"], row["unique_count"]) == ("call", 4, 1)


@pytest.mark.parametrize(
    ("other", "unique"),
    [
        ({"at": "2026-11-11 10:02:00"}, 1),
        ({"at": "2026-11-11 10:02:01"}, 2),
        ({"rep_id": "ben"}, 2),
        ({"kind": "meeting"}, 2),
        ({"direction": "inbound"}, 2),
        ({"duration_seconds": 361.0}, 2),
        ({"opportunity_id": "p"}, 2),
        ({"opportunity_id": "p", "duration_seconds": 240.0}, 1),
    ],
)
def test_two_logs_are_one_activity_when_nothing_tells_them_apart(other, unique):
    first = {"opportunity_id": "o", "direction": "outbound", **LONG}
    second = {"opportunity_id": "o", "direction": None, "duration_seconds": 200.0, **other}
    assert len(unique_activities(activities(first, second))) == unique


def test_of_two_logs_the_most_telling_survives():
    row = unique_activities(
        activities(
            {
                "contact_id": "c",
                "duration_seconds": 30.0,
                "outcome": "no_answer",
                "logged_at": "2026-11-11 12:00",
            },
            {
                "contact_id": "c",
                "duration_seconds": 95.0,
                "outcome": "connected",
                "logged_at": "2026-11-11 11:00",
            },
        )
    ).iloc[0]
    assert (row["duration_seconds"], row["outcome"]) == (95, "connected")
    assert row["logged_at"] == when("2026-11-11 11:00")


def test_planned_cancelled_and_moved_ones_are_not_done():
    table = counted(
        {"kind": "task", "at": "2026-11-11 09:00"},
        {"kind": "task", "at": "2026-11-11 10:00", "status": "planned"},
        {"kind": "task", "at": "2026-11-11 11:00", "status": "cancelled"},
        {"kind": "task", "at": "2026-11-11 12:00", "outcome": "rescheduled"},
    )
    assert (table["logged_count"].iloc[0], table["unique_count"].iloc[0]) == (1, 1)


def test_meetings_held_booked_cancelled_and_not_shown_are_kept_apart():
    rows = [
        {"outcome": "held"},
        {"outcome": "no_show"},
        {"outcome": "cancelled"},
        {"outcome": None},
        {"outcome": "rescheduled"},
        {"outcome": "held", "status": "planned"},
    ]
    hours = (f"2026-11-11 {9 + n}:00" for n in range(6))
    row = counted(*({"kind": "meeting", "at": at, **one} for at, one in zip(hours, rows, strict=True))).iloc[
        0
    ]
    assert row[["held_count", "booked_count", "cancelled_count", "no_show_count"]].tolist() == [1, 5, 1, 1]
    # nobody said what became of one, and one is planned still
    assert row["unknown_outcome_count"] == 2


def test_meetings_whose_outcome_no_source_records_are_not_held_and_not_zero():
    row = counted({"kind": "meeting"}).iloc[0]
    assert math.isnan(row["held_count"])
    assert math.isnan(row["no_show_count"])
    assert row["unknown_outcome_count"] == 1


def test_a_kind_never_recorded_has_no_row_and_one_not_done_this_week_is_zero():
    table = counted({}, {"kind": "email", "at": "2026-11-02 10:00"})
    assert dict(zip(table["kind"], table["unique_count"], strict=True)) == {"call": 1, "email": 0}
    assert counted().empty


@pytest.mark.parametrize(
    ("until", "known"),
    [
        ("2026-11-16 00:00", True),
        ("2026-11-13 18:00", True),
        ("2026-11-12 18:00", False),
        ("2026-11-09 00:00", False),
    ],
)
def test_a_week_the_exports_do_not_reach_is_missing_and_never_zero(until, known):
    # after Friday evening only the weekend is left, and nobody works on it
    assert counted({}, until=until)["unique_count"].notna().iloc[0] == known
    missing = activity(activities({}), one_week(), Calendar(), {})
    assert missing["unique_count"].isna().all()


def test_reps_with_and_without_calls_and_nobodys_add_up_to_the_team():
    rows = [{"at": f"2026-11-11 1{n}:00", "rep_id": rep} for n, rep in enumerate(["ana", "ana", None])]
    table = counted(*rows, by="rep_id", groups=["ben"])
    assert table["rep_id"].fillna("nobody").tolist() == ["ana", "ben", "nobody"]
    assert table["unique_count"].tolist() == [2, 0, 1]
    with pytest.raises(MetricError, match="no such grouping"):
        counted(*rows, by="territory")


_ACTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["call", "email", "task"]),
            "rep_id": st.sampled_from(["ana", "ben", None]),
            "status": st.sampled_from(["done", "planned", "cancelled", None]),
            "outcome": st.sampled_from([None, "connected", "cancelled"]),
            "hour": st.integers(0, 300),
            "contact_id": st.sampled_from(["c", "d"]),
            "duration_seconds": st.sampled_from([None, 30.0, 90.0]),
        }
    ),
    max_size=10,
    # an hour apart nothing can be the same activity
    unique_by=lambda row: row["hour"],
)

_DONE = """
select kind, coalesce(rep_id, 'nobody') as rep, count(*) as n from activities
where coalesce(status, 'done') = 'done' and outcome is distinct from 'cancelled'
and activities.at >= timestamptz '2026-11-09 06:00Z' and activities.at < timestamptz '2026-11-16 06:00Z'
group by all
"""


def _placed(hours_and_rows):
    rows = [(row["hour"], {k: v for k, v in row.items() if k != "hour"}) for row in hours_and_rows]
    first = when("2026-11-07 00:00")
    return activities(*({**row, "at": first + pd.Timedelta(hours=hour)} for hour, row in rows))


@settings(max_examples=50, deadline=None)
@given(_ACTS)
def test_counts_agree_with_sql_where_nothing_is_logged_twice(rows):
    made = _placed(rows)
    before = made.copy(deep=True)
    table = activity(made, one_week(), Calendar(), received(), "rep_id").fillna({"rep_id": "nobody"})
    oracle = sql(_DONE, activities=made)
    expected = {(row["kind"], row["rep"]): row["n"] for row in oracle.to_dict("records")}
    for column in ("logged_count", "unique_count"):
        found = table.set_index(["kind", "rep_id"])[column].to_dict() if len(table) else {}
        assert {key: n for key, n in found.items() if n} == expected
    total = activity(made, one_week(), Calendar(), received())
    assert total["unique_count"].sum() == table["unique_count"].sum() == oracle["n"].sum()
    pd.testing.assert_frame_equal(made, before)


def ladder(acts, moves=(), by=None, groups=None, cutoff="2026-11-30 00:00", until=None, period=None):
    return activity_ladder(
        activities(*acts),
        changes(*moves),
        stages(),
        period or one_week(),
        when(cutoff),
        received(until or cutoff),
        60,
        14,
        by,
        groups,
    )


def rungs(table):
    return table.iloc[0].drop(["received_rate"]).tolist()


def to_stage(new, at, old="s1", opportunity="o"):
    return {"opportunity_id": opportunity, "field": "stage", "old": old, "new": new, "at": at}


#: The definition's example: 5 calls logged, one of them twice, two of a minute or more.
CALLS = [
    {"at": "2026-11-11 09:00", "duration_seconds": 60.0, "opportunity_id": "o", "next_step_on": "2026-11-18"},
    {"at": "2026-11-11 10:00", "duration_seconds": 300.0, "contact_id": "c"},
    {"at": "2026-11-11 11:00", "duration_seconds": 59.0, "contact_id": "c"},
    {"at": "2026-11-11 12:00", "duration_seconds": 0.0, "contact_id": "c"},
    {"at": "2026-11-11 12:01", "duration_seconds": 0.0, "contact_id": "c"},
]


def test_five_calls_climb_to_one_advance():
    table = ladder(CALLS, [to_stage("s2", "2026-11-20 09:00")])
    found = dict(zip(table.columns, table.iloc[0], strict=True))
    assert math.isnan(found.pop("decision_maker_count"))
    assert found == {
        "logged_count": 5,
        "unique_count": 4,
        "reached_count": 2,
        "two_way_count": 2,
        "next_step_count": 1,
        "advanced_count": 1,
        "undecided_count": 0,
        "received_rate": 1,
    }


@pytest.mark.parametrize(
    ("move", "advanced"),
    [
        (to_stage("s2", "2026-11-25 09:00"), 1),
        (to_stage("s2", "2026-11-25 09:00:01"), 0),
        (to_stage("s2", "2026-11-11 09:00"), 0),
        (to_stage("s2", "2026-11-11 09:00:01"), 1),
        (to_stage("s1", "2026-11-20 09:00", old="s2"), 0),
        (to_stage("lost", "2026-11-20 09:00"), 0),
        (to_stage("won", "2026-11-20 09:00"), 1),
        (to_stage("s1", "2026-11-20 09:00", old=None), 0),
        (to_stage("s2", "2026-11-20 09:00", opportunity="other"), 0),
        (
            {"opportunity_id": "o", "field": "status", "old": "open", "new": "won", "at": "2026-11-20 09:00"},
            1,
        ),
        ({"opportunity_id": "o", "field": "amount", "old": "1", "new": "2", "at": "2026-11-20 09:00"}, None),
    ],
)
def test_to_advance_is_a_later_stage_or_a_win_within_14_days(move, advanced):
    found = ladder(CALLS, [move])["advanced_count"].iloc[0]
    assert math.isnan(found) if advanced is None else found == advanced


def test_what_is_too_young_to_have_advanced_is_undecided():
    # 14 days after 09:00 of 11 November end at 09:00 of the 25th
    early = ladder(CALLS, [to_stage("s2", "2026-11-20 09:00")], cutoff="2026-11-25 08:59").iloc[0]
    assert (early["advanced_count"], early["undecided_count"]) == (0, 1)
    late = ladder(CALLS, [to_stage("s2", "2026-11-20 09:00")], cutoff="2026-11-25 09:00").iloc[0]
    assert (late["advanced_count"], late["undecided_count"]) == (1, 0)
    stale = ladder(CALLS, [to_stage("s2", "2026-11-20 09:00")], until="2026-11-24 00:00").iloc[0]
    assert (stale["advanced_count"], stale["undecided_count"]) == (0, 1)


SPOKE = {"opportunity_id": "o", **LONG}


@pytest.mark.parametrize(
    ("later", "dated"),
    [
        ({"status": "planned", "kind": "task", "at": "2026-11-20 10:00"}, 1),
        ({"kind": "meeting", "at": "2026-11-20 10:00"}, 1),
        ({"kind": "meeting", "at": "2026-11-25 10:00"}, 1),
        ({"kind": "meeting", "at": "2026-11-25 10:01"}, 0),
        ({"kind": "meeting", "at": "2026-11-11 10:02"}, 0),
        ({"kind": "meeting", "at": "2026-11-11 10:02:01"}, 1),
        ({"kind": "meeting", "at": "2026-11-20 10:00", "opportunity_id": "p"}, 0),
        ({"kind": "task", "at": "2026-11-20 10:00"}, None),
    ],
)
def test_a_next_step_is_a_planned_activity_or_a_meeting_of_the_opportunity(later, dated):
    found = ladder([SPOKE, {"opportunity_id": "o", **later}])["next_step_count"].iloc[0]
    assert math.isnan(found) if dated is None else found == dated


@pytest.mark.parametrize(("on", "dated"), [("2026-11-12", 1), ("2026-11-11", 0)])
def test_a_next_step_lies_after_the_day_of_the_activity(on, dated):
    # 19:00 in Chicago is already the 12th in UTC
    row = ladder([{**SPOKE, "at": "2026-11-11 19:00", "next_step_on": on}]).iloc[0]
    assert row["next_step_count"] == dated


@pytest.mark.parametrize(
    ("act", "reached", "two_way"),
    [
        ({"duration_seconds": 60.0}, 1, 1),
        ({"duration_seconds": 59.0}, 0, 0),
        ({"outcome": "connected"}, 1, 1),
        ({"outcome": "connected", "duration_seconds": 12.0}, 1, 0),
        ({"outcome": "voicemail", "duration_seconds": 90.0}, 0, 0),
        ({"outcome": "wrong_number", "duration_seconds": 90.0}, 1, 0),
        ({"kind": "email", "outcome": "sent"}, 0, 0),
        ({"kind": "email", "outcome": "replied"}, 1, 1),
        ({"kind": "email", "direction": "inbound"}, 1, 1),
        ({"kind": "meeting", "outcome": "held"}, 1, 1),
        ({"kind": "meeting", "outcome": "no_show"}, 0, 0),
    ],
)
def test_who_was_reached_and_who_spoke(act, reached, two_way):
    row = ladder([act]).iloc[0]
    assert (row["unique_count"], row["reached_count"], row["two_way_count"]) == (1, reached, two_way)


def test_the_rung_after_one_nobody_records_follows_the_last_that_is():
    spoke = {**SPOKE, "next_step_on": "2026-11-18"}
    assert ladder([spoke])["next_step_count"].iloc[0] == 1
    told = ladder(
        [
            {**spoke, "with_decision_maker": False},
            {**spoke, "at": "2026-11-11 12:00", "with_decision_maker": True},
        ]
    )
    assert (told["decision_maker_count"].iloc[0], told["next_step_count"].iloc[0]) == (1, 1)


def test_calls_of_which_nothing_is_told_reach_an_unknown_number():
    row = ladder([{"next_step_on": "2026-11-18"}]).iloc[0]
    assert (row["unique_count"], row["next_step_count"]) == (1, 1)
    assert math.isnan(row["reached_count"])
    assert math.isnan(row["two_way_count"])


def test_tasks_and_planned_calls_are_not_on_the_ladder():
    row = ladder([{"kind": "task"}, {"status": "planned"}, LONG]).iloc[0]
    assert (row["logged_count"], row["unique_count"]) == (1, 1)


def test_a_quiet_rep_has_zeros_and_a_rung_no_source_records_stays_missing():
    table = ladder([LONG], by="rep_id", groups=["ana", "ben"]).set_index("rep_id")
    assert table.loc["ben", ["logged_count", "unique_count", "reached_count"]].tolist() == [0, 0, 0]
    assert table["decision_maker_count"].isna().all()
    # the same in a week in which nobody did anything
    quiet = ladder([{**LONG, "at": "2026-11-02 10:00"}]).iloc[0]
    assert (quiet["logged_count"], quiet["reached_count"]) == (0, 0)
    assert math.isnan(quiet["decision_maker_count"])
    assert math.isnan(quiet["advanced_count"])


@pytest.mark.parametrize(
    ("until", "rate"),
    # the export of the 8th tells of 7 days of 14
    [("2026-11-16 00:00", 1), ("2026-11-15 09:00", 1), ("2026-11-08 09:00", 0.5), ("2026-11-02 00:00", 0)],
)
def test_the_share_of_days_the_exports_reach_is_told(until, rate):
    two_weeks = trailing(one_week(), 2)
    row = ladder([LONG], cutoff="2026-11-16 00:00", until=until, period=two_weeks).iloc[0]
    assert row["received_rate"] == rate
    assert math.isnan(row["logged_count"]) == (rate == 0)


@settings(max_examples=40, deadline=None)
@given(_ACTS)
def test_each_rung_is_no_wider_than_the_one_below_and_reps_add_up(rows):
    made = _placed(rows)
    args = (changes(), stages(), one_week(), when("2026-11-30 00:00"), received(), 60, 14)
    total, by_rep = activity_ladder(made, *args), activity_ladder(made, *args, "rep_id")
    recorded = [
        column for column in total.columns if column.endswith("_count") and total[column].notna().all()
    ]
    climbed = total[recorded].iloc[0].tolist()
    assert climbed == sorted(climbed, reverse=True)
    for column in recorded:
        assert by_rep[column].sum() == total[column].iloc[0]


def steps(acts, moves=(), by=None, cutoff="2026-11-30 00:00"):
    received_until = received(cutoff)
    return activity_ladder_steps(
        activities(*acts), changes(*moves), stages(), one_week(), when(cutoff), received_until, 60, 14, by
    )


def test_each_step_keeps_a_share_of_the_last_recorded_one_before():
    table = steps(CALLS, [to_stage("s2", "2026-11-20 09:00")]).set_index("rung")
    # 5 logged, 4 unique, 2 reached and two-way, decision maker not recorded, 1 next step, 1 advanced
    told = table.drop("decision_maker_count")[["kept_count", "of_count"]].to_numpy().tolist()
    assert told == [[4, 5], [2, 4], [2, 2], [1, 2], [1, 1]]
    assert (
        table.loc["decision_maker_count", ["kept_count", "of_count", "kept_rate", "low", "high"]].isna().all()
    )
    low, high = proportion_confint(2, 4, alpha=0.1, method="wilson")
    assert table.loc["reached_count", ["kept_rate", "low", "high"]].tolist() == pytest.approx(
        [0.5, low, high]
    )
    assert not table["is_apart"].any()


def test_what_is_too_young_is_not_held_against_the_last_step():
    row = steps(CALLS, [to_stage("s2", "2026-11-20 09:00")], cutoff="2026-11-25 08:59").iloc[-1]
    assert (row["rung"], row["kept_count"], row["of_count"]) == ("advanced_count", 0, 0)
    assert math.isnan(row["kept_rate"])


def test_a_rep_is_apart_only_where_the_range_overlaps_nobody_elses():
    def calls(rep, reached):
        # 20 calls half an hour apart, the first so many of a minute or more
        start = when("2026-11-10 08:00")
        for n in range(20):
            seconds = 240.0 if n < reached else 5.0
            yield {"rep_id": rep, "at": start + pd.Timedelta(minutes=30 * n), "duration_seconds": seconds}

    def apart(*reached):
        acts = [call for rep, n in zip(("ana", "ben", "cy"), reached, strict=False) for call in calls(rep, n)]
        table = steps(acts, by="rep_id")
        return table["rep_id"][(table["rung"] == "reached_count") & table["is_apart"]].tolist()

    # Wilson, 90 %: 2 of 20 3.6-24.9 %, 8 of 20 24.4-57.9 %, 10 of 20 32.8-67.2 %, 18 of 20 75.1-96.4 %
    assert apart(8, 10, 18) == ["cy"]
    assert apart(8, 10) == []
    assert apart(2, 18) == ["ana", "ben"]
    assert apart(2, 8, 18) == ["cy"]
    assert apart(2) == []


def test_steps_of_nothing_have_no_rates_and_no_such_grouping_is_refused():
    table = steps([])
    assert table["kept_rate"].isna().all()
    assert not table["is_apart"].any()
    with pytest.raises(MetricError, match="no such grouping"):
        steps(CALLS, by="territory")

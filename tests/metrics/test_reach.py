"""Connect rate and show rate: who is reached, and who comes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.reach import connect_rate, show_rate
from spm_lib.periods import Calendar
from tests.metrics.frames import activities, one_week, received
from tests.metrics.made import sql


def connected(*rows, by=None, groups=None, until="2026-11-16 00:00"):
    return connect_rate(activities(*rows), one_week(), Calendar(), received(until), 60, by, groups)


def shown(*rows, by=None, groups=None, until="2026-11-16 00:00"):
    frame = activities(*({"kind": "meeting", **row} for row in rows))
    return show_rate(frame, one_week(), Calendar(), received(until), by, groups)


def hours(*rows):
    """Rows an hour apart, so that none is another log of the one before."""
    return [{"at": f"2026-11-11 {8 + place:02d}:00", **row} for place, row in enumerate(rows)]


def test_two_of_four_calls_of_which_anything_is_known_reach_somebody():
    row = connected(
        *hours(
            {"duration_seconds": 240.0},
            {"duration_seconds": 20.0},
            {"outcome": "no_answer"},
            {"outcome": "connected"},
            {},
        )
    ).iloc[0]
    assert row[["dial_count", "known_count", "connected_count", "unknown_count"]].tolist() == [5, 4, 2, 1]
    assert row["connect_rate"] == 2 / 4
    low, high = proportion_confint(2, 4, alpha=0.10, method="wilson")
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert (round(row["low"], 2), round(row["high"], 2)) == (0.18, 0.82)


def test_a_call_that_came_in_or_is_planned_is_no_dial_and_four_logs_are_one():
    long = {"duration_seconds": 240.0}
    table = connected(
        *({**long, "contact_id": f"c{place}"} for place in range(4)),
        {**long, "at": "2026-11-11 14:00", "direction": "inbound"},
        {**long, "at": "2026-11-11 15:00", "status": "planned"},
        {**long, "at": "2026-11-11 16:00", "kind": "meeting"},
    )
    assert table["dial_count"].tolist() == [1]


def test_the_week_begins_and_ends_on_the_clients_midnight():
    edges = ["2026-11-08 23:50", "2026-11-09 00:00", "2026-11-15 23:50", "2026-11-16 00:00"]
    assert connected(*({"at": at, "duration_seconds": 90.0} for at in edges))["dial_count"].tolist() == [2]
    assert shown(*({"at": at, "outcome": "held"} for at in edges))["booked_count"].tolist() == [2]


def test_no_calls_is_no_rate_and_no_export_is_no_number():
    row = connected({"at": "2026-11-02 10:00", "duration_seconds": 90.0}).iloc[0]
    assert row["dial_count"] == 0
    assert math.isnan(row["connect_rate"])
    unreached = connected({"duration_seconds": 90.0}, until="2026-11-09 00:00").iloc[0]
    assert unreached.isna().all()
    # calls are logged, but nothing ever says what became of any
    assert math.isnan(connected({}, {"at": "2026-11-11 12:00"})["connected_count"].iloc[0])


def test_three_held_of_four_who_should_have_come():
    held = [{"outcome": "held"}] * 3
    rest = [{"outcome": "no_show"}, {"outcome": "cancelled"}, {"outcome": None}]
    row = shown(*hours(*held, *rest)).iloc[0]
    counts = ["booked_count", "held_count", "no_show_count", "cancelled_count", "unknown_count"]
    assert row[counts].tolist() == [6, 3, 1, 1, 1]
    assert (row["show_rate"], row["hold_rate"]) == (3 / 4, 3 / 5)
    assert (round(row["low"], 2), round(row["high"], 2)) == (0.36, 0.94)
    low, high = proportion_confint(3, 5, alpha=0.10, method="wilson")
    assert (row["hold_low"], row["hold_high"]) == (pytest.approx(low), pytest.approx(high))


def test_a_meeting_moved_twice_is_booked_once_at_its_last_date():
    moved = [{"outcome": "rescheduled"}, {"outcome": "rescheduled"}, {"outcome": "held"}]
    assert shown(*hours(*moved))["booked_count"].tolist() == [1]


def test_meetings_of_which_no_outcome_is_recorded_have_no_show_rate():
    row = shown(*hours({}, {})).iloc[0]
    assert (row["booked_count"], row["unknown_count"]) == (2, 2)
    assert math.isnan(row["held_count"])
    assert math.isnan(row["show_rate"])
    assert shown({"outcome": "held"}, until="2026-11-09 00:00")["booked_count"].isna().all()


_ACTS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["call", "meeting"]),
            "rep_id": st.sampled_from(["ana", "ben", None]),
            "duration_seconds": st.sampled_from([None, 0.0, 59.0, 60.0, 600.0]),
            "outcome": st.sampled_from([None, "connected", "no_answer", "held", "no_show", "cancelled"]),
        }
    ),
    max_size=14,
)


@settings(max_examples=30, deadline=None)
@given(_ACTS)
def test_reps_add_up_to_the_team_and_to_a_query(rows):
    frame = activities(*({**row, "at": f"2026-11-11 {7 + place:02d}:00"} for place, row in enumerate(rows)))
    facts = (frame, one_week(), Calendar(), received())
    counts = ["dial_count", "known_count", "connected_count", "unknown_count"]
    team = connect_rate(*facts, 60)
    reps = connect_rate(*facts, 60, "rep_id", ["cy"])
    assert reps[counts].sum(skipna=True).tolist() == team[counts].iloc[0].fillna(0).tolist()
    (dials, known), *_ = sql(
        """select count(*), count(*) filter (duration_seconds is not null or outcome in
        ('connected', 'no_answer')) from acts where kind = 'call' and outcome is distinct from 'cancelled'""",
        acts=frame,
    ).to_numpy()
    assert team.loc[0, ["dial_count", "known_count"]].tolist() == [dials, known]
    met = show_rate(*facts)
    by_rep = show_rate(*facts, "rep_id")
    assert by_rep["booked_count"].sum() == met["booked_count"].sum()
    (booked, held), *_ = sql(
        """select count(*), count(*) filter (outcome in ('held', 'connected')) from acts
        where kind = 'meeting'""",
        acts=frame,
    ).to_numpy()
    assert met.loc[0, "booked_count"] == booked
    assert math.isnan(met.loc[0, "held_count"]) or met.loc[0, "held_count"] == held


def test_a_grouping_it_does_not_have_is_refused():
    with pytest.raises(MetricError, match="no such grouping"):
        connected(by="territory")
    with pytest.raises(MetricError, match="no such grouping"):
        shown(by="territory")

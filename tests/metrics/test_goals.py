"""Attainment, pace and coverage: worked by hand, against SQL, and where there is no goal."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_lib.errors import MetricError
from spm_lib.metrics.attainment import attainment
from spm_lib.metrics.coverage import pipeline_coverage_ratio
from spm_lib.metrics.goals import expected_by_day
from spm_lib.metrics.hygiene_effect import hygiene_effect
from spm_lib.metrics.pace import pace
from spm_lib.periods import Calendar, Period, month, quarter
from tests.metrics.frames import ZONE, opportunities, outcomes, quotas, when
from tests.metrics.made import outcome_frames, sql

NO_PAST = pd.DataFrame({"open_amount": [], "booked_after_amount": []}, dtype="float64")
#: 65 weekdays, like the example of `pace`: 28 September to 27 December.
Q65 = Period(date(2026, 9, 28), date(2026, 12, 28), "thirteen weeks", ZONE)


def booked(amount, **more):
    return {"outcome": "won", "amount": amount, **more}


def test_24_000_against_half_of_60_000_is_80_percent(q4, calendar):
    goal = quotas({"rep_id": "ana", "amount": 60_000, "ramp_rate": 0.5})
    row = attainment(outcomes(booked(24_000)), goal, q4, calendar).iloc[0]
    assert (row["bookings"], row["quota"], row["attainment_rate"]) == (24_000, 30_000, 0.8)


def test_more_than_the_goal_is_shown_as_more_than_100_percent(q4, calendar):
    row = attainment(outcomes(booked(30_000)), quotas({"amount": 20_000}), q4, calendar).iloc[0]
    assert row["attainment_rate"] == 1.5


@pytest.mark.parametrize("goal", [quotas(), quotas({"rep_id": "ana", "amount": 0})], ids=["none", "zero"])
def test_without_a_goal_bookings_show_and_the_rate_is_missing(goal, q4, calendar):
    row = attainment(outcomes(booked(24_000)), goal, q4, calendar, by="rep_id").iloc[0]
    assert row["bookings"] == 24_000
    assert math.isnan(row["attainment_rate"])


def test_won_ones_without_an_amount_are_counted_and_not_booked_as_zero(q4, calendar):
    row = attainment(outcomes(booked(None)), quotas({"amount": 10}), q4, calendar).iloc[0]
    assert (row["won_count"], row["no_amount_count"]) == (1, 1)
    assert math.isnan(row["bookings"])
    assert math.isnan(row["attainment_rate"])


def test_nothing_won_against_a_goal_is_zero_percent(q4, calendar):
    row = attainment(outcomes(), quotas({"amount": 10}), q4, calendar).iloc[0]
    assert (row["bookings"], row["attainment_rate"]) == (0, 0)


def test_a_goal_for_the_quarter_counts_for_a_month_by_its_business_days(calendar):
    november = month(date(2026, 11, 1), time_zone=ZONE)
    row = attainment(outcomes(), quotas({"amount": 66_000}), november, calendar).iloc[0]
    # the quarter has 22 + 21 + 23 = 66 weekdays, November 21 of them
    assert (row["quota"], row["prorated_count"]) == (21_000, 1)


def test_the_teams_own_goal_is_not_added_to_those_of_its_reps(q4, calendar):
    goal = quotas({"amount": 100}, {"rep_id": "ana", "amount": 70}, {"rep_id": "ben", "amount": 50})
    assert attainment(outcomes(), goal, q4, calendar)["quota"].iloc[0] == 100
    by_rep = attainment(outcomes(), goal, q4, calendar, by="rep_id")
    assert dict(zip(by_rep["rep_id"], by_rep["quota"], strict=True)) == {"ana": 70, "ben": 50}
    assert attainment(outcomes(), goal.iloc[1:], q4, calendar)["quota"].iloc[0] == 120


def test_a_win_on_a_day_that_no_goal_covers_is_booked_and_is_in_no_rate(q4, calendar):
    """A goal for November alone: 8,000 won on a Sunday of November against it, 5,000 of October beside it."""
    november = {"period_start": "2026-11-01", "period_end": "2026-12-01"}
    goal = quotas({"rep_id": "ana", "amount": 10_000, **november})
    won = outcomes(booked(8_000, outcome_at="2026-11-15 23:00"), booked(5_000, outcome_at="2026-10-31 23:59"))
    for by in (None, "rep_id"):
        row = attainment(won, goal, q4, calendar, by=by).iloc[0]
        assert (row["bookings"], row["uncovered_bookings"]) == (13_000, 5_000)
        assert row["attainment_rate"] == 0.8
    # who has no goal at all has bookings, all of them outside
    other = attainment(won.assign(rep_id="ben"), goal, q4, calendar, by="rep_id").set_index("rep_id")
    assert other.loc["ben", "uncovered_bookings"] == 13_000
    assert math.isnan(other.loc["ben", "attainment_rate"])


def test_goals_in_two_currencies_are_not_added(q4, calendar):
    goal = quotas(
        {"rep_id": "ana", "amount": 1, "currency": "USD"}, {"rep_id": "ben", "amount": 1, "currency": "EUR"}
    )
    with pytest.raises(MetricError, match="several currencies"):
        attainment(outcomes(), goal, q4, calendar)


def test_a_split_books_each_rep_its_share_and_the_team_the_whole(q4, calendar):
    shares = [
        {"opportunity_id": "o", "rep_id": rep, "share_rate": rate, **booked(1000 * rate)}
        for rep, rate in (("ana", 0.6), ("ben", 0.4))
    ]
    by_rep = attainment(outcomes(*shares), quotas(), q4, calendar, by="rep_id")
    assert by_rep["bookings"].tolist() == [600, 400]
    assert by_rep["won_count"].tolist() == [0.6, 0.4]
    team = attainment(outcomes(*shares), quotas(), q4, calendar).iloc[0]
    assert (team["bookings"], team["won_count"]) == (1000, 1)


_BOOKED = """
select {group} as key, sum(amount) as bookings, sum(share_rate) as won from outcomes
where outcome = 'won' and outcome_at >= timestamptz '2026-10-01 05:00Z'
and outcome_at < timestamptz '2027-01-01 06:00Z' group by {group}
"""


@settings(max_examples=50, deadline=None)
@given(outcome_frames())
def test_bookings_agree_with_sql_and_reps_add_up_to_the_team(made):
    before, calendar = made.copy(deep=True), Calendar()
    q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
    goal = quotas({"rep_id": "ana", "amount": 1000}, {"rep_id": "ben", "amount": 500})
    ours = attainment(made, goal, q4, calendar, by="rep_id").fillna({"rep_id": "nobody"})
    oracle = sql(_BOOKED.format(group="rep_id"), outcomes=made).fillna({"key": "nobody"}).set_index("key")
    for row in ours.to_dict("records"):
        expected = oracle["bookings"].get(row["rep_id"], 0.0)
        assert row["bookings"] == pytest.approx(float(expected), abs=0.0101, nan_ok=True)
    team = attainment(made, goal, q4, calendar).iloc[0]
    assert ours["won_count"].sum() == pytest.approx(team["won_count"])
    if not math.isnan(team["bookings"]):
        assert round(ours["bookings"].sum() * 100) == round(team["bookings"] * 100)
    assert team["quota"] == ours["quota"].sum() == 1500
    pd.testing.assert_frame_equal(made, before)


def test_pace_is_bookings_against_the_business_days_gone(calendar):
    goal = quotas({"amount": 65_000, "period_start": "2026-09-28", "period_end": "2026-12-28"})
    rows = outcomes(booked(40_000, outcome_at="2026-10-15 12:00"))
    # 28 September to 10 November: 6 whole weeks and 2 days
    row = pace(rows, goal, Q65, when("2026-11-11 00:00"), calendar).iloc[0]
    assert (row["business_days"], row["business_days_elapsed"]) == (65, 32)
    assert (row["expected_to_date"], row["gap"], row["pace_ratio"]) == (32_000, 8_000, 1.25)
    # 33 days are 6.6 weeks; 25,000 / 6.6
    assert (row["weeks_left"], row["needed_per_week"]) == (6.6, 3787.88)


def test_pace_does_not_see_a_win_at_the_cutoff(q4, calendar):
    cutoff = when("2026-11-16 00:00")
    rows = outcomes(
        booked(1, outcome_at="2026-11-15 23:59:59"),
        booked(2, outcome_at="2026-11-16 00:00"),
        booked(4, outcome_at="2026-09-30 23:59:59"),
        booked(8, outcome_at="2026-10-01 00:00"),
    )
    assert pace(rows, quotas(), q4, cutoff, calendar)["bookings"].iloc[0] == 9


def test_a_holiday_asks_for_nothing(q4):
    goal, cutoff = quotas({"amount": 65_000}), when("2026-11-27 00:00")
    thanksgiving = Calendar(frozenset({date(2026, 11, 26)}))
    row = pace(outcomes(), goal, q4, cutoff, thanksgiving).iloc[0]
    # 22 in October and 18 to Wednesday 25 November; 65 left of 66
    assert (row["business_days_elapsed"], row["business_days"], row["expected_to_date"]) == (40, 65, 40_000)


def test_pace_without_a_goal_is_missing_and_a_goal_made_needs_nothing(q4, calendar):
    cutoff, rows = when("2026-11-16 00:00"), outcomes(booked(500))
    row = pace(rows, quotas(), q4, cutoff, calendar).iloc[0]
    assert row["bookings"] == 500
    assert row[["quota", "gap", "pace_ratio", "needed_per_week", "expected_to_date"]].isna().all()
    assert pace(rows, quotas({"amount": 400}), q4, cutoff, calendar)["needed_per_week"].iloc[0] == 0


def test_pace_on_the_first_and_after_the_last_day_divides_by_nothing(q4, calendar):
    goal = quotas({"amount": 66_000})
    first = pace(outcomes(), goal, q4, q4.start_at, calendar).iloc[0]
    assert (first["expected_to_date"], math.isnan(first["pace_ratio"])) == (0, True)
    last = pace(outcomes(), goal, q4, q4.end_at, calendar).iloc[0]
    assert (last["expected_to_date"], last["weeks_left"], math.isnan(last["needed_per_week"])) == (
        66_000,
        0,
        True,
    )


@settings(max_examples=60, deadline=None)
@given(
    starts=st.dates(date(2026, 7, 1), date(2026, 12, 1)),
    days=st.integers(1, 200),
    holidays=st.sets(st.dates(date(2026, 10, 1), date(2026, 12, 31)), max_size=8),
    cut=st.dates(date(2026, 10, 1), date(2026, 12, 31)),
)
def test_goal_and_line_agree_with_numpys_business_days(starts, days, holidays, cut):
    ends, calendar = starts + timedelta(days=days), Calendar(frozenset(holidays))
    q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
    off = sorted(holidays)
    own = np.busday_count(starts, ends, holidays=off)
    shared = np.busday_count(max(starts, q4.start), max(min(ends, q4.end), q4.start, starts), holidays=off)
    gone = np.busday_count(max(starts, q4.start), max(min(ends, cut), q4.start, starts), holidays=off)
    if own == 0:
        return
    goal = quotas({"amount": 10_000, "period_start": str(starts), "period_end": str(ends)})
    row = pace(outcomes(), goal, q4, when(str(cut)), calendar).iloc[0]
    if shared <= 0:
        assert math.isnan(row["quota"])
        return
    assert row["quota"] == pytest.approx(10_000 * shared / own, abs=0.006)
    assert row["expected_to_date"] == pytest.approx(10_000 * max(gone, 0) / own, abs=0.006)


def test_the_line_of_the_figure_ends_at_the_goal_and_rests_on_weekends(q4, calendar):
    line = expected_by_day(quotas({"amount": 66_000}), q4, calendar)
    assert line.iloc[-1] == 66_000
    assert line["2026-11-13"] == line["2026-11-15"] == 32_000
    assert expected_by_day(quotas(), q4, calendar).isna().all()


def open_one(amount, close="2026-12-01", **more):
    return {"amount": amount, "expected_close": close, **more}


def cover(open_ones, won, goal, horizon, calendar, past=NO_PAST):
    cutoff = when("2026-11-16 00:00")
    return pipeline_coverage_ratio(open_ones, won, goal, horizon, cutoff, calendar, past).iloc[0]


def test_60_000_open_for_30_000_to_go_is_covered_twice(q4, calendar):
    past = pd.DataFrame({"open_amount": [50_000.0] * 4, "booked_after_amount": [31_250.0] * 4})
    open_ones = opportunities(
        open_one(40_000), open_one(20_000, "2026-12-31"), open_one(99, "2027-01-01"), open_one(7, None)
    )
    row = cover(open_ones, outcomes(booked(70_000)), quotas({"amount": 100_000}), q4, calendar, past)
    assert (row["open_count"], row["open_amount"], row["undated_count"]) == (2, 60_000, 1)
    assert (row["remaining"], row["coverage_ratio"], row["state"]) == (30_000, 2.0, "measured")
    # 4 × 50,000 open, 4 × 31,250 booked after it
    assert (row["required_ratio"], row["required_basis"]) == (1.6, "4 past periods at the same point")


@pytest.mark.parametrize(
    ("won", "goal", "open_amount", "state"),
    [
        ([booked(100)], [{"amount": 100}], 50.0, "already made"),
        ([], [], 50.0, "no quota"),
        ([], [{"amount": 100}], None, "no amounts"),
    ],
)
def test_coverage_is_never_infinite_and_says_why_it_is_missing(won, goal, open_amount, state, q4, calendar):
    row = cover(opportunities(open_one(open_amount)), outcomes(*won), quotas(*goal), q4, calendar)
    assert row["state"] == state
    assert math.isnan(row["coverage_ratio"])


def test_open_ones_without_any_expected_close_are_not_an_empty_pipeline(q4, calendar):
    """Zero open for the quarter would be a lie: nobody wrote down when."""
    row = pipeline_coverage_ratio(
        opportunities({"amount": 50_000}, {"amount": 9_000}),
        outcomes(booked(1_000)),
        quotas({"amount": 10_000}),
        q4,
        when("2026-11-16"),
        calendar,
        NO_PAST,
    ).iloc[0]
    assert (row["open_count"], row["undated_count"], row["state"]) == (0, 2, "no expected close")
    assert math.isnan(row["open_amount"])
    assert math.isnan(row["coverage_ratio"])


def test_where_won_ones_close_within_days_the_pipeline_says_little(q4, calendar):
    quick = [booked(1, created_at="2026-11-01 12:00") for _ in range(10)]
    row = cover(opportunities(open_one(50)), outcomes(*quick), quotas({"amount": 100}), q4, calendar)
    assert (row["cycle_days"], row["state"]) == (10, "cycle too short")
    nine = cover(opportunities(open_one(50)), outcomes(*quick[:9]), quotas({"amount": 100}), q4, calendar)
    assert (math.isnan(nine["cycle_days"]), nine["state"]) == (True, "measured")


def test_a_quarter_of_the_goal_period_is_no_short_cycle(q4, calendar):
    # 92 days / 4 = 23; the clocks changed in between, so the hour differs
    slow = [booked(1, created_at="2026-10-19 13:00", outcome_at="2026-11-11 12:00") for _ in range(10)]
    row = cover(opportunities(open_one(50)), outcomes(*slow), quotas({"amount": 100}), q4, calendar)
    assert (row["cycle_days"], row["state"]) == (23, "measured")


def test_negative_cycles_are_not_data(q4, calendar):
    rows = [booked(1, created_at="2026-11-01 12:00") for _ in range(10)]
    rows += [booked(1, created_at="2026-12-24 12:00") for _ in range(30)]
    assert cover(opportunities(), outcomes(*rows), quotas(), q4, calendar)["cycle_days"] == 10


def test_three_past_periods_are_too_few_for_a_required_coverage(q4, calendar):
    past = pd.DataFrame({"open_amount": [1.0] * 3, "booked_after_amount": [1.0] * 3})
    row = cover(opportunities(), outcomes(), quotas(), q4, calendar, past)
    assert math.isnan(row["required_ratio"])
    assert row["required_basis"] == "fewer than 4 past periods"


def test_without_the_overdue_ones_coverage_is_smaller(q4, calendar):
    # 93,000 / 30,000 = 3.1; without 51,000 overdue 42,000 / 30,000 = 1.4
    open_ones = opportunities(open_one(42_000), open_one(50_000, "2026-11-15"), open_one(1_000, "2026-10-01"))
    cutoff, goal = when("2026-11-16 00:00"), quotas({"amount": 30_000})
    row = hygiene_effect(open_ones, outcomes(), goal, q4, cutoff, calendar, NO_PAST).iloc[0]
    assert (row["overdue_count"], row["overdue_amount"], row["open_amount_without"]) == (2, 51_000, 42_000)
    assert row["coverage_ratio"] == pytest.approx(3.1)
    assert row["coverage_ratio_without"] == pytest.approx(1.4)


def test_an_opportunity_expected_on_the_cutoffs_own_day_is_not_overdue(q4, calendar):
    open_ones = opportunities(open_one(1, "2026-11-16"))
    effect = hygiene_effect(
        open_ones, outcomes(), quotas({"amount": 1}), q4, when("2026-11-16 00:00"), calendar, NO_PAST
    )
    assert effect["overdue_count"].iloc[0] == 0
    assert effect["coverage_ratio"].iloc[0] == effect["coverage_ratio_without"].iloc[0] == 1

"""The plan solved backwards: by hand, its ranges against scipy, and what is not known said."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spm_lib.errors import MetricError
from spm_lib.metrics.plan_arithmetic import Rates, plan_arithmetic, solve
from spm_lib.periods import Calendar, quarter
from tests.metrics.frames import ZONE, activities, opportunities, outcomes, quotas, when

Q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
#: 40 business days, 8 weeks, are left from 6 November on.
CUTOFF = when("2026-11-06 00:00")


def past(won=10, lost=30, amount=6_000.0, rep="ana"):
    """Outcomes before the goal period."""
    shared = {"rep_id": rep, "outcome_at": "2026-09-01 12:00"}
    rows = [{"outcome": "won", "amount": amount, **shared}] * won + [{"outcome": "lost", **shared}] * lost
    return [{**row, "opportunity_id": f"{rep}{n}"} for n, row in enumerate(rows)]


def talks(weeks, each, rep="ana"):
    """Connected calls on the Wednesday of each of the last weeks, half an hour apart."""
    days = pd.date_range(end="2026-11-04", periods=weeks, freq="7D")
    return [
        {
            "activity_id": f"{rep}{day:%m%d}-{n}",
            "rep_id": rep,
            "outcome": "connected",
            "duration_seconds": 300.0,
            "at": f"{day:%Y-%m-%d} {8 + n // 2:02d}:{30 * (n % 2):02d}",
        }
        for day in days
        for n in range(each)
    ]


def created(weeks, each, rep="ana"):
    days = pd.date_range(end="2026-11-04", periods=weeks, freq="7D")
    return [
        {"opportunity_id": f"{rep}{day:%m%d}-{n}", "rep_id": rep, "created_at": f"{day:%Y-%m-%d} 09:00"}
        for day in days
        for n in range(each)
    ]


def solved(closed, calls, new, goal=60_000, by="rep_id", cutoff=CUTOFF, **more):
    goals = quotas({"rep_id": "ana", "amount": goal}) if goal is not None else quotas()
    return plan_arithmetic(
        opportunities(*new),
        outcomes(*closed),
        activities(*calls),
        goals,
        Q4,
        cutoff,
        Calendar(),
        60,
        by=by,
        **more,
    )


def test_the_example_of_the_card_is_10_wins_40_opportunities_20_conversations():
    # 8 conversations and 2 opportunities a week: 4 each; 10 of 40 won; 60,000 / 6,000
    row = solved(past(), talks(10, 8), created(10, 2)).iloc[0]
    assert (row["to_go"], row["weeks_left"], row["win_rate"], row["conversations_each"]) == (
        60_000,
        8,
        0.25,
        4,
    )
    assert (row["wins_needed"], row["opportunities_needed"], row["conversations_per_week"]) == (10, 40, 20)
    assert (row["conversations_now"], row["conversations_most"], row["unknown"]) == (8, 8, "")
    # even the lower end of the range is more than the 8 anybody ever had
    assert row["conversations_per_week_low"] > 8
    assert row["state"] == "impossible"


def test_a_colleague_who_did_more_makes_it_possible_or_a_stretch():
    calls = [*talks(10, 8), *talks(1, 21, rep="ben")]
    row = solved(past(), calls, created(10, 2)).iloc[0]
    assert row["conversations_most"] == 21
    assert row["conversations_per_week_low"] < 21 < row["conversations_per_week_high"]
    assert row["state"] == "a stretch"
    assert solved(past(), talks(10, 8), created(10, 2), goal=5_000).iloc[0]["state"] == "possible"


def test_bookings_count_towards_the_goal_and_a_goal_made_asks_for_nothing():
    now = {"outcome": "won", "amount": 12_000.0, "outcome_at": "2026-10-05 12:00", "opportunity_id": "now"}
    row = solved([*past(), now], talks(10, 8), created(10, 2)).iloc[0]
    assert (row["bookings"], row["to_go"]) == (12_000, 48_000)
    made = solved([*past(), now], talks(10, 8), created(10, 2), goal=12_000).iloc[0]
    assert (made["state"], made["to_go"], made["conversations_per_week"]) == ("made", 0, 0)


@pytest.mark.parametrize(
    ("closed", "calls", "goal", "said"),
    [
        (past(won=4), [], 60_000, "fewer than 5 won with an amount; conversations are not recorded"),
        (past(won=5, lost=4), talks(10, 8), 60_000, "fewer than 10 decided"),
        (past(won=0, lost=40), talks(10, 8), 60_000, "fewer than 5 won with an amount; nothing won"),
        (past(amount=None), talks(10, 8), 60_000, "fewer than 5 won with an amount"),
        (past(), talks(10, 8), None, "no goal"),
    ],
)
def test_what_is_not_known_is_said_and_nothing_rests_on_it(closed, calls, goal, said):
    table = solved(closed, calls, created(10, 2), goal=goal, groups=["ana"])
    row = table.iloc[0]
    assert said in row["unknown"]
    assert row["state"] == "unknown"
    assert math.isnan(row["conversations_per_week"])


def test_what_is_known_is_told_although_conversations_are_not():
    row = solved(past(), [], created(10, 2)).iloc[0]
    assert (row["wins_needed"], row["opportunities_needed"]) == (10, 40)
    assert math.isnan(row["conversations_per_week"])


def test_after_the_last_day_no_time_is_left():
    assert solved(past(), talks(10, 8), created(10, 2), cutoff=Q4.end_at).iloc[0]["state"] == "no time left"


def test_the_teams_plan_is_held_against_the_teams_best_week():
    calls = [*talks(10, 8), *talks(10, 3, rep="ben")]
    row = solved(past(), calls, created(10, 2), by=None).iloc[0]
    assert (row["conversations_most"], row["conversations_now"]) == (11, 11)


def test_a_split_win_counts_with_its_whole_amount_and_half_a_win():
    shared = [{**row, "share_rate": 0.5, "amount": 3_000.0} for row in past(won=10, lost=0)]
    row = solved([*shared, *past(won=0, lost=30)], talks(10, 8), created(10, 2)).iloc[0]
    assert (row["mean_won_amount"], row["won_count"], row["decided_count"]) == (6_000, 5, 35)


def test_equal_amounts_leave_the_win_rate_as_the_only_doubt():
    rates = Rates(np.full(10, 6_000.0), 10, 40, 20, 80.0, 10)
    wins, needed = solve(60_000, 8, rates)["wins_needed"], solve(60_000, 8, rates)["opportunities_needed"]
    assert wins == pytest.approx((10, 10, 10))
    # the ends are 10 wins divided by the ends of Jeffreys' 90 % interval of 10 in 40; as 4,000 draws find
    # them: a tail of 5 % has a standard error of √(0.05 × 0.95 / 4,000) = 0.0034
    beyond = stats.beta.cdf([10 / needed[2], 10 / needed[1]], 10.5, 30.5)
    assert np.abs(beyond - [0.05, 0.95]).max() < 3 * 0.0034


@settings(max_examples=40, deadline=None)
@given(
    to_go=st.floats(0, 1e6),
    more=st.floats(0, 1e6),
    won=st.integers(1, 30),
    lost=st.integers(9, 60),
    talked=st.integers(0, 500),
)
def test_more_to_go_never_asks_for_less_and_ranges_hold_their_value(to_go, more, won, lost, talked):
    rates = Rates(np.linspace(500, 2_000, 12), won, won + lost, 40, talked, 20)
    less, larger = solve(to_go, 6, rates), solve(to_go + more, 6, rates)
    for name, (value, low, high) in less.items():
        assert low <= high
        assert all(a <= b + 1e-9 for a, b in zip((value, low, high), larger[name], strict=True))


def test_it_has_no_other_grouping():
    with pytest.raises(MetricError, match="no such grouping"):
        solved([], [], [], by="territory")

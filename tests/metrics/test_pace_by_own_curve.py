"""Pace along the client's own curve: worked by hand, against scipy, and where there is no past."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spm_lib.metrics.pace import pace
from spm_lib.metrics.pace_by_own_curve import expected_shares, own_curve, pace_by_own_curve, project
from spm_lib.metrics.past_periods import covered_periods, preceding
from spm_lib.periods import Calendar, Period, fiscal_year, month, quarter
from tests.metrics.frames import ZONE, outcomes, quotas, when

#: The four quarters before the fourth of 2026: (booked early, booked late).
PAST = {"2025-10": (30, 70), "2026-01": (40, 60), "2026-04": (40, 60), "2026-07": (50, 50)}
#: 17 November 2026: 33 of 66 business days gone.
HALF = "2026-11-17 00:00"


def won(amount, at, **more):
    return {"outcome": "won", "amount": amount, "outcome_at": at, **more}


def history(*now, thousand=1_000):
    """A loss before all quarters, so that they are on record, then one early and one late win in each."""
    rows = [{"outcome": "lost", "outcome_at": "2025-10-01 00:00"}]
    for start, (early, late) in PAST.items():
        year, first = map(int, start.split("-"))
        rows += [
            won(early * thousand, f"{start}-05 12:00"),
            won(late * thousand, f"{year}-{first + 2:02d}-20 12:00"),
        ]
    return outcomes(*rows, *now)


def test_the_example_of_the_card(q4, calendar):
    made = history(won(44_000, "2026-10-05 12:00"))
    row = pace_by_own_curve(made, quotas({"amount": 100_000}), q4, when(HALF), calendar).iloc[0]
    # shares 0.3, 0.4, 0.4, 0.5
    assert row["expected_share"] == pytest.approx(0.4)
    assert (row["lowest_share"], row["highest_share"]) == (0.3, 0.5)
    assert (row["expected_to_date"], row["gap"]) == (40_000, 4_000)
    # 70, 60, 60 and 50 thousand came after this point: mean 60, sd 8.165
    half = stats.t.ppf(0.9, 3) * np.std([70, 60, 60, 50], ddof=1) * math.sqrt(1.25) * 1_000
    assert (row["projection"], row["period_count"]) == (104_000, 4)
    assert (row["low"], row["high"]) == (
        pytest.approx(104_000 - half, abs=0.01),
        pytest.approx(104_000 + half, abs=0.01),
    )
    assert round(half) == 14_950
    # 33 business days are 6.6 weeks; 56,000 / 6.6
    assert (row["weeks_left"], row["needed_per_week"]) == (6.6, 8_484.85)
    assert row["basis"] == "own curve of 4 past periods"


def test_with_three_past_periods_the_straight_line_holds_and_says_so(q4, calendar):
    made = history(won(44_000, "2026-10-05 12:00"))
    # the first loss is gone, so the quarter of 2025-10 is not covered from its beginning
    made = made[made["outcome_at"] > when("2025-11-01 00:00")].reset_index(drop=True)
    goal = quotas({"amount": 100_000})
    row = pace_by_own_curve(made, goal, q4, when(HALF), calendar).iloc[0]
    line = pace(made, goal, q4, when(HALF), calendar).iloc[0]
    shared = ["bookings", "quota", "expected_to_date", "gap", "pace_ratio", "needed_per_week", "basis"]
    assert row[shared].tolist() == line[shared].tolist()
    assert row[["projection", "low", "high", "lowest_share"]].isna().all()


def test_a_group_is_held_against_the_clients_curve_and_projected_from_its_own_past(q4, calendar):
    lost = {"outcome": "lost", "outcome_at": "2025-10-01 00:00", "rep_id": "ben"}
    made = history(lost, won(1_000, "2026-10-05 12:00", rep_id="ben"))
    goal = quotas({"rep_id": "ana", "amount": 10_000}, {"rep_id": "ben", "amount": 10_000})
    table = pace_by_own_curve(made, goal, q4, when(HALF), calendar, by="rep_id").set_index("rep_id")
    assert table["expected_to_date"].to_dict() == {"ana": 4_000, "ben": 4_000}
    assert table["projection"].to_dict() == {"ana": 60_000, "ben": 1_000}


def test_a_rep_who_has_just_joined_has_no_past_and_no_projection(q4, calendar):
    made = history(won(1_000, "2026-10-05 12:00", rep_id="cy"))
    table = pace_by_own_curve(made, quotas(), q4, when(HALF), calendar, by="rep_id").set_index("rep_id")
    assert table["period_count"].to_dict() == {"cy": 0}
    assert table[["projection", "low", "high"]].isna().all(axis=None)


def test_without_a_goal_the_projection_stands_and_the_rest_is_missing(q4, calendar):
    row = pace_by_own_curve(history(), quotas(), q4, when(HALF), calendar).iloc[0]
    assert row["projection"] == 60_000
    assert row[["quota", "gap", "pace_ratio", "expected_to_date", "needed_per_week"]].isna().all()


def test_what_is_won_later_is_not_seen(q4, calendar):
    early = pace_by_own_curve(history(), quotas({"amount": 9}), q4, when(HALF), calendar)
    later = history(won(10_000, HALF), won(10_000, "2026-12-01 12:00"))
    assert pace_by_own_curve(later, quotas({"amount": 9}), q4, when(HALF), calendar).equals(early)


def test_the_curve_of_the_figure_ends_at_all_of_it_and_rests_on_weekends(q4, calendar):
    curve = expected_shares(history(), q4, calendar).set_index("day")
    assert curve["share"].iloc[-1] == curve["lowest"].iloc[-1] == 1
    assert curve["share"]["2026-11-13"] == curve["share"]["2026-11-15"] == pytest.approx(0.4)
    assert (curve["share"].diff().dropna() >= 0).all()


@settings(max_examples=50, deadline=None)
@given(
    amounts=st.lists(st.integers(0, 10**6), min_size=8, max_size=8),
    days=st.lists(st.integers(0, 85), min_size=8, max_size=8),
)
def test_any_curve_rises_from_nothing_to_all(amounts, days):
    rows = [{"outcome": "lost", "outcome_at": "2025-10-01 00:00"}]
    starts = [date(2025, 10, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)] * 2
    for amount, day, start in zip(amounts, days, starts, strict=True):
        rows.append(won(amount, f"{start + timedelta(days=day)} 12:00"))
    q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
    curve = own_curve(outcomes(*rows), q4, Calendar()).expected
    assert (curve[0], curve[-1]) == (0, pytest.approx(1))
    assert (np.diff(curve) >= -1e-12).all()


def test_the_range_of_a_projection_holds_the_next_period_80_times_in_100():
    chance = np.random.default_rng(5)
    past, following = chance.normal(100, 20, (4_000, 5)), chance.normal(100, 20, 4_000)
    ranges = np.array([project(one)[1:] for one in past])
    hit = ((ranges[:, 0] <= following) & (following <= ranges[:, 1])).mean()
    # standard error of a share of 4,000 at 0.8: 0.0063
    assert abs(hit - 0.8) < 3 * 0.0063


def test_three_past_periods_are_no_projection():
    assert all(math.isnan(part) for part in project([1, 2, 3]))


@pytest.mark.parametrize(
    ("one", "start"),
    [
        (month(date(2026, 3, 9)), date(2026, 2, 1)),
        (quarter(date(2026, 2, 9), fiscal_start=2), date(2025, 11, 1)),
        (fiscal_year(date(2026, 2, 9), fiscal_start=7), date(2024, 7, 1)),
        (Period(date(2026, 9, 28), date(2026, 12, 28)), date(2026, 6, 29)),
    ],
)
def test_the_period_before_is_as_long_in_months_or_in_days(one, start):
    assert (preceding(one).start, preceding(one).end) == (start, one.start)


def test_only_periods_the_record_covers_count():
    q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
    assert [one.start for one in covered_periods(history(), q4, 2)] == [date(2026, 7, 1), date(2026, 4, 1)]
    assert len(covered_periods(history(), q4, 8)) == 4
    assert covered_periods(outcomes(), q4, 8) == []

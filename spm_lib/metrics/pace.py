"""Are we on pace for the goal? Bookings against a straight line over business days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.attainment import booked, keys, named
from spm_lib.metrics.goals import days_of, elapsed, goals
from spm_lib.metrics.groups import OUTCOME_GROUPINGS, cents, check_by
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.registry import metric
from spm_lib.periods import Calendar, Period

BASIS = "business days, straight line"


@metric(
    question="Are we where the goal asks us to be by today?",
    formula="expected to date = each goal × its business days gone / its business days; gap = bookings − "
    "expected; needed per week = max(quota − bookings, 0) / weeks left",
    time_base="the goal period up to the cut-off; only whole business days gone count",
    credit="as attainment",
    excluded="as attainment; outcomes at or after the cut-off",
    empty="no goal: everything but bookings and days is missing; no ratio before the first business day is "
    "over; nothing needed per week is 0 once the goal is made, missing when no business day is left",
    columns={
        "bookings": "amount won in the goal period before the cut-off, client's currency",
        "quota": "effective goal for the whole period, client's currency",
        "attainment_rate": "bookings / quota",
        "expected_to_date": "what a straight line over business days asks for by the cut-off, client's "
        "currency",
        "gap": "bookings − expected_to_date, client's currency; negative is behind",
        "pace_ratio": "bookings / expected_to_date; 1 is on pace",
        "business_days_elapsed": "business days of the period before the cut-off",
        "business_days": "business days of the period",
        "weeks_left": "business days left / working days of a week",
        "needed_per_week": "what each week left has to bring, client's currency",
        "basis": "how the expectation is drawn",
    },
    example="Goal 65,000 over 65 business days, 32 gone, 40,000 booked: expected 32,000, gap +8,000, ratio "
    "1.25; 33 days are 6.6 weeks, 25,000 to go: 3,787.88 a week.",
    groupings=OUTCOME_GROUPINGS,
)
def pace(
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Bookings against a straight line to the goal.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    quotas : pandas.DataFrame
        ``schemas.QUOTAS``.
    horizon : Period
        The goal period.
    cutoff : pandas.Timestamp
        UTC; the first instant not counted.
    calendar : Calendar
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even without bookings and goal.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping, or the goals are in several currencies.
    """
    check_by("pace", by, OUTCOME_GROUPINGS)
    goal_of = goals(quotas, horizon, calendar, by)
    days = days_of(horizon, calendar)
    gone = elapsed(days, cutoff.tz_convert(horizon.time_zone).date())
    counted = outcomes[horizon.holds(outcomes["outcome_at"]) & (outcomes["outcome_at"] < cutoff)]
    table = booked(counted, by, [*(groups or ()), *named(goal_of)]).drop(
        columns=["won_count", "no_amount_count"]
    )
    found = [goal_of.get(key) for key in keys(table, by)]
    quota = pd.Series([np.nan if goal is None else goal.expected.sum() for goal in found])
    expected = pd.Series([np.nan if goal is None else goal.expected[gone].sum() for goal in found])
    table["quota"] = cents(quota)
    table["attainment_rate"] = ratio(table["bookings"], table["quota"])
    table["expected_to_date"] = cents(expected)
    table["gap"] = (table["bookings"] - table["expected_to_date"]).round(2)
    table["pace_ratio"] = ratio(table["bookings"], table["expected_to_date"])
    return _remaining(table, int(gone.sum()), len(days), len(calendar.working_days))


def _remaining(table: pd.DataFrame, gone: int, days: int, week: int) -> pd.DataFrame:
    weeks = (days - gone) / max(week, 1)
    to_go = (table["quota"] - table["bookings"]).clip(lower=0)
    return table.assign(
        business_days_elapsed=gone,
        business_days=days,
        weeks_left=weeks,
        needed_per_week=(to_go / weeks if weeks else to_go * np.nan).round(2),
        basis=BASIS,
    )

"""Is enough open to reach the goal? Against what this client's own past asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.attainment import attainment
from spm_lib.metrics.pipeline import expected_before, is_open, pipeline
from spm_lib.metrics.registry import metric
from spm_lib.periods import Calendar, Period

#: Past goal periods below which no required coverage is told.
MINIMUM_PERIODS = 4
#: Won opportunities below which nothing is said of the length of a cycle.
MINIMUM_CYCLES = 10
#: A median cycle shorter than this share of the goal period makes what is open today say little.
SHORT_CYCLE_SHARE = 0.25
#: Weeks the bookings per week are taken over.
RUN_RATE_WEEKS = 13

_TIME = "open: the state at the cut-off; bookings: the goal period up to the cut-off"
_CREDIT = "the whole team"
_EXCLUDED = (
    "open ones expected after the goal period, those without an expected close (undated_count) and those "
    "without an amount (no_amount_count)"
)
_EMPTY = (
    "never infinite: with the goal made, without a goal, with short cycles, with no amounts or no expected "
    "closes the ratio is missing and `state` says which; open ones none of which has an expected close have "
    "no amount for the period, not 0"
)


@metric(
    question="Is enough open to reach the goal?",
    formula="open amount expected in the goal period / max(quota − bookings, 0); required = sum of open "
    "amounts at the same point of past periods / sum of what was booked after it",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty=_EMPTY,
    columns={
        "open_count": "open opportunities expected to close before the goal period ends, overdue ones "
        "included",
        "open_amount": "their amount, client's currency",
        "no_amount_count": "those of them without an amount",
        "undated_count": "open opportunities without an expected close, left out",
        "bookings": "amount won in the goal period before the cut-off, client's currency",
        "quota": "the team's goal, client's currency",
        "remaining": "max(quota − bookings, 0), client's currency",
        "coverage_ratio": "open_amount / remaining",
        "required_ratio": "what the client's past periods needed: open at the same point / booked after it",
        "required_basis": "how many past periods it rests on, or why it is missing",
        "cycle_days": "median days from creation to the win, of all won before the cut-off",
        "booked_per_week": f"amount won per week of the {RUN_RATE_WEEKS} weeks before the cut-off, client's "
        "currency: what to look at when cycles are short",
        "state": "measured, already made, no quota, cycle too short (median cycle under a quarter of the "
        "goal period), no expected close or no amounts",
    },
    example="60,000 open for the quarter, goal 100,000, booked 70,000: 60,000 / 30,000 = 2.0. In four past "
    "quarters 200,000 was open at this point and 125,000 was booked after it: required 1.6.",
)
def pipeline_coverage_ratio(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    past: pd.DataFrame,
) -> pd.DataFrame:
    """Open amount against what is still to book, and the coverage past periods needed.

    The required coverage is not 1 / win rate: opportunities created and closed after this point, and those
    that slip, are in the client's own history and not in the win rate.

    Parameters
    ----------
    opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES`` at the cut-off.
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    quotas : pandas.DataFrame
        ``schemas.QUOTAS``.
    horizon : Period
        The goal period.
    cutoff : pandas.Timestamp
        UTC.
    calendar : Calendar
    past : pandas.DataFrame
        period_start, open_amount, booked_after_amount: one row per past goal period, taken at the same point.

    Returns
    -------
    pandas.DataFrame
        One row.

    Raises
    ------
    MetricError
        The goals are in several currencies.
    """
    before = outcomes[outcomes["outcome_at"] < cutoff]
    inside = expected_before(opportunities, pd.Timestamp(horizon.end))
    row = pipeline(opportunities[inside])
    row["undated_count"] = int((is_open(opportunities) & opportunities["expected_close"].isna()).sum())
    if row["open_count"].iloc[0] == 0 and row["undated_count"].iloc[0] > 0:
        # what is open may all belong to the period, or none of it: nobody wrote it down
        row["open_amount"] = np.nan
    goal = attainment(before, quotas, horizon, calendar)
    row[["bookings", "quota"]] = goal[["bookings", "quota"]]
    row["remaining"] = (row["quota"] - row["bookings"]).clip(lower=0).round(2)
    row["cycle_days"] = median_cycle_days(before)
    row["booked_per_week"] = _booked_per_week(before, cutoff)
    row["state"] = _state(row.iloc[0], horizon)
    measured = row["state"] == "measured"
    row["coverage_ratio"] = (row["open_amount"] / row["remaining"]).where(measured)
    row["required_ratio"], row["required_basis"] = required_coverage(past)
    goal_columns = ["bookings", "quota", "remaining", "coverage_ratio", "required_ratio", "required_basis"]
    open_columns = ["open_count", "open_amount", "no_amount_count", "undated_count"]
    return row[[*open_columns, *goal_columns, "cycle_days", "booked_per_week", "state"]]


def required_coverage(past: pd.DataFrame) -> tuple[float, str]:
    """What had to be open at the same point of past periods per unit booked after it, and its basis.

    Parameters
    ----------
    past : pandas.DataFrame
        open_amount, booked_after_amount.
    """
    usable = past[past["open_amount"].gt(0) & past["booked_after_amount"].notna()]
    if len(usable) < MINIMUM_PERIODS:
        return np.nan, f"fewer than {MINIMUM_PERIODS} past periods"
    booked = float(usable["booked_after_amount"].sum())
    if booked <= 0:
        return np.nan, "nothing was booked after this point in past periods"
    return float(usable["open_amount"].sum()) / booked, f"{len(usable)} past periods at the same point"


def median_cycle_days(outcomes: pd.DataFrame) -> float:
    """Median days from creation to the win; missing below `MINIMUM_CYCLES`, negative spans left out."""
    won = outcomes[outcomes["outcome"] == "won"].drop_duplicates("opportunity_id")
    days = (won["outcome_at"] - won["created_at"]).dt.total_seconds() / 86_400
    days = days[days >= 0]
    return float(days.median()) if len(days) >= MINIMUM_CYCLES else np.nan


def _booked_per_week(outcomes: pd.DataFrame, cutoff: pd.Timestamp) -> float:
    """Bookings per week of the last weeks; missing when the outcomes on record do not reach back so far."""
    began = cutoff - pd.Timedelta(weeks=RUN_RATE_WEEKS)
    if outcomes.empty or outcomes["outcome_at"].min() >= began:
        return np.nan
    recent = outcomes["amount"][outcomes["outcome"].eq("won") & outcomes["outcome_at"].ge(began)]
    return round(float(recent.sum()) / RUN_RATE_WEEKS, 2)


def _state(row: pd.Series, horizon: Period) -> str:
    if pd.isna(row["quota"]) or row["quota"] <= 0:
        return "no quota"
    if row["remaining"] == 0:
        return "already made"
    if row["cycle_days"] < SHORT_CYCLE_SHARE * horizon.day_count:
        return "cycle too short"
    if row["open_count"] == 0 and row["undated_count"] > 0:
        return "no expected close"
    return "no amounts" if pd.isna(row["open_amount"]) or pd.isna(row["remaining"]) else "measured"

"""How much of the goal is booked? Bookings against the effective quota."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from spm_lib.metrics.goals import Goal, days_of, goals
from spm_lib.metrics.groups import OUTCOME_GROUPINGS, amount_known, cents, check_by, sums, whole
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.registry import metric
from spm_lib.periods import Calendar, Period


@metric(
    question="How much of the goal is booked?",
    formula="bookings on days a goal covers / quota; quota = sum of amount × ramp × proration, a goal that "
    "lies partly in the period by its share of business days",
    time_base="bookings by their outcome in the period; goals by the days they are stated for",
    credit="bookings: the rep who held the opportunity at the outcome, splits share them; goals: the rep "
    "they are for. The team's goal is its own where the period has one, else the sum of the reps' goals",
    excluded="won opportunities without an amount (counted in no_amount_count); goals narrowed to a "
    "product line, territory or kind of business, unless grouped on it or no general goal exists; of two "
    "goals for the same day the longer",
    empty="no goal, or a goal of zero: the rate is missing, never 0 %; bookings of a rep without a goal "
    "still show",
    columns={
        "won_count": "opportunities won in the period",
        "bookings": "amount won in the period, client's currency",
        "quota": "effective goal for the period, client's currency",
        "attainment_rate": "(bookings − uncovered_bookings) / quota; above 1 is shown",
        "quota_count": "goals that count",
        "prorated_count": "those of them that lie partly outside the period",
        "uncovered_days": "business days of the period that no goal covers",
        "uncovered_bookings": "amount won on days that no goal covers, client's currency: not in the rate",
        "no_amount_count": "won opportunities without an amount",
    },
    example="A rep books 24,000 in a quarter, joined with ramp 0.5 on a goal of 60,000: quota 30,000, "
    "attainment 80 %.",
    groupings=OUTCOME_GROUPINGS,
)
def attainment(
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Bookings against the effective quota.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    quotas : pandas.DataFrame
        ``schemas.QUOTAS``.
    period : Period
    calendar : Calendar
    by : str, optional
        One of `OUTCOME_GROUPINGS`; only rep_id, product_line, territory and business have goals.
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
    check_by("attainment", by, OUTCOME_GROUPINGS)
    goal_of = goals(quotas, period, calendar, by)
    days = len(days_of(period, calendar))
    counted = outcomes[period.holds(outcomes["outcome_at"])]
    table = booked(counted, by, [*(groups or ()), *named(goal_of)])
    found = [goal_of.get(key) for key in keys(table, by)]
    quota = pd.Series([np.nan if goal is None else goal.expected.sum() for goal in found])
    table["quota"] = cents(quota)
    outside = _uncovered(counted, goal_of, period.time_zone, by)
    table["uncovered_bookings"] = cents(pd.Series([outside.get(key, 0.0) for key in keys(table, by)]))
    table["attainment_rate"] = ratio(table["bookings"] - table["uncovered_bookings"], table["quota"])
    table["quota_count"] = [0 if goal is None else goal.quota_count for goal in found]
    table["prorated_count"] = [0 if goal is None else goal.prorated_count for goal in found]
    table["uncovered_days"] = [days if goal is None else int((~goal.covered).sum()) for goal in found]
    last = ["uncovered_days", "uncovered_bookings", "no_amount_count"]
    return table[[*table.columns.drop(last), *last]]


def _uncovered(
    outcomes: pd.DataFrame, goal_of: Mapping[str | None, Goal], time_zone: str, by: str | None
) -> dict[str | None, float]:
    """Amount won by each group on days that none of its goals covers."""
    won = outcomes[outcomes["outcome"].eq("won") & outcomes["amount"].notna()]
    on = won["outcome_at"].dt.tz_convert(time_zone).dt.tz_localize(None).dt.normalize()
    found: dict[str | None, float] = {}
    for key, rows in [(None, won)] if by is None else won.groupby(by, dropna=False):
        name = None if by is None or pd.isna(key) else str(key)
        goal = goal_of.get(name)
        outside = rows["amount"] if goal is None else rows["amount"][~goal.covers(on[rows.index])]
        found[name] = float(outside.sum())
    return found


def booked(outcomes: pd.DataFrame, by: str | None, groups: list[str] | None) -> pd.DataFrame:
    """Won outcomes by group: won_count, bookings (client's currency), no_amount_count.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``, those to be counted.
    by : str or None
    groups : list of str or None
    """
    won = outcomes[outcomes["outcome"] == "won"]
    priced = won["amount"].notna()
    counted = won.assign(
        won_count=won["share_rate"],
        bookings=won["amount"].fillna(0.0),
        no_amount_count=won["share_rate"].where(~priced, 0.0),
        rows=1.0,
        priced=priced,
    )
    table = sums(counted, ["won_count", "bookings", "no_amount_count", "rows", "priced"], by, groups)
    table["bookings"] = amount_known(table["bookings"], table["rows"], table["priced"])
    for column in ("won_count", "no_amount_count"):
        table[column] = whole(table[column])
    return table.drop(columns=["rows", "priced"])


def keys(table: pd.DataFrame, by: str | None) -> list[str | None]:
    """The group of each row; None for the only row and for the missing group of a grouped table."""
    if by is None:
        return [None]
    return [None if pd.isna(key) else str(key) for key in table[by]]


def named(goal_of: Mapping[str | None, Goal]) -> list[str]:
    """The groups that have a goal of their own."""
    return [key for key in goal_of if key is not None]

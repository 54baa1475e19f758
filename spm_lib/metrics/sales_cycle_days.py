"""How long does it take to win? From creation to the win, in the client's own days; and who takes longer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import OUTCOME_GROUPINGS, check_by, sums, whole
from spm_lib.metrics.pipeline import is_open
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period

#: Won opportunities below which nothing is said of the usual length of a cycle.
MINIMUM_CYCLES = 10
#: The weeks before the cut-off whose wins tell what is usual.
TRAILING_WEEKS = 52

_EXCLUDED = "won on the day of creation, won before creation, and without a creation date: each counted, "
"none averaged"
_COUNTS = ("won_count", "measured_count", "same_day_count", "negative_count", "undated_count")


@metric(
    question="How long does it take to win?",
    formula="day of the outcome − day of creation, of the won: median and upper quartile (P75)",
    time_base="won in the period; days of the client's calendar, in its time zone; what is usual and how old "
    f"the open ones are: wins of the {TRAILING_WEEKS} weeks before the cut-off, and the state at it",
    credit="the rep who held the opportunity at the win; splits share the counts, and the whole length is "
    "each sharer's; open ones: the holder at the cut-off",
    excluded=f"{_EXCLUDED}. Lost ones have no cycle. Slow ones that are still open are not in the median, "
    "which therefore looks short: older_count says how many there are",
    empty=f"nothing measured: median and P75 are missing; fewer than {MINIMUM_CYCLES} wins in the weeks "
    "before the cut-off: usual_p75_days and older_count are missing",
    columns={
        "won_count": "opportunities won",
        "measured_count": "those of them with a length of a day or more: the n of the median",
        "same_day_count": "won on the day of creation, left out: entered late, or not sold but taken",
        "negative_count": "won before creation, left out: back-dated",
        "undated_count": "won without a creation date, left out",
        "median_days": "half took no longer, days",
        "p75_days": "three of four took no longer, days",
        "open_count": "open opportunities with a creation date",
        "older_count": "those of them older than usual_p75_days",
        "usual_p75_days": f"P75 of all the client's wins in the {TRAILING_WEEKS} weeks before the cut-off, "
        "days",
    },
    example="Won after 10, 20, 30 and 60 days, and one on its day of creation: won 5, measured 4, median 25, "
    "P75 37.5 days.",
    groupings=OUTCOME_GROUPINGS,
)
def sales_cycle_days(
    outcomes: pd.DataFrame,
    opportunities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Days from creation to the win: median and P75.

    Parameters
    ----------
    outcomes, opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``, ``SNAPSHOT_OPPORTUNITIES`` at the cut-off.
    period : Period
    cutoff : pandas.Timestamp
        UTC.
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even without a win.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("sales_cycle_days", by, OUTCOME_GROUPINGS)
    won = outcomes[outcomes["outcome"].eq("won") & period.holds(outcomes["outcome_at"])]
    usual = usual_p75_days(outcomes, cutoff, period.time_zone)
    # a group needs a row for its open ones even when it won nothing, and the other way round
    both = pd.concat([_told(won, by, period.time_zone), _aged(opportunities, cutoff, period, usual)])
    counts = [*_COUNTS, "open_count", "older_count"]
    table = sums(both, counts, by, groups)
    for column in counts:
        table[column] = whole(table[column])
    if np.isnan(usual):
        table["older_count"] = np.nan
    measured = both[both["measured_count"] > 0]
    key = pd.Series("", index=measured.index) if by is None else measured[by].fillna("")
    days = measured["days"].groupby(key)
    groups_found = pd.Series([""]) if by is None else table[by].fillna("")
    for column, share in (("median_days", 0.5), ("p75_days", 0.75)):
        table[column] = groups_found.map(days.quantile(share)).astype("float64").to_numpy()
    table["usual_p75_days"] = usual
    return table[[*([by] if by else []), *_COUNTS, "median_days", "p75_days", *counts[-2:], "usual_p75_days"]]


@metric(
    question="Which open opportunities are older than three of four won ones ever got?",
    formula=f"open, and older than the P75 of the wins in the {TRAILING_WEEKS} weeks before the cut-off",
    time_base="the state at the cut-off; days of the client's calendar, in its time zone",
    credit="the rep who holds the opportunity at the cut-off",
    excluded="open ones without a creation date",
    empty=f"no rows when none is older, or with fewer than {MINIMUM_CYCLES} wins to tell what is usual",
    columns={
        "opportunity_id": "the opportunity",
        "name": "what people call it",
        "rep_id": "who holds it",
        "stage_id": "the stage it is in",
        "amount": "client's currency",
        "age_days": "days since its creation",
        "usual_p75_days": "what it is measured against, days",
    },
    example="Three of four wins took 38 days or less; one created 60 days ago is listed with age 60.",
)
def sales_cycle_days_rows(
    outcomes: pd.DataFrame, opportunities: pd.DataFrame, period: Period, cutoff: pd.Timestamp
) -> pd.DataFrame:
    """The open opportunities that `sales_cycle_days` counts as older.

    Takes the same.

    Returns
    -------
    pandas.DataFrame
        The oldest first.
    """
    usual = usual_p75_days(outcomes, cutoff, period.time_zone)
    rows = opportunities[is_open(opportunities)]
    rows = rows.assign(age_days=age_days(rows["created_at"], cutoff, period.time_zone), usual_p75_days=usual)
    rows = rows[rows["age_days"] > usual].sort_values(
        ["age_days", "opportunity_id"], ascending=[False, True], ignore_index=True
    )
    return rows[["opportunity_id", "name", "rep_id", "stage_id", "amount", "age_days", "usual_p75_days"]]


def cycle_days(outcomes: pd.DataFrame, time_zone: str) -> pd.Series:
    """Days of the client's calendar from creation to the outcome of each; missing without a creation date.

    An outcome before the creation is at least one day before it, also when both are on one day.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        created_at, outcome_at.
    time_zone : str
    """
    days = (_day(outcomes["outcome_at"], time_zone) - _day(outcomes["created_at"], time_zone)).dt.days
    backwards = outcomes["outcome_at"] < outcomes["created_at"]
    return days.astype("float64").mask(backwards & (days == 0), -1.0)


def age_days(created_at: pd.Series, cutoff: pd.Timestamp, time_zone: str) -> pd.Series:
    """Days of the client's calendar from creation to the cut-off; missing without a creation date."""
    today = pd.Timestamp(cutoff.tz_convert(time_zone).date())
    days: pd.Series = (today - _day(created_at, time_zone)).dt.days
    return days.astype("float64")


def trailing_wins(outcomes: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Each opportunity won in the weeks before the cut-off, once."""
    began = cutoff - pd.Timedelta(weeks=TRAILING_WEEKS)
    recent = outcomes["outcome_at"].ge(began) & outcomes["outcome_at"].lt(cutoff)
    return outcomes[recent & outcomes["outcome"].eq("won")].drop_duplicates("opportunity_id")


def usual_cycle_days(
    outcomes: pd.DataFrame, cutoff: pd.Timestamp, time_zone: str, share: float
) -> tuple[float, int]:
    """A quantile of the cycles of the trailing wins, and how many there are of them.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    cutoff : pandas.Timestamp
        UTC.
    time_zone : str
    share : float
        0.5 for the median.

    Returns
    -------
    days : float
        Missing below `MINIMUM_CYCLES`.
    count : int
    """
    days = cycle_days(trailing_wins(outcomes, cutoff), time_zone)
    days = days[days > 0]
    return (float(days.quantile(share)) if len(days) >= MINIMUM_CYCLES else np.nan), len(days)


def usual_p75_days(outcomes: pd.DataFrame, cutoff: pd.Timestamp, time_zone: str) -> float:
    """The days three of four trailing wins took at most; missing below `MINIMUM_CYCLES` wins."""
    return usual_cycle_days(outcomes, cutoff, time_zone, 0.75)[0]


def _day(at: pd.Series, time_zone: str) -> pd.Series:
    """Instants as naive days in the client's time zone."""
    local: pd.Series = at.dt.tz_convert(time_zone).dt.tz_localize(None)
    midnight: pd.Series = local.dt.normalize()
    return midnight


def _told(won: pd.DataFrame, by: str | None, time_zone: str) -> pd.DataFrame:
    """One row per group and won opportunity: its days, and its share in the count it belongs to."""
    keys = ["opportunity_id"] if by is None else [by, "opportunity_id"]
    each = won.groupby(keys, dropna=False, as_index=False).agg(
        share=("share_rate", "sum"), created_at=("created_at", "first"), outcome_at=("outcome_at", "first")
    )
    days, share = cycle_days(each, time_zone), each["share"]
    return each.assign(
        days=days,
        won_count=share,
        measured_count=share.where(days > 0, 0.0),
        same_day_count=share.where(days == 0, 0.0),
        negative_count=share.where(days < 0, 0.0),
        undated_count=share.where(days.isna(), 0.0),
        open_count=0.0,
        older_count=0.0,
    )


def _aged(opportunities: pd.DataFrame, cutoff: pd.Timestamp, period: Period, usual: float) -> pd.DataFrame:
    """The open opportunities with their age, in the shape of `_told`."""
    rows = opportunities[is_open(opportunities) & opportunities["created_at"].notna()]
    older = age_days(rows["created_at"], cutoff, period.time_zone) > usual
    return rows.assign(
        **dict.fromkeys(_COUNTS, 0.0), days=np.nan, open_count=1.0, older_count=older.astype("float64")
    )

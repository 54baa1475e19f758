"""Of what was created, how much was won? A cohort is followed until the cut-off, its open ones beside it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics.groups import OUTCOME_GROUPINGS, check_by, sums, whole
from spm_lib.metrics.intervals import Floats, ratio, wilson
from spm_lib.metrics.pipeline import is_open
from spm_lib.metrics.registry import metric
from spm_lib.metrics.sales_cycle_days import MINIMUM_CYCLES, usual_p75_days
from spm_lib.periods import Period
from spm_lib.schemas import OUTCOMES

_MEMBERS = ("created_count", "won_count", "lost_count", "disqualified_count", "open_count")


@metric(
    question="Of the opportunities created, how many have we won by now?",
    formula="won / created; open / created beside it",
    time_base="created in the period, looked at as of the cut-off",
    credit="the rep who held the opportunity at its outcome, splits share it; while it is open, its holder "
    "at the cut-off",
    excluded="merged and deleted ones; closed ones whose outcome nobody dated and open ones gone from the "
    "exports (counted in unknown_count); those without a creation date belong to no cohort",
    empty="nothing created: the rates and the range are missing; is_immature is missing when nothing was "
    f"created, or when fewer than {MINIMUM_CYCLES} wins tell how long a cycle is",
    columns={
        "created_count": "opportunities created: won, lost, disqualified and open together, the n of the "
        "rates",
        "won_count": "those of them won by the cut-off",
        "lost_count": "lost by the cut-off",
        "disqualified_count": "disqualified by the cut-off",
        "open_count": "still open at the cut-off",
        "unknown_count": "created in the period and left out, since nobody knows what became of them",
        "win_rate": "won_count / created_count, 0-1: can only grow while some are open",
        "open_rate": "open_count / created_count, 0-1: by how much it can still grow",
        "low": "lower end of the range of the final rate, 0-1: Wilson 90 % on created_count, if all open "
        "ones "
        "are lost",
        "high": "upper end of it, 0-1: Wilson 90 % on created_count, if all open ones are won",
        "age_days": "whole days from the end of the period to the cut-off: how long the youngest had at "
        "least",
        "p75_days": "days three of four of the client's wins took at most",
        "is_immature": "some are open and the youngest had less than p75_days: not to be compared yet",
    },
    example="10 created, 3 won, 4 lost, 1 disqualified, 2 open: won 30 %, open 20 %. If both open ones are "
    "lost it stays 3 of 10, low 13 %; if both are won it is 5 of 10, high 73 %. Range 13-73 %.",
    groupings=OUTCOME_GROUPINGS,
)
def win_rate_by_cohort(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Win rate of the opportunities created in a period, as far as they are decided.

    The range is of the rate the cohort will have in the end, and makes no guess about the open ones: it
    holds whatever becomes of them, and is Wilson's own once all are decided.

    Parameters
    ----------
    opportunities, outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES`` at the cut-off.
    period : Period
    cutoff : pandas.Timestamp
        UTC.
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even if they created nothing.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.

    References
    ----------
    C. F. Manski, "Partial Identification of Probability Distributions" (2003), chapter 1: bounds that hold
    whatever the missing outcomes are.
    """
    check_by("win_rate_by_cohort", by, OUTCOME_GROUPINGS)
    members = followed(opportunities[period.holds(opportunities["created_at"])], outcomes)
    flags = {
        f"{state}_count": members["share_rate"].where(members["state"] == state, 0.0)
        for state in (*OUTCOMES, "open", "unknown")
    }
    created = members["share_rate"].mask(members["state"] == "unknown", 0.0)
    counts = [*_MEMBERS, "unknown_count"]
    table = sums(members.assign(**flags, created_count=created), counts, by, groups)
    table["win_rate"] = ratio(table["won_count"], table["created_count"])
    table["open_rate"] = ratio(table["open_count"], table["created_count"])
    table["low"], table["high"] = final_range(table["won_count"], table["open_count"], table["created_count"])
    for column in counts:
        table[column] = whole(table[column])
    today = cutoff.tz_convert(period.time_zone).date()
    table["age_days"] = max((today - period.end).days, 0)
    table["p75_days"] = usual_p75_days(outcomes, cutoff, period.time_zone)
    young = (table["open_count"] > 0) & (table["age_days"] < table["p75_days"])
    unknown = table["created_count"].eq(0) | (table["p75_days"].isna() & table["open_count"].gt(0))
    table["is_immature"] = young.astype("boolean").mask(unknown)
    return table


def followed(opportunities: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Opportunities with what became of each, one row per rep's share of it.

    Parameters
    ----------
    opportunities, outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES`` at one cut-off.

    Returns
    -------
    pandas.DataFrame
        The columns of both; `state` is won, lost, disqualified, open or unknown (closed and undated, or open
        and gone from the exports). Merged and deleted ones have no row.
    """
    decided = outcomes[outcomes["opportunity_id"].isin(opportunities["opportunity_id"])]
    decided = decided.assign(state=decided["outcome"])
    rest = opportunities[
        ~opportunities["opportunity_id"].isin(decided["opportunity_id"])
        & ~opportunities["presence"].isin(["deleted", "merged"])
    ]
    state = np.where(is_open(rest), "open", "unknown")
    never = rest["outcome_at"].where(pd.Series(False, index=rest.index))
    rest = rest.assign(state=state, share_rate=1.0, outcome_at=never)
    names = [*OUTCOME_GROUPINGS, "opportunity_id", "name", "amount", "created_at", "outcome_at"]
    names += ["share_rate", "state"]
    return pd.concat([decided[names], rest[names]], ignore_index=True)


def final_range(won: npt.ArrayLike, undecided: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """A range for the final rate, whatever becomes of the undecided.

    Parameters
    ----------
    won, undecided, n : array_like of float, shape (k,)

    Returns
    -------
    low, high : numpy.ndarray, shape (k,)
        Wilson's lower limit if all undecided ones are lost, and the upper one if all are won.
    """
    least = np.asarray(won, dtype=float)
    return wilson(least, n)[0], wilson(least + np.asarray(undecided, dtype=float), n)[1]

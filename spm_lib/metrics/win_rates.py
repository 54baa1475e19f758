"""How often do we win? By count, by amount, and counting the disqualified: three bases, each by its name."""

from __future__ import annotations

import pandas as pd

from spm_lib.metrics.groups import OUTCOME_GROUPINGS, cents, check_by, sums, whole
from spm_lib.metrics.intervals import ratio, wilson
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period
from spm_lib.schemas import OUTCOMES

_TIME = "outcome in the period, dated by the first entry into a closed stage that was not reopened"
_CREDIT = "the rep who held the opportunity at the outcome; splits share it"
_EMPTY = "no decided opportunity: the rate and its range are missing, never 0 %"
_RANGE = {
    "low": "lower end of the 90 % Wilson interval, 0-1",
    "high": "upper end of the 90 % Wilson interval, 0-1",
}
_COUNTS = {
    "won_count": "opportunities won",
    "lost_count": "opportunities lost",
    "disqualified_count": "opportunities disqualified",
}


@metric(
    question="Of the opportunities decided, how many did we win?",
    formula="won / (won + lost)",
    time_base=_TIME,
    credit=_CREDIT,
    excluded="disqualified (counted beside), open and reopened, merged and deleted opportunities",
    empty=_EMPTY,
    columns={
        **_COUNTS,
        "decided_count": "won and lost together: the n of the rate",
        "win_rate": "won_count / decided_count, 0-1",
        **_RANGE,
    },
    example="3 won, 2 lost, 1 disqualified: 3 / 5 = 60 %, range 27-86 %.",
    groupings=OUTCOME_GROUPINGS,
)
def win_rate_by_count(
    outcomes: pd.DataFrame, period: Period, by: str | None = None, groups: list[str] | None = None
) -> pd.DataFrame:
    """Win rate by count: won / (won + lost).

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    period : Period
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even without outcomes.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("win_rate_by_count", by, OUTCOME_GROUPINGS)
    table = _counted(outcomes, period, by, groups)
    return _rated(table, ["won_count", "lost_count"])


@metric(
    question="Of everything that left the pipeline, how much did we win?",
    formula="won / (won + lost + disqualified)",
    time_base=_TIME,
    credit=_CREDIT,
    excluded="open and reopened, merged and deleted opportunities",
    empty=_EMPTY,
    columns={
        **_COUNTS,
        "decided_count": "won, lost and disqualified together: the n of the rate",
        "win_rate": "won_count / decided_count, 0-1",
        **_RANGE,
    },
    example="3 won, 2 lost, 1 disqualified: 3 / 6 = 50 %, range 22-78 %.",
    groupings=OUTCOME_GROUPINGS,
)
def win_rate_broad(
    outcomes: pd.DataFrame, period: Period, by: str | None = None, groups: list[str] | None = None
) -> pd.DataFrame:
    """Win rate with the disqualified counted: won / (won + lost + disqualified).

    Takes, returns and refuses the same as `win_rate_by_count`.
    """
    check_by("win_rate_broad", by, OUTCOME_GROUPINGS)
    table = _counted(outcomes, period, by, groups)
    return _rated(table, ["won_count", "lost_count", "disqualified_count"])


@metric(
    question="Of the money decided, how much did we win?",
    formula="won amount / (won amount + lost amount)",
    time_base=_TIME,
    credit=_CREDIT,
    excluded="disqualified; decided opportunities without a positive amount (counted in no_amount_count)",
    empty="no decided opportunity with an amount: the rate and its range are missing",
    columns={
        "won_amount": "amount won, client's currency",
        "lost_amount": "amount lost, client's currency",
        "decided_count": "won and lost opportunities, with or without an amount",
        "no_amount_count": "those of them left out for want of a positive amount",
        "effective_count": "how many equally large opportunities would say as much: (sum of amounts)² / sum "
        "of squared amounts (Kish)",
        "win_rate": "won_amount / (won_amount + lost_amount), 0-1",
        "low": "lower end of a 90 % Wilson interval on effective_count, 0-1: a rough range, amounts are few "
        "and uneven",
        "high": "upper end of the same interval, 0-1",
    },
    example="Won 90,000; lost 5,000 and 5,000: 90 % of the money, though 1 of 3 by count. Effective count "
    "100,000² / (90,000² + 2 × 5,000²) = 1.2, so the range is 25-100 %: one opportunity decided it.",
    groupings=OUTCOME_GROUPINGS,
)
def win_rate_by_amount(
    outcomes: pd.DataFrame, period: Period, by: str | None = None, groups: list[str] | None = None
) -> pd.DataFrame:
    """Win rate by amount, beside the count and never instead.

    Takes and refuses the same as `win_rate_by_count`. The interval is Wilson's on Kish's effective count.

    References
    ----------
    L. Kish, "Survey Sampling" (1965), 11.7.
    """
    check_by("win_rate_by_amount", by, OUTCOME_GROUPINGS)
    decided = outcomes[period.holds(outcomes["outcome_at"]) & outcomes["outcome"].isin(["won", "lost"])]
    won, amount = decided["outcome"].eq("won"), decided["amount"]
    # one opportunity split between two reps is one weight for the team
    keys = ["opportunity_id"] if by is None else [by, "opportunity_id"]
    shares = decided.assign(amount=amount.fillna(0.0), won=won.astype(float) * amount.fillna(0.0))
    each = shares.groupby(keys, dropna=False, as_index=False)[["amount", "won", "share_rate"]].sum()
    priced = each["amount"] > 0
    size = each["amount"].where(priced, 0.0)
    won_amount = each["won"].where(priced, 0.0)
    each = each.assign(
        won_amount=won_amount,
        lost_amount=size - won_amount,
        decided_count=each["share_rate"],
        no_amount_count=each["share_rate"].where(~priced, 0.0),
        squares=size**2,
    )
    table = sums(
        each, ["won_amount", "lost_amount", "decided_count", "no_amount_count", "squares"], by, groups
    )
    return _rated_by_amount(table)


def _rated_by_amount(table: pd.DataFrame) -> pd.DataFrame:
    total = table["won_amount"] + table["lost_amount"]
    table["effective_count"] = ratio(total**2, table["squares"])
    table["win_rate"] = ratio(table["won_amount"], total)
    table["low"], table["high"] = wilson(
        table["win_rate"] * table["effective_count"], table["effective_count"]
    )
    unpriced = (table["decided_count"] > 0) & (total == 0)
    for column in ("won_amount", "lost_amount"):
        table[column] = cents(table[column]).mask(unpriced)
    for column in ("decided_count", "no_amount_count"):
        table[column] = whole(table[column])
    return table.drop(columns="squares")


def _counted(
    outcomes: pd.DataFrame, period: Period, by: str | None, groups: list[str] | None
) -> pd.DataFrame:
    """Shares of each outcome in the period, by group: won_count, lost_count, disqualified_count."""
    inside = outcomes[period.holds(outcomes["outcome_at"])]
    shares = {
        f"{outcome}_count": inside["share_rate"].where(inside["outcome"] == outcome, 0.0)
        for outcome in OUTCOMES
    }
    return sums(inside.assign(**shares), list(shares), by, groups)


def _rated(table: pd.DataFrame, decided: list[str]) -> pd.DataFrame:
    """Adds decided_count, win_rate, low, high."""
    n = table[decided].sum(axis=1).round(9)
    low, high = wilson(table["won_count"], n)
    counts = {column: whole(table[column]) for column in _COUNTS}
    return table.assign(
        **counts, decided_count=whole(n), win_rate=ratio(table["won_count"], n), low=low, high=high
    )

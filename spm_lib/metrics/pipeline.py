"""What is open? Count and amount at the cut-off."""

from __future__ import annotations

import pandas as pd

from spm_lib.metrics.groups import PIPELINE_GROUPINGS, amount_known, check_by, sums, whole
from spm_lib.metrics.registry import metric


@metric(
    question="How much is open?",
    formula="count and sum of the open opportunities",
    time_base="the state at the cut-off",
    credit="the rep who holds the opportunity at the cut-off",
    excluded="won, lost and disqualified; merged, deleted and absent ones; those without an amount count, "
    "and are counted in no_amount_count",
    empty="nothing open is 0; open ones of which none has an amount have a missing amount",
    columns={
        "open_count": "open opportunities",
        "open_amount": "their amount, client's currency",
        "no_amount_count": "open opportunities without an amount",
    },
    example="Open with 10,000, 5,000 and no amount: 3 open, 15,000, one without an amount.",
    groupings=PIPELINE_GROUPINGS,
)
def pipeline(
    opportunities: pd.DataFrame, by: str | None = None, groups: list[str] | None = None
) -> pd.DataFrame:
    """Open opportunities, count and amount.

    Parameters
    ----------
    opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES`` at the cut-off.
    by : str, optional
        One of `PIPELINE_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even with nothing open.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("pipeline", by, PIPELINE_GROUPINGS)
    rows = opportunities[is_open(opportunities)]
    priced = rows["amount"].notna()
    counted = rows.assign(
        open_count=1.0, open_amount=rows["amount"].fillna(0.0), no_amount_count=~priced, priced=priced
    )
    table = sums(counted, ["open_count", "open_amount", "no_amount_count", "priced"], by, groups)
    table["open_amount"] = amount_known(table["open_amount"], table["open_count"], table["priced"])
    for column in ("open_count", "no_amount_count"):
        table[column] = whole(table[column])
    return table.drop(columns="priced")


def is_present(opportunities: pd.DataFrame) -> pd.Series:
    """Which opportunities are neither merged, deleted nor gone from the exports."""
    return ~opportunities["presence"].isin(["deleted", "merged", "absent"])


def is_open(opportunities: pd.DataFrame) -> pd.Series:
    """Which opportunities are open and present."""
    return opportunities["status"].eq("open") & is_present(opportunities)


def expected_before(opportunities: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Which opportunities are expected to close before a day; undated ones are not."""
    return opportunities["expected_close"] < day

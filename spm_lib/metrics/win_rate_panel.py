"""Why is one win rate not the other? All bases side by side, each with its n and its range."""

from __future__ import annotations

import pandas as pd

from spm_lib.metrics.registry import metric
from spm_lib.metrics.win_rate_by_cohort import win_rate_by_cohort
from spm_lib.metrics.win_rate_curve import CREATED_WEEKS, win_rate_eventual
from spm_lib.metrics.win_rates import win_rate_broad, win_rate_by_amount, win_rate_by_count
from spm_lib.periods import Period

#: Basis -> the metric it comes from, in the order of a page.
BASES = {
    "count": "win_rate_by_count",
    "amount": "win_rate_by_amount",
    "broad": "win_rate_broad",
    "cohort": "win_rate_by_cohort",
    "eventual": "win_rate_eventual",
}


@metric(
    question="What is our win rate, on each basis in use, and of how many?",
    formula="one row per basis, each as its own metric defines it",
    time_base="count, amount, broad: outcome in the period; cohort: created in the period, as of the "
    "cut-off; "
    f"eventual: created in the {CREATED_WEEKS} weeks before the cut-off",
    credit="the whole team",
    excluded="as each metric says",
    empty="as each metric says: every basis has a row, and no rate without an n",
    columns={
        "basis": "count, amount, broad, cohort or eventual",
        "metric": "the id of the metric, where its definition stands",
        "won_count": "opportunities won, as that basis counts them",
        "n_count": "the n of the rate: decided (count, amount: with an amount), decided and disqualified "
        "(broad), created (cohort), followed (eventual)",
        "open_count": "of them still open; none by definition where only what was decided counts",
        "win_rate": "0-1",
        "low": "lower end of its 90 % range, 0-1",
        "high": "upper end of it, 0-1",
        "is_immature": "cohort only: not to be compared yet",
    },
    example="In the period 3 won, 2 lost, 1 disqualified, all created in it, and 2 more still open: count 3 "
    "of "
    "5 = 60 %, broad 3 of 6 = 50 %, cohort 3 of 8 = 38 %.",
)
def win_rate_panel(
    outcomes: pd.DataFrame, opportunities: pd.DataFrame, period: Period, cutoff: pd.Timestamp
) -> pd.DataFrame:
    """Win rate by count, by amount, broad, by cohort, and in the end.

    Parameters
    ----------
    outcomes, opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``, ``SNAPSHOT_OPPORTUNITIES`` at the cut-off.
    period : Period
    cutoff : pandas.Timestamp
        UTC.

    Returns
    -------
    pandas.DataFrame
        One row per basis, in the order of `BASES`.
    """
    by_count = win_rate_by_count(outcomes, period)
    by_amount = win_rate_by_amount(outcomes, period)
    # of those without an amount the rate by amount knows nothing
    by_amount["decided_count"] -= by_amount["no_amount_count"]
    by_amount["won_count"] = _won_with_amount(outcomes, period)
    rows = [
        _row(by_count, "decided_count"),
        _row(by_amount, "decided_count"),
        _row(win_rate_broad(outcomes, period), "decided_count"),
        _row(win_rate_by_cohort(opportunities, outcomes, period, cutoff), "created_count"),
        _row(win_rate_eventual(opportunities, outcomes, period, cutoff), "followed_count"),
    ]
    table = pd.concat(rows, ignore_index=True)
    table.insert(0, "basis", pd.Series(list(BASES), dtype="str"))
    table.insert(1, "metric", pd.Series(list(BASES.values()), dtype="str"))
    return table


def _row(table: pd.DataFrame, n: str) -> pd.DataFrame:
    """One basis in the columns of the panel."""
    row = table.iloc[0]
    immature = row["is_immature"] if "is_immature" in table else pd.NA
    return pd.DataFrame(
        {
            "won_count": [float(row["won_count"])],
            "n_count": [float(row[n])],
            "open_count": [float(row.get("open_count", 0))],
            **{name: [float(row[name])] for name in ("win_rate", "low", "high")},
            "is_immature": pd.Series([immature], dtype="boolean"),
        }
    )


def _won_with_amount(outcomes: pd.DataFrame, period: Period) -> float:
    """Won in the period and with a positive amount; a split one counts once."""
    won = outcomes[outcomes["outcome"].eq("won") & period.holds(outcomes["outcome_at"])]
    each = won.groupby("opportunity_id").agg(amount=("amount", "sum"), share=("share_rate", "sum"))
    return float(each["share"][each["amount"] > 0].sum())

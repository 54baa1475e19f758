"""How much money does the open pipeline turn into per day? Four factors, and which of them moved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.intervals import wilson
from spm_lib.metrics.pipeline import is_open
from spm_lib.metrics.registry import metric
from spm_lib.metrics.sales_cycle_days import (
    MINIMUM_CYCLES,
    TRAILING_WEEKS,
    trailing_wins,
    usual_cycle_days,
)
from spm_lib.periods import Period

#: The factors, as the product takes them; the last one divides.
FACTORS = ("open_count", "win_rate", "median_amount", "cycle_days")


@metric(
    question="How much does the open pipeline turn into won money per day, and what moved it?",
    formula="open × win rate × median won amount / median cycle days; log change = ln(now / before) of each "
    "factor, the cycle's with its sign turned, so that the four add up to velocity's",
    time_base=f"open: the state at each end; the other factors: outcomes of the {TRAILING_WEEKS} weeks "
    "before "
    "each end, as known at the cut-off; days of the client's calendar",
    credit="the whole team; reps are never ranked by it",
    excluded="disqualified ones from the rate; won ones without a positive amount from the median amount; "
    "won on "
    "or before the day of creation, or without one, from the cycle (sales_cycle_days counts them)",
    empty=f"fewer than {MINIMUM_CYCLES} won with an amount, or with a length: that factor and the product "
    "are "
    "missing; a factor of 0 or missing at either end: no log change of it, nor of the product",
    columns={
        "end": "start or end of the period",
        "open_count": "open opportunities",
        "win_rate": "won / (won + lost), 0-1",
        "decided_count": "the n of win_rate",
        "low": "lower end of the 90 % Wilson interval of win_rate, 0-1",
        "high": "upper end of it, 0-1",
        "median_amount": "median amount of the won, client's currency",
        "amount_count": "the n of median_amount",
        "cycle_days": "median days from creation to the win",
        "cycle_count": "the n of cycle_days",
        "velocity_amount": "the product: client's currency per day",
        "open_log_change": "what the number open adds to ln(velocity now / before); at the end only",
        "win_rate_log_change": "what the win rate adds",
        "amount_log_change": "what the median amount adds",
        "cycle_log_change": "what the cycle adds: positive when it got shorter",
        "velocity_log_change": "the four together: 0.10 is about 10 % faster",
    },
    example="Before 40 open, 25 %, 8,000, 40 days: 40 × 0.25 × 8,000 / 40 = 2,000 a day. Now 44 open, the "
    "rest "
    "the same: 2,200; ln 1.1 = 0.095, all of it from the number open.",
)
def sales_velocity(
    opening: pd.DataFrame,
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
) -> pd.DataFrame:
    """Sales velocity at both ends of a period, its four factors, and how much each of them moved it.

    Parameters
    ----------
    opening, opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES`` at the start of the period and at the cut-off.
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES`` at the cut-off.
    period : Period
    cutoff : pandas.Timestamp
        UTC.

    Returns
    -------
    pandas.DataFrame
        Two rows: start and end.
    """
    ends = [
        _factors(opening, outcomes, period.start_at, period.time_zone),
        _factors(opportunities, outcomes, cutoff, period.time_zone),
    ]
    table = pd.DataFrame(ends)
    table.insert(0, "end", pd.Series(["start", "end"], dtype="str"))
    table["velocity_amount"] = (
        table["open_count"] * table["win_rate"] * table["median_amount"] / table["cycle_days"]
    )
    factors = table[list(FACTORS)].to_numpy(dtype=float)
    change = np.full(factors.shape, np.nan)
    change[1] = np.diff(np.log(np.where(factors > 0, factors, np.nan)), axis=0)[0] * [1, 1, 1, -1]
    table[["open_log_change", "win_rate_log_change", "amount_log_change", "cycle_log_change"]] = change
    table["velocity_log_change"] = change.sum(axis=1)
    return table


def _factors(
    opportunities: pd.DataFrame, outcomes: pd.DataFrame, at: pd.Timestamp, time_zone: str
) -> dict[str, float]:
    """The four factors at a moment, each with its n."""
    began = at - pd.Timedelta(weeks=TRAILING_WEEKS)
    recent = outcomes[outcomes["outcome_at"].ge(began) & outcomes["outcome_at"].lt(at)]
    each = recent[recent["outcome"].isin(["won", "lost"])].drop_duplicates("opportunity_id")
    n, won = len(each), int(each["outcome"].eq("won").sum())
    low, high = wilson([won], [n])
    wins = trailing_wins(outcomes, at)["opportunity_id"]
    # the shares of a split add up to the amount that was won
    amounts = recent[recent["opportunity_id"].isin(wins)].groupby("opportunity_id")["amount"].sum()
    amounts = amounts[amounts > 0]
    days, day_count = usual_cycle_days(outcomes, at, time_zone, 0.5)
    return {
        "open_count": int(is_open(opportunities).sum()),
        "win_rate": won / n if n else np.nan,
        "decided_count": n,
        "low": float(low[0]),
        "high": float(high[0]),
        "median_amount": float(amounts.median()) if len(amounts) >= MINIMUM_CYCLES else np.nan,
        "amount_count": len(amounts),
        "cycle_days": days,
        "cycle_count": day_count,
    }

"""What would coverage be if the overdue opportunities were dead? The headline without them."""

from __future__ import annotations

import pandas as pd

from spm_lib.metrics.coverage import pipeline_coverage_ratio
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.pipeline import expected_before, is_open, pipeline
from spm_lib.metrics.registry import metric
from spm_lib.periods import Calendar, Period


@metric(
    question="What would coverage be if the overdue opportunities were dead?",
    formula="coverage with and without the open opportunities whose expected close has passed",
    time_base="as pipeline_coverage_ratio; overdue: expected before the cut-off's day in the client's time "
    "zone",
    credit="the whole team",
    excluded="as pipeline_coverage_ratio",
    empty="nothing overdue: both ratios are equal; no ratio where pipeline_coverage_ratio has none",
    columns={
        "open_amount": "open and expected in the goal period, client's currency",
        "overdue_count": "open opportunities whose expected close has passed",
        "overdue_amount": "their amount, client's currency",
        "open_amount_without": "open_amount without them, client's currency",
        "coverage_ratio": "open_amount / remaining goal",
        "coverage_ratio_without": "open_amount_without / remaining goal",
        "required_ratio": "as pipeline_coverage_ratio",
        "state": "as pipeline_coverage_ratio",
    },
    example="93,000 open against 30,000 to go is 3.1; 12 overdue ones hold 51,000 of it: without them 1.4.",
)
def hygiene_effect(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    past: pd.DataFrame,
) -> pd.DataFrame:
    """Coverage with and without the overdue opportunities.

    Takes and refuses the same as `pipeline_coverage_ratio`.

    Returns
    -------
    pandas.DataFrame
        One row.
    """
    today = pd.Timestamp(cutoff.tz_convert(horizon.time_zone).date())
    inside = is_open(opportunities) & expected_before(opportunities, pd.Timestamp(horizon.end))
    overdue = inside & expected_before(opportunities, today)
    table = pipeline_coverage_ratio(opportunities, outcomes, quotas, horizon, cutoff, calendar, past)
    dead, alive = pipeline(opportunities[overdue]), pipeline(opportunities[inside & ~overdue])
    table["overdue_count"] = dead["open_count"]
    table["overdue_amount"] = dead["open_amount"]
    table["open_amount_without"] = alive["open_amount"]
    without = ratio(table["open_amount_without"], table["remaining"])
    table["coverage_ratio_without"] = pd.Series(without).where(table["coverage_ratio"].notna())
    amounts = ["open_amount", "overdue_count", "overdue_amount", "open_amount_without"]
    return table[[*amounts, "coverage_ratio", "coverage_ratio_without", "required_ratio", "state"]]

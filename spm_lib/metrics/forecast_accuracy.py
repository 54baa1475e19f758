"""How good were the forecasts? Every caller's, measured at the same weeks of the periods that are over."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import check_by
from spm_lib.metrics.intervals import ratio, wilson
from spm_lib.metrics.registry import metric

#: Weeks of a period at which a forecast is kept; -1 is the last week before its end.
WEEKS = (1, 4, 8, -1)
#: Periods below which nothing but the errors themselves is said.
MINIMUM_PERIODS = 4


@metric(
    question="How good were the forecasts, and whose are too high or too low?",
    formula="error = forecast − actual; bias = sum of errors / sum of actuals; WAPE = sum of |errors| / sum "
    "of |actuals|; hit rate = actuals inside the 80 % range / forecasts with a range; CRPS as scored on the "
    "draws, of a forecast without a range its |error|",
    time_base=f"at weeks {', '.join(map(str, WEEKS))} of each past period; −1 is a week before the end",
    credit="whoever called: the model, a rep, the manager, a baseline",
    excluded="forecasts that were withheld, and periods whose actual is not known yet; forecasts at other "
    "weeks",
    empty=f"below {MINIMUM_PERIODS} periods rates are missing and `state` says so; actuals that sum to 0 "
    "leave bias and WAPE missing, the errors in money stay",
    columns={
        "caller": "whose forecast",
        "week": "week of the period it was made at the end of; −1 is a week before the period's end; "
        "missing where a caller's weeks stand together",
        "period_count": "periods it was measured in",
        "mean_error": "mean of forecast − actual, client's currency; positive is too high",
        "bias_rate": "sum of errors / sum of actuals",
        "wape": "sum of |errors| / sum of |actuals|",
        "range_count": "forecasts that came with a range",
        "hit_count": "those whose range held the actual, its ends included",
        "hit_rate": "hit_count / range_count, 0-1; 0.8 is what an 80 % range promises",
        "hit_low": "lower end of its 90 % Wilson interval",
        "hit_high": "upper end of the same interval",
        "crps": "mean score of the draws, client's currency; smaller is better",
        "state": "measured or too few periods",
    },
    example="Forecasts 110, 90, 100 and 120 of actuals 100 each: errors 10, −10, 0, 20; bias 20 / 400 = 5 %, "
    "WAPE 40 / 400 = 10 %.",
    groupings=("caller",),
)
def forecast_accuracy(forecasts: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """The errors of past forecasts.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        period_start, week, caller, forecast_amount, low, high, crps, actual_amount: one row per forecast;
        low, high and crps may be missing.
    by : str, optional
        "caller" puts all weeks of a caller together (its bias over time); None keeps the weeks apart.

    Returns
    -------
    pandas.DataFrame
        One row per caller and week, the weeks in the order of `WEEKS`.

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("forecast_accuracy", by, ("caller",))
    rows = forecasts[forecasts["forecast_amount"].notna() & forecasts["actual_amount"].notna()]
    order = rows["week"].map({week: place for place, week in enumerate(WEEKS)})
    rows = rows.assign(order=order)[order.notna()]
    rows = rows.sort_values(["caller", "order", "period_start"], kind="stable")
    keys = ["caller"] if by else ["caller", "week"]
    found = [
        dict(zip(keys, key, strict=True)) | _accuracy(part) for key, part in rows.groupby(keys, sort=False)
    ]
    table = pd.DataFrame(found, columns=["caller", "week", *_COLUMNS])
    return table.astype({"caller": "str", "week": "Int64"})


_COLUMNS = (
    *("period_count", "mean_error", "bias_rate", "wape", "range_count", "hit_count", "hit_rate"),
    *("hit_low", "hit_high", "crps", "state"),
)


def _accuracy(rows: pd.DataFrame) -> dict[str, object]:
    error = rows["forecast_amount"] - rows["actual_amount"]
    ranged = rows["low"].notna() & rows["high"].notna()
    hit = ranged & (rows["low"] <= rows["actual_amount"]) & (rows["actual_amount"] <= rows["high"])
    # a forecast that is a single number is a sample of one: its score is its absolute error
    scored = rows["crps"].astype("float64").where(rows["crps"].notna() | ranged, error.abs())
    periods = rows["period_start"].nunique()
    enough = periods >= MINIMUM_PERIODS
    ranges, hits = int(ranged.sum()), int(hit.sum())
    low, high = wilson([hits], [ranges])
    rates = {
        "bias_rate": float(ratio(error.sum(), rows["actual_amount"].sum())),
        "wape": float(ratio(error.abs().sum(), rows["actual_amount"].abs().sum())),
        "hit_rate": float(ratio(hits, ranges)),
        "hit_low": float(low[0]),
        "hit_high": float(high[0]),
        "crps": float(scored.mean()),
    }
    return {
        "period_count": periods,
        "mean_error": float(error.mean()),
        "range_count": ranges,
        "hit_count": hits,
        "state": "measured" if enough else "too few periods",
        **{name: value if enough else np.nan for name, value in rates.items()},
    }

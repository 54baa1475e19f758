"""Forecasts against what came: worked by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.forecast_accuracy import forecast_accuracy

COLUMNS = ["period_start", "week", "caller", "forecast_amount", "low", "high", "crps", "actual_amount"]


def forecasts(*rows, week=4, caller="model"):
    """One forecast per period of (forecast, low, high, crps, actual)."""
    starts = pd.date_range("2025-01-01", periods=max(len(rows), 1), freq="QS")
    made = [(start, week, caller, *row) for start, row in zip(starts, rows, strict=False)]
    return pd.DataFrame(made, columns=COLUMNS).astype(dict.fromkeys(COLUMNS[3:], "float64"))


def point(amount, actual):
    return (amount, None, None, None, actual)


def test_the_example_of_the_card_has_5_percent_bias_and_10_percent_wape():
    table = forecasts(point(110, 100), point(90, 100), point(100, 100), point(120, 100))
    row = forecast_accuracy(table).iloc[0]
    assert (row["bias_rate"], row["wape"], row["mean_error"], row["period_count"]) == (0.05, 0.10, 5, 4)
    # single numbers: the score is the absolute error, (10 + 10 + 0 + 20) / 4; there is no range to hit
    assert (row["crps"], row["range_count"]) == (10, 0)
    assert math.isnan(row["hit_rate"])


def test_the_ends_of_a_range_belong_to_it():
    rows = [(100, 80, 120, 5, 80), (100, 80, 120, 5, 120), (100, 80, 120, 9, 121), (100, 80, 120, 1, 100)]
    row = forecast_accuracy(forecasts(*rows)).iloc[0]
    assert (row["hit_count"], row["range_count"], row["hit_rate"], row["crps"]) == (3, 4, 0.75, 5)
    low, high = proportion_confint(3, 4, alpha=0.10, method="wilson")
    assert (row["hit_low"], row["hit_high"]) == (pytest.approx(low), pytest.approx(high))


def test_a_range_without_a_score_is_not_scored_as_if_it_were_a_single_number():
    rows = [(100, 80, 120, None, 110)] * 4
    assert math.isnan(forecast_accuracy(forecasts(*rows)).iloc[0]["crps"])


def test_three_periods_are_too_few_for_a_rate():
    row = forecast_accuracy(forecasts(point(110, 100), point(90, 100), point(95, 100))).iloc[0]
    assert row["state"] == "too few periods"
    assert row["mean_error"] == pytest.approx(-5 / 3)
    assert row[["bias_rate", "wape", "hit_rate", "crps"]].isna().all()


def test_actuals_of_nothing_leave_rates_missing_and_the_money_stands():
    row = forecast_accuracy(forecasts(*[point(10, 0)] * 4)).iloc[0]
    assert row["mean_error"] == 10
    assert row[["bias_rate", "wape"]].isna().all()


def test_withheld_forecasts_and_periods_not_over_do_not_count():
    table = forecasts(point(110, 100), point(None, 100), point(90, None), point(90, 100))
    assert forecast_accuracy(table).iloc[0]["period_count"] == 2


def test_callers_and_weeks_stand_apart_and_a_callers_weeks_together():
    late = forecasts(*[point(100, 100)] * 4, week=-1, caller="ana")
    early = forecasts(*[point(130, 100)] * 4, week=1, caller="ana")
    other = forecasts(*[point(90, 100)] * 4, week=8, caller="ben")
    odd = forecasts(*[point(0, 100)] * 4, week=3, caller="ben")
    table = pd.concat([late, other, odd, early], ignore_index=True)
    apart = forecast_accuracy(table)
    assert list(zip(apart["caller"], apart["week"], strict=True)) == [("ana", 1), ("ana", -1), ("ben", 8)]
    together = forecast_accuracy(table, by="caller").set_index("caller")
    assert together["bias_rate"].round(9).to_dict() == {"ana": 0.15, "ben": -0.1}
    assert together["week"].isna().all()


def test_it_groups_by_caller_only():
    with pytest.raises(MetricError, match="no such grouping"):
        forecast_accuracy(forecasts(), by="rep_id")


def test_without_forecasts_the_table_is_empty():
    assert forecast_accuracy(forecasts()).empty

"""Past forecasts replayed: against what became of them, and beside what is simpler."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from spm_lib import trust
from spm_lib.backtest import BASELINES, Backtest, backtest, past_forecasts, verdict
from spm_lib.errors import MetricError
from spm_lib.view import Source


@pytest.fixture(scope="module")
def source(demo_home: Path) -> Source:
    return Source.open(demo_home, "brightwater-dental")


@pytest.fixture(scope="module")
def found(source: Source) -> Backtest:
    return backtest(source, date(2026, 11, 16), 6)


def test_the_targets_of_the_forecast_are_reached(found: Backtest) -> None:
    """As METRICS.md prints it: 16 of 19 inside the 80 % range, 64 % better than a straight line by CRPS."""
    made = found.forecasts[found.forecasts["caller"].eq("forecast") & found.forecasts["crps"].notna()]
    hits = made["actual_amount"].between(made["low"], made["high"])
    assert (int(hits.sum()), len(made)) == (16, 19)
    assert found.gain_rate == pytest.approx(0.64, abs=0.005)
    assert found.best == "straight line"
    assert "16 of 19 actuals (84%)" in verdict(found)
    assert "64% better than the best simpler one, straight line" in verdict(found)


def test_last_period_is_what_became_of_the_period_before(found: Backtest) -> None:
    actual = found.forecasts.groupby("period_start")["actual_amount"].first()
    said = found.forecasts[found.forecasts["caller"] == "last period"].set_index("period_start")
    for period, before in zip(actual.index[1:], actual.index[:-1], strict=True):
        assert (said.loc[period, "forecast_amount"] == actual[before]).all()


def test_the_score_of_a_point_is_its_error(found: Backtest) -> None:
    points = found.forecasts[found.forecasts["caller"].isin(BASELINES.values())].dropna(subset=["crps"])
    assert (points["crps"] - (points["forecast_amount"] - points["actual_amount"]).abs()).abs().max() < 1e-6


def test_what_is_received_later_changes_no_forecast_made_by_what_was_received_then(demo_home: Path) -> None:
    """Copperline sends a drop every week: its past forecasts stand whatever the last drops brought."""
    whole = Source.open(demo_home, "copperline-print")
    early = whole.known(pd.Timestamp("2026-10-06T00:00Z"))
    until = date(2026, 10, 5)
    now, then = (past_forecasts(one, until, 1) for one in (whole, early))
    columns = ["week", "caller", "forecast_amount", "low", "high"]
    assert (now["known"] == "as received then").all()
    pd.testing.assert_frame_equal(now[columns], then[columns])


def test_before_any_period_is_over_there_is_nothing_to_check(source: Source) -> None:
    assert past_forecasts(source, date(2025, 1, 6)).empty
    with pytest.raises(MetricError, match="no goal period on record is over"):
        backtest(source, date(2025, 1, 6))


def test_the_commands_print_what_the_functions_say(demo_home: Path, monkeypatch, capsys) -> None:
    from spm_lib import cli

    monkeypatch.setenv("SPM_TODAY", "2026-11-18")
    monkeypatch.setattr(
        "sys.argv", ["spm", "--home", str(demo_home), "backtest", "brightwater-dental", "--periods", "2"]
    )
    assert cli.main() == 0
    said = capsys.readouterr().out
    assert "pace by own curve" in said
    assert "The 80 % range held" in said

    def small(full: bool, seed: int, on_progress: object) -> pd.DataFrame:
        assert (full, seed) == (False, 7)
        return pd.DataFrame()

    monkeypatch.setattr(trust, "simulate", small)
    monkeypatch.setattr(trust, "table_text", lambda _: "the table")
    monkeypatch.setattr("sys.argv", ["spm", "simulate", "--seed", "7"])
    assert cli.main() == 0
    assert capsys.readouterr().out.strip() == "the table"

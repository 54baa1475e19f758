"""How much closer the drawn-in rate is: the arithmetic by hand, and that it is the metric's own."""

from __future__ import annotations

import numpy as np
import pytest

from spm_lib.metrics.win_rate_shrunk import expected, fit, win_rate_shrunk
from spm_lib.trust import shrinkage, worlds
from spm_lib.trust.figure import stream


def test_lower_by_is_one_less_the_ratio_of_the_root_mean_squares():
    # RMSE √((1 + 3) / 2) = √2 against √((4 + 12) / 2) = √8: half
    raw, drawn = np.array([[4.0], [12.0]]), np.array([[1.0], [3.0]])
    value, error = shrinkage.lower_by(raw, drawn)
    assert value == pytest.approx(0.5)
    # either world alone says the same
    assert error == pytest.approx(0.0)
    # leaving one out: √(3/4) and √(1/12); √(1/2 × 2 × (half their difference)²)
    value, error = shrinkage.lower_by(np.array([[4.0], [12.0]]), np.array([[3.0], [1.0]]))
    assert error == pytest.approx((np.sqrt(3 / 4) - np.sqrt(1 / 12)) / 2)


def test_true_rates_have_the_mean_and_spread_they_are_said_to_have():
    rates = shrinkage.true_rates(stream(3, "rates"), 20_000, 0.08)
    assert rates.mean() == pytest.approx(0.30, abs=0.002)
    assert rates.std() == pytest.approx(0.08, abs=0.002)
    assert (shrinkage.true_rates(stream(3, "rates"), 2, 0.0) == 0.30).all()


def test_the_rates_measured_are_those_of_win_rate_shrunk():
    won = np.array([3.0, 6.0, 9.0, 5.0, 7.0, 4.0])
    rep = np.repeat(np.arange(6), 20)
    flags = np.tile(np.arange(20), 6) < won[rep]
    table = win_rate_shrunk(worlds.outcomes(rep, flags, np.full(120, -1.0)), worlds.LAST_WEEK)
    rate, low, high = expected(fit(won, np.full(6, 20.0)), won, np.full(6, 20.0))
    assert table["win_rate"].to_numpy() == pytest.approx(rate, abs=1e-12)
    assert table["low"].to_numpy() == pytest.approx(low, abs=1e-12)
    assert table["high"].to_numpy() == pytest.approx(high, abs=1e-12)


def test_where_all_reps_are_alike_the_drawn_in_rate_is_nearly_twice_as_close():
    raw, drawn, held = shrinkage.play(stream(4, "alike"), 40, 0.0)
    # the raw rate's error is that of 20 draws: √(0.3 × 0.7 / 20) = 10.2 points
    assert np.sqrt(raw.mean()) == pytest.approx(0.102, abs=0.01)
    assert np.sqrt(drawn.mean()) < 0.6 * np.sqrt(raw.mean())
    assert held.mean() > 0.9

"""Shrunken rates and honest ranks: against integration by scipy, and nearer to the truth than raw rates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import integrate, special, stats

from spm_lib.errors import MetricError
from spm_lib.metrics.win_rate_shrunk import (
    SPREAD_SCALE,
    Prior,
    comparisons,
    expected,
    fit,
    ranks,
    win_rate_shrunk,
)
from tests.metrics.frames import one_week, outcomes
from tests.metrics.made import outcome_frames, sql


def decided(**reps):
    """Outcomes as rep=(won, decided)."""
    return outcomes(
        *(
            {"rep_id": rep, "outcome": "won" if number < won else "lost"}
            for rep, (won, n) in reps.items()
            for number in range(n)
        ),
    )


def arrays(*values):
    return tuple(np.asarray(value, dtype=float) for value in values)


def test_the_worked_example_of_the_card(week46):
    table = win_rate_shrunk(decided(ana=(12, 20), ben=(4, 20)), week46)
    assert table["raw_rate"].tolist() == [0.6, 0.2]
    assert table["win_rate"].round(2).tolist() == [0.52, 0.28]
    assert table["low"].round(2).tolist() == [0.35, 0.13]
    assert table["high"].round(2).tolist() == [0.70, 0.46]
    assert table["prior_rate"].round(2).tolist() == [0.41, 0.41]
    assert table["prior_count"].round(1).tolist() == [7.5, 7.5]
    assert table["best_probability"].round(2).tolist() == [0.95, 0.05]
    assert table["rank"].tolist() == [1, 2]
    assert table["better_count"].tolist() == [0, 1]


def test_the_grid_agrees_with_adaptive_integration_over_mean_and_spread():
    won, n = arrays([12, 4, 9], [20, 20, 30])

    def weight(mean, root):
        total = root**-2 - 1
        a, b = mean * total, (1 - mean) * total
        logs = special.betaln(a + won, b + n - won) - special.betaln(a, b)
        return math.exp(logs.sum() - root**2 / (2 * SPREAD_SCALE**2) + 46)

    def integral(of):
        inner = lambda mean, root: weight(mean, root) * of(mean, root**-2 - 1)  # noqa: E731
        return integrate.dblquad(inner, 1e-3, 3 * SPREAD_SCALE, 1e-6, 1 - 1e-6, epsabs=1e-7, epsrel=1e-4)[0]

    whole = integral(lambda mean, total: 1.0)
    ana = integral(lambda mean, total: (mean * total + 12) / (total + 20)) / whole
    prior = fit(won, n)
    assert prior.rate == pytest.approx(integral(lambda mean, total: mean) / whole, abs=0.003)
    assert expected(prior, won, n)[0][0] == pytest.approx(ana, abs=0.003)


def test_p_better_agrees_with_quadrature_by_scipy():
    prior = Prior(*arrays([2.0, 6.0], [5.0, 14.0], [0.4, 0.6]))
    won, n = arrays([9, 4, 0], [20, 15, 12])
    better, best = comparisons(prior, won, n)
    for one in range(3):
        for other in set(range(3)) - {one}:
            exact = 0.0
            for a, b, weight in zip(prior.a, prior.b, prior.weight, strict=True):
                mine = stats.beta(a + won[one], b + n[one] - won[one])
                theirs = stats.beta(a + won[other], b + n[other] - won[other])
                both = lambda x, mine=mine, theirs=theirs: mine.pdf(x) * theirs.cdf(x)  # noqa: E731
                exact += weight * integrate.quad(both, 0, 1)[0]
            assert better[one, other] == pytest.approx(exact, abs=1e-4)
    # and of three by chance, seeded: 200,000 draws are good to 0.004 at four standard errors
    chance = np.random.default_rng(5)
    point = chance.choice(2, 200_000, p=prior.weight)
    drawn = [chance.beta(prior.a[point] + k, prior.b[point] + m - k) for k, m in zip(won, n, strict=True)]
    first = np.bincount(np.argmax(drawn, axis=0), minlength=3) / 200_000
    assert best == pytest.approx(first, abs=0.005)
    assert best.sum() == pytest.approx(1)


def test_the_interval_holds_ninety_percent_of_the_mixture():
    prior = Prior(*arrays([2.0, 30.0], [5.0, 70.0], [0.3, 0.7]))
    won, n = arrays([9, 0], [20, 12])
    _, low, high = expected(prior, won, n)
    for rep in range(2):
        mixture = [
            stats.beta(a + won[rep], b + n[rep] - won[rep]) for a, b in zip(prior.a, prior.b, strict=True)
        ]
        for at, share in ((low[rep], 0.05), (high[rep], 0.95)):
            under = sum(w * one.cdf(at) for w, one in zip(prior.weight, mixture, strict=True))
            assert under == pytest.approx(share, abs=1e-6)


def test_different_ranks_are_surely_different_and_a_chain_in_between_is_shared():
    # a is surely above c, but b is told from neither: all three share; d is surely below all
    better = np.array(
        [[0, 0.8, 0.97, 0.99], [0.2, 0, 0.8, 0.98], [0.03, 0.2, 0, 0.96], [0.01, 0.02, 0.04, 0]]
    )
    assert ranks(better, np.array([0.5, 0.4, 0.3, 0.1])).tolist() == [1, 1, 1, 4]
    # the same reps listed in another order
    turned = np.ix_([3, 1, 0, 2], [3, 1, 0, 2])
    assert ranks(better[turned], np.array([0.1, 0.4, 0.5, 0.3])).tolist() == [4, 1, 1, 1]


def test_six_identical_reps_share_the_first_rank_and_are_drawn_together(week46):
    table = win_rate_shrunk(decided(a=(4, 12), b=(4, 12), c=(4, 12), d=(5, 12), e=(3, 12), f=(4, 12)), week46)
    assert table["rank"].tolist() == [1] * 6
    assert table["win_rate"].max() - table["win_rate"].min() < 0.06
    # no spread is a strong prior, and not an infinite one
    assert 12 < table["prior_count"].iloc[0] < 100


def test_below_ten_decided_there_is_a_rate_and_no_rank(week46):
    table = win_rate_shrunk(decided(ana=(9, 9), ben=(6, 20), cy=(5, 20)), week46, groups=["dee"])
    table = table.set_index("rep_id")
    assert table.loc["ana", "win_rate"] < 1
    assert table["rank"].isna().tolist() == [True, False, False, True]
    assert table["best_probability"].sum() == pytest.approx(1)
    assert math.isnan(table.loc["dee", "win_rate"])


def test_one_rep_alone_has_no_rank_and_a_rate_near_the_raw_one(week46):
    row = win_rate_shrunk(decided(ana=(12, 40)), week46).iloc[0]
    assert np.isnan(row["best_probability"])
    assert pd.isna(row["rank"])
    assert row["win_rate"] == pytest.approx(0.3, abs=0.02)


def test_nobodys_opportunities_are_counted_and_not_judged(week46):
    rows = decided(ana=(6, 20), ben=(5, 20))
    rows.loc[rows["rep_id"] == "ben", "rep_id"] = None
    table = win_rate_shrunk(rows, week46)
    assert table["decided_count"].tolist() == [20, 20]
    assert table["win_rate"].isna().tolist() == [False, True]


def test_the_year_before_tells_how_much_a_week_is_worth(week46):
    week_alone = win_rate_shrunk(decided(ana=(3, 3), ben=(0, 3)), week46)
    long_ago = decided(ana=(15, 50), ben=(15, 50)).assign(outcome_at=one_week("2026-W20").start_at)
    too_long_ago = long_ago.assign(outcome_at=one_week("2025-W46").start_at - pd.Timedelta(days=7))
    rows = decided(ana=(3, 3), ben=(0, 3))
    known = win_rate_shrunk(pd.concat([rows, long_ago]), week46)
    assert known["decided_count"].tolist() == [3, 3]
    # the reps were alike for a year: a week of three moves them less
    assert known["win_rate"].iloc[0] - known["win_rate"].iloc[1] < 0.5 * (
        week_alone["win_rate"].iloc[0] - week_alone["win_rate"].iloc[1]
    )
    forgotten = win_rate_shrunk(pd.concat([rows, too_long_ago]), week46)
    assert forgotten["win_rate"].tolist() == week_alone["win_rate"].tolist()


def test_a_grouping_it_does_not_have_is_refused(week46):
    with pytest.raises(MetricError, match="no such grouping"):
        win_rate_shrunk(outcomes(), week46, by="territory")
    assert win_rate_shrunk(outcomes(), week46, by="rep_id").empty


@pytest.mark.parametrize(("spread", "lower"), [(0.0, 45), (0.04, 35), (0.08, 20), (0.12, 10)])
def test_it_is_nearer_to_the_truth_than_raw_rates(spread, lower):
    """6 reps × 20 decided, mean 30 %, true rates of that standard deviation; 300 teams, seeded."""
    chance = np.random.default_rng(11)
    truth = np.full((300, 6), 0.3)
    if spread:
        worth = 0.3 * 0.7 / spread**2 - 1
        truth = chance.beta(0.3 * worth, 0.7 * worth, (300, 6))
    n = np.full(6, 20.0)
    won = chance.binomial(20, truth).astype(float)
    shrunk = np.array([mean_only(fit(team, n), team, n) for team in won])
    raw_error, error = (np.sqrt(np.mean((rate - truth) ** 2)) for rate in (won / 20, shrunk))
    assert 100 * (1 - error / raw_error) >= lower


@settings(max_examples=25, deadline=None)
@given(outcome_frames())
def test_counts_agree_with_sql_and_the_rate_lies_between_its_own_and_the_priors(made):
    table = win_rate_shrunk(made, one_week())
    oracle = sql(
        """select rep_id as key, sum(share_rate) as n, sum(share_rate) filter (outcome = 'won') as won
        from outcomes where outcome <> 'disqualified' and outcome_at >= timestamptz '2026-11-09 06:00Z'
        and outcome_at < timestamptz '2026-11-16 06:00Z' group by rep_id""",
        outcomes=made,
    ).fillna({"key": "nobody", "won": 0.0})
    oracle = oracle.set_index("key")
    assert set(table["rep_id"].fillna("nobody")) == set(oracle.index)
    for row in table.fillna({"rep_id": "nobody"}).to_dict("records"):
        assert row["decided_count"] == pytest.approx(float(oracle.loc[row["rep_id"], "n"]))
        assert row["won_count"] == pytest.approx(float(oracle.loc[row["rep_id"], "won"]))
        if row["rep_id"] != "nobody":
            assert row["low"] < row["win_rate"] < row["high"]


def mean_only(prior, won, n):
    return ((prior.a + won[:, None]) / (prior.a + prior.b + n[:, None])) @ prior.weight

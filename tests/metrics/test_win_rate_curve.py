"""The curve of wins by age: by hand, as lifelines has it, and unbent by slow losses and growth."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.win_rate_curve import aalen_johansen, win_rate_curve, win_rate_eventual
from spm_lib.metrics.win_rates import win_rate_broad, win_rate_by_count
from spm_lib.periods import Period
from tests.metrics.frames import one_week, opportunities, outcomes
from tests.metrics.lives import CUTOFF, lives

#: 16 November 00:00 is the cut-off: created on 2 November is 14 days ago.
FOUR = (
    ("won", "2026-09-01", "2026-09-11"),  # after 10 days
    ("lost", "2026-09-01", "2026-09-21"),  # after 20
    ("won", "2026-09-01", "2026-10-01"),  # after 30
    ("open", "2026-10-22", None),  # open for 25
)


def frames(*rows, **more):
    shown = opportunities(
        *({"status": state, "created_at": f"{born} 09:00", **more} for state, born, _ in rows)
    )
    ended = outcomes(
        *(
            {
                "opportunity_id": f"o{n}",
                "outcome": state,
                "created_at": f"{born} 09:00",
                "outcome_at": f"{died} 17:00",
                **more,
            }
            for n, (state, born, died) in enumerate(rows)
            if died
        )
    )
    return shown, ended


def test_four_opportunities_are_worked_by_hand(week46):
    curve = win_rate_curve(*frames(*FOUR), week46, CUTOFF)
    assert curve["age_days"].tolist() == [10, 20, 30]
    assert curve["at_risk_count"].tolist() == [4, 3, 1]
    # 1/4; nothing won at 20; then the half that is undecided, all of it won
    assert curve["win_rate"].tolist() == [0.25, 0.25, 0.75]
    assert curve["open_rate"].tolist() == [0.75, 0.5, 0.0]
    row = win_rate_eventual(*frames(*FOUR), week46, CUTOFF).iloc[0]
    assert row[["followed_count", "won_count", "ended_count", "open_count"]].tolist() == [4, 2, 3, 1]
    assert row[["age_days", "win_rate", "open_rate"]].tolist() == [30, 0.75, 0]
    # the same by counting what was closed only: 2 of 3
    assert win_rate_by_count(frames(*FOUR)[1], Period(date(2026, 9, 1), date(2026, 11, 16)))["win_rate"].iloc[
        0
    ] == pytest.approx(2 / 3)


def test_the_variance_of_the_four_is_worked_by_hand():
    found = aalen_johansen([10, 20, 30, 25], [1, 0, 1, 0], [1, 1, 1, 0])
    # day 10: S(before)² w (n − w) / n³ = 1 × 1 × 3 / 64
    # day 20: nothing won, F unchanged. Day 30: F = 3/4, and
    #   Σ (F − Fj)² d / (n (n − d)): (1/2)² / (4 × 3) + (1/2)² / (3 × 2) = 1/48 + 1/24 = 3/48
    #   Σ S² w (n − w) / n³: 3/64 + 0
    #   Σ (F − Fj) S w / n²: (1/2) × 1 × 1/16 = 1/32
    assert found.variance == pytest.approx([3 / 64, 3 / 64, 3 / 48 + 3 / 64 - 2 / 32])


@pytest.mark.parametrize("n", [5, 40, 300])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_rate_and_variance_are_those_of_lifelines_where_nothing_falls_together(n):
    chance = np.random.default_rng(n)
    days, event = chance.exponential(50, n), chance.choice([0, 1, 2], n, p=[0.3, 0.3, 0.4])
    found = aalen_johansen(days, event == 1, event > 0)
    theirs = AalenJohansenFitter().fit(days, event, event_of_interest=1)
    at = theirs.cumulative_density_.loc[found.age].iloc[:, 0].to_numpy()
    np.testing.assert_allclose(found.rate, at, atol=1e-9)
    np.testing.assert_allclose(found.variance, theirs.variance_.loc[found.age], atol=1e-9)


@pytest.mark.filterwarnings("ignore:Tied event times", "ignore:divide by zero", "ignore:invalid value")
def test_what_falls_on_one_day_is_as_lifelines_has_it_once_the_open_ones_come_last():
    """lifelines moves ends of one day apart at random, a little to either side of it.

    Among ends the order makes no difference: won first is S / n, lost first S (1 − 1/n) / (n − 1), the same.
    But an end moved past a censoring of its day finds fewer at risk, and so the result hangs on the shuffle.
    With the open ones half a day later, as we take them to be, nothing can pass, and both agree.
    """
    chance = np.random.default_rng(3)
    days, event = chance.integers(1, 15, 120).astype(float), chance.choice([0, 1, 2], 120)
    found = aalen_johansen(days, event == 1, event > 0)
    theirs = AalenJohansenFitter(seed=1).fit(days + (event == 0) / 2, event, event_of_interest=1)
    curve = theirs.cumulative_density_.iloc[:, 0]
    at = [curve[curve.index <= age + 0.25].iloc[-1] for age in found.age]
    np.testing.assert_allclose(found.rate, at, atol=1e-9)
    # one censored on the day of the win was still at risk of it: 1/2, not 1/1
    assert aalen_johansen([10, 10], [1, 0], [1, 0]).rate.tolist() == [0.5]


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["won", "lost", "open"])), min_size=1))
def test_with_ties_it_is_the_recursion_by_the_definition(rows):
    """S falls by the share that ends, F grows by S times the share that wins: one day after the other."""
    days, states = zip(*rows, strict=True)
    found = aalen_johansen(days, [s == "won" for s in states], [s != "open" for s in states])
    undecided, rate, expected = 1.0, 0.0, []
    for day in range(7):
        risk = sum(d >= day for d in days)
        wins = sum(row == (day, "won") for row in rows)
        ends = wins + sum(row == (day, "lost") for row in rows)
        if ends:
            rate += undecided * wins / risk
            undecided *= 1 - ends / risk
            expected.append((day, risk, rate, undecided))
    ours = list(zip(found.age, found.at_risk, found.rate, found.undecided, strict=True))
    assert len(ours) == len(expected)
    for our, their in zip(ours, expected, strict=True):
        assert our == pytest.approx(their)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40))
def test_where_all_have_ended_the_end_is_the_broad_rate_with_its_wilson_range(rows):
    made = [("won" if won else "lost", "2026-10-01", f"2026-10-{1 + days:02d}") for days, won in rows]
    ours = win_rate_eventual(*frames(*made), one_week(), CUTOFF).iloc[0]
    wins = sum(won for _, won in rows)
    assert ours["win_rate"] == pytest.approx(wins / len(rows))
    low, high = proportion_confint(wins, len(rows), alpha=0.1, method="wilson")
    assert (ours["low"], ours["high"]) == pytest.approx((low, high), abs=1e-9)
    broad = win_rate_broad(frames(*made)[1], Period(date(2026, 9, 1), date(2026, 11, 1))).iloc[0]
    assert ours["win_rate"] == pytest.approx(broad["win_rate"])


def test_nothing_created_and_nothing_ended_have_no_rate(week46):
    nothing = win_rate_eventual(opportunities(), outcomes(), week46, CUTOFF).iloc[0]
    assert nothing["followed_count"] == 0
    assert nothing[["win_rate", "low", "high", "open_rate"]].isna().all()
    assert win_rate_curve(opportunities(), outcomes(), week46, CUTOFF).empty
    young = win_rate_eventual(*frames(("open", "2026-11-10", None)), week46, CUTOFF).iloc[0]
    assert (young["followed_count"], young["open_rate"]) == (1, 1)
    assert young[["win_rate", "low", "high"]].isna().all()


def test_what_cannot_be_followed_is_left_out_and_counted(week46):
    shown, ended = frames(*FOUR, ("won", "2026-10-05", "2026-10-04"), ("won", "2026-10-01", None))
    row = win_rate_eventual(shown, ended, week46, CUTOFF).iloc[0]
    assert row[["followed_count", "negative_count", "undated_count"]].tolist() == [4, 1, 1]
    assert row["win_rate"] == 0.75


def test_only_what_was_created_in_the_weeks_before_the_cutoff_is_followed(week46):
    # one week before the cut-off is 9 November 00:00
    edge = frames(("won", "2026-11-09", "2026-11-10"), ("won", "2026-11-08", "2026-11-10"))
    assert win_rate_eventual(*edge, week46, CUTOFF, weeks=1)["followed_count"].iloc[0] == 1


def test_a_shared_win_counts_once_for_the_team_and_by_its_shares_for_the_reps(week46):
    shown, ended = frames(*FOUR)
    split = pd.concat(
        [ended.iloc[1:], *(ended.iloc[:1].assign(rep_id=rep, share_rate=0.5) for rep in ("ana", "ben"))]
    )
    pd.testing.assert_frame_equal(
        win_rate_curve(shown, split, week46, CUTOFF), win_rate_curve(shown, ended, week46, CUTOFF)
    )
    by_rep = win_rate_eventual(shown, split, week46, CUTOFF, by="rep_id")
    assert by_rep[["rep_id", "followed_count", "won_count"]].values.tolist() == [
        ["ana", 3.5, 1.5],
        ["ben", 0.5, 0.5],
    ]


def test_a_grouping_it_does_not_have_is_refused(week46):
    for curve in (win_rate_curve, win_rate_eventual):
        with pytest.raises(MetricError, match="no such grouping"):
            curve(opportunities(), outcomes(), week46, CUTOFF, by="stage_id")


@settings(max_examples=40, deadline=None)
@given(lives())
def test_counts_by_group_add_up_and_the_curve_only_rises(made):
    facts = (made.opportunities, made.outcomes, one_week(), CUTOFF)
    total = win_rate_eventual(*facts).iloc[0]
    for by in ("rep_id", "product_line"):
        parts = win_rate_eventual(*facts, by=by)
        for name in ("followed", "won", "ended", "open", "undated", "negative"):
            assert parts[f"{name}_count"].sum() == pytest.approx(total[f"{name}_count"])
        for _, curve in win_rate_curve(*facts, by=by).groupby(by, dropna=False):
            assert curve["win_rate"].is_monotonic_increasing
            inside = (curve["low"] <= curve["win_rate"] + 1e-9) & (curve["win_rate"] <= curve["high"] + 1e-9)
            assert inside.all()


def grown(seed):
    """Two years of a growing client: 30 % won within weeks, the rest lost after months."""
    chance = np.random.default_rng(seed)
    # creations grow about 25-fold over the two years
    born = 728 * (1 + np.log(chance.uniform(np.exp(-3.2), 1, 2500)) / 3.2)
    won = chance.random(2500) < 0.3
    span = np.where(won, chance.exponential(20, 2500), chance.exponential(200, 2500))
    ended = born + span < 728
    start = CUTOFF - pd.Timedelta(days=728)
    created = pd.Series(start + pd.to_timedelta(born, unit="D")).dt.as_unit("us")
    closed = pd.Series(start + pd.to_timedelta(born + span, unit="D")).dt.as_unit("us")
    state = np.where(won, "won", "lost")
    shown = opportunities(
        *(
            {"created_at": at, "status": s if e else "open"}
            for at, s, e in zip(created, state, ended, strict=True)
        )
    )
    done = outcomes(
        *(
            {
                "opportunity_id": f"o{n}",
                "outcome": state[n],
                "created_at": created[n],
                "outcome_at": closed[n],
            }
            for n in np.flatnonzero(ended)
        )
    )
    return shown, done


def test_slow_losses_and_growth_bend_the_closed_only_rate_and_not_the_curve(week46):
    curves, closed = [], []
    last_year = Period(date(2025, 11, 17), date(2026, 11, 16))
    for seed in range(4):
        shown, done = grown(seed)
        curves.append(win_rate_eventual(shown, done, week46, CUTOFF)["win_rate"].iloc[0])
        closed.append(win_rate_by_count(done, last_year)["win_rate"].iloc[0])
    assert abs(np.mean(curves) - 0.30) <= 0.02
    assert np.mean(closed) - 0.30 >= 0.10

"""Sales velocity: four factors, their product, and what moved it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from spm_lib.metrics.registry import METRICS
from spm_lib.metrics.sales_velocity import sales_velocity
from tests.metrics.frames import one_week, opportunities, outcomes
from tests.metrics.lives import CUTOFF, lives
from tests.metrics.made import sql

_CHANGES = ["open_log_change", "win_rate_log_change", "amount_log_change", "cycle_log_change"]


def history(won=10, lost=30, days=40, amount=8_000.0, closed="2026-10-10"):
    end = pd.Timestamp(f"{closed} 12:00")
    shared = {"outcome_at": str(end), "created_at": str(end - pd.Timedelta(days=days)), "amount": amount}
    return [{"outcome": "won", **shared}] * won + [{"outcome": "lost", **shared}] * lost


def test_the_example_of_the_card_is_worked_by_hand(week46):
    table = sales_velocity(
        opportunities(*[{}] * 40), opportunities(*[{}] * 44), outcomes(*history()), week46, CUTOFF
    )
    assert table["end"].tolist() == ["start", "end"]
    # 40 × 10/40 × 8,000 / 40 days, then 44 open
    assert table["velocity_amount"].tolist() == pytest.approx([2_000, 2_200])
    now = table.iloc[1]
    assert now[_CHANGES].tolist() == pytest.approx([math.log(1.1), 0, 0, 0])
    assert now["velocity_log_change"] == pytest.approx(math.log(2_200 / 2_000))
    assert table.loc[0, _CHANGES].isna().all()


def test_the_four_changes_add_up_and_a_shorter_cycle_is_faster(week46):
    rows = [*history(), *history(20, 1, days=10, amount=9_000.0, closed="2026-11-10")]
    table = sales_velocity(
        opportunities(*[{}] * 5), opportunities(*[{}] * 4), outcomes(*rows), week46, CUTOFF
    )
    now, before = table.iloc[1], table.iloc[0]
    # 30 of 61 decided; two of three wins took 10 days and 9,000
    assert (now["decided_count"], now["median_amount"], now["cycle_days"]) == (61, 9_000, 10)
    assert now["cycle_log_change"] == pytest.approx(math.log(40 / 10))
    assert now["open_log_change"] == pytest.approx(math.log(4 / 5))
    assert now[_CHANGES].sum() == pytest.approx(math.log(now["velocity_amount"] / before["velocity_amount"]))


def test_too_few_wins_have_no_velocity_and_nothing_open_has_none_either(week46):
    few = sales_velocity(opportunities({}), opportunities({}), outcomes(*history(won=9)), week46, CUTOFF)
    assert few["decided_count"].tolist() == [39, 39]
    assert few[["median_amount", "cycle_days", "velocity_amount"]].isna().all(axis=None)
    none = sales_velocity(opportunities({}), opportunities(), outcomes(*history()), week46, CUTOFF)
    assert none["velocity_amount"].iloc[1] == 0
    assert np.isnan(none["velocity_log_change"].iloc[1])
    unknown = sales_velocity(opportunities(), opportunities(), outcomes(), week46, CUTOFF)
    assert unknown[["win_rate", "low", "high", "velocity_amount"]].isna().all(axis=None)


def test_outcomes_of_the_week_count_at_its_end_and_not_at_its_start(week46):
    edge = [{"outcome": "lost", "outcome_at": "2026-11-08 23:59:59"}, {"outcome": "won"}]
    table = sales_velocity(opportunities(), opportunities(), outcomes(*edge), week46, CUTOFF)
    assert table["decided_count"].tolist() == [1, 2]
    # 52 weeks before 16 November 2026 is 17 November 2025
    old = [{"outcome": "won", "outcome_at": at} for at in ("2025-11-16 23:59:59", "2025-11-17 00:00")]
    assert sales_velocity(opportunities(), opportunities(), outcomes(*old), week46, CUTOFF)[
        "decided_count"
    ].tolist() == [2, 1]


def test_a_shared_win_has_its_whole_amount_and_counts_once(week46):
    rows = history(won=9, lost=0)
    split = [
        {**history(1, 0)[0], "opportunity_id": "split", "rep_id": rep, "share_rate": 0.5, "amount": 4_000.0}
        for rep in ("ana", "ben")
    ]
    now = sales_velocity(opportunities(), opportunities(), outcomes(*rows, *split), week46, CUTOFF).iloc[1]
    assert now[["decided_count", "amount_count", "median_amount"]].tolist() == [10, 10, 8_000]


def test_reps_cannot_be_ranked_by_it():
    assert METRICS["sales_velocity"].groupings == ()


@settings(max_examples=40, deadline=None)
@given(lives())
def test_the_factors_agree_with_sql(made):
    now = sales_velocity(made.opportunities, made.opportunities, made.outcomes, one_week(), CUTOFF).iloc[1]
    oracle = sql(
        """with each as (select opportunity_id, outcome, sum(amount) as amount from outcomes group by all)
        select count(*) filter (outcome = 'won') as won,
            count(*) filter (outcome <> 'disqualified') as decided,
            count(*) filter (outcome = 'won' and amount > 0) as priced,
            median(amount) filter (outcome = 'won' and amount > 0) as amount,
            (select count(*) from shown where status = 'open' and presence = 'present') as open from each""",
        outcomes=made.outcomes,
        shown=made.opportunities,
    ).iloc[0]
    assert now["open_count"] == oracle["open"]
    assert now["decided_count"] == oracle["decided"]
    assert now["amount_count"] == oracle["priced"]
    if oracle["decided"]:
        assert now["win_rate"] == pytest.approx(oracle["won"] / oracle["decided"])
    expected = oracle["amount"] if oracle["priced"] >= 10 else np.nan
    assert now["median_amount"] == pytest.approx(expected, nan_ok=True)

"""Win rates: worked by hand, against SQL, and against the faults others have."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.intervals import wilson
from spm_lib.metrics.win_rates import win_rate_broad, win_rate_by_amount, win_rate_by_count
from tests.metrics.frames import one_week, outcomes
from tests.metrics.made import outcome_frames, sql

RATES = (win_rate_by_count, win_rate_by_amount, win_rate_broad)


def won(number=1, **more):
    return [{"outcome": "won", **more}] * number


def lost(number=1, **more):
    return [{"outcome": "lost", **more}] * number


def test_three_won_two_lost_one_disqualified_is_60_percent(week46):
    row = win_rate_by_count(outcomes(*won(3), *lost(2), {"outcome": "disqualified"}), week46).iloc[0]
    assert (row["won_count"], row["lost_count"], row["disqualified_count"], row["decided_count"]) == (
        3,
        2,
        1,
        5,
    )
    assert row["win_rate"] == 3 / 5
    assert (round(row["low"], 2), round(row["high"], 2)) == (0.27, 0.86)


def test_broad_counts_the_disqualified_as_decided(week46):
    row = win_rate_broad(outcomes(*won(3), *lost(2), {"outcome": "disqualified"}), week46).iloc[0]
    assert (row["decided_count"], row["win_rate"]) == (6, 3 / 6)
    assert (round(row["low"], 2), round(row["high"], 2)) == (0.22, 0.78)


def test_one_large_win_is_90_percent_of_the_money_and_counts_as_little_more_than_one(week46):
    row = win_rate_by_amount(outcomes(*won(amount=90_000), *lost(2, amount=5_000)), week46).iloc[0]
    assert row["win_rate"] == 0.9
    # 100,000² / (90,000² + 5,000² + 5,000²) = 10,000 / 8,150
    assert row["effective_count"] == pytest.approx(10_000 / 8_150)
    assert (round(row["low"], 2), row["high"] > 0.99) == (0.25, True)
    assert (row["won_amount"], row["lost_amount"], row["decided_count"]) == (90_000, 10_000, 3)


def test_a_rep_without_a_loss_wins_100_percent_and_the_n_says_of_how_many(week46):
    row = win_rate_by_count(outcomes(*won(2)), week46, by="rep_id").iloc[0]
    assert (row["win_rate"], row["decided_count"], row["high"]) == (1.0, 2, 1.0)
    assert row["low"] < 0.5


def test_a_teams_rate_is_never_above_100_percent_though_each_win_is_shared(week46):
    halves = [
        {"opportunity_id": f"o{n}", "outcome": "won", "rep_id": rep, "share_rate": 0.5, "amount": 50}
        for n in range(3)
        for rep in ("ana", "ben")
    ]
    for rate in RATES:
        row = rate(outcomes(*halves), week46).iloc[0]
        assert (row["win_rate"], row["decided_count"]) == (1.0, 3)


@pytest.mark.parametrize("rate", RATES)
def test_nothing_decided_is_missing_and_not_zero_percent(rate, week46):
    row = rate(outcomes(), week46).iloc[0]
    assert math.isnan(row["win_rate"])
    assert math.isnan(row["low"])
    assert math.isnan(row["high"])
    assert row["decided_count"] == 0


def test_only_disqualified_ones_are_no_win_rate_by_count(week46):
    assert math.isnan(win_rate_by_count(outcomes({"outcome": "disqualified"}), week46)["win_rate"].iloc[0])


def test_a_week_of_only_losses_without_amounts_has_no_rate_by_amount(week46):
    row = win_rate_by_amount(outcomes(*lost(2)), week46).iloc[0]
    assert (row["decided_count"], row["no_amount_count"]) == (2, 2)
    assert math.isnan(row["win_rate"])
    assert math.isnan(row["won_amount"])


@pytest.mark.parametrize("rate", RATES)
def test_reps_without_outcomes_have_a_row_and_no_rate(rate, week46):
    table = rate(outcomes(*won(amount=10)), week46, by="rep_id", groups=["ana", "ben"])
    assert table["rep_id"].tolist() == ["ana", "ben"]
    assert table["decided_count"].tolist() == [1, 0]
    assert table["win_rate"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-11-08 23:59:59.999999", False),
        ("2026-11-09 00:00", True),
        ("2026-11-15 23:59:59.999999", True),
        ("2026-11-16 00:00", False),
        # 05:30 of Sunday in UTC
        ("2026-11-14 23:30", True),
    ],
)
def test_a_week_holds_its_first_instant_and_not_the_first_after_it(at, inside, week46):
    assert win_rate_by_count(outcomes(*won(outcome_at=at)), week46)["won_count"].iloc[0] == inside


def test_saturday_night_stays_in_its_week_whatever_utc_says():
    # with a week from Sunday to Saturday, 22:30 of Saturday 14 November is already 04:30 of Sunday in UTC
    rows = outcomes(*won(outcome_at="2026-11-14 22:30"))
    assert win_rate_by_count(rows, one_week(starts_on="sunday"))["won_count"].iloc[0] == 1
    assert win_rate_by_count(rows, one_week("2026-W47", starts_on="sunday"))["won_count"].iloc[0] == 0


@pytest.mark.parametrize(("label", "hours"), [("2026-W10", 167), ("2026-W44", 169), ("2026-W46", 168)])
def test_weeks_of_a_clock_change_have_167_and_169_hours(label, hours):
    period = one_week(label)
    every_hour = pd.date_range(period.start_at - pd.Timedelta(days=1), periods=240, freq="h")
    rows = outcomes(*({"outcome": "won", "outcome_at": at} for at in every_hour))
    assert win_rate_by_count(rows, period)["won_count"].iloc[0] == hours


def test_a_grouping_it_does_not_have_is_refused_with_those_it_has(week46):
    for rate in RATES:
        with pytest.raises(MetricError, match="no such grouping") as refused:
            rate(outcomes(), week46, by="stage_id")
        assert "product_line" in str(refused.value)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95])
def test_the_interval_is_wilsons_as_statsmodels_has_it(confidence):
    n = np.repeat(np.arange(1, 41), 41)
    k = np.minimum(np.tile(np.arange(41), 40), n)
    low, high = wilson(k, n, confidence)
    expected = proportion_confint(k, n, alpha=1 - confidence, method="wilson")
    np.testing.assert_allclose(low, expected[0], atol=1e-12)
    np.testing.assert_allclose(high, expected[1], atol=1e-12)


_COUNTED = """
select {group} as key, sum(share_rate) filter (outcome = 'won') as won,
    sum(share_rate) filter (outcome in ({decided})) as decided
from outcomes
where outcome_at >= timestamptz '2026-11-09 06:00Z' and outcome_at < timestamptz '2026-11-16 06:00Z'
group by {group}
"""


@settings(max_examples=60, deadline=None)
@given(outcome_frames())
def test_counts_agree_with_sql_and_add_up(made):
    before = made.copy(deep=True)
    for rate, decided in (
        (win_rate_by_count, "'won', 'lost'"),
        (win_rate_broad, "'won', 'lost', 'disqualified'"),
    ):
        total = rate(made, one_week()).iloc[0]
        for by in ("rep_id", "product_line"):
            ours = rate(made, one_week(), by=by, groups=["ana"])
            oracle = sql(_COUNTED.format(group=by, decided=decided), outcomes=made).fillna({"key": "nobody"})
            oracle = oracle.set_index("key").fillna(0.0)
            for row in ours.fillna({by: "nobody"}).to_dict("records"):
                expected = oracle.loc[row[by]] if row[by] in oracle.index else {"won": 0, "decided": 0}
                assert row["won_count"] == pytest.approx(float(expected["won"]))
                assert row["decided_count"] == pytest.approx(float(expected["decided"]))
                if row["decided_count"]:
                    assert row["win_rate"] == pytest.approx(expected["won"] / expected["decided"])
            for column in ("won_count", "lost_count", "disqualified_count", "decided_count"):
                assert ours[column].sum() == pytest.approx(total[column])
    pd.testing.assert_frame_equal(made, before)


_BY_AMOUNT = """
with each as (
    select {group} as key, opportunity_id, outcome, sum(amount) as amount from outcomes
    where outcome in ('won', 'lost')
    and outcome_at >= timestamptz '2026-11-09 06:00Z' and outcome_at < timestamptz '2026-11-16 06:00Z'
    group by all having sum(amount) > 0)
select key, coalesce(sum(amount) filter (outcome = 'won'), 0) as won, sum(amount) as both,
    sum(amount) ** 2 / sum(amount ** 2) as effective from each group by key
"""


@settings(max_examples=60, deadline=None)
@given(outcome_frames())
def test_amounts_agree_with_sql_and_add_up_to_the_cent(made):
    total = win_rate_by_amount(made, one_week()).iloc[0]
    ours = win_rate_by_amount(made, one_week(), by="rep_id").fillna({"rep_id": "nobody"})
    oracle = sql(_BY_AMOUNT.format(group="rep_id"), outcomes=made).fillna({"key": "nobody"}).set_index("key")
    assert set(oracle.index) == set(ours["rep_id"][ours["win_rate"].notna()])
    for row in ours[ours["win_rate"].notna()].to_dict("records"):
        expected = oracle.loc[row["rep_id"]]
        assert row["won_amount"] == pytest.approx(expected["won"], abs=0.01)
        assert row["win_rate"] == pytest.approx(expected["won"] / expected["both"])
        assert row["effective_count"] == pytest.approx(expected["effective"])
        assert 0 <= row["low"] <= row["win_rate"] <= row["high"] <= 1
    for column in ("won_amount", "lost_amount"):
        if not math.isnan(total[column]):
            assert round(ours[column].sum() * 100) == round(total[column] * 100)

"""Cohorts: what became of what was created."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.win_rate_by_cohort import win_rate_by_cohort
from spm_lib.metrics.win_rates import win_rate_broad
from spm_lib.periods import month
from tests.metrics.frames import ZONE, opportunities, outcomes
from tests.metrics.lives import CUTOFF, lives
from tests.metrics.made import sql
from tests.metrics.test_sales_cycle_days import ten_wins


def cohort(won, lost, disqualified, still_open, created="2026-11-10 09:00"):
    states = ["won"] * won + ["lost"] * lost + ["disqualified"] * disqualified + ["open"] * still_open
    shown = opportunities(*({"status": state, "created_at": created} for state in states))
    ended = outcomes(
        *(
            {"opportunity_id": f"o{n}", "outcome": state, "created_at": created}
            for n, state in enumerate(states)
            if state != "open"
        )
    )
    return shown, ended


def test_three_won_of_ten_created_with_two_open_is_30_percent_and_at_most_50(week46):
    row = win_rate_by_cohort(*cohort(3, 4, 1, 2), week46, CUTOFF).iloc[0]
    assert row[["created_count", "won_count", "lost_count", "disqualified_count", "open_count"]].tolist() == [
        10,
        3,
        4,
        1,
        2,
    ]
    assert (row["win_rate"], row["open_rate"]) == (0.3, 0.2)
    # if both open ones are lost, 3 of 10; if both are won, 5 of 10
    assert row["low"] == pytest.approx(proportion_confint(3, 10, alpha=0.1, method="wilson")[0])
    assert row["high"] == pytest.approx(proportion_confint(5, 10, alpha=0.1, method="wilson")[1])
    assert (round(row["low"], 2), round(row["high"], 2)) == (0.13, 0.73)


def test_a_cohort_that_is_decided_has_the_rate_and_range_of_broad(week46):
    shown, ended = cohort(3, 4, 1, 0)
    columns = ["win_rate", "low", "high"]
    ours = win_rate_by_cohort(shown, ended, week46, CUTOFF)[columns]
    pd.testing.assert_frame_equal(ours, win_rate_broad(ended, week46)[columns])


def test_nothing_created_is_missing_and_not_zero_percent(week46):
    row = win_rate_by_cohort(opportunities(), outcomes(), week46, CUTOFF).iloc[0]
    assert row["created_count"] == 0
    assert row[["win_rate", "open_rate", "low", "high", "is_immature"]].isna().all()


def test_a_cohort_younger_than_three_of_four_cycles_is_immature_while_any_is_open(week46):
    def flag(still_open, wins, period=week46):
        shown, ended = cohort(1, 1, 0, still_open, created=str(period.start))
        return win_rate_by_cohort(shown, pd.concat([ended, outcomes(*wins)]), period, CUTOFF).iloc[0]

    assert flag(1, ten_wins(days=30))["is_immature"]
    assert not flag(0, ten_wins(days=30))["is_immature"]
    assert pd.isna(flag(1, [])["is_immature"])
    # September ended 46 days before 16 November
    september = month(pd.Timestamp("2026-09-01").date(), time_zone=ZONE)
    row = flag(1, ten_wins(days=46), september)
    assert (row["age_days"], row["p75_days"], row["is_immature"]) == (46, 46, False)
    assert flag(1, ten_wins(days=47), september)["is_immature"]


@pytest.mark.parametrize(
    ("created", "inside"),
    [
        ("2026-11-08 23:59:59", 0),
        ("2026-11-09 00:00", 1),
        ("2026-11-15 23:59:59", 1),
        ("2026-11-16 00:00", 0),
    ],
)
def test_it_belongs_to_the_week_of_its_creation_whenever_it_is_won(created, inside, week46):
    assert win_rate_by_cohort(*cohort(1, 0, 0, 0, created), week46, CUTOFF)["won_count"].iloc[0] == inside


def test_reassigning_a_won_opportunity_moves_no_credit(week46):
    shown = opportunities({"status": "won", "created_at": "2026-11-10 09:00", "rep_id": "ben"})
    ended = outcomes({"outcome": "won", "rep_id": "ana"})
    assert win_rate_by_cohort(shown, ended, week46, CUTOFF, by="rep_id")["rep_id"].tolist() == ["ana"]


def test_a_grouping_it_does_not_have_is_refused(week46):
    with pytest.raises(MetricError, match="no such grouping"):
        win_rate_by_cohort(opportunities(), outcomes(), week46, CUTOFF, by="stage_id")


_SQL = """
with shares as (
    select o.opportunity_id, coalesce(c.rep_id, case when c.opportunity_id is null then o.rep_id end) as key,
        coalesce(c.share_rate, 1) as share,
        coalesce(c.outcome, case when o.status = 'open' and o.presence = 'present' then 'open'
                                 else 'unknown' end) as state
    from opportunities o left join outcomes c using (opportunity_id)
    where o.presence not in ('merged', 'deleted') and o.created_at >= timestamptz '2026-10-01 05:00Z'
    and o.created_at < timestamptz '2026-11-01 05:00Z')
select key, coalesce(sum(share) filter (state <> 'unknown'), 0) as created,
    coalesce(sum(share) filter (state = 'won'), 0) as won,
    coalesce(sum(share) filter (state = 'open'), 0) as open,
    coalesce(sum(share) filter (state = 'unknown'), 0) as unknown
from shares group by key
"""


@settings(max_examples=60, deadline=None)
@given(lives())
def test_it_agrees_with_sql_and_adds_up(made):
    october = month(pd.Timestamp("2026-10-05").date(), time_zone=ZONE)
    ours = win_rate_by_cohort(made.opportunities, made.outcomes, october, CUTOFF, by="rep_id")
    oracle = sql(_SQL, opportunities=made.opportunities, outcomes=made.outcomes).fillna({"key": "nobody"})
    oracle = oracle.set_index("key")
    assert set(ours["rep_id"].fillna("nobody")) == set(oracle.index)
    total = win_rate_by_cohort(made.opportunities, made.outcomes, october, CUTOFF).iloc[0]
    for row in ours.fillna({"rep_id": "nobody"}).to_dict("records"):
        for name in ("created", "won", "open", "unknown"):
            assert row[f"{name}_count"] == pytest.approx(float(oracle.loc[row["rep_id"], name]))
        if row["created_count"]:
            assert 0 <= row["low"] <= row["win_rate"] <= row["high"] <= 1
        else:
            assert math.isnan(row["win_rate"])
    for name in ("created", "won", "lost", "disqualified", "open", "unknown"):
        assert ours[f"{name}_count"].sum() == pytest.approx(total[f"{name}_count"])
    parts = total[["won_count", "lost_count", "disqualified_count", "open_count"]].sum()
    assert parts == total["created_count"]

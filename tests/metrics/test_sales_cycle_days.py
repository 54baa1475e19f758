"""Cycle lengths: by hand, in the client's days, and against SQL."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings

from spm_lib.errors import MetricError
from spm_lib.metrics.sales_cycle_days import cycle_days, sales_cycle_days, sales_cycle_days_rows
from tests.metrics.frames import one_week, opportunities, outcomes, when
from tests.metrics.lives import CUTOFF, lives
from tests.metrics.made import sql


def won(created, at="2026-11-11 12:00", **more):
    return {"outcome": "won", "created_at": created, "outcome_at": at, **more}


def ten_wins(days=30):
    """Ten wins of the same length, all before the week."""
    closed = pd.Timestamp("2026-10-10 12:00")
    return [
        won(str(closed - pd.Timedelta(days=days)), str(closed), opportunity_id=f"past{n}") for n in range(10)
    ]


def test_median_and_upper_quartile_are_worked_by_hand(week46):
    rows = outcomes(
        won("2026-11-01 09:00"),  # 10 days
        won("2026-10-22 09:00"),  # 20
        won("2026-10-12 09:00"),  # 30
        won("2026-09-12 09:00"),  # 60
        won("2026-11-11 08:00"),  # the same day
        won("2026-11-12 08:00"),  # before its creation
        won(None),
        {"outcome": "lost", "created_at": "2026-01-01 09:00"},
    )
    row = sales_cycle_days(rows, opportunities(), week46, CUTOFF).iloc[0]
    assert row[["won_count", "measured_count"]].tolist() == [7, 4]
    assert row[["same_day_count", "negative_count", "undated_count"]].tolist() == [1, 1, 1]
    # between 20 and 30; and a quarter of the way from 30 to 60
    assert (row["median_days"], row["p75_days"]) == (25, 37.5)
    assert math.isnan(row["usual_p75_days"])
    assert math.isnan(row["older_count"])


def test_nothing_won_has_no_median_and_not_zero_days(week46):
    row = sales_cycle_days(outcomes(), opportunities(), week46, CUTOFF).iloc[0]
    assert row["won_count"] == 0
    assert row[["median_days", "p75_days", "usual_p75_days", "older_count"]].isna().all()


@pytest.mark.parametrize(("zone", "days"), [("UTC", 2), ("Asia/Ho_Chi_Minh", 1), ("America/Los_Angeles", 1)])
def test_the_same_instants_are_other_days_elsewhere(zone, days):
    rows = outcomes(won(when("2026-11-09 22:00", "UTC"), when("2026-11-11 03:00", "UTC")))
    # Saigon is 7 hours ahead: the 10th, 05:00 to the 11th, 10:00. Los Angeles is 8 behind: 9th to 10th
    assert cycle_days(rows, zone).tolist() == [days]


def test_an_outcome_an_hour_before_the_creation_is_negative_and_not_the_same_day():
    assert cycle_days(outcomes(won("2026-11-11 13:00")), "America/Chicago").tolist() == [-1]


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-11-08 23:59:59", 0),
        ("2026-11-09 00:00", 1),
        ("2026-11-15 23:59:59", 1),
        ("2026-11-16 00:00", 0),
    ],
)
def test_a_win_belongs_to_the_week_it_was_won_in(at, inside, week46):
    rows = outcomes(won("2026-10-01 09:00", at))
    assert sales_cycle_days(rows, opportunities(), week46, CUTOFF)["won_count"].iloc[0] == inside


def test_open_ones_older_than_three_of_four_wins_are_counted_and_listed(week46):
    shown = opportunities(
        {"opportunity_id": "old", "created_at": "2026-10-01 09:00", "rep_id": "ben"},  # 46 days
        {"opportunity_id": "edge", "created_at": "2026-10-17 09:00"},  # 30 days to the 16th: not older
        {"opportunity_id": "undated"},
        {"opportunity_id": "closed", "created_at": "2026-01-01 09:00", "status": "lost"},
        {"opportunity_id": "merged", "created_at": "2026-01-01 09:00", "presence": "merged"},
    )
    past = outcomes(*ten_wins())
    row = sales_cycle_days(past, shown, week46, CUTOFF).iloc[0]
    assert row[["usual_p75_days", "open_count", "older_count"]].tolist() == [30, 2, 1]
    listed = sales_cycle_days_rows(past, shown, week46, CUTOFF)
    assert listed[["opportunity_id", "rep_id", "age_days"]].values.tolist() == [["old", "ben", 46]]
    # nine wins do not tell what is usual
    few = sales_cycle_days(past.iloc[1:], shown, week46, CUTOFF).iloc[0]
    assert few[["usual_p75_days", "older_count"]].isna().all()
    assert sales_cycle_days_rows(past.iloc[1:], shown, week46, CUTOFF).empty


def test_wins_of_more_than_a_year_ago_no_longer_tell_what_is_usual(week46):
    later = CUTOFF + pd.Timedelta(weeks=60)
    row = sales_cycle_days(outcomes(*ten_wins()), opportunities(), week46, later).iloc[0]
    assert math.isnan(row["usual_p75_days"])


def test_a_grouping_it_does_not_have_is_refused(week46):
    with pytest.raises(MetricError, match="no such grouping"):
        sales_cycle_days(outcomes(), opportunities(), week46, CUTOFF, by="stage_id")


_SQL = """
with days as (
    select distinct product_line as key, opportunity_id, outcome_at < created_at as backwards,
        date_diff('day', timezone('America/Chicago', created_at)::date,
                  timezone('America/Chicago', outcome_at)::date) as days
    from outcomes where outcome = 'won' and outcome_at >= timestamptz '2026-11-09 06:00Z'
    and outcome_at < timestamptz '2026-11-16 06:00Z')
select key, count(*) as won, count(*) filter (days = 0 and not backwards) as same_day,
    count(*) filter (backwards) as negative, count(*) filter (days is null) as undated,
    quantile_cont(days, 0.5) filter (days > 0) as median, quantile_cont(days, 0.75) filter (days > 0) as p75
from days group by key
"""


@settings(max_examples=60, deadline=None)
@given(lives())
def test_it_agrees_with_sql_and_adds_up(made):
    before = [made.outcomes.copy(deep=True), made.opportunities.copy(deep=True)]
    ours = sales_cycle_days(made.outcomes, made.opportunities, one_week(), CUTOFF, by="product_line")
    oracle = sql(_SQL, outcomes=made.outcomes).fillna({"key": "none"}).set_index("key")
    for row in ours.fillna({"product_line": "none"}).to_dict("records"):
        if row["won_count"] == 0:
            assert row["product_line"] not in oracle.index
            continue
        expected = oracle.loc[row["product_line"]]
        for name in ("won", "same_day", "negative", "undated"):
            assert row[f"{name}_count"] == expected[name]
        for name in ("median", "p75"):
            assert row[f"{name}_days"] == pytest.approx(float(expected[name]), nan_ok=True)
    total = sales_cycle_days(made.outcomes, made.opportunities, one_week(), CUTOFF).iloc[0]
    by_rep = sales_cycle_days(made.outcomes, made.opportunities, one_week(), CUTOFF, by="rep_id")
    for table in (ours, by_rep):
        for name in ("won", "measured", "same_day", "negative", "undated", "open"):
            assert table[f"{name}_count"].sum() == pytest.approx(total[f"{name}_count"])
    parts = total[["measured_count", "same_day_count", "negative_count", "undated_count"]].sum()
    assert parts == total["won_count"]
    for frame, was in zip((made.outcomes, made.opportunities), before, strict=True):
        pd.testing.assert_frame_equal(frame, was)

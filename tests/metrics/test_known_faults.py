"""What other tools are known to get wrong, where no other test here says it."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib.metrics.activity_ladder import activity_ladder
from spm_lib.metrics.pipeline import pipeline
from spm_lib.metrics.weekly_measures import weekly_measures
from spm_lib.metrics.win_rates import win_rate_by_count
from spm_lib.periods import Calendar, trailing
from tests.metrics.frames import (
    activities,
    changes,
    one_week,
    opportunities,
    outcomes,
    received,
    stages,
    when,
)


def test_a_merged_opportunity_counts_once():
    merged = opportunities(
        {"amount": 10.0, "created_at": "2026-11-10 09:00"},
        {"amount": 10.0, "created_at": "2026-11-10 09:00", "presence": "merged"},
    )
    assert pipeline(merged)[["open_count", "open_amount"]].iloc[0].tolist() == [1, 10]
    weekly = weekly_measures(merged, outcomes(), activities(), one_week(), Calendar(), received(), 60)
    assert weekly["value"][weekly["measure"] == "new_opportunities"].isna().all()
    longer = opportunities(
        {"created_at": "2026-11-02 09:00"}, *merged[["created_at", "presence"]].to_dict("records")
    )
    weekly = weekly_measures(longer, outcomes(), activities(), one_week(), Calendar(), received(), 60)
    assert weekly["value"][weekly["measure"] == "new_opportunities"].tolist() == [1]


def test_a_new_holder_takes_no_credit_for_what_was_won_before(week46):
    won = outcomes({"opportunity_id": "o", "rep_id": "ana", "outcome": "won"})
    table = win_rate_by_count(won, week46, by="rep_id", groups=["ana", "ben"]).set_index("rep_id")
    assert table["won_count"].to_dict() == {"ana": 1, "ben": 0}


def test_a_renamed_stage_is_the_same_stage():
    renamed = stages().assign(name=["First talk", "Quote sent", "Won", "Lost"])
    spoke = activities({"opportunity_id": "o", "duration_seconds": 90.0, "next_step_on": "2026-11-20"})
    moved = changes(
        {"opportunity_id": "o", "field": "stage", "old": "s1", "new": "s2", "at": "2026-11-17 09:00"}
    )
    for labels in (stages(), renamed):
        row = activity_ladder(
            spoke, moved, labels, one_week(), when("2026-11-30 00:00"), received("2026-11-30 00:00"), 60, 14
        )
        assert row["advanced_count"].iloc[0] == 1


@pytest.mark.parametrize("label", ["2026-W10", "2026-W44"])
def test_weekly_measures_keep_their_week_over_a_change_of_clocks(label):
    week = one_week(label)
    first, last = week.start_at, week.end_at - pd.Timedelta(seconds=1)
    rows = outcomes(
        *(
            {"outcome": "won", "outcome_at": at}
            for at in (first - pd.Timedelta(seconds=1), first, last, week.end_at)
        ),
        {"outcome": "lost", "outcome_at": week.start_at - pd.Timedelta(days=20)},
    )
    table = weekly_measures(
        opportunities(), rows, activities(), trailing(week, 2), Calendar(), {"opportunities": week.end_at}, 60
    )
    assert table["value"][table["measure"] == "won"].tolist() == [1, 2]

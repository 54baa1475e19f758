"""A growing pipeline with slow losses: its truth, and what each rate makes of it."""

from __future__ import annotations

import numpy as np
import pytest

from spm_lib.trust import slow_deals, worlds
from spm_lib.trust.figure import stream


def test_a_world_holds_what_has_ended_and_what_is_still_open():
    one = slow_deals.world(stream(2, "world"))
    closed = one.opportunities[one.opportunities["status"] != "open"]
    assert sorted(closed["opportunity_id"]) == sorted(one.outcomes["opportunity_id"])
    assert (one.outcomes["outcome_at"] < worlds.LAST_WEEK.end_at).all()
    assert (one.outcomes["outcome_at"] > one.outcomes["created_at"]).all()
    still_open = one.opportunities[one.opportunities["status"] == "open"]
    assert still_open["outcome_at"].isna().all()
    # three times as many created in the second year as in the first
    created = one.opportunities["created_at"]
    second = created >= worlds.LAST_WEEK.end_at - np.timedelta64(364, "D")
    assert second.sum() / (~second).sum() == pytest.approx(slow_deals.GROWTH, rel=0.25)


def test_the_truth_at_an_age_by_hand():
    # half of the wins have come by the median age; after very long, all have
    assert slow_deals.truth_at(30) == pytest.approx(0.15)
    assert slow_deals.truth_at(10_000) == pytest.approx(0.30)


def test_the_eventual_rate_is_right_where_the_closed_only_one_is_far_too_high():
    rows = {row.id: row for row in slow_deals.figures(full=False, seed=5)}
    assert abs(rows["bias_eventual"].value) <= 0.02
    assert rows["bias_closed_only"].value > 0.05
    assert rows["bias_closed_only"].measured.endswith("points")


def test_what_is_measured_is_what_the_metrics_say():
    one = slow_deals.world(stream(9, "one"))
    found = slow_deals.measure(one)
    recent = one.outcomes[one.outcomes["outcome_at"] >= worlds.whole_weeks(13).start_at]
    assert found[1] == pytest.approx((recent["outcome"] == "won").mean() - 0.30)
    assert len(found) == 3 + len(slow_deals.AGES)

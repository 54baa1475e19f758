"""A metric that is handed only what it says it reads tells the same as one that is handed everything."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib import view as views
from spm_lib.metrics import registry
from spm_lib.periods import trailing
from spm_lib.review import open_review
from spm_lib.view import View

_PARTED = [name for name, card in registry.METRICS.items() if card.reads]


def test_some_metrics_read_a_part():
    assert {"weekly_measures", "activity_ladder", "hygiene"} <= set(_PARTED)


@pytest.mark.parametrize("slug", ["alder-heating", "brightwater-dental", "copperline-print"])
@pytest.mark.parametrize("metric", _PARTED)
def test_the_part_a_metric_reads_tells_as_much_as_the_whole(demo_home, monkeypatch, slug, metric):
    monkeypatch.setattr(views, "PART_FROM", 0)
    monkeypatch.setattr(views, "RECENT_DAYS", 20)
    review = open_review(slug, "2026-W40", demo_home)
    reads = registry.get(metric).reads
    alone = View(review.source, trailing(review.week, 1), cutoff_day=review.week.end)
    registry.compute(metric, alone)
    if reads["activities"].days is not None:
        # the whole is not even made
        assert "activities" not in vars(alone.snapshot)
    for weeks in (1, 9):
        for by in (None, "rep_id") if registry.get(metric).groupings else (None,):
            view = View(review.source, trailing(review.week, weeks), cutoff_day=review.week.end, by=by)
            of_part = registry.compute(metric, view)
            of_all = registry.compute(metric, {name: view[name] for name in view})
            pd.testing.assert_frame_equal(of_part, of_all, check_exact=True)
    handed = [len(rows) for rows in review.source._recent.values()]
    assert all(0 < count < len(view.activities) for count in handed)
    assert handed or reads["activities"].days is None
    assert set(reads["activities"].columns) <= set(view.activities)


def test_another_period_is_not_answered_from_the_part_of_the_views_own(demo_home, monkeypatch):
    monkeypatch.setattr(views, "PART_FROM", 0)
    monkeypatch.setattr(views, "RECENT_DAYS", 20)
    review = open_review("alder-heating", "2026-W40", demo_home)
    long_ago = trailing(review.week, 20).until(review.week.end - pd.Timedelta(weeks=15).to_pytimedelta())
    view = View(review.source, review.week)
    asked = registry.compute("activity_ladder", view, period=long_ago)
    whole = registry.compute("activity_ladder", {name: view[name] for name in view}, period=long_ago)
    pd.testing.assert_frame_equal(asked, whole)
    assert asked["logged_count"].iloc[0] > 0

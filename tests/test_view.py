"""A metric that is handed only what it says it reads tells the same as one that is handed everything."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

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
    review = open_review(slug, "2026-W40", demo_home)
    reads = registry.get(metric).reads
    monkeypatch.setattr(views, "RECENT_DAYS", 20)
    monkeypatch.setattr(views, "PART_FROM", 0)
    alone = View(review.source, trailing(review.week, 1), cutoff_day=review.week.end)
    registry.compute(metric, alone)
    if reads["activities"].days is not None:
        # the whole is not even made
        assert "activities" not in vars(alone.snapshot)
    for weeks in (1, 9):
        for by in (None, "rep_id") if registry.get(metric).groupings else (None,):
            _tells_the_same(monkeypatch, review, metric, weeks, by)
    whole = len(alone.activities)
    handed = [len(rows) for rows in review.source._recent.values()]
    assert all(0 < count < whole for count in handed)
    assert handed or reads["activities"].days is None
    assert set(reads["activities"].columns) <= set(alone.activities)


def _tells_the_same(monkeypatch, review, metric, weeks, by=None):
    """Of the part, and of everything: each view makes all it hands over, and what that is made of, anew.

    Also from a Thursday on: before a Monday lies a weekend, on which too little happens to tell.
    """
    monday = trailing(review.week, weeks)
    for asked in (monday, replace(monday, start=monday.start + timedelta(days=3))):
        tables = []
        for part_from in (0, sys.maxsize):
            monkeypatch.setattr(views, "PART_FROM", part_from)
            view = View(review.source, asked, cutoff_day=review.week.end, by=by)
            tables.append(registry.compute(metric, view))
        pd.testing.assert_frame_equal(*tables, check_exact=True)


@pytest.mark.parametrize("days", [0, 200])
def test_a_metric_that_reads_further_back_than_it_says_is_found(demo_home, monkeypatch, days):
    """Two days more than declared, one more than is handed over."""
    review = open_review("alder-heating", "2026-W40", demo_home)

    def cheats(activities, period):
        since = period.start_at - pd.Timedelta(days=days + 2)
        return pd.DataFrame({"count": [int((activities["at"] >= since).sum())]})

    card = registry.get("activity_ladder")
    reads = {"activities": registry.Reads(days=days)}
    cheat = replace(card, id="cheats", function=cheats, reads=reads)
    monkeypatch.setitem(registry.METRICS, "cheats", cheat)
    monkeypatch.setitem(registry.VERSIONS, "cheats", [cheat])
    monkeypatch.setattr(views, "RECENT_DAYS", 0)
    with pytest.raises(AssertionError):
        _tells_the_same(monkeypatch, review, "cheats", 1)


def test_occasions_are_made_of_the_part_they_declare(demo_home, monkeypatch):
    """A fact that a view makes of a part is no witness for that part: see `_tells_the_same`."""
    review = open_review("alder-heating", "2026-W40", demo_home)
    monkeypatch.setattr(views, "OCCASIONS_READ", registry.Reads(days=150))
    monkeypatch.setattr(views, "RECENT_DAYS", 0)
    with pytest.raises(AssertionError):
        _tells_the_same(monkeypatch, review, "activity_questions", 1)


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

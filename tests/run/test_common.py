"""What several pages of a job ask for is worked out once, and is what each would have worked out itself."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib import view
from spm_lib.metrics import registry
from spm_lib.review import Review
from spm_lib.run.common import prepare
from spm_lib.sheets.one_on_one import open_one_on_one
from spm_lib.view import Source

SLUG, WEEK = "alder-heating", "2026-W46"


@pytest.fixture
def source(demo_home, monkeypatch):
    """A client opened, and no process that was told of one."""
    monkeypatch.setattr(view, "_HANDED_DOWN", {})
    return Source.open(demo_home, SLUG)


@pytest.fixture
def computed(monkeypatch):
    """The metrics that were computed, with their grouping."""
    found, compute = [], registry.compute

    def counted(metric, facts, **options):
        found.append((metric, None if options else facts.by))
        return compute(metric, facts, **options)

    monkeypatch.setattr(registry, "compute", counted)
    return found


def test_a_second_reps_sheet_measures_the_team_no_more_and_says_what_it_would_have_said(
    demo_home, source, computed
):
    last = source.client.reps[-1].id
    alone = open_one_on_one(SLUG, WEEK, last, demo_home)
    assert ("forecast", "rep_id") in computed
    prepare(demo_home, source, WEEK)
    computed.clear()
    found = open_one_on_one(SLUG, WEEK, last, demo_home)
    assert not [metric for metric, by in computed if by == "rep_id"]
    pd.testing.assert_frame_equal(found.numbers, alone.numbers)
    assert found.questions == alone.questions


@pytest.mark.parametrize("only", ["weekly_review", "one_on_one/devon-price", "getting_in_step"])
def test_a_page_made_alone_shares_nothing(demo_home, source, computed, only):
    prepare(demo_home, source, WEEK, (only,))
    assert not computed
    assert Source.open(demo_home, SLUG) is source


def test_the_sheets_of_all_reps_are_prepared_where_they_alone_are_asked_for(demo_home, source, computed):
    prepare(demo_home, source, WEEK, ("one_on_one",))
    assert ("forecast", "rep_id") in computed


def test_what_cannot_be_prepared_is_left_to_its_page(demo_home, source, computed, monkeypatch):
    def fails(_self):
        raise RuntimeError("no")

    monkeypatch.setattr(Review, "decisions", fails)
    prepare(demo_home, source, WEEK)
    assert ("forecast", "rep_id") in computed

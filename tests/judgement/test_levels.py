"""How far down a talk looks: results, pipeline, activity, each only while the one above is short."""

from __future__ import annotations

from itertools import product

import pytest

from spm_lib.judgement.levels import (
    IN_LINE,
    LEVELS,
    MORE,
    NOT_AGREED,
    NOT_JUDGED,
    NOT_RECORDED,
    NOT_YET_AGREED,
    SHORT,
    STATES,
    TOO_FEW,
    descend,
    goal_state,
    level_state,
    standing_state,
    supply_state,
    weekly_state,
)

NAN = float("nan")


def shown(results, pipeline, activity):
    return [
        one.name
        for one in descend({"results": results, "pipeline": pipeline, "activity": activity})
        if one.is_shown
    ]


@pytest.mark.parametrize("state", [one for one in STATES if one != SHORT])
def test_whoever_is_not_short_is_not_asked_how_the_days_are_spent(state):
    assert shown([state], [SHORT], [SHORT]) == ["results"]


@pytest.mark.parametrize("state", [one for one in STATES if one not in (SHORT, NOT_RECORDED)])
def test_a_pipeline_that_is_not_short_ends_the_look(state):
    assert shown([SHORT], [state], [SHORT]) == ["results", "pipeline"]


def test_short_results_and_a_short_pipeline_lead_to_the_work():
    assert shown([IN_LINE, SHORT], [NOT_JUDGED, SHORT], [IN_LINE]) == list(LEVELS)


def test_what_nobody_records_is_passed_by():
    assert shown([SHORT], [NOT_RECORDED, NOT_RECORDED], [SHORT]) == list(LEVELS)
    # but nothing at all on record is no reason to look at the work
    assert shown([], [], [SHORT]) == ["results"]


def test_exactly_one_level_is_the_last_and_the_shown_ones_come_first():
    for every in product(STATES, repeat=3):
        levels = descend(dict(zip(LEVELS, ([one] for one in every), strict=True)))
        flags = [one.is_shown for one in levels]
        assert flags == sorted(flags, reverse=True)
        assert [one.is_last for one in levels].count(True) == 1
        assert levels[flags.count(True) - 1].is_last


def test_a_level_is_short_as_soon_as_one_number_is():
    assert level_state([MORE, SHORT, TOO_FEW]) == SHORT
    assert level_state([TOO_FEW, IN_LINE]) == IN_LINE
    assert level_state([MORE, NOT_AGREED]) == IN_LINE
    assert level_state([NOT_RECORDED, TOO_FEW]) == TOO_FEW
    assert level_state([]) == NOT_RECORDED


@pytest.mark.parametrize(
    ("chance", "goal", "booked", "is_agreed", "expected"),
    [
        (0.049, 100.0, 20.0, True, SHORT),
        (0.05, 100.0, 20.0, True, IN_LINE),
        (NAN, 100.0, 20.0, True, TOO_FEW),
        (0.0, 100.0, 20.0, False, NOT_YET_AGREED),
        (0.0, NAN, 20.0, True, NOT_AGREED),
        (0.0, 100.0, NAN, True, NOT_RECORDED),
        (1.0, 100.0, 100.0, True, IN_LINE),
        (NAN, 100.0, 101.0, True, MORE),
    ],
)
def test_a_goal_is_short_only_when_it_is_all_but_out_of_reach(chance, goal, booked, is_agreed, expected):
    assert goal_state(chance, goal, booked, is_agreed=is_agreed) == expected


def test_a_standing_is_told_only_when_it_was_acknowledged():
    assert standing_state("below", is_agreed=True) == SHORT
    assert standing_state("watch", is_agreed=True) == SHORT
    assert standing_state("meets", is_agreed=True) == IN_LINE
    assert standing_state("exceeds", is_agreed=True) == MORE
    assert standing_state("too few to say", is_agreed=True) == TOO_FEW
    assert standing_state("below", is_agreed=False) == NOT_YET_AGREED
    assert standing_state("not recorded", is_agreed=False) == NOT_RECORDED


def test_the_pipeline_is_short_when_even_what_still_comes_in_is_not_enough():
    # 13 open, 6 to come: 19 in all
    assert supply_state(13, 6, 19.5, is_agreed=True) == SHORT
    assert supply_state(13, 6, 19.0, is_agreed=True) == IN_LINE
    assert supply_state(13, 6, NAN, is_agreed=True) == TOO_FEW
    assert supply_state(13, NAN, 5, is_agreed=True) == TOO_FEW
    assert supply_state(13, 6, 99, is_agreed=False) == NOT_YET_AGREED
    assert supply_state(NAN, 6, 99, is_agreed=True) == NOT_RECORDED


def test_a_count_of_a_week_is_short_when_the_whole_range_is_below_it():
    assert weekly_state(3.2, 6.5, 7, 13, is_agreed=True) == SHORT
    assert weekly_state(3.2, 7.0, 7, 13, is_agreed=True) == IN_LINE
    assert weekly_state(7.1, 9.0, 7, 13, is_agreed=True) == MORE
    assert weekly_state(3.2, 6.5, 7, 3.9, is_agreed=True) == TOO_FEW
    assert weekly_state(3.2, 6.5, 7, 13, is_agreed=False) == NOT_YET_AGREED
    assert weekly_state(3.2, 6.5, NAN, 13, is_agreed=True) == NOT_AGREED
    assert weekly_state(NAN, NAN, 7, 13, is_agreed=True) == NOT_RECORDED

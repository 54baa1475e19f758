"""A proposed criterion asks for its minimum in its own unit, and for no more weeks than the time holds."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from spm_lib.improving.criteria import criteria, usual_week
from spm_lib.meetings.improvement_documented import Documented


def line(metric, threshold, weeks, minimum_n, direction="at least"):
    told = {"document": "sales_process", "title": "How we sell", "version": "aa11"}
    told |= {"effective_from": date(2026, 4, 1), "is_standard": True}
    return Documented(metric, direction, threshold, weeks, minimum_n, **told)


RATE = line("win_rate_by_count", 0.30, 26, 20)
LOGGED = line("logged_within_24h_rate", 0.90, 8, 30)
TALKS = line("conversations", 14, 26, 20)


def asked(standard, *lines, midweek=False, reached=math.inf):
    found = criteria(standard, [standard, *lines], lambda _: reached, midweek=midweek)
    return {one["metric"]: one for one in found}


def test_a_minimum_of_decided_opportunities_is_not_held_against_weeks():
    """20 decided opportunities stay 20 beside a count of a week: 6 would be a count of weeks."""
    found = asked(TALKS, RATE)
    assert found["win_rate_by_count"] == {
        "metric": "win_rate_by_count",
        "at_least": 0.30,
        "weeks": 13,
        "minimum_n": 20,
    }
    assert asked(RATE, LOGGED)["logged_within_24h_rate"]["minimum_n"] == 30


def test_a_minimum_of_weeks_is_no_more_than_the_plan_has():
    """20 weeks with data of the last 26 are 13 of 13, and 12 of 12 where the plan begins in midweek."""
    assert asked(TALKS, RATE)["conversations"]["minimum_n"] == 13
    cut = asked(TALKS, RATE, midweek=True)["conversations"]
    assert (cut["weeks"], cut["minimum_n"]) == (12, 12)
    short = line("meetings_held", 3, 4, 4)
    assert asked(short, RATE, midweek=True)["meetings_held"]["minimum_n"] == 4


@pytest.mark.parametrize("reached", [7.0, math.inf])
def test_no_more_is_asked_of_an_activity_than_was_reached_and_the_activity_comes_first(reached):
    found = criteria(RATE, [RATE, line("conversations", 14, 4, 4)], lambda _: reached, midweek=False)
    assert [one["metric"] for one in found] == ["conversations", "win_rate_by_count"]
    assert found[0]["at_least"] == min(14, reached)
    assert found[0]["minimum_n"] == 4


def test_nothing_of_the_other_kind_is_no_plan():
    assert criteria(RATE, [RATE], lambda _: math.inf, midweek=False) == []


def weeks(rep, *counts):
    starts = pd.date_range("2026-05-04", periods=len(counts), freq="7D")
    return pd.DataFrame({"rep_id": rep, "starts_on": starts, "value": counts})


def test_a_usual_week_is_the_rep_s_own_else_that_of_the_same_role():
    """Ana 4 and 7 are 5.5, so 5. Without her the advisers 10 and 12 are 11; the callers' 60 say nothing."""
    rows = pd.concat(
        [weeks("ana", 4, 7), weeks("ben", 10, 10), weeks("cy", 12, 12)]
        + [weeks(one, 60, 60) for one in ("dee", "eli", "flo")]
    )
    since, until, team = date(2026, 5, 4), date(2026, 5, 18), ("ana", "ben", "cy")
    assert usual_week(rows, "ana", team, since, until) == 5
    new = rows[rows["rep_id"].ne("ana")]
    assert usual_week(new, "ana", team, since, until) == 11
    assert usual_week(new, "ana", team, date(2026, 6, 1), date(2026, 7, 1)) == math.inf
    assert usual_week(weeks("ana", 0, 0.5), "ana", team, since, until) == 1

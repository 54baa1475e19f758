"""Quiet weeks: whole pages of teams in which nothing changes, and what would be seen if something did."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spm_lib.metrics.weekly_measures import weekly_measures
from spm_lib.periods import Calendar, Period
from spm_lib.trust import quiet_weeks, worlds
from spm_lib.trust.figure import stream


@pytest.fixture(scope="module")
def team():
    return quiet_weeks.team(stream(8, "team"), 2)


def test_a_team_does_what_it_is_said_to_do(team):
    # 2 reps × 52 weeks × 3 decided = 312 and chance: four standard errors are 71, restless ones more
    assert len(team.outcomes) == pytest.approx(312, abs=90)
    assert (team.outcomes["outcome"] == "won").mean() == pytest.approx(0.30, abs=0.11)
    calls = team.activities[team.activities["kind"] == "call"]
    assert len(calls) / (2 * 52) == pytest.approx(quiet_weeks.CALLS, rel=0.12)
    assert (team.activities["at"] < worlds.LAST_WEEK.end_at).all()


def test_the_measures_of_a_page_are_those_of_its_own_weeks(team):
    last = list(quiet_weeks.pages(team, every=26))
    assert len(last) == 2
    received = dict.fromkeys(("opportunities", "activities"), worlds.LAST_WEEK.end_at)
    tables = (team.opportunities, team.outcomes, team.activities)
    for page, back in zip(last, (26, 0), strict=True):
        end = worlds.LAST_WEEK.end - pd.Timedelta(weeks=back)
        period = Period(end - pd.Timedelta(weeks=quiet_weeks.LEARNT), end)
        alone = weekly_measures(*tables, period, Calendar(), received, quiet_weeks.SECONDS)
        pd.testing.assert_frame_equal(page.weekly.reset_index(drop=True), alone)


def test_a_week_without_any_activity_is_an_alert(team):
    silent = team.activities[team.activities["at"] < worlds.LAST_WEEK.start_at]
    quiet = quiet_weeks.Team(team.opportunities, team.outcomes, silent)
    assert [page.alerts > 0 for page in quiet_weeks.pages(quiet, every=26)][-1]


def test_a_rep_who_loses_everything_is_an_alert_and_nothing_else_in_the_team_is(team):
    lost = team.outcomes.assign(outcome="lost").astype(team.outcomes.dtypes.to_dict())
    pages = list(quiet_weeks.pages(quiet_weeks.Team(team.opportunities, lost, team.activities), every=26))
    assert pages[-1].alerts >= 2


def test_half_the_conversations_of_a_large_team_are_seen():
    page = list(quiet_weeks.pages(quiet_weeks.team(stream(1, "ten"), 10), every=26))[-1]
    assert np.mean([quiet_weeks.halved(stream(seed, "half"), page.weekly) for seed in range(5)]) >= 0.8

"""Planted gaming and honest reps: the worlds, and that what is asked is what the metric asks."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib.metrics.activity_questions import ASK_BELOW, activity_questions, chance_of
from spm_lib.periods import Calendar, trailing
from spm_lib.trust import gaming, worlds
from spm_lib.trust.figure import stream


@pytest.fixture(scope="module")
def team():
    return gaming.team(stream(6, "team"), gaming=True)


def test_what_is_asked_in_a_look_is_what_activity_questions_asks(team):
    tables = (team.activities, team.opportunities, team.changes, team.stages)
    last = trailing(worlds.LAST_WEEK, gaming.LOOK)
    table = activity_questions(*tables, last, Calendar(), gaming.GOAL_ENDS)
    asked = table[table["state"] == "asked"]
    told = {
        (int(rep[3:]), question) for rep, question in zip(asked["rep_id"], asked["question"], strict=True)
    }
    assert gaming.asked(team, 1) == told
    assert told


def test_friday_filling_shows_every_sign_it_is_planted_to_show(team):
    told = gaming.asked(team, gaming.SINCE)
    assert {(0, sign) for sign in ("week_end_burst", "short_calls", "clones")} <= told
    assert not {rep for rep, _ in told} & {gaming.REPS - 1}


def test_planted_rows_are_where_they_are_said_to_be(team):
    since = worlds.LAST_WEEK.end_at.tz_localize(None)
    ended = team.opportunities[team.opportunities["outcome_at"].notna()]
    recent = ended["outcome_at"].dt.tz_localize(None) >= since - pd.Timedelta(weeks=gaming.SINCE)
    mine = ended["rep_id"].eq(worlds.names("rep", [1])[0])
    assert ended.loc[mine & recent, "status"].eq("disqualified").all()
    assert ended.loc[mine & ~recent, "status"].eq("lost").mean() > 0.6
    moved = team.changes[team.changes["old"].eq("2026-09-30")]
    holder = moved["opportunity_id"].map(team.opportunities.set_index("opportunity_id")["rep_id"])
    pushed = moved.loc[holder.eq(worlds.names("rep", [2])[0]), "at"]
    assert pushed.dt.strftime("%Y-%m-%d").eq("2026-09-30").all()
    assert len(pushed)


def test_without_gaming_nothing_is_made_up():
    honest = gaming.team(stream(6, "team"))
    assert not honest.activities["at"].dt.strftime("%a %H:%M").eq("Fri 15:20").sum() > 10


def test_the_fewest_that_can_be_asked_about_by_hand():
    # usual 11 %, weighing 20: beta(2.2, 17.8); the chance of all of 5
    five = 2.2 * 3.2 * 4.2 * 5.2 * 6.2 / (20 * 21 * 22 * 23 * 24)
    assert five == pytest.approx(chance_of(5, 5, 2.2, 17.8))
    six = five * 7.2 / 25
    assert six < ASK_BELOW < five
    assert gaming.needed(0.11, 20) == 6

"""Gaming and misfiling as questions: the signs, who is asked, and how often an honest rep is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from spm_lib import schemas
from spm_lib.metrics.activity_questions import (
    ASK_BELOW,
    ASKED,
    activity_questions,
    activity_questions_rows,
    ask,
    chance_of,
)
from spm_lib.metrics.activity_signs import QUESTIONS, occasions
from spm_lib.periods import Calendar, Period, shift_weeks, trailing, week
from spm_lib.view import Source, View
from tests.metrics.frames import ZONE, activities, changes, one_week, opportunities, stages

GOAL_ENDS = [date(2026, 9, 30), date(2026, 12, 31)]


def signs(question, acts=(), deals=(), log=(), calendar=None):
    """The occasions of one sign: rep -> occasions that show it, of how many."""
    found = occasions(
        activities(*acts),
        opportunities(*deals),
        changes(*log),
        stages(),
        calendar or Calendar(),
        ZONE,
        GOAL_ENDS,
    )
    single = found[found["question"].eq(question)].drop_duplicates(["rep_id", "occasion"])
    by_rep = single.groupby("rep_id")["occasion_flagged"]
    return {rep: (int(flags.sum()), len(flags)) for rep, flags in by_rep}


def minutes(day, hour, count, apart=5, **row):
    start = pd.Timestamp(f"{day} {hour}")
    return [{"at": f"{start + pd.Timedelta(minutes=apart * place)}", **row} for place in range(count)]


def test_eight_activities_within_an_hour_of_friday_afternoon_are_a_burst():
    assert signs("week_end_burst", minutes("2026-11-13", "15:00", 8)) == {"ana": (1, 1)}
    assert signs("week_end_burst", minutes("2026-11-13", "15:00", 7)) == {"ana": (0, 1)}
    # spread over more than an hour; on Thursday; on Friday morning; on Sunday; before a holiday on Friday
    assert signs("week_end_burst", minutes("2026-11-13", "15:00", 8, apart=10)) == {"ana": (0, 1)}
    assert signs("week_end_burst", minutes("2026-11-12", "15:00", 8)) == {"ana": (0, 1)}
    assert signs("week_end_burst", minutes("2026-11-13", "09:00", 8)) == {"ana": (0, 1)}
    assert signs("week_end_burst", minutes("2026-11-15", "21:00", 8)) == {"ana": (1, 1)}
    holiday = Calendar(frozenset({date(2026, 11, 13)}))
    assert signs("week_end_burst", minutes("2026-11-12", "15:00", 8), calendar=holiday) == {"ana": (1, 1)}


def test_what_counts_for_a_burst_is_when_it_was_written_down():
    calls = minutes("2026-11-10", "09:00", 8, apart=40)
    late = [{**call, "logged_at": f"2026-11-13 16:{place:02d}"} for place, call in enumerate(calls)]
    assert signs("week_end_burst", late) == {"ana": (1, 1)}


@pytest.mark.parametrize(
    ("logged", "late"),
    [("2026-11-13 18:00", 0), ("2026-11-17 09:00", 0), ("2026-11-18 09:00", 1), ("2026-11-30 09:00", 1)],
)
def test_three_working_days_later_is_back_dated(logged, late):
    # Friday to Tuesday are two working days, to Wednesday three
    one = {"at": "2026-11-13 10:00", "logged_at": logged}
    assert signs("back_dated", [one]) == {"ana": (late, 1)}


def test_a_pile_written_down_at_once_is_one_occasion():
    pile = minutes("2026-11-09", "09:00", 10, logged_at="2026-11-20 10:00")
    assert signs("back_dated", pile) == {"ana": (1, 1)}
    assert signs("back_dated", [{"logged_at": None}]) == {}


@pytest.mark.parametrize(
    ("call", "flagged"),
    [
        ({"duration_seconds": 29.0}, (1, 1)),
        ({"duration_seconds": 30.0}, (0, 1)),
        ({"duration_seconds": 8.0, "outcome": "connected"}, (1, 1)),
        ({"duration_seconds": 8.0, "outcome": "voicemail"}, None),
        ({"duration_seconds": 0.0}, None),
        ({}, None),
    ],
)
def test_a_call_of_seconds_is_a_sign_only_if_it_is_said_to_have_reached_somebody(call, flagged):
    assert signs("short_calls", [call]).get("ana") == flagged


def test_clones_begin_in_one_minute_or_last_equally_long_and_a_call_with_four_contacts_is_none():
    same = {"opportunity_id": "o", "duration_seconds": 12.0}
    assert signs("clones", [same, same]) == {"ana": (1, 1)}
    four = [{**same, "contact_id": f"c{place}"} for place in range(4)]
    assert signs("clones", four) == {"ana": (0, 1)}
    assert signs("clones", [*four, four[0]]) == {"ana": (1, 1)}
    assert signs("clones", [same, {**same, "opportunity_id": "p"}]) == {"ana": (0, 1)}
    hourly = [{**same, "at": f"2026-11-11 {hour}:00"} for hour in (10, 11, 12)]
    assert signs("clones", hourly) == {"ana": (1, 1)}
    assert signs("clones", hourly[:2]) == {"ana": (0, 1)}
    # two calls of which nothing is known about whom
    assert signs("clones", [{}, {}]) == {"ana": (0, 1)}


def test_three_tasks_in_one_minute_are_a_sign_and_two_are_none():
    task = {"kind": "task", "at": "2026-11-11 10:00:05"}
    assert signs("same_minute_tasks", [task] * 3) == {"ana": (1, 1)}
    assert signs("same_minute_tasks", [task] * 2) == {"ana": (0, 1)}
    assert signs("same_minute_tasks", [{**task, "status": "planned"}] * 3) == {}


def moved(to, *, at="2026-11-02 10:00", field="stage", number=0):
    return {"opportunity_id": f"o{number}", "field": field, "new": to, "at": at}


def test_disqualified_late_is_a_sign_and_disqualified_early_or_lost_is_none():
    end = {"outcome_at": "2026-11-11 10:00"}
    deals = [{"status": "disqualified", **end}, {"status": "lost", **end}, {"status": "disqualified", **end}]
    log = [moved("s2"), moved("s2", number=1), moved("s1", number=2)]
    # the third never came beyond half of the stages
    assert signs("disqualified_before_loss", deals=deals, log=log) == {"ana": (1, 2)}
    second = [moved("s1"), moved("lost", at="2026-11-09 10:00", field="status")]
    assert signs("disqualified_before_loss", deals=deals[:1], log=second) == {"ana": (1, 1)}


@pytest.mark.parametrize(
    ("push", "flagged"),
    [
        ({"at": "2026-09-30 16:00"}, (1, 1)),
        ({"at": "2026-09-29 16:00"}, (0, 1)),
        ({"at": "2026-09-30 16:00", "new": "2026-09-29"}, None),
        ({"at": "2026-09-30 16:00", "old": "2026-10-02"}, None),
        ({"at": "2026-09-30 16:00", "at_earliest": "2026-09-23 16:00"}, None),
    ],
)
def test_an_expected_close_pushed_out_of_its_period_on_the_last_day_is_a_sign(push, flagged):
    row = {
        "opportunity_id": "o0",
        "field": "expected_close",
        "old": "2026-09-25",
        "new": "2026-11-01",
        **push,
    }
    row = {"at_earliest": row["at"], **row}
    held = {"opportunity_id": "o0", "field": "rep", "new": "ben", "at": "2026-01-01 10:00"}
    assert signs("pushed_on_last_day", deals=[{}], log=[row, held]).get("ben") == flagged


def looks(found: pd.DataFrame, last: Period, count: int) -> set[tuple[str, str]]:
    """Who was asked what in any of the last weekly looks, each over four weeks."""
    asked = set()
    found = found.drop_duplicates(["question", "rep_id", "occasion"])
    for back in range(count):
        told = ask(found, trailing(shift_weeks(last, -back), 4))
        told = told[told["state"].eq("asked")]
        asked |= set(zip(told["rep_id"], told["question"], strict=True))
    return asked


def test_the_worked_example_of_the_definition_card():
    # one call a week of ana and three peers for a year; ana's last four weeks end in a burst
    rows = []
    for back in range(44):
        day = date(2026, 11, 10) - timedelta(weeks=back)
        rows += [{"at": f"{day} 10:00", "rep_id": rep} for rep in ("ana", "ben", "cy", "dee")]
        if back < 4:
            rows += minutes(day + timedelta(days=3), "15:00", 8)
    facts = (activities(*rows), opportunities(), changes(), stages(), trailing(one_week(), 4), Calendar())
    table = activity_questions(*facts).set_index(["rep_id", "question"])
    row = table.loc[("ana", "week_end_burst")]
    counts = ["flagged_count", "occasion_count", "peer_flagged_count", "peer_occasion_count"]
    assert row[counts].tolist() == [4, 4, 0, 132]
    assert row[["past_flagged_count", "past_occasion_count"]].tolist() == [0, 40]
    # mean (0 + 1/2) / (132 + 1); no spread among the peers, so it weighs 100 occasions.
    # P(4 of 4) = a (a+1) (a+2) (a+3) / (100 101 102 103)
    a = 100 * 0.5 / 133
    by_hand = a * (a + 1) * (a + 2) * (a + 3) / (100 * 101 * 102 * 103)
    assert row["chance_rate"] == pytest.approx(by_hand)
    assert by_hand < ASK_BELOW == pytest.approx(0.05 / 364)
    assert (row["state"], row["text"]) == ("asked", ASKED["week_end_burst"])
    others = table[table["flagged_count"].eq(0)]
    assert not others["state"].eq("asked").any()
    behind = activity_questions_rows(*facts)
    assert len(behind) == 32
    assert set(behind["question"]) == {"week_end_burst"}
    assert behind["detail"].str.startswith("written down Fri").all()


def test_the_chance_is_that_of_a_beta_binomial():
    # the chance of k or more, as a mixture of binomials over the rate itself
    rates = stats.beta(2, 30).ppf((np.arange(20_000) + 0.5) / 20_000)
    assert chance_of(3, 12, 2, 30) == pytest.approx(stats.binom.sf(2, 12, rates).mean(), rel=1e-4)
    assert chance_of(0, 12, 2, 30) == pytest.approx(1)


def test_without_peers_or_occasions_it_is_too_few_to_say_and_nothing_recorded_has_no_row():
    alone = [{"at": f"2026-11-{day} 15:{place:02d}"} for day in (13, 6) for place in range(0, 40, 4)]
    alone = [{**row, "at": row["at"].replace("-6 ", "-06 ")} for row in alone]
    facts = (opportunities(), changes(), stages(), trailing(one_week(), 4), Calendar())
    table = activity_questions(activities(*alone), *facts)
    assert set(table["state"]) == {"too few to say"}
    assert "short_calls" not in set(table["question"])
    assert table["chance_rate"].isna().all()
    assert activity_questions(activities(), *facts).empty
    assert activity_questions_rows(activities(), *facts).empty


def test_what_happened_after_the_period_or_over_a_year_before_counts_for_nothing():
    rows = [{"at": f"2026-11-0{day} 10:00", "rep_id": rep} for day in (2, 3, 4) for rep in ("ana", "ben")]
    outside = [{"at": "2026-11-16 00:00"}, {"at": "2025-10-19 23:00"}]
    facts = (opportunities(), changes(), stages(), trailing(one_week(), 4), Calendar())
    table = activity_questions(activities(*rows, *outside), *facts)
    weeks = table[table["question"].eq("week_end_burst")].set_index("rep_id")
    assert weeks.loc["ana", ["occasion_count", "past_occasion_count"]].tolist() == [1, 0]


# --------------------
# how often honest reps are asked, and gaming is found


def team(seed: int, gaming_since: str | None = None) -> pd.DataFrame:
    """Two years of four reps who log as they are: some tidy, some late, some with short calls.

    From a day on one of them fills the report on Friday afternoons, as the demo client's rep does.
    """
    random = np.random.default_rng(seed)
    parts = []
    days = pd.bdate_range("2024-12-02", "2026-11-13")
    for number, rep in enumerate(("ana", "ben", "cy", "dee")):
        untidy, short = random.uniform(0.02, 0.35), random.uniform(0.005, 0.06)
        per_day = random.poisson(random.uniform(3, 7), len(days))
        day = np.repeat(days.to_numpy(), per_day)
        count = len(day)
        at = day + random.integers(8 * 3600, 17 * 3600, count).astype("timedelta64[s]")
        kind = random.choice(["call", "email", "meeting", "task"], count, p=[0.5, 0.2, 0.15, 0.15])
        reached = random.random(count) < 0.45
        length = np.where(random.random(count) < short, random.integers(5, 30, count), 30)
        length = np.maximum(length, np.where(length < 30, 0, random.lognormal(5.3, 0.8, count)).astype(int))
        late = random.random(count) < 0.9 * untidy
        delay = random.exponential(1500, count) + np.where(late, 3600 * random.lognormal(3.4, 0.7, count), 0)
        own = pd.DataFrame({"rep_id": rep, "kind": kind, "at": at})
        own["logged_at"] = own["at"] + pd.to_timedelta(delay.astype(int), unit="s")
        call = own["kind"].eq("call")
        own["outcome"] = np.where(call, np.where(reached, "connected", "no_answer"), "done")
        own["duration_seconds"] = np.where(call & reached, length, np.where(call, 0.0, np.nan))
        own["opportunity_id"] = [f"o{one}" for one in random.integers(0, 40, count)]
        parts.append(own)
        if number == 0 and gaming_since:
            parts.extend(
                friday(random, day, rep) for day in pd.date_range(gaming_since, "2026-11-13", freq="7D")
            )
    frame = pd.concat(parts, ignore_index=True)
    for name in ("at", "logged_at"):
        clock = frame[name].dt.tz_localize(
            ZONE, ambiguous=np.zeros(len(frame), bool), nonexistent="shift_forward"
        )
        frame[name] = clock.dt.tz_convert("UTC")
    frame["activity_id"] = [f"a{place}" for place in range(len(frame))]
    return schemas.ACTIVITIES.conform(frame.assign(status="done"))


def friday(random: np.random.Generator, day: pd.Timestamp, rep: str) -> pd.DataFrame:
    """A Friday afternoon of filling the report: ten calls of seconds, one of them three times, five tasks."""
    at = day + pd.Timedelta(hours=15, minutes=20)
    calls = [at + pd.Timedelta(seconds=70 * place) for place in range(10)]
    times = [*calls, calls[-1], calls[-1], *[at + pd.Timedelta(minutes=20)] * 5]
    own = pd.DataFrame({"rep_id": rep, "at": times, "logged_at": times, "kind": ["call"] * 12 + ["task"] * 5})
    own["duration_seconds"] = [*map(float, random.integers(3, 29, 9)), *[12.0] * 3, *[np.nan] * 5]
    own["outcome"] = ["connected"] * 12 + ["done"] * 5
    own["opportunity_id"] = [*[f"o{one}" for one in random.integers(0, 40, 9)], *["o1"] * 3, *["o2"] * 5]
    return own


def signs_of(acts: pd.DataFrame) -> pd.DataFrame:
    return occasions(acts, opportunities(), changes(), stages(), Calendar(), ZONE, GOAL_ENDS)


def test_of_honest_reps_at_most_one_in_twenty_is_asked_anything_in_a_year_of_weekly_looks():
    asked = [looks(signs_of(team(seed)), one_week(), 52) for seed in range(3)]
    # 12 reps for a year at a bound of 5 %: two asked would happen by chance once in 8, and means look again
    assert sum(len({rep for rep, _ in one}) for one in asked) <= 1


def test_planted_gaming_is_found_within_a_quarter_and_nobody_else_is_asked():
    found = 0
    for seed in range(5):
        asked = looks(signs_of(team(1_000 + seed, "2026-08-21")), one_week(), 13)
        assert {rep for rep, _ in asked} <= {"ana"}
        found += len({question for _, question in asked} & {"short_calls", "clones", "week_end_burst"}) > 0
    assert found == 5


@pytest.mark.parametrize("slug", ["alder-heating", "brightwater-dental", "copperline-print"])
def test_of_the_demo_clients_only_the_rep_who_makes_things_up_is_asked(demo_home: Path, slug: str):
    source = Source.open(demo_home, slug)
    last = week("2026-W46", time_zone=source.client.time_zone)
    view = View(source, last)
    tables = (view.activities, view.opportunities, view.changes, view.stages)
    calendar = source.client.calendar(range(2025, 2027))
    found = occasions(*tables, calendar, source.client.time_zone, GOAL_ENDS)
    asked = looks(found, last, 40)
    truth = yaml.safe_load((demo_home / slug / "truth.yaml").read_text(encoding="utf-8"))
    gaming = {rep for rep, facts in truth["reps"].items() if facts["makes_up_activities_since"]}
    assert {rep for rep, _ in asked} == gaming
    if gaming:
        assert {question for _, question in asked} >= {"short_calls", "clones", "week_end_burst"}
        # not before it began, in 2026-W20
        assert not looks(found, shift_weeks(last, -27), 8)
        planted = set(map(str, truth["made_up_activities"]))
        behind = activity_questions_rows(*tables, trailing(last, 4), calendar, GOAL_ENDS)
        recent = view.activities[trailing(last, 4).holds(view.activities["at"])]
        calls = recent[recent["activity_id"].isin(planted) & recent["kind"].eq("call")]
        assert len(set(calls["activity_id"]) & set(behind["activity_id"])) / len(calls) >= 0.9


def test_every_sign_has_its_question():
    assert list(ASKED) == list(QUESTIONS)
    assert all(text.endswith("?") for text in ASKED.values())

"""Is planted gaming found, and who is asked without cause? Weekly looks at four weeks of teams of four."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.metrics.activity_questions import ASK_BELOW, ask, chance_of
from spm_lib.metrics.activity_signs import occasions
from spm_lib.periods import Calendar, shift_weeks, trailing
from spm_lib.trust.figure import Figure, percent, share_error, stream
from spm_lib.trust.worlds import LAST_WEEK, instants, names

REPS = 4
#: Weeks on record; of honest looks, of gaming, and of one look.
RECORD, YEAR, SINCE, LOOK = 104, 52, 13, 4
#: The last days of the goal periods.
GOAL_ENDS = [
    date(year, month, day)
    for year in (2024, 2025, 2026)
    for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))
]
#: Opportunities a rep loses or disqualifies late, a week, and expected closes moved out of a quarter.
LATE_ENDS, PUSHES = 1.0, 6.0
#: What is planted with the reps 0, 1 and 2 (the last stays honest) -> the signs that find it.
PLANTED = {
    "week_end": ("week_end_burst", "short_calls", "clones", "same_minute_tasks"),
    "disqualified": ("disqualified_before_loss",),
    "pushed": ("pushed_on_last_day",),
}

_END = pd.Timestamp(LAST_WEEK.end)


@dataclass(frozen=True)
class Team:
    """Two years of a team, as its CRM records them."""

    activities: pd.DataFrame
    opportunities: pd.DataFrame
    changes: pd.DataFrame
    stages: pd.DataFrame


def team(chance: np.random.Generator, *, gaming: bool = False) -> Team:
    """Four reps who log as they are: tidy or late, with few or some short calls, honest or not.

    Each rep has habits of their own, drawn at random: how often something is logged days late, how often a
    call is short, how often a late loss is called disqualified, and how often the last day of a quarter is
    when an expected close is moved.
    """
    acts = [_honest_activities(chance, rep) for rep in range(REPS)]
    if gaming:
        fridays = -7.0 * np.arange(SINCE, 0, -1) + 4
        acts += [_filled_friday(chance, friday) for friday in fridays]
    ends = [_late_ends(chance, rep, is_gaming=gaming and rep == 1) for rep in range(REPS)]
    pushes = [_pushes(chance, rep, is_gaming=gaming and rep == 2) for rep in range(REPS)]
    return Team(_as_activities(acts), *_as_opportunities(ends, pushes), _stages())


def _honest_activities(chance: np.random.Generator, rep: int) -> dict[str, object]:
    """Calls, e-mails, meetings and tasks on working days."""
    late_share, short_share = chance.uniform(0.02, 0.32), chance.uniform(0.005, 0.06)
    count = chance.poisson(chance.uniform(3, 7), RECORD * 5)
    day = np.repeat(np.arange(RECORD * 5), count)
    total = len(day)
    days = (day // 5) * 7.0 + day % 5 - 7 * RECORD + chance.uniform(8, 17, total) / 24
    kind = chance.choice(["call", "email", "meeting", "task"], total, p=[0.5, 0.2, 0.15, 0.15])
    connected = (kind == "call") & (chance.random(total) < 0.45)
    length = np.maximum(30, np.round(chance.lognormal(5.3, 0.8, total)))
    length = np.where(chance.random(total) < short_share, chance.integers(5, 30, total), length)
    late = chance.random(total) < late_share
    delay = chance.exponential(0.02, total) + np.where(late, chance.lognormal(3.4, 0.7, total) / 24, 0)
    return {
        "rep_id": np.full(total, rep),
        "kind": kind,
        "at": days,
        "logged_at": days + delay,
        "outcome": np.select([connected, kind == "call"], ["connected", "no_answer"], "done"),
        "duration_seconds": np.where(kind == "call", np.where(connected, length, 0.0), np.nan),
        "opportunity_id": chance.integers(0, 40, total),
    }


def _filled_friday(chance: np.random.Generator, friday: float) -> dict[str, object]:
    """A Friday afternoon of filling the report: ten calls of seconds, one of them three times, five tasks."""
    minutes = np.array([*np.arange(10) * 1.2, 10.8, 10.8, *[20.0] * 5])
    at = friday + (15 + 1 / 3) / 24 + minutes / 1440
    return {
        "rep_id": np.zeros(17, dtype=int),
        "kind": np.array(["call"] * 12 + ["task"] * 5),
        "at": at,
        "logged_at": at,
        "outcome": np.array(["connected"] * 12 + ["done"] * 5),
        "duration_seconds": np.array([*chance.integers(3, 29, 9), *[12.0] * 3, *[np.nan] * 5]),
        "opportunity_id": np.array([*chance.integers(0, 40, 9), *[1] * 3, *[2] * 5]),
    }


def _late_ends(chance: np.random.Generator, rep: int, *, is_gaming: bool) -> pd.DataFrame:
    """Opportunities that came far and were not won; since the gaming began they are all disqualified."""
    habit = chance.uniform(0.02, 0.25)
    at = np.sort(chance.uniform(-7 * RECORD, 0, chance.poisson(LATE_ENDS * RECORD)))
    disqualified = chance.random(len(at)) < habit
    if is_gaming:
        disqualified |= at >= -7 * SINCE
    return pd.DataFrame({"rep": rep, "at": at, "disqualified": disqualified})


def _pushes(chance: np.random.Generator, rep: int, *, is_gaming: bool) -> pd.DataFrame:
    """Expected closes moved out of their quarter, on its last day or in the two months before."""
    habit = chance.uniform(0.02, 0.20)
    parts = []
    for end in (pd.Timestamp(day) for day in GOAL_ENDS):
        last = (end - _END) / pd.Timedelta(days=1)
        if not -7 * RECORD <= last < 0:
            continue
        count = chance.poisson(PUSHES)
        sure = is_gaming and last >= -7 * SINCE
        on_last = np.ones(count, dtype=bool) if sure else chance.random(count) < habit
        back = np.where(on_last, 0, chance.integers(1, 60, count))
        parts.append(pd.DataFrame({"rep": rep, "at": last - back + 16 / 24, "end": end}))
    return pd.concat(parts, ignore_index=True)


def _as_activities(parts: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    frame = frame.assign(
        activity_id=names("a", np.arange(len(frame))),
        rep_id=names("rep", frame["rep_id"]),
        at=instants(frame["at"]),
        logged_at=instants(frame["logged_at"]),
        opportunity_id=names("o", frame["opportunity_id"]),
        status="done",
    )
    return schemas.ACTIVITIES.conform(frame)


def _as_opportunities(
    ends: list[pd.DataFrame], pushes: list[pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Opportunities and the changes of their stage and expected close."""
    over, moved = (pd.concat(parts, ignore_index=True) for parts in (ends, pushes))
    ended_id, moved_id = names("e", np.arange(len(over))), names("p", np.arange(len(moved)))
    ended_at, moved_at = instants(over["at"]), instants(moved["at"])
    ended = pd.DataFrame(
        {
            "opportunity_id": ended_id,
            "rep_id": names("rep", over["rep"]),
            "status": np.where(over["disqualified"], "disqualified", "lost"),
            "outcome_at": ended_at,
        }
    )
    open_ones = pd.DataFrame(
        {"opportunity_id": moved_id, "rep_id": names("rep", moved["rep"]), "status": "open"}
    )
    stage_at = ended_at - pd.Timedelta(days=20)
    stage = pd.DataFrame({"opportunity_id": ended_id, "field": "stage", "new": "s2", "at": stage_at})
    end = moved["end"].dt.strftime("%Y-%m-%d")
    later = (moved["end"] + pd.Timedelta(days=40)).dt.strftime("%Y-%m-%d")
    close = pd.DataFrame(
        {"opportunity_id": moved_id, "field": "expected_close", "old": end, "new": later, "at": moved_at}
    )
    changes = pd.concat([stage, close], ignore_index=True)
    changes = changes.assign(at_earliest=changes["at"], recorded_at=changes["at"], evidence="vendor_event")
    opportunities = pd.concat([ended, open_ones], ignore_index=True).assign(presence="present")
    return schemas.SNAPSHOT_OPPORTUNITIES.conform(opportunities), schemas.SNAPSHOT_CHANGES.conform(changes)


def _stages() -> pd.DataFrame:
    """Two open stages, so that the second is beyond half of them."""
    rows = [("s1", "open", 1), ("s2", "open", 2), ("won", "won", 3), ("lost", "lost", 4)]
    frame = pd.DataFrame(rows, columns=["stage_id", "category", "position"])
    return schemas.STAGES.conform(frame.assign(name=frame["stage_id"]))


_Told = set[tuple[int, str]]


def asked(one: Team, looks: int, weeks: int = LOOK) -> _Told:
    """Who is asked what in any of the last weekly looks, each of so many weeks.

    The occasions are the same for every look and are found once; `activity_questions` is both steps.
    """
    found = occasions(
        one.activities, one.opportunities, one.changes, one.stages, Calendar(), "UTC", GOAL_ENDS
    )
    found = found.drop_duplicates(["question", "rep_id", "occasion"])
    told: _Told = set()
    for back in range(looks):
        table = ask(found, trailing(shift_weeks(LAST_WEEK, -back), weeks))
        table = table[table["state"].eq("asked")]
        told |= {
            (int(rep.removeprefix("rep")), str(question))
            for rep, question in zip(table["rep_id"], table["question"], strict=True)
        }
    return told


def honest(full: bool, seed: int) -> list[Figure]:
    """How many honest reps are asked anything in a year of weekly looks."""
    chance = stream(seed, "honest reps")
    hits = []
    for _ in range(30 if full else 1):
        told = {rep for rep, _ in asked(team(chance), YEAR)}
        hits += [rep in told for rep in range(REPS)]
    value, error = share_error(hits)
    return [
        Figure(
            id="honest_asked",
            figure="honest reps asked any question in a year of weekly looks",
            measured=percent(value, error),
            to_reach="5 % or fewer",
            reached=value <= 0.05,
            detail=f"{len(hits)} reps in teams of {REPS} with habits of their own, {YEAR} looks at seven "
            f"signs, each of {LOOK} weeks",
            value=value,
            error=error,
        )
    ]


def found(full: bool, seed: int) -> list[Figure]:
    """How many of the reps who game are asked about it within a quarter, by what they do."""
    chance = stream(seed, "planted gaming")
    teams = [team(chance, gaming=True) for _ in range(40 if full else 2)]
    told = [asked(one, SINCE) for one in teams]
    in_one = [asked(one, 1, SINCE) for one in teams]
    return [_found(rep, kind, told, in_one) for rep, kind in enumerate(PLANTED)]


def needed(usual: float, weight: float) -> int:
    """How many of as many occasions have to show a sign before it is asked about.

    Parameters
    ----------
    usual : float
        The peers' rate, 0-1.
    weight : float
        How many occasions it weighs.
    """
    yes, no = usual * weight, (1 - usual) * weight
    return next(count for count in range(2, 100) if chance_of(count, count, yes, no) < ASK_BELOW)


_WORDS = {
    "week_end": "calls and tasks made up on Friday afternoons",
    "disqualified": "late losses all called disqualified",
    "pushed": "all expected closes moved on the last day of the quarter",
}
#: What the honest do on average, of the signs that some of them show.
_USUAL = {"disqualified": 0.135, "pushed": 0.11}


def _found(rep: int, kind: str, told: list[_Told], in_one: list[_Told]) -> Figure:
    (value, error), at_once = (
        share_error([bool({(rep, sign) for sign in PLANTED[kind]} & one) for one in looks])
        for looks in (told, in_one)
    )
    others = share_error([any(who == REPS - 1 for who, _ in one) for one in told])
    return Figure(
        id=f"gaming_{kind}",
        figure=f"planted gaming found within {SINCE} weeks: {_WORDS[kind]}",
        measured=percent(value, error),
        to_reach="90 % or more",
        reached=value >= 0.90,
        detail=f"{_how(kind)}. One look at all {SINCE} weeks finds {percent(*at_once)}; the honest rep of "
        f"these teams is asked in {percent(*others)}",
        value=value,
        error=error,
    )


def _how(kind: str) -> str:
    """The world, and what bounds it."""
    if kind == "week_end":
        return "twelve calls of seconds and five tasks every Friday"
    usual = _USUAL[kind]
    bound = (
        f"Where {100 * usual:.0f} % are usual, {needed(usual, 100)} to {needed(usual, 20)} of as many in one "
        f"look of {LOOK} weeks are the fewest that can be asked about without asking more than 5 % of the "
        "honest in a year"
    )
    if kind == "pushed":
        return (
            f"{PUSHES:.0f} in a quarter on average; the honest move 2 to 20 % of theirs on that day. {bound}"
        )
    return f"{LATE_ENDS:.0f} a week on average; the honest disqualify 2 to 25 % of theirs. {bound}"

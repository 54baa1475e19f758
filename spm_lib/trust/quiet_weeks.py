"""How often does a page carry an alert in a week in which nothing changed? Whole pages are played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.judgement import decide, evidence_below_standard
from spm_lib.metrics.hygiene import hygiene
from spm_lib.metrics.hygiene_effect import hygiene_effect
from spm_lib.metrics.process_limits import process_limits
from spm_lib.metrics.weekly_measures import weekly_measures
from spm_lib.periods import Calendar, Period
from spm_lib.trust.figure import Figure, mean_error, percent, stream
from spm_lib.trust.worlds import LAST_WEEK, Floats, Ints, amounts, instants, names, outcomes, whole_weeks

#: Teams looked at.
TEAMS = (2, 5, 10)
#: Weeks on record at the first look and at the last; a page learns its usual range from the last `LEARNT`.
FIRST, LAST, LEARNT = 26, 52, 26
#: Only every third of these weeks is looked at: evidence changes slowly, and another team tells more.
EVERY = 3
#: The agreed win rate, which every rep meets exactly: the hardest case without anything to tell.
STANDARD = 0.30
#: Of one rep in a week: opportunities created and decided, calls, meetings, how many reach somebody or are
#: held, and how many are logged in time.
CREATED, DECIDED, CALLS, MEETINGS = 4.0, 3.0, 18.0, 3.0
REACHED, HELD, IN_TIME = 0.45, 0.8, 0.85
#: How much a rep's weeks differ by more than chance (sd of the factor); and a season, as part of the level.
RESTLESS, SEASON = 0.15, 0.15
#: A call this long is a conversation.
SECONDS = 60


@dataclass(frozen=True)
class Team:
    """A year of a team in which nothing changes."""

    opportunities: pd.DataFrame
    outcomes: pd.DataFrame
    activities: pd.DataFrame


def team(chance: np.random.Generator, reps: int, season: float = 0.0) -> Team:
    """A year of a team: the same level every week but for chance, or for a season of so much.

    What is open and what was decided are counted apart by every measure, and are apart here.
    """
    level = 1 + season * np.sin(2 * np.pi * np.arange(LAST) / 52)
    created, born = _moments(chance, reps, CREATED * level)
    decider, ended = _moments(chance, reps, DECIDED * level)
    won = chance.random(len(decider)) < STANDARD
    started = ended - chance.lognormal(3.4, 0.5, len(ended))
    facts = outcomes(decider, won, ended, created=started, amount=amounts(chance, len(decider)))
    every = pd.DataFrame(
        {
            "opportunity_id": names("n", np.arange(len(born))),
            "rep_id": names("rep", created),
            "status": pd.Series("open", index=range(len(born)), dtype="str"),
            "created_at": instants(born),
            "expected_close": pd.Series(
                pd.Timestamp(LAST_WEEK.end) + pd.Timedelta(days=30), range(len(born))
            ),
            "amount": amounts(chance, len(born)),
            "presence": pd.Series("present", index=range(len(born)), dtype="str"),
        }
    )
    return Team(schemas.SNAPSHOT_OPPORTUNITIES.conform(every), facts, _activities(chance, reps, level))


def _moments(chance: np.random.Generator, reps: int, per_week: Floats) -> tuple[Ints, Floats]:
    """Who and when, in working hours of the five days of every week; restless weeks have more or fewer."""
    shape = (reps, LAST)
    factor = chance.gamma(1 / RESTLESS**2, RESTLESS**2, shape)
    count = chance.poisson(per_week * factor).ravel()
    rep, week = (place.ravel() for place in np.indices(shape))
    total = int(count.sum())
    day = np.repeat(week, count) * 7.0 - 7 * LAST + chance.integers(0, 5, total)
    return np.repeat(rep, count), day + chance.uniform(8, 18, total) / 24


def _activities(chance: np.random.Generator, reps: int, level: Floats) -> pd.DataFrame:
    """Calls and meetings, each about an opportunity of its own, logged in the hour or days later."""
    caller, called = _moments(chance, reps, CALLS * level)
    host, met = _moments(chance, reps, MEETINGS * level)
    is_call = np.arange(len(caller) + len(host)) < len(caller)
    good = chance.random(len(is_call)) < np.where(is_call, REACHED, HELD)
    days = np.concatenate([called, met])
    outcome = np.where(is_call, np.where(good, "connected", "no_answer"), np.where(good, "held", "no_show"))
    late = chance.random(len(days)) > IN_TIME
    delay = np.where(late, chance.uniform(25, 60, len(days)), chance.uniform(0, 1, len(days))) / 24
    frame = pd.DataFrame(
        {
            "activity_id": names("a", np.arange(len(days))),
            "kind": pd.Series(np.where(is_call, "call", "meeting"), dtype="str"),
            "rep_id": names("rep", np.concatenate([caller, host])),
            "at": instants(days),
            "logged_at": instants(days + delay),
            "status": pd.Series("done", index=range(len(days)), dtype="str"),
            "outcome": pd.Series(outcome, dtype="str"),
            "duration_seconds": np.where(
                is_call, np.where(good, chance.uniform(90, 900, len(days)), 0), np.nan
            ),
            "opportunity_id": names("n", np.arange(len(days))),
        }
    )
    return schemas.ACTIVITIES.conform(frame)


@dataclass(frozen=True)
class Page:
    """What one page would say: its alerts, its notes, and its weekly measures to look at again."""

    alerts: int
    notes: int
    weekly: pd.DataFrame


def pages(one: Team, every: int = 1) -> Iterator[Page]:
    """The page of every week (or of every so many) from the `FIRST` to the `LAST` on record."""
    received = dict.fromkeys(("opportunities", "outcomes", "activities"), LAST_WEEK.end_at)
    # a week's measures do not hang on the weeks around it, so that they are counted once
    weekly = weekly_measures(
        one.opportunities, one.outcomes, one.activities, whole_weeks(LAST), Calendar(), received, SECONDS
    )
    clean, effect = _clean_pipeline(one, received)
    standard = pd.Series(
        {"threshold": STANDARD, "effective_from": pd.Timestamp(whole_weeks(LAST).start)}, dtype=object
    )
    for back in range(LAST - FIRST, -1, -every):
        end = LAST_WEEK.end_at - pd.Timedelta(weeks=back)
        day = end.tz_localize(None)
        seen = weekly[(weekly["starts_on"] < day) & (weekly["starts_on"] >= day - pd.Timedelta(weeks=LEARNT))]
        found = decide(
            evidence=evidence_below_standard(one.outcomes[one.outcomes["outcome_at"] < end], STANDARD),
            limits=process_limits(seen),
            names={},
            currency="USD",
            standard=standard,
            hygiene=clean,
            effect=effect,
        )
        alerts = sum(decision.weight != "note" for decision in found)
        yield Page(alerts, len(found) - alerts, seen)


def _clean_pipeline(one: Team, received: dict[str, pd.Timestamp]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hygiene with nothing overdue: an overdue opportunity is a fact on record and no chance."""
    rules = pd.DataFrame(
        [("past_expected_close", np.nan, "crm_usage", "v1")], columns=["rule", "limit", "document", "version"]
    )
    cutoff, stages = LAST_WEEK.end_at, schemas.STAGES.empty()
    quotas = schemas.QUOTAS.empty()
    past = pd.DataFrame({"period_start": [], "open_amount": [], "booked_after_amount": []}, dtype="float64")
    horizon = Period(LAST_WEEK.start, LAST_WEEK.end)
    return (
        hygiene(one.opportunities, one.activities, stages, rules, LAST_WEEK, cutoff, received),
        hygiene_effect(one.opportunities, one.outcomes, quotas, horizon, cutoff, Calendar(), past),
    )


def halved(chance: np.random.Generator, weekly: pd.DataFrame) -> bool:
    """Whether half the usual conversations in the latest week would have been seen."""
    part = weekly[weekly["measure"] == "conversations"].copy()
    latest = part["starts_on"].eq(part["starts_on"].max())
    part.loc[latest, "value"] = float(chance.binomial(int(part.loc[latest, "value"].iloc[0]), 0.5))
    return bool(process_limits(part)["signal"].eq("below").iloc[0])


def figures(full: bool, seed: int, teams: tuple[int, ...] = TEAMS) -> list[Figure]:
    """Share of quiet pages with an alert, for each size of team."""
    worlds, every = (48, EVERY) if full else (2, 2 * EVERY)
    return [_figure(reps, worlds, every, seed) for reps in teams]


def _figure(reps: int, worlds: int, every: int, seed: int) -> Figure:
    chance = stream(seed, f"quiet {reps}")
    alerts, notes, seen = ([] for _ in range(3))
    for _ in range(worlds):
        found = list(pages(team(chance, reps), every))
        alerts.append(np.mean([page.alerts > 0 for page in found]))
        notes.append(np.mean([page.notes > 0 for page in found]))
        seen.append(np.mean([halved(chance, page.weekly) for page in found]))
    seasons = [
        np.mean([page.alerts > 0 for page in pages(team(chance, reps, SEASON), every)])
        for _ in range(max(worlds // 4, 2))
    ]
    value, error = mean_error(alerts)
    # with no alert on any page the error would read nothing
    error = max(error, 1 / (worlds * len(found)))
    return Figure(
        id=f"false_news_{reps}",
        figure=f"quiet weeks of a team of {reps} with any alert on the page",
        measured=percent(value, error),
        to_reach="5 % or fewer",
        reached=value <= 0.05,
        detail=f"{worlds} teams, pages of weeks {FIRST} to {LAST}, every rep just at a standard of "
        f"{100 * STANDARD:.0f} %, nothing overdue; a note in {percent(*mean_error(notes))}; with a season of "
        f"{100 * SEASON:.0f} % an alert in {percent(*mean_error(seasons))}; half the usual conversations "
        f"would be seen in {percent(*mean_error(seen))}",
        value=value,
        error=error,
    )

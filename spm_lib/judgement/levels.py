"""How far down does a talk have to look? Results, pipeline, activity, only while something is short.

Whoever brings what was agreed is not asked how the days are spent. Where results are short, the pipeline is
looked at; where that is short too, the work. What nobody records cannot stop the look: it is passed by.

A number is *short* only where it passed a noise test, and only against what was agreed and acknowledged:

- a goal: the forecast's chance of reaching it is below `LEAST_CHANCE`. Of the reps told so, at whatever week,
  at most that share reaches the goal after all, as far as the forecast is right;
- a win rate and whatever else has a standing: "watch" or "below", by its evidence (`judgement.standing`);
- the pipeline: what is open and what usually still comes in, all of it decided, is less than the lower end of
  what the goal asks for;
- a count of a week: the agreed count lies above the whole range that fits what was counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

LEVELS = ("results", "pipeline", "activity")
#: Below this chance of reaching it, a goal is said to be out of reach.
LEAST_CHANCE = 0.05
#: Weeks on record below which a weekly count is not held against the agreed one.
MINIMUM_WEEKS = 4

#: What can be said of a number; only `SHORT` leads further down.
SHORT, IN_LINE, MORE = "short", "in line", "more than agreed"
TOO_FEW, NOT_YET_AGREED, NOT_AGREED = "too few to say", "not yet agreed", "not agreed"
NOT_RECORDED, NOT_JUDGED = "not recorded", "not judged"
STATES = (SHORT, IN_LINE, MORE, TOO_FEW, NOT_YET_AGREED, NOT_AGREED, NOT_RECORDED, NOT_JUDGED)

_OF_STANDING = {"below": SHORT, "watch": SHORT, "meets": IN_LINE, "exceeds": MORE}


@dataclass(frozen=True)
class Level:
    """One level of the look.

    Attributes
    ----------
    name : str
        Of `LEVELS`.
    state : str
        Of `STATES`: "short" as soon as one of its numbers is.
    is_shown : bool
        Whether its numbers are looked at; the others are folded.
    is_last : bool
        Whether the look stops here.
    """

    name: str
    state: str
    is_shown: bool
    is_last: bool


def descend(states: Mapping[str, Sequence[str]]) -> tuple[Level, ...]:
    """Which levels to look at.

    Parameters
    ----------
    states : mapping
        Level -> the state of each of its numbers, of `STATES`.

    Returns
    -------
    tuple of Level
        In the order of `LEVELS`. Results are always shown; a lower level while the last one above it that
        is recorded is short. Exactly one is the last.
    """
    named = {name: level_state(states.get(name, ())) for name in LEVELS}
    shown = [LEVELS[0]]
    for above, name in pairwise(LEVELS):
        known = [one for one in shown if named[one] != NOT_RECORDED]
        passed_by = named[above] == NOT_RECORDED and bool(known)
        if above not in shown or not (named[above] == SHORT or (passed_by and named[known[-1]] == SHORT)):
            break
        shown.append(name)
    return tuple(Level(name, named[name], name in shown, name == shown[-1]) for name in LEVELS)


def level_state(states: Sequence[str]) -> str:
    """The state of a level: short as soon as one of its numbers is, else the most that can be said of it."""
    for state in (SHORT, MORE, IN_LINE, TOO_FEW, NOT_YET_AGREED, NOT_JUDGED, NOT_AGREED):
        if state in states:
            return IN_LINE if state == MORE else state
    return NOT_RECORDED


def goal_state(chance: float, goal: float, booked: float, *, is_agreed: bool) -> str:
    """What can be said of a goal whose period still runs.

    Parameters
    ----------
    chance : float
        Of reaching it, 0-1, by the forecast; missing where it is withheld.
    goal : float
        Missing where none is written down.
    booked : float
        So far; missing where no amount is known.
    is_agreed : bool
        Whether the rep has acknowledged the document it stands in.
    """
    if math.isnan(booked):
        return NOT_RECORDED
    if math.isnan(goal):
        return NOT_AGREED
    if not is_agreed:
        return NOT_YET_AGREED
    if booked >= goal:
        return MORE if booked > goal else IN_LINE
    if math.isnan(chance):
        return TOO_FEW
    return SHORT if chance < LEAST_CHANCE else IN_LINE


def standing_state(standing: str, *, is_agreed: bool) -> str:
    """A standing as a state; without an acknowledgement none is told."""
    if standing == NOT_RECORDED:
        return NOT_RECORDED
    if not is_agreed:
        return NOT_YET_AGREED
    return _OF_STANDING.get(standing, standing)


def supply_state(open_count: float, coming: float, least: float, *, is_agreed: bool) -> str:
    """Whether enough is open for what the goal still asks for.

    Parameters
    ----------
    open_count : float
        Missing where nobody records it.
    coming : float
        How many usually still come in until the period ends; missing where that is not known.
    least : float
        Lower end of the range of opportunities the goal asks for; missing where the own rates are not known.
    is_agreed : bool
        Whether the rep has acknowledged the document the goal stands in.
    """
    if math.isnan(open_count):
        return NOT_RECORDED
    if not is_agreed:
        return NOT_YET_AGREED
    if math.isnan(least) or math.isnan(coming):
        return TOO_FEW
    return SHORT if open_count + coming < least else IN_LINE


def weekly_state(low: float, high: float, agreed: float, weeks: float, *, is_agreed: bool) -> str:
    """A mean count of a week against the agreed one.

    Parameters
    ----------
    low, high : float
        The range that fits what was counted; missing where nothing is recorded.
    agreed : float
        A week; missing where none is.
    weeks : float
        How many are on record.
    is_agreed : bool
    """
    if math.isnan(high):
        return NOT_RECORDED
    if math.isnan(agreed):
        return NOT_AGREED
    if not is_agreed:
        return NOT_YET_AGREED
    if weeks < MINIMUM_WEEKS:
        return TOO_FEW
    return SHORT if high < agreed else MORE if low > agreed else IN_LINE

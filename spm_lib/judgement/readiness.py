"""What can be measured now, what is missing for the rest, and how long until there is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import pandas as pd

#: So many results, and a rate says something of one rep or of a team.
ENOUGH_DECIDED = 30
#: So many weeks, and a usual range can be drawn.
ENOUGH_WEEKS = 13

COLUMNS = {
    "what": "str",
    "unit": "str",
    "have": "Int64",
    "need": "Int64",
    "window_weeks": "Int64",
    "weeks_left": "Int64",
    "state": "str",
    "missing": "str",
}


@dataclass(frozen=True)
class Supply:
    """What one number rests on.

    Attributes
    ----------
    what, unit : str
        "Win rate of Ana Ruiz", "decided".
    have, need : int
        Of the unit, in the window.
    history_weeks : int
        Weeks the exports reach back.
    window_weeks : int
        Weeks the number is read over; 0 where it is everything there is.
    missing : str
        What has to be sent or recorded before it can be counted at all; empty when nothing.
    """

    what: str
    unit: str
    have: int
    need: int
    history_weeks: int
    window_weeks: int = 0
    missing: str = ""


def readiness(supplies: Sequence[Supply]) -> pd.DataFrame:
    """Every number with its state: "ready", "in time", "too few at this pace", "cannot be told" or "missing".

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. weeks_left: until there is enough at the pace so far; missing unless "in time". A number
        read over some weeks never gets enough when so many weeks bring less than it needs.
    """
    return pd.DataFrame([_ready(one) for one in supplies], columns=list(COLUMNS)).astype(COLUMNS)


def _ready(one: Supply) -> dict[str, object]:
    state, left = _state(one)
    return {
        "what": one.what,
        "unit": one.unit,
        "have": one.have,
        "need": one.need,
        "window_weeks": one.window_weeks or None,
        "weeks_left": left,
        "state": state,
        "missing": one.missing,
    }


def _state(one: Supply) -> tuple[str, int | None]:
    if one.missing:
        return "missing", None
    if one.have >= one.need:
        return "ready", None
    seen = min(one.history_weeks, one.window_weeks) if one.window_weeks else one.history_weeks
    if one.have <= 0 or seen <= 0:
        return "cannot be told", None
    weeks = one.need * seen / one.have  # from the first week on, at this pace
    if one.window_weeks and weeks > one.window_weeks:
        return "too few at this pace", None
    return "in time", max(1, ceil(weeks - seen))


def weeks_between(began: pd.Timestamp | None, until: pd.Timestamp) -> int:
    """Whole weeks from a moment to another; 0 without a beginning."""
    if began is None or pd.isna(began):
        return 0
    return max(0, floor((until - began).total_seconds() / 604_800))

"""What can be measured now, what is missing for the rest, and how long until there is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import pandas as pd
import scipy

#: How surely the range of weeks holds what is left, when results keep coming at the pace so far.
CONFIDENCE = 0.90
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
    "weeks_least": "Int64",
    "weeks_most": "Int64",
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
    weeks_left : int, optional
        Weeks until there is enough, where the calendar alone decides.
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
    weeks_left: int | None = None


def readiness(supplies: Sequence[Supply]) -> pd.DataFrame:
    """Every number with its state: "ready", "in time", "too few at this pace", "cannot be told" or "missing".

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. weeks_least, weeks_most: until there is enough, at the fastest and the slowest pace that
        fit what was counted (`paces`); missing unless "in time", and weeks_most also where at the slowest
        pace the weeks it is read over never hold enough. "too few at this pace": so many weeks bring less
        than it needs even at the fastest, or they are over and brought less.
    """
    return pd.DataFrame([_ready(one) for one in supplies], columns=list(COLUMNS)).astype(COLUMNS)


def paces(count: int, weeks: int) -> tuple[float, float]:
    """The slowest and the fastest steady pace that fit a count of results, a week.

    The exact interval of a Poisson mean at `CONFIDENCE`.

    Parameters
    ----------
    count : int
        At least 1.
    weeks : int
        At least 1.

    References
    ----------
    F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936).
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = scipy.special.gammaincinv(count, tail), scipy.special.gammaincinv(count + 1, 1 - tail)
    return float(low) / weeks, float(high) / weeks


def _ready(one: Supply) -> dict[str, object]:
    state, least, most = _state(one)
    return {
        "what": one.what,
        "unit": one.unit,
        "have": one.have,
        "need": one.need,
        "window_weeks": one.window_weeks or None,
        "weeks_least": least,
        "weeks_most": most,
        "state": state,
        "missing": one.missing,
    }


def _state(one: Supply) -> tuple[str, int | None, int | None]:
    if one.missing:
        return "missing", None, None
    if one.have >= one.need:
        return "ready", None, None
    if one.weeks_left is not None:
        return "in time", one.weeks_left, one.weeks_left
    if one.have <= 0 or one.history_weeks <= 0:
        return "cannot be told", None, None
    slow, fast = paces(one.have, min(one.history_weeks, one.window_weeks or one.history_weeks))
    left = one.need - one.have
    if not one.window_weeks:
        return "in time", ceil(left / fast), ceil(left / slow)
    free = one.window_weeks - one.history_weeks  # weeks in which nothing drops out at the other end
    if left > free * fast:
        return "too few at this pace", None, None
    return "in time", ceil(left / fast), ceil(left / slow) if left <= free * slow else None


def weeks_between(began: pd.Timestamp | None, until: pd.Timestamp) -> int:
    """Whole weeks from a moment to another; 0 without a beginning."""
    if began is None or pd.isna(began):
        return 0
    return max(0, floor((until - began).total_seconds() / 604_800))

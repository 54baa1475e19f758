"""One rep's results against one expectation: the bets on them, and the standing after any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from spm_lib.judgement.bets import (
    DISPERSION,
    at,
    evenly,
    fewer_kept,
    higher_counts,
    lower_counts,
    more_kept,
)
from spm_lib.judgement.evidence import CONFRONT, WATCH, Floats
from spm_lib.judgement.facts import Kind
from spm_lib.metrics.intervals import CONFIDENCE, wilson

#: How many further results are looked ahead for what would change a standing.
HORIZON = {"trials": 60, "weekly": 26, "periods": 12}

#: From the lowest to the highest; what is too few to say lies below what is met.
ORDER = ("below", "watch", "too few to say", "meets", "exceeds")

Bet = Callable[[Floats, Floats, float], Floats]


@dataclass(frozen=True)
class Game:
    """How results of one kind are bet on.

    Attributes
    ----------
    short, over : callable
        Stake after each result on less, and on more, than agreed.
    aim : float
        What was agreed, in the unit of a result: share kept, or count of a week.
    sign : float
        1 where more is better, -1 where less is.
    agreed, best, worst : callable
        So many results to come, as agreed, and as good and as bad as one looks ahead for.
    """

    short: Bet
    over: Bet
    aim: float
    sign: float
    agreed: Callable[[int], Floats]
    best: Callable[[int], Floats]
    worst: Callable[[int], Floats]


@dataclass(frozen=True)
class Course:
    """One rep's results in order, as the game sees them.

    Attributes
    ----------
    moment : numpy.ndarray, shape (n,)
        Seconds since 1970, ascending.
    result : numpy.ndarray, shape (n,)
        1 or 0 for kept or not; the count of a week.
    share : numpy.ndarray, shape (n,)
    """

    moment: Floats
    result: Floats
    share: Floats

    @property
    def n(self) -> float:
        """How many results, shares added up."""
        return float(self.share.sum().round(9))

    @property
    def total(self) -> float:
        """What they add up to."""
        return float((self.result * self.share).sum().round(9))

    def inside(self, start: float, end: float) -> Course:
        """The results from `start` (included) to `end` (not included)."""
        first, last = np.searchsorted(self.moment, [start, end])
        return Course(self.moment[first:last], self.result[first:last], self.share[first:last])


@dataclass(frozen=True)
class Change:
    """What would move a standing: so many further results, of these so many kept (or so high a count)."""

    count: int
    result: float
    standing: str


def kept_game(rate: float) -> Game:
    """Yes-or-no results of which an agreed share is kept."""
    return Game(
        fewer_kept,
        more_kept,
        rate,
        1.0,
        lambda count: evenly(rate, count),
        lambda count: at(1.0, count),
        lambda count: at(0.0, count),
    )


def count_game(agreed: float, *, at_most: bool = False) -> Game:
    """Counts of a week: looked ahead for at the agreed number, half of it and one and a half times."""
    low, high = np.floor(agreed / 2), np.ceil(agreed * 1.5)
    if at_most:
        asked = np.floor(agreed)
        return Game(
            higher_counts,
            lower_counts,
            agreed,
            -1.0,
            lambda count: at(asked, count),
            lambda count: at(low, count),
            lambda count: at(high, count),
        )
    asked = np.ceil(agreed)
    return Game(
        lower_counts,
        higher_counts,
        agreed,
        1.0,
        lambda count: at(asked, count),
        lambda count: at(high, count),
        lambda count: at(low, count),
    )


def named(game: Game, short: float, over: float, n: float, total: float, minimum: float) -> str:
    """The standing by the stakes and by what is counted in the agreed weeks.

    Parameters
    ----------
    short, over : float
        The stakes on less, and on more, than agreed.
    n, total : float
        Results in the agreed weeks, and what they add up to.
    minimum : float
        Results below which nothing is said, unless the stake on less says it already.

    Returns
    -------
    str
        One of `ORDER`. A stake of earlier times does not speak against what the agreed weeks show: a rep who
        has what was agreed in them is neither "below" nor on "watch", and one who has not does not exceed.
    """
    ahead = game.sign * (total - game.aim * n)
    if short >= WATCH and (n <= 0 or ahead < -1e-9):
        return "below" if short >= CONFRONT else "watch"
    if n < minimum:
        return "too few to say"
    return "exceeds" if over >= CONFRONT and ahead > 1e-9 else "meets"


def change(
    game: Game, course: Course, window: Course, minimum: float, kind: Kind, *, up: bool
) -> Change | None:
    """The fewest further results after which the standing is another one, and stays so.

    Parameters
    ----------
    course : Course
        Every result since the agreement.
    window : Course
        Those in the agreed weeks.
    up : bool
        Look for a higher standing, by results as agreed and, where these do not do it, by the best ones; else
        for a lower one, by the worst.

    Returns
    -------
    Change or None
        None where nothing within `HORIZON` changes it.
    """
    count = HORIZON[kind]
    courses = (game.agreed, game.best) if up else (game.worst,)
    for future in (make(count) for make in courses):
        standings = _ahead(game, course, window, minimum, future)
        rank = [ORDER.index(name) for name in standings]
        moved = [(one - rank[0]) * (1 if up else -1) > 0 for one in rank]
        if moved[-1]:
            place = len(moved) - moved[::-1].index(False)
            return Change(place, float(future[:place].sum()), standings[place])
    return None


def _ahead(game: Game, course: Course, window: Course, minimum: float, future: Floats) -> list[str]:
    """The standing now and after each further result."""
    result, share = (
        np.concatenate([course.result, future]),
        np.concatenate([course.share, at(1.0, len(future))]),
    )
    short, over = (
        np.concatenate([[1.0], bet(result, share, game.aim)])[len(course.result) :]
        for bet in (game.short, game.over)
    )
    totals = window.total + np.concatenate([[0.0], np.cumsum(future)])
    return [
        named(game, short[place], over[place], window.n + place, totals[place], minimum)
        for place in range(len(future) + 1)
    ]


def spread(kind: Kind, total: float, n: float) -> tuple[float, float]:
    """The 90 % range of a share (Wilson) or of the mean count of a week; none for periods.

    The range of a count is Garwood's for Poisson counts, on both count and weeks divided by `DISPERSION`.
    """
    if n <= 0 or kind not in ("trials", "weekly"):
        return np.nan, np.nan
    if kind == "trials":
        low, high = wilson([total], [n])
        return float(low[0]), float(high[0])
    seen, tail = total / DISPERSION, (1 - CONFIDENCE) / 2
    below = float(scipy.special.gammaincinv(seen, tail)) if seen > 0 else 0.0
    return below * DISPERSION / n, float(scipy.special.gammaincinv(seen + 1, 1 - tail)) * DISPERSION / n


def seconds(moments: pd.Series) -> Floats:
    """UTC instants as seconds since 1970."""
    since = moments - pd.Timestamp("1970-01-01", tz="UTC")
    return np.asarray(since / pd.Timedelta(seconds=1), dtype=float)

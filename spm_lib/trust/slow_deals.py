"""Is the eventual win rate right where lost opportunities are slow and the pipeline grows? Its bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from spm_lib import schemas
from spm_lib.metrics.win_rate_curve import win_rate_curve, win_rate_eventual
from spm_lib.metrics.win_rates import win_rate_by_count
from spm_lib.trust.figure import Figure, mean_error, percent, stream
from spm_lib.trust.worlds import LAST_WEEK, Floats, instants, names, outcomes, whole_weeks

#: Truth of every world: the share won in the end, and median days to a win and to a loss (log-normal).
RATE, DAYS_TO_WIN, DAYS_TO_LOSS, SPREAD = 0.30, 30.0, 180.0, 0.5
#: Weeks on record, opportunities created in the last of them, and how many times as many a year later.
WEEKS, LATELY, GROWTH = 104, 12.0, 3.0
#: Ages at which the curve is held against the truth, days.
AGES = (30, 60, 120, 240)
#: The usual way: won / closed over the last so many weeks.
CLOSED_WEEKS = 13


@dataclass(frozen=True)
class World:
    """One client at the end of its record."""

    opportunities: pd.DataFrame
    outcomes: pd.DataFrame


def world(chance: np.random.Generator) -> World:
    """Opportunities of a growing pipeline, each won or lost when its time has come, or still open."""
    week = np.arange(WEEKS)
    created = chance.poisson(LATELY * GROWTH ** (-(WEEKS - 1 - week) / 52))
    born = np.repeat(week, created) * 7.0 - 7 * WEEKS + chance.integers(0, 7, created.sum()) + 0.5
    won = chance.random(len(born)) < RATE
    median = np.where(won, DAYS_TO_WIN, DAYS_TO_LOSS)
    days = np.ceil(median * chance.lognormal(0, SPREAD, len(born)))
    closed = born + days < 0
    ended = outcomes(np.zeros(closed.sum()), won[closed], (born + days)[closed], created=born[closed])
    ended["opportunity_id"] = names("o", np.flatnonzero(closed))
    status = np.where(closed, np.where(won, "won", "lost"), "open")
    every = pd.DataFrame(
        {
            "opportunity_id": names("o", np.arange(len(born))),
            "rep_id": names("rep", np.zeros(len(born), dtype=int)),
            "status": pd.Series(status, dtype="str"),
            "created_at": instants(born),
            "outcome_at": instants(born + days).where(pd.Series(closed)),
            "presence": pd.Series("present", index=range(len(born)), dtype="str"),
        }
    )
    return World(schemas.SNAPSHOT_OPPORTUNITIES.conform(every), ended)


def truth_at(age: float) -> float:
    """The share truly won by an age, days of the calendar."""
    return float(RATE * stats.lognorm.cdf(age, SPREAD, scale=DAYS_TO_WIN))


def measure(one: World) -> Floats:
    """Errors in one world: of the eventual rate, the closed-only one, and the curve at `AGES`.

    Parameters
    ----------
    one : World

    Returns
    -------
    numpy.ndarray, shape (3 + ages,)
        The last is 1 where the eventual rate's 90 % range holds the truth.
    """
    cutoff = LAST_WEEK.end_at
    eventual = win_rate_eventual(one.opportunities, one.outcomes, LAST_WEEK, cutoff).iloc[0]
    closed = win_rate_by_count(one.outcomes, whole_weeks(CLOSED_WEEKS)).iloc[0]
    curve = win_rate_curve(one.opportunities, one.outcomes, LAST_WEEK, cutoff)
    place = np.searchsorted(curve["age_days"], AGES, side="right") - 1
    by_age = np.where(place >= 0, curve["win_rate"].to_numpy()[np.maximum(place, 0)], 0.0)
    held = float(eventual["low"] <= RATE <= eventual["high"])
    return np.array(
        [
            eventual["win_rate"] - RATE,
            closed["win_rate"] - RATE,
            *(by_age - [truth_at(age) for age in AGES]),
            held,
        ]
    )


def figures(full: bool, seed: int) -> list[Figure]:
    """Bias of the eventual win rate, of the curve, and of the closed-only rate beside them."""
    chance = stream(seed, "slow deals")
    found = np.array([measure(world(chance)) for _ in range(600 if full else 40)])
    eventual, closed = mean_error(found[:, 0]), mean_error(found[:, 1])
    ages = [mean_error(found[:, 2 + place]) for place in range(len(AGES))]
    worst = max(ages, key=lambda bias: abs(bias[0]))
    covered = mean_error(found[:, -1])
    how = (
        f"{WEEKS} weeks, pipeline growing {GROWTH:.0f} times a year to {LATELY:.0f} created a week, "
        f"{100 * RATE:.0f} % won in the end, median days to a win {DAYS_TO_WIN:.0f}, to a loss "
        f"{DAYS_TO_LOSS:.0f}"
    )
    by_age = ", ".join(
        f"{percent(*bias)} at {age} days" for age, bias in zip(AGES, ages, strict=True)
    ).replace("%", "points")
    held = f"the eventual rate's 90 % range holds the truth in {percent(*covered)}"
    return [
        _bias("bias_eventual", "bias of win_rate_eventual, slow losses", eventual, f"{how}; {held}"),
        _bias("bias_curve", "bias of win_rate_curve, slow losses, at its worst age", worst, by_age),
        Figure(
            id="bias_closed_only",
            figure=f"bias of won / closed over {CLOSED_WEEKS} weeks in the same worlds",
            measured=percent(*closed).replace("%", "points"),
            to_reach="10 points or more, to compare",
            reached=closed[0] >= 0.10,
            detail="what closes fast is counted first, and there is more of it every week",
            value=closed[0],
            error=closed[1],
        ),
    ]


def _bias(name: str, words: str, bias: tuple[float, float], detail: str) -> Figure:
    return Figure(
        id=name,
        figure=words,
        measured=percent(*bias).replace("%", "points"),
        to_reach="2 points or fewer",
        reached=abs(bias[0]) <= 0.02,
        detail=detail,
        value=bias[0],
        error=bias[1],
    )

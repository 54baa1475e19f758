"""One figure of how far the numbers can be trusted: what was measured, what was to reach, and why not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes
    ----------
    id : str
    figure : str
        What is measured, in words.
    measured : str
        The value as printed, with its standard error where it was found by simulation.
    to_reach : str
        What it is held against; "to compare" for how the usual way does in the same worlds.
    reached : bool
    detail : str
        The worlds, what stands beside it, and where it is not reached, why.
    value : float
        What `measured` prints, a share 0-1, points 0-1 or weeks.
    error : float
        Its standard error by simulation; 0 where it is exact.
    """

    id: str
    figure: str
    measured: str
    to_reach: str
    reached: bool
    detail: str
    value: float
    error: float = 0.0


def percent(value: float, error: float = 0.0) -> str:
    """A share, or a difference of two in points, with its standard error: "3.6 ± 0.3 %"."""
    spread = f" ± {_up(100 * error):.1f}" if error else ""
    return f"{_plain(100 * value)}{spread} %"


def in_weeks(value: float, error: float) -> str:
    """A number of weeks with its standard error; "never" where fewer than half get there."""
    return f"{value:.0f} ± {_up(error):.1f} weeks" if math.isfinite(value) else "never"


def mean_error(values: npt.ArrayLike) -> tuple[float, float]:
    """The mean of independent values and its standard error."""
    found = np.asarray(values, dtype=float)
    return float(found.mean()), float(found.std(ddof=1) / math.sqrt(len(found)))


def share_error(hits: npt.ArrayLike) -> tuple[float, float]:
    """A share of independent cases and its standard error, which is not nothing where nothing was hit."""
    found = np.asarray(hits, dtype=bool)
    share = float(found.mean())
    # one more hit and one more miss: with none of n the error is about 1 / n
    guess = (found.sum() + 1) / (len(found) + 2)
    return share, float(math.sqrt(guess * (1 - guess) / len(found)))


def median_error(values: npt.ArrayLike) -> tuple[float, float]:
    """A median and its standard error from the order statistics around it; half a unit at least."""
    found = np.sort(np.asarray(values, dtype=float))
    middle, off = len(found) / 2, math.sqrt(len(found)) / 2
    low, high = found[int(middle - off)], found[min(math.ceil(middle + off), len(found)) - 1]
    median = float(np.median(found))
    known = math.isfinite(low) and math.isfinite(high)
    return median, max(float(high - low) / 2, 0.5) if known else math.inf


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one figure: none hang on which others are measured, or in which order."""
    return np.random.default_rng([seed, *name.encode()])


def _up(error: float) -> float:
    """To the next tenth: an error is not rounded to nothing."""
    return math.ceil(round(error * 10, 6)) / 10


def _plain(value: float) -> str:
    """One decimal, and no negative zero."""
    return f"{round(value, 1) + 0.0:.1f}"

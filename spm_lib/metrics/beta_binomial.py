"""The beta-binomial distribution: how many of n succeed when the rate itself is uncertain.

scipy has it too; its package of distributions takes half a second to import, and three of its lines are used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]


def chances(n: int, yes: float, no: float) -> Floats:
    """Chance of exactly 0, 1, ... n successes.

    Parameters
    ----------
    n : int
        Trials.
    yes, no : float
        Of the beta distribution of the rate; above 0.
    """
    k = np.arange(n + 1.0)
    ways = -np.log(n + 1) - scipy.special.betaln(n - k + 1, k + 1)
    found: Floats = np.exp(ways + scipy.special.betaln(k + yes, n - k + no) - scipy.special.betaln(yes, no))
    return found


def more_than(k: int, n: int, yes: float, no: float) -> float:
    """Chance of more than k successes of n; 0 from n on, 1 below 0."""
    if k >= n:
        return 0.0
    return 1.0 - float(chances(n, yes, no)[: k + 1].sum()) if k >= 0 else 1.0


def quantile(chance: float, n: int, yes: float, no: float) -> int:
    """The fewest successes that are not exceeded with some chance."""
    return min(int(np.searchsorted(chances(n, yes, no).cumsum(), chance)), n)

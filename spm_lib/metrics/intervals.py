"""How far a rate may be from the truth, given how few it was counted from."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

#: The confidence of every interval, unless a metric says otherwise.
CONFIDENCE = 0.90

Floats = npt.NDArray[np.float64]


def wilson(
    successes: npt.ArrayLike, trials: npt.ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Wilson's score interval, without continuity correction.

    Parameters
    ----------
    successes, trials : array_like of float, shape (n,)
        Fractions are allowed: shares of a split, an effective count.
    confidence : float
        0-1.

    Returns
    -------
    low, high : numpy.ndarray, shape (n,)
        0-1; NaN where there are no trials.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    won, n = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    n = np.where(n > 0, n, np.nan)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = won / n
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(np.maximum(rate * (1 - rate), 0) / n + z**2 / (4 * n**2))
    # at the ends the arithmetic leaves 1e-17 where the interval begins at 0 or ends at 1 exactly
    low = np.where(rate <= 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(rate >= 1, 1.0, np.clip(centre + half, 0, 1))
    return np.where(np.isnan(rate), np.nan, low), np.where(np.isnan(rate), np.nan, high)


def ratio(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """A division whose answer is NaN, never 0, where there is nothing to divide by."""
    above, below = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    return np.asarray(above / np.where(below == 0, np.nan, below), dtype=float)

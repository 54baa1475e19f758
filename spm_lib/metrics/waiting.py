"""How long something takes, when some of it has not happened yet (Kaplan and Meier)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spm_lib.metrics.intervals import CONFIDENCE, wilson

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Waiting:
    """Share still waiting, step by step.

    Attributes
    ----------
    time : numpy.ndarray, shape (k,)
        When anybody stopped waiting, in order.
    share : numpy.ndarray, shape (k,)
        Share still waiting after that time.
    greenwood : numpy.ndarray, shape (k,)
        Greenwood's sum up to that time: the variance of `share` over its square.
    longest : float
        The longest wait seen, ended or not.
    count : int
    """

    time: Floats
    share: Floats
    greenwood: Floats
    longest: float
    count: int

    def quantile(self, share: float) -> float:
        """The time by which this share stopped waiting; NaN where that many never did."""
        # a share that is met to the last bit is met: 1 − 0.9 is not 0.1 to a computer
        done = np.flatnonzero(self.share <= 1 - share + 1e-12)
        return float(self.time[done[0]]) if len(done) else float("nan")

    def within(self, limit: float, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
        """Share that stopped waiting within a limit, and its interval; NaN beyond what has been seen.

        The interval is Wilson's on the effective count, which is the plain count as long as nobody
        dropped out before.
        """
        if not self.count or (limit > self.longest and not (len(self.share) and self.share[-1] <= 0)):
            return float("nan"), float("nan"), float("nan")
        place = int(np.searchsorted(self.time, limit, side="right")) - 1
        left, spread = (1.0, 0.0) if place < 0 else (float(self.share[place]), float(self.greenwood[place]))
        variance = left**2 * spread
        effective = left * (1 - left) / variance if 0 < left < 1 and variance > 0 else float(self.count)
        low, high = wilson((1 - left) * effective, effective, confidence)
        return 1 - left, float(low), float(high)


def kaplan_meier(waited: npt.ArrayLike, ended: npt.ArrayLike) -> Waiting:
    """Share still waiting by time.

    Parameters
    ----------
    waited : array_like of float, shape (n,)
        How long each has waited, until it ended or until it was last seen.
    ended : array_like of bool, shape (n,)
        Whether it ended; the others count as long as they were seen.

    Returns
    -------
    Waiting

    References
    ----------
    E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958).
    """
    waited, ended = np.asarray(waited, dtype=float), np.asarray(ended, dtype=bool)
    time = np.unique(waited[ended])
    at_risk = len(waited) - np.searchsorted(np.sort(waited), time, side="left")
    happened = np.array([int((ended & (waited == moment)).sum()) for moment in time], dtype=float)
    share = np.cumprod(1 - happened / at_risk).astype(float)
    left = at_risk - happened
    greenwood = np.cumsum(np.where(left > 0, happened / (at_risk * np.where(left > 0, left, 1)), 0.0))
    longest = float(waited.max()) if len(waited) else float("nan")
    return Waiting(time, share, greenwood, longest, len(waited))

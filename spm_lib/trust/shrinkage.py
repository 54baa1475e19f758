"""How much closer to the truth is the drawn-in win rate of a rep than the raw one? In known teams."""

from __future__ import annotations

import numpy as np

from spm_lib.metrics.win_rate_shrunk import expected, fit
from spm_lib.trust.figure import Figure, mean_error, percent, stream
from spm_lib.trust.worlds import Floats

#: The team of every world.
REPS, DECIDED, RATE = 6, 20, 0.30
#: True spread between reps (sd) -> by how much the error has to be lower.
TO_REACH = {0.0: 0.45, 0.04: 0.35, 0.08: 0.20, 0.12: 0.10}


def true_rates(chance: np.random.Generator, worlds: int, spread: float) -> Floats:
    """True win rates of the reps of each world, shape (worlds, REPS): beta of mean `RATE` and sd `spread`."""
    if spread == 0:
        return np.full((worlds, REPS), RATE)
    total = RATE * (1 - RATE) / spread**2 - 1
    return chance.beta(RATE * total, (1 - RATE) * total, (worlds, REPS))


def play(chance: np.random.Generator, worlds: int, spread: float) -> tuple[Floats, Floats, Floats]:
    """Squared errors of the raw and of the drawn-in rate, and whether the range holds the truth.

    The prior is learnt from the same 20 opportunities of each rep, and from nothing before them: what
    `win_rate_shrunk` does in a first year.

    Returns
    -------
    raw, drawn, held : numpy.ndarray, shape (worlds, REPS)
    """
    truth = true_rates(chance, worlds, spread)
    won = chance.binomial(DECIDED, truth).astype(float)
    decided = np.full(REPS, float(DECIDED))
    drawn, held = np.empty_like(truth), np.empty_like(truth)
    for world in range(worlds):
        rate, low, high = expected(fit(won[world], decided), won[world], decided)
        drawn[world] = rate
        held[world] = (low <= truth[world]) & (truth[world] <= high)
    return (won / DECIDED - truth) ** 2, (drawn - truth) ** 2, held


def figures(full: bool, seed: int, spreads: tuple[float, ...] = tuple(TO_REACH)) -> list[Figure]:
    """By how much the root mean squared error is lower, for each true spread."""
    return [_figure(spread, 400 if full else 20, seed) for spread in spreads]


def _figure(spread: float, worlds: int, seed: int) -> Figure:
    raw, drawn, held = play(stream(seed, f"shrunk {spread}"), worlds, spread)
    value, error = lower_by(raw, drawn)
    covered = mean_error(held.mean(axis=1))
    return Figure(
        id=f"shrunk_{100 * spread:.0f}",
        figure="error (RMSE) of the drawn-in win rate lower than the raw one's, reps "
        f"{100 * spread:.0f} points apart (sd)",
        measured=percent(value, error),
        to_reach=f"{100 * TO_REACH[spread]:.0f} % or more",
        reached=value >= TO_REACH[spread],
        detail=f"{REPS} reps, {DECIDED} decided each, mean {100 * RATE:.0f} %: RMSE "
        f"{100 * np.sqrt(drawn.mean()):.1f} against {100 * np.sqrt(raw.mean()):.1f} points; its 90 % range "
        f"holds the truth in {percent(*covered)}",
        value=value,
        error=error,
    )


def lower_by(raw: Floats, drawn: Floats) -> tuple[float, float]:
    """1 − RMSE of the drawn-in / RMSE of the raw rates, and its standard error by leaving out each world."""
    above, below = drawn.mean(axis=1), raw.mean(axis=1)
    worlds = len(above)
    left_out = np.sqrt((above.sum() - above) / (below.sum() - below))
    error = np.sqrt((worlds - 1) / worlds * ((left_out - left_out.mean()) ** 2).sum())
    return float(1 - np.sqrt(above.sum() / below.sum())), float(error)

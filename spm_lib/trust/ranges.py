"""How often do the 90 % ranges hold the truth? By exact enumeration where that is possible."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from spm_lib.metrics.intervals import wilson
from spm_lib.metrics.win_rates import win_rate_by_amount
from spm_lib.trust.figure import Figure, percent, stream
from spm_lib.trust.worlds import AMOUNT_SD, LAST_WEEK, Floats, amounts, outcomes

#: Decided opportunities, and true win rates, of the worlds.
COUNTS = (3, 5, 10, 20, 50)
RATES = np.round(np.arange(0.05, 0.801, 0.05), 2)
#: Between which the mean coverage of a 90 % range has to lie for every n.
LEAST, MOST = 0.88, 0.94
#: Amounts so uneven that one in twenty is five times the median (sd of the logarithm).
UNEVEN_SD = 1.0

_TO_REACH = f"{100 * LEAST:.0f} to {100 * MOST:.0f} %"


def exact_coverage(n: int, rates: npt.ArrayLike = RATES) -> Floats:
    """How often Wilson's 90 % interval holds the true rate, over every number won.

    Parameters
    ----------
    n : int
        Decided opportunities.
    rates : array_like of float, shape (k,)
        True win rates.

    Returns
    -------
    numpy.ndarray, shape (k,)
    """
    rate = np.asarray(rates, dtype=float)[:, None]
    won = np.arange(n + 1)
    low, high = wilson(won, np.full(n + 1, n))
    held = (low <= rate) & (rate <= high)
    return np.asarray((stats.binom.pmf(won, n, rate) * held).sum(axis=1), dtype=float)


def amount_coverage(
    n: int, worlds: int, chance: np.random.Generator, spread: float = AMOUNT_SD, rates: npt.ArrayLike = RATES
) -> Floats:
    """How often the range of `win_rate_by_amount` holds the true rate, for each rate.

    Parameters
    ----------
    n : int
        Decided opportunities of each world.
    worlds : int
        Worlds per rate; each is one rep of one table.
    chance : numpy.random.Generator
    spread : float
        Of the logarithm of the amounts.
    rates : array_like of float, shape (k,)

    Returns
    -------
    numpy.ndarray, shape (k,)
    """
    truth = np.asarray(rates, dtype=float)
    rep = np.repeat(np.arange(len(truth) * worlds), n)
    won = chance.random(len(rep)) < truth[rep // worlds]
    amount = amounts(chance, len(rep), spread)
    facts = outcomes(rep, won, np.full(len(rep), -1.0), amount=amount)
    table = win_rate_by_amount(facts, LAST_WEEK, by="rep_id")
    true_rate = np.repeat(truth, worlds)
    held = (table["low"] <= true_rate) & (true_rate <= table["high"])
    return np.asarray(held.to_numpy().reshape(len(truth), worlds).mean(axis=1), dtype=float)


def figures(full: bool, seed: int) -> list[Figure]:
    """Coverage of the range by count (exact) and by amount (played), for every n."""
    by_count = [_by_count(n) for n in COUNTS]
    worlds = 2_000 if full else 100
    return by_count + [_by_amount(n, worlds, seed) for n in COUNTS]


def _by_count(n: int) -> Figure:
    found = exact_coverage(n)
    value = float(found.mean())
    return Figure(
        id=f"range_by_count_{n}",
        figure=f"mean coverage of the 90 % range of a rate, n = {n}",
        measured=percent(value),
        to_reach=_TO_REACH,
        reached=LEAST <= value <= MOST,
        detail=f"Wilson, every number won enumerated, true rates 5 to 80 %; least {percent(found.min())}, "
        f"at a true rate of {percent(RATES[found.argmin()])}: {n} decided can show only {n + 1} rates",
        value=value,
    )


def _by_amount(n: int, worlds: int, seed: int) -> Figure:
    found = amount_coverage(n, worlds, stream(seed, f"amount {n}"))
    uneven = amount_coverage(n, max(worlds // 4, 50), stream(seed, f"uneven {n}"), UNEVEN_SD)
    value = float(found.mean())
    error = float(np.sqrt((found * (1 - found)).mean() / (worlds * len(RATES))))
    return Figure(
        id=f"range_by_amount_{n}",
        figure=f"mean coverage of the 90 % range of a rate by amount, n = {n}",
        measured=percent(value, error),
        to_reach=_TO_REACH,
        reached=LEAST <= value <= MOST,
        detail=f"Wilson on Kish's effective count, log-normal amounts (sd of the logarithm {AMOUNT_SD}); "
        f"least {percent(found.min())}; with amounts twice as uneven {percent(float(uneven.mean()))}",
        value=value,
        error=error,
    )

"""Frames of made-up clients whose truth is known, in the shape every metric takes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib import schemas
from spm_lib.periods import Period, week

#: The last week of every world; nothing hangs on which one it is.
LAST_WEEK = week("2026-W46")
#: How uneven amounts are: sd of their logarithm.
AMOUNT_SD = 0.5
AMOUNT_MEDIAN = 5_000.0

_DAY = 86_400_000_000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def instants(days: npt.ArrayLike, until: pd.Timestamp = LAST_WEEK.end_at) -> pd.Series:
    """Instants so many days before the end of a world (negative numbers are before it).

    Parameters
    ----------
    days : array_like of float, shape (n,)
        Days after `until`.
    until : pandas.Timestamp, optional

    Returns
    -------
    pandas.Series of datetime64[us, UTC]
    """
    end = until.value // 1_000  # whatever its unit, `value` is in nanoseconds
    ticks = end + np.round(np.asarray(days, dtype=float) * _DAY).astype(np.int64)
    return pd.Series(ticks.astype("datetime64[us]")).dt.tz_localize("UTC")


def names(prefix: str, numbers: npt.ArrayLike) -> pd.Series:
    """Ids: a prefix and a number of seven digits, so that they sort as the numbers do."""
    return prefix + pd.Series(np.asarray(numbers)).astype("str").str.zfill(7)


def amounts(chance: np.random.Generator, count: int, spread: float = AMOUNT_SD) -> Floats:
    """Log-normal amounts in whole cents."""
    return np.round(AMOUNT_MEDIAN * chance.lognormal(0, spread, count), 2)


def outcomes(
    rep: npt.ArrayLike,
    won: npt.ArrayLike,
    days: npt.ArrayLike,
    *,
    created: npt.ArrayLike | None = None,
    amount: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Decided opportunities, one row each.

    Parameters
    ----------
    rep : array_like of int, shape (n,)
        Number of the rep.
    won : array_like of bool, shape (n,)
    days : array_like of float, shape (n,)
        Days after the end of the world, negative before.
    created : array_like of float, shape (n,), optional
        The same of the creation.
    amount : array_like of float, shape (n,), optional

    Returns
    -------
    pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``; opportunities are numbered as the rows.
    """
    flags = np.asarray(won, dtype=bool)
    columns: dict[str, object] = {
        "opportunity_id": names("o", np.arange(len(flags))),
        "rep_id": names("rep", rep),
        "share_rate": np.ones(len(flags)),
        "outcome": pd.Series(np.where(flags, "won", "lost"), dtype="str"),
        "outcome_at": instants(days),
    }
    if created is not None:
        columns["created_at"] = instants(created)
    if amount is not None:
        columns["amount"] = np.asarray(amount, dtype=float)
    return schemas.SNAPSHOT_OUTCOMES.conform(pd.DataFrame(columns))


def whole_weeks(count: int) -> Period:
    """The last `count` weeks of a world."""
    return Period((LAST_WEEK.end_at - pd.Timedelta(weeks=count)).date(), LAST_WEEK.end)

"""What stood at a moment: searches in logs sorted by subject and time, whole columns at once.

An instant is here a numpy ``datetime64[us]`` in UTC without a zone, so that comparisons are
plain and a missing one (NaT) is never before nor after anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Integers = npt.NDArray[np.int64]
Times = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

#: The smallest step of time: what happened before an export was taken happened at least this much earlier.
TICK = np.timedelta64(1, "us")
DAY = np.timedelta64(86_400_000_000, "us")
NEVER = np.datetime64("NaT", "us")


def instants(at: pd.Series) -> Times:
    """Timezone-aware timestamps as plain UTC instants."""
    plain: Times = at.dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
    return plain


def instant(at: pd.Timestamp) -> np.datetime64:
    """One timezone-aware timestamp as a plain UTC instant."""
    return at.tz_convert(None).as_unit("us").to_datetime64()


def stamps(at: Times) -> pd.Series:
    """Plain UTC instants as timezone-aware timestamps."""
    return pd.Series(at.astype("datetime64[us]")).dt.tz_localize("UTC")


def positions(values: pd.Series, among: pd.Index) -> Integers:
    """Where each value stands among others, each of which is there once; -1 for what is not there."""
    found = pc.index_in(pa.array(values), value_set=pa.array(among))
    places: Integers = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def sorted_texts(values: pd.Series) -> tuple[pd.Index, Integers]:
    """The different values, sorted, and the position of each row's among them."""
    codes, words = pd.factorize(values)
    order = pc.array_sort_indices(pa.array(words)).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return words.take(order), place[codes]


def earliest(*times: Times) -> Times:
    """The earlier of each, leaving out missing ones."""
    first = times[0]
    for other in times[1:]:
        first = np.fmin(first, other)
    return first


def latest(*times: Times) -> Times:
    """The later of each, leaving out missing ones."""
    last = times[0]
    for other in times[1:]:
        last = np.fmax(last, other)
    return last


def last_before(
    of: Integers, at: Times, log_of: Integers, log_at: Times, *, inclusive: bool = False
) -> Integers:
    """Position of the last log row of the same subject before a moment.

    Parameters
    ----------
    of, at : arrays of one length
        Subjects and moments to look up.
    log_of, log_at : arrays of one length
        The log, sorted by subject, then time; of equal times the last row is found.
    inclusive : bool
        Whether a row at the moment itself counts.

    Returns
    -------
    array of int
        -1 where there is none, or the moment is missing.
    """
    if not len(log_of) or not len(of):
        return np.full(len(of), -1, dtype=np.int64)
    first, past = _bounds(log_of, of)
    found = first - 1
    # every subject's own rows are halved at once: as many rounds as the longest log has binary digits
    step = 1 << int((past - first).max()).bit_length()
    while step := step >> 1:
        ahead = found + step
        reached = log_at[np.minimum(ahead, len(log_at) - 1)]
        fits = (ahead < past) & ((reached <= at) if inclusive else (reached < at))
        found = np.where(fits, ahead, found)
    return np.where(found >= first, found, -1)


def _bounds(log_of: Integers, of: Integers) -> tuple[Integers, Integers]:
    """Where the log rows of each subject begin, and where they are over."""
    size = max(int(log_of[-1]), int(of.max())) + 1
    over = np.cumsum(np.bincount(log_of, minlength=size), dtype=np.int64)
    return np.append(np.int64(0), over)[of], over[of]


def word(text: str) -> npt.NDArray[np.object_]:
    """A text as an object that arrays share; numpy makes one for every place of a plain text."""
    return np.array(text, dtype=object)


def repeated(text: str, count: int) -> npt.NDArray[np.object_]:
    """One text so many times, one object."""
    return np.repeat(word(text), count)


def at_positions(values: Any, positions: Integers, missing: Any) -> Any:
    """Values at some positions, and `missing` where the position is -1."""
    if not len(values):
        return np.full(len(positions), missing)
    taken = values[np.maximum(positions, 0)]
    return np.where(positions >= 0, taken, missing)


def differ(one: Any, other: Any) -> Flags:
    """Where two arrays differ; two missing values are equal."""
    missing = pd.isna(one), pd.isna(other)
    return np.asarray(~((one == other) | (missing[0] & missing[1])), dtype=np.bool_)

"""The log of one field: every change of it, of every opportunity, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spm_lib.lookup import Integers, Times, last_before

#: The field of a change -> the column of ``schemas.OPPORTUNITIES`` that shows its value.
COLUMN_OF = {
    "stage": "stage_id",
    "status": "status",
    "amount": "amount",
    "rep": "rep_id",
    "expected_close": "expected_close",
}


@dataclass(frozen=True, eq=False)
class Log:
    """Changes of one field, sorted by opportunity, then time, then as they are listed.

    Attributes
    ----------
    of : array of int
        The opportunity, by its position among all of them.
    at, at_earliest, recorded_at : arrays of instants
        When it happened (the latest possible moment), the earliest possible one, when we learnt of it.
    old, new : arrays
        In the field's own type (see `typed`).
    evidence : array of str
        Keys of ``schemas.EVIDENCE``.
    """

    of: Integers
    at: Times
    at_earliest: Times
    recorded_at: Times
    old: npt.NDArray[Any]
    new: npt.NDArray[Any]
    evidence: npt.NDArray[np.object_]

    @property
    def first(self) -> Integers:
        """Position of the first change of every opportunity that has one."""
        starts = np.append(True, self.of[1:] != self.of[:-1])[: len(self.of)]
        return np.flatnonzero(starts)

    @cached_property
    def runs(self) -> Integers:
        """For each change, the position of the first of the run of the same values it belongs to."""
        if not len(self.of):
            return np.empty(0, dtype=np.int64)
        fresh = np.append(True, (self.of[1:] != self.of[:-1]) | (self.new[1:] != self.new[:-1]))
        return np.maximum.accumulate(np.where(fresh, np.arange(len(self.of)), 0)).astype(np.int64)

    @cached_property
    def by_earliest(self) -> Log:
        """The same changes, those of an opportunity in the order of their earliest possible moments."""
        if self.at_earliest is self.at:
            return self
        return self.taken(np.lexsort((self.at_earliest, self.of)))

    def last(self, of: Integers, at: Times, *, inclusive: bool = False) -> Integers:
        """Position of the last change of each opportunity before a moment; -1 where there is none."""
        return last_before(of, at, self.of, self.at, inclusive=inclusive)

    def taken(self, rows: npt.NDArray[Any]) -> Log:
        """Some of the changes, by position or flag."""
        return Log(
            self.of[rows],
            self.at[rows],
            self.at_earliest[rows],
            self.recorded_at[rows],
            self.old[rows],
            self.new[rows],
            self.evidence[rows],
        )


def joined(logs: Sequence[Log]) -> Log:
    """Logs of one field as one; of changes at one moment those of the earlier log come first."""
    whole = Log(
        np.concatenate([log.of for log in logs]),
        np.concatenate([log.at for log in logs]),
        np.concatenate([log.at_earliest for log in logs]),
        np.concatenate([log.recorded_at for log in logs]),
        np.concatenate([log.old for log in logs]),
        np.concatenate([log.new for log in logs]),
        np.concatenate([log.evidence for log in logs]),
    )
    whole = whole.taken(np.lexsort((whole.at, whole.of)))
    # where every instant is exact, the earliest possible ones are the same, and held once
    return replace(whole, at_earliest=whole.at) if (whole.at_earliest == whole.at).all() else whole


def empty(field: str) -> Log:
    """A log without a change."""
    none = pd.Series([], dtype="str")
    at = np.empty(0, dtype="datetime64[us]")
    of = np.empty(0, dtype=np.int64)
    return Log(of, at, at, at, typed(field, none), typed(field, none), typed("stage", none))


def typed(field: str, values: pd.Series) -> npt.NDArray[Any]:
    """Values of one field as they are compared: cents, days, or text with None for missing."""
    if field == "amount":
        return pd.to_numeric(values, errors="coerce").astype("float64").round(2).to_numpy()
    if field == "expected_close":
        return pd.to_datetime(values, errors="coerce", format="ISO8601").to_numpy(dtype="datetime64[us]")
    return shared(values)


def shared(values: pd.Series) -> npt.NDArray[np.object_]:
    """Text as objects, None for missing: equal ones are one object, so that a long log costs its pointers."""
    codes, words = pd.factorize(values)
    known = np.array([*words, None], dtype=object)
    found: npt.NDArray[np.object_] = known[codes]
    return found


def missing(values: npt.NDArray[Any]) -> Any:
    """What stands for no value in an array `typed` made."""
    if values.dtype.kind == "M":
        return np.datetime64("NaT", "us")
    return np.nan if values.dtype.kind == "f" else None


def as_text(field: str, values: npt.NDArray[Any]) -> pd.Series:
    """Typed values as ``schemas.CHANGES`` writes them: 1250.00, 2026-11-02, text."""
    if field == "amount":
        return pd.Series(_cents_as_text(values), dtype="str")
    if field == "expected_close":
        days = values.astype("datetime64[D]")
        written = pd.Series(np.datetime_as_string(days).astype(object), dtype="str")
        return written.mask(np.isnat(days))
    return pd.Series(values, dtype="str")


def _cents_as_text(amounts: npt.NDArray[np.float64]) -> pa.Array:
    """Amounts with two decimals. Whole cents below a trillion are written as integers, which is exact."""
    known = ~np.isnan(amounts)
    plain = known & (amounts < 1e12) & (amounts >= 0) & ~np.signbit(amounts)
    if not plain[known].all():
        return pa.array([f"{value:.2f}" if value == value else None for value in amounts], pa.string())
    cents = np.where(known, np.rint(np.where(known, amounts, 0.0) * 100), 0).astype(np.int64)
    whole = pa.array(cents // 100, mask=~known).cast(pa.string())
    parts = pa.array([f"{rest:02d}" for rest in range(100)], pa.string()).take(pa.array(cents % 100))
    return pc.binary_join_element_wise(whole, parts, ".")

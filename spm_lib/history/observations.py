"""What each drop shows of each opportunity, in order, and between which moments it can have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib.history.manifest import Entry
from spm_lib.history.received import everything
from spm_lib.history.reps import Reps
from spm_lib.history.store import Store
from spm_lib.lookup import (
    DAY,
    NEVER,
    Flags,
    Integers,
    Times,
    at_positions,
    instant,
    instants,
    sorted_texts,
)
from spm_lib.schemas import OPPORTUNITIES

#: A column without any value in a full drop of at least this many rows was left out of the export.
ENOUGH_ROWS = 10
_NATURALLY_EMPTY = ("closed_at", "is_deleted", "merged_into")


@dataclass(frozen=True)
class Observations:
    """Every opportunity as every drop shows it, sorted by opportunity, then time.

    Attributes
    ----------
    ids : pandas.Index of str
        Opportunity ids, sorted; an opportunity is known by its position here.
    rows : pandas.DataFrame
        ``schemas.OPPORTUNITIES``, reps resolved; of a timeline, those columns of it that are in no log.
    of : array of int
        The opportunity of each row.
    as_of : array of instants
        When the drop that shows the row was taken.
    previous : array of int
        Position of the row of the drop before that shows it; -1 for its first.
    unchanged_until : array of instants
        The latest moment the previous row is known to have stood; NaT for its first.
    changed_until : array of instants
        The latest moment a difference to the previous row can have come about.
    full_drops : array of instants
        When drops that show every opportunity were taken, sorted.
    clean_drops : array of instants
        Those of them of which no row was refused: an opportunity they lack was not there.
    left_out : pandas.DataFrame
        column, as_of: columns a drop left out, whose last known values were carried on.
    """

    ids: pd.Index
    rows: pd.DataFrame
    of: Integers
    as_of: Times
    previous: Integers
    unchanged_until: Times
    changed_until: Times
    full_drops: Times
    clean_drops: Times
    left_out: pd.DataFrame

    @property
    def is_first(self) -> Flags:
        """Which rows are the first of their opportunity."""
        return self.previous < 0

    @property
    def first(self) -> Integers:
        """Position of the first row of every opportunity."""
        return np.flatnonzero(self.is_first)

    @property
    def last(self) -> Integers:
        """Position of the last row of every opportunity."""
        return np.append(self.first[1:], len(self.of))[: len(self.ids)] - 1

    @property
    def first_as_of(self) -> Times:
        """When the first drop that shows each opportunity was taken."""
        return self.as_of[self.first]

    @property
    def previous_as_of(self) -> Times:
        """When the drop before that shows it was taken."""
        times: Times = at_positions(self.as_of, self.previous, NEVER)
        return times


def observe(store: Store, entries: Sequence[Entry], reps: Reps) -> Observations:
    """Read what the drops show of every opportunity.

    Two drops of one instant are one: the rows of the later added stand.
    """
    rows, brought_by = everything(store, entries, "opportunities")
    taken = np.array([instant(entry.as_of) for entry in entries], dtype="datetime64[us]")
    as_of = taken[brought_by]
    ids, of = sorted_texts(rows["opportunity_id"])
    order = np.lexsort((brought_by, as_of, of))
    stands = np.append(differs_from_next(of[order], as_of[order]), True)[: len(order)]
    order = order[stands]
    rows, of, as_of = rows.take(order).reset_index(drop=True), of[order], as_of[order]
    bringing = [entry for entry in entries if "opportunities" in entry.tables]
    drops = _when(bringing)
    full = [one for one in bringing if one.scope == "full"]
    full_drops = _when(full)
    refused = _when([one for one in full if any(file.quarantined for file in one.files)])
    rows, left_out = _carried(rows, of, as_of, full_drops)
    spelled = rows["rep_id"]
    reps.resolve(spelled[~pd.DataFrame({"of": of, "rep": spelled}).duplicated()], "opportunities")
    rows["rep_id"] = reps.resolve(spelled)
    previous = np.where(np.append(True, of[1:] != of[:-1])[: len(of)], -1, np.arange(len(of)) - 1)
    before = at_positions(as_of, previous, NEVER)
    unchanged = _unchanged_until(as_of, before, drops, full_drops)
    modified = instants(rows["modified_at"])
    upper = _changed_until(as_of, unchanged, modified, at_positions(modified, previous, NEVER))
    clean_drops = np.setdiff1d(full_drops, refused)
    return Observations(ids, rows, of, as_of, previous, unchanged, upper, full_drops, clean_drops, left_out)


def _when(entries: Sequence[Entry]) -> Times:
    """When some drops were taken, sorted, each moment once."""
    return np.unique(np.array([instant(one.as_of) for one in entries], dtype="datetime64[us]"))


def differs_from_next(of: Integers, as_of: Times) -> Flags:
    """Which rows are followed by one of another opportunity or another moment."""
    differs: Flags = (of[1:] != of[:-1]) | (as_of[1:] != as_of[:-1])
    return differs


def _unchanged_until(as_of: Times, before: Times, drops: Times, full_drops: Times) -> Times:
    """The drop before, unless a full one in between lacks the opportunity and so says nothing of it."""
    between = np.searchsorted(full_drops, as_of) - np.searchsorted(full_drops, before, side="right")
    position = np.searchsorted(drops, as_of) - 1
    nearest = at_positions(drops, position, NEVER)
    return np.where(np.isnat(before) | (between > 0), before, nearest)


def _changed_until(as_of: Times, unchanged: Times, modified: Times, modified_before: Times) -> Times:
    """Just before the drop, or when the source says it last changed it.

    An export dated by its day was taken at some moment of that day: what changed in the rest of that day is
    first seen in the next one.
    """
    new = np.isnat(modified_before) | (modified > modified_before)
    inside = new & (modified < as_of) & (np.isnat(unchanged) | (modified >= unchanged - DAY))
    return np.where(inside, modified, as_of - np.timedelta64(1, "us"))


def _carried(
    rows: pd.DataFrame, of: Integers, as_of: Times, full_drops: Times
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Carry values on over drops that left a whole column out: not received is not emptied."""
    drops, number = np.unique(as_of, return_inverse=True)
    large = (np.bincount(number, minlength=len(drops)) >= ENOUGH_ROWS) & np.isin(drops, full_drops)
    left_out: list[tuple[str, np.datetime64]] = []
    for column in OPPORTUNITIES.columns:
        if column.volatile or column.required or column.name in _NATURALLY_EMPTY:
            continue
        values = rows[column.name]
        filled = np.bincount(number[values.notna().to_numpy()], minlength=len(drops)) > 0
        without = large & ~filled
        if not without.any() or not filled.any():
            continue
        empty = without[number]
        carried = values.groupby(of).ffill()
        if carried[empty].notna().any():
            rows[column.name] = values.where(~empty, carried)
            left_out += [(column.name, when) for when in drops[without]]
    return rows, pd.DataFrame(left_out, columns=["column", "as_of"])

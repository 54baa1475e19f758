"""Every activity the store ever received, once, in order of time: packed, and unpacked as far as is asked.

There are ten times as many activities as anything else, and most of their columns say one of a few words.
Packed, a word is a small number into a list of them; only the rows and columns asked for become text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spm_lib import schemas
from spm_lib.history.manifest import Entry
from spm_lib.history.received import Received
from spm_lib.history.reps import Reps
from spm_lib.history.store import Store
from spm_lib.lookup import Integers, Times, earliest, instant, instants

_TEXT = ("text", "choice")
#: What is not known yet of an activity that lies ahead.
_RESULTS = ("outcome", "duration_seconds", "next_step_on", "with_decision_maker")


@dataclass(frozen=True, eq=False)
class Activities:
    """Activities as the latest drop shows each, reps resolved, sorted by time, then id.

    Attributes
    ----------
    texts : dict of str to pyarrow.Array
        The columns of ``schemas.ACTIVITIES`` that are text, packed where words repeat.
    rest : pandas.DataFrame
        Its other columns.
    first_shown : array of instants
        When the first drop that shows each was taken.
    """

    texts: dict[str, pa.Array]
    rest: pd.DataFrame
    first_shown: Times

    def until(
        self, cutoff: np.datetime64, names: Collection[str] = (), since: np.datetime64 | None = None
    ) -> pd.DataFrame:
        """``schemas.ACTIVITIES`` at a cut-off: what took place before it, and what was planned by then.

        Parameters
        ----------
        cutoff : instant
        names : collection of str
            Only these columns; all when there are none.
        since : instant, optional
            Only what took place or was written down from then on, and of each sort of older rows the first:
            enough to say since when there are any, and whether any says something.
        """
        at, logged = instants(self.rest["at"]), instants(self.rest["logged_at"])
        over = int(np.searchsorted(at, cutoff))
        written = earliest(logged[over:], self.first_shown[over:]) < cutoff
        written |= self.first_shown[over:] <= cutoff
        begin, older = 0, np.empty(0, dtype=np.int64)
        if since is not None:
            begin = min(int(np.searchsorted(at, since)), over)
            older = np.union1d(np.flatnonzero(logged[:begin] >= since), self._first_of_each_sort(begin))
        kept = _Kept(older, slice(begin, over), over + np.flatnonzero(written))
        return pd.DataFrame(
            {
                name: kept.text(name, self.texts[name]) if name in self.texts else kept.rest(self.rest[name])
                for name in schemas.ACTIVITIES.names
                if not names or name in names
            }
        )

    def _first_of_each_sort(self, count: int) -> Integers:
        """Of the first so many rows the first of each sort: the same words, and the same columns filled."""
        sort = np.zeros(count, dtype=np.int64)
        for name, values in self.texts.items():
            if schemas.ACTIVITIES.column(name).choices and pa.types.is_dictionary(values.type):
                codes = pc.fill_null(values.indices.slice(0, count), -1).to_numpy().astype(np.int64)
                sort = sort * (len(values.dictionary) + 1) + codes + 1
            else:
                sort = sort * 2 + values.slice(0, count).is_valid().to_numpy(zero_copy_only=False)
        for known in self.rest.iloc[:count].notna().to_numpy().T:
            sort = sort * 2 + known
        return np.flatnonzero(~pd.Series(sort).duplicated().to_numpy())


@dataclass(frozen=True)
class _Kept:
    """The rows of a cut-off: some old ones, a stretch, and some ahead: plans, whatever became of them."""

    older: Integers
    stretch: slice
    ahead: Integers

    def text(self, name: str, values: pa.Array) -> pd.Series:
        """A column that is text."""
        parts = [
            _text(values.take(pa.array(self.older))),
            _text(values.slice(self.stretch.start, self.stretch.stop - self.stretch.start)),
            _planned(name, _text(values.take(pa.array(self.ahead)))),
        ]
        # one empty part is kept: pandas joins no text that has none
        filled = [part for part in parts if len(part)] or parts[:1]
        return pd.Series(pa.chunked_array(filled, pa.large_string()), dtype="str")

    def rest(self, values: pd.Series) -> pd.Series:
        """Any other column."""
        ahead = values.take(self.ahead)
        if values.name in _RESULTS:
            ahead = ahead.mask(ahead.notna())
        parts = [values.take(self.older), values.iloc[self.stretch], ahead]
        filled = [part for part in parts if len(part)] or parts[:1]
        return pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0].reset_index(drop=True)


def _text(values: pa.Array) -> pa.Array:
    """An Arrow array as text, unpacked."""
    if pa.types.is_dictionary(values.type):
        return values.dictionary.take(values.indices)
    return values


def _planned(name: str, values: pa.Array) -> pa.Array:
    """A text of what lies ahead: no outcome, and planned unless it was cancelled."""
    if name == "outcome":
        return pa.nulls(len(values), values.type)
    if name == "status":
        cancelled = pc.fill_null(pc.equal(values, "cancelled"), False)
        return pc.if_else(cancelled, values, pa.scalar("planned", values.type))
    return values


def activities(store: Store, entries: Sequence[Entry], reps: Reps) -> Activities:
    """Read the activities of some drops, oldest first.

    Raises
    ------
    HistoryError
        A stored table is missing or damaged.
    """
    received = Received(store, entries, "activities")
    taken = np.array([instant(entry.as_of) for entry in entries], dtype="datetime64[us]")
    ids = received.column("activity_id").cast(pa.large_string())
    first, rows = _each_once(ids)
    at = received.column("at").to_numpy().astype("datetime64[us]")[rows]
    order = _in_time_order(at, ids, rows)
    del ids, at
    rows, shown = rows[order], taken[received.brought_by[first[order]]]
    texts, rest = {}, {}
    for column in schemas.ACTIVITIES.columns:
        name, values = column.name, received.column(column.name)
        if name in schemas.ACTIVITIES.key:
            # each its own: nothing to pack
            texts[name] = values.cast(pa.large_string()).combine_chunks().take(pa.array(rows))
        elif column.kind in _TEXT:
            texts[name] = _packed(values, rows, reps if name == "rep_id" else None)
        else:
            dtype = schemas.DTYPES[column.kind]
            rest[name] = values.to_pandas().astype(dtype).take(rows).reset_index(drop=True)
    return Activities(texts, pd.DataFrame(rest), shown)


def _each_once(ids: pa.ChunkedArray) -> tuple[Integers, Integers]:
    """Of every id the positions of its first and of its last row."""
    codes = ids.combine_chunks().dictionary_encode()
    code = codes.indices.to_numpy()
    every = np.arange(len(code), dtype=np.int64)
    if len(codes.dictionary) == len(code):
        return every, every
    first, last = (np.empty(len(codes.dictionary), dtype=np.int64) for _ in range(2))
    last[code], first[code[::-1]] = every, every[::-1]
    return first, last


def _in_time_order(at: Times, ids: pa.ChunkedArray, rows: Integers) -> Integers:
    """The order by time, then id; ids are looked at only where times are equal."""
    order = np.argsort(at, kind="stable")
    same = np.append(False, np.diff(at[order]) == np.timedelta64(0))[: len(at)]
    tied = np.flatnonzero(same | np.append(same[1:], False)[: len(at)])
    named = pa.table({"at": at[order[tied]], "id": ids.take(pa.array(rows[order[tied]]))})
    by_id = pc.sort_indices(named, [("at", "ascending"), ("id", "ascending")]).to_numpy()
    order[tied] = order[tied][by_id]
    return order


def _packed(values: pa.ChunkedArray, rows: Integers, reps: Reps | None) -> pa.Array:
    """Some rows of a text, packed where words repeat; with reps, the ids of those who are meant."""
    whole = values.cast(pa.large_string()).combine_chunks().dictionary_encode()
    words = whole.dictionary
    if reps is None and 2 * len(words) > len(whole):
        return words.take(whole.indices.take(pa.array(rows)))
    codes = pc.fill_null(whole.indices, -1).to_numpy()[rows]
    if reps is not None:
        words, codes = _meant(words, codes, reps)
    size = next(bits for bits in (8, 16, 32) if len(words) < 1 << (bits - 1))
    small = pa.array(codes.astype(f"int{size}"), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(small, words)


def _meant(spelled: pa.Array, codes: npt.NDArray[np.int32], reps: Reps) -> tuple[pa.Array, Integers]:
    """The reps that spellings mean, each once, and the one of each row; -1 for nobody known."""
    used, counts = pd.unique(codes[codes >= 0]), np.bincount(codes[codes >= 0], minlength=len(spelled))
    meant = reps.meant(spelled.take(pa.array(used)).to_pylist(), counts[used], "activities")
    place, ids = pd.factorize(pd.Series(meant, dtype="str"))
    rep_of = np.full(len(spelled) + 1, -1, dtype=np.int64)
    rep_of[used] = place
    return pa.array(list(ids), pa.large_string()), rep_of[codes]

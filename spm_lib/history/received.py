"""Every row of one table the store ever received, with the drop that brought it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from spm_lib.history.manifest import Entry
from spm_lib.history.store import Store
from spm_lib.lookup import Integers
from spm_lib.schemas import RECEIVED

#: Up to so many rows a table is read at once, above it a column at a time.
AT_ONCE = 200_000


def everything(store: Store, entries: Sequence[Entry], table: str) -> tuple[pd.DataFrame, Integers]:
    """All received rows of a table, oldest drop first.

    Parameters
    ----------
    store : Store
    entries : sequence of Entry
        As ``store.entries`` gives them.
    table : str
        A key of ``schemas.RECEIVED``.

    Returns
    -------
    frame : pandas.DataFrame
        ``schemas.RECEIVED[table]``.
    brought_by : array of int
        Position in `entries` of the drop that brought each row.
    """
    received = Received(store, entries, table)
    return RECEIVED[table].conform(received.frame()), received.brought_by


def hand_back() -> None:
    """Give the system back the memory that reading took and nothing holds any more: allocators keep it."""
    pa.default_memory_pool().release_unused()
    # of glibc alone, where arrays that went leave holes
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class Received:
    """All received rows of a table, oldest drop first, column by column.

    Parameters
    ----------
    store, entries, table
        As of `everything`.

    Attributes
    ----------
    brought_by : array of int
        Position in `entries` of the drop that brought each row.

    Raises
    ------
    HistoryError
        A stored table is missing or damaged.
    """

    def __init__(self, store: Store, entries: Sequence[Entry], table: str) -> None:
        bringing = [position for position, entry in enumerate(entries) if table in entry.tables]
        self._files = [store.open(entries[position], table) for position in bringing]
        counts = [file.metadata.num_rows for file in self._files]
        self.brought_by: Integers = np.repeat(np.array(bringing, dtype=np.int64), counts)
        self._held = [frozenset(file.schema.names) for file in self._files]
        present = frozenset().union(*self._held)
        self._names = [name for name in RECEIVED[table].names if name in present]
        # opening a few rows takes longer than reading them; many are not held twice
        self._table = self._read(self._names) if len(self.brought_by) <= AT_ONCE else None

    def column(self, name: str) -> pa.ChunkedArray:
        """One column; null where no drop brought it."""
        if name not in self._names:
            return pa.chunked_array([pa.nulls(len(self.brought_by))])
        return (self._table if self._table is not None else self._read([name]))[name]

    def frame(self) -> pd.DataFrame:
        """The columns that some drop brought."""
        table = self._table if self._table is not None else self._read(self._names)
        rows: pd.DataFrame = table.to_pandas()
        return rows

    def _read(self, names: list[str]) -> pa.Table:
        if not names:
            return pa.table({})
        parts = []
        for file, held in zip(self._files, self._held, strict=True):
            own = [name for name in names if name in held]
            if own:
                parts.append(file.read(columns=own, use_threads=False))
            else:
                parts.append(pa.table({name: pa.nulls(file.metadata.num_rows) for name in names}))
        return pa.concat_tables(parts, promote_options="default").select(names)


def latest(store: Store, entries: Sequence[Entry], table: str) -> pd.DataFrame:
    """The latest received row of every key of a table, sorted by it."""
    frame, _ = everything(store, entries, table)
    key = list(RECEIVED[table].key)
    return frame.drop_duplicates(key, keep="last").sort_values(key, kind="stable", ignore_index=True)

"""Every row of one table the store ever received, with the drop that brought it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from spm_lib.history.lookup import Integers
from spm_lib.history.manifest import Entry
from spm_lib.history.store import Store
from spm_lib.schemas import RECEIVED


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
    rows, brought_by = as_arrow(store, entries, table)
    return RECEIVED[table].conform(rows.to_pandas()), brought_by


def as_arrow(store: Store, entries: Sequence[Entry], table: str) -> tuple[pa.Table, Integers]:
    """The same as an Arrow table, with the columns that some drop brought."""
    bringing = [position for position, entry in enumerate(entries) if table in entry.tables]
    if not bringing:
        return pa.Table.from_pandas(RECEIVED[table].empty()), np.empty(0, dtype=np.int64)
    parts = [store.read(entries[position], table) for position in bringing]
    joined = pa.concat_tables(parts, promote_options="default")
    known = [name for name in RECEIVED[table].names if name in joined.column_names]
    brought_by = np.repeat(np.array(bringing, dtype=np.int64), [part.num_rows for part in parts])
    return joined.select(known), brought_by


def latest(store: Store, entries: Sequence[Entry], table: str) -> pd.DataFrame:
    """The latest received row of every key of a table, sorted by it."""
    frame, _ = everything(store, entries, table)
    key = list(RECEIVED[table].key)
    return frame.drop_duplicates(key, keep="last").sort_values(key, kind="stable", ignore_index=True)

"""The changes a vendor logged, each once, as known first, in the types their fields are compared in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.history.log import Log, typed
from spm_lib.history.lookup import instant, instants
from spm_lib.history.manifest import Entry
from spm_lib.history.received import everything
from spm_lib.history.reps import Reps
from spm_lib.history.store import Store


def vendor_changes(
    store: Store, entries: Sequence[Entry], ids: npt.NDArray[np.object_], reps: Reps
) -> tuple[dict[str, Log], int]:
    """The logged changes by field, and how many are of opportunities no drop shows."""
    frame, brought_by = everything(store, entries, "changes")
    taken = np.array([instant(entry.as_of) for entry in entries], dtype="datetime64[us]")
    frame = frame.assign(
        recorded_at=taken[brought_by],
        of=pd.Index(ids).get_indexer(pd.Index(frame["opportunity_id"].to_numpy(dtype=object))),
        at_earliest=frame["at_earliest"].fillna(frame["at"]),
    )
    orphans = int(frame["of"].lt(0).sum())
    frame = frame[frame["of"] >= 0]
    is_rep = frame["field"] == "rep"
    reps.resolve(frame.loc[is_rep, "new"], "changes")
    for side in ("old", "new"):
        frame[side] = frame[side].mask(is_rep, reps.resolve(frame[side].where(is_rep)))
    frame = frame.drop_duplicates(["of", "field", "at", "new"], keep="first")
    frame = frame.sort_values(["of", "at"], kind="stable")
    return {str(field): _one_field(str(field), rows) for field, rows in frame.groupby("field")}, orphans


def _one_field(field: str, rows: pd.DataFrame) -> Log:
    return Log(
        rows["of"].to_numpy(dtype=np.int64),
        instants(rows["at"]),
        instants(rows["at_earliest"]),
        rows["recorded_at"].to_numpy(dtype="datetime64[us]"),
        typed(field, rows["old"]),
        typed(field, rows["new"]),
        rows["evidence"].to_numpy(dtype=object),
    )

"""The changes a vendor logged, each once, as known first, in the types their fields are compared in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spm_lib.history.log import Log, shared, typed
from spm_lib.history.manifest import Entry
from spm_lib.history.received import everything
from spm_lib.history.reps import Reps
from spm_lib.history.store import Store
from spm_lib.lookup import Flags, Integers, Times, instant, instants, positions


def vendor_changes(
    store: Store, entries: Sequence[Entry], ids: pd.Index, reps: Reps
) -> tuple[dict[str, Log], int]:
    """The logged changes by field, and how many are of opportunities no drop shows."""
    frame, brought_by = everything(store, entries, "changes")
    of = positions(frame.pop("opportunity_id"), ids)
    taken = np.array([instant(entry.as_of) for entry in entries], dtype="datetime64[us]")
    codes, fields = pd.factorize(frame["field"])
    logs = {}
    for code, field in enumerate(fields):
        rows = np.flatnonzero((codes == code) & (of >= 0))
        told, name = frame.iloc[rows], str(field)
        if len(rows):
            logs[name] = _one_field(name, told, of[rows], taken[brought_by[rows]], reps)
    return dict(sorted(logs.items())), int((of < 0).sum())


def _one_field(field: str, rows: pd.DataFrame, of: Integers, recorded_at: Times, reps: Reps) -> Log:
    """The log of one field, from its rows as they were received."""
    old, new, at = rows["old"], rows["new"], instants(rows["at"])
    if field == "rep":
        new, old = reps.resolve(new, "changes"), reps.resolve(old)
    # of changes at one moment the one known first stays first
    order = np.lexsort((at, of))
    said, _ = pd.factorize(new)
    order = order[~_repeated(of[order], at[order], said[order])]
    at, at_earliest = at[order], instants(rows["at_earliest"])[order]
    return Log(
        of[order],
        at,
        np.where(np.isnat(at_earliest), at, at_earliest),
        recorded_at[order],
        typed(field, old.iloc[order]),
        typed(field, new.iloc[order]),
        shared(rows["evidence"].iloc[order]),
    )


def _repeated(of: Integers, at: Times, new: Integers) -> Flags:
    """Which rows, sorted, say what an earlier one of the same opportunity and moment said."""
    again = np.append(False, (of[1:] == of[:-1]) & (at[1:] == at[:-1]))[: len(of)]
    found = np.zeros(len(of), dtype=np.bool_)
    tied = np.flatnonzero(again | np.append(again[1:], False)[: len(of)])
    found[tied] = pd.DataFrame({"moment": np.cumsum(~again)[tied], "new": new[tied]}).duplicated().to_numpy()
    return found

"""Everything one client's history knows, ready to be replayed to any moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib import schemas
from spm_lib.client import Client
from spm_lib.history.activities import Activities, activities
from spm_lib.history.fields import born, created, field_log, presence_log
from spm_lib.history.log import COLUMN_OF, Log, as_text
from spm_lib.history.manifest import Entry
from spm_lib.history.observations import Observations, observe
from spm_lib.history.received import AT_ONCE, everything, hand_back, latest
from spm_lib.history.reps import Reps
from spm_lib.history.store import Store
from spm_lib.history.vendor import vendor_changes
from spm_lib.lookup import Times, stamps
from spm_lib.schemas import CHANGE_FIELDS


@dataclass(frozen=True, eq=False)
class Timeline:
    """One client's history as known at a moment, before it is cut off.

    Attributes
    ----------
    client : Client
    entries : tuple of Entry
        The drops it rests on, oldest first.
    seen : Observations
    logs : mapping of str to Log
        One per field of ``schemas.CHANGE_FIELDS``.
    since, created : arrays of instants
        Per opportunity: when it began, and the creation date the source shows (NaT: none).
    activities : Activities
    stages, quotas, splits, leads : pandas.DataFrame
        The latest of each, reps resolved.
    unknown : mapping of str to Counter
        Spelling of a rep nobody knows -> table -> rows.
    orphan_count : int
        Logged changes of opportunities no drop shows.
    """

    client: Client
    entries: tuple[Entry, ...]
    seen: Observations
    logs: Mapping[str, Log]
    since: Times
    created: Times
    activities: Activities
    stages: pd.DataFrame
    quotas: pd.DataFrame
    splits: pd.DataFrame
    leads: pd.DataFrame
    unknown: Mapping[str, Counter[str]]
    orphan_count: int

    @property
    def received_until(self) -> dict[str, pd.Timestamp]:
        """Table -> when the latest drop that brings it was taken."""
        return {table: entry.as_of for entry in self.entries for table in entry.tables}

    @property
    def drops(self) -> pd.DataFrame:
        """The drops it rests on: batch_id, as_of, source, scope, tables, rows_read, quarantined."""
        rows = [
            {
                "batch_id": entry.batch_id,
                "as_of": entry.as_of,
                "source": entry.source,
                "scope": entry.scope,
                "tables": ",".join(entry.tables),
                "rows_read": sum(file.rows_read for file in entry.files),
                "quarantined": sum(file.quarantined for file in entry.files),
            }
            for entry in self.entries
        ]
        names = ["batch_id", "as_of", "source", "scope", "tables", "rows_read", "quarantined"]
        return pd.DataFrame(rows, columns=names).astype({"as_of": "datetime64[us, UTC]"})

    def changes(self, cutoff: np.datetime64) -> pd.DataFrame:
        """``schemas.SNAPSHOT_CHANGES`` before a cut-off, by opportunity, then time."""
        logs = {field: self.logs[field] for field in CHANGE_FIELDS}
        rows = {field: np.flatnonzero(log.at < cutoff) for field, log in logs.items()}

        def column(name: str) -> npt.NDArray[Any]:
            return np.concatenate([getattr(log, name)[rows[field]] for field, log in logs.items()])

        # opportunities are numbered in the order of their ids
        order = np.lexsort((column("at"), column("of")))

        def text(name: str) -> pd.Series:
            parts = [as_text(field, getattr(log, name)[rows[field]]) for field, log in logs.items()]
            return pd.concat(parts, ignore_index=True).take(order).reset_index(drop=True)

        ids = self.seen.ids.take(column("of")[order])
        number = np.repeat(np.arange(len(logs)), [len(one) for one in rows.values()])[order]
        return schemas.SNAPSHOT_CHANGES.conform(
            pd.DataFrame(
                {
                    "opportunity_id": pd.Series(ids, copy=False),
                    "field": pd.Series(pd.array(list(logs), dtype="str").take(number)),
                    "old": text("old"),
                    "new": text("new"),
                    "at": stamps(column("at")[order]),
                    "at_earliest": stamps(column("at_earliest")[order]),
                    "evidence": pd.Series(column("evidence")[order], dtype="str"),
                    "recorded_at": stamps(column("recorded_at")[order]),
                }
            )
        )


#: Columns of ``schemas.OPPORTUNITIES`` a snapshot takes from what a drop shows; all else it has of the logs.
_SHOWN = [
    name
    for name in schemas.SNAPSHOT_OPPORTUNITIES.names
    if name in schemas.OPPORTUNITIES.names
    and name not in ("opportunity_id", "created_at", *COLUMN_OF.values())
]


def timeline(store: Store, client: Client, known_at: pd.Timestamp | None = None) -> Timeline:
    """Replay a client's store.

    Parameters
    ----------
    store : Store
    client : Client
        Names the reps.
    known_at : pandas.Timestamp, optional
        UTC; only drops received by then count, so that what was back-filled later stays unknown.

    Returns
    -------
    Timeline

    Raises
    ------
    HistoryError
        The store is damaged.
    """
    entries = tuple(store.entries(known_at))
    reps = Reps(client, latest(store, entries, "people"))
    seen = observe(store, entries, reps)
    vendor, orphans = vendor_changes(store, entries, seen.ids, reps)
    since = born(seen, vendor)
    logs = {field: field_log(field, seen, vendor.get(field), since) for field in COLUMN_OF}
    logs["presence"] = presence_log(seen, vendor.pop("presence", None), since)
    del vendor
    found = Timeline(
        client,
        entries,
        replace(seen, rows=seen.rows[_SHOWN]),
        logs,
        since,
        created(seen),
        activities(store, entries, reps),
        latest(store, entries, "stages").sort_values("position", kind="stable", ignore_index=True),
        _quotas(store, entries, reps),
        _splits(store, entries, reps),
        _leads(store, entries, reps),
        reps.unknown,
        orphans,
    )
    if len(found.activities.rest) > AT_ONCE:
        hand_back()
    return found


def _resolved(frame: pd.DataFrame, reps: Reps, table: str) -> pd.DataFrame:
    """The frame with its reps by their ids; a goal or share of a rep nobody knows is left out and counted."""
    found = frame.assign(rep_id=reps.resolve(frame["rep_id"], table))
    return found[found["rep_id"].notna() | frame["rep_id"].isna()].reset_index(drop=True)


def _quotas(store: Store, entries: Sequence[Entry], reps: Reps) -> pd.DataFrame:
    """The latest of every goal; the same rep spelled another way is the same goal."""
    key = list(schemas.QUOTAS.key)
    frame, _ = everything(store, entries, "quotas")
    found = _resolved(frame.drop_duplicates(key, keep="last"), reps, "quotas")
    return found.drop_duplicates(key, keep="last").sort_values(key, kind="stable", ignore_index=True)


def _splits(store: Store, entries: Sequence[Entry], reps: Reps) -> pd.DataFrame:
    """The shares of each opportunity as the latest drop that shares it shows them."""
    frame, brought_by = everything(store, entries, "splits")
    shared_by = pd.Series(brought_by).groupby(frame["opportunity_id"]).transform("max")
    found = _resolved(frame[shared_by == brought_by], reps, "splits")
    return found.sort_values(list(schemas.SPLITS.key), kind="stable", ignore_index=True)


def _leads(store: Store, entries: Sequence[Entry], reps: Reps) -> pd.DataFrame:
    """The leads as the latest drop that shows each shows it; one that nobody known follows up stays."""
    frame = latest(store, entries, "leads")
    return frame.assign(rep_id=reps.resolve(frame["rep_id"], "leads"))

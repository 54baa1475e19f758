"""The append-only store of everything one client ever sent: immutable batches, and a manifest naming them.

``history/batches/<batch_id>/<table>.parquet`` and ``history/manifest.json``, below the client's folder. A
batch is written beside, flushed and renamed before the manifest names it, so a crash leaves the state before
or the state after. What an export means is derived at replay, never stored.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from spm_lib.drops import QUARANTINE_COLUMNS, Drop
from spm_lib.history.disk import act, locked, open_parquet, sweep, write_file, write_folder
from spm_lib.history.manifest import Entry, entry_of, live, manifest_bytes, read_manifest, rereads, utc
from spm_lib.history.vanished import check_vanished
from spm_lib.schemas import RECEIVED


@dataclass(frozen=True)
class AddResult:
    """What adding a drop did.

    Attributes
    ----------
    changed : bool
        False when the store already held it: no file was touched.
    superseded : tuple of str
        Batches of the same files, read under an older mapping, that no longer count.
    quarantine : pathlib.Path or None
        Where the refused rows were written; None when there were none.
    """

    changed: bool
    superseded: tuple[str, ...] = ()
    quarantine: Path | None = None


class Store:
    """One client's history.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder; ``history/`` and ``quarantine/`` below it are the store's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._history = self.folder / "history"
        self._batches = self._history / "batches"
        self._manifest = self._history / "manifest.json"

    def add(
        self,
        drop: Drop,
        *,
        ingested_at: pd.Timestamp,
        accept_vanished: bool = False,
        vanished_rate: float = 0.05,
    ) -> AddResult:
        """Store a drop, unless the store already holds it.

        Parameters
        ----------
        drop : Drop
        ingested_at : pandas.Timestamp
            Now, as the caller knows it.
        accept_vanished : bool
            Take a full drop even though many open opportunities are missing from it.
        vanished_rate : float
            The share, 0-1, of open opportunities that may be missing.

        Raises
        ------
        HistoryError
            The history is damaged, another process writes it, the drop is malformed, or its filter changed.
        """
        with locked(self._history):
            everything = read_manifest(self._manifest)
            standing = live(everything)
            if any(entry.batch_id == drop.batch_id for entry in standing):
                self._drop_stale_quarantine(everything)
                return AddResult(changed=False)
            entry = entry_of(drop, ingested_at)
            old = tuple(one for one in standing if rereads(entry, one))
            entry = replace(entry, supersedes=tuple(one.batch_id for one in old))
            if not accept_vanished:
                self._check_vanished(drop, entry, [one for one in standing if one not in old], vanished_rate)
            quarantine = self._write(drop, entry, everything)
            self._drop_stale_quarantine([*everything, entry])
        return AddResult(changed=True, superseded=entry.supersedes, quarantine=quarantine)

    def entries(self, known_at: pd.Timestamp | None = None) -> list[Entry]:
        """The batches that count, oldest first; of two taken at one instant, the one added later is last.

        Parameters
        ----------
        known_at : pandas.Timestamp, optional
            UTC; only what was known by then.

        Raises
        ------
        HistoryError
            The manifest is damaged.
        """
        standing = live(read_manifest(self._manifest))
        if known_at is not None:
            limit = utc(known_at, "known_at")
            standing = [entry for entry in standing if entry.recorded_at <= limit]
        return sorted(standing, key=lambda entry: entry.as_of)

    def fingerprint(self) -> str:
        """A hash of the batches that count: equal fingerprints hold equal history."""
        ids = "\n".join(entry.batch_id for entry in self.entries())
        return hashlib.sha256(ids.encode()).hexdigest()

    def read(self, entry: Entry, table: str) -> pa.Table:
        """One stored table of one batch, as an Arrow table; raises what `open` does."""
        return self.open(entry, table).read(use_threads=False)

    def open(self, entry: Entry, table: str) -> pq.ParquetFile:
        """One stored table of one batch, checked, of which some columns can be read.

        Raises
        ------
        HistoryError
            It is missing, or not the one that was stored; the message names it.
        """
        path = self._batches / entry.batch_id / f"{table}.parquet"
        where = f"{self.folder.name}/{path.relative_to(self.folder)}"
        return open_parquet(path, where, entry.digests[table])

    def _write(self, drop: Drop, entry: Entry, everything: list[Entry]) -> Path | None:
        tables = {name: RECEIVED[name].conform(drop.tables[name]) for name in entry.tables}
        self._batches.mkdir(exist_ok=True)
        if not self._manifest.exists():
            # a manifest that goes missing later must not look like a store that was never used
            write_file(self._manifest, manifest_bytes([]))
        for folder in (self._history, self._batches, self.folder / "quarantine"):
            sweep(folder)
        written = next((one.digests for one in everything if one.batch_id == entry.batch_id), None)
        digests = written or write_folder(self._batches / entry.batch_id, tables)
        quarantine = self._quarantine_path(entry) if len(drop.quarantine) else None
        if quarantine is not None:
            write_file(quarantine, _quarantine_bytes(drop.quarantine))
        write_file(self._manifest, manifest_bytes([*everything, replace(entry, digests=digests)]))
        return quarantine

    def _quarantine_path(self, entry: Entry) -> Path:
        return self.folder / "quarantine" / f"{entry.as_of:%Y-%m-%d}-{entry.batch_id[:8]}.csv"

    def _drop_stale_quarantine(self, everything: list[Entry]) -> None:
        """Remove the lists of refused rows of batches that no longer count."""
        stands = {self._quarantine_path(one) for one in live(everything)}
        for path in sorted({self._quarantine_path(one) for one in everything} - stands):
            if path.exists():
                act(path.unlink)

    def _check_vanished(self, drop: Drop, entry: Entry, standing: list[Entry], rate: float) -> None:
        """Compare a full drop with the full ones just before and just after it."""
        if entry.scope != "full" or "opportunities" not in entry.tables:
            return
        full = [one for one in standing if one.scope == "full" and "opportunities" in one.tables]
        before = max((one for one in full if one.as_of < entry.as_of), key=_taken, default=None)
        after = min((one for one in full if one.as_of > entry.as_of), key=_taken, default=None)
        shown = RECEIVED["opportunities"].conform(drop.tables["opportunities"])
        where = ", ".join(file.name for file in drop.files)
        if before is not None:
            days = (f"{before.as_of:%Y-%m-%d}", f"{entry.as_of:%Y-%m-%d}")
            check_vanished(self._shown(before), shown, rate=rate, days=days, where=where)
        if after is not None:
            days = (f"{entry.as_of:%Y-%m-%d}", f"{after.as_of:%Y-%m-%d}")
            check_vanished(shown, self._shown(after), rate=rate, days=days, where=where)

    def _shown(self, entry: Entry) -> pd.DataFrame:
        return RECEIVED["opportunities"].conform(self.read(entry, "opportunities").to_pandas())


def _taken(entry: Entry) -> pd.Timestamp:
    return entry.as_of


def _quarantine_bytes(rows: pd.DataFrame) -> bytes:
    """The refused rows as CSV; a value a spreadsheet would compute gets an apostrophe in front.

    Everything is quoted: a lone carriage return would start a new row, and its rest could be a formula.
    """
    shown = rows.reindex(columns=list(QUARANTINE_COLUMNS)).astype("str")
    for name in ("value", "column", "file"):
        risky = shown[name].str.match(r"[=+\-@\t\r\n＝＋－＠]").fillna(False).astype(bool)
        number = shown[name].str.fullmatch(r"[+-]?[\d.,]+").fillna(False).astype(bool)
        shown[name] = shown[name].mask(risky & ~number, "'" + shown[name])
    return shown.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_ALL).encode()

"""The ingest job: exports of one client -> its history, drop by drop, oldest first.

What is stored must never say less than was exported. So of a drop in which a file failed, only the tables
that file has no part in are stored; and when it has, or may have, a part in the opportunities, nothing of the
drop is stored. A failed file is stored without its hash and with its reason: the same bytes are tried again
the next time, and a corrected file takes the old drop's place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from spm_lib.client import Client, client_folder, load_client
from spm_lib.drops import FileReport
from spm_lib.errors import HistoryError, NothingToIngestError, SourceError, SpmError, StorageError
from spm_lib.history import Store
from spm_lib.sources import Drop, Mapping, drop_id, load_mapping, plan_drops, read_drop

#: How the finding of a failed file begins, by which the store remembers it.
FAILED = "failed: "


@dataclass(frozen=True)
class Ingested:
    """What became of one drop.

    Attributes
    ----------
    as_of : pandas.Timestamp
        UTC, when the export was taken.
    day : datetime.date
        The last day it shows, in the client's time zone.
    batch_id : str
    changed : bool
        The history holds it now and did not before.
    known : bool
        The history held it already. Neither means that nothing of it was stored.
    files : tuple of FileReport
        Of a drop already known, as they were read then.
    quarantine : pathlib.Path or None
        Where its refused rows are listed.
    error : SpmError or None
        Why nothing of it was stored.
    left_out : tuple of str
        Tables that were not stored, because a file that failed has a part in them.
    superseded : tuple of str
        Older batches it takes the place of.
    """

    as_of: pd.Timestamp
    day: date
    batch_id: str
    changed: bool
    files: tuple[FileReport, ...]
    quarantine: Path | None = None
    error: SpmError | None = None
    left_out: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    known: bool = False

    @property
    def failed(self) -> bool:
        """It, or a file of it, failed."""
        return self.error is not None or any(file.error is not None for file in self.files)


def ingest(
    home: Path,
    slug: str,
    files: Sequence[Path],
    *,
    ingested_at: pd.Timestamp,
    accept_vanished: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Ingested]:
    """Read exports of one client and store what is new.

    Parameters
    ----------
    home : pathlib.Path
        The folder of all clients.
    slug : str
    files : sequence of pathlib.Path
        Files, or folders of files; the client's ``inbox/`` when there are none.
    ingested_at : pandas.Timestamp
        Now, as the caller knows it.
    accept_vanished : bool
        Store a drop although many open opportunities are missing from it.
    on_progress : callable, optional
        Called with the drops done and the drops in all, first with none done.

    Returns
    -------
    list of Ingested
        One per drop, oldest first. A drop that fails carries its error; the others go on.

    Raises
    ------
    UsageError
        No such client.
    NothingToIngestError
        No export lies where it was looked for.
    ClientError
        client.yaml or mapping.yaml says something impossible.
    SourceError
        A path does not exist.
    HistoryError
        The history is damaged.
    StorageError
        The history cannot be written, as on a full disk; the drops before are stored.
    """
    client = load_client(home, slug)
    folder = client_folder(home, slug)
    mapping = load_mapping(folder, client)
    store = Store(folder)
    inbox = folder / "inbox"
    drops = plan_drops(list(files) or ([inbox] if inbox.is_dir() else []), mapping, client)
    if not drops:
        raise NothingToIngestError(
            "there is nothing to ingest",
            where=f"{slug}/inbox" if not files else ", ".join(path.name for path in files),
            remedy="put the exports, as received, into that folder, or name their files after the client",
        )
    job = _Job(client, mapping, store, ingested_at, accept_vanished)
    said = on_progress or (lambda *_: None)
    said(0, len(drops))
    results = []
    for number, (as_of, paths) in enumerate(drops, start=1):
        results.append(job.known(as_of, paths) or job.take(as_of, paths))
        said(number, len(drops))
    return results


class _Job:
    """One client's ingest."""

    def __init__(
        self,
        client: Client,
        mapping: Mapping,
        store: Store,
        ingested_at: pd.Timestamp,
        accept_vanished: bool,
    ) -> None:
        self._client = client
        self._mapping = mapping
        self._store = store
        self._ingested_at = ingested_at
        self._accept_vanished = accept_vanished
        self._entries = {entry.batch_id: entry for entry in store.entries()}

    def known(self, as_of: pd.Timestamp, paths: Sequence[Path]) -> Ingested | None:
        """The drop as it was stored, without reading a row; None when it is new, or a file of it failed."""
        batch_id = drop_id(paths, self._mapping, self._client)
        entry = self._entries.get(batch_id)
        if entry is None:
            return None
        if any(finding.startswith(FAILED) for file in entry.files for finding in file.findings):
            return None
        reports = tuple(
            FileReport(
                name=file.name,
                sha256=file.sha256,
                kind=None,
                rows_read=file.rows_read,
                accepted=file.accepted,
                quarantined=file.quarantined,
                findings=file.findings,
                error=None,
            )
            for file in entry.files
        )
        return Ingested(as_of, self._day(as_of), batch_id, changed=False, files=reports, known=True)

    def take(self, as_of: pd.Timestamp, paths: Sequence[Path]) -> Ingested:
        """Read a drop and store what is sound of it."""
        drop = read_drop(paths, as_of, self._mapping, self._client)
        left_out = tables_left_out(drop, self._mapping)
        sound = {name: table for name, table in drop.tables.items() if name not in left_out}
        refusal = _refusal(drop, sound, left_out)
        if refusal is not None or not sound:  # without a reason: only files that are not needed
            return Ingested(
                as_of, self._day(as_of), drop.batch_id, changed=False, files=drop.files, error=refusal
            )
        stored = replace(drop, tables=sound, files=tuple(_remembered(file) for file in drop.files))
        try:
            result = self._store.add(
                stored,
                ingested_at=self._ingested_at,
                accept_vanished=self._accept_vanished,
                vanished_rate=self._client.thresholds.vanished_rate,
            )
        except HistoryError as problem:
            return Ingested(
                as_of, self._day(as_of), drop.batch_id, changed=False, files=drop.files, error=problem
            )
        except OSError as problem:
            # no fault of the drop: the next one would meet it too
            raise StorageError(
                "the history could not be written; what it held stands",
                where=f"{self._client.slug}/history",
                given=problem.strerror or str(problem),
                remedy="make room on the disk and see that this user may write there, then ingest again",
            ) from problem
        return Ingested(
            as_of,
            self._day(as_of),
            drop.batch_id,
            changed=result.changed,
            files=drop.files,
            quarantine=result.quarantine,
            left_out=tuple(name for name in left_out if name in drop.tables),
            superseded=tuple(result.superseded),
            known=not result.changed,
        )

    def _day(self, as_of: pd.Timestamp) -> date:
        """The last day an export shows: one of the end of a Sunday was taken as Monday began."""
        before = as_of.tz_convert(self._client.time_zone) - pd.Timedelta(microseconds=1)
        return before.date()


def tables_left_out(drop: Drop, mapping: Mapping) -> tuple[str, ...]:
    """Tables a drop's failed files have, or may have, a part in.

    A file that was not recognised may be of any kind the drop does not show otherwise: calls under a new
    header are still calls, and a week without them would look like a week of none.

    Parameters
    ----------
    drop : Drop
    mapping : Mapping
    """
    failed = [file for file in drop.files if file.error is not None]
    lost = {file.kind for file in failed if file.kind is not None}
    if any(file.kind is None for file in failed):
        lost |= set(mapping.files) - {file.kind for file in drop.files if file.error is None}
    parts = [
        part.partition(".")[0] for part, spec in mapping.tables.items() if lost.intersection(spec.needed)
    ]
    return tuple(dict.fromkeys(parts))


def _refusal(drop: Drop, sound: dict[str, pd.DataFrame], left_out: tuple[str, ...]) -> SourceError | None:
    """Why nothing of a drop may be stored."""
    failed = [file.name for file in drop.files if file.error is not None]
    where = ", ".join(failed or [file.name for file in drop.files])
    if failed and "opportunities" in left_out:
        return SourceError(
            "nothing of this export is stored: the opportunities may be in a file that failed",
            where=where,
            remedy="correct that file or its mapping, or add it to `ignore:`, and ingest again",
        )
    if not set(sound) - {"stages"} and any(failed or [file.kind for file in drop.files]):
        return SourceError(
            "nothing of this export is stored: no table can be made of it",
            where=where,
            remedy="add what the mapping's tables need to the same export",
        )
    return None


def _remembered(file: FileReport) -> FileReport:
    """A file as the store keeps it: a failed one without its hash, so that a corrected one replaces it."""
    if file.error is None:
        return file
    return replace(file, sha256="", findings=(*file.findings, f"{FAILED}{file.error.what}"))

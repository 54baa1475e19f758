"""The list of batches: what was received, when, from which files. The one file that says what counts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from spm_lib.drops import SCOPES, Drop
from spm_lib.errors import HistoryError
from spm_lib.schemas import RECEIVED

VERSION = 2
_ID = re.compile(r"[0-9a-f]{8,128}")
#: How far a corrected mapping may move the time of an export; further apart, it is another export that
#: happens to hold the same bytes, and both are observations.
SAME_EXPORT = pd.Timedelta(days=2)

_REMEDY = (
    "restore history/manifest.json from a backup, or move the history folder away and ingest every export "
    "again"
)


@dataclass(frozen=True)
class StoredFile:
    """One file of a batch, as it was read.

    Attributes
    ----------
    name, sha256 : str
    rows_read, accepted, quarantined : int
    findings : tuple of str
    """

    name: str
    sha256: str
    rows_read: int
    accepted: int
    quarantined: int
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One stored batch.

    Attributes
    ----------
    batch_id : str
    as_of : pandas.Timestamp
        UTC, when the export was taken.
    recorded_at : pandas.Timestamp
        UTC, when that knowledge existed: the export's own time.
    ingested_at : pandas.Timestamp
        UTC, when it was put into the store.
    scope, source : str
    files : tuple of StoredFile
    tables : dict of str to int
        Table -> rows.
    digests : dict of str to str
        Table -> SHA-256 of the file that holds it; empty until it is written.
    supersedes : tuple of str
        Batches that hold the same files under an older mapping and no longer count.
    """

    batch_id: str
    as_of: pd.Timestamp
    recorded_at: pd.Timestamp
    ingested_at: pd.Timestamp
    scope: str
    source: str
    files: tuple[StoredFile, ...]
    tables: dict[str, int]
    digests: dict[str, str] = field(default_factory=dict)
    supersedes: tuple[str, ...] = ()

    @property
    def hashes(self) -> frozenset[str]:
        """Hashes of its files' bytes."""
        return frozenset(file.sha256 for file in self.files if file.sha256)


def entry_of(drop: Drop, ingested_at: pd.Timestamp) -> Entry:
    """The manifest entry of a drop.

    Raises
    ------
    HistoryError
        The drop is not what `sources` hands over: no table, an unknown one, a time without a zone.
    """
    if not _ID.fullmatch(drop.batch_id):
        raise HistoryError("not a batch id", given=drop.batch_id, remedy="it is a hash in lower-case hex")
    unknown = sorted(set(drop.tables) - set(RECEIVED))
    if unknown or not drop.tables:
        raise HistoryError(
            "the drop brings no table" if not unknown else "the drop brings a table that is not canonical",
            where=", ".join(file.name for file in drop.files),
            given=", ".join(unknown) or None,
            remedy=f"the canonical tables are {', '.join(RECEIVED)}",
        )
    if drop.scope not in SCOPES:
        raise HistoryError("not a scope", given=drop.scope, remedy=f"one of {', '.join(SCOPES)}")
    files = tuple(
        StoredFile(one.name, one.sha256, one.rows_read, one.accepted, one.quarantined, tuple(one.findings))
        for one in drop.files
    )
    as_of = utc(drop.as_of, "the drop's as_of")
    counts = {name: len(drop.tables[name]) for name in RECEIVED if name in drop.tables}
    stamp = utc(ingested_at, "ingested_at")
    return Entry(drop.batch_id, as_of, as_of, stamp, drop.scope, drop.source, files, counts)


def rereads(new: Entry, old: Entry) -> bool:
    """Whether a batch holds the files of an older one again: mapped anew, or with one that was late."""
    if not old.hashes:
        return False
    if new.as_of == old.as_of:
        return old.hashes <= new.hashes
    same = new.hashes == old.hashes and {file.name for file in new.files} == {file.name for file in old.files}
    return same and abs(new.as_of - old.as_of) < SAME_EXPORT


def live(entries: Iterable[Entry]) -> list[Entry]:
    """The entries that count, in the order they were added."""
    standing: dict[str, Entry] = {}
    for entry in entries:
        for gone in entry.supersedes:
            standing.pop(gone, None)
        standing[entry.batch_id] = entry
    return list(standing.values())


def read_manifest(path: Path) -> list[Entry]:
    """Every entry ever added, in that order; none when nothing was stored yet.

    Raises
    ------
    HistoryError
        The manifest is damaged, or it is missing while batches are there. It is never started afresh.
    """
    where = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise HistoryError(
                "the manifest was written by another version",
                where=where,
                given=content["version"],
                remedy=f"this version reads manifests of version {VERSION}; upgrade, or ingest again",
            )
        return [_entry(facts) for facts in content["entries"]]
    except FileNotFoundError as error:
        if any((path.parent / "batches").glob("*")):
            raise HistoryError("the manifest is missing", where=where, remedy=_REMEDY) from error
        return []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        given = f"{type(error).__name__}: {error}"
        raise HistoryError("the manifest is damaged", where=where, given=given, remedy=_REMEDY) from error


def manifest_bytes(entries: Iterable[Entry]) -> bytes:
    """The manifest as it is written."""
    content = {"version": VERSION, "entries": [_facts(entry) for entry in entries]}
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def utc(at: pd.Timestamp, what: str) -> pd.Timestamp:
    """An instant in UTC, in microseconds.

    Raises
    ------
    HistoryError
        It is missing or has no time zone.
    """
    if pd.isna(at) or at.tzinfo is None:
        raise HistoryError(f"{what} is not an instant", given=str(at), remedy="give it with its time zone")
    return at.tz_convert("UTC").as_unit("us")


def _facts(entry: Entry) -> dict[str, Any]:
    facts = asdict(entry)
    return {
        name: value.isoformat() if name.endswith(("_at", "as_of")) else value for name, value in facts.items()
    }


def _entry(facts: dict[str, Any]) -> Entry:
    times = {name: _instant(facts[name]) for name in ("as_of", "recorded_at", "ingested_at")}
    files = tuple(StoredFile(**{**file, "findings": tuple(file["findings"])}) for file in facts["files"])
    tables = {name: int(rows) for name, rows in facts["tables"].items()}
    digests = {name: str(facts["digests"][name]) for name in tables}
    known = {"files": files, "tables": tables, "digests": digests, "supersedes": tuple(facts["supersedes"])}
    return Entry(**{**facts, **times, **known})


def _instant(text: str) -> pd.Timestamp:
    at = pd.Timestamp(text)
    if pd.isna(at) or at.tzinfo is None:
        raise ValueError(f"{text} is not an instant")
    return at.tz_convert("UTC").as_unit("us")

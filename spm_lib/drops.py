"""What one export becomes once it is read: a drop, handed from `sources` to `history`."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from spm_lib.errors import SourceError

#: `full`: the drop shows every opportunity. `changed`: only those that changed since the drop before.
SCOPES = ("full", "changed")

#: Columns of the refused rows; `row` is as a spreadsheet numbers it, the header being 1.
QUARANTINE_COLUMNS = ("file", "row", "column", "value", "reason")


@dataclass(frozen=True)
class FileReport:
    """How one file of a drop was read.

    Attributes
    ----------
    name : str
        Its name without its folder; ``archive.zip/deals.csv`` inside an archive or workbook.
    sha256 : str
        Of its bytes as received; empty when they could not be read.
    kind : str or None
        What the mapping calls it; None when it knows no such file.
    rows_read, accepted, quarantined : int
        ``rows_read == accepted + quarantined``, always. Of a failed file nothing is accepted.
    findings : tuple of str
        What is worth saying about the file, in words.
    error : SourceError or None
        Why the file as a whole was refused.
    """

    name: str
    sha256: str
    kind: str | None
    rows_read: int
    accepted: int
    quarantined: int
    findings: tuple[str, ...] = ()
    error: SourceError | None = None


@dataclass(frozen=True, eq=False)
class Drop:
    """One export, read: every table it brings, as it stood when the export was taken.

    Attributes
    ----------
    batch_id : str
        Hash of the files' hashes, the effective mapping and the reader's version: the same bytes under the
        same mapping have the same id (``sources.drop_id`` tells it beforehand).
    as_of : pandas.Timestamp
        UTC, when the export was taken.
    scope : str
        One of `SCOPES`.
    source : str
        The vendor preset, or "spreadsheet".
    files : tuple of FileReport
    tables : dict of str to pandas.DataFrame
        Conform to ``schemas.RECEIVED[name]``, rows of one moment in the order of the file. A missing key
        was not received; an empty frame was received and is empty.
    quarantine : pandas.DataFrame
        `QUARANTINE_COLUMNS`, one row per refused row.
    """

    batch_id: str
    as_of: pd.Timestamp
    scope: str
    source: str
    files: tuple[FileReport, ...]
    tables: dict[str, pd.DataFrame]
    quarantine: pd.DataFrame

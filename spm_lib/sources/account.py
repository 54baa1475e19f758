"""What became of every row of every file: accepted or quarantined, nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spm_lib.drops import FileReport
from spm_lib.errors import SourceError
from spm_lib.sources.intake import Intake
from spm_lib.sources.ledger import Ledger, empty_quarantine, top_reasons, typed
from spm_lib.sources.raw import RawFile


@dataclass
class Reading:
    """Everything one pass over the sound files yields.

    Attributes
    ----------
    files : list of RawFile
    ledger : Ledger
    tables : dict of str to pandas.DataFrame
        The settled tables.
    findings : dict of int to list of str
        File number -> what is worth saying.
    failed : dict of str to SourceError
        Kind -> why no table could be made of it.
    """

    files: list[RawFile]
    ledger: Ledger
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    findings: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, SourceError] = field(default_factory=dict)

    def number_of(self, row: int) -> int:
        """Which file a raw row is of."""
        return int(np.searchsorted([file.start for file in self.files], row, side="right")) - 1


def _refused(reading: Reading, number: int) -> pd.DataFrame:
    """The refused rows of one file, by line."""
    file = reading.files[number]
    rows = [(file.name, one.row, "", one.value, one.reason) for one in file.sheet.ragged]
    found = reading.ledger.frame(file.start, file.sheet.rows, file.name)
    ragged = pd.DataFrame(rows, columns=found.columns)
    return pd.concat([found, ragged]).sort_values("row", ignore_index=True) if rows else found


def too_many(reading: Reading, limit: float) -> dict[str, SourceError]:
    """What fails because a file has more refused rows than the client allows.

    Returns
    -------
    dict of str to SourceError
        By the file's name, and by its kind for the other files of that kind.
    """
    found = {}
    for number, file in enumerate(reading.files):
        refused = _refused(reading, number)
        read = file.sheet.rows_read
        if not read or len(refused) / read <= limit:
            continue
        error = SourceError(
            f"{len(refused):,} of {read:,} rows are refused, more than the {limit:.0%} a file may lose",
            where=file.name,
            given=top_reasons(refused),
            remedy="correct the file or its mapping; quarantined_rate in client.yaml sets the limit",
        )
        found[file.name] = error
        found.setdefault(
            file.kind,
            SourceError(
                f"left out, since another file of the kind {file.kind} failed",
                where=file.name,
                remedy="correct that one; half of a kind would look like lost opportunities",
            ),
        )
    return found


def quarantine(readings: list[Reading]) -> pd.DataFrame:
    """The refused rows of the last pass, and of the files that passes before it took out."""
    frames: dict[str, pd.DataFrame] = {}
    for reading in readings:
        for number, file in enumerate(reading.files):
            frames[file.name] = _refused(reading, number)
    filled = [frame for frame in frames.values() if len(frame)]
    return typed(pd.concat(filled, ignore_index=True)) if filled else empty_quarantine()


def report(one: Intake, reading: Reading) -> FileReport:
    """What became of one file, after the last pass."""
    read = one.sheet.rows_read if one.sheet is not None else 0
    number = next((at for at, file in enumerate(reading.files) if file.name == one.name), None)
    if one.error is not None or number is None:
        lost = read if one.error is not None else 0
        return FileReport(one.name, one.sha256, one.kind, read, read - lost, lost, one.findings, one.error)
    refused = len(_refused(reading, number))
    findings = (*one.findings, *dict.fromkeys(reading.findings[number]))
    return FileReport(one.name, one.sha256, one.kind, read, read - refused, refused, findings, None)

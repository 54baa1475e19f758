"""Refused rows: which, for what reason, once each. What is not refused is accepted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib.drops import QUARANTINE_COLUMNS


@dataclass(frozen=True)
class Fault:
    """Why a row was refused: the column, what stood there, the reason."""

    column: str
    value: str
    reason: str


class Ledger:
    """The raw rows of a drop, by ``_row``, and the faults found in them.

    Parameters
    ----------
    count : int
        How many raw rows there are.
    """

    def __init__(self, count: int) -> None:
        self.faults: dict[int, Fault] = {}
        self.refused = np.zeros(count, dtype=bool)

    def refuse(self, row: int, fault: Fault) -> None:
        """Refuse one raw row; the first reason stays."""
        if not self.refused[row]:
            self.refused[row] = True
            self.faults[row] = fault

    def frame(self, start: int, numbers: np.ndarray, name: str) -> pd.DataFrame:
        """The refused rows of one file (`QUARANTINE_COLUMNS`), by line number.

        Parameters
        ----------
        start : int
            ``_row`` of the file's first row.
        numbers : numpy.ndarray of int
            Line number of every row.
        name : str
            The file.
        """
        at = np.flatnonzero(self.refused[start : start + len(numbers)])
        rows = [
            (name, int(numbers[one]), fault.column, fault.value, fault.reason)
            for one in at
            for fault in (self.faults[start + int(one)],)
        ]
        return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))


def empty_quarantine() -> pd.DataFrame:
    """A quarantine without rows."""
    return typed(pd.DataFrame(columns=list(QUARANTINE_COLUMNS)))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """A quarantine in its column types."""
    text = dict.fromkeys(("file", "column", "value", "reason"), "str")
    return frame.astype({**text, "row": "int64"})


def top_reasons(refused: pd.DataFrame, most: int = 3) -> str:
    """The commonest reasons, with a number and one example each."""
    counted = Counter(zip(refused["column"], refused["reason"], strict=True))
    first = refused.drop_duplicates(["column", "reason"]).set_index(["column", "reason"])
    parts = []
    for (column, reason), count in counted.most_common(most):
        example = first.loc[(column, reason)]
        place = f"{column}: " if column else ""
        parts.append(f"{place}{reason} ({count} rows, e.g. {example['value']!r} in row {example['row']})")
    return "; ".join(parts)

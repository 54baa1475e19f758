"""Which rows stay: required values, one row per key, and nothing made of a refused row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spm_lib.errors import ClientError
from spm_lib.sources.ledger import Fault, Ledger
from spm_lib.sources.making import Making


def require_values(making: Making) -> None:
    """Refuse rows that lack what the table requires.

    Raises
    ------
    ClientError
        The mapping never fills a required column.
    """
    for column in making.table.columns:
        if not column.required:
            continue
        if column.name not in making.frame:
            raise ClientError(
                f"nothing fills {making.table.name}.{column.name}, which every row needs",
                where=f"mapping.yaml, tables.{making.table.name}",
                remedy=f"select it: {column.meaning}",
            )
        for at in np.flatnonzero(making.frame[column.name].isna()):
            making.refuse(int(at), column.name, None, "missing, and every row needs it")


def settle_keys(making: Making) -> np.ndarray:
    """Fold rows that repeat another one; of rows that contradict each other keep the last modified.

    Returns
    -------
    numpy.ndarray of int
        The positions that were folded.
    """
    frame = making.frame
    sound = np.flatnonzero(making.sound)
    repeats = frame.iloc[sound].duplicated(keep="last").to_numpy()
    making.folded[sound[repeats]] = True
    rest = frame.iloc[sound[~repeats]]
    by = ["modified_at"] if "modified_at" in frame else []
    ordered = rest.sort_values(by, kind="stable", na_position="first") if by else rest
    key = [name for name in making.table.key if name in frame]
    older = ordered[ordered.duplicated(key, keep="last")].index
    kept = "the last modified one" if by else "the last one"
    for at in older:
        reason = f"another row has the same {', '.join(key)} and says otherwise; {kept} is kept"
        making.refuse(int(at), key[0], str(frame.at[at, key[0]]), reason)
    return np.asarray(sound[repeats])


def settle_rows(makings: Sequence[Making], ledger: Ledger) -> list[np.ndarray]:
    """Refuse the raw rows of every refused row, and whatever else was made of them.

    Parameters
    ----------
    makings : sequence of Making
    ledger : Ledger
        May hold raw rows refused at the door already; takes the others.

    Returns
    -------
    list of numpy.ndarray of bool
        For each table, the positions that stay.
    """
    for making in makings:
        faulty = np.isin(making.owner, list(making.faults))
        for owner, raw in zip(making.owner[faulty].tolist(), making.raw[faulty].tolist(), strict=True):
            ledger.refuse(raw, making.faults[owner])
    gone = [~making.sound & ~making.folded for making in makings]
    while True:
        before = int(ledger.refused.sum())
        for making, fallen in zip(makings, gone, strict=True):
            fallen |= _fallen(making, ledger)
            for owner, raw in _pairs(making, fallen, ledger):
                ledger.refuse(raw, _with_another(making, owner, ledger))
        if int(ledger.refused.sum()) == before:
            return [~fallen & ~making.folded for making, fallen in zip(makings, gone, strict=True)]


def _fallen(making: Making, ledger: Ledger) -> np.ndarray:
    """Positions that fall with a raw row, or with the last of them."""
    count = len(making.frame)
    refused = np.bincount(making.owner[ledger.refused[making.raw]], minlength=count)
    total = np.bincount(making.owner, minlength=count)
    return np.where(making.lasts, (refused == total) & (total > 0), refused > 0)


def _pairs(making: Making, fallen: np.ndarray, ledger: Ledger) -> list[tuple[int, int]]:
    open_ = fallen[making.owner] & ~ledger.refused[making.raw]
    return list(zip(making.owner[open_].tolist(), making.raw[open_].tolist(), strict=True))


def _with_another(making: Making, owner: int, ledger: Ledger) -> Fault:
    """The fault of a row that is sound but belongs to one that is not."""
    rows = making.raw[making.owner == owner]
    other = next((ledger.faults[int(row)] for row in rows if ledger.refused[row]), None)
    said = f": {other.column} {other.value!r} {other.reason}" if other is not None else ""
    return Fault("", "", f"belongs to the same {making.table.name} row as one that is refused{said}")


def kept(making: Making, stays: np.ndarray) -> pd.DataFrame:
    """The rows that stay, in their canonical form."""
    frame = making.table.conform(making.frame[stays].reset_index(drop=True))
    return frame.set_index(pd.RangeIndex(len(frame)))

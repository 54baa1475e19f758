"""A canonical table in the making: selected text converted column by column, with the faults of every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.errors import ClientError
from spm_lib.schemas import Column, Table
from spm_lib.sources.convert import MIXED_SIGNS, Formats, convert_column, to_amount, to_choice
from spm_lib.sources.ledger import Fault
from spm_lib.sources.moments import to_day
from spm_lib.sources.numbers import signs_used
from spm_lib.sources.raw import RawFile
from spm_lib.sources.selects import Selected
from spm_lib.sources.values import Converted, cast, no_faults

#: How many rows are looked at to find the header a value stands under.
_SAMPLE = 20


@dataclass
class Making:
    """Rows of one canonical table, not yet settled.

    Attributes
    ----------
    table : schemas.Table
    frame : pandas.DataFrame
        Typed columns that were selected, by position.
    owner, raw : numpy.ndarray of int
        Pairs: position, ``_row`` of a raw row it was made of.
    first : numpy.ndarray of int
        The smallest ``_row`` of each position.
    lasts : numpy.ndarray of bool
        The position stands as long as one of its raw rows does (``rows: any``).
    faults : dict of int to Fault
        Positions that are refused for what they say.
    folded : numpy.ndarray of bool
        Positions that repeat another one.
    labels : list of list of str, or None
        Other spellings of a stage.
    headers : dict of str to str
        Column -> the header its values stand under in the file, where that is known and one.
    """

    table: Table
    frame: pd.DataFrame
    owner: np.ndarray
    raw: np.ndarray
    first: np.ndarray
    lasts: np.ndarray
    faults: dict[int, Fault] = field(default_factory=dict)
    folded: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    labels: list[list[str]] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.folded):
            self.folded = np.zeros(len(self.frame), dtype=bool)

    def refuse(self, at: int, column: str, value: str | float | None, reason: str) -> None:
        """Refuse a position; the first reason stays."""
        text = "" if pd.isna(value) else str(value)
        self.faults.setdefault(at, Fault(self.headers.get(column, column), text, reason))

    @property
    def sound(self) -> np.ndarray:
        """Which positions have no fault of their own and repeat nothing."""
        sound = ~self.folded
        sound[list(self.faults)] = False
        return sound


def make(
    table: Table, selected: Selected, files: Sequence[RawFile], *, lasts: bool, part: str
) -> tuple[Making, dict[int, list[str]]]:
    """Convert what a select returned.

    Parameters
    ----------
    table : schemas.Table
    selected : Selected
    files : sequence of RawFile
        In the order of their ``start``: each row is read by the formats of the file its first raw row is of.
    lasts : bool
        ``rows: any``.
    part : str
        For messages.

    Returns
    -------
    Making
    dict of int to list of str
        File position -> what is worth saying of its columns.

    Raises
    ------
    ClientError
        A result has no raw row.
    """
    if len(selected.first) and selected.first[0] < 0:
        raise ClientError(
            "a result has no `_row`, so nobody could find it again in its file",
            where=f"mapping.yaml, tables.{part}.select",
            remedy="take `_row` from a table every result comes from",
        )
    count = len(selected.text)
    making = Making(
        table,
        pd.DataFrame(index=pd.RangeIndex(count)),
        selected.owner,
        selected.raw,
        selected.first,
        np.full(count, lasts),
        labels=selected.labels,
    )
    notes: dict[int, list[str]] = {}
    pieces = list(_by_file(selected.first, files))
    for name in map(str, selected.text):
        column = table.column(name)
        values = [
            _piece(making, selected, column, at, files[number], notes.setdefault(number, []))
            for number, at in pieces
        ]
        making.frame[name] = _joined(values, [at for _, at in pieces], column)
    if {"amount", "currency"} <= set(table.names) and "amount" in selected.text:
        _refuse_mixed_signs(making, selected, pieces, files)
    return making, notes


def _refuse_mixed_signs(
    making: Making, selected: Selected, pieces: list[tuple[int, np.ndarray]], files: Sequence[RawFile]
) -> None:
    """$100 and €100 in one column are two currencies: refused, unless the row names its own."""
    currency = making.frame.get("currency", pd.Series(None, index=making.frame.index, dtype="str"))
    for number, at in pieces:
        text = selected.text["amount"].iloc[at]
        used = signs_used(text, files[number].formats.signs)
        if used.nunique() < 2:
            continue
        header = files[number].sheet.headers.get("amount", "amount")
        for place in text.index[used.notna() & currency.loc[text.index].isna()]:
            making.refuse(int(place), header, text.loc[place], MIXED_SIGNS)


def _by_file(first: np.ndarray, files: Sequence[RawFile]) -> Iterator[tuple[int, np.ndarray]]:
    """File number and the positions read by its formats."""
    starts = np.array([file.start for file in files])
    numbers = np.searchsorted(starts, first, side="right") - 1
    for number in np.unique(numbers):
        yield int(number), np.flatnonzero(numbers == number)


def _piece(
    making: Making, selected: Selected, column: Column, at: np.ndarray, file: RawFile, notes: list[str]
) -> pd.Series:
    """One column of the rows of one file; its faults are booked."""
    text = selected.text[column.name].iloc[at].reset_index(drop=True)
    formats = file.formats.after_sql() if column.name in selected.typed else file.formats
    if making.table is schemas.CHANGES and column.name in ("old", "new"):
        fields = selected.text["field"].iloc[at].reset_index(drop=True)
        found = _by_field(text, fields, formats)
    else:
        found = convert_column(text, column, formats)
    header = _header(column.name, text, selected.first[at] - file.start, found, file)
    making.headers.setdefault(column.name, header)
    for place, reason in found.fault_list():
        making.refuse(int(at[place]), header, text.iloc[place], reason)
    notes.extend(f"{header}: {note}" for note in found.notes if f"{header}: {note}" not in notes)
    return found.values


def _header(name: str, text: pd.Series, rows: np.ndarray, found: Converted, file: RawFile) -> str:
    """The file's header of a canonical column: its namesake, else the one column that holds these texts."""
    if name in file.sheet.headers:
        return file.sheet.headers[name]
    at = [*found.faults.index[:_SAMPLE], *text.index[text.notna()][:_SAMPLE]]
    holding = dict(file.sheet.headers) if at else {}
    for place in at:
        cells = {one: file.sheet.columns[one][int(rows[place])].as_py() for one in holding}
        holding = {one: header for one, header in holding.items() if cells[one] == text.iloc[place]}
    return next(iter(holding.values())) if len(holding) == 1 else name


def _by_field(text: pd.Series, fields: pd.Series, formats: Formats) -> Converted:
    """The old or new values of changes, each by what it is a value of, as text again."""
    values, faults = text.copy(), [no_faults()]
    for name in ("amount", "expected_close", "status"):
        at = np.flatnonzero(fields.str.casefold() == name)
        if not len(at):
            continue
        given = text.iloc[at].reset_index(drop=True)
        if name == "amount":
            found = to_amount(given, formats, money=True)
            written = found.values.map("{:.2f}".format, na_action="ignore")
        elif name == "expected_close":
            found = to_day(given, formats.clock)
            written = found.values.dt.strftime("%Y-%m-%d")
        else:
            found = to_choice(given, schemas.STATUSES)
            written = found.values
        values.iloc[at] = written.astype("str")
        faults.append(found.faults.set_axis(at[found.faults.index.to_numpy(dtype="int64")]))
    return Converted(values, pd.concat(faults))


def _joined(values: list[pd.Series], places: list[np.ndarray], column: Column) -> pd.Series:
    if not values:
        return pd.Series(dtype=schemas.DTYPES[column.kind])
    indexed = [one.set_axis(at) for one, at in zip(values, places, strict=True)]
    joined = pd.concat(indexed).sort_index() if len(indexed) > 1 else indexed[0]
    return cast(joined, schemas.DTYPES[column.kind])


def join(parts: list[Making]) -> Making:
    """The parts of one table, one below the other."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(len(part.frame) for part in parts)])
    table = parts[0].table
    frame = pd.concat([table.conform(part.frame) for part in parts], ignore_index=True)[
        [name for name in table.names if any(name in part.frame for part in parts)]
    ]
    return Making(
        table,
        frame,
        np.concatenate([part.owner + offset for part, offset in zip(parts, offsets, strict=False)]),
        np.concatenate([part.raw for part in parts]),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.lasts for part in parts]),
        {
            at + int(offset): fault
            for part, offset in zip(parts, offsets, strict=False)
            for at, fault in part.faults.items()
        },
        labels=_joined_labels(parts),
        headers=_joined_headers(parts),
    )


def _joined_headers(parts: list[Making]) -> dict[str, str]:
    """The headers on which all parts agree."""
    found = {column: {part.headers.get(column, column) for part in parts} for column in parts[0].headers}
    return {column: headers.pop() for column, headers in found.items() if len(headers) == 1}


def _joined_labels(parts: list[Making]) -> list[list[str]] | None:
    if all(part.labels is None for part in parts):
        return None
    return [labels for part in parts for labels in part.labels or [[] for _ in range(len(part.frame))]]

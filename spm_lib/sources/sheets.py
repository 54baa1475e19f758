"""Records under a header -> a table of text: which columns are meant, which rows fit the header."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spm_lib.client import fold
from spm_lib.errors import SourceError
from spm_lib.sources.mapping import FileSpec
from spm_lib.sources.text import HEAD, decode, find_delimiter, records, split_sep_line
from spm_lib.sources.unpack import Content

#: Encoding -> the delimiter a `sep=` line names, the text, what is worth saying of it.
Decoded = dict[str | None, tuple[str | None, str, list[str]]]

_BLANK = " \t\r\n\x0b\x0c\xa0\u202f\u2007\ufeff"


@dataclass(frozen=True)
class Ragged:
    """A row whose number of cells is not the header's: line, its text, the reason."""

    row: int
    value: str
    reason: str


@dataclass(frozen=True)
class Sheet:
    """A file's rows as text.

    Attributes
    ----------
    columns : dict of str to pyarrow.ChunkedArray or pyarrow.Array of string
        By our name where the mapping has one, else by the file's own header.
    headers : dict of str to str
        Column -> the header as the file spells it.
    rows : numpy.ndarray of int
        The number of every row as a spreadsheet shows it, the header being 1.
    ragged : tuple of Ragged
        Rows that are refused, since their cells cannot be told apart.
    findings : tuple of str
    """

    columns: dict[str, pa.Array]
    headers: dict[str, str]
    rows: np.ndarray
    ragged: tuple[Ragged, ...]
    findings: tuple[str, ...]

    @property
    def rows_read(self) -> int:
        """Every row below the header that is not blank."""
        return len(self.rows) + len(self.ragged)


class Reader:
    """One content, read by what a mapping says of a kind of file.

    Parameters
    ----------
    content : Content
    spec : FileSpec
    decoded : dict
        The content's texts by encoding, shared by the readers that look at one content.
    """

    def __init__(self, content: Content, spec: FileSpec, decoded: Decoded) -> None:
        self.content = content
        self.spec = spec
        self._decoded = decoded

    @property
    def _text(self) -> tuple[str | None, str, list[str]]:
        encoding = self.spec.encoding
        if encoding not in self._decoded:
            text, findings = decode(self.content.data, self.content.name, encoding)
            self._decoded[encoding] = (*split_sep_line(text), findings)
        return self._decoded[encoding]

    def _records(self, most: int | None = None) -> list[list[str]]:
        if self.content.sheet is not None:
            return self.content.cells[:most]
        named, text, _ = self._text
        delimiter = self.spec.delimiter or named or find_delimiter(text, self.spec.header_row)
        return records(text if most is None else text[:HEAD], delimiter, self.content.name, most)

    @cached_property
    def header(self) -> list[str]:
        """The header cells, outer spaces left out; empty when the file ends before its header row."""
        found = next(iter(self._records(self.spec.header_row)[self.spec.header_row - 1 :]), [])
        return [cell.strip(_BLANK) for cell in found]

    def read(self) -> Sheet:
        """All rows.

        Raises
        ------
        SourceError
            Broken quotes, or a mapped header that stands twice.
        """
        names = name_columns(self.header, self.spec, self.content.name)
        body = self._records()[self.spec.header_row :]
        findings = [] if self.content.sheet is not None else list(self._text[2])
        numbers, body = self._without_remarks(body, findings)
        width = len(self.header)
        fits = np.fromiter((len(cells) == width for cells in body), bool, len(body))
        if not len(body):
            findings.append("no rows below the header")
        ragged = tuple(_ragged(int(numbers[at]), body[at], width) for at in np.flatnonzero(~fits))
        good = body if fits.all() else [body[at] for at in np.flatnonzero(fits)]
        cells = list(zip(*good, strict=True)) if good else [()] * width
        columns = {name: _as_text(cells[at]) for at, name in enumerate(names)}
        headers = dict(zip(names, self.header, strict=True))
        for name in [name for name, header in headers.items() if not header]:
            if columns[name].null_count == len(columns[name]):
                del columns[name], headers[name]
        return Sheet(columns, headers, numbers[fits], ragged, tuple(findings))

    def _without_remarks(
        self, body: list[list[str]], findings: list[str]
    ) -> tuple[np.ndarray, list[list[str]]]:
        """The rows that hold data, each with its number; blank ones, comments and the footer are left out."""
        filled = np.fromiter((any(map(str.strip, cells)) for cells in body), bool, len(body))
        if self.spec.footer == "blank_row" and not filled.all():
            end = int(np.argmin(filled))
            left_out = int(filled[end:].sum())
            filled[end:] = False
            findings.extend([f"{left_out} rows below the first blank row are left out"] if left_out else [])
        if self.spec.comment:
            mark = self.spec.comment
            remarks = np.fromiter((bool(cells) and cells[0].startswith(mark) for cells in body), bool)
            findings.extend([f"{remarks.sum()} comment rows are left out"] if remarks.any() else [])
            filled &= ~remarks
        numbers = np.flatnonzero(filled) + self.spec.header_row + 1
        return numbers, body if filled.all() else [body[at] for at in np.flatnonzero(filled)]


def _ragged(row: int, cells: list[str], width: int) -> Ragged:
    return Ragged(row, " | ".join(cells)[:200], f"the row has {len(cells)} cells, the header has {width}")


def _as_text(cells: tuple[str, ...]) -> pa.Array:
    """Cells without outer spaces; the empty one is missing."""
    trimmed = pc.utf8_trim(pa.array(cells, pa.string()), characters=_BLANK)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def match_columns(header: list[str], spec: FileSpec) -> dict[str, int]:
    """Our column name -> its place in the header; of several accepted headers the first listed counts."""
    places: dict[str, int] = {}
    for at, cell in enumerate(header):
        places.setdefault(fold(cell), at)
    found = {}
    for name, accepted in spec.columns.items():
        place = next((places[fold(one)] for one in accepted if fold(one) in places), None)
        if place is not None:
            found[name] = place
    return found


def name_columns(header: list[str], spec: FileSpec, where: str) -> list[str]:
    """A distinct name for every column: ours where mapped, else the header itself, numbered when repeated.

    Raises
    ------
    SourceError
        A mapped header stands twice: nobody can know which one is meant.
    """
    matched = match_columns(header, spec)
    mapped = {place: name for name, place in matched.items()}
    folded = [fold(cell) for cell in header]
    for place, name in mapped.items():
        if folded.count(folded[place]) > 1:
            raise SourceError(
                "a header stands twice",
                where=where,
                given=header[place],
                remedy=f"it is read as {name}: rename or remove one of the two columns",
            )
    taken = {name.casefold() for name in spec.columns} | {"_row", "_file"}
    names = []
    for place, cell in enumerate(header):
        name = mapped.get(place) or _untaken(cell or f"column_{place + 1}", taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _untaken(name: str, taken: set[str]) -> str:
    number, tried = 1, name
    while tried.casefold() in taken:
        number += 1
        tried = f"{name}_{number}"
    return tried

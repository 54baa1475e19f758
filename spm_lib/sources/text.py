"""Bytes of a text file -> records: its encoding, its delimiter, its quotes."""

from __future__ import annotations

import codecs
import csv
import io
import re
from itertools import islice

from charset_normalizer import from_bytes

from spm_lib.errors import SourceError

DELIMITERS = ",;\t|"

#: Characters in which a header row is looked for.
HEAD = 1_000_000

_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?\r?\n', re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decode(data: bytes, name: str, encoding: str | None = None) -> tuple[str, list[str]]:
    """The text of a file, and what is worth saying about its encoding.

    Parameters
    ----------
    data : bytes
    name : str
        The file, for messages.
    encoding : str, optional
        What the mapping says; otherwise a byte-order mark, UTF-8, UTF-16 or cp1252 is found.

    Raises
    ------
    SourceError
        The bytes are no text, or not in the encoding the mapping says.
    """
    if encoding is not None:
        text, findings = _named(data, name, encoding), list[str]()
    else:
        text, findings = _found(data, name)
    if _NOT_TEXT.search(text):
        raise SourceError(
            "the file is not text",
            where=name,
            given=data[:16],
            remedy="export it as CSV or .xlsx",
        )
    return text.removeprefix("\ufeff"), findings


def _named(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as problem:
        raise SourceError(
            "no such encoding", where=name, given=encoding, remedy="leave `encoding:` out to have it found"
        ) from problem
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        raise SourceError(
            f"the file is not {encoding}, as the mapping says",
            where=f"{name}, line {line}",
            given=data[problem.start : problem.end],
            remedy="leave `encoding:` out to have it found, or name the right one",
        ) from problem


def _found(data: bytes, name: str) -> tuple[str, list[str]]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _named(data, name, encoding), []
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Latin letters in UTF-16 have every other byte zero
        if data[place:200:2].count(0) > 0.8 * len(data[place:200:2]) and not data[1 - place : 200 : 2].count(
            0
        ):
            return _named(data, name, encoding), []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as problem:
        guess = from_bytes(data[:100_000]).best()
        raise SourceError(
            "the encoding of the file is unknown",
            where=f"{name}, line {line}",
            remedy=f"name it under `encoding:` (a guess: {guess.encoding if guess else 'not text at all'})",
        ) from problem
    return text, [f"not UTF-8, read as cp1252 from line {line} on; check names with accents"]


def split_sep_line(text: str) -> tuple[str | None, str]:
    """The delimiter a first line ``sep=;`` names, and the text below it."""
    match = _SEP_LINE.match(text)
    return (match[1], text[match.end() :]) if match else (None, text)


def find_delimiter(text: str, header_row: int) -> str:
    """The delimiter the header line uses most, outside quotes; a comma when it has a single column."""
    lines = io.StringIO(text[:HEAD], newline="")
    line = next((line for number, line in enumerate(lines, start=1) if number == header_row), "")
    bare = _QUOTED.sub("", line)
    return max(DELIMITERS, key=bare.count)


def records(text: str, delimiter: str, name: str, most: int | None = None) -> list[list[str]]:
    """The first records of a text, or all; a blank line is an empty list.

    Raises
    ------
    SourceError
        A quote is never closed, or stands where none may.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(islice(reader, most))
    except csv.Error as problem:
        raise SourceError(
            "the quotes of the file are broken, or it is cut off",
            where=f"{name}, line {reader.line_num}",
            given=str(problem),
            remedy="look at that line and the one where its quote opens; export the file again",
        ) from problem

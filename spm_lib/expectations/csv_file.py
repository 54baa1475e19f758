"""A small CSV file that people keep by hand and commands add to: read with its lines, written whole."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from spm_lib.errors import DocumentError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def cells(path: Path, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Line number and cells of every line that holds something; the header is checked and left out.

    Raises
    ------
    DocumentError
        The file cannot be read, or its header is another one.
    """
    if not path.exists():
        return []
    try:
        reader = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if any(line)]
    except UnicodeDecodeError as problem:
        raise DocumentError("the file is not UTF-8 text", where=path.name) from problem
    except OSError as problem:
        raise DocumentError("the file cannot be read", where=path.name, given=problem.strerror) from problem
    except csv.Error as problem:
        where = f"{path.name}, line {reader.line_num}"
        raise DocumentError("the line is no CSV", where=where, given=str(problem)) from problem
    header = lines[0][1] if lines else []
    if header != list(columns):
        raise DocumentError(
            "the header is another one",
            where=f"{path.name}, line {lines[0][0] if lines else 1}",
            given=",".join(header),
            remedy=f"write {','.join(columns)}",
        )
    return lines[1:]


def as_many(line: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse a line with more or fewer cells than columns.

    Raises
    ------
    DocumentError
    """
    if len(line) != len(columns):
        raise DocumentError(
            f"the line has {len(line)} cells, not {len(columns)}",
            given=",".join(line),
            remedy=f"write {','.join(columns)}",
        )


def day(text: str) -> date | None:
    """A cell as a day; None when it is empty.

    Raises
    ------
    DocumentError
        It is no day.
    """
    if not text:
        return None
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise DocumentError("not a day", given=text, remedy="write it like 2026-11-16") from None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one writer, the next one waits; a writer that dies lets go."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)  # the new name of the file
    finally:
        os.close(handle)


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the file beside itself, to the disk, then over itself."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    beside = path.with_name(f".tmp-{path.name}")
    with beside.open("w", encoding="utf-8", newline="") as handle:
        handle.write(text.getvalue())
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(path)

"""What lies in a file: text, the texts of an archive, the sheets of a workbook; its bytes tell which."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from spm_lib.errors import SourceError

#: More than this is not unpacked: an export of a small business is never so large.
LARGEST_BYTES = 1 << 30

_DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Content:
    """One table's worth of a file, not yet understood.

    Attributes
    ----------
    name : str
        The file's name; inside an archive or workbook ``archive.zip/deals.csv``.
    sha256 : str
        Of the file's bytes, or of the archive member's.
    data : bytes
        The text, still encoded; empty for a sheet.
    sheet : str or None
        The sheet's name, of a workbook.
    cells : list of list of str
        The sheet's rows.
    """

    name: str
    sha256: str
    data: bytes = b""
    sheet: str | None = None
    cells: list[list[str]] = field(default_factory=list)


def members(path: Path) -> list[tuple[str, bytes]]:
    """The file, or every file of an archive, by name; nothing is ever written to a disk.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    SourceError
        The file is missing, or an archive that is empty, damaged, locked or too large.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise SourceError(
            "the file cannot be read",
            where=path.name,
            given=problem.strerror,
            remedy="see that it is still there and that you may read it",
        ) from problem
    with _damage(path.name):
        return _archived(path.name, data) if _is_archive(data) else [(path.name, data)]


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def unpack(name: str, data: bytes) -> list[Content]:
    """Everything the bytes of one file hold.

    Parameters
    ----------
    name : str
    data : bytes
        A text, a .gz of one, or a workbook (.xlsx, .xls).

    Raises
    ------
    SourceError
        They are empty, cut off, damaged, locked or too large.
    """
    _refuse_empty(name, data)
    with _damage(name):
        if data.startswith(b"\x1f\x8b"):
            text = _gunzip(name, data)
            _refuse_empty(name, text)
            return [Content(name, sha256(data), text)]
        if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
            return list(_workbook(name, sha256(data), data))
    return [Content(name, sha256(data), data)]


def _refuse_empty(name: str, data: bytes) -> None:
    if not data.strip():
        raise SourceError("the file is empty", where=name, remedy="export it again")


@contextmanager
def _damage(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as problem:
        locked = "password" in str(problem)
        raise SourceError(
            "the file is locked by a password" if locked else "the file is cut off or damaged",
            where=name,
            given=str(problem),
            remedy="take the password off" if locked else "copy or export it again",
        ) from problem


def _gunzip(name: str, data: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
        text = stream.read(LARGEST_BYTES + 1)
    _refuse_large(name, len(text))
    return text


def _is_archive(data: bytes) -> bool:
    """Whether it is a .zip of files, not of the parts of a workbook."""
    if not data.startswith(b"PK"):
        return False
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "[Content_Types].xml" not in archive.namelist()


def _archived(name: str, data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        _refuse_large(name, sum(member.file_size for member in found))
        if not found:
            raise SourceError("the archive holds no file", where=name, remedy="export it again")
        for member in found:
            _refuse_outside(name, member.filename)
        return [(f"{name}/{member.filename}", archive.read(member)) for member in found]


def _refuse_outside(name: str, member: str) -> None:
    parts = member.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        raise SourceError(
            "the archive holds a file whose path leads out of it",
            where=name,
            given=member,
            remedy="no export does that: ask who sent it, and export it again",
        )


def _refuse_large(name: str, size: int) -> None:
    if size > LARGEST_BYTES:
        raise SourceError(
            "the file is too large once unpacked", where=name, remedy="export fewer columns or a shorter time"
        )


def _workbook(name: str, sha: str, data: bytes) -> Iterator[Content]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [
            (sheet, book.get_sheet_by_name(sheet).to_python(skip_empty_area=False))
            for sheet in book.sheet_names
        ]
    except CalamineError as problem:
        raise SourceError(
            "the workbook cannot be read",
            where=name,
            given=str(problem),
            remedy="open it and save it again without a password, as .xlsx or .csv",
        ) from problem
    filled = [(sheet, rows) for sheet, rows in sheets if rows]
    if not filled:
        raise SourceError("the workbook is empty", where=name, remedy="export it again")
    for sheet, rows in filled:
        cells = [[_cell_text(cell) for cell in row] for row in rows]
        yield Content(name if len(filled) == 1 else f"{name}/{sheet}", sha, sheet=sheet, cells=cells)


def _cell_text(cell: object) -> str:
    """A cell as a file would spell it: whole numbers without a point, days without an hour."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell)

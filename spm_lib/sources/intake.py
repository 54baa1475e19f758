"""The files of a drop, opened and recognised; one that cannot be is kept with its error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from spm_lib.errors import SourceError
from spm_lib.sources.mapping import Mapping
from spm_lib.sources.recognise import recognise, unread
from spm_lib.sources.sheets import Sheet
from spm_lib.sources.unpack import Content, members, sha256, unpack


@dataclass(frozen=True)
class Intake:
    """One file, archive member or workbook sheet.

    Attributes
    ----------
    path : pathlib.Path
        The file it lies in.
    name, sha256 : str
    kind : str or None
    part : str
        The sheet it is, of a workbook.
    sheet : Sheet or None
        Its rows; None when it is not needed or could not be read.
    findings : tuple of str
    error : SourceError or None
    """

    path: Path
    name: str
    sha256: str = ""
    kind: str | None = None
    part: str = ""
    sheet: Sheet | None = None
    findings: tuple[str, ...] = ()
    error: SourceError | None = None


def take_in(paths: Sequence[Path], mapping: Mapping) -> list[Intake]:
    """Open and recognise every file; the same bytes twice are read once.

    Parameters
    ----------
    paths : sequence of pathlib.Path
    mapping : Mapping

    Returns
    -------
    list of Intake
        In the order of the paths.
    """
    seen: dict[tuple[object, ...], str] = {}
    taken = []
    for one in (found for path in map(Path, paths) for found in _opened(path, mapping)):
        first = seen.setdefault((one.sha256, one.part, one.kind), one.name) if one.sheet is not None else None
        if first is None or first == one.name:
            taken.append(one)
        else:
            taken.append(replace(one, sheet=None, findings=(f"the same file as {first}, read once",)))
    return _distinct(taken)


def _distinct(taken: list[Intake]) -> list[Intake]:
    """The same, with names told apart: by the folder, and by a number where that does not do."""
    counted: Counter[str] = Counter(one.name for one in taken)
    named = [f"{one.path.parent.name}/{one.name}" if counted[one.name] > 1 else one.name for one in taken]
    seen: Counter[str] = Counter()
    told = []
    for one, name in zip(taken, named, strict=True):
        seen[name] += 1
        told.append(replace(one, name=name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return told


def _opened(path: Path, mapping: Mapping) -> Iterator[Intake]:
    try:
        found = members(path)
    except SourceError as problem:
        yield _unopened(path, path.name, "", problem, mapping)
        return
    for name, data in found:
        yield from _read(path, name, data, mapping)


def _read(path: Path, name: str, data: bytes, mapping: Mapping) -> list[Intake]:
    """What one file of a path holds: itself, or the sheets of a workbook."""
    try:
        contents = unpack(name, data)
    except SourceError as problem:
        return [_unopened(path, name, sha256(data), problem, mapping)]
    found = [_recognised(path, content, mapping) for content in contents]
    is_book = any(content.sheet is not None for content in contents)
    if is_book and any(one.error is None for one in found):
        found = [_unneeded(one) for one in found]
    return found


def _unopened(path: Path, name: str, sha: str, problem: SourceError, mapping: Mapping) -> Intake:
    if mapping.ignores(name.rpartition("/")[2]):
        return Intake(path, name, sha, findings=("not needed",))
    return Intake(path, name, sha, error=problem)


def _recognised(path: Path, content: Content, mapping: Mapping) -> Intake:
    base = content.name.rpartition("/")[2]
    kind = None
    try:
        kind, reader = recognise(content, mapping)
        sheet = reader.read()
    except SourceError as problem:
        if kind is None and mapping.ignores(base):
            return Intake(path, content.name, content.sha256, findings=("not needed",))
        return Intake(path, content.name, content.sha256, kind, error=problem)
    findings = (*sheet.findings, *unread(sheet, mapping, kind))
    return Intake(path, content.name, content.sha256, kind, content.sheet or "", sheet, findings)


def _unneeded(one: Intake) -> Intake:
    """A sheet nobody knows, beside one that is known, is no failure."""
    if one.error is None or one.kind is not None:
        return one
    return replace(one, error=None, findings=("no sheet this mapping knows; not read",))

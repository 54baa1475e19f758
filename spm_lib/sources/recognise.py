"""Which kind of file is this? Its headers tell, and its name where two kinds share their headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spm_lib.errors import SourceError
from spm_lib.sources.mapping import Mapping, quoted
from spm_lib.sources.sheets import Decoded, Reader, Sheet, match_columns
from spm_lib.sources.unpack import Content

_SHOWN = 40
_LISTED = 8


@dataclass(frozen=True)
class _Fit:
    kind: str
    reader: Reader
    named: bool
    matched: int
    missing: tuple[str, ...]


def recognise(content: Content, mapping: Mapping) -> tuple[str, Reader]:
    """The kind of a file, and its reader.

    Raises
    ------
    SourceError
        No kind fits, or two fit equally: the message names the columns found and the kinds known. Or no
        kind could read the file at all.
    """
    fits, problems = [], []
    decoded: Decoded = {}
    for kind, spec in mapping.files.items():
        if spec.sheet is not None and content.sheet is not None and spec.sheet != content.sheet:
            continue
        try:
            fits.append(_fit(kind, Reader(content, spec, decoded)))
        except SourceError as problem:
            problems.append(problem)
    if not fits:
        raise problems[0] if problems else _no_sheet(content, mapping)
    good = [fit for fit in fits if not fit.missing]
    if not good:
        raise _unknown(content, mapping, fits)
    best = max((fit.named, fit.matched) for fit in good)
    chosen = [fit for fit in good if (fit.named, fit.matched) == best]
    if len(chosen) > 1:
        raise SourceError(
            f"the file could be {' or '.join(fit.kind for fit in chosen)}",
            where=content.name,
            remedy="give one of them `names:` that fit its file names, or more `required:` columns",
        )
    return chosen[0].kind, chosen[0].reader


def _fit(kind: str, reader: Reader) -> _Fit:
    spec = reader.spec
    matched = match_columns(reader.header, spec)
    needed = spec.required or (() if matched else tuple(spec.columns))
    missing = tuple(one for one in needed if one not in matched)
    return _Fit(kind, reader, spec.is_named(reader.content.name), len(matched), missing)


def unread(sheet: Sheet, mapping: Mapping, kind: str) -> list[str]:
    """A finding that names the columns no table reads: a renamed one is seen there first.

    Parameters
    ----------
    sheet : Sheet
    mapping : Mapping
    kind : str
    """
    spec = mapping.files[kind]
    queries = "".join(table.query for table in mapping.tables.values())
    idle = [
        header
        for name, header in sheet.headers.items()
        if name not in spec.columns
        and quoted(name) not in queries
        and not any(re.search(pattern, header) for pattern in spec.unpivot.values())
    ]
    if not idle:
        return []
    more = f" and {len(idle) - _LISTED} more" if len(idle) > _LISTED else ""
    said = "column is" if len(idle) == 1 else "columns are"
    return [f"{len(idle)} {said} not read: {', '.join(idle[:_LISTED])}{more}"]


def _unknown(content: Content, mapping: Mapping, fits: list[_Fit]) -> SourceError:
    nearest = max(fits, key=lambda fit: (fit.named, fit.matched - len(fit.missing)))
    spec = mapping.files[nearest.kind]
    lacks = "; ".join(" or ".join(spec.columns[name]) for name in nearest.missing)
    found = [cell for cell in nearest.reader.header if cell]
    shown = ", ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
    return SourceError(
        "the file is none this mapping knows",
        where=content.name,
        given=f"columns: {shown or 'none'}",
        remedy=f"kinds known: {', '.join(mapping.files)}; nearest is {nearest.kind}, which lacks {lacks}; "
        "add the header to its columns in mapping.yaml, or the file to `ignore:`",
    )


def _no_sheet(content: Content, mapping: Mapping) -> SourceError:
    wanted = sorted({spec.sheet for spec in mapping.files.values() if spec.sheet})
    return SourceError(
        "the mapping names other sheets",
        where=content.name,
        given=content.sheet,
        remedy=f"it reads {', '.join(wanted)}",
    )

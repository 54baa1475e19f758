"""Which drop is this? Its files' bytes and their reading decide, so it is known before a row is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spm_lib.client import Client
from spm_lib.errors import SourceError
from spm_lib.sources.mapping import Mapping
from spm_lib.sources.plan import named_day
from spm_lib.sources.unpack import members, sha256


def drop_id(paths: Sequence[Path], mapping: Mapping, client: Client) -> str:
    """The id ``read_drop`` gives these files, without reading their rows.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        As ``plan_drops`` groups them.
    mapping : Mapping
    client : Client

    Returns
    -------
    str
        ``Drop.batch_id``; empty when a file cannot be opened (missing, or a damaged .zip or workbook), since
        only reading it tells what is wrong: no store holds the empty id.
    """
    try:
        return _identity([one for path in map(Path, paths) for one in _marks(path, mapping)], mapping, client)
    except SourceError:
        return ""


def batch_id(paths: Sequence[Path], mapping: Mapping, client: Client) -> str:
    """The same, but a damaged file counts by its bytes as they are, and a missing one by its name.

    Parameters
    ----------
    paths : sequence of pathlib.Path
    mapping : Mapping
    client : Client
    """
    marks = []
    for path in map(Path, paths):
        try:
            marks.extend(_marks(path, mapping))
        except SourceError:
            data = path.read_bytes() if path.is_file() else path.name.encode()
            marks.append(f"damaged {sha256(data)}")
    return _identity(marks, mapping, client)


def _marks(path: Path, mapping: Mapping) -> list[str]:
    """Of each content: its bytes, the day its name says, and the kinds its name speaks for."""
    day = named_day(path) or ""
    return [f"{sha256(data)} {day} {mapping.said_by_name(name)}" for name, data in members(path)]


def _identity(marks: list[str], mapping: Mapping, client: Client) -> str:
    # a copy of a file beside it is read once, so it counts once
    text = "\n".join([*sorted(set(marks)), mapping.effective_text(client)])
    return sha256(text.encode())

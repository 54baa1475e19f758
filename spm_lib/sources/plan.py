"""Which files were taken together, and when: drops, oldest first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from spm_lib.client import Client
from spm_lib.errors import SourceError
from spm_lib.periods import midnight
from spm_lib.sources.mapping import Mapping

_DAY = re.compile(r"(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)")


def plan_drops(
    paths: Sequence[Path], mapping: Mapping, client: Client
) -> list[tuple[pd.Timestamp, list[Path]]]:
    """Group files by the moment they show.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Files, or folders whose files are all meant; hidden ones are left out.
    mapping : Mapping
    client : Client
        Its time zone says where a day ends.

    Returns
    -------
    list of (pandas.Timestamp, list of pathlib.Path)
        UTC, oldest first; the files of a drop by name.

    Raises
    ------
    SourceError
        A path does not exist.
    """
    drops: defaultdict[pd.Timestamp, list[Path]] = defaultdict(list)
    for path in _files(paths):
        drops[as_of(path, mapping, client)].append(path)
    return sorted((at, sorted(found)) for at, found in drops.items())


def _files(paths: Sequence[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for given in map(Path, paths):
        if not given.exists():
            raise SourceError("no such file", where=given.name, remedy="check the path")
        inside = sorted(one for one in given.rglob("*") if one.is_file()) if given.is_dir() else [given]
        found |= dict.fromkeys(one for one in inside if not one.name.startswith((".", "~$")))
    return list(found)


def as_of(path: Path, mapping: Mapping, client: Client) -> pd.Timestamp:
    """When one file was taken, UTC, by the mapping's `as_of`."""
    if mapping.as_of.fixed is not None:
        return mapping.as_of.fixed
    day = named_day(path) if mapping.as_of.source == "name" else None
    if day is None:
        return pd.Timestamp(int(path.stat().st_mtime), unit="s", tz="UTC").as_unit("us")
    first = day + timedelta(days=1) if mapping.as_of.day == "end" else day
    return midnight(first, client.time_zone)


def named_day(path: Path) -> date | None:
    """The last date in a file's name, else in its folder's; None where neither holds one."""
    for name in (path.name, path.parent.name):
        for year, month, day in reversed(_DAY.findall(name)):
            try:
                return date(int(year), int(month), int(day))
            except ValueError:
                continue
    return None

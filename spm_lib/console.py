"""What the command line prints: results to the standard output, everything else beside it.

Plain text, unless a person is looking: only on a terminal is there a progress bar, and it goes to the
standard error. Knows no client and computes nothing.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from spm_lib.drops import FileReport
    from spm_lib.gate import Finding
    from spm_lib.ingest import Ingested

#: A message longer than this is cut: it has to fit on one screen.
LINES, WIDTH = 20, 600

#: What a terminal would obey instead of show.
_OBEYED = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")

Step = Callable[[int, int, str], None]


def say(text: str = "") -> None:
    """Print a result."""
    sys.stdout.write(shown(text) + "\n")


def warn(text: str) -> None:
    """Print what went wrong, at most a screen of it."""
    lines = shown(text).splitlines()
    more = [f"  ... and {len(lines) - LINES} more lines"] if len(lines) > LINES else []
    cut = [line if len(line) <= WIDTH else f"{line[:WIDTH]} ..." for line in lines[:LINES]]
    sys.stderr.write("\n".join([*cut, *more]) + "\n")


def shown(text: str) -> str:
    """A text without anything a terminal would obey."""
    return text.translate(_OBEYED)


@contextmanager
def progress(what: str) -> Iterator[Step]:
    """A progress bar on a terminal, nothing elsewhere.

    Parameters
    ----------
    what : str
        What goes on, in a few words.

    Yields
    ------
    callable
        To be called with the steps done, the steps in all, and what is being done (may be empty).
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total, _now: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=None)

        def step(done: int, total: int, now: str) -> None:
            bars.update(
                task, completed=done, total=total, description=f"{what}: {shown(now)}" if now else what
            )

        yield step


def ingested(slug: str, results: list[Ingested]) -> None:
    """Print what became of every file of an ingest, drop by drop.

    Parameters
    ----------
    slug : str
    results : list of Ingested
    """
    for drop in results:
        day = drop.day.isoformat()
        if drop.known and not drop.failed:
            say(f"{day}: already known ({_count(len(drop.files), 'file')})")
            continue
        for file in drop.files:
            say(f"{day}: {_file_line(file)}")
        _drop_end(slug, drop)
    new = sum(drop.changed for drop in results)
    state = f"{_count(new, 'export')} stored" if new else "nothing changed"
    say(f"{slug}: {state}, of {_count(len(results), 'export')}")


def ingested_briefly(slug: str, results: list[Ingested]) -> None:
    """Print an ingest in one line, and in full only what failed.

    Parameters
    ----------
    slug : str
    results : list of Ingested
    """
    for drop in results:
        if drop.failed:
            _drop_end(slug, drop)
    new = [drop for drop in results if drop.changed]
    if not new:
        say(f"{slug}: nothing new in {_count(len(results), 'export')}")
        return
    files = [file for drop in new for file in drop.files]
    rows, refused = sum(file.rows_read for file in files), sum(file.quarantined for file in files)
    say(f"{slug}: {_count(len(new), 'export')} stored, {_counts(rows, rows - refused, refused)}")


def _file_line(file: FileReport) -> str:
    failed = ("failed",) if file.error is not None else ()
    counts = _counts(file.rows_read, file.accepted, file.quarantined)
    return "; ".join([f"{file.name}: {counts}", *failed, *file.findings])


def _counts(read: int, accepted: int, quarantined: int) -> str:
    return f"{_count(read, 'row')} read = {accepted:,} accepted + {quarantined:,} quarantined"


def _drop_end(slug: str, drop: Ingested) -> None:
    """What is to be said of a drop below its files."""
    day = drop.day.isoformat()
    for file in drop.files:
        if file.error is not None:
            warn(f"{slug} {day}, {file.name}: {file.error}")
    if drop.error is not None:
        warn(f"{slug} {day}: {drop.error}")
    if drop.left_out:
        warn(f"{slug} {day}: not stored, a file that failed may belong to it: {', '.join(drop.left_out)}")
    if drop.quarantine is not None:
        say(f"{day}: refused rows are in {drop.quarantine}")


def findings(found: list[Finding]) -> None:
    """Print what the gate found, a line each."""
    for finding in found:
        say(str(finding))


def table(frame: pd.DataFrame, form: str) -> None:
    """Print a metric table.

    Parameters
    ----------
    frame : pandas.DataFrame
    form : str
        "table", "csv" or "json". The last two do not round.
    """
    records = [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    if form == "json":
        say(json.dumps(records, ensure_ascii=False, indent=1, allow_nan=False))
    elif form == "csv":
        _csv([str(name) for name in frame.columns], records)
    else:
        _aligned([str(name) for name in frame.columns], records)


def _csv(names: list[str], records: list[dict[str, Any]]) -> None:
    import csv

    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)


def _aligned(names: list[str], records: list[dict[str, Any]]) -> None:
    """Columns side by side, numbers to the right."""
    if not records:
        say("no rows")
        return
    cells = [[_cell(record[name]) for name in names] for record in records]
    widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(names)]
    right = [
        any(isinstance(record[name], (int, float)) for record in records)
        and not any(isinstance(record[name], str) for record in records)
        for name in names
    ]
    for row in [names, *cells]:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        say("  ".join(padded).rstrip())


def _cell(value: object) -> str:
    """A value as a person reads it: at most four decimals, a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:,.4f}"
        return text.rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else " ".join(str(value).split())


def _plain(value: Any) -> Any:
    """A cell as JSON writes it: missing as None, days and instants as ISO 8601, numbers as they are."""
    if hasattr(value, "item"):
        value = value.item()
    is_nan = value != value  # nothing else differs from itself
    if value is None or is_nan or str(value) in ("<NA>", "NaT"):
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        is_day = value.tzinfo is None and value == value.replace(hour=0, minute=0, second=0, microsecond=0)
        return value.date().isoformat() if is_day else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, (bool, int, str)) else str(value)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"

"""What the benchmarks share: paired runs in one session, ratios, the machine, and the page of results.

Times of one machine say little of another's, so every row is a ratio of two things measured in turns.
"""

from __future__ import annotations

import ast
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results.md")
#: The demo client and the week most benchmarks look at.
CLIENT, WEEK = "alder-heating", "2026-W46"


@dataclass(frozen=True)
class Row:
    """One line of the results."""

    what: str
    ours: str
    other: str
    ratio: str
    asked: str
    kept: bool

    def line(self) -> str:
        """As a row of the table in results.md."""
        parts = (self.what, self.ours, self.other, self.ratio, self.asked, "yes" if self.kept else "NO")
        return f"| {' | '.join(parts)} |"


def timed(call: Callable[[], object]) -> float:
    """Seconds a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def paired(
    what: str, ours: Callable[[], object], other: Callable[[], object], *, rounds: int, at_most: float
) -> Row:
    """Two calls in turns; the ratio is the median of the pairs'."""
    pairs = []
    for number in range(rounds):
        # the one that goes first changes, so that neither always finds what the other left in the caches
        order = (ours, other) if number % 2 else (other, ours)
        first, second = timed(order[0]), timed(order[1])
        pairs.append((first, second) if number % 2 else (second, first))
    ratios = [one / two for one, two in pairs]
    ratio = statistics.median(ratios)
    return Row(
        what,
        f"{statistics.median(one for one, _ in pairs):.2f} s",
        f"{statistics.median(two for _, two in pairs):.2f} s",
        f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f}, {rounds} pairs)",
        f"at most {at_most:g}",
        ratio <= at_most,
    )


def machine() -> str:
    """The machine in a sentence: nothing that names it."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return f"{os.cpu_count()} x {model}, {platform.system()}, Python {platform.python_version()}, load {load}"


def report(rows: Sequence[Row], at: Path = RESULTS) -> str:
    """The page of results, written and handed back."""
    head = "| what | ours | beside it | ratio | asked | kept |\n|---|---|---|---|---|---|"
    text = "\n".join(
        [
            "# Benchmarks",
            "",
            "Made by `make bench`. Every row is measured in turns with what it is compared to.",
            "",
            f"Machine: {machine()}.",
            "",
            head,
            *(row.line() for row in rows),
            "",
        ]
    )
    at.write_text(text, encoding="utf-8")
    return text


@contextmanager
def demo_home(given: Path | None) -> Iterator[Path]:
    """The demo clients up to `WEEK`, ingested: those given, or written anew for the moment."""
    if given is not None:
        yield given
        return
    import pandas as pd

    from spm_lib.demo import CLIENTS, write_demo
    from spm_lib.ingest import ingest

    with tempfile.TemporaryDirectory(prefix="spm-bench-") as room:
        home = Path(room) / "data"
        write_demo(home, WEEK)
        for slug in CLIENTS:
            ingest(home, slug, [home / slug / "inbox"], ingested_at=pd.Timestamp("2026-11-16T12:00Z"))
        yield home


def notebook(name: str) -> Any:
    """One of the notebooks of this house."""
    import nbformat

    return nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)


def bare(name: str, home: Path) -> Callable[[], None]:
    """The cells of a notebook as calls in this process: no kernel, no notebook, no page."""
    cells = [
        compile(ast.parse(cell.source), name, "exec")
        for cell in notebook(name).cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    ]

    def run() -> None:
        with tempfile.TemporaryDirectory() as keep:
            names: dict[str, Any] = {"client": CLIENT, "week": WEEK, "home": str(home), "keep": keep}
            for cell in cells:
                exec(cell, names)

    return run


def warm(name: str, home: Path) -> Callable[[], None]:
    """The same notebook run and exported as a publishing process does."""
    from spm_lib.publish.execute import execute
    from spm_lib.publish.exporter import export
    from spm_lib.publish.parameters import OfClient

    source = notebook(name)

    def run() -> None:
        with tempfile.TemporaryDirectory() as keep:
            told = OfClient(client=CLIENT, week=WEEK, home=str(home), keep=keep)
            export(execute(source, told, name=f"{name}.ipynb"), name=f"{name}.ipynb")

    return run


def environment() -> dict[str, str]:
    """For another process: this package, one thread."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def show(rows: Sequence[Row]) -> None:
    """Print rows, for a benchmark run alone."""
    for row in rows:
        sys.stdout.write(row.line() + "\n")

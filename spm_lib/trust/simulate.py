"""Every figure measured, and the table of them, as METRICS.md prints it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial

import pandas as pd

from spm_lib.trust import gaming, quiet_weeks, ranges, shrinkage, slow_deals, standards
from spm_lib.trust.figure import Figure

#: The seed of the table that METRICS.md prints.
SEED = 2026
#: Processes of a full run.
WORKERS = 2

#: Part of the work -> what measures its figures, in the order of the table.
PARTS: dict[str, Callable[[bool, int], list[Figure]]] = {
    "ranges": ranges.figures,
    "shrinkage": shrinkage.figures,
    "standards": standards.figures,
    "slow deals": slow_deals.figures,
    **{f"quiet weeks of {reps}": partial(quiet_weeks.figures, teams=(reps,)) for reps in quiet_weeks.TEAMS},
    "planted gaming": gaming.found,
    "honest reps": gaming.honest,
}
#: The longest first, so that no process is left with it at the end.
_LONGEST = ("honest reps", "quiet weeks of 10", "quiet weeks of 5", "shrinkage", "quiet weeks of 2")

#: Columns of the table of figures.
COLUMNS = ("id", "figure", "measured", "to_reach", "reached", "detail", "value", "error", "seconds")


def simulate(
    full: bool = True, seed: int = SEED, on_progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Play worlds whose truth is known through the public functions, and measure every figure.

    Parameters
    ----------
    full : bool
        Thousands of weeks, in two processes; otherwise a small run in this one, whose figures are rough.
    seed : int
        The same seed gives the same figures, in any order and on any number of processes.
    on_progress : callable, optional
        Called after each part of the work with how many are done, and of how many.

    Returns
    -------
    pandas.DataFrame
        One row per figure: id, figure (in words), measured, to_reach, reached, detail, value and error
        (what `measured` prints, and its standard error: 0 where exact), seconds (the figure's part of the
        time its part of the work took; the only column that differs from run to run).
    """
    measured: dict[str, list[dict[str, object]]] = {}
    for name, figures, seconds in _in_processes(seed) if full else _one_by_one(seed):
        each = round(seconds / len(figures), 2)
        measured[name] = [{**vars(figure), "seconds": each} for figure in figures]
        if on_progress is not None:
            on_progress(len(measured), len(PARTS))
    rows = [row for name in PARTS for row in measured[name]]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.attrs["command"] = f"spm simulate{' --full' if full else ''} --seed {seed}"
    return table


def measure(name: str, full: bool, seed: int) -> tuple[str, list[Figure], float]:
    """The figures of one part of the work, and the seconds they took."""
    began = time.perf_counter()
    figures = PARTS[name](full, seed)
    return name, figures, time.perf_counter() - began


def _one_by_one(seed: int) -> Iterator[tuple[str, list[Figure], float]]:
    for name in PARTS:
        yield measure(name, False, seed)


def _in_processes(seed: int) -> Iterator[tuple[str, list[Figure], float]]:
    """Every part of a full run, as they are done."""
    order = sorted(PARTS, key=lambda name: _LONGEST.index(name) if name in _LONGEST else len(_LONGEST))
    with ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(measure, name, True, seed) for name in order]):
            yield done.result()


def table_text(figures: pd.DataFrame) -> str:
    """The table of figures as Markdown, with the command that makes it.

    Parameters
    ----------
    figures : pandas.DataFrame
        As `simulate` returns them; their seconds are not printed.

    Returns
    -------
    str
        Ends with a newline. The same figures give the same text.
    """
    reached, command = int(figures["reached"].sum()), figures.attrs.get("command", "spm simulate")
    lines = [
        f"`{command}` plays made-up clients whose truth is known through the functions the pages use, and "
        f"measures the figures below: {reached} of {len(figures)} reached. After ± stands the standard error "
        "of the simulation; without one a figure is exact.",
        "",
        "| figure | measured | to reach | reached | how, and what stands beside it |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in figures.to_dict("records"):
        said = "yes" if row["reached"] else "**no**"
        cells = (row["figure"], row["measured"], row["to_reach"], said, f"{row['detail']}.")
        lines.append(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |")
    return "\n".join([*lines, ""])

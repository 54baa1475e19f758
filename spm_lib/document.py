"""METRICS.md, written from the registry: `python -m spm_lib.document` writes it anew.

A definition lives beside its code and nowhere else; a test compares the file with `text`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

# importing them registers every metric
import spm_lib.metrics
import spm_lib.standings  # noqa: F401
from spm_lib.metrics.registry import METRICS, Definition

#: Where the file lies: the top of the project.
PATH = Path(__file__).resolve().parents[1] / "METRICS.md"

_INTRODUCTION = """\
# Metrics

Every number of the workbook, generated from the definitions beside the code by `make metrics-doc`; change a
definition there, not here. A changed definition gets a new
version and the day from which it holds, and a review already published keeps the version of its day.

What holds for every number:

- **No rate without its count.** A rate comes with what it was counted from and, where chance plays a part,
  with the range that fits it: Wilson's 90 % interval; a metric with another range names it.
- **No data is not zero.** A division by nothing is missing (NaN in a table, a dash on a page). A week no
  export reaches has no number; a week that one reaches, and in which nothing happened, has a zero.
- **An outcome has one moment:** the first time the opportunity entered a closed state that it did not leave
  again. The close date that people edit does not move it. Whoever held the opportunity at that moment is
  credited; a split shares the credit, and the shares make one.
- **A period includes its first instant and not the first one after it,** in the client's own time zone: a
  call late on Saturday is Saturday's; a week in which the clocks change is an hour shorter or longer.
- **Groups add up.** The rows of a grouped table, with one for what belongs to nobody, sum to the table
  without groups; money does so to the cent.
- **Money is in the client's currency.** An amount in another one is converted at a dated rate or, without
  one, left out and counted.
- **What is left out is counted,** by its reason.
- **Same tables in, same table out.** A metric changes nothing it is given and never asks for the time.
"""


#: What `spm simulate --full` and `spm backtest` printed last, kept with the code that was measured.
MEASURED = PATH.parent / "spm_lib" / "trust" / "measured.md"
BACKTESTED = PATH.parent / "spm_lib" / "trust" / "backtested.md"

_TRUST = """\
## How far the numbers can be trusted

Measured, not claimed; a figure that is not reached says why.
"""


def text() -> str:
    """The whole of METRICS.md, from the registry as it stands and what was measured last."""
    parts = [_INTRODUCTION, "| metric | question |\n| --- | --- |"]
    parts += [f"| [`{one.id}`](#{one.id}) | {_cell(one.question)} |" for one in _ordered()]
    cards = "\n".join([*parts, "", *(line for one in _ordered() for line in _card(one))])
    trust = [_TRUST, MEASURED.read_text(encoding="utf-8"), BACKTESTED.read_text(encoding="utf-8")]
    return "\n".join([cards.rstrip(), "", *trust]).rstrip() + "\n"


def _ordered() -> list[Definition]:
    return [METRICS[name] for name in sorted(METRICS)]


def _card(one: Definition) -> Iterator[str]:
    """The lines of one metric."""
    groupings = ", ".join(f"`{name}`" for name in one.groupings) or "none"
    yield f"## {one.id}\n"
    yield f"**{one.question}** Version {one.version}, from {one.effective_from:%Y-%m-%d}.\n"
    for name, value in (
        ("Formula", one.formula),
        ("Time base", one.time_base),
        ("Credit", one.credit),
        ("Left out", one.excluded),
        ("When there is nothing", one.empty),
        ("Example", one.example),
    ):
        yield f"- {name}: {value}"
    yield f"- Groups: {groupings}\n"
    yield "| column | meaning |\n| --- | --- |"
    yield from (f"| `{column}` | {_cell(meaning)} |" for column, meaning in one.columns.items())
    yield ""


def _cell(value: str) -> str:
    """Text that does not end a table's cell."""
    return value.replace("|", "\\|")


def main(arguments: list[str] | None = None) -> int:
    """Write METRICS.md, or the file named instead.

    Parameters
    ----------
    arguments : list of str, optional
        At most one: where to write to.

    Returns
    -------
    int
        0, the exit code.
    """
    given = sys.argv[1:] if arguments is None else arguments
    (Path(given[0]) if given else PATH).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

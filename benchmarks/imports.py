"""`import spm_lib`, and the start of the command line, against `import pandas`, each in a fresh process."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial

from benchmarks.harness import ROOT, Row, environment, paired, show

OURS = {
    "import spm_lib": ("-c", "import spm_lib"),
    "from spm_lib import open_review, tables, plots": (
        "-c",
        "from spm_lib import open_review, tables, plots",
    ),
    "spm --help": ("-m", "spm_lib", "--help"),
}
#: What reads and judges a client comes with `open_review`, so that row is asked for less.
AT_MOST = {"from spm_lib import open_review, tables, plots": 2.5}


def python(*arguments: str) -> Callable[[], object]:
    """A fresh interpreter."""
    return partial(
        subprocess.run,
        [sys.executable, *arguments],
        check=True,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
    )


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args(arguments)
    pandas = python("-c", "import pandas")
    rows = []
    for what, command in OURS.items():
        ours = python(*command)
        ours(), pandas()
        limit = AT_MOST.get(what, 1.15)
        rows.append(
            paired(f"`{what}` against `import pandas`", ours, pandas, rounds=given.rounds, at_most=limit)
        )
    show(rows)
    return rows


if __name__ == "__main__":
    main()

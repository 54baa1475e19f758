"""One warm review against the floor: the same tables and figures called in one process, no notebook."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.harness import Row, bare, demo_home, paired, show, warm


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args(arguments)
    with demo_home(given.home) as home:
        floor, review = bare("weekly_review", home), warm("weekly_review", home)
        floor()
        review()
        rows = [
            paired(
                "one warm weekly review, notebook to page, against its functions called bare",
                review,
                floor,
                rounds=given.rounds,
                at_most=1.35,
            )
        ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()

"""Run every benchmark and write results.md: `python -m benchmarks [--home FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import imports, nothing_changed, parent_memory, scale, sizes, throughput, warm_review
from benchmarks.harness import Row, demo_home, report


def main() -> int:
    """Run all; 1 when one of them is not what was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    parser.add_argument("--count", type=int, default=30, help="client-weeks of the throughput")
    parser.add_argument("--reviews", type=int, default=300, help="reviews over which memory is watched")
    parser.add_argument("--room", type=Path, help="where the clients of the scale benchmark are kept")
    parser.add_argument("--full", action="store_true", help="a million opportunities too; ten gigabytes")
    given = parser.parse_args()
    of_scale = [*(["--full"] if given.full else []), *(["--room", str(given.room)] if given.room else [])]
    with demo_home(given.home) as home:
        there = ["--home", str(home)]
        many = ["--count", str(given.count)]
        memory = ["--reviews", str(given.reviews), "--notebook", "owner_update"]
        rows: list[Row] = []
        for measure, told in (
            (warm_review.main, there),
            (imports.main, []),
            (throughput.main, [*there, *many]),
            (nothing_changed.main, there),
            (sizes.main, there),
            (parent_memory.main, [*there, *memory]),
            (scale.main, of_scale),
        ):
            rows += measure(told)
            report(rows)  # after each: one that fails loses no other
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

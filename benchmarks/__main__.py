"""Run every benchmark and write results.md: `python -m benchmarks [--home FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import imports, parent_memory, stock_cli, warm_review
from benchmarks.harness import demo_home, report


def main() -> int:
    """Run all; 1 when one of them is not what was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    given = parser.parse_args()
    with demo_home(given.home) as home:
        there = ["--home", str(home)]
        rows = [
            *warm_review.main(there),
            *imports.main([]),
            *stock_cli.main(there),
            *parent_memory.main(there),
        ]
    report(rows)
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Memory of the publishing process over many reviews: what it holds after the tenth is all it ever holds."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.harness import Row, demo_home, show, warm

#: Reviews after which everything that is loaded once is loaded.
SETTLED = 10
LIMIT_MB = 10.0


def resident_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def growth_mb(home: Path, reviews: int, name: str = "weekly_review") -> tuple[float, float]:
    """Memory after the tenth review, and how much more there is after the last."""
    review = warm(name, home)
    settled = 0.0
    for number in range(1, reviews + 1):
        review()
        if number == min(SETTLED, reviews):
            settled = resident_mb()
    return settled, resident_mb() - settled


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    parser.add_argument("--reviews", type=int, default=40, help="300 is the count the limit is meant for")
    parser.add_argument("--notebook", default="weekly_review")
    given = parser.parse_args(arguments)
    with demo_home(given.home) as home:
        settled, more = growth_mb(home, given.reviews, given.notebook)
    rows = [
        Row(
            f"memory of the publishing process after {given.reviews} reviews, against that after {SETTLED}",
            f"{settled + more:.1f} MB",
            f"{settled:.1f} MB",
            f"{more:+.1f} MB",
            f"under {LIMIT_MB:+g} MB",
            more < LIMIT_MB,
        )
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()

"""One review by the stock command lines of papermill and nbconvert, against ours, on the same notebook."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import CLIENT, ROOT, WEEK, Row, demo_home, environment, paired, show, warm

#: A process that publishes one page and ends; nothing is warm when it starts.
ALONE = """
import sys
from pathlib import Path
from benchmarks.harness import warm
warm("weekly_review", Path(sys.argv[1]))()
"""


def call(*command: str) -> None:
    """Run a command with this environment's tools."""
    subprocess.run(command, check=True, cwd=ROOT, env=environment(), capture_output=True)


def stock(home: Path) -> None:
    """papermill, then nbconvert, as their manuals say."""
    tool = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as room:
        made = f"{room}/made.ipynb"
        told = {"client": CLIENT, "week": WEEK, "home": str(home), "keep": f"{room}/keep"}
        flags = [part for name, value in told.items() for part in ("-p", name, value)]
        source = str(ROOT / "notebooks" / "weekly_review.ipynb")
        call(f"{tool}/papermill", source, made, "-k", "python3", "--no-progress-bar", *flags)
        call(f"{tool}/jupyter", "nbconvert", "--to", "html", "--no-input", made)


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    with demo_home(given.home) as home:
        home = home.resolve()
        review = warm("weekly_review", home)
        review()
        rows = [
            paired(
                f"one weekly review, {how}, against `papermill` and `jupyter nbconvert`",
                ours,
                lambda: stock(home),
                rounds=given.rounds,
                at_most=most,
            )
            for how, ours, most in (
                ("warm", review, 0.5),
                ("in a process of its own", lambda: call(sys.executable, "-c", ALONE, str(home)), 1.0),
            )
        ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()

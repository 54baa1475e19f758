"""Measure every figure in full and write the table beside this file: `python -m spm_lib.trust`."""

from __future__ import annotations

import sys
from pathlib import Path

from spm_lib.trust import simulate, table_text

#: The table that METRICS.md prints.
PATH = Path(__file__).with_name("measured.md")


def main() -> int:
    """Write the table and return the exit code, 0."""

    def tell(done: int, of: int) -> None:
        sys.stderr.write(f"{done} of {of}\n")

    PATH.write_text(table_text(simulate(on_progress=tell)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

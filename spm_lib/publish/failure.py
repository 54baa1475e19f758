"""Why a run failed, in plain words, and kept for the index until a run succeeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from spm_lib.errors import PublishError, SpmError
from spm_lib.publish.machine import without_places
from spm_lib.publish.place import RUNS, write

#: Longest reason that is kept.
_LENGTH = 1000


def as_refusal(problem: Exception) -> SpmError:
    """Any failure as a refusal; one that already is stays as it is."""
    match problem:
        case SpmError():
            return problem
        case OSError():
            refusal = PublishError(
                "a file could not be read or written",
                where=problem.filename if isinstance(problem.filename, str) else None,
                given=problem.strerror or str(problem),
                remedy="check that the folder can be written to and that the disk has room",
            )
        case _:
            refusal = PublishError(
                "the run stopped for a reason nobody foresaw", given=f"{type(problem).__name__}: {problem}"
            )
    refusal.__cause__ = problem
    return refusal


def keep_reason(path: Path, reason: str, places: Iterable[Path]) -> None:
    """Write a reason down, without the folders of this machine."""
    kept = without_places(reason, places)[:_LENGTH]
    write(path, json.dumps({"reason": kept}, ensure_ascii=False) + "\n")


def reasons(reports: Path, client: str) -> dict[str, str]:
    """Week -> reason of every run of a client that failed and was not repeated with success."""
    found = {}
    for path in sorted((reports / RUNS / client).glob("*.failed.json")):
        try:
            reason = json.loads(path.read_text(encoding="utf-8"))["reason"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        found[path.name.removesuffix(".failed.json")] = str(reason)
    return found

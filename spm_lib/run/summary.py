"""What became of a run: a JSON file for monitoring, a few lines for people, and one exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from spm_lib.errors import GateError
from spm_lib.run.job import Done, State

#: Below the reports; written anew by every run.
NAME = ".runs/summary.json"
_SAID: dict[State, str] = {
    "published": "published",
    "current": "unchanged",
    "refused": "stopped by the gate",
    "failed": "failed",
}


def exit_code(done: Sequence[Done]) -> int:
    """0: every client is published or current; 3: the gate alone stopped some; 1: something failed."""
    codes = {one.exit_code for one in done}
    return max(codes, default=0) if codes <= {0, GateError.exit_code} else 1


def summary(done: Sequence[Done], seconds: float) -> str:
    """One line: "3 published, 46 unchanged, 1 failed in 41 s"."""
    counts = _counts(done)
    said = [f"{counts[state]} {word}" for state, word in _SAID.items() if counts[state]]
    return f"{', '.join(said) or 'nothing to do'} in {_time(seconds)}"


def as_json(done: Sequence[Done], *, started_at: str, seconds: float) -> str:
    """The run for a machine.

    Parameters
    ----------
    done : sequence of Done
    started_at : str
        ISO 8601, as the caller knows it.
    seconds : float
        How long the run took.

    Returns
    -------
    str
        A JSON object: started_at, seconds, exit_code, counts (by state), clients (client, week, state,
        seconds, reason, notes, folder; what needs a hand first).
    """
    rank = {"failed": 0, "refused": 1}
    told = sorted(done, key=lambda one: (rank.get(one.state, 2), one.client, one.week))
    whole = {
        "started_at": started_at,
        "seconds": round(seconds, 1),
        "exit_code": exit_code(done),
        "counts": _counts(done),
        "clients": [asdict(one) for one in told],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _counts(done: Sequence[Done]) -> dict[State, int]:
    return {state: sum(one.state == state for one in done) for state in _SAID}


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"

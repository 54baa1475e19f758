"""What became of a run: a JSON file for monitoring, a few lines for people, and one exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from spm_lib.errors import GateError
from spm_lib.run.job import Done, Job, State

#: Below the reports; written anew by every run.
NAME = ".runs/summary.json"
#: How many clients a line names.
_NAMED = 5
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


def broken_off(jobs: Sequence[Job], done: Sequence[Done], why: str = "") -> list[Done]:
    """The jobs of a run that came to no end of its own before they were done, as failures.

    Parameters
    ----------
    jobs : sequence of Job
        All of the run.
    done : sequence of Done
        Those that had come to an end.
    why : str
        What stopped the run; empty where it was ended from outside.
    """
    ended = {(one.client, one.week) for one in done}
    ended_before = "the run was ended before this was done; the report is as it was, the next run makes it"
    left = [job for job in jobs if (job.client, job.week) not in ended]
    return [Done(job.client, job.week, "failed", reason=why or ended_before) for job in left]


def last_words(done: Sequence[Done], left: Sequence[Done]) -> str:
    """A line for a run that did not come to its end: "1 client is done, 2 are not: birch, cedar".

    Parameters
    ----------
    done, left : sequence of Done
        What had come to an end, and what `broken_off` made of the rest.
    """
    if not left:
        return "every client is done; the list of reports is brought up to date by the next run"
    named = ", ".join(one.client for one in left[:_NAMED])
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    have = "1 client is" if len(done) == 1 else f"{len(done)} clients are"
    are, reports = ("is", "its report is") if len(left) == 1 else ("are", "their reports are")
    return f"{have} done, {len(left)} {are} not: {named}{more}; {reports} as before"


def as_json(done: Sequence[Done], *, started_at: str, seconds: float, code: int | None = None) -> str:
    """The run for a machine.

    Parameters
    ----------
    done : sequence of Done
    started_at : str
        ISO 8601, as the caller knows it.
    seconds : float
        How long the run took.
    code : int, optional
        The exit code, of a run that did not come to its end; else it is that of `done`.

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
        "exit_code": exit_code(done) if code is None else code,
        "counts": _counts(done),
        "clients": [asdict(one) for one in told],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _counts(done: Sequence[Done]) -> dict[State, int]:
    return {state: sum(one.state == state for one in done) for state in _SAID}


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"

"""The meetings after the ones that were written by hand: every one that is due until the last week.

The stories of the demo are told by hand until the middle of November 2026. Whoever tries the workbook later
finds the same people still meeting: what was agreed is done by its day, coaching goes on, and what an owner
has let slide stays open. A later week only adds files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Any

import yaml

from spm_lib.demo.exports import File

FOLDER = "meetings"
#: What a meeting repeats of a commitment it comes back to.
_STATED = ("id", "who", "what", "due", "expectation", "about")
#: What is agreed on, in turn: who, and what.
_AGREED = {
    "team": (
        ("manager", "Bring the answers to last week’s questions"),
        ("manager", "Put the open quotes of the team on one page"),
        ("manager", "Ask for the dates of the next trade show"),
    ),
    "one_on_one": (
        ("rep", "Call three accounts that have not heard from us this month"),
        ("manager", "Listen to two calls together"),
        ("rep", "Set a next step for every open quote"),
        ("rep", "Ask two customers whom else we might help"),
    ),
    "owner": (
        ("manager", "Send the forecast with its range before we meet"),
        ("manager", "Bring the one thing the team asks for most"),
    ),
}
_REINFORCED = ("sales_process", "crm_usage", "team_culture")
_TOPICS = {
    "team": "Week in numbers",
    "one_on_one": "What was agreed, and what comes next",
    "owner": "Quarter in numbers",
}
_SAID = {
    "team": (
        "A quiet round; everybody named one quote to decide this week.",
        "Two wins were told in detail, so that all of us know what helped.",
        "We went through what waits longest, and who can move it.",
    ),
    "one_on_one": (
        "The first half hour was the rep’s own list.",
        "We looked at two quotes line by line.",
        "Most of the time went into preparing one visit.",
    ),
    "owner": ("Three numbers, one question, and what we still owe each other.",),
}


@dataclass(frozen=True)
class _Meeting:
    """A meeting written by hand."""

    on: date
    kind: str
    rep: str | None
    front: dict[str, Any]

    @classmethod
    def of(cls, file: File) -> _Meeting:
        """Day, kind and rep are in the file's name."""
        kind, _, rep = file.path.stem[11:].partition("-")
        front = yaml.safe_load(file.content.decode().split("---")[1])
        return cls(date.fromisoformat(file.path.stem[:10]), kind, rep or None, front)


def routine(facts: dict[str, Any], written: Iterable[File], last: date) -> Iterator[File]:
    """The files of every meeting due after the written ones, until a day.

    Parameters
    ----------
    facts : dict
        client.yaml.
    written : iterable of File
        The meetings written by hand.
    last : datetime.date
    """
    told = sorted(map(_Meeting.of, written), key=lambda one: (one.on, one.kind, one.rep or ""))
    for kind, rep in dict.fromkeys((one.kind, one.rep) for one in told if one.kind in facts["cadence"]):
        # what was agreed in any meeting with a rep comes back in the next one-on-one
        near = [one for one in told if one.rep == rep and (rep is not None or one.kind == kind)]
        begins = max(one.on for one in near if one.kind == kind)
        # one that was owed while the stories were told, and is not on file, is a story of its own
        days = [on for on in _every(begins, facts["cadence"][kind], last) if on > told[-1].on]
        yield from _series(facts, kind, rep, days, near)


class _Plain(yaml.SafeDumper):
    """Writes a day that comes twice out twice: a person reads the file."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 yaml's interface
        """Nothing is referred to."""
        return True


def _every(begins: date, days: int, last: date) -> Iterator[date]:
    """Every so many days after a day, until the last."""
    while (begins := begins + timedelta(days=days)) <= last:
        yield begins


def _series(
    facts: dict[str, Any], kind: str, rep: str | None, days: list[date], near: list[_Meeting]
) -> Iterator[File]:
    """One series of meetings, on the days after the written ones."""
    every = timedelta(days=facts["cadence"][kind])
    left = _left_open(near)
    coaching = next((one.front["coaching"] for one in reversed(near) if "coaching" in one.front), None)
    for number, on in enumerate(days):
        due = [one for one in left if one["due"] <= on]
        who, what = _AGREED[kind][number % len(_AGREED[kind])]
        name = "-".join(filter(None, [kind.replace("_", "-"), rep, on.isoformat()]))
        new = {"id": name, "who": rep if who == "rep" else who, "what": what, "due": on + every}
        left = [one for one in left if one not in due] + [new]
        front: dict[str, Any] = {"kind": kind, "held_on": on, "attendees": _attendees(facts, kind, rep, on)}
        front["topics"] = [_TOPICS[kind]]
        if coaching is not None and rep is not None:
            front["coaching"] = coaching
        if kind == "team":
            front["reinforced"] = [_REINFORCED[number % len(_REINFORCED)]]
        front["commitments"] = [{**one, "status": "done", "closed_on": one["due"]} for one in due] + [new]
        yield _file(on, kind, rep, front, _SAID[kind][number % len(_SAID[kind])])


def _left_open(near: Iterable[_Meeting]) -> list[dict[str, Any]]:
    """The commitments the written meetings leave open, as they were stated.

    What an owner has put off before stays open for good: that is the story.
    """
    found: dict[str, dict[str, Any]] = {}
    put_off = set()
    for meeting in near:
        for one in meeting.front.get("commitments", ()):
            before = found.pop(one["id"], one)
            if one["who"] == "owner" and one["due"] != before["due"]:
                put_off.add(one["id"])
            if one.get("status", "open") == "open":
                found[one["id"]] = {key: one[key] for key in _STATED if key in one}
    return [one for key, one in found.items() if key not in put_off]


def _attendees(facts: dict[str, Any], kind: str, rep: str | None, on: date) -> list[str]:
    if rep is not None:
        return [rep, "manager"]
    if kind == "owner":
        return ["owner", "manager"]
    return ["manager", *(one["id"] for one in facts["reps"] if one.get("starts_on", on) <= on)]


def _file(on: date, kind: str, rep: str | None, front: dict[str, Any], said: str) -> File:
    name = "-".join(filter(None, [on.isoformat(), kind, rep]))
    matter = yaml.dump(front, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    return File(PurePosixPath(FOLDER) / f"{name}.md", f"---\n{matter}---\n\n{said}\n".encode())

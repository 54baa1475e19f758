"""What the firm's portfolio says of a client's week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spm_lib import style
from spm_lib.words.conversations import conversation, meeting
from spm_lib.words.said import capital, counted, listed

_NEEDS = {
    "our commitment": "What we promised",
    "meeting to catch up": "A meeting to catch up",
    "goal": "The goal",
    "exports": "The data",
    "decision": "A decision",
    "owner commitment": "What the owner promised",
    "not agreed": "Documents",
    "meeting due": "A meeting",
}


def need(row: Mapping[Any, Any]) -> str:
    """What asks for time, and for whom: "Devon Price: coach up", "What we promised"."""
    what = str(row["what"])
    said = _NEEDS.get(what) or conversation(what)
    if style.is_missing(row["rep"]):
        return said
    return f"{style.plain(row['rep'], 80)}: {said[:1].lower()}{said[1:]}"


def by_when(row: Mapping[Any, Any]) -> str:
    """Until when a conversation is due: "The next meeting is due by 25 November."; empty without a day."""
    if style.is_missing(row["due_on"]) or str(row["topic"]):
        return ""
    return f"The next meeting is due by {style.day(row['due_on'], year=False)}."


def report_state(row: Mapping[Any, Any], week: str) -> str:
    """How a client's report stands, in a sentence; the reason of a run is printed beside it."""
    stands = ""
    if row["state"] in ("broke off", "stopped at the gate") and row["week"]:
        stands = f" {_which(str(row['week']), week)} of an earlier run is what this page tells of."
    match row["state"]:
        case "broke off":
            return f"The run of this week broke off.{stands}"
        case "stopped at the gate":
            return f"The data were stopped at the gate.{stands}"
        case "cannot be read":
            before = f" Week {number(row['week'])} is what this page tells of." if row["week"] else ""
            return f"The newest report cannot be read; publish it again.{before}"
        case "older week":
            return f"No report of this week; the newest is of week {number(row['week'])}."
    return "Published."


def _which(told: str, week: str) -> str:
    return "The report" if told == week else f"The report of week {number(told)}"


def number(week: object) -> str:
    """The number of an ISO week: "2026-W07" -> "7"."""
    return str(week).partition("-W")[2].lstrip("0")


def age_of_data(row: Mapping[Any, Any]) -> str:
    """Until when the exports tell: "until 22 November, the end of the week"."""
    if style.is_missing(row["exports_until"]):
        return "no export behind it" if row["week"] else "not known"
    until = f"until {style.day(row['exports_until'], year=False)}"
    days = int(row["exports_age_days"])
    if days <= 0:
        return f"{until}, {'the end of the week' if not days else 'after the week’s end'}"
    return f"{until}, {counted(days, 'day')} before the week’s end"


def meetings_of(rows: Iterable[Mapping[Any, Any]]) -> list[str]:
    """The meetings of one client: each to catch up, then what is due, one-on-ones together."""
    every = list(rows)
    late = [
        f"{_meeting(row)} was due by {style.day_short(row['due_on'])}"
        for row in every
        if row["what"] == "meeting to catch up"
    ]
    return [*late, *_coming([row for row in every if row["what"] == "meeting due"])]


def _meeting(row: Mapping[Any, Any]) -> str:
    whom = "" if style.is_missing(row["rep"]) else f" with {style.plain(row['rep'], 80)}"
    return f"{meeting(str(row['topic']))}{whom}"


def _coming(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    said = []
    for kind in dict.fromkeys(str(row["topic"]) for row in rows):
        mine = [row for row in rows if row["topic"] == kind]
        days = [style.day_short(day) for day in sorted({row["due_on"] for row in mine})]
        if len(mine) == 1:
            said.append(f"{_meeting(mine[0])} by {days[0]}")
        else:
            by = f"by {days[0]}" if len(days) == 1 else f"between {days[0]} and {days[-1]}"
            said.append(f"{len(mine)} {meeting(kind).lower()}s {by}")
    return said


def changed(rows: Sequence[Mapping[Any, Any]]) -> list[str]:
    """What is new and what no longer asks for time, of one client."""
    said = []
    for change, opening in (("new", "New"), ("gone", "No longer")):
        mine = [need(row) for row in rows if row["change"] == change]
        if mine:
            said.append(f"{opening}: {'; '.join(mine)}")
    return said


def unknown_of(names: Sequence[str], why: str) -> str:
    """Of whom something is not known, and why."""
    return capital(f"not known of {listed([style.plain(name, 80) for name in names])}: {why}")

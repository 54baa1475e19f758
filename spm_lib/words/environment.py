"""What the self-check and the page of a new client say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spm_lib import style
from spm_lib.words.said import capital, counted, listed

#: A document whose name is an abbreviation at its start.
_NAMES = {"crm_usage": "CRM usage"}


def subject(name: object) -> str:
    """A document or another part of the self-check, as pages print it: "Sales goals"."""
    text = str(name)
    return _NAMES.get(text, text.replace("_", " ").capitalize())


def level(row: Mapping[Any, Any]) -> str:
    """A level with its word: "3 of 4", "not answered", "not yet"."""
    if style.is_missing(row["level"]):
        return str(row["basis"])
    return f"{int(row['level'])} of 4"


def mean_level(value: object) -> str:
    """A mean level: "3.4", or "not known"."""
    return "not known" if style.is_missing(value) else f"{style.number(value):.1f}"


def answered(row: Mapping[Any, Any]) -> str:
    """How much of a subject is known: "4 of 5 parts"."""
    return f"{int(row['known_count'])} of {int(row['part_count'])}"


def next_step(row: Mapping[Any, Any]) -> str:
    """What would help, and where: a sentence whose beginning a page sets bold."""
    place = subject(row["subject"])
    if row["state"] != row["subject"]:
        place = f"{place}, {row['state']}"
    if style.is_missing(row["level"]):
        return f"{place}: {row['said']}. Answer it in the file of the self-check. {row['first']}".strip()
    return f"{place}: {level(row)}, {row['said']}. {row['first']}".strip()


def steps_together(rows: Sequence[Mapping[Any, Any]]) -> str:
    """What would help several documents alike: "Reinforced: Sales goals and CRM usage. Come back ..."."""
    first = rows[0]
    if len(rows) == 1:
        return next_step(first)
    answer = "Answer it in the file of the self-check. " if style.is_missing(first["level"]) else ""
    named = listed([subject(row["subject"]) for row in rows])
    return f"{capital(str(first['state']))}: {named}. {answer}{first['first']}".strip()


#: How a page calls a level where it says how a document stands, not how many points it has.
_STANDS = ("Not there", "Begun", "Partly", "Mostly", "Done")


def stands(row: Mapping[Any, Any]) -> str:
    """How one state of a document stands, in a word or two: "Mostly", "Not yet"."""
    return capital(str(row["basis"])) if style.is_missing(row["level"]) else _STANDS[int(row["level"])]


def on_day(value: Any) -> str:
    """A day with its year: "5 October 2026"."""
    return style.day(value)


def ready(row: Mapping[Any, Any]) -> str:
    """Whether there is enough for a number, what is missing, and for how long."""
    have = f"{int(row['have']):,} of {int(row['need'])} {row['unit']}"
    over = "" if style.is_missing(row["window_weeks"]) else f" in {int(row['window_weeks'])} weeks"
    match row["state"]:
        case "ready":
            return f"enough: {int(row['have']):,} {row['unit']}{over}, {int(row['need'])} needed"
        case "missing":
            return f"missing: {row['missing']}"
        case "in time":
            return f"{have}{over}; {_in_weeks(row)}"
        case "too few at this pace":
            return f"{have}{over}; at this pace not enough within the weeks it is read over"
    return f"{have}{over}; how long it takes cannot be told yet"


def _in_weeks(row: Mapping[Any, Any]) -> str:
    """How long until there is enough: "enough in 4 to 8 weeks at the pace so far"."""
    least = int(row["weeks_least"])
    if style.is_missing(row["weeks_most"]):
        return f"enough in {counted(least, 'week')} at the earliest, or not within the weeks it is read over"
    most = int(row["weeks_most"])
    if least == most:
        return f"enough in about {counted(least, 'week')}"
    return f"enough in {least} to {most} weeks at the pace so far"

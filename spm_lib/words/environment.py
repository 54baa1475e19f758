"""What the self-check and the page of a new client say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spm_lib import style

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
            weeks = int(row["weeks_left"])
            return f"{have}{over}; enough in about {weeks} week{'' if weeks == 1 else 's'} at this pace"
        case "too few at this pace":
            return f"{have}{over}; at this pace not enough within the weeks it is read over"
    return f"{have}{over}; how long it takes cannot be told yet"

"""Sentences about conversations, the company's own part, meetings and commitments."""

from __future__ import annotations

from spm_lib import style
from spm_lib.words.said import Row, capital, counted, listed

_CONVERSATIONS = {
    "confront": "Confront",
    "check ourselves first": "Check ourselves first",
    "coach up": "Coach up",
    "celebrate": "Celebrate",
    "keep": "Keep going",
}
_MEETINGS = {
    "team": "Team meeting",
    "one_on_one": "One-on-one",
    "improvement": "Improvement meeting",
    "owner": "Owner catch-up",
}


def conversation(name: str) -> str:
    """The proposed conversation in a word or two."""
    return _CONVERSATIONS.get(name, capital(name))


def meeting(kind: str) -> str:
    """A kind of meeting: "One-on-one"."""
    return _MEETINGS.get(kind, style.label(kind))


def next_meeting(row: Row) -> str:
    """When the meeting of a conversation is next due; empty where none is promised."""
    if style.is_missing(row["next_on"]):
        return "no next meeting is promised"
    return f"next meeting due by {style.day(row['next_on'], year=False)}"


def own_part(gaps: int, unknown: int, late: int, kept: int) -> str:
    """What there is to open: "The company’s own part: 5 to check, 1 not recorded, 2 late, 31 kept"."""
    parts = [
        *([f"{gaps} to check"] if gaps else []),
        *([f"{unknown} not recorded"] if unknown else []),
        *([f"{late} late"] if late else []),
        f"{kept} kept",
    ]
    return f"The company’s own part: {', '.join(parts)}"


def rung(row: Row) -> str:
    """A step of the ladder at which somebody stands apart from everybody else."""
    within = style.percent_range(row["low"], row["high"])
    step = style.label(str(row["rung"]))
    return (
        f"Ask how: of the activities before it, {style.count(row['kept_count'])} of "
        f"{style.count(row['of_count'])} got to “{step}” ({within} fits), apart from everybody else."
    )


def agreement(row: Row) -> str:
    """Since when a rep has agreed to what judges, in which version; or why not."""
    version = style.plain(row["version"], 12)
    state = str(row["state"])
    if state == "agreed":
        return f"agreed on {style.day(row['acknowledged_on'])}, version {version}"
    if state == "edited":
        return f"edited after it was agreed on {style.day(row['before_on'])}; version {version} asks again"
    if state == "newer version":
        return f"version {version} replaced the one agreed on {style.day(row['before_on'])}; it asks again"
    return f"version {version} is not yet agreed"


def meetings_kept(row: Row) -> str:
    """How many promised meetings of a series were held, and what became of the others."""
    promised = style.number(row["promised_count"])
    if not promised:
        return "none was due yet"
    said = f"{style.count(row['held_count'])} of {style.count(promised)} held"
    others = [
        f"{style.count(row[name])} {word}"
        for name, word in (("missed_count", "missed with a reason"), ("unrecorded_count", "not on record"))
        if row[name]
    ]
    return f"{said}, {listed(others)}" if others else said


def next_due(row: Row) -> str:
    """When the next meeting of a series is due: "by 26 Nov", "since 12 Nov"."""
    day = style.day_short(row["next_due_on"])
    return f"by {day}" if style.is_missing(row["overdue_days"]) else f"since {day}"


def commitments_kept(row: Row) -> str:
    """How many commitments somebody did by their day, with the range that fits, and what is open."""
    n, parts = style.number(row["n"]), []
    if n:
        within = style.percent_range(row["low"], row["high"])
        parts.append(f"{style.count(row['kept_count'])} of {style.count(n)} by their day ({within} fits)")
    if row["dropped_count"]:
        parts.append(f"{style.count(row['dropped_count'])} dropped")
    if row["open_count"]:
        parts.append(f"{style.count(row['open_count'])} open{_past(row)}")
    return ", ".join(parts) or "none yet"


def _past(row: Row) -> str:
    """How many of the open ones are past their day."""
    late, every = style.number(row["overdue_count"]), style.number(row["open_count"])
    if not late:
        return ""
    if late == every:
        return " and past its day" if late == 1 else " and past their day"
    return f", {style.count(late)} of them past {'its' if late == 1 else 'their'} day"


def when_due(row: Row) -> str:
    """A commitment's day: "was due on 18 Nov, 9 days ago", "due by 2 Dec, agreed 12 days ago"."""
    day = style.day_short(row["due_on"])
    if not style.is_missing(row["overdue_days"]):
        return f"was due on {day}, {counted(row['overdue_days'], 'day')} ago"
    return f"due by {day}, agreed {counted(row['age_days'], 'day')} ago"


def learnt(row: Row) -> str:
    """What was taught, by whom, and what it was meant to move."""
    moves = row["moves"]
    aim = "" if style.is_missing(moves) else f", to move {_inside(style.measure(str(moves)))}"
    return f"{style.day_short(row['on'])}: {style.plain(row['topic'], 160)}, by {style.plain(row['by'])}{aim}"


def _inside(name: str) -> str:
    return name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"

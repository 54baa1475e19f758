"""The next meeting's file: what was agreed, what to come back to, room to write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from spm_lib.client import Client
from spm_lib.errors import UsageError
from spm_lib.meetings.commitments import Carried, carried
from spm_lib.meetings.files import FOLDER, Meetings
from spm_lib.meetings.models import KINDS, MANAGER, OWNER, WITH_A_REP, one_line
from spm_lib.meetings.new_file import write_new

#: A meeting brings back this many documents at most.
REINFORCED_AT_ONCE = 2


def next_meeting(
    kind: str,
    rep: str | None,
    on: date,
    client: Client,
    meetings: Meetings,
    findings: Sequence[str] = (),
    *,
    documents: Sequence[str] = (),
) -> str:
    """The text of the next meeting's file, for people to fill in.

    Parameters
    ----------
    kind : str
        One of the kinds of meeting.
    rep : str or None
        Rep id, for a one-on-one and an improvement meeting.
    on : datetime.date
        The day of the meeting.
    client : Client
    meetings : Meetings
        Those before it count.
    findings : sequence of str, optional
        What the week showed, a plain sentence each.
    documents : sequence of str, optional
        Those in force; the ones never brought back, or longest ago, are proposed. Without it, the ones that
        meetings came back to before.

    Returns
    -------
    str
        Front matter with every commitment that is still open in this series of meetings (all of a rep's own,
        for a meeting with the rep), and prose. It holds nothing private.

    Raises
    ------
    UsageError
        No such kind, no such rep, a rep where there is none.
    """
    _check(kind, rep, client)
    open_ones = [one for one in carried(meetings, on) if one.is_open and _belongs(one, kind, rep)]
    front: dict[str, Any] = {"kind": kind, "held_on": on, "attendees": _attendees(kind, rep, on, client)}
    front["topics"] = []
    if kind in WITH_A_REP:
        front["coaching"] = []
    front["reinforced"] = _to_reinforce(meetings, rep, on, documents)
    front["commitments"] = [_restated(one) for one in open_ones]
    matter = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{matter}---\n\n{_prose(kind, rep, on, meetings, findings, open_ones)}"


def write_next(
    folder: Path,
    kind: str,
    rep: str | None,
    on: date,
    client: Client,
    meetings: Meetings,
    findings: Sequence[str] = (),
    *,
    documents: Sequence[str] = (),
) -> Path:
    """Write `next_meeting` into a client's folder, complete or not at all; a file that is there stays.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder.
    kind, rep, on, client, meetings, findings, documents
        As in `next_meeting`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        As in `next_meeting`; or the file is there already, or cannot be written.
    """
    text = next_meeting(kind, rep, on, client, meetings, findings, documents=documents)
    return write_new(Path(folder) / FOLDER / file_name(kind, rep, on), text, "meeting")


def file_name(kind: str, rep: str | None, on: date) -> str:
    """The name of a meeting's file.

    Raises
    ------
    UsageError
        The rep's id cannot be part of a file's name.
    """
    if rep is not None and (set(rep) & set('/\\:*?"<>|') or one_line(rep) != rep):
        raise UsageError(
            "the rep’s id cannot be part of a file’s name", given=rep, remedy="give the rep a plainer id"
        )
    return f"{on.isoformat()}-{kind}{'' if rep is None else '-' + rep}.md"


def _check(kind: str, rep: str | None, client: Client) -> None:
    """Refuse a meeting that cannot be."""
    if kind not in KINDS:
        raise UsageError("no such kind of meeting", given=kind, remedy=f"one of {', '.join(KINDS)}")
    if (rep is not None) != (kind in WITH_A_REP):
        with_rep = ", ".join(WITH_A_REP)
        raise UsageError(
            f"a meeting of the kind {kind} is {'with one rep' if rep is None else 'with no single rep'}",
            given=rep,
            remedy=f"name a rep for {with_rep}, and for no other",
        )
    known = [one.id for one in client.reps]
    if rep is not None and rep not in known and not client.reps_from_exports:
        raise UsageError("unknown rep", given=rep, remedy=f"known reps: {', '.join(known) or 'none'}")


def _belongs(one: Carried, kind: str, rep: str | None) -> bool:
    """Whether a meeting of this kind comes back to a commitment.

    Whatever series ever stated it carries it on; a rep's own, and the owner's, come up with them as well.
    """
    if kind in WITH_A_REP:
        return one.last.who == rep or any(meeting.rep == rep for meeting, _ in one.statements)
    return (kind == "owner" and one.last.who == OWNER) or any(
        meeting.kind == kind for meeting, _ in one.statements
    )


def _attendees(kind: str, rep: str | None, on: date, client: Client) -> list[str]:
    """Who is expected."""
    if rep is not None:
        return [rep, MANAGER]
    if kind == "owner":
        return [OWNER, MANAGER]
    there = (one for one in client.reps if (one.starts_on or on) <= on < (one.ends_on or date.max))
    return [MANAGER, *(one.id for one in there)]


def _restated(one: Carried) -> dict[str, Any]:
    """An open commitment as the next file states it; the day that was said last, agreed anew or not."""
    kept = one.last.model_dump(
        include={"id", "who", "what", "due", "expectation", "about"}, exclude_none=True
    )
    return {**kept, "status": "open"}


def _to_reinforce(meetings: Meetings, rep: str | None, on: date, documents: Sequence[str]) -> list[str]:
    """The documents nobody came back to for the longest time, those never brought back first."""
    last: dict[str, date] = {}
    for one in meetings.held(on):
        if rep is None or rep in one.front.attendees:
            last.update(dict.fromkeys(one.front.reinforced, one.on))
    names = list(dict.fromkeys(documents or sorted(last)))
    return sorted(names, key=lambda name: last.get(name, date.min))[:REINFORCED_AT_ONCE]


def _prose(
    kind: str,
    rep: str | None,
    on: date,
    meetings: Meetings,
    findings: Sequence[str],
    open_ones: Sequence[Carried],
) -> str:
    """The headings to write under, with what is known already."""
    told = [f"- {line}" for line in map(one_line, findings) if line]
    parts = ["## What we said we would do", _how_to_fill(open_ones)]
    parts += ["## What went well", "", "## What the week shows", "\n".join(told)]
    if kind in WITH_A_REP:
        parts += ["## What we work on together", _last_focus(meetings, rep, on)]
    if kind == "team":
        parts += ["## One thing to learn together", ""]
    parts += ["## What helps, and what each of us does next", ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _how_to_fill(open_ones: Sequence[Carried]) -> str:
    if not open_ones:
        return "Nothing is open from last time."
    many = "One is" if len(open_ones) == 1 else f"{len(open_ones)} are"
    return (
        f"{many} open and listed above. For each, write `status: done` with `closed_on:`, or "
        "`status: dropped` with `why:`, or leave it open, with a new `due:` if you agree on one."
    )


def _last_focus(meetings: Meetings, rep: str | None, on: date) -> str:
    """What the last coaching was about, as a sentence."""
    coached = [one for one in meetings.held(on) if one.rep == rep and one.front.coaching]
    if not coached:
        return "No coaching is written down yet. Choose one focus: skill, will, knowledge or system."
    last = coached[-1].front.coaching[-1]
    note = f" ({last.note})" if last.note else ""
    since = coached[-1].on.isoformat()
    return f"On {since} the focus was {last.focus}{note}. What has changed since? Keep it, or choose another."

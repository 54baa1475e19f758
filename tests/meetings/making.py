"""Meetings typed in for a test, without files."""

from __future__ import annotations

from datetime import date

from spm_lib.client import Client, Rep
from spm_lib.meetings import Meeting, Meetings
from spm_lib.meetings.models import Front

REPS = ("ana", "ben")
CLIENT = Client(
    name="Mill",
    currency="USD",
    time_zone="America/Chicago",
    manager="Kim",
    owner="Olga",
    reps=tuple(Rep(id=rep) for rep in REPS),
)


def day(text):
    return date.fromisoformat(text)


def meeting(on, kind="team", rep=None, **front):
    """One meeting; held, with the rep and the manager there, unless something else is said."""
    if "missed" not in front:
        front = {
            "held_on": on,
            "attendees": (["manager", rep] if rep else ["manager", "ana", "ben"]),
            **front,
        }
    name = f"{on}-{kind}{'' if rep is None else '-' + rep}.md"
    return Meeting(kind, day(on), rep, Front.model_validate({"kind": kind, **front}), "", name)


def meetings(*some):
    return Meetings(some)


def said(one="call", who="ana", what="Call the mill", due="2026-11-10", **more):
    """One commitment as a meeting states it."""
    return {"id": one, "who": who, "what": what, "due": due, **more}

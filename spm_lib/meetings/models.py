"""What the front matter of a meeting may hold."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from spm_lib.client import Strict

Kind = Literal["team", "one_on_one", "improvement", "owner"]
Focus = Literal["skill", "will", "knowledge", "system"]
Status = Literal["open", "done", "dropped"]

KINDS: tuple[Kind, ...] = get_args(Kind)
#: Meetings with one rep; the file's name says with whom.
WITH_A_REP = ("one_on_one", "improvement")
#: Who may commit to something besides the reps.
MANAGER, OWNER = "manager", "owner"
#: What concerns every rep.
TEAM = "team"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def one_line(text: str) -> str:
    """A text on one line, without control signs: it is printed in lists and compared."""
    return " ".join("".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in text).split())


def _day(value: Any) -> Any:
    # pydantic takes a bare number for seconds since 1970: `due: 0` would be due on 1 January 1970
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value.strip())):
        return value
    raise ValueError("not a day, write it like 2026-11-02")


def _line(value: Any) -> Any:
    if isinstance(value, str) and not one_line(value):
        raise ValueError("is empty")
    return one_line(value) if isinstance(value, str) else value


def several(value: Any) -> Any:
    """A list: `topics:` with nothing behind it is how a form is left, and one thing needs no list."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else [value]


Day = Annotated[date, BeforeValidator(_day)]
Line = Annotated[str, BeforeValidator(_line)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(several)]


class Commitment(Strict):
    """What somebody will do by a day, as one meeting states it.

    Attributes
    ----------
    id : str
        The same in every meeting that comes back to it.
    who : str
        A rep's id, "manager" or "owner".
    what : str
    due : datetime.date
        The last day on which it is in time.
    expectation : str, optional
        The document it serves.
    about : str, optional
        The rep it concerns, or "team"; in a meeting with a rep, and in the team's, it goes without saying.
        In a meeting with one rep, manager and owner promise nothing about anybody else.
    status : {"open", "done", "dropped"}
    why : str, optional
        Why it was dropped.
    closed_on : datetime.date, optional
        When it was done or dropped; the day of the meeting that says so, where it is left out.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)
    who: Line
    what: Line
    due: Day
    expectation: Line | None = None
    about: Line | None = None
    status: Status = "open"
    why: Line | None = None
    closed_on: Day | None = None

    @model_validator(mode="after")
    def _status_is_told(self) -> Commitment:
        if self.status == "dropped" and self.why is None:
            raise ValueError("dropped without a reason, add `why:`")
        if self.status == "open" and self.closed_on is not None:
            raise ValueError("closed_on is given, but the status is open")
        return self


class Coaching(Strict):
    """What one rep was coached on; `by` is the manager unless it says otherwise."""

    focus: Focus
    note: Line | None = None
    by: Line | None = None


class Learning(Strict):
    """What was taught, by whom, and which measure it was meant to move."""

    topic: Line
    by: Line
    moves: Line | None = None


class Belief(Strict):
    """The manager's private check: whether faith was lost, and what of our own part was checked first."""

    lost_faith: bool
    checked: Line | None = None


class Front(Strict):
    """The front matter of one meeting, held or missed."""

    kind: Kind
    held_on: Day | None = None
    missed: Line | None = None
    rep: Line | None = None
    attendees: Lines = ()
    guests: Lines = ()
    topics: Lines = ()
    learning: Annotated[tuple[Learning, ...], BeforeValidator(several)] = ()
    coaching: Annotated[tuple[Coaching, ...], BeforeValidator(several)] = ()
    reinforced: Lines = ()
    commitments: Annotated[tuple[Commitment, ...], BeforeValidator(several)] = ()
    belief: Belief | None = Field(default=None, repr=False)
    private: str | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _held_or_missed(self) -> Front:
        if (self.held_on is None) == (self.missed is None):
            raise ValueError("say either `held_on:` or `missed:` with the reason")
        if self.missed is not None and any((self.learning, self.coaching, self.reinforced, self.commitments)):
            raise ValueError("a missed meeting taught, coached, reinforced and agreed nothing")
        if self.held_on is not None and not self.attendees:
            raise ValueError("attendees are missing, add `attendees:`")
        if self.coaching and self.kind not in WITH_A_REP:
            raise ValueError(
                "coaching belongs to a meeting with one rep; what everybody was taught is `learning:`"
            )
        return self

"""Meeting files: one per meeting, read, checked against the client, and held together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spm_lib.client import Client, fold
from spm_lib.client import faults as faults_of
from spm_lib.errors import DocumentError
from spm_lib.expectations.front_matter import FrontMatter, load, split
from spm_lib.meetings.models import KINDS, MANAGER, OWNER, TEAM, WITH_A_REP, Commitment, Front, Kind

FOLDER = "meetings"
_NAME = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})-({'|'.join(KINDS)})(?:-(.+))?\.md", re.IGNORECASE)
#: Keys whose content is not repeated in a message.
_PRIVATE = {"belief", "private"}


@dataclass(frozen=True)
class Meeting:
    """One meeting, held or missed.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    on : datetime.date
        The day it was held, or would have been.
    rep : str or None
        With whom, for a one-on-one and an improvement meeting.
    front : Front
        The checked front matter; people in it by rep id, "manager" or "owner".
    prose : str
        Notes for everybody who was there.
    file : str
        Its file name.
    lines : tuple of int
        The line of each commitment in the file.
    """

    kind: Kind
    on: date
    rep: str | None
    front: Front
    prose: str
    file: str
    lines: tuple[int, ...] = field(default=(), compare=False, repr=False)

    @property
    def held(self) -> bool:
        """Whether it took place."""
        return self.front.missed is None

    def public(self) -> Meeting:
        """The meeting without the manager's private notes and check."""
        return replace(self, front=self.front.model_copy(update={"private": None, "belief": None}))


@dataclass(frozen=True)
class Meetings:
    """Every meeting of one client, oldest first, whatever order they come in.

    Attributes
    ----------
    all : tuple of Meeting
    """

    all: tuple[Meeting, ...] = ()

    def __post_init__(self) -> None:
        in_order = sorted(self.all, key=lambda one: (one.on, one.kind, one.rep or "", one.file))
        object.__setattr__(self, "all", tuple(in_order))

    @classmethod
    def load(cls, folder: Path, client: Client) -> Meetings:
        """The meetings in a client's folder; none where there is no such folder yet.

        Raises
        ------
        DocumentError
            The first fault that `check_meetings` finds.
        """
        meetings, faults = _read_all(folder, client)
        if faults:
            raise faults[0]
        return meetings

    def public(self) -> Meetings:
        """The meetings without private notes and without the manager's check of belief."""
        return Meetings(tuple(one.public() for one in self.all))

    def seen_by(self, rep: str) -> Meetings:
        """What a rep may see: the team's meetings and their own, without what is private."""
        return Meetings(tuple(one.public() for one in self.all if one.kind == "team" or one.rep == rep))

    def held(self, on: date) -> tuple[Meeting, ...]:
        """Those held until a day, itself included."""
        return tuple(one for one in self.all if one.held and one.on <= on)


def check_meetings(folder: Path, client: Client) -> list[DocumentError]:
    """Every fault of the meeting files of a client, by file; an empty list when there is none.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder.
    client : Client
    """
    return _read_all(folder, client)[1]


def read_meeting(path: Path, client: Client) -> Meeting:
    """Read and check one meeting.

    Raises
    ------
    DocumentError
        The first fault, with file and line.
    """
    meeting, faults = _read(path, client)
    if meeting is None:
        raise faults[0]
    return meeting


def _read_all(folder: Path, client: Client) -> tuple[Meetings, list[DocumentError]]:
    """The meetings that can be read, and what is wrong with the others or between them."""
    below = Path(folder) / FOLDER
    paths = [path for path in sorted(below.glob("*")) if path.is_file() and path.suffix.lower() == ".md"]
    found, faults = [], []
    for path in paths:
        if path.name.startswith("."):  # what an editor or a crash left
            continue
        meeting, wrong = _read(path, client)
        faults += wrong
        if meeting is not None:
            found.append(meeting)
    meetings = Meetings(tuple(found))
    return meetings, [*faults, *_same_day(meetings), *contradictions(meetings)]


def _read(path: Path, client: Client) -> tuple[Meeting | None, list[DocumentError]]:
    try:
        text, prose = split(path.read_text(encoding="utf-8-sig"), path.name)
        matter = load(text, path.name)
        kind, on, rep = _named(path.name, client)
    except UnicodeDecodeError:
        return None, [DocumentError("the file is not UTF-8 text", where=path.name, remedy="save it as UTF-8")]
    except DocumentError as fault:
        return None, [fault]
    try:
        front = Front.model_validate(matter.facts)
    except ValidationError as problem:
        return None, list(_explained(problem, matter, path.name))
    front, faults = _people(front, matter, path.name, client)
    faults += _disagreements(front, (kind, on, rep), matter, path.name)
    if faults:
        return None, faults
    lines = tuple(matter.line_of(("commitments", n)) for n in range(len(front.commitments)))
    return Meeting(front.kind, on, rep, front, prose.strip(), path.name, lines), []


def _named(name: str, client: Client) -> tuple[str, date, str | None]:
    """Kind, day and rep as a file's name tells them."""
    match = _NAME.fullmatch(name)
    remedy = f"name it <date>-<kind>.md or <date>-<kind>-<rep>.md, the kind one of {', '.join(KINDS)}"
    if match is None:
        raise DocumentError("not the name of a meeting", where=name, given=name, remedy=remedy)
    day, kind, who = match[1], match[2].lower(), match[3]
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise DocumentError("the file's name has no such day", where=name, given=day, remedy=remedy) from None
    if (who is not None) != (kind in WITH_A_REP):
        what = "names no rep" if who is None else f"names a rep, but a meeting of the kind {kind} has none"
        raise DocumentError(f"the file’s name {what}", where=name, given=name, remedy=remedy)
    if who is None:
        return kind, on, None
    rep = _person(who, client)
    if rep is None or rep in (MANAGER, OWNER):
        raise DocumentError("unknown rep", where=name, given=who, remedy=f"known reps: {_known(client)}")
    return kind, on, rep


def _person(text: str, client: Client) -> str | None:
    """Rep id, "manager" or "owner" for any spelling of theirs."""
    spelling = fold(text)
    roles = {MANAGER: MANAGER, OWNER: OWNER, fold(client.manager): MANAGER, fold(client.owner): OWNER}
    known = {**roles, **client.rep_by_spelling(), MANAGER: MANAGER, OWNER: OWNER}
    return known.get(spelling) or (text if client.reps_from_exports else None)


def _known(client: Client) -> str:
    return ", ".join(rep.id for rep in client.reps) or "none"


def _explained(problem: ValidationError, front: FrontMatter, name: str) -> Iterator[DocumentError]:
    """Every fault of a front matter in plain words, with its line."""
    for fault in faults_of(problem, Front):
        place: tuple[int | str, ...] = fault["place"]
        # a fault of the whole would print all of it, what is private too
        quiet = not place or place[0] in _PRIVATE or isinstance(fault.get("given"), dict)
        what = fault["what"].replace("the whole: ", "").replace("Value error, ", "")
        where = f"{name}, line {front.line_of(place)}"
        given = None if quiet else fault.get("given")
        yield DocumentError(what, where=where, given=given, remedy=fault.get("remedy"))


def _people(
    front: Front, matter: FrontMatter, name: str, client: Client
) -> tuple[Front, list[DocumentError]]:
    """The front matter with everybody by id, and who is not known."""
    faults: list[DocumentError] = []

    def known(text: str, *place: str | int) -> str:
        person = _person(text, client)
        if person is None:
            faults.append(
                DocumentError(
                    f"{place[0]}: unknown rep",
                    where=f"{name}, line {matter.line_of(place)}",
                    given=text,
                    remedy=f"known: {_known(client)}, manager, owner; others are `guests:`",
                )
            )
        return person or text

    commitments: tuple[Commitment, ...] = tuple(
        one.model_copy(
            update={
                "who": known(one.who, "commitments", number, "who"),
                "about": one.about
                if one.about in (None, TEAM)
                else known(one.about, "commitments", number, "about"),
            }
        )
        for number, one in enumerate(front.commitments)
    )
    changed: dict[str, Any] = {
        "commitments": commitments,
        "attendees": tuple(known(who, "attendees", number) for number, who in enumerate(front.attendees)),
        "rep": None if front.rep is None else known(front.rep, "rep"),
    }
    return front.model_copy(update=changed), faults


def _disagreements(
    front: Front, named: tuple[str, date, str | None], matter: FrontMatter, name: str
) -> list[DocumentError]:
    """Where the front matter and the file's name, or the front matter itself, do not go together."""
    kind, on, rep = named
    faults = []

    def fault(key: str, what: str, given: object, remedy: str) -> None:
        place = f"{name}, line {matter.line_of((key,))}"
        faults.append(DocumentError(what, where=place, given=given, remedy=remedy))

    for key, says, file_says in (("kind", front.kind, kind), ("held_on", front.held_on, on)):
        if says is not None and says != file_says:
            fault(key, f"{key} and the file’s name disagree", str(says), f"the name says {file_says}")
    if front.rep is not None and front.rep != rep:
        fault("rep", "rep and the file’s name disagree", front.rep, f"the name says {rep}")
    if rep is not None and front.missed is None and rep not in front.attendees:
        fault("attendees", "the rep was not there", rep, f"add {rep} to the attendees, or say `missed:`")
    ids = [one.id for one in front.commitments]
    for number, one in enumerate(ids):
        if one in ids[:number]:
            where = f"{name}, line {matter.line_of(('commitments', number))}"
            faults.append(DocumentError("a commitment comes twice", where=where, given=one))
    return faults


def _same_day(meetings: Meetings) -> Iterator[DocumentError]:
    """Two files for one meeting."""
    seen: dict[tuple[str, str | None, date], str] = {}
    for one in meetings.all:
        first = seen.setdefault((one.kind, one.rep, one.on), one.file)
        if first != one.file:
            yield DocumentError(
                "two meetings of one kind on the same day",
                where=f"{one.file}, line 1",
                given=f"{one.file} and {first}",
                remedy="put both into one file",
            )


def contradictions(meetings: Meetings) -> Iterator[DocumentError]:
    """Commitments that one meeting states otherwise than another, each with file and line.

    Parameters
    ----------
    meetings : Meetings

    Yields
    ------
    DocumentError
        One id with two texts or two people; closed before it was made; done and dropped on one day; the
        manager or the owner promising something about somebody else in a meeting with one rep.
    """
    first: dict[str, tuple[Meeting, Commitment]] = {}
    closed: dict[tuple[str, date], Commitment] = {}
    for meeting in meetings.all:
        for number, one in enumerate(meeting.front.commitments):
            where = f"{meeting.file}, line {meeting.lines[number] if meeting.lines else 1}"
            if one.id not in first:
                yield from _about_another(one, where, meeting)
            yield from _against_first(one, where, *first.setdefault(one.id, (meeting, one)))
            if one.status == "open":
                continue
            other = closed.setdefault((one.id, meeting.on), one)
            if other.status != one.status:
                yield DocumentError(
                    f"two meetings of one day say {other.status} and {one.status} of {one.id}",
                    where=where,
                    remedy="make both say the same",
                )


def _about_another(one: Commitment, where: str, meeting: Meeting) -> Iterator[DocumentError]:
    """A promise that concerns others has to be told to them, and what is said with one rep stays there."""
    if meeting.rep is not None and one.who in (MANAGER, OWNER) and one.about not in (None, meeting.rep):
        yield DocumentError(
            "a promise about somebody else in a meeting with one rep",
            where=where,
            given=one.about,
            remedy="leave `about:` out where it concerns this rep; else write it into the owner’s or the "
            "team’s meeting, or into one with the rep it concerns",
        )


def _against_first(one: Commitment, where: str, made: Meeting, before: Commitment) -> Iterator[DocumentError]:
    """Where a statement does not go with the one that made the commitment."""
    for key in ("what", "who"):
        said, earlier = getattr(one, key), getattr(before, key)
        if fold(said) != fold(earlier):
            yield DocumentError(
                f"the commitment {one.id} has another `{key}` than in {made.file}",
                where=where,
                given=said,
                remedy=f"write {earlier!r}, or give the new commitment an id of its own",
            )
    if one.closed_on is not None and one.closed_on < made.on:
        yield DocumentError(
            f"the commitment {one.id} was closed before it was made",
            where=where,
            given=str(one.closed_on),
            remedy=f"it was made on {made.on}, in {made.file}",
        )

"""The lines of one rep's trail but for the improvement plans: a function per kind of record.

Nothing private is read here: the meetings come without their notes for the manager alone. Of other reps only
what names nobody is taken; `Record.clean` takes names out of somebody's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from spm_lib import style, words
from spm_lib.client import Client, Rep
from spm_lib.expectations import KINDS, Document, IndividualPlan
from spm_lib.expectations.acknowledgements import FILE as ACKNOWLEDGEMENTS
from spm_lib.expectations.acknowledgements import STEPS
from spm_lib.expectations.standards import is_for
from spm_lib.meetings import Meetings, promises
from spm_lib.meetings.commitments import Carried, carried
from spm_lib.meetings.files import Meeting
from spm_lib.meetings.models import MANAGER, OWNER, TEAM, WITH_A_REP
from spm_lib.periods import Period, shift_weeks
from spm_lib.review import Review
from spm_lib.sheets.names import unnamed
from spm_lib.view import Source
from spm_lib.words import trail as told

CLIENT_FILE = "client.yaml"
#: Standings a change to which is a line.
_TELL = ("exceeds", "meets", "watch", "below")
#: Where nothing is judged there is nothing to follow back: the next look is so many weeks before.
UNJUDGED_WEEKS = 4


class Line(NamedTuple):
    """One dated line: what it is about, what happened, and the file that says so."""

    on: date
    about: str
    said: str
    source: str


@dataclass(frozen=True)
class Record:
    """What is on record of one rep by a day.

    Attributes
    ----------
    source : Source
    rep : Rep
    on : datetime.date
        What is dated later is not known yet.
    """

    source: Source
    rep: Rep
    on: date

    @property
    def client(self) -> Client:
        """Whose rep it is."""
        return self.source.client

    @property
    def name(self) -> str:
        """The rep's printed name."""
        return self.rep.name or self.rep.id

    @property
    def last_day(self) -> date:
        """The last day looked at on which the rep was on the team."""
        return self.on if self.rep.ends_on is None else min(self.on, self.rep.ends_on - timedelta(days=1))

    @cached_property
    def week(self) -> Period:
        """The last whole week on the team."""
        return shift_weeks(self.client.week_of(self.last_day + timedelta(days=1)), -1)

    @cached_property
    def review(self) -> Review:
        """Of that week."""
        return Review(self.source, self.week)

    @cached_property
    def meetings(self) -> Meetings:
        """Every meeting on file, without what is private."""
        return Meetings.load(self.source.folder, self.client).public()

    @cached_property
    def promises(self) -> pd.DataFrame:
        """``meetings.promises`` of the rep by the day, for meetings with one rep."""
        began = min((one.on for one in self.meetings.all), default=self.on)
        since = self.client.managed_since or began
        table = promises(self.meetings, self.client.promised_meetings, self.client, since, self.on)
        return table[table["rep_id"].eq(self.rep.id).fillna(False).astype(bool)]

    @cached_property
    def commitments(self) -> tuple[Carried, ...]:
        """What the rep promised, and what manager and owner promised about the rep or everybody."""
        return tuple(one for one in carried(self.meetings, self.on) if self._concerns(one))

    def _concerns(self, one: Carried) -> bool:
        who = one.first[1].who
        return who == self.rep.id or (who in (MANAGER, OWNER) and one.about in (self.rep.id, TEAM))

    @cached_property
    def versions(self) -> list[tuple[date, str, Document | None]]:
        """(day, kind, document): each version from the day it applied to the rep on; None where none did."""
        found: list[tuple[date, str, Document | None]] = []
        for kind in KINDS:
            mine = [one for one in self.source.expectations.documents if one.kind == kind]
            ends = (one.front.effective_from for one in mine), (one.front.effective_to for one in mine)
            days = {day for some in ends for day in some if day is not None}
            first = self.rep.starts_on or min(days, default=self.on)
            current: Document | None = None
            for day in sorted({first, *(day for day in days if first < day)}):
                if day > self.last_day:
                    break
                holds = self.source.expectations.for_rep(kind, self.rep, day)
                if holds != current:
                    found.append((day, kind, holds))
                    current = holds
        return found

    @cached_property
    def clean(self) -> Callable[[str], str]:
        """Words without the names of other reps."""
        return unnamed(self.client, self.rep.id)

    def person(self, who: str) -> str:
        """The printed name of who commits to something."""
        names = {self.rep.id: self.name, MANAGER: self.client.manager, OWNER: self.client.owner}
        return names.get(who) or style.label(who)


def team_lines(record: Record) -> Iterator[Line]:
    """When the rep came, and left."""
    rep = record.rep
    if rep.starts_on is not None:
        yield Line(rep.starts_on, "Team", told.joined(record.name), CLIENT_FILE)
    if rep.ends_on is not None:
        yield Line(rep.ends_on, "Team", told.left(record.name), CLIENT_FILE)


def document_lines(record: Record) -> Iterator[Line]:
    """Every version that applied, from when on, what it asks for and what the company promises in it."""
    before: dict[str, Document] = {}
    for day, kind, document in record.versions:
        about = told.document_name(kind)
        if document is None:
            yield Line(day, about, told.no_longer(before[kind].version), before[kind].file)
            continue
        front = document.front
        judged = [
            told.asked(one.metric, side, value, one.weeks, one.minimum_n)
            for one in front.judged_by
            if is_for(one.applies_to, record.rep)
            for side, value in (("at least", one.at_least), ("at most", one.at_most))
            if value is not None
        ]
        replaced = before[kind].version if kind in before else ""
        said = told.in_force(front.title, document.version, front.effective_from, day, judged, replaced)
        yield Line(day, about, said, document.file)
        if isinstance(front, IndividualPlan):
            for part in front.resources:
                by = record.person(part.promised_by or "the company")
                yield Line(day, "Promise", told.promised(part.what, part.due, by), document.file)
        before[kind] = document


def acknowledgement_lines(record: Record) -> Iterator[Line]:
    """Each step of each version the rep read, reviewed together or came back to."""
    documents = record.source.expectations.documents
    for row in record.source.acknowledgements.rows:
        if row.rep != record.rep.id:
            continue
        on_file = any(row.is_of(one) for one in documents)
        for step in STEPS:
            if (day := row.day(step)) is not None:
                said = told.acknowledged(step, row.version, on_file)
                yield Line(day, told.document_name(row.kind), said, ACKNOWLEDGEMENTS)


def meeting_lines(record: Record) -> Iterator[Line]:
    """Every meeting with the rep, held or missed, and those that were due without a word on record."""
    for one in record.meetings.all:
        with_rep = one.rep == record.rep.id if one.kind in WITH_A_REP else one.kind == TEAM
        there = record.rep.id in one.front.attendees
        if not with_rep or (one.kind == TEAM and one.held and not there):
            continue
        if one.kind == TEAM and not one.held and not _is_there(record.rep, one.on):
            continue
        said = told.missed(one.front.missed or "") if not one.held else _held(one)
        yield Line(one.on, told.meeting_name(one.kind), said, one.file)
    silent = record.promises[record.promises["state"].eq("not recorded")]
    for row in silent.to_dict("records"):
        due = pd.Timestamp(str(row["due_on"])).date()
        said = told.nothing_on_record(pd.Timestamp(str(row["starts_on"])).date(), due)
        yield Line(due, told.meeting_name(str(row["kind"])), said, CLIENT_FILE)


def _is_there(rep: Rep, day: date) -> bool:
    return (rep.starts_on is None or rep.starts_on <= day) and (rep.ends_on is None or day < rep.ends_on)


def _held(meeting: Meeting) -> str:
    front = meeting.front
    # what a team meeting was about is the team's; to this rep it matters what was taught and brought back
    topics = () if meeting.kind == TEAM else front.topics
    coached = [(one.focus, one.note or "") for one in front.coaching]
    return told.held(topics, coached, [one.topic for one in front.learning], front.reinforced)


def commitment_lines(record: Record) -> Iterator[Line]:
    """What both sides said they would do, each day that was moved, and what became of it."""
    for one in record.commitments:
        meeting, made = one.first
        who, what = record.person(made.who), made.what
        yield Line(meeting.on, "Commitment", told.committed(who, what, made.due), meeting.file)
        due = made.due
        for later, said in one.statements[1:]:
            if said.due != due:
                moved = told.moved(who, what, said.due, late=later.on > due)
                yield Line(later.on, "Commitment", moved, later.file)
                due = said.due
        if not one.is_open and one.closed_on is not None:
            became = told.closed(who, what, one.last.status, one.due_on, one.closed_on, one.last.why)
            yield Line(one.closed_on, "Commitment", became, one.statements[-1][0].file)
        elif one.due_on < record.on:
            file = one.statements[-1][0].file
            yield Line(one.due_on, "Commitment", told.still_open(who, what, record.on), file)


def provided_lines(
    record: Record, resources: pd.DataFrame | None, pay: pd.DataFrame | None
) -> Iterator[Line]:
    """What the company supplied and paid, against what it promised.

    Parameters
    ----------
    record : Record
    resources, pay : pandas.DataFrame or None
        Of ``accountability.Accounts.records``; None where nobody writes any down.
    """
    for about, table, done, verb in (
        ("Supplied", resources, "supplied_on", "supplied"),
        ("Paid", pay, "paid_on", "paid"),
    ):
        for row in [] if table is None else table.to_dict("records"):
            due, day = _day(row["due_on"]), _day(row[done])
            what, source = str(row["what"]), style.plain(row["source"])
            if day is not None and day <= record.on:
                yield Line(day, about, told.provided(what, verb, due, day), source)
            elif due is not None and due < record.on:
                is_recorded = bool(row.get("recorded", True))
                said = told.not_provided(what, verb, record.on, recorded=is_recorded)
                yield Line(due, "Promise" if verb == "supplied" else about, said, source)


def _day(value: object) -> date | None:
    return None if style.is_missing(value) else pd.Timestamp(str(value)).date()


def standing_lines(record: Record) -> Iterator[Line]:
    """Each change of a standing, in the week at whose end it was first so, with the numbers of then."""
    files = {one.version: one.file for one in record.source.expectations.documents}
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for week, table in _looks(record):
        for row in table.to_dict("records"):
            key, name = (str(row["metric"]), str(row["document"])), str(row["standing"])
            before, word = seen.get(key, ("", ""))
            if name in _TELL and name != before:
                source = f"{files[str(row['version'])]}, and the exports"
                yield Line(week.last_day, words.expectation(row), told.standing(row, word), source)
                seen[key] = (name, words.standing_word(row))


def _looks(record: Record) -> list[tuple[Period, pd.DataFrame]]:
    """The rep's standings at the end of the weeks in which one changed, and of those before; oldest first.

    From the last week back: a standing says since when it lasts, so the weeks in between bring nothing new.
    """
    judging = [day for day, _, one in record.versions if one is not None and one.front.judged_by]
    if not judging:
        return []
    first, week, found = record.client.week_of(min(judging)), record.week, {}
    while week.start >= first.start:
        found[week] = _standings(record, week)
        since = found[week]["since"].dropna()
        begun = shift_weeks(week, 1 - UNJUDGED_WEEKS)
        if len(since):
            begun = min(record.client.week_of(since.max().date()), week, key=lambda one: one.start)
            found.setdefault(begun, found[week] if begun == week else _standings(record, begun))
        week = shift_weeks(begun, -1)
    return sorted(found.items(), key=lambda look: look[0].start)


def _standings(record: Record, week: Period) -> pd.DataFrame:
    table = record.review.standings() if week == record.week else Review(record.source, week).standings()
    return table[table["rep_id"].eq(record.rep.id)]


def cleaned(record: Record, lines: Iterable[Line]) -> list[Line]:
    """The lines until the day, in order of time, with nobody else named."""
    kept = sorted((one for one in lines if one.on <= record.on), key=lambda one: one.on)
    return [Line(one.on, *map(record.clean, one[1:])) for one in kept]

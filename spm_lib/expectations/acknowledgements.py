"""Who has read which version of a document, gone through it together, and come back to it in a meeting.

Each of the three steps has its day. A version is *acknowledged* on the day on which it has been both read and
reviewed together: reading alone leaves questions unasked, and a talk about words nobody has read is none.
Coming back to it in a meeting reinforces it, and cannot come before.

A document may be acknowledged before it begins, as goals are agreed on in December, but at most
`AHEAD_DAYS` before: an earlier day is a slip of the pen, since the version was not there to be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, get_args

from spm_lib.client import Client, Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations import csv_file
from spm_lib.expectations.documents import Document
from spm_lib.expectations.fields import KINDS
from spm_lib.expectations.problems import Problem
from spm_lib.expectations.standards import Expectations, is_for

Step = Literal["read", "reviewed", "reinforced"]
STEPS: tuple[Step, ...] = get_args(Step)
FILE = "acknowledgements.csv"
COLUMNS = ("document", "version", "rep", "read_on", "reviewed_on", "reinforced_on")
#: How long before its first day a document may be read and gone through: a quarter.
AHEAD_DAYS = 92
AHEAD = timedelta(days=AHEAD_DAYS)

_VERSION = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Row:
    """One line of the file: a rep and a version."""

    document: str
    version: str
    rep: str
    read_on: date | None
    reviewed_on: date | None
    reinforced_on: date | None
    line: int

    @property
    def kind(self) -> str:
        """The kind of the document, whatever follows in its name."""
        return self.document.partition("-")[0]

    def is_of(self, document: Document) -> bool:
        """Whether it acknowledges this very version."""
        return self.means(document.kind, document.version)

    def means(self, kind: str, version: str) -> bool:
        """Whether it speaks of this version of a kind of document; either may be shortened."""
        return self.kind == kind and (version.startswith(self.version) or self.version.startswith(version))

    def acknowledged_on(self, on: date) -> date | None:
        """The day by which it had been both read and reviewed together; None if not by `on`."""
        if self.read_on is None or self.reviewed_on is None:
            return None
        day = max(self.read_on, self.reviewed_on)
        return day if day <= on else None

    def day(self, step: str) -> date | None:
        """The day of a step."""
        found: date | None = getattr(self, f"{step}_on")
        return found


@dataclass(frozen=True)
class State:
    """Which steps one rep has done, by a day, for the version in force on that day.

    Attributes
    ----------
    document : str
        Its kind.
    title, version, file : str
    rep : str
    read_on, reviewed_on, reinforced_on : datetime.date, optional
        Steps of a later day are not known yet.
    """

    document: str
    title: str
    version: str
    file: str
    rep: str
    read_on: date | None = None
    reviewed_on: date | None = None
    reinforced_on: date | None = None

    @property
    def done(self) -> tuple[Step, ...]:
        """The steps that are done."""
        return tuple(step for step in STEPS if getattr(self, f"{step}_on") is not None)

    @property
    def acknowledged_on(self) -> date | None:
        """The day on which it had been both read and reviewed together."""
        if self.read_on is None or self.reviewed_on is None:
            return None
        return max(self.read_on, self.reviewed_on)


@dataclass(frozen=True)
class Request:
    """A step somebody still has to do.

    Attributes
    ----------
    rep, document, title, version, file : str
    step : str
        Of `STEPS`.
    since : datetime.date
        From when it is open: the version's first day, or the rep's.
    again : bool
        The rep has acknowledged another version before: the document was edited.
    """

    rep: str
    document: str
    title: str
    version: str
    file: str
    step: Step
    since: date
    again: bool


@dataclass(frozen=True)
class Acknowledgements:
    """A client's acknowledgements.

    Attributes
    ----------
    rows : tuple of Row
        In the order of the file.
    client : Client
    expectations : Expectations
    """

    rows: tuple[Row, ...]
    client: Client
    expectations: Expectations

    @classmethod
    def load(cls, folder: Path, client: Client, expectations: Expectations) -> Acknowledgements:
        """Read ``acknowledgements.csv`` of a client folder; without one nobody has acknowledged anything.

        Raises
        ------
        DocumentError
            A line cannot be read, or says something impossible: with file and line.
        """
        rows, problems = read_rows(folder / FILE, client, expectations.documents)
        if problems:
            raise problems[0].error(more=len(problems) - 1)
        return cls(tuple(rows), client, expectations)

    def state(self, document: str, rep: str, on: date) -> State | None:
        """What a rep has done by a day for the version in force on it; None where none is in force for them.

        Parameters
        ----------
        document : str
            A kind, `sales_process`; what follows a hyphen does not count.
        rep : str
        on : datetime.date

        Raises
        ------
        DocumentError
            No such document, or nobody knows the rep.
        """
        found = self.expectations.for_rep(_known_kind(document), known_rep(self.client, rep), on)
        if found is None:
            return None
        days: dict[str, date] = {}
        for row in self.rows:
            if row.rep == rep and row.is_of(found):
                days = {f"{step}_on": day for step in STEPS if (day := row.day(step)) and day <= on}
        return State(found.kind, found.front.title, found.version, found.file, rep, **days)

    def acknowledged_on(self, rep: str, document: str, on: date) -> date | None:
        """The day by which a rep had read and reviewed the version in force on a day; None if not by then."""
        state = self.state(document, rep, on)
        return state.acknowledged_on if state else None

    def acknowledged(self, on: date) -> dict[tuple[str, str], date]:
        """(rep, `document:` of the version in force) -> the day it was acknowledged, no later than `on`."""
        found = {}
        for rep in self.client.reps:
            for kind in KINDS:
                document = self.expectations.for_rep(kind, rep, on)
                day = self.acknowledged_on(rep.id, kind, on)
                if document is not None and day is not None:
                    found[rep.id, document.front.document] = day
        return found

    def open_requests(self, on: date) -> list[Request]:
        """Who still has to do which step for which version, by rep, document and step.

        Only reps on the team that day are asked, for what applies to them and they are to acknowledge. To
        come back to a document in a meeting is asked once it is acknowledged.
        """
        requests: list[Request] = []
        for rep in self.client.reps:
            if not _on_the_team(rep, on):
                continue
            for kind in KINDS:
                document = self.expectations.for_rep(kind, rep, on)
                if document is not None and owes(document, rep):
                    requests += self._requests(document, rep, on)
        return requests

    def _requests(self, document: Document, rep: Rep, on: date) -> Iterator[Request]:
        state = self.state(document.kind, rep.id, on)
        if state is None:
            return
        since = max(document.front.effective_from, rep.starts_on or date.min)
        again = any(
            row.rep == rep.id and row.kind == document.kind and not row.is_of(document) for row in self.rows
        )
        for step in STEPS:
            ready = step != "reinforced" or state.acknowledged_on is not None
            if step not in state.done and ready:
                yield Request(
                    rep.id, document.kind, state.title, state.version, state.file, step, since, again
                )


def owes(document: Document, rep: Rep) -> bool:
    """Whether a rep is asked to acknowledge a document: it is for them, and `acknowledged_by` means them.

    `rep` there means every salesperson, whatever their role is called; nobody named is everybody.
    """
    by = document.front.acknowledged_by
    meant = is_for(by, rep) or ("rep" in by and rep.role != "manager")
    return is_for(document.audience, rep) and meant


def acknowledge(
    folder: Path,
    client: Client,
    document: str,
    rep: str,
    step: str,
    on: date,
    *,
    expectations: Expectations | None = None,
) -> Row:
    """Write down that a rep has done a step, in ``acknowledgements.csv``: complete or not at all.

    Parameters
    ----------
    folder : pathlib.Path
        The client's.
    client : Client
    document : str
        A kind: the version in force for the rep on that day, or where none is the next to begin. Or the name
        of a file without its ending, `sales_goals-2027`: that version.
    rep, step : str
    on : datetime.date
    expectations : Expectations, optional
        Loaded from the folder when missing.

    Returns
    -------
    Row
        As it stands in the file now. The same step on the same day again changes nothing.

    Raises
    ------
    DocumentError
        Unknown document, rep or step (the known ones are listed), a day before the version was there, a step
        that already has another day, a file that has faults.
    """
    known = known_rep(client, rep)
    if step not in STEPS:
        raise DocumentError("no such step", given=step, remedy=f"steps: {', '.join(STEPS)}")
    expectations = expectations or Expectations.load(folder, client)
    meant = _meant(expectations, document, known, on)
    with csv_file.locked(folder):
        rows, problems = read_rows(folder / FILE, client, expectations.documents)
        if problems:
            raise problems[0].error(more=len(problems) - 1)
        place = next((n for n, row in enumerate(rows) if row.rep == rep and row.is_of(meant)), len(rows))
        blank = Row(meant.kind, meant.version, rep, None, None, None, 0)
        old = rows[place] if place < len(rows) else blank
        new = _stepped(old, step, on)
        fault = _impossible(new, [meant])
        if fault is not None:
            raise DocumentError(fault[0], where=meant.file, given=str(on), remedy=fault[1])
        if new != old:
            _write(folder / FILE, [*rows[:place], new, *rows[place + 1 :]])
    return new


def known_rep(client: Client, rep: str) -> Rep:
    """The rep of an id.

    Raises
    ------
    DocumentError
        Nobody knows the rep; the known ones are listed.
    """
    for one in client.reps:
        if one.id == rep:
            return one
    if client.reps_from_exports and rep.strip():
        return Rep(id=rep)
    known = ", ".join(one.id for one in client.reps) or "none"
    raise DocumentError("nobody knows this rep", given=rep, remedy=f"reps in client.yaml: {known}")


def read_rows(path: Path, client: Client, documents: tuple[Document, ...]) -> tuple[list[Row], list[Problem]]:
    """The rows of the file and everything wrong with it.

    A row of a version that is not on file is no fault: the document was edited since.
    """
    try:
        lines, problems = csv_file.cells(path, COLUMNS), []
    except DocumentError as problem:
        return [], [Problem.of(problem, path.name)]
    rows: list[Row] = []
    for number, cells in lines:
        try:
            rows.append(_row(number, cells, client))
        except DocumentError as problem:
            problems.append(Problem(path.name, number, problem.what, problem.given, problem.remedy))
            continue
        fault = _twice(rows) or _impossible(rows[-1], documents)
        if fault is not None:
            problems.append(Problem(path.name, number, fault[0], None, fault[1]))
    return rows, problems


def _row(number: int, cells: list[str], client: Client) -> Row:
    csv_file.as_many(cells, COLUMNS)
    document, version, rep, *days = cells
    _known_kind(document)
    if not _VERSION.fullmatch(version):
        raise DocumentError(
            "not a version",
            given=version,
            remedy="write its first 8 letters and digits or more; a spreadsheet may have made a number of it",
        )
    known_rep(client, rep)
    read_on, reviewed_on, reinforced_on = (csv_file.day(day) for day in days)
    if read_on is reviewed_on is reinforced_on is None:
        raise DocumentError("no step has a day", remedy="write the day of a step, or take the line out")
    return Row(document, version, rep, read_on, reviewed_on, reinforced_on, number)


def _known_kind(document: str) -> str:
    kind = document.partition("-")[0]
    if kind not in KINDS:
        raise DocumentError("no such document", given=document, remedy=f"documents: {', '.join(KINDS)}")
    return kind


def _twice(rows: list[Row]) -> tuple[str, str] | None:
    """The last row speaks of the rep and version of an earlier one."""
    *earlier, last = rows
    for row in earlier:
        same = row.version.startswith(last.version) or last.version.startswith(row.version)
        if same and (row.rep, row.kind) == (last.rep, last.kind):
            return f"the rep and version of line {row.line} stand here again", "keep one line"
    return None


def _impossible(row: Row, documents: tuple[Document, ...] | list[Document]) -> tuple[str, str] | None:
    """What cannot be about the days of a row, and what to do."""
    of = next((document for document in documents if row.is_of(document)), None)
    if of is not None and not of.front.is_draft:
        for step in STEPS:
            day = row.day(step)
            if day is not None and of.front.effective_from - day > AHEAD:
                what = f"{step} on {day}, before this version was there: it begins {of.front.effective_from}"
                return what, f"a document is acknowledged at most {AHEAD_DAYS} days before it begins"
    if row.reinforced_on is None:
        return None
    if row.read_on is None or row.reviewed_on is None:
        return "reinforced before it was acknowledged", "write down when it was read and reviewed"
    if row.reinforced_on < max(row.read_on, row.reviewed_on):
        return "reinforced before it was acknowledged", "a meeting comes back to what was agreed before"
    return None


def _meant(expectations: Expectations, document: str, rep: Rep, on: date) -> Document:
    """The version a name means for a rep on a day."""
    if document in KINDS:
        found = expectations.for_rep(document, rep, on) or _next(expectations, document, rep, on)
        if found is None:
            raise DocumentError(
                f"no {document} is in force for {rep.id} on {on}, and none begins within {AHEAD_DAYS} days",
                given=document,
                remedy=_listed(expectations),
            )
        return found
    for one in expectations.documents:
        if one.stem == document and not one.front.is_draft:
            if not is_for(one.audience, rep):
                said = ", ".join(one.audience)
                raise DocumentError(f"the document is not for {rep.id}", where=one.file, given=said)
            return one
    raise DocumentError("no such document", given=document, remedy=_listed(expectations))


def _next(expectations: Expectations, kind: str, rep: Rep, on: date) -> Document | None:
    """The version that begins next for a rep, soon enough to be acknowledged."""
    coming = (one.front.effective_from for one in expectations.documents if one.kind == kind)
    for day in sorted(day for day in coming if on < day and day - on <= AHEAD):
        found = expectations.for_rep(kind, rep, day)
        if found is not None:
            return found
    return None


def _listed(expectations: Expectations) -> str:
    on_file = [one.stem for one in expectations.documents if not one.front.is_draft]
    return f"documents: {', '.join(KINDS)}; files: {', '.join(on_file) or 'none'}"


def _stepped(row: Row, step: str, on: date) -> Row:
    """The row with the day of a step; a day that is written down stays, since pages rest on it."""
    there = row.day(step)
    if there is not None and there != on:
        raise DocumentError(
            f"{row.rep} has {step} this version of {row.document} on {there} already",
            where=FILE,
            given=str(on),
            remedy="correct the file if that day is wrong; later meetings are written down as meetings",
        )
    return replace(row, **{f"{step}_on": on})  # type: ignore[arg-type]


def _on_the_team(rep: Rep, on: date) -> bool:
    began = rep.starts_on is None or rep.starts_on <= on
    return began and (rep.ends_on is None or on < rep.ends_on)


def _write(path: Path, rows: list[Row]) -> None:
    cells = ([row.document, row.version, row.rep, *(row.day(step) or "" for step in STEPS)] for row in rows)
    csv_file.write(path, COLUMNS, cells)

"""What the company supplied and paid: a line per promise in ``supplied.csv``, by a day and on a day.

A resource is promised in a rep's individual plan; its line here says when it came, and may say it of a plan
nobody wants to edit, since an edited plan is a new version and asks everybody to read it again. Pay has its
day by the compensation plan; its line says when it was paid. A line without `done_on` says that it was not
done yet, which is another thing than no line at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from spm_lib.client import Client, fold
from spm_lib.errors import DocumentError
from spm_lib.expectations import csv_file
from spm_lib.expectations.acknowledgements import known_rep
from spm_lib.expectations.fields import IndividualPlan
from spm_lib.expectations.problems import Problem
from spm_lib.expectations.standards import Expectations, is_for

SuppliedKind = Literal["resource", "pay"]
SUPPLIED_KINDS: tuple[SuppliedKind, ...] = get_args(SuppliedKind)
SUPPLIED = "supplied.csv"
SUPPLIED_COLUMNS = ("rep", "kind", "what", "due_on", "done_on")


@dataclass(frozen=True)
class Supplied:
    """One line of the file.

    Attributes
    ----------
    rep, kind, what : str
    due_on : datetime.date, optional
        By when it was promised; of a resource the plan's day when missing.
    done_on : datetime.date, optional
        When it was supplied or paid; missing where it is not done yet.
    line : int
    """

    rep: str
    kind: str
    what: str
    due_on: date | None
    done_on: date | None
    line: int

    def is_same(self, other: Supplied) -> bool:
        """Whether both speak of one promise: of pay the day it was due tells which."""
        one, two = (self.rep, self.kind, fold(self.what)), (other.rep, other.kind, fold(other.what))
        return one == two and (self.kind == "resource" or self.due_on == other.due_on)


def promised(expectations: Expectations, client: Client, rep: str) -> list[str]:
    """Every resource that any plan on file promises a rep, drafts left out."""
    known = known_rep(client, rep)
    plans = [one for one in expectations.documents if isinstance(one.front, IndividualPlan)]
    plans = [one for one in plans if not one.front.is_draft and is_for(one.audience, known)]
    named = (part.what for one in plans for part in one.front.resources)  # type: ignore[attr-defined]
    return list(dict.fromkeys(named))


def read_supplied(
    folder: Path, client: Client, expectations: Expectations | None
) -> tuple[list[Supplied], list[Problem]]:
    """The lines of a client's file and everything wrong with it, with its line; no file is no line.

    Parameters
    ----------
    folder : pathlib.Path
        The client's.
    client : Client
    expectations : Expectations or None
        None where a document cannot be read: then nobody knows what a plan promises, and it is not asked.
    """
    path = folder / SUPPLIED
    try:
        lines = csv_file.cells(path, SUPPLIED_COLUMNS)
    except DocumentError as problem:
        return [], [Problem.of(problem, path.name)]
    rows: list[Supplied] = []
    problems: list[Problem] = []
    for number, cells in lines:
        try:
            row = _row(number, cells, client, expectations)
            _once(row, rows)
        except DocumentError as problem:
            problems.append(Problem(path.name, number, problem.what, problem.given, problem.remedy))
            continue
        rows.append(row)
    return rows, problems


def supply(
    folder: Path,
    client: Client,
    rep: str,
    kind: str,
    what: str,
    on: date,
    *,
    due: date | None = None,
    expectations: Expectations | None = None,
) -> Supplied:
    """Write down in ``supplied.csv`` that something was supplied or paid: complete or not at all.

    A line that said it was not done yet is filled in; the same again changes nothing.

    Parameters
    ----------
    folder : pathlib.Path
        The client's.
    client : Client
    rep, kind, what : str
    on : datetime.date
        When it was supplied or paid.
    due : datetime.date, optional
        By when; of pay it tells which payout.
    expectations : Expectations, optional
        Loaded from the folder when missing.

    Raises
    ------
    DocumentError
        Unknown rep or kind, a resource no plan of the rep promises (the promised ones are listed), pay
        without its day, a promise that was done on another day already, a file that has faults.
    """
    expectations = expectations or Expectations.load(folder, client)
    cells = [rep, kind, what.strip(), str(due or ""), str(on)]
    with csv_file.locked(folder):
        rows, problems = read_supplied(folder, client, expectations)
        if problems:
            raise problems[0].error(more=len(problems) - 1)
        new = _row(max((row.line for row in rows), default=1) + 1, cells, client, expectations)
        place = next((n for n, row in enumerate(rows) if row.is_same(new)), len(rows))
        if place < len(rows):
            new = _filled(rows[place], new)
        if new not in rows:
            every = [*rows[:place], new, *rows[place + 1 :]]
            csv_file.write(
                folder / SUPPLIED,
                SUPPLIED_COLUMNS,
                ((row.rep, row.kind, row.what, row.due_on or "", row.done_on or "") for row in every),
            )
    return new


def _row(number: int, cells: list[str], client: Client, expectations: Expectations | None) -> Supplied:
    csv_file.as_many(cells, SUPPLIED_COLUMNS)
    rep, kind, what, due, done = cells
    known_rep(client, rep)
    if kind not in SUPPLIED_KINDS:
        raise DocumentError("no such kind", given=kind, remedy=f"kinds: {', '.join(SUPPLIED_KINDS)}")
    if not what:
        raise DocumentError("what was supplied or paid is missing", remedy="say it in words")
    row = Supplied(rep, kind, what, csv_file.day(due), csv_file.day(done), number)
    if kind == "resource" and expectations is not None:
        named = promised(expectations, client, rep)
        if fold(what) not in map(fold, named):
            listed = "; ".join(named) or "nothing"
            raise DocumentError(
                f"no plan promises {rep} this resource", given=what, remedy=f"promised: {listed}"
            )
    if kind == "pay" and row.due_on is None:
        raise DocumentError(
            "pay without the day it was due",
            given=what,
            remedy="give the day the compensation plan pays it: due_on, or --due",
        )
    return row


def _once(row: Supplied, earlier: list[Supplied]) -> None:
    for other in earlier:
        if row.is_same(other):
            raise DocumentError(
                f"the promise of line {other.line} stands here again", given=row.what, remedy="keep one line"
            )


def _filled(old: Supplied, new: Supplied) -> Supplied:
    """The line there is, with its day; a day that is written down stays, since pages rest on it."""
    for name, one, other in (("due", old.due_on, new.due_on), ("done", old.done_on, new.done_on)):
        if one is not None and other is not None and one != other:
            raise DocumentError(
                f"it is written down as {name} on {one} already",
                where=f"{SUPPLIED}, line {old.line}",
                given=str(other),
                remedy="correct the file if that day is wrong",
            )
    return Supplied(
        old.rep, old.kind, old.what, old.due_on or new.due_on, old.done_on or new.done_on, old.line
    )

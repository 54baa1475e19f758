"""Who said what they would do, what became of it, and how often it was done by its day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import pandas as pd

from spm_lib.meetings.files import Meeting, Meetings, contradictions
from spm_lib.meetings.frames import typed
from spm_lib.meetings.models import TEAM, Commitment
from spm_lib.metrics.intervals import ratio, wilson

LEDGER_COLUMNS = {
    "id": "str",
    "who": "str",
    "rep_id": "str",
    "about": "str",
    "what": "str",
    "expectation": "str",
    "made_on": "datetime64[us]",
    "due_on": "datetime64[us]",
    "moved_count": "Int64",
    "status": "str",
    "why": "str",
    "closed_on": "datetime64[us]",
    "age_days": "Int64",
    "overdue_days": "Int64",
    "kept": "boolean",
    "source": "str",
}
KEPT_COLUMNS = {
    "who": "str",
    "open_count": "Int64",
    "overdue_count": "Int64",
    "oldest_overdue_days": "Int64",
    "dropped_count": "Int64",
    "kept_count": "Int64",
    "n": "Int64",
    "kept_rate": "float64",
    "low": "float64",
    "high": "float64",
}


@dataclass(frozen=True)
class Carried:
    """One commitment with all that was said of it until a day.

    Attributes
    ----------
    statements : tuple of (Meeting, Commitment)
        Oldest first; on one day a closed one after an open one.
    on : datetime.date
        The day of the look.
    """

    statements: tuple[tuple[Meeting, Commitment], ...]
    on: date

    @property
    def first(self) -> tuple[Meeting, Commitment]:
        """Where it was made."""
        return self.statements[0]

    @property
    def last(self) -> Commitment:
        """What was said of it last."""
        return self.statements[-1][1]

    @property
    def about(self) -> str | None:
        """The rep it concerns, or "team"; None where the owner's meeting does not say."""
        meeting, made = self.first
        return made.about or meeting.rep or (TEAM if meeting.kind == TEAM else None)

    @property
    def is_open(self) -> bool:
        """Whether it is neither done nor dropped yet, that day."""
        closed = self.closed_on
        return closed is None or closed > self.on

    @property
    def closed_on(self) -> date | None:
        """When it was closed: the day given, or the first meeting since which it has been said to be so."""
        day = None
        for number, (meeting, one) in enumerate(self.statements):
            if one.status == "open":
                day = None
            elif one.closed_on is not None:
                day = one.closed_on
            elif day is None or self.statements[number - 1][1].status != one.status:
                day = meeting.on
        return day

    @property
    def due_on(self) -> date:
        """The day that counts: one moved in time counts, one moved after it had passed does not."""
        due = self.first[1].due
        for meeting, one in self.statements[1:]:
            if meeting.on <= due:
                due = one.due
        return due

    @property
    def moved_count(self) -> int:
        """How often its day was moved."""
        days = [one.due for _, one in self.statements]
        return sum(before != after for before, after in pairwise(days))

    @property
    def kept(self) -> bool | None:
        """Done by its day; None while it is open and its day has not passed."""
        if self.is_open:
            return False if self.due_on < self.on else None
        closed = self.closed_on
        return self.last.status == "done" and closed is not None and closed <= self.due_on


def carried(meetings: Meetings, on: date) -> tuple[Carried, ...]:
    """Every commitment made until a day, in the order it was made.

    Parameters
    ----------
    meetings : Meetings
    on : datetime.date
        Meetings after it are not known yet.

    Raises
    ------
    DocumentError
        Two meetings contradict each other about one id.
    """
    for fault in contradictions(meetings):
        raise fault
    said: dict[str, list[tuple[Meeting, Commitment]]] = {}
    for meeting in meetings.held(on):
        for one in meeting.front.commitments:
            said.setdefault(one.id, []).append((meeting, one))
    return tuple(
        Carried(tuple(sorted(every, key=lambda pair: (pair[0].on, pair[1].status != "open"))), on)
        for every in said.values()
    )


def commitments(meetings: Meetings, on: date) -> pd.DataFrame:
    """The ledger: every commitment made until a day, as it stood on that day.

    Parameters
    ----------
    meetings : Meetings
    on : datetime.date

    Returns
    -------
    pandas.DataFrame
        `LEDGER_COLUMNS`, in the order they were made. rep_id: the rep in whose meeting it was made, missing
        for the team's and the owner's; about: the rep it concerns, or "team"; due_on: the day that counts (a
        day moved after it had passed does not undo that it passed); status: as last said, "open" until its
        day of closing; age_days: since it was made, while open; overdue_days: past its day, while open; kept:
        done by its day, missing while it is open and in time; source: the file that said the last word.

    Raises
    ------
    DocumentError
        Two meetings contradict each other about one id.
    """
    return typed((_row(one) for one in carried(meetings, on)), LEDGER_COLUMNS)


def commitments_kept(ledger: pd.DataFrame, people: Iterable[str] = ()) -> pd.DataFrame:
    """How many commitments of each person are open, overdue, and were done by their day.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Of `commitments`.
    people : iterable of str, optional
        Who has a row even without a commitment; they come first, in this order.

    Returns
    -------
    pandas.DataFrame
        `KEPT_COLUMNS`. n: those closed (done or dropped) or overdue; kept_rate: done by their day, of n,
        with its 90 % Wilson interval; missing where n is 0. A dropped one was not kept: it is counted in
        dropped_count too, so that a page can say so.
    """
    order = list(dict.fromkeys([*people, *sorted(ledger["who"].unique())]))
    table = typed((_person(who, ledger[ledger["who"].eq(who)]) for who in order), KEPT_COLUMNS)
    table["kept_rate"] = ratio(table["kept_count"].astype(float), table["n"].astype(float))
    table["low"], table["high"] = wilson(table["kept_count"].astype(float), table["n"].astype(float))
    return table


def _row(one: Carried) -> dict[str, object]:
    meeting, made = one.first
    overdue = (one.on - one.due_on).days
    return {
        "id": made.id,
        "who": made.who,
        "rep_id": meeting.rep,
        "about": one.about,
        "what": made.what,
        "expectation": one.last.expectation or made.expectation,
        "made_on": meeting.on,
        "due_on": one.due_on,
        "moved_count": one.moved_count,
        "status": "open" if one.is_open else one.last.status,
        "why": None if one.is_open else one.last.why,
        "closed_on": None if one.is_open else one.closed_on,
        "age_days": (one.on - meeting.on).days if one.is_open else None,
        "overdue_days": overdue if one.is_open and overdue > 0 else None,
        "kept": one.kept,
        "source": one.statements[-1][0].file,
    }


def _person(who: str, rows: pd.DataFrame) -> dict[str, object]:
    overdue = rows["overdue_days"].dropna()
    return {
        "who": who,
        "open_count": int(rows["status"].eq("open").sum()),
        "overdue_count": len(overdue),
        "oldest_overdue_days": int(overdue.max()) if len(overdue) else None,
        "dropped_count": int(rows["status"].eq("dropped").sum()),
        "kept_count": int(rows["kept"].fillna(False).sum()),
        "n": int(rows["kept"].notna().sum()),
    }

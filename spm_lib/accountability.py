"""The company's own part toward one rep, from the client's files: what was promised and what is on record.

``judgement.company`` says what it amounts to and sees frames; what those frames are for a client and a week
is decided here. Everything is as of the week's last day: what is dated later is not known yet.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from spm_lib import judgement
from spm_lib.client import Rep, fold
from spm_lib.expectations import (
    KINDS,
    SUPPLIED,
    CompensationPlan,
    Document,
    IndividualPlan,
    Supplied,
    read_supplied,
)
from spm_lib.expectations.acknowledgements import FILE as ACKNOWLEDGEMENTS
from spm_lib.expectations.standards import is_for
from spm_lib.judgement import CompanyRecords
from spm_lib.meetings import Meetings, coaching_log, commitments, reinforced_log
from spm_lib.meetings.cadence import PROMISE_COLUMNS
from spm_lib.meetings.frames import typed
from spm_lib.periods import WEEKDAYS
from spm_lib.standings import facts_of, team_of
from spm_lib.view import View

AGREEMENTS = {
    "rep_id": "str",
    "document": "str",
    "version": "str",
    "acknowledged_on": "datetime64[us]",
    "state": "str",
    "before_on": "datetime64[us]",
}
#: Standings about which a rep would be spoken to.
_IN_QUESTION = ("below", "watch")
_ON_DAY = re.compile(r"\bthe (\d{1,2})(?:st|nd|rd|th) of (?:the|each|every) month\b")
_LAST_WEEKDAY = re.compile(rf"\blast ({'|'.join(WEEKDAYS)}) of (?:the|each|every) month\b")


@dataclass(frozen=True)
class Accounts:
    """What is on record of the company's part, for any rep of one client's week.

    Attributes
    ----------
    view : View
        Of the week.
    meetings : Meetings
    promises : pandas.DataFrame
        ``meetings.promises``.
    standings : pandas.DataFrame
        ``judgement.standing`` of the week.
    """

    view: View
    meetings: Meetings
    promises: pd.DataFrame
    standings: pd.DataFrame

    @property
    def on(self) -> date:
        """The week's last day."""
        return self.view.last_day

    def part(self, rep: str) -> pd.DataFrame:
        """The ledger of the company's own part toward a rep (``judgement.company_part``).

        Raises
        ------
        DocumentError
            Two meetings contradict each other, or ``supplied.csv`` has faults.
        """
        return judgement.company_part(rep, self.on, self.records(rep), needed=self.needed(rep))

    def needed(self, rep: str) -> list[str]:
        """The kinds of documents a rep is held to, in the order of the seven.

        Those that judge the rep, and those that anybody of the same role has: where one adviser has a plan of
        their own, every adviser is owed one. A kind nobody of the role was ever given is not asked for.
        """
        known = self._rep(rep)
        mine = self.standings.loc[self.standings["rep_id"].eq(rep), "document"]
        judging = {str(name).partition("-")[0] for name in mine}
        alike = [one for one in self.view.client.reps if one.role == known.role] or [known]
        written = {
            one.kind for one in self._begun if any(is_for(one.audience, colleague) for colleague in alike)
        }
        return [kind for kind in KINDS if kind in judging | written]

    def records(self, rep: str) -> CompanyRecords:
        """What is on record, as ``judgement.company_part`` asks for it."""
        return CompanyRecords(
            documents=self._documents(rep),
            acknowledgements=self._acknowledgements(rep),
            reinforced=self._logs["reinforced"],
            one_on_ones=self._one_on_ones,
            coaching=self._logs["coaching"],
            commitments=self._logs["commitments"],
            resources=self._resources(rep),
            compensation=self._pay(rep),
            achievable=self._achievable(rep),
        )

    def agreements(self) -> pd.DataFrame | None:
        """Per rep and document that judges: since when it is agreed, or why it is not.

        Returns
        -------
        pandas.DataFrame or None
            `AGREEMENTS`: acknowledged_on (both read and reviewed together; missing where not yet), state
            ("agreed"; "edited": the rep agreed to words that were edited since, in the same file, so that no
            file holds them any more; "newer version": a later document replaced what was agreed; "not yet
            agreed") and before_on (the day that earlier text was agreed on). None where nobody writes down
            who has read what.
        """
        source = self.view.source
        if not (source.folder / ACKNOWLEDGEMENTS).is_file():
            return None
        pairs = self.standings[["rep_id", "document", "version"]].drop_duplicates()
        rows = [self._agreement(*pair) for pair in pairs.itertuples(index=False, name=None)]
        return typed(rows, AGREEMENTS)

    def _agreement(self, rep: str, document: str, version: str) -> dict[str, object]:
        kept, kind = self.view.source.acknowledgements, document.partition("-")[0]
        on_file = self.view.source.expectations.documents
        day = next(
            (
                row.acknowledged_on(self.on)
                for row in kept.rows
                if row.rep == rep and row.means(kind, version)
            ),
            None,
        )
        earlier = [
            (before, not any(row.is_of(one) for one in on_file))
            for row in kept.rows
            if (row.rep, row.kind) == (rep, kind) and not row.means(kind, version)
            if (before := row.acknowledged_on(self.on)) is not None
        ]
        before, edited = max(earlier, default=(None, False))
        state = "agreed" if day else "not yet agreed" if before is None else "newer version"
        return {
            "rep_id": rep,
            "document": document,
            "version": version,
            "acknowledged_on": day,
            "state": "edited" if state == "newer version" and edited else state,
            "before_on": before if day is None else None,
        }

    def _rep(self, rep: str) -> Rep:
        return next((one for one in self.view.client.reps if one.id == rep), Rep(id=rep))

    @property
    def _begun(self) -> list[Document]:
        """Every version that has begun; drafts are nobody's agreement."""
        documents = self.view.source.expectations.documents
        return [one for one in documents if not one.front.is_draft and one.front.effective_from <= self.on]

    @cached_property
    def _logs(self) -> dict[str, pd.DataFrame]:
        return {
            "reinforced": reinforced_log(self.meetings, self.on),
            "coaching": coaching_log(self.meetings, self.on),
            "commitments": commitments(self.meetings, self.on),
        }

    @cached_property
    def _one_on_ones(self) -> pd.DataFrame:
        """Every one-on-one that was promised, and those held before the next one is due."""
        counted = set(self.promises["source"].dropna())
        others = [
            {"kind": one.kind, "rep_id": one.rep, "state": "held", "held_on": one.on, "source": one.file}
            for one in self.meetings.held(self.on)
            if one.kind == "one_on_one" and one.file not in counted
        ]
        return pd.concat([self.promises, typed(others, PROMISE_COLUMNS)], ignore_index=True)

    def _documents(self, rep: str) -> pd.DataFrame:
        """Every version for a rep; one that another has replaced for this rep ends when that one began."""
        known, expectations = self._rep(rep), self.view.source.expectations
        rows = []
        for one in self._begun:
            current = expectations.for_rep(one.kind, known, self.on)
            if not is_for(one.audience, known):
                continue
            until = one.front.effective_to
            if current is not None and current != one and one.in_force(self.on):
                if one.front.effective_from > current.front.effective_from:
                    continue  # of a role, and later than the rep's own, which goes before it
                until = current.front.effective_from
            rows.append((one.kind, one.version, one.front.effective_from, until, one.file))
        names = ["document", "version", "effective_from", "effective_to", "file"]
        return pd.DataFrame(rows, columns=names)

    def _acknowledgements(self, rep: str) -> pd.DataFrame | None:
        """What a rep has read and gone through, of the versions in force; None where nobody notes it."""
        source = self.view.source
        if not (source.folder / ACKNOWLEDGEMENTS).is_file() or self._rep(rep) not in source.client.reps:
            return None
        names = ["rep", "document", "version", "read_on", "reviewed_on", "reinforced_on"]
        states = (source.acknowledgements.state(kind, rep, self.on) for kind in KINDS)
        rows = [{name: getattr(state, name) for name in names} for state in states if state is not None]
        return pd.DataFrame(rows, columns=names).assign(file=ACKNOWLEDGEMENTS)

    @cached_property
    def _supplied(self) -> list[Supplied] | None:
        """The lines of ``supplied.csv``; None where there is none."""
        source = self.view.source
        if not (source.folder / SUPPLIED).is_file():
            return None
        rows, problems = read_supplied(source.folder, source.client, source.expectations)
        if problems:
            raise problems[0].error(more=len(problems) - 1)
        return rows

    def _lines(self, rep: str, kind: str) -> list[Supplied]:
        return [row for row in self._supplied or [] if (row.rep, row.kind) == (rep, kind)]

    def _resources(self, rep: str) -> pd.DataFrame | None:
        """What every plan of a rep promises, with the day it came by the ledger, else by the plan itself.

        None where the rep has no plan: then nobody wrote down what is promised.
        """
        plans = [
            (one.front, one.file)
            for one in self._begun
            if isinstance(one.front, IndividualPlan) and is_for(one.audience, self._rep(rep))
        ]
        if not plans:
            return None
        named: dict[str, dict[str, object]] = {}
        for front, file in plans:
            for part in front.resources:
                row: dict[str, object] = {"rep_id": rep, "what": part.what, "due_on": part.due}
                row |= {"source": file, "promised_by": part.promised_by, "supplied_on": part.supplied_on}
                before = named.get(fold(part.what))
                named[fold(part.what)] = row if before is None else _again(before, row, front.effective_from)
        for line in self._lines(rep, "resource"):
            held = named.get(fold(line.what))
            if held is None:
                continue  # promised by a plan that has not begun
            held["due_on"] = held["due_on"] or line.due_on
            if line.done_on is not None:
                held |= {"supplied_on": line.done_on, "source": f"{SUPPLIED}, line {line.line}"}
        names = ["rep_id", "what", "due_on", "supplied_on", "source", "promised_by"]
        return pd.DataFrame(list(named.values()), columns=names)

    def _pay(self, rep: str) -> pd.DataFrame | None:
        """What was to be paid and when it was; None where nobody writes down any pay, or when it is due.

        A payout the compensation plan owes since the first one on record, of which there is no line, is not
        recorded: that is no proof that it was not paid.
        """
        kept = [row for row in self._supplied or [] if row.kind == "pay"]
        mine = self._lines(rep, "pay")
        if not kept or (not mine and self._payouts_by(rep) is None):
            return None
        rows = [
            {"what": row.what, "due_on": row.due_on, "paid_on": row.done_on, "recorded": True}
            | {"source": f"{SUPPLIED}, line {row.line}"}
            for row in mine
        ]
        began = min(row.due_on for row in kept if row.due_on is not None)
        rows += [
            {"what": "commission", "due_on": day, "paid_on": None, "recorded": False, "source": file}
            for day, file in self._payouts(rep)
            if began <= day and day not in {row.due_on for row in mine}
        ]
        table = pd.DataFrame(rows, columns=["what", "due_on", "paid_on", "source", "recorded"])
        return table.assign(rep_id=rep)

    def _payouts(self, rep: str) -> Iterator[tuple[date, str]]:
        """The days on which commission of a rep was due by the plan in force, each with the plan's file.

        Due on a payout day is what became payable in the month before it. A plan whose payout day names no
        day (“with the wages”) owes none here: then only what was written down is known.
        """
        if (known := self._payouts_by(rep)) is None:
            return
        plan, file = known
        outcomes = self.view.outcomes
        won = outcomes[outcomes["rep_id"].eq(rep) & outcomes["outcome"].eq("won") & outcomes["amount"].gt(0)]
        zone = self.view.client.time_zone
        wait = timedelta(days=plan.payable_after_days)
        payable = {moment.date() + wait for moment in won["outcome_at"].dt.tz_convert(zone)}
        begun = {day for day in payable if day - wait >= plan.effective_from}
        due = {payout for day in begun if (payout := payout_after(plan.payout_day or "", day))}
        yield from ((day, file) for day in sorted(due) if day <= self.on)

    def _payouts_by(self, rep: str) -> tuple[CompensationPlan, str] | None:
        """The compensation plan in force and its file, where its words name the days of payouts."""
        plan = self.view.source.expectations.for_rep("compensation_plan", self._rep(rep), self.on)
        if plan is None or not isinstance(plan.front, CompensationPlan):
            return None
        names_days = payout_after(plan.front.payout_day or "", self.on) is not None
        return (plan.front, plan.file) if names_days else None

    @cached_property
    def _met(self) -> pd.DataFrame:
        roles = {rep.id: rep.role for rep in team_of(self.view)}
        return judgement.achievable(self.view.standards, facts_of(self.view), roles, self.view.period)

    def _achievable(self, rep: str) -> pd.DataFrame:
        """Whether what a rep stands short of can be met; where nothing is in question, every standard."""
        mine = self.standings[self.standings["rep_id"].eq(rep)]
        short = mine.loc[mine["standing"].isin(_IN_QUESTION), "metric"]
        table = self._met[self._met["rep_id"].eq(rep)]
        table = table[table["metric"].isin(short)] if len(short) else table
        files = {one.version: one.file for one in self.view.source.expectations.documents}
        return table.assign(source=table["version"].map(files))


def _again(before: dict[str, object], row: dict[str, object], begins: date) -> dict[str, object]:
    """A promise a later plan makes again: what was given stays given, and a day that passed has passed."""
    due, given = before["due_on"], before["supplied_on"]
    if given is not None:
        return row | {"supplied_on": row["supplied_on"] or given} if row["due_on"] == due else row
    return row | {"due_on": due} if isinstance(due, date) and due < begins else row


def payout_after(said: str, payable: date) -> date | None:
    """The first payout day after a day from which something is payable; None where the words name no day.

    Parameters
    ----------
    said : str
        As a compensation plan says it: “the 15th of the month, for what was payable before it”.
    payable : datetime.date

    Returns
    -------
    datetime.date or None
    """
    for months in range(3):
        year, month = divmod(payable.year * 12 + payable.month - 1 + months, 12)
        day = _payout_in(said.casefold(), year, month + 1)
        if day is not None and day > payable:
            return day
    return None


def _payout_in(said: str, year: int, month: int) -> date | None:
    """The payout day of a month; a month too short for it pays on its last day."""
    length = monthrange(year, month)[1]
    if found := _ON_DAY.search(said):
        number = int(found[1])
        return date(year, month, min(number, length)) if number else None
    if found := _LAST_WEEKDAY.search(said):
        last = date(year, month, length)
        return last - timedelta(days=(last.weekday() - WEEKDAYS.index(found[1])) % 7)
    return None

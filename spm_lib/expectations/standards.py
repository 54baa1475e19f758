"""The documents of a client joined: which version is in force on a day, and what it asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from spm_lib import schemas
from spm_lib.client import Client, Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations.documents import Document, read_document
from spm_lib.expectations.fields import (
    KINDS,
    PER_PERSON,
    CrmUsage,
    Goal,
    IndividualPlan,
    QuotaLine,
    SalesGoals,
    SalesProcess,
)
from spm_lib.periods import Period, add_months, fiscal_year, month

_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"\d{4}")

STANDARD_COLUMNS = [
    "metric",
    "direction",
    "threshold",
    "weeks",
    "minimum_n",
    "applies_to",
    "document",
    "title",
    "version",
    "effective_from",
]
RULE_COLUMNS = ["rule", "limit", "document", "version"]
CADENCE_COLUMNS = {"scope": "str", "id": "str", "days": "float64"}
TARGET_COLUMNS = {"rep_id": "str", "account_id": "str", "agreed_on": "datetime64[us]"}


@dataclass(frozen=True)
class Expectations:
    """A client's documents.

    Attributes
    ----------
    documents : tuple of Document
        Every version on file, oldest `effective_from` first.
    client : Client
    """

    documents: tuple[Document, ...]
    client: Client

    @classmethod
    def load(cls, folder: Path, client: Client) -> Expectations:
        """Read ``expectations/*.md`` of a client folder.

        Raises
        ------
        DocumentError
            A document cannot be read, or two of one kind begin on the same day.
        """
        found = [read_document(path) for path in sorted((folder / "expectations").glob("*.md"))]
        found.sort(key=lambda document: (document.front.effective_from, document.file))
        for one, other in same_day(found):
            raise DocumentError(
                f"two versions of {other.kind} begin on {other.front.effective_from}",
                where=f"{one.file} and {other.file}",
                remedy="give the newer one a later effective_from",
            )
        return cls(tuple(found), client)

    def in_force(self, kind: str, on: date) -> Document | None:
        """The version of a kind in force on a day: the latest one that has begun and not ended."""
        current = [d for d in self.documents if d.kind == kind and d.in_force(on)]
        return current[-1] if current else None

    def for_rep(self, kind: str, rep: Rep, on: date) -> Document | None:
        """The version in force on a day for one rep; None where none is, or it is not for them.

        Of plans and job descriptions: the rep's own, else the role's, else the general one.
        """
        if kind not in PER_PERSON:
            document = self.in_force(kind, on)
            return document if document is not None and is_for(document.audience, rep) else None
        current = [d for d in self.documents if d.kind == kind and d.in_force(on)]
        for audience in (rep.id, rep.role, None):
            fits = [d for d in current if (audience in d.audience if audience else not d.audience)]
            if fits:
                return fits[-1]
        return None

    def standards(self, on: date) -> pd.DataFrame:
        """Every standard in force on a day, one row per metric and audience (`STANDARD_COLUMNS`)."""
        rows = [
            {
                "metric": judged.metric,
                "direction": "at least" if judged.at_least is not None else "at most",
                "threshold": judged.at_least if judged.at_least is not None else judged.at_most,
                "weeks": judged.weeks,
                "minimum_n": judged.minimum_n,
                "applies_to": applies_to,
                "document": document.front.document,
                "title": document.front.title,
                "version": document.version,
                "effective_from": document.front.effective_from,
            }
            for document in self._current(on)
            for judged in document.front.judged_by
            if (applies_to := self._judges(document, judged.applies_to, on)) is not None
        ]
        return pd.DataFrame(rows, columns=STANDARD_COLUMNS)

    def _current(self, on: date) -> Iterator[Document]:
        """What is in force on a day, by kind; of plans and job descriptions every one."""
        for kind in sorted(KINDS):
            if kind in PER_PERSON:
                yield from (d for d in self.documents if d.kind == kind and d.in_force(on))
            elif document := self.in_force(kind, on):
                yield document

    def _judges(self, document: Document, narrowed: tuple[str, ...], on: date) -> tuple[str, ...] | None:
        """Whom a standard of a document is for; None where it is for nobody any more.

        Of plans and job descriptions the reps themselves are named: a rep's own replaces the role's, and
        a later version the earlier.
        """
        applies_to = narrowed or document.audience
        if document.kind not in PER_PERSON or not self.client.reps:
            return applies_to
        reps = [rep for rep in self.client.reps if is_for(applies_to, rep)]
        held = tuple(rep.id for rep in reps if self.for_rep(document.kind, rep, on) == document)
        return held or None

    def cadences(self, on: date) -> pd.DataFrame:
        """The cadences that the sales process in force promises: scope, id, days (`CADENCE_COLUMNS`)."""
        document = self.in_force("sales_process", on)
        front = document.front if document else None
        promised = (front.prospecting, front.nurturing) if isinstance(front, SalesProcess) else ()
        rows = [line.model_dump() for cadence in promised if cadence for line in cadence.every]
        return pd.DataFrame(rows, columns=list(CADENCE_COLUMNS)).astype(CADENCE_COLUMNS)

    def targets(self, on: date) -> pd.DataFrame:
        """The target accounts of the individual plans in force: rep, account, day (`TARGET_COLUMNS`)."""
        rows = [
            {"rep_id": rep.id, "account_id": account.id, "agreed_on": document.front.agreed_on}
            for rep in self.client.reps
            if (document := self.for_rep("individual_plan", rep, on))
            and isinstance(document.front, IndividualPlan)
            for account in document.front.target_accounts
        ]
        return pd.DataFrame(rows, columns=list(TARGET_COLUMNS)).astype(TARGET_COLUMNS)

    def rules(self, on: date) -> pd.DataFrame:
        """The hygiene rules of the CRM-usage document in force on a day (`RULE_COLUMNS`)."""
        document = self.in_force("crm_usage", on)
        if document is None or not isinstance(document.front, CrmUsage):
            return pd.DataFrame(columns=RULE_COLUMNS).astype({"limit": "float64"})
        rows = [
            {"rule": line.rule, "limit": line.limit, "document": "crm_usage", "version": document.version}
            for line in document.front.rules
        ]
        return pd.DataFrame(rows, columns=RULE_COLUMNS).astype({"limit": "float64"})

    def expected_days(self, on: date) -> dict[str, float]:
        """Stage id -> days an opportunity should stay there, by the sales process in force."""
        document = self.in_force("sales_process", on)
        if document is None or not isinstance(document.front, SalesProcess):
            return {}
        return {line.id: line.expected_days for line in document.front.stages if line.expected_days}

    def quotas(self, exported: pd.DataFrame, on: date) -> pd.DataFrame:
        """The goals known on a day, one row per goal; goals of managers are roll-ups and left out.

        A newer version restates only the goals it names; the others stay as they were agreed.

        Parameters
        ----------
        exported : pandas.DataFrame
            ``schemas.QUOTAS`` as the exports bring them, used when the sales goals say so.
        on : datetime.date

        Returns
        -------
        pandas.DataFrame
            ``schemas.QUOTAS``.
        """
        frames = []
        for document in self.documents:
            front = document.front
            if not isinstance(front, SalesGoals) or front.effective_from > on:
                continue
            if front.goals_from == "exports":
                frames.append(exported)
            elif front.quotas:
                frames.append(self._typed(front, document.file))
        if not frames:
            return schemas.QUOTAS.empty()
        every = pd.concat(frames, ignore_index=True).drop_duplicates(list(schemas.QUOTAS.key), keep="last")
        managers = [rep.id for rep in self.client.reps if rep.role == "manager"]
        return schemas.QUOTAS.conform(every[~every["rep_id"].isin(managers)].reset_index(drop=True))

    def _typed(self, front: SalesGoals, file: str) -> pd.DataFrame:
        known = {rep.id for rep in self.client.reps}
        rows = []
        for number, line in enumerate(front.quotas, start=1):
            if line.rep is not None and line.rep not in known and not self.client.reps_from_exports:
                raise DocumentError(
                    "a goal is for a rep nobody knows",
                    where=f"{file}, quota {number}",
                    given=line.rep,
                    remedy=f"reps in client.yaml: {', '.join(sorted(known)) or 'none'}",
                )
            rows.append(self._row(line, front.currency, f"{file}, quota {number}"))
        return schemas.QUOTAS.conform(pd.DataFrame(rows, columns=schemas.QUOTAS.names))

    def _row(self, line: QuotaLine, currency: str | None, where: str) -> dict[str, object]:
        period = quota_period(line, self.client, where)
        return {
            "rep_id": line.rep,
            "period_start": pd.Timestamp(period.start),
            "period_end": pd.Timestamp(period.end),
            "amount": line.amount,
            "currency": currency or self.client.currency,
            "product_line": line.product_line,
            "territory": line.territory,
            "business": line.business,
            "ramp_rate": line.ramp_rate,
            "proration_rate": line.proration_rate,
        }


def is_for(applies_to: tuple[str, ...], rep: Rep) -> bool:
    """Whether a list of roles and reps holds one; nobody named is everybody."""
    return not applies_to or rep.id in applies_to or rep.role in applies_to


def same_day(documents: Iterable[Document]) -> Iterator[tuple[Document, Document]]:
    """Every two versions for the same people that begin on one day, so that nobody knows which holds."""
    begun: dict[tuple[str, date], list[Document]] = {}
    for document in documents:
        if document.front.is_draft:
            continue
        others = begun.setdefault((document.kind, document.front.effective_from), [])
        yield from ((other, document) for other in others if share_readers(other, document))
        others.append(document)


def share_readers(one: Document, other: Document) -> bool:
    """Whether one replaces the other: a plan of one role stands beside that of another role."""
    if one.kind not in PER_PERSON or one.audience == other.audience:
        return True
    return bool(set(one.audience) & set(other.audience))


def quota_period(line: Goal, client: Client, where: str) -> Period:
    """The days a goal is for.

    Raises
    ------
    DocumentError
        The label is neither a quarter, a month nor a year, or `to` is not after `from`.
    """
    if line.from_day is not None and line.to_day is not None:
        if line.to_day <= line.from_day:
            raise DocumentError("a goal ends before it begins", where=where, given=str(line.to_day))
        return Period(line.from_day, line.to_day, time_zone=client.time_zone)
    label = line.period or ""
    try:
        period = _labelled(label, client)
    except ValueError:  # a year no calendar has
        period = None
    if period is None:
        raise DocumentError(
            "not a goal period",
            where=where,
            given=label,
            remedy="write a quarter 2026-Q4, a month 2026-11, a year 2026, or `from:` and `to:`",
        )
    return period


def _labelled(label: str, client: Client) -> Period | None:
    """The quarter, month or year a label names."""
    if match := _QUARTER.fullmatch(label):
        start = add_months(_year_start(int(match[1]), client), 3 * (int(match[2]) - 1))
        return Period(start, add_months(start, 3), label, client.time_zone)
    if match := _MONTH.fullmatch(label):
        return month(date(int(match[1]), int(match[2]), 1), time_zone=client.time_zone)
    if _YEAR.fullmatch(label):
        start = _year_start(int(label), client)
        return fiscal_year(start, fiscal_start=client.fiscal_year_starts_in, time_zone=client.time_zone)
    return None


def _year_start(year: int, client: Client) -> date:
    """First day of the fiscal year named `year`, the calendar year it ends in."""
    starts_in = client.fiscal_year_starts_in
    return date(year if starts_in == 1 else year - 1, starts_in, 1)

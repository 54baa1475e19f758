"""The documents of a client joined: which version is in force on a day, and what it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from spm_lib import schemas
from spm_lib.client import Client, Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations.documents import (
    CrmUsage,
    Document,
    QuotaLine,
    SalesGoals,
    SalesProcess,
    read_document,
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
#: Documents of which several are in force at once, each for its own role or rep.
PER_PERSON = ("compensation_plan", "job_description", "individual_plan")
RULE_COLUMNS = ["rule", "limit", "document", "version"]


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
        seen: dict[tuple[str, tuple[str, ...], date], str] = {}
        for document in found:
            # a plan for each role may begin on one day
            audience = document.front.applies_to if document.front.document in PER_PERSON else ()
            start = (document.front.document, audience, document.front.effective_from)
            if start in seen:
                raise DocumentError(
                    f"two versions of {start[0]} begin on {start[2]}",
                    where=f"{seen[start]} and {document.file}",
                    remedy="give the newer one a later effective_from",
                )
            seen[start] = document.file
        return cls(tuple(found), client)

    def in_force(self, kind: str, on: date) -> Document | None:
        """The version of a kind in force on a day: the latest one that has begun and not ended."""
        current = [d for d in self.documents if d.front.document == kind and d.in_force(on)]
        return current[-1] if current else None

    def for_rep(self, kind: str, rep: Rep, on: date) -> Document | None:
        """The version in force on a day for one rep: the rep's own, else the role's, else the general."""
        current = [d for d in self.documents if d.front.document == kind and d.in_force(on)]
        for audience in (rep.id, rep.role, None):
            fits = [
                d for d in current if (audience in d.front.applies_to if audience else not d.front.applies_to)
            ]
            if fits:
                return fits[-1]
        return None

    def standards(self, on: date) -> pd.DataFrame:
        """Every standard in force on a day, one row per metric and audience (`STANDARD_COLUMNS`)."""
        names = sorted({document.front.document for document in self.documents})
        current = [document for name in names if (document := self.in_force(name, on))]
        rows = [
            {
                "metric": judged.metric,
                "direction": "at least" if judged.at_least is not None else "at most",
                "threshold": judged.at_least if judged.at_least is not None else judged.at_most,
                "weeks": judged.weeks,
                "minimum_n": judged.minimum_n,
                "applies_to": judged.applies_to or document.front.applies_to,
                "document": document.front.document,
                "title": document.front.title,
                "version": document.version,
                "effective_from": document.front.effective_from,
            }
            for document in current
            for judged in document.front.judged_by
        ]
        return pd.DataFrame(rows, columns=STANDARD_COLUMNS)

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


def quota_period(line: QuotaLine, client: Client, where: str) -> Period:
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
    if match := _QUARTER.fullmatch(label):
        start = add_months(_year_start(int(match[1]), client), 3 * (int(match[2]) - 1))
        return Period(start, add_months(start, 3), label, client.time_zone)
    if match := _MONTH.fullmatch(label):
        return month(date(int(match[1]), int(match[2]), 1), time_zone=client.time_zone)
    if _YEAR.fullmatch(label):
        start = _year_start(int(label), client)
        return fiscal_year(start, fiscal_start=client.fiscal_year_starts_in, time_zone=client.time_zone)
    raise DocumentError(
        "not a goal period",
        where=where,
        given=label,
        remedy="write a quarter 2026-Q4, a month 2026-11, a year 2026, or `from:` and `to:`",
    )


def _year_start(year: int, client: Client) -> date:
    """First day of the fiscal year named `year`, the calendar year it ends in."""
    starts_in = client.fiscal_year_starts_in
    return date(year if starts_in == 1 else year - 1, starts_in, 1)

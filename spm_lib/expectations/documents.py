"""One expectation document: YAML front matter for the machine, prose for people.

A version is the hash of the file's content. An edit is a new version, so nobody is ever judged by words
that were changed after they were agreed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict, Field, model_validator

from spm_lib.client import Strict, parse
from spm_lib.errors import DocumentError
from spm_lib.expectations.compensation import Clauses

#: The seven documents of the method. A name may carry whom it is for: ``job_description-closer``.
KINDS = (
    "sales_goals",
    "job_description",
    "compensation_plan",
    "sales_process",
    "crm_usage",
    "individual_plan",
    "team_culture",
)

HYGIENE_RULES = (
    "past_expected_close",
    "no_expected_close",
    "no_amount",
    "no_next_step",
    "no_future_activity",
    "untouched_days",
    "stage_age_days",
    "pushed_more_than",
    "single_contact",
    "lost_without_reason",
)


class Judged(Strict):
    """One standard a document sets: a metric and its threshold over some trailing weeks."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    weeks: int = Field(default=26, ge=1)
    minimum_n: int = Field(default=1, ge=1)
    applies_to: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_side(self) -> Judged:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most")
        return self


class Common(Strict):
    """The front matter every document carries."""

    document: str
    title: str = Field(min_length=1)
    effective_from: date
    effective_to: date | None = None
    supersedes: str | None = None
    applies_to: tuple[str, ...] = ()
    acknowledged_by: tuple[str, ...] = ()
    review_every: str | None = None
    judged_by: tuple[Judged, ...] = ()

    @model_validator(mode="after")
    def _dates_in_order(self) -> Common:
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError("effective_to is not after effective_from")
        return self


class QuotaLine(Strict):
    """One goal: whose, for which period, how much.

    `period` is a fiscal quarter (2026-Q4), a month (2026-11) or a fiscal year (2026); `from` and `to` name
    any other, `to` not included.
    """

    rep: str | None = None
    team: Literal[True] | None = None
    period: str | None = None
    from_day: date | None = Field(default=None, alias="from")
    to_day: date | None = Field(default=None, alias="to")
    amount: float = Field(ge=0)
    product_line: str | None = None
    territory: str | None = None
    business: Literal["new", "existing"] | None = None
    ramp_rate: float | None = Field(default=None, ge=0, le=1)
    proration_rate: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _period_as_text(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("period"), int):
            return {**value, "period": str(value["period"])}  # YAML reads `period: 2026` as a number
        return value

    @model_validator(mode="after")
    def _complete(self) -> QuotaLine:
        if (self.rep is None) == (self.team is None):
            raise ValueError("say whose goal it is: either `rep: <id>` or `team: true`")
        if (self.period is None) == (self.from_day is None or self.to_day is None):
            raise ValueError("say for which time: either `period:` or both `from:` and `to:`")
        return self


class SalesGoals(Common):
    """Revenue goals and quotas, typed in or taken from an exported goals table."""

    currency: str | None = None
    goals_from: Literal["exports"] | None = None
    quotas: tuple[QuotaLine, ...] = ()


class StageLine(Strict):
    """One stage of the sales process."""

    id: str
    name: str
    category: Literal["open", "won", "lost", "disqualified"] = "open"
    definition: str | None = None
    exit_criteria: str | tuple[str, ...] | None = None
    expected_days: float | None = Field(default=None, gt=0)


class SalesProcess(Common):
    """The stages in order, the cadences, the time to answer a lead."""

    stages: tuple[StageLine, ...] = ()
    prospecting: str | dict[str, Any] | None = None
    nurturing: str | dict[str, Any] | None = None
    lead_response_hours: float | None = Field(default=None, gt=0)


class RuleLine(Strict):
    """One hygiene rule; `limit` where the rule counts something."""

    rule: Literal[HYGIENE_RULES]  # type: ignore[valid-type]
    limit: float | None = Field(default=None, ge=0)


class CrmUsage(Common):
    """What the CRM must hold and how soon."""

    rules: tuple[RuleLine, ...] = ()
    required_fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    log_within_hours: float | None = Field(default=None, gt=0)
    next_step_rule: str | None = None


class Other(Common):
    """A document whose own fields nothing reads yet; its common front matter still counts."""

    model_config = ConfigDict(frozen=True, extra="allow")


class CompensationPlan(Common, Clauses):
    """What is paid for what is sold."""


_MODELS: dict[str, type[Common]] = {
    "compensation_plan": CompensationPlan,
    "sales_goals": SalesGoals,
    "sales_process": SalesProcess,
    "crm_usage": CrmUsage,
}


@dataclass(frozen=True)
class Document:
    """A document as read.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    front : Common
        The checked front matter.
    prose : str
        Markdown for people.
    version : str
        The first twelve characters of the content's SHA-256.
    file : str
        Its file name.
    """

    kind: str
    front: Common
    prose: str
    version: str
    file: str

    def in_force(self, on: date) -> bool:
        """Whether its dates hold that day (a later document may still replace it)."""
        ended = self.front.effective_to is not None and on >= self.front.effective_to
        return self.front.effective_from <= on and not ended


def read_document(path: Path) -> Document:
    """Read and check one document.

    Raises
    ------
    DocumentError
        No front matter, broken YAML, an unknown kind or key, an impossible date: with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise DocumentError("the document is not UTF-8 text", where=path.name) from problem
    matter, prose = _split(text, path.name)
    facts = _load(matter, path.name)
    kind = str(facts.get("document", "")).partition("-")[0]
    if kind not in KINDS:
        raise DocumentError(
            "not one of the seven documents",
            where=path.name,
            given=facts.get("document"),
            remedy=f"write `document:` with one of {', '.join(KINDS)}",
        )
    front = parse(_MODELS.get(kind, Other), facts, where=path.name, error=DocumentError)
    version = hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()[:12]
    return Document(kind, front, prose.strip(), version, path.name)


def _split(text: str, name: str) -> tuple[str, str]:
    """Front matter and prose of a document."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        raise DocumentError(
            "the document has no front matter",
            where=f"{name}, line 1",
            given=lines[0] if lines else "",
            remedy="start the file with a line of three hyphens, the keys, and three hyphens again",
        )
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    raise DocumentError(
        "the front matter never ends", where=name, remedy="close it with a line of three hyphens"
    )


def _load(matter: str, name: str) -> dict[str, Any]:
    """Front matter as a mapping; a fault names the line of the file."""
    try:
        facts = yaml.safe_load(matter)
    except (yaml.YAMLError, ValueError) as problem:  # an impossible date is a ValueError in PyYAML
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark else ""
        raise DocumentError(
            "the front matter is not YAML",
            where=f"{name}{line}",
            given=getattr(problem, "problem", None) or str(problem),
            remedy="check dates, indentation and quotes there",
        ) from problem
    if not isinstance(facts, dict):
        raise DocumentError("the front matter holds no keys", where=name, remedy="write `key: value` lines")
    return facts

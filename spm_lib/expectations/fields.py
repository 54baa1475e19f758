"""What the front matter of each of the seven documents may hold. A key that is not listed is refused."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from spm_lib.client import Strict
from spm_lib.expectations.compensation import Clauses, Tier

#: `effective_from` of a document that is still being written: it is never in force.
NOT_YET = date(9999, 12, 31)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

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


def _as_day(value: object) -> object:
    """A day as YAML reads it; a number is none, though seconds since 1970 could be made of it."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("not a day, write it like 2026-11-16")


Day = Annotated[date, BeforeValidator(_as_day)]
Words = Annotated[str, Field(min_length=1)]
Business = Literal["new", "existing"]


class Fields(Strict):
    """Keys of a document; a number without end is none."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Judged(Fields):
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


class Common(Fields):
    """The front matter every document carries."""

    document: str
    title: str = Field(min_length=1)
    effective_from: Day
    effective_to: Day | None = None
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

    @property
    def is_draft(self) -> bool:
        """Whether it is still being written, as `spm new` leaves it."""
        return self.effective_from == NOT_YET


class Goal(Fields):
    """An amount for some time, perhaps of some of the business.

    `period` is a fiscal quarter (2026-Q4), a month (2026-11) or a fiscal year (2026); `from` and `to` name
    any other, `to` not included.
    """

    period: str | None = None
    from_day: Day | None = Field(default=None, alias="from")
    to_day: Day | None = Field(default=None, alias="to")
    amount: float = Field(ge=0)
    product_line: str | None = None
    territory: str | None = None
    business: Business | None = None

    @model_validator(mode="before")
    @classmethod
    def _period_as_text(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("period"), int):
            return {**value, "period": str(value["period"])}  # YAML reads `period: 2026` as a number
        return value

    @model_validator(mode="after")
    def _timed(self) -> Goal:
        if (self.period is None) == (self.from_day is None or self.to_day is None):
            raise ValueError("say for which time: either `period:` or both `from:` and `to:`")
        return self


class QuotaLine(Goal):
    """One goal of the sales goals: whose, for which period, how much."""

    rep: str | None = None
    team: Literal[True] | None = None
    ramp_rate: float | None = Field(default=None, ge=0, le=1)
    proration_rate: float | None = Field(default=None, ge=0, le=1)

    @model_validator(mode="after")
    def _owned(self) -> QuotaLine:
        if (self.rep is None) == (self.team is None):
            raise ValueError("say whose goal it is: either `rep: <id>` or `team: true`")
        return self


class SalesGoals(Common):
    """Revenue goals and quotas, typed in or taken from an exported goals table."""

    currency: str | None = None
    goals_from: Literal["exports"] | None = None
    quotas: tuple[QuotaLine, ...] = ()


class JobDescription(Common):
    """What a role is there for; its standards stand in `judged_by`."""

    reports_to: str | None = None
    responsibilities: tuple[Words, ...] = ()


class CompensationPlan(Common, Clauses):
    """What is paid for what is sold."""

    tiers: tuple[Tier, ...] = ()

    @model_validator(mode="after")
    def _pays(self) -> CompensationPlan:
        if not self.tiers and not self.is_draft:
            raise ValueError("tiers: write at least one, `{from: 0, rate: ...}`")
        return self


class StageLine(Fields):
    """One stage of the sales process."""

    id: str
    name: str
    category: Literal["open", "won", "lost", "disqualified"] = "open"
    definition: str | None = None
    exit_criteria: str | tuple[str, ...] | None = None
    expected_days: float | None = Field(default=None, gt=0)


class CadenceLine(Fields):
    """One promise: at most `days` between two touches of an opportunity, an account or a lead.

    `id` narrows it to a stage, an account or a lead source; without one it is for all others.
    """

    scope: Literal["opportunity", "account", "lead"]
    id: str | None = None
    days: float = Field(gt=0)


class Cadence(Fields):
    """How often somebody hears from us: in words for people, in days for the machine."""

    in_words: str | None = None
    every: tuple[CadenceLine, ...] = ()


def _as_cadence(value: object) -> object:
    if isinstance(value, str):
        return {"in_words": value}
    return {"every": value} if isinstance(value, list) else value


AnyCadence = Annotated[Cadence | None, BeforeValidator(_as_cadence)]


class SalesProcess(Common):
    """The stages in order, the cadences, the time to answer a lead."""

    stages: tuple[StageLine, ...] = ()
    prospecting: AnyCadence = None
    nurturing: AnyCadence = None
    lead_response_hours: float | None = Field(default=None, gt=0)


class RuleLine(Fields):
    """One hygiene rule; `limit` where the rule counts something."""

    rule: Literal[HYGIENE_RULES]  # type: ignore[valid-type]
    limit: float | None = Field(default=None, ge=0)


class CrmUsage(Common):
    """What the CRM must hold and how soon."""

    rules: tuple[RuleLine, ...] = ()
    required_fields: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    log_within_hours: float | None = Field(default=None, gt=0)
    next_step_rule: str | None = None


class Strategy(Fields):
    """A way to reach a goal, and where it stands."""

    what: Words
    status: Literal["planned", "under_way", "done", "dropped"] = "planned"
    due: Day | None = None
    why: str | None = None

    @model_validator(mode="after")
    def _dropped_for_a_reason(self) -> Strategy:
        if self.status == "dropped" and not self.why:
            raise ValueError("say why it was dropped: `why:`")
        return self


class PlanGoal(Goal):
    """One of the rep's own goals, with the ways to it."""

    account: str | None = None
    strategies: tuple[Strategy, ...] = ()


class TargetAccount(Fields):
    """An account the rep means to win or to grow; `id` as the exports name it."""

    id: Words
    name: str | None = None
    why: str | None = None


class WeeklyActivity(Fields):
    """What the rep means to do in a usual week."""

    what: Words
    count: float = Field(gt=0)


class Assumptions(Fields):
    """The rates by which a week's activity is meant to become the goal."""

    conversations_per_opportunity: float | None = Field(default=None, gt=0)
    win_rate: float | None = Field(default=None, gt=0, le=1)
    amount_per_win: float | None = Field(default=None, gt=0)


class Obstacle(Fields):
    """What stands in the way, and what will be done about it."""

    what: Words
    answer: str | None = None


class Development(Fields):
    """What the rep wants to get better at, and how."""

    what: Words
    how: str | None = None
    due: Day | None = None


class Resource(Fields):
    """What the company promises to supply; the ledger of its own part counts these."""

    what: Words
    promised_by: str | None = None
    due: Day | None = None
    supplied_on: Day | None = None


class Amendment(Fields):
    """A change of the plan after it was agreed."""

    amended_on: Day
    what: Words
    reason: Words


class IndividualPlan(Common):
    """A rep's own plan, in the rep's words, and what the company adds."""

    goals: tuple[PlanGoal, ...] = ()
    personal_goal: str | None = None
    target_accounts: tuple[TargetAccount, ...] = ()
    weekly_activity: tuple[WeeklyActivity, ...] = ()
    assumptions: Assumptions | None = None
    obstacles: tuple[Obstacle, ...] = ()
    development: tuple[Development, ...] = ()
    resources: tuple[Resource, ...] = ()
    agreed_on: Day | None = None
    amendments: tuple[Amendment, ...] = ()

    @model_validator(mode="after")
    def _of_one_rep(self) -> IndividualPlan:
        if len(self.applies_to) != 1 and not self.is_draft:
            raise ValueError("an individual plan is one rep's: write `applies_to: [<rep>]`")
        agreed = self.agreed_on or date.min
        if any(one.amended_on < agreed for one in self.amendments):
            raise ValueError("an amendment is dated before the plan was agreed on")
        return self


class TeamCulture(Common):
    """What the team agreed on, in its words, and the questions it is asked from time to time."""

    agreements: tuple[Words, ...] = ()
    pulse_questions: tuple[Words, ...] = ()


#: The seven documents of the method.
MODELS: dict[str, type[Common]] = {
    "sales_goals": SalesGoals,
    "job_description": JobDescription,
    "compensation_plan": CompensationPlan,
    "sales_process": SalesProcess,
    "crm_usage": CrmUsage,
    "individual_plan": IndividualPlan,
    "team_culture": TeamCulture,
}
KINDS = tuple(MODELS)
#: Documents of which several are in force at once, each for its own role or rep.
PER_PERSON = ("compensation_plan", "job_description", "individual_plan")

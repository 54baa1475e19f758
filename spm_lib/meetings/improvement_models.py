"""What the front matter of an improvement plan may hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from spm_lib.client import Strict
from spm_lib.meetings.models import Day, Line, several

Result = Literal["met", "extended", "ended"]
Step = Literal["gap", "criteria", "support", "consequence"]

RESULTS: tuple[Result, ...] = get_args(Result)
#: What is gone through with the rep one by one, each read and reviewed together on a day.
STEPS: tuple[Step, ...] = get_args(Step)
#: Days after the start, unless the plan names its own.
CHECKPOINT_DAYS = (30, 60, 90)
#: How long what was reached is watched over, unless the plan says so.
SUSTAIN_DAYS = 90
#: So many criteria a plan has.
FEWEST, MOST = 2, 3
#: What lies outside the rep's hands and is looked at first.
EXTERNAL = ("leads", "territory", "price")
#: What can be measured, by whether the rep does it or it comes of what they do.
ACTIVITY = ("conversations", "meetings_held", "logged_within_24h_rate")
OUTCOME = ("win_rate_by_count", "win_rate_broad", "attainment")
#: Of these, the counts of a week: their minimum is a number of weeks.
COUNTED = ("conversations", "meetings_held")


class _Numbers(Strict):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Criterion(_Numbers):
    """One thing the plan is measured by.

    Attributes
    ----------
    metric : str
        An id of the registry, out of `ACTIVITY` or `OUTCOME`.
    at_least, at_most : float, optional
        One of the two: a rate 0-1, or a number per week.
    weeks : int
        The last so many weeks of the plan count.
    minimum_n : int
        Results below which nothing is said, in the metric's unit: decided opportunities or activities of a
        rate, weeks of `COUNTED`, periods of an attainment.
    """

    metric: Line
    at_least: float | None = Field(default=None, ge=0)
    at_most: float | None = Field(default=None, ge=0)
    weeks: int = Field(ge=1, le=104)
    minimum_n: int = Field(ge=1)

    @model_validator(mode="after")
    def _one_side(self) -> Criterion:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most")
        return self

    @property
    def direction(self) -> str:
        """At least or at most."""
        return "at least" if self.at_most is None else "at most"

    @property
    def threshold(self) -> float:
        """What is asked for."""
        return float(self.at_most if self.at_least is None else self.at_least)  # type: ignore[arg-type]

    @property
    def kind(self) -> str:
        """Activity or outcome."""
        return "activity" if self.metric in ACTIVITY else "outcome"


class Support(Strict):
    """What the company provides, by whom and by when; `done_on` once it was."""

    what: Line
    by: Literal["manager", "owner"]
    due: Day
    done_on: Day | None = None


class External(Strict):
    """Something outside the rep's hands, when it was looked at and what was found."""

    what: Line
    checked_on: Day | None = None
    found: Line | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> External:
        if (self.checked_on is None) != (self.found is None):
            raise ValueError("say both checked_on and found, or neither")
        return self


class CheckIn(Strict):
    """A word between two checkpoints."""

    on: Day
    said: Line


class Acknowledged(Strict):
    """When the rep read a step of the plan, and when it was gone through together."""

    read_on: Day | None = None
    reviewed_on: Day | None = None


class Outcome(Strict):
    """What came of it; after an extension another one follows."""

    result: Result
    on: Day
    why: Line | None = None
    until: Day | None = None

    @model_validator(mode="after")
    def _told(self) -> Outcome:
        if self.result != "met" and self.why is None:
            raise ValueError(f"{self.result} without a reason, add `why:`")
        if (self.result == "extended") != (self.until is not None):
            raise ValueError("an extension, and nothing else, says `until:`")
        return self


class Front(Strict):
    """The front matter of one plan; the fields are told in `meetings.improvement`."""

    rep: Line
    expectation: Line
    document: Line | None = None
    starts_on: Day
    checkpoints: Annotated[tuple[Day, ...], BeforeValidator(several)] = ()
    ends_on: Day
    criteria: Annotated[tuple[Criterion, ...], BeforeValidator(several)]
    support: Annotated[tuple[Support, ...], BeforeValidator(several)]
    external: Annotated[tuple[External, ...], BeforeValidator(several)] = ()
    check_ins: Annotated[tuple[CheckIn, ...], BeforeValidator(several)] = ()
    comment: Line | None = None
    acknowledged: dict[Step, Acknowledged] = Field(default_factory=dict)
    outcome: Annotated[tuple[Outcome, ...], BeforeValidator(several)] = ()
    sustain_until: Day | None = None

    @property
    def looked_at_on(self) -> tuple[date, ...]:
        """The checkpoints: those named, else 30, 60 and 90 days after the start, as far as the plan goes."""
        if self.checkpoints:
            return self.checkpoints
        days = (self.starts_on + timedelta(days=days) for days in CHECKPOINT_DAYS)
        return tuple(day for day in days if day <= self.ends_on) or (self.ends_on,)

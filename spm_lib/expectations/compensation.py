"""The clauses of a compensation plan, as its front matter states them.

Rates and amounts are decimal numbers as typed, so that 0.07 is seven hundredths and nothing else.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, model_validator

from spm_lib.client import Strict


class BasePay(Strict):
    """What is paid whatever is sold, client's currency."""

    amount: Decimal = Field(ge=0)
    per: Literal["month", "period"] = "month"


class Tier(Strict):
    """A commission rate from a point on: a share of the quota, or an amount, as `tiers_by` says."""

    from_point: Decimal = Field(alias="from", ge=0)
    rate: Decimal = Field(ge=0, le=1)


class Accelerator(Strict):
    """Beyond this share of the quota every rate counts `times` as much."""

    beyond: Decimal = Field(gt=0)
    times: Decimal = Field(gt=0)


class Multiplier(Strict):
    """The commission on some of the business counts `times` as much; the credited amount does not change."""

    product_line: str | None = None
    territory: str | None = None
    business: Literal["new", "existing"] | None = None
    times: Decimal = Field(ge=0)

    @model_validator(mode="after")
    def _narrowed(self) -> Multiplier:
        if self.product_line is None and self.territory is None and self.business is None:
            raise ValueError("say for what: product_line, territory or business")
        return self


class Draw(Strict):
    """The commission paid at least, each period; a recoverable one is taken back from later commission."""

    amount: Decimal = Field(ge=0)
    recoverable: bool


class Clauses(Strict):
    """What a compensation plan holds besides the common front matter.

    Attributes
    ----------
    currency : str, optional
        The client's when missing.
    commission_period : str
        The client's goal period, or each calendar month: tiers, draw and cap begin anew in it.
    base : BasePay, optional
    quota : decimal.Decimal, optional
        The quota of a whole commission period, where the sales goals are not what the plan means.
    tiers_by : str
        Whether tiers begin at a share of the quota (1 is all of it) or at an amount.
    tiers : tuple of Tier
        The first begins at 0.
    applied : str
        marginal: each rate on what lies in its tier. whole: the rate of the tier reached on everything.
    accelerators, multipliers : tuple
        Of several multipliers that fit, all count.
    draw : Draw, optional
    cap : decimal.Decimal, optional
        The most commission of one period.
    payable_after_days : int
        Days from the win until its commission may be paid.
    payout_day : str, optional
        When it is paid, in words.
    """

    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    commission_period: Literal["goal_period", "month"] = "goal_period"
    base: BasePay | None = None
    quota: Decimal | None = Field(default=None, gt=0)
    tiers_by: Literal["quota", "amount"] = "quota"
    tiers: tuple[Tier, ...] = Field(min_length=1)
    applied: Literal["marginal", "whole"] = "marginal"
    accelerators: tuple[Accelerator, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()
    draw: Draw | None = None
    cap: Decimal | None = Field(default=None, ge=0)
    payable_after_days: int = Field(default=0, ge=0)
    payout_day: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Clauses:
        points = [tier.from_point for tier in self.tiers]
        if points and points[0] != 0:
            raise ValueError("tiers: the first one begins `from: 0`")
        if any(later <= earlier for earlier, later in pairwise(points)):
            raise ValueError("tiers: each begins later than the one before")
        rates = [tier.rate for tier in self.tiers]
        if self.applied == "whole" and rates != sorted(rates):
            raise ValueError("tiers applied to the whole may not fall: selling more would earn less")
        if self.applied == "whole" and any(one.times < 1 for one in self.accelerators):
            raise ValueError("accelerators of a plan applied to the whole may not slow down")
        return self

    def clauses(self) -> dict[str, Any]:
        """The clauses alone as plain values, decimals kept: what `spm_lib.metrics.commission.Plan` takes."""
        return self.model_dump(include=set(Clauses.model_fields))

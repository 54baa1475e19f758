"""The arithmetic of a compensation plan: steps, accelerators, multipliers, cap and draw, exact to the cent.

Money is counted in whole cents and rates in fractions, so nothing is rounded before the end. The commission
of a period is rounded once, half a cent up; the lines of a statement share that total, the cents left over
going to the lines that rounding down cost most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from spm_lib.errors import MetricError
from spm_lib.periods import Period, month

_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Step:
    """A commission rate from an amount on, in cents."""

    from_cents: Fraction
    rate: Fraction


@dataclass(frozen=True)
class Plan:
    """A compensation plan for computing: `clauses` as the expectation document holds them.

    Attributes
    ----------
    clauses : mapping
        commission_period, base, quota, tiers_by, tiers, applied, accelerators, multipliers, draw, cap,
        payable_after_days, as `spm_lib.expectations.compensation.Clauses` describes them; what is missing
        counts as not agreed.
    effective_from : datetime.date
    title, version : str
        Which document it is.
    """

    clauses: Mapping[str, Any]
    effective_from: date
    title: str = ""
    version: str = ""

    @property
    def needs_quota(self) -> bool:
        """Whether nothing can be computed without a quota."""
        by_quota = self.clauses.get("tiers_by", "quota") == "quota" and len(self.clauses["tiers"]) > 1
        return by_quota or bool(self.clauses.get("accelerators"))

    def period_of(self, day: date, horizon: Period) -> Period:
        """The commission period that holds a day of a goal period."""
        by_month = self.clauses.get("commission_period") == "month"
        return month(day, time_zone=horizon.time_zone) if by_month else horizon

    def multiplier(self, line: Mapping[Any, Any]) -> Fraction:
        """What the commission of a credited line is multiplied by."""
        product = Fraction(1)
        for clause in self.clauses.get("multipliers") or ():
            named = {key: clause.get(key) for key in ("product_line", "territory", "business")}
            if all(value is None or line.get(key) == value for key, value in named.items()):
                product *= Fraction(clause["times"])
        return product

    def steps(self, quota_cents: int | None) -> list[Step]:
        """The rates from each amount on, accelerators in them, lowest amount first."""
        quota = Fraction(quota_cents or 0)
        scale = quota if self.clauses.get("tiers_by", "quota") == "quota" else Fraction(100)
        tiers = [
            Step(Fraction(one["from_point"]) * scale, Fraction(one["rate"])) for one in self.clauses["tiers"]
        ]
        faster = [
            (Fraction(one["beyond"]) * quota, Fraction(one["times"]))
            for one in self.clauses.get("accelerators") or ()
        ]
        points = sorted({step.from_cents for step in tiers} | {point for point, _ in faster})
        return [Step(point, _rate_from(point, tiers, faster)) for point in points]

    def cents(self, clause: str) -> int | None:
        """An amount of the plan in cents; None where it is not agreed."""
        value = self.clauses.get(clause)
        return None if value is None else half_up(Fraction(value) * 100)


def _rate_from(
    point: Fraction, tiers: Sequence[Step], faster: Sequence[tuple[Fraction, Fraction]]
) -> Fraction:
    """The rate on what lies beyond a point: the tier it lies in, times every accelerator reached."""
    rate = [step.rate for step in tiers if step.from_cents <= point][-1]
    for reached, times in faster:
        rate *= times if reached <= point else 1
    return rate


def half_up(exact: Fraction) -> int:
    """A number of cents rounded to whole ones, a half up."""
    return int((exact + _HALF) // 1)


def shared_cents(exact: Sequence[Fraction], total: int) -> list[int]:
    """Whole cents that add up to a total, as near to the exact ones as it allows."""
    down = [int(one // 1) for one in exact]
    order = sorted(range(len(exact)), key=lambda place: (down[place] - exact[place], place))
    left = total - sum(down)
    for turn in range(abs(left)):
        down[order[turn % len(order)]] += 1 if left > 0 else -1
    return down


def marginal(steps: Sequence[Step], cents: int | Fraction) -> Fraction:
    """The commission of an amount, each rate on what lies in its tier."""
    ends: list[Fraction | None] = [*(step.from_cents for step in steps[1:]), None]
    amount, commission = Fraction(cents), Fraction(0)
    for step, end in zip(steps, ends, strict=True):
        begin = min(step.from_cents, amount) if step is steps[0] else step.from_cents
        top = amount if end is None else min(amount, end)
        # what was taken back below zero is taken back at the first rate
        commission += (top - begin) * step.rate if top > begin else 0
    return commission if amount >= 0 else amount * steps[0].rate


def commissions(
    plan: Plan, credited: Sequence[int], multipliers: Sequence[Fraction], quota_cents: int | None
) -> list[Fraction]:
    """The exact commission of each line, in cents, in the order they were won; the cap is in it.

    Parameters
    ----------
    plan : Plan
    credited : sequence of int
        Cents.
    multipliers : sequence of fractions.Fraction
    quota_cents : int or None
    """
    steps = plan.steps(quota_cents)
    if plan.clauses.get("applied") == "whole":
        rate = [step.rate for step in steps if step.from_cents <= max(sum(credited), 0)][-1]
        lines = [cents * rate * times for cents, times in zip(credited, multipliers, strict=True)]
    else:
        lines, before = [], 0
        for cents, times in zip(credited, multipliers, strict=True):
            lines.append((marginal(steps, before + cents) - marginal(steps, before)) * times)
            before += cents
    return _capped(lines, plan.cents("cap"))


def _capped(lines: list[Fraction], cap: int | None) -> list[Fraction]:
    """Lines cut such that no running total exceeds the cap."""
    if cap is None:
        return lines
    capped, total, paid = [], Fraction(0), Fraction(0)
    for line in lines:
        total += line
        capped.append(min(total, Fraction(cap)) - paid)
        paid = min(total, Fraction(cap))
    return capped


@dataclass(frozen=True)
class Settlement:
    """What a draw does to one period's commission, in cents."""

    top_up: int
    recovered: int
    balance: int


def settle(commission: int, draw: int | None, recoverable: bool, balance: int) -> Settlement:
    """Pay at least the draw; take a recoverable one back from what exceeds it.

    Parameters
    ----------
    commission, draw, balance : int
        Cents; `balance` is what earlier periods left to be recovered.
    recoverable : bool
    """
    if draw is None:
        return Settlement(0, 0, balance)
    top_up = max(draw - commission, 0)
    recovered = min(balance, max(commission - draw, 0))
    return Settlement(top_up, recovered, balance + (top_up if recoverable else 0) - recovered)


def check_currency(plan_currency: str | None, client_currency: str) -> None:
    """Refuse a plan in another currency than the client's.

    Raises
    ------
    MetricError
    """
    if plan_currency not in (None, client_currency):
        raise MetricError(
            "a compensation plan in another currency cannot be computed",
            given=plan_currency,
            remedy=f"state it in {client_currency}",
        )

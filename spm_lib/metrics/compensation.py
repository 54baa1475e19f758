"""What has a rep earned? Credited amounts through the clauses of the compensation plan, exact to the cent.

Money is counted in whole cents and rates in fractions, so nothing is rounded before the end. The commission
of a period is rounded once, half a cent up; the lines of a statement share that total, the cents left over
going to the lines that rounding down cost most (`commission`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from spm_lib.metrics.attainment import attainment
from spm_lib.metrics.commission import Plan, commissions, half_up, settle, shared_cents
from spm_lib.metrics.goals import Goal, days_of, elapsed, goals
from spm_lib.metrics.groups import check_by
from spm_lib.metrics.past_periods import preceding
from spm_lib.metrics.registry import metric
from spm_lib.periods import Calendar, Period

_LINE_COLUMNS = {
    "opportunity_id": "the opportunity",
    "name": "what people call it",
    "outcome_at": "when it was won",
    "credited_amount": "what is credited to the rep, client's currency",
    "multiplier": "what its commission is multiplied by",
    "commission_amount": "its commission after tiers, multipliers and cap, client's currency",
    "payable_on": "the day from which it may be paid",
    "payment": "earned (payable at the cut-off) or pending",
}
_TIME = (
    "the commission period that holds the cut-off's last day (the goal period or the calendar month, as the "
    "plan says), from the day the plan is in force; wins before the cut-off, in the order they were won"
)
_CREDIT = "as attainment: the rep who held the opportunity when it was won, splits share it"
_EXCLUDED = "won opportunities without an amount (counted in no_amount_count); base pay is no commission"


@metric(
    question="What has each rep earned by the plan in force?",
    formula="commission = sum of credited amount × rate of its tier × accelerators beyond their share of the "
    "quota × multipliers, at most the cap; earned = payable at the cut-off, pending = won but not yet "
    "payable; payout = commission + what the draw adds − what it recovers",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="no plan in force, no quota where the plan needs one, or a goal of zero: commission is missing and "
    "`state` says why, never 0; nothing won is a commission of 0",
    columns={
        "credited_count": "credited lines",
        "credited_amount": "what is credited in the period, client's currency: the bookings of attainment",
        "no_amount_count": "won opportunities without an amount",
        "quota": "the quota the plan measures against, client's currency",
        "attainment_rate": "credited_amount / quota",
        "base_amount": "base pay of the commission period, client's currency",
        "commission_amount": "commission on what is credited: earned_amount + pending_amount",
        "earned_amount": "commission payable at the cut-off",
        "pending_amount": "commission on what is won and not yet payable",
        "capped_amount": "what the cap withholds",
        "draw_added_amount": "what the draw adds if the period ended at the cut-off",
        "recovered_amount": "what it takes back from this period's commission",
        "draw_balance": "recoverable draw left afterwards",
        "payout_amount": "commission_amount + draw_added_amount − recovered_amount",
        "projected_bookings": "bookings the whole period is projected to bring, client's currency",
        "projected_amount": "commission on those, at the average multiplier so far",
        "plan": "title of the plan",
        "version": "version of the document",
        "state": "computed, no plan in force, no quota, draw before the record unknown (what rests on it is "
        "missing), or partly (reps whose states differ)",
    },
    example="5 % up to the quota of 60,000, 8 % beyond, 1.5 times as much beyond 120 % of it, heat pumps "
    "1.2 times. 50,000 of furnaces, then 30,000 of heat pumps: 2,500; then 10,000 at 5 %, 12,000 at 8 % and "
    "8,000 at 12 % are 2,420, × 1.2 = 2,904. Commission 5,404.00.",
    groupings=("rep_id",),
)
def compensation(
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    compensation_plans: Mapping[str, Plan],
    by: str | None = None,
    groups: list[str] | None = None,
    projected: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What each rep's credited amounts earn.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    quotas : pandas.DataFrame
        ``schemas.QUOTAS``.
    horizon : Period
        The goal period.
    cutoff : pandas.Timestamp
        UTC.
    calendar : Calendar
    compensation_plans : mapping
        Rep -> the plan in force.
    by : str, optional
        rep_id; None adds the reps up.
    groups : list of str, optional
        Reps that get a row even without bookings and plan.
    projected : pandas.DataFrame, optional
        rep_id, bookings: what each commission period is projected to bring; a straight line over business
        days when missing.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping, the goals are in several currencies, or a plan is in another currency.
    """
    check_by("compensation", by, ("rep_id",))
    known = outcomes[outcomes["outcome_at"] < cutoff]
    asked = _Asked(known, quotas, horizon, cutoff, calendar, projected)
    won = known.loc[known["outcome"].eq("won") & horizon.holds(known["outcome_at"]), "rep_id"]
    reps = sorted({*(groups or ()), *compensation_plans, *won.dropna()})
    rows = [asked.row(rep, compensation_plans.get(rep)) for rep in reps]
    if won.isna().any():
        rows.append(asked.row(None, None))
    table = pd.DataFrame(rows, columns=["rep_id", *_AMOUNTS_AND_MORE])
    table = table.astype(dict.fromkeys(("rep_id", "plan", "version", "state"), "str"))
    return table if by else _added_up(table)


@metric(
    question="Which opportunities is the commission made of?",
    formula="as compensation, line by line: the lines of a rep add up to commission_amount and to "
    "credited_amount, to the cent",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="no lines; commission is missing for a rep without a plan, or without a quota the plan needs",
    columns={"rep_id": "whose line", **_LINE_COLUMNS},
    example="Quota 60,000, 5 % up to it and 8 % beyond; 50,000 then 30,000 won: 2,500.00, then 10,000 at 5 % "
    "and 20,000 at 8 %: 2,100.00.",
)
def compensation_lines(
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    compensation_plans: Mapping[str, Plan],
) -> pd.DataFrame:
    """The credited lines of every rep, in the order they were won.

    Takes and refuses the same as `compensation`.
    """
    known = outcomes[outcomes["outcome_at"] < cutoff]
    asked = _Asked(known, quotas, horizon, cutoff, calendar, None)
    reps = sorted({*known["rep_id"].dropna(), *compensation_plans})
    parts = [asked.lines(rep, compensation_plans.get(rep)).assign(rep_id=rep) for rep in reps]
    filled = [part for part in parts if len(part)]
    columns = ["rep_id", *_LINE_COLUMNS]
    if not filled:
        return pd.DataFrame(columns=columns)
    return pd.concat(filled, ignore_index=True)[columns].astype({"rep_id": "str"})


_MONEY = (
    *("credited_amount", "quota", "base_amount", "commission_amount", "earned_amount", "pending_amount"),
    *("capped_amount", "draw_added_amount", "recovered_amount", "draw_balance", "payout_amount"),
    *("projected_bookings", "projected_amount"),
)
_AMOUNTS_AND_MORE = [
    *("credited_count", "credited_amount", "no_amount_count", "quota", "attainment_rate"),
    *_MONEY[2:],
    *("plan", "version", "state"),
]


@dataclass(frozen=True)
class _Asked:
    """What every rep's row is made from; `outcomes` are those before the cut-off."""

    outcomes: pd.DataFrame
    quotas: pd.DataFrame
    horizon: Period
    cutoff: pd.Timestamp
    calendar: Calendar
    projected: pd.DataFrame | None
    _booked: dict[Period, pd.Series] = field(default_factory=dict, repr=False, compare=False)
    _goals: dict[Period, dict[str | None, Goal]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def today(self) -> date:
        """The first day not known."""
        return self.cutoff.tz_convert(self.horizon.time_zone).date()

    def period(self, plan: Plan | None) -> Period:
        """The commission period, from the day the plan is in force."""
        if plan is None:
            return self.horizon
        last_day = min(max(self.today - timedelta(days=1), self.horizon.start), self.horizon.last_day)
        return _in_force(plan.period_of(last_day, self.horizon), plan)

    def row(self, rep: str | None, plan: Plan | None) -> dict[str, object]:
        """One rep's row."""
        period = self.period(plan)
        lines, goal = self._credited(rep, period), self._quota_cents(rep, plan, period)
        credited = sum(lines["cents"])
        row: dict[str, object] = {
            "rep_id": rep,
            "credited_count": len(lines),
            "credited_amount": credited / 100,
            "no_amount_count": self._unpriced(rep, period),
            "quota": np.nan if goal is None else goal / 100,
            "attainment_rate": credited / goal if goal else np.nan,
            "state": _state(plan, goal),
        }
        row |= dict.fromkeys(_MONEY[2:], np.nan)
        if plan is None:
            return row
        row |= {"plan": plan.title, "version": plan.version}
        row["base_amount"] = _base_cents(plan, period, self.horizon) / 100
        return row | self._earned(rep, plan, period, lines, goal) if row["state"] == "computed" else row

    def lines(self, rep: str, plan: Plan | None) -> pd.DataFrame:
        """One rep's statement."""
        period = self.period(plan)
        lines, goal = self._credited(rep, period), self._quota_cents(rep, plan, period)
        table = lines.assign(
            credited_amount=[cents / 100 for cents in lines["cents"]],
            multiplier=1.0,
            commission_amount=np.nan,
            payable_on=pd.Series(pd.NaT, index=lines.index),
            payment=None,
        )
        if plan is None or _state(plan, goal) != "computed":
            return table
        times = [plan.multiplier(line) for line in lines.to_dict("records")]
        payable_on = self._payable_on(lines, plan)
        return table.assign(
            multiplier=[float(one) for one in times],
            commission_amount=[cents / 100 for cents in _rounded(plan, lines["cents"].tolist(), times, goal)],
            payable_on=payable_on,
            payment=np.where(payable_on < pd.Timestamp(self.today), "earned", "pending"),
        )

    def _earned(
        self, rep: str | None, plan: Plan, period: Period, lines: pd.DataFrame, goal: int | None
    ) -> dict[str, object]:
        """Commission, draw and projection of one period."""
        cents = lines["cents"].tolist()
        times = [plan.multiplier(line) for line in lines.to_dict("records")]
        each = _rounded(plan, cents, times, goal)
        payable = (self._payable_on(lines, plan) < pd.Timestamp(self.today)).tolist()
        commission = sum(each)
        earned = sum(one for one, due in zip(each, payable, strict=True) if due)
        free = Plan({**plan.clauses, "cap": None}, plan.effective_from)
        owed = self._balance(rep, plan, period)
        draw = plan.clauses.get("draw")
        after = settle(commission, _draw_cents(draw), bool(draw and draw["recoverable"]), owed or 0)
        whole = self._projected_cents(rep, period, sum(cents))
        projected = None if whole is None else _projected_commission(plan, cents, times, goal, whole)
        amounts = {
            "commission_amount": commission,
            "earned_amount": earned,
            "pending_amount": commission - earned,
            "capped_amount": half_up(sum(commissions(free, cents, times, goal), Fraction(0))) - commission,
            "draw_added_amount": after.top_up,
            "recovered_amount": None if owed is None else after.recovered,
            "draw_balance": None if owed is None else after.balance,
            "payout_amount": None if owed is None else commission + after.top_up - after.recovered,
            "projected_bookings": whole,
            "projected_amount": projected,
        }
        money = {name: np.nan if value is None else value / 100 for name, value in amounts.items()}
        return money | ({"state": "draw before the record unknown"} if owed is None else {})

    def _credited(self, rep: str | None, period: Period) -> pd.DataFrame:
        """The rep's won rows with an amount, in the order they were won, with their `cents`.

        These add up to the bookings that `attainment` shows, whatever shares of cents a split leaves.
        """
        inside = self._won(rep, period)
        inside = inside[inside["amount"].notna()].sort_values(["outcome_at", "opportunity_id"], kind="stable")
        booked = self._bookings(period)
        mine = booked[booked.index.isna() if rep is None else booked.index == rep].dropna()
        total = 0 if mine.empty else round(float(mine.iloc[0]) * 100)
        exact = [Fraction(str(amount)) * 100 for amount in inside["amount"]]
        return inside.assign(cents=shared_cents(exact, total) if exact else []).reset_index(drop=True)

    def _bookings(self, period: Period) -> pd.Series:
        """What `attainment` shows as each rep's bookings, computed once per period."""
        if period not in self._booked:
            none = self.quotas.iloc[:0]
            table = attainment(self.outcomes, none, period, self.calendar, "rep_id")
            self._booked[period] = table.set_index("rep_id")["bookings"]
        return self._booked[period]

    def _won(self, rep: str | None, period: Period) -> pd.DataFrame:
        mine = self.outcomes["rep_id"].isna() if rep is None else self.outcomes["rep_id"].eq(rep)
        return self.outcomes[
            mine & self.outcomes["outcome"].eq("won") & period.holds(self.outcomes["outcome_at"])
        ]

    def _unpriced(self, rep: str | None, period: Period) -> int:
        return int(self._won(rep, period)["amount"].isna().sum())

    def _quota_cents(self, rep: str | None, plan: Plan | None, period: Period) -> int | None:
        """The quota of the period: the plan's own, else the rep's share of the sales goals."""
        stated = plan.cents("quota") if plan else None
        if stated is not None:
            return stated
        if period not in self._goals:
            self._goals[period] = goals(self.quotas, period, self.calendar, "rep_id")
        goal = self._goals[period].get(rep) if rep else None
        return None if goal is None else half_up(Fraction(str(float(goal.expected.sum().round(6)))) * 100)

    def _payable_on(self, lines: pd.DataFrame, plan: Plan) -> pd.Series:
        zone = self.horizon.time_zone
        won_on: pd.Series = lines["outcome_at"].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        wait = pd.Timedelta(days=int(plan.clauses.get("payable_after_days") or 0))
        payable: pd.Series = won_on + wait
        return payable

    def _balance(self, rep: str | None, plan: Plan, period: Period) -> int | None:
        """Recoverable draw left by the earlier periods of the plan, in cents.

        None where the record does not reach back to the plan's first period, or a past quota is not known: a
        period without outcomes on record is not one in which nothing was earned.
        """
        draw = plan.clauses.get("draw")
        if not draw or not draw["recoverable"]:
            return 0
        began = self.outcomes["outcome_at"].min()
        earlier, one = [], preceding(plan.period_of(period.last_day, self.horizon))
        while one.end > plan.effective_from:
            earlier.append(_in_force(one, plan))
            one = preceding(one)
        if earlier and (pd.isna(began) or earlier[-1].end_at <= began):
            return None
        balance = 0
        for past in reversed(earlier):
            lines, goal = self._credited(rep, past), self._quota_cents(rep, plan, past)
            if _lacks(plan, goal):
                return None
            times = [plan.multiplier(line) for line in lines.to_dict("records")]
            paid = sum(_rounded(plan, lines["cents"].tolist(), times, goal))
            balance = settle(paid, _draw_cents(draw), True, balance).balance
        return balance

    def _projected_cents(self, rep: str | None, period: Period, credited: int) -> int | None:
        """Bookings of the whole period: as given, never less than what is credited; else a straight line."""
        if self.projected is not None:
            mine = self.projected.loc[self.projected["rep_id"] == rep, "bookings"].dropna()
            return None if mine.empty else max(half_up(Fraction(str(float(mine.iloc[0]))) * 100), credited)
        days = days_of(period, self.calendar)
        gone = int(elapsed(days, self.today).sum())
        return half_up(Fraction(credited * len(days), gone)) if gone else None


def _in_force(period: Period, plan: Plan) -> Period:
    """The part of a period in which the plan holds."""
    start = min(max(period.start, plan.effective_from), period.end)
    return Period(start, period.end, period.label, period.time_zone)


def _lacks(plan: Plan, goal: int | None) -> bool:
    return plan.needs_quota and not goal


def _state(plan: Plan | None, goal: int | None) -> str:
    if plan is None:
        return "no plan in force"
    return "no quota" if _lacks(plan, goal) else "computed"


def _rounded(plan: Plan, cents: Sequence[int], times: Sequence[Fraction], goal: int | None) -> list[int]:
    """Commission lines in whole cents that add up to the total rounded once."""
    exact = commissions(plan, cents, times, goal)
    return shared_cents(exact, half_up(sum(exact, Fraction(0))))


def _projected_commission(
    plan: Plan, cents: Sequence[int], times: Sequence[Fraction], goal: int | None, whole: int
) -> int:
    """Commission if the period brought `whole`: the rest as one more line at the average multiplier."""
    credited = sum(cents)
    weighed = sum((one * factor for one, factor in zip(cents, times, strict=True)), Fraction(0))
    average = weighed / credited if credited > 0 else Fraction(1)
    exact = commissions(plan, [*cents, whole - credited], [*times, average], goal)
    return half_up(sum(exact, Fraction(0)))


def _draw_cents(draw: Mapping[str, Any] | None) -> int | None:
    return None if not draw else half_up(Fraction(draw["amount"]) * 100)


def _base_cents(plan: Plan, period: Period, horizon: Period) -> int:
    """Base pay of a commission period; by days where the plan holds in a part of it."""
    base = plan.clauses.get("base")
    if not base:
        return 0
    whole = plan.period_of(period.last_day, horizon)
    months = (whole.end.year - whole.start.year) * 12 + whole.end.month - whole.start.month
    units = months if base["per"] == "month" else 1
    return half_up(Fraction(base["amount"]) * 100 * units * Fraction(period.day_count, whole.day_count))


def _added_up(table: pd.DataFrame) -> pd.DataFrame:
    """All reps as one row; a sum is missing only where nobody has the number."""
    row: dict[str, object] = {name: round(float(table[name].sum(min_count=1)), 2) for name in _MONEY}
    row |= {name: int(table[name].sum()) for name in ("credited_count", "no_amount_count")}
    quota, credited = float(table["quota"].sum()), float(table["credited_amount"].sum())
    row["attainment_rate"] = credited / quota if quota > 0 else np.nan
    states = sorted(set(table["state"]))
    row["state"] = states[0] if len(states) == 1 else "partly" if states else "no plan in force"
    return pd.DataFrame([{name: row.get(name) for name in _AMOUNTS_AND_MORE}])

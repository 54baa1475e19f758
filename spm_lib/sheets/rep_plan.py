"""How far the rep's own plan has come: goals, ways to them, what the company promised, by the documents."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from spm_lib import style
from spm_lib.client import fold
from spm_lib.expectations import Supplied, read_supplied
from spm_lib.expectations.fields import IndividualPlan, PlanGoal
from spm_lib.expectations.standards import quota_period
from spm_lib.metrics import registry
from spm_lib.metrics.pipeline import is_open
from spm_lib.review import Review
from spm_lib.sheets.rep_numbers import own_row, plan_front

GOAL_COLUMNS = {
    "goal": "str",
    "amount": "float64",
    "bookings": "float64",
    "won_count": "float64",
    "strategies": "object",
}
TARGET_COLUMNS = {"account": "str", "why": "str", "open_count": "float64"}
RESOURCE_COLUMNS = {
    "what": "str",
    "promised_by": "str",
    "due_on": "datetime64[us]",
    "supplied_on": "datetime64[us]",
    "is_late": "bool",
}
_ARITHMETIC = (
    *("goal", "bookings", "to_go", "weeks_left", "mean_won_amount", "win_rate", "conversations_each"),
    *("opportunities_needed", "opportunities_needed_low", "opportunities_needed_high"),
    *("conversations_per_week", "conversations_per_week_low", "conversations_per_week_high"),
    *("won_count", "decided_count", "unknown"),
)


def _frame(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=list(columns))
    for name, kind in columns.items():
        if kind.startswith("datetime"):
            table[name] = pd.to_datetime(table[name])
    return table.astype(dict(columns))


@dataclass(frozen=True)
class RepPlan:
    """One rep's individual plan and where it stands.

    Attributes
    ----------
    goals : pandas.DataFrame
        `GOAL_COLUMNS`: the plan's goals whose period holds the week's last day; strategies: (what, status).
    targets : pandas.DataFrame
        `TARGET_COLUMNS`: the plan's accounts; open_count: what the rep has open there.
    resources : pandas.DataFrame
        `RESOURCE_COLUMNS`; supplied_on: no later than the week; is_late: promised for a day that has passed.
    obstacles, development : tuple of (what, answer or how and by when)
    personal_goal : str
    arithmetic : dict
        The rep's row of ``plan_arithmetic``, without what was measured on anybody else.
    has_plan : bool
    gone_rate : float
        Share of the goal period's business days that is over.
    """

    goals: pd.DataFrame = field(default_factory=lambda: _frame((), GOAL_COLUMNS))
    targets: pd.DataFrame = field(default_factory=lambda: _frame((), TARGET_COLUMNS))
    resources: pd.DataFrame = field(default_factory=lambda: _frame((), RESOURCE_COLUMNS))
    obstacles: tuple[tuple[str, str], ...] = ()
    development: tuple[tuple[str, str], ...] = ()
    personal_goal: str = ""
    arithmetic: dict[Hashable, Any] = field(default_factory=dict)
    has_plan: bool = False
    gone_rate: float = np.nan


def rep_plan(review: Review, rep: str) -> RepPlan:
    """The plan of one rep at the end of the week; one without a plan still has its arithmetic.

    Parameters
    ----------
    review : Review
    rep : str

    Raises
    ------
    DocumentError
        ``supplied.csv`` has faults.
    """
    row = own_row(review.measure("plan_arithmetic", by="rep_id"), rep)
    arithmetic: dict[Hashable, Any] = {name: row.get(name) for name in _ARITHMETIC} if row else {}
    pace = own_row(review.measure("pace", by="rep_id"), rep)
    days = style.number(pace.get("business_days"))
    gone = style.number(pace.get("business_days_elapsed")) / days if days else np.nan
    front = plan_front(review.source.expectations, review, rep)
    if not isinstance(front, IndividualPlan):
        return RepPlan(arithmetic=arithmetic, gone_rate=gone)
    return RepPlan(
        goals=_frame(_goals(review, rep, front), GOAL_COLUMNS),
        targets=_frame(_targets(review, rep, front), TARGET_COLUMNS),
        resources=_frame(_resources(review, rep, front), RESOURCE_COLUMNS),
        obstacles=tuple((one.what, one.answer or "") for one in front.obstacles),
        development=tuple(
            (one.what, "; ".join(filter(None, [one.how, f"by {style.day(one.due)}" if one.due else None])))
            for one in front.development
        ),
        personal_goal=front.personal_goal or "",
        arithmetic=arithmetic,
        has_plan=True,
        gone_rate=gone,
    )


def _goals(review: Review, rep: str, plan: IndividualPlan) -> Iterable[dict[str, object]]:
    """The plan's goals of now, each with what was booked for it."""
    view = review.view()
    mine = view.outcomes[view.outcomes["rep_id"].eq(rep).fillna(False).astype(bool)]
    for goal in plan.goals:
        period = quota_period(goal, review.client, "individual plan")
        if not period.start <= review.week.last_day < period.end:
            continue
        rows = mine
        for name in ("product_line", "territory", "business"):
            wanted = getattr(goal, name, None)
            if wanted is not None:
                rows = rows[rows[name].eq(wanted).fillna(False).astype(bool)]
        if goal.account is not None:
            rows = rows[rows["account_id"].eq(goal.account).fillna(False).astype(bool)]
        none = view.quotas.head(0)
        booked = registry.compute("attainment", view, outcomes=rows, quotas=none, period=period, by=None)
        yield {
            "goal": _goal_name(goal, period.label),
            "amount": goal.amount,
            "bookings": booked["bookings"].iloc[0],
            "won_count": booked["won_count"].iloc[0],
            "strategies": tuple((one.what, one.status.replace("_", " ")) for one in goal.strategies),
        }


def _goal_name(goal: PlanGoal, label: str) -> str:
    """What a goal is for: "New business, 2026-Q4"."""
    business = f"{goal.business} business" if goal.business else None
    parts = [business, goal.product_line, goal.territory, goal.account]
    named = ", ".join(style.plain(part) for part in parts if part) or "everything"
    return f"{named[:1].upper()}{named[1:]}, {label}"


def _targets(review: Review, rep: str, plan: IndividualPlan) -> Iterable[dict[str, object]]:
    rows = review.view().opportunities
    mine = rows[is_open(rows) & rows["rep_id"].eq(rep).fillna(False).astype(bool)]
    known = "pipeline" not in review.client.not_recorded
    for one in plan.target_accounts:
        yield {
            "account": one.name or one.id,
            "why": one.why or "",
            "open_count": float(mine["account_id"].eq(one.id).sum()) if known else np.nan,
        }


def _resources(review: Review, rep: str, plan: IndividualPlan) -> Iterable[dict[str, object]]:
    """What was promised, and supplied by the ledger, else by the plan; nothing after the week is known."""
    today, ledger = review.week.last_day, _ledger(review, rep)
    for one in plan.resources:
        line = ledger.get(fold(one.what))
        due = one.due or (line.due_on if line else None)
        supplied = (line.done_on if line else None) or one.supplied_on
        if supplied is not None and supplied > today:
            supplied = None
        yield {
            "what": one.what,
            "promised_by": one.promised_by or "",
            "due_on": due,
            "supplied_on": supplied,
            "is_late": supplied is None and due is not None and due < today,
        }


def _ledger(review: Review, rep: str) -> dict[str, Supplied]:
    """The rep's lines of what the company supplied, by what; a fault is told, since a page rests on it."""
    source = review.source
    rows, problems = read_supplied(source.folder, source.client, source.expectations)
    if problems:
        raise problems[0].error(more=len(problems) - 1)
    return {fold(row.what): row for row in rows if (row.rep, row.kind) == (rep, "resource")}

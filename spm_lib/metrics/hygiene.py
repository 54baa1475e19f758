"""Is the pipeline as clean as agreed? The rules of the CRM agreement, checked one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.metrics.hygiene_rules import ACTIVITY_COLUMNS, NEED_LIMIT, RULES, Checked, Facts
from spm_lib.metrics.intervals import ratio, wilson
from spm_lib.metrics.pipeline import is_present
from spm_lib.metrics.registry import Reads, metric
from spm_lib.periods import Period

_TIME = "open opportunities: the state at the cut-off; lost_without_reason: lost in the period"
_CREDIT = "the rep who holds the opportunity at the cut-off"
_EXCLUDED = "what cannot be checked because the source does not record it (counted in unknown_count)"


@metric(
    question="Is the pipeline as clean as agreed?",
    formula="1 − failed / checked, for each rule of the CRM agreement in force; by amount beside",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="no rule agreed: no row; nothing to check: the rates are missing",
    columns={
        "rule": "the rule's id",
        "limit": "its limit, in the unit its id tells; missing where it has none",
        "checked_count": "opportunities it could be checked on",
        "failed_count": "those that break it",
        "failed_amount": "their amount, client's currency",
        "pass_rate": "1 − failed_count / checked_count, 0-1",
        "low": "lower end of the 90 % Wilson interval of pass_rate, 0-1",
        "high": "upper end of it, 0-1",
        "pass_amount_rate": "the share of the checked amount that keeps the rule, 0-1",
        "unknown_count": "opportunities it could not be checked on",
        "fixed_count": "opportunities that broke it at the period's start, by the state and the activities "
        "of then, and now keep it or are closed; missing without a state of then to check, for "
        "lost_without_reason, and for no_future_activity where plans are activities, whose past no source "
        "keeps",
        "document": "where the rule is agreed",
        "version": "which version of it",
    },
    example="4 open (10,000, 20,000, 30,000, 40,000), the first is 3 days overdue, the last has no date: "
    "checked 3, failed 1, pass rate 67 %, by amount 50,000 / 60,000 = 83 %, unknown 1.",
    reads={"activities": Reads(columns=ACTIVITY_COLUMNS)},
)
def hygiene(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    stages: pd.DataFrame,
    rules: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    opening: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How many opportunities break each agreed rule.

    Parameters
    ----------
    opportunities, activities, stages : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``ACTIVITIES``, ``STAGES``.
    rules : pandas.DataFrame
        rule, limit, document, version: the rules in force.
    period : Period
        `lost_without_reason` looks at those lost in it; its time zone cuts the days.
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    opening : pandas.DataFrame, optional
        ``schemas.SNAPSHOT_OPPORTUNITIES`` at the period's start, for fixed_count.

    Returns
    -------
    pandas.DataFrame
        One row per rule, in the order of `rules`.

    Raises
    ------
    MetricError
        Nobody knows such a rule, or it lacks the limit it needs.
    """
    facts = Facts(opportunities, activities, stages, period, cutoff, received_until)
    before = None if opening is None else _at_start(facts, opening)
    rows = []
    for rule, checked in _applied(rules, facts):
        amount = checked.rows["amount"]
        failed_amount, known_amount = amount[checked.failed], amount[checked.known]
        rows.append(
            {
                "rule": rule["rule"],
                "limit": rule["limit"],
                "checked_count": int(checked.known.sum()),
                "failed_count": int(checked.failed.sum()),
                "failed_amount": _total(failed_amount) if checked.known.any() else np.nan,
                "checked_amount": known_amount.sum(),
                "lost": failed_amount.sum(),
                "unknown_count": int((~checked.known).sum()),
                "fixed_count": np.nan if before is None else _fixed(rule, checked, facts, before),
                "document": rule["document"],
                "version": rule["version"],
            }
        )
    return _rated(pd.DataFrame(rows, columns=_COLUMNS))


_COLUMNS = ["rule", "limit", "checked_count", "failed_count", "failed_amount", "checked_amount", "lost"]
_COLUMNS += ["unknown_count", "fixed_count", "document", "version"]


@metric(
    question="Which opportunities break the agreed rules?",
    formula="one row per rule and opportunity that breaks it",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="no rows when nothing breaks a rule",
    columns={
        "rule": "the rule's id",
        "opportunity_id": "the opportunity",
        "name": "what people call it",
        "rep_id": "who holds it",
        "amount": "client's currency",
        "detail": "in words",
    },
    example='Expected on 2026-11-12, looked at on 2026-11-15: "expected 2026-11-12, 3 days overdue".',
    reads={"activities": Reads(columns=ACTIVITY_COLUMNS)},
)
def hygiene_rows(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    stages: pd.DataFrame,
    rules: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
) -> pd.DataFrame:
    """The opportunities behind `hygiene`; takes and refuses the same.

    Returns
    -------
    pandas.DataFrame
        In the order of `rules`, then the largest amount first.
    """
    facts = Facts(opportunities, activities, stages, period, cutoff, received_until)
    columns = ["rule", "opportunity_id", "name", "rep_id", "amount", "detail"]
    parts = []
    for rule, checked in _applied(rules, facts):
        failed = checked.rows[checked.failed].assign(rule=rule["rule"], detail=checked.detail[checked.failed])
        parts.append(failed.sort_values(["amount", "opportunity_id"], ascending=[False, True])[columns])
    if not parts:
        return opportunities.head(0).assign(rule="", detail="")[columns]
    return pd.concat(parts, ignore_index=True)


def _applied(rules: pd.DataFrame, facts: Facts) -> Iterator[tuple[pd.Series, Checked]]:
    for _, rule in rules.iterrows():
        name, limit = str(rule["rule"]), float(rule["limit"])
        if name not in RULES:
            raise MetricError("no such hygiene rule", given=name, remedy=f"known rules: {', '.join(RULES)}")
        if name in NEED_LIMIT and np.isnan(limit):
            raise MetricError(
                f"the rule {name} has no limit",
                where=f"{rule['document']} {rule['version']}",
                remedy=f"write `{{rule: {name}, limit: 14}}` in the CRM agreement",
            )
        yield rule, RULES[name](facts, limit)


def _at_start(facts: Facts, opening: pd.DataFrame) -> Facts:
    """The facts as they were when the period began."""
    start = facts.period.start_at
    earlier = facts.activities[facts.activities["at"] < start]
    return Facts(opening, earlier, facts.stages, facts.period, start, facts.received_until)


def _fixed(rule: pd.Series, now: Checked, facts: Facts, before: Facts) -> float:
    """How many broke the rule when the period began and do not now; missing where that cannot be told."""
    name = str(rule["rule"])
    has_plans = bool(facts.activities["status"].eq("planned").any())
    if name == "lost_without_reason" or (name == "no_future_activity" and has_plans):
        return np.nan
    then = RULES[name](before, float(rule["limit"]))
    if not then.known.any():
        return np.nan
    broke = then.rows["opportunity_id"][then.failed]
    everything = facts.opportunities
    is_closed = everything["status"].isin(["won", "lost", "disqualified"]) & is_present(everything)
    keeps = now.rows["opportunity_id"][now.known & ~now.failed]
    mended = pd.Index(pd.concat([keeps, everything["opportunity_id"][is_closed]]).unique())
    # `isin` turns what it looks in into Python objects, one by one; an index does not
    return float((mended.get_indexer(pd.Index(broke)) >= 0).sum())


def _total(amount: pd.Series) -> float:
    """Sum in cents; missing where there are rows and none has an amount."""
    return round(float(amount.sum(min_count=min(len(amount), 1))), 2)


def _rated(table: pd.DataFrame) -> pd.DataFrame:
    passed = table["checked_count"] - table["failed_count"]
    table["fixed_count"] = table["fixed_count"].astype("float64")
    table["failed_amount"] = table["failed_amount"].astype("float64").round(2)
    table["pass_rate"] = ratio(passed, table["checked_count"])
    table["low"], table["high"] = wilson(passed, table["checked_count"])
    kept = table["checked_amount"] - table["lost"]
    table["pass_amount_rate"] = ratio(kept, table["checked_amount"])
    order = ["rule", "limit", "checked_count", "failed_count", "failed_amount", "pass_rate", "low", "high"]
    return table[[*order, "pass_amount_rate", "unknown_count", "fixed_count", "document", "version"]]

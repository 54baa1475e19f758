"""Is everybody touched as often as promised? Opportunities, accounts and leads against their cadence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.metrics.groups import amount_known, check_by, sums, whole
from spm_lib.metrics.pipeline import is_open
from spm_lib.metrics.registry import metric
from spm_lib.metrics.touches import linked, rated, recorded_until, touches
from spm_lib.periods import Period
from spm_lib.schemas import LEADS

#: What a cadence may be promised for.
SCOPES = ("opportunity", "account", "lead")
#: What the id of a cadence names, by scope; a cadence without an id is for all others.
NARROWED = {"opportunity": "stage_id", "account": "account_id", "lead": "lead_source"}

_CARD = {
    "time_base": "the days of the period that the activity exports reach; a gap counts from the last touch "
    "before the period, or from when there was something to follow up",
    "credit": "the rep who holds the opportunity or the lead, or whose plan names the account",
    "excluded": "what no cadence is promised for; leads that became an opportunity; planned activities, "
    "tasks and notes",
}


@metric(
    question="Is everybody touched as often as promised?",
    formula="kept / due, kept: no gap between two calls, e-mails or meetings done, up to the end of the "
    "period, longer than the days promised. Open opportunities by their stage, target accounts, open leads",
    time_base=_CARD["time_base"],
    credit=_CARD["credit"],
    excluded=_CARD["excluded"],
    empty="no cadence promised for a scope: no row; nothing due: the rate is missing; a period the activity "
    "exports do not reach: missing, never 0",
    columns={
        "scope": "opportunity, account or lead",
        "due_count": "those with a promised cadence",
        "kept_count": "those whose cadence was kept all through the period",
        "overdue_count": "those due for a touch at its end: the last one is longer ago than promised",
        "overdue_amount": "open amount of the overdue, client's currency; missing where none has one, "
        "and for leads",
        "kept_rate": "kept_count / due_count, 0-1",
        "low": "lower end of its 90 % Wilson interval, 0-1",
        "high": "upper end of it, 0-1",
    },
    example="Promised: every 7 days. Touched 3 days before the week and on its 3rd day: gaps of 5 and 5 "
    "days, kept. Touched 10 days before it and on its 3rd day: 12 days, not kept, not overdue.",
    groupings=("rep_id",),
)
def cadence_kept(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    cadences: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    leads: pd.DataFrame | None = None,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Share of what is to be followed up that was touched often enough.

    Parameters
    ----------
    opportunities, activities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``ACTIVITIES``.
    period : Period
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds : int
    cadences : pandas.DataFrame, optional
        scope (of `SCOPES`), id (stage, account or lead source; missing: all others), days.
    targets : pandas.DataFrame, optional
        rep_id, account_id, agreed_on (optional date): the target accounts of the reps' plans.
    leads : pandas.DataFrame, optional
        ``schemas.LEADS``.
    by : str, optional
        rep_id.
    groups : list of str, optional
        Groups that get a row even with nothing due.

    Returns
    -------
    pandas.DataFrame
        One row per group and scope with a promised cadence.

    Raises
    ------
    MetricError
        It has no such grouping, or a cadence is for something unknown.
    """
    check_by("cadence_kept", by, ("rep_id",))
    told, numbers = _told(period, cutoff, received_until), ["due_count", "kept_count", "overdue_count"]
    parts = []
    for scope, due in _due(
        opportunities, activities, period, told, conversation_seconds, cadences, targets, leads
    ).items():
        amount = due["amount"].where(due["is_overdue"])
        rows = due.assign(
            due_count=1.0,
            kept_count=(due["longest_days"] <= due["days"]).astype(float),
            overdue_count=due["is_overdue"].astype(float),
            overdue_amount=amount.fillna(0.0),
            priced=amount.notna(),
        )
        table = sums(rows, [*numbers, "overdue_amount", "priced"], by, groups)
        overdue = amount_known(table["overdue_amount"], table["overdue_count"], table.pop("priced"))
        table["overdue_amount"] = overdue
        if scope == "lead":
            table["overdue_amount"] = np.nan
        if told is None:
            table[["kept_count", "overdue_count", "overdue_amount"]] = np.nan
        parts.append(table.assign(scope=pd.Series([scope] * len(table), dtype="str")))
    keys = [*([by] if by else []), "scope"]
    if not parts:
        empty = pd.DataFrame({key: pd.Series(dtype="str") for key in keys})
        table = empty.assign(**dict.fromkeys([*numbers, "overdue_amount"], 0.0))
    else:
        table = pd.concat(parts, ignore_index=True)
    for name in numbers:
        table[name] = whole(table[name])
    table = rated(table, "kept_rate", "kept_count", "due_count")
    return table[[*keys, *numbers, "overdue_amount", "kept_rate", "low", "high"]]


@metric(
    question="Who is overdue for a touch?",
    formula="one row per opportunity, account or lead whose last touch is longer ago than promised",
    time_base=_CARD["time_base"],
    credit=_CARD["credit"],
    excluded=_CARD["excluded"],
    empty="no rows when nobody is, or no activity export tells",
    columns={
        "scope": "opportunity, account or lead",
        "subject_id": "which",
        "rep_id": "whose",
        "amount": "open amount, client's currency; missing for leads",
        "days": "days promised between two touches",
        "quiet_days": "days since the last touch, or since there was something to follow up",
    },
    example="Promised every 7 days, last called 12 days before the week's end: 12 days, overdue.",
)
def cadence_kept_rows(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    cadences: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    leads: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Who is overdue behind `cadence_kept`; takes and refuses the same.

    Returns
    -------
    pandas.DataFrame
        The largest open amount first.
    """
    told = _told(period, cutoff, received_until)
    due = _due(opportunities, activities, period, told, conversation_seconds, cadences, targets, leads)
    columns = ["scope", "subject_id", "rep_id", "amount", "days", "quiet_days"]
    parts = [rows[rows["is_overdue"]].assign(scope=scope)[columns] for scope, rows in due.items()]
    if told is None or not parts:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    table = pd.concat(parts, ignore_index=True).astype({"scope": "str"})
    order = ["amount", "quiet_days", "subject_id"]
    return table.sort_values(order, ascending=[False, False, True], kind="stable", ignore_index=True)


def _told(
    period: Period, cutoff: pd.Timestamp, received_until: dict[str, pd.Timestamp]
) -> pd.Timestamp | None:
    """Up to when the period is told; None where nothing of it is."""
    until = recorded_until(cutoff, received_until)
    until = None if until is None else min(until, period.end_at)
    return until if until is not None and until > period.start_at else None


def _due(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    told: pd.Timestamp | None,
    conversation_seconds: int,
    cadences: pd.DataFrame | None,
    targets: pd.DataFrame | None,
    leads: pd.DataFrame | None,
) -> dict[str, pd.DataFrame]:
    """For each scope with a cadence: what is due, how often, and its gaps."""
    if cadences is None or cadences.empty:
        return {}
    unknown = sorted(set(cadences["scope"]) - set(SCOPES))
    if unknown:
        raise MetricError(
            "no such scope of a cadence", given=", ".join(unknown), remedy=f"one of {', '.join(SCOPES)}"
        )
    end = told or period.end_at
    makers: dict[str, Callable[[], pd.DataFrame]] = {
        "opportunity": lambda: _opportunities(opportunities),
        "account": lambda: _accounts(opportunities, targets, period),
        "lead": lambda: _leads(leads),
    }
    touched = touches(activities, conversation_seconds)
    touched = touched[touched["at"] < end]
    found = {}
    for scope in SCOPES:
        promised = cadences[cadences["scope"].eq(scope)]
        if len(promised):
            things = makers[scope]()
            own = promised[promised["id"].notna()].drop_duplicates("id").set_index("id")["days"]
            other = promised.loc[promised["id"].isna(), "days"]
            days = things[NARROWED[scope]].map(own.to_dict()).astype("float64")
            things["days"] = days.fillna(float(other.iloc[0]) if len(other) else np.nan)
            things = things[things["days"].notna() & (things["since"] < end)].reset_index(drop=True)
            found[scope] = _gaps(things, touched, period, end)
    return found


def _opportunities(opportunities: pd.DataFrame) -> pd.DataFrame:
    rows = opportunities[is_open(opportunities)]
    since = rows["stage_entered_at"].fillna(rows["created_at"])
    columns = ["opportunity_id", "stage_id", "rep_id", "amount"]
    return rows[columns].assign(subject_id=rows["opportunity_id"], since=since)


def _accounts(opportunities: pd.DataFrame, targets: pd.DataFrame | None, period: Period) -> pd.DataFrame:
    if targets is None:
        targets = pd.DataFrame({"rep_id": pd.Series(dtype="str"), "account_id": pd.Series(dtype="str")})
    rows = targets.drop_duplicates(["rep_id", "account_id"]).reset_index(drop=True)
    since = pd.Series(period.start_at, index=rows.index, dtype="datetime64[us, UTC]")
    if "agreed_on" in rows:
        agreed = rows["agreed_on"].astype("datetime64[us]").dt.tz_localize(period.time_zone)
        since = agreed.dt.tz_convert("UTC").fillna(since)
    amount = opportunities[is_open(opportunities)].groupby("account_id")["amount"].sum(min_count=1)
    # nothing open is worth nothing; something open without an amount is worth nobody knows what
    is_idle = ~rows["account_id"].isin(amount.index)
    return rows[["rep_id", "account_id"]].assign(
        subject_id=rows["account_id"],
        amount=rows["account_id"].map(amount.to_dict()).astype("float64").mask(is_idle, 0.0),
        since=since,
    )


def _leads(leads: pd.DataFrame | None) -> pd.DataFrame:
    leads = LEADS.empty() if leads is None else leads
    rows = leads[leads["opportunity_id"].isna()]
    columns = ["rep_id", "lead_source", "account_id", "contact_id"]
    return rows[columns].assign(subject_id=rows["lead_id"], amount=np.nan, since=rows["created_at"])


def _gaps(things: pd.DataFrame, touched: pd.DataFrame, period: Period, end: pd.Timestamp) -> pd.DataFrame:
    """Adds the longest gap that reaches into the period, and the days since the last touch."""
    ever = pd.Timestamp("1970-01-01", tz="UTC").as_unit("us")
    pairs = linked(things.assign(ever=ever), touched, "ever")[["thing", "at"]]
    # what began within the period has no gap before it began
    begins = pd.DataFrame({"thing": things.index, "at": things["since"]})
    before = pairs[pairs["at"] < period.start_at].groupby("thing")["at"].max()
    start = before.reindex(things.index).fillna(things["since"])
    begins["at"] = start
    within = pairs[pairs["at"] >= period.start_at]
    ends = pd.DataFrame({"thing": things.index, "at": end})
    marks = pd.concat([begins, within, ends], ignore_index=True)
    marks = marks.sort_values(["thing", "at"], kind="stable")
    gap = marks.groupby("thing")["at"].diff().dt.total_seconds() / 86_400
    last = pd.concat([begins, within]).groupby("thing")["at"].max().reindex(things.index)
    quiet = (end - last).dt.total_seconds() / 86_400
    return things.assign(
        longest_days=gap.groupby(marks["thing"]).max().reindex(things.index),
        quiet_days=quiet,
        is_overdue=quiet > things["days"],
    )

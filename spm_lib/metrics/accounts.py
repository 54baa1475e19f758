"""Are accounts and opportunities looked after? Who is touched, through how many contacts, and who is not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import PIPELINE_GROUPINGS, amount_known, check_by, sums, whole
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.pipeline import is_open
from spm_lib.metrics.registry import metric
from spm_lib.metrics.touches import newly_touched, rated, recorded_until, touches
from spm_lib.metrics.unique import is_received
from spm_lib.periods import Calendar, Period

#: Days without a touch after which an opportunity is untouched, where nothing else is agreed.
UNTOUCHED_DAYS = 14


@metric(
    question="How many of the accounts were touched?",
    formula="accounts with a call, e-mail or meeting done in the period / accounts to look after: the target "
    "accounts of the reps' plans, or where there are none the accounts with an open opportunity",
    time_base="touches in the period; the accounts at the cut-off",
    credit="the rep whose plan names the account, or who holds the open opportunity; an account of two reps "
    "counts for each, in the total too",
    excluded="opportunities without an account; planned and cancelled activities, tasks and notes",
    empty="no account: the rate is missing; a period the activity exports do not reach is missing, never 0; "
    "new_count is missing where the activities do not go back 180 days",
    columns={
        "basis": "target accounts, or accounts with an open opportunity",
        "account_count": "accounts to look after",
        "touched_count": "those touched in the period, by anybody of the team",
        "conversation_count": "those somebody talked with in the period",
        "new_count": "those touched that had not been for 180 days",
        "touched_rate": "touched_count / account_count, 0-1",
        "low": "lower end of its 90 % Wilson interval, 0-1",
        "high": "upper end of it, 0-1",
    },
    example="4 accounts, 3 called in the week, 1 of them for 240 s: touched 3, conversations 1, 75 % (37 to "
    "94 %).",
    groupings=("rep_id",),
)
def coverage_of_accounts(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    targets: pd.DataFrame | None = None,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Share of the accounts to look after that were touched.

    Parameters
    ----------
    opportunities, activities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``ACTIVITIES``.
    period : Period
    calendar : Calendar
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds : int
    targets : pandas.DataFrame, optional
        rep_id, account_id: the target accounts of the reps' plans.
    by : str, optional
        rep_id.
    groups : list of str, optional
        Groups that get a row even without accounts.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("coverage_of_accounts", by, ("rep_id",))
    planned = targets is not None and len(targets) > 0
    source = targets if targets is not None and planned else opportunities[is_open(opportunities)]
    mine = source.loc[source["account_id"].notna(), ["rep_id", "account_id"]].drop_duplicates()
    touched = touches(activities, conversation_seconds)
    now = touched[period.holds(touched["at"])]
    fresh = newly_touched(touched, period.start_at, period.end_at)
    account = mine["account_id"]
    rows = mine.assign(
        account_count=1.0,
        touched_count=account.isin(now["account_id"]).astype(float),
        conversation_count=account.isin(now.loc[now["conversation"], "account_id"]).astype(float),
        new_count=account.isin(sorted(fresh or ())).astype(float),
    )
    told = ["touched_count", "conversation_count", "new_count"]
    table = sums(rows, ["account_count", *told], by, groups)
    if not is_received(received_until, "activities", period, calendar):
        table[told] = np.nan
    if fresh is None:
        table["new_count"] = np.nan
    for name in ["account_count", *told]:
        table[name] = whole(table[name])
    table = rated(table, "touched_rate", "touched_count", "account_count")
    table.insert(
        len([by] if by else []),
        "basis",
        "target accounts" if planned else "accounts with an open opportunity",
    )
    return table


@metric(
    question="Through how many contacts is an opportunity worked?",
    formula="distinct contacts of the calls, e-mails and meetings done for an open opportunity; where no "
    "activity names a contact, the contacts linked to it",
    time_base="open opportunities at the cut-off, everything done for them until then",
    credit="the rep who holds the opportunity at the cut-off",
    excluded="opportunities of which no contact is recorded anywhere, counted in unknown_count",
    empty="nothing open, or no contact recorded: mean and rate are missing, never 0",
    columns={
        "basis": "touched (contacts of activities), linked (contacts of the opportunity) or not recorded",
        "open_count": "open opportunities",
        "known_count": "those of which contacts are recorded",
        "unknown_count": "open_count − known_count",
        "contact_count": "contacts of them together",
        "contacts_per_opportunity": "contact_count / known_count",
        "single_count": "those with one contact or none",
        "single_amount": "their amount, client's currency; missing where none has one",
        "single_rate": "single_count / known_count, 0-1",
        "low": "lower end of its 90 % Wilson interval, 0-1",
        "high": "upper end of it, 0-1",
    },
    example="3 open: 3 contacts, 1 contact and none touched: 4 contacts, 1.33 each, single 2 of 3 = 67 % "
    "(25 to 92 %).",
    groupings=PIPELINE_GROUPINGS,
)
def multithreading(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    cutoff: pd.Timestamp,
    conversation_seconds: int,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Contacts per open opportunity.

    Parameters
    ----------
    opportunities, activities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``ACTIVITIES``.
    cutoff : pandas.Timestamp
        UTC.
    conversation_seconds : int
    by : str, optional
        A column of opportunities.
    groups : list of str, optional
        Groups that get a row even without opportunities.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("multithreading", by, PIPELINE_GROUPINGS)
    rows = opportunities[is_open(opportunities)]
    done = touches(activities, conversation_seconds)
    done = done[done["contact_id"].notna() & (done["at"] < cutoff)]
    named = activities["contact_id"].notna() & activities["opportunity_id"].notna()
    basis = "touched" if named.any() else "linked" if rows["contact_count"].notna().any() else "not recorded"
    contacts = rows["contact_count"].astype("float64")
    if basis == "touched":
        # a plain dictionary: there may be no activity at all
        distinct = done.groupby("opportunity_id")["contact_id"].nunique().to_dict()
        contacts = rows["opportunity_id"].map(lambda one: float(distinct.get(one, 0))).astype("float64")
    known, single = contacts.notna(), contacts <= 1
    amount = rows["amount"].where(single)
    rows = rows.assign(
        open_count=1.0,
        known_count=known.astype(float),
        unknown_count=(~known).astype(float),
        contact_count=contacts.fillna(0.0),
        single_count=single.astype(float),
        single_amount=amount.fillna(0.0),
        priced=amount.notna().astype(float),
    )
    counts = ["open_count", "known_count", "unknown_count", "contact_count", "single_count"]
    table = sums(rows, [*counts, "single_amount", "priced"], by, groups)
    table["single_amount"] = amount_known(table["single_amount"], table["single_count"], table.pop("priced"))
    if basis == "not recorded":
        table[["contact_count", "single_count", "single_amount"]] = np.nan
    for name in counts:
        table[name] = whole(table[name])
    table["contacts_per_opportunity"] = ratio(table["contact_count"], table["known_count"])
    table = rated(table, "single_rate", "single_count", "known_count").assign(basis=basis)
    order = ["basis", *counts[:4], "contacts_per_opportunity", "single_count", "single_amount"]
    return table[[*([by] if by else []), *order, "single_rate", "low", "high"]]


_UNTOUCHED = {
    "time_base": "the state at the cut-off; days are the client's, counted to the last day the activity "
    "exports tell of",
    "credit": "the rep who holds the opportunity at the cut-off",
    "excluded": "nothing; opportunities younger than the limit are not untouched",
}


@metric(
    question="Which share of the open opportunities is left alone?",
    formula="open opportunities without a call, e-mail or meeting done for more than untouched_days (14 "
    "where nothing is agreed), counted from the creation if there was none, and without a meeting ahead / "
    "open ones",
    time_base=_UNTOUCHED["time_base"],
    credit=_UNTOUCHED["credit"],
    excluded=_UNTOUCHED["excluded"],
    empty="nothing open: the rate is missing; no activity export: missing, never 0",
    columns={
        "open_count": "open opportunities",
        "untouched_count": "those left alone",
        "untouched_amount": "their amount, client's currency; missing where none has one",
        "untouched_rate": "untouched_count / open_count, 0-1",
        "low": "lower end of its 90 % Wilson interval, 0-1",
        "high": "upper end of it, 0-1",
    },
    example="3 open: one called 3 days ago, one 20 days ago, one 20 days ago with a meeting tomorrow: "
    "untouched 1 of 3.",
    groupings=PIPELINE_GROUPINGS,
)
def untouched(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    untouched_days: int = UNTOUCHED_DAYS,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Open opportunities that nobody works on.

    Parameters
    ----------
    opportunities, activities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``ACTIVITIES``.
    period : Period
        Its time zone cuts the days.
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds : int
    untouched_days : int
    by : str, optional
        A column of opportunities.
    groups : list of str, optional
        Groups that get a row even without opportunities.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("untouched", by, PIPELINE_GROUPINGS)
    rows = _quiet(opportunities, activities, period, cutoff, received_until, conversation_seconds)
    alone = rows["quiet_days"].gt(untouched_days) & ~rows["is_ahead"]
    amount = rows["amount"].where(alone)
    rows = rows.assign(
        open_count=1.0,
        untouched_count=alone.astype(float),
        untouched_amount=amount.fillna(0.0),
        priced=amount.notna().astype(float),
    )
    counts = ["open_count", "untouched_count"]
    table = sums(rows, [*counts, "untouched_amount", "priced"], by, groups)
    amounts = amount_known(table["untouched_amount"], table["untouched_count"], table.pop("priced"))
    table["untouched_amount"] = amounts
    if recorded_until(cutoff, received_until) is None:
        table[["untouched_count", "untouched_amount"]] = np.nan
    for name in counts:
        table[name] = whole(table[name])
    return rated(table, "untouched_rate", "untouched_count", "open_count")


@metric(
    question="Which open opportunities are left alone?",
    formula="one row per open opportunity that `untouched` counts",
    time_base=_UNTOUCHED["time_base"],
    credit=_UNTOUCHED["credit"],
    excluded=_UNTOUCHED["excluded"],
    empty="no rows when none is, or no activity export tells",
    columns={
        "opportunity_id": "the opportunity",
        "name": "what people call it",
        "rep_id": "who holds it",
        "amount": "client's currency",
        "quiet_days": "days since the last touch, or since the creation",
    },
    example="Last called on 26 October, looked at on 15 November: 20 days.",
)
def untouched_rows(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    untouched_days: int = UNTOUCHED_DAYS,
) -> pd.DataFrame:
    """The opportunities behind `untouched`; takes the same.

    Returns
    -------
    pandas.DataFrame
        The largest amount first.
    """
    rows = _quiet(opportunities, activities, period, cutoff, received_until, conversation_seconds)
    if recorded_until(cutoff, received_until) is None:
        rows = rows.head(0)
    rows = rows[rows["quiet_days"].gt(untouched_days) & ~rows["is_ahead"]]
    rows = rows.sort_values(["amount", "opportunity_id"], ascending=[False, True], kind="stable")
    return rows[["opportunity_id", "name", "rep_id", "amount", "quiet_days"]].reset_index(drop=True)


def _quiet(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
) -> pd.DataFrame:
    """Open opportunities with the days since their last touch, and whether a meeting is ahead."""
    rows = opportunities[is_open(opportunities)].copy()
    told = recorded_until(cutoff, received_until) or cutoff
    touched = touches(activities, conversation_seconds)
    touched = touched[touched["opportunity_id"].notna() & (touched["at"] < told)]
    last = touched.groupby("opportunity_id")["at"].max()
    # not `map`, which refuses instants when there is not one touch
    since = last.reindex(rows["opportunity_id"]).set_axis(rows.index).fillna(rows["created_at"])
    # an instant on midnight tells of the day before it, and of none after
    today = (told - pd.Timedelta(microseconds=1)).tz_convert(period.time_zone).tz_localize(None).normalize()
    day = since.dt.tz_convert(period.time_zone).dt.tz_localize(None).dt.normalize()
    off = activities["status"].eq("cancelled") | activities["outcome"].isin(["cancelled", "rescheduled"])
    ahead = activities[activities["kind"].eq("meeting") & (activities["at"] >= told) & ~off]
    return rows.assign(
        quiet_days=(today - day).dt.days.astype("float64"),
        is_ahead=rows["opportunity_id"].isin(ahead["opportunity_id"].dropna()),
    )

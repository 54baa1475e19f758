"""What becomes of leads and target accounts? From the first touch to an accepted opportunity, by cohort."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import check_by, sums, whole
from spm_lib.metrics.pipeline import is_present
from spm_lib.metrics.registry import metric
from spm_lib.metrics.touches import linked, newly_touched, rated, recorded_until, touches
from spm_lib.periods import Period

#: Days each lead has to climb.
COHORT_DAYS = 30
#: Where a target account comes from.
TARGET = "target account"

_RUNGS = ["contacted", "conversation", "meeting_held", "accepted"]
_COUNTS = ["lead_count", "young_count", "mature_count", *(f"{rung}_count" for rung in _RUNGS)]
_COUNTS += ["new_account_count"]


@metric(
    question="What becomes of leads and target accounts?",
    formula="of the leads created and the target accounts agreed in the period, those contacted, talked "
    "with, met, and accepted as an opportunity within cohort_days (30) of their own beginning; whoever "
    "passed a later rung passed the earlier ones",
    time_base="leads created in the period, target accounts agreed in it; each has the same number of days, "
    "and those that have not had them by the cut-off are young, in no rung",
    credit="the rep who holds the lead, or whose plan names the account",
    excluded="touches before the beginning or after cohort_days; inbound ones for contacted; opportunities "
    "disqualified, deleted or merged",
    empty="no lead and no target account: rates are missing; no activity export: rungs are missing, never 0; "
    "new_account_count is missing where the activities do not go back 180 days",
    columns={
        "lead_count": "leads and target accounts of the period",
        "young_count": "those that have not had cohort_days yet",
        "mature_count": "those that have",
        "contacted_count": "of those, contacted",
        "conversation_count": "talked with",
        "meeting_held_count": "met",
        "accepted_count": "accepted as an opportunity",
        "new_account_count": "of those, whose account had not been touched for 180 days",
        "contacted_rate": "contacted_count / mature_count, 0-1",
        "contacted_low": "lower end of its 90 % Wilson interval, 0-1",
        "contacted_high": "upper end of it, 0-1",
        "conversation_rate": "conversation_count / mature_count, 0-1",
        "conversation_low": "lower end of its 90 % Wilson interval, 0-1",
        "conversation_high": "upper end of it, 0-1",
        "meeting_held_rate": "meeting_held_count / mature_count, 0-1",
        "meeting_held_low": "lower end of its 90 % Wilson interval, 0-1",
        "meeting_held_high": "upper end of it, 0-1",
        "accepted_rate": "accepted_count / mature_count, 0-1",
        "accepted_low": "lower end of its 90 % Wilson interval, 0-1",
        "accepted_high": "upper end of it, 0-1",
    },
    example="5 leads, 1 of them 10 days old: mature 4. 3 called, 2 of them for 240 s, 1 met and accepted: "
    "contacted 75 %, conversation 50 %, met 25 %, accepted 25 %.",
    groupings=("rep_id", "lead_source"),
)
def prospecting_funnel(
    opportunities: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    leads: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    cohort_days: int = COHORT_DAYS,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """How far the leads and target accounts of a period came.

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
    leads : pandas.DataFrame, optional
        ``schemas.LEADS``.
    targets : pandas.DataFrame, optional
        rep_id, account_id, agreed_on (date): the target accounts of the reps' plans.
    cohort_days : int
    by : str, optional
        rep_id or lead_source; target accounts are a source of their own.
    groups : list of str, optional
        Groups that get a row even without leads.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("prospecting_funnel", by, ("rep_id", "lead_source"))
    cohort = _cohort(leads, targets, period)
    told = recorded_until(cutoff, received_until)
    touched = touches(activities, conversation_seconds)
    within = pd.Timedelta(days=cohort_days)
    # a lead has had its days when the activity exports tell of all of them
    mature = cohort["since"] + within <= (cutoff if told is None else told)
    passed = _passed(cohort, touched, opportunities, within)
    rows = cohort.assign(
        lead_count=1.0, young_count=(~mature).astype(float), mature_count=mature.astype(float)
    )
    later = pd.Series(False, index=cohort.index)
    for rung in reversed(_RUNGS):
        later = later | passed[rung]
        rows[f"{rung}_count"] = (later & mature).astype(float)
    fresh = newly_touched(touched, period.start_at, period.end_at + within)
    rows["new_account_count"] = (mature & cohort["account_id"].isin(sorted(fresh or ()))).astype(float)
    table = sums(rows, _COUNTS, by, groups)
    if told is None:
        table[_COUNTS[1:]] = np.nan
    if fresh is None:
        table["new_account_count"] = np.nan
    if (leads is None or "leads" not in received_until) and targets is None:
        table[_COUNTS] = np.nan
    for name in _COUNTS:
        table[name] = whole(table[name])
    for rung in _RUNGS:
        table = rated(table, f"{rung}_rate", f"{rung}_count", "mature_count", prefix=f"{rung}_")
    return table


def _cohort(leads: pd.DataFrame | None, targets: pd.DataFrame | None, period: Period) -> pd.DataFrame:
    """The leads created and the target accounts agreed in the period."""
    columns = ["rep_id", "account_id", "contact_id", "opportunity_id", "lead_source"]
    parts = []
    if leads is not None:
        own = leads[period.holds(leads["created_at"])]
        parts.append(own[columns].assign(since=own["created_at"], own_opportunity=own["opportunity_id"]))
    if targets is not None and len(targets):
        agreed = targets[period.holds_day(targets["agreed_on"])].reset_index(drop=True)
        nobody = pd.Series([None] * len(agreed), dtype="str")
        source = pd.Series([TARGET] * len(agreed), dtype="str")
        since = agreed["agreed_on"].astype("datetime64[us]").dt.tz_localize(period.time_zone)
        parts.append(
            agreed[["rep_id", "account_id"]].assign(
                contact_id=nobody,
                opportunity_id=nobody,
                own_opportunity=nobody,
                lead_source=source,
                since=since.dt.tz_convert("UTC"),
            )
        )
    if not parts:
        empty = {name: pd.Series(dtype="str") for name in [*columns, "own_opportunity"]}
        return pd.DataFrame({**empty, "since": pd.Series(dtype="datetime64[us, UTC]")})
    return pd.concat(parts, ignore_index=True)


def _passed(
    cohort: pd.DataFrame, touched: pd.DataFrame, opportunities: pd.DataFrame, within: pd.Timedelta
) -> dict[str, pd.Series]:
    """Who passed each rung in time."""
    pairs = linked(cohort, touched, "since")
    # not `map`, which refuses instants when there is not one lead
    since = cohort["since"].reindex(pairs["thing"]).set_axis(pairs.index)
    pairs = pairs[pairs["at"] < since + within]
    outbound = pairs["direction"].ne("inbound")
    flags = {"contacted": outbound, "conversation": pairs["conversation"], "meeting_held": pairs["held"]}
    passed = {
        rung: pd.Series(cohort.index.isin(pairs.loc[flag, "thing"]), index=cohort.index)
        for rung, flag in flags.items()
    }
    good = opportunities[is_present(opportunities) & opportunities["status"].ne("disqualified")]
    good = good[["opportunity_id", "account_id", "created_at"]]
    mine = cohort[["own_opportunity", "account_id", "since"]].assign(thing=cohort.index)
    by_id = mine.merge(
        good[["opportunity_id", "created_at"]], left_on="own_opportunity", right_on="opportunity_id"
    )
    nameless = mine[mine["own_opportunity"].isna() & mine["account_id"].notna()]
    found = pd.concat([by_id, nameless.merge(good, on="account_id")], ignore_index=True)
    found = found[(found["created_at"] >= found["since"]) & (found["created_at"] < found["since"] + within)]
    passed["accepted"] = pd.Series(cohort.index.isin(found["thing"]), index=cohort.index)
    return passed

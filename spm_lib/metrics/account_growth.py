"""Does the existing business grow? Bookings per account against the same days a year before."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import check_by, sums, whole
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period

#: What became of an account, in order.
STATES = ("grown", "kept", "shrunk", "lost")
#: What became of an account that bought something without an amount: nobody can tell.
UNKNOWN = "unknown"
#: A change up to this share of the amount before is none.
KEPT_RATE = 0.05

_CARD = {
    "time_base": "bookings of the period, and of the same days a year before; dated by their outcome",
    "credit": "the rep whose plan names the account, or who booked it last",
    "excluded": "accounts never won before the period (they are new business); bookings without an account",
}
_COLUMNS = ["account_id", "rep_id", "state", "before_amount", "amount", "change_amount", "is_planned"]


@metric(
    question="Does the existing business grow?",
    formula="for accounts won before the period: bookings of the period against those of the same days a "
    "year before. grown: more by over 5 %; shrunk: less by over 5 %; lost: something before and nothing now; "
    "kept: the rest; unknown: one of its bookings has no amount; nothing in both: not listed",
    time_base=_CARD["time_base"],
    credit=_CARD["credit"],
    excluded=_CARD["excluded"],
    empty="a state without accounts is 0, unknown without accounts has no row; bookings that do not go back "
    "a year before the period: missing",
    columns={
        "state": "grown, kept, shrunk, lost or unknown",
        "account_count": "accounts",
        "before_amount": "their bookings a year before, client's currency",
        "amount": "their bookings of the period, client's currency",
        "change_amount": "amount − before_amount; the three are missing for the unknown",
        "no_plan_count": "those no plan names; missing where there is no plan",
    },
    example="10,000 a year before, 12,000 now: grown by 2,000. 5,000 and nothing: lost. 8,000 and 8,100: "
    "kept.",
    groupings=("rep_id",),
)
def account_growth(
    outcomes: pd.DataFrame,
    period: Period,
    targets: pd.DataFrame | None = None,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Accounts and their bookings by what became of them.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    period : Period
    targets : pandas.DataFrame, optional
        rep_id, account_id: the target accounts of the reps' plans.
    by : str, optional
        rep_id.
    groups : list of str, optional
        Groups that get rows even without accounts.

    Returns
    -------
    pandas.DataFrame
        One row per group and state.

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("account_growth", by, ("rep_id",))
    rows = account_growth_rows(outcomes, period, targets)
    rows = rows.assign(
        account_count=1.0, no_plan_count=(~rows["is_planned"].fillna(value=True)).astype(float)
    )
    numbers = ["account_count", "before_amount", "amount", "change_amount", "no_plan_count"]
    everyone = None if by is None else [*(groups or ()), *rows[by].dropna().unique()]
    parts = []
    for state in [*STATES, *([UNKNOWN] if rows["state"].eq(UNKNOWN).any() else [])]:
        own = sums(rows[rows["state"].eq(state)], numbers, by, everyone)
        parts.append(own.assign(state=pd.Series([state] * len(own), dtype="str")))
    table = pd.concat(parts, ignore_index=True)
    table.loc[table["state"].eq(UNKNOWN), ["before_amount", "amount", "change_amount"]] = np.nan
    if not _goes_back(outcomes, period):
        table[numbers] = np.nan
    if targets is None or targets.empty:
        table["no_plan_count"] = np.nan
    for name in ("account_count", "no_plan_count"):
        table[name] = whole(table[name])
    for name in ("before_amount", "amount", "change_amount"):
        table[name] = table[name].round(2)
    keys = [*([by] if by else []), "state"]
    if by:
        table = table.sort_values(by, kind="stable", na_position="last", ignore_index=True)
    return table[[*keys, *numbers]]


@metric(
    question="Which accounts grow, and which are lost?",
    formula="one row per account that `account_growth` counts",
    time_base=_CARD["time_base"],
    credit=_CARD["credit"],
    excluded=_CARD["excluded"],
    empty="no rows when no existing account booked anything in either",
    columns={
        "account_id": "the account",
        "rep_id": "whose it is",
        "state": "grown, kept, shrunk, lost or unknown",
        "before_amount": "bookings a year before, client's currency; missing where one has no amount",
        "amount": "bookings of the period, client's currency; missing where one has no amount",
        "change_amount": "amount − before_amount",
        "is_planned": "a plan names it; missing where there is no plan",
    },
    example="10,000 a year before, 12,000 now: grown, 2,000.",
)
def account_growth_rows(
    outcomes: pd.DataFrame, period: Period, targets: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The accounts behind `account_growth`; takes the same.

    Returns
    -------
    pandas.DataFrame
        The largest loss first.
    """
    won = outcomes[outcomes["outcome"].eq("won") & (outcomes["outcome_at"] < period.end_at)]
    won = won[won["account_id"].notna()].sort_values(["outcome_at", "opportunity_id"], kind="stable")
    existing = won.loc[won["outcome_at"] < period.start_at, "account_id"].unique()
    won = won[won["account_id"].isin(existing)]
    now, then = _booked(won, period), _booked(won, year_before(period))
    table = pd.DataFrame({"before_amount": then, "amount": now}).fillna(0.0).round(2)
    table = table[(table["before_amount"] > 0) | (table["amount"] > 0)].replace(np.inf, np.nan)
    table.index.name = "account_id"
    table = table.reset_index().astype({"account_id": "str", "before_amount": "float64", "amount": "float64"})
    change = (table["amount"] - table["before_amount"]).round(2)
    slack = KEPT_RATE * table["before_amount"]
    lost = table["amount"].eq(0)
    state = np.select(
        [change.isna(), lost, change > slack, change < -slack],
        [UNKNOWN, "lost", "grown", "shrunk"],
        default="kept",
    )
    last = won[won["rep_id"].notna()].drop_duplicates("account_id", keep="last")
    rep = last.set_index("account_id")["rep_id"]
    planned = pd.Series(pd.NA, index=table.index, dtype="boolean")
    if targets is not None and len(targets):
        agreed = targets.drop_duplicates("account_id").set_index("account_id")["rep_id"]
        rep = agreed.combine_first(rep)
        planned = table["account_id"].isin(agreed.index).astype("boolean")
    holder = table["account_id"].map(rep.to_dict()).astype("str")
    table = table.assign(
        state=pd.Series(state, index=table.index, dtype="str"),
        change_amount=change,
        rep_id=holder,
        is_planned=planned,
    )
    return table.sort_values(["change_amount", "account_id"], kind="stable", ignore_index=True)[_COLUMNS]


def _booked(won: pd.DataFrame, period: Period) -> pd.Series:
    """Account -> its bookings of a period; infinite where one of them has no amount.

    Missing will not do: that is what an account without a booking gets, and that is a true zero.
    """
    rows = won[period.holds(won["outcome_at"])]
    return rows["amount"].fillna(np.inf).groupby(rows["account_id"]).sum()


def year_before(period: Period) -> Period:
    """The same days a year before; 29 February becomes the 28th."""
    return Period(_year_before(period.start), _year_before(period.end), "", period.time_zone)


def _year_before(day: date) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if leap else day.day)


def _goes_back(outcomes: pd.DataFrame, period: Period) -> bool:
    """Whether anything was decided before the year-before period began, so that it is told in full."""
    began = outcomes["outcome_at"].min()
    return bool(pd.notna(began) and began <= year_before(period).start_at)

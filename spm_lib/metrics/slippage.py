"""Do opportunities close when they are said to? Dates pushed, and dates missed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import OUTCOME_GROUPINGS, amount_known, check_by, sums, whole
from spm_lib.metrics.intervals import ratio, wilson
from spm_lib.metrics.pipeline import is_open, is_present
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period
from spm_lib.schemas import OUTCOMES

#: Pushed more often than this, the date was never right; up to it, something may have come up.
OBSTACLES = 2

_SLIP_TIME = (
    "expected close in the period, as it stood at its start; what became of it by its end. A cut-off before "
    "the end of the period leaves the rate missing"
)
_SLIP_CREDIT = "the rep who held the opportunity at the start of the period and said so"
_SLIP_EXCLUDED = (
    "already overdue at the start; created or pulled in during the period; merged, deleted and gone ones "
    "(gone_"
    "count)"
)
_SLIP_EMPTY = "nothing expected, or the period is not over: the rate and its range are missing"
_SLIP_COLUMNS = {
    "expected_count": "opportunities open at the start and expected to close in the period",
    "won_count": "of them, won by its end",
    "lost_count": "of them, lost by its end",
    "disqualified_count": "of them, disqualified by its end",
    "open_count": "of them, still open at its end (at the cut-off, if that is earlier)",
    "gone_count": "besides: expected so, and merged, deleted or gone by the cut-off",
}
_SLIP_RANGE = {
    "low": "lower end of the 90 % Wilson interval, 0-1",
    "high": "upper end of it, 0-1",
}
_SLIP_EXAMPLE = "Ten expected in the quarter at its start: 4 won, 3 lost, 3 still open."


@metric(
    question="Of what was expected to close in the period, how much was not won in it?",
    formula="(lost + disqualified + still open) / expected",
    time_base=_SLIP_TIME,
    credit=_SLIP_CREDIT,
    excluded=_SLIP_EXCLUDED,
    empty=_SLIP_EMPTY,
    columns={
        **_SLIP_COLUMNS,
        "slipped_count": "lost, disqualified and still open together",
        "slip_rate": "slipped_count / expected_count, 0-1",
        **_SLIP_RANGE,
    },
    example=f"{_SLIP_EXAMPLE} 6 of 10 = 60 % not won.",
    groupings=OUTCOME_GROUPINGS,
)
def slip_rate_not_won(
    opening: pd.DataFrame,
    opportunities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Share of what was expected in the period that was not won in it.

    Parameters
    ----------
    opening, opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES`` at the start of the period and at the cut-off.
    period : Period
    cutoff : pandas.Timestamp
        UTC.
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even without anything expected.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("slip_rate_not_won", by, OUTCOME_GROUPINGS)
    missed = ["lost_count", "disqualified_count", "open_count"]
    return _slipped(_expected(opening, opportunities, period), missed, period, cutoff, by, groups)


@metric(
    question="Of what was expected to close in the period, how much is still open?",
    formula="still open / expected",
    time_base=_SLIP_TIME,
    credit=_SLIP_CREDIT,
    excluded=_SLIP_EXCLUDED,
    empty=_SLIP_EMPTY,
    columns={
        **_SLIP_COLUMNS,
        "slipped_count": "still open",
        "slip_rate": "slipped_count / expected_count, 0-1",
        **_SLIP_RANGE,
    },
    example=f"{_SLIP_EXAMPLE} 3 of 10 = 30 % not closed.",
    groupings=OUTCOME_GROUPINGS,
)
def slip_rate_not_closed(
    opening: pd.DataFrame,
    opportunities: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Share of what was expected in the period that was neither won nor lost in it.

    Takes, returns and refuses the same as `slip_rate_not_won`.
    """
    check_by("slip_rate_not_closed", by, OUTCOME_GROUPINGS)
    return _slipped(_expected(opening, opportunities, period), ["open_count"], period, cutoff, by, groups)


@metric(
    question="How often are expected closes pushed, and is it always the same opportunities?",
    formula="push = the expected close moved to a later day while open. Pushed in the period, split by all "
    f"pushes up to the cut-off: more than {OBSTACLES}, the date was always wrong; up to {OBSTACLES}, a new "
    "obstacle",
    time_base="pushes in the period; the count that tells wrong dates from obstacles: up to the cut-off. "
    "Where "
    "only drops show it, a push is dated by the drop, and several between two drops are one",
    credit="the rep who holds the opportunity at the cut-off, or did at its outcome",
    excluded="dates pulled in, set for the first time or removed; changes after the outcome; merged, deleted "
    "and gone ones",
    empty="nothing pushed is 0, its median is missing; where no change of an expected close could be seen, "
    "the "
    "counts are missing",
    columns={
        "push_count": "pushes",
        "pushed_count": "opportunities pushed",
        "pushed_amount": "their amount, client's currency; missing where none has one",
        "always_wrong_count": f"of them, pushed more than {OBSTACLES} times so far",
        "new_obstacle_count": f"of them, pushed {OBSTACLES} times or fewer so far",
        "moved_days": "median days by which those pushed moved in the period",
    },
    example="A is pushed by 7 days for the third time, B by 30 days for the first: 2 pushes of 2 "
    "opportunities, "
    "1 date always wrong, 1 new obstacle, median 18.5 days.",
    groupings=OUTCOME_GROUPINGS,
)
def slippage(
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    period: Period,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Expected closes pushed in a period, of always-wrong dates and of new obstacles.

    Parameters
    ----------
    opportunities, changes : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_CHANGES`` at the cut-off.
    period : Period
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even without a push.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("slippage", by, OUTCOME_GROUPINGS)
    rows = _pushed(opportunities, changes, period)
    rows = rows[rows["push_count"] > 0]
    counted = rows.assign(
        pushed_count=1.0,
        pushed_amount=rows["amount"].fillna(0.0),
        priced=rows["amount"].notna(),
        always_wrong_count=rows["total_count"] > OBSTACLES,
        new_obstacle_count=rows["total_count"] <= OBSTACLES,
    )
    counts = ["push_count", "pushed_count", "always_wrong_count", "new_obstacle_count"]
    order = [*counts[:2], "pushed_amount", *counts[2:]]
    table = sums(counted, [*order, "priced"], by, groups)
    table["pushed_amount"] = amount_known(table["pushed_amount"], table["pushed_count"], table.pop("priced"))
    key = pd.Series("", index=rows.index) if by is None else rows[by].fillna("")
    found = pd.Series([""]) if by is None else table[by].fillna("")
    table["moved_days"] = found.map(rows["moved_days"].groupby(key).median()).astype("float64").to_numpy()
    if not _says_dates(opportunities, changes):
        table[order] = np.nan
    for column in counts:
        table[column] = whole(table[column])
    return table


@metric(
    question="Which opportunities slipped?",
    formula="one row per opportunity that was pushed in the period, or was expected to close in it at its "
    "start "
    "and was not won",
    time_base="as slippage and slip_rate_not_won",
    credit="the rep who holds the opportunity at the cut-off, or did at its outcome",
    excluded="as slippage and slip_rate_not_won",
    empty="no rows when nothing slipped",
    columns={
        "opportunity_id": "the opportunity",
        "name": "what people call it",
        "rep_id": "who holds it",
        "amount": "client's currency",
        "status": "open, won, lost or disqualified, at the cut-off",
        "expected_at_start": "the expected close at the start of the period; missing: created since, or none",
        "expected_close": "the expected close at the cut-off",
        "was_expected": "it was expected to close in the period, at its start",
        "push_count": "pushes in the period",
        "total_count": "pushes up to the cut-off",
        "moved_days": "days by which the pushes in the period moved it",
        "pattern": f"date always wrong (pushed more than {OBSTACLES} times), new obstacle (pushed), or not "
        "pushed",
    },
    example="Expected on 2026-11-12, on Tuesday pushed to 2026-11-30 for the third time: moved 18 days, date "
    "always wrong.",
)
def slippage_rows(
    opening: pd.DataFrame, opportunities: pd.DataFrame, changes: pd.DataFrame, period: Period
) -> pd.DataFrame:
    """The opportunities behind `slippage` and the slip rates.

    Takes the same.

    Returns
    -------
    pandas.DataFrame
        The largest amount first.
    """
    expected = _expected(opening, opportunities, period)
    missed = expected["opportunity_id"][~expected["state"].isin(["won", "gone"])]
    rows = _pushed(opportunities, changes, period)
    said = opening.set_index("opportunity_id")["expected_close"].reindex(rows["opportunity_id"])
    rows = rows.assign(
        expected_at_start=said.set_axis(rows.index),
        was_expected=rows["opportunity_id"].isin(expected["opportunity_id"]),
        pattern=_pattern(rows),
    )
    rows = rows[rows["push_count"].gt(0) | rows["opportunity_id"].isin(missed)]
    rows = rows.sort_values(["amount", "opportunity_id"], ascending=[False, True], ignore_index=True)
    names = ["opportunity_id", "name", "rep_id", "amount", "status", "expected_at_start", "expected_close"]
    return rows[[*names, "was_expected", "push_count", "total_count", "moved_days", "pattern"]]


def pushes(opportunities: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Every move of an expected close to a later day, while the opportunity was open.

    Parameters
    ----------
    opportunities, changes : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_CHANGES`` at one cut-off.

    Returns
    -------
    pandas.DataFrame
        opportunity_id, at, days.
    """
    moved = changes[changes["field"].eq("expected_close") & changes["old"].notna() & changes["new"].notna()]
    old, new = (pd.to_datetime(moved[name], format="ISO8601") for name in ("old", "new"))
    moved = moved[["opportunity_id", "at"]].assign(days=(new - old).dt.days.astype("float64"))
    ended = opportunities.set_index("opportunity_id")["outcome_at"]
    end = ended.reindex(moved["opportunity_id"]).set_axis(moved.index)
    while_open = end.isna() | (moved["at"] < end)
    known = moved["opportunity_id"].isin(opportunities["opportunity_id"])
    return moved[known & while_open & moved["days"].gt(0)].reset_index(drop=True)


def _says_dates(opportunities: pd.DataFrame, changes: pd.DataFrame) -> bool:
    """Whether a push could have been seen: a change of a date was, or the history counts them."""
    moved = changes["field"].eq("expected_close") & changes["evidence"].ne("inferred_create")
    return bool(moved.any() or opportunities["pushed_count"].notna().any() or opportunities.empty)


def _pushed(opportunities: pd.DataFrame, changes: pd.DataFrame, period: Period) -> pd.DataFrame:
    """The opportunities that are there, with push_count, moved_days (in the period) and total_count."""
    rows = opportunities[is_present(opportunities)]
    every = pushes(rows, changes)
    inside = every[period.holds(every["at"])]
    ids = rows["opportunity_id"]
    return rows.assign(
        push_count=ids.map(inside.groupby("opportunity_id").size()).fillna(0).astype("int64"),
        total_count=ids.map(every.groupby("opportunity_id").size()).fillna(0).astype("int64"),
        moved_days=ids.map(inside.groupby("opportunity_id")["days"].sum()).astype("float64"),
    )


def _pattern(rows: pd.DataFrame) -> pd.Series:
    named = np.where(rows["total_count"] > OBSTACLES, "date always wrong", "new obstacle")
    return pd.Series(np.where(rows["total_count"] == 0, "not pushed", named), index=rows.index, dtype="str")


def _expected(opening: pd.DataFrame, opportunities: pd.DataFrame, period: Period) -> pd.DataFrame:
    """What was expected at the start, as it stood then, and `state`: what became of it by the end."""
    rows = opening[is_open(opening) & period.holds_day(opening["expected_close"])]
    later = opportunities.set_index("opportunity_id").reindex(rows["opportunity_id"]).set_axis(rows.index)
    closed = later["status"].isin(OUTCOMES) & (later["outcome_at"] < period.end_at)
    there = is_present(later) & later["status"].notna()
    state = later["status"].where(closed, "open").mask(~there, "gone")
    return rows.assign(state=state.astype("str"))


def _slipped(
    expected: pd.DataFrame,
    missed: list[str],
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None,
    groups: list[str] | None,
) -> pd.DataFrame:
    flags = {f"{state}_count": expected["state"].eq(state) for state in (*OUTCOMES, "open", "gone")}
    counted = expected.assign(**flags, expected_count=expected["state"].ne("gone"))
    table = sums(counted, list(_SLIP_COLUMNS), by, groups)
    for column in _SLIP_COLUMNS:
        table[column] = whole(table[column])
    table["slipped_count"] = table[missed].sum(axis=1)
    n = table["expected_count"] if cutoff >= period.end_at else np.zeros(len(table))
    table["slip_rate"] = ratio(table["slipped_count"], n)
    table["low"], table["high"] = wilson(table["slipped_count"], n)
    return table

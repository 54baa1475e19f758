"""Where will the goal period end? A range from the client's own history, beside what the CRM's fields say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics.attainment import booked, keys
from spm_lib.metrics.goals import Goal, goals
from spm_lib.metrics.groups import OUTCOME_GROUPINGS, cents, check_by, whole
from spm_lib.metrics.past_periods import preceding
from spm_lib.metrics.pipeline import expected_before, is_open, pipeline
from spm_lib.metrics.registry import metric
from spm_lib.metrics.simulation import MINIMUM_WEEKS, SEED, Rest, play
from spm_lib.metrics.transitions import Lives, stage_positions, stage_win_rates
from spm_lib.periods import Calendar, Period

Floats = npt.NDArray[np.float64]

#: Decided opportunities below which no range is told.
MINIMUM_DECIDED = 30
#: Share of the outcomes the range is to hold.
CONFIDENCE = 0.80
#: Exports that end longer than this before the cut-off do not show what happened since.
STALE = pd.Timedelta(weeks=1)
#: How often the rest of the period is played.
DRAWS = 2_000

#: What vendors write for "I promise it" and "it may come", folded.
COMMIT = ("commit", "committed")
BEST_CASE = ("best case", "bestcase", "upside")

_SIMULATED = ("median", "low", "high", "p_attain", "from_open_amount", "from_new_amount")


@metric(
    question="Where will the goal period end?",
    formula="bookings + what is open + what is not created yet, played 2,000 times. Open: each opportunity "
    "is won in the time left with the chance of its stage and age in the client's own history "
    "(weekly chances to win, lose, move or stay, small cells leaning on their stage's and age's), "
    "for its amount times what amounts in that stage became. Not created yet: weeks of creation "
    "drawn from the last 52 with what was won of them in the same time. Recent weeks count more "
    "(half every 26 weeks)",
    time_base="the goal period; history: whole weeks before the cut-off only, open opportunities included as "
    "not yet decided",
    credit="bookings as attainment; open opportunities: the rep who holds them at the cut-off",
    excluded="merged, deleted and absent opportunities; an open one without an amount is not left out, it "
    "takes the amounts won before. stage_weighted_amount and the calls leave out open ones without an "
    "amount and those expected after the period",
    empty=f"withheld, with the reason in `state`, below {MINIMUM_DECIDED} decided opportunities of the "
    f"group, below {MINIMUM_WEEKS} weeks of creation on record, where no won opportunity has an amount, or "
    "where the exports end more than a week before the cut-off; p_attain is missing without a "
    "goal; the calls are missing where nobody calls",
    columns={
        "bookings": "amount won in the goal period before the cut-off, client's currency",
        "median": "as likely more as less, at the end of the period",
        "low": "lower end of the 80 % range",
        "high": "upper end of the 80 % range",
        "quota": "effective goal for the whole period",
        "p_attain": "share of the draws that reach the quota, 0-1",
        "from_open_amount": "mean of what opportunities open today still bring; adds up over groups",
        "from_new_amount": "mean of what opportunities not created yet bring; adds up over groups",
        "open_count": "opportunities open at the cut-off",
        "open_amount": "their amount",
        "stage_weighted_amount": "bookings + open amount expected in the period × the share of opportunities "
        "seen in that stage that was won",
        "commit_amount": "bookings + open amount expected in the period that is called commit",
        "best_case_amount": "commit_amount + what is called best case",
        "decided_count": "opportunities decided before the cut-off: the n the history rests on",
        "state": "measured, period over, too few decided, too short a history, no amounts, or data too old",
    },
    example="A goal of 30,000 and 40,000 booked when the quarter is over: median, low and high are 40,000, "
    "p_attain 1. Medians and ranges of reps do not add up to the team's: not all have a bad quarter at once.",
    groupings=OUTCOME_GROUPINGS,
)
def forecast(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """The end of the goal period as a range.

    Parameters
    ----------
    opportunities, outcomes, changes, stages, quotas : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``SNAPSHOT_CHANGES``, ``STAGES``,
        ``QUOTAS``.
    horizon : Period
        The goal period.
    cutoff : pandas.Timestamp
        UTC.
    calendar : Calendar
    received_until : dict
        Table -> latest export that brought it.
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    groups : list of str, optional
        Groups that get a row even without anything.

    Returns
    -------
    pandas.DataFrame
        Amounts in the client's currency.

    Raises
    ------
    MetricError
        It has no such grouping, or the goals are in several currencies.
    """
    check_by("forecast", by, OUTCOME_GROUPINGS)
    before = outcomes[outcomes["outcome_at"] < cutoff]
    goal_of = goals(quotas, horizon, calendar, by)
    table = _known(opportunities, before, horizon, goal_of, by, groups)
    group_of = keys(table, by)
    rest = play(
        opportunities,
        before,
        changes,
        stages,
        horizon.end_at,
        cutoff,
        group_of,
        by=by,
        draws=DRAWS,
        seed=SEED,
    )
    weighed = _fields(opportunities, stages, rest.history, horizon, by, group_of)
    table = table.assign(**{name: (table["bookings"] + amount).round(2) for name, amount in weighed.items()})
    table["state"] = _states(table, rest, over=cutoff >= horizon.end_at)
    if cutoff - received_until.get("opportunities", cutoff) > STALE:
        table["state"] = "data too old"
    return _ranged(table, rest)[list(_COLUMNS) if by is None else [by, *_COLUMNS]]


_COLUMNS = (
    *("bookings", "median", "low", "high", "quota", "p_attain", "from_open_amount", "from_new_amount"),
    *("open_count", "open_amount", "stage_weighted_amount", "commit_amount", "best_case_amount"),
    *("decided_count", "state"),
)


@dataclass(frozen=True)
class Baselines:
    """What a forecast has to beat, client's currency; missing where it cannot be told.

    Attributes
    ----------
    straight_line : float
        Bookings divided by the share of the period's business days gone.
    stage_weighted : float
        As `forecast`.
    last_period : float
        Bookings of the goal period before.
    """

    straight_line: float
    stage_weighted: float
    last_period: float


def baselines(
    outcomes: pd.DataFrame,
    stage_weighted: float,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
) -> Baselines:
    """The team's straight line, stage-weighted pipeline and last period.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    stage_weighted : float
        As `forecast` gives it.
    horizon : Period
    cutoff : pandas.Timestamp
    calendar : Calendar
    """
    before = outcomes[outcomes["outcome_at"] < cutoff]
    days = calendar.business_days(horizon.start, horizon.end)
    today = min(max(cutoff.tz_convert(horizon.time_zone).date(), horizon.start), horizon.end)
    gone = calendar.business_days(horizon.start, today)
    line = _booked_in(before, horizon) * days / gone if gone else np.nan
    return Baselines(line, stage_weighted, _booked_in(before, preceding(horizon)))


def crps(draws: npt.ArrayLike, actual: float) -> float:
    """The continuous ranked probability score of a sample; of a single draw, its absolute error.

    Parameters
    ----------
    draws : array_like of float, shape (n,)
    actual : float

    Returns
    -------
    float
        In the unit of the draws; smaller is better.

    Notes
    -----
    The mean of abs(X - y) less half the mean of abs(X - X') over all pairs of draws, the pairs by sorting.

    References
    ----------
    T. Gneiting, A. Raftery, "Strictly proper scoring rules, prediction, and estimation", JASA 102 (2007).
    """
    ordered = np.sort(np.asarray(draws, dtype=float))
    n = len(ordered)
    if n == 0 or np.isnan(ordered).any() or np.isnan(actual):
        return float("nan")
    pairs = (2 * np.arange(1, n + 1) - n - 1) @ ordered / n**2
    return float(np.abs(ordered - actual).mean() - pairs)


def _booked_in(outcomes: pd.DataFrame, period: Period) -> float:
    won = outcomes["outcome"].eq("won") & period.holds(outcomes["outcome_at"])
    return float(outcomes["amount"][won].sum())


def _known(
    opportunities: pd.DataFrame,
    before: pd.DataFrame,
    horizon: Period,
    goal_of: Mapping[str | None, Goal],
    by: str | None,
    groups: list[str] | None,
) -> pd.DataFrame:
    """One row per group with what is known at the cut-off; every open opportunity lies in one of them."""
    inside = before[horizon.holds(before["outcome_at"])]
    is_now = opportunities[is_open(opportunities)]
    names = {*(groups or ()), *(key for key in goal_of if key is not None)}
    if by is not None:
        names |= {*is_now[by].dropna(), *before[by].dropna()}
    table = booked(inside, by, sorted(names))[[*([by] if by else []), "bookings"]]
    nobody = by is not None and (is_now[by].isna().any() or before[by].isna().any())
    if nobody and not table[by].isna().any():
        missing = pd.DataFrame({by: pd.Series([None], dtype="str"), "bookings": [0.0]})
        table = pd.concat([table, missing], ignore_index=True) if len(table) else missing
    found = [goal_of.get(key) for key in keys(table, by)]
    table["quota"] = cents(pd.Series([np.nan if goal is None else goal.expected.sum() for goal in found]))
    decided = before.assign(decided_count=before["share_rate"])
    counted = _by_key(decided.groupby(by, dropna=False)["decided_count"].sum() if by else None)
    total = float(before["share_rate"].sum())
    table["decided_count"] = whole(
        pd.Series([total if by is None else counted.get(key, 0.0) for key in keys(table, by)])
    )
    still = pipeline(opportunities, by)
    for column in ("open_count", "open_amount"):
        value = dict(zip(keys(still, by), still[column], strict=True))
        table[column] = [value.get(key, 0) for key in keys(table, by)]
    return table


def _by_key(series: pd.Series | None) -> dict[str | None, float]:
    """A grouped sum by its key, the missing group under None."""
    if series is None:
        return {}
    missing = series.index.isna()
    return {
        None if unknown else str(key): float(value)
        for key, value, unknown in zip(series.index, series, missing, strict=True)
    }


def _fields(
    opportunities: pd.DataFrame,
    stages: pd.DataFrame,
    history: Lives,
    horizon: Period,
    by: str | None,
    group_of: list[str | None],
) -> dict[str, Floats]:
    """What the fields of the CRM add to the bookings of each group: stages, commit, best case."""
    rows = opportunities[is_open(opportunities) & expected_before(opportunities, pd.Timestamp(horizon.end))]
    place = stage_positions(stages)
    rate = dict(enumerate(stage_win_rates(history)))
    amount = rows["amount"].fillna(0.0)
    call = rows["forecast_category"].str.casefold().str.replace("[_-]", " ", regex=True).str.strip()
    commit, best = call.isin(COMMIT), call.isin(BEST_CASE)
    calls = opportunities[is_open(opportunities)]["forecast_category"].notna().any()
    added = {
        "stage_weighted_amount": amount * rows["stage_id"].map(place).map(rate).astype("float64").fillna(0.0),
        "commit_amount": amount.where(commit, 0.0) if calls else amount * np.nan,
        "best_case_amount": amount.where(commit | best, 0.0) if calls else amount * np.nan,
    }
    none = 0.0 if calls else np.nan
    empty = {"stage_weighted_amount": 0.0, "commit_amount": none, "best_case_amount": none}
    return {
        name: np.array([_sum_of(value, rows, by, group, empty[name]) for group in group_of])
        for name, value in added.items()
    }


def _sum_of(value: pd.Series, rows: pd.DataFrame, by: str | None, group: str | None, none: float) -> float:
    """The sum of a group's values; `none` where it has no rows."""
    if by is not None:
        value = value[rows[by].isna() if group is None else rows[by].eq(group)]
    return float(value.sum(skipna=False)) if len(value) else none


def _states(table: pd.DataFrame, rest: Rest, *, over: bool) -> pd.Series:
    """Why a range is told, or is not."""
    if over:
        return pd.Series("period over", index=table.index).mask(table["bookings"].isna(), "no amounts")
    state = pd.Series("measured", index=table.index)
    unknown = np.isnan(rest.from_open).any(axis=1) | table["bookings"].isna().to_numpy()
    state = state.mask(pd.Series(unknown, index=table.index), "no amounts")
    short = pd.Series(np.isnan(rest.from_new).any(axis=1), index=table.index)
    state = state.mask(short, "too short a history")
    return state.mask(table["decided_count"] < MINIMUM_DECIDED, "too few decided")


def _ranged(table: pd.DataFrame, rest: Rest) -> pd.DataFrame:
    """Adds the columns of `_SIMULATED`, missing where they are withheld."""
    booked_so_far = table["bookings"].to_numpy(dtype=float)[:, None]
    over = table["state"].eq("period over").to_numpy()[:, None]
    draws = booked_so_far + np.where(over, 0.0, rest.from_open + rest.from_new)
    low, median, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, 0.5, (1 + CONFIDENCE) / 2], axis=1)
    # a quota told to the cent is reached when the draw, told to the cent, reaches it
    reached = (np.round(draws, 2) >= table["quota"].to_numpy(dtype=float)[:, None]).mean(axis=1)
    added = {
        "median": median.round(2),
        "low": low.round(2),
        "high": high.round(2),
        "p_attain": np.where(table["quota"] > 0, reached, np.nan),
        "from_open_amount": np.where(over[:, 0], 0.0, rest.from_open.mean(axis=1)).round(2),
        "from_new_amount": np.where(over[:, 0], 0.0, rest.from_new.mean(axis=1)).round(2),
    }
    told = table["state"].isin(["measured", "period over"])
    ranged = table.assign(**added)
    ranged[list(_SIMULATED)] = ranged[list(_SIMULATED)].where(told)
    return ranged

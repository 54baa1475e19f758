"""Which goals count for whom, and how much of each falls into a period.

A goal is spread evenly over the business days of its own period. On each business day of the measured
period one goal per line counts: the one stated for exactly the measured period if there is one, else the
shortest that covers the day (a month before the year it lies in).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.periods import Calendar, Period

#: What a goal may be narrowed to.
DIMENSIONS = ("product_line", "territory", "business")


@dataclass(frozen=True)
class Goal:
    """The goal of one group for a period.

    Attributes
    ----------
    expected : numpy.ndarray, shape (days,)
        What is expected of each business day of the period, client's currency.
    covered : numpy.ndarray of bool, shape (days,)
        The business days some goal covers.
    quota_count, prorated_count : int
        Goals that count, and those of them that count in part.
    spans : tuple of (datetime.date, datetime.date)
        First day and first day after each goal that counts.
    """

    expected: npt.NDArray[np.float64]
    covered: npt.NDArray[np.bool_]
    quota_count: int
    prorated_count: int
    spans: tuple[tuple[date, date], ...] = ()

    def covers(self, on: pd.Series) -> pd.Series:
        """Which days (naive, midnight) some goal covers, business days or not."""
        inside = pd.Series(False, index=on.index)
        for start, end in self.spans:
            inside |= (on >= pd.Timestamp(start)) & (on < pd.Timestamp(end))
        return inside


def days_of(period: Period, calendar: Calendar) -> npt.NDArray[np.datetime64]:
    """The business days of a period; all its days when the client works on none of them."""
    every = [period.start + timedelta(days=n) for n in range(period.day_count)]
    worked = [day for day in every if calendar.is_business_day(day)]
    return np.array(worked or every, dtype="datetime64[D]")


def goals(quotas: pd.DataFrame, period: Period, calendar: Calendar, by: str | None) -> dict[str | None, Goal]:
    """The goal of each group that has one.

    Parameters
    ----------
    quotas : pandas.DataFrame
        ``schemas.QUOTAS``.
    period : Period
    calendar : Calendar
    by : str or None
        With None the only key is None: the team's own goal, else the reps' goals together.

    Raises
    ------
    MetricError
        The goals that count are in several currencies.
    """
    inside = quotas["period_start"].lt(pd.Timestamp(period.end))
    inside &= quotas["period_end"].gt(pd.Timestamp(period.start))
    days = days_of(period, calendar)
    lines: dict[str | None, list[Goal]] = {}
    counted = []
    for key, line in _lines(quotas[inside], by):
        counted.append(line)
        lines.setdefault(key, []).append(_spread(line, period, calendar, days))
    _one_currency(counted)
    return {key: _together(parts) for key, parts in lines.items()}


def expected_by_day(quotas: pd.DataFrame, horizon: Period, calendar: Calendar) -> pd.Series:
    """The team's bookings expected by the end of each day of a goal period.

    Returns
    -------
    pandas.Series of float
        Client's currency, on every day of the period; missing without a goal.
    """
    every = pd.date_range(horizon.start, horizon.last_day, freq="D", unit="us")
    goal = goals(quotas, horizon, calendar, None).get(None)
    if goal is None:
        return pd.Series(np.nan, index=every)
    daily = pd.Series(goal.expected, index=pd.DatetimeIndex(days_of(horizon, calendar)).as_unit("us"))
    return daily.reindex(every, fill_value=0.0).cumsum().round(2)


def elapsed(goal_days: npt.NDArray[np.datetime64], cutoff_day: date) -> npt.NDArray[np.bool_]:
    """Which business days lie before the cut-off."""
    return np.asarray(goal_days < np.datetime64(cutoff_day, "D"))


def _lines(quotas: pd.DataFrame, by: str | None) -> list[tuple[str | None, pd.DataFrame]]:
    """Groups with the goals that replace one another; the lines of one group add up."""
    teams = quotas["rep_id"].isna()
    if by is None:
        team = _general(quotas[teams])
        reps = [line for _, lines in _by_rep(quotas[~teams]) for line in lines]
        return [(None, line) for line in ([team] if len(team) else reps or _narrow(quotas[teams]))]
    if by == "rep_id":
        return [(rep, line) for rep, lines in _by_rep(quotas[~teams]) for line in lines]
    if by not in DIMENSIONS:
        return []
    found: list[tuple[str | None, pd.DataFrame]] = []
    for value, part in quotas[_narrowed_to(quotas, (by,))].groupby(by, sort=True):
        team = part[part["rep_id"].isna()]
        lines = [team] if len(team) else [line for _, line in part.groupby("rep_id", sort=True)]
        found += [(str(value), line) for line in lines]
    return found


def _by_rep(quotas: pd.DataFrame) -> list[tuple[str, list[pd.DataFrame]]]:
    """Each rep's general goals; without any, the narrow ones."""
    found = []
    for rep, part in quotas.groupby("rep_id", sort=True):
        general = _general(part)
        found.append((str(rep), [general] if len(general) else _narrow(part)))
    return found


def _general(quotas: pd.DataFrame) -> pd.DataFrame:
    return quotas[_narrowed_to(quotas, ())]


def _narrow(quotas: pd.DataFrame) -> list[pd.DataFrame]:
    """Goals of the first kind of narrowing there is: goals by product and by territory are never added."""
    kinds = (kind for size in (1, 2, 3) for kind in combinations(DIMENSIONS, size))
    for kind in kinds:
        part = quotas[_narrowed_to(quotas, kind)]
        if len(part):
            return [line for _, line in part.groupby(list(kind), sort=True)]
    return []


def _narrowed_to(quotas: pd.DataFrame, kind: tuple[str, ...]) -> pd.Series:
    """Goals narrowed in exactly these dimensions."""
    flags = [quotas[name].notna() == (name in kind) for name in DIMENSIONS]
    return flags[0] & flags[1] & flags[2]


def _spread(line: pd.DataFrame, period: Period, calendar: Calendar, days: npt.NDArray[np.datetime64]) -> Goal:
    """One line's goals laid over the business days of the period, each day once."""
    length = line["period_end"] - line["period_start"]
    exact = line["period_start"].eq(pd.Timestamp(period.start)) & line["period_end"].eq(
        pd.Timestamp(period.end)
    )
    order = line.assign(inexact=~exact, length=length)
    order = order.sort_values(["inexact", "length", "period_start"], kind="stable")
    expected, covered = np.zeros(len(days)), np.zeros(len(days), dtype=bool)
    counted = prorated = 0
    spans = []
    for goal in order.to_dict("records"):
        span = (goal["period_start"].date(), goal["period_end"].date())
        own = days_of(Period(*span), calendar)
        inside = ~covered & np.isin(days, own)
        if not inside.any():
            continue
        expected[inside] = _effective(goal) / len(own)
        covered |= inside
        spans.append(span)
        counted += 1
        prorated += int(inside.sum() < len(own))
    return Goal(expected, covered, counted, prorated, tuple(spans))


def _effective(goal: dict[object, object]) -> float:
    """Amount x ramp x proration, client's currency; a missing rate is 1."""
    factors = [pd.to_numeric(goal[name]) for name in ("ramp_rate", "proration_rate")]  # type: ignore[call-overload]
    return float(goal["amount"]) * float(np.prod([1.0 if pd.isna(rate) else rate for rate in factors]))  # type: ignore[arg-type]


def _together(parts: list[Goal]) -> Goal:
    return Goal(
        np.sum([part.expected for part in parts], axis=0),
        np.any([part.covered for part in parts], axis=0),
        sum(part.quota_count for part in parts),
        sum(part.prorated_count for part in parts),
        tuple(span for part in parts for span in part.spans),
    )


def _one_currency(lines: list[pd.DataFrame]) -> None:
    currencies = sorted({code for line in lines for code in line["currency"].dropna()})
    if len(currencies) > 1:
        raise MetricError(
            "goals in several currencies cannot be added",
            given=", ".join(currencies),
            remedy="state every goal in the client's currency",
        )

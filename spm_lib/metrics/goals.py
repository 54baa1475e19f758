"""Which goals count for whom, and how much of each falls into a period.

A goal is spread evenly over the business days of its own period. On each business day of the measured
period one goal per line counts: the one stated for exactly the measured period if there is one, else the
shortest that covers the day (a month before the year it lies in).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.periods import Calendar, Period

#: What a goal may be narrowed to.
DIMENSIONS = ("product_line", "territory", "business")


class Row(NamedTuple):
    """One row of ``schemas.QUOTAS``; what is missing is missing there."""

    rep_id: Any
    period_start: pd.Timestamp
    period_end: pd.Timestamp
    amount: float
    currency: Any
    product_line: Any
    territory: Any
    business: Any
    ramp_rate: float
    proration_rate: float

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it is narrowed to."""
        return tuple(name for name in DIMENSIONS if pd.notna(getattr(self, name)))

    @property
    def days(self) -> tuple[date, date]:
        """First day, and first day after it."""
        return self.period_start.date(), self.period_end.date()

    @property
    def length(self) -> pd.Timedelta:
        """How long it is."""
        return self.period_end - self.period_start

    @property
    def effective(self) -> float:
        """Amount x ramp x proration, client's currency; a missing rate is 1."""
        rates = [rate for rate in (self.ramp_rate, self.proration_rate) if pd.notna(rate)]
        return float(self.amount * np.prod(rates))


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
    # a handful of rows: a table of each would take longer to make than to read
    rows = [Row(*values) for values in quotas.loc[inside, list(Row._fields)].itertuples(index=False)]
    days = days_of(period, calendar)
    lines: dict[str | None, list[Goal]] = {}
    counted = []
    for key, line in _lines(rows, by):
        counted += line
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


def _lines(rows: list[Row], by: str | None) -> list[tuple[str | None, list[Row]]]:
    """Groups with the goals that replace one another; the lines of one group add up."""
    team, reps = [row for row in rows if pd.isna(row.rep_id)], _of_reps(rows)
    if by is None:
        general = _narrowed_to(team, ())
        together = [general] if general else [line for _, line in reps] or _narrow(team)
        return [(None, line) for line in together]
    if by == "rep_id":
        return [*reps]
    if by not in DIMENSIONS:
        return []
    found: list[tuple[str | None, list[Row]]] = []
    for value, part in _grouped(_narrowed_to(rows, (by,)), (by,)):
        team = [row for row in part if pd.isna(row.rep_id)]
        lines = [team] if team else [line for _, line in _grouped(part, ("rep_id",))]
        found += [(value, line) for line in lines]
    return found


def _of_reps(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """Each rep with the lines of general goals; without any, of the narrow ones."""
    found = []
    for rep, part in _grouped([row for row in rows if pd.notna(row.rep_id)], ("rep_id",)):
        general = _narrowed_to(part, ())
        found += [(rep, line) for line in ([general] if general else _narrow(part))]
    return found


def _narrow(rows: list[Row]) -> list[list[Row]]:
    """Goals of the first kind of narrowing there is: goals by product and by territory are never added."""
    kinds = (kind for size in (1, 2, 3) for kind in combinations(DIMENSIONS, size))
    for kind in kinds:
        if part := _narrowed_to(rows, kind):
            return [line for _, line in _grouped(part, kind)]
    return []


def _narrowed_to(rows: list[Row], kind: tuple[str, ...]) -> list[Row]:
    """Goals narrowed in exactly these dimensions."""
    return [row for row in rows if row.dimensions == kind]


def _grouped(rows: list[Row], names: tuple[str, ...]) -> list[tuple[str, list[Row]]]:
    """The rows of each value of some columns, by the first one's, then the next one's."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(str(getattr(row, name)) for name in names), []).append(row)
    return [(key[0], found[key]) for key in sorted(found)]


def _spread(line: list[Row], period: Period, calendar: Calendar, days: npt.NDArray[np.datetime64]) -> Goal:
    """One line's goals laid over the business days of the period, each day once."""
    measured = (period.start, period.end)
    expected, covered = np.zeros(len(days)), np.zeros(len(days), dtype=bool)
    counted = prorated = 0
    spans = []
    for goal in sorted(line, key=lambda goal: (goal.days != measured, goal.length, goal.period_start)):
        own = days if goal.days == measured else days_of(Period(*goal.days), calendar)
        inside = ~covered & np.isin(days, own)
        if not inside.any():
            continue
        expected[inside] = goal.effective / len(own)
        covered |= inside
        spans.append(goal.days)
        counted += 1
        prorated += int(inside.sum() < len(own))
    return Goal(expected, covered, counted, prorated, tuple(spans))


def _together(parts: list[Goal]) -> Goal:
    return Goal(
        np.sum([part.expected for part in parts], axis=0),
        np.any([part.covered for part in parts], axis=0),
        sum(part.quota_count for part in parts),
        sum(part.prorated_count for part in parts),
        tuple(span for part in parts for span in part.spans),
    )


def _one_currency(rows: list[Row]) -> None:
    currencies = sorted({row.currency for row in rows if pd.notna(row.currency)})
    if len(currencies) > 1:
        raise MetricError(
            "goals in several currencies cannot be added",
            given=", ".join(currencies),
            remedy="state every goal in the client's currency",
        )

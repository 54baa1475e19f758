"""Are we on pace, by the way this client's own periods usually fill? A straight line only without a past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from spm_lib.metrics.attainment import booked, keys, named
from spm_lib.metrics.goals import days_of, elapsed, goals
from spm_lib.metrics.groups import OUTCOME_GROUPINGS, cents, check_by
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.pace import BASIS as STRAIGHT_LINE
from spm_lib.metrics.past_periods import covered_periods
from spm_lib.metrics.registry import metric
from spm_lib.periods import Calendar, Period

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Past goal periods below which the straight line holds.
MINIMUM_PERIODS = 4
#: How many past goal periods are looked at.
MOST_PERIODS = 8
#: Share of the outcomes the range is to hold.
CONFIDENCE = 0.80


@dataclass(frozen=True)
class Curve:
    """How a client's goal periods fill.

    Attributes
    ----------
    shares : numpy.ndarray, shape (periods, business days + 1)
        Share of each past period's bookings that was booked when as large a part of its business days was
        over as after 0, 1, 2 ... business days of this one.
    basis : str
        What it rests on.
    """

    shares: Floats
    basis: str

    @property
    def expected(self) -> Floats:
        """Expected share after 0, 1, 2 ... business days, 0-1."""
        return np.asarray(self.shares.mean(axis=0))


def own_curve(outcomes: pd.DataFrame, horizon: Period, calendar: Calendar) -> Curve:
    """The client's own curve from its past goal periods, else a straight line over business days.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    horizon : Period
    calendar : Calendar
    """
    days = len(days_of(horizon, calendar))
    past = covered_periods(outcomes, horizon, MOST_PERIODS)
    filled = [_booked_by_day(outcomes, one, calendar, days) for one in past]
    shares = [by_day / by_day[-1] for by_day in filled if by_day[-1] > 0]
    if len(shares) < MINIMUM_PERIODS:
        return Curve(np.linspace(0, 1, days + 1)[None, :], STRAIGHT_LINE)
    return Curve(np.array(shares), f"own curve of {len(shares)} past periods")


def expected_shares(outcomes: pd.DataFrame, horizon: Period, calendar: Calendar) -> pd.DataFrame:
    """Expected share of the period's bookings by the end of each day, for a figure.

    Returns
    -------
    pandas.DataFrame
        day, share, lowest, highest (of the past periods; missing on a straight line), basis.
    """
    curve = own_curve(outcomes, horizon, calendar)
    every = pd.date_range(horizon.start, horizon.last_day, freq="D", unit="us")
    days = days_of(horizon, calendar)
    gone = np.searchsorted(days, every.to_numpy().astype("datetime64[D]"), side="right")
    own = curve.basis != STRAIGHT_LINE
    return pd.DataFrame(
        {
            "day": every,
            "share": curve.expected[gone],
            "lowest": curve.shares.min(axis=0)[gone] if own else np.nan,
            "highest": curve.shares.max(axis=0)[gone] if own else np.nan,
            "basis": curve.basis,
        }
    )


@metric(
    question="Are we where the goal asks us to be by today, by the way our periods usually fill?",
    formula=f"expected to date = quota × mean share of a period's bookings booked at the same point of up to "
    f"{MOST_PERIODS} past goal periods; below {MINIMUM_PERIODS} of them × the share of business days gone. "
    "Projection = bookings + mean of what past periods still booked after this point, 80 % range by "
    "Student's t for one more period, never below the bookings",
    time_base="the goal period up to the cut-off; the same point is the same share of business days gone",
    credit="as attainment; every group is held against the whole client's curve, and projected from its own "
    "past periods",
    excluded="as attainment; past periods the outcomes on record (for a group's projection: its own) "
    "do not cover from their beginning, and for "
    "the curve those without bookings; outcomes at or after the cut-off",
    empty="no goal: what is measured against it is missing; fewer than four past periods: the straight line "
    "(basis says so) and no projection",
    columns={
        "bookings": "amount won in the goal period before the cut-off, client's currency",
        "quota": "effective goal for the whole period, client's currency",
        "expected_share": "share of a period's bookings expected by the cut-off, 0-1",
        "lowest_share": "the least of the past periods at this point",
        "highest_share": "the most of the past periods at this point",
        "expected_to_date": "quota × expected_share, client's currency",
        "gap": "bookings − expected_to_date; negative is behind",
        "pace_ratio": "bookings / expected_to_date; 1 is on pace",
        "weeks_left": "business days left / working days of a week",
        "needed_per_week": "max(quota − bookings, 0) / weeks_left, client's currency",
        "projection": "bookings of the whole period, if the rest is as past ones",
        "low": "lower end of its 80 % range",
        "high": "upper end of its 80 % range",
        "period_count": "past periods behind the projection",
        "basis": "how the expectation is drawn",
    },
    example="Half of the days are gone. In four past quarters 30, 40, 40 and 50 % were booked by then: 40 % "
    "expected. Goal 100,000, booked 44,000: gap +4,000. They still booked 70,000, 60,000, 60,000 and "
    "50,000: projection 104,000, range ± 1.6377 × 8,165 × √1.25 = 89,050 to 118,950.",
    groupings=OUTCOME_GROUPINGS,
)
def pace_by_own_curve(
    outcomes: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Bookings against the goal laid along the client's own curve.

    Takes, returns and refuses the same as `spm_lib.metrics.pace.pace`.
    """
    check_by("pace_by_own_curve", by, OUTCOME_GROUPINGS)
    before = outcomes[outcomes["outcome_at"] < cutoff]
    goal_of = goals(quotas, horizon, calendar, by)
    days = days_of(horizon, calendar)
    gone = int(elapsed(days, cutoff.tz_convert(horizon.time_zone).date()).sum())
    curve = own_curve(before, horizon, calendar)
    inside = before[horizon.holds(before["outcome_at"])]
    table = booked(inside, by, [*(groups or ()), *named(goal_of)])
    table = table.drop(columns=["won_count", "no_amount_count"])
    found = [goal_of.get(key) for key in keys(table, by)]
    table["quota"] = cents(pd.Series([np.nan if goal is None else goal.expected.sum() for goal in found]))
    own = curve.basis != STRAIGHT_LINE
    table["expected_share"] = curve.expected[gone]
    table["lowest_share"] = curve.shares[:, gone].min() if own else np.nan
    table["highest_share"] = curve.shares[:, gone].max() if own else np.nan
    table["expected_to_date"] = (table["quota"] * table["expected_share"]).round(2)
    table["gap"] = (table["bookings"] - table["expected_to_date"]).round(2)
    table["pace_ratio"] = ratio(table["bookings"], table["expected_to_date"])
    weeks = (len(days) - gone) / max(len(calendar.working_days), 1)
    to_go = (table["quota"] - table["bookings"]).clip(lower=0)
    table["weeks_left"] = weeks
    table["needed_per_week"] = (to_go / weeks if weeks else to_go * np.nan).round(2)
    return _projected(table, before, horizon, calendar, gone / len(days), by).assign(basis=curve.basis)


def project(still_booked: npt.ArrayLike) -> tuple[float, float, float]:
    """Mean of what past periods still booked, and the 80 % range for one more period.

    Parameters
    ----------
    still_booked : array_like of float, shape (periods,)

    Returns
    -------
    mean, low, high : float
        Missing below `MINIMUM_PERIODS`.
    """
    past = np.asarray(still_booked, dtype=float)
    if len(past) < MINIMUM_PERIODS:
        return np.nan, np.nan, np.nan
    mean, n = float(past.mean()), len(past)
    half = float(scipy.special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * past.std(ddof=1) * np.sqrt(1 + 1 / n))
    return mean, mean - half, mean + half


def _projected(
    table: pd.DataFrame,
    before: pd.DataFrame,
    horizon: Period,
    calendar: Calendar,
    point: float,
    by: str | None,
) -> pd.DataFrame:
    """Adds the projection of each group from its own past periods."""
    rows = []
    for key, so_far in zip(keys(table, by), table["bookings"], strict=True):
        mine = before
        if by is not None:
            mine = before[before[by].isna() if key is None else before[by].eq(key)]
        # a rep who joined in the last period has no past, not one in which nothing was booked
        past = covered_periods(mine, horizon, MOST_PERIODS)
        still = [_booked_after(mine, one, calendar, point) for one in past]
        rows.append([*(max(so_far + part, so_far) for part in project(still)), len(past)])
    columns = ["projection", "low", "high", "period_count"]
    drawn = pd.DataFrame(rows, columns=columns, index=table.index).round(2)
    return table.assign(**{name: drawn[name] for name in columns})


def _day_numbers(outcomes: pd.DataFrame, period: Period, calendar: Calendar) -> tuple[Ints, Floats, int]:
    """How many business days each of a period's bookings takes until it counts, its amount, and all days."""
    days = days_of(period, calendar)
    won = outcomes[outcomes["outcome"].eq("won") & period.holds(outcomes["outcome_at"])]
    on = won["outcome_at"].dt.tz_convert(period.time_zone).dt.tz_localize(None)
    number = np.searchsorted(days, on.to_numpy().astype("datetime64[D]"), side="left") + 1
    amount = won["amount"].fillna(0.0).to_numpy(dtype=float)
    return np.minimum(number, len(days)), amount, len(days)


def _booked_by_day(outcomes: pd.DataFrame, period: Period, calendar: Calendar, days: int) -> Floats:
    """Bookings of a past period after as large a part of it as 0, 1, 2 ... of `days` business days."""
    number, amount, own_days = _day_numbers(outcomes, period, calendar)
    by_day = np.concatenate([[0.0], np.bincount(number, amount, minlength=own_days + 1)[1:].cumsum()])
    at = np.floor(np.arange(days + 1) / days * own_days + 0.5).astype("int64")
    return np.asarray(by_day[at])


def _booked_after(outcomes: pd.DataFrame, period: Period, calendar: Calendar, point: float) -> float:
    number, amount, days = _day_numbers(outcomes, period, calendar)
    return float(amount[number > np.floor(point * days + 0.5)].sum())

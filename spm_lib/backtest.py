"""How good were the forecasts? Past weeks replayed with only what was known then, beside what is simpler.

Wherever an export was taken around a cut-off, nothing received later counts. Before a client's first
exports there is only what they told of the past; those rows say so (`known`), since a back-filled history
may know more than anybody did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from spm_lib.errors import MetricError
from spm_lib.metrics.forecast import baselines, crps
from spm_lib.metrics.forecast_accuracy import forecast_accuracy
from spm_lib.metrics.simulation import play
from spm_lib.periods import Period, midnight
from spm_lib.view import Source, View

#: Weeks of a goal period at which it is forecast; −1 is a week before its end. A month has no eighth week.
WEEKS, WEEKS_OF_A_MONTH = (1, 4, 8, -1), (1, 2, 3, -1)
#: An export taken so long before a cut-off, or shortly after it, is what was known then.
RECENT, SHORTLY = pd.Timedelta(days=8), pd.Timedelta(hours=36)

COLUMNS = [
    *("period_start", "week", "caller", "forecast_amount", "low", "high", "crps", "actual_amount"),
    *("state", "known"),
]
MODEL, CURVE = "forecast", "pace by own curve"
BASELINES = {
    "straight_line": "straight line",
    "stage_weighted": "stage-weighted",
    "last_period": "last period",
}

OnProgress = Callable[[int, int], None]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Backtest:
    """Every past forecast, and how good each caller's were.

    Attributes
    ----------
    forecasts : pandas.DataFrame
        `COLUMNS`: one row per goal period, week and caller.
    by_week, by_caller : pandas.DataFrame
        ``forecast_accuracy`` with the weeks apart, and together.
    gain_rate : float
        1 − CRPS of the forecast / CRPS of the best baseline, over the same cut-offs; missing without any.
    best : str
        Which baseline that is.
    """

    forecasts: pd.DataFrame
    by_week: pd.DataFrame
    by_caller: pd.DataFrame
    gain_rate: float
    best: str


def backtest(
    source: Source, until: date, periods: int = 8, on_progress: OnProgress | None = None
) -> Backtest:
    """Replay the last goal periods that are over.

    Parameters
    ----------
    source : Source
        The client as known today.
    until : datetime.date
        First day not yet known: periods that end later are left out.
    periods : int, optional
        How many at most.
    on_progress : callable, optional
        Called with the cut-offs done and in all.

    Raises
    ------
    MetricError
        No goal period on record is over.
    """
    forecasts = past_forecasts(source, until, periods, on_progress)
    if forecasts.empty:
        raise MetricError(
            "no goal period on record is over, so no forecast can be checked",
            where=source.client.slug,
            remedy="come back when a whole goal period has been recorded",
        )
    kept = _comparable(forecasts)
    scores = kept.groupby("caller")["crps"].mean()
    simple = scores.reindex(list(BASELINES.values())).dropna()
    best = str(simple.idxmin()) if len(simple) else ""
    gain = 1 - scores.get(MODEL, np.nan) / simple.min() if len(simple) else np.nan
    return Backtest(
        forecasts, forecast_accuracy(kept), forecast_accuracy(kept, by="caller"), float(gain), best
    )


def past_forecasts(
    source: Source, until: date, periods: int = 8, on_progress: OnProgress | None = None
) -> pd.DataFrame:
    """What each caller said of the last goal periods at each week, with what became of them (`COLUMNS`).

    Takes the same as `backtest`; no row where no goal period on record is over.
    """
    cuts = list(_cuts(source, until, periods))
    rows: list[dict[str, object]] = []
    for number, (horizon, week, day) in enumerate(cuts):
        if on_progress is not None:
            on_progress(number, len(cuts))
        rows += _called(source, horizon, week, day)
    return pd.DataFrame(rows, columns=COLUMNS)


def verdict(found: Backtest) -> str:
    """What a backtest says, in two sentences."""
    made = _comparable(found.forecasts)
    made = made[made["caller"] == MODEL]
    if made.empty:
        return "The forecast was withheld at every cut-off: too few decided, or too short a record."
    hits = int(((made["low"] <= made["actual_amount"]) & (made["actual_amount"] <= made["high"])).sum())
    then = int((made["known"] == "as received then").sum())
    said = (
        f"The 80 % range held {hits} of {len(made)} actuals ({hits / len(made):.0%}); {then} of these "
        "forecasts knew only what had been received then, the others go by the time of the events."
    )
    if np.isnan(found.gain_rate):
        return f"{said} No simpler forecast could be made to compare with."
    better = "better" if found.gain_rate >= 0 else "worse"
    return (
        f"{said} By CRPS it is {abs(found.gain_rate):.0%} {better} than the best simpler one, {found.best}."
    )


def _cuts(source: Source, until: date, periods: int) -> Iterator[tuple[Period, int, date]]:
    """Goal period, week and first day not known, oldest first."""
    client = source.client
    began = source.snapshot(midnight(until, client.time_zone)).outcomes["outcome_at"].min()
    horizon = client.goal_period_of(until - timedelta(days=1))
    if horizon.end > until:
        horizon = client.goal_period_of(horizon.start - timedelta(days=1))
    found: list[Period] = []
    while len(found) < periods and pd.notna(began) and horizon.end_at > began:
        found.append(horizon)
        horizon = client.goal_period_of(horizon.start - timedelta(days=1))
    for one in reversed(found):
        for week in WEEKS if one.day_count > 31 else WEEKS_OF_A_MONTH:
            yield one, week, one.end - timedelta(weeks=1) if week < 0 else one.start + timedelta(weeks=week)


def _called(source: Source, horizon: Period, week: int, day: date) -> Iterator[dict[str, object]]:
    """What every caller says of a period at a cut-off, with what became of it."""
    view, known = _as_known(source, horizon, day)
    actual = _booked(source.snapshot(horizon.end_at).outcomes, horizon)
    facts = {
        "period_start": pd.Timestamp(horizon.start),
        "week": week,
        "actual_amount": actual,
        "known": "as received then" if known else "by event time",
    }
    model = view.measure("forecast").iloc[0]
    draws = _forecast_draws(view, model) if model["state"] == "measured" else np.array([])
    yield facts | _row(
        MODEL, model["median"], model["low"], model["high"], draws, actual, str(model["state"])
    )
    curve = view.measure("pace_by_own_curve").iloc[0]
    draws = _projection_draws(curve)
    state = "measured" if len(draws) else "too few periods"
    yield facts | _row(CURVE, curve["projection"], curve["low"], curve["high"], draws, actual, state)
    simple = baselines(view.outcomes, model["stage_weighted_amount"], horizon, view.cutoff, view.calendar)
    for name, caller in BASELINES.items():
        amount = float(getattr(simple, name))
        state = "measured" if amount == amount else "not known"
        point = np.array([amount]) if amount == amount else np.array([])
        yield facts | _row(caller, amount, np.nan, np.nan, point, actual, state)


def forecast_made(source: Source, horizon: Period, day: date, outcomes: pd.DataFrame) -> dict[str, Any]:
    """The forecast of a finished goal period as it could be made on a day, beside what the period came to.

    Parameters
    ----------
    source : Source
    horizon : Period
        The goal period.
    day : datetime.date
        The first day not known then.
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES`` as known now.

    Returns
    -------
    dict
        state of the forecast, forecast_amount, low, high, actual_amount; known: "as received then", or "by
        event time" where no export was taken around that day.
    """
    view, known = _as_known(source, horizon, day)
    row = view.measure("forecast").iloc[0]
    return {
        "state": row["state"],
        "forecast_amount": row["median"],
        "low": row["low"],
        "high": row["high"],
        "actual_amount": _booked(outcomes, horizon),
        "known": "as received then" if known else "by event time",
    }


def _as_known(source: Source, horizon: Period, day: date) -> tuple[View, bool]:
    """A goal period as seen on a day, with only what had been received where an export was taken then."""
    cutoff = midnight(day, source.client.time_zone)
    taken = [entry.as_of for entry in source.timeline.entries]
    known = any(cutoff - RECENT <= at <= cutoff + SHORTLY for at in taken)
    then = source.known(cutoff + SHORTLY) if known else source
    span = Period(horizon.start, day, horizon.label, horizon.time_zone)
    return View(then, span, cutoff_day=day), known


def _booked(outcomes: pd.DataFrame, horizon: Period) -> float:
    won = outcomes["outcome"].eq("won") & horizon.holds(outcomes["outcome_at"])
    return float(outcomes["amount"][won].sum())


def _forecast_draws(view: View, model: pd.Series) -> Floats:
    """The draws behind the range of a forecast: the same seed gives the same ones."""
    rest = play(
        view.opportunities,
        view.outcomes,
        view.changes,
        view.stages,
        view.horizon.end_at,
        view.cutoff,
        [None],
    )
    return np.asarray(model["bookings"] + rest.from_open[0] + rest.from_new[0], dtype=float)


def _projection_draws(curve: pd.Series) -> Floats:
    """The distribution the range of a projection is of: Student's, cut at what is booked already."""
    if pd.isna(curve["projection"]):
        return np.array([])
    freedom = curve["period_count"] - 1
    spread = (curve["high"] - curve["projection"]) / stats.t.ppf(0.9, freedom)
    points = stats.t.ppf((np.arange(2000) + 0.5) / 2000, freedom)
    return np.asarray(np.maximum(curve["bookings"], curve["projection"] + spread * points), dtype=float)


def _row(
    caller: str, amount: float, low: float, high: float, draws: Floats, actual: float, state: str
) -> dict[str, object]:
    score = crps(draws, actual) if len(draws) else np.nan
    told = len(draws) > 0
    return {
        "caller": caller,
        "forecast_amount": amount if told else np.nan,
        "low": low if told else np.nan,
        "high": high if told else np.nan,
        "crps": score,
        "state": state,
    }


def _comparable(forecasts: pd.DataFrame) -> pd.DataFrame:
    """The cut-offs at which the forecast was made: a caller is compared where it says something."""
    made = forecasts[forecasts["caller"].eq(MODEL) & forecasts["crps"].notna()]
    keys = pd.MultiIndex.from_frame(made[["period_start", "week"]])
    rows = pd.MultiIndex.from_frame(forecasts[["period_start", "week"]])
    return forecasts[rows.isin(keys)]

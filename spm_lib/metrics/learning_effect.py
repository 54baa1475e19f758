"""Did what was taught change the work? Each topic's weekly measure, before it was taught and after."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.process_limits import (
    MINIMUM_N,
    MINIMUM_WEEKS,
    RUN_WEEKS,
    Floats,
    mean_moving_range,
    on_scale,
)
from spm_lib.metrics.registry import metric

#: Weeks after the teaching below which nothing is told.
MINIMUM_AFTER = 2
_KINDS = {
    "topic": "str",
    "measure": "str",
    "taught_on": "datetime64[us]",
    "weeks_before": "int64",
    "weeks_after": "int64",
    "level_before": "float64",
    "level_after": "float64",
    "outside_count": "float64",
    "state": "str",
}


@metric(
    question="Did what was taught change the work?",
    formula="the limits of process_limits, learnt from the weeks before, held against each week after. "
    "Counts and money per full week of business days. The latest sign decides: a week outside the limits, "
    "or eight weeks in a row on one side of the centre; more is better for every weekly measure",
    time_base="weeks that ended by the day it was taught, and weeks that began on it or later",
    credit="the whole team",
    excluded="the week in the middle of which it was taught; weeks without data or without business days; "
    "weeks whose rate was counted from fewer than 10",
    empty="nothing taught: no row; the levels are missing without a week, outside_count without limits",
    columns={
        "topic": "what was taught",
        "measure": "the weekly measure it is to move",
        "taught_on": "when",
        "weeks_before": "weeks before with data",
        "weeks_after": "weeks after with data",
        "level_before": "mean per full week before, in the measure's unit",
        "level_after": "mean per full week after",
        "outside_count": "weeks after outside the limits, on either side",
        "state": "moved, moved the other way, not yet (no sign), too few to say (under 13 weeks before or 2 "
        "after, or no variation before), no such measure",
    },
    example="13 weeks of 9 and 11 conversations in turn, taught, then 40 and 42: before 9.9, after 41, 2 "
    "outside: moved.",
)
def learning_effect(weekly: pd.DataFrame, taught: pd.DataFrame | None = None) -> pd.DataFrame:
    """What each taught topic's measure did afterwards.

    Parameters
    ----------
    weekly : pandas.DataFrame
        ``weekly_measures``: measure, starts_on, value, n, business_days.
    taught : pandas.DataFrame, optional
        topic, taught_on, by, measure (the id of a weekly measure); nothing when missing.

    Returns
    -------
    pandas.DataFrame
        One row per topic and measure, in the order of `taught`.
    """
    rows = []
    for topic in [] if taught is None else taught.to_dict("records"):
        day = pd.Timestamp(topic["taught_on"])
        weeks = weekly[weekly["measure"] == topic["measure"]].sort_values("starts_on", kind="stable")
        told = {"topic": topic["topic"], "measure": topic["measure"], "taught_on": day}
        rows.append({**told, **_compared(str(topic["measure"]), weeks, day)})
    return pd.DataFrame(rows, columns=list(_KINDS)).astype(_KINDS)


def _compared(measure: str, weeks: pd.DataFrame, day: pd.Timestamp) -> dict[str, object]:
    """One measure before and after a day; weeks come in order."""
    value, n, days = (weeks[name].to_numpy(dtype=float) for name in ("value", "n", "business_days"))
    is_rate = measure.endswith("_rate")
    share = np.where(days > 0, days / max(days.max(initial=1.0), 1.0), np.nan)
    tested = np.where(n < MINIMUM_N, np.nan, value) if is_rate else value / share
    size = n if is_rate else share
    is_before = (weeks["starts_on"] + pd.Timedelta(days=7) <= day).to_numpy()
    is_after = (weeks["starts_on"] >= day).to_numpy()
    before, after = tested[is_before], tested[is_after]
    found = {
        "weeks_before": int(np.isfinite(before).sum()),
        "weeks_after": int(np.isfinite(after).sum()),
        "level_before": _mean(before),
        "level_after": _mean(after),
        "outside_count": np.nan,
    }
    if not len(weeks):
        return {**found, "state": "no such measure"}
    is_few = found["weeks_before"] < MINIMUM_WEEKS or found["weeks_after"] < MINIMUM_AFTER
    if is_few or not mean_moving_range(before) > 0:
        return {**found, "state": "too few to say"}
    limits = [
        on_scale(measure, before, size[is_before], one) if np.isfinite(at) else (np.nan,) * 3
        for at, one in zip(after, size[is_after], strict=True)
    ]
    centre, lower, upper = np.array(limits).T
    outside = (after > upper).astype(int) - (after < lower).astype(int)
    return {**found, "outside_count": float(np.abs(outside).sum()), "state": _state(after, centre, outside)}


def _state(after: Floats, centre: Floats, outside: np.typing.NDArray[np.int_]) -> str:
    """What the latest sign says."""
    state = "not yet"
    for n in range(len(after)):
        last = slice(max(n + 1 - RUN_WEEKS, 0), n + 1)
        is_run = n + 1 >= RUN_WEEKS
        if outside[n] > 0 or (outside[n] == 0 and is_run and (after[last] > centre[last]).all()):
            state = "moved"
        elif outside[n] < 0 or (is_run and (after[last] < centre[last]).all()):
            state = "moved the other way"
    return state


def _mean(values: Floats) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan

"""The goal periods before one, and what was booked in each."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from spm_lib.periods import Period, add_months


def preceding(period: Period) -> Period:
    """The period before one: as many whole months when it is made of whole months, else as many days."""
    start, end = period.start, period.end
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == end.day == 1 and months > 0:
        begins = add_months(start, -months)
    else:
        begins = start - timedelta(days=max(period.day_count, 1))
    return Period(begins, start, f"from {begins}", period.time_zone)


def covered_periods(outcomes: pd.DataFrame, horizon: Period, most: int) -> list[Period]:
    """The latest goal periods before one that the outcomes on record cover from their beginning.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``.
    horizon : Period
    most : int
        How many at most.

    Returns
    -------
    list of Period
        Newest first.
    """
    began = outcomes["outcome_at"].min()
    found: list[Period] = []
    one = preceding(horizon)
    while pd.notna(began) and len(found) < most and one.start_at >= began:
        found.append(one)
        one = preceding(one)
    return found

"""What did each of the last weeks bring? One number per measure and week, to tell news from noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib.metrics.attainment import booked
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.pipeline import is_present
from spm_lib.metrics.registry import metric
from spm_lib.metrics.unique import (
    contact_recorded,
    is_conversation,
    is_done,
    is_held,
    is_received,
    outcomes_recorded,
    unique_activities,
)
from spm_lib.periods import WEEKDAYS, Calendar, Period, weeks_of

#: Activities whose logging is looked at: what one does with somebody else.
LOGGED_KINDS = ("call", "email", "meeting")
#: An activity logged later than this is logged late.
LOG_HOURS = 24


@metric(
    question="What did each of the last weeks bring?",
    formula="new_opportunities: created in the week. decided: won + lost. won. bookings: amount won. "
    "conversations: activities that reached a human and went both ways (as activity_ladder). "
    "meetings_held: by their recorded outcome. logged_within_24h_rate: calls, e-mails and meetings written "
    "down within 24 hours of their start / those that say when they were written down",
    time_base="the whole weeks of the period, counted from its first day: creation, outcome or activity in "
    "the week, in the client's time zone",
    credit="the whole team",
    excluded="disqualified; opportunities without a creation date; merged, deleted and absent ones; won ones "
    "without an amount from bookings; planned, cancelled and rescheduled activities; activities that do not "
    "say when they were logged from the rate",
    empty="nothing in a week the exports reach is 0; a week they do not reach, or before the first thing on "
    "record, is missing, and so is what no source records; nothing logged: the rate is missing",
    columns={
        "measure": "which measure",
        "week": "ISO label of the week",
        "starts_on": "its first day",
        "value": "opportunities, client's currency, activities, or a rate 0-1, as the measure's name tells",
        "n": "how many it was counted from: the rows behind a count, the won ones of bookings, the "
        "denominator of a rate; missing where the value is",
        "business_days": "days of the week the client works",
    },
    example="Four calls in a week, logged 1, 2, 30 hours after and at an unknown time: "
    "logged_within_24h_rate 2 / 3 = 67 %, n 3.",
)
def weekly_measures(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    unique: pd.DataFrame | None = None,
    measures: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One row per measure and week.

    Parameters
    ----------
    opportunities, outcomes, activities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``ACTIVITIES``.
    period : Period
        Whose weeks; it begins where a week of the client begins.
    calendar : Calendar
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds : int
        A call this long reached a human.
    unique : pandas.DataFrame, optional
        ``unique_activities`` of the activities, where the caller has them; made when missing.
    measures : sequence of str, optional
        Which of `MEASURES` are asked for; all when missing.

    Returns
    -------
    pandas.DataFrame
        In the order of `MEASURES`, then of weeks.
    """
    asked = MEASURES if measures is None else [one for one in MEASURES if one in measures]
    tables = {
        "opportunities": opportunities[is_present(opportunities)],
        "outcomes": outcomes,
        "activities": unique_activities(activities) if unique is None else unique,
    }
    weeks = list(weeks_of(period, starts_on=WEEKDAYS[period.start.weekday()]))
    worked = [calendar.business_days(week.start, week.end) for week in weeks]
    rows = []
    for name in asked:
        how = _HOW[name]
        facts, export = tables[how.source], "activities" if how.source == "activities" else "opportunities"
        moments, is_recorded = facts[_MOMENT[how.source]], how.is_recorded(facts)
        first, counted = moments.min(), how.counted(facts, conversation_seconds)
        parts = _by_week(facts.loc[counted, list(how.columns)], moments[counted], weeks)
        for week, days, part in zip(weeks, worked, parts, strict=True):
            known = is_recorded and _is_begun(first, week, calendar)
            known = known and is_received(received_until, export, week, calendar)
            value, n = how.measured(part) if known else (np.nan, np.nan)
            rows.append((name, week.label, pd.Timestamp(week.start), value, n, days))
    columns = ["measure", "week", "starts_on", "value", "n", "business_days"]
    table = pd.DataFrame(rows, columns=columns)
    kinds = {
        "measure": "str",
        "week": "str",
        "starts_on": "datetime64[us]",
        "value": "float64",
        "n": "float64",
        "business_days": "int64",
    }
    return table.astype(kinds)


def _by_week(facts: pd.DataFrame, moments: pd.Series, weeks: list[Period]) -> Iterator[pd.DataFrame]:
    """The rows of each week, in their order: all weeks in one pass over the moments."""
    if not weeks:
        return
    bounds = pd.DatetimeIndex([week.start_at for week in weeks] + [weeks[-1].end_at]).tz_convert("UTC")
    edges = bounds.tz_localize(None).to_numpy(dtype="datetime64[us]")
    at = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    inside = np.flatnonzero((at >= edges[0]) & (at < edges[-1]))
    number = np.searchsorted(edges, at[inside], side="right") - 1
    inside = inside[np.argsort(number, kind="stable")]
    over = np.cumsum(np.bincount(number, minlength=len(weeks)))
    for begin, end in zip([0, *over[:-1]], over, strict=True):
        yield facts.iloc[inside[begin:end]]


def _is_begun(first: pd.Timestamp, week: Period, calendar: Calendar) -> bool:
    """Whether the record, from its first moment, begins before the week or on its first day worked."""
    if pd.isna(first) or first >= week.end_at:
        return False
    day = first.tz_convert(week.time_zone).date()
    return calendar.business_days(week.start, day) == 0


def _always(_facts: pd.DataFrame) -> bool:
    return True


def _log_recorded(unique: pd.DataFrame) -> bool:
    return bool(unique["logged_at"].notna().any())


def _every(facts: pd.DataFrame, _seconds: int) -> pd.Series:
    return pd.Series(True, index=facts.index)


def _with_outcome(*outcomes: str) -> Callable[[pd.DataFrame, int], pd.Series]:
    return lambda facts, _seconds: facts["outcome"].isin(outcomes)


def _held(unique: pd.DataFrame, _seconds: int) -> pd.Series:
    return is_held(unique)


def _logged(unique: pd.DataFrame, _seconds: int) -> pd.Series:
    return unique["kind"].isin(LOGGED_KINDS) & is_done(unique) & unique["logged_at"].notna()


def _count(week: pd.DataFrame) -> tuple[float, float]:
    return float(len(week)), float(len(week))


def _shares(week: pd.DataFrame) -> tuple[float, float]:
    """Opportunities; the shares of a split add up to one."""
    count = round(float(week["share_rate"].sum()), 9)
    return count, count


def _bookings(week: pd.DataFrame) -> tuple[float, float]:
    row = booked(week, None, None).iloc[0]
    amount = float(row["bookings"])
    return amount, np.nan if np.isnan(amount) else float(row["won_count"])


def _in_time(week: pd.DataFrame) -> tuple[float, float]:
    in_time = week["logged_at"] - week["at"] <= pd.Timedelta(hours=LOG_HOURS)
    return float(ratio(float(in_time.sum()), len(week))), float(len(week)) or np.nan


@dataclass(frozen=True)
class _How:
    """How a measure is counted.

    Attributes
    ----------
    source : str
        The table.
    is_recorded : callable
        Whether the sources record it at all.
    counted : callable
        Which of its rows count.
    measured : callable
        Value and n of a week's counted rows.
    columns : tuple of str
        What it takes of them.
    """

    source: str
    is_recorded: Callable[[pd.DataFrame], bool]
    counted: Callable[[pd.DataFrame, int], pd.Series]
    measured: Callable[[pd.DataFrame], tuple[float, float]]
    columns: tuple[str, ...] = ()


#: When a row of each table counts.
_MOMENT = {"opportunities": "created_at", "outcomes": "outcome_at", "activities": "at"}
_PRICED = ("outcome", "amount", "share_rate")
_HOW = {
    "new_opportunities": _How("opportunities", _always, _every, _count),
    "decided": _How("outcomes", _always, _with_outcome("won", "lost"), _shares, ("share_rate",)),
    "won": _How("outcomes", _always, _with_outcome("won"), _shares, ("share_rate",)),
    "bookings": _How("outcomes", _always, _with_outcome("won"), _bookings, _PRICED),
    "conversations": _How("activities", contact_recorded, is_conversation, _count),
    "meetings_held": _How("activities", outcomes_recorded, _held, _count),
    "logged_within_24h_rate": _How("activities", _log_recorded, _logged, _in_time, ("at", "logged_at")),
}
#: The measures, in the order of a page.
MEASURES = tuple(_HOW)

"""What did each of the last weeks bring? One number per measure and week, to tell news from noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics.groups import cents
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.pipeline import is_present
from spm_lib.metrics.registry import Reads, metric
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

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

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
    reads={"activities": Reads(days=0, columns=("at",)), "unique": Reads(days=0)},
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
    weeks = list(weeks_of(period, starts_on=WEEKDAYS[period.start.weekday()]))
    tables = {
        "opportunities": lambda: opportunities[is_present(opportunities)],
        "outcomes": lambda: outcomes,
        "activities": lambda: unique_activities(activities) if unique is None else unique,
    }
    values, counts = (np.full((len(asked), len(weeks)), np.nan) for _ in range(2))
    for source in dict.fromkeys(_HOW[name].source for name in asked):
        facts = tables[source]()
        moments = facts[_MOMENT[source]]
        known = _known(moments.min(), source, weeks, calendar, received_until)
        inside, bounds = _by_week(moments, weeks)
        told = facts.iloc[inside]
        for row, name in enumerate(asked):
            how = _HOW[name]
            if how.source != source or not known.any() or not how.is_recorded(facts):
                continue
            counted = how.counted(told, conversation_seconds)
            rows = told[list(how.columns)][counted]
            over = np.append(0, np.cumsum(counted.to_numpy(dtype=bool)))[bounds]
            values[row], counts[row] = how.measured(rows, over)
            values[row, ~known] = counts[row, ~known] = np.nan
    starts = [pd.Timestamp(week.start) for week in weeks]
    worked = [calendar.business_days(week.start, week.end) for week in weeks]
    return pd.DataFrame(
        {
            "measure": pd.Series(np.repeat(asked, len(weeks)), dtype="str"),
            "week": pd.Series([week.label for week in weeks] * len(asked), dtype="str"),
            "starts_on": pd.Series(starts * len(asked), dtype="datetime64[us]"),
            "value": values.ravel(),
            "n": counts.ravel(),
            "business_days": pd.Series(worked * len(asked), dtype="int64"),
        }
    )


def _by_week(moments: pd.Series, weeks: list[Period]) -> tuple[Counts, Counts]:
    """The rows within the weeks, by week and then in their order, and where each week begins and ends."""
    if not weeks:
        return np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
    bounds = pd.DatetimeIndex([week.start_at for week in weeks] + [weeks[-1].end_at]).tz_convert("UTC")
    edges = bounds.tz_localize(None).to_numpy(dtype="datetime64[us]")
    at = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    inside = np.flatnonzero((at >= edges[0]) & (at < edges[-1]))
    number = np.searchsorted(edges, at[inside], side="right") - 1
    if (np.diff(number) < 0).any():
        order = np.argsort(number, kind="stable")
        inside, number = inside[order], number[order]
    return inside, np.searchsorted(number, np.arange(len(weeks) + 1))


def _known(
    first: pd.Timestamp,
    source: str,
    weeks: list[Period],
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
) -> Flags:
    """Which weeks the record holds whole, from its first moment to the latest export."""
    export = "activities" if source == "activities" else "opportunities"
    told = [
        _is_begun(first, week, calendar) and is_received(received_until, export, week, calendar)
        for week in weeks
    ]
    return np.array(told, dtype=bool)


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


def _count(_rows: pd.DataFrame, bounds: Counts) -> tuple[Numbers, Numbers]:
    count = np.diff(bounds).astype(float)
    return count, count


def _shares(rows: pd.DataFrame, bounds: Counts) -> tuple[Numbers, Numbers]:
    """Opportunities; the shares of a split add up to one."""
    count = np.round(_sums(rows["share_rate"], bounds), 9)
    return count, count


def _bookings(rows: pd.DataFrame, bounds: Counts) -> tuple[Numbers, Numbers]:
    """What each week booked, rounded on its own, and from how many wins: as `booked` says of a week alone."""
    amount = np.concatenate([cents(pd.Series([one])) for one in _sums(rows["amount"], bounds)])
    priced = np.append(0, np.cumsum(rows["amount"].notna()))[bounds]
    unknown = (np.diff(priced) == 0) & (np.diff(bounds) > 0)
    won, _ = _shares(rows, bounds)
    return np.where(unknown, np.nan, amount), np.where(unknown, np.nan, won)


def _in_time(rows: pd.DataFrame, bounds: Counts) -> tuple[Numbers, Numbers]:
    in_time = rows["logged_at"] - rows["at"] <= pd.Timedelta(hours=LOG_HOURS)
    count = np.diff(bounds).astype(float)
    kept = np.diff(np.append(0, np.cumsum(in_time.to_numpy(dtype=bool)))[bounds])
    return np.asarray(ratio(kept.astype(float), count), dtype=float), np.where(count > 0, count, np.nan)


def _sums(values: pd.Series, bounds: Counts) -> Numbers:
    """The sum of each week's values."""
    plain = values.to_numpy(dtype=float)
    return np.array([np.nansum(plain[begin:end]) for begin, end in pairwise(bounds)], dtype=float)


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
        Value and n of each week, from the counted rows in order of weeks and where each week begins and
        ends.
    columns : tuple of str
        What it takes of them.
    """

    source: str
    is_recorded: Callable[[pd.DataFrame], bool]
    counted: Callable[[pd.DataFrame, int], pd.Series]
    measured: Callable[[pd.DataFrame, Counts], tuple[Numbers, Numbers]]
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

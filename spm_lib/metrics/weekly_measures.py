"""What did each of the last weeks bring? One number per measure and week, to tell news from noise."""

from __future__ import annotations

from collections.abc import Callable, Collection

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
    measures: Collection[str] | None = None,
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
    measures : collection of str, optional
        Only these are counted, out of `MEASURES`; all of them when missing.

    Returns
    -------
    pandas.DataFrame
        In the order of `MEASURES`, then of weeks.
    """
    tables = {
        "opportunities": opportunities[is_present(opportunities)],
        "outcomes": outcomes,
        "activities": unique_activities(activities),
    }
    weeks = list(weeks_of(period, starts_on=WEEKDAYS[period.start.weekday()]))
    rows = []
    for name, (source, recorded, measured) in _HOW.items():
        if measures is not None and name not in measures:
            continue
        facts, export = tables[source], "activities" if source == "activities" else "opportunities"
        moments, is_recorded = facts[_MOMENT[source]], recorded(facts)
        for week in weeks:
            known = is_recorded and _is_begun(moments, week, calendar)
            known = known and is_received(received_until, export, week, calendar)
            value, n = np.nan, np.nan
            if known:
                value, n = measured(facts[week.holds(moments)], conversation_seconds)
            worked = calendar.business_days(week.start, week.end)
            rows.append((name, week.label, pd.Timestamp(week.start), value, n, worked))
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


def _is_begun(moments: pd.Series, week: Period, calendar: Calendar) -> bool:
    """Whether the record begins before the week, or on the first day worked in it."""
    first = moments.min()
    if pd.isna(first) or first >= week.end_at:
        return False
    day = first.tz_convert(week.time_zone).date()
    return calendar.business_days(week.start, day) == 0


def _always(_facts: pd.DataFrame) -> bool:
    return True


def _log_recorded(unique: pd.DataFrame) -> bool:
    return bool(unique["logged_at"].notna().any())


def _created(week: pd.DataFrame, _seconds: int) -> tuple[float, float]:
    return float(len(week)), float(len(week))


def _decided(week: pd.DataFrame, _seconds: int) -> tuple[float, float]:
    return _shares(week, "won", "lost")


def _won(week: pd.DataFrame, _seconds: int) -> tuple[float, float]:
    return _shares(week, "won")


def _shares(week: pd.DataFrame, *outcomes: str) -> tuple[float, float]:
    """Opportunities with one of these outcomes; the shares of a split add up to one."""
    count = round(float(week["share_rate"][week["outcome"].isin(outcomes)].sum()), 9)
    return count, count


def _bookings(week: pd.DataFrame, _seconds: int) -> tuple[float, float]:
    row = booked(week, None, None).iloc[0]
    amount = float(row["bookings"])
    return amount, np.nan if np.isnan(amount) else float(row["won_count"])


def _conversations(week: pd.DataFrame, seconds: int) -> tuple[float, float]:
    count = float(is_conversation(week, seconds).sum())
    return count, count


def _held(week: pd.DataFrame, _seconds: int) -> tuple[float, float]:
    count = float(is_held(week).sum())
    return count, count


def _logged_in_time(week: pd.DataFrame, _seconds: int) -> tuple[float, float]:
    rows = week[week["kind"].isin(LOGGED_KINDS) & is_done(week) & week["logged_at"].notna()]
    in_time = rows["logged_at"] - rows["at"] <= pd.Timedelta(hours=LOG_HOURS)
    return float(ratio(float(in_time.sum()), len(rows))), float(len(rows)) or np.nan


#: When a row of each table counts.
_MOMENT = {"opportunities": "created_at", "outcomes": "outcome_at", "activities": "at"}
#: Measure -> the table it is counted from, whether the sources record it, and how a week's rows are counted.
_HOW: dict[
    str,
    tuple[str, Callable[[pd.DataFrame], bool], Callable[[pd.DataFrame, int], tuple[float, float]]],
] = {
    "new_opportunities": ("opportunities", _always, _created),
    "decided": ("outcomes", _always, _decided),
    "won": ("outcomes", _always, _won),
    "bookings": ("outcomes", _always, _bookings),
    "conversations": ("activities", contact_recorded, _conversations),
    "meetings_held": ("activities", outcomes_recorded, _held),
    "logged_within_24h_rate": ("activities", _log_recorded, _logged_in_time),
}
#: The measures, in the order of a page.
MEASURES = tuple(_HOW)

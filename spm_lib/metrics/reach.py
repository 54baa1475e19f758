"""Is somebody reached? Calls that reach a human, meetings that are held."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import ACTIVITY_GROUPINGS, check_by, sums, whole
from spm_lib.metrics.registry import metric
from spm_lib.metrics.touches import rated
from spm_lib.metrics.unique import (
    NOBODY,
    contact_recorded,
    is_done,
    is_held,
    is_received,
    outcomes_recorded,
    reached_human,
    unique_activities,
)
from spm_lib.periods import Calendar, Period

_SAID = ("connected", "wrong_number", *NOBODY)


@metric(
    question="How many calls reach somebody?",
    formula="calls that reached a human (at least conversation_seconds long, or connected) / calls made of "
    "which length or outcome is known",
    time_base="when the call took place, in the period",
    credit="the rep who called",
    excluded="inbound calls; planned, cancelled and rescheduled ones; those of unknown length and outcome, "
    "counted in unknown_count and not guessed; a call logged several times counts once",
    empty="no call with a known length or outcome: the rate is missing; a period the activity exports do not "
    "reach is missing, never 0",
    columns={
        "dial_count": "calls made, each once",
        "known_count": "those of them whose length or outcome is known",
        "connected_count": "those of them that reached a human",
        "unknown_count": "dial_count − known_count",
        "connect_rate": "connected_count / known_count, 0-1",
        "low": "lower end of its 90 % Wilson interval, 0-1",
        "high": "upper end of it, 0-1",
    },
    example="5 calls made: 240 s, 20 s, no answer, connected, and one of which nothing is known: dials 5, "
    "known 4, connected 2, 50 % (18 to 82 %).",
    groupings=ACTIVITY_GROUPINGS,
)
def connect_rate(
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Share of calls that reach a human.

    Parameters
    ----------
    activities : pandas.DataFrame
        ``schemas.ACTIVITIES``.
    period : Period
    calendar : Calendar
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds : int
    by : str, optional
        rep_id or account_id.
    groups : list of str, optional
        Groups that get a row even without calls.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("connect_rate", by, ACTIVITY_GROUPINGS)
    calls = unique_activities(activities)
    calls = calls[calls["kind"].eq("call") & calls["direction"].ne("inbound") & is_done(calls)]
    calls = calls[period.holds(calls["at"])]
    known = calls["duration_seconds"].notna() | calls["outcome"].isin(_SAID)
    rows = calls.assign(
        dial_count=1.0,
        known_count=known.astype(float),
        connected_count=(known & reached_human(calls, conversation_seconds)).astype(float),
        unknown_count=(~known).astype(float),
    )
    counts = ["dial_count", "known_count", "connected_count", "unknown_count"]
    is_told = is_received(received_until, "activities", period, calendar)
    table = _counted(rows, counts, by, groups, is_told=is_told)
    if not contact_recorded(activities):
        table["connected_count"] = np.nan
    return rated(table, "connect_rate", "connected_count", "known_count")


@metric(
    question="How many booked meetings are held?",
    formula="held / (held + no-show), and held / (held + no-show + cancelled) beside it",
    time_base="the time the meeting was booked for, in the period",
    credit="the rep who booked it",
    excluded="of a rescheduled meeting all but the last date; meetings nobody said what became of, counted "
    "in unknown_count: an invitation proves nothing",
    empty="no meeting held or missed: the rate is missing; sources that record no outcome, or a period the "
    "activity exports do not reach: missing, never 0",
    columns={
        "booked_count": "meetings booked for the period, each once",
        "held_count": "those held",
        "no_show_count": "those the other side did not come to",
        "cancelled_count": "those called off",
        "unknown_count": "those nobody said what became of",
        "show_rate": "held_count / (held_count + no_show_count), 0-1",
        "low": "lower end of its 90 % Wilson interval, 0-1",
        "high": "upper end of it, 0-1",
        "hold_rate": "held_count / (held_count + no_show_count + cancelled_count), 0-1",
        "hold_low": "lower end of its 90 % Wilson interval, 0-1",
        "hold_high": "upper end of it, 0-1",
    },
    example="3 held, 1 no-show, 1 cancelled, 1 unknown: show rate 3 / 4 = 75 % (36 to 94 %), hold rate "
    "3 / 5 = 60 %.",
    groupings=ACTIVITY_GROUPINGS,
)
def show_rate(
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Share of booked meetings that are held.

    Parameters
    ----------
    activities : pandas.DataFrame
        ``schemas.ACTIVITIES``.
    period : Period
    calendar : Calendar
    received_until : dict
        Table -> latest export that brought it.
    by : str, optional
        rep_id or account_id.
    groups : list of str, optional
        Groups that get a row even without meetings.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("show_rate", by, ACTIVITY_GROUPINGS)
    every = unique_activities(activities)
    booked = every[every["kind"].eq("meeting") & every["outcome"].ne("rescheduled")]
    booked = booked[period.holds(booked["at"])]
    cancelled = booked["status"].eq("cancelled") | booked["outcome"].eq("cancelled")
    held, missed = is_held(booked), ~cancelled & booked["outcome"].eq("no_show")
    rows = booked.assign(
        booked_count=1.0,
        held_count=held.astype(float),
        no_show_count=missed.astype(float),
        cancelled_count=cancelled.astype(float),
        unknown_count=(~held & ~missed & ~cancelled).astype(float),
    )
    counts = ["booked_count", "held_count", "no_show_count", "cancelled_count", "unknown_count"]
    is_told = is_received(received_until, "activities", period, calendar)
    table = _counted(rows, counts, by, groups, is_told=is_told)
    if not outcomes_recorded(activities):
        table[["held_count", "no_show_count"]] = np.nan
    table["came"] = table["held_count"] + table["no_show_count"]
    table["stood"] = table["came"] + table["cancelled_count"]
    table = rated(table, "show_rate", "held_count", "came")
    table = rated(table, "hold_rate", "held_count", "stood", prefix="hold_")
    return table.drop(columns=["came", "stood"])


def _counted(
    rows: pd.DataFrame, counts: list[str], by: str | None, groups: list[str] | None, *, is_told: bool
) -> pd.DataFrame:
    """Counts by group; missing where the exports do not tell."""
    table = sums(rows, counts, by, groups)
    if not is_told:
        table[counts] = np.nan
    for name in counts:
        table[name] = whole(table[name])
    return table

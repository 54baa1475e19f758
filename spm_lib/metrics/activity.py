"""What was done? Activities by kind and direction, each counted once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import ACTIVITY_GROUPINGS, check_by, sums, whole
from spm_lib.metrics.registry import metric
from spm_lib.metrics.unique import is_done, is_held, is_received, outcomes_recorded, unique_activities
from spm_lib.periods import Calendar, Period

_COUNTS = [
    "logged_count",
    "unique_count",
    "held_count",
    "booked_count",
    "cancelled_count",
    "no_show_count",
    "unknown_outcome_count",
    "unknown_duration_count",
]
_MEETINGS_ONLY = ["held_count", "booked_count", "cancelled_count", "no_show_count", "unknown_outcome_count"]


@metric(
    question="What was done?",
    formula="count of activities by kind and direction; one logged several times is one. Same rep and "
    "kind, starts within 120 s, no contradiction in direction or length, and a shared opportunity or "
    "contact, or none named, or the same length: the same activity",
    time_base="when the activity took place, in the period; not when it was logged",
    credit="the rep who did it",
    excluded="planned, cancelled and rescheduled ones from logged and unique; of a rescheduled meeting "
    "only the last date is booked",
    empty="a kind never recorded has no row; recorded but none in the period is 0; a period the activity "
    "exports do not reach is missing, never 0",
    columns={
        "kind": "call, email, meeting, task or note",
        "direction": "outbound or inbound; missing where the source does not say",
        "logged_count": "rows logged as done",
        "unique_count": "activities done, each once",
        "held_count": "meetings held by their recorded outcome; missing where the sources record none",
        "booked_count": "meetings booked for the period: held, cancelled, not shown and unknown together",
        "cancelled_count": "meetings called off",
        "no_show_count": "meetings the other side did not come to",
        "unknown_outcome_count": "meetings nobody said what became of",
        "unknown_duration_count": "calls done whose length is unknown; they are not guessed",
    },
    example="One call logged on four contacts, all at 10:00 for 240 s: logged 4, unique 1.",
    groupings=ACTIVITY_GROUPINGS,
)
def activity(
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    received_until: dict[str, pd.Timestamp],
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Activities of a period by kind and direction.

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
        Groups that get rows even without activities.

    Returns
    -------
    pandas.DataFrame
        One row per group, kind and direction ever recorded.

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("activity", by, ACTIVITY_GROUPINGS)
    unique = unique_activities(activities)
    logged = activities[period.holds(activities["at"]) & is_done(activities)].assign(logged_count=1.0)
    rows = pd.concat([_flagged(unique[period.holds(unique["at"])]), logged], ignore_index=True)
    everyone = None if by is None else [*(groups or ()), *rows[by].dropna().unique()]
    kinds = unique[["kind", "direction"]].drop_duplicates()
    parts = [_of_kind(rows, kind, direction, by, everyone) for kind, direction in kinds.to_numpy()]
    keys = [*([by] if by else []), "kind", "direction"]
    if not parts:
        return activities.head(0)[keys].assign(**dict.fromkeys(_COUNTS, 0.0))
    table = pd.concat(parts, ignore_index=True)
    if not outcomes_recorded(activities):
        table[["held_count", "no_show_count"]] = np.nan
    if not is_received(received_until, "activities", period, calendar):
        table[_COUNTS] = np.nan
    for column in _COUNTS:
        table[column] = whole(table[column])
    return table.sort_values(keys, kind="stable", na_position="last", ignore_index=True)[[*keys, *_COUNTS]]


def _flagged(unique: pd.DataFrame) -> pd.DataFrame:
    """Each unique activity with what it counts for."""
    outcome, done, meeting = unique["outcome"], is_done(unique), unique["kind"].eq("meeting")
    booked = meeting & ~outcome.eq("rescheduled")
    cancelled = booked & (unique["status"].eq("cancelled") | outcome.eq("cancelled"))
    held, no_show = is_held(unique), booked & ~cancelled & outcome.eq("no_show")
    return unique.assign(
        unique_count=done.astype(float),
        held_count=held.astype(float),
        booked_count=booked.astype(float),
        cancelled_count=cancelled.astype(float),
        no_show_count=no_show.astype(float),
        unknown_outcome_count=(booked & ~held & ~cancelled & ~no_show).astype(float),
        unknown_duration_count=(done & unique["duration_seconds"].isna()).astype(float),
    )


def _of_kind(
    rows: pd.DataFrame, kind: str, direction: str, by: str | None, groups: list[str] | None
) -> pd.DataFrame:
    """The counts of one kind and direction; what does not apply to the kind is missing."""
    same = rows["direction"].isna() if pd.isna(direction) else rows["direction"].eq(direction)
    table = sums(rows[rows["kind"].eq(kind) & same], _COUNTS, by, groups)
    if kind != "meeting":
        table[_MEETINGS_ONLY] = np.nan
    if kind != "call":
        table["unknown_duration_count"] = np.nan
    return table.assign(
        kind=pd.Series([kind] * len(table), dtype="str"),
        direction=pd.Series([direction] * len(table), dtype="str"),
    )

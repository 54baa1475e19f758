"""What becomes of the work? From logged activities up to those that moved an opportunity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import ACTIVITY_GROUPINGS, check_by, sums, whole
from spm_lib.metrics.intervals import Floats, ratio, wilson
from spm_lib.metrics.registry import Reads, metric
from spm_lib.metrics.unique import (
    SAME_SECONDS,
    contact_recorded,
    is_conversation,
    is_done,
    reached_human,
    unique_activities,
)
from spm_lib.periods import Period

KINDS = ("call", "email", "meeting")
_COUNTS = [
    "logged_count",
    "unique_count",
    "reached_count",
    "two_way_count",
    "decision_maker_count",
    "next_step_count",
    "advanced_count",
    "undecided_count",
]
#: The rungs after the first.
_STEPS = _COUNTS[1:-1]


@metric(
    question="What becomes of the work?",
    formula="each rung keeps what passed the one before: logged, unique (as activity), reached a human "
    "(call of at least conversation_seconds or connected; meeting held; e-mail in or replied), two-way (no "
    "wrong number, no connected call cut short), with a decision maker, next step dated (a date agreed "
    "after it, or a planned activity or a meeting of the opportunity that starts within advance_days), "
    "opportunity advanced to a later stage or won within advance_days",
    time_base="activities that took place in the period; what followed, up to the cut-off. A stage change "
    "known only as a difference of two exports counts at the latest moment it can have happened",
    credit="the rep who did the activity",
    excluded="tasks and notes; planned, cancelled and rescheduled activities. Those younger than "
    "advance_days at the cut-off are not yet decidable: in undecided_count, not in advanced_count",
    empty="a rung no source records is missing and the next one follows the last that is; a period the "
    "activity exports do not reach is missing, never 0",
    columns={
        "logged_count": "calls, e-mails and meetings logged as done",
        "unique_count": "each counted once",
        "reached_count": "those that reached a human",
        "two_way_count": "those that went both ways",
        "decision_maker_count": "those with a decision maker",
        "next_step_count": "those with a dated next step",
        "advanced_count": "those followed by an advance, of next_step_count − undecided_count",
        "undecided_count": "those that passed every rung before the last and are too young to tell",
        "received_rate": "share of the period's days the activity exports reach, 0-1",
    },
    example="5 calls logged, one of them twice: unique 4. Two last 60 s or more: reached 2, two-way 2. One "
    "agreed a next step; 9 days later the opportunity is a stage further: next step 1, advanced 1.",
    groupings=ACTIVITY_GROUPINGS,
    reads={"activities": Reads(days=0), "unique": Reads(days=0)},
)
def activity_ladder(
    activities: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    advance_days: int,
    by: str | None = None,
    groups: list[str] | None = None,
    unique: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What is left of the activities at each rung.

    Parameters
    ----------
    activities, changes, stages : pandas.DataFrame
        ``schemas.ACTIVITIES``, ``SNAPSHOT_CHANGES``, ``STAGES``.
    period : Period
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds, advance_days : int
    by : str, optional
        rep_id or account_id.
    groups : list of str, optional
        Groups that get a row even without activities.
    unique : pandas.DataFrame, optional
        ``unique_activities`` of the activities, where the caller has them; made when missing.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("activity_ladder", by, ACTIVITY_GROUPINGS)
    logged = _worked(activities, period).assign(logged_count=1.0)
    every = unique_activities(activities) if unique is None else unique
    mine = _worked(every, period)
    told = min(cutoff, received_until.get("opportunities", cutoff))
    tells = contact_recorded(every)
    climbed = _climb(
        mine,
        {
            "unique_count": pd.Series(True, index=mine.index),
            "reached_count": reached_human(mine, conversation_seconds) if tells else None,
            "two_way_count": is_conversation(mine, conversation_seconds) if tells else None,
            "decision_maker_count": _with_decision_maker(mine, every),
            "next_step_count": _next_step(mine, every, period.time_zone, advance_days),
        },
    )
    climbed = _last_rung(climbed, _advanced(mine, changes, stages, advance_days), told, advance_days)
    table = sums(pd.concat([climbed, logged], ignore_index=True), _COUNTS, by, groups)
    rate = _received_rate(received_until.get("activities"), period, cutoff)
    table[_COUNTS if rate == 0 else _unrecorded(every, changes)] = np.nan
    for column in _COUNTS:
        table[column] = whole(table[column])
    return table.assign(received_rate=rate)


@metric(
    question="How much of each step is kept, and is any group apart from the others?",
    formula="kept_count / of_count for each rung of activity_ladder after the first; 90 % Wilson interval. "
    "of_count is the last recorded rung before; of the last rung, without undecided_count. A group is apart "
    "at a rung when its interval overlaps no other group's",
    time_base="as activity_ladder",
    credit="the rep who did the activity",
    excluded="as activity_ladder; from the last rung also those too young to tell",
    empty="a rung no source records is missing and the next one follows the last that is; nothing to keep a "
    "share of: the rate and its interval are missing, and nobody is apart",
    columns={
        "rung": "the rung's column in activity_ladder",
        "kept_count": "those that passed it",
        "of_count": "those that could have",
        "kept_rate": "kept_count / of_count, 0-1",
        "low": "lower end of the 90 % Wilson interval of kept_rate, 0-1",
        "high": "upper end of it, 0-1",
        "is_apart": "its interval overlaps with that of no other group, of which there is at least one",
    },
    example="5 calls logged, 4 unique, 2 reached: unique 4 of 5 = 80 %, reached 2 of 4 = 50 %, 18-82 %.",
    groupings=ACTIVITY_GROUPINGS,
    reads={"activities": Reads(days=0), "unique": Reads(days=0)},
)
def activity_ladder_steps(
    activities: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    advance_days: int,
    by: str | None = None,
    groups: list[str] | None = None,
    unique: pd.DataFrame | None = None,
    ladder: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The drops of `activity_ladder` from rung to rung, with their ranges; takes and refuses the same.

    `ladder` is `activity_ladder` of all that, where the caller has it; made when missing.

    Returns
    -------
    pandas.DataFrame
        One row per group and rung after the first, in the order of the ladder.
    """
    if ladder is None:
        tables, days = (activities, changes, stages), (period, cutoff, received_until)
        ladder = activity_ladder(
            *tables, *days, conversation_seconds, advance_days, by=by, groups=groups, unique=unique
        )
    keys = [] if by is None else [by]
    before = ladder["logged_count"].astype("float64")
    parts = []
    for rung in _STEPS:
        kept = ladder[rung].astype("float64")
        of = before - ladder["undecided_count"] if rung == "advanced_count" else before
        part = ladder[keys].assign(rung=rung, kept_count=kept, of_count=of.where(kept.notna()))
        part["kept_rate"] = ratio(part["kept_count"], part["of_count"])
        part["low"], part["high"] = wilson(part["kept_count"], part["of_count"])
        parts.append(
            part.assign(is_apart=_apart(part["low"].to_numpy(), part["high"].to_numpy()), group=part.index)
        )
        before = kept.fillna(before)
    table = pd.concat(parts).sort_values("group", kind="stable", ignore_index=True)
    return table.drop(columns="group").astype({"rung": "str"})


def _worked(activities: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Calls, e-mails and meetings that took place in a period."""
    inside = activities[period.holds(activities["at"])]
    return inside[inside["kind"].isin(KINDS) & is_done(inside)]


def _apart(low: Floats, high: Floats) -> list[bool]:
    """Whose range overlaps with that of no other; those without a range neither are nor have neighbours."""
    overlaps = (low[:, None] <= high[None, :]) & (low[None, :] <= high[:, None])
    known = np.isfinite(low)
    # each known range overlaps itself, and that alone when it is apart
    return [bool(known[n] and known.sum() > 1 and overlaps[n].sum() == 1) for n in range(len(low))]


def _climb(mine: pd.DataFrame, passes: dict[str, pd.Series | None]) -> pd.DataFrame:
    """Each rung's flag, 1 where it and all recorded rungs before are passed; missing where unrecorded."""
    standing = pd.Series(True, index=mine.index)
    rungs = {}
    for rung, passed in passes.items():
        if passed is None:
            rungs[rung] = pd.Series(np.nan, index=mine.index)
            continue
        standing = standing & passed
        rungs[rung] = standing.astype(float)
    return mine.assign(**rungs, standing=standing)


def _last_rung(
    climbed: pd.DataFrame, advanced: pd.Series | None, told: pd.Timestamp, advance_days: int
) -> pd.DataFrame:
    """Adds advanced_count, and undecided_count for those whose time to advance is not over."""
    if advanced is None:
        return climbed.assign(advanced_count=np.nan, undecided_count=np.nan)
    standing = climbed["standing"]
    young = climbed["at"] + pd.Timedelta(days=advance_days) > told
    return climbed.assign(
        advanced_count=(standing & advanced & ~young).astype(float),
        undecided_count=(standing & young).astype(float),
    )


def _with_decision_maker(mine: pd.DataFrame, every: pd.DataFrame) -> pd.Series | None:
    """Which had a decision maker in them; None where no source says so of any activity."""
    if not _says_decision_maker(every):
        return None
    return mine["with_decision_maker"].fillna(value=False).astype(bool)


def _next_step(
    mine: pd.DataFrame, every: pd.DataFrame, time_zone: str, advance_days: int
) -> pd.Series | None:
    """Which led to a dated next step; None where no source holds anything of the kind."""
    if not _says_next_step(every):
        return None
    day = mine["at"].dt.tz_convert(time_zone).dt.tz_localize(None).dt.normalize()
    # the activity itself, logged a second time in other words, is not its own next step
    after = pd.Timedelta(seconds=SAME_SECONDS)
    followed = _followed(mine, every[_dated(every)], after, advance_days)
    return followed | mine["next_step_on"].gt(day)


def _advanced(
    mine: pd.DataFrame, changes: pd.DataFrame, stages: pd.DataFrame, advance_days: int
) -> pd.Series | None:
    """Whose opportunity moved to a later stage or was won in time; None where no move is recorded."""
    if not _says_moves(changes):
        return None
    by_id = stages.drop_duplicates("stage_id").set_index("stage_id")
    position, category = by_id["position"].astype("float64"), by_id["category"]
    changes = changes[changes["at"] > mine["at"].min()]
    changes = changes[changes["field"].isin(["stage", "status"])]
    later = changes["new"].map(position) > changes["old"].map(position)
    # a closed stage often has the highest position: to be lost is no advance
    to = changes["new"].map(category)
    climbs = changes["field"].eq("stage") & (to.eq("won") | (to.eq("open") & later))
    wins = changes["field"].eq("status") & changes["new"].eq("won")
    return _followed(mine, changes[climbs | wins], pd.Timedelta(0), advance_days)


def _followed(mine: pd.DataFrame, later: pd.DataFrame, after: pd.Timedelta, days: int) -> pd.Series:
    """Whose opportunity has a row of `later`, more than `after` after the activity, within so many days."""
    left = mine.loc[mine["opportunity_id"].notna(), ["opportunity_id", "at"]]
    # adding a Timedelta changes the resolution, and an as-of join asks for equal ones
    since = (left["at"] + after).dt.as_unit("us")
    left = left.assign(row=left.index, since=since).sort_values("since", kind="stable")
    within = later["at"].between(left["at"].min(), left["at"].max() + pd.Timedelta(days=days))
    right = later.loc[within & later["opportunity_id"].notna(), ["opportunity_id", "at"]]
    right = right.rename(columns={"at": "then"}).sort_values("then", kind="stable")
    pairs = pd.merge_asof(
        left,
        right,
        left_on="since",
        right_on="then",
        by="opportunity_id",
        direction="forward",
        allow_exact_matches=False,
    )
    soon = pairs["then"] - pairs["at"] <= pd.Timedelta(days=days)
    return pd.Series(mine.index.isin(pairs["row"][soon]), index=mine.index)


def _dated(every: pd.DataFrame) -> pd.Series:
    """Which are the kind of activity that is put in a calendar beforehand."""
    return every["opportunity_id"].notna() & (every["status"].eq("planned") | every["kind"].eq("meeting"))


def _says_decision_maker(every: pd.DataFrame) -> bool:
    return bool(every["with_decision_maker"].notna().any())


def _says_next_step(every: pd.DataFrame) -> bool:
    return bool(every["next_step_on"].notna().any() or _dated(every).any())


def _says_moves(changes: pd.DataFrame) -> bool:
    return bool(changes["field"].isin(["stage", "status"]).any())


def _unrecorded(every: pd.DataFrame, changes: pd.DataFrame) -> list[str]:
    """The rungs no source records."""
    told = {
        ("reached_count", "two_way_count"): contact_recorded(every),
        ("decision_maker_count",): _says_decision_maker(every),
        ("next_step_count",): _says_next_step(every),
        ("advanced_count", "undecided_count"): _says_moves(changes),
    }
    return [rung for rungs, is_told in told.items() if not is_told for rung in rungs]


def _received_rate(latest: pd.Timestamp | None, period: Period, cutoff: pd.Timestamp) -> float:
    """Share of the days before the cut-off that the exports reach; an export tells of its own day."""
    last = min(period.end, cutoff.tz_convert(period.time_zone).date())
    days = (last - period.start).days
    if latest is None or latest <= period.start_at or days <= 0:
        return 0.0
    reached = (latest.tz_convert(period.time_zone).date() - period.start).days + 1
    return min(reached / days, 1.0)

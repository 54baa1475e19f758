"""What can be a sign of activity made up or misfiled, occasion by occasion: shared by `activity_questions`.

An occasion is what is independent of the next one: a call, a day, a week, an opportunity. Whoever logs the
ten calls of a morning after a day off does one thing, not ten. None of the signs proves anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from spm_lib.metrics.unique import NOBODY, is_done
from spm_lib.periods import Calendar

#: A call this short that is said to have reached somebody.
SHORT_SECONDS = 30
#: Written down this many working days later or more.
LATE_DAYS = 3
#: A whole week before: an occasion is a week at most, and is taken or left whole.
WHOLE_DAYS = 8
#: So many activities within an hour are a burst.
BURST_COUNT = 8
_BURST_SPAN = pd.Timedelta(hours=1)
#: A burst at the week's end begins on its last working day, not before this hour.
BURST_HOUR = 12
#: So many tasks in one minute, or calls of one day that last exactly as long.
REPEATED_COUNT = 3
#: How long an opportunity stays lost before it becomes disqualified, for it to be a second thought.
SECOND_THOUGHT = pd.Timedelta(days=14)

_COLUMNS = ["question", "rep_id", "occasion", "occasion_at", "occasion_flagged"]
_COLUMNS += ["at", "flagged", "activity_id", "opportunity_id", "detail"]


@dataclass(frozen=True, eq=False)
class Signs:
    """The tables signs are looked for in; instants on the client's clock.

    Attributes
    ----------
    done : pandas.DataFrame
        Activities done, with their day, and `written`: when they were written down, or took place.
    opportunities, changes, stages : pandas.DataFrame
    calendar : Calendar
    time_zone : str
    goal_ends : sequence of datetime.date
        The last days of the goal periods.
    """

    done: pd.DataFrame
    opportunities: pd.DataFrame
    changes: pd.DataFrame
    stages: pd.DataFrame
    calendar: Calendar
    time_zone: str
    goal_ends: Sequence[date]


def occasions(
    activities: pd.DataFrame,
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    calendar: Calendar,
    time_zone: str,
    goal_ends: Sequence[date],
    since: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """Every occasion on which a sign could have shown, and whether it did.

    Parameters
    ----------
    activities, opportunities, changes, stages : pandas.DataFrame
        ``schemas.ACTIVITIES``, ``SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_CHANGES``, ``STAGES``.
    calendar : Calendar
    time_zone : str
    goal_ends : sequence of datetime.date
        The last days of the goal periods.
    since : pandas.Timestamp, optional
        Activities only of occasions that end later; all when missing.

    Returns
    -------
    pandas.DataFrame
        One row per row behind an occasion: question, rep_id, occasion (its number within the question),
        occasion_at (when it began), occasion_flagged (some row of it shows the sign), and of the row: at,
        flagged, activity_id or opportunity_id, detail (of flagged ones; else empty).
    """
    if since is not None:
        limit = since - pd.Timedelta(days=WHOLE_DAYS)
        activities = activities[(activities["at"] >= limit) | (activities["logged_at"] >= limit)]
    done = activities[is_done(activities) & activities["rep_id"].notna()]
    written = done["logged_at"].fillna(done["at"])
    done = done.assign(written=written, day=_day(done["at"], time_zone), written_day=_day(written, time_zone))
    signs = Signs(done, opportunities, changes, stages, calendar, time_zone, goal_ends)
    parts = [_shaped(question, look(signs)) for question, look in QUESTIONS.items()]
    return pd.concat(parts, ignore_index=True)


def _bursts(signs: Signs) -> pd.DataFrame:
    """Weeks: many activities written down within an hour late on the last working day, or after it."""
    rows = signs.done.sort_values(["rep_id", "written"], kind="stable")
    monday = rows["written_day"] - pd.to_timedelta(rows["written_day"].dt.day_of_week, unit="D")
    number, mondays = pd.factorize(monday)
    days = pd.Series([_last_day(first, signs.calendar) for first in mondays], dtype=monday.dtype)
    last = days.iloc[number].set_axis(rows.index)
    local = rows["written"].dt.tz_convert(signs.time_zone)
    late = rows["written_day"].gt(last) | (rows["written_day"].eq(last) & local.dt.hour.ge(BURST_HOUR))
    crowded = pd.Series(False, index=rows.index)
    for _, of_rep in rows[late].groupby("rep_id", sort=True):
        crowded[of_rep.index[_crowded(of_rep["written"])]] = True
    detail = "written down " + local[crowded].dt.strftime("%a %Y-%m-%d %H:%M")
    return rows.assign(at=rows["written"], unit=monday, row_flagged=crowded, detail=detail)


def _back_dated(signs: Signs) -> pd.DataFrame:
    """Days of writing down: something that took place some working days before."""
    rows = signs.done[signs.done["logged_at"].notna()]
    holidays = np.array(sorted(signs.calendar.holidays), dtype="datetime64[D]")
    mask = [day in signs.calendar.working_days for day in range(7)]
    first, then = (rows[name].to_numpy().astype("datetime64[D]") for name in ("day", "written_day"))
    days = np.busday_count(first, then, weekmask=mask, holidays=holidays)
    late = pd.Series(days >= LATE_DAYS, index=rows.index)
    detail = "written down " + pd.Series(days, index=rows.index)[late].astype(str) + " working days later"
    return rows.assign(at=rows["written"], unit=rows["written_day"], row_flagged=late, detail=detail)


def _short_calls(signs: Signs) -> pd.DataFrame:
    """Calls said to have reached somebody: shorter than anybody can talk."""
    rows = signs.done[signs.done["kind"].eq("call") & signs.done["duration_seconds"].gt(0)]
    rows = rows[~rows["outcome"].isin([*NOBODY, "wrong_number"])]
    length = rows["duration_seconds"]
    short = length.lt(SHORT_SECONDS)
    detail = "reached somebody for " + length[short].round().astype(int).astype(str) + " s"
    return rows.assign(unit=rows["activity_id"], row_flagged=short, detail=detail)


def _clones(signs: Signs) -> pd.DataFrame:
    """Days: calls or meetings that began in one minute, or calls that lasted equally long."""
    rows = signs.done[signs.done["kind"].isin(["call", "meeting"])]
    minute = rows["at"].dt.floor("min")
    about = rows["opportunity_id"].fillna(rows["account_id"])
    length = rows["duration_seconds"].fillna(-1)
    same = pd.DataFrame({"rep_id": rows["rep_id"], "kind": rows["kind"], "minute": minute, "length": length})
    same = same.assign(about=about)[same[["rep_id", "minute"]].duplicated(keep=False)]
    # one call logged on four contacts is one call, and no sign of anything
    contact = rows["contact_id"][same.index].fillna("").groupby([same[name] for name in same])
    repeated = (contact.transform("size") > contact.transform("nunique")).reindex(
        rows.index, fill_value=False
    )
    long = rows["kind"].eq("call") & rows["duration_seconds"].gt(0)
    equally = rows.loc[long, ["rep_id", "day", "duration_seconds"]]
    equally = equally[equally.duplicated(keep=False)]
    alike = minute[equally.index].groupby([equally[name] for name in equally])
    as_long = alike.transform("nunique").reindex(rows.index).ge(REPEATED_COUNT)
    detail = np.where(as_long, "as long to the second as others of the day", "the same minute as another")
    return rows.assign(unit=rows["day"], row_flagged=repeated | as_long, detail=detail)


def _same_minute_tasks(signs: Signs) -> pd.DataFrame:
    """Days: tasks ticked off together."""
    rows = signs.done[signs.done["kind"].eq("task")]
    minute = rows["written"].dt.floor("min")
    together = rows.groupby(["rep_id", minute])["activity_id"].transform("size")
    detail = "one of " + together.astype(str) + " in the same minute"
    return rows.assign(
        at=rows["written"],
        unit=rows["written_day"],
        row_flagged=together.ge(REPEATED_COUNT),
        detail=detail,
    )


def _disqualified_late(signs: Signs) -> pd.DataFrame:
    """Opportunities given up late: disqualified, which spares the win rate, instead of lost."""
    ended = signs.opportunities
    ended = ended[ended["status"].isin(["lost", "disqualified"]) & ended["outcome_at"].notna()]
    open_stages = signs.stages[signs.stages["category"].eq("open")].drop_duplicates("stage_id")
    place = open_stages.set_index("stage_id")["position"].astype("float64")
    changes = signs.changes
    moves = changes[changes["field"].eq("stage")]
    furthest = moves["new"].map(place).groupby(moves["opportunity_id"]).max()
    far = ended["opportunity_id"].map(furthest) > (place.min() + place.max()) / 2
    losses = changes[changes["field"].eq("status") & changes["new"].eq("lost")]
    latest = losses.groupby("opportunity_id")["at"].max()
    # not `map`, which refuses instants when there is not one loss
    lost_at = latest.reindex(ended["opportunity_id"]).set_axis(ended.index)
    after = ended["outcome_at"] - lost_at
    relabelled = after.gt(pd.Timedelta(0)) & after.le(SECOND_THOUGHT)
    rows = ended[far | relabelled]
    detail = np.where(
        relabelled[rows.index], "disqualified after it was lost", "disqualified after it had come far"
    )
    flagged = rows["status"].eq("disqualified")
    return rows.assign(
        at=rows["outcome_at"],
        unit=rows["opportunity_id"],
        row_flagged=flagged,
        detail=detail,
        activity_id=pd.Series([None] * len(rows), index=rows.index, dtype="str"),
    )


def _pushed_last_day(signs: Signs) -> pd.DataFrame:
    """Expected closes moved out of their goal period: on its last day."""
    changes = signs.changes[signs.changes["field"].eq("expected_close")]
    # a difference of two weekly exports does not tell the day
    exact = changes["at_earliest"].isna() | (changes["at"] - changes["at_earliest"] < pd.Timedelta(days=1))
    changes = changes[exact]
    old, new = (pd.to_datetime(changes[name], errors="coerce") for name in ("old", "new"))
    ends = np.sort(np.array(signs.goal_ends, dtype="datetime64[D]"))
    far = np.datetime64("NaT") if not len(ends) else ends[-1]
    place = np.searchsorted(ends, old.to_numpy().astype("datetime64[D]"))
    padded = np.append(ends, far)
    end = pd.Series(padded[np.minimum(place, len(ends))], index=changes.index).astype("datetime64[us]")
    within = old.notna() & (old <= end)
    rows = changes[within & (new > end)]
    day = _day(rows["at"], signs.time_zone)
    held = _holder(rows, signs)
    detail = "pushed from " + rows["old"].str[:10] + " to " + rows["new"].str[:10]
    return rows.assign(
        rep_id=held,
        unit=rows.groupby(["opportunity_id", "at"]).ngroup(),
        row_flagged=day.eq(end[rows.index]),
        detail=detail,
        activity_id=pd.Series([None] * len(rows), index=rows.index, dtype="str"),
    )


#: Question -> the function that finds its occasions.
QUESTIONS: dict[str, Callable[[Signs], pd.DataFrame]] = {
    "week_end_burst": _bursts,
    "back_dated": _back_dated,
    "short_calls": _short_calls,
    "clones": _clones,
    "same_minute_tasks": _same_minute_tasks,
    "disqualified_before_loss": _disqualified_late,
    "pushed_on_last_day": _pushed_last_day,
}


def _shaped(question: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their occasion, and whether any row of it shows the sign."""
    rows = rows[rows["rep_id"].notna()]
    of = rows.assign(row_flagged=rows["row_flagged"].astype(bool)).groupby(["rep_id", "unit"], sort=True)
    return rows.assign(
        question=pd.Series(question, index=rows.index, dtype="str"),
        occasion=of.ngroup().astype("int64"),
        occasion_at=of["at"].transform("min"),
        occasion_flagged=of["row_flagged"].transform("max").astype(bool),
        flagged=rows["row_flagged"].astype(bool),
        detail=pd.Series(rows["detail"], index=rows.index).astype("str").fillna(""),
    )[_COLUMNS].reset_index(drop=True)


def _day(at: pd.Series, time_zone: str) -> pd.Series:
    """The client's day of an instant, naive."""
    local: pd.Series = at.dt.tz_convert(time_zone).dt.tz_localize(None)
    midnight: pd.Series = local.dt.normalize()
    return midnight


def _last_day(monday: pd.Timestamp, calendar: Calendar) -> pd.Timestamp:
    """The last working day of a week; its Friday where nobody works."""
    days = [monday + pd.Timedelta(days=day) for day in range(6, -1, -1)]
    return next((day for day in days if calendar.is_business_day(day.date())), days[2])


def _crowded(written: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of a rep's sorted instants lie in an hour with at least `BURST_COUNT` of them."""
    at = written.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    after = np.searchsorted(at, at + _BURST_SPAN.to_timedelta64(), side="right")
    starts = np.flatnonzero(after - np.arange(len(at)) >= BURST_COUNT)
    found = np.zeros(len(at), dtype=bool)
    for start in starts:
        found[start : after[start]] = True
    return found


def _holder(rows: pd.DataFrame, signs: Signs) -> pd.Series:
    """Who held each opportunity when it changed."""
    left = rows[["opportunity_id", "at"]].assign(row=rows.index).sort_values("at", kind="stable")
    reps = signs.changes[signs.changes["field"].eq("rep")][["opportunity_id", "at", "new"]]
    found = pd.merge_asof(left, reps.sort_values("at", kind="stable"), on="at", by="opportunity_id")
    held = found.set_index("row")["new"].reindex(rows.index)
    now = signs.opportunities.set_index("opportunity_id")["rep_id"].to_dict()
    return held.fillna(rows["opportunity_id"].map(now)).astype("str")

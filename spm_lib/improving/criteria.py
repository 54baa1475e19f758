"""What a plan is measured by: an activity that tells early, and an outcome, each in its own unit.

The minimum of a criterion is in the unit its metric is counted in: weeks for counts of a week, decided
opportunities or activities for a share, periods for an attainment. Only weeks can be held against weeks, and
only whole ones count: in thirteen weeks from a Wednesday on there are twelve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from datetime import date

import pandas as pd

from spm_lib import judgement
from spm_lib.meetings.improvement_documented import Documented
from spm_lib.meetings.improvement_models import ACTIVITY, CHECKPOINT_DAYS, COUNTED, OUTCOME

#: Weeks a plan lasts, by its checkpoints.
PLAN_WEEKS = CHECKPOINT_DAYS[-1] // 7 + 1
#: Weeks an activity is read over, at least.
ACTIVITY_WEEKS = 6


def others(standard: Documented) -> tuple[str, tuple[str, ...]]:
    """The kind of criterion that a standard lacks beside itself, and the metrics that are of it."""
    return ("activity", ACTIVITY) if standard.metric in OUTCOME else ("outcome", OUTCOME)


def criteria(
    standard: Documented,
    lines: Sequence[Documented],
    reached: Callable[[Documented], float],
    *,
    midweek: bool,
) -> list[dict[str, object]]:
    """An activity that tells early and an outcome, one of them the standard itself, within the plan's time.

    Parameters
    ----------
    standard : Documented
        What the plan is written against.
    lines : sequence of Documented
        Everything that is asked of the rep in writing.
    reached : callable
        What of a line was reached before, in its unit; infinite where that is not known. No more is asked.
    midweek : bool
        The plan begins within a week of the client's: a part of a week counts for nothing.

    Returns
    -------
    list of dict
        As a plan's front matter holds them, the activity first; empty where nothing of the other kind is
        agreed in writing.
    """
    _, some = others(standard)
    beside = next((one for one in lines if one.metric in some), None)
    if beside is None:
        return []
    least = min(beside.threshold, reached(beside))
    needed = judgement.results_to_tell("weekly", least) if beside.metric in COUNTED else math.nan
    weeks = max(beside.weeks, ACTIVITY_WEEKS if math.isnan(needed) else int(needed))
    own = _criterion(standard, standard.threshold, standard.weeks, midweek=midweek)
    other = _criterion(beside, least, weeks, midweek=midweek)
    return [other, own] if standard.metric in OUTCOME else [own, other]


def usual_week(rows: pd.DataFrame, rep: str, team: Collection[str], since: date, until: date) -> float:
    """The mean week of a rep in a time, else the middle of the team's; infinite where nobody has one.

    Parameters
    ----------
    rows : pandas.DataFrame
        Counts of weeks: rep_id, starts_on, value.
    rep : str
    team : collection of str
        Whose weeks may speak for the rep's: those of the same role.
    since, until : datetime.date
        Weeks that begin in this time count; half-open.

    Returns
    -------
    float
        A whole number per week, one at least: a criterion of none would be met by doing nothing.
    """
    begun = pd.to_datetime(rows["starts_on"])
    inside = (begun >= pd.Timestamp(since)) & (begun < pd.Timestamp(until)) & rows["value"].notna()
    usual = rows[inside & rows["rep_id"].isin([rep, *team])].groupby("rep_id")["value"].mean()
    if usual.empty:
        return math.inf
    return float(max(1, math.floor(usual[rep] if rep in usual else usual.median())))


def _criterion(one: Documented, threshold: float, weeks: int, *, midweek: bool) -> dict[str, object]:
    side = "at_least" if one.direction == "at least" else "at_most"
    number = int(threshold) if threshold == int(threshold) else threshold
    minimum, weeks = one.minimum_n, min(weeks, PLAN_WEEKS)
    if one.metric in COUNTED:
        weeks = min(weeks, PLAN_WEEKS - midweek)
        minimum = min(minimum, weeks)
    return {"metric": one.metric, side: number, "weeks": weeks, "minimum_n": minimum}

"""Every rep held against everything agreed: which rows speak for which expectation, and the standing.

Judgement is pure and sees frames; what those frames are for a client and a week is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pandas as pd

from spm_lib import judgement
from spm_lib.judgement import Facts
from spm_lib.metrics import registry
from spm_lib.metrics.past_periods import covered_periods
from spm_lib.periods import Period, weeks_of
from spm_lib.view import View

#: Finished goal periods an agreed attainment is looked at over.
MOST_PERIODS = 12

#: What a client may say it does not record -> the metrics that need it.
_NEEDS = {
    "losses": ("win_rate_by_count", "win_rate_broad", "win_rate_by_amount"),
    "activities": ("conversations", "meetings_held", "logged_within_24h_rate"),
    "quotas": ("attainment",),
}


def standings(view: View, standards: pd.DataFrame) -> pd.DataFrame:
    """The standing of every rep of the team to every standard in force.

    Parameters
    ----------
    view : View
        Of the week that is looked at.
    standards : pandas.DataFrame
        ``Expectations.standards`` on the week's last day.

    Returns
    -------
    pandas.DataFrame
        ``judgement.standing``.
    """
    client = view.client
    team = [
        rep
        for rep in client.reps
        if rep.role != "manager"
        and (rep.starts_on is None or rep.starts_on < view.period.end)
        and (rep.ends_on is None or rep.ends_on > view.period.start)
    ]
    facts = {
        metric: _FACTS[metric](view, _earliest(standards, metric))
        for metric in standards["metric"].unique()
        if metric in _FACTS
    }
    not_recorded = {
        metric: why for what, why in client.not_recorded.items() for metric in _NEEDS.get(what, ())
    }
    roles = {rep.id: rep.role for rep in team}
    table = judgement.standing(standards, facts, roles, view.period, not_recorded=not_recorded)
    return _since_joining(table, {rep.id: rep.starts_on for rep in team}, view.period)


def _since_joining(table: pd.DataFrame, starts_on: Mapping[str, date | None], week: Period) -> pd.DataFrame:
    """Nobody stands anywhere before the first day on the team."""
    joined = pd.to_datetime(table["rep_id"].map(starts_on)).astype(table["since"].dtype)
    later = joined > table["since"]
    weeks = (pd.Timestamp(week.end) - joined).dt.days // 7
    return table.assign(
        since=table["since"].mask(later, joined),
        streak_weeks=table["streak_weeks"].mask(later, weeks.astype("Int64")),
    )


def _earliest(standards: pd.DataFrame, metric: str) -> date:
    """Since when any standard for a metric is in force."""
    found: date = min(standards.loc[standards["metric"] == metric, "effective_from"])
    return found


def _decided(view: View, _since: date) -> Facts:
    return judgement.decided_trials(view.outcomes)


def _decided_broad(view: View, _since: date) -> Facts:
    return judgement.decided_trials(view.outcomes, broad=True)


def _logged(view: View, _since: date) -> Facts:
    return judgement.logged_trials(view.activities)


def _by_week(measure: str) -> Callable[[View, date], Facts]:
    """The weekly counts of each rep since a day: the team's measure on the rep's own activities."""

    def facts(view: View, since: date) -> Facts:
        begins = min(since, view.period.start)
        span = Period(begins, view.period.end, time_zone=view.client.time_zone)
        whole = list(weeks_of(span, starts_on=view.client.week_starts_on)) or [view.period]
        span = Period(whole[0].start, view.period.end, time_zone=view.client.time_zone)
        parts = []
        for rep in view.client.reps:
            own = view.activities[view.activities["rep_id"] == rep.id]
            table = registry.compute("weekly_measures", view, activities=own, period=span)
            parts.append(table[table["measure"] == measure].assign(rep_id=rep.id))
        return Facts("weekly", pd.concat(parts)[["rep_id", "starts_on", "value"]])

    return facts


def _attained(view: View, _since: date) -> Facts:
    """The attainment of each rep in each goal period that is over."""
    periods = [*covered_periods(view.outcomes, view.horizon, MOST_PERIODS)]
    parts = [
        registry.compute("attainment", view, period=one, by="rep_id").assign(
            starts_on=pd.Timestamp(one.start), ends_on=pd.Timestamp(one.end)
        )
        for one in reversed(periods)
    ]
    names = ["rep_id", "starts_on", "ends_on", "value"]
    if not parts:
        return Facts("periods", pd.DataFrame(columns=names))
    rows = pd.concat(parts).rename(columns={"attainment_rate": "value"})
    return Facts("periods", rows.dropna(subset=["rep_id", "value"])[names].reset_index(drop=True))


_FACTS: Mapping[str, Callable[[View, date], Facts]] = {
    "win_rate_by_count": _decided,
    "win_rate_broad": _decided_broad,
    "logged_within_24h_rate": _logged,
    "conversations": _by_week("conversations"),
    "meetings_held": _by_week("meetings_held"),
    "attainment": _attained,
}

"""Every rep held against everything agreed: which rows speak for which expectation, and the standing.

Judgement is pure and sees frames; what those frames are for a client and a week is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import date
from typing import Any

import pandas as pd

from spm_lib import judgement
from spm_lib.client import Rep
from spm_lib.judgement import Facts
from spm_lib.judgement.standing import applies
from spm_lib.metrics import registry
from spm_lib.metrics.past_periods import covered_periods
from spm_lib.metrics.registry import metric
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


@metric(
    question="Where does each rep stand to what was agreed in writing?",
    formula="below: the evidence against the agreement being kept is 20 or more; watch: 5 or more; exceeds: "
    "the evidence that there is more than agreed is 20 or more; meets: everything that cannot be told from "
    "what was agreed; too few to say: fewer results than the agreed minimum. Evidence: bets that grow when "
    "results are worse (or better) than agreed; a rep who keeps the agreement ever reaches 20 in at most 1 "
    "case in 20, however often one looks. Counts of a week by bets on counts, attainment by a sign test of "
    "its periods",
    time_base="every result since the standard was in force, in its order, up to the cut-off; the value "
    "printed is that of the agreed weeks",
    credit="the rep who held the opportunity at the outcome, or did the activity",
    excluded="managers; reps not on the team in the week; results before the standard was in force",
    empty="no standard: no rows. What nobody records is not recorded, what no noise test is possible for is "
    "not judged: neither is a standing",
    columns={
        "rep_id": "whose",
        "metric": "what was agreed on",
        "kind": "how it is tested: trials, weekly counts, periods or values",
        "standing": "exceeds, meets, too few to say, watch, below, not recorded or not judged",
        "n": "results in the agreed weeks; of periods all",
        "hit_count": "of them as the metric counts: won, in time, reached; of counts their sum",
        "value": "their share, mean of a week or median of periods",
        "low": "lower end of its 90 % range",
        "high": "upper end of its 90 % range",
        "direction": "at least or at most",
        "threshold": "what was agreed",
        "weeks": "the agreed weeks",
        "seen_weeks": "those of them that were looked at: since results count, the rep came and the record "
        "begins",
        "minimum_n": "the agreed minimum",
        "evidence": "against the agreement being kept, now",
        "peak": "its highest point so far",
        "evidence_above": "that there is more than agreed, now",
        "since": "first day of this standing",
        "streak_weeks": "weeks in a row with it",
        "better_count": "further results after which the standing would be better",
        "better_result": "hits among them that it takes",
        "better_standing": "and which it would be",
        "worse_count": "further results after which it would be worse",
        "worse_result": "hits among them",
        "worse_standing": "and which it would be",
        "note": "why it is not judged",
        "document": "where it was agreed",
        "title": "the document's title",
        "version": "its version",
        "effective_from": "since when it is in force",
        "judged_from": "since when results count",
    },
    example="Agreed 30 %; 8 of 71 won since April: evidence 139, below. 12 of the next 40 won: watch.",
)
def standing(view: View) -> pd.DataFrame:
    """The standing of every rep of the team to every standard in force.

    Parameters
    ----------
    view : View
        Of the week that is looked at.
    """
    client, team = view.client, team_of(view)
    not_recorded = {
        metric: why for what, why in client.not_recorded.items() for metric in _NEEDS.get(what, ())
    }
    table = judgement.standing(
        view.standards,
        facts_of(view),
        {rep.id: rep.role for rep in team},
        view.period,
        not_recorded=not_recorded,
        acknowledged=view.acknowledged,
    )
    return _since_joining(table, {rep.id: rep.starts_on for rep in team}, view)


def team_of(view: View) -> list[Rep]:
    """Everybody who sells on the team in the period of a view."""
    return [
        rep
        for rep in view.client.reps
        if rep.role != "manager"
        and (rep.starts_on is None or rep.starts_on < view.period.end)
        and (rep.ends_on is None or rep.ends_on > view.period.start)
    ]


def facts_of(view: View) -> dict[str, Facts]:
    """Metric id -> the rows it is judged by, for every standard in force that rows can speak for."""
    standards = view.standards
    return {
        metric: _FACTS[metric](view, _earliest(standards, metric))
        for metric in standards["metric"].unique()
        if metric in _FACTS
    }


def facts_for(metric: str, view: View, since: date) -> Facts | None:
    """The rows one metric is judged by, from a day on; None where no rows can speak for it.

    Parameters
    ----------
    metric : str
    view : View
    since : datetime.date
        Weeks are counted from then on; results one by one all come.
    """
    return _FACTS[metric](view, since) if metric in _FACTS else None


@metric(
    question="How far do the decided opportunities speak against the agreed win rate?",
    formula="a bet against the claim that the rep wins at least the agreed share: a loss multiplies the "
    "stake by more than 1, a win by less, at odds fair for exactly that share; mixed over rates of a "
    "quarter, half and three quarters of it. The stake is the evidence: watch from 5, confront from 20",
    time_base="every outcome since the standard was in force, in its order",
    credit="the rep who held the opportunity at the outcome; a share of a split bets that share",
    excluded="disqualified ones; outcomes before the standard was in force",
    empty="no win rate is agreed: no rows; nothing decided: evidence 1, too few to say",
    columns={
        "rep_id": "whose",
        "won_count": "won since the standard was in force",
        "decided_count": "won and lost since then",
        "win_rate": "won_count / decided_count, 0-1",
        "low": "lower end of the 90 % Wilson interval, 0-1",
        "high": "upper end of the same interval, 0-1",
        "evidence": "the stake as it stands now",
        "peak": "its highest point",
        "peak_at": "when it was reached, UTC",
        "since_at": "where the stretch begins that speaks most against it, UTC",
        "since_won_count": "won since then",
        "since_decided_count": "decided since then",
        "verdict": "none, too few to say, watch or confront",
    },
    example="Agreed 30 %, three decided a week: a rep at 30 % ever reaches 20 in 3 of 100 years, one at "
    "15 % after 16 weeks.",
)
def evidence_below_standard(view: View) -> pd.DataFrame:
    """``judgement.evidence_below_standard`` of every rep against the win rate agreed with them.

    Of a rep whom several are agreed with, the first in the order of the standings.

    Parameters
    ----------
    view : View
    """
    standards = view.standards
    agreed = standards[(standards["metric"] == "win_rate_by_count") & (standards["direction"] == "at least")]
    columns = list(registry.get("evidence_below_standard").columns)
    team = {rep.id: rep.role for rep in team_of(view)}
    # who has left, and who is not known, is held against the first one
    outcomes, others = view.outcomes, ~view.outcomes["rep_id"].isin(team)
    parts, told = [pd.DataFrame(columns=columns)], set[str]()
    for line in agreed.to_dict("records"):
        held = [rep for rep in applies(line["applies_to"], team) if rep not in told]
        mine = outcomes["rep_id"].isin(held) | (others & (len(parts) == 1))
        parts.append(_against(view, line, outcomes[mine], held))
        told.update(held)
    table = pd.concat([one for one in parts if len(one)] or parts[:1], ignore_index=True)
    return table[columns].sort_values("rep_id", kind="stable", ignore_index=True)


def _against(
    view: View, line: Mapping[Hashable, Any], outcomes: pd.DataFrame, reps: list[str]
) -> pd.DataFrame:
    """The evidence of some outcomes against one agreed win rate; each of some reps has a row."""
    began = pd.Timestamp(line["effective_from"]).tz_localize(view.client.time_zone)
    since = outcomes[outcomes["outcome_at"] >= began]
    threshold = float(line["threshold"])
    return judgement.evidence_below_standard(since, threshold, by="rep_id", groups=reps or None)


def _since_joining(table: pd.DataFrame, starts_on: Mapping[str, date | None], view: View) -> pd.DataFrame:
    """Nobody stands anywhere before the first day on the team, nor was looked at, unless results say so."""
    joined = pd.to_datetime(table["rep_id"].map(starts_on)).astype(table["since"].dtype)
    later = joined > table["since"]
    # a begun week is a week, as in the replay of the others
    weeks = -(-(pd.Timestamp(view.period.end) - joined).dt.days // 7)
    weeks = weeks.astype("Int64")
    first = view.outcomes.groupby("rep_id")["outcome_at"].min().dt.tz_convert(view.client.time_zone)
    days = {rep: moment.date() for rep, moment in first.items()}
    came = pd.to_datetime(table["rep_id"].map(days)).astype(table["since"].dtype)
    fewer = (weeks < table["seen_weeks"]).fillna(False) & ~came.lt(joined)
    return table.assign(
        since=table["since"].mask(later, joined),
        streak_weeks=table["streak_weeks"].mask(later, weeks),
        seen_weeks=table["seen_weeks"].mask(fewer, weeks),
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
            own = view.unique[view.unique["rep_id"] == rep.id]
            asked = {"unique": own, "period": span, "measures": (measure,)}
            parts.append(registry.compute("weekly_measures", view, **asked).assign(rep_id=rep.id))
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

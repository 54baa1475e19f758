"""What asks for a decision this week. At most three alerts a page; an ordinary week has none."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import pandas as pd

from spm_lib import style

#: Alerts a page may carry; what is beyond is listed quietly.
ALERTS = 3
#: Overdue opportunities ask for a decision from this share of the open ones on.
OVERDUE_SHARE = 1 / 3

Weight = Literal["decide", "watch", "note"]


@dataclass(frozen=True)
class Decision:
    """One thing to decide or to know.

    Attributes
    ----------
    title : str
        One sentence, without blame.
    text : str
        The evidence, and what would change it.
    weight : {"decide", "watch", "note"}
        The first two are alerts and may be coloured; a note is listed quietly.
    topic : str
        The metric it comes from.
    """

    title: str
    text: str
    weight: Weight
    topic: str


def decide(
    *,
    evidence: pd.DataFrame | None,
    limits: pd.DataFrame,
    hygiene: pd.DataFrame,
    effect: pd.DataFrame,
    names: Mapping[str, str],
    currency: str,
    standard: pd.Series | None,
    standings: pd.DataFrame | None = None,
    time_zone: str = "UTC",
    coached_on: Mapping[str, date] | None = None,
    planned_on: Mapping[str, date] | None = None,
) -> list[Decision]:
    """What asks for a decision, weightiest first, at most `ALERTS` of them as alerts.

    Parameters
    ----------
    evidence : pandas.DataFrame or None
        ``evidence_below_standard`` by rep; None where no win rate is agreed. With threshold and
        effective_from where not all agreed to the same.
    limits : pandas.DataFrame
        ``process_limits``.
    hygiene : pandas.DataFrame
        ``hygiene``.
    effect : pandas.DataFrame
        ``hygiene_effect``, one row.
    names : mapping
        Rep id -> printed name.
    currency : str
        ISO 4217.
    standard : pandas.Series or None
        The agreed win rate.
    standings : pandas.DataFrame, optional
        ``standing``, for the expectations besides the win rate.
    time_zone : str, optional
        IANA name of the client's, in which days are named.
    coached_on, planned_on : mapping, optional
        Rep id -> the day the coaching that goes on began (``meetings.coached_on``), and the first day of the
        improvement plan that runs: what is talked about already is not asked to be talked about.

    Returns
    -------
    list of Decision
        Empty when no action is needed.
    """
    talks = _Talks(coached_on or {}, planned_on or {})
    found = [
        *(
            _reps_off_standard(evidence, names, standard, time_zone, talks)
            if evidence is not None and standard is not None
            else ()
        ),
        *(_below(standings, names, talks) if standings is not None else ()),
        *_overdue(hygiene, effect, currency),
        *_unusual_weeks(limits, currency),
    ]
    order: dict[str, int] = {"decide": 0, "watch": 1, "note": 2}
    found.sort(key=lambda decision: order[decision.weight])
    quiet = [replace(decision, weight="note") for decision in found[ALERTS:]]
    return found[:ALERTS] + quiet


_AGREED = ("threshold", "effective_from")


@dataclass(frozen=True)
class _Talks:
    """What is on record of talks about a rep's results."""

    coached_on: Mapping[str, date]
    planned_on: Mapping[str, date]

    def said(self, rep: str) -> str:
        """What goes on already; empty where nothing does."""
        if rep in self.planned_on:
            return f"The improvement plan since {style.day(self.planned_on[rep])} is the place for it."
        if rep in self.coached_on:
            return f"Coached since {style.day(self.coached_on[rep])}: look together at what has changed."
        return ""


def _reps_off_standard(
    evidence: pd.DataFrame,
    names: Mapping[str, str],
    standard: pd.Series,
    time_zone: str,
    talks: _Talks,
) -> Iterator[Decision]:
    strongest = evidence[evidence["verdict"].isin(["watch", "confront"])]
    for row in strongest.sort_values("evidence", ascending=False).to_dict("records"):
        name = names.get(row["rep_id"], row["rep_id"])
        firm = row["verdict"] == "confront"
        # what was agreed with this rep, where that is another one
        own = {one: row[one] for one in _AGREED if not style.is_missing(row.get(one))}
        agreed = {**standard[list(_AGREED)], **own}
        rate, since = style.percent(style.number(agreed["threshold"])), style.day(agreed["effective_from"])
        yield Decision(
            title=f"{name}’s results have moved away from the {rate} win rate agreed on {since}. "
            + (
                talks.said(str(row["rep_id"])) or "It is time to talk about it."
                if firm
                else "Look at it together; it is too early to conclude."
            ),
            text=_decided_since(row, time_zone)
            + (
                "The evidence is firm: looking every week, for ever, a rep who meets the standard "
                "would get here in at most 1 case in 20."
                if firm
                else "The evidence has reached “watch”: one rep in five who meets the standard "
                "gets here at some time by chance."
            ),
            # one rep in five is watched at some time by chance: on a team that is no alert
            weight="decide" if firm else "note",
            topic="evidence_below_standard",
        )


def _below(standings: pd.DataFrame, names: Mapping[str, str], talks: _Talks) -> Iterator[Decision]:
    """Reps below another expectation; where most of them are, the expectation is asked first."""
    others = standings[standings["metric"] != "win_rate_by_count"]
    for metric, rows in others.groupby("metric", sort=True):
        below = rows[rows["standing"] == "below"]
        judged = rows["standing"].isin(["exceeds", "meets", "watch", "below"]).sum()
        if below.empty:
            continue
        what = (
            f"{style.label(str(metric)).lower()} of {style.agreed(below['threshold'].iloc[0], str(metric))}"
        )
        if len(below) > 1 and len(below) > judged / 3:
            yield Decision(
                title=f"{len(below)} of {judged} reps are below the agreed {what}: ask the standard first.",
                text="What so many do not reach may not be within reach. Check goal, territory and support "
                "before anybody is spoken to.",
                weight="decide",
                topic="standing",
            )
            continue
        for row in below.to_dict("records"):
            since = f"Since {style.day(row['since'])}; it passed the test against chance."
            yield Decision(
                title=f"{names.get(row['rep_id'], row['rep_id'])} is below the agreed {what}.",
                text=" ".join(filter(None, [since, talks.said(str(row["rep_id"]))])),
                weight="decide",
                topic="standing",
            )


def _decided_since(row: Mapping[Hashable, object], time_zone: str) -> str:
    """What was won since the agreement, and since results moved, where that was later."""
    counts, lately = (
        f"{style.count(style.number(row[won]))} of {style.count(style.number(row[decided]))}"
        for won, decided in (("won_count", "decided_count"), ("since_won_count", "since_decided_count"))
    )
    said = f"Won {counts} decided since it was agreed"
    if row["since_decided_count"] == row["decided_count"] or style.is_missing(row["since_at"]):
        return f"{said}. "
    day = pd.Timestamp(str(row["since_at"])).tz_convert(time_zone)
    return f"{said}, {lately} of them since {style.day(day)}. "


def _overdue(hygiene: pd.DataFrame, effect: pd.DataFrame, currency: str) -> Iterator[Decision]:
    """Overdue opportunities ask for a decision where a pipeline is full of them; some always are overdue."""
    overdue = hygiene[(hygiene["rule"] == "past_expected_close") & (hygiene["failed_count"] > 0)]
    for row in overdue.to_dict("records"):
        share = row["failed_count"] / row["checked_count"]
        count = style.count(row["failed_count"])
        noun = "opportunity" if row["failed_count"] == 1 else "opportunities"
        said = f"Their expected close has passed; they are {style.percent(share)} of what is open."
        yield Decision(
            title=f"Close or revive {count} overdue {noun} ({style.money(row['failed_amount'], currency)}).",
            text=" ".join(filter(None, [said, _headline(effect.iloc[0])])),
            weight="decide" if share >= OVERDUE_SHARE else "note",
            topic="hygiene",
        )


def _headline(effect: pd.Series) -> str:
    """What coverage would be without them, where that changes the answer to whether it is enough."""
    enough = effect["coverage_ratio"] >= effect["required_ratio"]
    if not (enough and effect["coverage_ratio_without"] < effect["required_ratio"]):
        return ""
    return (
        f"With them coverage is {style.times(effect['coverage_ratio'])}, "
        f"without them {style.times(effect['coverage_ratio_without'])}; "
        f"{style.times(effect['required_ratio'])} is needed."
    )


def _unusual_weeks(limits: pd.DataFrame, currency: str) -> Iterator[Decision]:
    for row in limits[limits["signal"].isin(["above", "below", "run_above", "run_below"])].to_dict("records"):
        measure = row["measure"]
        label = style.label(measure)
        latest = style.measured(row["latest"], measure, currency)
        usual = style.usual(row["lower"], row["upper"], measure, currency)
        if row["signal"] in ("above", "below"):
            yield Decision(
                title=f"{label}: {latest}, {row['signal']} the usual {usual}.",
                text=f"Outside the range of the {row['weeks']} weeks before. Ask what was different.",
                weight="watch",
                topic="process_limits",
            )
        else:
            side = row["signal"].removeprefix("run_")
            yield Decision(
                title=f"{label}: eight weeks in a row {side} the average.",
                text="No single week is unusual; the level may have moved.",
                weight="note",
                topic="process_limits",
            )

"""Does the work move opportunities? Each kind and rung of activity, with against without, at landmarks.

Comparing all opportunities with a call with all without one compares long lives with short ones, and those
somebody worried about with those nobody did. What is compared here is of one stage, one age in it, and as
alike as the records can tell; reasons nobody recorded can remain, so this is a comparison and no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import check_by
from spm_lib.metrics.intervals import CONFIDENCE
from spm_lib.metrics.landmarks import KINDS, RUNGS, landmark_table
from spm_lib.metrics.logistic import contrast, fit
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period

#: Days after the entry into a stage at which is looked.
LANDMARK_DAYS = (3, 7, 14)
#: Below this many opportunities on either side, or of either end, nothing is said.
MIN_OPPORTUNITIES = 20
#: How wrongly anything may be said at all, over all rows of one table together.
FALSE_RATE = 0.05
#: Precision of the prior on the effect: log odds of more than 2 either way would surprise.
EFFECT_PENALTY = 1.0
#: Its states: nothing can be said, nothing is seen, more advance with it, fewer do.
STATES = ("not learnable yet", "no difference shown", "more advance with it", "fewer advance with it")

_ADJUSTED = {
    "entered_stage_id": "creation",
    "at_days": "landmark",
    "rep_id": "landmark",
    "log_amount": "landmark",
    "amount_unknown": "landmark",
    "log_age_days": "landmark",
    "log_prior_count": "known_until",
    "log_other_count": "known_until",
}
_COLUMNS = ["rep_id", "kind", "rung", "with_count", "with_advanced_count", "without_count"]
_COLUMNS += ["without_advanced_count", "undecided_count", "with_opportunity_count"]
_COLUMNS += [
    "without_opportunity_count",
    "with_rate",
    "without_rate",
    "difference_rate",
    "low",
    "high",
    "state",
]
_ESTIMATES = ["with_rate", "without_rate", "difference_rate", "low", "high"]


@metric(
    question="Does the work move opportunities?",
    formula="P(advance to a later stage or win within advance_days) with at least one activity of the kind "
    "that passed the rung against without, looked at 3, 7 and 14 days after the entry into an open stage; "
    "only opportunities still open in that stage then, only activities since the entry that were done and "
    "written down before that moment. Both chances by a logistic regression over the same rows, adjusted "
    "for stage, day, rep, amount, age, earlier activity and activity of the other kinds; weights shrunk to "
    "none; 90 % interval, rows of one opportunity not independent",
    time_base="landmarks in the period whose advance_days are over and told at the cut-off",
    credit="the rep who held the opportunity at the landmark",
    excluded="deleted, merged and vanished opportunities; landmarks whose advance_days are not over "
    "(undecided_count); activities written down after the landmark",
    empty="a rung no source records, or fewer than 20 opportunities with, without, advanced or not: not "
    "learnable yet, the rates are missing",
    columns={
        "kind": "call, email or meeting",
        "rung": "done, reached, two_way, decision_maker or next_step: each keeps what passed the one before",
        "with_count": "landmarks with such an activity",
        "with_advanced_count": "those of them that advanced",
        "without_count": "landmarks without",
        "without_advanced_count": "those of them that advanced",
        "undecided_count": "landmarks too young to tell",
        "with_opportunity_count": "opportunities behind with_count",
        "without_opportunity_count": "opportunities behind without_count",
        "with_rate": "chance to advance with it, the mix of opportunities being equal, 0-1",
        "without_rate": "chance without it, 0-1",
        "difference_rate": "with_rate − without_rate",
        "low": "lower end of its 90 % interval",
        "high": "upper end of it",
        "state": "not learnable yet; no difference shown; more advance with it; fewer advance with it. The "
        "last two at most 5 % of the time wrongly over all rows together",
    },
    example="200 landmarks with a call, 80 advanced; 100 without, 30 advanced, opportunities alike: with "
    "39.8 %, without 30.4 % (from 40 % and 30 %, shrunk), difference 9.4 points, 0.2 to 18.5. By chance that "
    "happens to one table in eleven: no difference shown.",
    groupings=("rep_id",),
)
def activity_value(
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    activities: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    advance_days: int,
    by: str | None = None,
    groups: list[str] | None = None,
    landmark_days: Sequence[float] = LANDMARK_DAYS,
) -> pd.DataFrame:
    """Compare opportunities with an activity to those without, at landmarks.

    Parameters
    ----------
    opportunities, changes, activities, stages : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_CHANGES``, ``ACTIVITIES``, ``STAGES``.
    period : Period
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds, advance_days : int
    by : str, optional
        rep_id.
    groups : list of str, optional
        Groups that get rows even without landmarks.
    landmark_days : sequence of float

    Returns
    -------
    pandas.DataFrame
        One row per group, kind and rung.

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("activity_value", by, ("rep_id",))
    told = min(cutoff, *(received_until.get(name, cutoff) for name in ("opportunities", "activities")))
    rows = landmark_table(
        opportunities, changes, activities, stages, told, landmark_days, advance_days, conversation_seconds
    )
    rows = _prepared(rows[period.holds(rows["landmark_at"])].reset_index(drop=True))
    recorded = _recorded(activities)
    if by is None:
        return _compared(rows, recorded)
    names = sorted({*rows["rep_id"].dropna(), *(groups or ())})
    parts = [_compared(rows[rows["rep_id"].eq(name)], recorded).assign(rep_id=name) for name in names]
    if not parts and rows.empty:
        return _compared(rows, recorded).head(0).assign(rep_id=pd.Series(dtype="str"))[_COLUMNS]
    if rows["rep_id"].isna().any():
        nobody = _compared(rows[rows["rep_id"].isna()], recorded)
        parts.append(nobody.assign(rep_id=pd.Series([None] * len(nobody), dtype="str")))
    table = pd.concat(parts, ignore_index=True)
    return table[_COLUMNS]


def _prepared(rows: pd.DataFrame) -> pd.DataFrame:
    """The landmark table with what is adjusted for."""
    amount = rows["amount"].clip(lower=0)
    return rows.assign(
        at_days=rows["landmark_days"].map("{:g}".format).astype("str"),
        log_amount=np.log1p(amount),
        amount_unknown=amount.isna().astype(float),
        log_age_days=np.log1p(rows["age_days"].clip(lower=0)),
        log_prior_count=np.log1p(rows["prior_count"]),
    )


def _recorded(activities: pd.DataFrame) -> set[tuple[str, str]]:
    """Kinds and rungs some source says anything about."""
    told = {
        "decision_maker": activities["with_decision_maker"].notna(),
        "next_step": activities["next_step_on"].notna(),
        "reached": activities["outcome"].notna()
        | activities["duration_seconds"].notna()
        | activities["direction"].eq("inbound"),
    }
    told["two_way"] = told["reached"]
    found = set()
    for kind in KINDS:
        of_kind = activities["kind"].eq(kind)
        for rung in RUNGS:
            if (of_kind & told.get(rung, of_kind)).any():
                found.add((kind, rung))
    return found


def _compared(rows: pd.DataFrame, recorded: set[tuple[str, str]]) -> pd.DataFrame:
    """One row per kind and rung."""
    over = rows[rows["is_over"]]
    table = pd.DataFrame([_one(over, kind, rung, recorded) for kind in KINDS for rung in RUNGS])
    table.insert(6, "undecided_count", int((~rows["is_over"]).sum()))
    learnable = table["error"].notna()
    said = NormalDist().inv_cdf(1 - FALSE_RATE / 2 / max(int(learnable.sum()), 1)) * table["error"]
    difference = table["difference_rate"]
    state = np.select(
        [~learnable, difference > said, difference < -said], [STATES[0], *STATES[2:]], default=STATES[1]
    )
    return table.drop(columns="error").assign(state=pd.Series(state, index=table.index, dtype="str"))


def _one(over: pd.DataFrame, kind: str, rung: str, recorded: set[tuple[str, str]]) -> dict[str, object]:
    """Counts of one kind and rung, and the comparison where there is enough of it."""
    done = over[f"{kind}_{rung}_count"].gt(0)
    advanced = over["advanced"]
    ids = over["opportunity_id"]
    facts: dict[str, object] = {
        "kind": kind,
        "rung": rung,
        "with_count": int(done.sum()),
        "with_advanced_count": int((done & advanced).sum()),
        "without_count": int((~done).sum()),
        "without_advanced_count": int((~done & advanced).sum()),
        "with_opportunity_count": ids[done].nunique(),
        "without_opportunity_count": ids[~done].nunique(),
    }
    sides = (ids[side].nunique() for side in (done, ~done, advanced, ~advanced))
    if (kind, rung) not in recorded or min(sides) < MIN_OPPORTUNITIES:
        return {**facts, **dict.fromkeys([*_ESTIMATES, "error"], np.nan)}
    return {**facts, **_estimate(over.assign(done=done.astype(float)), kind)}


def _estimate(over: pd.DataFrame, kind: str) -> dict[str, float]:
    """The chances with and without, the mix of opportunities being equal."""
    others = sum((over[f"{other}_done_count"] for other in KINDS if other != kind), start=0)
    rows = over.assign(
        log_other_count=np.log1p(others),
        advanced=over["advanced"].astype(float),
        known_until=over["known_until"].fillna(over["entered_at"]),
    )
    model = fit(
        rows,
        {"done": "known_until", **_ADJUSTED},
        "advanced",
        free={"done": EFFECT_PENALTY},
        cluster="opportunity_id",
    )
    chance = contrast(model, rows.assign(done=1.0), rows.assign(done=0.0))
    with_it, without, difference, error = chance
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
    values = (with_it, without, difference, difference - half, difference + half, error)
    return dict(zip([*_ESTIMATES, "error"], values, strict=True))

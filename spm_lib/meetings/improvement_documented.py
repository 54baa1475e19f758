"""What documents in force ask of one rep, so that a plan asks for nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from spm_lib.client import Rep, fold
from spm_lib.expectations import Expectations
from spm_lib.expectations.fields import IndividualPlan
from spm_lib.expectations.standards import is_for
from spm_lib.meetings.improvement_models import Criterion


@dataclass(frozen=True)
class Documented:
    """One thing a document asks of a rep.

    Attributes
    ----------
    metric, direction : str
    threshold : float
    weeks, minimum_n : int
    document, title, version : str
    effective_from : datetime.date
    is_standard : bool
        The rep is judged by it; otherwise it is a weekly activity of the rep's own plan.
    """

    metric: str
    direction: str
    threshold: float
    weeks: int
    minimum_n: int
    document: str
    title: str
    version: str
    effective_from: date
    is_standard: bool


#: Weeks a weekly activity is looked at over, where only the rep's own plan names it.
ACTIVITY_WEEKS = 4


def documented(expectations: Expectations, rep: Rep, on: date) -> list[Documented]:
    """Every standard for a rep in force on a day, and the weekly activity of the rep's own plan.

    Parameters
    ----------
    expectations : Expectations
    rep : Rep
    on : datetime.date
    """
    found = [
        Documented(
            **{
                name: row[name]
                for name in ("metric", "direction", "threshold", "weeks", "minimum_n", "document")
            },
            **{name: row[name] for name in ("title", "version", "effective_from")},
            is_standard=True,
        )
        for row in expectations.standards(on).to_dict("records")
        if is_for(row["applies_to"], rep)
    ]
    own = expectations.for_rep("individual_plan", rep, on)
    if own is None or not isinstance(own.front, IndividualPlan):
        return found
    return found + [
        Documented(
            metric=fold(one.what).replace(" ", "_"),
            direction="at least",
            threshold=one.count,
            weeks=ACTIVITY_WEEKS,
            minimum_n=ACTIVITY_WEEKS,
            document=own.front.document,
            title=own.front.title,
            version=own.version,
            effective_from=own.front.effective_from,
            is_standard=False,
        )
        for one in own.front.weekly_activity
    ]


def undocumented(criterion: Criterion, lines: list[Documented]) -> tuple[str, object, str] | None:
    """Why no document stands behind a criterion, what was given and what to do; None where one does."""
    same = [one for one in lines if one.metric == criterion.metric]
    if not same:
        known = ", ".join(sorted({one.metric for one in lines})) or "none"
        return (
            "no document knows this criterion",
            criterion.metric,
            f"choose from {known}; or write it into the rep’s own plan first, and agree on it",
        )
    way = [one for one in same if one.direction == criterion.direction]
    if not way:
        told = f"{same[0].document} says {same[0].direction} {same[0].threshold:g}"
        return "a criterion the other way round than agreed", criterion.direction, told
    more = all(
        criterion.threshold > one.threshold
        if one.direction == "at least"
        else criterion.threshold < one.threshold
        for one in way
    )
    if more:
        told = f"{way[0].document} says {way[0].direction} {way[0].threshold:g}"
        return "a criterion asks for more than was agreed", criterion.threshold, told
    return None

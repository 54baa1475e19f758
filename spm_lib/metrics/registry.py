"""Every metric by its id: what it asks, how it is made, and what it needs.

A metric is a function; its signature names what it needs, in words shared by all metrics (`outcomes`,
`period`, `by` ...), so that any caller that holds those facts can compute any metric.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import pandas as pd

from spm_lib.errors import MetricError

Function = TypeVar("Function", bound=Callable[..., pd.DataFrame])


@dataclass(frozen=True)
class Reads:
    """What a metric reads of a table that grows without end, where that is not all of it.

    Attributes
    ----------
    days : int or None
        Only rows that took place, or were written down, so many days before the period or later; besides
        those it may only ask whether any older row says something, and when the first one was. None means
        all rows.
    columns : tuple of str
        Only these; all when there are none.
    """

    days: int | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """The definition card of one metric.

    Attributes
    ----------
    id : str
        The function's name, and the metric's everywhere.
    question, formula, time_base, credit, excluded, empty : str
        What it answers, how, over which time, whose it is, what is left out, and what stands where there
        is nothing to measure.
    version : int
        A changed definition is a new version.
    effective_from : datetime.date
        From which day on the version holds.
    columns : dict
        Column -> meaning with its unit, in order, the grouping column left out.
    example : str
        A worked example.
    groupings : tuple of str
        What `by` may be; empty when the metric has no groups.
    function : callable
    reads : mapping of str to Reads
        Fact -> what of it is read, where the caller can hand over a part.
    """

    id: str
    question: str
    formula: str
    time_base: str
    credit: str
    excluded: str
    empty: str
    version: int
    effective_from: date
    columns: Mapping[str, str]
    example: str
    groupings: tuple[str, ...]
    function: Callable[..., pd.DataFrame] = field(repr=False)
    reads: Mapping[str, Reads] = field(default_factory=dict, repr=False)


#: Id -> the newest definition, filled by `metric`.
METRICS: dict[str, Definition] = {}
#: Id -> every definition it ever had, oldest first.
VERSIONS: dict[str, list[Definition]] = {}


def metric(
    *,
    question: str,
    formula: str,
    time_base: str,
    credit: str,
    excluded: str,
    empty: str,
    columns: Mapping[str, str],
    example: str,
    groupings: tuple[str, ...] = (),
    version: int = 1,
    effective_from: date = date(2026, 1, 1),
    name: str | None = None,
    reads: Mapping[str, Reads] | None = None,
) -> Callable[[Function], Function]:
    """Register a function as a metric; the arguments are its definition card.

    A changed definition is a function of its own with the metric's `name`, the next `version` and the day
    from which it holds; the old one stays, and reviews of weeks before that day keep it.

    See `Definition` for what the other arguments say.
    """

    def register(function: Function) -> Function:
        card = Definition(
            id=name or function.__name__,
            question=question,
            formula=formula,
            time_base=time_base,
            credit=credit,
            excluded=excluded,
            empty=empty,
            version=version,
            effective_from=effective_from,
            columns=dict(columns),
            example=example,
            groupings=groupings,
            function=function,
            reads=dict(reads or {}),
        )
        _file(card)
        return function

    return register


def _file(card: Definition) -> None:
    """Add a definition to those its metric ever had; a version and its day must follow the one before.

    Raises
    ------
    MetricError
    """
    versions = VERSIONS.setdefault(card.id, [])
    if versions:
        last = versions[-1]
        if card.version != last.version + 1 or card.effective_from <= last.effective_from:
            raise MetricError(
                f"{card.id} has no such next version",
                given=f"{card.version} from {card.effective_from}",
                remedy=f"the next one is {last.version + 1}, from a day after {last.effective_from}",
            )
    versions.append(card)
    METRICS[card.id] = card


def get(metric_id: str, on: date | None = None) -> Definition:
    """The definition of one metric.

    Parameters
    ----------
    metric_id : str
    on : datetime.date, optional
        The day whose definition is asked for; before the first one the first holds. The newest when missing.

    Raises
    ------
    MetricError
        No metric has this id; the known ones are listed.
    """
    if metric_id not in METRICS:
        raise MetricError(
            "no such metric", given=metric_id, remedy=f"known metrics: {', '.join(sorted(METRICS))}"
        )
    if on is None:
        return METRICS[metric_id]
    begun = [card for card in VERSIONS[metric_id] if card.effective_from <= on]
    return begun[-1] if begun else VERSIONS[metric_id][0]


def compute(metric_id: str, facts: Mapping[str, object], **options: object) -> pd.DataFrame:
    """Compute one metric from the facts its signature names.

    Parameters
    ----------
    metric_id : str
    facts : mapping
        Parameter name -> value; only what the metric asks for is looked up. `last_day`, where given, says
        which version of the definition holds.
    **options : object
        Values that win over the facts.

    Returns
    -------
    pandas.DataFrame
        The grouping column, if any, then the definition's columns.

    Raises
    ------
    MetricError
        Unknown metric or option, a grouping it does not have, or a fact nobody gave.
    """
    definition = get(metric_id, facts.get("last_day"))  # type: ignore[arg-type]
    parameters = inspect.signature(definition.function).parameters
    known = set(facts)
    by = options["by"] if "by" in options else facts["by"] if "by" in known else None
    if by is not None and "by" not in parameters:
        raise MetricError(f"{metric_id} has no groups", given=by, remedy="leave the grouping out")
    for name in options:
        if name not in parameters and name != "by":
            raise MetricError(
                f"{metric_id} has no such option", given=name, remedy=f"it takes {', '.join(parameters)}"
            )
    return definition.function(**_arguments(definition, facts, options))


#: A fact that is made of others: where a caller hands one of them over, it is left to be made of that.
_MADE_OF = {
    "unique": ("activities",),
    "occasions": ("activities", "opportunities", "changes", "stages", "period", "calendar", "goal_ends"),
    "ladder": (
        *("activities", "changes", "stages", "period", "cutoff", "received_until"),
        *("conversation_seconds", "advance_days", "by", "groups", "unique"),
    ),
}


def _arguments(
    definition: Definition, facts: Mapping[str, object], options: Mapping[str, object]
) -> dict[str, Any]:
    """What a metric is called with: options before facts; a fact that is None leaves a default alone."""
    arguments: dict[str, Any] = {}
    known = set(facts)
    for name, parameter in inspect.signature(definition.function).parameters.items():
        optional = parameter.default is not inspect.Parameter.empty
        if name in options:
            arguments[name] = options[name]
        elif optional and any(base in options for base in _MADE_OF.get(name, ())):
            continue
        elif name in known:
            given = _given(definition, facts, name, options)
            if given is not None or not optional:
                arguments[name] = given
        elif not optional:
            remedy = f"give it: {definition.id}(..., {name}=...)"
            raise MetricError(f"{definition.id} needs {name}", remedy=remedy)
    return arguments


def _given(
    definition: Definition, facts: Mapping[str, object], name: str, options: Mapping[str, object]
) -> object:
    """A fact; of a table that grows without end the part that is read, where the facts can hand it over."""
    part, reads = getattr(facts, "part", None), definition.reads.get(name)
    # the part is that of the facts' own period
    if part is None or reads is None or "period" in options or "cutoff" in options:
        return facts[name]
    return part(name, reads)

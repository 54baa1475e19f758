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


#: Id -> definition, filled by `metric`.
METRICS: dict[str, Definition] = {}


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
) -> Callable[[Function], Function]:
    """Register a function as a metric under its own name; the arguments are its definition card.

    See `Definition` for what each argument says.
    """

    def register(function: Function) -> Function:
        METRICS[function.__name__] = Definition(
            id=function.__name__,
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
        )
        return function

    return register


def get(metric_id: str) -> Definition:
    """The definition of one metric.

    Raises
    ------
    MetricError
        No metric has this id; the known ones are listed.
    """
    if metric_id not in METRICS:
        raise MetricError(
            "no such metric", given=metric_id, remedy=f"known metrics: {', '.join(sorted(METRICS))}"
        )
    return METRICS[metric_id]


def compute(metric_id: str, facts: Mapping[str, object], **options: object) -> pd.DataFrame:
    """Compute one metric from the facts its signature names.

    Parameters
    ----------
    metric_id : str
    facts : mapping
        Parameter name -> value; only what the metric asks for is looked up.
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
    definition = get(metric_id)
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
    arguments: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name in options:
            arguments[name] = options[name]
        elif name in known:
            arguments[name] = facts[name]
        elif parameter.default is inspect.Parameter.empty:
            raise MetricError(f"{metric_id} needs {name}", remedy=f"give it: {metric_id}(..., {name}=...)")
    return definition.function(**arguments)

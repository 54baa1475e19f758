"""The one thing that matters next week, for the owner: of the business and what we owe, never of a rep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from spm_lib import style
from spm_lib.judgement.decisions import Decision

#: Topics of decisions that name no rep.
_OF_NOBODY = ("hygiene", "process_limits")
#: Below this chance of reaching the goal it is the priority.
EVEN = 0.5


def priority(
    coverage: Mapping[Any, Any] | pd.Series,
    forecast: Mapping[Any, Any] | pd.Series,
    decisions: Sequence[Decision],
    ours: pd.DataFrame,
    period: str,
    currency: str,
) -> Decision:
    """Next week's one priority, by what weighs most: the pipeline, the goal, what we owe, a decision.

    Parameters
    ----------
    coverage : row of ``pipeline_coverage_ratio``
    forecast : row of ``forecast``
    decisions : sequence of Decision
        Those about a rep are passed over: they are not told to the owner before the rep.
    ours : pandas.DataFrame
        The manager's commitments the owner may see, of ``meetings.commitments``.
    period : str
        The goal period's label.
    currency : str

    Returns
    -------
    Decision
        Its weight is "note" where nothing presses.
    """
    ratio, need = style.number(coverage["coverage_ratio"]), style.number(coverage["required_ratio"])
    if ratio < need:
        said = (
            f"Open is {style.times(ratio)} of what is still to book; past periods needed {style.times(need)}."
        )
        return Decision(f"New opportunities for {period}.", said, "decide", "pipeline_coverage_ratio")
    chance = style.number(forecast["p_attain"]) if forecast["state"] == "measured" else float("nan")
    if chance < EVEN:
        within = style.money_range(forecast["low"], forecast["high"], currency)
        said = f"The likely end is {within}; the goal is reached in {style.percent(chance)} of cases."
        return Decision(f"Decisions on what is open for {period}.", said, "decide", "forecast")
    late = ours[ours["status"].eq("open") & ours["overdue_days"].notna()]
    if len(late):
        row = late.sort_values(["due_on", "id"], kind="stable").iloc[0]
        title = f"We keep what we promised: {style.plain(row['what'], 160)}."
        return Decision(title, f"It was due on {style.day(row['due_on'], year=False)}.", "decide", "promise")
    alerts = [one for one in decisions if one.topic in _OF_NOBODY and one.weight != "note"]
    if alerts:
        return alerts[0]
    coming = ours[ours["status"].eq("open")].sort_values(["due_on", "id"], kind="stable")
    if len(coming):
        row = coming.iloc[0]
        said = f"Promised by {style.day(row['due_on'], year=False)}."
        return Decision(f"{style.plain(row['what'], 160)}.", said, "note", "promise")
    said = "Every measure that can be told from noise had an ordinary week."
    return Decision("Keep the rhythm; nothing presses.", said, "note", "priority")

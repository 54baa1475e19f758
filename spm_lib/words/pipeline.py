"""Sentences about the open pipeline: what moved, what is left out, what breaks a rule."""

from __future__ import annotations

import pandas as pd

from spm_lib import style
from spm_lib.words.said import Row, counted, listed, opportunities


def cause(name: str) -> str:
    """A cause of pipeline change as a word in a sentence."""
    return style.label(name).lower()


def moved(change: pd.DataFrame, currency: str) -> str:
    """A pipeline change in one sentence, for those who cannot see the figure."""
    rows = {str(row["cause"]): row for row in change.to_dict("records")}
    steps = [
        f"{cause(name)} {style.money(row['amount'], currency, signed=True)}"
        for name, row in rows.items()
        if name not in ("start", "end") and row["opportunity_count"]
    ]
    ends = (style.money(rows[end]["amount"], currency) for end in ("start", "end"))
    return f"Open pipeline from {' to '.join(ends)}: {', '.join(steps) or 'nothing moved'}"


def left_out(change: pd.DataFrame) -> str:
    """What the open pipeline of a goal period leaves out at its end; empty when nothing."""
    end = change[change["cause"] == "end"].iloc[0]
    parts = [
        f"{opportunities(end[column])} {words}"
        for column, words in (
            ("later_count", "expected after the goal period"),
            ("undated_count", "without an expected close"),
        )
        if style.number(end[column]) > 0
    ]
    return f"Left out: {listed(parts)}." if parts else ""


def rule(row: Row) -> str:
    """A hygiene rule with its limit: "Untouched for more than 14 days"."""
    name, limit = str(row["rule"]), row["limit"]
    if style.is_missing(limit):
        return style.label(name)
    number = style.number(limit)
    often = "once" if number == 1 else counted(number, "time")
    return {
        "untouched_days": f"Untouched for more than {counted(number, 'day')}",
        "stage_age_days": f"In one stage for more than {counted(number, 'day')}",
        "pushed_more_than": f"Expected close pushed more than {often}",
    }.get(name, style.label(name))


def failing(row: Row) -> str:
    """How many break a rule: "12 of 58"; or why it could not be checked."""
    checked, unknown = style.number(row["checked_count"]), style.number(row["unknown_count"])
    if style.is_missing(checked) or checked == 0:
        return "nothing to check" if style.is_missing(unknown) or unknown == 0 else "not recorded"
    return f"{style.count(row['failed_count'])} of {style.count(checked)}"

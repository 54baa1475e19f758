"""The self-check and where a new client stands: levels, evidence, what helps first, the way so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, details, grid, join, tag
from spm_lib.tables.bars import bars


def environment_table(table: pd.DataFrame) -> Fragment:
    """Every subject with its states in words: the level, and what it rests on.

    Parameters
    ----------
    table : pandas.DataFrame
        ``judgement.environment``.
    """
    lines = [
        (words.subject(name), None, _states(part), "") for name, part in table.groupby("subject", sort=False)
    ]
    known = int(table["level"].notna().sum())
    said = f"{known} of {words.counted(len(table), 'part')} known"
    body = bars("The self-check by subject", ("Subject", "", "Evidence", ""), lines, "people")
    return Fragment(body, said, "block")


def _states(part: pd.DataFrame) -> Html:
    """A line per state; what cannot be yet is said once."""
    rows = part.to_dict("records")
    lines = []
    for row in rows:
        if row["basis"] == "not yet":
            continue
        name = "" if row["state"] == row["subject"] else f"{words.capital(str(row['state']))} "
        lines.append(tag("div", tag("b", f"{name}{words.level(row)}"), f": {row['said']}."))
    waiting = [str(row["state"]) for row in rows if row["basis"] == "not yet"]
    if waiting:
        lines.append(tag("div", tag("b", "Not yet"), f": {words.listed(waiting)}, once it is in force."))
    return join(lines)


def improvements_list(rows: pd.DataFrame) -> Fragment:
    """What helps most, in its order.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``judgement.next_improvements``.
    """
    lines = [words.next_step(row) for row in rows.to_dict("records")]
    if not lines:
        return Fragment(tag("p", "Every part is at its highest level."), "Nothing is short", "block")
    items = (tag("li", *_bold(line)) for line in lines)
    return Fragment(tag("ol", *items, class_="sentences"), "\n".join(lines), "block")


def _bold(line: str) -> tuple[Html, str]:
    head, _, rest = line.partition(":")
    return tag("b", f"{head}:"), rest


def trend_table(trend: pd.DataFrame) -> Fragment:
    """How it was at earlier weeks: documents at 3 or 4 by state, open parts, and what was closed since.

    Parameters
    ----------
    trend : pandas.DataFrame
        ``way_so_far``.
    """
    states = ("documented", "understood", "measured", "reinforced")
    rows = [
        [
            tag("span", style.day_short(row["on"], year=True), class_="day"),
            *(style.count(row[name]) for name in states),
            _of(row),
        ]
        for row in trend.to_dict("records")
    ]
    heads = ["Week to", "Docu­mented", "Under­stood", "Meas­ured", "Rein­forced", "Open"]
    caption = "Documents of seven at 3 or 4, and parts still open"
    body = grid(caption, heads, rows, numeric=range(1, 6), visible_caption=True)
    closed = list(_closed(trend))
    more = details("What was closed, and by when", tag("ul", *closed, class_="sentences")) if closed else None
    text = f"{words.counted(len(trend), 'week')} looked at"
    return Fragment(join((body, *((more,) if more else ()))), text)


def _of(row: Mapping[object, object]) -> str:
    return f"{style.count(style.number(row['open_count']))} of {style.count(style.number(row['part_count']))}"


def _closed(trend: pd.DataFrame) -> Iterator[Html]:
    for row in trend.to_dict("records"):
        if row["closed"]:
            parts = [_part(line) for line in str(row["closed"]).split("\n")]
            yield tag("li", tag("b", f"By {style.day(row['on'])}:"), f" {'; '.join(parts)}.")


def _part(line: str) -> str:
    subject, _, state = line.partition(": ")
    return words.subject(subject) if subject == state else f"{words.subject(subject)} {state}"


def level_rules(rules: Mapping[str, Sequence[str]]) -> Fragment:
    """What each level asks for, to open.

    Parameters
    ----------
    rules : mapping
        State or subject -> lines.
    """
    parts = [
        part
        for name, lines in rules.items()
        for part in (tag("dt", words.capital(name)), tag("dd", "; ".join(lines), "."))
    ]
    opened = details("What each level asks for", tag("dl", *parts))
    return Fragment(opened, "What each level asks for", "block")

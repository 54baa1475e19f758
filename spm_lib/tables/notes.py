"""How a number is made, where the data came from, and why one rate has several values."""

from __future__ import annotations

from datetime import date
from typing import Protocol

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, grid, join, tag

#: Exports listed; older ones are counted.
DROPS = 6


class Defined(Protocol):
    """A metric's definition, as far as a page prints it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def question(self) -> str: ...  # noqa: D102
    @property
    def formula(self) -> str: ...  # noqa: D102
    @property
    def time_base(self) -> str: ...  # noqa: D102
    @property
    def credit(self) -> str: ...  # noqa: D102
    @property
    def excluded(self) -> str: ...  # noqa: D102
    @property
    def empty(self) -> str: ...  # noqa: D102
    @property
    def effective_from(self) -> date: ...  # noqa: D102


_LINES = (
    ("Question", "question"),
    ("Formula", "formula"),
    ("Time", "time_base"),
    ("Credit", "credit"),
    ("Left out", "excluded"),
    ("When there is nothing", "empty"),
)


def definition_card(*definitions: Defined, n: str = "") -> Fragment:
    """How a number is made, to open.

    Parameters
    ----------
    *definitions : Definition
        One or more metrics of the registry.
    n : str, optional
        How many rows this page's number rests on: "126 decided".
    """
    cards = [_card(definition, n) for definition in definitions]
    summary = "How this number is made" if len(cards) == 1 else "How these numbers are made"
    names = [style.measure(definition.id) for definition in definitions]
    named = words.listed([f"{name[:1].lower()}{name[1:]}" for name in names])
    return Fragment(details(f"{summary}: {named}", *cards), f"{summary}: {named}", "note")


def _card(definition: Defined, n: str) -> Html:
    lines = [(head, getattr(definition, field)) for head, field in _LINES]
    if n:
        lines.append(("Here", n))
    since = f"version {definition.version}, since {style.day(definition.effective_from)}"
    pairs = (part for head, text in lines if text for part in (tag("dt", head), tag("dd", str(text))))
    return tag("div", tag("p", tag("b", definition.id), f", {since}"), tag("dl", *pairs), class_="definition")


def bases_table(count: pd.DataFrame, amount: pd.DataFrame, broad: pd.DataFrame) -> Fragment:
    """The win rate by count, by amount and broad, side by side, with why they differ.

    Parameters
    ----------
    count, amount, broad : pandas.DataFrame
        One row each of ``win_rate_by_count``, ``win_rate_by_amount``, ``win_rate_broad``.
    """
    named = (("win_rate_by_count", count), ("win_rate_by_amount", amount), ("win_rate_broad", broad))
    rows = [
        [
            style.label(basis),
            style.percent(table["win_rate"].iloc[0]),
            style.percent_range(table["low"].iloc[0], table["high"].iloc[0]),
            style.count(table["decided_count"].iloc[0]),
        ]
        for basis, table in named
    ]
    caption = "Win rate by basis"
    why = words.bases_differ(count.iloc[0], amount.iloc[0], broad.iloc[0])
    body = grid(caption, ["Basis", "Rate", "Range", "n"], rows, numeric=(1, 2, 3))
    opened = details("Three ways to count a win rate", body, tag("p", why) if why else None)
    return Fragment(opened, why or caption, "note")


def drops_table(drops: pd.DataFrame, time_zone: str) -> Fragment:
    """The exports this page rests on, newest first.

    Parameters
    ----------
    drops : pandas.DataFrame
        as_of, source, scope, tables, rows_read, quarantined.
    time_zone : str
        The client's.
    """
    if not len(drops):
        return Fragment(tag("p", "No export was received by this week."), "No export was received", "block")
    newest = drops.sort_values("as_of", ascending=False, kind="stable")
    rows = [_drop(row, time_zone) for row in newest.head(DROPS).to_dict("records")]
    head = ["Taken", "Brought", "Rows read", "Refused"]
    table = grid("The latest export", head, rows[:1], numeric=(2, 3))
    older = newest.iloc[DROPS:]
    read, refused = (style.count(older[column].sum()) for column in ("rows_read", "quarantined"))
    said = f"Before that {words.counted(len(older), 'export')}: {read} rows read, {refused} refused."
    more = tag("p", said, class_="quiet") if len(older) else None
    if len(rows) > 1:
        before = grid("Exports before it", head, rows[1:], numeric=(2, 3))
        table = join((table, details(f"{words.counted(len(newest) - 1, 'export')} before it", before, more)))
    return Fragment(table, f"{words.counted(len(drops), 'export')} received")


def _drop(row: words.Row, time_zone: str) -> list[object]:
    # an export that shows the end of a Sunday is dated by its first instant, a Monday's
    taken = (pd.Timestamp(str(row["as_of"])) - pd.Timedelta(microseconds=1)).tz_convert(time_zone)
    return [
        tag("span", style.day_short(taken, year=True), class_="day"),
        client_text(f"{row['source']}: {str(row['tables']).replace(',', ', ')}"),
        style.count(row["rows_read"]),
        style.count(row["quarantined"]),
    ]

"""Tables whose rows carry a bar: name and words above it on a phone, beside it on a desk."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Html, details, tag

#: Lines a table by rep shows at once: teams have 2 to 15.
LONGEST = 15

#: name, bar, words, number
Line = tuple[object, object, object, object]


def bars(caption: str, heads: Sequence[str], lines: Iterable[Line], kind: str = "") -> Html:
    """A table of four columns that stacks on a phone and stays a table for a screen reader.

    Parameters
    ----------
    caption : str
    heads : four str
        Read aloud only: the cells explain themselves.
    lines : iterable of (name, bar, words, number)
    kind : str, optional
        "people": a table of words over the whole width.
    """
    head = tag("tr", *(tag("th", name, scope="col", role="columnheader") for name in heads), role="row")
    return tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("thead", head, role="rowgroup", class_="unseen"),
        tag("tbody", *map(_line, lines), role="rowgroup"),
        class_=f"bars {kind}".strip(),
        role="table",
    )


def folded(table: Html, lines: int, noun: str) -> Html:
    """A table to open where it has more lines than a team has people, and the table itself elsewhere."""
    return table if lines <= LONGEST else details(words.counted(lines, noun), table)


def _line(cells: Line) -> Html:
    name, bar, words, number = cells
    return tag(
        "tr",
        tag("th", name, scope="row", role="rowheader"),
        tag("td", bar, role="cell", class_="track-cell"),
        tag("td", words, role="cell", class_="said"),
        tag("td", number, role="cell", class_="n"),
        role="row",
    )


def track(
    filled: float, *, mark: float | None = None, full: float | None = None, kind: str = ""
) -> Html | None:
    """A bar; the numbers beside it say the same.

    Parameters
    ----------
    filled : float
        Share of the track, 0-1; more is cut; missing means no bar.
    mark : float, optional
        Where a tick stands.
    full : float, optional
        Where the whole ends, when the track is longer.
    """
    if style.is_missing(filled):
        return None
    places = {"--v": filled, "--t": mark, "--full": full}
    look = ";".join(f"{key}:{min(max(at, 0.0), 1.0):.1%}" for key, at in places.items() if at is not None)
    return tag("span", class_=f"track {kind}".strip(), style=look, aria_hidden="true")


def in_order(table: pd.DataFrame, names: Mapping[str, str], by: str = "rep_id") -> list[dict[Hashable, Any]]:
    """Rows in the order of printed names, unassigned ones last: the same place every week, no ranking."""
    rows = table.to_dict("records")
    return sorted(
        rows, key=lambda row: (style.is_missing(row[by]), names.get(str(row[by]), str(row[by])).casefold())
    )

"""The parts of a rep's whole trail: what it is, the numbers first, then a table per month."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd

from spm_lib import style
from spm_lib.fragment import Html, client_text, grid, join, tag
from spm_lib.words import trail as told

#: A heading of the page, and what stands below it.
Part = tuple[str, Html]
_STATES = {
    "gap": "open",
    "not recorded": "not on record",
    "late": "late",
    "nothing due": "nothing due",
    "kept": "kept",
}


def trail_summary(sentences: Sequence[str]) -> Html:
    """What this is, for whom, and the few numbers of it all."""
    items = (tag("li", client_text(one)) for one in sentences)
    return join(
        (
            tag("p", f"{told.PURPOSE} {told.READERS}", class_="read"),
            tag("ul", *items, class_="sentences"),
        )
    )


def trail_months(lines: pd.DataFrame) -> Iterator[Part]:
    """Every line, by month, oldest first.

    Parameters
    ----------
    lines : pandas.DataFrame
        on, about, said, source.
    """
    for _, rows in lines.groupby(lines["on"].dt.to_period("M"), sort=True):
        month = f"{rows['on'].iloc[0]:%B %Y}"
        cells = [[_day(row["on"]), _line(row)] for row in rows.to_dict("records")]
        yield (
            month,
            tag("div", grid(month, ["Day", "What happened, and where it is written"], cells), class_="trail"),
        )


def _day(on: date) -> Html:
    return tag("span", style.day_short(on), class_="on")


def _line(row: dict[str, object] | dict[object, object]) -> Html:
    """What a line is about, what happened, and its file."""
    about = tag("b", client_text(row["about"]))
    return join((about, ". ", client_text(row["said"]), " ", _source(row["source"])))


def _source(source: object) -> Html:
    return tag("span", client_text("no record" if style.is_missing(source) else source), class_="quiet small")


def trail_part(part: pd.DataFrame) -> Html:
    """The company's own part: what is open first, then what nobody wrote down, then what was kept."""
    cells = [
        [
            _STATES[str(row["state"])],
            join(
                (
                    client_text(row["said"]),
                    " ",
                    tag("span", style.day_short(row["on"], year=True), class_="quiet small"),
                    " ",
                    _source(row["source"]),
                )
            ),
        ]
        for row in part.to_dict("records")
    ]
    return tag("div", grid("The company’s own part", ["State", "What"], cells), class_="trail")


def trail_limits() -> Html:
    """What is not in it."""
    return tag("ul", *(tag("li", one) for one in told.NOT_IN_IT), class_="sentences")

"""Where does each rep stand to what was agreed? One line per rep and expectation."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, join, name_of, tag
from spm_lib.tables.bars import Line, bars, folded, in_order, track

#: Where on a bar the agreed count of a week, or number of a period, stands.
_AGREED = 0.6

_CHANCE = (
    "A coloured standing has passed the test against chance. A rep who wins or does just what was agreed "
    "is ever shown below it in at most 1 case in 20, above it in as few, and on “watch” in at most 1 in 5, "
    "per expectation and however often one looks."
)


def standings_table(
    standings: pd.DataFrame, names: Mapping[str, str], agreements: pd.DataFrame | None = None
) -> Fragment:
    """Each rep's standings: the bar towards what was agreed, the word, the numbers, what would change it.

    Parameters
    ----------
    standings : pandas.DataFrame
        Of ``judgement.standing``.
    names : mapping
        Rep id -> printed name; the order is theirs.
    agreements : pandas.DataFrame, optional
        Per rep and document since when it is agreed, of ``Review.agreements``; None where nobody notes it.
    """
    if not len(standings):
        nothing = "Nothing is agreed in writing that a rep could be held against."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    rows = in_order(standings, names)
    agreed_on = _agreed_on(agreements)
    told = sum(words.is_told(row) for row in rows)
    caption = "Standings to what was agreed, by rep"
    heads = ("Rep and expectation", "What would change it", "Standing", "Value")
    table = folded(
        bars(caption, heads, (_line(row, names, agreed_on) for row in rows)), len(rows), "standing"
    )
    notes = [_CHANCE] if told else []
    small = (tag("p", text, class_="read small") for text in notes)
    agreed = (tag("p", text, class_="read small") for text in _documents(standings))
    text = f"{words.counted(len(rows), 'standing')}, {told} told from chance"
    return Fragment(join((table, *small, *agreed)), text)


def _agreed_on(agreements: pd.DataFrame | None) -> dict[tuple[str, str], str]:
    """(rep, document) -> since when, in words."""
    rows = [] if agreements is None else agreements.to_dict("records")
    return {(str(row["rep_id"]), str(row["document"])): words.agreement(row) for row in rows}


def _line(row: words.Row, names: Mapping[str, str], agreed_on: Mapping[tuple[str, str], str]) -> Line:
    """One rep and one expectation."""
    word = tag("span", words.standing_word(row), class_=_look(row))
    numbers = "; ".join(filter(None, [words.standing_numbers(row), words.standing_since(row)]))
    name = join((name_of(row["rep_id"], names), tag("div", words.expectation(row), class_="quiet small")))
    change = words.would_change(row)
    since = agreed_on.get((str(row["rep_id"]), str(row["document"])), "")
    if since:  # says what “not acknowledged yet” says, and more
        change = "" if words.standing_word(row) == "not yet agreed" else change
        numbers = "; ".join(filter(None, [numbers, since]))
    below = (
        tag("div", text, class_="quiet small") for text in (numbers, change and client_text(change)) if text
    )
    value = style.agreed(style.number(row["value"]), str(row["metric"]))
    return name, join((_bar(row), *below)), word, value


def _look(row: words.Row) -> str:
    """Coloured when it passed the noise test; more than agreed is no warning."""
    if not words.is_told(row):
        return "quiet"
    return "chip good" if row["standing"] == "exceeds" else "chip"


def _bar(row: words.Row) -> Html | None:
    """The value against what was agreed, which a tick marks; of a share the whole track is everything."""
    value, aim = style.number(row["value"]), style.number(row["threshold"])
    if style.is_missing(value) or aim <= 0:
        return None
    if row["kind"] == "trials":
        return track(value, mark=aim)
    return track(value / aim * _AGREED, mark=_AGREED)


def _documents(standings: pd.DataFrame) -> list[Html]:
    """Where it was agreed: title, version and day, once per document."""
    once = standings.drop_duplicates(["document", "version"]).sort_values("document", kind="stable")
    return [
        join(
            (
                "Agreed in “",
                client_text(row["title"]),
                f"”, version {style.plain(row['version'], 12)}, in force since "
                f"{style.day(row['effective_from'])}.",
            )
        )
        for row in once.to_dict("records")
    ]

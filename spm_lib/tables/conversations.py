"""Which conversation helps next, with the company's own part in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, join, name_of, tag
from spm_lib.tables.bars import Line, bars, folded, in_order

#: What a conversation is called that the company has with itself; nobody is confronted without it.
_CHECK_FIRST = "check ourselves first"
_LOOKS = {"confront": "chip", "coach up": "chip", "celebrate": "chip good"}
_NOT_LOOKED_AT = "Check ourselves: nobody has looked at the company’s own part."
#: What is missing is said before anything else, in the words the judgement uses too.
_OPEN_STATES = ("gap", "not recorded")


def conversations_table(
    conversations: pd.DataFrame,
    names: Mapping[str, str],
    ledgers: Mapping[str, pd.DataFrame],
    steps: pd.DataFrame | None = None,
) -> Fragment:
    """Per rep the proposed conversation: what goes well, the reasons, the next date, the company's own part.

    Nobody is confronted on a page without the company's own part beside it: where a rep has no ledger, the
    page says to check ourselves first.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Of ``Review.conversations``.
    names : mapping
        Rep id -> printed name; the order is theirs.
    ledgers : mapping
        Rep id -> ``judgement.company_part``, gaps first.
    steps : pandas.DataFrame, optional
        ``activity_ladder_steps`` by rep: at which step somebody to celebrate stands apart.
    """
    if not len(conversations):
        nothing = "Nothing is agreed in writing, so no conversation is proposed."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    rows = in_order(conversations, names)
    told = [_told(row, ledgers.get(str(row["rep_id"]))) for row in rows]
    lines = [_line(row, names, ledgers.get(str(row["rep_id"])), steps) for row in told]
    heads = ("Rep", "Why, and the company’s own part", "Next meeting", "Conversation")
    table = folded(bars("Proposed conversation, by rep", heads, lines, "people"), len(rows), "conversation")
    text = "\n".join(
        f"{names.get(str(row['rep_id']), row['rep_id'])}: {words.conversation(str(row['conversation']))}"
        for row in told
    )
    return Fragment(table, text, "block")


def _told(row: Mapping[Any, Any], ledger: pd.DataFrame | None) -> dict[Any, Any]:
    """The row as it may be printed: without a ledger nobody is confronted."""
    if row["conversation"] == "confront" and (ledger is None or not len(ledger)):
        return {**row, "conversation": _CHECK_FIRST, "needs": _NOT_LOOKED_AT}
    return dict(row)


def _line(
    row: Mapping[Any, Any],
    names: Mapping[str, str],
    ledger: pd.DataFrame | None,
    steps: pd.DataFrame | None,
) -> Line:
    name = str(row["conversation"])
    look = _LOOKS.get(name)
    word = (
        tag("span", words.conversation(name), class_=look) if look else tag("span", words.conversation(name))
    )
    said = [
        *(_said("Say first", line) for line in str(row["first"] or "").splitlines()),
        *(tag("div", client_text(line)) for line in str(row["reasons"]).splitlines()),
        *(tag("div", words.rung(step)) for step in _apart(name, row, steps)),
        *_own_part(name, row, ledger),
    ]
    due = tag("div", words.next_meeting(row), class_="small")
    if name == "keep":  # nothing to prepare: one line
        return name_of(row["rep_id"], names), None, join((*said, due)), word
    return name_of(row["rep_id"], names), join(said), due, word


def _said(head: str, line: str) -> Html:
    return tag("div", tag("b", head), ": ", client_text(line))


def _apart(name: str, row: Mapping[Any, Any], steps: pd.DataFrame | None) -> list[dict[Any, Any]]:
    """The steps at which somebody to celebrate stands apart, above what the others keep."""
    if name != "celebrate" or steps is None:
        return []
    mine = steps[steps["rep_id"].eq(row["rep_id"]) & steps["is_apart"].eq(True)]
    others = steps[steps["rep_id"].ne(row["rep_id"])]
    return [
        one
        for one in mine.to_dict("records")
        if style.number(one["kept_rate"])
        > style.number(others.loc[others["rung"].eq(one["rung"]), "kept_rate"].max())
    ]


def _own_part(name: str, row: Mapping[Any, Any], ledger: pd.DataFrame | None) -> list[Html]:
    """What to check first, and the whole ledger to open; before a confrontation the gaps are never folded."""
    if name in ("keep", "celebrate"):
        return []
    if ledger is None or not len(ledger):
        return [tag("div", str(row["needs"]) or _NOT_LOOKED_AT)]
    rows = ledger.to_dict("records")
    missing = [one for one in rows if one["state"] in _OPEN_STATES]
    kept = [one for one in rows if one["state"] not in _OPEN_STATES]
    gaps = sum(one["state"] == "gap" for one in rows)
    first = tag("ul", *map(_check, missing), class_="sentences") if missing else None
    rest = tag("ul", *map(_kept, kept), class_="sentences") if kept else None
    late, counted = (sum(one["state"] == state for one in kept) for state in ("late", "kept"))
    summary = words.own_part(gaps, len(missing) - gaps, late, counted)
    if name in ("confront", _CHECK_FIRST):
        return [one for one in (first, details(summary, rest)) if one is not None]
    return [details(summary, first, rest)]


def _check(row: Mapping[Any, Any]) -> Html:
    return tag("li", tag("b", "Check ourselves"), ": ", client_text(row["said"]), _evidence(row))


def _kept(row: Mapping[Any, Any]) -> Html:
    return tag("li", client_text(row["said"]), _evidence(row))


def _evidence(row: Mapping[Any, Any]) -> Html:
    """The day and the file a line of the ledger rests on."""
    if row["state"] == "nothing due":
        return tag("span")
    source = "no record" if style.is_missing(row["source"]) else style.plain(row["source"])
    day = style.day_short(row["on"], year=True)
    return tag("span", f" ({day}, ", client_text(source), ")", class_="quiet small")

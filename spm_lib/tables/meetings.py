"""Meetings promised and held, commitments open and kept, what was taught, what we noted for ourselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, join, name_of, tag
from spm_lib.tables.bars import Line, bars, folded

#: Of what was taught, so much is listed.
TAUGHT = 8

_HEADS = ("Who", "", "Kept of what was promised", "Next meeting")


def meetings_table(
    cadence: pd.DataFrame, kept: pd.DataFrame, ledger: pd.DataFrame, names: Mapping[str, str]
) -> Fragment:
    """Per person what was promised and kept: meetings, commitments, and what is past its day.

    The team's meetings stand with the manager, the catch-ups with the owner.

    Parameters
    ----------
    cadence : pandas.DataFrame
        Of ``meetings.cadence``.
    kept : pandas.DataFrame
        Of ``meetings.commitments_kept``; the order is its.
    ledger : pandas.DataFrame
        Of ``meetings.commitments``.
    names : mapping
        Rep id, "manager", "owner" -> printed name.
    """
    lines = [_person(row, cadence, names) for row in kept.to_dict("records")]
    table = folded(bars("Meetings and commitments, by person", _HEADS, lines, "people"), len(lines), "person")
    held, promised = (style.count(cadence[name].sum()) for name in ("held_count", "promised_count"))
    text = f"{held} of {promised} promised meetings held"
    return Fragment(join((table, *_opened(ledger, names))), text, "block")


def _person(row: Mapping[Any, Any], cadence: pd.DataFrame, names: Mapping[str, str]) -> Line:
    series = _series(str(row["who"]), cadence)
    meetings = [f"{words.meeting(str(one['kind']))}: {words.meetings_kept(one)}." for one in series]
    said = [*(meetings or ["No meeting is promised."]), f"Commitments: {words.commitments_kept(row)}."]
    return (
        name_of(row["who"], names),
        None,
        " ".join(said),
        words.next_due(series[0]) if series else style.DASH,
    )


def _series(who: str, cadence: pd.DataFrame) -> list[dict[Any, Any]]:
    """The series of meetings that stand with somebody; the one-on-one first."""
    kind = {"manager": "team", "owner": "owner"}.get(who)
    mine = cadence[cadence["kind"].eq(kind)] if kind else cadence[cadence["rep_id"].eq(who)]
    return mine.sort_values("kind", ascending=False, kind="stable").to_dict("records")


def _opened(ledger: pd.DataFrame, names: Mapping[str, str]) -> Iterator[Html]:
    """Commitments past their day; the ones in time, to open."""
    opened = open_first(ledger)
    late = [one for one in opened if not style.is_missing(one["overdue_days"])]
    rest = [one for one in opened if style.is_missing(one["overdue_days"])]
    if late:
        yield tag("p", "Open and past their day:", class_="quiet")
        yield tag("ul", *(_commitment(one, names) for one in late), class_="sentences")
    if rest:
        listed = tag("ul", *(_commitment(one, names) for one in rest), class_="sentences")
        yield details(f"{words.counted(len(rest), 'commitment')} open and in time", listed)


def open_first(ledger: pd.DataFrame) -> list[dict[Any, Any]]:
    """Open commitments: the longest overdue first, then by the day they are due."""
    opened = ledger[ledger["status"].eq("open")]
    return opened.sort_values(["due_on", "id"], kind="stable").to_dict("records")


def _commitment(row: Mapping[Any, Any], names: Mapping[str, str]) -> Html:
    about = ""
    if not style.is_missing(row["about"]) and row["about"] not in (row["who"], "team"):
        about = f", for {names.get(str(row['about']), str(row['about']))}"
    return tag(
        "li",
        tag("b", name_of(row["who"], names)),
        ": ",
        client_text(row["what"], 200),
        client_text(about) if about else None,
        tag("span", f" ({words.when_due(row)})", class_="quiet"),
    )


def learning_list(learning: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """What was taught lately, newest first, to open.

    Parameters
    ----------
    learning : pandas.DataFrame
        Of ``meetings.learning_log``.
    names : mapping
        Rep id, "manager", "owner" -> printed name.
    """
    if not len(learning):
        nothing = "No meeting on record taught anything yet."
        return Fragment(tag("p", nothing, class_="quiet"), nothing, "note")
    rows = learning.iloc[::-1].head(TAUGHT).to_dict("records")
    said = [words.learnt({**row, "by": names.get(str(row["by"]), row["by"])}) for row in rows]
    summary = f"What was taught: {words.counted(len(learning), 'topic')}"
    listed = tag("ul", *(tag("li", client_text(line)) for line in said), class_="sentences")
    return Fragment(details(summary, listed), summary, "note")


def noted_list(noted: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """The check of belief and the private notes of the last weeks; for the weekly review alone.

    Parameters
    ----------
    noted : pandas.DataFrame
        Of ``Review.noted``.
    names : mapping
        Rep id -> printed name.
    """
    if not len(noted):
        nothing = "Nothing was noted in the meetings of the last four weeks."
        return Fragment(tag("p", nothing), nothing, "block")
    items = [_noted(row, names) for row in noted.to_dict("records")]
    return Fragment(tag("ul", *items, class_="sentences"), words.counted(len(items), "note"), "block")


def _noted(row: Mapping[Any, Any], names: Mapping[str, str]) -> Html:
    where = words.meeting(str(row["kind"]))
    parts: list[object] = []
    if not style.is_missing(row["lost_faith"]):
        parts.append("Belief was low. " if row["lost_faith"] else "Belief is there. ")
    if not style.is_missing(row["checked"]):
        parts += ["Checked of our own part: ", client_text(row["checked"]), " "]
    if not style.is_missing(row["private"]):
        parts.append(client_text(row["private"]))
    rep = None if style.is_missing(row["rep_id"]) else join((", ", name_of(row["rep_id"], names)))
    head = tag("b", f"{style.day_short(row['on'])}, {where}", rep)
    return tag("li", head, ": ", *parts)

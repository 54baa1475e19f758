"""Meetings promised and held, commitments open and kept, what was taught, what we noted for ourselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, grid, join, name_of, tag

#: Open commitments listed; older ones than these are never cut, younger ones are to open.
OPEN_SHOWN = 6
#: Of what was taught, so much is listed.
TAUGHT = 8


def meetings_table(cadence: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """Every series of meetings: held of promised, and when the next one is due.

    Parameters
    ----------
    cadence : pandas.DataFrame
        Of ``meetings.cadence``.
    names : mapping
        Rep id -> printed name.
    """
    if not len(cadence):
        nothing = "No meeting is promised yet: say how often in `cadence:` of client.yaml."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    rows = [
        (_series(row, names), client_text(words.meetings_kept(row)), words.next_due(row))
        for row in cadence.to_dict("records")
    ]
    head = ["Meeting", "Held of promised", "Next due"]
    held, promised = (style.count(cadence[name].sum()) for name in ("held_count", "promised_count"))
    return Fragment(grid("Meetings", head, rows), f"{held} of {promised} promised meetings held")


def _series(row: Mapping[Any, Any], names: Mapping[str, str]) -> Html:
    if style.is_missing(row["rep_id"]):
        return join((words.meeting(str(row["kind"])),))
    return join((words.meeting(str(row["kind"])), ", ", name_of(row["rep_id"], names)))


def commitments_table(ledger: pd.DataFrame, kept: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """Who keeps what they commit to, and what is open, overdue first.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Of ``meetings.commitments``.
    kept : pandas.DataFrame
        Of ``meetings.commitments_kept``.
    names : mapping
        Rep id, "manager", "owner" -> printed name.
    """
    if not len(ledger):
        nothing = "No meeting has agreed on a commitment yet."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    rows = [
        (name_of(row["who"], names), client_text(words.commitments_kept(row)), _open(row))
        for row in kept.to_dict("records")
    ]
    table = grid("Commitments, by who made them", ["Who", "Done", "Open"], rows)
    opened = open_first(ledger)
    shown = [one for one in opened if not style.is_missing(one["overdue_days"])]
    rest = opened[len(shown) :]
    parts = (
        tag("ul", *(_commitment(one, names) for one in shown), class_="sentences") if shown else None,
        details(
            f"{words.counted(len(rest), 'commitment')} open and in time",
            tag("ul", *(_commitment(one, names) for one in rest), class_="sentences"),
        )
        if rest
        else None,
    )
    return Fragment(join((table, *parts)), f"{len(opened)} commitments open, {len(shown)} past their day")


def open_first(ledger: pd.DataFrame) -> list[dict[Any, Any]]:
    """Open commitments: the longest overdue first, then by the day they are due."""
    opened = ledger[ledger["status"].eq("open")]
    return opened.sort_values(["due_on", "id"], kind="stable").to_dict("records")


def _open(row: Mapping[Any, Any]) -> str:
    if not row["open_count"]:
        return "none"
    late = style.number(row["overdue_count"])
    return style.count(row["open_count"]) + (f", {style.count(late)} past their day" if late else "")


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

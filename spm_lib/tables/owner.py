"""What the business owner reads on a phone: one priority, three numbers, what is asked, who is where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, name_of, tag
from spm_lib.tables.meetings import open_first
from spm_lib.tables.summary import Days, Decided

#: Weeks the win rate is read over.
RATE_WEEKS = 26


def priority_box(priority: Decided) -> Fragment:
    """Next week's one priority; calm where nothing presses."""
    html = tag(
        "section",
        tag("h2", "Next week’s one priority"),
        tag("p", client_text(priority.title), class_="lead"),
        tag("p", client_text(priority.text)),
        class_="decide calm brief" if priority.weight == "note" else "decide brief",
    )
    return Fragment(html, f"{priority.title} {priority.text}", "lead")


def owner_numbers(
    pace: pd.DataFrame,
    coverage: pd.DataFrame,
    win_rate: pd.DataFrame,
    before: Mapping[str, Any],
    goal_period: Days,
    standard: pd.Series | None,
    currency: str,
) -> Fragment:
    """Booked, open and won, each on two lines: against what it stands, with its range, and a week ago.

    Parameters
    ----------
    pace, coverage, win_rate : pandas.DataFrame
        One row each of ``pace``, ``pipeline_coverage_ratio`` and ``win_rate_by_count``.
    before : mapping
        The same names -> the row of a week ago; pace is None where that was another goal period.
    goal_period : Period
    standard : pandas.Series or None
        The agreed win rate.
    currency : str
    """
    booked, opened, won = pace.iloc[0], coverage.iloc[0], win_rate.iloc[0]
    goal = "" if style.is_missing(booked["quota"]) else f"of {style.money(booked['quota'], currency)}"
    ratio, need = opened["coverage_ratio"], opened["required_ratio"]
    known = not style.is_missing(ratio)
    threshold = None if standard is None else float(standard["threshold"])
    within = "" if style.is_missing(won["low"]) else style.percent_range(won["low"], won["high"])
    lines = (
        (
            f"Booked, {goal_period.label}",
            style.money(booked["bookings"], currency),
            goal,
            words.booked_briefly(booked, before["pace"], currency),
        ),
        (
            f"{'Coverage' if known else 'Open'}, {goal_period.label}",
            style.times(ratio) if known else style.money(opened["open_amount"], currency),
            f"needed {style.times(need)}" if known and not style.is_missing(need) else "",
            words.open_briefly(opened, before["coverage"], currency),
        ),
        (
            f"Win rate, {RATE_WEEKS} weeks",
            style.percent(won["win_rate"]),
            within,
            words.won_briefly(won, before["win_rate"], threshold, RATE_WEEKS),
        ),
    )
    heading = tag("h2", "Three numbers", class_="unseen")
    html = tag("section", heading, *(_number(*line) for line in lines), class_="three brief")
    text = "\n".join(f"{title}: {number} {beside}. {said}" for title, number, beside, said in lines)
    return Fragment(html, text, "lead")


def _number(title: str, number: str, beside: str, sentence: str) -> Html:
    big = tag("p", number, " ", tag("span", beside, class_="beside") if beside else None, class_="big")
    return tag("div", tag("h3", title), big, tag("p", sentence), class_="number")


def asks_list(asks: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """What the owner is asked for, the longest overdue first, and what became of the last asks.

    Parameters
    ----------
    asks : pandas.DataFrame
        The owner's commitments of ``meetings.commitments``: open, and closed lately.
    names : mapping
        Rep id -> printed name.
    """
    opened = open_first(asks)
    closed = asks[~asks["status"].eq("open")].sort_values("closed_on", kind="stable").to_dict("records")
    items = [
        *(_asked(row, names) for row in opened),
        *(tag("li", _closed(row), class_="quiet") for row in closed),
    ]
    if not opened:
        items = [tag("li", "We ask nothing of you this week."), *items]
    return Fragment(
        tag("ul", *items, class_="sentences"), f"{len(opened)} asked, {len(closed)} closed", "block"
    )


def _asked(row: Mapping[Any, Any], names: Mapping[str, str]) -> Html:
    about = row["about"]
    who = None if style.is_missing(about) or about == "team" else name_of(about, names)
    parts = (", for ", who) if who is not None else ()
    due = tag("span", f": {words.when_due(row)}", class_="quiet")
    return tag("li", tag("b", client_text(row["what"], 200)), *parts, due)


def _closed(row: Mapping[Any, Any]) -> Html:
    day = style.day_short(row["closed_on"])
    late = "" if row["kept"] else f", due {style.day_short(row['due_on'])}"
    word = "Done" if row["status"] == "done" else "Dropped"
    return tag("span", f"{word} on {day}{late}: ", client_text(row["what"], 200))


def people_list(people: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """Where each person is, in the order of names."""
    rows = sorted(
        people.to_dict("records"), key=lambda row: names.get(row["rep_id"], row["rep_id"]).casefold()
    )
    items = [tag("li", tag("b", name_of(row["rep_id"], names)), ": ", words.person(row)) for row in rows]
    if not items:
        return Fragment(tag("p", "Nobody is on the team yet."), "Nobody is on the team yet.", "block")
    return Fragment(
        tag("ul", *items, class_="sentences"), words.counted(len(items), "person", "people"), "block"
    )


def our_part_list(
    meetings: pd.DataFrame, kept: pd.DataFrame, ours: pd.DataFrame, names: Mapping[str, str]
) -> Fragment:
    """What we did against what we promised: meetings, commitments kept, and what is open.

    Parameters
    ----------
    meetings : pandas.DataFrame
        kind, promised_count, held_count.
    kept : pandas.DataFrame
        Of ``meetings.commitments_kept``.
    ours : pandas.DataFrame
        The manager's open commitments of ``meetings.commitments``.
    names : mapping
        Rep id, "manager", "owner" -> printed name.
    """
    late = [row for row in open_first(ours) if not style.is_missing(row["overdue_days"])]
    items = [
        tag("li", words.our_meetings(meetings.to_dict("records"))),
        *(
            tag("li", name_of(row["who"], names), f": commitments {words.commitments_kept(row)}.")
            for row in kept.to_dict("records")
            if row["n"]
        ),
        *(
            tag("li", "Still owed: ", client_text(row["what"], 200), f" ({words.when_due(row)}).")
            for row in late
        ),
    ]
    return Fragment(tag("ul", *items, class_="sentences"), f"{len(late)} still owed", "block")


def risks_list(risks: list[Decided]) -> Fragment:
    """What may stand in the way of the goal; of nobody in person."""
    if not risks:
        nothing = "Nothing stands out that is told from an ordinary week."
        return Fragment(tag("p", nothing), nothing, "block")
    items = (tag("li", tag("b", client_text(one.title)), " ", client_text(one.text)) for one in risks)
    return Fragment(tag("ul", *items, class_="sentences"), words.counted(len(risks), "risk"), "block")

"""Sentences of the one-on-one: the rep's own numbers, where the look stops, who owes what to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from spm_lib import style
from spm_lib.words.said import Row, capital, counted, listed

_TITLES = {
    "booked": "Booked",
    "open": "Open now",
    "slipped": "Still open after its date",
    "conversations": "Conversations a week",
    "rung": "Where work falls away",
}
_RUNGS = {
    "two_way_count": "of those reached became a talk both ways",
    "decision_maker_count": "talks were with somebody who decides",
    "next_step_count": "of them ended with a dated next step",
    "advanced_count": "next steps were followed by an advance",
}
#: Why a forecast is withheld, when it is not for want of decisions.
_WITHHELD = {
    "too short a history": "the history is too short to say where it will end",
    "no amounts": "no win has an amount, so nothing is said of where it will end",
    "data too old": "the exports are too old to say where it will end",
}


def own_title(row: Row, period: str) -> str:
    """The title of a number: "Win rate by count, 26 weeks"."""
    name = str(row["number"])
    if name == "booked":
        return f"Booked, {style.plain(period)}"
    if name in ("slipped", "rung"):
        return f"{_TITLES[name]}, {counted(row['weeks'], 'week')}"
    if name in _TITLES:
        return _TITLES[name]
    weeks = "" if style.is_missing(row["weeks"]) else f", {counted(row['weeks'], 'week')}"
    return f"{style.measure(name)}{weeks}"


def own_value(row: Row, currency: str) -> tuple[str, str]:
    """The number itself and what stands beside it."""
    name, value, agreed = str(row["number"]), style.number(row["value"]), style.number(row["agreed"])
    if name == "booked":
        return style.money(value, currency), _of(style.money(agreed, currency), agreed)
    if name == "open":
        return style.count(value), "" if style.is_missing(agreed) else style.money(agreed, currency)
    if name in ("slipped", "rung"):
        return style.percent(value), _counts(row)
    shown = style.ratio(value) if name in ("conversations", "meetings_held") else style.agreed(value, name)
    return shown, _of(f"{style.agreed(agreed, name)} agreed", agreed)


def _of(text: str, value: float) -> str:
    return "" if style.is_missing(value) else f"of {text}"


def _counts(row: Row) -> str:
    if style.is_missing(row["n"]):
        return ""
    return f"{style.count(row['hit_count'])} of {style.count(row['n'])}"


def own_sentence(row: Row, currency: str) -> str:
    """What a number says: its n, its range, and the word that may be said of it."""
    told = {"booked": _booked, "open": _open, "slipped": _slipped, "rung": _rung}
    return told.get(str(row["number"]), _against)(row, currency)


def _booked(row: Row, currency: str) -> str:
    if row["state"] == "not recorded":
        return "No amount is known of what was won."
    parts = [f"{counted(row['n'], 'win')}." if not style.is_missing(row["n"]) else ""]
    if not style.is_missing(row["other"]):
        parts.append(f"The goal asks for {style.money(row['other'], currency)} by now.")
    if not style.is_missing(row["low"]):
        likely = style.money_range(row["low"], row["high"], currency)
        parts.append(f"Likely to end at {likely}, four times out of five.")
    parts.append(
        {
            "short": "As things stand the goal is all but out of reach.",
            "in line": _within_reach(row),
            "more than agreed": "The goal is passed.",
            "too few to say": _too_few_decided(row),
            "not agreed": "No goal is written down.",
        }.get(str(row["state"]), "")
    )
    return " ".join(filter(None, parts))


def _within_reach(row: Row) -> str:
    """Where the goal lies in the range."""
    goal, low, high = (style.number(row[name]) for name in ("agreed", "low", "high"))
    if style.is_missing(low):
        return "The goal is reached."
    if goal <= low:
        return "The goal looks safe."
    return "The goal is in that range." if goal <= high else "The goal is beyond it, but not ruled out."


def _too_few_decided(row: Row) -> str:
    if str(row["note"]) in _WITHHELD:
        return f"{capital(_WITHHELD[str(row['note'])])}."
    seen, wanted = style.number(row["needed_low"]), style.number(row["needed_high"])
    more = counted(max(wanted - seen, 1), "more")
    return f"Too few to say where it will end: {style.count(seen)} decided so far, {more} are needed."


def _against(row: Row, _currency: str) -> str:
    """A rate or a weekly count beside what was agreed."""
    name, state = str(row["number"]), str(row["state"])
    if state == "not recorded":
        return f"{capital(str(row['note']) or 'nobody writes it down')}."
    if style.is_missing(row["value"]):
        return "Nothing to count it from yet."
    weekly = name in ("conversations", "meetings_held")
    agreed = style.agreed(style.number(row["agreed"]), name)
    if weekly:
        span = f"{style.ratio(row['low'])}–{style.ratio(row['high'])} a week fits"
        seen = f"{style.count(row['hit_count'])} in {counted(_weeks(row), 'week')}; {span}."
    else:
        noun = "decided" if name.startswith("win_rate") else "results"
        span = style.percent_range(row["low"], row["high"])
        fits = "" if span == style.DASH else f"; {span} fits"
        seen = f"{_counts(row)} {noun}{fits}."
    side = "below" if state == "short" else "beyond"
    said = {
        "short": f"That is {side} the agreed {agreed}, and more than chance.",
        "more than agreed": f"That is {side} the agreed {agreed}, and more than chance.",
        "in line": f"No different from the agreed {agreed}.",
        "not agreed": "Nothing is agreed about it.",
        "too few to say": _more(row, weekly=weekly),
        "not judged": f"{capital(str(row['note']))}." if row["note"] else "",
    }
    return " ".join(filter(None, [seen, said.get(state, "")]))


def _weeks(row: Row) -> float:
    """Weeks on record, whole ones where they are whole."""
    return round(style.number(row["n"]), 1)


def _more(row: Row, *, weekly: bool) -> str:
    if weekly:
        return "Too few weeks to say: four are needed."
    if style.is_missing(row["other"]):
        return "Too few to say."
    return f"Too few to say: {counted(row['other'], 'more result')} and there is enough."


def _open(row: Row, _currency: str) -> str:
    if row["state"] == "not recorded":
        return "Open opportunities are not recorded."
    parts = [f"{counted(row['n'], 'opportunity', 'opportunities')}."]
    if not style.is_missing(row["other"]):
        left = counted(round(style.number(row["weeks"]), 1), "week")
        parts.append(f"About {style.count(round(row['other']))} more usually come in over the {left} left.")
    needed = "" if style.is_missing(row["needed_low"]) else _span(row, "needed")
    if needed:
        parts.append(f"By the rep’s own rates the goal still asks for {needed} to be decided.")
    said = {
        "short": "Both together are short of that.",
        "in line": "That may well be enough." if needed else "",
        "too few to say": f"Too few to say how many are needed: {row['note']}." if row["note"] else "",
        "not agreed": "No goal is written down to hold it against.",
    }
    return " ".join(filter(None, [*parts, said.get(str(row["state"]), "")]))


def _slipped(row: Row, _currency: str) -> str:
    if row["state"] == "not recorded" or not style.number(row["n"]) > 0:
        return "Nothing was expected to close in that time, as far as is written down."
    fits = style.percent_range(row["low"], row["high"])
    verb = "was" if row["n"] == 1 else "were"
    return (
        f"{style.count(row['n'])} {verb} expected to close in that time; {style.count(row['hit_count'])} "
        f"still open. {fits} fits. Nothing is agreed about it."
    )


def _rung(row: Row, _currency: str) -> str:
    if row["state"] == "not recorded":
        return "No step of the work is on record."
    seen = f"{_counts(row)} {_RUNGS.get(str(row['note']), 'got further')}"
    fits = f"{style.percent_range(row['low'], row['high'])} fits"
    if row["state"] == "too few to say":
        return f"{seen}; too few to say, {counted(row['other'], 'more')} would be enough."
    return f"{seen}; {fits}. Nothing is agreed about it: a place to ask, no more."


def own_basis(row: Row) -> str:
    """Where a number was agreed and when it was acknowledged; empty where nothing is agreed."""
    if row["state"] in ("not agreed", "not recorded") or style.is_missing(row["title"]):
        return "Not yet agreed, so not judged." if row["state"] == "not yet agreed" else ""
    title = f"“{style.plain(row['title'], 60)}”, version {str(row['version'])[:8]}"
    if style.is_missing(row["acknowledged_on"]):
        return f"Not yet agreed, so not judged: {title}, is not acknowledged yet."
    return f"Agreed in {title}, acknowledged {style.day(row['acknowledged_on'])}."


def level_said(name: str, state: str) -> str:
    """Why the look stops at a level."""
    if name == "results":
        return _STOPS_AT_RESULTS.get(state, _STOPS_AT_RESULTS["not recorded"])
    if name == "pipeline":
        enough = "Results are short, and the pipeline is not: the cause is in how what is open gets decided."
        few = "Results are short. Of the pipeline too little is known to look further down."
        return enough if state == "in line" else few
    return {
        "short": "Results, pipeline and work are short: begin with the work, it moves the other two.",
        "in line": "The work is as agreed: look at which talks become opportunities.",
    }.get(state, "Of the work too little is known, or agreed, to name a cause: ask.")


_STOPS_AT_RESULTS = {
    "in line": "Results are in line with what was agreed. The look stops here.",
    "too few to say": "It is too few to say whether results are short, so nothing further down is looked at.",
    "not yet agreed": "What is expected is not yet agreed, so nothing is judged, and nothing further down is "
    "looked at.",
    "not agreed": "Nothing is agreed in writing that results could be held against. The look stops here.",
    "not judged": "The results cannot be told from chance. The look stops here.",
    "not recorded": "No results are on record. The look stops here.",
    "short": "Results are short, and nothing further down is on record.",
}


def folded_level(name: str) -> str:
    """One line for a level that is not looked at; its numbers are inside."""
    return f"{capital(name)}: not asked about; the numbers"


def commitment_status(row: Row) -> str:
    """What became of a commitment: "kept", "overdue by 3 days", "open, due 25 November"."""
    if row["status"] == "open":
        if style.is_missing(row["overdue_days"]):
            return "open"
        return f"{counted(row['overdue_days'], 'day')} overdue"
    if row["status"] == "dropped":
        return "dropped"
    return "kept" if not style.is_missing(row["kept"]) and bool(row["kept"]) else "done, late"


def commitment_days(row: Row) -> str:
    """When it was made, due and closed: "agreed 11 Nov, due 20 Nov"."""
    parts = [f"agreed {style.day_short(row['made_on'])}", f"due {style.day_short(row['due_on'])}"]
    if row["moved_count"]:
        parts.append(f"day moved {'once' if row['moved_count'] == 1 else str(row['moved_count']) + ' times'}")
    if not style.is_missing(row["closed_on"]):
        parts.append(f"{row['status']} {style.day_short(row['closed_on'])}")
    if not style.is_missing(row["why"]):
        parts.append(style.plain(row["why"]))
    return ", ".join(parts)


def help_needed(
    commitments: pd.DataFrame, resources: pd.DataFrame, obstacles: Iterable[tuple[str, str]]
) -> list[str]:
    """Where the rep needs somebody else: promises not yet kept, what stands in the way."""
    late = commitments[commitments["overdue_days"].notna() & commitments["who"].isin(["manager", "owner"])]
    owed = resources[resources["is_late"]]
    waits = ", ".join(style.plain(what) for what in late["what"])
    return [
        *([f"Owed to the rep: {waits}."] if waits else []),
        *(f"Promised in the plan: {resource(row)}." for row in owed.to_dict("records")),
        *(f"In the way: {obstacle(what, answer)}." for what, answer in obstacles),
    ]


def resource(row: Row) -> str:
    """A resource and whether it came: "A tablet, by the owner, due 4 May 2026, supplied 2 May 2026"."""
    by = f", by the {row['promised_by']}" if row["promised_by"] in ("manager", "owner") else ""
    due = "" if style.is_missing(row["due_on"]) else f", due {style.day(row['due_on'])}"
    if not style.is_missing(row["supplied_on"]):
        return f"{style.plain(row['what'])}{by}{due}, supplied {style.day(row['supplied_on'])}"
    return f"{style.plain(row['what'])}{by}{due}, not supplied as far as we know"


def obstacle(what: str, answer: str) -> str:
    """What stands in the way, and the plan's answer to it."""
    return f"{style.plain(what)}; the plan’s answer: {style.plain(answer)}" if answer else style.plain(what)


def plan_sum(row: Row, currency: str, agreed_weekly: float) -> str:
    """The plan's arithmetic in a sentence: what the goal still asks of each week."""
    if not row or style.is_missing(row["goal"]):
        return "No goal is written down, so no week can be worked out from it."
    if row["to_go"] == 0:
        return "The goal is made; nothing is asked of the weeks left."
    to_go, weeks = style.money(row["to_go"], currency), counted(round(row["weeks_left"], 1), "week")
    if style.is_missing(row["opportunities_needed"]):
        return f"{to_go} to go in {weeks}. What a week asks cannot be worked out yet: {row['unknown']}."
    needed = _span(row, "opportunities_needed")
    noun = "opportunity" if needed == "1" else "opportunities"
    said = f"{to_go} to go in {weeks}: by own rates {needed} {noun} decided"
    if not style.is_missing(row["conversations_per_week"]):
        talks = _span(row, "conversations_per_week")
        said += f", or {talks} {'conversation' if talks == '1' else 'conversations'} a week"
        if not style.is_missing(agreed_weekly):
            said += f" ({style.count(agreed_weekly)} agreed)"
    n = f"own rates of 52 weeks: {style.count(row['won_count'])} of {style.count(row['decided_count'])} won"
    return f"{said}. {capital(n)}, disqualified counted."


def _span(row: Row, name: str) -> str:
    low, high = (style.count(max(round(style.number(row[f"{name}_{end}"])), 1)) for end in ("low", "high"))
    return low if low == high else f"{low}–{high}"


def document_days(row: Row) -> str:
    """The steps of a document that are done, each with its day."""
    steps = {"read_on": "read", "reviewed_on": "gone through", "reinforced_on": "back to it"}
    done = {said: row[name] for name, said in steps.items() if not style.is_missing(row[name])}
    if not done:
        return "not read yet"
    years = {day.year for day in done.values()}
    parts = [f"{said} {style.day_short(day, year=len(years) > 1)}" for said, day in done.items()]
    return ", ".join(parts) + (f" {years.pop()}" if len(years) == 1 else "")


def document_asks(row: Row) -> str:
    """What a document still asks for."""
    steps = {"read": "to read", "reviewed": "to go through together", "reinforced": "to come back to"}
    wanted = [steps[one] for one in str(row["asks"]).split(",") if one in steps]
    if not wanted:
        return "nothing"
    return f"{listed(wanted)}{', again: it was edited' if row['is_again'] else ''}"


def coaching_said(row: Mapping[str, object]) -> str:
    """The last focus as a question, or a proposal as one."""
    if not row:
        return (
            "No coaching is written down yet. Which one thing would help most: skill, will, knowledge or the "
            "system?"
        )
    note = style.plain(row["note"]) if row.get("note") else ""
    if row.get("on") is None:
        return f"None is written down yet. Perhaps {row['focus']}: {note}"
    since = style.day(row["on"])  # type: ignore[arg-type]
    about = f": {note}" if note else ""
    last = f"{capital(str(row['focus']))}{about}, last on {since}"
    return f"{last}. What has changed since? Keep it, or choose another?"

"""Sentences for the business owner: each one number, what it stands against, and what it was a week ago."""

from __future__ import annotations

from collections.abc import Sequence

from spm_lib import style
from spm_lib.words.goals import against_line
from spm_lib.words.said import Row, counted, listed, of_decided
from spm_lib.words.winning import win_rate

_PEOPLE = {
    "exceeds": "more than was agreed",
    "on track": "on track, no different from what was agreed",
    "too few to say": "too few results to say",
    "not yet agreed": "what is agreed is being gone through together",
}
_KINDS = {
    "team": "team meetings",
    "one_on_one": "one-on-ones",
    "improvement": "improvement meetings",
    "owner": "catch-ups with you",
}


def booked_briefly(pace: Row, before: Row | None, currency: str) -> str:
    """Bookings against the goal and last week: "62% of the goal, $37k ahead of …. A week ago $245k."."""
    said = "No goal is written down."
    if not style.is_missing(pace["quota"]):
        said = f"{style.percent(pace['attainment_rate'])} of the goal, {against_line(pace, currency)}."
    then = None if before is None else style.number(before["bookings"])
    return said if then is None else f"{said} A week ago {style.money(then, currency)}."


def open_briefly(coverage: Row, before: Row, currency: str) -> str:
    """Open amount for what is still to book, and coverage a week ago."""
    amount = style.money(coverage["open_amount"], currency)
    if style.is_missing(coverage["open_amount"]):
        return "What is open is not recorded."
    if style.is_missing(coverage["coverage_ratio"]):
        return f"{amount} open; {coverage['state']}, so no coverage is told."
    said = f"{amount} open for {style.money(coverage['remaining'], currency)} still to book"
    if not style.is_missing(coverage["required_ratio"]):
        enough = style.number(coverage["coverage_ratio"]) >= style.number(coverage["required_ratio"])
        said += f": {'enough' if enough else 'not enough'} by your own past"
    if style.is_missing(before["coverage_ratio"]):
        return f"{said}."
    return f"{said}. A week ago {style.times(before['coverage_ratio'])}."


def won_briefly(row: Row, before: Row, threshold: float | None, weeks: int) -> str:
    """The win rate with its n against what was agreed, and a week ago."""
    said = win_rate(row, threshold, weeks)
    if style.is_missing(before["win_rate"]):
        return said
    return f"{said} A week ago {style.percent(before['win_rate'])} ({of_decided(before)})."


def forecast_then(row: Row | None, currency: str) -> str:
    """What an earlier forecast said and what it came to; or that there is none yet."""
    if row is None:
        return "No goal period on record is over yet, so no forecast can be checked."
    when = f"{counted(row['weeks'], 'week')} before the end of {row['period']}"
    came = style.money(row["actual_amount"], currency)
    if str(row["state"]) != "measured":
        return f"{when} no forecast was made ({row['state']}); it came to {came}."
    low, high, came_to = (style.number(row[name]) for name in ("low", "high", "actual_amount"))
    inside = "inside it" if low <= came_to <= high else "above it" if came_to > high else "below it"
    off = style.number(row["forecast_amount"]) - came_to
    side = "high" if off > 0 else "low"
    middle = f"its middle was {style.money(abs(off), currency)} too {side}"
    basis = "" if row["known"] == "as received then" else ", by what the exports tell of that day"
    within = style.money_range(low, high, currency)
    return f"{when} the forecast was {within}{basis}; it came to {came}, {inside}, and {middle}."


def person(row: Row) -> str:
    """Where somebody is, in what they have heard themselves."""
    state, since = str(row["state"]), style.day(row["since"], year=False)
    if state == "plan":
        return f"improvement plan since {since}"
    if state == "sustained":
        return f"met the improvement plan begun on {since}; we keep an eye on what was reached"
    if state == "coached":
        focus = "" if style.is_missing(row["focus"]) else f" ({row['focus']})"
        return f"coached since {since}{focus}"
    if state == "talk first":
        due = "" if style.is_missing(row["next_on"]) else f", due by {style.day(row['next_on'], year=False)}"
        return f"the one-on-one comes first{due}"
    return _PEOPLE[state]


def our_meetings(rows: Sequence[Row]) -> str:
    """Meetings held of promised: "We held 11 of 12 team meetings and 28 of 29 one-on-ones."."""
    parts = [
        f"{style.count(row['held_count'])} of {style.count(row['promised_count'])} "
        f"{_KINDS.get(str(row['kind']), str(row['kind']))}"
        for row in rows
        if row["promised_count"]
    ]
    return f"We held {listed(parts)}." if parts else "No meeting was due yet."

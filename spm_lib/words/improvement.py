"""Sentences of an improvement plan: what it is for, the gap, chance, criteria, what came of it."""

from __future__ import annotations

from datetime import date

from spm_lib import style
from spm_lib.words.said import Row, capital, counted
from spm_lib.words.standings import expectation

#: Step of a plan -> what is gone through.
STEPS = {
    "gap": "What was agreed, and what happened",
    "criteria": "What it is measured by, and when",
    "support": "What the company provides",
    "consequence": "What happens at the end",
}
#: Name of a day -> as a page prints it.
DAYS = {"start": "Start", "end": "End", "now": "Now", "sustained until": "Looked after until"}
_UNITS = {"trials": "decided", "weekly": "weeks", "periods": "periods"}
_RESULTS = {"met": "met", "extended": "extended", "ended": "ended"}
_PROPOSED = {
    "go on": "Nothing is to be decided yet.",
    "met": "What the numbers propose: the plan is met.",
    "extend": "What the numbers propose: extend the plan.",
    "end": "What the numbers propose: the plan ends without what was agreed.",
}
#: Said beside every proposal.
PEOPLE_DECIDE = "The numbers propose and people decide, together and after a talk."
#: What happens at the end, where the plan's own words do not say it.
CONSEQUENCE = (
    "Met: the plan is over, and what was reached is looked after for a while. Not met: the company first "
    "checks its own part. If something of it is open, the plan goes on until that is done; if not, rep, "
    "manager and owner talk about the right next step."
)


def purpose(name: str, row: Row | None) -> str:
    """What a plan is for, in one sentence."""
    what = "what was agreed" if row is None else f"{_small(expectation(row))}"
    return f"To help {style.plain(name)} reach again what we agreed on together: {what}."


def where_it_stands(state: str, starts_on: date, ends_on: date, on: date, sustain_until: date | None) -> str:
    """Where a plan is on its way."""
    if state == "planned":
        return f"It begins on {style.day(starts_on)}."
    if state == "running":
        week, weeks = (on - starts_on).days // 7 + 1, -(-(ends_on - starts_on).days // 7)
        if on > ends_on:
            return f"It was to end on {style.day(ends_on)}; what came of it is not written down yet."
        return f"Week {week} of {weeks}; it ends on {style.day(ends_on)}."
    if state == "sustained":
        return f"It was met; what was reached is looked after until {style.day(sustain_until)}."
    return "It is over."


def next_look(days: list[tuple[str, date]], on: date) -> str:
    """The next day on which it is looked at together; empty when none is left."""
    ahead = [(name, day) for name, day in days if day > on]
    return f"Next look together: {style.day(ahead[0][1])}." if ahead else ""


def documented(title: str, version: str, effective_from: date, acknowledged_on: date | None) -> str:
    """Where the standard stands, and since when the rep knows it."""
    known = (
        f"read and gone through together by {style.day(acknowledged_on)}"
        if acknowledged_on
        else "not read and gone through together yet"
    )
    return (
        f"Agreed in “{style.plain(title)}”, version {style.plain(version, 12)}, in force since "
        f"{style.day(effective_from)}; {known}."
    )


def reached(row: Row) -> tuple[str, str]:
    """How many peers reached what is asked, and in how many earlier periods the rep did."""
    peers, peers_met, own, own_met = (
        0 if style.is_missing(row[name]) else int(row[name])
        for name in ("peers_count", "peers_met_count", "own_count", "own_met_count")
    )
    others = f"{peers_met} of {peers}" if peers else "nobody has enough results"
    before = f"{own_met} of {counted(own, 'period')}" if own else "no earlier period"
    return others, before


def chance_line(row: Row) -> str:
    """How far chance reaches in one criterion, and whether the plan's time tells."""
    metric, name = str(row["metric"]), expectation(row)
    aim = style.agreed(style.number(row["threshold"]), metric)
    if style.is_missing(row["low"]):
        return f"{name}: how far chance reaches cannot be computed, so it can be met and not be missed."
    if row["low"] == row["high"]:
        return f"{name}: {_without_exception(row)}"
    low, high = (style.agreed(style.number(row[one]), metric) for one in ("low", "high"))
    does = f"truly wins {aim}" if metric.startswith("win_rate") else f"truly has {aim}"
    unit, expected = _unit(row), style.count(style.number(row["expected_n"]))
    if row["kind"] == "weekly":
        time = f"over {expected} weeks"
    else:
        time = f"after the {style.count(round(style.number(row['expected_n'])))} {unit} that the time brings"
    band = f"who {does} shows {low} to {high} {time}, 9 times in 10"
    return f"{name}: {band}. {_tells(row, unit)}"


def _unit(row: Row) -> str:
    """What is counted: of what is logged in time those are activities, and nothing is decided."""
    if row["kind"] == "trials" and not str(row["metric"]).startswith("win_rate"):
        return "activities"
    return _UNITS.get(str(row["kind"]), "results")


def _without_exception(row: Row) -> str:
    """A share of all, or of none: chance has no part in it."""
    if style.number(row["threshold"]) == 1:
        return "all of them are asked for, so a single exception tells."
    return "none is asked for, so a single one tells."


def _tells(row: Row, unit: str) -> str:
    """Whether the time is enough to tell half of what is asked from all of it."""
    if style.is_missing(row["needed_n"]):
        return "No plan is long enough to tell half of it from all of it."
    needed = f"It takes {style.count(style.number(row['needed_n']))} {unit} to tell half of it from all of it"
    if row["tells"]:
        return f"{needed}: the time is enough."
    if row["kind"] == "weekly":
        return f"{needed}: the time is short, look with care."
    return f"{needed}: the time is too short to be certain, so what the rep does tells earlier."


def criterion_numbers(row: Row) -> str:
    """A criterion's value with its n: "4 of 33 decided", "31 in 6 weeks"."""
    n, kind = style.number(row["n"]), str(row["kind"])
    if style.is_missing(n) or not n:
        return "nothing yet"
    if kind == "trials":
        return f"{style.count(row['hit_count'])} of {style.count(n)}"
    if kind == "weekly":
        return f"{style.count(row['hit_count'])} in {counted(n, 'week')}"
    return counted(n, "period")


def state_word(row: Row) -> str:
    """A state in a few words, with what is missing for one."""
    if row["state"] != "too few to say":
        return str(row["state"])
    n = style.number(row["n"])
    got = style.count(0 if style.is_missing(n) else n)
    unit = _unit(row)
    if n >= style.number(row["minimum_n"]):  # short of its number, and nothing tells by how much it may be
        return f"short so far; {counted(n, unit.removesuffix('s'))} cannot be told from chance"
    return f"too few to say: {got} of {style.count(row['minimum_n'])} {unit}"


def support_state(row: Row) -> str:
    """What became of something the company provides."""
    state = str(row["state"])
    if state in ("given", "given late"):
        return f"{state}, on {style.day(row['done_on'])}"
    return "not given yet: its day has passed" if state == "overdue" else "to come"


def step_done(row: Row) -> str:
    """How far a step has been gone through: "read 16 Nov 2026, together 17 Nov 2026"."""
    days = [
        f"{word} {'not yet' if style.is_missing(row[one]) else style.day_short(row[one], year=True)}"
        for word, one in (("read", "read_on"), ("together", "reviewed_on"))
    ]
    return "not read yet" if days == ["read not yet", "together not yet"] else ", ".join(days)


def day_name(name: str) -> str:
    """The name of a day as a page prints it: checkpoint 1 is "Checkpoint 1"."""
    return DAYS.get(name, capital(name))


def outcome(result: str, on: date, why: str | None, until: date | None) -> str:
    """What came of a plan, as it is written in it."""
    to = f" until {style.day(until)}" if until else ""
    because = f" Why: {style.plain(why)}" if why else ""
    return f"{capital(_RESULTS[result])}{to}, on {style.day(on)}.{because}"


def sustained(until: date | None) -> str:
    """What happens after success."""
    if until is None:
        return (
            "Once the plan is met, what was reached is looked after for a while: the same criteria, once a "
            "month, without new ones."
        )
    return f"Until {style.day(until)} the same criteria are looked at once a month, without new ones."


def proposal(result: str) -> str:
    """What the numbers propose."""
    return _PROPOSED[result]


def _small(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"

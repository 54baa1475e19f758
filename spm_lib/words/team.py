"""Sentences for a team that meets: facts against what was agreed, no verdicts, nobody compared."""

from __future__ import annotations

from spm_lib import style
from spm_lib.words.goals import booked, line_name
from spm_lib.words.said import Row, capital, counted, listed

#: Working days of a usual week; a shorter one is said.
_WHOLE_WEEK = 5


def team_goal(pace: Row, period: str, currency: str) -> str:
    """Where the team stands to its goal, with the expected line."""
    said = booked(pace, period, currency)
    expected = style.number(pace["expected_to_date"])
    if style.is_missing(style.number(pace["quota"])) or style.is_missing(expected):
        return said
    line = line_name(str(pace["basis"]))
    by_now = "" if line.endswith("at this point") else " by now"
    return f"{said.removesuffix('.')}. {capital(line)}: {style.money(expected, currency)}{by_now}."


def win_known(row: Row) -> str:
    """What is on record of how a win came about; what is not is named, never guessed."""
    known, missing = [], []
    if style.is_missing(row["business"]):
        missing.append("new or existing business")
    else:
        known.append(f"{row['business']} business")
    if style.is_missing(row["lead_source"]):
        missing.append("source")
    else:
        known.append(f"source {style.plain(row['lead_source'], 60)}")
    if style.is_missing(row["cycle_days"]) or style.number(row["cycle_days"]) < 0:
        missing.append("when it was opened")
    else:
        known.append(f"{counted(round(style.number(row['cycle_days'])), 'day')} in the pipeline")
    talks = style.number(row["conversation_count"])
    if style.is_missing(talks):
        missing.append("conversations")
    else:
        known.append(f"{counted(talks, 'conversation')} before" if talks else "no conversation logged on it")
    parts = [f"{capital(', '.join(known))}."] if known else []
    parts += [f"Not on record: {listed(missing)}."] if missing else []
    return " ".join(parts)


def against_agreed(row: Row, currency: str) -> str:
    """A week's measure against the agreed number and against its own usual range, as facts."""
    measure, latest = str(row["measure"]), style.number(row["latest"])
    if style.is_missing(latest):
        return "no data this week"
    parts = []
    agreed = style.number(row["agreed"])
    if not style.is_missing(agreed):
        value = style.measured(latest, measure, currency)
        parts.append(f"{value} of {style.measured(agreed, measure, currency)} agreed")
    days = style.number(row["business_days"])
    if days < _WHOLE_WEEK:
        parts.append(f"a week of {counted(days, 'working day')}")
    return "; ".join([*parts, _range(row, measure, currency)])


def _range(row: Row, measure: str, currency: str) -> str:
    """Where the week lies to its usual range."""
    signal = str(row["signal"])
    usual = style.usual(style.number(row["lower"]), style.number(row["upper"]), measure, currency)
    if signal in ("above", "below"):
        return f"{signal} its usual {usual}"
    if signal in ("run_above", "run_below"):
        side = signal.removeprefix("run_")
        return f"inside its usual {usual}, eight weeks in a row {side} its average"
    plain = {
        "none": f"inside its usual {usual}",
        "no variation": "the same every week",
        "too few to say": "too few this week to say",
    }
    return plain.get(signal, "too few weeks for a usual range")


def result_booked(row: Row, currency: str) -> str:
    """A rep's own goal and wins: "of $100k, 11 won, 1 of them without an amount"."""
    quota, unpriced = style.number(row["quota"]), style.number(row["no_amount_count"])
    goal = "no goal agreed" if style.is_missing(quota) else f"of {style.money(quota, currency)}"
    without = f", {style.count(unpriced)} of them without an amount" if unpriced > 0 else ""
    return f"{goal}, {style.count(row['won_count'])} won{without}"


def not_counted(what: str) -> str:
    """A weekly activity that plans agree on and no export counts."""
    return f"“{style.plain(what, 80)}” is agreed as a weekly activity; no export counts it."


def agreed_weeks(row: Row) -> str:
    """Weeks an agreed count was reached in: "14 conversations a week agreed: 9 of 13 weeks"."""
    if style.is_missing(row["measure"]):
        return "no weekly count agreed"
    what = f"{style.count(row['agreed'])} {style.label(str(row['measure'])).lower()}"
    if not row["week_count"]:
        return f"{what} a week agreed: no week with data yet"
    of = f"{style.count(row['reached_count'])} of {counted(row['week_count'], 'week')}"
    return f"{what} a week agreed: {of}"


def learning_since(row: Row, by: str, currency: str) -> str:
    """What was taught last, and how the measure it was to move has gone since."""
    said = (
        f"{style.plain(row['topic'], 160)}: shared by {style.plain(by, 80)} on {style.day(row['taught_on'])}."
    )
    if style.is_missing(row["measure"]):
        return f"{said} No measure was named that it is to move."
    measure = str(row["measure"])
    name = style.label(measure)
    after = style.number(row["level_after"])
    if style.is_missing(after):
        return f"{said} It is to move {name.lower()}; no whole week with data has passed since."
    before, now = (style.measured(_shown(value), measure, currency) for value in (row["level_before"], after))
    weeks = (counted(row[key], "week") for key in ("weeks_before", "weeks_after"))
    old, new = weeks
    numbers = f"{name} a week: {before} before ({old}), {now} since ({new})"
    return f"{said} {numbers}; {_LEARNT.get(str(row['state']), str(row['state']))}."


def _shown(value: object) -> float:
    """A mean with one decimal."""
    return round(style.number(value), 1) if abs(style.number(value)) > 1 else style.number(value)


_LEARNT = {
    "moved": "that is more than chance brings",
    "moved the other way": "that is less than chance brings",
    "not yet": "no more than chance brings so far",
    "too few to say": "too few weeks to say whether anything changed",
    "no such measure": "no export holds that measure",
}


def to_learn(rule: Row | None) -> str:
    """A question the team may look at together, from what its pipeline shows."""
    if rule is None:
        return "Which opportunity of this week taught one of us something the others could use?"
    failed, checked = style.count(rule["failed_count"]), style.count(rule["checked_count"])
    name = style.label(str(rule["rule"]))
    return f"{name}: {failed} of {checked}. What would make this easier for all of us?"


def rule_kept(row: Row) -> str:
    """One rule of the agreement, counted for the whole team."""
    name = style.label(str(row["rule"]))
    if not row["checked_count"]:
        return f"{name}: nothing to check."
    said = f"{name}: {style.count(row['failed_count'])} of {style.count(row['checked_count'])}"
    unknown = style.number(row["unknown_count"])
    return f"{said}, {style.count(unknown)} could not be checked." if unknown else f"{said}."


def brought_back(row: Row) -> str:
    """When a team meeting came back to a document last."""
    title = style.plain(row["title"], 120)
    if style.is_missing(row["last_on"]):
        return f"{title}: no team meeting has come back to it yet."
    return f"{title}: last brought back on {style.day(row['last_on'])}."


def due_day(row: Row) -> str:
    """The day of a commitment and when it was made."""
    return f"due {style.day_short(row['due_on'])}, made {style.day_short(row['made_on'])}"

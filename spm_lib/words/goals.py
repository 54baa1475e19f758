"""Sentences about goals: booked, still needed, covered."""

from __future__ import annotations

from spm_lib import style
from spm_lib.words.said import Row, capital, counted, opportunities


def booked(pace: Row, period: str, currency: str) -> str:
    """Bookings against the goal and against the straight line to it.

    Parameters
    ----------
    pace : row of ``pace``
    period : str
        The goal period's label.
    currency : str
    """
    quota = style.number(pace["quota"])
    if style.is_missing(quota):
        return f"No goal is written down for {period}, so there is nothing to compare it with."
    elapsed, all_days = (style.count(pace[key]) for key in ("business_days_elapsed", "business_days"))
    return (
        f"{style.percent(pace['attainment_rate'])} of the goal, {elapsed} of {all_days} business days gone: "
        f"{against_line(pace, currency)}."
    )


def against_line(pace: Row, currency: str) -> str:
    """Where bookings stand: "$31k ahead of a straight line to it", or of the client's own past periods."""
    gap, line = style.number(pace["gap"]), line_name(str(pace["basis"]))
    if style.is_missing(gap):
        return "no line to compare it with"
    if style.money(abs(gap), currency) == style.money(0, currency):
        return f"level with {line}"
    return f"{style.money(abs(gap), currency)} {'ahead of' if gap > 0 else 'behind'} {line}"


def line_name(basis: str) -> str:
    """How the way to the goal is called: the client's own curve, or a straight line."""
    return "your past periods at this point" if basis.startswith("own curve") else "a straight line to it"


def forecast(row: Row, period: str, currency: str) -> str:
    """Where the period is likely to end, or why nothing is said."""
    if str(row["state"]) != "measured":
        return f"Where {period} will end is not said: {row['state']}."
    spread = style.money_range(row["low"], row["high"], currency)
    said = f"Likely to end at {spread}, four times out of five"
    if style.is_missing(style.number(row["p_attain"])):
        return f"{said}."
    return f"{said}; the goal is reached in {_cases(float(row['p_attain']))}."


def _cases(share: float) -> str:
    """A share of draws; a sample proves neither never nor always."""
    if share == 0:
        return "hardly any case"
    return "almost every case" if share == 1 else f"{style.percent(share)} of cases"


def needed(pace: Row, currency: str) -> str:
    """What each remaining week has to bring; empty when there is nothing left to say."""
    remaining, weeks = (
        style.number(pace["quota"]) - style.number(pace["bookings"]),
        style.number(pace["weeks_left"]),
    )
    if style.is_missing(remaining):
        return ""
    if remaining <= 0:
        return "The goal is reached."
    if style.is_missing(weeks) or weeks <= 0:
        return f"{style.money(remaining, currency)} short of the goal, and the period is over."
    left = counted(round(weeks, 1), "week")
    return (
        f"{style.money(remaining, currency)} is still to book in {left}: "
        f"{style.money(pace['needed_per_week'], currency)} a week."
    )


def unmeasured(row: Row) -> str:
    """What a rep's attainment leaves out: won ones without an amount, days the goal does not cover."""
    uncovered = 0 if style.is_missing(row["quota"]) else row["uncovered_days"]
    parts = [
        (row["no_amount_count"], f"{style.count(row['no_amount_count'])} without an amount"),
        (uncovered, f"no goal for {counted(uncovered, 'business day')}"),
    ]
    return "".join(f", {words}" for size, words in parts if style.number(size) > 0)


def pace_seen(pace: Row, currency: str) -> str:
    """The pace figure in one sentence."""
    made = f"Booked {style.money(pace['bookings'], currency)}"
    if style.is_missing(style.number(pace["quota"])):
        return f"{made} so far, no goal"
    return f"{made} of {style.money(pace['quota'], currency)}, {against_line(pace, currency)}"


def coverage(row: Row, period: str, currency: str) -> str:
    """Open amount against what is still to book, and what the client's own history asks for."""
    state = str(row["state"])
    open_amount = style.money(row["open_amount"], currency)
    undated = style.number(row["undated_count"])
    if state == "not recorded":
        return "Open opportunities are not recorded, so nothing is said of what is still to come."
    if style.is_missing(style.number(row["open_amount"])) and not row["open_count"] and undated:
        verb = "has" if undated == 1 else "have"
        return f"{opportunities(undated)} open {verb} no expected close, so nothing is said of {period}."
    if state == "already made":
        return f"The goal of {period} is already made; {open_amount} is open on top of it."
    if state == "no quota":
        return f"{open_amount} is open for {period}. Without a goal there is nothing to cover."
    if state == "cycle too short":
        return _quick(row, open_amount, currency)
    if state == "no amounts":
        return f"{opportunities(row['open_count'])} open for {period}, none with an amount."
    if style.is_missing(style.number(row["coverage_ratio"])):
        return f"{capital(state)}: no coverage can be told."
    remaining = style.money(row["remaining"], currency)
    return f"{open_amount} open for {remaining} still to book. {required(row)}"


def _quick(row: Row, open_amount: str, currency: str) -> str:
    """Where most is opened and closed within weeks, the run rate speaks instead of the pipeline."""
    cycle = counted(row["cycle_days"], "day")
    said = f"Won ones close within {cycle} here, so the {open_amount} open says little."
    if style.is_missing(row["booked_per_week"]):
        return said
    return f"{said} Lately {style.money(row['booked_per_week'], currency)} was booked a week."


def required(row: Row) -> str:
    """The coverage the client's own past periods asked for, or why it is not known."""
    ratio = style.number(row["required_ratio"])
    if style.is_missing(ratio):
        return f"How much is enough is not known yet: {row['required_basis']}."
    enough = style.number(row["coverage_ratio"]) >= ratio
    return f"Your own past periods needed {style.times(ratio)}: {'enough' if enough else 'not enough'}."


def overdue_effect(with_all: float, without: float, failed: float) -> str:
    """What coverage would be if the overdue opportunities were dead; empty when it changes nothing."""
    if style.is_missing(with_all) or style.is_missing(without) or not failed:
        return ""
    those = (
        "the one overdue opportunity is"
        if failed == 1
        else f"the {style.count(failed)} overdue opportunities are"
    )
    if style.ratio(without) == style.ratio(with_all):
        return f"If {those} dead, coverage stays at {style.times(with_all)}."
    return f"If {those} dead, coverage is {style.times(without)}, not {style.times(with_all)}."

"""Colours, labels and formats: the one place where a number becomes text. Imports nothing of ours."""

from __future__ import annotations

import math
import unicodedata
from datetime import date, datetime
from typing import Any

import pandas as pd

#: What stands where there is no number. A page gives the reason beside it.
DASH = "–"
MINUS = "−"
_NARROW = "\u00a0"
_UNPRINTED = frozenset({"Cc", "Cs", "Zl", "Zp"})
# embeddings, overrides and isolates turn the words around them; joiners stay, some scripts need them
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")

#: Token -> its light colour; `page.css` declares the same names for light, dark and print.
PALETTE = {
    "paper": "#fbfaf7",
    "card": "#fffffe",
    "ink": "#1d2433",
    "muted": "#586172",
    "line": "#e3e1da",
    "soft": "#e6eff5",
    "blue": "#1f5f8b",
    "rust": "#b4431f",
    "few": "#848c99",
    "gain": "#4f7f95",
    "loss": "#a07a5c",
}

_SCALES = (("", 1.0), ("k", 1e3), ("M", 1e6), ("B", 1e9))
_SYMBOLS = {
    "USD": "$",
    "GBP": "£",
    "EUR": "€",
    "JPY": "¥",
    "INR": "₹",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
}

#: How a page names an id: measures, causes, rungs, rules, findings, bases.
LABELS = {
    # weekly measures
    "new_opportunities": "New opportunities",
    "decided": "Decided",
    "won": "Won",
    "bookings": "Bookings",
    "conversations": "Conversations",
    "meetings_held": "Meetings held",
    "logged_within_24h_rate": "Logged within 24 hours",
    # metrics
    "win_rate_by_count": "By count",
    "win_rate_by_amount": "By amount",
    "win_rate_broad": "Broad, disqualified counted",
    "attainment": "Attainment",
    "pace": "Pace",
    "pipeline": "Pipeline",
    "pipeline_change": "Pipeline change",
    "pipeline_coverage_ratio": "Pipeline coverage",
    "hygiene": "Hygiene",
    "activity": "Activity",
    "activity_ladder": "Activity ladder",
    "process_limits": "Usual range of a week",
    "evidence_below_standard": "Evidence below the standard",
    "win_rate_by_cohort": "By cohort, of what was created",
    "win_rate_eventual": "In the end, of what was created",
    # causes of pipeline change
    "start": "start",
    "created": "created",
    "transferred_in": "taken over",
    "pulled_in": "pulled in",
    "increased": "increased",
    "reopened": "reopened",
    "lost": "lost",
    "disqualified": "disqualified",
    "pushed_out": "pushed out",
    "decreased": "decreased",
    "transferred_out": "handed over",
    "merged": "merged",
    "deleted": "deleted",
    "end": "end",
    # rungs of the ladder
    "logged_count": "logged",
    "unique_count": "unique",
    "reached_count": "reached",
    "two_way_count": "two-way",
    "decision_maker_count": "decision maker",
    "next_step_count": "next step",
    "advanced_count": "advanced",
    # hygiene rules
    "past_expected_close": "Expected close has passed",
    "no_expected_close": "No expected close",
    "no_amount": "No amount",
    "no_next_step": "No next step",
    "no_future_activity": "Nothing planned",
    "untouched_days": "Untouched for too long",
    "stage_age_days": "Longer in its stage than expected",
    "pushed_more_than": "Expected close pushed too often",
    "single_contact": "Only one contact",
    "lost_without_reason": "Lost without a reason",
    # findings
    "undated": "No creation date",
    "no_rate": "No exchange rate",
    "unknown_rep": "Unknown rep",
    "negative_cycle": "Closed before it was created",
    # documents
    "crm_usage": "CRM usage",
    # groups
    "rep_id": "Rep",
    "product_line": "Product line",
    "territory": "Territory",
    "business": "Business",
    "account_id": "Account",
    "lead_source": "Lead source",
    "stage_id": "Stage",
}


def label(name: str) -> str:
    """How a page names an id; an id without a label of its own is printed as words."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def document(name: str) -> str:
    """How a page names a document by its kind alone: a title may hold the name of whom it was changed for."""
    return label(name.partition("-")[0])


def measure(name: str) -> str:
    """The label of a measure that stands alone: "win_rate_by_count" -> "Win rate by count"."""
    if name.startswith("win_rate_") and name in LABELS:  # one without a label of its own is named whole
        return f"Win rate {label(name)[:1].lower()}{label(name)[1:]}"
    return label(name)


def agreed(value: float | None, name: str) -> str:
    """An agreed number, or one to hold against it, in the unit of its metric: 0.3 -> "30%"."""
    if name.startswith("win_rate") or name.endswith("_rate") or name == "attainment":
        return percent(value)
    return ratio(value) if name.endswith("_ratio") else count(value)


def is_missing(value: Any) -> bool:
    """Whether there is nothing to print: None, NaN, NaT."""
    return value is None or bool(pd.isna(value))


def number(value: Any) -> float:
    """A cell as a float; a missing one is NaN."""
    return math.nan if is_missing(value) else float(value)


def plain(text: object, limit: int | None = None) -> str:
    """Text of a client on one line, without control or direction signs, at most `limit` signs long."""
    if is_missing(text):
        return DASH
    kept = (
        " " if unicodedata.category(sign) in _UNPRINTED or sign in _DIRECTION else sign for sign in str(text)
    )
    line = " ".join("".join(kept).split()) or DASH
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def count(value: float | None) -> str:
    """1234 -> "1,234"; shares of a split keep one decimal."""
    if value is None or is_missing(value):
        return DASH
    rounded = round(float(value), 1)
    return _signed(rounded, f"{abs(rounded):,.0f}" if rounded == int(rounded) else f"{abs(rounded):,.1f}")


def percent(rate: float | None) -> str:
    """0.316 -> "32%"; what is not nothing is never printed as 0%, what is not all never as 100%."""
    if rate is None or is_missing(rate):
        return DASH
    if 0 < rate < 0.005:
        return "<1%"
    if 0.995 <= rate < 1:
        return ">99%"
    whole = math.floor(abs(rate) * 100 + 0.5)
    return _signed(rate if whole else 0, f"{whole:,}%")


def percent_range(low: float | None, high: float | None) -> str:
    """(0.25, 0.39) -> "25–39%"."""
    if is_missing(low) or is_missing(high):
        return DASH
    return f"{percent(low).rstrip('%')}–{percent(high)}"


def ratio(value: float | None) -> str:
    """1.84 -> "1.8"."""
    return DASH if value is None or is_missing(value) else _signed(value, f"{abs(value):,.1f}")


def times(value: float | None) -> str:
    """1.84 -> "1.8×"."""
    return DASH if value is None or is_missing(value) else f"{ratio(value)}×"


def symbol(currency: str) -> str:
    """USD -> "$"; a currency without a sign of its own keeps its code and a space."""
    return _SYMBOLS.get(currency, f"{currency}{_NARROW}")


def money(amount: float | None, currency: str, *, signed: bool = False) -> str:
    """312000 -> "$312k", 1240000 -> "$1.24M".

    Parameters
    ----------
    amount : float
        Client's currency.
    currency : str
        ISO 4217.
    signed : bool, optional
        A gain carries its plus sign.
    """
    if amount is None or is_missing(amount):
        return DASH
    number, unit = _scaled(abs(amount))
    plus = "+" if signed and amount > 0 else ""
    return plus + _signed(amount if number != "0" else 0, f"{symbol(currency)}{number}{unit}")


def money_range(low: float | None, high: float | None, currency: str) -> str:
    """(430000, 575000) -> "$430–575k"."""
    if low is None or high is None or is_missing(low) or is_missing(high):
        return DASH
    (first, unit), (last, last_unit) = _scaled(abs(low)), _scaled(abs(high))
    if low < 0 or (unit != last_unit and low != 0):
        return f"{money(low, currency)} to {money(high, currency)}"
    return f"{symbol(currency)}{first}–{last}{last_unit}"


def money_exact(amount: float | None, currency: str, *, cents: bool = False) -> str:
    """312400 -> "$312,400"; cents where there are any, or always: a column that adds up wants them."""
    if amount is None or is_missing(amount):
        return DASH
    rounded = round(float(amount), 2)
    places = 2 if cents or rounded != int(rounded) else 0
    return _signed(rounded, symbol(currency) + f"{abs(rounded):,.{places}f}")


def measured(value: float | None, measure: str, currency: str) -> str:
    """A value in the unit its measure's name tells: `_rate`, `_ratio`, money or a count."""
    if measure.endswith("_rate"):
        return percent(value)
    if measure.endswith("_ratio"):
        return ratio(value)
    if measure == "bookings" or measure.endswith("_amount"):
        return money(value, currency)
    return count(value)


def usual(lower: float | None, upper: float | None, measure: str, currency: str) -> str:
    """The usual range of a weekly measure: for counts the whole numbers that lie inside it."""
    if lower is None or upper is None or is_missing(lower) or is_missing(upper):
        return DASH
    if measure.endswith("_rate"):
        return percent_range(max(lower, 0.0), min(upper, 1.0))
    if measure == "bookings" or measure.endswith("_amount"):
        return money_range(lower, upper, currency)
    return f"{count(math.ceil(lower))}–{count(max(math.floor(upper), math.ceil(lower)))}"


def day(value: date | None, *, year: bool = True) -> str:
    """4 March 2026."""
    if value is None or is_missing(value):
        return DASH
    return f"{value.day} {value:%B}" + (f" {value.year}" if year else "")


def day_short(value: date | None, *, year: bool = False) -> str:
    """4 Mar."""
    return (
        DASH
        if value is None or is_missing(value)
        else f"{value.day} {value:%b}" + (f" {value.year}" if year else "")
    )


def days(first: date, last: date) -> str:
    """First and last day: "9 to 15 November 2026"."""
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    return f"{day(first, year=first.year != last.year)} to {day(last)}"


def moment(value: datetime | None, time_zone: str) -> str:
    """A UTC instant in the client's zone: "Monday 16 November 2026, 07:00", "the end of Sunday 15 ..."."""
    if value is None or is_missing(value):
        return DASH
    local = pd.Timestamp(value).tz_convert(time_zone)
    if local == local.normalize():
        before = local - pd.Timedelta(days=1)
        return f"the end of {before:%A} {day(before)}"
    return f"{local:%A} {day(local)}, {local:%H:%M}"


def _signed(value: float, text: str) -> str:
    return MINUS + text if value < 0 else text


def _scaled(size: float) -> tuple[str, str]:
    """A size as digits and unit, two or three digits: (312000) -> ("312", "k")."""
    unit, scale = next((step for step in _SCALES if size / step[1] < 999.5), _SCALES[-1])
    scaled = size / scale
    decimals = 0 if not unit or scaled >= 99.5 else 1 if scaled >= 9.95 else 2
    if unit == "k":
        decimals = 1 if scaled < 9.95 else 0
    rounded = math.floor(scaled * 10**decimals + 0.5) / 10**decimals
    digits = f"{rounded:,.{decimals}f}"
    return (digits.rstrip("0").rstrip(".") if decimals else digits), unit

"""Sentences about where a rep stands to what was agreed: facts, their n, and what would change them."""

from __future__ import annotations

from spm_lib import style
from spm_lib.words.said import Row, capital, counted

#: Standings that passed the noise test: only these may be coloured.
_TOLD = ("exceeds", "watch", "below")

#: Metric -> what a result is called that counts, and one that does not.
_RESULTS = {
    "win_rate_by_count": ("won", "lost"),
    "win_rate_broad": ("won", "not won"),
    "logged_within_24h_rate": ("logged in time", "logged late"),
}
_OTHER = ("counted", "not counted")

_NAMES = {"exceeds": "more than agreed", "meets": "as agreed", "watch": "watch", "below": "below"}
_NAMES_AT_MOST = {**_NAMES, "exceeds": "less than agreed", "below": "above"}


def expectation(row: Row) -> str:
    """What was agreed: "Win rate by count, at least 30%"."""
    every = " a week" if row["kind"] == "weekly" else ""
    return f"{style.measure(str(row['metric']))}, {row['direction']} {_agreed(row, 'threshold')}{every}"


def standing_word(row: Row) -> str:
    """The standing in a word or two: "watch", "below 30%", "no different from 30%"."""
    name, threshold = str(row["standing"]), _agreed(row, "threshold")
    if name in ("exceeds", "below"):
        above = (name == "exceeds") == (row["direction"] == "at least")
        return f"{'above' if above else 'below'} {threshold}"
    if name == "not judged" and row["note"] == "not acknowledged yet":
        return "not yet agreed"
    if name != "meets":
        return name
    low, high, aim = (style.number(row[key]) for key in ("low", "high", "threshold"))
    if style.is_missing(low):
        return "as agreed"
    kept, short = low > aim, high < aim
    if row["direction"] == "at most":
        kept, short = short, kept
    return f"{threshold} is met" if kept else "not yet news" if short else f"no different from {threshold}"


def is_told(row: Row) -> bool:
    """Whether a standing passed the noise test: only then may a page colour it."""
    return str(row["standing"]) in _TOLD


def standing_numbers(row: Row) -> str:
    """The numbers of a standing with their n and range; empty where there are none."""
    n = style.number(row["n"])
    if style.is_missing(n):
        return ""
    if row["kind"] == "periods" and not n:
        return "no finished period yet"
    if row["kind"] == "weekly" and not n:
        return f"no week with data in {counted(row['weeks'], 'week')}"
    # no more than there were: the agreement, the rep or the record may be younger
    weeks = "" if style.is_missing(row["seen_weeks"]) else counted(row["seen_weeks"], "week")
    if not n:
        return f"nothing in {weeks}"
    within = f"{_agreed(row, 'low')}–{_agreed(row, 'high')}"
    if row["kind"] == "weekly":
        return f"{style.count(row['hit_count'])} in {counted(n, 'week')}, {within} a week fits"
    if row["kind"] == "trials":
        within = style.percent_range(row["low"], row["high"])
        return (
            f"{style.count(row['hit_count'])} of {style.count(n)} {_words(row)[0]} in {weeks}, {within} fits"
        )
    if row["kind"] == "periods":
        return f"reached in {style.count(row['hit_count'])} of {counted(n, 'period')}"
    return f"of {style.count(n)}"


def standing_since(row: Row) -> str:
    """How long a standing has lasted: "for 6 weeks, since 5 October 2026"; empty where none is judged."""
    if style.is_missing(row["streak_weeks"]):
        return ""
    return f"for {counted(row['streak_weeks'], 'week')}, since {style.day(row['since'])}"


def would_change(row: Row) -> str:
    """What would change a standing: "6 lost in a row would be “watch”."; or why there is none."""
    if row["standing"] in ("not recorded", "not judged"):
        return f"{capital(str(row['note']))}." if row["note"] else ""
    parts = [_step(row, side) for side in ("better", "worse") if not style.is_missing(row[f"{side}_count"])]
    if not parts:
        return f"{capital(_ahead(row))} would not change it."
    return f"{capital('; '.join(parts))}."


def _step(row: Row, side: str) -> str:
    """One way a standing can move."""
    count, result = int(row[f"{side}_count"]), style.number(row[f"{side}_result"])
    if side == "better" and row["standing"] == "too few to say":
        return f"after {_more(row, count)} there is enough to say"
    names = _NAMES_AT_MOST if row["direction"] == "at most" else _NAMES
    name = names.get(str(row[f"{side}_standing"]), str(row[f"{side}_standing"]))
    return f"{_results(row, count, result)} would be “{name}”"


def _more(row: Row, count: int) -> str:
    noun = {"weekly": "more week", "periods": "more period"}.get(str(row["kind"]), "more result")
    return counted(count, noun)


def _ahead(row: Row) -> str:
    """The furthest anybody looked ahead."""
    return {"weekly": "half a year", "periods": "a dozen periods"}.get(str(row["kind"]), "the next 60")


def _results(row: Row, count: int, result: float) -> str:
    """So many further results: "4 lost in a row", "3 of the next 10 won", "2 weeks at 10"."""
    if row["kind"] == "weekly":
        each = style.count(result / count)
        return f"{counted(count, 'week')} {f'at {each}' if result else 'without any'}"
    hit, missed = ("reached", "missed") if row["kind"] == "periods" else _words(row)
    noun = " period" if row["kind"] == "periods" and count == 1 else " periods" * (row["kind"] == "periods")
    if result in (0, count):
        word = hit if result else missed
        return f"{count}{noun} {word}" + (" in a row" if count > 1 else "")
    return f"{style.count(result)} of the next {count}{noun} {hit}"


def _words(row: Row) -> tuple[str, str]:
    return _RESULTS.get(str(row["metric"]), _OTHER)


def _agreed(row: Row, name: str) -> str:
    return style.agreed(style.number(row[name]), str(row["metric"]))

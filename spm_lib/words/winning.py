"""Sentences about winning: a rate with its n, and no more than its range allows."""

from __future__ import annotations

from spm_lib import style
from spm_lib.words.said import Row, capital, of_decided

#: Below this many decided opportunities a rate is printed but nothing is said of it.
TOO_FEW = 10


def win_rate(row: Row, threshold: float | None, weeks: int) -> str:
    """A team's win rate against the agreed one, with its n."""
    decided = style.number(row["decided_count"])
    if style.is_missing(decided) or decided == 0:
        return f"Nothing was decided in {weeks} weeks."
    return f"{of_decided(row)} decided won. {capital(against_standard(row, threshold))}."


def against_standard(row: Row, threshold: float | None) -> str:
    """Where an interval stands to the agreed rate: "no different from the agreed 30%"."""
    if style.number(row["decided_count"]) < TOO_FEW:
        return "too few to say more"
    if threshold is None:
        return "no win rate is agreed to compare it with"
    agreed = f"the agreed {style.percent(threshold)}"
    if style.number(row["low"]) > threshold:
        return f"above {agreed}"
    if style.number(row["high"]) < threshold:
        return f"below {agreed}"
    return f"no different from {agreed}"


def standing(row: Row, verdict: str | None, threshold: float | None) -> str:
    """What is said of one rep's win rate, behind its n; no verdict, no judgement."""
    decided = style.number(row["decided_count"])
    if style.is_missing(decided) or decided == 0:
        return "nothing decided"
    return f"{of_decided(row)}{_verdict(row, verdict, threshold)}"


def _verdict(row: Row, verdict: str | None, threshold: float | None) -> str:
    if verdict == "too few to say" or (verdict is None and style.number(row["decided_count"]) < TOO_FEW):
        return ", too few to say"
    if verdict is None or threshold is None:
        return ""
    agreed = style.percent(threshold)
    if verdict in ("watch", "confront"):
        return ", watch" if verdict == "watch" else f", below {agreed}"
    if verdict == "exceeds":
        return f", above {agreed}"
    if style.number(row["low"]) > threshold:
        return f", {agreed} is met"
    return ", not yet news" if style.number(row["high"]) < threshold else f", no different from {agreed}"


def is_signal(verdict: str | None) -> bool:
    """Whether a verdict passed the noise test: only then may a page colour it."""
    return verdict in ("watch", "confront")


def bases_differ(count: Row, amount: Row, broad: Row) -> str:
    """One sentence on why the win rate differs by its basis; empty when nothing was decided."""
    by_count, by_amount, broadly = (style.number(row["win_rate"]) for row in (count, amount, broad))
    if style.is_missing(by_count):
        return ""
    reasons = []
    if not style.is_missing(by_amount) and abs(by_amount - by_count) >= 0.01:
        more = "won ones were larger" if by_amount > by_count else "lost ones were larger"
        reasons.append(f"By amount it is {'higher' if by_amount > by_count else 'lower'} because the {more}")
    disqualified = style.number(broad["disqualified_count"])
    if disqualified and not style.is_missing(broadly) and broadly < by_count:
        reasons.append(f"broad is lower because {disqualified_counted(disqualified)} as decided")
    if not reasons:
        return "The three agree here, so the basis makes no difference."
    return capital("; ".join(reasons)) + "."


def disqualified_counted(number: float) -> str:
    """What broad adds: "3 disqualified ones count"."""
    return f"{style.count(number)} disqualified {'one counts' if number == 1 else 'ones count'}"

"""Sentences about winning: a rate with its n, and no more than its range allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from spm_lib import style
from spm_lib.words.said import Row, capital, of_decided

#: Below this many decided opportunities a rate is printed but nothing is said of it.
TOO_FEW = 10
#: Where only wins are on record; a share of them would always be all of them.
NO_LOSSES = "Lost opportunities are not recorded, so no win rate can be told."


def win_rate(row: Row, threshold: float | None, weeks: int) -> str:
    """A team's win rate against the agreed one, with its n."""
    decided = style.number(row["decided_count"])
    if style.is_missing(decided):
        return NO_LOSSES
    if decided == 0:
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
    if style.is_missing(style.number(count["win_rate"])):
        return ""
    reasons = _reasons(count, amount, broad)
    return reasons or "The three agree here, so the basis makes no difference."


def _reasons(count: Row, amount: Row, broad: Row) -> str:
    """Why the rates by amount and broad are not the one by count; empty where they are."""
    by_count, by_amount, broadly = (style.number(row["win_rate"]) for row in (count, amount, broad))
    reasons = []
    if not style.is_missing(by_amount) and abs(by_amount - by_count) >= 0.01:
        more = "won ones were larger" if by_amount > by_count else "lost ones were larger"
        reasons.append(f"By amount it is {'higher' if by_amount > by_count else 'lower'} because the {more}")
    disqualified = style.number(broad["disqualified_count"])
    if disqualified and not style.is_missing(broadly) and broadly < by_count:
        reasons.append(f"broad is lower because {disqualified_counted(disqualified)} as decided")
    return capital("; ".join(reasons)) + "." if reasons else ""


def disqualified_counted(number: float) -> str:
    """What broad adds: "3 disqualified ones count"."""
    return f"{style.count(number)} disqualified {'one counts' if number == 1 else 'ones count'}"


def panel_differs(
    rows: Mapping[str, Row], won_days: float | None = None, lost_days: float | None = None
) -> str:
    """Why the win rate differs by its basis, all bases of ``win_rate_panel``; empty when nothing is known.

    Parameters
    ----------
    rows : mapping
        Basis (count, amount, broad, cohort, eventual) -> its row.
    won_days, lost_days : float, optional
        Median days from creation to the outcome, of won and of lost ones.
    """
    count, broad = rows["count"], dict(rows["broad"])
    broad["disqualified_count"] = style.number(broad["n_count"]) - style.number(count["n_count"])
    decided = not style.is_missing(style.number(count["win_rate"]))
    narrow = _reasons(count, rows["amount"], broad) if decided else ""
    parts = [narrow, _cohort(rows["cohort"]), _eventual(rows["eventual"], count, won_days, lost_days)]
    said = " ".join(filter(None, parts))
    return said or ("The bases agree here, so the basis makes no difference." if decided else "")


def _cohort(row: Row) -> str:
    """How far the rate of what was created can still grow."""
    created, still_open = style.number(row["n_count"]), style.number(row["open_count"])
    if not created or not still_open:
        return ""
    most = style.percent((style.number(row["won_count"]) + still_open) / created)
    verb = "is" if still_open == 1 else "are"
    return (
        f"Of the {style.count(created)} created, {style.count(still_open)} {verb} still open: "
        f"{style.percent(row['win_rate'])} can still grow to {most}."
    )


def _eventual(row: Row, count: Row, won_days: float | None, lost_days: float | None) -> str:
    """What is won of all that is created, followed to the end, and why the rate by count is another one."""
    rate, by_count = style.number(row["win_rate"]), style.number(count["win_rate"])
    if style.is_missing(rate):
        return ""
    said = f"Followed to the end, {style.percent(rate)} of what is created is won"
    if style.is_missing(by_count) or style.percent(rate) == style.percent(by_count):
        return f"{said}."
    if by_count < rate:
        return f"{said}; the rate by count is lower, of what happened to be decided in these weeks."
    won, lost = style.number(won_days), style.number(lost_days)
    if lost > won:
        slower = f"{style.count(round(lost))} days to be lost, {style.count(round(won))} to be won"
        return f"{said}; the rate by count is higher, since lost ones take longer to close ({slower})."
    return f"{said}; the rate by count is higher, since it leaves out what is disqualified or still open."


def place(rank: object, ranks: Sequence[object]) -> str:
    """A rank among those ranked, shared where nobody can tell: "1 of 4", "2–4 of 4"."""
    first, shared = int(style.number(rank)), sum(one == rank for one in ranks)
    return f"{first}{f'–{first + shared - 1}' if shared > 1 else ''} of {len(ranks)}"


def estimated(row: Row, places: Sequence[object]) -> str:
    """What a best estimate rests on: "14 of 31, 45% observed; 28–54% fits; place 1 of 2".

    Parameters
    ----------
    row : row of ``win_rate_shrunk``
    places : sequence
        The ranks of all reps; empty where they cannot be told apart.
    """
    if not row["decided_count"]:
        return "nothing decided"
    told = [f"{of_decided(row)}, {style.percent(row['raw_rate'])} observed"]
    if not style.is_missing(row["win_rate"]):  # what nobody answers for leans on no team
        told.append(f"{style.percent_range(row['low'], row['high'])} fits")
    if places:
        known = not style.is_missing(row["rank"])
        told.append(f"place {place(row['rank'], places)}" if known else "too few for a place")
    return "; ".join(told)


def told_apart(shrunk: pd.DataFrame) -> list[str]:
    """Whether the reps can be told apart at all, and what the best estimate was drawn towards."""
    ranks = shrunk["rank"].dropna()
    if ranks.nunique() > 1:
        told = (
            "Different places are surely different, with 95% or more; those who share one are not told apart."
        )
    elif len(ranks) > 1:
        told = "The reps are not told apart by what is known: their places would be chance."
    else:
        told = f"Fewer than two reps have {TOO_FEW} decided: there is nobody to compare."
    prior = shrunk[["prior_rate", "prior_count"]].dropna()
    if prior.empty:
        return [told]
    rate, worth = prior.iloc[0]
    drawn = (
        f"A best estimate is drawn towards the team’s {style.percent(rate)}, as if "
        f"{style.count(round(worth))} more were decided at it."
    )
    return [told, drawn]

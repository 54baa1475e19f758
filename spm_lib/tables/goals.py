"""Are we on pace, and is there enough pipeline? Bars against what was agreed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, join, name_of, tag
from spm_lib.tables.bars import Line, bars, folded, in_order, track

#: Share of a bar's track that stands for the whole quota; what is beyond it still shows.
_FULL = 0.8


def attainment_table(
    attainment: pd.DataFrame, names: Mapping[str, str], currency: str, pace: pd.DataFrame | None = None
) -> Fragment:
    """Each rep's bookings as a bar against the own quota, in the order of names.

    Parameters
    ----------
    attainment : pandas.DataFrame
        ``attainment`` by rep_id.
    names : mapping
        Rep id -> printed name.
    currency : str
    pace : pandas.DataFrame, optional
        One row of ``pace``: how much of the period's business days is gone, marked on every bar.
    """
    gone, agreed = _gone(pace), bool(attainment["quota"].notna().any())
    caption = "Bookings against quota, by rep" if agreed else "Bookings, by rep"
    lines = [_attained(row, names, currency, gone, agreed) for row in in_order(attainment, names)]
    table = bars(caption, ("Rep", "Against quota", "Booked", "Rate"), lines)
    tick = f"The mark on a bar: {style.percent(gone)} of the business days are gone."
    said = tick if gone and agreed else None if agreed else "No rep has a quota for this period."
    note = tag("p", said, class_="read small") if said else None
    return Fragment(join((folded(table, len(lines), "rep"), note)), caption)


def _attained(row: words.Row, names: Mapping[str, str], currency: str, gone: float, agreed: bool) -> Line:
    """One rep's line; where nobody has a quota, that is said once and not on every line."""
    quota, rate = style.number(row["quota"]), style.number(row["attainment_rate"])
    won = f"{style.count(row['won_count'])} won{words.unmeasured(row)}"
    none = f"no quota, {won}" if agreed else won
    against = none if style.is_missing(quota) else f"of {style.money(quota, currency)}, {won}"
    bar = track(rate * _FULL, mark=gone * _FULL if gone else None, full=_FULL)
    booked = tag("b", style.money(row["bookings"], currency))
    return name_of(row["rep_id"], names), bar, join((booked, " ", against)), style.percent(rate)


def coverage_table(coverage: pd.DataFrame, currency: str, effect: pd.DataFrame | None = None) -> Fragment:
    """What is open against what is still to book, with and without what is overdue.

    Parameters
    ----------
    coverage : pandas.DataFrame
        One row of ``pipeline_coverage_ratio``.
    currency : str
    effect : pandas.DataFrame, optional
        One row of ``hygiene_effect``.
    """
    row = coverage.iloc[0]
    lines = [
        ("Still to book", row["remaining"], ""),
        ("Open, expected in the period", row["open_amount"], _times(row["coverage_ratio"])),
    ]
    if effect is not None and len(effect) and effect["overdue_count"].iloc[0] > 0:
        without = effect.iloc[0]
        times = _times(without["coverage_ratio_without"])
        lines.append(("… without the overdue", without["open_amount_without"], times))
    largest = max([float(amount) for _, amount, _ in lines if not style.is_missing(amount)] + [1.0])
    shown: list[Line] = [
        (
            what,
            track(amount / largest, kind="open" if position else "ink"),
            tag("b", style.money(amount, currency)),
            times,
        )
        for position, (what, amount, times) in enumerate(lines)
    ]
    said = words.required(row) if row["state"] == "measured" else words.coverage(row, "this period", currency)
    table = bars("Open pipeline against what is still to book", ("What", "Size", "Amount", "Coverage"), shown)
    return Fragment(join((table, tag("p", said, class_="read"))), said)


def _times(ratio: float) -> str:
    return "" if style.is_missing(ratio) else style.times(ratio)


def _gone(pace: pd.DataFrame | None) -> float:
    if pace is None or not len(pace) or not pace["business_days"].iloc[0]:
        return 0.0
    return float(pace["business_days_elapsed"].iloc[0] / pace["business_days"].iloc[0])

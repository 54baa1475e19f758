"""The win rate on every basis side by side, and by rep as far as luck lets one say."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, details, grid, join, name_of, tag
from spm_lib.tables.bars import Line, bars, in_order, track


def panel_table(
    panel: pd.DataFrame, *, won_days: float | None = None, lost_days: float | None = None
) -> Fragment:
    """The win rate on all bases, each with its n and range, and why they differ.

    Parameters
    ----------
    panel : pandas.DataFrame
        ``win_rate_panel``.
    won_days, lost_days : float, optional
        Median days from creation to the outcome of won and of lost ones: where lost ones took longer, that is
        said to be a reason.
    """
    if len(panel) and panel["n_count"].isna().all():
        return Fragment(Html(""), words.NO_LOSSES, "note")
    rows = panel.to_dict("records")
    cells = [
        [
            style.label(str(row["metric"])) + (" *" if _is_immature(row) else ""),
            style.percent(row["win_rate"]),
            style.percent_range(row["low"], row["high"]),
            f"{style.count(row['won_count'])} of {style.count(row['n_count'])}",
        ]
        for row in rows
    ]
    caption = "Win rate by basis"
    why = words.panel_differs({str(row["basis"]): row for row in rows}, won_days, lost_days)
    young = "* Too young to be compared: some of it has not had the time a win usually takes."
    body = grid(caption, ["Basis", "Rate", "Range", "Won of n"], cells, numeric=(1, 2, 3))
    opened = details(
        f"{words.capital(_NUMBERS.get(len(rows), str(len(rows))))} ways to count a win rate",
        body,
        tag("p", why) if why else None,
        tag("p", young, class_="quiet small") if any(map(_is_immature, rows)) else None,
    )
    return Fragment(opened, why or caption, "note")


_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


def _is_immature(row: words.Row) -> bool:
    return not style.is_missing(row["is_immature"]) and bool(row["is_immature"])


def shrunk_table(shrunk: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """Who can be told from whom; to open, each rep's win rate as observed and as best estimate.

    Parameters
    ----------
    shrunk : pandas.DataFrame
        ``win_rate_shrunk`` by rep.
    names : mapping
        Rep id -> printed name; the order is theirs, not that of the rates.
    """
    if len(shrunk) and shrunk["decided_count"].isna().all():
        return Fragment(Html(""), words.NO_LOSSES)
    rows = in_order(shrunk, names)
    ranked = shrunk["rank"].dropna()
    places = ranked.tolist() if ranked.nunique() > 1 else []
    caption = "Win rate by rep, as observed and as best estimate"
    heads = ("Rep", "Best estimate, the team’s marked", "Observed, range and place", "Best estimate")
    table = bars(caption, heads, (_estimated(row, names, places) for row in rows))
    said = words.told_apart(shrunk)
    opened = details("The best estimate of each rep’s rate, and how far it can be told", table)
    return Fragment(join((*(tag("p", one, class_="read small") for one in said), opened)), " ".join(said))


def _estimated(row: words.Row, names: Mapping[str, str], places: list[int]) -> Line:
    """One rep's line; a place only where the reps can be told apart."""
    bar = track(style.number(row["win_rate"]), mark=style.number(row["prior_rate"]))
    return name_of(row["rep_id"], names), bar, words.estimated(row, places), style.percent(row["win_rate"])

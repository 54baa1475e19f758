"""Is the work being done well? The ladder of activities, and the scorecard of the week."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, grid, join, name_of, tag
from spm_lib.tables.bars import folded, in_order
from spm_lib.tables.sparkline import sparkline

RUNGS = (
    "logged_count",
    "unique_count",
    "reached_count",
    "two_way_count",
    "decision_maker_count",
    "next_step_count",
    "advanced_count",
)
#: Weeks a sparkline shows.
SPARK_WEEKS = 13


def ladder_table(
    ladder: pd.DataFrame, names: Mapping[str, str], reason: str = "", steps: pd.DataFrame | None = None
) -> Fragment:
    """What is left of the activities at each rung, per rep; the cells carry bars.

    Parameters
    ----------
    ladder : pandas.DataFrame
        ``activity_ladder`` by rep_id.
    names : mapping
        Rep id -> printed name.
    reason : str, optional
        Why a rung is not recorded, where the client says so.
    steps : pandas.DataFrame, optional
        ``activity_ladder_steps`` by rep_id: how much of each step is kept, to open.
    """
    most = max(
        1.0, style.number(ladder["logged_count"].max()) if ladder["logged_count"].notna().any() else 1.0
    )
    heads = (tag("th", tag("span", style.label(rung)), scope="col", class_="n") for rung in RUNGS)
    rows = (_climbed(row, names, most) for row in in_order(ladder, names))
    table = tag(
        "table",
        tag("caption", "Activities that reached each rung, by rep", class_="unseen"),
        tag("thead", tag("tr", tag("th", tag("span", "Rep"), scope="col"), *heads)),
        tag("tbody", *rows),
        class_="ladder",
    )
    table = folded(table, len(ladder), "rep")
    notes = (tag("p", said, class_="read small") for said in words.climbed(ladder, RUNGS, reason))
    kept = None if steps is None or not len(steps) else _steps(steps, names)
    return Fragment(join((table, *notes, kept)), f"Activity ladder of {words.counted(len(ladder), 'rep')}")


def _climbed(row: words.Row, names: Mapping[str, str], most: float) -> Html:
    cells = []
    for rung in RUNGS:
        value = style.number(row[rung])
        share = None if style.is_missing(value) else f"--v:{min(value / most, 1):.1%}"
        cells.append(tag("td", style.count(value), class_="n rung" if share else "n", style=share))
    return tag("tr", tag("th", name_of(row["rep_id"], names), scope="row"), *cells)


def _steps(steps: pd.DataFrame, names: Mapping[str, str]) -> Html:
    """How much of each step each rep keeps, its range, and who is apart from the others, if anyone is."""
    rows = in_order(steps, names)
    rungs = [rung for rung in RUNGS if (steps["rung"] == rung).any()]
    heads = ("Rep", "Kept", "Share", "Range")
    tables = (
        grid(
            words.capital(style.label(rung)),
            heads,
            [_kept(row, names) for row in rows if row["rung"] == rung],
            numeric=(1, 2, 3),
            visible_caption=True,
        )
        for rung in rungs
    )
    apart = [
        join(
            (
                name_of(row["rep_id"], names),
                f": the share of {style.label(row['rung'])} lies outside the ranges of the others. ",
            )
        )
        for row in rows
        if row["is_apart"]
    ]
    chance = "At every step each rep’s range overlaps with another’s: differences may be chance."
    is_compared = len(rows) > len(rungs) and steps["kept_rate"].notna().any()
    note = tag("p", join(apart) if apart else chance, class_="read small") if is_compared else None
    return details("How much of each step is kept", *tables, note)


def _kept(row: words.Row, names: Mapping[str, str]) -> list[object]:
    name = name_of(row["rep_id"], names)
    if style.is_missing(row["kept_rate"]):
        return [name, style.DASH, style.DASH, style.DASH]
    of = f"{style.count(row['kept_count'])} of {style.count(row['of_count'])}"
    return [name, of, style.percent(row["kept_rate"]), style.percent_range(row["low"], row["high"])]


def scorecard(limits: pd.DataFrame, weekly: pd.DataFrame, currency: str) -> Fragment:
    """The week's measures, each with its last weeks, its usual range and what is to be said.

    Parameters
    ----------
    limits : pandas.DataFrame
        ``process_limits``: one row per measure.
    weekly : pandas.DataFrame
        ``weekly_measures``: measure, week, starts_on, value, n.
    currency : str
    """
    lines = [_measured(row, weekly, currency) for _, row in limits.iterrows()]
    heads = ("Measure", "This week", f"Last {SPARK_WEEKS} weeks, usual range shaded", "In words")
    table = tag(
        "table",
        tag("caption", "Scorecard of the week", class_="unseen"),
        tag(
            "thead",
            tag("tr", *(tag("th", head, scope="col", role="columnheader") for head in heads), role="row"),
            role="rowgroup",
        ),
        tag("tbody", *lines, role="rowgroup"),
        class_="scorecard",
        role="table",
    )
    news = int(limits["signal"].isin(["above", "below", "run_above", "run_below"]).sum())
    return Fragment(
        table, f"{words.counted(len(limits), 'measure')}, {news} outside an ordinary week", "block"
    )


def _measured(row: pd.Series, weekly: pd.DataFrame, currency: str) -> Html:
    measure = str(row["measure"])
    weeks = weekly[weekly["measure"] == measure].sort_values("starts_on").tail(SPARK_WEEKS)
    latest = style.measured(row["latest"], measure, currency)
    said = words.week(row, currency)
    is_news = row["signal"] in ("above", "below")
    spark = sparkline(
        weeks["value"].tolist(),
        style.number(row["lower"]),
        style.number(row["upper"]),
        alt=f"{style.label(measure)}, last {words.counted(len(weeks), 'week')}: latest {latest}, {said}",
        is_news=is_news,
    )
    of = ""
    if measure.endswith("_rate") and len(weeks) and not style.is_missing(weeks["n"].iloc[-1]):
        of = f" of {style.count(weeks['n'].iloc[-1])}"
    return tag(
        "tr",
        tag("th", client_text(style.label(measure)), scope="row", role="rowheader"),
        tag("td", tag("b", latest), of, role="cell", class_="n"),
        tag("td", spark, role="cell", class_="spark-cell"),
        tag("td", tag("span", said, class_="chip" if is_news else "quiet"), role="cell", class_="said"),
        role="row",
    )

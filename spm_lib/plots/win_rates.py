"""Do we win what we decide? Each rep's rate as a dot, the range that fits it, and its n in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from spm_lib import style, words
from spm_lib.fragment import Fragment, grid, name_of, tag
from spm_lib.plots import canvas

_ROW = 54
_TOP, _BOTTOM = 26, 26
_NAME_SIGNS = 22


def plot_win_rates(
    win_rates: pd.DataFrame,
    names: Mapping[str, str],
    evidence: pd.DataFrame | None = None,
    threshold: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One row per rep, in the order of their names: where ranges overlap, an order means nothing.

    Parameters
    ----------
    win_rates : pandas.DataFrame
        ``win_rate_by_count`` by rep_id.
    names : mapping
        Rep id -> printed name.
    evidence : pandas.DataFrame, optional
        ``evidence_below_standard``: only its verdicts may colour a dot.
    threshold : float, optional
        The agreed rate.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    rows = in_order(win_rates, names, evidence)
    ax = ax or canvas.axes(_TOP + _BOTTOM + _ROW * len(rows), left=10, right=12, top=_TOP, bottom=_BOTTOM)
    ceiling = _rate_axis(ax, rows)
    ax.set(xlim=(0, ceiling), ylim=(len(rows), 0))
    if threshold is not None:
        ax.axvline(threshold, color=style.PALETTE["ink"], linewidth=1, dashes=(2, 4), clip_on=False)
        side = "center" if 0.15 * ceiling < threshold < 0.85 * ceiling else "left"
        text = f"agreed {style.percent(threshold)}"
        canvas.say(ax, text, (threshold, 0), shift=(0, 8), ha=side, colour="muted", size=canvas.TICK)
    for position, row in enumerate(rows.to_dict("records")):
        _draw(ax, position, row, threshold, ceiling)
    return ax


def win_rates_figure(
    win_rates: pd.DataFrame,
    names: Mapping[str, str],
    evidence: pd.DataFrame | None = None,
    standard: pd.Series | None = None,
) -> Fragment:
    """`plot_win_rates` as a piece of the page; `standard` is the agreed one in force, if any."""
    if not len(win_rates):
        nobody = "No rep is known, so no win rate can be told by rep."
        return Fragment(tag("p", nobody, class_="read"), nobody)
    if win_rates["decided_count"].isna().all():
        return Fragment(tag("p", words.NO_LOSSES, class_="read"), words.NO_LOSSES)
    threshold = None if standard is None else float(standard["threshold"])
    rows = in_order(win_rates, names, evidence)
    said = [words.standing(row, row["verdict"], threshold) for row in rows.to_dict("records")]
    table = grid(
        "Win rate by count per rep, with the range that fits",
        ["Rep", "Won of decided", "Win rate", "Range"],
        [
            [
                name_of(row["rep_id"], names),
                words.of_decided(row),
                style.percent(row["win_rate"]),
                style.percent_range(row["low"], row["high"]),
            ]
            for row in rows.to_dict("records")
        ],
        numeric=(1, 2, 3),
    )
    against = "" if threshold is None else f" against the agreed {style.percent(threshold)}"
    seen = f"Win rate by count per rep{against}: " + "; ".join(
        f"{name}: {text}" for name, text in zip(rows["printed"], said, strict=True)
    )
    ax = plot_win_rates(win_rates, names, evidence, threshold)
    return canvas.figure(ax, "win-rates", seen, table)


def in_order(
    win_rates: pd.DataFrame, names: Mapping[str, str], evidence: pd.DataFrame | None
) -> pd.DataFrame:
    """The table with printed names and verdicts, sorted by name; unassigned ones last."""
    rows = win_rates.copy()
    rows["printed"] = [
        "unassigned" if style.is_missing(rep) else style.plain(names.get(rep, rep)) for rep in rows["rep_id"]
    ]
    judged = pd.DataFrame() if evidence is None else evidence.dropna(subset=["rep_id"])
    verdicts = {} if judged.empty else dict(zip(judged["rep_id"], judged["verdict"], strict=True))
    # nobody is judged by what nobody known decided
    rows["verdict"] = pd.Series([verdicts.get(rep) for rep in rows["rep_id"]], index=rows.index, dtype=object)
    rows["last"] = rows["rep_id"].isna()
    return rows.sort_values(["last", "printed"], kind="stable").reset_index(drop=True)


def _rate_axis(ax: Axes, rows: pd.DataFrame) -> float:
    """Hairlines every 20 points; the largest rate shown."""
    highest = rows["high"].max()
    ceiling = 0.6 if pd.isna(highest) else float(min(1.0, max(0.6, np.ceil(highest * 5) / 5)))
    for mark in np.arange(0, ceiling + 0.01, 0.2):
        ax.axvline(mark, color=style.PALETTE["line"], linewidth=1, clip_on=False, zorder=0)
        side = "left" if mark == 0 else "right" if mark > ceiling - 0.01 else "center"
        at, text = (mark, len(rows)), f"{round(mark * 100)}%"
        canvas.say(ax, text, at, shift=(0, -20), ha=side, colour="muted", size=canvas.TICK)
    return ceiling


def _draw(ax: Axes, position: int, row: words.Row, threshold: float | None, ceiling: float) -> None:
    verdict = row["verdict"] if isinstance(row["verdict"], str) else None
    signal = words.is_signal(verdict)
    said = words.standing(row, verdict, threshold)
    few = "too few" in said
    name = style.plain(row["printed"], _NAME_SIGNS)
    canvas.say(ax, name, (0, position), shift=(0, -27), bold=True)
    canvas.say(
        ax,
        said,
        (ceiling, position),
        shift=(0, -27),
        ha="right",
        bold=signal,
        colour="rust" if signal else "muted",
    )
    if not style.is_missing(row["win_rate"]):
        colour = "rust" if signal else "few" if few else "blue"
        centre = position + 41 / _ROW
        ends = [style.number(row["low"]), style.number(row["high"])]
        canvas.line(ax, ends, [centre, centre], colour, 4, alpha=0.5, solid_capstyle="round")
        canvas.dot(ax, style.number(row["win_rate"]), centre, colour)

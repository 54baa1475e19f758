"""What happened to the pipeline? The waterfall, lying on its side so that its words fit a phone."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from spm_lib import style, words
from spm_lib.fragment import Fragment, grid, tag
from spm_lib.plots import canvas

_ROW, _BAR = 34, 20
_FLAT: Any = {"clip_on": False, "linewidth": 0}
_ENDS = ("start", "end")


def plot_pipeline_change(change: pd.DataFrame, currency: str, ax: Axes | None = None) -> Axes:
    """From the open amount at the start to the one at the end, cause by cause.

    Parameters
    ----------
    change : pandas.DataFrame
        ``pipeline_change``: cause, opportunity_count, amount (signed), in order.
    currency : str
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    steps = moving(change)
    ax = ax or canvas.axes(_ROW * len(steps), left=108, right=70)
    after = steps["amount"].where(steps["cause"] != "end", 0.0).cumsum()
    before = after.shift(fill_value=0.0)
    largest = max(float(after.max()), float(steps["amount"].iloc[-1]), 1.0)
    ax.set(xlim=(0, largest), ylim=(len(steps) - 0.5, -0.5))
    for position, row in enumerate(steps.to_dict("records")):
        ends = (
            (0.0, row["amount"])
            if row["cause"] in _ENDS
            else sorted((before.iloc[position], after.iloc[position]))
        )
        _draw(ax, position, row, ends, largest, currency)
        if position + 1 < len(steps):
            joint = float(after.iloc[position])
            half = _BAR / _ROW / 2
            canvas.line(ax, [joint, joint], [position + half, position + 1 - half], "few", 1, dashes=(2, 2))
    return ax


def pipeline_change_figure(change: pd.DataFrame, currency: str) -> Fragment:
    """`plot_pipeline_change` as a piece of the page, every cause in the table behind it."""
    if change["amount"].isna().all():
        nothing = "Open opportunities are not recorded, so nothing is said of the pipeline."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    cents = bool((change["amount"].round(2) % 1 != 0).any())
    table = grid(
        "Pipeline change by cause, adding up to the cent",
        ["Cause", "Count", "Amount"],
        [
            [
                words.capital(words.cause(row["cause"])),
                style.count(row["opportunity_count"]),
                style.money_exact(row["amount"], currency, cents=cents),
            ]
            for row in change.to_dict("records")
        ],
        numeric=(1, 2),
    )
    seen = words.moved(change, currency)
    return canvas.figure(
        plot_pipeline_change(change, currency), "pipeline-change", seen, table, words.left_out(change)
    )


def moving(change: pd.DataFrame) -> pd.DataFrame:
    """The causes that moved something, between start and end."""
    moved = change["cause"].isin(_ENDS) | change["opportunity_count"].ne(0) | change["amount"].ne(0)
    return change[moved].fillna({"amount": 0.0}).reset_index(drop=True)


def _draw(
    ax: Axes,
    position: int,
    row: words.Row,
    ends: tuple[float, float] | list[float],
    largest: float,
    currency: str,
) -> None:
    low, high = ends
    cause, amount = str(row["cause"]), style.number(row["amount"])
    total = cause in _ENDS
    colour = "ink" if total else "gain" if amount >= 0 else "loss"
    # a cause that moved little is still a visible mark
    width = max(high - low, largest * 0.006)
    ax.barh(
        position,
        width,
        _BAR / _ROW,
        left=low,
        color=style.PALETTE[colour],
        **_FLAT,
        alpha=0.82 if total else 1,
    )
    canvas.say(ax, words.cause(cause), (0, position), shift=(-12, -5), ha="right", bold=total)
    text = style.money(amount, currency, signed=not total)
    canvas.say(ax, text, (low + width, position), shift=(7, -5), bold=total)

"""Are we on pace? Bookings added up, against the way to the goal, and where the period is likely to end."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from spm_lib import style, words
from spm_lib.fragment import Fragment, grid
from spm_lib.plots import canvas

_HEIGHT = 264
_RIGHT = 118


def plot_pace(
    bookings: pd.DataFrame, currency: str, forecast: pd.Series | None = None, ax: Axes | None = None
) -> Axes:
    """Cumulative bookings of the goal period, the way to the goal, and the range it is likely to end in.

    Parameters
    ----------
    bookings : pandas.DataFrame
        on (date), bookings (missing after the cut-off), expected (missing without a goal), lowest, highest
        (of the past periods; missing on a straight line), basis.
    currency : str
    forecast : pandas.Series, optional
        A row of ``forecast``; drawn when it was measured.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = ax or canvas.axes(_HEIGHT, left=54, right=_RIGHT, top=22, bottom=30)
    known = bookings.dropna(subset=["bookings"])
    last = len(bookings) - 1
    told = forecast if forecast is not None and forecast["state"] == "measured" else None
    top = _amount_axis(ax, bookings, currency, 0.0 if told is None else float(told["high"]))
    ax.set(xlim=(0, max(last, 1)), ylim=(0, top))
    _day_axis(ax, bookings["on"])
    if bookings["expected"].notna().any():
        _way(ax, bookings, last)
    if len(known):
        canvas.line(ax, known.index, known["bookings"], "blue", 3.5, solid_joinstyle="round")
        _name_latest(ax, known, currency, last)
    _name_ends(ax, bookings, told, currency, last)
    return ax


def pace_figure(
    bookings: pd.DataFrame, pace: pd.DataFrame, currency: str, forecast: pd.DataFrame | None = None
) -> Fragment:
    """`plot_pace` as a piece of the page, week by week in the table behind it."""
    rows = bookings.iloc[[*range(6, len(bookings) - 1, 7), len(bookings) - 1]]
    line = "Straight line" if bookings["lowest"].isna().all() else "As past periods"
    table = grid(
        "Bookings to the end of each day, and the way to the goal",
        ["To the end of", "Booked", line],
        [
            [
                style.day(row["on"], year=False),
                *(_whole(row[key], currency) for key in ("bookings", "expected")),
            ]
            for row in rows.to_dict("records")
        ],
        numeric=(1, 2),
    )
    told = None if forecast is None or forecast.empty else forecast.iloc[0]
    seen = words.pace_seen(pace.iloc[0], currency)
    said = [words.needed(pace.iloc[0], currency)]
    if told is not None:
        said.append(words.forecast(told, "this period", currency))
    drawn = plot_pace(bookings, currency, told)
    return canvas.figure(drawn, "pace", seen, table, " ".join(filter(None, said)))


def _way(ax: Axes, bookings: pd.DataFrame, last: int) -> None:
    """The way to the goal, and as a band how differently past periods filled."""
    # once a week: the steps over its weekends are not what the line is about
    weekly = bookings.iloc[[0, *range(6, last, 7), last]]
    if weekly["lowest"].notna().all():
        colour = style.PALETTE["soft"]
        ax.fill_between(
            weekly.index, weekly["lowest"], weekly["highest"], color=colour, linewidth=0, zorder=0.5
        )
    canvas.line(ax, weekly.index, weekly["expected"], "muted", 1.3)


def _name_ends(ax: Axes, bookings: pd.DataFrame, told: pd.Series | None, currency: str, last: int) -> None:
    """The goal and the likely end at the right edge, moved apart where they would lie on each other."""
    goal = float(bookings["expected"].iloc[-1])
    has_goal = not np.isnan(goal)
    shift = {"goal": 0.0, "end": 0.0}
    if told is not None:
        canvas.line(
            ax, [last, last], [told["low"], told["high"]], "blue", 5, solid_capstyle="butt", alpha=0.35
        )
        canvas.dot(ax, last, float(told["median"]), "blue", 5)
        if has_goal:
            apart = (told["median"] - goal) / ax.get_ylim()[1] * _HEIGHT * 0.8
            missing = max(0.0, 46 - abs(apart)) / 2
            sign = 1 if apart >= 0 else -1
            shift = {"goal": -sign * missing, "end": sign * missing}
        spread = style.money_range(told["low"], told["high"], currency)
        at = (last, float(told["median"]))
        canvas.say(ax, spread, at, shift=(10, 5 + shift["end"]), bold=True)
        canvas.say(ax, "likely end", at, shift=(10, -14 + shift["end"]), colour="muted", size=canvas.TICK)
    if has_goal:
        name = "straight line" if bookings["lowest"].isna().all() else "as past ones"
        canvas.say(ax, f"goal {style.money(goal, currency)}", (last, goal), shift=(10, 5 + shift["goal"]))
        at = (10, -14 + shift["goal"])
        canvas.say(ax, name, (last, goal), shift=at, colour="muted", size=canvas.TICK)


def _whole(amount: float, currency: str) -> str:
    return style.money_exact(None if style.is_missing(amount) else round(amount), currency)


def _amount_axis(ax: Axes, bookings: pd.DataFrame, currency: str, least: float) -> float:
    """Hairlines at round amounts; the top of the axis, in money."""
    shown = bookings[["bookings", "expected", "highest"]].max()
    largest = float(np.nanmax([*shown, least, 1.0]))
    step = _round_step(largest / 3)
    top = step * np.ceil(largest * 1.02 / step)
    for value in np.arange(0, top + step / 2, step):
        ax.axhline(value, color=style.PALETTE["line"], linewidth=1, clip_on=False, zorder=0)
        words_ = style.money(value, currency)
        canvas.say(ax, words_, (0, value), shift=(-8, -5), ha="right", colour="muted", size=canvas.TICK)
    return float(top)


def _day_axis(ax: Axes, on: pd.Series) -> None:
    """Months by name under their middle; weeks by their first day when the period is one month."""
    dates = pd.DatetimeIndex(on)
    if len(dates) < 45:
        marks = [(n, style.day_short(dates[n])) for n in range(0, len(dates) - 3, 7)]
    else:
        months = pd.Series(range(len(dates))).groupby(dates.to_period("M")).mean()
        signs = 3 if len(months) <= 6 else 1
        marks = [(middle, f"{month:%b}"[:signs]) for month, middle in months.items()]
        for n in np.flatnonzero(dates.day == 1)[1:]:
            ax.axvline(n, color=style.PALETTE["line"], linewidth=1, clip_on=False, zorder=0)
    for position, text in marks:
        canvas.say(ax, text, (position, 0), shift=(0, -22), ha="center", colour="muted", size=canvas.TICK)


def _name_latest(ax: Axes, known: pd.DataFrame, currency: str, last: int) -> None:
    """The latest amount at its dot, where no line is: above when ahead, to the right when behind."""
    at, amount = int(known.index[-1]), float(known["bookings"].iloc[-1])
    expected = known["expected"].iloc[-1]
    canvas.dot(ax, at, amount, "blue", 5)
    text = f"{style.money(amount, currency)} booked"
    if pd.isna(expected) or amount >= expected:
        side = "left" if at < 0.45 * last else "right"
        canvas.say(ax, text, (at, amount), shift=(0, 12), ha=side, bold=True)
    elif at < 0.66 * last:
        canvas.say(ax, text, (at, amount), shift=(11, -5), bold=True)
    else:
        low = amount < 0.15 * ax.get_ylim()[1]
        canvas.say(ax, text, (at, amount), shift=(0, 12 if low else -22), ha="right", bold=True)


def _round_step(size: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(size))
    return float(next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= size))

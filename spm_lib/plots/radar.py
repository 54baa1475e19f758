"""The self-check as a radar: a spoke per subject, its level from the middle outwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from spm_lib import words
from spm_lib.fragment import Fragment, grid
from spm_lib.plots import canvas

#: The highest level, at the rim.
RIM = 4
_REACH = 9.2  # room for the names beside the rim


def radar_figure(spokes: pd.DataFrame) -> Fragment:
    """The levels by subject, with the table behind it.

    Parameters
    ----------
    spokes : pandas.DataFrame
        subject, level, known_count, part_count.
    """
    rows = [
        [words.subject(row["subject"]), words.mean_level(row["level"]), words.answered(row)]
        for row in spokes.to_dict("records")
    ]
    known = spokes["level"].notna().sum()
    alt = f"Levels of {words.counted(len(spokes), 'part')} of the sales environment, {known} of them known"
    table = grid("Levels by subject", ["Subject", "Level, 0-4", "Known"], rows, numeric=(1,))
    caption = "From 0 in the middle to 4 at the rim; a spoke without a dot is not known."
    return canvas.figure(plot_radar(spokes), "radar", alt, table, caption)


def plot_radar(spokes: pd.DataFrame) -> Axes:
    """The radar alone."""
    ax = canvas.axes(330)
    ax.set_xlim(-_REACH, _REACH)
    ax.set_ylim(-_REACH * 330 / canvas.BASE, _REACH * 330 / canvas.BASE)
    turn = np.pi / 2 - np.arange(len(spokes)) * 2 * np.pi / max(len(spokes), 1)
    for ring in range(1, RIM + 1):
        canvas.line(ax, *_ring(np.append(turn, turn[:1]), ring), "line")
    for angle in turn:
        canvas.line(ax, [0, RIM * np.cos(angle)], [0, RIM * np.sin(angle)], "line")
    levels = spokes["level"].astype("float64").to_numpy()
    around = np.append(levels, levels[:1])  # a missing level leaves a gap
    canvas.line(ax, *_ring(np.append(turn, turn[:1]), around), "blue", 2.5)
    for angle, level, row in zip(turn, levels, spokes.to_dict("records"), strict=True):
        if not np.isnan(level):
            canvas.dot(ax, level * np.cos(angle), level * np.sin(angle), "blue", 5)
        _name(ax, angle, words.subject(row["subject"]), words.mean_level(row["level"]))
    return ax


def _ring(angles: np.ndarray, level: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    return level * np.cos(angles), level * np.sin(angles)


def _name(ax: Axes, angle: float, subject: str, level: str) -> None:
    """A subject and its level at the end of its spoke, in two lines."""
    across, up = (RIM + 0.3) * np.cos(angle), (RIM + 0.3) * np.sin(angle)
    side = "center" if abs(across) < 0.5 else "left" if across > 0 else "right"
    rise = 8 if up > 3.5 else -20 if up < -3.5 else -4
    canvas.say(ax, subject, (across, up), shift=(0, rise + 6), ha=side, size=canvas.TICK)
    canvas.say(ax, level, (across, up), shift=(0, rise - 11), ha=side, colour="muted", size=canvas.TICK)

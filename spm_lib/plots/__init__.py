"""Figures: a finished metric table in, axes or a piece of the page out. Nothing is computed here.

What draws them is loaded with the first one: it takes a quarter of a second.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spm_lib.plots.canvas import figure
    from spm_lib.plots.pace import pace_figure, plot_pace
    from spm_lib.plots.pipeline_change import pipeline_change_figure, plot_pipeline_change
    from spm_lib.plots.radar import plot_radar, radar_figure
    from spm_lib.plots.win_rates import plot_win_rates, win_rates_figure

#: Name -> the module that has it.
_FROM = {
    "figure": "canvas",
    "pace_figure": "pace",
    "pipeline_change_figure": "pipeline_change",
    "plot_pace": "pace",
    "plot_pipeline_change": "pipeline_change",
    "plot_radar": "radar",
    "plot_win_rates": "win_rates",
    "radar_figure": "radar",
    "win_rates_figure": "win_rates",
}
__all__ = [
    "figure",
    "pace_figure",
    "pipeline_change_figure",
    "plot_pace",
    "plot_pipeline_change",
    "plot_radar",
    "plot_win_rates",
    "radar_figure",
    "win_rates_figure",
]


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(import_module(f"{__name__}.{_FROM[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

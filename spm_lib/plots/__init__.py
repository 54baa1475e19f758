"""Figures: a finished metric table in, axes or a piece of the page out. Nothing is computed here."""

from spm_lib.plots.canvas import figure
from spm_lib.plots.pace import pace_figure, plot_pace
from spm_lib.plots.pipeline_change import pipeline_change_figure, plot_pipeline_change
from spm_lib.plots.radar import plot_radar, radar_figure
from spm_lib.plots.win_rates import plot_win_rates, win_rates_figure

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

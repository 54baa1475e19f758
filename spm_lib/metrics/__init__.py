"""Every number, one file per question. Pure: tables and a period in, a metric table out; no files, no clock.

Importing this package registers every metric in `registry.METRICS`.
"""

from spm_lib.metrics import (
    activity,
    activity_ladder,
    attainment,
    coverage,
    hygiene,
    hygiene_effect,
    pace,
    pipeline,
    pipeline_change,
    process_limits,
    registry,
    weekly_measures,
    win_rates,
)

__all__ = [
    "activity",
    "activity_ladder",
    "attainment",
    "coverage",
    "hygiene",
    "hygiene_effect",
    "pace",
    "pipeline",
    "pipeline_change",
    "process_limits",
    "registry",
    "weekly_measures",
    "win_rates",
]

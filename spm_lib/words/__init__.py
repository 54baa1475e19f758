"""Sentences made from metric tables: facts and their size, in plain words, without blame.

The one place that decides how a number is said: singular and plural, ranges, "too few to say".
"""

from spm_lib.words.goals import (
    against_line,
    booked,
    coverage,
    forecast,
    needed,
    overdue_effect,
    pace_seen,
    required,
    unmeasured,
)
from spm_lib.words.pipeline import cause, failing, left_out, moved, rule
from spm_lib.words.said import Row, capital, counted, listed, of_decided, opportunities
from spm_lib.words.standings import (
    expectation,
    is_told,
    standing_numbers,
    standing_since,
    standing_word,
    would_change,
)
from spm_lib.words.winning import (
    NO_LOSSES,
    TOO_FEW,
    against_standard,
    bases_differ,
    disqualified_counted,
    estimated,
    is_signal,
    panel_differs,
    place,
    standing,
    told_apart,
    win_rate,
)
from spm_lib.words.work import asked, climbed, week

__all__ = [
    "NO_LOSSES",
    "TOO_FEW",
    "Row",
    "against_line",
    "against_standard",
    "asked",
    "bases_differ",
    "booked",
    "capital",
    "cause",
    "climbed",
    "counted",
    "coverage",
    "disqualified_counted",
    "estimated",
    "expectation",
    "failing",
    "forecast",
    "is_signal",
    "is_told",
    "left_out",
    "listed",
    "moved",
    "needed",
    "of_decided",
    "opportunities",
    "overdue_effect",
    "pace_seen",
    "panel_differs",
    "place",
    "required",
    "rule",
    "standing",
    "standing_numbers",
    "standing_since",
    "standing_word",
    "told_apart",
    "unmeasured",
    "week",
    "win_rate",
    "would_change",
]

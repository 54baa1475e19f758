"""Sentences made from metric tables: facts and their size, in plain words, without blame.

The one place that decides how a number is said: singular and plural, ranges, "too few to say".
"""

from spm_lib.words.goals import (
    against_line,
    booked,
    coverage,
    needed,
    overdue_effect,
    pace_seen,
    required,
    unmeasured,
)
from spm_lib.words.pipeline import cause, failing, left_out, moved, rule
from spm_lib.words.said import Row, capital, counted, listed, of_decided, opportunities
from spm_lib.words.winning import (
    TOO_FEW,
    against_standard,
    bases_differ,
    disqualified_counted,
    is_signal,
    standing,
    win_rate,
)
from spm_lib.words.work import climbed, week

__all__ = [
    "TOO_FEW",
    "Row",
    "against_line",
    "against_standard",
    "bases_differ",
    "booked",
    "capital",
    "cause",
    "climbed",
    "counted",
    "coverage",
    "disqualified_counted",
    "failing",
    "is_signal",
    "left_out",
    "listed",
    "moved",
    "needed",
    "of_decided",
    "opportunities",
    "overdue_effect",
    "pace_seen",
    "required",
    "rule",
    "standing",
    "unmeasured",
    "week",
    "win_rate",
]

"""Tables, cards and lists: a finished metric table in, a piece of the page out. Nothing is computed here."""

from spm_lib.tables.conversations import conversations_table
from spm_lib.tables.goals import attainment_table, coverage_table
from spm_lib.tables.meetings import learning_list, meetings_table, noted_list
from spm_lib.tables.notes import bases_table, definition_card, drops_table
from spm_lib.tables.owner import (
    asks_list,
    our_part_list,
    owner_numbers,
    people_list,
    priority_box,
    risks_list,
)
from spm_lib.tables.pipeline import hygiene_table, rows_details
from spm_lib.tables.questions import questions_list
from spm_lib.tables.standing import standings_table
from spm_lib.tables.summary import (
    decide_box,
    decisions_list,
    page_header,
    sentences,
    three_numbers,
    wins_list,
)
from spm_lib.tables.winning import panel_table, shrunk_table
from spm_lib.tables.work import ladder_table, scorecard

__all__ = [
    "asks_list",
    "attainment_table",
    "bases_table",
    "conversations_table",
    "coverage_table",
    "decide_box",
    "decisions_list",
    "definition_card",
    "drops_table",
    "hygiene_table",
    "ladder_table",
    "learning_list",
    "meetings_table",
    "noted_list",
    "our_part_list",
    "owner_numbers",
    "page_header",
    "panel_table",
    "people_list",
    "priority_box",
    "questions_list",
    "risks_list",
    "rows_details",
    "scorecard",
    "sentences",
    "shrunk_table",
    "standings_table",
    "three_numbers",
    "wins_list",
]

"""Tables, cards and lists: a finished metric table in, a piece of the page out. Nothing is computed here."""

from spm_lib.tables.conversations import conversations_table
from spm_lib.tables.document import Context, acknowledged_table, document_parts
from spm_lib.tables.environment import environment_table, improvements_list, level_rules, trend_table
from spm_lib.tables.getting_in_step import audit_table, documents_by_state, readiness_table
from spm_lib.tables.goals import attainment_table, coverage_table
from spm_lib.tables.meetings import learning_list, meetings_table, noted_list
from spm_lib.tables.notes import bases_table, definition_card, drops_table
from spm_lib.tables.one_on_one import (
    biggest_win,
    coaching_focus,
    commitments_list,
    definitions_folded,
    documents_table,
    help_list,
    look_down,
    next_commitments,
    plan_progress,
    plan_rest,
    questions_to_ask,
    talk_table,
)
from spm_lib.tables.owner import (
    asks_list,
    our_part_list,
    owner_numbers,
    people_list,
    priority_box,
    risks_list,
)
from spm_lib.tables.pipeline import hygiene_table, rows_details
from spm_lib.tables.portfolio import (
    attention_note,
    hour_box,
    meetings_due,
    needs_table,
    overdue_commitments,
    portfolio_changes,
    portfolio_header,
    reports_table,
)
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
from spm_lib.tables.team import (
    team_agreements,
    team_commitments,
    team_goal,
    team_learning,
    team_results,
    team_room,
    team_scorecard,
    team_wins,
)
from spm_lib.tables.trail import trail_limits, trail_months, trail_part, trail_summary
from spm_lib.tables.winning import panel_table, shrunk_table
from spm_lib.tables.work import ladder_table, scorecard

__all__ = [
    "Context",
    "acknowledged_table",
    "asks_list",
    "attainment_table",
    "attention_note",
    "audit_table",
    "bases_table",
    "biggest_win",
    "coaching_focus",
    "commitments_list",
    "conversations_table",
    "coverage_table",
    "decide_box",
    "decisions_list",
    "definition_card",
    "definitions_folded",
    "document_parts",
    "documents_by_state",
    "documents_table",
    "drops_table",
    "environment_table",
    "help_list",
    "hour_box",
    "hygiene_table",
    "improvements_list",
    "ladder_table",
    "learning_list",
    "level_rules",
    "look_down",
    "meetings_due",
    "meetings_table",
    "needs_table",
    "next_commitments",
    "noted_list",
    "our_part_list",
    "overdue_commitments",
    "owner_numbers",
    "page_header",
    "panel_table",
    "people_list",
    "plan_progress",
    "plan_rest",
    "portfolio_changes",
    "portfolio_header",
    "priority_box",
    "questions_list",
    "questions_to_ask",
    "readiness_table",
    "reports_table",
    "risks_list",
    "rows_details",
    "scorecard",
    "sentences",
    "shrunk_table",
    "standings_table",
    "talk_table",
    "team_agreements",
    "team_commitments",
    "team_goal",
    "team_learning",
    "team_results",
    "team_room",
    "team_scorecard",
    "team_wins",
    "three_numbers",
    "trail_limits",
    "trail_months",
    "trail_part",
    "trail_summary",
    "trend_table",
    "wins_list",
]

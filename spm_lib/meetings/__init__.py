"""Meetings: what was promised, held, taught, coached and agreed; commitments carried from one to the next."""

from spm_lib.meetings.cadence import Every, cadence, promises
from spm_lib.meetings.coaching import coached_on, coaching_log, learning_log, reinforced_log
from spm_lib.meetings.commitments import commitments, commitments_kept
from spm_lib.meetings.files import Meeting, Meetings, check_meetings, read_meeting
from spm_lib.meetings.improvement import Plan, Plans, check_plans, plan_of, plans_running, reps_with_a_plan
from spm_lib.meetings.models import KINDS, Commitment
from spm_lib.meetings.next_meeting import file_name, next_meeting, write_next

__all__ = [
    "KINDS",
    "Commitment",
    "Every",
    "Meeting",
    "Meetings",
    "Plan",
    "Plans",
    "cadence",
    "check_meetings",
    "check_plans",
    "coached_on",
    "coaching_log",
    "commitments",
    "commitments_kept",
    "file_name",
    "learning_log",
    "next_meeting",
    "plan_of",
    "plans_running",
    "promises",
    "read_meeting",
    "reinforced_log",
    "reps_with_a_plan",
    "write_next",
]

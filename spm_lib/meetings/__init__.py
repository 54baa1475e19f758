"""Meetings: what was promised, held, taught, coached and agreed; commitments carried from one to the next."""

from spm_lib.meetings.cadence import Every, cadence, promises
from spm_lib.meetings.coaching import coached_on, coaching_log, learning_log, reinforced_log
from spm_lib.meetings.commitments import commitments, commitments_kept
from spm_lib.meetings.files import Meeting, Meetings, check_meetings, read_meeting
from spm_lib.meetings.models import KINDS, Commitment
from spm_lib.meetings.next_meeting import file_name, next_meeting, write_next

__all__ = [
    "KINDS",
    "Commitment",
    "Every",
    "Meeting",
    "Meetings",
    "cadence",
    "check_meetings",
    "coached_on",
    "coaching_log",
    "commitments",
    "commitments_kept",
    "file_name",
    "learning_log",
    "next_meeting",
    "promises",
    "read_meeting",
    "reinforced_log",
    "write_next",
]

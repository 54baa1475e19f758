"""HubSpot: full exports of deals, and of the calls, meetings and tasks changed since the last export.

Every field is quoted, owners are display names, times are the account's own clock without seconds.
"Date entered" columns hold the last entry into a stage, also for times long before the first export.
E-mails cannot be exported from HubSpot, so there are none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import PurePosixPath

from spm_lib.demo.exports import (
    File,
    Shown,
    clock,
    contact,
    csv_bytes,
    is_planned,
    last_instant,
    made_at,
    minute,
    shown_all,
    sundays,
)
from spm_lib.demo.model import Activity, Opportunity, World

#: Sundays of 2025-W40 and 2026-W27: an export a quarter before, one a week since, and one of the last week.
FIRST_EXPORT = date(2025, 10, 5)
WEEKLY_SINCE = date(2026, 7, 5)

PIPELINE = "Sales Pipeline"
STAGES = (
    "Appointment Scheduled",
    "Qualified To Buy",
    "Presentation Scheduled",
    "Decision Maker Bought-In",
    "Contract Sent",
)
CLOSED_STAGES = {"won": "Closed Won", "lost": "Closed Lost", "disqualified": "Closed Lost"}
BUSINESS = {"new": "New Business", "existing": "Existing Business"}
DEALS = (
    "Record ID",
    "Deal Name",
    "Pipeline",
    "Deal Stage",
    "Amount",
    "Currency",
    "Close Date",
    "Create Date",
    "Deal owner",
    "Deal Type",
    "Closed Lost Reason",
    "Original Traffic Source",
    "Product line",
    "Territory",
    "Last Activity Date",
    "Next Activity Date",
    "Last Modified Date",
    "Number of Associated Contacts",
    "Associated Company",
    "Associated Company IDs",
    *(f'Date entered "{stage} ({PIPELINE})"' for stage in (*STAGES, "Closed Won", "Closed Lost")),
)
CALLS = (
    "Record ID",
    "Activity date",
    "Activity assigned to",
    "Call title",
    "Call direction",
    "Call status",
    "Call outcome",
    "Call duration",
    "Decision maker present",
    "Next step date",
    "Create date",
    "Last modified date",
    "Associated Contact IDs",
    "Associated Company IDs",
    "Associated Deal IDs",
)
MEETINGS = (
    "Record ID",
    "Activity assigned to",
    "Meeting name",
    "Meeting outcome",
    "Meeting start time",
    "Meeting end time",
    *CALLS[8:],
)
TASKS = (
    "Record ID",
    "Activity assigned to",
    "Task title",
    "Task status",
    "Task type",
    "Due date",
    "Completion date",
    *CALLS[10:],
)
OUTCOMES = {
    "connected": "Connected",
    "no_answer": "No answer",
    "voicemail": "Left voicemail",
    "busy": "Busy",
    "wrong_number": "Wrong number",
    "held": "Completed",
    "no_show": "No show",
    "cancelled": "Canceled",
}


def export_days(until: date) -> list[date]:
    """The Sundays an export is taken on; the last is one of them, so that its week is never a stale one."""
    before = [day for day in sundays(FIRST_EXPORT, until, every=13) if day < WEEKLY_SINCE]
    return sorted({*before, *sundays(WEEKLY_SINCE, until), until})


def export(world: World, day: date, previous: date | None, time_zone: str) -> Iterator[File]:
    """The files of one Sunday.

    Parameters
    ----------
    world : World
    day : datetime.date
    previous : datetime.date, optional
        The export before: activities that changed since are in the files.
    time_zone : str
        The account's.
    """
    moment = last_instant(day)
    since = last_instant(previous) if previous else None
    changed = world.known(moment, since)
    tables = {
        "deals": (DEALS, [_deal(world, deal) for deal in shown_all(world, moment)]),
        "calls": (CALLS, [_call(world, one, moment) for one in changed if one.kind == "call"]),
        "meetings": (MEETINGS, [_meeting(world, one, moment) for one in changed if one.kind == "meeting"]),
        "tasks": (TASKS, [_task(world, one, moment) for one in changed if one.kind == "task"]),
    }
    for name, (header, rows) in tables.items():
        path = PurePosixPath(f"inbox/hubspot-crm-exports-all-{name}-{day}.csv")
        yield File(path, csv_bytes(header, rows, quote=csv.QUOTE_ALL), made_at(day, time_zone))


def deal_id(one: Opportunity) -> int:
    """The Record ID of a deal."""
    return 28_400_000_000 + 137 * one.number


def activity_id(one: Activity) -> int:
    """The Record ID of a call, meeting or task."""
    return 61_200_000_000 + 29 * one.number


def _deal(world: World, deal: Shown) -> list[object]:
    one, stage = deal.one, deal.stage
    entered = {CLOSED_STAGES.get(str(key), key): at for key, at in deal.entered.items()}
    expected = f"{deal.expected_close} 17:00" if deal.expected_close else None
    return [
        deal_id(one),
        one.name,
        PIPELINE,
        STAGES[stage] if isinstance(stage, int) else CLOSED_STAGES[stage],
        deal.amount,
        one.currency,
        minute(deal.closed_at) or expected,
        minute(one.created_at),
        world.business.spelling(deal.rep),
        BUSINESS[one.business],
        deal.lost_reason,
        one.lead_source,
        one.product_line,
        one.territory,
        deal.last_activity_on,
        deal.next_activity_on,
        minute(deal.modified_at),
        deal.contact_count,
        world.business.account_name(one.account),
        _company(one.account),
        *(minute(entered.get(key)) for key in (*range(len(STAGES)), "Closed Won", "Closed Lost")),
    ]


def _call(world: World, call: Activity, moment: datetime) -> list[object]:
    planned = is_planned(call, moment)
    return [
        activity_id(call),
        minute(call.at),
        world.business.spelling(call.rep_id),
        call.subject,
        "Inbound" if call.inbound else "Outbound",
        "Scheduled" if planned else "Completed",
        None if planned else OUTCOMES[call.outcome],
        None if planned else clock(call.seconds),
        *_shared(call, planned),
    ]


def _meeting(world: World, meeting: Activity, moment: datetime) -> list[object]:
    planned = is_planned(meeting, moment)
    return [
        activity_id(meeting),
        world.business.spelling(meeting.rep_id),
        meeting.subject,
        "Scheduled" if planned else OUTCOMES[meeting.outcome],
        minute(meeting.at),
        minute(meeting.ends_at),
        *_shared(meeting, planned),
    ]


def _task(world: World, task: Activity, moment: datetime) -> list[object]:
    planned = is_planned(task, moment)
    return [
        activity_id(task),
        world.business.spelling(task.rep_id),
        task.subject,
        "Not started" if planned else "Completed",
        "To-do",
        minute(task.at),
        None if planned else minute(task.at),
        *_shared(task, planned)[2:],
    ]


def _shared(one: Activity, planned: bool) -> list[object]:
    """The columns calls and meetings end with; tasks lack the first two."""
    return [
        None if planned else ("Yes" if one.decision_maker else "No"),
        None if planned else one.next_step_on,
        minute(one.known_at),
        minute(one.known_at if planned else one.logged_at),
        900_000 + contact(one),
        _company(one.account),
        deal_id(one.opportunity) if one.opportunity else None,
    ]


def _company(account: int) -> int:
    return 17_300_000_000 + 61 * account

"""Pipedrive: deals and activities as the list views export them, one pair of files every Sunday.

No file holds any history, so all there is to know about the past lies in the difference of two Sundays.
People and organisations are names, a won or lost deal keeps the stage it was closed from, and a renamed
stage has its new name from one Sunday to the next.
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
    csv_bytes,
    is_planned,
    last_instant,
    made_at,
    shown_all,
    sundays,
)
from spm_lib.demo.model import Activity, Opportunity, World

#: Sunday of 2025-W18.
FIRST_EXPORT = date(2025, 5, 4)

STAGES = ("Qualified", "Contact Made", "Site Visit", "Proposal Made", "Negotiations Started")
#: From this day on the fourth stage has another name.
RENAMED_ON = date(2026, 4, 13)
RENAMED = "Quote Sent"

TYPES = {"call": "Call", "email": "Email", "meeting": "Meeting", "task": "Task"}
OUTCOMES = {
    "connected": "Connected",
    "no_answer": "No answer",
    "voicemail": "Left voicemail",
    "busy": "Busy",
    "wrong_number": "Wrong number",
    "held": "Held",
    "no_show": "No show",
    "cancelled": "Cancelled",
}
DEALS = (
    "Deal - ID",
    "Deal - Title",
    "Deal - Value",
    "Deal - Currency",
    "Deal - Pipeline",
    "Deal - Stage",
    "Deal - Status",
    "Deal - Owner",
    "Deal - Organization",
    "Deal - Label",
    "Deal - Source",
    "Deal - Product line",
    "Deal - Territory",
    "Deal - Deal created",
    "Deal - Update time",
    "Deal - Expected close date",
    "Deal - Won time",
    "Deal - Lost time",
    "Deal - Lost reason",
    "Deal - Last activity date",
    "Deal - Next activity date",
)
ACTIVITIES = (
    "Activity - ID",
    "Activity - Type",
    "Activity - Subject",
    "Activity - Due date",
    "Activity - Due time",
    "Activity - Duration",
    "Activity - Done",
    "Activity - Marked as done time",
    "Activity - Add time",
    "Activity - Assigned to user",
    "Activity - Outcome",
    "Activity - Next step date",
    "Deal - ID",
    "Deal - Title",
    "Organization - Name",
    "Person - Name",
)
FIRST_NAMES = ("Alex", "Bobbie", "Charlie", "Drew", "Ellis", "Frankie", "Glenn", "Jamie", "Kit", "Lee")


def export_days(until: date) -> list[date]:
    """Every Sunday since the CRM came."""
    return sundays(FIRST_EXPORT, until)


def export(world: World, day: date, previous: date | None, time_zone: str) -> Iterator[File]:
    """The two files of one Sunday.

    Parameters
    ----------
    world : World
    day : datetime.date
    previous : datetime.date, optional
        The export before: the activities view is filtered to what changed since, or is still to do.
    time_zone : str
        The business's.
    """
    moment = last_instant(day)
    since = last_instant(previous) if previous else None
    deals = [_deal(world, deal, day) for deal in shown_all(world, moment)]
    activities = [_activity(world, one, moment) for one in world.known(moment, since)]
    for name, header, rows in (("deals", DEALS, deals), ("activities", ACTIVITIES, activities)):
        content = csv_bytes(header, rows, quote=csv.QUOTE_MINIMAL)
        yield File(PurePosixPath(f"inbox/{name}-{day}.csv"), content, made_at(day, time_zone))


def deal_id(one: Opportunity) -> int:
    """The id of a deal."""
    return 4000 + one.number


def activity_id(one: Activity) -> int:
    """The id of an activity."""
    return 70_000 + one.number


def _deal(world: World, deal: Shown, day: date) -> list[object]:
    one = deal.one
    stages = list(STAGES)
    if day >= RENAMED_ON:
        stages[3] = RENAMED
    return [
        deal_id(one),
        one.name,
        deal.amount,
        one.currency,
        "Pipeline",
        stages[deal.open_stage],
        {"won": "Won", "lost": "Lost", "disqualified": "Lost"}.get(str(deal.stage), "Open"),
        world.business.spelling(deal.rep),
        world.business.account_name(one.account),
        "New business" if one.business == "new" else "Existing business",
        one.lead_source,
        one.product_line,
        one.territory,
        one.created_at,
        deal.modified_at,
        deal.expected_close,
        deal.closed_at if deal.stage == "won" else None,
        deal.closed_at if deal.stage in ("lost", "disqualified") else None,
        deal.lost_reason,
        deal.last_activity_on,
        deal.next_activity_on,
    ]


def _activity(world: World, one: Activity, moment: datetime) -> list[object]:
    planned = is_planned(one, moment)
    return [
        activity_id(one),
        TYPES[one.kind],
        one.subject,
        one.at.date(),
        one.at.strftime("%H:%M:%S"),
        clock(one.seconds) if one.kind == "meeting" or not planned else None,
        "To do" if planned else "Done",
        None if planned else one.logged_at,
        one.known_at,
        world.business.spelling(one.rep_id),
        None if planned else OUTCOMES.get(one.outcome),
        None if planned else one.next_step_on,
        deal_id(one.opportunity) if one.opportunity else None,
        one.opportunity.name if one.opportunity else None,
        world.business.account_name(one.account),
        f"{FIRST_NAMES[one.account % 10]} {'Buyer' if not one.decision_maker else 'Director'}",
    ]

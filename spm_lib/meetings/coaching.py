"""What reps were coached on, what the team learnt, which documents were brought back."""

from __future__ import annotations

from datetime import date

import pandas as pd

from spm_lib.meetings.files import Meetings
from spm_lib.meetings.frames import typed
from spm_lib.meetings.models import MANAGER

#: A longer time without coaching ends it: what comes later has to begin again.
COACHING_BREAK_DAYS = 42

_LOG = {"on": "datetime64[us]", "rep_id": "str"}
COACHING_COLUMNS = {**_LOG, "focus": "str", "topic": "str", "by": "str", "source": "str"}
LEARNING_COLUMNS = {**_LOG, "topic": "str", "by": "str", "moves": "str", "source": "str"}
REINFORCED_COLUMNS = {**_LOG, "document": "str", "source": "str"}


def coaching_log(meetings: Meetings, on: date) -> pd.DataFrame:
    """Every coaching until a day, oldest first.

    Returns
    -------
    pandas.DataFrame
        on, rep_id, focus, topic, by ("manager" unless the file says who), source (the file).
    """
    rows = (
        {"on": one.on, "rep_id": one.rep, "focus": part.focus, "topic": part.note}
        | {"by": part.by or MANAGER, "source": one.file}
        for one in meetings.held(on)
        for part in one.front.coaching
    )
    return typed(rows, COACHING_COLUMNS)


def learning_log(meetings: Meetings, on: date) -> pd.DataFrame:
    """Everything taught until a day, oldest first.

    Returns
    -------
    pandas.DataFrame
        on, rep_id (missing where the whole team was taught), topic, by, moves (the measure it was meant to
        move), source.
    """
    rows = (
        {"on": one.on, "rep_id": one.rep, **part.model_dump(), "source": one.file}
        for one in meetings.held(on)
        for part in one.front.learning
    )
    return typed(rows, LEARNING_COLUMNS)


def reinforced_log(meetings: Meetings, on: date) -> pd.DataFrame:
    """Every document that a meeting came back to until a day, once per rep who was there.

    Returns
    -------
    pandas.DataFrame
        on, rep_id, document, source.
    """
    rows = (
        {"on": one.on, "rep_id": who, "document": document, "source": one.file}
        for one in meetings.held(on)
        for document in one.front.reinforced
        for who in one.front.attendees
        if who not in ("manager", "owner")
    )
    return typed(rows, REINFORCED_COLUMNS)


def coached_on(meetings: Meetings, on: date) -> dict[str, date]:
    """Rep id -> the day the coaching that still goes on began, as ``judgement.conversations`` asks for it.

    Coaching goes on as long as no more than `COACHING_BREAK_DAYS` pass between two of its days, and between
    the last of them and `on`. A rep whose coaching broke off is not in it: coaching comes first, again.
    """
    began: dict[str, date] = {}
    last: dict[str, date] = {}
    for one in meetings.held(on):
        if one.rep is None or not one.front.coaching:
            continue
        if one.rep not in last or (one.on - last[one.rep]).days > COACHING_BREAK_DAYS:
            began[one.rep] = one.on
        last[one.rep] = one.on
    return {rep: day for rep, day in began.items() if (on - last[rep]).days <= COACHING_BREAK_DAYS}

"""Salesforce: the weekly Data Export, one CSV file per object in a folder named by its date.

Headers are API names, every field is quoted, times are UTC, ids have 18 characters whose case matters, and
deleted rows are still there. Each export holds the whole history, so only the latest few are kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import PurePosixPath

from spm_lib.demo.exports import File, csv_bytes, last_instant, made_at, sundays
from spm_lib.demo.model import World
from spm_lib.demo.salesforce_ids import activity_id, deal_id
from spm_lib.demo.salesforce_objects import Org

__all__ = ["activity_id", "deal_id", "export", "export_days"]

#: So many weekly exports are kept.
KEPT = 2

#: Object -> its fields, by their API names.
OBJECTS = {
    "Opportunity": (
        "Id,IsDeleted,AccountId,Name,StageName,Amount,Probability,ExpectedRevenue,CloseDate,Type,NextStep,"
        "LeadSource,IsClosed,IsWon,ForecastCategory,ForecastCategoryName,OwnerId,CreatedDate,CreatedById,"
        "LastModifiedDate,SystemModstamp,LastActivityDate,Loss_Reason__c,Product_Line__c,Territory__c"
    ),
    "OpportunityHistory": (
        "Id,OpportunityId,CreatedById,CreatedDate,StageName,Amount,ExpectedRevenue,CloseDate,Probability,"
        "ForecastCategory,SystemModstamp,IsDeleted"
    ),
    "OpportunityFieldHistory": (
        "Id,IsDeleted,OpportunityId,CreatedById,CreatedDate,Field,DataType,OldValue,NewValue"
    ),
    "OpportunityStage": (
        "Id,MasterLabel,ApiName,IsActive,SortOrder,IsClosed,IsWon,ForecastCategory,DefaultProbability"
    ),
    "Account": "Id,IsDeleted,MasterRecordId,Name,Type,Industry,OwnerId,CreatedDate",
    "User": "Id,Username,LastName,FirstName,Name,Email,IsActive,UserType",
    "Task": (
        "Id,WhoId,WhatId,Subject,ActivityDate,Status,OwnerId,IsDeleted,AccountId,IsClosed,CreatedDate,"
        "TaskSubtype,CallDurationInSeconds,CallType,CallDisposition,CompletedDateTime,"
        "Decision_Maker_Present__c,Next_Step_Date__c"
    ),
    "Event": (
        "Id,WhoId,WhatId,Subject,IsAllDayEvent,StartDateTime,EndDateTime,DurationInMinutes,AccountId,OwnerId,"
        "Type,IsDeleted,IsChild,CreatedDate,EventSubtype,Outcome__c,Decision_Maker_Present__c,Next_Step_Date__c"
    ),
}


def export_days(until: date) -> list[date]:
    """The Sundays whose exports are kept."""
    return sundays(until - timedelta(weeks=KEPT - 1), until)


def export(world: World, day: date, previous: date | None, time_zone: str) -> Iterator[File]:
    """The files of one Sunday; the export before does not matter.

    Parameters
    ----------
    world : World
    day : datetime.date
    previous : datetime.date, optional
    time_zone : str
        The business's; the files hold UTC.
    """
    del previous
    org = Org(world, last_instant(day), time_zone)
    tables: dict[str, Iterator[Sequence[object]]] = {
        "Opportunity": org.opportunities(),
        "OpportunityHistory": org.history(),
        "OpportunityFieldHistory": org.field_history(),
        "OpportunityStage": org.stages(),
        "Account": org.accounts(),
        "User": org.users(),
        "Task": org.tasks(),
        "Event": org.events(),
    }
    for name, rows in tables.items():
        path = PurePosixPath(f"inbox/data-export-{day}/{name}.csv")
        content = csv_bytes(OBJECTS[name].split(","), rows, quote=csv.QUOTE_ALL)
        yield File(path, content, made_at(day, time_zone))

"""Pipedrive's lists, as CSV and XLSX, under the headers different accounts give them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from tests.sources.typed_in import grid, lines, refusals, utc, workbook

MAPPING = """\
preset: pipedrive
stages:
  - {id: qualified, name: Qualified}
  - {id: quoted, name: Quote Sent, labels: [Proposal Made]}
"""
DEALS = lines(
    {
        "Deal - ID": "",
        "Deal - Title": "Deal",
        "Deal - Value": 800,
        "Deal - Currency": "GBP",
        "Deal - Pipeline": "Main",
        "Deal - Stage": "Quote Sent",
        "Deal - Status": "Open",
        "Deal - Owner": "Ben Hale",
        "Deal - Organization": "Acme",
        "Deal - Label": "",
        "Deal - Deal created": "2026-09-01 09:00:00",
        "Deal - Update time": "2026-10-20 10:00:00",
        "Deal - Last stage change": "",
        "Deal - Won time": "",
        "Deal - Lost time": "",
    },
    {
        "Deal - ID": 11,
        "Deal - Value": 1200.5,
        "Deal - Stage": "Qualified",
        "Deal - Label": "Hot, New business",
        "Deal - Probability": 60,
        "Deal - Deal created": "2026-10-01 09:00:00",
        "Deal - Last stage change": "2026-10-05 08:00:00",
        "Deal - Expected close date": "2026-12-24",
    },
    {
        "Deal - ID": 12,
        "Deal - Currency": "EUR",
        "Deal - Stage": "Proposal Made",
        "Deal - Status": "Won",
        "Deal - Label": "Existing business",
        "Deal - Last stage change": "2026-09-10 08:00:00",
        "Deal - Won time": "2026-10-20 10:00:00",
    },
    {
        "Deal - ID": 13,
        "Deal - Status": "Lost",
        "Deal - Organization": "Bolt",
        "Deal - Lost time": "2026-10-21 11:00:00",
    },
    {"Deal - ID": 14, "Deal - Stage": "Qualified", "Deal - Status": "Deleted", "Deal - Organization": ""},
)
ACTIVITIES = lines(
    {
        "Activity - ID": "",
        "Activity - Type": "Call",
        "Activity - Subject": "Ring",
        "Activity - Due date": "2026-11-02",
        "Activity - Due time": "09:00:00",
        "Activity - Duration": "",
        "Activity - Done": "Done",
        "Activity - Marked as done time": "",
        "Activity - Add time": "2026-10-30 08:00:00",
        "Activity - Assigned to user": "Ana Lopez",
        "Activity - Outcome": "",
        "Deal - ID": 11,
        "Organization - Name": "Acme",
        "Person - Name": "Jo",
    },
    {
        "Activity - ID": 1,
        "Activity - Duration": "00:01:30",
        "Activity - Marked as done time": "2026-11-02 09:05:00",
        "Activity - Outcome": "Connected",
    },
    {
        "Activity - ID": 2,
        "Activity - Due time": "09:10",
        "Activity - Duration": "00:00:00",
        "Activity - Marked as done time": "2026-11-02 09:12:00",
        "Activity - Outcome": "Connected",
    },
    {
        "Activity - ID": 3,
        "Activity - Type": "Meeting",
        "Activity - Due date": "2026-11-03",
        "Activity - Due time": "1:30 PM",
        "Activity - Duration": "01:30",
        "Activity - Marked as done time": "2026-11-03 16:00:00",
        "Activity - Outcome": "No show",
    },
    {
        "Activity - ID": 4,
        "Activity - Type": "E-mail",
        "Activity - Due date": "2026-11-04",
        "Activity - Due time": "",
        "Activity - Marked as done time": "2026-11-04 12:00:00",
        "Activity - Add time": "2026-11-04 12:00:00",
    },
    {
        "Activity - ID": 5,
        "Activity - Type": "Task",
        "Activity - Due date": "2026-11-20",
        "Activity - Due time": "10:00:00",
        "Activity - Done": "To do",
        "Activity - Add time": "2026-11-04 12:00:00",
    },
    {
        "Activity - ID": 6,
        "Activity - Type": "Lunch",
        "Activity - Due date": "2026-11-05",
        "Activity - Due time": "12:00:00",
        "Activity - Duration": "01:00:00",
        "Activity - Marked as done time": "2026-11-05 08:00:00",
        "Activity - Outcome": "Cancelled",
    },
)
OTHER_DEALS = {
    "Deal - Pipedrive System ID": 12,
    "Title": "Signs",
    "Value": 800,
    "Deal - Currency of Value": "EUR",
    "Deal - Stage (pipeline)": "Quote Sent",
    "Status": "Won",
    "Owner": "Ben Hale",
    "Organization - Name": "Acme",
    "Organization - ID": 7,
    "Deal - Creation date": datetime.fromisoformat("2026-09-01T09:00"),
    "Won time": datetime.fromisoformat("2026-10-20T10:00"),
}
OTHER_ACTIVITIES = {
    "Activity ID": 3,
    "Type": "Meeting",
    "Due date": date(2026, 11, 3),
    "Due time": time(13, 30),
    "Duration": time(1, 30),
    "Activity - Status": "Done",
    "Assigned to user": "Ben Hale",
    "Add time": datetime.fromisoformat("2026-11-03T16:00"),
    "Activity - Deal ID": 12,
}


def only(table, **where):
    """The one row of a table that fits."""
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_deals_keep_their_stage_beside_their_status(read):
    drop = read({"deals-2026-11-15.csv": DEALS}, MAPPING)
    table = drop.tables["opportunities"]
    assert drop.quarantine.empty
    assert table["status"].tolist() == ["open", "won", "lost", "open"]
    assert table["stage_id"].tolist() == ["qualified", "quoted", "quoted", "qualified"]
    assert table["is_deleted"].tolist() == [False, False, False, True]
    assert table["currency"].tolist() == ["GBP", "EUR", "GBP", "GBP"]
    assert table["business"].fillna("-").tolist() == ["new", "existing", "-", "-"]
    assert drop.source == "pipedrive"


def test_times_of_a_deal_are_those_of_its_status_in_the_clients_zone(read):
    table = read({"deals-2026-11-15.csv": DEALS}, MAPPING).tables["opportunities"]
    assert table["closed_at"].notna().tolist() == [False, True, True, False]
    assert utc(only(table, opportunity_id="12")["closed_at"]) == "2026-10-20T15:00:00"  # 10:00 in Chicago
    first = only(table, opportunity_id="11")
    assert utc(first["created_at"]) == "2026-10-01T14:00:00"
    assert first["expected_close"].strftime("%Y-%m-%d") == "2026-12-24"
    assert (first["probability"], first["amount"]) == (0.6, 1200.5)


def test_the_last_stage_change_is_all_a_file_knows_of_the_past(read):
    changes = read({"deals-2026-11-15.csv": DEALS}, MAPPING).tables["changes"]
    assert changes[["opportunity_id", "field", "new", "evidence"]].values.tolist() == [
        ["11", "stage", "qualified", "date_entered"],
        ["12", "stage", "quoted", "date_entered"],
    ]


def test_organisations_are_accounts_once(read):
    accounts = read({"deals-2026-11-15.csv": DEALS}, MAPPING).tables["accounts"]
    assert accounts[["account_id", "name"]].values.tolist() == [["Acme", "Acme"], ["Bolt", "Bolt"]]


def test_activities_take_place_when_due_and_are_written_down_when_ticked(read):
    drop = read({"activities-2026-11-15.csv": ACTIVITIES}, MAPPING)
    assert drop.quarantine.empty
    table = drop.tables["activities"].set_index("activity_id")
    assert table["kind"].tolist() == ["call", "call", "meeting", "email", "task", "meeting"]
    assert table["status"].tolist() == ["done", "done", "done", "done", "planned", "cancelled"]
    assert table["outcome"].fillna("-").tolist() == [
        "connected",
        "connected",
        "no_show",
        "sent",
        "-",
        "cancelled",
    ]
    # Chicago is 6 hours behind UTC in November; a day without an hour is its first instant
    assert table["at"].map(utc).tolist() == [
        "2026-11-02T15:00:00",
        "2026-11-02T15:10:00",
        "2026-11-03T19:30:00",
        "2026-11-04T06:00:00",
        "2026-11-20T16:00:00",
        "2026-11-05T18:00:00",
    ]
    assert table["logged_at"].map(utc).tolist()[:5] == [
        "2026-11-02T15:05:00",
        "2026-11-02T15:12:00",
        "2026-11-03T22:00:00",
        "2026-11-04T18:00:00",
        "2026-11-04T18:00:00",
    ]


def test_a_length_is_hours_and_minutes_and_nothing_measured_is_unknown(read):
    table = read({"activities-2026-11-15.csv": ACTIVITIES}, MAPPING).tables["activities"]
    # 00:01:30, 0 beside "connected", 01:30 = an hour and a half, none, none, 01:00:00
    assert table["duration_seconds"].fillna(-1).tolist() == [90.0, -1, 5400.0, -1, -1, 3600.0]


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (
            "1,Call,Ring,2026-11-02,09:00",
            "1,Pigeon,Ring,2026-11-02,09:00",
            "none of call, email, meeting, task, note",
        ),
        (",00:01:30,", ",30,", "not a number"),
        (",Done,2026-11-02 09:05:00", ",Perhaps,2026-11-02 09:05:00", "none of done, planned, cancelled"),
        (
            "2026-11-02,09:00:00",
            "2026-11-02,morning",
            "fits none of the formats of the mapping (`dates:`, `times:`)",
        ),
    ],
)
def test_an_activity_that_could_mean_anything_is_refused(read, before, after, refused):
    assert ACTIVITIES.count(before) == 1
    drop = read({"activities-2026-11-15.csv": ACTIVITIES.replace(before, after)}, MAPPING)
    assert [(row, reason) for row, _, _, reason in refusals(drop)] == [(2, refused)]
    assert len(drop.tables["activities"]) == 5


def test_other_headers_and_a_workbook_say_the_same(read):
    deals, activities = ([list(one), list(one.values())] for one in (OTHER_DEALS, OTHER_ACTIVITIES))
    drop = read({"deals-1.xlsx": workbook(Deals=deals), "activities-1.xlsx": workbook(A=activities)}, MAPPING)
    assert [(file.kind, file.error, file.findings) for file in drop.files] == [
        ("deals", None, ()),
        ("activities", None, ()),
    ]
    deal = drop.tables["opportunities"].iloc[0]
    assert (deal["opportunity_id"], deal["amount"], deal["currency"], deal["account_id"]) == (
        "12",
        800,
        "EUR",
        "7",
    )
    assert (utc(deal["created_at"]), utc(deal["closed_at"])) == ("2026-09-01T14:00:00", "2026-10-20T15:00:00")
    assert drop.tables["accounts"]["name"].tolist() == ["Acme"]
    visit = drop.tables["activities"].iloc[0]
    assert (utc(visit["at"]), visit["duration_seconds"], visit["opportunity_id"]) == (
        "2026-11-03T19:30:00",
        5400,
        "12",
    )
    # created after the day it is for: written down then
    assert utc(visit["logged_at"]) == "2026-11-03T22:00:00"


def test_a_sheet_of_deals_and_one_of_activities_in_one_workbook_are_told_apart_by_their_headers(read):
    book = workbook(One=grid(DEALS), Two=grid(ACTIVITIES))
    drop = read({"export-2026-11-15.xlsx": book}, MAPPING)
    assert [(file.name, file.kind) for file in drop.files] == [
        ("export-2026-11-15.xlsx/One", "deals"),
        ("export-2026-11-15.xlsx/Two", "activities"),
    ]


def test_ids_spoiled_by_a_spreadsheet_name_no_deal(read):
    drop = read({"deals-2026-11-15.csv": DEALS.replace("\n11,", "\n1.1E+10,")}, MAPPING)
    assert [(row, column) for row, column, *_ in refusals(drop)] == [(2, "Deal - ID")]


def test_decimal_commas_of_the_exporting_user_are_declared_or_refused(read):
    text = DEALS.replace("1200.5", '"1.200,50"')
    assert [value for _, _, value, _ in refusals(read({"deals-1.csv": text}, MAPPING))] == ["1.200,50"]
    table = read({"deals-1.csv": text}, "decimal: ','\n" + MAPPING).tables["opportunities"]
    assert table["amount"].tolist() == [1200.5, 800, 800, 800]
    assert table["probability"].tolist()[0] == 0.6


def test_an_account_without_its_own_stages_is_asked_for_them(read):
    drop = read({"deals-2026-11-15.csv": DEALS}, "preset: pipedrive\n")
    assert {reason for *_, reason in refusals(drop)} == {
        "no stages are known: list them under `stages:` in mapping.yaml"
    }

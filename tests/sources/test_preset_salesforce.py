"""Salesforce's Data Export: one file per object, API names as headers, UTC times, ids whose case matters."""

from __future__ import annotations

import pytest

from tests.sources.typed_in import lines, refusals, utc

MAPPING = "preset: salesforce\n"

# An id of 15 characters gets three more, one per five: capitals count 1, 2, 4, 8, 16 from the left, the sum
# is a place in A-Z0-5, from 0 on. "006A0" and "000Bq" have one at the fourth place, 8 = I; "DXBaa" has them
# at the first three, 1 + 2 + 4 = 7 = H.
SHORT, LONG = "006A0000BqDXBaa", "006A0000BqDXBaaIIH"
ANA, BEN = "005000000000001AAA", "005000000000002AAA"
ACME = "001000000000001AAA"

STAGES = lines(
    {"Id": "1", "IsActive": "1", "IsClosed": "0", "IsWon": "0"},
    {"MasterLabel": "Prospecting", "ApiName": "Prospecting", "SortOrder": "1"},
    {"MasterLabel": "Negotiation/Review", "ApiName": "Negotiation/Review", "SortOrder": "2"},
    {"MasterLabel": "Closed Won", "ApiName": "Closed Won", "SortOrder": "3", "IsClosed": "1", "IsWon": "1"},
    {"MasterLabel": "Closed Lost", "ApiName": "Closed Lost", "SortOrder": "4", "IsClosed": "1"},
)
DEAL = {
    "Id": LONG,
    "IsDeleted": "0",
    "AccountId": ACME,
    "Name": "Cafe",
    "StageName": "Closed Won",
    "Amount": "1200.50",
    "Probability": "100",
    "CloseDate": "2026-11-03",
    "Type": "New Customer",
    "IsClosed": "1",
    "IsWon": "1",
    "ForecastCategoryName": "Closed",
    "OwnerId": ANA,
    "CreatedDate": "2026-10-01 14:00:00",
    "SystemModstamp": "2026-11-04 20:00:00",
}
OPEN = {
    "Id": "006000000000002AAA",
    "StageName": "Prospecting",
    "Probability": "10",
    "CloseDate": "2026-12-24",
    "IsClosed": "0",
    "IsWon": "0",
}
PAST = {
    "Id": "",
    "OpportunityId": LONG,
    "CreatedDate": "",
    "StageName": "",
    "Amount": "1000.00",
    "CloseDate": "2026-11-30",
    "Probability": "10",
    "ForecastCategory": "Pipeline",
    "IsDeleted": "0",
}
HISTORY = lines(
    PAST,
    {"Id": "008000000000001AAA", "CreatedDate": "2026-10-01 14:00:00", "StageName": "Prospecting"},
    {
        "Id": "008000000000002AAA",
        "CreatedDate": "2026-10-15 14:00:00",
        "StageName": "Negotiation/Review",
        "Amount": "1200.50",
    },
    {
        "Id": "008000000000003AAA",
        "CreatedDate": "2026-10-20 14:00:00",
        "StageName": "Negotiation/Review",
        "Amount": "1200.50",
        "CloseDate": "2026-12-15",
    },
    {
        "Id": "008000000000004AAA",
        "CreatedDate": "2026-11-03 20:30:00",
        "StageName": "Closed Won",
        "Amount": "1200.50",
        "CloseDate": "2026-11-03",
        "Probability": "100",
        "ForecastCategory": "Closed",
    },
)


def files(*deals, **more):
    """A data export: opportunities laid over one that is won, and any other files."""
    named = {f"{name}.csv": text for name, text in more.items()}
    return {"Opportunity.csv": lines(DEAL, *deals), "OpportunityStage.csv": STAGES, **named}


def moves(changes, field):
    found = changes[changes["field"] == field].fillna("-")
    return [(one.old, one.new, utc(one.at)) for one in found.itertuples()]


def test_an_opportunity_is_closed_when_its_history_says_so(read):
    drop = read(files({}, OPEN, OpportunityHistory=HISTORY), MAPPING)
    assert drop.quarantine.empty
    table = drop.tables["opportunities"]
    assert table["status"].tolist() == ["won", "open"]
    assert table["closed_at"].dropna().map(utc).tolist() == ["2026-11-03T20:30:00"]
    assert table["expected_close"].dt.strftime("%Y-%m-%d").fillna("-").tolist() == ["-", "2026-12-24"]
    assert table["probability"].tolist() == [1.0, 0.1]
    assert table["business"].tolist() == ["new", "new"]
    assert utc(table["created_at"][0]) == "2026-10-01T14:00:00"  # UTC, not Chicago


def test_rows_of_the_history_become_the_differences_between_them(read):
    changes = read(files({}, OpportunityHistory=HISTORY), MAPPING).tables["changes"]
    assert moves(changes, "stage") == [
        ("Prospecting", "Negotiation/Review", "2026-10-15T14:00:00"),
        ("Negotiation/Review", "Closed Won", "2026-11-03T20:30:00"),
    ]
    assert moves(changes, "amount") == [("1000.00", "1200.50", "2026-10-15T14:00:00")]
    # the close date of a closed row is no expectation any more
    assert moves(changes, "expected_close")[0] == ("2026-11-30", "2026-12-15", "2026-10-20T14:00:00")
    assert moves(changes, "status") == [("open", "won", "2026-11-03T20:30:00")]
    assert set(changes["evidence"]) == {"vendor_snapshot"}


def test_a_reopened_opportunity_is_closed_when_it_was_closed_for_good(read):
    again = [
        ("2026-10-15 14:00:00", "Closed Lost", "Omitted", "0"),
        ("2026-10-20 14:00:00", "Negotiation/Review", "Pipeline", "50"),
        ("2026-11-01 14:00:00", "Closed Won", "Closed", "100"),
        ("2026-11-02 14:00:00", "Closed Won", "Closed", "100"),
    ]
    rows = [
        {
            "Id": f"00800000000000{at}AAA",
            "CreatedDate": when,
            "StageName": stage,
            "ForecastCategory": said,
            "Probability": p,
        }
        for at, (when, stage, said, p) in enumerate(again)
    ]
    drop = read(files({}, OpportunityHistory=lines(PAST, *rows)), MAPPING)
    assert utc(drop.tables["opportunities"]["closed_at"][0]) == "2026-11-01T14:00:00"
    assert [(old, new) for old, new, _ in moves(drop.tables["changes"], "status")] == [
        ("lost", "open"),
        ("open", "won"),
    ]


def test_without_history_the_last_stage_change_or_the_close_date_tells(read):
    dated = read(files({"LastStageChangeDate": "2026-11-03 20:30:00"}), MAPPING).tables["opportunities"]
    assert utc(dated["closed_at"][0]) == "2026-11-03T20:30:00"
    # a day alone is the first instant of the client's day: 00:00 in Chicago is 06:00 UTC
    undated = read(files({}), MAPPING).tables["opportunities"]
    assert utc(undated["closed_at"][0]) == "2026-11-03T06:00:00"


def test_headers_and_ids_of_data_loader_and_of_reports_are_the_same(read):
    upper = files({}, OpportunityHistory=HISTORY)
    upper = {
        name: "\n".join([text.split("\n")[0].upper(), *text.split("\n")[1:]]).replace(LONG, SHORT)
        for name, text in upper.items()
    }
    first = read(files({}, OpportunityHistory=HISTORY), MAPPING).tables
    second = read(upper, MAPPING).tables
    for name in ("opportunities", "changes", "stages"):
        assert first[name].equals(second[name]), name
    assert second["opportunities"]["opportunity_id"].tolist() == [LONG]


def test_ids_that_differ_in_case_alone_are_different_records(read):
    table = read(files({"Id": "006A0000000000a"}, {"Id": "006A0000000000A"}), MAPPING).tables["opportunities"]
    # "006A0" = 8 = I; a capital at the fifth place of the last five = 16 = Q
    assert table["opportunity_id"].tolist() == ["006A0000000000aIAA", "006A0000000000AIAQ"]


def test_iso_times_of_the_api_are_the_same_as_those_of_the_export(read):
    api = files(
        {"CreatedDate": "2026-10-01T14:00:00.000Z", "IsDeleted": "false", "IsClosed": "true", "IsWon": "TRUE"}
    )
    assert utc(read(api, MAPPING).tables["opportunities"]["created_at"][0]) == "2026-10-01T14:00:00"


def test_a_deleted_opportunity_is_marked_and_never_lost(read):
    table = read(files({}, OPEN | {"IsDeleted": "1"}), MAPPING).tables["opportunities"]
    assert table["is_deleted"].tolist() == [False, True]
    assert table["status"].tolist() == ["won", "open"]


def field_history(*rows):
    common = {"Id": "", "IsDeleted": "0", "OpportunityId": LONG, "CreatedDate": "2026-10-10 14:00:00"}
    full = [{"Id": f"01700000000000{at}AAA"} | row for at, row in enumerate(rows)]
    return lines(common | {"Field": "", "OldValue": "", "NewValue": ""}, *full)


BY_ID = {"Field": "Owner", "OldValue": BEN[:15], "NewValue": ANA}
BY_NAME = {"Field": "Owner", "OldValue": "Ben Hale", "NewValue": "Ana Lopez"}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([BY_ID, BY_NAME], [(BEN, ANA, "2026-10-10T14:00:00")]),
        ([BY_NAME, BY_ID], [(BEN, ANA, "2026-10-10T14:00:00")]),
        ([BY_NAME], [("Ben Hale", "Ana Lopez", "2026-10-10T14:00:00")]),
        ([BY_ID | {"IsDeleted": "1"}], []),
    ],
)
def test_a_change_of_owner_that_is_there_by_id_and_by_name_counts_once(read, rows, found):
    drop = read(files({}, OpportunityFieldHistory=field_history(*rows)), MAPPING)
    assert drop.quarantine.empty
    assert moves(drop.tables["changes"], "rep") == found


def test_tracked_fields_count_only_where_the_stage_history_is_silent(read):
    tracked = field_history(
        {"Field": "StageName", "OldValue": "Prospecting", "NewValue": "Closed Won"},
        {"Field": "Amount", "OldValue": "5", "NewValue": "7"},
        {"Field": "created", "OldValue": "", "NewValue": ""},
    )
    alone = read(files({}, OpportunityFieldHistory=tracked), MAPPING).tables["changes"]
    assert moves(alone, "stage") == [("Prospecting", "Closed Won", "2026-10-10T14:00:00")]
    assert moves(alone, "amount") == [("5.00", "7.00", "2026-10-10T14:00:00")]
    both = read(files({}, OpportunityFieldHistory=tracked, OpportunityHistory=HISTORY), MAPPING).tables[
        "changes"
    ]
    assert "vendor_event" not in set(both["evidence"])


def test_stages_are_in_the_order_of_the_picklist_and_closed_ones_are_told_apart(read):
    stages = read(files({}), MAPPING).tables["stages"]
    assert stages[["stage_id", "category"]].values.tolist() == [
        ["Prospecting", "open"],
        ["Negotiation/Review", "open"],
        ["Closed Won", "won"],
        ["Closed Lost", "lost"],
    ]


def test_a_stage_that_left_the_picklist_is_known_from_the_rows_that_hold_it(read):
    old = OPEN | {"Id": "006000000000003AAA", "StageName": "Legacy"}
    drop = read(files({}, old), MAPPING)
    assert drop.quarantine.empty
    assert drop.tables["stages"]["stage_id"].tolist()[-1] == "Legacy"


TASK = {
    "Id": "",
    "IsDeleted": "0",
    "WhoId": "003000000000001AAA",
    "WhatId": LONG,
    "AccountId": ACME,
    "OwnerId": ANA,
    "Subject": "Call",
    "Status": "Completed",
    "IsClosed": "1",
    "ActivityDate": "2026-11-02",
    "TaskSubtype": "Call",
    "CallType": "Outbound",
    "CallDisposition": "Connected",
    "CallDurationInSeconds": "90",
    "CompletedDateTime": "2026-11-02 15:05:00",
    "CreatedDate": "2026-11-02 15:05:00",
}


def test_tasks_are_calls_emails_or_tasks_and_done_when_completed(read):
    rows = [
        {},
        {"CallDisposition": "Left Voicemail", "CallDurationInSeconds": "0"},
        {"CallDurationInSeconds": "0"},
        {"TaskSubtype": "Email", "CallType": "", "CallDisposition": "", "CallDurationInSeconds": ""},
        {
            "TaskSubtype": "Task",
            "CallType": "",
            "CallDurationInSeconds": "",
            "Status": "Not Started",
            "IsClosed": "0",
            "CompletedDateTime": "",
            "ActivityDate": "2026-11-20",
        },
        {"CallType": "Internal"},
        {"IsDeleted": "1"},
    ]
    numbered = [{"Id": f"00T00000000000{at}AAA", "Subject": f"No. {at}"} | row for at, row in enumerate(rows)]
    drop = read({"Task.csv": lines(TASK, *numbered)}, MAPPING)
    assert (drop.files[0].rows_read, drop.files[0].accepted) == (7, 7)
    table = drop.tables["activities"]
    assert table["kind"].tolist() == ["call", "call", "call", "email", "task"]
    assert table["outcome"].fillna("-").tolist() == ["connected", "voicemail", "connected", "sent", "-"]
    assert table["duration_seconds"].fillna(-1).tolist() == [90, 0, -1, -1, -1]
    assert table["status"].tolist() == ["done", "done", "done", "done", "planned"]
    assert table["at"].map(utc).tolist()[0] == "2026-11-02T15:05:00"
    assert table["at"].map(utc).tolist()[4] == "2026-11-20T06:00:00"
    assert table["opportunity_id"].unique().tolist() == [LONG]


def test_a_call_logged_on_three_contacts_is_one_call(read):
    rows = [{"Id": f"00T00000000000{at}AAA", "WhoId": f"00300000000000{at}AAA"} for at in range(3)]
    drop = read({"Task.csv": lines(TASK, *rows)}, MAPPING)
    assert len(drop.tables["activities"]) == 1
    assert drop.files[0].accepted == 3


def test_events_are_meetings_of_which_only_a_field_or_the_subject_says_whether_they_were_held(read):
    common = {
        "Id": "",
        "IsDeleted": "0",
        "IsChild": "0",
        "WhoId": "003000000000001AAA",
        "WhatId": LONG,
        "OwnerId": BEN,
        "Subject": "Visit",
        "IsAllDayEvent": "0",
        "ActivityDate": "2026-11-05",
        "StartDateTime": "2026-11-05 15:00:00",
        "EndDateTime": "2026-11-05 16:00:00",
        "DurationInMinutes": "60",
        "CreatedDate": "2026-11-01 15:00:00",
    }
    rows = [
        {},
        {"Subject": "Canceled: Visit"},
        {"IsChild": "1"},
        {"WhoId": "", "WhatId": ""},
        {
            "StartDateTime": "2026-11-20 15:00:00",
            "EndDateTime": "2026-11-20 15:30:00",
            "DurationInMinutes": "",
        },
        {"IsAllDayEvent": "1", "StartDateTime": "2026-11-05 00:00:00", "DurationInMinutes": "1440"},
    ]
    numbered = [{"Id": f"00U00000000000{at}AAA"} | row for at, row in enumerate(rows)]
    drop = read({"Event.csv": lines(common, *numbered)}, MAPPING)
    table = drop.tables["activities"]
    assert drop.files[0].accepted == 6
    assert table["outcome"].fillna("-").tolist() == ["-", "cancelled", "-", "-"]
    assert table["status"].tolist() == ["done", "cancelled", "planned", "done"]
    assert table["duration_seconds"].fillna(-1).tolist() == [3600, 3600, 1800, -1]
    assert utc(table["at"].iloc[-1]) == "2026-11-05T06:00:00"


def test_users_and_accounts_are_named(read):
    users = lines(
        {"Id": ANA[:15], "FirstName": "Ana", "LastName": "Lopez", "Email": "a@b.example", "IsActive": "1"}, {}
    )
    accounts = lines({"Id": ACME, "Name": "Acme", "Industry": "Food", "MasterRecordId": ""}, {})
    drop = read(files({}, User=users, Account=accounts), MAPPING)
    person = drop.tables["people"].iloc[0]
    assert (person["person_id"], person["name"], person["is_active"]) == (ANA, "Ana Lopez", True)
    assert drop.tables["accounts"][["account_id", "name"]].values.tolist() == [[ACME, "Acme"]]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"IsDeleted": "perhaps"}, "IsDeleted"),
        ({"Probability": "250"}, "Probability"),
        ({"CloseDate": "03/11/2026"}, "CloseDate"),
        ({"CreatedDate": "2026-13-01 00:00:00"}, "CreatedDate"),
        ({"Amount": "1.200,50"}, "Amount"),
        ({"StageName": ""}, "StageName"),
    ],
)
def test_what_cannot_be_read_is_refused_under_the_files_own_header(read, row, column):
    drop = read(files({"Id": "006000000000009AAA"} | row, OPEN), MAPPING)
    assert [(line, where) for line, where, *_ in refusals(drop)] == [(2, column)]


def test_splits_are_the_shares_that_make_up_the_whole(read):
    common = {"OpportunityId": LONG, "SplitOwnerId": ANA, "SplitTypeId": "revenue", "IsDeleted": "0"}
    splits = lines(
        common,
        {"SplitPercentage": "60"},
        {"SplitPercentage": "40", "SplitOwnerId": BEN},
        {"SplitPercentage": "20", "SplitTypeId": "overlay"},
    )
    table = read(files({}, OpportunitySplit=splits), MAPPING).tables["splits"]
    assert table[["rep_id", "share_rate"]].values.tolist() == [[ANA, 0.6], [BEN, 0.4]]


def test_files_of_other_objects_may_lie_beside(read):
    drop = read(files({}, Product2="Id,Name\n1,x\n", Lead="Id\n1\n"), MAPPING)
    assert [file.findings for file in drop.files[2:]] == [("not needed",), ("not needed",)]

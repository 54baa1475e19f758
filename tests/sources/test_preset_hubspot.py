"""HubSpot's exports of deals, calls, meetings and tasks, every field quoted, headers being labels."""

from __future__ import annotations

import codecs
import csv

import pytest

from tests.sources.typed_in import lines, refusals, utc

MAPPING = "preset: hubspot\n"
NAME = "hubspot-crm-exports-all-deals-2026-11-15.csv"


def quoted(common, *rows):
    return lines(common, *rows, quote=csv.QUOTE_ALL)


def entered(stage):
    return f'Date entered "{stage} (Sales Pipeline)"'


DEALS = quoted(
    {
        "Record ID": "",
        "Deal Name": "Deal",
        "Pipeline": "Sales Pipeline",
        "Deal Stage": "Contract Sent",
        "Amount": "117.0",
        "Close Date": "2026-12-24 09:00",
        "Create Date": "2026-10-01 09:00",
        "Last Modified Date": "2026-11-10 09:00",
        "Deal owner": "Ana Lopez",
        "Deal Type": "New Business",
        "Closed Lost Reason": "",
        "Associated Company": "Acme",
        "Associated Company IDs": "77",
        "Next step": "",
        entered("Appointment Scheduled"): "2026-10-01 09:00",
        entered("Contract Sent"): "",
        entered("Closed Won"): "",
        entered("Closed Lost"): "",
        'Date entered "Contract Sent (Partner Pipeline)"': "",
    },
    {
        "Record ID": "28412345678",
        entered("Contract Sent"): "2026-10-20 10:00",
        "Next step": "Call on Monday",
        'Date entered "Contract Sent (Partner Pipeline)"': "2026-10-02 10:00",
        "Associated Company": "Acme;Bolt",
        "Associated Company IDs": "77;78",
    },
    {
        "Record ID": "2",
        "Deal Stage": "Closed Won",
        "Close Date": "2026-11-03 14:00",
        # three stages in one minute: one jump, to the stage it is in
        entered("Appointment Scheduled"): "2026-11-03 14:00",
        entered("Contract Sent"): "2026-11-03 14:00",
        entered("Closed Won"): "2026-11-03 14:00",
    },
    {
        "Record ID": "3",
        "Deal Stage": "Closed Lost",
        "Close Date": "2026-11-04 14:00",
        "Closed Lost Reason": "Not a fit",
        "Deal owner": "",
        "Deal Type": "Something else",
        entered("Closed Lost"): "2026-11-04 15:00",
    },
)


def test_a_close_date_is_expected_while_a_deal_is_open_and_actual_once_it_is_closed(read):
    drop = read({NAME: DEALS}, MAPPING)
    assert drop.quarantine.empty
    table = drop.tables["opportunities"]
    assert table["opportunity_id"].tolist() == ["28412345678", "2", "3"]
    assert table["status"].tolist() == ["open", "won", "lost"]
    assert table["expected_close"].dt.strftime("%Y-%m-%d").fillna("-").tolist() == ["2026-12-24", "-", "-"]
    # 14:00 in Chicago in November is 20:00 UTC
    assert table["closed_at"].dropna().map(utc).tolist() == ["2026-11-03T20:00:00", "2026-11-04T20:00:00"]
    assert utc(table["created_at"][0]) == "2026-10-01T14:00:00"
    assert table["has_next_step"].tolist() == [True, False, False]


def test_an_owner_is_kept_as_displayed_and_a_word_nobody_listed_leaves_its_field_empty(read):
    table = read({NAME: DEALS}, MAPPING).tables["opportunities"]
    assert table["rep_id"].fillna("-").tolist() == ["Ana Lopez", "Ana Lopez", "-"]
    assert table["business"].fillna("-").tolist() == ["new", "new", "-"]
    assert table["account_id"].tolist() == ["77", "77", "77"]


def test_the_first_associated_company_is_the_account(read):
    accounts = read({NAME: DEALS}, MAPPING).tables["accounts"]
    assert accounts[["account_id", "name"]].values.tolist() == [["77", "Acme"]]


def test_date_entered_columns_become_changes_in_their_order(read):
    changes = read({NAME: DEALS}, MAPPING).tables["changes"]
    found = changes[changes["field"] == "stage"].fillna("-")
    assert [(one.opportunity_id, one.old, one.new, utc(one.at)) for one in found.itertuples()] == [
        ("28412345678", "-", "appointmentscheduled", "2026-10-01T14:00:00"),
        ("28412345678", "appointmentscheduled", "contractsent", "2026-10-20T15:00:00"),
        ("2", "-", "closedwon", "2026-11-03T20:00:00"),
        ("3", "-", "appointmentscheduled", "2026-10-01T14:00:00"),
        ("3", "appointmentscheduled", "closedlost", "2026-11-04T21:00:00"),
    ]
    assert set(changes["evidence"]) == {"date_entered"}


def test_a_change_of_status_follows_from_a_change_of_category(read):
    changes = read({NAME: DEALS}, MAPPING + "disqualified_reasons: [Not a fit]\n").tables["changes"]
    found = changes[changes["field"] == "status"].fillna("-")
    assert found[["opportunity_id", "old", "new"]].values.tolist() == [
        ["2", "-", "won"],
        ["3", "open", "disqualified"],
    ]


def test_internal_names_semicolons_and_a_mark_say_the_same(read):
    internal = {
        "Deal ID": "28412345678",
        "dealname": "two\nlines",
        "dealstage": "closedwon",
        "amount": "5",
        "closedate": "2026-11-03 14:00",
        "hubspot_owner_id": "4711",
        "hs_v2_date_entered_closedwon": "2026-11-03 14:00",
        "hs_v2_date_entered_current_stage": "2026-11-03 14:00",
    }
    text = quoted(internal, {}).replace('","', '";"')
    drop = read({NAME: codecs.BOM_UTF8 + text.encode()}, MAPPING)
    row = drop.tables["opportunities"].iloc[0]
    assert (row["stage_id"], row["status"], row["rep_id"], row["name"]) == (
        "closedwon",
        "won",
        "4711",
        "two\nlines",
    )
    assert drop.tables["changes"]["new"].tolist() == ["closedwon", "won"]


def test_a_file_saved_again_by_a_spreadsheet_is_refused_until_its_formats_are_named(read):
    # 28412345678 has become 2.84E+10, and the time American
    text = DEALS.replace("28412345678", "2.84E+10").replace("2026-11-03 14:00", "11/3/2026 14:00")
    drop = read({NAME: text}, MAPPING)
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["3"]
    assert [(row, column) for row, column, *_ in refusals(drop)] == [(2, "Record ID"), (3, "Close Date")]
    named = read({NAME: text}, MAPPING + 'times: ["%m/%d/%Y %H:%M"]\n')
    assert utc(named.tables["opportunities"]["closed_at"][0]) == "2026-11-03T20:00:00"
    assert [row for row, *_ in refusals(named)] == [2]


def test_a_renamed_stage_needs_its_label_in_the_clients_mapping(read):
    text = DEALS.replace('"Contract Sent"', '"Angebot"')
    said = refusals(read({NAME: text}, MAPPING))
    assert [(row, column, value) for row, column, value, _ in said] == [(2, "Deal Stage", "Angebot")]
    assert "known: Appointment Scheduled, Qualified To Buy" in said[0][3]


def test_a_merged_deal_leaves_by_its_own_name(read):
    text = quoted({"Record ID": "1", "Deal Stage": "Contract Sent", "Merged record IDs": "8; 9"}, {})
    changes = read({NAME: text}, MAPPING).tables["changes"]
    assert changes[["opportunity_id", "field", "old", "new"]].values.tolist() == [
        ["8", "presence", "present", "merged"],
        ["9", "presence", "present", "merged"],
    ]
    assert changes["at"].map(utc).unique().tolist() == ["2026-11-16T06:00:00"]


CALLS = quoted(
    {
        "Record ID": "",
        "Activity date": "2026-11-02 09:00",
        "Activity assigned to": "Ana Lopez",
        "Call direction": "Outbound",
        "Call status": "Completed",
        "Call outcome": "Connected",
        "Call duration": "90500",
        "Create date": "2026-11-02 09:05",
        "Associated Deal IDs": "5;6",
        "Associated Contact IDs": "9",
    },
    {"Record ID": "1"},
    {"Record ID": "2", "Call duration": "00:01:30"},
    {"Record ID": "3", "Call duration": "0"},
    {"Record ID": "4", "Call outcome": "No answer", "Call duration": "0"},
    {"Record ID": "5", "Call outcome": "Left live message", "Call direction": "INBOUND"},
    {"Record ID": "6", "Call outcome": "9d9162e7-6cf3-4944-bf63-4dff82258764", "Call duration": ""},
    {"Record ID": "7", "Call status": "Scheduled", "Activity date": "2026-11-30 09:00", "Call outcome": ""},
    {"Record ID": "8", "Call outcome": "Our own word", "Call duration": "1:30"},
)


def test_calls_keep_who_when_what_came_of_it_and_how_long(read):
    drop = read({"hubspot-crm-exports-all-calls-2026-11-15.csv": CALLS}, MAPPING)
    assert drop.quarantine.empty
    table = drop.tables["activities"]
    assert table["outcome"].fillna("-").tolist() == [
        *("connected", "connected", "connected", "no_answer", "voicemail", "busy", "-", "-"),
    ]
    # milliseconds; hh:mm:ss; 0 beside "connected" was never measured; 0 beside "no answer" was
    assert table["duration_seconds"].fillna(-1).tolist() == [90.5, 90, -1, 0, 90.5, -1, 90.5, 90]
    assert table["status"].tolist() == ["done"] * 6 + ["planned", "done"]
    assert table["direction"].tolist()[3:5] == ["outbound", "inbound"]
    assert table["opportunity_id"].unique().tolist() == ["5"]
    assert utc(table["at"][0]) == "2026-11-02T15:00:00"
    assert utc(table["logged_at"][0]) == "2026-11-02T15:05:00"


def test_milliseconds_are_read_whatever_the_decimal_sign_of_the_deals(read):
    name = "hubspot-crm-exports-all-calls-2026-11-15.csv"
    table = read({name: CALLS}, "decimal: ','\n" + MAPPING).tables["activities"]
    assert table["duration_seconds"][0] == 90.5


def test_meetings_are_held_missed_cancelled_or_still_to_come(read):
    text = quoted(
        {
            "Record ID": "",
            "Meeting name": "Visit",
            "Meeting start time": "2026-11-02 09:00",
            "Meeting end time": "2026-11-02 10:30",
            "Meeting outcome": "",
            "Activity assigned to": "Ana Lopez",
        },
        {"Record ID": "1", "Meeting outcome": "Completed"},
        {"Record ID": "2", "Meeting outcome": "No show"},
        {"Record ID": "3", "Meeting outcome": "Canceled"},
        {"Record ID": "4", "Meeting outcome": "Rescheduled"},
        {"Record ID": "5"},
        {"Record ID": "6", "Meeting start time": "2026-11-20 09:00", "Meeting end time": "2026-11-20 09:00"},
        {"Record ID": "7", "Meeting start time": "1970-01-19 09:00"},
    )
    drop = read({"hubspot-crm-exports-all-meetings-2026-11-15.csv": text}, MAPPING)
    table = drop.tables["activities"]
    assert table["outcome"].fillna("-").tolist() == ["held", "no_show", "cancelled", "rescheduled", "-", "-"]
    assert table["status"].tolist() == ["done", "done", "cancelled", "cancelled", "done", "planned"]
    assert table["duration_seconds"].fillna(-1).tolist() == [5400, 5400, 5400, 5400, 5400, -1]
    assert refusals(drop) == [
        (
            8,
            "Meeting start time",
            "1970-01-19 09:00",
            "before 1980: milliseconds read as seconds, or a placeholder?",
        )
    ]


def test_tasks_are_done_when_completed_and_planned_for_their_due_date(read):
    text = quoted(
        {"Record ID": "", "Task title": "Call", "Task status": "Not started", "Due date": "2026-11-20 09:00"},
        {"Record ID": "1", "Task status": "Completed", "Completion date": "2026-11-02 11:00"},
        {"Record ID": "2"},
        {"Record ID": "3", "Task status": "Who knows"},
    )
    drop = read({"hubspot-crm-exports-all-tasks-2026-11-15.csv": text}, MAPPING)
    table = drop.tables["activities"]
    assert table["kind"].tolist() == ["task", "task"]
    assert table["at"].map(utc).tolist() == ["2026-11-02T17:00:00", "2026-11-20T15:00:00"]
    assert table["status"].tolist() == ["done", "planned"]
    assert [(row, value) for row, _, value, _ in refusals(drop)] == [(4, "Who knows")]


@pytest.mark.parametrize(("cell", "share"), [("0.4", 0.4), ("40", 0.4), ("40%", 0.4), ("1", 1.0), ("0", 0.0)])
def test_a_probability_is_a_share_however_it_is_written(read, cell, share):
    text = quoted({"Record ID": "1", "Deal Stage": "Contract Sent", "Deal probability": cell}, {})
    assert read({NAME: text}, MAPPING).tables["opportunities"]["probability"].tolist() == [share]


def test_a_probability_of_words_is_refused(read):
    text = quoted({"Record ID": "1", "Deal Stage": "Contract Sent", "Deal probability": "high"}, {})
    assert [value for _, _, value, _ in refusals(read({NAME: text}, MAPPING))] == ["high"]

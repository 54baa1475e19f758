"""`spm metric`: one number of one client, for people and for machines."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from spm_lib import console
from spm_lib.metrics import registry


@pytest.fixture
def ask(tiny, spm):
    """A function: the records `spm metric tiny ... --format json` prints."""
    tiny.export_both()
    assert spm("ingest", "tiny").code == 0

    def ask(*arguments):
        result = spm("metric", "tiny", *arguments, "--format", "json")
        assert (result.code, result.err) == (0, "")
        return json.loads(result.out)

    return ask


def test_a_record_holds_the_documented_columns_and_nothing_else(ask):
    (record,) = ask("attainment")
    assert list(record) == list(registry.get("attainment").columns)
    first = ask("attainment", "--by", "rep_id")[0]
    assert list(first) == ["rep_id", *registry.get("attainment").columns]


def test_from_is_included_and_to_is_not(ask):
    # Ana won 400.25 on 20 October and 100 on 18 November
    both = ask("attainment", "--from", "2026-10-20", "--to", "2026-11-19")
    assert both[0]["bookings"] == 500.25
    neither = ask("attainment", "--from", "2026-10-21", "--to", "2026-11-18")
    assert neither[0]["bookings"] == 0.0


def test_no_week_means_the_last_complete_one(ask):
    assert ask("win_rate_by_count", "--by", "rep_id") == ask(
        "win_rate_by_count", "--by", "rep_id", "--week", "2026-W47"
    )
    rows = {row["rep_id"]: row for row in ask("win_rate_by_count", "--by", "rep_id")}
    # that week Ana won the door and Ben lost the wall
    assert (rows["ana"]["won_count"], rows["ana"]["lost_count"]) == (1, 0)
    assert (rows["ben"]["won_count"], rows["ben"]["lost_count"]) == (0, 1)


def test_a_period_that_runs_on_is_seen_as_of_today(ask):
    whole = ask("attainment", "--from", "2026-10-01", "--to", "2027-01-01")[0]
    # 500.25 of the team's 1,500, not rounded
    assert (whole["bookings"], whole["quota"]) == (500.25, 1500.0)
    assert whole["attainment_rate"] == pytest.approx(500.25 / 1500, rel=1e-12)


def test_known_at_leaves_out_what_was_exported_later(ask):
    quarter = ("--from", "2026-10-01", "--to", "2026-11-23")
    # the export of the 15th was taken at the end of that day, the door was won after it
    for moment in ("2026-11-16", "2026-11-16T00:00", "2026-11-16T06:00:00Z"):
        assert ask("attainment", *quarter, "--known-at", moment)[0]["bookings"] == 400.25
    assert ask("attainment", *quarter, "--known-at", "2026-11-23")[0]["bookings"] == 500.25


def test_the_limits_of_the_weekly_measures_come_with_their_measures(ask):
    (first, *_) = ask("process_limits", "--from", "2026-08-03", "--to", "2026-11-23")
    assert list(first) == list(registry.get("process_limits").columns)


def test_every_metric_answers_or_says_what_it_cannot(ask, spm):
    for name in registry.METRICS:
        result = spm("metric", "tiny", name, "--format", "json")
        assert result.code == 0, (name, result.err)
        assert isinstance(json.loads(result.out), list)


def test_csv_and_json_hold_the_same(ask, spm):
    records = ask("attainment", "--by", "rep_id")
    result = spm("metric", "tiny", "attainment", "--by", "rep_id", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [
        {name: "" if value is None else str(value) for name, value in one.items()} for one in records
    ] == rows


def test_the_table_is_aligned_and_shows_missing_as_a_dash(capsys):
    frame = pd.DataFrame({"rep_id": ["ana", None], "won_count": [12, 3], "rate": [1 / 3, float("nan")]})
    console.table(frame, "table")
    assert capsys.readouterr().out.splitlines() == [
        "rep_id  won_count    rate",
        "ana            12  0.3333",
        "–               3       –",
    ]
    console.table(frame.iloc[:0], "table")
    assert capsys.readouterr().out == "no rows\n"


def test_json_writes_missing_as_null_days_as_days_and_numbers_as_they_are(capsys):
    frame = pd.DataFrame(
        {
            "number": [0.1 + 0.2, float("nan")],
            "count": pd.array([3, None], dtype="Int64"),
            "flag": pd.array([True, None], dtype="boolean"),
            "on": pd.to_datetime(["2026-11-16", None]),
            "at": pd.to_datetime(["2026-11-16T12:30:00Z", None]),
            "text": pd.array(["Łódź", None], dtype="str"),
            "infinite": [float("inf"), 1.0],
        }
    )
    console.table(frame, "json")
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "number": 0.30000000000000004,
        "count": 3,
        "flag": True,
        "on": "2026-11-16",
        "at": "2026-11-16T12:30:00+00:00",
        "text": "Łódź",
        "infinite": None,
    }
    assert second == {**dict.fromkeys(first), "infinite": 1.0}


def test_the_list_names_every_metric_with_its_question_and_version_and_needs_no_client(spm):
    result = spm("metric", "--list", "--format", "json")
    assert result.code == 0
    listed = json.loads(result.out)
    assert {row["id"] for row in listed} == set(registry.METRICS)
    card = registry.get("attainment")
    assert {"id": card.id, "version": card.version, "question": card.question} in listed
    assert card.question in spm("metric", "--list").out

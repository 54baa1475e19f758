"""`spm ingest`: exports into the history, every row accounted for, nothing stored that says less."""

from __future__ import annotations

import csv
import json

import pytest

from spm_lib.history import Store
from tests.cli.conftest import BEFORE, CALLS, HEADER, MAPPING, NOW


def tables(tiny):
    """Day -> tables of what is stored."""
    return {
        f"{entry.as_of.tz_convert('America/Chicago'):%Y-%m-%d}": sorted(entry.tables)
        for entry in Store(tiny.folder).entries()
    }


def test_each_file_has_its_line_and_drops_go_in_oldest_first(tiny, spm):
    tiny.export_both()
    result = spm("ingest", "tiny")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines == [
        "2026-11-15: deals-2026-11-15.csv: 3 rows read = 3 accepted + 0 quarantined",
        "2026-11-22: calls-2026-11-22.csv: 1 row read = 1 accepted + 0 quarantined",
        "2026-11-22: deals-2026-11-22.csv: 4 rows read = 4 accepted + 0 quarantined",
        "2026-11-22: visits-2026-11-22.csv: 1 row read = 1 accepted + 0 quarantined",
        "tiny: 2 exports stored, of 2 exports",
    ]


def test_the_same_bytes_again_change_nothing(tiny, spm):
    tiny.export_both()
    spm("ingest", "tiny")
    before = tiny.stored()
    result = spm("ingest", "tiny")
    assert result.code == 0
    assert "2026-11-22: already known (3 files)" in result.out
    assert "tiny: nothing changed, of 2 exports" in result.out
    assert tiny.stored() == before


def test_refused_rows_are_counted_and_the_line_says_where_they_are(tiny, spm):
    tiny.export("deals-2026-11-22.csv", NOW + "5,Shed,Somewhere,10,2026-11-17,,Ana Lopez\n")
    result = spm("ingest", "tiny")
    assert result.code == 0
    assert "5 rows read = 4 accepted + 1 quarantined" in result.out
    (path,) = (tiny.folder / "quarantine").glob("*.csv")
    assert f"2026-11-22: refused rows are in {path}" in result.out
    (row,) = csv.DictReader(path.read_text().splitlines())
    # line 6 of the file: the header is line 1, and four rows stand above it
    assert (row["file"], row["row"], row["value"]) == ("deals-2026-11-22.csv", "6", "Somewhere")


def test_files_named_on_the_command_line_are_read_instead_of_the_inbox(tiny, spm, tmp_path):
    tiny.export_both()
    other = tmp_path / "deals-2026-11-08.csv"
    other.write_text(BEFORE)
    result = spm("ingest", "tiny", other)
    assert result.code == 0
    assert list(tables(tiny)) == ["2026-11-09"]  # the end of the 8th is the beginning of the 9th


def test_an_empty_inbox_is_said_so(tiny, spm):
    result = spm("ingest", "tiny")
    assert result.code == 2
    assert "there is nothing to ingest" in result.err
    assert "tiny/inbox" in result.err


def test_a_file_that_is_not_there_is_named(tiny, spm):
    result = spm("ingest", "tiny", "deals-2026-11-22.csv")
    assert result.code == 1
    assert "no such file" in result.err
    assert "deals-2026-11-22.csv" in result.err


def test_a_failed_file_of_deals_keeps_its_whole_export_out_and_the_others_go_on(tiny, spm):
    tiny.export_both()
    tiny.export("deals-2026-11-22.csv", "Deal ID,Deal\n1,Roof\n")
    result = spm("ingest", "tiny")
    assert result.code == 1
    assert "the file is none this mapping knows" in result.err
    assert "nothing of this export is stored" in result.err
    assert tables(tiny) == {"2026-11-16": ["opportunities", "stages"]}


def test_a_failed_file_of_calls_leaves_all_activities_out_so_that_no_week_looks_idle(tiny, spm):
    tiny.export_both()
    tiny.export("calls-2026-11-22.csv", "Call,Ringer\nc1,Ana Lopez\n")
    result = spm("ingest", "tiny")
    assert result.code == 1
    assert "not stored, a file that failed may belong to it: activities" in result.err
    assert tables(tiny)["2026-11-23"] == ["opportunities", "stages"]


def test_a_failed_file_fails_again_until_it_is_corrected_and_then_replaces_its_export(tiny, spm):
    tiny.export_both()
    tiny.export("calls-2026-11-22.csv", "Call,Ringer\nc1,Ana Lopez\n")
    spm("ingest", "tiny")
    again = spm("ingest", "tiny")
    assert again.code == 1
    assert "calls-2026-11-22.csv" in again.err
    tiny.export("calls-2026-11-22.csv", CALLS)
    mended = spm("ingest", "tiny")
    assert (mended.code, mended.err) == (0, "")
    assert tables(tiny)["2026-11-23"] == ["activities", "opportunities", "stages"]
    assert len(Store(tiny.folder).entries()) == 2


def test_a_file_with_too_many_refused_rows_fails_with_the_reasons(tiny, spm):
    rows = "".join(f"{number},Deal,Nowhere,1,2026-11-01,,Ana Lopez\n" for number in range(4))
    tiny.export("deals-2026-11-22.csv", HEADER + rows)
    result = spm("ingest", "tiny")
    assert result.code == 1
    assert "4 rows read = 0 accepted + 4 quarantined; failed" in result.out
    assert "not a known stage" in result.err
    assert tables(tiny) == {}


def test_a_file_nobody_needs_is_no_failure(tiny, spm):
    tiny.export("readme-2026-11-22.txt", "hello")
    result = spm("ingest", "tiny")
    assert (result.code, result.err) == (0, "")
    assert "not needed" in result.out
    assert tables(tiny) == {}


def test_an_export_that_lost_its_open_deals_is_refused_until_accepted(tiny, spm):
    many = "".join(f"{number},Deal,Qualified,1,2026-11-01,,Ana Lopez\n" for number in range(10, 20))
    tiny.export("deals-2026-11-15.csv", BEFORE + many)
    tiny.export("deals-2026-11-22.csv", NOW)
    refused = spm("ingest", "tiny")
    assert refused.code == 1
    # open on the 15th: 2, 3 and the ten; the ten are gone
    assert "10 of the 12 opportunities open" in refused.err
    assert len(tables(tiny)) == 1
    assert spm("ingest", "tiny", "--accept-vanished").code == 0
    assert len(tables(tiny)) == 2


def test_a_damaged_manifest_ends_the_job(tiny, spm):
    tiny.export_both()
    spm("ingest", "tiny")
    manifest = tiny.folder / "history" / "manifest.json"
    manifest.write_text("{")
    result = spm("ingest", "tiny")
    assert result.code == 1
    assert "the manifest is damaged" in result.err
    assert manifest.read_text() == "{"


def test_a_mapping_that_cannot_be_is_the_callers_fault(tiny, spm):
    tiny.export_both()
    tiny.write("mapping.yaml", MAPPING + "filez: {}\n")
    result = spm("ingest", "tiny")
    assert result.code == 2
    assert "unknown key filez" in result.err


def test_the_moment_of_ingesting_is_the_day_it_was_told(tiny, spm):
    tiny.export_both()
    spm("ingest", "tiny")
    manifest = json.loads((tiny.folder / "history" / "manifest.json").read_text())
    assert {entry["ingested_at"][:10] for entry in manifest["entries"]} == {"2026-11-25"}


@pytest.mark.parametrize("slug", ["../tiny", "Tiny", "tiny/inbox", ""])
def test_a_slug_that_is_none_is_refused_before_a_path_is_made(tiny, spm, slug):
    result = spm("ingest", slug)
    assert result.code == 2
    assert "not a client slug" in result.err

"""The store: what is added stays, once, and says so when it is damaged."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace

import pandas as pd
import pytest

from spm_lib.errors import HistoryError
from spm_lib.history import Store
from spm_lib.history.disk import locked
from tests.history.typed_in import NOW, at, drop, opportunity, refused

WEEK_1, WEEK_2 = "2026-10-12", "2026-10-19"


def state(folder):
    """Every file below a folder with its bytes' hash and the time it was last written."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_added_is_read_back_as_it_was(store):
    given = drop(WEEK_1, [opportunity(1, amount=12.5, created_at="2026-10-06T10:00"), opportunity(2, "won")])
    assert store.add(given, ingested_at=NOW).changed
    (entry,) = store.entries()
    assert (entry.as_of, entry.recorded_at, entry.ingested_at) == (at(WEEK_1), at(WEEK_1), NOW)
    pd.testing.assert_frame_equal(
        store.read(entry, "opportunities").to_pandas(), given.tables["opportunities"]
    )


def test_the_same_drop_twice_touches_no_file(store):
    store.add(drop(WEEK_1, [opportunity(1)], quarantine=refused("x")), ingested_at=NOW)
    before = state(store.folder)
    again = store.add(drop(WEEK_1, [opportunity(1)], quarantine=refused("x")), ingested_at=NOW)
    assert (again.changed, again.superseded, again.quarantine) == (False, (), None)
    assert state(store.folder) == before


def test_the_tables_of_a_drop_are_not_changed_by_storing_it(store):
    given = drop(WEEK_1, [opportunity(1)])
    copies = {name: table.copy(deep=True) for name, table in given.tables.items()}
    store.add(given, ingested_at=NOW)
    for name, table in given.tables.items():
        pd.testing.assert_frame_equal(table, copies[name])


def test_two_stores_of_the_same_drops_are_equal_byte_for_byte(tmp_path):
    stores = [Store(tmp_path / name / "test-client") for name in ("one", "two")]
    for store in stores:
        for week in (WEEK_1, WEEK_2):
            store.add(drop(week, [opportunity(1)], quarantine=refused("x")), ingested_at=NOW)
    one, two = ({name: hash_ for name, (hash_, _) in state(store.folder).items()} for store in stores)
    assert one == two
    assert stores[0].fingerprint() == stores[1].fingerprint()


def test_a_corrected_mapping_takes_the_place_of_what_it_read_before(store):
    wrong = drop(WEEK_1, [opportunity(1, "lost")], content="bytes", mapping="wrong", quarantine=refused("x"))
    right = drop(WEEK_1, [opportunity(1, "won")], content="bytes", mapping="right")
    old = store.add(wrong, ingested_at=NOW).quarantine
    fingerprint = store.fingerprint()
    result = store.add(right, ingested_at=NOW)
    assert result.superseded == (wrong.batch_id,)
    assert [entry.batch_id for entry in store.entries()] == [right.batch_id]
    assert not old.exists()
    assert store.fingerprint() != fingerprint
    # and back again
    assert store.add(wrong, ingested_at=NOW).superseded == (right.batch_id,)
    assert [entry.batch_id for entry in store.entries()] == [wrong.batch_id]
    assert store.fingerprint() == fingerprint


def test_a_mapping_that_corrects_the_time_of_an_export_takes_its_place_too(store):
    start = drop("2026-10-12", [opportunity(1)], content="bytes")
    end = drop("2026-10-13", [opportunity(1)], content="bytes")
    store.add(start, ingested_at=NOW)
    assert store.add(end, ingested_at=NOW).superseded == (start.batch_id,)


def test_the_same_bytes_a_week_later_are_another_observation(store):
    store.add(drop(WEEK_1, [opportunity(1)], content="bytes"), ingested_at=NOW)
    assert store.add(drop(WEEK_2, [opportunity(1)], content="bytes"), ingested_at=NOW).superseded == ()
    assert [entry.as_of for entry in store.entries()] == [at(WEEK_1), at(WEEK_2)]


def test_two_exports_of_one_instant_both_count_and_the_later_added_stands(store, replay):
    first = drop(WEEK_1, [opportunity(1, amount=1.0), opportunity(2, amount=2.0)])
    second = drop(WEEK_1, [opportunity(1, amount=9.0)])
    shown = replay([first, second], WEEK_1).opportunities
    assert len(store.entries()) == 2
    assert shown.set_index("opportunity_id")["amount"].to_dict() == {"1": 9.0, "2": 2.0}


def test_entries_are_in_order_of_time_and_end_at_what_was_known(store):
    for week in (WEEK_2, WEEK_1):
        store.add(drop(week, [opportunity(1)]), ingested_at=NOW)
    assert [entry.as_of for entry in store.entries()] == [at(WEEK_1), at(WEEK_2)]
    assert [entry.as_of for entry in store.entries(at("2026-10-18"))] == [at(WEEK_1)]
    assert [entry.as_of for entry in store.entries(at(WEEK_2))] == [at(WEEK_1), at(WEEK_2)]


def test_a_second_writer_is_told_so(store):
    with (
        locked(store.folder / "history"),
        pytest.raises(HistoryError, match="another process is writing") as refusal,
    ):
        store.add(drop(WEEK_1, [opportunity(1)]), ingested_at=NOW)
    assert "run the command again" in refusal.value.remedy
    assert store.add(drop(WEEK_1, [opportunity(1)]), ingested_at=NOW).changed


def test_refused_rows_are_listed_and_no_spreadsheet_computes_them(store):
    values = ("=1+1", "+cmd", "-cmd", "@sum(a1)", "\t=1", "\r=1", "x\r=1", "-12.50", "+3", "plain, text")
    result = store.add(drop(WEEK_1, [opportunity(1)], quarantine=refused(*values)), ingested_at=NOW)
    text = result.quarantine.read_bytes().decode()
    with result.quarantine.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    # a number with a sign is a number; everything else that a spreadsheet would compute is text now
    assert [row["value"] for row in rows] == [
        "'=1+1",
        "'+cmd",
        "'-cmd",
        "'@sum(a1)",
        "'\t=1",
        "'\r=1",
        "x\r=1",
        "-12.50",
        "+3",
        "plain, text",
    ]
    assert '"x\r=1"' in text  # quoted, so the break starts no new row
    assert [row["row"] for row in rows] == [str(number) for number in range(2, 12)]


@pytest.mark.parametrize("broken", ["batch_id", "tables", "unknown", "scope", "as_of"])
def test_a_malformed_drop_is_refused_and_leaves_nothing(store, broken):
    given = drop(WEEK_1, [opportunity(1)])
    parts = {
        "batch_id": {"batch_id": "../evil"},
        "tables": {"tables": {}},
        "unknown": {"tables": {"deals": pd.DataFrame()}},
        "scope": {"scope": "some"},
        "as_of": {"as_of": pd.Timestamp(WEEK_1)},
    }
    with pytest.raises(HistoryError):
        store.add(replace(given, **parts[broken]), ingested_at=NOW)
    assert store.entries() == []
    assert not list(store.folder.rglob("*.parquet"))


def damaged_manifest(text):
    content = json.loads(text)
    entry = content["entries"][0]
    return {
        "empty": "",
        "cut off": text[: len(text) // 2],
        "a list": "[]",
        "no entries": '{"version": 1}',
        "another version": json.dumps({**content, "version": 99}),
        "a nameless time": json.dumps({**content, "entries": [{**entry, "as_of": "2026-10-12"}]}),
        "no time": json.dumps({**content, "entries": [{**entry, "as_of": None}]}),
        "no files": json.dumps({**content, "entries": [{**entry, "files": [{"name": "x"}]}]}),
        "not text": "\udcff",
    }


@pytest.mark.parametrize(
    "fault",
    [
        "empty",
        "cut off",
        "a list",
        "no entries",
        "another version",
        "a nameless time",
        "no time",
        "no files",
        "not text",
    ],
)
def test_a_damaged_manifest_is_named_and_never_written_over(store, fault):
    store.add(drop(WEEK_1, [opportunity(1)]), ingested_at=NOW)
    manifest = store.folder / "history" / "manifest.json"
    bad = damaged_manifest(manifest.read_text())[fault].encode(errors="surrogateescape")
    manifest.write_bytes(bad)
    for attempt in (store.entries, lambda: store.add(drop(WEEK_2, [opportunity(1)]), ingested_at=NOW)):
        with pytest.raises(HistoryError) as refusal:
            attempt()
        assert "test-client/history/manifest.json" in str(refusal.value)
    assert manifest.read_bytes() == bad


def test_a_missing_manifest_beside_batches_is_not_an_empty_store(store):
    store.add(drop(WEEK_1, [opportunity(1)]), ingested_at=NOW)
    (store.folder / "history" / "manifest.json").unlink()
    for attempt in (store.entries, lambda: store.add(drop(WEEK_2, [opportunity(1)]), ingested_at=NOW)):
        with pytest.raises(HistoryError, match="the manifest is missing") as refusal:
            attempt()
        assert "test-client/history/manifest.json" in str(refusal.value)


def test_a_missing_table_is_named(store):
    store.add(drop(WEEK_1, [opportunity(1)]), ingested_at=NOW)
    (entry,) = store.entries()
    (path,) = store.folder.rglob("*.parquet")
    path.unlink()
    with pytest.raises(HistoryError, match="missing") as refusal:
        store.read(entry, "opportunities")
    assert f"test-client/history/batches/{entry.batch_id}/opportunities.parquet" in str(refusal.value)


def test_a_table_of_another_drop_is_not_taken_for_it(store):
    for week, count in ((WEEK_1, 1), (WEEK_2, 2)):
        rows = [opportunity(number) for number in range(count)]
        store.add(drop(week, rows), ingested_at=NOW)
    first, second = (
        store.folder / "history" / "batches" / entry.batch_id / "opportunities.parquet"
        for entry in store.entries()
    )
    first.write_bytes(second.read_bytes())
    with pytest.raises(HistoryError, match="damaged") as refusal:
        store.read(store.entries()[0], "opportunities")
    assert first.parent.name in str(refusal.value)


def test_no_flipped_byte_of_a_table_passes_for_another_value(store):
    store.add(drop(WEEK_1, [opportunity(1, amount=1234.5, name="Acme")]), ingested_at=NOW)
    (entry,) = store.entries()
    (path,) = store.folder.rglob("*.parquet")
    sound = path.read_bytes()
    for place in range(0, len(sound), 3):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x10]) + sound[place + 1 :])
        with pytest.raises(HistoryError) as refusal:
            store.read(entry, "opportunities")
        assert "opportunities.parquet" in str(refusal.value), place
    path.write_bytes(sound)
    assert store.read(entry, "opportunities").num_rows == 1


def test_a_table_cut_short_is_named(store):
    store.add(drop(WEEK_1, [opportunity(1)]), ingested_at=NOW)
    (path,) = store.folder.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(HistoryError, match="damaged"):
        store.read(store.entries()[0], "opportunities")

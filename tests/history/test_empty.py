"""Nothing received is no error and no zero: typed frames without a row. And the same bytes each time."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
import pytest

from spm_lib import schemas
from spm_lib.history import Snapshot, Store, snapshot, timeline
from tests.history.typed_in import NOW, at, change, drop, opportunity

WEEK_1, WEEK_2 = "2026-10-12", "2026-10-19"
TABLES = {
    "opportunities": schemas.SNAPSHOT_OPPORTUNITIES,
    "outcomes": schemas.SNAPSHOT_OUTCOMES,
    "changes": schemas.SNAPSHOT_CHANGES,
    "activities": schemas.ACTIVITIES,
    "stages": schemas.STAGES,
    "quotas": schemas.QUOTAS,
    "findings": schemas.FINDINGS,
}
CALL = {"activity_id": "a", "kind": "call", "at": "2026-10-08T09:00", "rep_id": "ana", "status": "done"}


def types(frame):
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def expected_types(table):
    return {column.name: schemas.DTYPES[column.kind] for column in table.columns}


@pytest.mark.parametrize(
    "given",
    [
        [],
        [drop(WEEK_1, [])],
        [drop(WEEK_1, []), drop(WEEK_2, [], scope="changed")],
        [drop(WEEK_1, activities=[CALL])],
        [drop(WEEK_1, people=[{"person_id": "1", "name": "Ana Lopez"}])],
        [drop(WEEK_1, changes=[change(1, "rep", None, "ana", "2026-10-07")])],
        [drop(WEEK_1, splits=[{"opportunity_id": "9", "rep_id": "ana", "share_rate": 1.0}])],
        [drop(WEEK_1, [opportunity(1, rep_id=None, stage_id=None)])],
    ],
    ids=["no drop", "no row", "no rows twice", "activities", "people", "a log", "splits", "a bare row"],
)
@pytest.mark.parametrize("cutoff", ["2026-01-01", WEEK_1, "2026-12-01"])
def test_whatever_is_missing_every_table_has_its_columns_in_their_types(replay, given, cutoff):
    shown = replay(given, cutoff)
    for name, table in TABLES.items():
        assert types(getattr(shown, name)) == expected_types(table), name
    assert len(shown.drops) == len(given)
    # the bare row is the only one there is, from the drop that shows it on
    rows = sum(len(one.tables.get("opportunities", ())) for one in given)
    assert len(shown.opportunities) == (rows if cutoff >= WEEK_1 else 0)
    assert shown.outcomes.empty


def test_nothing_known_by_then_is_nothing(replay):
    shown = replay([drop(WEEK_1, [opportunity(1, created_at="2026-10-01")])], WEEK_2, known_at="2026-10-11")
    assert shown.opportunities.empty
    assert shown.received_until == {}


def test_a_table_says_until_when_it_was_received(replay):
    drops = [drop(WEEK_1, [opportunity(1)], activities=[CALL]), drop(WEEK_2, [opportunity(1)])]
    assert replay(drops, WEEK_2).received_until == {"opportunities": at(WEEK_2), "activities": at(WEEK_1)}


def parquet(shown):
    """Every table of a snapshot as parquet."""
    found = {}
    for name in Snapshot.TABLES:
        sink = io.BytesIO()
        getattr(shown, name).to_parquet(sink)
        found[name] = sink.getvalue()
    return found


def test_two_builds_are_equal_byte_for_byte(tmp_path, client):
    drops = [
        drop(WEEK_1, [opportunity(2, amount=5.0), opportunity(1, "won", closed_at="2026-10-08")]),
        drop(WEEK_2, [opportunity(1, "won"), opportunity(2, rep_id="Zoe")], activities=[CALL]),
    ]
    built = []
    for name in ("one", "two"):
        store = Store(tmp_path / name)
        for one in drops:
            store.add(one, ingested_at=NOW)
        built.append(parquet(snapshot(timeline(store, client), at(WEEK_2))))
    assert built[0] == built[1]
    assert len(built[0]) == 9


def test_text_cut_to_nothing_can_be_joined():
    cut = pd.Series(["x"], dtype="str").array._pa_array.filter(pa.array([False]))
    none = pd.Series(pa.chunked_array([], pa.large_string()), dtype="str")
    for text in (none, pd.Series(cut, dtype="str")):
        frame = schemas.SNAPSHOT_CHANGES.conform(pd.DataFrame({"opportunity_id": text}))
        assert pd.merge_asof(frame, frame, on="at", by="opportunity_id").empty

"""The state at a moment is the replay of the change table; against worlds of which every event is known."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spm_lib.client import Client, Rep
from spm_lib.history import Snapshot, Store, snapshot, timeline
from spm_lib.history.manifest import entry_of
from tests.history import worlds
from tests.history.typed_in import NOW, at, change, drop, opportunity

CLIENT = Client(
    slug="test-client",
    name="Test Client",
    currency="USD",
    time_zone="America/Chicago",
    manager="Kim",
    owner="Olga",
    reps=(Rep(id="ana"), Rep(id="ben"), Rep(id="cy")),
)
CUTOFFS = st.integers(1, worlds.MINUTES + 60 * 24)
check = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Remembered(Store):
    """A store that keeps its drops in memory: hundreds of worlds are replayed here, and a disk is slow."""

    def __init__(self, drops):
        self._entries = [entry_of(one, NOW) for one in drops]
        self._drops = {one.batch_id: one for one in drops}

    def entries(self, known_at=None):
        known = [one for one in self._entries if known_at is None or one.recorded_at <= known_at]
        return sorted(known, key=lambda one: one.as_of)

    def open(self, entry, table):
        stored = pa.BufferOutputStream()
        rows = self._drops[entry.batch_id].tables[table]
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), stored)
        return pq.ParquetFile(pa.BufferReader(stored.getvalue()))


def known(drops, known_at=None):
    """A timeline of drops."""
    return timeline(Remembered(drops), CLIENT, known_at)


def assert_same(one, other):
    """Two snapshots are equal in every table."""
    for name in Snapshot.TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), obj=name)
    assert (one.cutoff, one.received_until) == (other.cutoff, other.received_until)


def replayed(changes):
    """Opportunity -> field -> the last value in a change table, by SQL."""
    table = changes.assign(place=range(len(changes)))
    database = duckdb.connect()
    database.register("listed", table)
    rows = database.execute("""select opportunity_id, field, new from listed
        qualify row_number() over (partition by opportunity_id, field order by "at" desc, place desc) = 1""")
    found = {}
    for number, field, new in rows.fetchall():
        found.setdefault(number, {})[field] = new
    database.close()
    return found


def assert_replays(shown):
    """Snapshot.opportunities is what the last change of every field says."""
    found = replayed(shown.changes)
    assert set(found) <= set(shown.opportunities["opportunity_id"])
    presence = shown.opportunities.set_index("opportunity_id")["presence"].to_dict()
    for number, state in worlds.shown_state(shown.opportunities).items():
        last = found.get(number, {})
        assert state == {field: last.get(field) for field in worlds.SHOWN}
        assert presence[number] == last["presence"]


@check
@given(worlds.lives(removable=True), st.sets(st.sampled_from(sorted(worlds.VALUES))), st.booleans(), CUTOFFS)
def test_the_state_at_any_moment_is_the_replay_of_the_changes(world, logged, modified, minute):
    drops = worlds.weekly(world, logged, with_modified=modified)
    assert_replays(snapshot(known(drops), worlds.moment(minute)))


@check
@given(worlds.lives(), st.booleans(), st.lists(CUTOFFS, min_size=3, max_size=3))
def test_with_a_full_log_the_state_at_any_moment_is_the_truth(world, modified, minutes):
    history = known(worlds.weekly(world, tuple(worlds.VALUES), with_modified=modified))
    for minute in minutes:
        found = worlds.shown_state(snapshot(history, worlds.moment(minute)).opportunities)
        until = min(minute, worlds.MINUTES)
        assert found == {life.number: life.state(until) for life in world if life.created < minute}
    assert "weekly_diff" not in set(snapshot(history, worlds.moment(worlds.MINUTES)).changes["evidence"])


@check
@given(worlds.lives(), st.sets(st.sampled_from(sorted(worlds.VALUES)), min_size=1), CUTOFFS)
def test_a_field_with_a_log_is_exact_whatever_the_others_have(world, logged, minute):
    drops = worlds.weekly(world, logged)
    found = worlds.shown_state(snapshot(known(drops), worlds.moment(minute)).opportunities)
    for life in world:
        for field in logged if life.created < minute else ():
            assert found[life.number][field] == life.state(min(minute, worlds.MINUTES))[field]


@check
@given(worlds.lives(), CUTOFFS)
def test_with_drops_alone_the_state_is_what_the_last_drop_by_then_shows(world, minute):
    found = worlds.shown_state(snapshot(known(worlds.weekly(world)), worlds.moment(minute)).opportunities)
    assert set(found) == {life.number for life in world if life.created < minute}
    last = max((taken for taken in worlds.drop_minutes() if taken <= minute), default=0)
    for life in world:
        if life.created < last:
            assert found[life.number] == life.state(last)


@check
@given(worlds.lives(), st.booleans())
def test_the_interval_of_a_difference_holds_the_moment_it_happened(world, modified):
    shown = snapshot(known(worlds.weekly(world, with_modified=modified)), worlds.moment(worlds.MINUTES))
    changes = shown.changes[shown.changes["evidence"] == "weekly_diff"]
    lives = {life.number: life for life in world}
    expected = 0
    for life in world:
        states = [life.state(taken) for taken in worlds.drop_minutes() if taken > life.created]
        # the first drop that shows it is a difference to "open" too
        befores = [{**states[0], "status": "open"}, *states] if states else []
        for before, after in zip(befores, states, strict=False):
            expected += sum(before[field] != after[field] for field in before)
        # it is first shown closed: what stage it was in before is not known
        expected += bool(states) and states[0]["status"] != "open"
    assert len(changes) == expected
    for row in changes.to_dict("records"):
        moments = [
            worlds.moment(minute)
            for minute, field, value in lives[row["opportunity_id"]].events
            if field == row["field"] and value == worlds.as_text(row["new"])
        ]
        assert any(row["at_earliest"] <= one <= row["at"] for one in moments), row


@check
@given(
    worlds.lives(removable=True),
    st.sets(st.sampled_from(sorted(worlds.VALUES))),
    st.integers(1, worlds.WEEKS - 1),
    CUTOFFS,
)
def test_a_later_drop_never_changes_what_was_known_before_it(world, logged, count, minute):
    drops = worlds.weekly(world, logged)
    before = known(drops[:count])
    after = known(drops, worlds.moment(worlds.drop_minutes()[count - 1]))
    assert_same(snapshot(before, worlds.moment(minute)), snapshot(after, worlds.moment(minute)))


@settings(check, max_examples=6)
@given(worlds.lives(removable=True), st.permutations(range(worlds.WEEKS)), CUTOFFS)
def test_drops_stored_out_of_order_are_the_same_history(world, order, minute):
    drops = worlds.weekly(world, ["stage", "rep"])
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "test-client")
        for place in order:
            store.add(drops[place], ingested_at=NOW, accept_vanished=True)
        mixed = timeline(store, CLIENT)
    assert_same(snapshot(known(drops), worlds.moment(minute)), snapshot(mixed, worlds.moment(minute)))


def test_history_filled_in_later_does_not_leak_into_what_was_known(replay):
    # drop 1 shows 500; a log received a week later says it had been 100 until the 8th
    first = drop("2026-10-12", [opportunity(1, amount=500.0, created_at="2026-10-06T09:00")])
    log = [change(1, "amount", "100.00", "500.00", "2026-10-08T09:00")]
    second = drop("2026-10-19", [opportunity(1, amount=500.0, created_at="2026-10-06T09:00")], changes=log)
    then = replay([first, second], "2026-10-07", known_at="2026-10-12").opportunities
    assert then["amount"].tolist() == [500.0]
    now = replay([first, second], "2026-10-07").opportunities
    assert now["amount"].tolist() == [100.0]
    changes = replay([first, second], "2026-10-12").changes
    learnt = changes[changes["field"] == "amount"].set_index("evidence")["recorded_at"]
    assert learnt["vendor_event"] == at("2026-10-19")


def test_a_log_that_ends_before_the_drop_is_carried_on_by_the_difference(replay):
    created = {"created_at": "2026-10-01T09:00"}
    log = [change(1, "amount", "100.00", "200.00", "2026-10-07T09:00")]
    shown = replay(
        [
            drop("2026-10-05", [opportunity(1, amount=100.0, **created)]),
            drop("2026-10-12", [opportunity(1, amount=300.0, **created)], changes=log),
        ],
        "2026-10-12",
    )
    rows = shown.changes[shown.changes["field"] == "amount"]
    assert rows[["old", "new", "evidence"]].values.tolist()[1:] == [
        ["100.00", "200.00", "vendor_event"],
        ["200.00", "300.00", "weekly_diff"],
    ]
    # not before the last logged change, not after the drop
    assert rows["at_earliest"].iloc[2] == at("2026-10-07T09:00")
    assert rows["at"].iloc[2] == at("2026-10-12") - pd.Timedelta(1, "us")


def test_changes_of_opportunities_no_export_shows_are_left_out_and_counted(replay):
    log = [change(7, "amount", "1.00", "2.00", "2026-10-07"), change(1, "rep", None, "ben", "2026-10-07")]
    shown = replay([drop("2026-10-12", [opportunity(1)], changes=log)], "2026-10-12")
    assert set(shown.changes["opportunity_id"]) == {"1"}
    (detail,) = shown.findings.loc[shown.findings["finding"] == "orphan_changes", "detail"]
    assert detail.startswith("1 logged changes")


@pytest.mark.parametrize("repeat", [1, 3])
def test_a_change_logged_by_every_drop_is_one_change_known_since_the_first(replay, repeat):
    log = [change(1, "rep", "ben", "ana", "2026-10-07T09:00")]
    drops = [
        drop(f"2026-10-{12 + 7 * week}", [opportunity(1, created_at="2026-10-06T09:00")], changes=log)
        for week in range(repeat)
    ]
    changes = replay(drops, "2026-11-01").changes
    logged = changes[changes["evidence"] == "vendor_event"]
    assert logged[["old", "new"]].values.tolist() == [["ben", "ana"]]
    assert logged["recorded_at"].tolist() == [at("2026-10-12")]

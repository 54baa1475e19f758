"""Present, absent, deleted, merged: each leaves by its own name, and a changed filter is refused."""

from __future__ import annotations

import pytest

from spm_lib.errors import HistoryError
from tests.history.typed_in import NOW, at, change, drop, opportunity, refused

WEEK_0, WEEK_1, WEEK_2, WEEK_3 = "2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26"
CREATED = {"created_at": "2026-09-01T09:00"}
WON = {"closed_at": "2026-10-01T10:00"}


def one(number, status="open", **facts):
    return opportunity(number, status, **{**CREATED, **facts})


def presence(shown):
    return dict(zip(shown.opportunities["opportunity_id"], shown.opportunities["presence"], strict=True))


def test_one_that_a_clean_full_drop_lacks_is_absent(replay):
    drops = [drop(WEEK_0, [one(1), one(2)]), drop(WEEK_1, [one(2)])]
    assert presence(replay(drops, WEEK_0)) == {"1": "present", "2": "present"}
    assert presence(replay(drops, WEEK_1)) == {"1": "absent", "2": "present"}
    assert replay(drops, WEEK_1).opportunities["status"].tolist() == ["open", "open"]  # never lost


def test_one_that_a_drop_with_refused_rows_lacks_may_be_among_them(replay):
    drops = [drop(WEEK_0, [one(1), one(2)]), drop(WEEK_1, [one(2)], quarantine=refused("x"))]
    assert presence(replay(drops, WEEK_1))["1"] == "present"
    drops.append(drop(WEEK_2, [one(2)], quarantine=refused("y")))
    shown = replay(drops, WEEK_2)
    assert presence(shown)["1"] == "absent"
    (row,) = shown.changes[shown.changes["new"] == "absent"].to_dict("records")
    # it was gone with the first drop that lacks it, and we know since the second
    assert (row["at_earliest"], row["recorded_at"]) == (at(WEEK_0), at(WEEK_2))
    assert row["at"] < at(WEEK_1)


def test_one_that_comes_back_is_present_again(replay):
    drops = [drop(WEEK_0, [one(1), one(2)]), drop(WEEK_1, [one(2)]), drop(WEEK_2, [one(1), one(2)])]
    assert presence(replay(drops, WEEK_1))["1"] == "absent"
    assert presence(replay(drops, WEEK_2))["1"] == "present"


def test_a_drop_of_what_changed_proves_no_absence(replay):
    drops = [drop(WEEK_0, [one(1), one(2)]), drop(WEEK_1, [one(2)], scope="changed")]
    assert presence(replay(drops, WEEK_1)) == {"1": "present", "2": "present"}


def test_a_drop_of_what_changed_says_the_others_did_not(replay):
    drops = [
        drop(WEEK_0, [one(1, amount=1.0)]),
        drop(WEEK_1, [one(2)], scope="changed"),
        drop(WEEK_2, [one(1, amount=2.0)], scope="changed"),
    ]
    changes = replay(drops, WEEK_2).changes
    (row,) = changes.query("evidence == 'weekly_diff' and field == 'amount'").to_dict("records")
    assert row["at_earliest"] == at(WEEK_1)


def test_a_won_one_that_an_export_archives_still_counts(outcomes):
    drops = [drop(WEEK_0, [one(1, "won", **WON), one(2)]), drop(WEEK_1, [one(2)])]
    assert outcomes(drops, WEEK_1) == [("1", "won", "ana", "Thu 01")]


@pytest.mark.parametrize(
    ("mark", "name"), [({"is_deleted": True}, "deleted"), ({"merged_into": "2"}, "merged")]
)
def test_deleted_and_merged_ones_leave_by_their_name_and_count_no_more(replay, outcomes, mark, name):
    drops = [
        drop(WEEK_0, [one(1, "won", **WON), one(2)]),
        drop(WEEK_1, [one(1, "won", **WON, **mark), one(2)]),
        drop(WEEK_2, [one(2)]),
    ]
    assert outcomes(drops, WEEK_0) == [("1", "won", "ana", "Thu 01")]
    for week in (WEEK_1, WEEK_2):
        shown = replay(drops, week)
        assert presence(shown)["1"] == name
        assert shown.outcomes.empty


@pytest.mark.parametrize("name", ["deleted", "merged"])
def test_one_logged_as_merged_is_not_absent_because_the_drop_lacks_it(replay, name):
    logged = change(1, "presence", "present", name, "2026-10-07T09:00", at_earliest="2026-09-01")
    drops = [
        drop(WEEK_0, [one(1, "won", **WON), one(2)]),
        drop(WEEK_1, [one(2)], changes=[logged]),
        # the surviving one was modified again: the log is written anew
        drop(WEEK_2, [one(2)], changes=[{**logged, "at": "2026-10-14T09:00"}]),
        drop(WEEK_3, [one(2)]),
    ]
    for week in (WEEK_1, WEEK_2, WEEK_3):
        shown = replay(drops, week)
        assert presence(shown)["1"] == name
        assert shown.outcomes.empty


def many(count):
    return [one(number) for number in range(count)]


@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [
        (60, 57, False),  # 3 of 60 are 5 %, no more
        (59, 56, True),  # 3 of 59 are 5.1 %
        (40, 38, False),  # 2 are too few to prove anything, though 5 %
        (3, 0, True),
        (2, 0, False),
    ],
)
def test_a_drop_that_lacks_more_than_a_twentieth_of_the_open_ones_is_refused(
    store, before, after, is_refused
):
    store.add(drop(WEEK_0, many(before)), ingested_at=NOW)
    later = drop(WEEK_1, many(after))
    if is_refused:
        with pytest.raises(HistoryError, match="the filter of the export changed") as refusal:
            store.add(later, ingested_at=NOW)
        assert f"{before - after} of the {before}" in refusal.value.what
        assert refusal.value.where == "deals.csv"
        assert len(store.entries()) == 1
        assert store.add(later, ingested_at=NOW, accept_vanished=True).changed
    else:
        assert store.add(later, ingested_at=NOW).changed


def test_closed_and_deleted_ones_may_go(store):
    rows = [
        *many(3),
        *[one(10 + n, "won", **WON) for n in range(9)],
        *[one(20 + n, is_deleted=True) for n in range(9)],
    ]
    store.add(drop(WEEK_0, rows), ingested_at=NOW)
    assert store.add(drop(WEEK_1, many(3)), ingested_at=NOW).changed


def test_an_older_export_is_compared_with_the_newer_one_it_comes_before(store):
    store.add(drop(WEEK_1, many(3)), ingested_at=NOW)
    with pytest.raises(HistoryError, match="3 of the 6 opportunities open on 2026-10-05 are missing"):
        store.add(drop(WEEK_0, many(6)), ingested_at=NOW)


def test_the_share_that_may_vanish_is_the_clients(store):
    store.add(drop(WEEK_0, many(10)), ingested_at=NOW)
    assert store.add(drop(WEEK_1, many(7)), ingested_at=NOW, vanished_rate=0.3).changed


def test_a_column_left_out_is_carried_on_and_said(replay):
    rows = [one(number, amount=100.0 + number, expected_close="2026-11-02") for number in range(12)]
    without = [{name: value for name, value in row.items() if name != "amount"} for row in rows]
    shown = replay([drop(WEEK_0, rows), drop(WEEK_1, without), drop(WEEK_2, rows)], WEEK_1)
    assert sorted(shown.opportunities["amount"]) == [100.0 + number for number in range(12)]
    assert "amount" not in set(shown.changes.query("evidence == 'weekly_diff'")["field"])
    found = shown.findings.query("finding == 'column_left_out'")
    assert found["subject_id"].tolist() == ["amount"]


def test_a_value_emptied_in_one_row_is_emptied(replay):
    rows = [one(number, amount=100.0) for number in range(12)]
    emptied = [{**rows[0], "amount": None}, *rows[1:]]
    shown = replay([drop(WEEK_0, rows), drop(WEEK_1, emptied)], WEEK_1)
    assert shown.opportunities.set_index("opportunity_id")["amount"].isna().sum() == 1
    assert shown.findings.empty

"""When an outcome happened, who is credited, and how much it was worth. Weeks end on Mondays, 00:00 UTC."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib.client import ExchangeRate
from spm_lib.history import snapshot, timeline
from tests.history.typed_in import NOW, at, change, drop, opportunity

WEEK_0, WEEK_1, WEEK_2, WEEK_3 = "2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26"
CREATED = {"created_at": "2026-09-01T09:00"}


def deal(status="open", **facts):
    return opportunity(1, status, **{**CREATED, **facts})


def finding(shown, name):
    return shown.findings.loc[shown.findings["finding"] == name, "detail"].tolist()


def test_a_logged_outcome_counts_from_the_moment_it_was_logged(outcomes):
    log = [change(1, "status", "open", "won", "2026-10-07T15:00")]
    # the close date, which people may edit, says another day
    drops = [
        drop(WEEK_0, [deal()]),
        drop(WEEK_1, [deal("won", closed_at="2026-10-09")], changes=log),
    ]
    assert outcomes(drops, WEEK_1) == [("1", "won", "ana", "Wed 07")]


def test_without_a_log_it_counts_from_the_closing_time_between_the_two_drops(outcomes):
    drops = [drop(WEEK_0, [deal()]), drop(WEEK_1, [deal("lost", closed_at="2026-10-08T11:00")])]
    assert outcomes(drops, WEEK_1) == [("1", "lost", "ana", "Thu 08")]


def test_one_that_the_first_drop_shows_closed_counts_from_its_closing_time(outcomes):
    assert outcomes([drop(WEEK_1, [deal("won", closed_at="2026-09-15T10:00")])], WEEK_1) == [
        ("1", "won", "ana", "Tue 15")
    ]


def test_a_closing_time_before_the_drop_that_shows_it_open_is_not_believed(replay):
    drops = [drop(WEEK_0, [deal()]), drop(WEEK_1, [deal("won", closed_at="2026-09-20")])]
    shown = replay(drops, WEEK_1)
    assert shown.outcomes["outcome_at"].tolist() == [at(WEEK_1) - pd.Timedelta(1, "us")]
    (row,) = shown.changes[shown.changes["new"] == "won"].query("field == 'status'").to_dict("records")
    assert (row["evidence"], row["at_earliest"]) == ("weekly_diff", at(WEEK_0))


def test_a_closing_time_after_the_drop_is_not_believed_either(outcomes):
    drops = [drop(WEEK_0, [deal()]), drop(WEEK_1, [deal("won", closed_at="2026-12-24")])]
    assert outcomes(drops, WEEK_1) == [("1", "won", "ana", "Sun 11")]


def test_an_outcome_first_shown_closed_without_any_date_is_left_out_and_said(replay):
    shown = replay([drop(WEEK_1, [deal("won"), opportunity(2, "lost", created_at="2026-10-08")])], WEEK_1)
    # the second was created four days before the drop that shows it lost: that week it happened
    assert shown.outcomes["opportunity_id"].tolist() == ["2"]
    assert shown.opportunities["outcome_at"].isna().tolist() == [True, False]
    (detail,) = finding(shown, "undated_outcome")
    assert detail.startswith("1 opportunities were closed before the first export")


def test_what_has_not_happened_by_the_cutoff_is_open(replay):
    drops = [drop(WEEK_0, [deal()]), drop(WEEK_1, [deal("won", closed_at="2026-10-08T11:00")])]
    before = replay(drops, "2026-10-08T11:00")
    assert before.outcomes.empty
    assert before.opportunities["status"].tolist() == ["open"]
    assert len(replay(drops, "2026-10-08T11:01").outcomes) == 1


def test_a_reopened_one_has_no_outcome_and_a_later_one_counts_from_then(outcomes):
    drops = [
        drop(WEEK_0, [deal("won", closed_at="2026-10-01T10:00")]),
        drop(WEEK_1, [deal("open")]),
        drop(WEEK_2, [deal("won", closed_at="2026-10-14T10:00")]),
    ]
    assert outcomes(drops, WEEK_0) == [("1", "won", "ana", "Thu 01")]
    assert outcomes(drops, WEEK_1) == []
    assert outcomes(drops, WEEK_2) == [("1", "won", "ana", "Wed 14")]


@pytest.mark.parametrize(("first", "second"), [("won", "lost"), ("lost", "disqualified")])
def test_an_outcome_changed_for_another_is_the_other_from_then_on(outcomes, first, second):
    drops = [
        drop(WEEK_0, [deal(first, closed_at="2026-10-01T10:00")]),
        drop(WEEK_1, [deal(second, closed_at="2026-10-01T10:00")]),
    ]
    assert outcomes(drops, WEEK_0) == [("1", first, "ana", "Thu 01")]
    assert outcomes(drops, WEEK_1) == [("1", second, "ana", "Sun 11")]


def test_an_outcome_logged_twice_counts_from_the_first_time(outcomes):
    log = [
        change(1, "status", "open", "won", "2026-10-06T09:00"),
        change(1, "status", "won", "won", "2026-10-09T09:00"),
    ]
    assert outcomes([drop(WEEK_1, [deal("won")], changes=log)], WEEK_1) == [("1", "won", "ana", "Tue 06")]


def test_reassigning_afterwards_moves_no_credit(outcomes):
    drops = [
        drop(WEEK_0, [deal()]),
        drop(WEEK_1, [deal("won", closed_at="2026-10-08T10:00")]),
        drop(WEEK_2, [deal("won", closed_at="2026-10-08T10:00", rep_id="ben")]),
    ]
    assert outcomes(drops, WEEK_2) == [("1", "won", "ana", "Thu 08")]


def test_reassigning_in_the_week_of_the_outcome_leaves_the_credit_with_the_earlier_holder(outcomes):
    drops = [
        drop(WEEK_0, [deal()]),
        drop(WEEK_1, [deal("won", closed_at="2026-10-08T10:00", rep_id="ben")]),
    ]
    assert outcomes(drops, WEEK_1) == [("1", "won", "ana", "Thu 08")]


def test_nobody_knows_which_came_first_so_the_earlier_holder_is_credited(outcomes):
    # neither the outcome nor the new holder has a time: both happened between the same two drops
    drops = [drop(WEEK_0, [deal()]), drop(WEEK_1, [deal("won", rep_id="ben")])]
    assert outcomes(drops, WEEK_1) == [("1", "won", "ana", "Sun 11")]


def test_a_logged_reassignment_before_the_outcome_moves_the_credit(outcomes):
    log = [change(1, "rep", "ana", "ben", "2026-10-07T10:00")]
    drops = [
        drop(WEEK_0, [deal()]),
        drop(WEEK_1, [deal("won", closed_at="2026-10-08T10:00", rep_id="ben")], changes=log),
    ]
    assert outcomes(drops, WEEK_1) == [("1", "won", "ben", "Thu 08")]


def test_splits_share_an_outcome_and_sum_to_the_team(replay):
    splits = [
        {"opportunity_id": "1", "rep_id": "ana", "share_rate": 0.7},
        {"opportunity_id": "1", "rep_id": "ben", "share_rate": 0.3},
    ]
    rows = [
        deal("won", closed_at="2026-10-01", amount=1000.0),
        opportunity(2, "won", closed_at="2026-10-02", amount=50.0, rep_id="cy", **CREATED),
    ]
    found = replay([drop(WEEK_0, rows, splits=splits)], WEEK_0).outcomes
    assert found[["opportunity_id", "rep_id", "share_rate", "amount"]].values.tolist() == [
        ["1", "ana", 0.7, 700.0],
        ["1", "ben", 0.3, 300.0],
        ["2", "cy", 1.0, 50.0],
    ]
    assert found["share_rate"].sum() == 2.0  # two outcomes of the team
    assert found["amount"].sum() == 1050.0


@pytest.mark.parametrize("other", ["ben", "nobody we know"])
def test_splits_that_do_not_add_up_are_said_and_unused(replay, other):
    splits = [
        {"opportunity_id": "1", "rep_id": "ana", "share_rate": 0.5},
        {"opportunity_id": "1", "rep_id": other, "share_rate": 0.3},
    ]
    rows = [deal("won", closed_at="2026-10-01", amount=1000.0, rep_id="cy")]
    shown = replay([drop(WEEK_0, rows, splits=splits)], WEEK_0)
    assert shown.outcomes[["rep_id", "share_rate", "amount"]].values.tolist() == [["cy", 1.0, 1000.0]]
    (detail,) = finding(shown, "split_sum")
    assert "80%" in detail if other == "ben" else "50%" in detail


def test_a_split_handed_to_another_rep_takes_the_place_of_the_old_one(replay):
    def shares(**reps):
        return [{"opportunity_id": "1", "rep_id": rep, "share_rate": share} for rep, share in reps.items()]

    rows = [deal("won", closed_at="2026-10-01", amount=1000.0)]
    shown = replay(
        [
            drop(WEEK_0, rows, splits=shares(ana=0.5, ben=0.5)),
            drop(WEEK_1, rows, splits=shares(ana=0.5, cy=0.5)),
        ],
        WEEK_1,
    )
    assert shown.outcomes["rep_id"].tolist() == ["ana", "cy"]
    assert finding(shown, "split_sum") == []


def test_an_amount_that_changed_with_the_close_is_taken_with_it(replay):
    drops = [
        drop(WEEK_0, [deal(amount=100.0)]),
        drop(WEEK_1, [deal("won", amount=120.0, closed_at="2026-10-08T10:00")]),
    ]
    assert replay(drops, WEEK_1).outcomes["amount"].tolist() == [120.0]


def test_an_amount_edited_in_a_later_week_is_not(replay):
    drops = [
        drop(WEEK_0, [deal(amount=100.0)]),
        drop(WEEK_1, [deal("won", amount=100.0, closed_at="2026-10-08T10:00")]),
        drop(WEEK_2, [deal("won", amount=900.0, closed_at="2026-10-08T10:00")]),
    ]
    shown = replay(drops, WEEK_2)
    assert shown.outcomes["amount"].tolist() == [100.0]
    assert shown.opportunities["amount"].tolist() == [900.0]


def test_a_logged_edit_after_the_close_is_not_taken_with_it(replay):
    log = [change(1, "amount", "100.00", "900.00", "2026-10-09T10:00")]
    drops = [
        drop(WEEK_0, [deal(amount=100.0)]),
        drop(WEEK_1, [deal("won", amount=900.0, closed_at="2026-10-08T10:00")], changes=log),
    ]
    assert replay(drops, WEEK_1).outcomes["amount"].tolist() == [100.0]


def euros(client, **days):
    rates = [
        ExchangeRate(currency="EUR", from_day=day.replace("_", "-").strip("d"), rate=rate)
        for day, rate in days.items()
    ]
    return client.model_copy(update={"exchange_rates": tuple(rates)})


def test_an_outcome_is_converted_at_the_rate_of_its_day_and_an_open_one_at_the_cutoffs(replay, client):
    rows = [
        deal("won", closed_at="2026-10-08T10:00", amount=100.0, currency="EUR"),
        opportunity(2, amount=100.0, currency="EUR", **CREATED),
        opportunity(3, amount=100.0, currency="USD", **CREATED),
    ]
    rated = euros(client, d2026_01_01=1.1, d2026_10_09=1.2)
    shown = replay([drop(WEEK_1, rows)], WEEK_1, client=rated)
    assert shown.outcomes["amount"].tolist() == [110.0]  # 100 * 1.1: Thursday
    assert shown.opportunities["amount"].tolist() == [110.0, 120.0, 100.0]
    assert shown.opportunities["amount_original"].tolist() == [100.0, 100.0, 100.0]


def test_the_day_of_a_rate_is_the_clients(replay, client):
    # 03:00 UTC on the 9th is 22:00 on the 8th in Chicago: the rate of the 9th does not hold yet
    rows = [deal("won", closed_at="2026-10-09T03:00", amount=100.0, currency="EUR")]
    rated = euros(client, d2026_01_01=1.1, d2026_10_09=1.2)
    assert replay([drop(WEEK_1, rows)], WEEK_1, client=rated).outcomes["amount"].tolist() == [110.0]


def test_without_a_rate_there_is_no_amount_and_it_is_said(replay, client):
    rows = [
        deal("won", closed_at="2026-10-08T10:00", amount=100.0, currency="EUR"),
        opportunity(2, "won", closed_at="2026-10-10T10:00", amount=100.0, currency="EUR", **CREATED),
    ]
    shown = replay([drop(WEEK_1, rows)], WEEK_1, client=euros(client, d2026_10_09=1.2))
    assert shown.outcomes["amount"].isna().tolist() == [True, False]
    assert finding(shown, "no_rate") == [
        "1 amount is in EUR without a rate to USD on the day; no sum holds them."
    ]


def test_a_push_is_a_move_to_a_later_day_while_open(replay):
    days = ["2026-10-20", "2026-10-27", "2026-10-22", "2026-11-05", "2026-12-01"]
    moments = [f"2026-10-{6 + number:02d}T09:00" for number in range(4)]
    log = [
        change(1, "expected_close", old, new, moment)
        for old, new, moment in zip(days, days[1:], moments, strict=False)
    ]
    # later, earlier, later: two pushes by Thursday; it is won on Thursday, the last push comes after
    log.append(change(1, "status", "open", "won", "2026-10-08T12:00"))
    history = [drop(WEEK_1, [deal("won", expected_close=days[-1])], changes=log)]
    assert replay(history, WEEK_1).opportunities["pushed_count"].tolist() == [2]
    assert replay(history, "2026-10-08").opportunities["pushed_count"].tolist() == [1]


def test_from_one_drop_without_a_log_nobody_knows_of_pushes(replay):
    rows = [deal(expected_close="2026-11-01")]
    assert replay([drop(WEEK_0, rows)], WEEK_0).opportunities["pushed_count"].isna().all()
    assert replay([drop(WEEK_1, rows)], WEEK_1).opportunities["pushed_count"].tolist() == [0]


def test_a_stage_is_entered_when_logged_or_between_two_drops_or_at_a_creation_close_by(replay):
    early, late = {"created_at": "2026-09-30T09:00"}, CREATED
    first = [opportunity(number, **facts) for number, facts in ((1, early), (2, late), (3, late), (4, late))]
    second = [{**row, "stage_id": "quoted"} if row["opportunity_id"] in "34" else row for row in first]
    log = [change(4, "stage", "qualified", "quoted", "2026-10-07T09:00")]
    shown = replay([drop(WEEK_0, first), drop(WEEK_1, second, changes=log)], WEEK_1).opportunities
    assert [None if pd.isna(one) else one for one in shown["stage_entered_at"]] == [
        at("2026-09-30T09:00"),  # shown five days after its creation
        None,  # shown a month after its creation: in which stage it was created nobody knows
        at(WEEK_1) - pd.Timedelta(1, "us"),
        at("2026-10-07T09:00"),
    ]


def test_an_undated_one_is_seen_from_the_first_drop_that_shows_it_and_said(replay):
    rows = [opportunity(1), opportunity(2, **CREATED)]
    history = [drop(WEEK_1, rows)]
    before = replay(history, WEEK_0)
    assert before.opportunities["opportunity_id"].tolist() == ["2"]
    assert finding(before, "undated") == [
        "1 opportunities have no date at all and cannot be placed at this moment."
    ]
    since = replay(history, WEEK_1)
    assert since.opportunities["created_at"].isna().tolist() == [True, False]
    (detail,) = finding(since, "undated")
    assert detail.startswith("1 opportunities have no creation date")


def test_one_closed_before_it_was_created_is_said(replay):
    rows = [opportunity(1, "won", created_at="2026-10-02T09:00", closed_at="2026-10-01T09:00", name="Acme")]
    shown = replay([drop(WEEK_0, rows)], WEEK_0)
    assert finding(shown, "negative_cycle") == ["Acme was closed before it was created."]


def test_a_renamed_stage_is_the_same_stage(replay):
    def stages(name):
        return [
            {"stage_id": "quoted", "name": name, "category": "open", "position": 2},
            {"stage_id": "qualified", "name": "Qualified", "category": "open", "position": 1},
        ]

    drops = [
        drop(WEEK_0, [deal(stage_id="quoted")], stages=stages("Proposal Made")),
        drop(WEEK_1, [deal(stage_id="quoted")], stages=stages("Quote Sent")),
    ]
    shown = replay(drops, WEEK_1)
    assert shown.changes.query("field == 'stage'")["new"].tolist() == ["quoted"]
    assert shown.stages[["stage_id", "name"]].values.tolist() == [
        ["qualified", "Qualified"],
        ["quoted", "Quote Sent"],
    ]


def test_what_a_snapshot_is_made_of_is_not_changed_by_making_it(store, client):
    store.add(drop(WEEK_0, [deal(amount=1.0)], splits=[]), ingested_at=NOW)
    history = timeline(store, client)
    before = {name: getattr(history, name).copy(deep=True) for name in ("stages", "splits")}
    planned = history.activities.rest.copy(deep=True)
    rows, logs = (
        history.seen.rows.copy(deep=True),
        {name: log.at.copy() for name, log in history.logs.items()},
    )
    snapshot(history, at(WEEK_0))
    snapshot(history, at(WEEK_1))
    pd.testing.assert_frame_equal(history.seen.rows, rows)
    pd.testing.assert_frame_equal(history.activities.rest, planned)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(getattr(history, name), frame)
    assert all((history.logs[name].at == moments).all() for name, moments in logs.items())

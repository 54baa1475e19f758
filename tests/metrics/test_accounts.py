"""Accounts: covered, worked through several contacts, left alone."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.accounts import coverage_of_accounts, multithreading, untouched, untouched_rows
from spm_lib.periods import Calendar
from tests.metrics.frames import activities, one_week, opportunities, received, when
from tests.metrics.made import sql

CUTOFF = when("2026-11-16 00:00")
LONG = {"duration_seconds": 240.0}


def covered(deals, acts, until="2026-11-16 00:00", **options):
    return coverage_of_accounts(
        opportunities(*deals), activities(*acts), one_week(), Calendar(), received(until), 60, **options
    )


def threads(deals, acts=(), **options):
    return multithreading(opportunities(*deals), activities(*acts), CUTOFF, 60, **options)


def alone(deals, acts=(), told=None, **options):
    facts = (
        opportunities(*deals),
        activities(*acts),
        one_week(),
        CUTOFF,
        received() if told is None else told,
    )
    return untouched(*facts, 60, **options), untouched_rows(*facts, 60)


def plan(*pairs):
    return pd.DataFrame(pairs, columns=["rep_id", "account_id"], dtype="str")


FOUR = [{"account_id": name} for name in "abcd"]


def test_three_of_four_accounts_touched_and_one_talked_with():
    calls = [
        {"account_id": "a", **LONG},
        {"account_id": "b", "at": "2026-11-12 10:00", "outcome": "no_answer"},
        {"account_id": "c", "at": "2026-11-13 10:00", "rep_id": "ben"},
        {"account_id": "e", "at": "2026-11-13 12:00"},
        {"account_id": "d", "at": "2026-11-13 14:00", "kind": "task"},
        {"account_id": "d", "at": "2026-11-13 15:00", "status": "planned"},
    ]
    row = covered(FOUR, calls).iloc[0]
    assert row[["account_count", "touched_count", "conversation_count"]].tolist() == [4, 3, 1]
    assert row["touched_rate"] == 3 / 4
    low, high = proportion_confint(3, 4, alpha=0.10, method="wilson")
    assert (row["low"], row["high"]) == (pytest.approx(low), pytest.approx(high))
    assert row["basis"] == "accounts with an open opportunity"


def test_the_accounts_of_the_plans_go_before_those_with_an_open_opportunity():
    table = covered(
        [*FOUR, {"account_id": "z", "status": "won"}],
        [{"account_id": "a", **LONG}],
        targets=plan(("ana", "a"), ("ana", "x"), ("ben", "y")),
        by="rep_id",
        groups=["cy"],
    )
    assert table["rep_id"].tolist() == ["ana", "ben", "cy"]
    assert table["account_count"].tolist() == [2, 1, 0]
    assert table["touched_count"].tolist() == [1, 0, 0]
    assert math.isnan(table["touched_rate"].iloc[2])
    assert set(table["basis"]) == {"target accounts"}


@pytest.mark.parametrize(("before", "new"), [("2026-05-15 09:59", 1), ("2026-05-15 10:01", 0)])
def test_an_account_is_new_when_nobody_touched_it_for_180_days(before, new):
    # 11 November 10:00 less 180 days is 15 May 10:00 (both clocks: winter time began in between, 9:00)
    early = {"at": "2026-01-05 10:00", "account_id": "q"}
    calls = [early, {"account_id": "a", "at": "2026-11-11 09:00"}, {"account_id": "a", "at": before}]
    assert covered(FOUR, calls)["new_count"].tolist() == [new]
    # activities that do not go back so far cannot tell
    assert math.isnan(covered(FOUR, calls[1:2])["new_count"].iloc[0])


def test_the_week_begins_and_ends_on_the_clients_midnight():
    edges = ["2026-11-08 23:59:59", "2026-11-09 00:00", "2026-11-15 23:59:59", "2026-11-16 00:00"]
    calls = [{"account_id": name, "at": at} for name, at in zip("abcd", edges, strict=True)]
    # far enough apart in opportunity to be calls of their own
    calls = [{**call, "opportunity_id": call["account_id"]} for call in calls]
    assert covered(FOUR, calls)["touched_count"].tolist() == [2]


def test_no_account_is_no_rate_and_no_export_is_no_number():
    row = covered([], []).iloc[0]
    assert row["account_count"] == 0
    assert math.isnan(row["touched_rate"])
    unreached = covered(FOUR, [{"account_id": "a"}], until="2026-11-09 00:00").iloc[0]
    assert unreached["account_count"] == 4
    assert math.isnan(unreached["touched_count"])
    with pytest.raises(MetricError, match="no such grouping"):
        covered(FOUR, [], by="territory")


def test_four_contacts_in_three_opportunities_and_two_of_them_hang_on_one_or_none():
    deals = [{"amount": 100.0}, {"amount": 20.0}, {"amount": 3.0}, {"amount": 50.0, "status": "won"}]
    calls = [
        {"opportunity_id": "o0", "contact_id": "c1"},
        {"opportunity_id": "o0", "contact_id": "c2"},
        {"opportunity_id": "o0", "contact_id": "c2", "at": "2026-11-12 10:00"},
        {"opportunity_id": "o0", "contact_id": "c3", "at": "2026-11-13 10:00", "kind": "meeting"},
        {"opportunity_id": "o0", "contact_id": "c4", "at": "2026-11-13 12:00", "kind": "note"},
        {"opportunity_id": "o1", "contact_id": "c5"},
        {"opportunity_id": "o1", "contact_id": "c6", "at": "2026-11-16 00:00"},
    ]
    row = threads(deals, calls).iloc[0]
    assert row[["open_count", "known_count", "contact_count", "single_count"]].tolist() == [3, 3, 4, 2]
    assert row["contacts_per_opportunity"] == pytest.approx(4 / 3)
    assert (row["single_amount"], row["single_rate"]) == (23.0, pytest.approx(2 / 3))
    assert (round(row["low"], 2), round(row["high"], 2)) == (0.25, 0.92)
    assert row["basis"] == "touched"


def test_where_activities_name_no_contact_the_linked_ones_count_and_unknown_is_not_zero():
    row = threads([{"contact_count": 3}, {"contact_count": 1}, {}], [{"opportunity_id": "o0"}]).iloc[0]
    assert (row["basis"], row["known_count"], row["unknown_count"], row["contact_count"]) == (
        "linked",
        2,
        1,
        4,
    )
    assert (row["single_count"], row["single_rate"]) == (1, 1 / 2)
    nothing = threads([{}, {}]).iloc[0]
    assert (nothing["basis"], nothing["open_count"], nothing["unknown_count"]) == ("not recorded", 2, 2)
    assert nothing[["contact_count", "single_count", "single_rate", "single_amount"]].isna().all()
    assert threads([])["open_count"].tolist() == [0]


def test_an_opportunity_with_a_meeting_ahead_is_not_left_alone():
    deals = [{"amount": 100.0, "name": name, "created_at": "2026-10-01 10:00"} for name in "abcd"]
    calls = [
        {"opportunity_id": "o0", "at": "2026-11-12 10:00"},
        {"opportunity_id": "o1", "at": "2026-10-26 10:00"},
        {"opportunity_id": "o2", "at": "2026-10-26 12:00"},
        {"opportunity_id": "o2", "at": "2026-11-17 10:00", "kind": "meeting", "status": "planned"},
        {"opportunity_id": "o3", "at": "2026-10-26 14:00"},
        {"opportunity_id": "o3", "at": "2026-11-17 12:00", "kind": "meeting", "status": "cancelled"},
    ]
    table, rows = alone(deals, calls)
    assert table[["open_count", "untouched_count", "untouched_amount"]].iloc[0].tolist() == [4, 2, 200.0]
    assert table["untouched_rate"].tolist() == [2 / 4]
    # 26 October to 15 November
    assert rows[["opportunity_id", "quiet_days"]].to_numpy().tolist() == [["o1", 20], ["o3", 20]]


@pytest.mark.parametrize(("last", "count"), [("2026-11-01 00:00", 0), ("2026-10-31 23:59", 1)])
def test_more_than_fourteen_days_is_left_alone_and_fourteen_are_not(last, count):
    # the last day told is 15 November: 1 November is 14 days before
    table, _ = alone([{"created_at": "2026-10-01 10:00"}], [{"opportunity_id": "o0", "at": last}])
    assert table["untouched_count"].tolist() == [count]


def test_never_touched_counts_from_the_creation_and_no_export_is_no_number():
    deals = [{"created_at": "2026-10-01 10:00"}, {"created_at": "2026-11-10 10:00"}]
    assert alone(deals)[0]["untouched_count"].tolist() == [1]
    table, rows = alone(deals, told={})
    assert table["open_count"].tolist() == [2]
    assert table[["untouched_count", "untouched_rate"]].isna().all(axis=None)
    assert rows.empty
    assert math.isnan(alone([])[0]["untouched_rate"].iloc[0])


_DEALS = st.lists(
    st.fixed_dictionaries(
        {
            "rep_id": st.sampled_from(["ana", "ben", None]),
            "status": st.sampled_from(["open", "open", "lost"]),
            "account_id": st.sampled_from(["a", "b", None]),
            "amount": st.sampled_from([None, 10.0, 0.1]),
            "contact_count": st.sampled_from([None, 0, 1, 2]),
            "created_at": st.sampled_from(["2026-10-01 10:00", "2026-11-10 10:00"]),
        }
    ),
    max_size=10,
)


@settings(max_examples=30, deadline=None)
@given(_DEALS)
def test_reps_add_up_to_the_team_and_to_a_query(deals):
    frame = opportunities(*deals)
    facts = (activities({"account_id": "a"}), one_week())
    accounts = coverage_of_accounts(frame, *facts, Calendar(), received(), 60, by="rep_id")
    (pairs, touched), *_ = sql(
        """select count(*), coalesce(sum((account_id = 'a')::int), 0) from
        (select distinct rep_id, account_id from deals where status = 'open' and account_id is not null)""",
        deals=frame,
    ).to_numpy()
    assert [accounts["account_count"].sum(), accounts["touched_count"].sum()] == [pairs, touched]
    quiet = untouched(frame, *facts, CUTOFF, received(), 60, by="rep_id")
    contacts = multithreading(frame, facts[0], CUTOFF, 60, by="rep_id")
    (open_count, old, single), *_ = sql(
        """select count(*), count(*) filter (created_at < '2026-11-01'), count(*) filter (contact_count <= 1)
        from deals where status = 'open'""",
        deals=frame,
    ).to_numpy()
    assert [quiet["open_count"].sum(), quiet["untouched_count"].sum()] == [open_count, old]
    assert contacts["open_count"].sum() == open_count
    assert contacts["single_count"].sum() == single
    team = untouched(frame, *facts, CUTOFF, received(), 60)
    assert team["untouched_amount"].fillna(0).sum() == pytest.approx(quiet["untouched_amount"].sum())

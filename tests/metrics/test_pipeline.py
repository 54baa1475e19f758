"""Open pipeline and its change: every case by hand, and any two states reconcile to the cent."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_lib.errors import MetricError
from spm_lib.metrics.pipeline import pipeline
from spm_lib.metrics.pipeline_change import CAUSES, pipeline_change, pipeline_change_rows
from spm_lib.periods import quarter
from tests.metrics.frames import one_week, opportunities
from tests.metrics.made import sql


def test_open_ones_count_with_and_without_an_amount():
    rows = opportunities(
        {"amount": 10_000},
        {"amount": 5_000, "rep_id": None},
        {},
        {"amount": 9, "status": "won"},
        {"amount": 9, "presence": "merged"},
        {"amount": 9, "presence": "deleted"},
        {"amount": 9, "presence": "absent"},
    )
    row = pipeline(rows).iloc[0]
    assert (row["open_count"], row["open_amount"], row["no_amount_count"]) == (3, 15_000, 1)
    by_rep = pipeline(rows, by="rep_id", groups=["ben"])
    assert by_rep["rep_id"].fillna("nobody").tolist() == ["ana", "ben", "nobody"]
    assert by_rep["open_amount"].tolist() == [10_000, 0, 5_000]


def test_nothing_open_is_zero_and_no_amount_at_all_is_missing():
    assert pipeline(opportunities()).iloc[0].tolist() == [0, 0, 0]
    assert math.isnan(pipeline(opportunities({}))["open_amount"].iloc[0])


def test_pipeline_has_stages_as_groups_and_change_has_not(week46):
    staged = pipeline(opportunities({"stage_id": "s1", "amount": 2}), by="stage_id")
    assert staged.to_dict("records") == [
        {"stage_id": "s1", "open_count": 1, "open_amount": 2, "no_amount_count": 0}
    ]
    with pytest.raises(MetricError, match="no such grouping"):
        pipeline_change(opportunities(), opportunities(), week46, by="stage_id")


def change(opening, closing, period, **options):
    """Cause -> (count, amount), where anything moved."""
    table = pipeline_change(opportunities(*opening), opportunities(*closing), period, **options)
    assert table["cause"].tolist() == list(CAUSES)
    return {
        row["cause"]: (row["opportunity_count"], row["amount"])
        for row in table.to_dict("records")
        if row["opportunity_count"]
    }


def one(key, amount, **more):
    return {"opportunity_id": key, "amount": amount, "expected_close": "2026-12-01", **more}


def closed(key, amount, outcome, at="2026-11-11 12:00", **more):
    return one(key, amount, status=outcome, outcome_at=at, **more)


def test_won_grown_and_created_add_up_to_29_000(week46):
    found = change(
        [one("a", 10_000), one("b", 20_000)],
        [closed("a", 10_000, "won"), one("b", 25_000), one("c", 4_000)],
        week46,
    )
    assert found == {
        "start": (2, 30_000),
        "created": (1, 4_000),
        "increased": (1, 5_000),
        "won": (1, -10_000),
        "end": (2, 29_000),
    }


@pytest.mark.parametrize(
    ("before", "after", "cause", "amount"),
    [
        ([one("a", 5)], [closed("a", 5, "lost")], "lost", -5),
        ([one("a", 5)], [closed("a", 9, "disqualified")], "disqualified", -5),
        ([one("a", 5)], [one("a", 3)], "decreased", -2),
        ([one("a", 5)], [one("a", 5, presence="deleted")], "deleted", -5),
        ([one("a", 5)], [one("a", 5, presence="merged")], "merged", -5),
        ([one("a", 5)], [one("a", 5, presence="absent")], "deleted", -5),
        ([one("a", 5)], [], "deleted", -5),
        ([closed("a", 5, "lost", "2026-10-01")], [one("a", 5)], "reopened", 5),
        ([], [one("a", 5)], "created", 5),
        ([one("a", None)], [one("a", 7)], "increased", 7),
    ],
)
def test_each_cause_has_its_own_name(before, after, cause, amount, week46):
    found = change(before, after, week46)
    assert {name: value for name, value in found.items() if name not in ("start", "end")} == {
        cause: (1, amount)
    }


def test_pushed_out_of_the_quarter_and_pulled_into_it(week46, q4):
    late = {"expected_close": "2027-01-01"}
    found = change([one("a", 5), one("b", 7, **late)], [one("a", 5, **late), one("b", 8)], week46, horizon=q4)
    assert found == {"start": (1, 5), "pushed_out": (1, -5), "pulled_in": (1, 8), "end": (1, 8)}
    table = pipeline_change(
        opportunities(one("b", 7, **late)), opportunities(one("c", 1, expected_close=None)), week46, q4
    )
    left_out = table.set_index("cause")[["later_count", "undated_count"]]
    assert left_out.loc["start"].tolist() == [1, 0]
    assert left_out.loc["end"].tolist() == [0, 1]


def test_where_nobody_writes_an_expected_close_down_the_goal_period_cuts_nothing(week46, q4):
    """B is won; with the quarter as a sieve it would have been "pulled in" from nowhere first."""
    before = opportunities({"opportunity_id": "a", "amount": 100}, {"opportunity_id": "b", "amount": 40})
    after = opportunities(
        {"opportunity_id": "a", "amount": 100},
        {"opportunity_id": "b", "amount": 40, "status": "won", "outcome_at": "2026-11-11 12:00"},
    )
    table = pipeline_change(before, after, week46, q4).set_index("cause")["amount"]
    assert (table["start"], table["won"], table["pulled_in"], table["end"]) == (140, -40, 0, 100)


def test_created_and_won_in_the_same_week_was_created(week46):
    assert change([], [closed("a", 6, "won")], week46) == {"created": (1, 6), "won": (1, -6)}


def test_an_opportunity_closed_before_the_period_is_no_move(week46):
    old = closed("a", 6, "won", "2026-11-02 12:00")
    assert change([old], [old], week46) == {}
    assert change([], [old], week46) == {}
    # closed in the period by its date, but the start knew it already
    backdated = closed("a", 6, "won", "2026-11-09 00:00")
    assert change([backdated], [backdated], week46) == {}


def test_a_change_of_rep_moves_the_amount_from_one_to_the_other_and_no_total(week46):
    before, after = opportunities(one("a", 10)), opportunities(one("a", 12, rep_id="ben"))
    table = pipeline_change(before, after, week46, by="rep_id")
    moved = {
        (row["rep_id"], row["cause"]): row["amount"]
        for row in table.to_dict("records")
        if row["opportunity_count"]
    }
    assert moved == {
        ("ana", "start"): 10,
        ("ana", "transferred_out"): -10,
        ("ben", "transferred_in"): 10,
        ("ben", "increased"): 2,
        ("ben", "end"): 12,
    }
    assert change([one("a", 10)], [one("a", 12, rep_id="ben")], week46) == {
        "start": (1, 10),
        "increased": (1, 2),
        "end": (1, 12),
    }


def test_the_rows_behind_a_change_name_the_opportunity_and_its_holder(week46):
    rows = pipeline_change_rows(
        opportunities(one("a", 10, name="Big one")),
        opportunities(closed("a", 10, "won", name="Big one")),
        week46,
    )
    assert rows.to_dict("records") == [
        {"cause": "won", "opportunity_id": "a", "name": "Big one", "rep_id": "ana", "amount": -10}
    ]
    assert pipeline_change_rows(opportunities(), opportunities(), week46).empty


_STATE = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["open", "open", "won", "lost", "disqualified"]),
        "presence": st.sampled_from(["present"] * 5 + ["merged", "deleted", "absent"]),
        "amount": st.one_of(st.none(), st.integers(0, 100_000).map(lambda cents: cents / 100)),
        "rep_id": st.sampled_from(["ana", "ben", None]),
        "expected_close": st.sampled_from(["2026-12-01", "2027-02-01", None]),
        "outcome_at": st.sampled_from(["2026-11-04 12:00", "2026-11-11 12:00"]),
    }
)


@st.composite
def two_states(draw):
    """The same opportunities a week apart; some come, some go without a trace."""
    ends = []
    for _ in range(2):
        states = draw(st.dictionaries(st.sampled_from("abcdefgh"), _STATE, max_size=6))
        ends.append(
            opportunities(*({"opportunity_id": key, **state} for key, state in sorted(states.items())))
        )
    return tuple(ends)


_OPEN = """
select sum(amount) as amount, count(*) as n from state
where status = 'open' and presence = 'present' {inside}
"""


@settings(max_examples=50, deadline=None)
@given(ends=two_states(), in_quarter=st.booleans(), by=st.sampled_from([None, "rep_id"]))
def test_any_two_states_reconcile_to_the_cent_and_the_ends_agree_with_sql(ends, in_quarter, by):
    horizon = quarter(date(2026, 11, 15), time_zone="America/Chicago") if in_quarter else None
    copies = [end.copy(deep=True) for end in ends]
    table = pipeline_change(*ends, one_week(), horizon, by)
    cents = (table["amount"] * 100).round().astype(int)
    by_cause = cents.groupby(table["cause"]).sum()
    groups = table[by].fillna("nobody") if by else pd.Series("everyone", index=table.index)
    for _, rows in table.assign(cents=cents).groupby(groups):
        amounts = rows.set_index("cause")["cents"]
        assert amounts.drop("end").sum() == amounts["end"]
    dated = any(end["expected_close"].notna().any() for end in ends)  # else the goal period cuts nothing
    inside = "and expected_close < date '2027-01-01'" if in_quarter and dated else ""
    for cause, state in zip(("start", "end"), ends, strict=True):
        oracle = sql(_OPEN.format(inside=inside), state=state).fillna(0).iloc[0]
        assert by_cause.get(cause, 0) == round(oracle["amount"] * 100)
        counted = table["opportunity_count"][table["cause"] == cause].sum()
        assert counted == oracle["n"]
    rows = pipeline_change_rows(*ends, one_week(), horizon, by)
    moved = (rows["amount"].fillna(0) * 100).round().astype(int).groupby(rows["cause"]).sum()
    assert moved.sum() == by_cause.get("end", 0) - by_cause.get("start", 0)
    for end, copy in zip(ends, copies, strict=True):
        pd.testing.assert_frame_equal(end, copy)

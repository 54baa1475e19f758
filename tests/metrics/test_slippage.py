"""Slippage: pushes, two slip rates, always-wrong dates; by hand and against SQL."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from statsmodels.stats.proportion import proportion_confint

from spm_lib.errors import MetricError
from spm_lib.metrics.slippage import slip_rate_not_closed, slip_rate_not_won, slippage, slippage_rows
from tests.metrics.frames import changes, one_week, opportunities, when
from tests.metrics.lives import CUTOFF, lives
from tests.metrics.made import sql


def push(name, old, new, at="2026-11-11 10:00"):
    return {"opportunity_id": name, "field": "expected_close", "old": old, "new": new, "at": at}


def ends(*fates, expected="2026-11-12"):
    """The same opportunities at the start and at the end of the week: each as its fate at the end."""
    opening = opportunities(*({"expected_close": expected} for _ in fates))
    closing = opportunities(
        *(
            {"status": fate, "outcome_at": "2026-11-12 10:00"}
            if fate in ("won", "lost", "disqualified")
            else {"presence": fate}
            for fate in fates
        )
    )
    return opening, closing


TEN = ["won"] * 4 + ["lost"] * 2 + ["disqualified"] + ["present"] * 3


def test_of_ten_expected_six_are_not_won_and_three_are_not_closed(week46):
    for metric, slipped in ((slip_rate_not_won, 6), (slip_rate_not_closed, 3)):
        row = metric(*ends(*TEN), week46, CUTOFF).iloc[0]
        assert row[
            ["expected_count", "won_count", "lost_count", "disqualified_count", "open_count"]
        ].tolist() == [
            10,
            4,
            2,
            1,
            3,
        ]
        assert (row["slipped_count"], row["slip_rate"]) == (slipped, slipped / 10)
        low, high = proportion_confint(slipped, 10, alpha=0.1, method="wilson")
        assert (row["low"], row["high"]) == pytest.approx((low, high))


def test_nothing_expected_is_no_slip_rate_and_not_zero(week46):
    for metric in (slip_rate_not_won, slip_rate_not_closed):
        row = metric(opportunities(), opportunities(), week46, CUTOFF).iloc[0]
        assert row["expected_count"] == 0
        assert row[["slip_rate", "low", "high"]].isna().all()


def test_before_the_period_is_over_nothing_has_slipped_yet(week46):
    row = slip_rate_not_won(*ends(*TEN), week46, CUTOFF - pd.Timedelta(seconds=1)).iloc[0]
    assert row["expected_count"] == 10
    assert row[["slip_rate", "low", "high"]].isna().all()


def test_merged_deleted_and_gone_ones_leave_by_their_own_name(week46):
    row = slip_rate_not_won(*ends("won", "merged", "deleted", "absent"), week46, CUTOFF).iloc[0]
    assert row[["expected_count", "gone_count", "slipped_count"]].tolist() == [1, 3, 0]
    opening, _ = ends("won")
    assert slip_rate_not_won(opening, opportunities(), week46, CUTOFF)["gone_count"].iloc[0] == 1


@pytest.mark.parametrize(
    ("day", "inside"), [("2026-11-08", 0), ("2026-11-09", 1), ("2026-11-15", 1), ("2026-11-16", 0), (None, 0)]
)
def test_expected_in_the_week_is_from_its_first_to_its_last_day(day, inside, week46):
    assert slip_rate_not_won(*ends("won", expected=day), week46, CUTOFF)["expected_count"].iloc[0] == inside


def test_won_after_the_end_slipped_also_when_looked_at_later(week46):
    opening, closing = ends("won")
    late = closing.assign(outcome_at=when("2026-11-16 00:00"))
    row = slip_rate_not_won(opening, late, week46, CUTOFF + pd.Timedelta(weeks=1)).iloc[0]
    assert row[["open_count", "slipped_count"]].tolist() == [1, 1]


def test_the_rep_who_said_so_is_credited_and_reps_add_up(week46):
    opening, closing = ends("won", "lost", "present")
    opening["rep_id"] = pd.Series(["ana", "ben", None], dtype="str")
    table = slip_rate_not_won(opening, closing, week46, CUTOFF, by="rep_id", groups=["cy"])
    assert table["rep_id"].fillna("nobody").tolist() == ["ana", "ben", "cy", "nobody"]
    assert table["slipped_count"].tolist() == [0, 1, 0, 1]
    assert table["slip_rate"].isna().tolist() == [False, False, True, False]


def test_pushes_of_which_no_amount_is_known_have_none_and_not_zero(week46):
    moved = changes(push("o0", "2026-11-12", "2026-12-12"), push("o1", "2026-11-12", "2026-12-12"))
    for amounts, expected in (((None, None), None), ((None, 5.0), 5.0)):
        shown = opportunities(*({"amount": amount} for amount in amounts))
        found = slippage(shown, moved, week46)["pushed_amount"].iloc[0]
        assert pd.isna(found) if expected is None else found == expected
    assert slippage(shown, changes(), week46)["pushed_amount"].fillna(0.0).tolist() == [0.0]


def test_a_third_push_is_a_date_always_wrong_and_a_first_one_an_obstacle(week46):
    moved = changes(
        push("o0", "2026-10-01", "2026-10-08", "2026-09-30 10:00"),
        push("o0", "2026-10-08", "2026-10-15", "2026-10-07 10:00"),
        push("o0", "2026-10-15", "2026-10-22"),  # 7 days, the third
        push("o1", "2026-11-12", "2026-12-12"),  # 30 days, the first
        push("o2", "2026-12-12", "2026-11-12"),  # pulled in
        push("o3", None, "2026-11-12"),  # set for the first time
        push("o4", "2026-11-12", "2026-12-12", "2026-11-13 10:00"),  # after it was lost
    )
    shown = opportunities(
        {"amount": 100.0}, {"amount": 50.25}, {}, {}, {"status": "lost", "outcome_at": "2026-11-12 10:00"}
    )
    row = slippage(shown, moved, week46).iloc[0]
    assert row.tolist() == [2, 2, 150.25, 1, 1, 18.5]
    listed = slippage_rows(opportunities(), shown, moved, week46)
    assert listed[
        ["opportunity_id", "push_count", "total_count", "moved_days", "pattern"]
    ].values.tolist() == [
        ["o0", 1, 3, 7, "date always wrong"],
        ["o1", 1, 1, 30, "new obstacle"],
    ]


def test_the_rows_name_what_was_expected_and_not_won(week46):
    opening, closing = ends("won", "lost", "present", "merged")
    listed = slippage_rows(opening, closing, changes(), week46)
    assert listed["opportunity_id"].tolist() == ["o1", "o2"]
    assert listed["was_expected"].all()
    assert listed["expected_at_start"].tolist() == [pd.Timestamp("2026-11-12")] * 2
    assert listed["pattern"].tolist() == ["not pushed"] * 2


def test_where_no_change_of_a_date_could_be_seen_pushes_are_missing_and_not_zero(week46):
    row = slippage(opportunities({}), changes(), week46).iloc[0]
    assert row.isna().all()
    counted = slippage(opportunities({"pushed_count": 0}), changes(), week46).iloc[0]
    assert counted["push_count"] == 0
    assert pd.isna(counted["moved_days"])


@pytest.mark.parametrize(
    ("at", "inside"), [("2026-11-08 23:59", 0), ("2026-11-09 00:00", 1), ("2026-11-16 00:00", 0)]
)
def test_a_push_belongs_to_the_week_it_was_made_in(at, inside, week46):
    moved = changes(push("o0", "2026-11-12", "2026-12-12", at))
    assert slippage(opportunities({}), moved, week46)["push_count"].iloc[0] == inside


def test_a_grouping_it_does_not_have_is_refused(week46):
    with pytest.raises(MetricError, match="no such grouping"):
        slippage(opportunities(), changes(), week46, by="stage_id")
    for metric in (slip_rate_not_won, slip_rate_not_closed):
        with pytest.raises(MetricError, match="no such grouping"):
            metric(opportunities(), opportunities(), week46, CUTOFF, by="stage_id")


_SQL = """
with pushed as (
    select o.rep_id as key, opportunity_id, c.at as moved_at,
        date_diff('day', old::date, new::date) as days
    from changes c join opportunities o using (opportunity_id)
    where field = 'expected_close' and new::date > old::date and o.presence = 'present'
    and (o.outcome_at is null or c.at < o.outcome_at)),
each as (
    select key, opportunity_id, count(*) as total, sum(days) filter (inside) as days,
        count(*) filter (inside) as pushes
    from (select *, moved_at >= timestamptz '2026-11-09 06:00Z'
          and moved_at < timestamptz '2026-11-16 06:00Z' as inside
          from pushed) group by all having pushes > 0)
select key, sum(pushes) as push, count(*) as pushed, count(*) filter (total > 2) as always_wrong,
    count(*) filter (total <= 2) as new_obstacle, median(days) as days from each group by key
"""


@settings(max_examples=60, deadline=None)
@given(lives())
def test_pushes_agree_with_sql_and_add_up(made):
    before = made.changes.copy(deep=True)
    known = made.opportunities.assign(pushed_count=pd.Series(0, made.opportunities.index, dtype="Int64"))
    ours = slippage(known, made.changes, one_week(), by="rep_id")
    oracle = sql(_SQL, opportunities=made.opportunities, changes=made.changes).fillna({"key": "nobody"})
    oracle = oracle.set_index("key")
    assert set(ours["rep_id"].fillna("nobody")) == set(oracle.index)
    total = slippage(known, made.changes, one_week()).iloc[0]
    for row in ours.fillna({"rep_id": "nobody"}).to_dict("records"):
        for name in ("push", "pushed", "always_wrong", "new_obstacle"):
            assert row[f"{name}_count"] == oracle.loc[row["rep_id"], name]
        assert row["moved_days"] == pytest.approx(oracle.loc[row["rep_id"], "days"])
    for name in ("push", "pushed", "always_wrong", "new_obstacle"):
        assert ours[f"{name}_count"].sum() == total[f"{name}_count"]
    assert total["always_wrong_count"] + total["new_obstacle_count"] == total["pushed_count"]
    listed = slippage_rows(opportunities(), made.opportunities, made.changes, one_week())
    assert len(listed) == total["pushed_count"]
    pd.testing.assert_frame_equal(made.changes, before)

"""Compensation: each clause worked by hand, tier edges to the cent, and what must hold for any bookings."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from spm_lib.errors import MetricError
from spm_lib.expectations.compensation import Clauses
from spm_lib.expectations.documents import Common
from spm_lib.metrics.attainment import attainment
from spm_lib.metrics.commission import Plan, check_currency, commissions, marginal, settle, shared_cents
from spm_lib.metrics.compensation import compensation, compensation_lines
from spm_lib.periods import Calendar, quarter
from tests.metrics.frames import ZONE, outcomes, quotas, when
from tests.metrics.made import outcome_frames

Q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
#: 5 % up to the quota, 8 % beyond it.
TIERS = [{"from": 0, "rate": 0.05}, {"from": 1, "rate": 0.08}]
FLAT = [{"from": 0, "rate": 0.05}]


def plan(effective_from=date(2026, 10, 1), **clauses):
    typed = Clauses.model_validate({"tiers": TIERS, **clauses})
    return Plan(typed.clauses(), effective_from, "Plan of closers", "v1")


def won(amount, **more):
    return {"outcome": "won", "amount": amount, **more}


def paid(rows, one, goal=60_000, cutoff="2026-12-31 00:00", **more):
    goals = quotas({"rep_id": "ana", "amount": goal}) if goal is not None else quotas()
    made = outcomes(*rows)
    return compensation(made, goals, Q4, when(cutoff), Calendar(), {"ana": one}, by="rep_id", **more).iloc[0]


def test_the_example_of_the_card_is_5404():
    # 50,000 × 5 % = 2,500; 10,000 × 5 % + 12,000 × 8 % + 8,000 × 12 % = 2,420, × 1.2 = 2,904
    one = plan(
        accelerators=[{"beyond": 1.2, "times": 1.5}],
        multipliers=[{"product_line": "Heat pumps", "times": 1.2}],
    )
    rows = [
        won(50_000, product_line="Furnaces", outcome_at="2026-10-05 10:00"),
        won(30_000, product_line="Heat pumps", outcome_at="2026-10-06 10:00"),
    ]
    row = paid(rows, one)
    assert (row["commission_amount"], row["credited_amount"], row["state"]) == (5_404, 80_000, "computed")
    lines = compensation_lines(
        outcomes(*rows),
        quotas({"rep_id": "ana", "amount": 60_000}),
        Q4,
        when("2026-12-31"),
        Calendar(),
        {"ana": one},
    )
    assert lines["commission_amount"].tolist() == [2_500, 2_904]
    assert lines["multiplier"].tolist() == [1, 1.2]


@pytest.mark.parametrize(
    ("amount", "commission"),
    [
        # up to the edge 5 %: 59,999.90 × 5 % = 2,999.995, a half cent goes up
        (59_999.90, 3_000.00),
        (60_000.00, 3_000.00),
        # one cent beyond earns 0.08 of a cent: nothing yet; 7 cents earn 0.56: one
        (60_000.01, 3_000.00),
        (60_000.07, 3_000.01),
        (70_000.00, 3_800.00),
    ],
)
def test_a_tier_begins_at_its_edge_to_the_cent(amount, commission):
    assert paid([won(amount)], plan())["commission_amount"] == commission


def test_a_rate_applied_to_the_whole_jumps_at_its_edge():
    one = plan(applied="whole")
    assert paid([won(59_999.99)], one)["commission_amount"] == 3_000.00  # 2,999.9995
    assert paid([won(60_000)], one)["commission_amount"] == 4_800


def test_tiers_by_amount_need_no_quota():
    one = plan(tiers_by="amount", tiers=[{"from": 0, "rate": 0.02}, {"from": 10_000, "rate": 0.1}])
    # 10,000 × 2 % + 5,000 × 10 %
    assert paid([won(15_000)], one, goal=None)["commission_amount"] == 700


def test_without_a_quota_the_plan_needs_nothing_is_computed_and_it_says_so():
    row = paid([won(15_000)], plan(), goal=None)
    assert (row["state"], row["credited_amount"]) == ("no quota", 15_000)
    assert math.isnan(row["commission_amount"])
    assert paid([won(15_000)], plan(), goal=0)["state"] == "no quota"


def test_the_plans_own_quota_wins_over_the_sales_goals():
    assert paid([won(20_000)], plan(quota=10_000), goal=60_000)["commission_amount"] == 1_300


def test_without_a_plan_bookings_show_and_commission_is_missing():
    table = compensation(outcomes(won(9)), quotas(), Q4, when("2026-12-31"), Calendar(), {}, by="rep_id")
    assert table["state"].tolist() == ["no plan in force"]
    assert math.isnan(table["commission_amount"].iloc[0])


def test_nothing_won_earns_nothing_which_is_not_the_same_as_missing():
    assert paid([], plan())["commission_amount"] == 0


def test_the_cap_holds_and_tells_what_it_withholds():
    row = paid([won(100_000)], plan(cap=5_000))
    # 3,000 + 40,000 × 8 % = 6,200
    assert (row["commission_amount"], row["capped_amount"]) == (5_000, 1_200)


def test_the_cap_cuts_the_later_lines():
    one = plan(tiers=FLAT, cap=100)
    lines = commissions(one, [150_000, 100_000, 5_000], [Fraction(1)] * 3, None)
    # 75.00, then 50.00 of which 25.00 fit, then nothing
    assert lines == [7_500, 2_500, 0]


def test_a_win_is_pending_until_its_day():
    rows = [won(1_000, outcome_at="2026-10-31 23:59"), won(2_000, outcome_at="2026-11-01 00:00")]
    row = paid(rows, plan(tiers=FLAT, payable_after_days=30), cutoff="2026-12-01 00:00")
    # 31 October + 30 days is 30 November, over; 1 November + 30 days is 1 December, which is not known yet
    assert (row["earned_amount"], row["pending_amount"], row["commission_amount"]) == (50, 100, 150)


@pytest.mark.parametrize(
    ("recoverable", "recovered", "payout"),
    [(True, 800, 1_700), (False, 0, 2_500)],
    ids=["recoverable", "kept"],
)
def test_a_draw_of_the_quarter_before_is_taken_back_if_it_is_recoverable(recoverable, recovered, payout):
    # third quarter: 4,000 × 5 % = 200 of a draw of 1,000, so 800 were added
    # fourth: 50,000 × 5 % = 2,500 is 1,500 above the draw, and the 800 fit into that
    draw = {"amount": 1_000, "recoverable": recoverable}
    one = plan(effective_from=date(2026, 7, 1), tiers=FLAT, draw=draw)
    row = paid([won(4_000, outcome_at="2026-08-03 12:00"), won(50_000)], one)
    names = ["draw_added_amount", "recovered_amount", "draw_balance", "payout_amount"]
    assert tuple(row[names]) == (0, recovered, 0, payout)


def test_a_draw_older_than_the_record_is_unknown_and_not_invented():
    one = plan(date(2026, 4, 1), tiers=FLAT, draw={"amount": 1_000, "recoverable": True})
    row = paid([won(50_000, outcome_at="2026-07-02 12:00"), won(50_000)], one)
    assert (row["state"], row["commission_amount"]) == ("draw before the record unknown", 2_500)
    assert row[["recovered_amount", "draw_balance", "payout_amount"]].isna().all()


def test_a_draw_is_taken_back_only_from_what_exceeds_it():
    # draw 1,000, commission 400: 600 added, balance 600; then 1,700: 700 above the draw, 600 taken back
    first = settle(40_000, 100_000, True, 0)
    assert (first.top_up, first.recovered, first.balance) == (60_000, 0, 60_000)
    second = settle(130_000, 100_000, True, first.balance)
    # 300 above the draw: 300 of the 600 taken back
    assert (second.top_up, second.recovered, second.balance) == (0, 30_000, 30_000)
    kept = settle(40_000, 100_000, False, 0)
    assert (kept.top_up, kept.balance) == (60_000, 0)


def test_base_pay_is_by_months_and_by_days_where_the_plan_begins_later():
    base = {"amount": 3_000, "per": "month"}
    assert paid([], plan(base=base))["base_amount"] == 9_000
    # from 1 November 61 of the quarter's 92 days: 9,000 × 61 / 92 = 5,967.391
    assert paid([], plan(date(2026, 11, 1), base=base))["base_amount"] == 5_967.39


def test_what_was_won_before_the_plan_began_is_not_credited_by_it():
    rows = [won(1_000, outcome_at="2026-10-31 12:00"), won(2_000, outcome_at="2026-11-01 12:00")]
    assert paid(rows, plan(date(2026, 11, 1), tiers=FLAT))["credited_amount"] == 2_000


def test_monthly_plans_begin_anew_each_month():
    rows = [won(1_000, outcome_at="2026-10-31 12:00"), won(2_000, outcome_at="2026-11-01 12:00")]
    row = paid(rows, plan(tiers=FLAT, commission_period="month"), cutoff="2026-11-16 00:00")
    assert (row["credited_amount"], row["commission_amount"]) == (2_000, 100)


def test_a_straight_line_projects_the_commission_past_the_edge():
    # 33 of 66 business days gone, 40,000 credited: 80,000 projected, 3,000 + 20,000 × 8 % = 4,600
    row = paid([won(40_000)], plan(), cutoff="2026-11-17 00:00")
    assert (row["projected_bookings"], row["projected_amount"]) == (80_000, 4_600)
    given_one = pd.DataFrame({"rep_id": ["ana"], "bookings": [70_000.0]})
    row = paid([won(40_000)], plan(), cutoff="2026-11-17 00:00", projected=given_one)
    assert (row["projected_bookings"], row["projected_amount"]) == (70_000, 3_800)


def test_the_teams_row_adds_the_reps_up_and_says_when_some_have_no_plan():
    rows = outcomes(won(1_000), won(500, rep_id="ben"), won(7, rep_id=None))
    args = (rows, quotas(), Q4, when("2026-12-31"), Calendar(), {"ana": plan(tiers=FLAT)})
    team = compensation(*args).iloc[0]
    assert (team["credited_amount"], team["commission_amount"], team["state"]) == (1_507, 50, "partly")
    reps = compensation(*args, by="rep_id")
    assert reps["credited_amount"].sum() == 1_507


def test_it_has_no_other_grouping():
    with pytest.raises(MetricError, match="no such grouping"):
        compensation(outcomes(), quotas(), Q4, when("2026-12-31"), Calendar(), {}, by="territory")


def test_a_plan_in_another_currency_is_refused():
    check_currency(None, "USD")
    with pytest.raises(MetricError, match="another currency"):
        check_currency("EUR", "USD")


@pytest.mark.parametrize(
    ("clauses", "fault"),
    [
        ({"tiers": [{"from": 0.5, "rate": 0.1}]}, "begins `from: 0`"),
        ({"tiers": [{"from": 0, "rate": 0.1}, {"from": 0, "rate": 0.2}]}, "later than the one before"),
        ({"tiers": [{"from": 0, "rate": 0.1}, {"from": 1, "rate": 0.05}], "applied": "whole"}, "earn less"),
        ({"multipliers": [{"times": 2}]}, "say for what"),
        ({"tears": 1}, "Extra inputs"),
        ({"accelerators": [{"beyond": 1, "times": 0.5}], "applied": "whole"}, "slow down"),
    ],
)
def test_impossible_clauses_are_refused(clauses, fault):
    with pytest.raises(ValidationError, match=fault):
        Clauses.model_validate({"tiers": TIERS, **clauses})


def test_the_front_matter_of_a_document_becomes_a_plan():
    class CompensationPlan(Common, Clauses):
        pass

    matter = """
    document: compensation_plan-closer
    title: Plan of closers
    effective_from: 2026-01-01
    applies_to: [closer]
    currency: USD
    base: {amount: 4000, per: month}
    tiers:
      - {from: 0, rate: 0.05}
      - {from: 1, rate: 0.08}
    accelerators:
      - {beyond: 1.2, times: 1.5}
    multipliers:
      - {product_line: Heat pumps, times: 1.2}
    draw: {amount: 1500, recoverable: true}
    cap: 20000
    payable_after_days: 30
    payout_day: the 15th of the month after
    """
    front = CompensationPlan.model_validate(yaml.safe_load(matter))
    one = Plan(front.clauses(), front.effective_from, front.title)
    # quota 600.00: 5 % from 0, 8 % from 600.00, 12 % from 720.00
    steps = [(step.from_cents, step.rate) for step in one.steps(60_000)]
    assert steps == [(0, Fraction(1, 20)), (60_000, Fraction(2, 25)), (72_000, Fraction(3, 25))]
    assert "title" not in one.clauses


def test_rates_are_what_was_typed():
    assert Clauses.model_validate({"tiers": [{"from": 0, "rate": 0.07}]}).tiers[0].rate == Decimal("0.07")


_STEPS = st.lists(st.integers(1, 10**7), min_size=0, max_size=4, unique=True).map(sorted)


@settings(max_examples=80, deadline=None)
@given(
    points=_STEPS,
    rates=st.lists(st.integers(0, 40), min_size=5, max_size=5),
    lines=st.lists(st.integers(0, 10**7), max_size=6),
    extra=st.integers(0, 10**7),
    cap=st.one_of(st.none(), st.integers(0, 10**5)),
    applied=st.sampled_from(["marginal", "whole"]),
)
def test_selling_more_never_earns_less_and_lines_add_up(points, rates, lines, extra, cap, applied):
    ordered = sorted(rates) if applied == "whole" else rates
    tiers = [{"from": point, "rate": rate / 100} for point, rate in zip([0, *points], ordered, strict=False)]
    one = plan(tiers=tiers, tiers_by="amount", applied=applied, cap=cap)
    plain = [Fraction(1)] * (len(lines) + 1)
    less = commissions(one, lines, plain[:-1], None)
    more = commissions(one, [*lines, extra], plain, None)
    assert sum(more) >= sum(less)
    # the order does not matter to the total, and cutting one line in two neither
    assert sum(commissions(one, [sum(lines)], plain[:1], None)) == sum(less)
    total = round(sum(less))
    assert sum(shared_cents(less, total)) == total or not less


@settings(max_examples=60, deadline=None)
@given(made=outcome_frames())
def test_credited_amounts_are_the_bookings_and_lines_the_commission_to_the_cent(made):
    plans = {rep: plan(tiers=FLAT) for rep in ("ana", "ben", "cy", "dee")}
    cutoff = when("2026-12-31 00:00")
    args = (made, quotas(), Q4, cutoff, Calendar(), plans)
    table = compensation(*args, by="rep_id").set_index("rep_id")
    booked = attainment(made, quotas(), Q4, Calendar(), by="rep_id").set_index("rep_id")["bookings"]
    lines = compensation_lines(*args)
    for rep in plans:
        mine = lines[lines["rep_id"] == rep]
        assert mine["credited_amount"].sum() == pytest.approx(table.loc[rep, "credited_amount"], abs=1e-6)
        assert mine["commission_amount"].sum() == pytest.approx(table.loc[rep, "commission_amount"], abs=1e-6)
        if rep in booked.index and not math.isnan(booked[rep]):
            assert table.loc[rep, "credited_amount"] == booked[rep]
        parts = table.loc[rep, ["earned_amount", "pending_amount"]].sum()
        assert parts == pytest.approx(table.loc[rep, "commission_amount"], abs=1e-6)


def test_marginal_rates_agree_with_adding_up_cent_by_cent():
    one = plan(tiers_by="amount", tiers=[{"from": 0, "rate": 0.03}, {"from": 2, "rate": 0.1}])
    steps = one.steps(None)
    # each cent below 200 earns 0.03, each from there on 0.1
    by_cent = sum(Fraction(3, 100) if cent < 200 else Fraction(1, 10) for cent in range(317))
    assert marginal(steps, 317) == by_cent

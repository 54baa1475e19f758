"""Account growth: existing business against the same days a year before."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spm_lib.errors import MetricError
from spm_lib.metrics.account_growth import account_growth, account_growth_rows, year_before
from spm_lib.periods import Period, quarter
from tests.metrics.frames import ZONE, outcomes
from tests.metrics.made import sql

Q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
EARLY = {"outcome_at": "2025-01-15 12:00", "outcome": "lost"}


def sold(account, amount, at, **row):
    return {"outcome": "won", "account_id": account, "amount": amount, "outcome_at": at, **row}


WORLD = [
    EARLY,
    sold("acme", 10_000.0, "2025-11-05 12:00"),
    sold("acme", 12_000.0, "2026-11-05 12:00", rep_id="ben"),
    sold("bolt", 5_000.0, "2025-12-01 12:00"),
    sold("core", 8_000.0, "2025-10-05 12:00"),
    sold("core", 8_100.0, "2026-10-05 12:00"),
    sold("dune", 1_000.0, "2025-10-05 12:00"),
    sold("dune", 400.0, "2026-10-05 12:00"),
    # won for the first time: new business
    sold("edge", 900.0, "2026-10-05 12:00"),
    # won before, in neither period
    sold("fern", 700.0, "2025-06-05 12:00"),
    # lost opportunities book nothing
    {**sold("bolt", 9_000.0, "2026-11-06 12:00"), "outcome": "lost"},
]


def test_grown_kept_shrunk_and_lost():
    table = account_growth(outcomes(*WORLD), Q4).set_index("state")
    assert table.index.tolist() == ["grown", "kept", "shrunk", "lost"]
    assert table["account_count"].tolist() == [1, 1, 1, 1]
    assert table["change_amount"].tolist() == [2_000, 100, -600, -5_000]
    assert table["before_amount"].sum() == 24_000
    assert table["amount"].sum() == 20_500
    assert table["no_plan_count"].isna().all()
    rows = account_growth_rows(outcomes(*WORLD), Q4)
    assert rows["account_id"].tolist() == ["bolt", "dune", "core", "acme"]
    assert rows.set_index("account_id").loc["acme", "rep_id"] == "ben"


@pytest.mark.parametrize(
    ("now", "state"),
    [(1_050.0, "kept"), (1_050.01, "grown"), (950.0, "kept"), (949.99, "shrunk"), (0.01, "shrunk")],
)
def test_five_percent_is_no_change(now, state):
    world = [EARLY, sold("a", 1_000.0, "2025-11-05 12:00"), sold("a", now, "2026-11-05 12:00")]
    assert account_growth_rows(outcomes(*world), Q4)["state"].tolist() == [state]


def test_the_periods_begin_and_end_on_the_clients_midnight():
    edges = ["09-30 23:59:59", "10-01 00:00", "12-31 23:59:59"]
    world = [EARLY, *(sold("a", 1.0, f"{year}-{edge}") for year in (2025, 2026) for edge in edges)]
    world.append(sold("a", 1.0, "2027-01-01 00:00"))
    rows = account_growth_rows(outcomes(*world), Q4)
    assert rows[["before_amount", "amount"]].to_numpy().tolist() == [[2.0, 2.0]]


def test_the_year_before_a_leap_day_is_the_28th():
    leap = Period(date(2028, 2, 29), date(2028, 3, 1), "", ZONE)
    assert (year_before(leap).start, year_before(leap).end) == (date(2027, 2, 28), date(2027, 3, 1))


def test_bookings_that_do_not_go_back_are_missing_and_not_lost():
    table = account_growth(outcomes(*WORLD[1:2], *WORLD[6:8]), Q4)
    assert table["account_count"].isna().all()
    assert account_growth(outcomes(), Q4)["amount"].isna().all()
    none = account_growth(outcomes(EARLY), Q4)
    assert none["account_count"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("before", "now"), [(5_000.0, None), (None, 5_000.0), (None, None)])
def test_who_bought_for_an_amount_nobody_wrote_down_is_not_lost_nor_grown(before, now):
    world = [EARLY, sold("a", before, "2025-11-05 12:00"), sold("a", now, "2026-11-05 12:00")]
    rows = account_growth_rows(outcomes(*world), Q4)
    assert rows["state"].tolist() == ["unknown"]
    assert rows[["before_amount", "amount"]].isna().to_numpy().tolist() == [[before is None, now is None]]
    assert rows["change_amount"].isna().all()
    table = account_growth(outcomes(*world), Q4).set_index("state")
    assert table["account_count"].to_dict() == {"grown": 0, "kept": 0, "shrunk": 0, "lost": 0, "unknown": 1}
    assert pd.isna(table.loc["unknown", "change_amount"])
    assert table.loc["lost", "change_amount"] == 0


def test_the_plan_says_whose_an_account_is_and_which_have_none():
    plan = pd.DataFrame({"rep_id": ["cy"], "account_id": ["acme"]}, dtype="str")
    table = account_growth(outcomes(*WORLD), Q4, plan, by="rep_id", groups=["dee"])
    counts = table.pivot_table(index="rep_id", columns="state", values="account_count", sort=False)
    assert counts.loc["cy", "grown"] == 1
    assert counts.loc["ana"].drop("grown").tolist() == [1, 1, 1]
    assert counts.loc["dee"].sum() == 0
    assert table["no_plan_count"].sum() == 3
    with pytest.raises(MetricError, match="no such grouping"):
        account_growth(outcomes(), Q4, by="territory")


_SALES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from(["ana", "ben", None]),
        st.integers(1, 5_000),
        st.sampled_from(["2025-06-01 12:00", "2025-10-07 12:00", "2025-12-30 12:00", "2026-11-11 12:00"]),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(_SALES)
def test_reps_add_up_to_the_team_and_to_a_query(sales):
    world = [sold(account, cents / 100, at, rep_id=rep) for account, rep, cents, at in sales]
    frame = outcomes(EARLY, *world)
    team = account_growth(frame, Q4)
    reps = account_growth(frame, Q4, by="rep_id")
    numbers = ["account_count", "before_amount", "amount"]
    assert reps[numbers].sum().tolist() == pytest.approx(team[numbers].sum().tolist())
    (before, now), *_ = sql(
        """with won as (select * from sales where outcome = 'won' and account_id is not null and account_id in
        (select account_id from sales where outcome = 'won' and outcome_at < '2026-10-01 05:00'))
        select coalesce(sum(amount) filter (outcome_at between '2025-10-01 05:00' and '2026-01-01 05:59'), 0),
        coalesce(sum(amount) filter (outcome_at >= '2026-10-01 05:00'), 0) from won""",
        sales=frame,
    ).to_numpy()
    assert team[["before_amount", "amount"]].sum().tolist() == pytest.approx([before, now])
    assert not any(math.isnan(value) for value in team["account_count"])

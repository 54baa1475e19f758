"""The forecast: scores by their integral, chances by hand and by lifelines, ranges on made-up clients."""

from __future__ import annotations

import math
import time
from datetime import date
from itertools import pairwise

import lifelines
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from spm_lib import schemas
from spm_lib.errors import MetricError
from spm_lib.metrics import transitions
from spm_lib.metrics.forecast import baselines, crps, forecast
from spm_lib.metrics.simulation import play
from spm_lib.metrics.transitions import MOVES, STAYS, WINS
from spm_lib.periods import Calendar, quarter
from tests.metrics.frames import ZONE, changes, opportunities, outcomes, quotas, received, stages, when

Q4 = quarter(date(2026, 11, 15), time_zone=ZONE)
CUTOFF = when("2026-11-16 00:00")
WEEK = pd.Timedelta(weeks=1)
NO_CHANGES = schemas.SNAPSHOT_CHANGES.empty()


@pytest.fixture(scope="module")
def client():
    return made_client()


def made_client(seed=3, per_week=6, weeks=60, rate=0.3, cutoff=CUTOFF, beyond=0):
    """A client whose truth is known: `per_week` new a week, decided after 2 to 8 weeks, won at `rate`.

    Returns the tables at the cut-off, and what is won in the `beyond` weeks after it.
    """
    chance = np.random.default_rng(seed)
    rows, closed, moves, later = [], [], [], 0.0
    for number in range(per_week * (weeks + beyond)):
        created = cutoff - weeks * WEEK + (number / per_week) * WEEK
        lasts = chance.uniform(2, 8)
        ends, wins = created + lasts * WEEK, chance.random() < rate
        amount, name, rep = float(chance.integers(500, 1_500)), f"m{number:04d}", ["ana", "ben"][number % 2]
        if cutoff <= ends < cutoff + beyond * WEEK and wins:
            later += amount
        if created >= cutoff:
            continue
        status = "open" if ends >= cutoff else "won" if wins else "lost"
        halfway = created + lasts / 2 * WEEK
        shared = {"opportunity_id": name, "rep_id": rep, "amount": amount, "created_at": created}
        moves.append({"opportunity_id": name, "field": "stage", "new": "s1", "at": created})
        moves.append({"opportunity_id": name, "field": "amount", "new": str(amount), "at": created})
        if halfway < cutoff:
            moves.append({"opportunity_id": name, "field": "stage", "old": "s1", "new": "s2", "at": halfway})
        stage = "s2" if halfway < cutoff else "s1"
        rows.append(
            {
                **shared,
                "status": status,
                "stage_id": stage if status == "open" else status,
                "expected_close": "2026-12-01",
            }
        )
        if status != "open":
            closed.append({**shared, "outcome": status, "outcome_at": ends})
    return opportunities(*rows), outcomes(*closed), changes(*moves), later


def forecasted(client, goal=None, cutoff=CUTOFF, **more):
    made, closed, moves = client[:3]
    goals = quotas({"amount": goal}) if goal else quotas()
    until = more.pop("received_until", received())
    return forecast(made, closed, moves, stages(), goals, Q4, cutoff, Calendar(), until, **more)


# --- scores


@settings(max_examples=40, deadline=None)
@given(draws=st.lists(st.integers(-50, 50), min_size=1, max_size=12), actual=st.integers(-60, 60))
def test_the_score_of_a_sample_is_the_integral_of_the_squared_distance(draws, actual):
    # CRPS = ∫ (F(x) − 1{x ≥ y})² dx; F is a step function, so the integral is a sum over its steps
    edges = np.unique([*draws, actual]).astype(float)
    total = 0.0
    for left, right in pairwise(edges):
        middle = (left + right) / 2
        total += ((np.mean(np.array(draws) <= middle) - (middle >= actual)) ** 2) * (right - left)
    assert crps(draws, actual) == pytest.approx(total, abs=1e-9)


def test_the_score_of_a_normal_sample_is_that_of_the_normal_distribution():
    draws = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000, 100, 20)
    exact, _ = integrate.quad(
        lambda x: (stats.norm.cdf(x, 100, 20) - (x >= 130)) ** 2, -100, 300, points=[130]
    )
    assert crps(draws, 130) == pytest.approx(exact, rel=1e-3)


def test_a_single_number_scores_its_error_and_nothing_scores_nothing():
    assert crps([100.0], 70) == 30
    assert math.isnan(crps([], 70))
    assert math.isnan(crps([1.0], math.nan))


def test_the_baselines_by_hand():
    rows = outcomes(
        {"outcome": "won", "amount": 3_200, "outcome_at": "2026-10-05 12:00"},
        {"outcome": "won", "amount": 9_000, "outcome_at": "2026-09-05 12:00"},
        {"outcome": "won", "amount": 70, "outcome_at": "2026-11-16 00:00"},
    )
    found = baselines(rows, 5_000.0, Q4, CUTOFF, Calendar())
    # 32 of 66 business days gone: 3,200 × 66 / 32
    assert (found.straight_line, found.stage_weighted, found.last_period) == (6_600, 5_000, 9_000)
    assert math.isnan(baselines(rows, 0.0, Q4, Q4.start_at, Calendar()).straight_line)


# --- what a week brings


def test_a_life_is_cut_into_whole_weeks_and_the_one_under_way_is_left_out():
    # created 2 November; two weeks to the cut-off on the 16th: moved in the first, open still
    # the second, created on the 3rd, has 1 whole week; the loss of 14 November lies in the week under way
    made = opportunities(
        {"created_at": "2026-11-02 00:00", "stage_id": "s2"},
        {"created_at": "2026-11-03 00:00", "status": "lost", "stage_id": "lost"},
    )
    closed = outcomes(
        {"outcome": "lost", "outcome_at": "2026-10-01 00:00", "opportunity_id": "older"},
        {"outcome": "lost", "outcome_at": "2026-11-14 00:00", "opportunity_id": "o1"},
    )
    moves = changes(
        {"opportunity_id": "o0", "field": "stage", "new": "s1", "at": "2026-11-02 00:00"},
        {"opportunity_id": "o0", "field": "stage", "old": "s1", "new": "s2", "at": "2026-11-05 00:00"},
        {"opportunity_id": "o1", "field": "stage", "new": "s1", "at": "2026-11-03 00:00"},
    )
    weeks = transitions.lives(made, closed, moves, stages(), CUTOFF).weeks
    told = weeks[["opportunity", "age", "stage", "event", "to"]].to_numpy().tolist()
    assert told == [[0, 0, 0, MOVES, 1], [0, 1, 1, STAYS, 1], [1, 0, 0, STAYS, 0]]


def test_lives_before_the_record_do_not_count():
    made = opportunities({"created_at": "2026-01-05 00:00", "stage_id": "s1"})
    closed = outcomes({"outcome": "lost", "outcome_at": "2026-11-01 00:00", "opportunity_id": "other"})
    weeks = transitions.lives(made, closed, NO_CHANGES, stages(), CUTOFF).weeks
    assert weeks["at"].min() >= when("2026-11-01 00:00")


def test_the_chance_to_win_within_two_weeks_by_hand():
    # two stages; of s1 a week wins 0.1, moves 0.5, stays 0.4; of s2 wins 0.3, stays 0.7
    event = np.zeros((1, 2, len(transitions.AGE_BANDS), 4))
    event[0, 0, :, [WINS, MOVES, STAYS]] = np.array([[0.1], [0.5], [0.4]])
    event[0, 1, :, [WINS, STAYS]] = np.array([[0.3], [0.7]])
    drawn = transitions.Chances(event, np.array([[0.0, 1.0], [0.0, 1.0]]))
    stage, age = np.array([0, 1]), np.array([0, 3])
    assert transitions.win_chances(drawn, stage, age, 1.0)[0].tolist() == [0.1, 0.3]
    # s1: 0.1 + 0.5 × 0.3 + 0.4 × 0.1 = 0.29; s2: 0.3 + 0.7 × 0.3 = 0.51
    assert transitions.win_chances(drawn, stage, age, 2.0)[0] == pytest.approx([0.29, 0.51])
    # half a week counts half of the way there
    assert transitions.win_chances(drawn, stage, age, 1.5)[0] == pytest.approx([0.195, 0.405])
    assert transitions.win_chances(drawn, stage, age, 0.0)[0].tolist() == [0, 0]


def test_the_chance_of_a_new_opportunity_agrees_with_aalen_and_johansen(client):
    made, closed, moves, _ = client
    history = transitions.lives(made, closed, moves, stages(), CUTOFF)
    drawn = transitions.chances(history, 400, np.random.default_rng(1))
    ours = transitions.win_chances(drawn, np.array([0]), np.array([0]), 6.0).mean()
    ends = made.merge(
        closed[["opportunity_id", "outcome", "outcome_at"]], on="opportunity_id", suffixes=("", "_of")
    )
    lasted = (ends["outcome_at_of"] - ends["created_at"]) / WEEK
    still = made[made["status"] == "open"]
    spans = pd.concat([lasted, (CUTOFF - still["created_at"]) / WEEK], ignore_index=True)
    kinds = [*np.where(ends["outcome"] == "won", 1, 2), *[0] * len(still)]
    fitter = lifelines.AalenJohansenFitter(jitter_level=1e-6, seed=1, calculate_variance=False)
    fitter.fit(spans, kinds, event_of_interest=1)
    theirs = fitter.cumulative_density_.loc[:6.0].iloc[-1, 0]
    # both estimate the same truth, 0.3 × (6 − 2) / 6 = 0.2, from about 330 decided: standard error 0.022
    assert abs(ours - theirs) < 0.022
    assert abs(ours - 0.2) < 3 * 0.022


def test_a_small_cell_leans_on_its_stage_and_its_age():
    counts = np.zeros((2, len(transitions.AGE_BANDS), 4))
    counts[0, 0] = [70, 20, 5, 5]
    counts[1, 1] = [20, 0, 40, 40]
    expected = transitions.leaned_on(counts)
    assert np.allclose(expected.sum(axis=-1), 1)
    # where nothing was seen, s2 wins more than s1, as it does where something was
    assert (expected[1, 2:, WINS] > expected[0, 2:, WINS]).all()
    nothing = transitions.leaned_on(np.zeros_like(counts))
    assert (nothing[..., STAYS] == 1).all()


def test_the_share_won_of_those_seen_in_a_stage(client):
    made, closed, moves, _ = client
    rates = transitions.stage_win_rates(transitions.lives(made, closed, moves, stages(), CUTOFF))
    # 0.3 is the truth of both, n about 330: three standard errors are 0.076
    assert np.abs(rates[:2] - 0.3).max() < 0.076
    assert math.isnan(rates[2])


def test_an_amount_becomes_what_such_amounts_became():
    moves, made, closed = [], [], []
    for number in range(12):
        name = f"o{number}"
        made.append({"created_at": "2026-10-01 12:00", "status": "won", "stage_id": "won"})
        closed.append({"outcome": "won", "outcome_at": "2026-10-20 12:00", "opportunity_id": name})
        moves += [
            {"opportunity_id": name, "field": "stage", "new": "s1", "at": "2026-10-01 12:00"},
            {"opportunity_id": name, "field": "amount", "new": "1000.00", "at": "2026-10-01 12:00"},
            {
                "opportunity_id": name,
                "field": "amount",
                "old": "1000.00",
                "new": "800.00",
                "at": "2026-10-19 12:00",
            },
        ]
    closed.append({"outcome": "lost", "outcome_at": "2026-09-01 12:00", "opportunity_id": "first"})
    history = transitions.lives(opportunities(*made), outcomes(*closed), changes(*moves), stages(), CUTOFF)
    # 12 held 1,000 in s1 and were won for 800; s2 was never seen and takes the ratios of all
    assert [set(ratios) for ratios in transitions.amount_ratios(history)] == [{0.8}, {0.8}, {0.8}]


# --- the forecast


def test_a_range_of_80_percent_holds_80_percent_of_clients_made_at_random():
    hits = []
    for seed in range(60):
        cutoff = Q4.end_at - 6 * WEEK
        made = made_client(seed=seed, cutoff=cutoff, beyond=6)
        rest = play(*made[:3], stages(), Q4.end_at, cutoff, [None])
        draws = rest.from_open[0] + rest.from_new[0]
        low, high = np.quantile(draws, [0.1, 0.9])
        hits.append(low <= made[3] <= high)
    # 60 at 0.8: 48 expected, standard deviation 3.1; a true 80 % range stays within three of them
    assert 39 <= sum(hits) <= 57


def test_it_beats_the_straight_line_and_the_last_period(client):
    row = forecasted(client, goal=20_000).iloc[0]
    assert row["state"] == "measured"
    assert row["low"] < row["median"] < row["high"]
    assert row["median"] == pytest.approx(
        row["bookings"] + row["from_open_amount"] + row["from_new_amount"], rel=0.05
    )
    assert 0 < row["p_attain"] < 1


def test_the_same_tables_in_any_order_give_the_same_bytes(client):
    made, closed, moves, _ = client
    again = forecasted((made.iloc[::-1], closed.iloc[::-1], moves.iloc[::-1]), goal=20_000)
    pd.testing.assert_frame_equal(again, forecasted(client, goal=20_000), check_exact=True)


def test_what_happened_after_the_cutoff_is_not_looked_at(client):
    made, closed, moves, _ = client
    future = outcomes(
        {"opportunity_id": "later", "outcome": "won", "amount": 1e6, "outcome_at": "2026-11-16 00:00"}
    )
    seen = forecasted((made, pd.concat([closed, future], ignore_index=True), moves))
    pd.testing.assert_frame_equal(seen, forecasted(client))


def test_reps_bookings_counts_and_means_add_up_to_the_teams(client):
    team = forecasted(client).iloc[0]
    reps = forecasted(client, by="rep_id", groups=["cy"])
    assert reps["rep_id"].tolist() == ["ana", "ben", "cy"]
    for column in ("bookings", "open_count", "open_amount", "decided_count"):
        assert reps[column].sum() == pytest.approx(team[column])
    for column in ("from_open_amount", "from_new_amount"):
        assert reps[column].sum() == pytest.approx(team[column], abs=0.02)
    assert reps.set_index("rep_id").loc["cy", "state"] == "too few decided"


def test_what_nobody_holds_has_its_own_row(client):
    made, closed, moves, _ = client
    orphan = opportunities(
        {"opportunity_id": "x", "rep_id": None, "amount": 70.0, "created_at": "2026-11-02 12:00"}
    )
    table = forecasted((pd.concat([made, orphan], ignore_index=True), closed, moves), by="rep_id")
    assert table["rep_id"].isna().tolist() == [False, False, True]
    assert table["open_amount"].iloc[-1] == 70


def test_too_few_decided_withholds_the_range_and_keeps_what_is_known():
    few = made_client(per_week=1, weeks=20)
    row = forecasted(few, goal=5_000).iloc[0]
    assert row["state"] == "too few decided"
    assert row[["median", "low", "high", "p_attain", "from_open_amount"]].isna().all()
    assert row["bookings"] >= 0
    assert row["open_count"] > 0


def test_a_history_of_a_few_weeks_is_too_short():
    assert forecasted(made_client(per_week=20, weeks=10)).iloc[0]["state"] == "too short a history"


def test_exports_that_ended_weeks_ago_are_too_old(client):
    row = forecasted(client, received_until=received("2026-11-08 00:00")).iloc[0]
    assert row["state"] == "data too old"
    assert math.isnan(row["median"])


def test_without_any_amount_there_is_no_range(client):
    made, closed, moves, _ = client
    bare = (made.assign(amount=np.nan), closed.assign(amount=np.nan), moves[moves["field"] == "stage"])
    assert forecasted(bare).iloc[0]["state"] == "no amounts"


def test_a_period_that_is_over_ends_where_it_ended(client):
    made, closed, moves, _ = client
    over = Q4.end_at
    row = forecasted((made, closed, moves), goal=1, cutoff=over, received_until=received("2027-01-01")).iloc[
        0
    ]
    assert row["state"] == "period over"
    assert row["median"] == row["low"] == row["high"] == row["bookings"]
    assert row["p_attain"] == 1


def test_the_calls_and_the_stages_stand_beside_it(client):
    _, closed, moves, _ = client
    called = opportunities(
        {
            "opportunity_id": "a",
            "amount": 100.0,
            "forecast_category": "Commit",
            "expected_close": "2026-12-01",
        },
        {
            "opportunity_id": "b",
            "amount": 40.0,
            "forecast_category": "BEST_CASE",
            "expected_close": "2026-12-31",
        },
        {"opportunity_id": "c", "amount": 7.0, "forecast_category": "commit", "expected_close": "2027-01-01"},
    )
    row = forecasted((called, closed, moves)).iloc[0]
    assert row["commit_amount"] - row["bookings"] == pytest.approx(100)
    assert row["best_case_amount"] - row["bookings"] == pytest.approx(140)
    assert math.isnan(forecasted(client).iloc[0]["commit_amount"])


def test_it_has_no_other_grouping(client):
    with pytest.raises(MetricError, match="no such grouping"):
        forecasted(client, by="stage_id")


def test_500_open_opportunities_take_less_than_a_second(client):
    made, closed, moves, _ = client
    still = made[made["status"] == "open"]
    copies = [
        still.assign(opportunity_id=still["opportunity_id"] + f"-{n}") for n in range(500 // len(still) + 1)
    ]
    many = pd.concat([made, *copies], ignore_index=True)
    began = time.perf_counter()
    play(many, closed, moves, stages(), Q4.end_at, CUTOFF, [None])
    # 0.1 to 0.2 s alone on a small machine; room for a busy one
    assert time.perf_counter() - began < 1

"""Evidence below the standard: exact for small n, by simulation for a year, and on people alike."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from spm_lib.errors import MetricError
from spm_lib.judgement import evidence_below_standard
from spm_lib.judgement.evidence import ALTERNATIVES, AT_ONCE, HALF_JOINED, STAKES, stakes
from tests.metrics.frames import outcomes, when
from tests.metrics.made import outcome_frames


def decided(results, rep="ana", **more):
    """Outcomes of one rep, an hour apart: W is won, L lost, D disqualified."""
    names = {"W": "won", "L": "lost", "D": "disqualified"}
    first = when("2026-05-04 09:00")
    return [
        {
            "opportunity_id": f"{rep}{place:04d}",
            "rep_id": rep,
            "outcome": names[result],
            "outcome_at": first + pd.Timedelta(hours=place),
            **more,
        }
        for place, result in enumerate(results)
    ]


def judge(*results, threshold=0.30, **options):
    return evidence_below_standard(outcomes(*itertools.chain(*results)), threshold, **options)


def test_one_loss_by_hand():
    # held back: 0.2 less 1 / 51 of it, 10 / 51; laid: 41 / 51. A loss multiplies the bets on 7.5, 15 and
    # 22.5 % by 0.925 / 0.7, 0.85 / 0.7 and 0.775 / 0.7: on average 0.85 / 0.7
    expected = 41 / 51 * 0.85 / 0.7 + 10 / 51
    assert stakes([False], [1.0], 0.30)[0] == pytest.approx(expected)
    # a win multiplies them by 0.25, 0.5 and 0.75: on average by half
    assert stakes([True], [1.0], 0.30)[0] == pytest.approx(41 / 51 / 2 + 10 / 51)
    assert (sum(STAKES), AT_ONCE, HALF_JOINED) == (1, 0.8, 50)
    assert sum(a * s for a, s in zip(ALTERNATIVES, STAKES, strict=True)) == 0.5


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.8])
def test_the_stake_is_fair_at_the_standard_and_a_losing_bet_above_it(threshold):
    for n in (1, 4, 9):
        ends = {
            results: stakes(results, [1.0] * n, threshold)[-1]
            for results in itertools.product([True, False], repeat=n)
        }
        for rate in (threshold, threshold + 0.05, 0.95):
            mean = sum(rate ** sum(won) * (1 - rate) ** (n - sum(won)) * stake for won, stake in ends.items())
            if rate == threshold:
                assert mean == pytest.approx(1)
            else:
                assert mean < 1


@pytest.mark.parametrize(("threshold", "level"), [(0.3, 2), (0.3, 5), (0.6, 5), (0.6, 20)])
def test_villes_inequality_holds_exactly_for_every_course_of_fourteen(threshold, level):
    reached = 0.0
    for won in itertools.product([True, False], repeat=14):
        if stakes(won, [1.0] * 14, threshold).max() >= level:
            reached += threshold ** sum(won) * (1 - threshold) ** (14 - sum(won))
    assert 0 < reached <= 1 / level


def simulated(rate, courses, seed, n=160, threshold=0.30):
    """The first decision at which 5 and 20 are reached, infinite when never."""
    rng = np.random.default_rng(seed)
    first = {5: [], 20: []}
    for _ in range(courses):
        found = stakes(rng.random(n) < rate, np.ones(n), threshold)
        for level, places in first.items():
            hits = np.flatnonzero(found >= level)
            places.append(hits[0] + 1 if len(hits) else math.inf)
    return {level: np.array(places) for level, places in first.items()}


def test_at_most_one_rep_in_twenty_at_the_standard_is_ever_confronted_in_a_year():
    first = simulated(0.30, 2000, seed=11)
    assert np.isfinite(first[20]).mean() <= 0.05
    assert np.isfinite(first[5]).mean() <= 0.20


def test_a_rep_at_half_the_standard_is_found_within_the_year():
    first = simulated(0.15, 500, seed=12)
    assert np.isfinite(first[20]).mean() >= 0.95
    # at three decisions a week
    assert np.median(first[20]) / 3 <= 18
    assert np.median(first[5]) / 3 <= 9


def test_a_rep_who_falls_after_a_good_year_is_found_because_a_part_is_held_back():
    rng = np.random.default_rng(13)
    found = lasting = 0
    for _ in range(200):
        won = np.concatenate([rng.random(150) < 0.34, rng.random(78) < 0.10])
        found += stakes(won, np.ones(228), 0.30)[-1] >= 20
        # the same bets, all laid at once
        odds = np.where(won[:, None], ALTERNATIVES, (1 - np.array(ALTERNATIVES) * 0.3) / 0.7)
        lasting += (odds.prod(axis=0) * STAKES).sum() >= 20
    assert found > 80
    assert lasting < 30


def test_a_half_bets_half_the_stake_and_a_split_is_fair_too():
    whole, half = stakes([False], [1.0], 0.3)[0], stakes([False], [0.5], 0.3)[0]
    assert half - 1 == pytest.approx((whole - 1) / 2)
    for share in (0.1, 0.5):
        mean = 0.3 * stakes([True], [share], 0.3)[0] + 0.7 * stakes([False], [share], 0.3)[0]
        assert mean == pytest.approx(1)


def test_verdicts_by_the_evidence_and_nothing_said_of_few():
    table = judge(
        decided("L" * 22, "watched"),
        decided("L" * 40, "below"),
        decided("WLL" * 8, "fine"),
        decided("LLL", "fresh"),
        groups=["new"],
    ).set_index("rep_id")
    assert table["verdict"].to_dict() == {
        "below": "confront",
        "fine": "none",
        "fresh": "too few to say",
        "new": "too few to say",
        "watched": "confront",
    }
    assert table.loc["new", ["evidence", "peak", "decided_count"]].tolist() == [1, 1, 0]
    assert math.isnan(table.loc["new", "win_rate"])
    assert (table.loc["fine", "won_count"], table.loc["fine", "decided_count"]) == (8, 24)


def test_between_five_and_twenty_one_watches():
    results = "L" * 11
    (row,) = judge(decided(results)).to_dict("records")
    assert 5 <= row["evidence"] < 20
    assert row["verdict"] == "watch"
    # firm evidence needs no minimum of decisions
    (early,) = judge(decided("LLLL"), threshold=0.9).to_dict("records")
    assert early["verdict"] == "confront"


def test_the_verdict_follows_the_evidence_of_today_and_the_peak_stands_beside_it():
    (row,) = judge(decided("L" * 30 + "W" * 12)).to_dict("records")
    assert row["verdict"] == "none"
    assert row["peak"] > 20
    assert row["peak_at"] == when("2026-05-04 09:00") + pd.Timedelta(hours=29)


def test_the_stretch_that_speaks_most_begins_where_results_moved():
    (row,) = judge(decided("WLW" * 10 + "L" * 45)).to_dict("records")
    assert row["verdict"] == "confront"
    assert row["since_at"] == when("2026-05-04 09:00") + pd.Timedelta(hours=30)
    assert (row["since_won_count"], row["since_decided_count"]) == (0, 45)


def test_disqualified_ones_are_no_results():
    with_them, without = judge(decided("LDLDW")), judge(decided("LLW"))
    assert with_them["evidence"].tolist() == without["evidence"].tolist()
    assert with_them["decided_count"].tolist() == [3]


def test_the_order_of_the_rows_does_not_matter_the_order_of_the_outcomes_does():
    made = outcomes(*decided("WWLLLLLLWLLL"))
    before = made.copy(deep=True)
    shuffled = made.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(evidence_below_standard(made, 0.3), evidence_below_standard(shuffled, 0.3))
    assert stakes([True, False, False], [1.0] * 3, 0.3)[-1] > stakes([False, False, True], [1.0] * 3, 0.3)[-1]
    pd.testing.assert_frame_equal(made, before)


def test_what_nobody_decided_is_nobodys_fault():
    table = judge(decided("L" * 30, None), decided("LW", "ana"))
    nobody = table[table["rep_id"].isna()].iloc[0]
    assert (nobody["verdict"], nobody["decided_count"]) == ("none", 30)
    assert math.isnan(nobody["evidence"])
    few = judge(decided("LL", None)).iloc[0]
    assert (few["verdict"], few["decided_count"]) == ("none", 2)


def test_outcomes_of_one_moment_are_taken_by_their_id_whatever_they_are():
    moment = when("2026-05-04 00:00")
    first_lost, first_won = (
        judge(decided(results, outcome_at=moment))["evidence"][0] for results in ("LWL", "WLL")
    )
    assert first_lost == stakes([False, True, False], [1.0] * 3, 0.3)[-1]
    assert first_won == stakes([True, False, False], [1.0] * 3, 0.3)[-1]


def test_shares_that_add_up_to_more_than_one_bet_no_more_than_the_stake():
    whole = judge(decided("LLL", product_line="pumps"), by="product_line")
    twice = judge(
        decided("LLL", "a", product_line="pumps"),
        [row | {"rep_id": "b"} for row in decided("LLL", "a", product_line="pumps")],
        by="product_line",
    )
    assert twice["evidence"].tolist() == whole["evidence"].tolist()


def test_an_opportunity_split_inside_one_group_is_one_bet():
    halves = [
        row | {"share_rate": 0.5, "rep_id": rep, "product_line": "pumps"}
        for rep in ("a", "b")
        for row in decided("LL")
    ]
    whole = [row | {"product_line": "pumps"} for row in decided("LL")]
    for column in ("evidence", "decided_count"):
        found = evidence_below_standard(outcomes(*halves), 0.3, by="product_line")[column]
        assert (
            found.tolist()
            == evidence_below_standard(outcomes(*whole), 0.3, by="product_line")[column].tolist()
        )


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 30, math.nan])
def test_a_standard_that_is_no_rate_is_refused(threshold):
    with pytest.raises(MetricError, match="standard"):
        judge(decided("L"), threshold=threshold)
    with pytest.raises(MetricError, match="no such grouping"):
        judge(decided("L"), by="stage_id")


@settings(max_examples=40, deadline=None)
@given(outcome_frames())
def test_any_outcomes_are_judged_and_their_counts_add_up(made):
    table = evidence_below_standard(made, 0.3, groups=["zoe"])
    inside = made[made["outcome"].isin(["won", "lost"])]
    assert table["decided_count"].sum() == pytest.approx(inside["share_rate"].sum())
    judged = table[table["rep_id"].notna()]
    assert (judged["evidence"] > 0).all()
    assert (judged["peak"] >= judged["evidence"]).all()
    assert set(table["verdict"]) <= {"none", "too few to say", "watch", "confront"}


def test_no_agent_of_a_team_that_does_not_differ_is_singled_out(datasets):
    deals = pd.read_csv(datasets / "maven_crm_sales_opportunities" / "sales_pipeline.csv")
    closed = deals[deals["deal_stage"].isin(["Won", "Lost"])]
    made = outcomes(
        *(
            {
                "opportunity_id": row["opportunity_id"],
                "rep_id": row["sales_agent"],
                "outcome": row["deal_stage"].lower(),
                "outcome_at": row["close_date"],
            }
            for row in closed.to_dict("records")
        )
    )
    average = float(closed["deal_stage"].eq("Won").mean())
    table = evidence_below_standard(made, average)
    assert len(table) == 30
    assert not table["verdict"].eq("confront").any()

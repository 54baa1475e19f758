"""Standings to what was agreed: by hand for few results, by enumeration, and by simulation for a year."""

from __future__ import annotations

import itertools
import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

from spm_lib.errors import MetricError
from spm_lib.judgement import (
    CONVERSATIONS,
    STANDINGS,
    Facts,
    conversations,
    decided_trials,
    evidence_below_standard,
    logged_trials,
    standing,
)
from spm_lib.judgement.bets import (
    DISPERSION,
    evenly,
    fewer_kept,
    higher_counts,
    lower_counts,
    more_kept,
)
from spm_lib.judgement.conversations import COLUMNS as PROPOSED
from spm_lib.judgement.conversations import COMPANY_PART
from spm_lib.judgement.evidence import ALTERNATIVES, AT_ONCE, STAKES
from spm_lib.judgement.games import spread
from spm_lib.judgement.standing import COLUMNS
from spm_lib.periods import week
from tests.judgement.test_evidence import decided
from tests.metrics.frames import ZONE, activities, outcomes
from tests.metrics.made import outcome_frames

WEEK = week("2026-W46", time_zone=ZONE)
AGREED = date(2026, 5, 4)


def standards(*lines):
    """Agreed win rates of at least 30 % over 26 weeks, of ten or more, unless a line says otherwise."""
    filled = {
        "metric": "win_rate_by_count",
        "direction": "at least",
        "threshold": 0.30,
        "weeks": 52,
        "minimum_n": 10,
        "applies_to": (),
        "document": "sales_process",
        "title": "Sales process",
        "version": "ab12",
        "effective_from": AGREED,
    }
    return pd.DataFrame([{**filled, **line} for line in lines or ({},)])


def weekly(*counts, rep="ana", first="2026-05-04"):
    """A count for each week from the first on."""
    starts = pd.date_range(first, periods=len(counts), freq="7D", unit="us")
    return pd.DataFrame({"rep_id": rep, "starts_on": starts, "value": np.array(counts, dtype=float)})


def quarters(*values, rep="ana", first="2024-01-01"):
    """A number for each quarter from the first on."""
    starts = pd.date_range(first, periods=len(values) + 1, freq="QS", unit="us")
    return pd.DataFrame(
        {
            "rep_id": rep,
            "starts_on": starts[:-1],
            "ends_on": starts[1:],
            "value": np.array(values, dtype=float),
        }
    )


def judged(results, *lines, **options):
    """The only row, of one rep whose decided opportunities are given as W and L."""
    facts = {"win_rate_by_count": decided_trials(outcomes(*decided(results)))}
    return row(standards(*lines), facts, **options)


def row(agreed, facts, **options):
    (only,) = standing(agreed, facts, {"ana": "rep"}, WEEK, **options).to_dict("records")
    return only


# --- the bets


def test_one_result_by_hand_on_each_side():
    one = np.ones(1)
    # a win where 30 % are agreed: bets on 82.5, 65 and 47.5 % won, that is 17.5, 35 and 52.5 % lost of 70 %,
    # grow by (1 - .175) / .3, (1 - .35) / .3 and (1 - .525) / .3: on average by .65 / .3
    laid, held = AT_ONCE + (1 - AT_ONCE) / 51, (1 - AT_ONCE) * 50 / 51
    assert more_kept(one, one, 0.30)[0] == pytest.approx(laid * 0.65 / 0.3 + held)
    # a loss: they shrink to a quarter, a half and three quarters
    assert more_kept(one * 0, one, 0.30)[0] == pytest.approx(laid / 2 + held)
    # a week without any where 6 are agreed, dispersion 3: e^(6 × (1 - part) / 3)
    grown = 0.25 * math.exp(1.5) + 0.5 * math.exp(1.0) + 0.25 * math.exp(0.5)
    assert lower_counts(one * 0, one, 6.0)[0] == pytest.approx(laid * grown + held)
    # twice the agreed count: 1 + part; on average one and a half
    assert higher_counts(one * 12, one, 6.0)[0] == pytest.approx(laid * 1.5 + held)
    assert (DISPERSION, ALTERNATIVES, STAKES) == (3.0, (0.25, 0.5, 0.75), (0.25, 0.5, 0.25))


@pytest.mark.parametrize(("bet", "worse"), [(fewer_kept, 0.05), (more_kept, -0.05)])
def test_a_stake_is_fair_at_what_was_agreed_and_loses_on_the_other_side(bet, worse):
    for n in (1, 4, 9):
        ends = {
            kept: bet(np.array(kept), np.ones(n), 0.3)[-1] for kept in itertools.product([0, 1], repeat=n)
        }
        for rate, mean in ((0.3, 1.0), (0.3 + worse, None)):
            found = sum(rate ** sum(kept) * (1 - rate) ** (n - sum(kept)) * end for kept, end in ends.items())
            assert found == pytest.approx(1) if mean else found < 1


@pytest.mark.parametrize("level", [2, 5])
def test_villes_inequality_holds_exactly_for_more_than_agreed(level):
    reached = sum(
        0.3 ** sum(kept) * 0.7 ** (12 - sum(kept))
        for kept in itertools.product([0, 1], repeat=12)
        if more_kept(np.array(kept), np.ones(12), 0.3).max() >= level
    )
    assert 0 < reached <= 1 / level


@pytest.mark.parametrize("agreed", [3.0, 20.0])
@pytest.mark.parametrize("dispersion", [1, 2, 3])
def test_a_weeks_count_is_no_winning_bet_for_any_scatter_up_to_what_is_allowed(agreed, dispersion):
    counts = np.arange(0, 400, dtype=float)
    if dispersion == 1:
        chance = stats.poisson.pmf(counts, agreed)
    else:
        chance = stats.nbinom.pmf(counts, agreed / (dispersion - 1), 1 / dispersion)
    assert chance.sum() == pytest.approx(1)
    for bet in (lower_counts, higher_counts):
        each = np.array([bet(np.array([count]), np.ones(1), agreed)[0] for count in counts])
        assert chance @ each <= 1 + 1e-9


def ever(bet, courses, agreed):
    return np.mean([bet(course, np.ones(len(course)), agreed).max() >= 20 for course in courses])


def test_a_year_at_what_was_agreed_is_told_to_be_short_or_more_in_one_case_of_twenty_at_most():
    rng = np.random.default_rng(5)
    at_rate = (rng.random((800, 156)) < 0.3).astype(float)
    counts = rng.negative_binomial(10 / 1, 1 / 2, (800, 52)).astype(float)
    assert 0 < ever(fewer_kept, at_rate, 0.3) <= 0.05
    assert 0 < ever(more_kept, at_rate, 0.3) <= 0.05
    assert ever(lower_counts, counts, 10.0) <= 0.05
    assert ever(higher_counts, counts, 10.0) <= 0.05


def test_a_year_at_half_and_at_one_and_a_half_times_is_found():
    rng = np.random.default_rng(6)

    def won(rate):
        return (rng.random((300, 156)) < rate).astype(float)

    def held(mean):
        return rng.negative_binomial(mean, 1 / 2, (300, 52)).astype(float)

    assert ever(fewer_kept, won(0.15), 0.3) >= 0.95
    assert ever(more_kept, won(0.45), 0.3) >= 0.80
    assert ever(lower_counts, held(1.5), 3.0) >= 0.90
    assert ever(higher_counts, held(4.5), 3.0) >= 0.90


def test_hypothetical_results_are_even_and_never_better_than_agreed_on_the_way():
    kept = evenly(0.3, 20)
    assert kept.sum() == 6
    assert (np.cumsum(kept) <= 0.3 * np.arange(1, 21) + 1e-9).all()
    assert np.flatnonzero(kept)[:3].tolist() == [3, 6, 9]


# --- standings of win rates


@pytest.mark.parametrize(
    ("results", "name"),
    [
        ("L" * 40, "below"),
        ("L" * 11, "watch"),
        ("WLL" * 8, "meets"),
        ("WWL" * 12, "exceeds"),
        ("LLL", "too few to say"),
        ("WWWWWWWWW", "too few to say"),
        ("", "too few to say"),
    ],
)
def test_the_standing_of_a_win_rate(results, name):
    assert judged(results)["standing"] == name


def test_firm_evidence_of_less_needs_no_minimum():
    assert judged("L" * 9, {"threshold": 0.6})["standing"] == "below"
    assert judged("LL", {"threshold": 0.6})["standing"] == "too few to say"


@settings(max_examples=30, deadline=None)
@given(outcome_frames())
def test_the_evidence_is_that_of_the_alert(made):
    reps = sorted(made["rep_id"].dropna().unique())
    agreed = standards({"effective_from": date(2000, 1, 1)})
    before = made.copy(deep=True)
    until = made[made["outcome_at"] < WEEK.end_at]
    table = standing(agreed, {"win_rate_by_count": decided_trials(made)}, dict.fromkeys(reps, "rep"), WEEK)
    alert = evidence_below_standard(until, 0.30, groups=reps).set_index("rep_id")
    for one in table.to_dict("records"):
        assert one["evidence"] == pytest.approx(alert.loc[one["rep_id"], "evidence"])
        assert one["peak"] == pytest.approx(alert.loc[one["rep_id"], "peak"])
    pd.testing.assert_frame_equal(made, before)


def test_what_would_change_it_is_what_then_changes_it():
    for results in ("L" * 11, "L" * 40, "WLL" * 8, "WWL" * 12, "LLL", ""):
        now = judged(results)
        if not pd.isna(now["worse_count"]):
            count = int(now["worse_count"])
            assert judged(results + "L" * count)["standing"] == now["worse_standing"]
            assert judged(results + "L" * (count - 1))["standing"] == now["standing"]
            assert now["worse_result"] == 0
        if not pd.isna(now["better_count"]):
            count, won = int(now["better_count"]), now["better_result"]
            future = evenly(0.3, count) if won < count else np.ones(count)
            assert future.sum() == won
            more = "".join("W" if kept else "L" for kept in future)
            assert judged(results + more)["standing"] == now["better_standing"]
    assert pd.isna(judged("L" * 40)["worse_count"])
    assert pd.isna(judged("WWL" * 12)["better_count"])


def test_what_would_change_three_lost_by_hand():
    now = judged("LLL")
    # the agreed minimum is ten: seven more, of which 30 % are two and a bit
    assert (now["better_count"], now["better_result"], now["better_standing"]) == (7, 2.0, "meets")
    # a course of losses alone: the first at which the stake is 5, three of them are there
    first = next(n for n in range(1, 20) if fewer_kept(np.zeros(n), np.ones(n), 0.3)[-1] >= 5)
    assert (now["worse_count"], now["worse_standing"]) == (first - 3, "watch")


def at_weeks(*results):
    """Outcomes of one week each, from the first week agreed on."""
    found = []
    for number, inside in enumerate(results):
        rows = decided(inside, outcome="")
        for place, (line, letter) in enumerate(zip(rows, inside, strict=True)):
            line["opportunity_id"] = f"o{number:03d}{place:03d}"
            line["outcome"] = {"W": "won", "L": "lost"}[letter]
            line["outcome_at"] += pd.Timedelta(weeks=number)
        found += rows
    return outcomes(*found)


def test_a_streak_is_counted_by_replaying_the_weeks():
    # 28 weeks lie between the agreement and the end of W46
    made = at_weeks("WLL" * 4, "L" * 14, "L" * 20)
    facts = {"win_rate_by_count": decided_trials(made)}
    now = row(standards(), facts)
    assert now["standing"] == "below"
    by_week = [
        fewer_kept(np.array(list(map(int, course))), np.ones(len(course)), 0.3)[-1]
        for course in ("100" * 4, "100" * 4 + "0" * 14, "100" * 4 + "0" * 34)
    ]
    first = next(number for number, stake in enumerate(by_week) if stake >= 20)
    assert now["streak_weeks"] == 28 - first
    assert now["since"] == pd.Timestamp(AGREED) + pd.Timedelta(weeks=first)


def test_a_streak_begins_no_earlier_than_the_agreement():
    now = judged("WLL", {"effective_from": date(2026, 4, 30)})
    assert (now["since"], now["streak_weeks"]) == (pd.Timestamp("2026-04-30"), 29)


def test_results_before_the_agreement_and_after_the_week_do_not_count():
    made = at_weeks("L" * 30, *[""] * 28, "L" * 30)
    facts = {"win_rate_by_count": decided_trials(made)}
    assert row(standards({"effective_from": date(2026, 5, 11)}), facts)["n"] == 0
    assert row(standards(), facts)["n"] == 30


def test_the_numbers_are_those_of_the_agreed_weeks_and_the_evidence_that_of_all():
    made = at_weeks("L" * 60, *[""] * 20, "WWL" * 5)
    now = row(standards({"weeks": 13}), {"win_rate_by_count": decided_trials(made)})
    assert (now["n"], now["hit_count"], now["value"]) == (15, 10, pytest.approx(2 / 3))
    assert now["evidence"] > 20
    # the agreed weeks show what was agreed, whatever came before them
    assert now["standing"] == "meets"
    assert now["note"] == "earlier results were short of it; the agreed weeks are not"


@pytest.mark.parametrize(
    ("line", "acknowledged", "weeks"),
    [
        ({"weeks": 13}, None, 13),  # the agreed ones
        ({}, None, 28),  # in force since 28 weeks
        ({"effective_from": date(2026, 4, 30)}, None, 28),  # the record begins on 4 May
        ({}, date(2026, 10, 5), 6),
        ({}, date(2026, 10, 7), 6),  # a part of a week is looked at as well
        ({}, date(2026, 11, 15), 1),
    ],
)
def test_the_weeks_looked_at_are_those_there_were(line, acknowledged, weeks):
    """Agreed are 52 weeks up to 15 November 2026; the first result of anybody is of 4 May."""
    facts = {"win_rate_by_count": decided_trials(at_weeks("WLL", *[""] * 25, "WLL"))}
    agreed_on = None if acknowledged is None else {("ana", "sales_process"): acknowledged}
    assert row(standards(line), facts, acknowledged=agreed_on)["seen_weeks"] == weeks


def test_more_than_agreed_long_ago_is_not_more_than_agreed_now():
    made = at_weeks("W" * 40, *[""] * 20, "WLLL" * 5)
    now = row(standards({"weeks": 13}), {"win_rate_by_count": decided_trials(made)})
    assert now["evidence_above"] > 20
    assert now["standing"] == "meets"


def test_at_most_is_at_least_of_the_others():
    flipped = {"W": "L", "L": "W"}
    for results in ("L" * 11, "L" * 40, "WLL" * 8, "WWL" * 12, "LLL"):
        least = judged(results)
        other = "".join(flipped[letter] for letter in results)
        most = judged(other, {"direction": "at most", "threshold": 0.70})
        for column in ("standing", "n", "evidence", "evidence_above", "streak_weeks", "worse_standing"):
            same = pytest.approx(least[column], nan_ok=True)
            assert most[column] == same or (pd.isna(most[column]) and pd.isna(least[column]))
        assert most["hit_count"] == least["n"] - least["hit_count"]
        if not pd.isna(least["worse_count"]):
            assert most["worse_count"] == least["worse_count"] == most["worse_result"]


def test_disqualified_ones_count_only_where_the_rate_is_broad():
    made = outcomes(*decided("WDD"))
    assert decided_trials(made).rows["hit"].tolist() == [True]
    assert decided_trials(made, broad=True).rows["hit"].tolist() == [True, False, False]


def test_splits_are_shared():
    halves = outcomes(*({**line, "share_rate": 0.5} for line in decided("WL")))
    now = row(standards(), {"win_rate_by_count": decided_trials(halves)})
    assert (now["n"], now["hit_count"]) == (1.0, 0.5)


def test_no_agent_of_a_team_that_does_not_differ_is_told_apart_from_its_average(datasets):
    deals = pd.read_csv(datasets / "maven_crm_sales_opportunities" / "sales_pipeline.csv")
    closed = deals[deals["deal_stage"].isin(["Won", "Lost"])]
    made = pd.DataFrame(
        {
            "rep_id": closed["sales_agent"],
            "at": pd.to_datetime(closed["close_date"], utc=True),
            "hit": closed["deal_stage"].eq("Won"),
            "share_rate": 1.0,
        }
    ).sort_values(["at", "rep_id"], kind="stable")
    average = float(made["hit"].mean())
    agents = dict.fromkeys(sorted(made["rep_id"].unique()), "rep")
    agreed = standards({"threshold": average, "effective_from": date(2017, 1, 1)})
    year_end = week("2017-W52", time_zone=ZONE)
    table = standing(agreed, {"win_rate_by_count": Facts("trials", made)}, agents, year_end)
    assert len(table) == 30
    assert table["n"].sum() == len(closed)
    assert set(table["standing"]) == {"meets"}


# --- other kinds


def test_logging_in_time_is_judged_by_each_activity():
    made = activities(
        {"at": "2026-11-10 10:00", "logged_at": "2026-11-10 12:00"},
        {"at": "2026-11-10 11:00", "logged_at": "2026-11-12 12:00"},
        {"at": "2026-11-10 14:00", "logged_at": None},
        {"at": "2026-11-10 15:00", "logged_at": "2026-11-10 15:30", "kind": "note"},
    )
    facts = logged_trials(made)
    assert facts.rows["hit"].tolist() == [True, False]
    now = row(
        standards({"metric": "logged_within_24h_rate", "threshold": 0.9}), {"logged_within_24h_rate": facts}
    )
    assert (now["n"], now["hit_count"], now["standing"]) == (2, 1, "too few to say")


TALKS = {"metric": "conversations", "threshold": 20, "minimum_n": 4}


def talks(*counts, **changed):
    return row(standards({**TALKS, **changed}), {"conversations": Facts("weekly", weekly(*counts))})


def test_counts_of_a_week_against_the_agreed_number():
    assert talks(*[19, 23, 17, 22] * 3)["standing"] == "meets"
    assert talks(*[10] * 10)["standing"] == "below"
    assert talks(*[30] * 25)["standing"] == "exceeds"
    assert talks(19, 21)["standing"] == "too few to say"
    watched = next(talks(*[10] * n) for n in range(1, 20) if talks(*[10] * n)["evidence"] >= 5)
    assert watched["standing"] == "watch"


def test_a_week_without_data_is_skipped_and_is_no_zero():
    some, all_ = talks(10, math.nan, 12, math.nan), talks(10, 12)
    for column in ("n", "value", "evidence", "low", "high"):
        assert some[column] == all_[column]
    assert some["n"] == 2
    assert talks(math.nan, math.nan)["standing"] == "not recorded"


def test_a_week_counts_when_it_is_over_and_was_agreed_from_its_first_day():
    first = weekly(5, 7, 9, first="2026-10-26")
    agreed = standards({**TALKS, "effective_from": date(2026, 10, 28)})
    now = row(agreed, {"conversations": Facts("weekly", first)})
    assert (now["n"], now["hit_count"]) == (2, 16)
    # W46 ends on the 15th; the week after it is not over
    assert row(agreed, {"conversations": Facts("weekly", weekly(9, 9, first="2026-11-09"))})["n"] == 1


def test_what_would_change_a_count_of_a_week_is_said_in_weeks_at_a_number():
    now = talks(*[19, 23, 17, 22] * 3)
    assert now["worse_result"] == 10 * now["worse_count"]
    assert talks(*[19, 23, 17, 22] * 3, *[10] * int(now["worse_count"]))["standing"] == now["worse_standing"]
    assert now["better_result"] == 30 * now["better_count"]


def test_at_most_so_many_a_week():
    assert talks(*[40] * 20, direction="at most")["standing"] == "below"
    assert talks(*[8] * 20, direction="at most")["standing"] == "exceeds"
    assert talks(*[20] * 20, direction="at most")["standing"] == "meets"


def test_the_range_of_a_count_is_garwoods_on_what_the_scatter_leaves():
    # 30 in 5 weeks, dispersion 3: 10 seen; Garwood 90 % of 10: 5.43 to 16.96 (published), × 3 / 5
    low, high = spread("weekly", 30.0, 5.0)
    assert (round(low, 2), round(high, 2)) == (round(5.4254 * 0.6, 2), round(16.9622 * 0.6, 2))
    assert spread("weekly", 0.0, 5.0)[0] == 0
    assert math.isnan(spread("periods", 3.0, 5.0)[0])


ATTAINED = {"metric": "attainment", "threshold": 0.8, "minimum_n": 6, "effective_from": date(2024, 1, 1)}


def attained(*values, **changed):
    return row(standards({**ATTAINED, **changed}), {"attainment": Facts("periods", quarters(*values))})


def test_few_amounts_are_shown_and_not_judged():
    now = attained(0.7, 0.9, 0.85)
    assert (now["standing"], now["n"], now["hit_count"]) == ("not judged", 3, 2)
    assert now["value"] == 0.85
    assert now["note"] == "too few amounts to test: 3 of 6 finished periods"


def test_enough_periods_are_judged_by_how_many_reached_the_agreed_number():
    assert attained(*[0.7] * 9)["standing"] == "below"
    assert attained(*[0.9, 0.7] * 4)["standing"] == "meets"
    assert attained(*[0.9] * 9)["standing"] == "exceeds"
    # reached in each of nine is what was agreed where all but one in ten are to be reached
    assert attained(*[0.9] * 9, share=0.9)["standing"] == "meets"


def test_a_rate_by_amount_is_shown_and_never_judged():
    rows = pd.DataFrame({"rep_id": ["ana"], "value": [0.1], "n": [40.0]})
    agreed = standards({"metric": "win_rate_by_amount"})
    now = row(agreed, {"win_rate_by_amount": Facts("values", rows)})
    assert (now["standing"], now["value"], now["n"]) == ("not judged", 0.1, 40)
    assert row(agreed, {"win_rate_by_amount": Facts("values", rows.head(0))})["standing"] == "not recorded"


def test_what_nobody_records_is_said_with_the_reason():
    agreed = standards({"metric": "conversations"})
    assert row(agreed, {})["standing"] == "not recorded"
    assert row(agreed, {}, not_recorded={"conversations": "the team keeps no log"})["note"] == (
        "the team keeps no log"
    )


def test_an_agreement_that_leaves_nothing_to_chance_is_not_judged():
    assert judged("WL" * 20, {"threshold": 1.0})["standing"] == "not judged"
    assert judged("WL" * 20, {"threshold": 0.0})["standing"] == "not judged"
    assert talks(1, 2, 3, threshold=0)["standing"] == "not judged"


@pytest.mark.parametrize("threshold", [30, -0.1])
def test_a_share_that_is_no_rate_is_refused(threshold):
    with pytest.raises(MetricError, match="cannot be reached"):
        judged("WL", {"threshold": threshold})


def test_facts_without_a_column_are_refused():
    with pytest.raises(MetricError, match="lack a column"):
        Facts("weekly", weekly(1).drop(columns="value"))


# --- whom, since when


def test_a_standard_is_for_the_roles_and_reps_it_names():
    facts = {"win_rate_by_count": decided_trials(outcomes(*decided("WL")))}
    roles = {"ana": "closer", "ben": "hunter", "cy": "closer"}
    for applies_to, reps in (((), ["ana", "ben", "cy"]), (("closer",), ["ana", "cy"]), (("ben",), ["ben"])):
        table = standing(standards({"applies_to": applies_to}), facts, roles, WEEK)
        assert table["rep_id"].tolist() == reps


def test_without_an_acknowledgement_nobody_is_judged_and_with_one_from_its_day_on():
    assert judged("L" * 40, acknowledged={})["standing"] == "not judged"
    late = {("ana", "sales_process"): WEEK.end}
    assert judged("L" * 40, acknowledged=late)["note"] == "not acknowledged yet"
    # 40 outcomes an hour apart from 4 May, 9:00: 39 h to the start of 6 May
    read = judged("L" * 40, acknowledged={("ana", "sales_process"): date(2026, 5, 6)})
    assert (read["n"], read["judged_from"]) == (1, pd.Timestamp("2026-05-06"))
    early = judged("L" * 40, acknowledged={("ana", "sales_process"): AGREED - timedelta(days=30)})
    assert (early["n"], early["standing"]) == (40, "below")


def test_every_standing_is_reached_and_no_other():
    found = {judged(results)["standing"] for results in ("L" * 40, "L" * 11, "WLL" * 8, "WWL" * 12, "")}
    found |= {row(standards(), {})["standing"], attained(0.7)["standing"]}
    assert found == set(STANDINGS)


def test_tables_without_rows_are_typed_like_those_with_them():
    facts = {"win_rate_by_count": decided_trials(outcomes(*decided("WL")))}
    some = standing(standards(), facts, {"ana": "rep"}, WEEK)
    for none in (
        standing(standards(), facts, {}, WEEK),
        standing(standards().head(0), facts, {"ana": "rep"}, WEEK),
    ):
        assert none.empty
        assert none.dtypes.astype(str).to_dict() == some.dtypes.astype(str).to_dict() == COLUMNS
    empty = {"win_rate_by_count": decided_trials(outcomes()), "conversations": Facts("weekly", weekly())}
    table = standing(standards({}, TALKS), empty, {"ana": "rep"}, WEEK)
    assert table["standing"].tolist() == ["too few to say", "not recorded"]
    assert conversations(some.head(0), WEEK.end).dtypes.astype(str).to_dict() == PROPOSED


def test_nothing_handed_over_is_changed_and_twice_is_the_same():
    made, agreed = outcomes(*decided("WLL" * 8)), standards({}, TALKS)
    facts = {"win_rate_by_count": decided_trials(made), "conversations": Facts("weekly", weekly(10, 20))}
    copies = [agreed.copy(deep=True), *(one.rows.copy(deep=True) for one in facts.values())]
    first = standing(agreed, facts, {"ana": "rep"}, WEEK)
    pd.testing.assert_frame_equal(first, standing(agreed, facts, {"ana": "rep"}, WEEK))
    before = first.copy(deep=True)
    conversations(first, WEEK.end)
    pd.testing.assert_frame_equal(first, before)
    for one, copy in zip([agreed, *(fact.rows for fact in facts.values())], copies, strict=True):
        pd.testing.assert_frame_equal(one, copy)


# --- conversations


def proposed(*results, coached_on=None, metrics=None):
    rows = [judged(one) for one in results]
    table = pd.DataFrame(rows)
    if metrics:
        table["metric"] = metrics
    (only,) = conversations(table, WEEK.end, coached_on=coached_on).to_dict("records")
    return only


@pytest.mark.parametrize(
    ("results", "name"),
    [
        ("WWL" * 12, "celebrate"),
        ("WLL" * 8, "keep"),
        ("", "keep"),
        ("L" * 11, "coach up"),
        ("L" * 40, "coach up"),
    ],
)
def test_a_standing_proposes_a_conversation(results, name):
    assert name in CONVERSATIONS
    told = proposed(results)
    assert (told["conversation"], told["needs"]) == (name, "")
    assert told["reasons"]


def test_coaching_comes_before_confronting_and_the_companys_own_part_before_both():
    for days, name in ((27, "coach up"), (28, "confront"), (364, "confront"), (365, "coach up")):
        told = proposed("L" * 40, coached_on={"ana": WEEK.end - timedelta(days=days)})
        assert told["conversation"] == name
        assert told["needs"] == (COMPANY_PART if name == "confront" else "")
    watched = proposed("L" * 11, coached_on={"ana": WEEK.end - timedelta(days=60)})
    assert watched["conversation"] == "coach up"


def test_a_reason_has_its_number_its_n_and_its_day():
    told = proposed("L" * 40, coached_on={"ana": date(2026, 9, 1)})
    assert told["reasons"] == (
        "Win rate by count: has moved away from the agreed 30% since 4 May 2026 (0 of 40 in 28 weeks).\n"
        "Coached since 1 September 2026."
    )
    assert told["since"] == pd.Timestamp("2026-05-04")


def test_the_weeks_of_a_count_are_those_that_were_counted():
    """Agreed on eight weeks ago: the day a standing began is another one than that of its count."""
    row = judged("L" * 40)
    young = pd.DataFrame([{**row, "seen_weeks": 8}])
    (told,) = conversations(young, WEEK.end).to_dict("records")
    assert told["reasons"].endswith("(0 of 40 in 8 weeks).")
    periods = pd.DataFrame([{**row, "kind": "periods", "hit_count": 2.0, "n": 5.0}])
    (told,) = conversations(periods, WEEK.end).to_dict("records")
    assert told["reasons"].endswith("(reached in 2 of 5 periods).")
    one = pd.DataFrame([{**row, "kind": "weekly", "hit_count": 12.0, "n": 1.0}])
    (told,) = conversations(one, WEEK.end).to_dict("records")
    assert told["reasons"].endswith("(12 in 1 week).")


def test_what_goes_well_is_said_first():
    told = proposed("L" * 40, "WWL" * 12, metrics=["win_rate_by_count", "win_rate_broad"])
    assert told["conversation"] == "coach up"
    assert told["first"].startswith("Win rate broad")
    assert "broad" not in told["reasons"]


def test_too_few_to_say_has_no_since():
    assert proposed("WL")["reasons"] == "Win rate by count: too few to say (1 of 2 in 28 weeks)."


def test_where_nothing_could_be_judged_that_is_the_reason():
    table = standing(standards(), {}, {"ana": "rep"}, WEEK)
    (told,) = conversations(table, WEEK.end).to_dict("records")
    assert (told["conversation"], told["reasons"]) == ("keep", "Nothing agreed could be judged.")

"""Sentences made from metric tables."""

from __future__ import annotations

import pandas as pd
import pytest

from spm_lib import words

NAN = float("nan")


def pace(**facts: object) -> dict[str, object]:
    return {
        "bookings": 312_000.0,
        "quota": 540_000.0,
        "attainment_rate": 312 / 540,
        "expected_to_date": 281_000.0,
        "gap": 31_000.0,
        "business_days_elapsed": 33,
        "business_days": 63,
        "weeks_left": 6.0,
        "needed_per_week": 38_000.0,
        "basis": "business days, straight line",
    } | facts


def rate(won: int, decided: int, low: float, high: float) -> dict[str, object]:
    share = won / decided if decided else NAN
    return {"won_count": won, "decided_count": decided, "win_rate": share, "low": low, "high": high}


def test_one_is_singular_and_everything_else_plural():
    assert words.opportunities(1) == "1 opportunity"
    assert words.opportunities(0) == "0 opportunities"
    assert words.counted(1.5, "week") == "1.5 weeks"
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"


def test_bookings_are_told_against_goal_and_line():
    said = words.booked(pace(), "Q4 2026", "USD")
    assert said == "58% of the goal, 33 of 63 business days gone: $31k ahead of a straight line to it."
    assert "behind" in words.booked(pace(gap=-31_000.0), "Q4 2026", "USD")
    assert "level with a straight line" in words.booked(pace(gap=0.2), "Q4 2026", "USD")
    own = pace(basis="own curve of 5 past periods")
    assert "$31k ahead of your past periods at this point" in words.booked(own, "Q4 2026", "USD")


def test_without_a_goal_nothing_is_compared():
    said = words.booked(pace(quota=NAN, gap=NAN, attainment_rate=NAN), "Q4 2026", "USD")
    assert said == "No goal is written down for Q4 2026, so there is nothing to compare it with."


def test_what_is_needed_ends_when_the_goal_is_reached_or_the_period_over():
    assert words.needed(pace(), "USD") == "$228k is still to book in 6 weeks: $38k a week."
    assert words.needed(pace(bookings=600_000.0), "USD") == "The goal is reached."
    assert "the period is over" in words.needed(pace(weeks_left=0.0), "USD")
    assert words.needed(pace(quota=NAN), "USD") == ""


@pytest.mark.parametrize(
    ("row", "threshold", "said"),
    [
        (rate(40, 126, 0.25, 0.39), 0.30, "40 of 126 decided won. No different from the agreed 30%."),
        (rate(60, 126, 0.40, 0.55), 0.30, "60 of 126 decided won. Above the agreed 30%."),
        (rate(20, 126, 0.11, 0.22), 0.30, "20 of 126 decided won. Below the agreed 30%."),
        (rate(2, 6, 0.12, 0.65), 0.30, "2 of 6 decided won. Too few to say more."),
        (rate(40, 126, 0.25, 0.39), None, "40 of 126 decided won. No win rate is agreed to compare it with."),
        (rate(0, 0, NAN, NAN), 0.30, "Nothing was decided in 26 weeks."),
    ],
)
def test_a_win_rate_carries_its_n_and_no_more_than_its_range_allows(row, threshold, said):
    assert words.win_rate(row, threshold, 26) == said


@pytest.mark.parametrize(
    ("verdict", "row", "said"),
    [
        ("watch", rate(4, 33, 0.06, 0.24), "4 of 33, watch"),
        ("confront", rate(4, 43, 0.04, 0.19), "4 of 43, below 30%"),
        ("meets", rate(9, 27, 0.21, 0.49), "9 of 27, no different from 30%"),
        ("meets", rate(5, 31, 0.09, 0.28), "5 of 31, not yet news"),
        ("meets", rate(14, 31, 0.31, 0.60), "14 of 31, 30% is met"),
        ("exceeds", rate(24, 31, 0.63, 0.88), "24 of 31, above 30%"),
        ("too few to say", rate(2, 6, 0.12, 0.65), "2 of 6, too few to say"),
        (None, rate(2, 6, 0.12, 0.65), "2 of 6, too few to say"),
        (None, rate(9, 27, 0.21, 0.49), "9 of 27"),
        ("too few to say", rate(0, 0, NAN, NAN), "nothing decided"),
    ],
)
def test_only_evidence_makes_a_verdict(verdict, row, said):
    assert words.standing(row, verdict, 0.30) == said


def coverage(**facts: object) -> pd.Series:
    return pd.Series(
        {
            "open_amount": 612_000.0,
            "remaining": 228_000.0,
            "coverage_ratio": 2.68,
            "required_ratio": 2.1,
            "required_basis": "6 past periods",
            "open_count": 21,
            "undated_count": 0,
            "cycle_days": 12.0,
            "booked_per_week": 24_000.0,
            "state": "measured",
        }
        | facts
    )


def test_coverage_is_told_against_the_clients_own_past():
    said = words.coverage(coverage(), "Q4 2026", "USD")
    assert said == "$612k open for $228k still to book. Your own past periods needed 2.1×: enough."
    assert words.coverage(coverage(required_ratio=3.0), "Q4 2026", "USD").endswith("3.0×: not enough.")


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        ({"state": "already made", "coverage_ratio": NAN}, "already made"),
        ({"state": "no quota", "coverage_ratio": NAN}, "Without a goal"),
        (
            {"state": "cycle too short", "coverage_ratio": NAN},
            "within 12 days here, so the $612k open says little. Lately $24k",
        ),
        ({"state": "no amounts", "coverage_ratio": NAN, "open_amount": NAN}, "21 opportunities open"),
        ({"required_ratio": NAN, "required_basis": "fewer than 4 past periods"}, "fewer than 4 past periods"),
    ],
)
def test_coverage_that_cannot_be_told_gives_the_reason(facts, part):
    said = words.coverage(coverage(**facts), "Q4 2026", "USD")
    assert part in said
    assert "nan" not in said.lower()


@pytest.mark.parametrize(
    ("signal", "latest", "said"),
    [
        ("none", 11, "ordinary week"),
        ("below", 3, "below the usual 7–18"),
        ("above", 19, "above the usual 7–18"),
        ("run_below", 9, "eight weeks in a row below the average"),
        ("too few weeks", 9, "too few weeks to say"),
        (None, 9, "too few weeks to say"),
        ("none", NAN, "no data this week"),
    ],
)
def test_a_week_is_news_only_outside_its_usual_range(signal, latest, said):
    row = {"measure": "decided", "signal": signal, "latest": latest, "lower": 6.2, "upper": 18.1}
    assert words.week(row, "USD") == said


def test_the_bases_of_a_win_rate_are_reconciled_in_one_sentence():
    count = {"win_rate": 0.32}
    broad = {"win_rate": 0.29, "disqualified_count": 12}
    assert words.bases_differ(count, {"win_rate": 0.24}, broad) == (
        "By amount it is lower because the lost ones were larger; "
        "broad is lower because 12 disqualified ones count as decided."
    )
    same = {"win_rate": 0.32, "disqualified_count": 0}
    assert words.bases_differ(count, {"win_rate": 0.32}, same).startswith("The three agree")
    assert words.bases_differ({"win_rate": NAN}, {"win_rate": NAN}, same) == ""


def test_rules_are_said_with_their_limit():
    assert words.rule({"rule": "untouched_days", "limit": 14}) == "Untouched for more than 14 days"
    assert words.rule({"rule": "pushed_more_than", "limit": 1}) == "Expected close pushed more than once"
    assert words.rule({"rule": "stage_age_days", "limit": NAN}) == "Longer in its stage than expected"


def test_a_rule_that_could_not_be_checked_says_so():
    facts = {"failed_count": 0, "checked_count": 0, "unknown_count": 58}
    assert words.failing(facts) == "not recorded"
    assert words.failing(facts | {"unknown_count": 0}) == "nothing to check"
    assert words.failing({"failed_count": 12, "checked_count": 58, "unknown_count": 0}) == "12 of 58"


def test_the_overdue_are_told_by_what_they_do_to_the_headline():
    assert words.overdue_effect(2.68, 1.8, 12) == (
        "If the 12 overdue opportunities are dead, coverage is 1.8×, not 2.7×."
    )
    assert words.overdue_effect(2.68, 2.67, 1).startswith(
        "If the one overdue opportunity is dead, coverage stays"
    )
    assert words.overdue_effect(2.68, 1.8, 0) == ""
    assert words.overdue_effect(NAN, 1.8, 3) == ""


def test_where_past_periods_stood_at_this_point_is_not_said_twice():
    pace = {"quota": 435.0, "attainment_rate": 0.62, "business_days_elapsed": 35, "business_days": 62}
    pace |= {"gap": 37.0, "expected_to_date": 233.0, "pace_ratio": 1.1}
    own = words.team_goal({**pace, "basis": "own curve of 4 periods"}, "Q4 2026", "USD")
    assert own.endswith("Your past periods at this point: $233.")
    line = words.team_goal({**pace, "basis": "business days"}, "Q4 2026", "USD")
    assert line.endswith("A straight line to it: $233 by now.")

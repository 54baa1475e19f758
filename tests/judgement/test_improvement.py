"""How far chance reaches in a plan's criteria, how they stand, and what that proposes: by hand."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from spm_lib.judgement import (
    Asked,
    Facts,
    criterion_states,
    proposed,
    reach_of_chance,
    results_to_tell,
    support_log,
    talks_missing,
)
from spm_lib.judgement.bets import DISPERSION
from spm_lib.judgement.improvement import STATES, chance

ZONE = "America/Chicago"
START = date(2026, 11, 16)
RATE = Asked("win_rate_by_count", "at least", 0.30, 13, 10)
TALKS = Asked("conversations", "at least", 7.0, 8, 4)


def binomial(n, rate):
    """Chance of each number of successes, from the definition."""
    return [math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]


def lumpy(mean, upto):
    """Chance of each count of a negative binomial with `DISPERSION` times Poisson's variance."""
    size, kept = mean / (DISPERSION - 1), 1 / DISPERSION
    return [
        math.exp(
            math.lgamma(k + size)
            - math.lgamma(size)
            - math.lgamma(k + 1)
            + size * math.log(kept)
            + k * math.log(1 - kept)
        )
        for k in range(upto)
    ]


def quantile(chances, share):
    total = 0.0
    for k, one in enumerate(chances):
        total += one
        if total >= share - 1e-12:
            return k
    raise AssertionError("too short a list")


def decided(*results, rep="ana", first="2026-11-17"):
    """One decided opportunity a day from a day on."""
    at = pd.date_range(first, periods=len(results), freq="D", tz="UTC") + pd.Timedelta(hours=18)
    rows = pd.DataFrame({"rep_id": rep, "at": at, "hit": [bool(one) for one in results], "share_rate": 1.0})
    return Facts("trials", rows)


def weekly(*counts, rep="ana", first="2026-11-16"):
    starts = pd.date_range(first, periods=len(counts), freq="7D")
    return Facts("weekly", pd.DataFrame({"rep_id": rep, "starts_on": starts, "value": counts}))


def states(facts, on, *criteria, days=None):
    named = {"checkpoint 1": date(2026, 12, 16), "end": date(2027, 2, 14)} if days is None else days
    return criterion_states(criteria, facts, "ana", START, named, on, ZONE)


def at(table, name):
    (row,) = table[table["at"].eq(name)].to_dict("records")
    return row


@pytest.mark.parametrize(("n", "rate"), [(10, 0.3), (33, 0.3), (12, 0.5), (40, 0.9)])
def test_the_band_of_a_share_is_that_of_the_binomial(n, rate):
    low, high = chance("trials", rate, n)
    every = binomial(n, rate)
    assert (low * n, high * n) == pytest.approx((quantile(every, 0.05), quantile(every, 0.95)))


def test_ten_decided_at_thirty_percent_show_one_to_five_won():
    # P(0) = 0.7^10 = 0.028 < 0.05 <= P(0) + P(1) = 0.149; P(up to 5) = 0.953 >= 0.95 > P(up to 4) = 0.850
    assert chance("trials", 0.3, 10) == (0.1, 0.5)


@pytest.mark.parametrize(("weeks", "agreed"), [(4, 7.0), (8, 7.0), (6, 3.0)])
def test_the_band_of_a_count_is_lumpier_than_poisson(weeks, agreed):
    low, high = chance("weekly", agreed, weeks)
    every = lumpy(agreed * weeks, 400)
    assert (low * weeks, high * weeks) == pytest.approx((quantile(every, 0.05), quantile(every, 0.95)))


@pytest.mark.parametrize("rate", [0.3, 0.5])
def test_results_to_tell_half_of_a_share_from_all_of_it(rate):
    def told(n):
        low = quantile(binomial(n, rate), 0.05)
        return sum(binomial(n, rate / 2)[:low]) >= 0.80

    needed = next(n for n in range(1, 400) if told(n))
    assert results_to_tell("trials", rate) == needed


def test_it_takes_about_fifty_decisions_to_tell_fifteen_percent_from_thirty():
    assert results_to_tell("trials", 0.30) == 49
    assert results_to_tell("weekly", 7.0) == 8


@pytest.mark.parametrize(
    ("kind", "agreed", "n"),
    [("periods", 1.0, 4), ("values", 0.3, 9), ("trials", 0.3, 0), ("weekly", 0.0, 9)],
)
def test_where_no_chance_can_be_computed_there_is_no_band(kind, agreed, n):
    assert all(map(math.isnan, chance(kind, agreed, n)))


def test_who_always_does_what_was_agreed_never_falls_short_of_all_of_it():
    assert chance("trials", 1.0, 9) == (1.0, 1.0)
    assert chance("trials", 0.0, 9) == (0.0, 0.0)
    # one at half of it has no failure after 3 in 1 of 8 cases, after 2 in 1 of 4
    assert results_to_tell("trials", 1.0) == 3


@pytest.mark.parametrize(
    ("results", "state"),
    [((10, 0), "met"), ((9, 1), "not yet"), ((9, 0), "too few to say"), ((8, 1), "too few to say")],
)
def test_of_a_standard_of_all_one_failure_tells_and_none_is_met_so_far(results, state):
    every = Asked("logged_within_24h_rate", "at least", 1.0, 13, 10)
    facts = {"logged_within_24h_rate": decided(*[1] * results[0], *[0] * results[1])}
    assert at(states(facts, date(2026, 12, 13), every), "now")["state"] == state


def test_what_a_plan_can_expect_is_the_pace_before_it():
    before = decided(*[0, 1] * 26, first="2026-06-01")  # 52 in the 26 weeks before the plan: 2 a week
    table = reach_of_chance(
        [RATE, TALKS], {"win_rate_by_count": before, "conversations": weekly(5)}, "ana", START, 26, ZONE
    )
    rate, talks = table.to_dict("records")
    assert (rate["expected_n"], rate["needed_n"], rate["tells"]) == (26.0, 49.0, False)
    assert (rate["low"], rate["high"]) == chance("trials", 0.3, 26)
    assert (talks["expected_n"], talks["needed_n"], talks["tells"]) == (8.0, 8.0, True)


def test_a_metric_nobody_records_can_expect_nothing():
    row = reach_of_chance([RATE], {}, "ana", START, 26, ZONE).iloc[0]
    assert (row["kind"], row["tells"]) == ("values", False)
    assert math.isnan(row["expected_n"])


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ([1] * 3 + [0] * 7, "met"),  # 3 of 10 is what was agreed
        ([1] * 2 + [0] * 8, "on the way"),  # within 1 to 5 of 10
        ([1] + [0] * 9, "on the way"),
        ([0] * 10, "not yet"),  # below what 19 of 20 would show
        ([0] * 9, "too few to say"),  # below the agreed minimum
    ],
)
def test_a_share_is_met_or_short_within_chance_or_further(results, state):
    row = at(states({"win_rate_by_count": decided(*results)}, date(2026, 12, 1), RATE), "now")
    assert (row["state"], row["n"], row["hit_count"]) == (state, len(results), sum(results))


def test_who_truly_does_what_was_agreed_is_not_told_otherwise_by_bad_luck():
    for n in (10, 20, 33, 60):
        low, _ = chance("trials", 0.3, n)
        missed = sum(one for k, one in enumerate(binomial(n, 0.3)) if k / n < low - 1e-9)
        assert missed <= 0.05


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        ((7, 7, 7, 7), "met"),
        ((6, 6, 6, 6), "on the way"),
        ((1, 1, 1, 1), "not yet"),
        ((9, 9, 9), "too few to say"),
    ],
)
def test_a_count_of_a_week_likewise(counts, state):
    row = at(states({"conversations": weekly(*counts)}, date(2026, 12, 13), TALKS), "now")
    assert (row["state"], row["value"]) == (state, sum(counts) / len(counts))


def test_at_most_looks_the_other_way():
    late = Asked("win_rate_by_count", "at most", 0.30, 13, 10)
    for won, state in ((3, "met"), (5, "on the way"), (6, "not yet")):
        facts = {"win_rate_by_count": decided(*[1] * won, *[0] * (10 - won))}
        assert at(states(facts, date(2026, 12, 1), late), "now")["state"] == state


def test_only_the_time_of_the_plan_counts_and_the_weeks_before_stand_beside_it():
    facts = {"win_rate_by_count": decided(*[0] * 20, *[1] * 4, first="2026-10-27")}  # 20 before the plan
    table = states(facts, date(2026, 11, 22), RATE)
    start, now = at(table, "start"), at(table, "now")
    assert (start["n"], start["hit_count"], start["state"]) == (20, 0, "")
    assert (now["n"], now["hit_count"]) == (4, 4)


def test_a_week_counts_when_it_lies_inside_and_only_the_last_weeks_do():
    counts = weekly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    row = at(states({"conversations": counts}, date(2027, 1, 24), TALKS), "now")
    assert (row["n"], row["hit_count"]) == (8, sum(range(3, 11)))  # ten weeks are over, the last eight count
    wednesday = at(states({"conversations": counts}, date(2027, 1, 27), TALKS), "now")
    assert (wednesday["n"], wednesday["hit_count"]) == (8, sum(range(3, 11)))  # the last eight whole ones
    early = at(states({"conversations": counts}, date(2026, 11, 21), TALKS), "now")  # a Saturday
    assert (early["n"], early["state"]) == (0, "too few to say")


def test_another_rep_s_results_are_nothing_here():
    facts = {"win_rate_by_count": decided(*[1] * 20, rep="ben")}
    assert at(states(facts, date(2026, 12, 20), RATE), "now")["n"] == 0


def test_a_day_that_is_not_here_is_to_come_and_a_past_one_stays_as_it_was():
    facts = {"win_rate_by_count": decided(*[1] * 10, *[0] * 40)}
    table = states(facts, date(2027, 1, 3), RATE)
    assert at(table, "end")["state"] == "to come"
    first = at(table, "checkpoint 1")
    assert (first["n"], first["hit_count"], first["state"]) == (30, 10, "met")
    now = at(table, "now")
    assert (now["n"], now["hit_count"]) == (48, 10)


def test_an_amount_of_a_period_is_met_or_too_few_to_say_and_never_missed():
    asked = Asked("attainment", "at least", 1.0, 13, 1)
    rows = pd.DataFrame(
        {"rep_id": ["ana"], "starts_on": [date(2026, 11, 16)], "ends_on": [date(2026, 12, 14)]}
    )
    for value, state in ((1.1, "met"), (0.2, "too few to say")):
        facts = {"attainment": Facts("periods", rows.assign(value=value))}
        assert at(states(facts, date(2026, 12, 20), asked), "now")["state"] == state


def test_support_is_given_late_overdue_or_to_come():
    lines = [
        ("A", "manager", date(2026, 12, 4), date(2026, 12, 4)),
        ("B", "manager", date(2026, 12, 4), date(2026, 12, 5)),
        ("C", "owner", date(2026, 12, 4), None),
        ("D", "owner", date(2026, 12, 5), None),
        ("E", "owner", date(2026, 12, 5), date(2026, 12, 9)),  # done later: not known yet
    ]
    table = support_log(lines, date(2026, 12, 5))
    assert list(table["state"]) == ["given", "given late", "overdue", "to come", "to come"]
    assert support_log([], date(2026, 12, 5)).empty


def test_a_checkpoint_without_a_talk_since_the_last_one_is_missing():
    days = [date(2026, 12, 16), date(2027, 1, 15), date(2027, 2, 14)]
    talks = [date(2026, 12, 20), date(2027, 2, 1)]
    assert talks_missing(START, days, talks, date(2027, 2, 28)) == [date(2027, 1, 15)]
    assert talks_missing(START, days, [], date(2026, 12, 22)) == []  # it still has a day
    assert talks_missing(START, days, [], date(2026, 12, 23)) == [date(2026, 12, 16)]


END = date(2027, 2, 14)
GIVEN = support_log([("Visits", "manager", date(2026, 12, 4), date(2026, 12, 4))], END)
OPEN = support_log([("Visits", "manager", date(2026, 12, 4), None)], END)


def proposal(*told, support=GIVEN, on=END, **more):
    table = pd.DataFrame({"at": "now", "state": list(told)})
    return proposed(table, support, ends_on=END, on=on, **more)


def test_before_the_end_it_goes_on():
    found = proposal("met", "not yet", on=date(2027, 2, 13))
    assert found.result == "go on"
    assert found.reasons == ("The plan runs until 14 February 2027: 1 of 2 criteria met, 1 not yet.",)


@pytest.mark.parametrize(
    ("told", "result"),
    [
        (("met", "met"), "met"),
        (("met", "on the way"), "met"),
        (("on the way", "on the way"), "extend"),
        (("met", "too few to say"), "extend"),
        (("met", "not yet"), "end"),
        (("not yet", "too few to say"), "end"),
    ],
)
def test_the_outcome_follows_from_the_criteria_where_the_company_did_its_part(told, result):
    assert set(told) <= set(STATES)
    assert proposal(*told).result == result


@pytest.mark.parametrize(
    ("owed", "said"),
    [
        ({"support": OPEN}, "“Visits”, due on 4 December 2026, has not been given."),
        ({"talks": [date(2027, 1, 15)]}, "There was no talk for the checkpoint on 15 January 2027."),
        ({"unacknowledged": ["support"]}, "The step “support” was not read and reviewed together."),
        (
            {"ourselves": ["Check ourselves: coaching is not recorded."]},
            "Check ourselves: coaching is not recorded.",
        ),
    ],
)
def test_nothing_ends_while_the_company_owes_its_own_part(owed, said):
    found = proposal("not yet", "not yet", **owed)
    assert found.result == "extend"
    assert found.reasons[0] == "Check ourselves first."
    assert said in found.reasons
    assert proposal("met", "met", **owed).result == "met"  # what the rep reached is reached


def test_what_is_open_beside_an_end_is_said_before_the_end_is_and_nothing_claims_otherwise():
    gap = "Check ourselves: A list of leads, due on 1 December 2026, has not been supplied."
    found = proposal("not yet", "not yet", beside=[gap])
    assert found.result == "end"
    assert found.reasons[0] == gap
    assert not any("kept its part" in one for one in found.reasons)


def test_support_that_came_late_is_said():
    late = support_log([("Visits together", "manager", date(2026, 12, 1), date(2026, 12, 20))], END)
    found = proposal("not yet", "not yet", support=late)
    assert "“Visits together”, due on 1 December 2026, was given on 20 December 2026." in found.reasons
    assert not any("kept its part" in one for one in found.reasons)


def test_an_outcome_rests_on_the_last_day_of_the_plan_however_late_it_is_written():
    reached = pd.DataFrame(
        {"at": ["end", "end", "now", "now"], "state": ["met", "met", "not yet", "not yet"]}
    )
    nothing = support_log([], END)
    assert proposed(reached, nothing, ends_on=END, on=date(2027, 3, 28)).result == "met"

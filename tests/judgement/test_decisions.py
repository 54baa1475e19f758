"""What asks for a decision: at most three alerts, the weightiest first, nothing on a quiet week."""

from __future__ import annotations

import math
from datetime import date

import pandas as pd
import pytest

from spm_lib.judgement import ALERTS, decide

NAN = math.nan
STANDARD = pd.Series({"threshold": 0.30, "effective_from": pd.Timestamp("2026-04-01")})


def evidence(*rows):
    """(rep, evidence, verdict), all with 4 won of 40."""
    table = pd.DataFrame(rows, columns=["rep_id", "evidence", "verdict"])
    return table.assign(
        won_count=4,
        decided_count=40,
        since_at=pd.Timestamp("2026-05-11 14:00", tz="UTC"),
        since_won_count=1.0,
        since_decided_count=31.0,
    )


def limits(*rows):
    """(measure, latest, signal)."""
    table = pd.DataFrame(rows, columns=["measure", "latest", "signal"])
    return table.assign(weeks=25, centre=10.0, lower=5.0, upper=15.0)


def overdue(count, amount):
    return pd.DataFrame(
        {
            "rule": ["past_expected_close", "no_amount"],
            "checked_count": [30, 30],
            "failed_count": [count, 9],
            "failed_amount": [amount, 9.0],
        }
    )


def effect(open_amount=100_000.0, coverage=3.1, without=2.6, required=2.0):
    """Coverage with and without the overdue ones; enough either way unless said otherwise."""
    return pd.DataFrame(
        {
            "open_amount": [open_amount],
            "coverage_ratio": [coverage],
            "coverage_ratio_without": [without],
            "required_ratio": [required],
        }
    )


def decided(*, reps=None, weeks=(), dirty=(0, 0.0), headline=None, standard=STANDARD, **more):
    return decide(
        evidence=reps,
        limits=limits(*weeks),
        hygiene=overdue(*dirty),
        effect=effect() if headline is None else headline,
        names={"ana": "Ana Lopez"},
        currency="USD",
        standard=standard,
        **more,
    )


def test_an_ordinary_week_asks_for_nothing():
    quiet = [("won", 11.0, "none"), ("bookings", NAN, "no data"), ("decided", 7.0, "no variation")]
    calm = evidence(("ana", 0.2, "none"), ("ben", 1.0, "too few to say"))
    assert decided(reps=calm, weeks=quiet) == []


def test_a_rep_below_the_standard_is_said_with_the_evidence_and_without_blame():
    (found,) = decided(reps=evidence(("ana", 31.0, "confront")))
    assert (found.weight, found.topic) == ("decide", "evidence_below_standard")
    assert found.title == (
        "Ana Lopez’s results have moved away from the 30% win rate agreed on 1 April 2026. "
        "It is time to talk about it."
    )
    assert "Won 4 of 40 decided since it was agreed, 1 of 31 of them since 11 May 2026." in found.text
    assert "1 case in 20" in found.text


def test_what_is_talked_about_already_is_not_asked_to_be_talked_about():
    """The record of meetings and plans tells: coached since October; a plan since November."""
    both = {"ana": date(2026, 10, 7)}
    (coached,) = decided(reps=evidence(("ana", 31.0, "confront")), coached_on=both)
    assert coached.title.endswith(
        "agreed on 1 April 2026. Coached since 7 October 2026: look together at what has changed."
    )
    (planned,) = decided(
        reps=evidence(("ana", 31.0, "confront")), coached_on=both, planned_on={"ana": date(2026, 11, 16)}
    )
    assert planned.title.endswith("The improvement plan since 16 November 2026 is the place for it.")
    (other,) = decided(reps=evidence(("ana", 31.0, "confront")), coached_on={"ben": date(2026, 10, 7)})
    assert other.title.endswith("It is time to talk about it.")


def test_the_day_results_moved_is_the_clients_own():
    # 14:00 UTC of 11 May is 02:00 of the 12th in Auckland
    found = decide(
        evidence=evidence(("ana", 31.0, "confront")),
        limits=limits(),
        hygiene=overdue(0, 0.0),
        effect=effect(),
        names={},
        currency="NZD",
        standard=STANDARD,
        time_zone="Pacific/Auckland",
    )
    assert "since 12 May 2026" in found[0].text


def test_a_rep_to_watch_is_a_note_and_no_alert():
    (found,) = decided(reps=evidence(("ana", 7.0, "watch")))
    assert found.weight == "note"
    assert "too early to conclude" in found.title


def test_a_stretch_that_is_all_there_is_is_not_said_twice():
    whole = evidence(("ana", 31.0, "confront")).assign(since_decided_count=40.0, since_won_count=4.0)
    assert "Won 4 of 40 decided since it was agreed. " in decided(reps=whole)[0].text


def test_where_no_win_rate_is_agreed_nobody_is_judged():
    assert decided(reps=evidence(("ana", 31.0, "confront")), standard=None) == []
    assert decided(reps=None) == []


@pytest.mark.parametrize(("count", "weight"), [(10, "decide"), (9, "note")])
def test_overdue_ones_ask_for_a_decision_from_a_third_of_the_open_ones_on(count, weight):
    (found,) = decided(dirty=(count, 33_000.0))
    assert found.weight == weight
    assert found.title == f"Close or revive {count} overdue opportunities ($33k)."
    assert found.text == (
        f"Their expected close has passed; they are {round(count / 30 * 100)}% of what is open."
    )


def test_what_coverage_is_without_them_is_said_where_it_changes_the_answer():
    (found,) = decided(dirty=(2, 9_000.0), headline=effect(coverage=2.1, without=1.9, required=2.0))
    assert found.weight == "note"
    assert "With them coverage is 2.1×, without them 1.9×; 2.0× is needed." in found.text
    # not enough either way, or nobody knows what is needed: closing them changes no answer
    for headline in (effect(coverage=1.8, without=1.6, required=2.0), effect(required=NAN)):
        assert "coverage" not in decided(dirty=(2, 9_000.0), headline=headline)[0].text


def test_one_overdue_one_is_singular_and_an_unknown_coverage_is_left_out():
    (found,) = decided(dirty=(1, 5_000.0), headline=effect(NAN, NAN, NAN))
    assert found.title.startswith("Close or revive 1 overdue opportunity (")
    assert found.weight == "note"
    assert found.text == "Their expected close has passed; they are 3% of what is open."


def test_a_week_outside_its_limits_is_an_alert_and_a_run_a_note():
    found = decided(weeks=[("won", 21.0, "above"), ("decided", 8.0, "run_below")])
    assert [one.weight for one in found] == ["watch", "note"]
    assert found[0].title == "Won: 21, above the usual 5–15."
    assert "25 weeks before" in found[0].text
    assert found[1].title == "Decided: eight weeks in a row below the average."


def test_at_most_three_alerts_and_the_weightiest_first():
    found = decided(
        reps=evidence(("ben", 25.0, "confront"), ("ana", 400.0, "confront"), ("cy", 6.0, "watch")),
        weeks=[("won", 21.0, "above"), ("decided", 1.0, "below")],
        dirty=(12, 50_000.0),
    )
    assert ALERTS == 3
    assert [one.weight for one in found] == ["decide"] * 3 + ["note"] * 3
    assert found[0].title.startswith("Ana Lopez")
    assert found[1].title.startswith("ben")
    assert found[2].topic == "hygiene"
    assert {one.topic for one in found[3:]} == {"process_limits", "evidence_below_standard"}


def test_two_runs_give_the_same_decisions_and_leave_the_tables_as_they_were():
    table = evidence(("ana", 31.0, "confront"))
    before = table.copy(deep=True)
    assert decided(reps=table) == decided(reps=table)
    pd.testing.assert_frame_equal(table, before)


def standings(*rows):
    """(rep, standing) to an attainment of 80 % in its periods."""
    table = pd.DataFrame(rows, columns=["rep_id", "standing"])
    return table.assign(metric="attainment", threshold=0.8, since=pd.Timestamp("2026-03-30"))


def told(table, **more):
    return decide(
        evidence=None,
        limits=limits(),
        hygiene=overdue(0, 0.0),
        effect=effect(),
        names={"ana": "Ana Lopez"},
        currency="USD",
        standard=None,
        standings=table,
        **more,
    )


def test_a_rep_below_another_expectation_is_said_by_name():
    (found,) = told(standings(("ana", "below"), ("ben", "meets"), ("cy", "exceeds"), ("dan", "watch")))
    assert found.title == "Ana Lopez is below the agreed attainment of 80%."
    assert found.text == "Since 30 March 2026; it passed the test against chance."


def test_the_same_is_said_of_another_expectation():
    table = standings(("ana", "below"), ("ben", "meets"), ("cy", "exceeds"), ("dan", "watch"))
    (found,) = told(table, coached_on={"ana": date(2026, 10, 7)})
    assert found.text.endswith("Coached since 7 October 2026: look together at what has changed.")


def test_where_many_are_below_the_standard_is_asked_before_anybody_is_named():
    many = standings(("ana", "below"), ("ben", "below"), ("cy", "meets"), ("dan", "too few to say"))
    (found,) = told(many)
    assert found.title == "2 of 3 reps are below the agreed attainment of 80%: ask the standard first."
    assert "Ana" not in found.text

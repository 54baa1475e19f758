"""The self-check: levels by hand, what is not known is never a zero, what helps first."""

from __future__ import annotations

import dataclasses
from datetime import date

import pandas as pd
import pytest
from scipy import stats

from spm_lib import words
from spm_lib.errors import DocumentError
from spm_lib.expectations.environment import check_environment, questions, read_environment
from spm_lib.judgement.environment import (
    BesideFacts,
    DocumentFacts,
    environment,
    level_of_share,
    next_improvements,
    spokes,
)
from spm_lib.judgement.readiness import Supply, paces, readiness

ON = date(2026, 11, 22)
GOALS = DocumentFacts(
    "sales_goals",
    "Goals",
    written_count=1,
    rep_count=5,
    in_force_count=5,
    since=date(2026, 9, 14),
    owed_count=5,
    understood_count=4,
    measured_count=1,
    computed_count=1,
    reinforced_on=[date(2026, 10, 5), date(2026, 5, 1)],
)


def levels(*documents, beside=None, answers=None):
    table = environment(documents, beside or BesideFacts(), ON, answers)
    return {
        (row.subject, row.state): None if pd.isna(row.level) else int(row.level) for row in table.itertuples()
    }


@pytest.mark.parametrize(
    ("done", "of", "level"),
    [(0, 4, 0), (1, 4, 1), (2, 4, 2), (3, 4, 3), (4, 4, 4), (44, 47, 3), (1, 3, 1), (0, 0, None)],
)
def test_a_share_has_a_level(done, of, level):
    assert level_of_share(done, of) == level


def test_a_document_in_force_by_hand():
    # 5 of 5 have it: 4; 4 of 5 read it, three quarters: 3; 1 of 1 computed: 4; one meeting in 13 weeks: 2
    found = levels(GOALS)
    assert [found["sales_goals", state] for state in ("defined", "documented", "understood")] == [4, 4, 3]
    assert [found["sales_goals", state] for state in ("measured", "reinforced")] == [4, 2]


def test_what_is_not_known_is_not_zero():
    found = levels(DocumentFacts("crm_usage", "CRM"))
    assert found["crm_usage", "documented"] == 0
    assert found["crm_usage", "defined"] is None
    assert found["crm_usage", "understood"] is None
    assert found["data clean", "data clean"] is None
    table = environment([DocumentFacts("crm_usage", "CRM")], BesideFacts(), ON)
    assert table["basis"].tolist()[:3] == ["not answered", "found", "not yet"]
    assert spokes(table)["known_count"].tolist() == [1, 0, 1, 0]


def test_an_answer_counts_only_where_no_record_tells():
    answers = {("sales_goals", "understood"): 0, ("crm_usage", "defined"): 3}
    found = levels(GOALS, DocumentFacts("crm_usage", "CRM"), answers=answers)
    assert (found["sales_goals", "understood"], found["crm_usage", "defined"]) == (3, 3)


def test_exports_and_data_by_hand():
    stale = BesideFacts(exports_age_days=20, tables=("opportunities",))
    assert levels(beside=stale)["tools connected", "tools connected"] == 1
    fresh = BesideFacts(0, 0, 1.0, 8, ("opportunities", "activities"))
    assert levels(beside=fresh)["tools connected", "tools connected"] == 3


@pytest.mark.parametrize(
    ("rules", "broken", "touched", "refused", "level"),
    [
        (None, 0, None, 0, None),  # no rule is in force: not answered
        (0, 0, None, 0, None),  # nothing to check
        (7, 0, None, 0, 4),
        (7, 3, None, 0, 2),  # 4 of 7 kept, 57 %
        (8, 5, None, 0, 1),  # 3 of 8, 38 %
        (4, 1, None, 0, 3),  # 3 of 4, 75 %
        (4, 4, None, 0, 0),
        (4, 0, 57, 0, 4),  # 57 of 60 touched, 95 %
        (4, 0, 56, 0, 3),  # 93 %
        (4, 0, 45, 0, 2),  # 75 %
        (4, 0, 30, 0, 1),  # 50 %
        (4, 0, 29, 0, 0),
        (4, 2, 60, 0, 2),  # the lower of the two
        (4, 0, 60, 1, 4),  # 1 of 100 rows refused
        (4, 0, 60, 2, 2),
    ],
)
def test_clean_data_by_hand(rules, broken, touched, refused, level):
    names = ("past_expected_close", "no_amount", "untouched_days", "no_next_step", "single_contact")[:broken]
    facts = BesideFacts(
        rule_count=rules,
        broken_rules=names,
        touch_count=None if touched is None else 60,
        touched_count=touched,
        read_count=100,
        refused_count=refused,
    )
    assert levels(beside=facts)["data clean", "data clean"] == level
    row = environment([], facts, ON).iloc[-1]
    assert ("Expected close has passed" in row["first"]) == bool(broken)


def test_a_document_in_force_while_no_rep_is_listed_is_in_force_for_nobody_we_know():
    one = DocumentFacts("sales_goals", "Goals", written_count=1, in_force_count=1, since=date(2026, 9, 14))
    found = levels(one)
    assert found["sales_goals", "documented"] == 1
    assert found["sales_goals", "defined"] is None
    table = environment([one], BesideFacts(), ON)
    assert table["first"].tolist()[:2] == ["List the reps in client.yaml."] * 2


def test_what_was_understood_has_its_day():
    one = dataclasses.replace(GOALS, understood_on=date(2026, 9, 18))
    said = environment([one], BesideFacts(), ON).set_index("state")["said"]["understood"]
    assert said == "4 of 5 have read and reviewed it, the last on 18 September 2026"


def test_what_others_rest_on_helps_first():
    table = environment([GOALS, DocumentFacts("crm_usage", "CRM", written_count=1)], BesideFacts(), ON)
    first = next_improvements(table)
    # no export: nothing is measured; then reading the goals; what nobody answered comes last
    assert first["subject"].tolist() == ["tools connected", "sales_goals", "crm_usage"]


def test_answers_are_read_by_their_day_and_every_fault_is_told(tmp_path):
    folder = tmp_path / "environment"
    folder.mkdir()
    (folder / "questions.yaml").write_text(questions())
    (folder / "2026-11-01.yaml").write_text("crm_usage: {defined: 3}\nmeetings kept: 2\n")
    (folder / "2026-12-01.yaml").write_text("crm_usage: {defined: 4}\n")
    day, answers = read_environment(tmp_path, ON)
    assert (day, answers) == (
        date(2026, 11, 1),
        {("crm_usage", "defined"): 3, ("meetings kept", "meetings kept"): 2},
    )
    assert check_environment(tmp_path) == []
    (folder / "2026-11-02.yaml").write_text("crm_usage: {defined: 7, documented: 1}\nweather: 2\n")
    assert len(check_environment(tmp_path)) == 3
    with pytest.raises(DocumentError, match="3 faults"):
        read_environment(tmp_path, ON)
    (folder / "soon.yaml").write_text("crm_usage: {defined: 1}\n")
    assert any("no day" in one.what for one in check_environment(tmp_path))


def test_questions_left_open_answer_nothing(tmp_path):
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / "2026-11-01.yaml").write_text(questions())
    assert read_environment(tmp_path, ON) == (date(2026, 11, 1), {})


def test_the_pace_of_a_count_has_the_exact_interval():
    # Garwood, 20 results, 90 %: 13.25 to 29.06; at that mean so many or more, or fewer, are 5 in 100
    slow, fast = paces(20, 1)
    assert (round(slow, 2), round(fast, 2)) == (13.25, 29.06)
    assert stats.poisson.sf(19, slow) == pytest.approx(0.05)
    assert stats.poisson.cdf(20, fast) == pytest.approx(0.05)
    assert paces(20, 10) == pytest.approx((slow / 10, fast / 10))


def test_how_long_until_there_is_enough_by_hand():
    # c: 20 in 10 weeks is 1.325 to 2.906 a week; the 10 that are missing take 3.4 to 7.5 weeks, of 16 free
    # b: 10 in 10 weeks is 0.543 to 1.696 a week; 20 more take 11.8 weeks or 36.9, of 16 free
    # f: 3 in 10 weeks is at most 0.775 a week: 12.4 in the 16 that are free, 27 are missing
    # g: 25 in all 26 weeks; what comes in replaces what drops out
    # h: 6 of 13 weeks without an end: 0.435 to 1.974 a week; 7 more take 3.5 to 16.1
    told = readiness(
        [
            Supply("a", "decided", 30, 30, 26, 26),
            Supply("b", "decided", 10, 30, 10, 26),
            Supply("c", "decided", 20, 30, 10, 26),
            Supply("d", "decided", 0, 30, 0, 26),
            Supply("e", "decided", 40, 30, 26, 26, "an export"),
            Supply("f", "decided", 3, 30, 10, 26),
            Supply("g", "decided", 25, 30, 60, 26),
            Supply("h", "weeks", 6, 13, 6),
            Supply("i", "past goal periods", 2, 4, 40, 0, "", 19),
        ]
    ).set_index("what")
    assert told["state"].to_dict() == {
        "a": "ready",
        "b": "in time",
        "c": "in time",
        "d": "cannot be told",
        "e": "missing",
        "f": "too few at this pace",
        "g": "too few at this pace",
        "h": "in time",
        "i": "in time",
    }
    assert told["weeks_least"].dropna().to_dict() == {"b": 12, "c": 4, "h": 4, "i": 19}
    assert told["weeks_most"].dropna().to_dict() == {"c": 8, "h": 17, "i": 19}


def test_a_range_of_weeks_is_said_in_words():
    told = readiness([Supply("c", "decided", 20, 30, 10, 26), Supply("b", "decided", 10, 30, 10, 26)])
    first, second = (words.ready(row) for row in told.to_dict("records"))
    assert first == "20 of 30 decided in 26 weeks; enough in 4 to 8 weeks at the pace so far"
    assert second.endswith("enough in 12 weeks at the earliest, or not within the weeks it is read over")

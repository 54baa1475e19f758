"""The self-check: levels by hand, what is not known is never a zero, what helps first."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

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
from spm_lib.judgement.readiness import Supply, readiness

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
    # 4 of 20 break a rule, 20 %: level 2; 1 of 20, 5 %: level 4, but 2 of 100 rows refused: 2
    fresh = BesideFacts(0, 0, 1.0, 8, ("opportunities", "activities"), 20, 4, 100, 0)
    assert levels(beside=fresh)["tools connected", "tools connected"] == 3
    assert levels(beside=fresh)["data clean", "data clean"] == 2
    refused = BesideFacts(0, 0, 1.0, 8, ("opportunities",), 20, 1, 100, 2)
    assert levels(beside=refused)["data clean", "data clean"] == 2


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


def test_how_long_until_there_is_enough_by_hand():
    # 10 in 10 weeks is 1 a week: 30 after 30 weeks, more than the 26 it is read over
    # 20 in 10 weeks is 2 a week: 30 after 15 weeks, 5 more
    told = readiness(
        [
            Supply("a", "decided", 30, 30, 26, 26),
            Supply("b", "decided", 10, 30, 10, 26),
            Supply("c", "decided", 20, 30, 10, 26),
            Supply("d", "decided", 0, 30, 0, 26),
            Supply("e", "decided", 40, 30, 26, 26, "an export"),
        ]
    )
    assert told["state"].tolist() == ["ready", "too few at this pace", "in time", "cannot be told", "missing"]
    assert told["weeks_left"].dropna().tolist() == [5]

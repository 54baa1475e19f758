"""Improvement plans: read whole, contradictions told with their line, on the pages while they matter."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib import standings
from spm_lib.errors import DocumentError
from spm_lib.meetings import Plans, check_plans, plan_of, plans_running, reps_with_a_plan
from spm_lib.meetings.improvement_models import ACTIVITY, OUTCOME
from tests.meetings.improvement_made import PLAN, filled, text, write


@pytest.fixture
def folder(tmp_path):
    return filled(tmp_path)


def faults(folder, client):
    return [(one.what, one.where, one.given) for one in check_plans(folder, client)]


def one_fault(folder, client):
    (found,) = check_plans(folder, client)
    return found


def line(path, start):
    """The number of the first line of a file that begins so."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, one in enumerate(lines, start=1) if one.strip().startswith(start))


def test_what_a_criterion_may_be_is_what_a_standing_can_be_told_of():
    assert set(ACTIVITY) | set(OUTCOME) == set(standings._FACTS)


def test_a_plan_is_read_with_the_rep_by_id_and_the_checkpoints_of_the_method(folder, client):
    write(folder, rep="Ana Lopez", comment="I want\nthe visits back")
    (plan,) = Plans.load(folder, client).all
    assert (plan.rep, plan.starts_on, plan.ends_on) == ("ana", date(2026, 11, 16), date(2027, 2, 14))
    assert plan.front.looked_at_on == (date(2026, 12, 16), date(2027, 1, 15), date(2027, 2, 14))
    assert [(one.kind, one.direction, one.threshold) for one in plan.front.criteria] == [
        ("activity", "at least", 14.0),
        ("outcome", "at least", 0.30),
    ]
    assert plan.front.comment == "I want the visits back"
    assert (plan.prose, plan.file) == ("Why we do this.", "improvement/2026-11-16-ana.md")


def test_checkpoints_beyond_a_shorter_plan_are_left_out(folder, client):
    write(folder, ends_on="2027-01-20", criteria=[{**one, "weeks": 4} for one in PLAN["criteria"]])
    assert plan_of(folder, client, "ana", date(2026, 11, 16)).front.looked_at_on == (
        date(2026, 12, 16),
        date(2027, 1, 15),
    )


def test_a_client_without_a_folder_has_no_plans(tmp_path, client):
    assert Plans.load(tmp_path, client).all == ()
    assert check_plans(tmp_path, client) == []
    assert reps_with_a_plan(tmp_path, client, date(2026, 11, 22)) == []


WRONG = {
    "unknown rep": ({"rep": "zoe"}, "unknown rep", "rep:", "zoe"),
    "not a day": ({"starts_on": 0}, "starts_on: not a day, write it like 2026-11-02", "starts_on:", 0),
    "end before the start": (
        {"ends_on": "2026-11-01"},
        "the plan ends before it begins",
        "ends_on:",
        "2026-11-01",
    ),
    "checkpoint outside": (
        {"checkpoints": ["2026-12-16", "2027-02-15"]},
        "a checkpoint lies outside the plan",
        "- '2027-02-15'",
        "2027-02-15",
    ),
    "checkpoint on the first day": (
        {"checkpoints": ["2026-11-16"]},
        "a checkpoint lies outside the plan",
        "- '2026-11-16'",
        "2026-11-16",
    ),
    "checkpoints out of order": (
        {"checkpoints": ["2027-01-15", "2026-12-16"]},
        "the checkpoints are not in order",
        "- '2026-12-16'",
        "2026-12-16",
    ),
    "unknown metric": (
        {"expectation": "win_rat"},
        None,
        "expectation:",
        "win_rat",
    ),
    "a standard of no document": (
        {"expectation": "attainment"},
        "no document in force on 2026-11-16 sets this standard for ana",
        "expectation:",
        "attainment",
    ),
    "another document": (
        {"document": "crm_usage"},
        "the standard does not stand in this document",
        "document:",
        "crm_usage",
    ),
    "support too late": (
        {"support": [{"what": "A car", "by": "owner", "due": "2027-03-01"}]},
        "support is due after the plan ends",
        "due:",
        "2027-03-01",
    ),
    "no support": ({"support": []}, "the company provides nothing", "support:", None),
    "support by a stranger": (
        {"support": [{"what": "A car", "by": "zoe", "due": "2026-12-01"}]},
        None,
        "by:",
        "zoe",
    ),
    "half a finding": (
        {"external": [{"checked_on": "2026-11-12", "what": "leads"}]},
        "external.0: say both checked_on and found, or neither",
        "- checked_on",
        None,
    ),
    "a check-in before the plan": (
        {"check_ins": [{"on": "2026-11-12", "said": "Hello"}]},
        "a check-in before the plan began",
        "- 'on'",
        "2026-11-12",
    ),
    "an unknown key": ({"score": 3}, "unknown key score", "score:", None),
    "an unknown step": (
        {"acknowledged": {"goals": {"read_on": "2026-11-16"}}},
        None,
        "goals:",
        "goals",
    ),
    "an outcome before the end": (
        {"outcome": {"result": "met", "on": "2027-01-20"}},
        "an outcome before the end without a reason",
        "outcome:",
        "2027-01-20",
    ),
    "ended without a reason": (
        {"outcome": {"result": "ended", "on": "2027-02-14"}},
        "outcome.0: ended without a reason, add `why:`",
        "outcome:",
        None,
    ),
    "extended without a day": (
        {"outcome": {"result": "extended", "on": "2027-02-14", "why": "Illness"}},
        "outcome.0: an extension, and nothing else, says `until:`",
        "outcome:",
        None,
    ),
    "met until a day": (
        {"outcome": {"result": "met", "on": "2027-02-14", "until": "2027-03-01"}},
        "outcome.0: an extension, and nothing else, says `until:`",
        "outcome:",
        None,
    ),
    "extended to the past": (
        {"outcome": {"result": "extended", "on": "2027-02-14", "why": "Illness", "until": "2027-02-01"}},
        "an extension that extends nothing",
        "outcome:",
        "2027-02-01",
    ),
    "an outcome before the plan": (
        {"outcome": {"result": "met", "on": "2026-11-01", "why": "Early"}},
        "an outcome before the plan began, or before the last one",
        "outcome:",
        "2026-11-01",
    ),
    "success without success": (
        {"sustain_until": "2027-05-01"},
        "a sustain period without success",
        "sustain_until:",
        "2027-05-01",
    ),
    "a sustain period of no time": (
        {"outcome": {"result": "met", "on": "2027-02-14"}, "sustain_until": "2027-02-14"},
        "the sustain period ends at once",
        "sustain_until:",
        "2027-02-14",
    ),
    "another outcome after the end": (
        {
            "outcome": [
                {"result": "met", "on": "2027-02-14"},
                {"result": "ended", "on": "2027-02-20", "why": "Left"},
            ]
        },
        "an outcome after which another follows",
        "- result: met",
        "met",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_contradiction_is_told_with_its_line(case, folder, client):
    changes, what, start, given = WRONG[case]
    path = write(folder, **changes)
    found = check_plans(folder, client)
    said = [one for one in found if what is None or one.what == what]
    assert said, [one.what for one in found]
    assert said[0].where == f"improvement/2026-11-16-ana.md, line {line(path, start)}"
    assert said[0].given == given
    with pytest.raises(DocumentError):
        Plans.load(folder, client)


ACTIVITY_LINE, OUTCOME_LINE = PLAN["criteria"]
MEETINGS_LINE = {"metric": "meetings_held", "at_least": 3, "weeks": 4, "minimum_n": 4}
CRITERIA = {
    "fewer than two criteria": [OUTCOME_LINE],
    "more than three criteria": [
        ACTIVITY_LINE,
        OUTCOME_LINE,
        MEETINGS_LINE,
        {"metric": "win_rate_broad", "at_least": 0.3, "weeks": 4, "minimum_n": 4},
    ],
    "no criterion is an activity": [OUTCOME_LINE, {**OUTCOME_LINE, "metric": "win_rate_broad"}],
    "no criterion is an outcome": [ACTIVITY_LINE, MEETINGS_LINE],
    "two criteria on one metric": [ACTIVITY_LINE, OUTCOME_LINE, {**OUTCOME_LINE, "weeks": 6}],
    "unknown metric": [ACTIVITY_LINE, OUTCOME_LINE, {**MEETINGS_LINE, "metric": "calls_made"}],
    "nothing a week of one rep can be held against": [
        ACTIVITY_LINE,
        OUTCOME_LINE,
        {**MEETINGS_LINE, "metric": "forecast"},
    ],
    "no document knows this criterion": [
        ACTIVITY_LINE,
        OUTCOME_LINE,
        {"metric": "attainment", "at_least": 1, "weeks": 4, "minimum_n": 1},
    ],
    "a criterion asks for more than was agreed": [{**ACTIVITY_LINE, "at_least": 15}, OUTCOME_LINE],
    "a criterion the other way round than agreed": [
        {"metric": "conversations", "at_most": 14, "weeks": 4, "minimum_n": 4},
        OUTCOME_LINE,
    ],
    "a criterion wants more weeks than lie inside its time": [
        {**ACTIVITY_LINE, "weeks": 4, "minimum_n": 5},
        OUTCOME_LINE,
    ],
    "a criterion looks back further than the plan lasts": [ACTIVITY_LINE, {**OUTCOME_LINE, "weeks": 14}],
}


@pytest.mark.parametrize("what", CRITERIA)
def test_criteria_are_two_or_three_documented_and_measurable(what, folder, client):
    write(folder, criteria=CRITERIA[what])
    assert what in [one.what for one in check_plans(folder, client)]


def test_a_week_that_the_plan_cuts_in_two_is_none_of_its_weeks(folder, client):
    """From Wednesday 18 November for 91 days: thirteen weeks, twelve of them whole, Monday to Sunday."""
    dates = {"starts_on": "2026-11-18", "ends_on": "2027-02-16", "name": "2026-11-18-ana.md"}
    write(folder, **dates)  # the last four whole ones are there, whatever day it ends on
    assert check_plans(folder, client) == []
    every = {**ACTIVITY_LINE, "weeks": 13, "minimum_n": 13}
    write(folder, **dates, criteria=[every, OUTCOME_LINE])
    fault = one_fault(folder, client)
    assert fault.what == "a criterion wants more weeks than lie inside its time"
    assert (fault.given, fault.remedy[:14]) == (13, "12 whole weeks")


@pytest.mark.parametrize(
    "numbers",
    [
        {"at_least": 14, "at_most": 20},
        {"at_least": None},
        {"at_least": float("nan")},
        {"at_least": -1},
        {"weeks": 0},
        {"minimum_n": 0},
    ],
)
def test_a_criterion_without_one_clear_number_is_refused(numbers, folder, client):
    changed = {key: one for key, one in {**ACTIVITY_LINE, **numbers}.items() if one is not None}
    write(folder, criteria=[changed, OUTCOME_LINE])
    assert one_fault(folder, client).where.startswith("improvement/2026-11-16-ana.md, line ")


def test_a_criterion_below_what_was_agreed_is_a_first_step_and_allowed(folder, client):
    write(folder, criteria=[{**ACTIVITY_LINE, "at_least": 10}, {**OUTCOME_LINE, "at_least": 0.25}])
    assert check_plans(folder, client) == []


def test_every_fault_is_told_at_once(folder, client):
    write(folder, rep="zoe", checkpoints=["2028-01-01"], sustain_until="2028-02-01", criteria=[OUTCOME_LINE])
    told = {one.what for one in check_plans(folder, client)}
    assert told >= {
        "unknown rep",
        "a checkpoint lies outside the plan",
        "a sustain period without success",
        "fewer than two criteria",
    }


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ana.md", "not the name of an improvement plan"),
        ("2026-11-17-ana.md", "starts_on and the file’s name disagree"),
        ("2026-11-16-ben.md", "rep and the file’s name disagree"),
    ],
)
def test_the_name_of_the_file_says_what_the_front_matter_says(name, what, folder, client):
    write(folder, name)
    assert one_fault(folder, client).what == what


@pytest.mark.parametrize(
    "content", ["", "no front matter", "---\nrep: [\n---\n", "---\nrep: a\nrep: b\n---\n", "---\n---\n"]
)
def test_what_is_no_document_is_refused_with_its_name(content, folder, client):
    write(folder, content=content)
    assert one_fault(folder, client).where.startswith("improvement/2026-11-16-ana.md")


def test_a_file_that_is_not_text_is_refused(folder, client):
    write(folder).write_bytes(b"---\nrep: \xff\n---\n")
    assert one_fault(folder, client).what == "the file is not UTF-8 text"


def test_nothing_can_be_required_and_left_out(folder, client):
    for key in ("rep", "expectation", "starts_on", "ends_on", "criteria", "support"):
        write(folder, **{key: None})
        assert f"{key} is missing" in [one.what for one in check_plans(folder, client)]


def test_two_plans_of_one_rep_at_once_are_told_and_two_one_after_the_other_are_not(folder, client):
    write(folder)
    write(folder, "2027-03-01-ana.md", starts_on="2027-03-01", ends_on="2027-06-01")
    found = one_fault(folder, client)  # the first has no outcome yet and runs on
    assert found.what == "two plans of ana at once"
    assert found.given == "improvement/2026-11-16-ana.md and improvement/2027-03-01-ana.md"
    write(folder, outcome={"result": "met", "on": "2027-02-14"})
    assert check_plans(folder, client) == []
    write(folder, "2026-11-16-ben.md", rep="ben", criteria=[])  # another rep is another matter
    assert "two plans of ben at once" not in [one.what for one in check_plans(folder, client)]


def shown(folder, client, *days):
    return [[rep.id for rep in reps_with_a_plan(folder, client, date.fromisoformat(day))] for day in days]


def test_a_plan_is_on_the_pages_from_its_first_day_until_somebody_writes_what_came_of_it(folder, client):
    write(folder)
    days = ("2026-11-15", "2026-11-16", "2027-02-14", "2027-12-31")
    assert shown(folder, client, *days) == [[], ["ana"], ["ana"], ["ana"]]


def test_a_plan_runs_from_its_first_day_until_its_outcome(folder, client):
    write(folder)
    assert plans_running(folder, client, date(2026, 11, 15)) == {}
    assert plans_running(folder, client, date(2026, 11, 16)) == {"ana": date(2026, 11, 16)}
    write(folder, outcome={"result": "met", "on": "2027-02-14"})
    assert plans_running(folder, client, date(2027, 2, 15)) == {}


def test_after_success_it_stays_for_the_sustain_period_and_four_weeks(folder, client):
    write(folder, outcome={"result": "met", "on": "2027-02-14"}, sustain_until="2027-03-31")
    days = ("2027-02-13", "2027-03-31", "2027-04-28", "2027-04-29")
    assert shown(folder, client, *days) == [["ana"], ["ana"], ["ana"], []]
    plan = Plans.load(folder, client).all[0]
    assert [plan.state(date.fromisoformat(day)) for day in days] == ["running", "sustained", "over", "over"]


def test_a_sustain_period_nobody_wrote_lasts_ninety_days(folder, client):
    write(folder, outcome={"result": "met", "on": "2027-02-14"})
    assert Plans.load(folder, client).all[0].sustain_until == date(2027, 5, 15)


def test_an_ended_plan_stays_four_weeks_and_an_extended_one_runs_on(folder, client):
    write(folder, outcome={"result": "ended", "on": "2027-02-14", "why": "A new role inside the company"})
    assert shown(folder, client, "2027-03-14", "2027-03-15") == [["ana"], []]
    longer = {"result": "extended", "on": "2027-02-14", "why": "Two visits were missing"}
    write(folder, outcome={**longer, "until": "2027-04-01"})
    assert shown(folder, client, "2027-03-15", "2027-06-01") == [["ana"], ["ana"]]
    plan = plan_of(folder, client, "ana", date(2027, 3, 1))
    assert (plan.ends_on, plan.outcome) == (date(2027, 4, 1), None)
    assert plan_of(folder, client, "ana", date(2027, 2, 1)).ends_on == date(2027, 2, 14)


def test_what_happened_later_is_not_known_yet(folder, client):
    write(
        folder,
        support=[{"what": "Visits", "by": "manager", "due": "2026-12-04", "done_on": "2026-12-03"}],
        external=[{"what": "leads", "checked_on": "2026-12-01", "found": "As many as the others"}],
        check_ins=[{"on": "2026-12-01", "said": "Good"}],
        acknowledged={"gap": {"read_on": "2026-11-16", "reviewed_on": "2026-12-02"}},
        outcome={"result": "met", "on": "2027-02-14"},
    )
    before, after = (plan_of(folder, client, "ana", day) for day in (date(2026, 11, 30), date(2027, 2, 14)))
    gap = before.front.acknowledged["gap"]
    assert (gap.read_on, gap.reviewed_on) == (date(2026, 11, 16), None)
    assert (before.front.support[0].done_on, before.front.external[0].found) == (None, None)
    assert (before.front.check_ins, before.outcome) == ((), None)
    assert (after.front.support[0].done_on, after.outcome.result) == (date(2026, 12, 3), "met")


def test_a_broken_document_is_told_where_documents_are_checked(folder, client):
    (folder / "expectations" / "broken.md").write_text("no front matter", encoding="utf-8")
    write(folder)
    assert check_plans(folder, client) == []


def test_on_is_a_key_however_yaml_reads_it(folder, client):
    lines = "check_ins:\n  - {on: 2026-12-01, said: Good}\noutcome: {result: met, on: 2027-02-14}\n---\n"
    content = text().rpartition("---\n")[0] + lines
    write(folder, content=content)
    plan = plan_of(folder, client, "ana", date(2027, 2, 14))
    assert (plan.front.check_ins[0].on, plan.outcome.on) == (date(2026, 12, 1), date(2027, 2, 14))


def test_files_of_editors_are_left_alone(folder, client):
    write(folder, ".2026-11-16-ana.md", content="half")
    write(folder, "notes.txt", content="half")
    assert check_plans(folder, client) == []
    assert text().startswith("---\nrep: ana")

"""Everything wrong with a client's documents is told at once, each with its file and line."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib.client import Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations import Expectations, acknowledge, check_documents, read_document

METRICS = ("attainment", "win_rate_by_count")


def told(folder, client):
    """File, line and fault of every problem."""
    return [(one.file, one.line, one.what) for one in check_documents(folder, client, METRICS)]


def test_nothing_wrong_is_nothing_told(folder, client, put):
    put("a.md", "sales_process", "applies_to: [rep]\njudged_by: [{metric: attainment, at_least: 1}]")
    acknowledge(folder, client, "sales_process", "ana", "read", date(2026, 2, 2))
    assert told(folder, client) == []


def test_every_fault_of_every_document_is_told_at_once(folder, client, put):
    put("a.md", "sales_process", "stagez: []\nlead_response_hours: -1\njudged_by: [{metric: x}]")
    put("b.md", "crm_usage", "rules: [{rule: no_such_rule}]")
    put(
        "c.md",
        "team_culture",
        "judged_by:\n  - {metric: attainment, at_least: 1}\n  - {metric: atainment, at_most: 2}",
    )
    (folder / "expectations" / "d.md").write_text("no front matter")
    (folder / "expectations" / "e.md").write_bytes(b"---\n\xff\n---\n")
    (folder / "acknowledgements.csv").write_text(
        "document,version,rep,read_on,reviewed_on,reinforced_on\n"
        "team_culture,0123456789ab,ana,soon,,\n"
        "team_culture,0123456789ab,zed,2026-01-01,,\n"
    )
    found = told(folder, client)
    assert [(file, line) for file, line, _ in found] == [
        ("acknowledgements.csv", 2),
        ("acknowledgements.csv", 3),
        ("expectations/a.md", 5),
        ("expectations/a.md", 6),
        ("expectations/a.md", 7),
        ("expectations/b.md", 5),
        ("expectations/c.md", 7),
        ("expectations/d.md", 1),
        ("expectations/e.md", None),
    ]
    # and what loading refuses is the first of them
    with pytest.raises(DocumentError) as refusal:
        read_document(folder / "expectations" / "a.md")
    assert "(3 faults in all)" in str(refusal.value)


def test_a_metric_nobody_knows_is_told_with_the_known_ones(folder, client, put):
    put("a.md", "sales_process", "judged_by: [{metric: win_rate, at_least: 0.3}]")
    [problem] = check_documents(folder, client, METRICS)
    assert (problem.given, problem.where) == ("win_rate", "expectations/a.md, line 5")
    said = "did you mean win_rate_by_count? `spm metric --list` names all of them"
    assert problem.remedy == said


def test_a_name_that_is_no_rep_and_no_role_is_told(folder, client, put):
    put(
        "a.md",
        "job_description",
        "applies_to: [closer]\njudged_by: [{metric: attainment, at_least: 1, applies_to: [zed]}]",
    )
    put("b.md", "individual_plan", "applies_to: [rep]")  # a plan is a person's, not a role's
    put(
        "c.md",
        "sales_goals",
        "quotas:\n  - {rep: ana, period: 2026, amount: 1}\n  - {rep: rep, period: 2026, amount: 1}",
    )
    found = check_documents(folder, client, METRICS)
    assert [(one.file[-4:], one.line, one.given) for one in found] == [
        ("a.md", 5, "closer"),
        ("a.md", 6, "zed"),
        ("b.md", 5, "rep"),
        ("c.md", 7, "rep"),
    ]
    assert found[2].remedy == "in client.yaml: ana, ben, cy"
    from_exports = client.model_copy(update={"reps": (), "reps_from_exports": True})
    assert told(folder, from_exports) == []


def test_versions_that_overlap_are_told(folder, client, put):
    put("a.md", "crm_usage", "effective_to: 2026-07-02", begins="2026-01-01")
    put("b.md", "crm_usage", begins="2026-07-01")
    put("c.md", "crm_usage", begins="2026-07-01", body="Other words.")
    put("d.md", "job_description", "applies_to: [ana]\neffective_to: 2026-12-01")
    put("e.md", "job_description", "applies_to: [ben]", begins="2026-02-01")
    assert told(folder, client) == [
        ("expectations/a.md", 5, "it ends on 2026-07-02, but b.md begins on 2026-07-01"),
        ("expectations/a.md", 5, "it ends on 2026-07-02, but c.md begins on 2026-07-01"),
        ("expectations/c.md", 4, "it begins on the day on which b.md begins"),
    ]


def test_a_version_may_end_on_the_day_the_next_begins(folder, client, put):
    put("a.md", "crm_usage", "effective_to: 2026-07-01", begins="2026-01-01")
    put("b.md", "crm_usage", "supersedes: a", begins="2026-07-01")
    assert told(folder, client) == []
    put("a.md", "crm_usage", "efective_to: 2026-07-01")  # it cannot be read, but it is there
    assert [one[0] for one in told(folder, client)] == ["expectations/a.md"]
    put("a.md", "crm_usage", "effective_to: 2026-07-01")
    put("b.md", "crm_usage", "supersedes: b", begins="2026-07-01")
    assert told(folder, client) == [("expectations/b.md", 5, "it supersedes no document there is")]


GOALS = """\
quotas:
  - {rep: ana, period: 2026-Q4, amount: 100000}
  - {rep: ben, period: 2026-Q4, amount: 80000, ramp_rate: 0.5}
  - {rep: cy, period: 2026-Q4, amount: 60000, ramp_rate: 0.5, proration_rate: 0.5}
  - {team: true, period: 2026-Q4, amount: 155000}
  - {team: true, period: 2026-Q4, amount: 1, business: new}
"""


def test_goals_that_do_not_add_up_are_a_finding_and_no_refusal(folder, client, put):
    # 100,000 + 80,000 × ½ + 60,000 × ½ × ½ = 155,000; no rep has a goal for new business, so nothing to add
    put("a.md", "sales_goals", GOALS)
    assert told(folder, client) == []
    put("a.md", "sales_goals", GOALS.replace("155000", "155002"))
    [(file, line, what)] = told(folder, client)
    assert (file, line) == ("expectations/a.md", 9)
    assert what == "the reps' goals from 2026-10-01 to 2027-01-01 add up to 155,000, the team's is 155,002"
    assert len(Expectations.load(folder, client).documents) == 1


def test_a_later_version_restates_goals_before_they_are_added(folder, client, put):
    put("a.md", "sales_goals", GOALS)
    put("b.md", "sales_goals", "quotas: [{rep: ana, period: 2026-Q4, amount: 90000}]", begins="2026-10-01")
    [(_, _, what)] = told(folder, client)
    assert "add up to 145,000, the team's is 155,000" in what
    team = "quotas:\n  - {rep: ana, period: 2026-Q4, amount: 90000}\n"
    team += "  - {team: true, from: 2026-10-01, to: 2027-01-01, amount: 145000}"
    put("b.md", "sales_goals", team, begins="2026-10-01")
    assert told(folder, client) == []


def test_goals_that_are_still_being_written_are_not_added(folder, client, put):
    put("a.md", "sales_goals", GOALS)
    put("b.md", "sales_goals", "quotas: [{rep: ana, period: 2026-Q4, amount: 1}]", begins="9999-12-31")
    assert told(folder, client) == []


def test_a_managers_goal_is_not_added(folder, client, put):
    put("a.md", "sales_goals", GOALS + "  - {rep: kim, period: 2026-Q4, amount: 155000}\n")
    reps = (*client.reps, Rep(id="kim", role="manager"))
    assert told(folder, client.model_copy(update={"reps": reps})) == []


def test_a_goal_for_no_time_is_told_with_its_line(folder, client, put):
    put("a.md", "sales_goals", "quotas:\n  - {rep: ana, period: 2026-Q5, amount: 1}")
    put("b.md", "individual_plan", "applies_to: [ana]\ngoals:\n  - {period: autumn, amount: 1}")
    put("c.md", "sales_goals", "quotas:\n  - {team: true, period: 9999-Q4, amount: 1}", begins="2026-02-01")
    assert told(folder, client) == [
        ("expectations/a.md", 6, "not a goal period"),
        ("expectations/b.md", 7, "not a goal period"),
        ("expectations/c.md", 6, "not a goal period"),
    ]


def test_an_acknowledgement_of_words_that_were_edited_is_told_until_the_new_ones_are(folder, client, put):
    put("a.md", "team_culture")
    acknowledge(folder, client, "team_culture", "ana", "read", date(2026, 2, 2))
    put("a.md", "team_culture", body="Other words.")
    assert told(folder, client) == [
        ("acknowledgements.csv", 2, "ana acknowledged a team_culture that was edited since")
    ]
    acknowledge(folder, client, "team_culture", "ana", "read", date(2026, 3, 2))
    assert told(folder, client) == []


def test_a_check_writes_nothing(folder, client, put):
    put("a.md", "sales_goals", GOALS.replace("155000", "1"))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    check_documents(folder, client, METRICS)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

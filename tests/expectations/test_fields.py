"""What each of the seven documents may hold, whom a file name speaks of, and which standards come of it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib.client import Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations import Expectations, read_document
from spm_lib.expectations.documents import examine

PLAN = """\
applies_to: [ana]
goals:
  - period: 2026
    amount: 70000
    business: new
    strategies:
      - {what: Ask for introductions, status: dropped, why: Nobody answered}
  - {from: 2026-01-01, to: 2026-07-01, amount: 5000, account: "77", territory: North}
personal_goal: A boat
target_accounts:
  - {id: "77", name: Seventy-seven}
weekly_activity:
  - {what: conversations, count: 12}
assumptions: {conversations_per_opportunity: 4, win_rate: 0.3, amount_per_win: 8000}
obstacles:
  - {what: Snow}
development:
  - {what: Price talks, how: Two visits, due: 2026-03-01}
resources:
  - {what: A list, promised_by: owner, due: 2026-02-01, supplied_on: 2026-02-03}
agreed_on: 2025-12-20
amendments:
  - {amended_on: 2026-02-01, what: Less, reason: Snow}
"""


def test_an_individual_plan_holds_what_the_rep_means_to_do(put):
    front = read_document(put("individual_plan-ana.md", "individual_plan", PLAN)).front
    assert front.goals[0].period == "2026"
    assert front.goals[0].strategies[0].why == "Nobody answered"
    assert front.goals[1].to_day == date(2026, 7, 1)
    assert front.resources[0].supplied_on == date(2026, 2, 3)
    assert front.amendments[0].reason == "Snow"


@pytest.mark.parametrize(
    ("old", "new", "told", "line"),
    [
        ("why: Nobody answered", "why:", "say why it was dropped", 11),
        ("status: dropped", "status: lost", "status", 11),
        ("personal_goal", "personel_goal", "known keys: ", 13),
        ("amount: 70000", "amount: .inf", "amount", 8),
        ("period: 2026\n", "period: 2026\n    from: 2026-01-01\n    to: 2026-02-01\n", "for which time", 7),
        ("win_rate: 0.3", "win_rate: 30", "win_rate", 18),
        ("amended_on: 2026-02-01", "amended_on: 2025-02-01", "before the plan was agreed", 2),
        ("reason: Snow", "why: Snow", "reason is missing", 27),
        ("applies_to: [ana]", "applies_to: [ana, ben]", "one rep's", 2),
        ("applies_to: [ana]", "applies_to: []", "one rep's", 2),
    ],
)
def test_what_a_plan_cannot_say_is_refused_with_its_line(put, old, new, told, line):
    assert old in PLAN
    path = put("x.md", "individual_plan", PLAN.replace(old, new, 1))
    with pytest.raises(DocumentError) as refusal:
        read_document(path)
    assert told in str(refusal.value)
    assert examine(path).problems[0].line == line


@pytest.mark.parametrize(
    ("kind", "matter", "told"),
    [
        ("job_description", "responsibilities: [Sells]\nduties: [x]", "known keys: "),
        ("job_description", "responsibilities: ['']", "responsibilities"),
        ("team_culture", "agreements: [We ask]\npulse: [x]", "pulse_questions"),
        ("crm_usage", "required_fields: [amount]", "required_fields"),
        ("crm_usage", "log_within_hours: 0", "log_within_hours"),
        ("crm_usage", "rules: [{rule: untouched_days, limit: .nan}]", "finite"),
        ("sales_process", "judged_by: [{metric: attainment, at_least: .nan}]", "finite"),
        ("sales_process", "stages: [{id: a, name: A, expected_days: .inf}]", "finite"),
        ("team_culture", "effective_to: 20270101", "not a day"),
        ("team_culture", "effective_to: '20270101'", "not a day"),
        ("team_culture", "effective_to: 2027-01-01 10:30:00", "effective_to"),
        ("team_culture", "1: 2", "str"),
        ("compensation_plan", "tiers: [{from: 0, rate: .nan}]", "finite"),
        ("sales_process", "prospecting: [{scope: opportunty, days: 3}]", "scope"),
        ("sales_process", "nurturing: [{scope: account, days: 0}]", "days"),
        ("sales_process", "nurturing: {each: [{scope: account, days: 1}]}", "in_words, every"),
        ("compensation_plan", "base: {amount: 1}", "write at least one"),
        ("compensation_plan", "tiers: [{from: 0, rate: 0.1, rates: 1}]", "known keys: from, rate"),
        ("individual_plan-ana", "applies_to: [ben]", "for ana, and `applies_to:` says ben"),
        ("sales_goals-2026", "", "more than the kind"),
    ],
)
def test_a_key_or_value_nobody_knows_is_refused(put, kind, matter, told):
    with pytest.raises(DocumentError) as refusal:
        read_document(put("x.md", kind, matter))
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "applies_to"),
    [
        ("job_description.md", "[closer]"),
        ("job_description-closer.md", "[closer]"),
        ("job_description-Senior-Closer.md", "[senior  closer]"),
        ("job_description-closer-2026.md", "[closer]"),
        ("job_description-closer-2026-autumn.md", "[closer]"),
        ("job_description-2026.md", "[]"),
        ("what-closers-do.md", "[closer]"),
    ],
)
def test_a_file_name_that_says_whom_it_is_for_agrees_with_the_document(put, name, applies_to):
    assert read_document(put(name, "job_description", f"applies_to: {applies_to}")).file == name


@pytest.mark.parametrize(
    ("name", "applies_to", "told"),
    [
        ("job_description-closer.md", "[setter]", "closer, and `applies_to:` says setter"),
        ("job_description-closer.md", "[]", "closer, and `applies_to:` says everybody"),
        ("job_description-closer.md", "[closer, setter]", "says closer, setter"),
        (
            "individual_plan-closer.md",
            "[closer]",
            "says individual_plan, and `document:` says job_description",
        ),
    ],
)
def test_a_file_name_that_says_somebody_else_is_refused_with_both(put, name, applies_to, told):
    with pytest.raises(DocumentError) as refusal:
        read_document(put(name, "job_description", f"applies_to: {applies_to}"))
    assert told in str(refusal.value)
    assert f"{name}, line 5" in str(refusal.value)


@pytest.mark.parametrize(
    ("matter", "told"),
    [
        ("title: Another", "a key stands twice"),
        ("judged_by: [{metric: a, at_least: 1, at_least: 2}]", "a key stands twice"),
        ("applies_to: &a [ana]\nacknowledged_by: *a", "write it out"),
        ("x: " + "[" * 5000, "nests without end"),
        ("effective_to: 2026-02-30", "YAML"),
        ("x: \x07", "YAML"),
        ("? [a, b]\n: 1", "unknown key"),
    ],
)
def test_yaml_that_would_mean_something_else_than_it_reads_is_refused(put, matter, told):
    with pytest.raises(DocumentError) as refusal:
        read_document(put("x.md", "team_culture", matter))
    assert told in str(refusal.value) or "not YAML" in str(refusal.value)
    assert "x.md" in str(refusal.value)


def test_a_folder_that_is_called_like_a_document_is_told(folder):
    (folder / "expectations" / "x.md").mkdir()
    with pytest.raises(DocumentError, match="cannot be read"):
        read_document(folder / "expectations" / "x.md")


def test_a_cadence_is_words_or_days_and_the_metric_gets_the_days(put, folder, client):
    matter = "prospecting: Three calls in ten days.\n"
    matter += "nurturing: [{scope: account, days: 60}, {scope: opportunity, id: proposal, days: 7}]"
    put("sales_process.md", "sales_process", matter)
    expectations = Expectations.load(folder, client)
    cadences = expectations.cadences(date(2026, 5, 1))
    assert cadences["scope"].tolist() == ["account", "opportunity"]
    assert cadences["days"].tolist() == [60.0, 7.0]
    assert cadences["id"].isna().tolist() == [True, False]
    assert expectations.in_force("sales_process", date(2026, 5, 1)).front.prospecting.in_words[:5] == "Three"
    assert expectations.cadences(date(2025, 5, 1)).empty


def test_target_accounts_are_those_of_the_plans_in_force(put, folder, client):
    put("a.md", "individual_plan", PLAN)
    put("b.md", "individual_plan", PLAN.replace("ana", "ben").replace('"77"', '"78"'), begins="2026-07-01")
    expectations = Expectations.load(folder, client)
    assert expectations.targets(date(2026, 6, 30))["account_id"].tolist() == ["77"]
    both = expectations.targets(date(2026, 7, 1))
    assert both["rep_id"].tolist() == ["ana", "ben"]
    assert both["agreed_on"].tolist() == [pd.Timestamp("2025-12-20")] * 2


def test_standards_of_two_roles_hold_side_by_side(put, folder, client):
    judged = "judged_by: [{{metric: win_rate_by_count, at_least: {}}}]\napplies_to: [{}]"
    put("a.md", "job_description", judged.format(0.3, "closer"))
    put("b.md", "job_description", judged.format(0.2, "setter"))
    put("c.md", "job_description", judged.format(0.25, "ben"))
    reps = (Rep(id="ana", role="closer"), Rep(id="ben", role="closer"), Rep(id="cy", role="setter"))
    expectations = Expectations.load(folder, client.model_copy(update={"reps": reps}))
    held = expectations.standards(date(2026, 5, 1))[["threshold", "applies_to"]].values.tolist()
    # ben's own description takes the place of the closers'
    assert held == [[0.3, ("ana",)], [0.2, ("cy",)], [0.25, ("ben",)]]


def test_a_later_version_takes_the_place_of_the_earlier_for_its_role_only(put, folder, client):
    judged = "judged_by: [{{metric: win_rate_by_count, at_least: {}}}]\napplies_to: [{}]"
    put("a.md", "job_description", judged.format(0.3, "closer"))
    put("b.md", "job_description", judged.format(0.2, "setter"))
    put("c.md", "job_description", judged.format(0.4, "closer"), begins="2026-06-01")
    reps = (Rep(id="ana", role="closer"), Rep(id="cy", role="setter"))
    expectations = Expectations.load(folder, client.model_copy(update={"reps": reps}))
    assert expectations.standards(date(2026, 5, 31))["threshold"].tolist() == [0.3, 0.2]
    assert sorted(expectations.standards(date(2026, 6, 1))["threshold"]) == [0.2, 0.4]


def test_a_plan_for_a_role_named_in_the_document_is_found(put, folder, client):
    tiers = "applies_to: [rep]\ntiers: [{from: 0, rate: 0.05}]"
    put("compensation_plan-rep.md", "compensation_plan-rep", tiers)
    expectations = Expectations.load(folder, client)
    assert expectations.for_rep("compensation_plan", client.reps[0], date(2026, 5, 1)) is not None


def test_two_plans_that_share_a_reader_never_begin_on_the_same_day(put, folder, client):
    put("a.md", "job_description", "applies_to: [closer, setter]")
    put("b.md", "job_description", "applies_to: [setter]")
    with pytest.raises(DocumentError, match="two versions"):
        Expectations.load(folder, client)

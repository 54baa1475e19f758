"""Expectation documents are read, dated and used; a fault names its file and line."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib import schemas
from spm_lib.client import Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations import Expectations, read_document

GOALS = """\
---
document: sales_goals
title: Goals 2026
effective_from: 2026-01-01
quotas:
  - {rep: ana, period: 2026-Q4, amount: 120000}
  - {rep: ben, period: 2026-11, amount: 30000, ramp_rate: 0.5}
  - {team: true, period: 2026, amount: 900000}
---
Why these goals.
"""
PROCESS = """\
---
document: sales_process
title: How we sell
effective_from: 2026-03-04
judged_by:
  - {metric: win_rate_by_count, at_least: 0.30, weeks: 26, minimum_n: 10}
stages:
  - {id: proposal, name: Proposal, expected_days: 14}
  - {id: won, name: Won, category: won}
---
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "expectations").mkdir()
    return tmp_path


def write(folder, name, text):
    (folder / "expectations" / name).write_text(text, encoding="utf-8")


def test_goals_become_quotas_for_their_periods(folder, client):
    write(folder, "sales_goals.md", GOALS)
    quotas = Expectations.load(folder, client).quotas(schemas.QUOTAS.empty(), date(2026, 11, 15))
    rows = quotas[["rep_id", "period_start", "period_end", "amount", "ramp_rate"]].values.tolist()
    assert rows[0][:4] == ["ana", pd.Timestamp("2026-10-01"), pd.Timestamp("2027-01-01"), 120000]
    assert rows[1][1:] == [pd.Timestamp("2026-11-01"), pd.Timestamp("2026-12-01"), 30000, 0.5]
    assert pd.isna(rows[2][0])
    assert rows[2][1:4] == [pd.Timestamp("2026-01-01"), pd.Timestamp("2027-01-01"), 900000]


def test_a_fiscal_quarter_is_the_clients(folder, client):
    write(folder, "sales_goals.md", GOALS)
    summer = client.model_copy(update={"fiscal_year_starts_in": 7})
    quotas = Expectations.load(folder, summer).quotas(schemas.QUOTAS.empty(), date(2026, 11, 15))
    assert quotas["period_start"][0] == pd.Timestamp("2026-04-01")
    assert quotas["period_start"][2] == pd.Timestamp("2025-07-01")


def test_goals_not_yet_in_force_do_not_count(folder, client):
    write(folder, "sales_goals.md", GOALS)
    assert Expectations.load(folder, client).quotas(schemas.QUOTAS.empty(), date(2025, 12, 31)).empty


def test_a_newer_version_restates_only_the_goals_it_names(folder, client):
    write(folder, "a.md", GOALS)
    newer = GOALS.replace("effective_from: 2026-01-01", "effective_from: 2026-11-01")
    newer = newer.replace("amount: 120000", "amount: 100000").replace("  - {team: true", "  #")
    write(folder, "b.md", newer)
    both = Expectations.load(folder, client)
    before = both.quotas(schemas.QUOTAS.empty(), date(2026, 10, 31))
    after = both.quotas(schemas.QUOTAS.empty(), date(2026, 11, 1))
    assert before.set_index("rep_id").loc["ana", "amount"] == 120000
    assert after.set_index("rep_id").loc["ana", "amount"] == 100000
    assert after["amount"].sum() == 100000 + 30000 + 900000


def test_a_managers_own_goal_is_not_added_up(folder, client):
    write(folder, "sales_goals.md", GOALS)
    with_manager = client.model_copy(update={"reps": (Rep(id="ana", role="manager"), Rep(id="ben"))})
    quotas = Expectations.load(folder, with_manager).quotas(schemas.QUOTAS.empty(), date(2026, 11, 15))
    assert quotas["rep_id"].dropna().tolist() == ["ben"]


def test_a_standard_names_the_version_it_comes_from(folder, client):
    write(folder, "sales_process.md", PROCESS)
    expectations = Expectations.load(folder, client)
    assert expectations.standards(date(2026, 3, 3)).empty
    [standard] = expectations.standards(date(2026, 3, 4)).to_dict("records")
    assert (standard["metric"], standard["direction"], standard["threshold"]) == (
        "win_rate_by_count",
        "at least",
        0.30,
    )
    assert standard["effective_from"] == date(2026, 3, 4)
    assert len(standard["version"]) == 12
    assert expectations.expected_days(date(2026, 3, 4)) == {"proposal": 14}


def test_an_edit_is_a_new_version_and_line_ends_are_not(folder):
    write(folder, "a.md", PROCESS)
    write(folder, "b.md", PROCESS.replace("0.30", "0.35"))
    (folder / "expectations" / "c.md").write_bytes(PROCESS.replace("\n", "\r\n").encode())
    versions = [read_document(folder / "expectations" / name).version for name in ("a.md", "b.md", "c.md")]
    assert versions[0] != versions[1]
    assert versions[0] == versions[2]


def test_rules_of_crm_usage_carry_their_limits(folder, client):
    rules = "---\ndocument: crm_usage\ntitle: CRM\neffective_from: 2026-01-01\nrules:\n"
    write(folder, "crm.md", rules + "  - {rule: no_amount}\n  - {rule: untouched_days, limit: 14}\n---\n")
    frame = Expectations.load(folder, client).rules(date(2026, 6, 1))
    assert frame["rule"].tolist() == ["no_amount", "untouched_days"]
    assert pd.isna(frame["limit"][0])
    assert frame["limit"][1] == 14
    assert Expectations.load(folder, client).rules(date(2025, 6, 1)).empty


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("document: sales_goals", "document: sales_gaols", "not one of the seven"),
        ("effective_from: 2026-01-01", "effective_from: 2026-02-30", "YAML"),
        ("effective_from: 2026-01-01", "effective_from: soon", "effective_from"),
        ("title: Goals 2026", "title: Goals 2026\nefective_to: 2027-01-01", "efective_to"),
        ("period: 2026-Q4", "period: 2026-Q5", "not a goal period"),
        ("rep: ana, ", "", "whose goal"),
        ("rep: ana", "rep: nobody", "rep nobody knows"),
        ("amount: 120000", "amount: -1", "amount"),
        ("---\nWhy", "Why", "never ends"),
        ("---\ndocument", "document", "no front matter"),
        ("title: Goals 2026", "title: Goals 2026\neffective_to: 2025-01-01", "effective_to"),
    ],
)
def test_a_fault_is_told_with_its_file(folder, client, old, new, told):
    write(folder, "sales_goals.md", GOALS.replace(old, new, 1))
    with pytest.raises(DocumentError) as refusal:
        Expectations.load(folder, client).quotas(schemas.QUOTAS.empty(), date(2026, 11, 15))
    assert told in str(refusal.value)
    assert "sales_goals.md" in str(refusal.value)


def test_broken_front_matter_names_its_line(folder):
    write(folder, "x.md", "---\ndocument: sales_goals\ntitle: [broken\neffective_from: 2026-01-01\n---\n")
    with pytest.raises(DocumentError) as refusal:
        read_document(folder / "expectations" / "x.md")
    assert "line 4" in str(refusal.value) or "line 3" in str(refusal.value)


def test_two_versions_never_begin_on_the_same_day(folder, client):
    write(folder, "a.md", PROCESS)
    write(folder, "b.md", PROCESS)
    with pytest.raises(DocumentError, match="two versions"):
        Expectations.load(folder, client)


def test_a_client_without_documents_has_no_standards(folder, client):
    nothing = Expectations.load(folder, client)
    assert nothing.standards(date(2026, 1, 1)).empty
    assert nothing.rules(date(2026, 1, 1)).empty
    assert nothing.quotas(schemas.QUOTAS.empty(), date(2026, 1, 1)).empty

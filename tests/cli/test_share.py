"""`spm share`: one file to hand over, with what its reader may see and nothing else."""

from __future__ import annotations

import json

import pytest

from spm_lib.publish import publish_week
from spm_lib.publish.pages import PAGES, REP, Page, on_the_team
from tests.cli.conftest import Tiny
from tests.publish.conftest import no_kernel  # noqa: F401 (a fixture)
from tests.publish.small import Markup

PLAN = """\
---
document: individual_plan
title: Plan of {name}
effective_from: 2026-01-01
applies_to: [{rep}]
goals: [{{period: 2026-Q4, amount: 1000}}]
personal_goal: {goal}
---
In my words.
"""
NEXT = """\
---
document: sales_goals
title: Goals of Ben
effective_from: 2026-11-01
acknowledged_by: [rep]
quotas: [{rep: ben, period: 2027-Q1, amount: 700}]
---
Ben carries more next year.
"""
PAY = """\
---
document: compensation_plan
title: Pay of {role}
effective_from: 2026-01-01
applies_to: [{role}]
tiers: [{{from: 0, rate: 0.05}}]
---
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The tiny client with a plan for each rep; a file without a place of its own is written to a folder."""
    monkeypatch.chdir(tmp_path)
    made = Tiny(tmp_path / "home", "tiny")
    for rep, name, goal in (("ana", "Ana Lopez", "Home by six"), ("ben", "Ben Hale", "A boat")):
        path = made.folder / "expectations" / f"individual_plan-{rep}.md"
        path.write_text(PLAN.format(rep=rep, name=name, goal=goal))
    return made


@pytest.fixture
def shared(tiny, spm, tmp_path):
    """A function: `spm share tiny` with some options, and the page it wrote."""

    def shared(*options):
        out = tmp_path / "out" / "shared.html"
        result = spm("share", "tiny", *options, "--out", str(out))
        assert (result.code, result.err) == (0, "")
        assert result.out.strip() == str(out)
        html = out.read_text(encoding="utf-8")
        read = Markup(html)
        assert read.faults == []
        assert str(tiny.folder.parent) not in html
        return read

    return shared


def refused(spm, *options):
    result = spm("share", "tiny", *options)
    assert result.code == 2, result
    assert "Traceback" not in result.err
    return result.err


# --- documents


def test_a_document_is_a_page_to_read(shared):
    page = shared("--document", "sales_process")
    assert page.tags["h1"] == 1
    assert "Sales process · effective" in page.text
    assert "version " in page.text
    assert "Tiny Works" in page.text
    assert "script" not in page.tags


def test_only_the_managers_copy_says_who_has_acknowledged_it(shared, spm):
    assert spm("acknowledge", "tiny", "sales_process", "--rep", "ana", "--on", "2026-11-20").code == 0
    assert "acknowledged it" not in shared("--document", "sales_process").text
    assert "20 Nov 2026" not in shared("--document", "sales_process", "--rep", "ben").text
    page = shared("--document", "sales_process", "--for", "manager")
    assert "Who has acknowledged it" in page.text
    assert "Ana Lopez20 Nov 2026not yetnot yet" in page.text
    assert "Ben Halenot yetnot yetnot yet" in page.text
    assert "Made for the sales manager" in page.text


def test_sales_goals_hold_only_ones_own_quota_and_the_teams(shared):
    page = shared("--document", "sales_goals", "--rep", "ana")
    assert "Quota of Ana Lopez" in page.text
    assert "$1,000" in page.text
    assert "$1,500" in page.text
    assert "$500" not in page.text
    assert "Ben" not in page.text
    whole = shared("--document", "sales_goals", "--for", "manager")
    assert "$500" in whole.text
    assert "Quota of Ben Hale" in whole.text


def test_sales_goals_without_a_reader_are_refused(tiny, spm):
    said = refused(spm, "--document", "sales_goals")
    assert "nobody says who reads it" in said
    assert "--rep" in said
    assert "--for manager" in said


def test_words_that_speak_of_others_are_left_out_of_a_reps_copy(tiny, shared):
    (tiny.folder / "expectations" / "sales_goals-next.md").write_text(NEXT)
    page = shared("--document", "sales_goals", "--rep", "ana")
    assert "$700" not in page.text
    assert "carries more" not in page.text
    assert "speak of others" in page.text
    assert "This version states none." in page.text
    assert "carries more" in shared("--document", "sales_goals", "--rep", "ben").text


def test_a_version_that_was_replaced_says_by_which(tiny, shared):
    (tiny.folder / "expectations" / "sales_goals-next.md").write_text(NEXT)
    # the kind means the version in force, the file's name that file
    newer = shared("--document", "sales_goals", "--for", "manager")
    assert newer.text == shared("--document", "sales_goals-next", "--for", "manager").text
    assert "Replaced by" not in newer.text
    older = shared("--document", "sales_goals.md", "--for", "manager")
    assert "Goals of Ben, since 1 November 2026, in the goals it names" in older.text


def test_a_plan_is_the_reps_own(shared, spm):
    page = shared("--document", "individual_plan", "--rep", "ana")
    assert "Home by six" in page.text
    assert "A boat" not in page.text
    assert "Ben" not in page.text
    assert "Made for Ana Lopez" in page.text
    said = refused(spm, "--document", "individual_plan-ben", "--rep", "ana")
    assert "not for that rep" in said
    said = refused(spm, "--document", "individual_plan")
    assert "individual_plan-ana, individual_plan-ben" in said


def test_pay_is_that_of_the_reps_role(tiny, shared, spm):
    for role in ("rep", "hunter"):
        path = tiny.folder / "expectations" / f"compensation_plan-{role}.md"
        path.write_text(PAY.format(role=role))
    page = shared("--document", "compensation_plan", "--rep", "ana")
    assert "Pay of rep" in page.text
    assert "hunter" not in page.text
    assert "not for that rep" in refused(spm, "--document", "compensation_plan-hunter", "--rep", "ana")


@pytest.mark.parametrize("name", ["", "nothing", "../client", "client.yaml", "team_culture"])
def test_a_document_that_is_not_there_is_refused_with_those_that_are(tiny, spm, name):
    said = refused(spm, "--document", name)
    assert "no such document, or none in force" in said
    assert "sales_process" in said


def test_a_rep_nobody_knows_is_refused(tiny, spm):
    assert "anna" in refused(spm, "--document", "sales_process", "--rep", "anna")


def test_without_a_name_the_file_is_called_by_client_and_document(tiny, spm, tmp_path):
    result = spm("share", "tiny", "--document", "sales_process", "--rep", "ana")
    assert result.out.strip().startswith("tiny-sales_process")
    assert result.out.strip().endswith("-ana.html")
    assert (tmp_path / result.out.strip()).is_file()


@pytest.mark.parametrize("out", ["{tmp}", "{tmp}/x.md", "{tmp}/home/tiny/client.yaml"])
def test_what_is_no_html_file_is_never_written(tiny, spm, tmp_path, out):
    path = out.format(tmp=tmp_path)
    before = (tiny.folder / "client.yaml").read_text()
    assert "no HTML file" in refused(spm, "--document", "sales_process", "--out", path)
    assert (tiny.folder / "client.yaml").read_text() == before


# --- pages


@pytest.fixture
def published(tiny, no_kernel, tmp_path, monkeypatch):  # noqa: F811
    """The tiny client's week 2026-W47 with a page per rep, made without kernels."""
    from tests.publish.small import notebook, write_notebooks

    notebooks = write_notebooks(tmp_path / "notebooks", one_on_one=notebook("1"))
    pages = (*PAGES[:1], Page("owner_update", "Owner update", PAGES[1].audience))
    pages += (Page("one_on_one", "One-on-one", REP, on_the_team),)
    monkeypatch.setenv("SPM_REPORTS", str(tmp_path / "reports"))
    outcome = publish_week(
        tiny.folder.parent, "tiny", "2026-W47", reports=tmp_path / "reports", notebooks=notebooks, pages=pages
    )
    assert outcome.error is None
    return outcome.folder


def test_without_more_it_is_the_owners_page_of_the_last_week(published, shared):
    assert "The owner_update." in shared().text
    assert "The owner_update." in shared("--week", "2026-W47").text


def test_with_a_rep_it_is_the_reps_own_page(published, shared):
    page = shared("--rep", "ana")
    assert "The one_on_one/ana." in page.text
    assert "Made for Ana Lopez and the sales manager" in page.text


def test_a_page_for_somebody_else_has_to_be_named(published, shared, spm):
    assert "The weekly_review." in shared("--page", "weekly_review").text
    assert "The one_on_one/ben." in shared("--page", "one_on_one", "--rep", "ben").text
    for options, said in (
        (("--page", "one_on_one"), "nobody is named"),
        (("--page", "weekly_review", "--rep", "ana"), "made for no single rep"),
        (("--page", "owner_updates"), "no such page"),
        (("--rep", "anna"), "no such page"),
    ):
        told = refused(spm, *options)
        assert said in told
        assert "--page one_on_one --rep ana" in told


def test_the_file_is_the_page_as_it_was_published(published, spm, tmp_path):
    out = tmp_path / "x.html"
    assert spm("share", "tiny", "--page", "owner_update", "--out", str(out)).code == 0
    assert out.read_bytes() == (published / "owner_update.html").read_bytes()


def test_a_report_that_was_changed_is_not_handed_over(published, spm):
    (published / "owner_update.html").write_text("edited by hand")
    result = spm("share", "tiny")
    assert result.code == 1
    assert "not as it was published" in result.err


def test_a_week_that_is_not_published_is_refused(published, spm):
    result = spm("share", "tiny", "--week", "2026-W40")
    assert result.code == 1
    assert "spm review tiny --week 2026-W40" in result.err
    (published / "run.json").write_text(json.dumps({"version": 1}))
    assert "not published" in spm("share", "tiny").err


def test_a_document_and_a_page_at_once_are_refused(tiny, spm):
    said = refused(spm, "--document", "sales_process", "--page", "owner_update")
    assert "either --document, or --page and --week" in said

"""The demo clients have all seven documents, and the acknowledgements their stories need."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib.client import load_client
from spm_lib.demo import CLIENTS, write_demo
from spm_lib.expectations import KINDS, Acknowledgements, Expectations, check_documents
from spm_lib.metrics.commission import Plan
from spm_lib.metrics.registry import METRICS

SUNDAY = date(2026, 11, 15)
ALDER, BRIGHTWATER, COPPERLINE = CLIENTS


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("people")
    write_demo(folder, "2025-W40")
    return folder


def known(home, slug):
    client = load_client(home, slug)
    return Acknowledgements.load(home / slug, client, Expectations.load(home / slug, client))


def asked(home, slug):
    return [(one.rep, one.document, one.step) for one in known(home, slug).open_requests(SUNDAY)]


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_rep_has_every_document_but_jonah_who_has_no_plan_yet(home, slug):
    one = known(home, slug)
    missing = [
        (rep.id, kind)
        for rep in one.client.reps
        for kind in KINDS
        if one.expectations.for_rep(kind, rep, SUNDAY) is None
    ]
    assert missing == ([("jonah-pike", "individual_plan")] if slug == ALDER else [])


@pytest.mark.parametrize("slug", CLIENTS)
def test_nothing_is_wrong_with_the_documents(home, slug):
    assert check_documents(home / slug, load_client(home, slug), METRICS) == []


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_version_that_is_acknowledged_is_the_hash_of_a_document(home, slug):
    one = known(home, slug)
    on_file = {(document.kind, document.version) for document in one.expectations.documents}
    assert {(row.document, row.version) for row in one.rows} <= on_file
    assert len(one.rows) > 20


def test_at_alder_everybody_agreed_in_april_and_jonah_has_only_read(home):
    one = known(home, ALDER)
    assert asked(home, ALDER) == [
        ("jonah-pike", kind, "reviewed") for kind in KINDS if kind != "individual_plan"
    ]
    days = {
        day
        for (rep, document), day in one.acknowledged(date(2026, 4, 30)).items()
        if rep != "jonah-pike" and document != "sales_goals-2025"
    }
    assert days
    assert {(day.year, day.month) for day in days} == {(2026, 4)}
    # what is planted in Devon's results begins on 2026-05-11, after he agreed
    assert one.acknowledged_on("devon-price", "sales_process", SUNDAY) == date(2026, 4, 8)
    assert one.acknowledged_on("jonah-pike", "sales_process", SUNDAY) is None


def test_at_brightwater_everything_is_acknowledged(home):
    assert asked(home, BRIGHTWATER) == []


def test_at_copperline_one_document_was_never_acknowledged_by_one_rep(home):
    assert asked(home, COPPERLINE) == [
        ("owen-pryce", "crm_usage", "read"),
        ("owen-pryce", "crm_usage", "reviewed"),
    ]
    assert known(home, COPPERLINE).acknowledged_on("owen-pryce", "crm_usage", SUNDAY) is None
    assert known(home, COPPERLINE).acknowledged_on("nadia-shah", "crm_usage", SUNDAY) is not None


@pytest.mark.parametrize(
    ("slug", "quota", "sold", "said"),
    [
        (ALDER, 100_000, 120_000, 5_200),
        (BRIGHTWATER, 80_000, 90_000, 2_900),
        (COPPERLINE, 20_000, 24_000, 800),
    ],
)
def test_the_example_a_plan_gives_is_what_its_clauses_pay(home, slug, quota, sold, said):
    one = known(home, slug)
    document = one.expectations.for_rep("compensation_plan", one.client.reps[0], SUNDAY)
    plan = Plan(document.front.clauses(), document.front.effective_from, document.front.title)
    # 4 % of 100,000 and 6 % of 20,000; 3 % of 80,000 and 5 % of 10,000; 3 % of 20,000 and 5 % of 4,000
    first, second = plan.steps(quota * 100)
    assert second.from_cents == quota * 100
    assert quota * first.rate + (sold - quota) * second.rate == said
    assert f"{said:,}" in document.prose


def test_devon_was_promised_help_that_never_came(home):
    one = known(home, ALDER)
    rep = next(rep for rep in one.client.reps if rep.id == "devon-price")
    [promise] = one.expectations.for_rep("individual_plan", rep, SUNDAY).front.resources
    assert (promise.promised_by, promise.due, promise.supplied_on) == ("manager", date(2026, 5, 29), None)


@pytest.mark.parametrize(("slug", "days"), [(ALDER, 14), (BRIGHTWATER, 21), (COPPERLINE, 14)])
def test_each_process_says_how_often_an_opportunity_hears_from_us(home, slug, days):
    cadences = known(home, slug).expectations.cadences(SUNDAY)
    assert cadences[["scope", "days"]].values.tolist() == [["opportunity", days]]

"""A document's front matter as people read it: every key of it, in words, and nothing that is not there."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib import tables
from spm_lib.expectations.fields import MODELS
from tests.publish.small import HOSTILE, Markup

DAY = date(2026, 11, 24)
CONTEXT = tables.Context(
    "USD",
    DAY,
    {"ana": "Ana Lopez", "rep": "every rep", "manager": "Robin Hale"},
    {"demo": "Demo held"},
)

COMMON = {
    "title": "The title",
    "effective_from": "2026-04-01",
    "effective_to": "2027-01-01",
    "supersedes": "older-one",
    "applies_to": ["ana"],
    "acknowledged_by": ["manager"],
    "review_every": "6 months",
    "judged_by": [
        {"metric": "win_rate_by_count", "at_least": 0.3, "weeks": 26, "minimum_n": 10, "applies_to": ["ana"]},
        {"metric": "sales_cycle_days", "at_most": 45, "weeks": 52, "minimum_n": 8},
    ],
}
COMMON_SAID = [
    *("since 1 April 2026, until 31 December 2026", "older-one", "Ana Lopez", "Robin Hale", "6 months"),
    *("Win rate by count", "at least 30%", "26 weeks", "10", "at most 45", "52 weeks", "8"),
]
GOAL = {"amount": 70000, "business": "new", "product_line": "Pumps", "territory": "South"}

#: Kind -> front matter with every key, and what a reader must find of it.
FULL = {
    "sales_goals": (
        {
            "currency": "GBP",
            "goals_from": "exports",
            "quotas": [
                {"team": True, "period": "2026-Q4", **GOAL},
                {"rep": "ana", "from": "2026-10-05", "to": "2026-11-01", "amount": 80000, "ramp_rate": 0.5},
                {"rep": "ana", "period": 2026, "amount": 90000, "proration_rate": 0.25, "ramp_rate": 0.5},
            ],
        },
        [
            *("2026-Q4", "£70,000", "new business, Pumps, South", "5 to 31 October 2026", "£80,000"),
            *("50%: £40,000", "13%: £11,250", "goals table that the exports bring"),
        ],
    ),
    "job_description": (
        {"reports_to": "Robin", "responsibilities": ["Calls back", "Asks"]},
        ["Robin", "Calls back", "Asks"],
    ),
    "compensation_plan": (
        {
            "currency": "GBP",
            "commission_period": "month",
            "base": {"amount": "3600", "per": "period"},
            "quota": "123456",
            "tiers_by": "amount",
            "tiers": [{"from": 0, "rate": "0.04"}, {"from": "50000", "rate": "0.065"}],
            "applied": "whole",
            "accelerators": [{"beyond": "1.2", "times": "1.5"}],
            "multipliers": [
                {"product_line": "Pumps", "territory": "South", "business": "new", "times": "1.1"}
            ],
            "draw": {"amount": "1500", "recoverable": True},
            "cap": "20000",
            "payable_after_days": 30,
            "payout_day": "the 15th",
        },
        [
            *("£3,600 a commission period", "£123,456 each month", "£50,000", "6.5%", "4%"),
            *("everything, once the point is reached", "beyond 120% of the quota", "1.5×"),
            *("new business, Pumps, South", "1.1×", "£1,500 each month, taken back", "£20,000 each month"),
            *("30 days after the win", "the 15th"),
        ],
    ),
    "sales_process": (
        {
            "stages": [
                {
                    "id": "demo",
                    "name": "Demo",
                    "definition": "They saw it.",
                    "exit_criteria": ["A date.", "A price."],
                    "expected_days": 7,
                },
                {"id": "x", "name": "Gone", "category": "lost"},
            ],
            "prospecting": "Three tries.",
            "nurturing": [
                {"scope": "opportunity", "id": "demo", "days": 14},
                {"scope": "account", "days": 90},
            ],
            "lead_response_hours": 4,
        },
        [
            *("1. Demo", "They saw it.", "A date. A price.", "up to 7 days", "2. Gone", "lost"),
            *("Three tries.", "opportunity Demo held at least every 14 days"),
            *("every account at least every 90 days", "4 working hours"),
        ],
    ),
    "crm_usage": (
        {
            "rules": [{"rule": "untouched_days", "limit": 21}, {"rule": "no_amount"}],
            "required_fields": {"demo": ["amount", "expected_close"]},
            "log_within_hours": 24,
            "next_step_rule": "Every one has a date.",
        },
        [
            *("Untouched for too long: 21", "No amount", "Demo held", "amount, expected close"),
            *("24 hours", "Every one has a date."),
        ],
    ),
    "individual_plan": (
        {
            "goals": [
                {
                    "period": "2026-Q4",
                    **GOAL,
                    "account": "Acorn",
                    "strategies": [
                        {"what": "Visit", "status": "dropped", "due": "2026-12-01", "why": "too far"},
                    ],
                }
            ],
            "personal_goal": "Home by six",
            "target_accounts": [{"id": "acc-1", "why": "They asked"}, {"id": "acc-2", "name": "Birch Ltd"}],
            "weekly_activity": [{"what": "visits", "count": 2.5}],
            "assumptions": {"conversations_per_opportunity": 4, "win_rate": 0.33, "amount_per_win": 8500},
            "obstacles": [{"what": "Long drives", "answer": "By postcode"}],
            "development": [{"what": "Listening", "how": "Together", "due": "2026-06-30"}],
            "resources": [
                {"what": "A van", "promised_by": "manager", "due": "2026-05-29"},
                {"what": "A phone", "promised_by": "owner", "supplied_on": "2026-05-01"},
            ],
            "agreed_on": "2026-03-31",
            "amendments": [{"amended_on": "2026-07-01", "what": "Fewer visits", "reason": "a broken leg"}],
        },
        [
            *("2026-Q4", "$70,000", "new business, Pumps, South, Acorn", "Visit", "dropped: too far"),
            *("1 December 2026", "Home by six", "acc-1: They asked", "Birch Ltd", "2.5 visits"),
            *("4 conversations an opportunity, 33% of the opportunities won and $8,500 a win"),
            *("Long drives: By postcode", "Listening: Together", "30 June 2026", "A van", "Robin Hale"),
            *("29 May 2026", "A phone", "supplied on 1 May 2026", "31 March 2026"),
            *("1 July 2026: Fewer visits (a broken leg)",),
        ],
    ),
    "team_culture": (
        {"agreements": ["Bad news first"], "pulse_questions": ["Did I learn?"]},
        ["Bad news first", "Did I learn?"],
    ),
}


def parts_of(kind, **facts):
    front = MODELS[kind].model_validate({"document": kind, **COMMON, **facts})
    return tables.document_parts(kind, front.model_dump(by_alias=True), CONTEXT)


def read(parts):
    return Markup("".join(f"<section><h2>{heading}</h2>{html}</section>" for heading, html in parts))


def inner_keys(model, facts):
    """Every key of a model, and of the models inside it, that the facts leave out."""
    left = set(model.model_fields) - {"document"}
    named = {field.alias or name for name, field in model.model_fields.items() if name in left}
    return named - set(facts)


@pytest.mark.parametrize("kind", MODELS)
def test_every_key_of_a_document_is_read_on_its_page(kind):
    facts, said = FULL[kind]
    # the typed-in document leaves no key of its kind out, so that a new one has to be shown
    assert inner_keys(MODELS[kind], {**COMMON, **facts}) == set()
    page = read(parts_of(kind, **facts))
    assert page.faults == []
    text = " ".join(page.text.split())
    assert [words for words in [*COMMON_SAID, *said] if words not in text] == []


@pytest.mark.parametrize("kind", MODELS)
def test_a_document_that_says_little_has_no_empty_heading(kind):
    least = {"tiers": [{"from": 0, "rate": "0.05"}]} if kind == "compensation_plan" else {}
    front = MODELS[kind].model_validate(
        {"document": kind, "title": "T", "effective_from": "2026-04-01", "applies_to": ["ana"], **least}
    )
    parts = tables.document_parts(kind, front.model_dump(by_alias=True), CONTEXT)
    assert parts[-1][0] == "In short"
    assert read(parts).faults == []
    assert all(html for _, html in parts)
    assert len(parts) == (3 if kind == "compensation_plan" else 1)
    assert "None" not in read(parts).text


def test_hostile_words_stay_words():
    page = read(parts_of("team_culture", agreements=[HOSTILE], review_every=HOSTILE))
    assert page.faults == []
    assert not {"script", "img", "a"} & set(page.tags)
    assert page.text.count("<img src=x onerror=alert(1)>") == 2


@pytest.mark.parametrize(
    ("first", "end", "said"),
    [
        ("2026-11-24", None, "since 24 November 2026"),
        ("2026-11-25", None, "from 25 November 2026"),
        ("2026-01-01", "2026-11-24", "from 1 January 2026 until 23 November 2026, no longer"),
        ("9999-12-31", None, "not yet: it is being written"),
    ],
)
def test_when_it_holds_is_told_as_of_the_day_it_is_read(first, end, said):
    text = read(parts_of("team_culture", effective_from=first, effective_to=end)).text
    assert said in " ".join(text.split())


def test_a_rate_is_never_rounded():
    text = read(parts_of("compensation_plan", tiers=[{"from": 0, "rate": "0.0725"}])).text
    assert "7.25%" in text


def test_who_has_acknowledged_is_a_table_with_what_is_still_to_come():
    rows = [
        {"name": "Ana", "read_on": date(2026, 4, 1), "reviewed_on": None, "reinforced_on": None},
        {"name": "<b>Ben", "read_on": None, "reviewed_on": None, "reinforced_on": None},
    ]
    page = Markup(tables.acknowledged_table(rows))
    assert page.faults == []
    assert "1 Apr 2026" in page.text
    assert page.text.count("not yet") == 5
    assert "<b>Ben" in page.text
    assert "Nobody" in tables.acknowledged_table([])

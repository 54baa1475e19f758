"""The company's own part of the demo clients: every line dated and sourced; nobody confronted without it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from spm_lib.accountability import payout_after
from spm_lib.demo import CLIENTS
from spm_lib.judgement import company, may_confront
from spm_lib.review import open_review

WEEK = "2026-W46"
LAST_DAY = pd.Timestamp("2026-11-15")

TALKS, OWEN = "one-on-ones held", "owen-pryce"


@pytest.fixture(scope="module")
def reviews(demo_home):
    return {slug: open_review(slug, WEEK, demo_home) for slug in CLIENTS}


@pytest.fixture
def copied(demo_home, tmp_path):
    """A function: one client's folder to change, opened again."""

    def copy(slug="alder-heating"):
        home = tmp_path / "data"
        if not home.exists():
            shutil.copytree(demo_home / slug, home / slug)
        return home / slug, lambda: open_review(slug, WEEK, home)

    return copy


def lines(ledger, question, state=None):
    rows = ledger[ledger["question"].eq(question)]
    return rows if state is None else rows[rows["state"].eq(state)]


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_line_is_dated_by_the_week_and_what_is_on_record_names_its_file(reviews, slug, demo_home):
    review = reviews[slug]
    for rep in review.standings()["rep_id"].unique():
        ledger = review.company_part(rep)
        assert set(ledger["question"]) == set(company.QUESTIONS)
        assert ledger["on"].notna().all()
        assert (ledger["on"] <= LAST_DAY).all()
        assert list(ledger["state"]) == sorted(ledger["state"], key=company.STATES.index)
        kept = ledger[ledger["state"].eq("kept")]
        assert kept["source"].notna().all()
        on_file = {path.name for path in (demo_home / slug).rglob("*") if path.is_file()}
        assert {source.partition(",")[0] for source in ledger["source"].dropna()} <= on_file


def test_devon_is_confronted_with_our_own_part_and_its_gaps(reviews):
    review = reviews["alder-heating"]
    table = review.conversations().set_index("rep_id")
    assert table.loc["devon-price", "conversation"] == "confront"
    assert table.loc["devon-price", "next_on"] >= pd.Timestamp("2026-11-11")
    ledger = review.company_part("devon-price")
    assert may_confront(ledger)
    late = lines(ledger, "resources supplied", "late")["said"].tolist()
    assert late == [
        "Two visits a month together with Robin, due on 29 May 2026, was supplied late, on 15 September 2026."
    ]
    assert lines(ledger, "compensation paid")["state"].eq("kept").all()
    assert any("Bring a card" in said for said in lines(ledger, "commitments kept", "late")["said"])


def test_the_other_reps_are_coached_or_kept_and_a_newcomer_is_not_judged(reviews):
    for slug in CLIENTS:
        table = reviews[slug].conversations().set_index("rep_id")
        others = table.drop(index="devon-price", errors="ignore")
        assert not others["conversation"].isin(["confront", "check ourselves first"]).any()
    assert "jonah-pike" in reviews["alder-heating"].conversations()["rep_id"].tolist()


def test_an_owner_who_does_not_keep_an_ask_and_a_resource_that_never_came_are_gaps(reviews):
    part = reviews["brightwater-dental"].company_part("amara-cole")
    assert any("imaging unit" in said for said in lines(part, "commitments kept", "gap")["said"])
    part = reviews["copperline-print"].company_part("owen-pryce")
    [tablet] = lines(part, "resources supplied", "gap").to_dict("records")
    assert tablet["said"] == "A tablet for the road, due on 16 February 2026, has not been supplied."


def test_a_talk_held_before_it_was_due_again_closes_the_missed_ones_before_it(copied):
    """Every two weeks from 7 September: held by 20 September, missed by 4 and 18 October, 1 November."""
    folder, _ = copied("copperline-print")

    def talks():
        return lines(open_review("copperline-print", "2026-W45", folder.parent).company_part(OWEN), TALKS)

    before = talks()
    assert "The one-on-one due by 1 November 2026 was not held (Robin was ill)." in before["said"].tolist()
    front = f"kind: one_on_one\nheld_on: 2026-11-05\nrep: {OWEN}\nattendees: [manager, {OWEN}]"
    (folder / "meetings" / "2026-11-05-one_on_one-owen-pryce.md").write_text(f"---\n{front}\n---\n")
    assert talks()[["state", "said"]].to_numpy().tolist() == [
        ["gap", "1 of 4 one-on-ones promised in the last 13 weeks were held."]
    ]


def test_where_the_words_were_edited_nobody_is_confronted_and_the_page_says_why(copied):
    folder, opened = copied()
    process = folder / "expectations" / "sales_process.md"
    process.write_text(f"{process.read_text()}\nOne more sentence.\n")
    review = opened()
    said = review.agreements().set_index("rep_id")
    assert said.loc["devon-price", "state"] == "edited"
    assert said.loc["devon-price", "before_on"] == pd.Timestamp("2026-04-08")
    assert said.loc["jonah-pike", "state"] == "not yet agreed"
    assert set(review.standings()["standing"]) == {"not judged"}
    assert "confront" not in set(review.conversations()["conversation"])


def test_a_later_document_is_a_newer_version_and_no_edit(copied):
    folder, opened = copied()
    text = (folder / "expectations" / "sales_process.md").read_text()
    later = text.replace("effective_from: 2026-04-01", "effective_from: 2026-11-01")
    (folder / "expectations" / "sales_process-2026-11.md").write_text(later)
    assert opened().agreements().set_index("rep_id").loc["devon-price", "state"] == "newer version"


def test_without_acknowledgements_or_coaching_on_record_nobody_is_confronted(copied):
    folder, opened = copied()
    (folder / "acknowledgements.csv").unlink()
    review = opened()
    assert review.agreements() is None
    row = review.conversations().set_index("rep_id").loc["devon-price"]
    assert row["conversation"] == "check ourselves first"
    assert (
        "Check ourselves: Whether the sales goals document was acknowledged is not recorded." in row["needs"]
    )


def test_without_a_file_of_pay_its_question_is_not_recorded_and_does_not_forbid(copied):
    folder, opened = copied()
    (folder / "supplied.csv").unlink()
    review = opened()
    part = review.company_part("devon-price")
    assert lines(part, "compensation paid")["state"].tolist() == ["not recorded"]
    assert review.conversations().set_index("rep_id").loc["devon-price", "conversation"] == "confront"


def test_a_payout_nobody_wrote_down_is_not_recorded_and_one_paid_late_is_late(copied):
    folder, opened = copied()
    ledger = folder / "supplied.csv"
    kept = [line for line in ledger.read_text().splitlines() if "grace-holm,pay" not in line]
    late = "grace-holm,pay,Commission,2026-10-15,2026-10-20"
    ledger.write_text("\n".join([*kept, late, ""]))
    part = lines(opened().company_part("grace-holm"), "compensation paid")
    assert part["state"].tolist() == ["not recorded", "not recorded", "late"]
    assert part["said"].iloc[-1] == "Commission, due on 15 October 2026, was paid late, on 20 October 2026."
    assert part["on"].dt.date.tolist()[:-1] == [date(2026, 9, 15), date(2026, 11, 15)]
    assert part["source"].tolist()[:-1] == ["compensation_plan.md"] * 2


def test_a_newcomer_who_was_promised_and_owed_nothing_yet_leaves_no_record_missing(copied):
    """Jonah has no plan, so nobody wrote down what is promised; of pay nothing was due to him."""
    folder, opened = copied()
    part = opened().company_part("jonah-pike")
    states = {question: lines(part, question)["state"].tolist() for question in company.QUESTIONS[-4:-1]}
    assert states["resources supplied"] == ["not recorded"]
    assert states["compensation paid"] == ["nothing due"]
    plan = folder / "expectations" / "compensation_plan.md"
    plan.write_text(plan.read_text().replace("payout_day: the 15th", "payout_day: with the wages, after"))
    unnamed = lines(opened().company_part("jonah-pike"), "compensation paid")
    assert unnamed["said"].tolist() == ["What was to be paid by now is not recorded."]


def test_what_is_dated_after_the_week_is_not_known(copied):
    folder, opened = copied()
    ledger = folder / "supplied.csv"
    ledger.write_text(ledger.read_text().replace(",,2026-09-15", ",,2026-11-16"))
    late = lines(opened().company_part("devon-price"), "resources supplied")["said"].tolist()
    assert late == ["Two visits a month together with Robin, due on 29 May 2026, has not been supplied."]


def test_a_rep_is_owed_every_document_colleagues_of_the_same_role_have(reviews):
    accounts = reviews["alder-heating"].accounts
    assert "individual_plan" in accounts.needed("jonah-pike")
    gap = lines(reviews["alder-heating"].company_part("jonah-pike"), "expectations written", "gap")
    assert gap["said"].tolist() == ["The individual plan document is not written."]


@pytest.mark.parametrize(
    ("said", "payable", "due"),
    [
        ("the 15th of the month, for what was payable before it", date(2026, 9, 14), date(2026, 9, 15)),
        ("the 15th of the month, for what was payable before it", date(2026, 9, 15), date(2026, 10, 15)),
        ("The 31st of each month", date(2026, 2, 3), date(2026, 2, 28)),
        ("the last Friday of the month", date(2026, 12, 25), date(2027, 1, 29)),
        ("the last Friday of the month", date(2026, 10, 29), date(2026, 10, 30)),
        ("with the wages of the month after", date(2026, 9, 14), None),
        ("the 0th of the month", date(2026, 9, 14), None),
    ],
)
def test_the_payout_day_is_read_from_the_plans_words(said, payable, due):
    assert payout_after(said, payable) == due


def test_private_notes_are_those_of_the_last_weeks(reviews):
    noted = reviews["alder-heating"].noted()
    assert noted["on"].is_monotonic_decreasing
    assert min(noted["on"]) >= date(2026, 10, 19)
    assert any("Coaching since September" in str(text) for text in noted["checked"])


def test_the_ledger_is_kept_beside_the_page(demo_home: Path, tmp_path):
    review = open_review("alder-heating", WEEK, demo_home, tmp_path)
    review.conversations()
    assert (tmp_path / "conversations.parquet").is_file()
    assert (tmp_path / "company_part-devon-price.parquet").is_file()


TABLET = "{what: A tablet for the road, promised_by: owner, due: 2026-02-16"


@pytest.mark.parametrize(
    ("before", "after", "states"),
    [
        # put off after its day had passed: it stays owed since that day
        (TABLET, "{what: A tablet for the road, promised_by: owner, due: 2026-12-18", ["gap"]),
        # put off in time: nothing is due yet
        (f"{TABLET[:-10]}2026-07-10", "{what: A tablet for the road, due: 2026-12-18", ["nothing due"]),
        # given, and the later plan says it again without the day it came
        (f"{TABLET}, supplied_on: 2026-02-10", TABLET, ["kept"]),
        # given, and promised anew for another day
        (f"{TABLET}, supplied_on: 2026-02-10", f"{TABLET[:-10]}2026-10-16", ["gap"]),
    ],
)
def test_what_a_later_plan_promises_again(copied, before, after, states):
    """A second plan of Owen's is in force from 1 July."""
    folder, _ = copied("copperline-print")
    plan = folder / "expectations" / "individual_plan-owen-pryce.md"
    text = plan.read_text()
    later = text.replace("effective_from: 2026-01-01", "effective_from: 2026-07-01").replace(TABLET, after)
    plan.write_text(text.replace(TABLET, before))
    plan.with_name("individual_plan-owen-pryce-2026-07.md").write_text(later)
    part = open_review("copperline-print", WEEK, folder.parent).company_part(OWEN)
    told = lines(part, "resources supplied")
    assert told["state"].tolist() == states
    if before == TABLET:
        assert told["said"].tolist() == [
            "A tablet for the road, due on 16 February 2026, has not been supplied."
        ]

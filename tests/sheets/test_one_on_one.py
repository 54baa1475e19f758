"""The one-on-one's narrow door: the rep's own numbers, and nothing of anybody else's."""

from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import pytest

from spm_lib import open_one_on_one, open_review, words
from spm_lib.errors import DocumentError, UsageError
from tests.sheets.making import HOSTILE, PLANTED, WEEK, make


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("one_on_one") / "data")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing acknowledged, no plan, no meeting; losses and activities nobody records."""
    more = "not_recorded: {losses: the list holds wins alone, activities: nobody writes them down}\n"
    folder = tmp_path_factory.mktemp("bare") / "data"
    return make(folder, acknowledged=False, plans=False, meetings=False, more=more)


@pytest.fixture(scope="module")
def sheet(home):
    return open_one_on_one("tiny", WEEK, "ana", home)


def number(sheet, name):
    return sheet.numbers.set_index("number").loc[name]


# --- nothing of anybody else


def test_the_object_holds_nothing_of_another_rep_and_nothing_private(sheet):
    held = pickle.dumps(sheet)
    assert b"Ana Lopez" in held
    for theirs in (PLANTED.encode(), PLANTED.encode("utf-16-le"), b"Newly Joined", b"Lea Gone"):
        assert theirs not in held


def test_the_others_sheet_would_hold_the_planted_words(home):
    """The test above can fail: the same words are on the sheet of whom they belong to."""
    held = pickle.dumps(open_one_on_one("tiny", WEEK, "other", home))
    assert PLANTED.encode() in held
    for private in (b"Quetzal private", b"Quetzal belief", b"Quetzal prose", b"Quetzal promise"):
        assert private not in held
    assert b"Ana Lopez" not in held


def test_what_is_kept_beside_the_page_is_the_reps_own(home, tmp_path):
    open_one_on_one("tiny", WEEK, "ana", home, tmp_path / "kept")
    files = [path for path in (tmp_path / "kept").iterdir() if path.is_file()]
    assert {path.name for path in files} >= {"numbers.parquet", "definitions.json", "review.json"}
    for path in files:
        assert PLANTED not in (
            pd.read_parquet(path).to_csv() if path.suffix == ".parquet" else path.read_text()
        )


def test_an_unknown_rep_is_refused_with_the_known_ones(home):
    with pytest.raises(UsageError, match="no such rep") as caught:
        open_one_on_one("tiny", WEEK, "nobody", home)
    assert "ana" in str(caught.value)


# --- the numbers are the manager's


def test_every_number_is_the_one_on_the_managers_page(home, sheet):
    review = open_review("tiny", WEEK, home)
    rate = review.measure("win_rate_by_count", by="rep_id").set_index("rep_id").loc["ana"]
    told = number(sheet, "win_rate_by_count")
    assert (told["hit_count"], told["n"]) == (rate["won_count"], rate["decided_count"])
    # by hand: one is decided every four days and 26 weeks are 182 days: all 40 are in; 0, 10, 20, 30 won
    assert (told["hit_count"], told["n"], told["value"]) == (4, 40, 0.1)
    # 1 October to 22 November are 53 days: those of 1, 5, 9 ... 49 days before, of which 0 and 10 are won
    booked = number(sheet, "booked")
    assert (booked["value"], booked["n"], booked["agreed"]) == (100.0, 2, 1000.0)
    stock = number(sheet, "open")
    assert (stock["value"], stock["agreed"]) == (6, sum(100 + one for one in range(6)))


def test_there_are_six_numbers_at_most_each_with_a_sentence(sheet):
    assert len(sheet.numbers) <= 6
    for row in sheet.numbers.to_dict("records"):
        assert words.own_sentence(row, "USD").endswith(".")
        assert "nan" not in words.own_sentence(row, "USD").casefold()


def test_a_judged_number_names_its_version_and_the_day_it_was_acknowledged(sheet):
    row = number(sheet, "win_rate_by_count")
    assert row["state"] == "short"
    said = words.own_basis(row)
    assert f"version {row['version'][:8]}" in said
    assert said.endswith("acknowledged 8 April 2026.")


def test_without_an_acknowledgement_nothing_is_judged(bare):
    sheet = open_one_on_one("tiny", WEEK, "ana", bare)
    assert set(sheet.numbers["state"]) <= {"not yet agreed", "not agreed", "not recorded"}
    assert [one.name for one in sheet.levels if one.is_shown] == ["results"]
    assert words.own_basis(number(sheet, "booked")).startswith("Not yet agreed, so not judged")
    assert set(sheet.documents["asks"]) == {"read,reviewed"}
    assert sheet.proposals["rep"][0].startswith("Read “")


def test_losses_and_activities_nobody_records_are_no_numbers(bare):
    sheet = open_one_on_one("tiny", WEEK, "ana", bare)
    assert number(sheet, "win_rate_by_count")["state"] == "not recorded"
    assert pd.isna(number(sheet, "win_rate_by_count")["value"])
    assert number(sheet, "conversations")["state"] == "not recorded"
    assert pd.isna(number(sheet, "conversations")["value"])
    assert any("Lost opportunities are not recorded" in one for one in sheet.unknowns)


# --- what was said, and what comes next


def test_commitments_of_both_come_with_what_became_of_them(sheet):
    told = {
        row["what"].strip(): (row["who"], words.commitment_status(row))
        for row in sheet.commitments.to_dict("records")
    }
    assert told == {
        "Call the mill": ("ana", "6 days overdue"),
        "Bring the list": ("manager", "2 days overdue"),
        "Show the team the card": ("ana", "open"),
        "Read it": ("ana", "kept"),
    }
    assert sheet.commitments["what"].iloc[0].strip() == "Call the mill"
    assert (str(sheet.last_on), str(sheet.next_on)) == ("2026-11-09", "2026-11-23")


def test_the_owner_s_promise_about_the_rep_is_for_the_manager_to_ask_for_without_its_words(sheet):
    """Due on 12 November, said in the owner's meeting: what was said there stays there."""
    asked = "Ask the owner about what was promised by 12 November"
    assert asked in sheet.proposals["manager"]


def test_the_biggest_win_is_since_the_last_one_on_one(sheet):
    # won on 21 November, and the one before it on 12 October
    assert (sheet.win["opportunity_id"], sheet.win["count"]) == ("a0", 1)


def test_a_handful_of_opportunities_each_with_a_reason(sheet):
    assert 1 <= len(sheet.talk) <= 5
    why = sheet.talk.set_index("opportunity_id")["why"]
    assert why["an5"] == "largest open"
    assert why["an0"] == "expected 11 days ago"  # 12 November, looked at on the morning of the 23rd
    assert why["an1"] == "expected 4 days ago"


def test_three_questions_at_most_and_each_asks(sheet):
    assert 1 <= len(sheet.questions) <= 3
    assert all("?" in one for one in sheet.questions)


def test_the_companys_promises_are_on_it(sheet):
    rows = sheet.plan.resources.set_index(sheet.plan.resources["what"].str.strip())
    assert rows["is_late"].to_dict() == {"A tablet": True, "A list": False}
    assert any("A tablet" in one for one in sheet.help)
    assert any("A tablet" in one for one in sheet.proposals["manager"])


def test_the_plans_goal_has_what_was_booked_for_it(sheet):
    (goal,) = sheet.plan.goals.to_dict("records")
    assert (goal["amount"], goal["bookings"], goal["won_count"]) == (1000.0, 100.0, 2)


# --- reps of whom little is known


@pytest.mark.parametrize("rep", ["neu", "lea", "hos"])
def test_a_rep_without_data_has_a_sheet_of_words(home, rep):
    sheet = open_one_on_one("tiny", WEEK, rep, home)
    assert not {"short", "in line", "more than agreed"} & set(sheet.numbers["state"])
    assert sheet.commitments.empty
    assert sheet.win == {}
    assert sheet.talk.empty
    for row in sheet.numbers.to_dict("records"):
        assert "nan" not in words.own_sentence(row, "USD").casefold()
        shown, _ = words.own_value(row, "USD")
        if row["number"] not in ("booked", "open"):
            assert shown == "–", (row["number"], shown)


def test_a_rep_who_left_is_said_to_have(home):
    assert "left on 30 October 2026" in open_one_on_one("tiny", WEEK, "lea", home).title


def test_a_hostile_name_stays_words(home):
    assert open_one_on_one("tiny", WEEK, "hos", home).name == HOSTILE


SUPPLIED = "rep,kind,what,due_on,done_on\nana,resource,a tablet,,2026-11-{day}\nana,pay,a list,2026-10-15,\n"


@pytest.mark.parametrize(("day", "supplied", "late"), [(22, "2026-11-22", False), (23, None, True)])
def test_a_resource_counts_as_supplied_from_the_day_the_ledger_says(home, day, supplied, late):
    """The plan itself says nothing of the tablet; what came after the week's last day is not known yet."""
    ledger = home / "tiny" / "supplied.csv"
    ledger.write_text(SUPPLIED.format(day=day))
    try:
        rows = open_one_on_one("tiny", WEEK, "ana", home).plan.resources
    finally:
        ledger.unlink()
    rows = rows.set_index(rows["what"].str.strip())
    assert rows.loc["A tablet", "is_late"] == late
    came = rows.loc["A tablet", "supplied_on"]
    assert (None if pd.isna(came) else str(came.date())) == supplied
    assert rows.loc["A list", "supplied_on"] == pd.Timestamp("2026-05-02")


def test_a_ledger_with_a_fault_is_told_and_not_passed_over(home):
    ledger = home / "tiny" / "supplied.csv"
    ledger.write_text(SUPPLIED.format(day=22).replace("a tablet", "a horse"))
    try:
        with pytest.raises(DocumentError, match="no plan promises ana this resource"):
            open_one_on_one("tiny", WEEK, "ana", home)
    finally:
        ledger.unlink()

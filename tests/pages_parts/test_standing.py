"""Standings, the panel of win rates and the best estimates: what a page says of them."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib import tables, words
from spm_lib.fragment import Fragment
from spm_lib.judgement import conversations
from tests.pages_parts.test_tables import Page
from tests.wording import UNPRINTED

NAN = float("nan")


def standing(**facts: object) -> dict[str, object]:
    """Ines' win rate, of which nothing can be told, unless a fact says otherwise."""
    return {
        "rep_id": "ines",
        "metric": "win_rate_by_count",
        "kind": "trials",
        "standing": "meets",
        "n": 31.0,
        "hit_count": 10.0,
        "value": 10 / 31,
        "low": 0.20,
        "high": 0.47,
        "direction": "at least",
        "threshold": 0.30,
        "weeks": 26,
        "seen_weeks": 26,
        "minimum_n": 10,
        "evidence": 0.4,
        "judged_from": pd.Timestamp("2026-04-01"),
        "since": pd.Timestamp("2026-10-05"),
        "streak_weeks": 6,
        "better_count": 9,
        "better_result": 9.0,
        "better_standing": "exceeds",
        "worse_count": 12,
        "worse_result": 0.0,
        "worse_standing": "watch",
        "note": "",
        "document": "sales_process",
        "title": "Sales process",
        "version": "1a2b3c4d5e6f7a8b",
        "effective_from": pd.Timestamp("2026-01-05"),
    } | facts


UNTOLD = {
    "n": NAN,
    "hit_count": NAN,
    "value": NAN,
    "low": NAN,
    "high": NAN,
    "streak_weeks": pd.NA,
    "since": pd.NaT,
    "better_count": pd.NA,
    "worse_count": pd.NA,
}
TALKS = {"metric": "conversations", "kind": "weekly", "threshold": 20.0, "minimum_n": 4}
ATTAINED = {"metric": "attainment", "kind": "periods", "threshold": 0.8, "low": NAN, "high": NAN}

ROWS = [
    standing(),
    standing(standing="watch", rep_id="marta", better_count=14, better_result=4.0, better_standing="meets"),
    standing(standing="below", rep_id="ben", better_count=37, better_result=11.0, worse_count=pd.NA),
    standing(standing="exceeds", rep_id="ben", better_count=pd.NA, direction="at most"),
    standing(standing="too few to say", n=3.0, hit_count=0.0, better_count=7, better_result=2.0),
    standing(standing="too few to say", n=0.0, hit_count=0.0, value=NAN, low=NAN, high=NAN),
    standing(standing="not recorded", note="the team keeps no log", **UNTOLD),
    standing(standing="not judged", note="not acknowledged yet", **UNTOLD),
    standing(standing="meets", better_count=pd.NA, worse_count=pd.NA),
    standing(**TALKS, n=13.0, hit_count=251.0, value=251 / 13, low=16.0, high=23.2),
    standing(**TALKS, standing="watch", worse_count=2, worse_result=20.0, worse_standing="below"),
    standing(**ATTAINED, n=7.0, hit_count=5.0, value=0.92, worse_count=3, worse_standing="watch"),
    standing(metric="logged_within_24h_rate", threshold=0.9),
    standing(metric="slip_rate", direction="at most", standing="below"),
]


def test_what_was_agreed_is_said_with_its_unit():
    assert words.expectation(standing()) == "Win rate by count, at least 30%"
    assert words.expectation(standing(**TALKS)) == "Conversations, at least 20 a week"
    assert words.expectation(standing(**ATTAINED)) == "Attainment, at least 80%"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"standing": "exceeds"}, "above 30%"),
        ({"standing": "below"}, "below 30%"),
        ({"standing": "exceeds", "direction": "at most"}, "below 30%"),
        ({"standing": "below", "direction": "at most"}, "above 30%"),
        ({"standing": "watch"}, "watch"),
        ({}, "no different from 30%"),
        ({"low": 0.31}, "30% is met"),
        ({"high": 0.29}, "not yet news"),
        ({"high": 0.29, "direction": "at most"}, "30% is met"),
        ({"low": NAN}, "as agreed"),
        ({"standing": "too few to say"}, "too few to say"),
        ({"standing": "not recorded"}, "not recorded"),
    ],
)
def test_the_word_of_a_standing(facts, said):
    assert words.standing_word(standing(**facts)) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROWS[0], "10 of 31 won in 26 weeks, 20–47% fits"),
        (standing(seen_weeks=9), "10 of 31 won in 9 weeks, 20–47% fits"),
        (standing(seen_weeks=1), "10 of 31 won in 1 week, 20–47% fits"),
        (ROWS[5], "nothing in 26 weeks"),
        ({**ROWS[5], "seen_weeks": 3}, "nothing in 3 weeks"),
        # weeks without data are no weeks without a conversation
        (standing(**TALKS, n=0.0, hit_count=0.0), "no week with data in 26 weeks"),
        (standing(**ATTAINED, n=0.0, hit_count=0.0), "no finished period yet"),
        (ROWS[6], ""),
        (ROWS[9], "251 in 13 weeks, 16–23.2 a week fits"),
        (ROWS[11], "reached in 5 of 7 periods"),
        (standing(kind="values", metric="win_rate_by_amount"), "of 31"),
    ],
)
def test_numbers_stand_with_their_n_and_range(row, said):
    assert words.standing_numbers(row) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROWS[0], "9 won in a row would be “more than agreed”; 12 lost in a row would be “watch”."),
        (ROWS[1], "4 of the next 14 won would be “as agreed”; 12 lost in a row would be “watch”."),
        (ROWS[4], "After 7 more results there is enough to say; 12 lost in a row would be “watch”."),
        (ROWS[6], "The team keeps no log."),
        (ROWS[7], "Not acknowledged yet."),
        (ROWS[8], "The next 60 would not change it."),
        (
            ROWS[10],
            "9 weeks at 1 would be “more than agreed”; 2 weeks at 10 would be “below”.",
        ),
        (
            standing(**ATTAINED, better_count=1, better_result=1.0, worse_count=3, worse_result=1.0),
            "1 period reached would be “more than agreed”; 1 of the next 3 periods reached would be “watch”.",
        ),
    ],
)
def test_what_would_change_it_is_one_sentence(row, said):
    assert words.would_change(row) == said


def test_how_long_a_standing_lasts_is_said_with_its_first_day():
    assert words.standing_since(standing()) == "for 6 weeks, since 5 October 2026"
    assert words.standing_since(standing(streak_weeks=1)) == "for 1 week, since 5 October 2026"
    assert words.standing_since(ROWS[6]) == ""


@pytest.fixture
def standings() -> pd.DataFrame:
    table = pd.DataFrame(ROWS)
    for column in ("streak_weeks", "better_count", "worse_count"):
        table[column] = table[column].astype("Int64")
    return table


def test_only_what_passed_the_test_against_chance_is_coloured(standings, names):
    before = standings.copy(deep=True)
    page = Page(tables.standings_table(standings, names))
    assert len(page.classed("chip")) == standings["standing"].isin(["exceeds", "watch", "below"]).sum() == 5
    assert len(page.all("tbody")[0]) > 0
    assert "1 case in 20" in page.words
    pd.testing.assert_frame_equal(standings, before)
    calm = Page(tables.standings_table(standings.head(1), names))
    assert calm.classed("chip") == []
    assert "1 case in 20" not in calm.words


def test_reps_stand_in_the_order_of_their_names(standings, names):
    said = Page(tables.standings_table(standings.head(3), names)).words
    assert said.index("Ben Hale") < said.index("Ines Duarte") < said.index("Marta Lind")


def test_where_it_was_agreed_is_said_once(standings, names):
    said = Page(tables.standings_table(standings, names)).words
    assert said.count("Agreed in “Sales process”, version 1a2b3c4d5e6…, in force since 5 January 2026.") == 1


def test_a_table_of_standings_stacks_and_stays_a_table_for_a_screen_reader(standings, names):
    page = Page(tables.standings_table(standings, names))
    assert page.all("table")[0] == {"class": "bars", "role": "table"}
    assert [cell["role"] for cell in page.all("th")[:5]] == ["columnheader"] * 4 + ["rowheader"]
    # a bar for each value that is known, and its tick at what was agreed
    assert len(page.classed("track")) == standings["value"].notna().sum()


def test_nothing_agreed_is_said(standings, names):
    fragment = tables.standings_table(standings.head(0), names)
    assert "Nothing is agreed in writing" in fragment.text


def test_client_text_stays_text(standings, hostile):
    made = standings.assign(title=hostile, note=hostile, version=hostile)
    page = Page(tables.standings_table(made, {"ines": hostile}))
    assert not page.all("script")
    assert not page.all("img")


# --- the panel


def panel(**changed: dict[str, object]) -> pd.DataFrame:
    rows = {
        "count": {"metric": "win_rate_by_count", "won_count": 14, "n_count": 40, "win_rate": 0.35},
        "amount": {"metric": "win_rate_by_amount", "won_count": 14, "n_count": 39, "win_rate": 0.42},
        "broad": {"metric": "win_rate_broad", "won_count": 14, "n_count": 46, "win_rate": 14 / 46},
        "cohort": {
            "metric": "win_rate_by_cohort",
            "won_count": 10,
            "n_count": 40,
            "open_count": 12,
            "win_rate": 0.25,
            "is_immature": True,
        },
        "eventual": {"metric": "win_rate_eventual", "won_count": 50, "n_count": 190, "win_rate": 0.28},
    }
    filled = [
        {"basis": basis, "open_count": 0, "low": 0.2, "high": 0.5, "is_immature": pd.NA}
        | row
        | changed.get(basis, {})
        for basis, row in rows.items()
    ]
    return pd.DataFrame(filled).astype({"is_immature": "boolean"})


def test_all_bases_stand_side_by_side_with_their_n_and_why_they_differ():
    made = panel()
    before = made.copy(deep=True)
    fragment = tables.panel_table(made)
    page = Page(fragment)
    assert len(page.all("tr")) == 6
    for part in ("35%", "14 of 40", "10 of 40", "50 of 190", "20–50%", "Five ways"):
        assert part in page.words
    assert fragment.role == "note"
    assert "By cohort, of what was created *" in page.words
    assert "* Too young to be compared" in page.words
    assert fragment.text == (
        "By amount it is higher because the won ones were larger; broad is lower because 6 disqualified ones "
        "count as decided. Of the 40 created, 12 are still open: 25% can still grow to 55%. Followed to the "
        "end, 28% of what is created is won; the rate by count is higher, since it leaves out what is "
        "disqualified or still open."
    )
    pd.testing.assert_frame_equal(made, before)


def test_that_lost_ones_take_longer_is_said_only_where_it_is_known():
    slower = tables.panel_table(panel(), won_days=31.4, lost_days=62.0).text
    assert "since lost ones take longer to close (62 days to be lost, 31 to be won)." in slower
    assert "take longer" not in tables.panel_table(panel(), won_days=62.0, lost_days=31.0).text
    assert "take longer" not in tables.panel_table(panel()).text


@pytest.mark.parametrize(
    ("changed", "part", "absent"),
    [
        ({"cohort": {"open_count": 1}}, "1 is still open: 25% can still grow to 28%", "12"),
        ({"cohort": {"open_count": 0}}, "Followed", "grow"),
        ({"cohort": {"n_count": 0, "win_rate": NAN}}, "Followed", "created, "),
        ({"eventual": {"win_rate": NAN}}, "grow", "Followed"),
        ({"eventual": {"win_rate": 0.44}}, "the rate by count is lower", "higher, since"),
        ({"eventual": {"win_rate": 0.352}}, "35% of what is created is won.", "the rate by count"),
        (
            {"count": {"win_rate": NAN, "n_count": 0, "won_count": 0}},
            "28% of what is created is won.",
            "broad",
        ),
    ],
)
def test_the_panel_says_what_is_known_of_it(changed, part, absent):
    said = tables.panel_table(panel(**changed)).text
    assert part in said
    assert absent not in said


def test_a_panel_whose_bases_agree_or_know_nothing_says_so():
    same = {"win_rate": 0.35, "n_count": 40, "open_count": 0}
    equal = panel(amount=same, broad=same, cohort=same, eventual={"win_rate": NAN})
    assert tables.panel_table(equal).text == "The bases agree here, so the basis makes no difference."
    nothing = {"win_rate": NAN, "n_count": 0, "won_count": 0, "low": NAN, "high": NAN, "open_count": 0}
    empty = panel(**dict.fromkeys(("count", "amount", "broad", "cohort", "eventual"), nothing))
    assert tables.panel_table(empty).text == "Win rate by basis"


# --- best estimates


def shrunk(ranks: list[object], decided: tuple[int, ...] = (31, 33, 6)) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": ["ines", "marta", "ben"],
            "won_count": [14, 4, 2],
            "decided_count": decided,
            "raw_rate": [14 / 31, 4 / 33, 2 / 6],
            "win_rate": [0.40, 0.20, 0.31],
            "low": [0.28, 0.11, 0.17],
            "high": [0.54, 0.31, 0.48],
            "prior_rate": 0.30,
            "prior_count": 9.6,
            "rank": pd.Series(ranks, dtype="Int64"),
        }
    )


def test_reps_who_can_be_told_apart_have_places_and_the_order_is_that_of_names(names):
    made = shrunk([1, 2, pd.NA])
    before = made.copy(deep=True)
    said = Page(tables.shrunk_table(made, names)).words
    assert "14 of 31, 45% observed; 28–54% fits; place 1 of 2" in said
    assert "2 of 6, 33% observed; 17–48% fits; too few for a place" in said
    assert said.index("Ben Hale") < said.index("Ines Duarte")
    assert "drawn towards the team’s 30%, as if 10 more were decided" in said
    pd.testing.assert_frame_equal(made, before)


def test_what_has_no_best_estimate_says_no_range(names):
    made = shrunk([pd.NA, pd.NA, pd.NA])
    made.loc[made.index[-1], ["rep_id", "win_rate", "low", "high"]] = [None, None, None, None]
    said = Page(tables.shrunk_table(made, names)).words
    assert "28–54% fits" in said
    assert "– fits" not in said


def test_reps_nobody_can_tell_apart_have_no_places(names):
    page = Page(tables.shrunk_table(shrunk([1, 1, 1], (31, 33, 16)), names))
    assert "not told apart by what is known" in page.words
    assert "; place" not in page.words
    alone = tables.shrunk_table(shrunk([pd.NA, pd.NA, pd.NA]), names)
    assert "Fewer than two reps have 10 decided" in alone.text


def test_a_shared_place_is_a_range():
    assert words.place(1, [1, 2, 2, 2]) == "1 of 4"
    assert words.place(2, [1, 2, 2, 2]) == "2–4 of 4"


def test_a_rep_without_a_decision_is_a_dash(names):
    nothing = shrunk([pd.NA] * 3, (0, 33, 6)).assign(prior_rate=NAN, prior_count=NAN, win_rate=NAN)
    fragment = tables.shrunk_table(nothing, names)
    assert "nothing decided–" in Page(fragment).words
    assert "drawn towards" not in fragment.text
    assert len(Page(tables.shrunk_table(nothing.head(0), names)).all("tr")) == 1


# --- the tone


def fragments(standings: pd.DataFrame, names: dict[str, str]) -> list[Fragment]:
    return [
        tables.standings_table(standings, names),
        tables.panel_table(panel(), won_days=31.0, lost_days=62.0),
        tables.shrunk_table(shrunk([1, 2, pd.NA]), names),
        tables.shrunk_table(shrunk([1, 1, 1]), names),
        tables.shrunk_table(shrunk([pd.NA] * 3), names),
    ]


def test_no_word_blames_or_grades_anybody(standings, names):
    for fragment in fragments(standings, names):
        found = UNPRINTED.search(Page(fragment).words)
        assert found is None, found
    assert UNPRINTED.search("a weak month") is not None


def test_reasons_for_a_conversation_blame_nobody():
    made = pd.DataFrame(ROWS)
    for day in ({}, {"ben": date(2026, 9, 1)}):
        table = conversations(made, date(2026, 11, 16), coached_on=day)
        for told in table[["reasons", "first", "needs"]].to_numpy().ravel():
            assert UNPRINTED.search(told) is None

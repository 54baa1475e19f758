"""Reps held to different agreed win rates, and a rep who has just come: each is told by their own."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from spm_lib.review import open_review

SLUG, WEEK = "alder-heating", "2026-W46"
LINE = "  - {metric: win_rate_by_count, at_least: 0.30, weeks: 26, minimum_n: 10}\n"
GRACE = (
    "  - {metric: win_rate_by_count, at_least: 0.20, weeks: 26, minimum_n: 10, applies_to: [grace-holm]}\n"
)
OTHERS = (
    "  - {metric: win_rate_by_count, at_least: 0.40, weeks: 26, minimum_n: 10, "
    "applies_to: [devon-price, marta-kowal]}\n"
)


@pytest.fixture
def agreed(demo_home, tmp_path):
    """A function: the client with other lines of what is agreed, and client.yaml changed; unsigned."""

    def opened(lines=LINE, change=("", "")):
        folder = tmp_path / SLUG
        shutil.copytree(demo_home / SLUG, folder)
        for name in ("acknowledgements.csv", "improvement"):
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path, (old, new) in (("expectations/sales_process.md", (LINE, lines)), ("client.yaml", change)):
            text = (folder / path).read_text()
            assert old in text
            (folder / path).write_text(text.replace(old, new))
        return open_review(SLUG, WEEK, tmp_path)

    return opened


def by_hand(review, rep, since="2026-04-01"):
    """Won and decided since a day, counted row by row."""
    rows = review.view().outcomes
    rows = rows[rows["rep_id"].eq(rep) & (rows["outcome_at"] >= pd.Timestamp(since, tz="America/Chicago"))]
    return (rows["outcome"].eq("won").sum(), rows["outcome"].isin(["won", "lost"]).sum())


def test_the_evidence_is_against_what_was_agreed_with_each_rep(agreed):
    review = agreed(GRACE + OTHERS)
    table = review.evidence().set_index("rep_id")
    # nobody else has agreed to a win rate
    assert sorted(table.index) == ["devon-price", "grace-holm", "marta-kowal"]
    assert table["threshold"].to_dict() == {"devon-price": 0.4, "grace-holm": 0.2, "marta-kowal": 0.4}
    for rep, row in table.iterrows():
        assert (row["won_count"], row["decided_count"]) == by_hand(review, rep)
    stands = review.standings().set_index("rep_id")["standing"]
    assert stands["devon-price"] == "below"
    assert table.loc["devon-price", "verdict"] == "confront"
    (told,) = [one.title for one in review.decisions() if "Devon" in one.title]
    assert "the 40% win rate agreed on 1 April 2026" in told


def test_a_rep_with_two_agreed_win_rates_has_a_page(agreed):
    review = agreed(LINE + GRACE)
    assert review.standings()["rep_id"].eq("grace-holm").sum() == 2
    assert review.evidence()["rep_id"].is_unique
    assert review.decisions()


def test_who_has_just_come_was_not_looked_at_for_half_a_year(agreed):
    """From Wednesday 28 October to Sunday 15 November: two weeks and a half; Jonah began on 14 September."""
    moved = "jonah.pike@alder.example], starts_on: 2026-"
    standings = agreed(change=(f"{moved}09-14", f"{moved}10-28")).standings().set_index("rep_id")
    (jonah, grace) = (standings.loc[rep] for rep in ("jonah-pike", "grace-holm"))
    assert (grace["seen_weeks"], jonah["weeks"]) == (26, 26)
    assert jonah["n"] > 0
    assert jonah["streak_weeks"] == 3


def test_weeks_before_the_first_day_count_where_results_of_them_do(agreed):
    """A first day that came after the first results: they are counted, and so are their weeks."""
    moved = "grace.holm@alder.example]"
    review = agreed(change=(moved, f"{moved}, starts_on: 2026-10-28"))
    grace = review.standings().set_index("rep_id").loc["grace-holm"]
    assert grace["n"] > 50
    assert grace["seen_weeks"] == 26


def test_of_a_rep_who_has_come_only_the_weeks_since_are_looked_at(agreed):
    jonah = agreed().standings().set_index("rep_id").loc["jonah-pike"]
    assert jonah["seen_weeks"] == 9  # 14 September to 15 November
    assert jonah["weeks"] == 26

"""What is planted in the demo clients is found by the pages, and where nothing is planted they stay quiet."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from spm_lib.periods import shift_weeks
from spm_lib.review import Review
from spm_lib.view import Source


def reviews(home: Path, slug: str, weeks: int) -> dict[str, Review]:
    """The last weeks of a client until 2026-W46, newest first."""
    source = Source.open(home, slug)
    last = source.client.week("2026-W46")
    found = [Review(source, shift_weeks(last, -back)) for back in range(weeks)]
    return {one.week.label: one for one in found}


def alerts(review: Review) -> list[str]:
    return [one.title for one in review.decisions() if one.weight != "note"]


def test_the_client_of_equal_reps_stays_quiet_for_52_weeks(demo_home: Path) -> None:
    loud = {
        week: found
        for week, one in reviews(demo_home, "brightwater-dental", 52).items()
        if (found := alerts(one))
    }
    assert len(loud) <= 0.05 * 52


def test_the_planted_decline_is_watched_and_then_told_and_nobody_else_is_named(demo_home: Path) -> None:
    truth = yaml.safe_load((demo_home / "alder-heating" / "truth.yaml").read_text())
    fell = truth["reps"]["devon-price"]["win_rate"][1]
    assert (fell["from_week"], fell["value"]) == ("2026-W20", 0.1)
    found = {week: one.evidence() for week, one in reviews(demo_home, "alder-heating", 30).items()}
    verdicts = {
        week: table.dropna(subset=["rep_id"]).set_index("rep_id")["verdict"] for week, table in found.items()
    }
    first = {
        verdict: min(week for week, one in verdicts.items() if one["devon-price"] == verdict)
        for verdict in ("watch", "confront")
    }
    assert "2026-W20" < first["watch"] <= "2026-W29"
    assert first["confront"] <= "2026-W38"
    others = [
        rep for one in verdicts.values() for rep in one.index[one.eq("confront")] if rep != "devon-price"
    ]
    assert others == []
    assert verdicts["2026-W46"]["jonah-pike"] == "too few to say"


def test_only_the_planted_gaming_is_asked_about(demo_home: Path) -> None:
    for slug, expected in (
        ("alder-heating", set()),
        ("brightwater-dental", set()),
        ("copperline-print", {"callum-reid"}),
    ):
        review = reviews(demo_home, slug, 1)["2026-W46"]
        questions = review.measure("activity_questions")
        assert set(questions.loc[questions["state"] == "asked", "rep_id"]) == expected, slug


def test_the_badly_kept_pipeline_is_a_decision(demo_home: Path) -> None:
    (title,) = alerts(reviews(demo_home, "copperline-print", 1)["2026-W46"])
    assert title.startswith("Close or revive 22 overdue opportunities")


@pytest.mark.parametrize("slug", ["alder-heating", "brightwater-dental", "copperline-print"])
def test_a_page_never_has_more_than_three_alerts(demo_home: Path, slug: str) -> None:
    for week, one in reviews(demo_home, slug, 6).items():
        assert len(alerts(one)) <= 3, week

"""AdventureWorks: bookings against monthly targets, to the published attainment of each representative."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.foreign.conftest import Spm, frame

SPAN = ("--from", "2017-07-01", "--to", "2020-06-01", "--format", "json")

#: datasets/README: sales, target and pooled attainment over the months with orders.
PUBLISHED = {
    "Lynn Tsoflias": (1216917, 785000, 1.550),
    "Jillian Carson": (9709296, 6375000, 1.523),
    "Jae Pak": (8099817, 6750000, 1.200),
    "Ranjit Varkey Chudukatil": (4429368, 3750000, 1.181),
    "Tsvi Reiter": (6976128, 6800000, 1.026),
    "Rachel Valdez": (1681208, 1750000, 0.961),
    "José Saraiva": (5536439, 12375000, 0.447),
    "Michael Blythe": (8952751, 20350000, 0.440),
    "Linda Mitchell": (10158635, 23500000, 0.432),
    "David Campbell": (3614761, 12025000, 0.301),
    "Garrett Vargas": (3486103, 13125000, 0.266),
    "Shu Ito": (6283193, 24950000, 0.252),
    "Tete Mensa-Annan": (2184211, 11100000, 0.197),
    "Pamela Ansman-Wolfe": (3187720, 30600000, 0.104),
}


def test_attainment_of_each_representative_is_reproduced(spm: Spm, ingested: dict[str, str]) -> None:
    found = frame(spm("metric", "adventureworks", "attainment", "--by", "rep_id", *SPAN)).set_index("rep_id")
    for rep, (sales, target, attainment) in PUBLISHED.items():
        row = found.loc[rep]
        # one person-month has sales and no target: booked, and in no rate
        assert round(row["bookings"] - row["uncovered_bookings"]) == pytest.approx(sales, abs=1), rep
        assert round(row["quota"]) == target, rep
        assert round(row["attainment_rate"], 3) == attainment, rep


def test_the_one_month_without_a_target_is_booked_and_in_no_rate(spm: Spm, ingested: dict[str, str]) -> None:
    found = frame(spm("metric", "adventureworks", "attainment", "--by", "rep_id", *SPAN)).set_index("rep_id")
    outside = found["uncovered_bookings"][found["quota"].notna()]
    assert outside[outside > 0].index.tolist() == ["Jillian Carson"]


def test_managers_own_targets_are_not_added_up(spm: Spm, ingested: dict[str, str], datasets: Path) -> None:
    """Three managers (71.7 M) and a director (97.2 M) have targets of their own above the 174.2 M."""
    team = frame(spm("metric", "adventureworks", "attainment", *SPAN)).iloc[0]
    folder = datasets / "adventureworks_reseller_sales"
    expected = duckdb.sql(
        f"""select sum(TargetAmount::decimal(18, 2))
        from read_csv('{folder}/Targets.csv', delim='|', all_varchar=true) t
        join read_csv('{folder}/Salesperson.csv', delim='|', all_varchar=true) p using (EmployeeID)
        where p.Title = 'Sales Representative' and strptime(TargetMonth, '%Y/%m/%d') < '2020-06-01'"""
    ).fetchall()[0][0]
    assert float(expected) == pytest.approx(174.2e6, abs=0.05e6)
    assert team["quota"] == float(expected)


def test_bookings_add_up_to_the_published_sales(spm: Spm, ingested: dict[str, str]) -> None:
    team = frame(spm("metric", "adventureworks", "attainment", *SPAN)).iloc[0]
    assert team["bookings"] == 77_548_570.20
    by_rep = frame(spm("metric", "adventureworks", "attainment", "--by", "rep_id", *SPAN))
    assert round(by_rep["bookings"].sum(), 2) == 77_548_570.20


def test_a_share_of_wins_alone_is_no_win_rate(spm: Spm, ingested: dict[str, str], tmp_path: Path) -> None:
    """Orders are all the files hold: 100 % won would be a lie, and so would an empty pipeline."""
    row = frame(spm("metric", "adventureworks", "win_rate_by_count", *SPAN)).iloc[0]
    assert row["won_count"] == 3616
    assert row[["win_rate", "low", "high", "decided_count"]].isna().all()
    spm("review", "adventureworks", "--week", "2020-W20", "--reports", str(tmp_path))
    page = (tmp_path / "adventureworks" / "2020-W20" / "weekly_review.html").read_text()
    assert "Lost opportunities are not recorded, so no win rate can be told." in page
    assert "Open opportunities are not recorded" in page
    top = page.partition("</style>")[2].partition("What changed this week?")[0]
    assert "Booked, May 2020" in top
    assert "100%" not in top

"""Pages of clients of whom little or nothing is known: words instead of numbers, and never a zero."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from spm_lib.ingest import ingest
from spm_lib.publish import publish_week
from tests.cli.conftest import CLIENT, GOALS, HEADER, MAPPING, PROCESS, USAGE

NOW = pd.Timestamp("2026-11-25T12:00Z")


def page(tmp_path: Path, deals: str) -> str:
    """The words of the weekly review of a client with these deals."""
    folder = tmp_path / "data" / "tiny"
    (folder / "inbox").mkdir(parents=True)
    (folder / "expectations").mkdir()
    (folder / "client.yaml").write_text(CLIENT)
    (folder / "mapping.yaml").write_text(MAPPING)
    for name, text in (("sales_goals", GOALS), ("sales_process", PROCESS), ("crm_usage", USAGE)):
        (folder / "expectations" / f"{name}.md").write_text(text)
    (folder / "inbox" / "deals-2026-11-22.csv").write_text(deals)
    ingest(tmp_path / "data", "tiny", [], ingested_at=NOW)
    outcome = publish_week(tmp_path / "data", "tiny", "2026-W47", reports=tmp_path / "reports")
    assert outcome.state == "published", outcome.error
    html = (tmp_path / "reports" / "tiny" / "2026-W47" / "weekly_review.html").read_text()
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_a_client_without_one_opportunity_has_a_page_of_words(tmp_path: Path) -> None:
    said = page(tmp_path, HEADER)
    assert "Nothing was decided in 26 weeks." in said
    assert "Nothing was decided this week." in said
    assert "No activity export was received, so nothing is said of calls and meetings." in said
    # booked nothing against a goal is a fact; a win rate of nothing is none
    assert "0% of the goal" in said
    assert not re.search(r"Win rate, 26 weeks 0%", said)
    assert "nan" not in said.lower().replace("finance", "")


@pytest.mark.parametrize("amount", ["400.25", ""])
def test_a_rep_without_one_opportunity_stands_there_without_a_number(tmp_path: Path, amount: str) -> None:
    said = page(tmp_path, HEADER + f"1,Roof,Won,{amount},2026-10-01,2026-11-18,Ana Lopez\n")
    assert "nothing decided" in said
    assert "Ben Hale" in said
    assert "1 of 1, too few to say" in said

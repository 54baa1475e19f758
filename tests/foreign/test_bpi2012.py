"""BPI Challenge 2012: a log of stages, calls and outcomes; the rep is fixed at the first offer."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.foreign.conftest import Spm, frame

SPAN = ("--from", "2011-09-01", "--to", "2012-03-15", "--format", "json")


@pytest.fixture(scope="module")
def by_rep(spm: Spm, ingested: dict[str, str]) -> pd.DataFrame:
    return frame(spm("metric", "bpi2012", "win_rate_by_count", "--by", "rep_id", *SPAN))


def test_the_accepted_applications_are_counted(by_rep: pd.DataFrame) -> None:
    assert by_rep["won_count"].sum() == 2246
    # 47.9 % of the applications that got an offer and ended
    assert round(by_rep["won_count"].sum() / by_rep["decided_count"].sum(), 3) == 0.479


def test_win_rates_by_first_offer_sender_equal_a_query_of_the_log(
    by_rep: pd.DataFrame, datasets: Path
) -> None:
    events = datasets / "bpi_challenge_2012" / "bpi2012_events.csv.gz"
    expected = duckdb.sql(
        f"""with log as (select * from read_csv('{events}', all_varchar=true)),
        sender as (select case_id, arg_min(resource, event_index::int) as rep
            from log where activity = 'O_SENT' group by 1),
        ended as (select case_id, max((activity = 'A_ACTIVATED')::int) as won
            from log where activity in ('A_ACTIVATED', 'A_DECLINED', 'A_CANCELLED') group by 1)
        select rep as rep_id, sum(won)::int as won_count, count(*)::int as decided_count
        from sender join ended using (case_id) group by 1 order by 1"""
    ).df()
    decided = by_rep[by_rep["decided_count"] > 0].sort_values("rep_id", ignore_index=True)
    columns = ["rep_id", "won_count", "decided_count"]
    pd.testing.assert_frame_equal(decided[columns], expected[columns], check_dtype=False)


def test_every_timed_call_is_an_activity(spm: Spm, ingested: dict[str, str]) -> None:
    calls = frame(spm("metric", "bpi2012", "activity", *SPAN)).iloc[0]
    assert calls["kind"] == "call"
    assert calls["logged_count"] == 22_405

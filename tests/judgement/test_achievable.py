"""Can a standard be met at all? Counted by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest

from spm_lib.judgement import Facts, achievable
from spm_lib.periods import week

WEEK = week("2026-W46", time_zone="America/Chicago")  # its end is 16 November
ROLES = {"ana": "rep", "ben": "rep", "cy": "rep"}


def standard(metric="win_rate_by_count", threshold=0.3, weeks=4, minimum=10, **facts):
    line = {
        "metric": metric,
        "direction": "at least",
        "threshold": threshold,
        "weeks": weeks,
        "minimum_n": minimum,
        "applies_to": (),
        "document": "sales_process",
        "title": "How we sell",
        "version": "0123456789ab",
        "effective_from": date(2026, 1, 1),
    }
    return pd.DataFrame([line | facts])


def trials(*blocks):
    """(rep, weeks before the end, hits, n): so many results on the Wednesday before that day."""
    rows = [
        {
            "rep_id": rep,
            "at": pd.Timestamp(WEEK.end - timedelta(weeks=back, days=5), tz="UTC"),
            "hit": number < hits,
            "share_rate": 1.0,
        }
        for rep, back, hits, n in blocks
        for number in range(n)
    ]
    return {"win_rate_by_count": Facts("trials", pd.DataFrame(rows))}


def counted(table):
    names = ["peers_met_count", "peers_count", "own_met_count", "own_count"]
    return {row["rep_id"]: tuple(row[name] for name in names) for row in table.to_dict("records")}


def test_peers_are_looked_at_once_and_the_own_past_by_whole_windows():
    facts = trials(
        ("ana", 0, 1, 10),  # the window that is judged: left out
        ("ana", 4, 3, 10),  # exactly what was agreed: met
        ("ana", 8, 2, 10),
        ("ana", 12, 2, 3),  # too few to be a window
        ("ben", 0, 4, 12),
        ("ben", 4, 9, 12),  # a peer's past does not count
        ("cy", 0, 9, 9),  # too few
    )
    found = counted(achievable(standard(), facts, ROLES, WEEK))
    assert found == {"ana": (1, 1, 1, 2), "ben": (0, 1, 1, 1), "cy": (1, 2, 0, 0)}


def test_shares_of_a_split_count_as_shares_and_the_window_ends_with_the_week():
    rows = trials(("ana", 0, 6, 20))["win_rate_by_count"].rows.assign(share_rate=0.5)
    at_end = WEEK.end_at
    late = pd.DataFrame({"rep_id": "ana", "at": [at_end], "hit": [False], "share_rate": [1.0]})
    facts = {"win_rate_by_count": Facts("trials", pd.concat([rows, late]))}
    # 3 of 10 in shares: met. The loss at the first instant after the week is not known.
    assert counted(achievable(standard(), facts, ROLES, WEEK))["ben"] == (1, 1, 0, 0)


def test_weekly_counts_are_the_mean_of_weeks_with_data():
    def weeks(rep, *values):
        starts = [pd.Timestamp(WEEK.start - timedelta(weeks=back)) for back in range(len(values))]
        return pd.DataFrame({"rep_id": rep, "starts_on": starts, "value": values})

    nan = float("nan")
    # ana: now 8, 9, 10 (mean 9: not met); before 12, missing, 8 (mean 10: met); before 20 alone: too few
    parts = [weeks("ana", 8, 9, 10, 12, nan, 8, 20), weeks("ben", 10, 10, nan), weeks("cy", 30, nan, nan)]
    facts = {"conversations": Facts("weekly", pd.concat(parts, ignore_index=True))}
    table = achievable(standard("conversations", 10, weeks=3, minimum=2), facts, ROLES, WEEK)
    assert counted(table) == {"ana": (1, 1, 1, 1), "ben": (0, 1, 0, 0), "cy": (1, 2, 0, 0)}


def test_of_periods_every_finished_one_counts_and_a_peer_by_the_median():
    def periods(rep, *values):
        starts = pd.date_range("2025-10-01", periods=len(values), freq="QS")
        ends = starts + pd.DateOffset(months=3)
        return pd.DataFrame({"rep_id": rep, "starts_on": starts, "ends_on": ends, "value": values})

    # the fifth period ends on 1 January 2027 and is not over
    parts = [periods("ana", 0.9, 1.0, 0.8, 0.7, 2.0), periods("ben", 0.9, 1.1, 1.2), periods("cy", 1.0)]
    facts = {"attainment": Facts("periods", pd.concat(parts, ignore_index=True))}
    table = achievable(standard("attainment", 1.0, minimum=2), facts, ROLES, WEEK)
    assert counted(table) == {"ana": (1, 1, 1, 4), "ben": (0, 1, 2, 3), "cy": (1, 2, 1, 1)}


def test_at_most_is_met_from_below():
    line = standard(threshold=0.2, direction="at most")
    facts = trials(("ben", 0, 2, 10), ("cy", 0, 3, 10))
    assert counted(achievable(line, facts, ROLES, WEEK))["ana"] == (1, 2, 0, 0)


@pytest.mark.parametrize("facts", [{}, {"win_rate_by_count": None}])
def test_what_nobody_records_and_a_number_alone_have_no_row(facts):
    if facts:
        alone = pd.DataFrame({"rep_id": ["ana"], "value": [0.4], "n": [10]})
        facts = {"win_rate_by_count": Facts("values", alone)}
    assert achievable(standard(), facts, ROLES, WEEK).empty


def test_only_those_it_applies_to_are_peers():
    facts = trials(("ben", 0, 9, 12), ("cy", 0, 1, 12))
    table = achievable(standard(applies_to=("ana", "cy")), facts, ROLES, WEEK)
    assert counted(table) == {"ana": (0, 1, 0, 0), "cy": (0, 0, 0, 0)}

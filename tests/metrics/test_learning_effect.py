"""Learning effect: by hand on made-up weeks, and what cannot be told."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from spm_lib.metrics.learning_effect import learning_effect

BEFORE = [9.0, 11.0] * 6 + [9.0]


def frame(values, measure="conversations", days=None):
    starts = pd.date_range("2026-01-05", periods=len(values), freq="7D").astype("datetime64[us]")
    table = pd.DataFrame({"measure": measure, "starts_on": starts, "value": values, "n": 20.0})
    return table.assign(week=table["starts_on"].astype(str), business_days=days or [5] * len(values))


def taught(on="2026-04-06", measure="conversations"):
    return pd.DataFrame({"topic": ["Listening"], "taught_on": [on], "by": ["ana"], "measure": [measure]})


@pytest.mark.parametrize(
    ("after", "outside", "state"),
    [
        ([40.0, 42.0], 2, "moved"),
        ([0.0, 0.0], 2, "moved the other way"),
        ([9.0, 11.0], 0, "not yet"),
        ([12.0] * 8, 0, "moved"),
        ([12.0] * 7, 0, "not yet"),
        ([8.0] * 8, 0, "moved the other way"),
        ([40.0, 0.0], 2, "moved the other way"),
    ],
)
def test_the_latest_sign_says_whether_it_moved(after, outside, state):
    weekly = frame(BEFORE + after)
    copy = weekly.copy(deep=True)
    row = learning_effect(weekly, taught()).iloc[0]
    assert (row["weeks_before"], row["weeks_after"]) == (13, len(after))
    # 7 x 9 + 6 x 11 = 129 in 13 weeks
    assert row["level_before"] == pytest.approx(129 / 13)
    assert row["level_after"] == pytest.approx(sum(after) / len(after))
    assert (row["outside_count"], row["state"]) == (outside, state)
    pd.testing.assert_frame_equal(weekly, copy)


def test_a_short_week_counts_per_full_week_and_the_week_of_teaching_not_at_all():
    days = [5] * 14 + [1, 5]
    # the 8th of April is in the 14th week; 2 on the one day of the 15th are 10 a week
    row = learning_effect(frame([*BEFORE, 99.0, 2.0, 10.0], days=days), taught("2026-04-08")).iloc[0]
    assert (row["weeks_before"], row["weeks_after"], row["level_after"]) == (13, 2, 10)
    assert row["state"] == "not yet"


@pytest.mark.parametrize("values", [[*BEFORE, 9.0], [*BEFORE[1:], 9.0], [10.0] * 20])
def test_too_few_or_unvarying_weeks_say_nothing(values):
    row = learning_effect(frame(values), taught()).iloc[0]
    assert row["state"] == "too few to say"
    assert math.isnan(row["outside_count"])


def test_an_unknown_measure_is_said_and_nothing_taught_is_no_row():
    row = learning_effect(frame(BEFORE), taught(measure="smiles")).iloc[0]
    assert (row["state"], row["weeks_before"]) == ("no such measure", 0)
    assert learning_effect(frame(BEFORE)).empty
    assert "state" in learning_effect(frame(BEFORE)).columns

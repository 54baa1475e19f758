"""All win rates side by side, each the one of its own metric."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings

from spm_lib.metrics.registry import METRICS, compute
from spm_lib.metrics.win_rate_panel import BASES, win_rate_panel
from tests.metrics.frames import one_week, opportunities, outcomes
from tests.metrics.lives import CUTOFF, lives
from tests.metrics.test_win_rate_by_cohort import cohort


def test_one_week_on_five_bases_is_worked_by_hand(week46):
    shown, ended = cohort(3, 2, 1, 2)
    ended["amount"] = [100, 100, None, 300, None, 50]
    panel = win_rate_panel(ended, shown, week46, CUTOFF).set_index("basis")
    assert panel.index.tolist() == ["count", "amount", "broad", "cohort", "eventual"]
    # 3 of 5; 200 of 500 from 3 with an amount; 3 of 6; 3 of 8; and 3 of 8 that ended, all at the age of a day
    assert panel["win_rate"].tolist() == pytest.approx([3 / 5, 200 / 500, 3 / 6, 3 / 8, 3 / 8])
    assert panel["n_count"].tolist() == [5, 3, 6, 8, 8]
    assert panel["won_count"].tolist() == [3, 2, 3, 3, 3]
    assert panel["open_count"].tolist() == [0, 0, 0, 2, 2]


def test_nothing_known_has_five_rows_and_no_rate():
    panel = win_rate_panel(outcomes(), opportunities(), one_week(), CUTOFF)
    assert len(panel) == 5
    assert panel["n_count"].tolist() == [0] * 5
    assert panel[["win_rate", "low", "high", "is_immature"]].isna().all(axis=None)


@settings(max_examples=30, deadline=None)
@given(lives())
def test_every_row_is_the_one_of_its_own_metric(made):
    before = made.outcomes.copy(deep=True)
    panel = win_rate_panel(made.outcomes, made.opportunities, one_week(), CUTOFF)
    facts = {
        "outcomes": made.outcomes,
        "opportunities": made.opportunities,
        "period": one_week(),
        "cutoff": CUTOFF,
    }
    for row in panel.to_dict("records"):
        assert BASES[row["basis"]] == row["metric"]
        assert row["metric"] in METRICS
        own = compute(row["metric"], facts).iloc[0]
        for name in ("win_rate", "low", "high"):
            assert row[name] == pytest.approx(own[name], nan_ok=True)
        assert (row["n_count"] > 0) or pd.isna(row["win_rate"])
    pd.testing.assert_frame_equal(made.outcomes, before)

"""A few kills at random moments; `python -m tests.run.kill --kills 200` does it at length."""

from __future__ import annotations

import pytest

from tests.run.kill import kill_often


@pytest.mark.parametrize("seed", [7])
def test_nothing_is_torn_lost_doubled_or_left_however_a_run_is_killed(tmp_path, seed):
    killed, faults = kill_often(tmp_path, kills=6, seed=seed)
    assert faults == [], killed
    assert killed.total() == 6

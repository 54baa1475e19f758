"""A few parts of runs are killed at random moments; `python -m tests.run.kill --kills 200` kills many."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.run.kill import end_often


def test_nothing_is_torn_lost_doubled_or_left_however_a_run_is_killed():
    with tempfile.TemporaryDirectory(prefix="spm-kill-") as room:
        ended = end_often(Path(room), kills=4, seed=5)
    assert ended.faults == []
    assert ended.by_kind.total() == 4

"""A few kills at random moments; `python -m tests.run.kill --kills 200` does it at length."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.run.kill import kill_often


def test_nothing_is_torn_lost_doubled_or_left_however_a_run_is_killed():
    # a short path: sockets of processes lie below it, and their names may not be long
    with tempfile.TemporaryDirectory(prefix="spm-kill-") as room:
        killed, faults = kill_often(Path(room), kills=6, seed=7)
    assert faults == [], killed
    assert killed.total() == 6

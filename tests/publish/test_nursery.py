"""A kernel nobody waits for any more ends, and its folder with it, while its nursery lives on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from spm_lib.publish import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def started(room: Path) -> warm.Forked:
    """A kernel with a folder of its own."""
    room.mkdir()
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", str(room / "kernel.json")]
    environment = warm.environment() | {"JUPYTER_RUNTIME_DIR": str(room), "IPYTHONDIR": str(room / "ipython")}
    return warm.NURSERIES.fork(command, str(room), environment)


def is_gone(room: Path, within: float = 10.0) -> bool:
    """Whether a folder is removed in some seconds."""
    until = time.monotonic() + within
    while room.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return not room.exists()


def test_the_folder_of_a_kernel_whose_job_was_killed_is_removed_with_it(tmp_path):
    left, kept = started(tmp_path / "left"), started(tmp_path / "kept")
    # what the end of a job's process does to the socket it held
    left._status.close()
    assert is_gone(tmp_path / "left")
    assert kept.poll() is None
    # one that is ended by whoever waits for it leaves its folder to them
    kept.kill()
    assert kept.wait(10) < 0
    assert (tmp_path / "kept").is_dir()
    assert warm.NURSERIES.now is not None
    assert warm.NURSERIES.now.serves(warm.environment())

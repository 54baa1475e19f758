"""Kernels forked from a copy of the process that orders them: they find what it did, and leave it alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spm_lib.publish import warm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """\
import os
import spm_lib.run.loaded as loaded
from spm_lib.publish import warm
from spm_lib.publish.execute import execute
from spm_lib.publish.parameters import OfClient
from tests.publish.small import notebook
import spm_lib
def prepare():
    spm_lib.found = f"from {os.getppid()}"
def run(cell):
    told = OfClient(client="acme", week="2026-W46", home="", keep="")
    executed = execute(notebook(cell), told, name="page.ipynb")
    return executed.metadata["spm_kernel"], executed.cells[-1].outputs[0].text.strip()
ASK = "import os, spm_lib; print(getattr(spm_lib, 'found', 'nothing'), os.getppid())"
"""


def script(text, **env):
    """What a script prints, run in the environment of a kernel."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + text],
        env=warm.environment() | {"PYTHONPATH": str(ROOT)} | env,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
        start_new_session=True,  # a signal to its whole group must not reach this one
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_kernel_finds_what_was_prepared_and_the_process_itself_does_not():
    first, second, own, left = script(
        "with warm.kernels_from_here(loaded.CODE, prepare):\n"
        "    copy = warm.NURSERIES.now.pid\n"
        "    print(run(ASK) == ('warm', f'from {os.getpid()} {copy}'), run(ASK)[0])\n"
        "    print(run('spm_lib = __import__(\"spm_lib\"); spm_lib.found = 1; print(1)'), run(ASK)[1][:4])\n"
        "print(getattr(spm_lib, 'found', 'nothing'))\n"
        "print(os.path.exists(f'/proc/{copy}'), warm.NURSERIES.now)\n"
    )
    assert first == "True warm"
    assert second == "('warm', '1') from"  # what one kernel does no other one sees
    assert own == "nothing"
    assert left == "False None"


@pytest.mark.parametrize(
    ("code", "env"),
    [("None", {}), ("loaded.CODE[1:]", {}), ("loaded.CODE", {"PYTHONHASHSEED": "7"})],
    ids=["not asked for", "other code on disk", "another hash seed"],
)
def test_where_a_copy_would_not_be_a_kernels_process_kernels_come_as_ever(code, env):
    (told,) = script(f"with warm.kernels_from_here({code}, prepare):\n    print(*run(ASK))\n", **env)
    assert told.startswith("warm nothing")


@pytest.mark.parametrize("after", [0, 1], ids=["at once", "with the order in its hands"])
def test_a_copy_that_cannot_prepare_is_no_hindrance(after):
    (told,) = script(
        f"import time\ndef fail():\n    time.sleep({after})\n    raise RuntimeError('no')\n"
        "with warm.kernels_from_here(loaded.CODE, fail):\n    print(*run(ASK))\n"
    )
    assert told.startswith("warm nothing")


def test_a_kernel_waits_for_what_takes_long_to_prepare():
    (told,) = script(
        "import time\ndef slow():\n    time.sleep(1)\n    prepare()\n"
        "warm.Nurseries.fork.__defaults__ = (0.2,)\n"
        "with warm.kernels_from_here(loaded.CODE, slow):\n    print(*run(ASK))\n"
    )
    assert told.startswith("warm from")


def test_a_copy_that_still_prepares_is_not_waited_for():
    took, left = script(
        "import time\n"
        "began = time.monotonic()\n"
        "with warm.kernels_from_here(loaded.CODE, lambda: time.sleep(60)):\n"
        "    copy = warm.NURSERIES.now.pid\n"
        "print(time.monotonic() - began < 20)\n"
        "print(os.path.exists(f'/proc/{copy}'))\n"
    )
    assert (took, left) == ("True", "False")


def test_a_process_too_large_to_be_forked_has_its_kernels_as_ever():
    (told,) = script(
        "def full():\n    raise OSError(12, 'Cannot allocate memory')\n"
        "fork, os.fork = os.fork, full\n"
        "with warm.kernels_from_here(loaded.CODE, prepare):\n"
        "    os.fork = fork\n"
        "    print(*run(ASK))\n"
    )
    assert told.startswith("warm nothing")


def test_a_kernel_is_known_by_its_number_as_soon_as_it_listens():
    """However late its nursery comes to say it: number 0 would stand for every process of this group."""
    (told,) = script(
        "import time\n"
        "from spm_lib.publish import nursery\n"
        "tell, forked, known = nursery._tell, warm.Forked.__init__, []\n"
        "def late(status, what):\n"
        "    time.sleep(0.5 if list(what) == ['pid'] else 0.0)\n"
        "    tell(status, what)\n"
        "def ordered(self, *given):\n"
        "    forked(self, *given)\n"
        "    known.append(str(self.pid))\n"
        "nursery._tell, warm.Forked.__init__ = late, ordered\n"
        "with warm.kernels_from_here(loaded.CODE, prepare):\n"
        "    how, pid = run('import os; print(os.getpid())')\n"
        "print(how, known == [pid])\n"
    )
    assert told == "warm True"


def test_the_environment_of_a_kernel_is_that_of_its_kernels(monkeypatch):
    told = warm.environment()
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert warm.environment() == told

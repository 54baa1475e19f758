"""A crash at any instant of adding a drop leaves the history before or the history after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from spm_lib.history import Store, disk
from spm_lib.history import store as store_module
from tests.history.typed_in import NOW, drop, opportunity, refused

ROOT = Path(__file__).resolve().parents[2]
EARLIER = drop("2026-10-05", [opportunity(1)])
WRONG = drop("2026-10-12", [opportunity(1)], content="bytes", mapping="wrong", quarantine=refused("x"))
RIGHT = drop("2026-10-12", [opportunity(1), opportunity(2)], content="bytes", quarantine=refused("y"))
#: What the store held before, and what is added: to nothing, beside something, in the place of something.
CASES = {"first": ((), EARLIER), "next": ((EARLIER,), WRONG), "superseding": ((EARLIER, WRONG), RIGHT)}


class PowerCutError(Exception):
    """Stands for a process that dies."""


def add(folder, one):
    return Store(folder).add(one, ingested_at=NOW)


def files(folder):
    """Every file below a folder, but the lock, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def dying_act(acts_left, torn, die):
    """An `act` that dies instead of the act after so many; `torn`: half of the bytes are written by then."""
    counter = count()

    def act(do, *arguments):
        if next(counter) < acts_left:
            return do(*arguments)
        if torn and getattr(do, "__name__", "") == "write_bytes":
            do(arguments[0][: len(arguments[0]) // 2])
        return die()

    return act


def check(folder, before, one, expected):
    """The state is the one before or the one after, whole; and adding again finishes the job."""
    store = Store(folder)
    found = {entry.batch_id for entry in store.entries()}
    old, new = before
    assert found in (old, new)
    for entry in store.entries():
        for table, rows in entry.tables.items():
            assert store.read(entry, table).num_rows == rows
    store.add(one, ingested_at=NOW)
    assert files(folder) == expected


def prepare(tmp_path, case):
    """A folder as it was, its batches before and after, and the files of an add that nothing stopped."""
    earlier, one = CASES[case]
    base = tmp_path / "base"
    base.mkdir()
    for old in earlier:
        add(base, old)
    old = {entry.batch_id for entry in Store(base).entries()}
    whole = tmp_path / "whole"
    shutil.copytree(base, whole)
    add(whole, one)
    new = {entry.batch_id for entry in Store(whole).entries()}
    assert old != new
    assert not [name for name in files(whole) if ".tmp-" in name]
    return base, (old, new), one, files(whole)


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_a_failure_at_any_instant_leaves_the_old_or_the_new(tmp_path, monkeypatch, case, torn):
    base, before, one, expected = prepare(tmp_path, case)

    def die():
        raise PowerCutError

    for acts in count():
        folder = tmp_path / f"after-{acts}"
        shutil.copytree(base, folder)
        with monkeypatch.context() as patch:
            fault = dying_act(acts, torn, die)
            patch.setattr(disk, "act", fault)
            patch.setattr(store_module, "act", fault)
            try:
                add(folder, one)
                break
            except PowerCutError:
                pass
        check(folder, before, one, expected)
    assert acts > 8


_KILLED = """
import os, shutil, sys
from itertools import count
from pathlib import Path
from tests.history import test_crash as crash
from spm_lib.history import disk, store

base, case = Path(sys.argv[1]), sys.argv[2]
for acts in count():
    folder = base.parent / f"killed-{acts}"
    shutil.copytree(base, folder)
    child = os.fork()
    if child == 0:
        disk.act = store.act = crash.dying_act(acts, True, lambda: os._exit(9))
        crash.add(folder, crash.CASES[case][1])
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        break
print(acts)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked")
def test_a_process_killed_at_any_instant_leaves_the_old_or_the_new_and_lets_go_of_the_lock(tmp_path):
    base, before, one, expected = prepare(tmp_path, "superseding")
    command = [sys.executable, "-c", _KILLED, str(base), "superseding"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    kills = int(done.stdout)
    assert kills > 8
    for acts in range(kills):
        check(tmp_path / f"killed-{acts}", before, one, expected)


def test_a_crash_before_anything_is_named_does_not_hinder_another_drop(tmp_path, monkeypatch):
    folder = tmp_path / "store"

    def die():
        raise PowerCutError

    with monkeypatch.context() as patch:
        fault = dying_act(6, True, die)
        patch.setattr(disk, "act", fault)
        patch.setattr(store_module, "act", fault)
        with pytest.raises(PowerCutError):
            add(folder, WRONG)
    assert [name for name in files(folder) if ".tmp-" in name]
    assert add(folder, EARLIER).changed
    assert [entry.batch_id for entry in Store(folder).entries()] == [EARLIER.batch_id]
    assert not [name for name in files(folder) if ".tmp-" in name]

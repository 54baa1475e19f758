"""Temporary folders: none of a killed process outlives the next run; sockets fit wherever they lie."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from spm_lib import room
from spm_lib.publish import kernel
from spm_lib.room import SOCKET, a_room

ROOT = Path(__file__).resolve().parents[2]


def told(script: str, tmp: Path, *arguments: str) -> object:
    """What a script says in its last line, as JSON, with its temporary folders in a place of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


KILLED = """\
import json, os, signal, sys, tempfile
from pathlib import Path
from spm_lib import storage
from spm_lib.run import Job, finish, run_job
home, reports = sys.argv[1:]
job = Job(home, "acme", "2026-W46", reports)

def stop(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def copy_of_client():
    with storage.client_copy(home, "acme") as place:
        assert (place / "acme/client.yaml").is_file()
        stop()

def copy_of_facts():
    with storage.facts_copy(home, ["acme"]):
        stop()

def report_of_a_job():
    storage.fetch_report = stop
    run_job(job)

def all_reports():
    storage.reports_copy = stop
    finish(reports, home)

left = {}
for act in (copy_of_client, copy_of_facts, report_of_a_job, all_reports):
    if (pid := os.fork()) == 0:
        act()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL, act
    left[act.__name__] = len(os.listdir(tempfile.gettempdir()))
with storage.client_copy(home, "acme"):
    pass
finish(reports, home)
left["next run"] = os.listdir(tempfile.gettempdir())
print(json.dumps(left))
"""


def test_copies_of_what_an_object_store_holds_are_swept_by_the_next_run(tmp_path):
    (tmp_path / "tmp").mkdir()
    for name in ("home/acme/client.yaml", "reports/index.html"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("name: Acme\n")
    left = told(KILLED, tmp_path / "tmp", f"file://{tmp_path}/home", f"file://{tmp_path}/reports")
    # every one of them leaves its folders when it is killed; the one after takes those of its own kind away
    assert left == {
        "copy_of_client": 1,
        "copy_of_facts": 1,
        "report_of_a_job": 2,
        "all_reports": 2,
        "next run": [],
    }


def test_a_folder_somebody_holds_is_not_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with a_room("spm-test-") as held:
        assert room.sweep("spm-test-")
        with a_room("spm-test-") as other:
            assert held.is_dir()
            assert other != held
        assert list(tmp_path.iterdir()) == [held]
    assert list(tmp_path.iterdir()) == []
    assert not room.sweep("spm-test-")


@pytest.mark.parametrize("moment", ["before it is opened", "before it is held"])
def test_a_folder_that_is_swept_before_it_is_held_is_made_again(tmp_path, monkeypatch, moment):
    """Another process sweeps between the making of a folder and the lock on it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    swept = []

    def made(**given):
        path = mkdtemp(**given)
        if not swept and moment == "before it is opened":
            swept.append(path)
            room.sweep("spm-test-")
        return path

    def locks(handle, how):
        if not swept and moment == "before it is held":
            swept.append(next(tmp_path.iterdir()))
            swept[0].rmdir()
        flock(handle, how)

    mkdtemp, flock = tempfile.mkdtemp, room.fcntl.flock
    monkeypatch.setattr(tempfile, "mkdtemp", made)
    monkeypatch.setattr(room.fcntl, "flock", locks)
    with a_room("spm-test-") as held:
        assert held.is_dir()
        assert [str(one) for one in swept] != [str(held)]
    assert len(swept) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_folder_of_ours_is_not_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "spm-test-link").symlink_to(tmp_path / "mine")
    (tmp_path / "spm-test-file").write_text("somebody's own")
    (tmp_path / "spm-other").mkdir()
    room.sweep("spm-test-")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mine",
        "spm-other",
        "spm-test-file",
        "spm-test-link",
    ]


LONG = """\
import json, tempfile
from spm_lib.publish.kernel import kernel_place
from spm_lib.run import Job, run_jobs

if __name__ == "__main__":
    with kernel_place() as (config, start):
        kernel = config["PrivateKernel"]
    (done,) = run_jobs([Job("no-home", "nobody", "2026-W46", "no-reports")])
    print(json.dumps({"tmp": tempfile.gettempdir(), **kernel, "cwd": start["cwd"], "reason": done.reason}))
"""


@pytest.fixture
def long(tmp_path):
    """A folder with so long a name that no socket can lie below it."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    return folder


def test_processes_and_kernels_start_where_temporary_folders_have_a_very_long_name(long):
    found = told(LONG, long)
    assert found["tmp"] == str(long)
    # the job ran, and came to an end of its own
    assert "no such client" in found["reason"]
    # a kernel's files stay where everything temporary is; its sockets alone lie elsewhere
    assert found["transport"] == "ipc"
    assert len(found["ip"]) + len("-5") <= SOCKET
    assert Path(found["cwd"]).is_relative_to(long)
    assert list(long.iterdir()) == []
    assert not Path(found["ip"]).parent.exists()


def test_without_a_short_name_anywhere_it_is_said_what_to_do(long, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    monkeypatch.setattr(room, "_SHORT", (str(long / "no-such-folder"),))
    with (
        pytest.raises(OSError, match="set TMPDIR to a folder of at most 64 letters"),
        a_room("x", sockets=True),
    ):
        pytest.fail("a folder was made")
    # a kernel can do without
    with kernel.kernel_place() as (config, _):
        assert "ip" not in config["PrivateKernel"]


def test_a_folder_left_by_a_killed_process_is_removed_by_the_next_one(tmp_path):
    script = "import os, signal\nfrom spm_lib.room import a_room\nwith a_room('spm-test-'):\n"
    stops = script + "    os.kill(os.getpid(), signal.SIGKILL)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", stops], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    subprocess.run([sys.executable, "-c", script + "    pass"], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []

"""A disk that is full, or may not be written to: the old report and the old history stand, and it is said.

The disks are real ones, mounted in a name space of their own. Where that is not allowed these tests are left
out, and tests/publish/test_publish_week.py has the same with a write that is made to fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.kill import WEEK, World
from tests.run.test_trouble import files, publish, take_in

UNSHARE = shutil.which("unshare") or ""


def may_mount() -> bool:
    """Whether a disk can be mounted here for a process alone."""
    if not UNSHARE:
        return False
    asked = [UNSHARE, "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="no disk can be mounted here without being asked")


def shell(world: World, script: str) -> dict[str, tuple[int, str]]:
    """Run a script with disks of its own, in which `run NAME ...` is `spm ...`: name -> code and words."""
    function = f"""\
set -e
run() {{
  name=$1; shift
  "$PYTHON" -m spm_lib "$@" >said-$name 2>&1 && code=0 || code=$?
  echo $code >code-$name
}}
{script}"""
    done = subprocess.run(
        [UNSHARE, "-rm", shutil.which("bash") or "bash", "-c", function],
        env={
            **world.environment,
            "PYTHON": sys.executable,
        },
        cwd=world.folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for path in world.folder.glob("code-*"):
        name = path.name.removeprefix("code-")
        found[name] = (int(path.read_text()), (world.folder / f"said-{name}").read_text())
    return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A client whose report stands, and one whose exports wait."""
    world = World(tmp_path / "world")
    take_in(world, "shown")
    publish(world, "shown")
    return world


FULL = """\
mkdir disk
mount -t tmpfs -o size=2m none disk
cp -r reports disk
mv reports before
ln -s disk/reports reports
fill() { dd if=/dev/zero of=disk/filler bs=1k 2>/dev/null || true; truncate -s -"$1" disk/filler; }
fill 16k
run full review shown --only owner_update --force
cp -rL reports then
rm disk/filler
run again review shown --only owner_update --force
cp -rL reports after

mkdir -p home/read/history
mount -t tmpfs -o size=64k none home/read/history
dd if=/dev/zero of=home/read/history/filler bs=1k 2>/dev/null || true
run ingest-full ingest read
ls home/read/history >left
rm home/read/history/filler
run ingest-again ingest read
cp -r home/read/history history
"""


def test_on_a_full_disk_the_old_report_and_history_stand_and_the_next_run_makes_up_for_it(world, tmp_path):
    before = files(world.reports / "shown" / WEEK)
    ended = shell(world, FULL)
    code, said = ended["full"]
    assert code == 1
    assert said.count("No space left on device") == 3  # the client's, the firm's page, the list
    assert "Traceback" not in said
    assert files(world.folder / "then/shown" / WEEK) == before
    assert list((world.folder / "then").rglob("*.making")) == []
    assert ended["again"][0] == 0
    assert {path.name for path in (world.folder / "after").iterdir()} >= {"index.html", "portfolio.html"}

    code, said = ended["ingest-full"]
    assert code == 1
    assert said.splitlines() == [
        "the history could not be written; what it held stands",
        "  where: read/history",
        "  given: 'No space left on device'",
        "  to do: make room on the disk and see that this user may write there, then ingest again",
    ]
    assert "Traceback" not in said
    calm = World(tmp_path / "calm", ("read",))
    take_in(calm, "read")
    assert ended["ingest-again"][0] == 0
    assert files(world.folder / "history") == files(calm.home / "read/history")
    assert world.wait_until_still() == []


READ_ONLY = """\
lock() { mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; }
lock reports
run review review shown --only owner_update --force
lock home
run ingest ingest read
"""


def test_where_nothing_may_be_written_it_is_said_and_all_is_as_it_was(world):
    before = files(world.reports), files(world.home)
    ended = shell(world, READ_ONLY)
    assert "where: read/history" in ended["ingest"][1]
    for code, said in ended.values():
        assert code == 1
        assert "Read-only file system" in said
        assert "Traceback" not in said
    assert (files(world.reports), files(world.home)) == before
    assert world.wait_until_still() == []

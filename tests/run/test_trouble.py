"""Whatever happens to a run: the client it happens to fails, and says why; the others are published."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from spm_lib.ingest import ingest
from spm_lib.publish.manifest import is_intact, read_run
from spm_lib.run import Job, run_job
from tests.cli.conftest import standing
from tests.run.kill import ROOT, WEEK, World

#: A first cell that does what a file of the client's says, which no report rests on.
DOES = """\
from pathlib import Path
trouble = Path(home, client, "trouble.py")
if trouble.is_file():
    exec(trouble.read_text())"""
#: How long a cell may take in the house of these tests, in seconds.
LIMIT = 10

HUNGRY = """\
import resource
held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + (64 << 20)
resource.setrlimit(resource.RLIMIT_AS, (held, held))
bytearray(1 << 30)
"""
KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
HANGS = "import time; time.sleep(600)"
#: Says which folder its job holds, by which that job is known and killed.
LOSES_ITS_JOB = """\
import os, time
Path(home, client, "room").write_text(os.environ["JUPYTER_RUNTIME_DIR"] + "/")
time.sleep(600)
"""
#: The first of them is at work together with a client nothing happens to.
TROUBLE = {"alone": LOSES_ITS_JOB, "hangs": HANGS, "hungry": HUNGRY, "killed": KILLED}


def take_in(world: World, *slugs: str) -> None:
    """The exports of clients, in this process."""
    for slug in slugs:
        ingest(world.home, slug, [world.home / slug / "inbox"], ingested_at=pd.Timestamp("2026-11-25T12:00Z"))


def publish(world: World, slug: str) -> dict[str, bytes]:
    """A standing report, made in this process; its files."""
    job = Job(str(world.home), slug, WEEK, str(world.reports), only=("owner_update",))
    assert run_job(job).state == "published"
    return files(world.reports / slug / WEEK)


def files(folder: Path) -> dict[str, bytes]:
    """Relative path -> bytes of every file."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def job_that_holds(world: World, told: Path) -> int:
    """The job whose kernel wrote down its folder, once it did."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            if (room := told.read_text()).endswith("/"):
                (job,) = [
                    pid for pid, kind in world.processes().items() if kind == "job" and holds(pid, room)
                ]
                return job
        time.sleep(0.02)
    pytest.fail(f"{told} was never written: {world.said()}")


def holds(pid: int, room: str) -> bool:
    """Whether a process has a folder open."""
    return room.rstrip("/") in {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}


def summary(world: World) -> dict[str, dict[str, object]]:
    """Client -> what the last run told of it."""
    told = json.loads((world.reports / ".runs/summary.json").read_text())
    return {one["client"]: one for one in told["clients"]} | {"": told}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the house in which the owner's page can be made to go wrong, and a cell has little time."""
    house = tmp_path / "house"
    for name in ("spm_lib", "notebooks"):
        shutil.copytree(ROOT / name, house / name)
    path = house / "notebooks" / "owner_update.ipynb"
    notebook = json.loads(path.read_text())
    (declared,) = [
        n for n, one in enumerate(notebook["cells"]) if "parameters" in one["metadata"].get("tags", [])
    ]
    cell = {**notebook["cells"][declared], "id": "trouble", "metadata": {}, "source": DOES}
    notebook["cells"].insert(declared + 1, cell)
    path.write_text(json.dumps(notebook))
    limits = house / "spm_lib" / "publish" / "execute.py"
    text = limits.read_text()
    assert text.count("    cell: int = 300\n") == 1
    limits.write_text(text.replace("    cell: int = 300\n", f"    cell: int = {LIMIT}\n"))
    return house


def test_whatever_happens_to_clients_the_others_are_published_and_the_next_run_does_the_rest(house, tmp_path):
    slugs = ("good", "refused", *TROUBLE)
    world = World(tmp_path / "world", slugs, house)
    take_in(world, *slugs)
    for slug, text in TROUBLE.items():
        (world.home / slug / "trouble.py").write_text(text)
    (world.home / "good/expectations/crm_usage.md").unlink()
    goals = world.home / "refused/expectations/sales_goals.md"
    agreed = goals.read_text()
    goals.write_text(agreed.replace("rep: ben", "rep: zoe"))

    process = world.start("review", "--only", "owner_update", "--jobs", "3")
    os.kill(job_that_holds(world, world.home / "alone/room"), signal.SIGKILL)
    assert process.wait(120) == 1, world.said()
    assert world.wait_until_still() == []
    assert "Traceback" not in world.said()

    told = summary(world)
    assert told[""]["exit_code"] == 1
    states = {slug: told[slug]["state"] for slug in slugs}
    assert states == {"good": "published", "refused": "refused", **dict.fromkeys(TROUBLE, "failed")}
    why = {
        "hangs": f"a cell took longer than {LIMIT} s and was ended",
        "hungry": "stopped with MemoryError",
        "killed": "the kernel was ended from outside, or ran out of memory",
        "alone": "its process was ended from outside (SIGKILL); was there too little memory?",
        "refused": "nobody knows this rep or role (zoe)",
    }
    index = (world.reports / "index.html").read_text()
    for slug, reason in why.items():
        assert reason in str(told[slug]["reason"])
        assert reason in world.said()
        assert not (world.reports / slug).exists()
        assert reason in index, slug

    # which numbers a doubt touches: of what was refused, and of what was published all the same
    assert "touches: every page" in str(told["refused"]["reason"])
    assert "touches: every page" in index
    run = read_run(world.reports / "good" / WEEK)
    assert run is not None
    assert [one.partition("touches: ")[2] for one in run.findings] == [
        "hygiene; to do: write crm_usage.md with its effective_from"
    ]
    assert "touches: hygiene" in index
    assert told["good"]["notes"] == 1

    # the causes are gone: the next run does the rest, and nothing else
    for slug in TROUBLE:
        (world.home / slug / "trouble.py").unlink()
    goals.write_text(agreed)
    before = standing(world.reports / "good")
    code, said = world.run("review", "--only", "owner_update")
    assert code == 0, said
    told = summary(world)
    assert {told[slug]["state"] for slug in why} == {"published"}
    assert told["good"]["state"] == "current"
    assert standing(world.reports / "good") == before
    assert "failed:" not in (world.reports / "index.html").read_text()
    assert [*world.left(), *world.reports.rglob("*.failed.json")] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_review_that_is_asked_to_end_leaves_the_old_report_and_says_what_is_not_done(tmp_path, number):
    world = World(tmp_path / "world", ("shown",))
    take_in(world, "shown")
    before = publish(world, "shown")
    # so that there is something to do
    words = world.home / "shown/expectations/sales_goals.md"
    words.write_text(words.read_text().replace("Words.", "Other words."))

    process = world.start("review", "--only", "owner_update")
    assert world.at_work(process, "kernel", 0.0), world.said()
    # as a terminal does it, to all that were started with the command
    os.killpg(process.pid, number)
    assert process.wait(30) == 128 + number
    assert world.wait_until_still() == []
    assert world.said().splitlines() == [
        "0 clients are done, 1 is not: shown; its report is as before",
        f"ended by {signal.Signals(number).name}; nothing is half-made, and the same command does the rest",
    ]
    assert files(world.reports / "shown" / WEEK) == before
    told = summary(world)
    assert (told[""]["exit_code"], told["shown"]["state"]) == (128 + number, "failed")
    assert world.left() == []


def test_two_reviews_of_one_week_at_once_make_one_report(tmp_path):
    world = World(tmp_path / "world", ("shown",))
    take_in(world, "shown")
    both = [world.start("review", "--only", "owner_update", words=name) for name in ("one", "two")]
    codes = [process.wait(120) for process in both]
    said = [world.said(name) for name in ("one", "two")]
    assert codes == [0, 0], said
    # the second waited for the first, and found its work done
    assert sorted("nothing to do, it is current: " in one.splitlines()[0] for one in said) == [False, True]
    assert [*world.wait_until_still(), *world.torn(), *world.left()] == []
    run = read_run(world.reports / "shown" / WEEK)
    assert run is not None
    assert is_intact(world.reports / "shown" / WEEK, run)
    assert summary(world)["shown"]["state"] in ("published", "current")


def test_two_ingests_at_once_lose_and_double_nothing(tmp_path):
    world, calm = World(tmp_path / "world", ("read",)), World(tmp_path / "calm", ("read",))
    both = [world.start("ingest", "read", words=name) for name in ("one", "two")]
    for name, process in zip(("one", "two"), both, strict=True):
        code, said = process.wait(60), world.said(name)
        assert code == 0 or (code == 1 and "another process is writing this client's history" in said), said
    code, said = world.run("ingest", "read")
    assert code == 0, said
    take_in(calm, "read")
    assert files(world.home / "read/history") == files(calm.home / "read/history")

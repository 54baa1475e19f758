"""Kill `spm ingest` and `spm review` at random moments; see that nothing was torn, lost, doubled or left.

`python -m tests.run.kill --kills 200` runs it at length; the ordinary tests do it a few times. What is killed
(the command, the process of a job, the server that forks them, the nursery of kernels, a kernel) and when is
chosen by the seed, and by how fast the machine is at that moment.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from spm_lib.client import load_client
from spm_lib.history import Store, timeline
from spm_lib.publish.manifest import is_intact, read_run
from tests.cli.conftest import TODAY, Tiny

ROOT = Path(__file__).resolve().parents[2]
WEEK = "2026-W47"
#: How long everything may take to end after a kill, in seconds.
ENDS_WITHIN = 30.0
#: Variable by which every process of a world is known, the children's children too.
MARK = "SPM_TEST_WORLD"


class World:
    """Two tiny clients, one that is ingested and one that is reviewed, and a folder for what is temporary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.reports, self.tmp = folder / "home", folder / "reports", folder / "tmp"
        self.tmp.mkdir(parents=True)
        for slug in ("read", "shown"):
            Tiny(self.home, slug).export_both()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`spm` in a process of its own."""
        environment = {
            **os.environ,
            "SPM_TODAY": TODAY,
            "SPM_HOME": str(self.home),
            "SPM_REPORTS": str(self.reports),
            "TMPDIR": str(self.tmp),
            MARK: str(self.folder),
            "PYTHONPATH": str(ROOT),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "spm_lib", *arguments],
            env=environment,
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str) -> tuple[int, str, float]:
        """`spm` until it ends: exit code, what it said, seconds."""
        began = time.monotonic()
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=300)
        return process.returncode, said, time.monotonic() - began

    def processes(self) -> dict[int, str]:
        """Every process of this world -> what it is."""
        found = {pid: told for pid in _pids() if (told := _about(pid, str(self.folder))) is not None}
        return {pid: _kind(command, found.get(parent)) for pid, (parent, command) in found.items()}

    def wait_until_still(self) -> list[str]:
        """What is still running after a while; nothing, if all is well."""
        until = time.monotonic() + ENDS_WITHIN
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        return [f"{kind} ({pid}) outlived the run" for pid, kind in left.items()]

    def torn(self) -> list[str]:
        """What a reader would find half-made at this moment."""
        faults = []
        try:
            timeline(Store(self.home / "read"), load_client(self.home, "read"), None)
        except Exception as fault:  # noqa: BLE001
            faults.append(f"the history cannot be read: {fault}")
        report = self.reports / "shown" / WEEK
        if report.exists():
            run = read_run(report)
            if run is None or not is_intact(report, run):
                faults.append("the report is not whole")
        index, summary = self.reports / "index.html", self.reports / ".runs/summary.json"
        if index.exists() and not index.read_text().rstrip().endswith("</html>"):
            faults.append("the list of reports is not whole")
        if summary.exists():
            json.loads(summary.read_text())
        return faults

    def left(self) -> list[str]:
        """What lies about that nobody asked for."""
        about = [*self.tmp.iterdir(), *self.reports.rglob("*.half"), *self.reports.rglob("*.making")]
        about += [*self.reports.rglob("*.aside"), *self.home.rglob(".tmp-*")]
        return [f"{path.relative_to(self.folder)} is left" for path in about]

    def content(self) -> dict[str, object]:
        """What was made: every file of the histories and reports; of run.json not how long it took."""
        found: dict[str, object] = {}
        for folder in (*self.home.glob("*/history"), *self.home.glob("*/quarantine"), self.reports / "shown"):
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.name != ".lock":
                    found[str(path.relative_to(self.folder))] = _comparable(path)
        found["index"] = _comparable(self.reports / "index.html")
        return found


def _comparable(path: Path) -> object:
    if path.name != "run.json":
        return path.read_bytes()
    told = json.loads(path.read_bytes())
    return {key: value for key, value in told.items() if key not in ("timings", "kernels")}


def _pids() -> Iterator[int]:
    yield from (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def _about(pid: int, mark: str) -> tuple[int, str] | None:
    """Parent and command of a process that carries the mark and has not ended; None of another."""
    try:
        place = Path("/proc") / str(pid)
        if f"{MARK}={mark}".encode() not in (place / "environ").read_bytes().split(b"\0"):
            return None
        state, parent = (place / "stat").read_text().rpartition(")")[2].split()[:2]
        command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (OSError, ValueError):
        return None
    return None if state == "Z" else (int(parent), command)


def _kind(command: str, parent: tuple[int, str] | None) -> str:
    above = parent[1] if parent else ""
    for name, child in (("forkserver", "job"), ("nursery", "kernel")):
        if name in command:
            return child if name in above else name
    return "tracker" if "resource_tracker" in command else "command"


def kill_once(world: World, chance: random.Random, seconds: dict[str, float]) -> tuple[str, list[str]]:
    """Start a command, kill one of its processes at a random moment; what was killed, and what is wrong."""
    command = chance.choice(("ingest", "review"))
    if chance.random() < 0.5:
        places = ("history", "quarantine") if command == "ingest" else ()
        for name in places:
            shutil.rmtree(world.home / "read" / name, ignore_errors=True)
        if command == "review":
            shutil.rmtree(world.reports, ignore_errors=True)
    asked = ("ingest", "read") if command == "ingest" else REVIEW
    process = world.start(*asked)
    time.sleep(chance.uniform(0.0, seconds[command]))
    running = world.processes()
    kind = chance.choice(sorted({*running.values(), "command"} - {"tracker"}))
    victims = sorted(pid for pid, one in running.items() if one == kind) or [process.pid]
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(chance.choice(victims), signal.SIGKILL)
    else:
        kind = "nothing, it was done"
    said, _ = process.communicate(timeout=300)
    faults = [*world.wait_until_still(), *world.torn()]
    if "Traceback" in said or process.returncode not in (0, 1, -signal.SIGKILL):
        faults.append(f"it ended with {process.returncode} and said {said[-600:]}")
    return f"{command}: {kind}", faults


#: The review that is killed: one page, made anew each time.
REVIEW = ("review", "shown", "--only", "owner_update", "--force")


def kill_often(folder: Path, kills: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Kill so many times, then run undisturbed; what was killed how often, and all that is wrong."""
    calm, world = World(folder / "calm"), World(folder / "killed")
    seconds: dict[str, float] = {}
    for one in (calm, world):
        assert one.run("ingest", "shown")[0] == 0
    for name, asked in (("ingest", ("ingest", "read")), ("review", REVIEW)):
        code, said, seconds[name] = calm.run(*asked)
        assert code == 0, said
    chance, killed, faults = random.Random(seed), Counter[str](), []
    for number in range(kills):
        what, wrong = kill_once(world, chance, seconds)
        killed[what] += 1
        faults += [f"kill {number}, {what}: {one}" for one in wrong]
    for asked in (("ingest", "read"), REVIEW):
        code, said, _ = world.run(*asked)
        faults += [] if code == 0 else [f"the undisturbed {asked[0]} ended with {code}: {said}"]
    faults += [*world.wait_until_still(), *world.torn(), *world.left()]
    ours, theirs = world.content(), calm.content()
    names = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    return killed, faults + [f"{name} is not as it is undisturbed" for name in sorted(names)]


def main() -> int:
    """Kill, print what was killed and what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spm-kill-") as room:
        killed, faults = kill_often(Path(room), given.kills, given.seed)
    for what, count in sorted(killed.items()):
        sys.stdout.write(f"{count:4d}  {what}\n")
    for fault in faults:
        sys.stdout.write(f"WRONG  {fault}\n")
    sys.stdout.write(f"{given.kills} kills, {len(faults)} faults, {time.monotonic() - began:.0f} s\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

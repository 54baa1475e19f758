"""End `spm ingest` and `spm review` at random moments; see that nothing was torn, lost, doubled or left.

`python -m tests.run.kill --kills 200` does it at length; the ordinary tests do it a few times. Every part of
a run is ended in turn (the command, the process of a job, the server that forks them, the nursery of kernels,
a kernel, all of them at once), at a moment of its life chosen by the seed, and by how fast the machine is.
`--signal TERM` and `--signal INT` ask the command to end instead.
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
from dataclasses import dataclass, field
from pathlib import Path

from spm_lib.client import load_client
from spm_lib.history import Store, timeline
from spm_lib.publish.manifest import is_intact, read_run
from tests.cli.conftest import TODAY, Tiny

ROOT = Path(__file__).resolve().parents[2]
WEEK = "2026-W47"
#: How long everything may take to end after a kill, in seconds.
ENDS_WITHIN = 30.0
#: How long a command may take, whatever was done to it, in seconds.
HANGS = 180.0
#: How often a part is ended anew when it was done before its moment came.
TRIES = 4
#: Variable by which every process of a world is known, the children's children too.
MARK = "SPM_TEST_WORLD"
#: How often the processes of a run are looked at, in seconds.
_LOOK = 0.01
#: The review that is ended: one page, made anew each time.
REVIEW = ("review", "shown", "--only", "owner_update", "--force")
COMMANDS = {"ingest": ("ingest", "read"), "review": REVIEW}
#: A word in the command of what forks -> itself, its children, theirs.
_FORKING = {"forkserver": ("forkserver", "job", "nursery", "kernel"), "nursery": ("nursery", "kernel")}
#: What is ended, in turn. Only the command is asked to end; the parts of it can be killed.
ALL = "all at once"
VICTIMS = (
    ("ingest", "command"),
    *(("review", one) for one in ("command", "job", "forkserver", "nursery", "kernel", ALL)),
)
ASKED = (("ingest", "command"), ("review", "command"))


class World:
    """Tiny clients, one to be ingested and one to be reviewed, and a folder for what is temporary.

    Parameters
    ----------
    folder : pathlib.Path
    slugs : tuple of str
    house : pathlib.Path
        The folder whose `spm_lib` is run.
    """

    def __init__(self, folder: Path, slugs: tuple[str, ...] = ("read", "shown"), house: Path = ROOT) -> None:
        self.folder, self.house = folder, house
        self.home, self.reports, self.tmp = folder / "home", folder / "reports", folder / "tmp"
        self.tmp.mkdir(parents=True)
        for slug in slugs:
            Tiny(self.home, slug).export_both()

    @property
    def environment(self) -> dict[str, str]:
        """Of `spm` in this world."""
        return {
            **os.environ,
            "SPM_TODAY": TODAY,
            "SPM_HOME": str(self.home),
            "SPM_REPORTS": str(self.reports),
            "TMPDIR": str(self.tmp),
            MARK: str(self.folder),
            "PYTHONPATH": str(self.house),
        }

    def start(self, *arguments: str, words: str = "said") -> subprocess.Popen[bytes]:
        """`spm` in a process and a group of its own, its words kept in a file."""
        with (self.folder / words).open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "spm_lib", *arguments],
                env=self.environment,
                cwd=self.folder,
                stdout=file,
                stderr=file,
                process_group=0,
                # whoever runs this in the background may have it ignored
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def said(self, words: str = "said") -> str:
        """What the last command said."""
        return (self.folder / words).read_text(errors="replace")

    def run(self, *arguments: str) -> tuple[int, str]:
        """`spm` until it ends: exit code, and what it said."""
        return self.start(*arguments).wait(HANGS), self.said()

    def lives(self, *arguments: str) -> dict[str, float]:
        """Run `spm` undisturbed: every kind of process -> for how many seconds one of it lived."""
        lives: dict[str, float] = {}
        process = self.start(*arguments)
        before = time.monotonic()
        while process.poll() is None:
            kinds = {*self.processes().values(), ALL}
            now = time.monotonic()
            for kind in kinds:
                lives[kind] = lives.get(kind, 0.0) + now - before
            before = now
            time.sleep(_LOOK)
        assert process.returncode == 0, self.said()
        return lives

    def at_work(self, process: subprocess.Popen[bytes], kind: str, seconds: float) -> list[int]:
        """Wait until processes of a kind have lived so long; those there are, none when all is over."""
        lived, before = 0.0, time.monotonic()
        while process.poll() is None:
            found = [pid for pid, one in self.processes().items() if kind in (one, ALL)]
            now = time.monotonic()
            lived += now - before if found else 0.0
            before = now
            if found and lived >= seconds:
                return found
            time.sleep(_LOOK)
        return []

    def processes(self) -> dict[int, str]:
        """Every process of this world -> what it is."""
        found = {pid: told for pid in _pids() if (told := _about(pid, str(self.folder))) is not None}
        return {pid: _kind(pid, found) for pid in found}

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
            if (self.home / "read").is_dir():
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


def _kind(pid: int, found: dict[int, tuple[int, str]]) -> str:
    """What a process is: those that fork keep the command, so the generation tells."""
    command = found[pid][1]
    for name, generations in _FORKING.items():
        if name in command:
            generation = 0
            while (pid := found[pid][0]) in found and name in found[pid][1]:
                generation += 1
            return generations[min(generation, len(generations) - 1)]
    return "tracker" if "resource_tracker" in command else "command"


def end_once(
    world: World, chance: random.Random, victim: tuple[str, str], seconds: float, number: int
) -> tuple[bool, list[str]]:
    """Start a command and end a part of it; whether it was there to be ended, and what is wrong."""
    command, kind = victim
    if chance.random() < 0.5:
        made = [world.reports] if command == "review" else []
        made += [world.home / "read" / name for name in ("history", "quarantine") if command == "ingest"]
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
    process = world.start(*COMMANDS[command])
    victims = world.at_work(process, kind, chance.uniform(0.0, seconds))
    for pid in victims if kind == ALL else chance.sample(victims, min(1, len(victims))):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    faults = _end_of(world, process, {0, 1} | {-number, 128 + number} if victims else {0})
    return bool(victims), [*faults, *world.wait_until_still(), *world.torn()]


def _end_of(world: World, process: subprocess.Popen[bytes], may: set[int]) -> list[str]:
    """Wait for a command; what is wrong with how it ends and with its last words."""
    try:
        code = process.wait(HANGS)
    except subprocess.TimeoutExpired:
        for pid in world.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        return [f"it hung for {HANGS:g} s and said {world.said()[-600:]}"]
    said = world.said()
    # an interpreter that was interrupted before it came to our code says so in its own way
    is_ours = "spm_lib/" in said or code != -signal.SIGINT
    if code in may and not ("Traceback" in said and is_ours):
        return []
    return [f"it ended with {code} and said {said[-1500:]}"]


@dataclass
class Ended:
    """What was ended how often, what came too late, and all that is wrong."""

    by_kind: Counter[str] = field(default_factory=Counter)
    too_late: int = 0
    faults: list[str] = field(default_factory=list)


def end_often(folder: Path, kills: int, seed: int, number: int = signal.SIGKILL) -> Ended:
    """End so many parts of runs, each kind in turn, then run undisturbed.

    Parameters
    ----------
    folder : pathlib.Path
        Empty.
    kills, seed : int
    number : int
        The signal; another one than SIGKILL goes to commands alone.
    """
    calm, world = World(folder / "calm"), World(folder / "killed")
    for one in (calm, world):
        code, said = one.run("ingest", "shown")
        assert code == 0, said
    lives = {command: calm.lives(*asked) for command, asked in COMMANDS.items()}
    chance, ended = random.Random(seed), Ended()
    for turn, victim in enumerate(_turns(VICTIMS if number == signal.SIGKILL else ASKED, kills, chance)):
        what = f"{victim[0]}: {victim[1]}"
        for _ in range(TRIES):
            came, wrong = end_once(world, chance, victim, lives[victim[0]][victim[1]], number)
            ended.faults += [f"{turn}, {what}: {one}" for one in wrong]
            if came:
                ended.by_kind[what] += 1
                break
            ended.too_late += 1
    ended.faults += _differences(world, calm)
    return ended


def _turns(
    victims: tuple[tuple[str, str], ...], kills: int, chance: random.Random
) -> Iterator[tuple[str, str]]:
    """Each victim as often as the others, in an order of chance."""
    turns: list[tuple[str, str]] = []
    while len(turns) < kills:
        turns += chance.sample(victims, len(victims))
    yield from turns[:kills]


def _differences(world: World, calm: World) -> list[str]:
    """Run undisturbed; what is wrong then, or otherwise than in a world that was never disturbed."""
    faults = []
    for name, asked in COMMANDS.items():
        code, said = world.run(*asked)
        faults += [] if code == 0 else [f"the undisturbed {name} ended with {code}: {said}"]
    faults += [*world.wait_until_still(), *world.torn(), *world.left()]
    ours, theirs = world.content(), calm.content()
    names = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    return faults + [f"{name} is not as it is undisturbed" for name in sorted(names)]


def main() -> int:
    """End, print what was ended and what is wrong; 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--signal", choices=("KILL", "TERM", "INT"), default="KILL")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spm-kill-") as room:
        ended = end_often(Path(room), given.kills, given.seed, signal.Signals[f"SIG{given.signal}"])
    for what, count in sorted(ended.by_kind.items()):
        sys.stdout.write(f"{count:4d}  {what}\n")
    for fault in ended.faults:
        sys.stdout.write(f"WRONG  {fault}\n")
    seconds = time.monotonic() - began
    sys.stdout.write(
        f"{ended.by_kind.total()} times SIG{given.signal}, {len(ended.faults)} faults, {seconds:.0f} s"
        f" ({ended.too_late} came too late and were tried anew)\n"
    )
    return 1 if ended.faults else 0


if __name__ == "__main__":
    sys.exit(main())

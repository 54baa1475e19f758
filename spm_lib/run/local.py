"""Jobs on this machine: each in a process of its own, so many at a time, watched until it ends.

A process that is killed, runs out of memory or hangs takes its own client down and no other. Where processes
can be forked (Linux) they come from a server that has imported everything and touched no data.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from spm_lib.publish.warm import Code, environment
from spm_lib.room import a_room
from spm_lib.run.job import Done, Job, run_job

#: What a server of processes loads before it forks the first one.
PRELOADED = ("spm_lib.run.loaded",)
#: How the folder of this process's sockets is called among the temporary ones.
ROOM = "spm-run-"
#: How long one client's week may take, in seconds.
LIMIT = 3600.0
#: How long a process may take to end after it was asked to, in seconds.
_PATIENCE = 5.0
#: Held while this process has the environment of a kernel: threads that start jobs take turns.
_STARTS = threading.Lock()


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes
    ----------
    done, total : int
        Jobs.
    running : tuple of str
        "client, page" of those at work.
    ended : Done or None
        The job that has just ended, if one has.
    seconds_left : float or None
        None where nobody can tell yet.
    """

    done: int
    total: int
    running: tuple[str, ...]
    ended: Done | None = None
    seconds_left: float | None = None


class Lost(Done):
    """A job that came to no end of its own: its process could not be started, was killed, or hung."""


@dataclass
class _Running:
    """A job at work."""

    job: Job
    process: Any
    heard: Connection
    lifeline: Connection
    began: float = field(default_factory=time.monotonic)
    page: str = ""
    done: Done | None = None

    def ended(self, reason: str) -> Done:
        seconds = round(time.monotonic() - self.began, 3)
        return Lost(self.job.client, self.job.week, "failed", seconds, reason)


def run_jobs(
    jobs: Sequence[Job],
    *,
    at_once: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    limit: float = LIMIT,
) -> list[Done]:
    """Run jobs, so many at a time, in their order.

    Parameters
    ----------
    jobs : sequence of Job
    at_once : int, optional
        The cores of this machine when missing.
    on_progress : callable, optional
    limit : float, optional
        Seconds one job may take; its process is killed after that.

    Returns
    -------
    list of Done
        In the order of `jobs`.
    """
    heard = on_progress or (lambda _: None)
    waiting = deque(jobs)
    running: list[_Running] = []
    found: dict[Job, Done] = {}
    try:
        while waiting or running:
            while waiting and len(running) < (at_once or cores()):
                job = waiting.popleft()
                try:
                    running.append(_start(job))
                except OSError as problem:
                    reason = f"its process could not be started ({problem.strerror or problem})"
                    found[job] = Lost(job.client, job.week, "failed", reason=reason)
                    heard(_progress(found, jobs, running, found[job]))
                heard(_progress(found, jobs, running))
            for one in _news(running, limit):
                running.remove(one)
                found[one.job] = one.done or one.ended(_how_it_ended(one.process.exitcode))
                heard(_progress(found, jobs, running, found[one.job]))
            heard(_progress(found, jobs, running))
    finally:
        for one in running:
            _end(one)
    return [found[job] for job in jobs]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _progress(
    found: dict[Job, Done], jobs: Sequence[Job], running: list[_Running], ended: Done | None = None
) -> Progress:
    names = tuple(f"{one.job.client}, {one.page or one.job.week}" for one in running)
    return Progress(len(found), len(jobs), names, ended)


def _start(job: Job) -> _Running:
    """Start a job in a process of its own.

    Raises
    ------
    OSError
        It could not be started.
    """
    context = _context()
    heard, tells = context.Pipe(duplex=False)
    watched, lifeline = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, tells, watched), name=f"spm {job.client}")
    try:
        process.start()
    except EOFError as problem:
        # multiprocessing's way to say that its server took the job and was killed
        raise ConnectionError("what starts them was ended from outside") from problem
    tells.close()
    watched.close()
    return _Running(job, process, heard, lifeline)


def _context() -> Any:
    """How processes are made: forked by a server that has loaded everything, or started where that is not."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *PRELOADED, *_run_as_module()])
    _room_for_sockets()
    _start_server()
    return context


def _run_as_module() -> list[str]:
    """The module this process was started with (`python -m`): multiprocessing runs it again in every child.

    A worker of a cluster is one, and what it imports takes a fifth of a second.
    """
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return [] if spec is None or spec.name.endswith("__main__") else [spec.name]


def _start_server() -> None:
    """Have the server of processes started as a kernel is: what it forks may have kernels forked from it."""
    with _STARTS:
        mine, kernels = dict(os.environ), environment()
        try:
            os.environ.clear()
            os.environ.update(kernels)
            forkserver.ensure_running()
        finally:
            os.environ.clear()
            os.environ.update(mine)


def _loaded() -> Code | None:
    """The library as it was when the server that forked this process loaded it; None without a server."""
    found = sys.modules.get(PRELOADED[0])
    return None if found is None else found.CODE


@cache
def _room_for_sockets() -> None:
    """Have the server's socket lie where the next run removes it if this process is killed."""
    held = ExitStack()
    room = held.enter_context(a_room(ROOM, sockets=True))
    # multiprocessing has no public way to say where; without this it leaves a folder in the temporary ones
    multiprocessing.current_process()._config["tempdir"] = str(room)  # type: ignore[attr-defined]  # noqa: SLF001
    atexit.register(held.close)


def _news(running: list[_Running], limit: float) -> list[_Running]:
    """Wait until something is heard, and take it up; those that have ended."""
    next_limit = min((one.began + limit for one in running), default=time.monotonic())
    wait(
        [one.heard for one in running] + [one.process.sentinel for one in running],
        timeout=max(0.0, min(1.0, next_limit - time.monotonic())),
    )
    ended = []
    for one in running:
        _listen(one)
        if one.done is None and time.monotonic() - one.began > limit:
            _end(one)
            one.done = one.ended(f"it took longer than {limit:g} s and was ended")
        if one.done is not None or not one.process.is_alive():
            _listen(one)
            _end(one)
            ended.append(one)
    return ended


def _listen(one: _Running) -> None:
    with suppress(EOFError, OSError):
        while one.heard.poll():
            said = one.heard.recv()
            if isinstance(said, Done):
                one.done = said
            else:
                one.page = said


def _end(one: _Running) -> None:
    """Let a process end; kill one that does not, and whatever it started."""
    one.lifeline.close()
    one.process.join(_PATIENCE if one.done is not None else 0.0)
    if one.process.is_alive():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.kill()
        one.process.join()
    one.heard.close()


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        more = "; was there too little memory?" if name == "SIGKILL" else ""
        return f"its process was ended from outside ({name}){more}"
    return f"its process ended without a word (exit code {code})"


def _work(job: Job, tells: Connection, watched: Connection) -> None:
    """What the process of one job does."""
    with suppress(OSError):
        os.setsid()  # so that all of it can be ended at once
    threading.Thread(target=_die_with_parent, args=(watched,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    with suppress(BrokenPipeError):
        tells.send(run_job(job, tells.send, loaded=_loaded()))
    tells.close()


def _die_with_parent(watched: Connection) -> None:
    """End this process, and what it started, when nobody waits for it any more."""
    with suppress(EOFError, OSError):
        watched.recv()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)

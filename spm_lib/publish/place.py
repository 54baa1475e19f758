"""Where a report is made and how it takes its place: complete or not at all.

A report is written into a folder beside the published ones, flushed to the disk, and exchanged with the
standing one in one step of the file system. A crash at any instant leaves the old report or the new one.
Where the file system cannot exchange two folders, the old one steps aside first; the next run puts it back
if that run was the last thing that happened.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spm_lib.errors import PublishError

#: Below the reports: locks, half-made folders, reasons of failures.
RUNS = ".runs"
#: How a report is called there while it is made, and while it steps aside.
_MAKING, _ASIDE = ".making", ".aside"

_AT_CWD = -100
_EXCHANGE = 2
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV, errno.EPERM)


class Place:
    """The place of one client's week below a reports folder.

    Parameters
    ----------
    reports : pathlib.Path
    client, week : str
        Checked slug and week label.

    Attributes
    ----------
    published : pathlib.Path
        The report folder.
    making, aside : pathlib.Path
        Where the next report is made, and where the standing one may wait for a moment.
    failure : pathlib.Path
        Why the last run of it failed.
    """

    def __init__(self, reports: Path, client: str, week: str) -> None:
        self.published = reports / client / week
        runs = reports / RUNS / client
        self.making = runs / f"{week}{_MAKING}"
        self.aside = runs / f"{week}{_ASIDE}"
        self.failure = runs / f"{week}.failed.json"
        self._lock = runs / f"{week}.lock"

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the place; tidy what a killed run left before, and what is left after.

        Raises
        ------
        PublishError
            Another run still holds it after `seconds`.
        """
        with locked(self._lock, seconds, f"{self.published.parent.name}/{self.published.name}"):
            self.tidy()
            try:
                yield
            finally:
                self.tidy()

    def tidy(self) -> None:
        """Put back a report that stepped aside, and remove half-made ones."""
        if self.aside.exists() and not self.published.exists():
            self.aside.rename(self.published)
        for folder in (self.aside, self.making):
            shutil.rmtree(folder, ignore_errors=True)

    def begin(self) -> Path:
        """An empty folder to make the report in.

        Raises
        ------
        PublishError
            Something that is no folder stands where the report belongs.
        """
        for path in (self.published.parent, self.published):
            if path.exists() and not path.is_dir():
                raise PublishError(
                    "a file stands where a report folder belongs",
                    where=f"{self.published.parent.name}/{self.published.name}",
                    given=path.name,
                    remedy="move that file away",
                )
        self.making.mkdir(parents=True)
        return self.making

    def publish(self) -> None:
        """Let the folder just made take the place of the standing report."""
        _flush_tree(self.making)
        self.published.parent.mkdir(parents=True, exist_ok=True)
        if not self.published.exists():
            self.making.rename(self.published)
        elif not exchange(self.making, self.published):
            self.published.rename(self.aside)
            self.making.rename(self.published)
        flush(self.published.parent)
        self.tidy()


def sweep(reports: Path) -> None:
    """Tidy what killed runs left of any client's week, and of the list: the next run of it may never come.

    What somebody is at work on is held by a lock, and left alone.

    Parameters
    ----------
    reports : pathlib.Path
        Folder of all reports.
    """
    left = {
        (path.parent.name, path.stem) for kind in (_MAKING, _ASIDE) for path in _left(reports, f"*{kind}")
    }
    for client, week in sorted(left):
        tidy(Place(reports, client, week))
    halves = _half("*")
    for path in (*reports.glob(halves), *(reports / RUNS).glob(halves), *_left(reports, halves)):
        with suppress(OSError):
            _remove_half(path)


def tidy(place: Place, seconds: float = 0.0) -> None:
    """Tidy what a killed run left of one client's week.

    Parameters
    ----------
    place : Place
    seconds : float
        How long to wait for whoever holds it: a process that was killed takes a moment to end.
    """
    if place.making.exists() or place.aside.exists():
        # whoever works on it, or a folder nobody may change, is no reason to stop
        with suppress(PublishError, OSError), place.held(seconds):
            pass


def _left(reports: Path, pattern: str) -> list[Path]:
    """What matches below the clients' folders of locks and half-made reports."""
    return sorted((reports / RUNS).glob(f"*/{pattern}"))


def _remove_half(path: Path) -> None:
    """Remove a half-written file, unless somebody writes it."""
    handle = os.open(path, os.O_RDWR)
    try:
        if _taken(handle) and _is(handle, path):
            path.unlink()
    finally:
        os.close(handle)


def _half(name: str) -> str:
    """How a file is called while it is written."""
    return f".{name}.half"


def exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system cannot.

    Raises
    ------
    OSError
        It can, and failed.
    """
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    problem = ctypes.get_errno()
    if problem in _CANNOT:
        return False
    raise OSError(problem, os.strerror(problem), str(one))


def write(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old one or the new one.

    Two writers take turns. What a killed one left half-written is written over by the next.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(_half(path.name))
    with _held_file(half) as handle:
        try:
            with os.fdopen(os.dup(handle), "w", encoding="utf-8") as file:
                file.truncate()
                file.write(text)
            os.fsync(handle)
            half.replace(path)
        except BaseException:
            # only then: once it is in its place, a file of that name is the next writer's
            half.unlink(missing_ok=True)
            raise
    flush(path.parent)


@contextmanager
def _held_file(path: Path) -> Iterator[int]:
    """A file opened to be written by nobody else."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # who held it before may have moved it to its place meanwhile
            if _is(handle, path):
                yield handle
                return
        finally:
            os.close(handle)


def _is(handle: int, path: Path) -> bool:
    """Whether an open file is the one that lies there now."""
    return path.exists() and os.path.samestat(os.fstat(handle), path.stat())


def flush(path: Path) -> None:
    """Have the disk hold what was written to a file or a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        flush(path)
    flush(folder)


@contextmanager
def locked(path: Path, seconds: float, where: str) -> Iterator[None]:
    """Hold a lock file; a process that ends in any way lets go of it.

    Raises
    ------
    PublishError
        Another run still holds it after `seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    with path.open("w") as lock:
        while not _taken(lock.fileno()):
            if time.monotonic() >= deadline:
                raise PublishError(
                    "another run is at work on this report", where=where, remedy="wait until it is done"
                )
            time.sleep(0.05)
        yield


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Temporary folders that do not outlive who made them: the next one to need a folder removes what was left.

A folder is held by a lock on itself, which the system takes back however its holder ends. So nothing has to
be guessed from names, process ids or times.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def a_room(prefix: str) -> Iterator[Path]:
    """A private temporary folder, removed at the end; those of killed processes are removed at the beginning.

    Parameters
    ----------
    prefix : str
        Of its name, and of theirs.
    """
    sweep(prefix)
    room, handle = _held(prefix)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(handle)


def sweep(prefix: str) -> None:
    """Remove this user's folders that nobody holds any more."""
    for room in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # somebody else's folder, or one that another sweeps away at this moment
        with suppress(OSError):
            if room.stat().st_uid != os.getuid() or room.is_symlink():
                continue
            handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(room, ignore_errors=True)
            finally:
                os.close(handle)


def _held(prefix: str) -> tuple[Path, int]:
    """A new folder and the lock on it."""
    while True:
        room = Path(tempfile.mkdtemp(prefix=prefix))
        handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if room.is_dir():
            return room, handle
        os.close(handle)  # swept away between the two lines before

"""Temporary folders that do not outlive who made them: the next one to need a folder removes what was left.

A folder is held by a lock on itself, which the system takes back however its holder ends. So nothing has to
be guessed from names, process ids or times.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: How the folders of kernels are called, and those of their sockets where a name in the first is too long.
KERNELS, SOCKETS = "spm-kernel-", "spm-sockets-"
#: Longest path of a Unix socket every system takes, in bytes; what lies in a folder for sockets included.
SOCKET = 100
#: Room for the name of a folder and of a socket in it.
_NAMES = 36
#: Where sockets lie when the temporary folders' own place has too long a name.
_SHORT = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 (folders are made in them by mkdtemp)


@contextmanager
def a_room(prefix: str, *, sockets: bool = False) -> Iterator[Path]:
    """A private temporary folder, removed at the end; those of killed processes are removed at the beginning.

    Parameters
    ----------
    prefix : str
        Of its name, and of theirs.
    sockets : bool
        Unix sockets will lie in it, whose paths may not be long.

    Raises
    ------
    OSError
        No folder can be made; or none whose name is short enough.
    """
    place = _place_of_sockets() if sockets else Path(tempfile.gettempdir())
    sweep(prefix, place)
    room, handle = _held(prefix, place)
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(handle)


def sweep(prefix: str, place: Path | None = None) -> bool:
    """Remove this user's folders that nobody holds any more.

    Parameters
    ----------
    prefix : str
        Of their names.
    place : pathlib.Path, optional
        Where they lie; among the temporary folders if missing.

    Returns
    -------
    bool
        Whether others are there, which somebody holds.
    """
    is_held = False
    for room in (place or Path(tempfile.gettempdir())).glob(f"{prefix}*"):
        # somebody else's folder, or one that another sweeps away at this moment
        with suppress(OSError):
            if room.stat().st_uid != os.getuid() or room.is_symlink():
                continue
            handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(room, ignore_errors=True)
            except BlockingIOError:
                is_held = True
            finally:
                os.close(handle)
    return is_held


def _place_of_sockets() -> Path:
    """The place of temporary folders; another one where the paths of sockets below it would be too long."""
    wanted = tempfile.gettempdir()
    for place in (wanted, *_SHORT):
        if len(os.fsencode(place)) + _NAMES <= SOCKET and os.access(place, os.W_OK | os.X_OK):
            return Path(place)
    raise OSError(
        errno.ENAMETOOLONG,
        f"sockets cannot lie below {wanted}: set TMPDIR to a folder of at most {SOCKET - _NAMES} letters",
    )


def _held(prefix: str, place: Path) -> tuple[Path, int]:
    """A new folder and the lock on it; another one where somebody sweeps it away before it is held."""
    while True:
        room = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        try:
            handle = os.open(room, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(handle, fcntl.LOCK_EX)
        if room.is_dir():
            return room, handle
        os.close(handle)

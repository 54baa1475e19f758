"""A file for people to fill in, written complete or not at all; one that is there stays."""

from __future__ import annotations

import os
from pathlib import Path

from spm_lib.errors import UsageError


def write_new(path: Path, text: str, what: str) -> Path:
    """Write a file that is not there yet.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is made when missing.
    text : str
    what : str
        Whose file it is, for messages: "meeting".

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        The file is there already, or cannot be written.
    """
    where = f"{path.parent.name}/{path.name}"
    beside = path.with_name(f".tmp-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        # a link, unlike a rename, never replaces a file somebody has begun to fill in
        os.link(beside, path)
    except FileExistsError:
        raise UsageError(
            f"the {what}’s file is there already",
            where=where,
            remedy="fill in that one, or move it away first",
        ) from None
    except OSError as problem:
        raise UsageError(
            f"the {what}’s file cannot be written",
            where=where,
            given=problem.strerror,
            remedy="check the folder and the room on the disk",
        ) from problem
    finally:
        beside.unlink(missing_ok=True)
    return path

"""Files written once: the same bytes are left alone, other people's bytes are kept."""

from __future__ import annotations

import os
from pathlib import Path

from spm_lib.demo.exports import File


class Written(list[Path]):
    """The files that were written, and what was left alone.

    Attributes
    ----------
    untouched : list of pathlib.Path
        Files that held these very bytes already.
    kept : list of pathlib.Path
        Files that hold something else: somebody changed them, and the change stays.
    """

    def __init__(self) -> None:
        super().__init__()
        self.untouched: list[Path] = []
        self.kept: list[Path] = []

    def put(self, folder: Path, file: File, *, replace: bool = False, grows: bool = False) -> None:
        """Write one file below a folder, unless it is there already.

        Parameters
        ----------
        folder : pathlib.Path
        file : File
        replace : bool
            Replace other bytes instead of keeping them.
        grows : bool
            A later week only adds to the file: replace bytes it begins with, and leave a longer one alone.
        """
        path = folder / file.path
        if path.exists():
            there = path.read_bytes()
            same = there.startswith(file.content) if grows else there == file.content
            if same or not (replace or (grows and file.content.startswith(there))):
                (self.untouched if same else self.kept).append(path)
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(file.content)
        if file.made_at is not None:
            os.utime(part, (file.made_at.timestamp(), file.made_at.timestamp()))
        part.replace(path)
        self.append(path)

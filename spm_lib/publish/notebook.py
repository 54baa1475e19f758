"""Read a notebook of this house."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spm_lib.errors import PublishError


def read_notebook(path: Path) -> Any:
    """A notebook as nbformat reads it.

    Raises
    ------
    PublishError
        The file is no notebook.
    """
    import nbformat

    try:
        return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except (ValueError, nbformat.ValidationError) as problem:
        raise PublishError(
            "the file is no notebook",
            where=path.name,
            given=str(problem).partition("\n")[0][:200],
            remedy="restore it from the project's history",
        ) from problem

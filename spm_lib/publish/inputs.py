"""What a report was made from, as hashes: the same inputs need no second run."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import spm_lib
from spm_lib.client import client_folder
from spm_lib.errors import PublishError
from spm_lib.history.store import Store
from spm_lib.publish.pages import Page

#: Packages whose version can change a page.
PACKAGES = (
    *("duckdb", "holidays", "ipykernel", "jinja2", "matplotlib", "mistune", "nbclient", "nbconvert"),
    *(
        "numpy",
        "pandas",
        "papermill",
        "pyarrow",
        "pydantic",
        "pyyaml",
        "scipy",
        "seaborn",
        "spm-lib",
        "tzdata",
    ),
)

#: Folders of a client that are not read by a review: the history is known by its own fingerprint.
_NOT_READ = frozenset({"inbox", "history", "quarantine"})
_SOURCE_ENDINGS = frozenset({".py", ".css", ".j2", ".json", ".yaml"})


@dataclass(frozen=True)
class Inputs:
    """Everything a report depends on.

    Attributes
    ----------
    client, week : str
    documents : dict of str
        File of the client's folder -> sha256.
    history : str
        Fingerprint of everything ingested.
    notebooks : dict of str
        Notebook -> sha256.
    library : str
        sha256 over the sources of spm_lib.
    packages : dict of str
        Package -> version.
    """

    client: str
    week: str
    documents: dict[str, str]
    history: str
    notebooks: dict[str, str]
    library: str
    packages: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """sha256 over all of it."""
        return hashlib.sha256(json.dumps(vars(self), sort_keys=True).encode()).hexdigest()


def gather(home: Path, slug: str, week: str, pages: Sequence[Page], notebooks: Path) -> Inputs:
    """The inputs of a report as they are now.

    Parameters
    ----------
    home : pathlib.Path
    slug, week : str
    pages : sequence of Page
    notebooks : pathlib.Path
        Folder of the notebooks.

    Raises
    ------
    UsageError
        No such client.
    PublishError
        A notebook is missing.
    HistoryError
        The client's history is damaged.
    """
    folder = client_folder(home, slug)
    house = of_house(pages, notebooks)
    return Inputs(
        client=slug,
        week=week,
        documents=_hashes(folder, _documents(folder)),
        history=Store(folder).fingerprint(),
        **house,
    )


def of_house(pages: Sequence[Page], notebooks: Path) -> dict[str, Any]:
    """What every page depends on beside its data: notebooks, library and packages, as `Inputs` names them.

    Raises
    ------
    PublishError
        A notebook is missing.
    """
    for page in pages:
        if not (notebooks / page.notebook).is_file():
            raise PublishError(
                "a page's notebook is missing",
                where=notebooks.name,
                given=page.notebook,
                remedy="publish from a copy of the whole project",
            )
    return {
        "notebooks": _hashes(notebooks, [notebooks / page.notebook for page in pages]),
        "library": library_hash(),
        "packages": _packages(),
    }


def file_hash(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _documents(folder: Path) -> Iterable[Path]:
    """Files of a client's folder that a review may read; an editor's own are none."""
    found = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [
            name for name in folders if _is_read(name) and not (here == folder and name in _NOT_READ)
        ]
        found += [here / name for name in files if _is_read(name)]
    return sorted(path for path in found if path.is_file())


def _is_read(name: str) -> bool:
    return not name.startswith(".") and not name.endswith("~")


def _hashes(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): file_hash(path) for path in paths}


@cache
def library_hash() -> str:
    """sha256 over the sources of this library, by which two machines know that they make the same pages."""
    root = Path(spm_lib.__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.suffix in _SOURCE_ENDINGS)
    return hashlib.sha256(json.dumps(_hashes(root, sources)).encode()).hexdigest()


@cache
def _packages() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""A report in the making: pages, tables and notebooks gathered in one folder until all of them are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spm_lib.errors import PublishError
from spm_lib.publish.copies import Copy
from spm_lib.publish.inputs import file_hash
from spm_lib.publish.manifest import Exports, Run

TABLES, NOTEBOOKS = "tables", "notebooks"
#: What a notebook keeps beside its tables; both end up in run.json.
DEFINITIONS, REVIEW = "definitions.json", "review.json"


class Draft:
    """A report in the making.

    Parameters
    ----------
    folder : pathlib.Path
        Empty.

    Attributes
    ----------
    tables : pathlib.Path
        Where a page's notebook keeps what is behind it.
    definitions : dict
        Of the metrics behind the tables so far.
    exports : Exports or None
        When the exports behind the pages were taken; None until a page has said so.
    timings : dict of str to float
    kernels : set of str
        How the kernels of its pages were started: "warm", "cold".
    findings : list of str
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables = folder / TABLES
        self.definitions: dict[str, Any] = {}
        self.exports: Exports | None = None
        self.timings: dict[str, float] = {}
        self.kernels: set[str] = set()
        self.findings: list[str] = []
        for made in (self.tables, folder / NOTEBOOKS):
            made.mkdir()

    def carry_over(self, report: Path, run: Run, copies: Iterable[Copy]) -> None:
        """Take pages of a standing report over, with their tables: they come from the same inputs.

        The tables of everybody's pages lie in one folder and are taken together; a rep's go with their page.
        """
        folders = {TABLES}
        for copy in copies:
            for name in (copy.file, f"{NOTEBOOKS}/{copy.notebook}"):
                self._take_file(report, name)
            folders.add(f"{TABLES}/{copy.tables}".rstrip("/"))
            self.timings[copy.name] = run.timings.get(copy.name, 0.0)
            # a finding about a page begins with its file
            self.findings += [one for one in run.findings if one.startswith(copy.file)]
        for name in run.files:
            if name.rpartition("/")[0] in folders:
                self._take_file(report, name)
        self.definitions = dict(run.definitions)
        self.exports = Exports(exports_until=run.exports_until, exports_age_days=run.exports_age_days)

    def _take_file(self, report: Path, name: str) -> None:
        self._made(self.folder / name)
        shutil.copyfile(report / name, self.folder / name)

    def _made(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, copy: Copy) -> Path:
        """The folder a copy's notebook keeps its tables in."""
        folder = self.tables / copy.tables
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def add(self, copy: Copy, html: str, notebook: str) -> None:
        """Take up a page and the notebook it came from."""
        self._made(self.folder / copy.file).write_text(html, encoding="utf-8")
        self._made(self.folder / NOTEBOOKS / copy.notebook).write_text(notebook, encoding="utf-8")

    def kept(self) -> dict[str, str]:
        """Every file in the folder of tables -> sha256."""
        found = sorted(path for path in self.tables.rglob("*") if path.is_file())
        return {path.relative_to(self.tables).as_posix(): file_hash(path) for path in found}

    def collect(self, copy: Copy, before: dict[str, str]) -> None:
        """Take up what a page's notebook kept.

        Parameters
        ----------
        copy : Copy
        before : dict of str
            What `kept` told before it ran.

        Raises
        ------
        PublishError
            A table differs from another page's of the same name, a file is no table, or what was kept about
            the definitions and the exports is not what it should be.
        """
        where = copy.notebook
        self.definitions |= _read(self.keep(copy) / DEFINITIONS, where) or {}
        if (review := _read(self.keep(copy) / REVIEW, where)) is not None:
            self._take(_checked(review, where), where)
        after = self.kept()
        _refuse(
            "the notebook kept a table that another page has with other rows",
            [name for name in before if after.get(name) != before[name]],
            where,
        )
        _refuse(
            "the notebook kept a file that is no table",
            [name for name in after if name not in before and not _is_table(name, copy)],
            where,
        )

    def _take(self, exports: Exports, where: str) -> None:
        if self.exports is not None and self.exports != exports:
            raise PublishError(
                "two pages were made from different exports", where=where, remedy="run the review again"
            )
        self.exports = exports


def _is_table(name: str, copy: Copy) -> bool:
    """Whether a kept file is a table that lies where the copy keeps its tables."""
    return name.rpartition("/")[0] == copy.tables and name.endswith(".parquet")


def _read(path: Path, where: str) -> dict[str, Any] | None:
    """A kept JSON object, which does not stay in the report; None when there is none."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as problem:
        raise PublishError(f"{path.name} is not JSON", where=where, given=str(problem)) from problem
    if not isinstance(content, dict):
        raise PublishError(f"{path.name} is not a JSON object", where=where)
    path.unlink()
    return content


def _checked(review: dict[str, Any], where: str) -> Exports:
    try:
        return Exports.model_validate_json(json.dumps(review), strict=True)
    except ValidationError as problem:
        fault = problem.errors()[0]
        raise PublishError(
            f"{REVIEW} does not tell when the exports were taken",
            where=where,
            given=fault.get("input"),
            remedy=f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}",
        ) from problem


def _refuse(what: str, names: list[str], where: str) -> None:
    if names:
        raise PublishError(what, where=where, given=", ".join(names[:3]), remedy="give it a name of its own")

"""A report in the making: pages, tables and notebooks gathered in one folder until all of them are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spm_lib.errors import PublishError
from spm_lib.publish.inputs import file_hash
from spm_lib.publish.manifest import Exports, Run
from spm_lib.publish.pages import Page

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
    findings : list of str
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables = folder / TABLES
        self.definitions: dict[str, Any] = {}
        self.exports: Exports | None = None
        self.timings: dict[str, float] = {}
        self.findings: list[str] = []
        for made in (self.tables, folder / NOTEBOOKS):
            made.mkdir()

    def carry_over(self, report: Path, run: Run, pages: Iterable[Page]) -> None:
        """Take pages of a standing report over, with every table: they come from the same inputs."""
        for page in pages:
            shutil.copyfile(report / page.file, self.folder / page.file)
            shutil.copyfile(report / NOTEBOOKS / page.notebook, self.folder / NOTEBOOKS / page.notebook)
            self.timings[page.name] = run.timings.get(page.name, 0.0)
            # a finding about a page begins with its file
            self.findings += [one for one in run.findings if one.startswith(page.file)]
        for name in run.files:
            if name.startswith(f"{TABLES}/"):
                shutil.copyfile(report / name, self.folder / name)
        self.definitions = dict(run.definitions)
        self.exports = Exports(exports_until=run.exports_until, exports_age_days=run.exports_age_days)

    def add(self, page: Page, html: str, notebook: str) -> None:
        """Take up a page and the notebook it came from."""
        (self.folder / page.file).write_text(html, encoding="utf-8")
        (self.folder / NOTEBOOKS / page.notebook).write_text(notebook, encoding="utf-8")

    def kept(self) -> dict[str, str]:
        """Every file in the folder of tables -> sha256."""
        found = sorted(path for path in self.tables.rglob("*") if path.is_file())
        return {path.relative_to(self.tables).as_posix(): file_hash(path) for path in found}

    def collect(self, page: Page, before: dict[str, str]) -> None:
        """Take up what a page's notebook kept.

        Parameters
        ----------
        page : Page
        before : dict of str
            What `kept` told before it ran.

        Raises
        ------
        PublishError
            A table differs from another page's of the same name, a file is no table, or what was kept about
            the definitions and the exports is not what it should be.
        """
        where = page.notebook
        self.definitions |= _read(self.tables / DEFINITIONS, where) or {}
        if (review := _read(self.tables / REVIEW, where)) is not None:
            self._take(_checked(review, where), where)
        after = self.kept()
        _refuse(
            "the notebook kept a table that another page has with other rows",
            [name for name in before if after.get(name) != before[name]],
            where,
        )
        _refuse(
            "the notebook kept a file that is no table",
            [name for name in after if "/" in name or not name.endswith(".parquet")],
            where,
        )

    def _take(self, exports: Exports, where: str) -> None:
        if self.exports is not None and self.exports != exports:
            raise PublishError(
                "two pages were made from different exports", where=where, remedy="run the review again"
            )
        self.exports = exports


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

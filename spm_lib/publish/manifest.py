"""run.json: what a report was made from, what is in it, and what was noticed on the way.

No path of the machine stands in it, and no clock time: two runs on the same inputs differ in their timings,
and in how their kernels were started, alone.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spm_lib.publish.inputs import file_hash

NAME = "run.json"


class Published(BaseModel):
    """A published page, as the manifest names it.

    Attributes
    ----------
    name, title, audience : str
        As it is asked for, as a list names it, and whom it is made for in words.
    file : str
        Its place in the report.
    page : str
        Name of the page it is a copy of.
    reader : str
        Whom it is made for: "manager", "team", "rep", "owner".
    rep : str
        Id of the rep it is made for; empty for everybody's page.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    audience: str
    file: str
    page: str = ""
    reader: str = ""
    rep: str = ""


class Exports(BaseModel):
    """When the exports behind a page were taken.

    Attributes
    ----------
    exports_until : datetime.date or None
        The day the latest export was taken, in the client's zone; None without any.
    exports_age_days : int or None
        Days from there to the end of the week; negative when the export is later.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exports_until: date | None = None
    exports_age_days: int | None = None


class Run(Exports):
    """The manifest of one report.

    Attributes
    ----------
    client, name, week : str
        Slug, printed name, ISO week.
    days : str
        The week in words.
    fingerprint : str
        Of `inputs`.
    inputs : dict
        Documents, history, notebooks, library and packages, with their hashes or versions.
    pages : tuple of Published
    files : dict of str
        Every file of the report but this one -> sha256.
    definitions : dict
        Of the metrics behind the tables.
    findings : tuple of str
        What the gate and the proofreading noticed.
    timings : dict of str to float
        Seconds per page.
    copies : tuple of str
        Names of all pages a report of these inputs has, those that were not asked for as well.
    kernels : str
        How they were started: "warm" (forked from a process that had loaded everything), "cold", or both.
    """

    version: int = Field(default=1, ge=1, le=1)
    client: str
    name: str
    week: str
    days: str
    fingerprint: str
    inputs: dict[str, Any]
    pages: tuple[Published, ...]
    files: dict[str, str]
    definitions: dict[str, Any]
    findings: tuple[str, ...]
    timings: dict[str, float]
    copies: tuple[str, ...] = ()
    kernels: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it holds every page there is; False where nobody wrote down how many there are."""
        return bool(self.copies) and set(self.copies) == {page.name for page in self.pages}

    def text(self) -> str:
        """The manifest as it is written."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_run(report: Path) -> Run | None:
    """The manifest of a report folder; None when it holds none, or one that cannot be read."""
    try:
        return Run.model_validate_json((report / NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def hash_files(report: Path) -> dict[str, str]:
    """Every file of a report but the manifest -> sha256."""
    paths = sorted(path for path in report.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(report).as_posix(): file_hash(path) for path in paths}


def is_intact(report: Path, run: Run) -> bool:
    """Whether a report holds every file its manifest names, unchanged."""
    try:
        return all(file_hash(report / name) == digest for name, digest in run.files.items())
    except OSError:
        return False

"""Publish the firm's own pages: after all clients, and from their published reports alone.

A page lies beside the list of reports, for the firm only. What is behind it lies in `reports/_firm/<page>/`,
a name no client can have.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spm_lib.client import check_slug
from spm_lib.errors import PublishError, UsageError
from spm_lib.periods import week as week_period
from spm_lib.publish.copies import Copy
from spm_lib.publish.draft import NOTEBOOKS as ARCHIVE
from spm_lib.publish.draft import Draft
from spm_lib.publish.execute import Limits, execute
from spm_lib.publish.failure import as_refusal, keep_reason, reasons
from spm_lib.publish.inputs import file_hash, of_house
from spm_lib.publish.machine import places_of, without_places
from spm_lib.publish.manifest import NAME, hash_files, read_run
from spm_lib.publish.notebook import read_notebook
from spm_lib.publish.pages import FIRM_PAGES, NOTEBOOKS, Page
from spm_lib.publish.parameters import OfFirm
from spm_lib.publish.place import RUNS, Place, write
from spm_lib.publish.run import WAIT, OnState, Outcome

#: Folder of what is behind the firm's pages, below the reports.
FOLDER = "_firm"
_SHORT = 10


class FirmRun(BaseModel):
    """The manifest of one page of the firm.

    Attributes
    ----------
    page, title, week : str
    fingerprint : str
        Of `inputs`.
    inputs : dict
        Reports, failures, notebook, library and packages, with their hashes or versions.
    html : str
        sha256 of the page.
    files : dict of str
        Every file behind it but this one -> sha256.
    findings : tuple of str
        What the proofreading noticed.
    seconds : float
        How long it took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    page: str
    title: str
    week: str
    fingerprint: str
    inputs: dict[str, Any]
    html: str
    files: dict[str, str]
    findings: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class _Order:
    """One page to be published, and how."""

    page: Page
    week: str
    reports: Path
    notebooks: Path
    force: bool
    limits: Limits
    places: tuple[Path, ...]

    @property
    def html(self) -> Path:
        """Where the page lies."""
        return self.reports / self.page.file


def publish_firm(
    reports: Path,
    *,
    week: str | None = None,
    force: bool = False,
    on_state: OnState | None = None,
    notebooks: Path = NOTEBOOKS,
    pages: Sequence[Page] = FIRM_PAGES,
    limits: Limits | None = None,
) -> tuple[Outcome, ...]:
    """Publish the firm's pages, each as a whole, or leave it as it was and say why.

    Parameters
    ----------
    reports : pathlib.Path
        Folder of all reports; nothing else is read.
    week : str, optional
        The newest one any report, or the reason of a failed run, tells of.
    force : bool
        Make the pages although the standing ones were made from the same reports.
    on_state : callable, optional
        As for `publish_week`, with the page's name for the client.
    notebooks : pathlib.Path
        Folder of the notebooks.
    pages : sequence of Page
        Those there are.
    limits : Limits, optional
        How long a notebook may take.

    Returns
    -------
    tuple of Outcome
        One a page, with its name for the client and its file for the folder; empty where nothing was run.

    Raises
    ------
    UsageError
        No such week.
    """
    reports = Path(reports).resolve()
    label = week_period(week).label if week else _newest(reports)
    made: list[Outcome] = []
    for page in pages if label else ():
        order = _Order(
            page=page,
            week=label,
            reports=reports,
            notebooks=Path(notebooks).resolve(),
            force=force,
            limits=limits or Limits(),
            places=places_of(reports, Path(notebooks)),
        )
        if on_state:
            on_state(page.name, "running", page.name)
        made.append(_publish(order))
        if on_state:
            on_state(page.name, made[-1].state, "")
    return tuple(made)


def read_firm(reports: Path) -> list[FirmRun]:
    """The pages of the firm that stand, by name; one whose manifest cannot be read is left out."""
    found = []
    for path in sorted((reports / FOLDER).glob(f"*/{NAME}")):
        run = _read(path)
        if run and run.page == path.parent.name and (reports / f"{run.page}.html").is_file():
            found.append(run)
    return found


def _read(path: Path) -> FirmRun | None:
    try:
        return FirmRun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _published(reports: Path) -> list[tuple[str, str]]:
    """Client and week of every report folder."""
    found = []
    for path in sorted(reports.glob(f"*/*/{NAME}")):
        with suppress(UsageError):
            slug, week = path.parts[-3:-1]
            found.append((check_slug(slug), week_period(week).label))
    return found


def _newest(reports: Path) -> str:
    """The newest week that was run, however it ended; empty without any."""
    weeks = [week for _, week in _published(reports)]
    for slug in _run(reports):
        for week in reasons(reports, slug):
            with suppress(UsageError):
                weeks.append(week_period(week).label)
    return max(weeks, default="")


def _run(reports: Path) -> list[str]:
    """The clients that were ever run."""
    return sorted({path.name for path in (reports / RUNS).glob("*") if not path.name.startswith("_")})


def _publish(order: _Order) -> Outcome:
    began = time.perf_counter()
    name = order.page.name
    place = Place(order.reports, FOLDER, name)
    try:
        with place.held(WAIT):
            try:
                state = _make_if_needed(order, place, began)
            except Exception as problem:
                # where nothing can be written, the reason cannot be kept either; the caller still has it
                with suppress(OSError):
                    keep_reason(place.failure, str(as_refusal(problem)), order.places)
                raise
            place.failure.unlink(missing_ok=True)
    except Exception as problem:  # noqa: BLE001 the clients' reports stand, whatever became of the firm's page
        return Outcome(name, order.week, "failed", as_refusal(problem), time.perf_counter() - began)
    return Outcome(name, order.week, state, None, time.perf_counter() - began, order.html)


def _inputs(order: _Order) -> dict[str, Any]:
    """Everything the page depends on: the published reports, what failed, and this house."""
    standing = {}
    for slug, week in _published(order.reports):
        run = read_run(order.reports / slug / week)
        if run is not None and (run.client, run.week) == (slug, week):
            told = run.model_dump(mode="json", exclude={"timings", "kernels"})
            standing[f"{slug}/{week}"] = _digest(told)
    failed = {slug: why for slug in _run(order.reports) if (why := reasons(order.reports, slug))}
    house = of_house([order.page], order.notebooks)
    return {"week": order.week, "reports": standing, "failed": _digest(failed), **house}


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _make_if_needed(order: _Order, place: Place, began: float) -> Literal["published", "current"]:
    inputs = _inputs(order)
    fingerprint = _digest(inputs)
    standing = _read(place.published / NAME)
    if standing and not order.force and standing.fingerprint == fingerprint and _is_whole(order, standing):
        return "current"
    draft = Draft(place.begin())
    html = _make(order, draft, fingerprint)
    if _inputs(order) != inputs:
        raise PublishError(
            "the reports changed while the page was made", where=order.page.name, remedy="run it again"
        )
    run = FirmRun(
        page=order.page.name,
        title=order.page.title,
        week=order.week,
        fingerprint=fingerprint,
        inputs=inputs,
        html=hashlib.sha256(html.encode()).hexdigest(),
        files=hash_files(draft.folder),
        findings=tuple(without_places(one, order.places) for one in draft.findings),
        seconds=round(time.perf_counter() - began, 3),
    )
    manifest = json.dumps(run.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    (draft.folder / NAME).write_text(manifest, encoding="utf-8")
    place.publish()
    # a crash before this line leaves the page of an earlier run, which the manifest then disowns
    write(order.html, html)
    return "published"


def _is_whole(order: _Order, run: FirmRun) -> bool:
    """Whether the page and everything behind it lie there as the manifest names them."""
    folder = order.reports / FOLDER / order.page.name
    try:
        every = {order.html: run.html, **{folder / name: digest for name, digest in run.files.items()}}
        return all(file_hash(path) == digest for path, digest in every.items())
    except OSError:
        return False


def _make(order: _Order, draft: Draft, fingerprint: str) -> str:
    """Run the notebook, keep it with its tables, and hand back its page."""
    # imported here, because `spm` starts without a notebook more often than with one
    from spm_lib.publish.archive import archived
    from spm_lib.publish.exporter import export
    from spm_lib.publish.proof import proofread

    copy = Copy(order.page)
    parameters = OfFirm(week=order.week, reports=str(order.reports), keep=str(draft.keep(copy)))
    source = read_notebook(order.notebooks / order.page.notebook)
    executed = execute(source, parameters, name=copy.notebook, limits=order.limits)
    draft.collect(copy, {})
    foot = (f"Made for {copy.audience}", order.week, f"inputs {fingerprint[:_SHORT]}")
    html = export(executed, name=copy.notebook, foot=foot)
    links = {f"{slug}/{week}/{page.file}" for slug, week, page in _pages(order.reports)}
    draft.findings += proofread(html, name=copy.file, places=order.places, links=links)
    archive = draft.folder / ARCHIVE / copy.notebook
    archive.write_text(archived(executed, parameters, order.places), encoding="utf-8")
    return html


def _pages(reports: Path) -> list[tuple[str, str, Any]]:
    """Client, week and page of everything a page of the firm may link to."""
    found = []
    for slug, week in _published(reports):
        run = read_run(reports / slug / week)
        found += [(slug, week, page) for page in (run.pages if run else ())]
    return found

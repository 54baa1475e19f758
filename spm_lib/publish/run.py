"""Publish a client's week: every page, or nothing of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from spm_lib import style
from spm_lib.client import Client, client_folder, load_client
from spm_lib.errors import PublishError, SpmError
from spm_lib.periods import week as week_period
from spm_lib.publish.copies import Copy, copies_asked, copies_of
from spm_lib.publish.draft import Draft
from spm_lib.publish.execute import Limits, execute
from spm_lib.publish.failure import as_refusal, keep_reason
from spm_lib.publish.inputs import Inputs, gather
from spm_lib.publish.machine import places_of, without_places
from spm_lib.publish.manifest import NAME, Exports, Published, Run, hash_files, is_intact, read_run
from spm_lib.publish.notebook import read_notebook
from spm_lib.publish.pages import NOTEBOOKS, PAGES, NoSuchPageError, Page, check_asked
from spm_lib.publish.parameters import OfClient, OfRep, Parameters
from spm_lib.publish.place import Place

State = Literal["started", "running", "published", "current", "failed"]
#: Client, state, and for "running" the name of the page.
OnState = Callable[[str, State, str], None]

#: How long a run waits for another one of the same report, in seconds.
WAIT = 60.0
#: Digits of the fingerprint at the foot of a page.
_SHORT = 10


@dataclass(frozen=True)
class Outcome:
    """How the publishing of one client's week ended.

    Attributes
    ----------
    client, week : str
    state : {"published", "current", "failed"}
        "current": the standing report was made from the same inputs, and nothing was written.
    error : SpmError or None
        Why it failed.
    seconds : float
    folder : pathlib.Path or None
        The report; None when it failed.
    findings : tuple of str
        What the gate and the proofreading noticed, as run.json holds it.
    """

    client: str
    week: str
    state: Literal["published", "current", "failed"]
    error: SpmError | None = None
    seconds: float = 0.0
    folder: Path | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Order:
    """What is to be published, and how."""

    home: Path
    client: str
    week: str
    reports: Path
    notebooks: Path
    pages: tuple[Page, ...]
    asked: tuple[str, ...]
    places: tuple[Path, ...]
    force: bool = False
    findings: tuple[str, ...] = ()
    rests_on: str = ""
    limits: Limits = field(default_factory=Limits)
    on_state: OnState = lambda _client, _state, _page: None


def publish_week(
    home: Path,
    slug: str,
    week: str,
    *,
    reports: Path,
    only: Sequence[str] = (),
    force: bool = False,
    findings: Sequence[str] = (),
    rests_on: str = "",
    on_state: OnState | None = None,
    notebooks: Path = NOTEBOOKS,
    pages: Sequence[Page] = PAGES,
    limits: Limits | None = None,
) -> Outcome:
    """Publish one client's week, or leave everything as it was and say why.

    Parameters
    ----------
    home : pathlib.Path
        Folder of all clients.
    slug, week : str
    reports : pathlib.Path
        Folder of all reports.
    only : sequence of str
        Names of the pages to make, "one_on_one" for every rep's and "one_on_one/devon-price" for one; all
        when empty. The other pages of a standing report are kept when they were made from the same inputs and
        made anew when not: a report never loses a page that it should have, and its pages never rest on
        different inputs. Pages that do not stand yet are not made.
    force : bool
        Make the pages although the standing ones were made from the same inputs.
    findings : sequence of str
        What the gate noticed; kept in run.json.
    rests_on : str
        `fingerprint_now` of when the client was read, where its kernels find it read already.
    on_state : callable, optional
        Called with the slug, a `State`, and the page that is running (empty otherwise).
    notebooks : pathlib.Path
        Folder of the notebooks.
    pages : sequence of Page
        Those there are.
    limits : Limits, optional
        How long a notebook may take.

    Returns
    -------
    Outcome
        "failed" for whatever went wrong; nothing but an interrupt is raised.
    """
    began = time.perf_counter()
    heard = on_state or _unheard
    heard(slug, "started", "")
    try:
        order = _order(home, slug, week, reports, only, notebooks, pages)
        order = replace(
            order,
            force=force,
            findings=tuple(findings),
            rests_on=rests_on,
            limits=limits or Limits(),
            on_state=heard,
        )
        state, folder, noticed = _publish(order)
        outcome = Outcome(slug, week, state, None, time.perf_counter() - began, folder, noticed)
    except Exception as problem:  # noqa: BLE001 one client's failure must not stop the others
        outcome = Outcome(slug, week, "failed", as_refusal(problem), time.perf_counter() - began)
    heard(slug, outcome.state, "")
    return outcome


def standing_report(
    home: Path,
    slug: str,
    week: str,
    *,
    reports: Path,
    only: Sequence[str] = (),
    notebooks: Path = NOTEBOOKS,
    pages: Sequence[Page] = PAGES,
) -> Run | None:
    """The report that stands, if it holds every page asked for and nothing it rests on has changed since.

    It takes no lock and reads no history, so that a run over clients of whom none changed takes no time.

    Parameters
    ----------
    home, slug, week, reports, only, notebooks, pages
        As for `publish_week`.

    Returns
    -------
    Run or None
        None as well for whatever cannot be read: what is wrong is told by publishing.
    """
    try:
        order = _order(home, slug, week, reports, only, notebooks, pages)
        place = Place(order.reports, order.client, order.week)
        if place.failure.exists():
            return None
        inputs = gather(order.home, order.client, order.week, order.pages, order.notebooks)
        standing = _standing(place, inputs)
        # the same inputs have the same pages: which those are need not be found out again
        if standing is None or (standing.is_whole and not order.asked):
            return standing
        plan = _plan(order, place)
        return plan.standing if plan.is_done else None
    except (SpmError, OSError, ValueError):
        return None


def fingerprint_now(
    home: Path, slug: str, week: str, *, notebooks: Path = NOTEBOOKS, pages: Sequence[Page] = PAGES
) -> str:
    """What a report of the client's week would be made from now, as one hash; empty where it cannot be read.

    Parameters
    ----------
    home, slug, week, notebooks, pages
        As for `publish_week`.
    """
    with suppress(SpmError, OSError):
        return gather(home, slug, week_period(week).label, pages, notebooks).fingerprint
    return ""


def _order(
    home: Path,
    slug: str,
    week: str,
    reports: Path,
    only: Sequence[str],
    notebooks: Path,
    pages: Sequence[Page],
) -> _Order:
    check_asked(only, pages)
    return _Order(
        home=Path(home).resolve(),
        client=slug,
        week=week_period(week).label,
        reports=Path(reports).resolve(),
        notebooks=Path(notebooks).resolve(),
        pages=tuple(pages),
        asked=tuple(only),
        places=places_of(Path(home), Path(reports), Path(notebooks)),
    )


def keep_failure(home: Path, slug: str, week: str, error: SpmError, *, reports: Path) -> None:
    """Keep for the list of reports why a week was not published, when it never came to publishing.

    Parameters
    ----------
    home : pathlib.Path
        Folder of all clients.
    slug, week : str
    error : SpmError
        What stopped it, as the gate does.
    reports : pathlib.Path
        Folder of all reports.

    Raises
    ------
    UsageError
        No such client, or no such week.
    """
    client_folder(home, slug)
    place = Place(Path(reports).resolve(), slug, week_period(week).label)
    _keep(place, error, places_of(home, reports))


def _keep(place: Place, error: SpmError, places: Iterable[Path]) -> None:
    # where nothing can be written, the reason cannot be kept either; the caller still has it
    with suppress(OSError):
        keep_reason(place.failure, str(error), places)


def _unheard(client: str, state: State, page: str) -> None:
    """Nobody listens."""


def _publish(order: _Order) -> tuple[Literal["published", "current"], Path, tuple[str, ...]]:
    """Publish under the lock of the report, and keep the reason of a failure beside the reports."""
    client_folder(order.home, order.client)
    place = Place(order.reports, order.client, order.week)
    with place.held(WAIT):
        try:
            run, made = _make_if_needed(order, place)
        except NoSuchPageError:
            # nothing is wrong with the report, only with the call
            raise
        except Exception as problem:
            _keep(place, as_refusal(problem), order.places)
            raise
        place.failure.unlink(missing_ok=True)
    return "published" if made else "current", place.published, run.findings


@dataclass(frozen=True)
class _Plan:
    """What a report should hold, what of it stands, and what has to be made."""

    client: Client
    copies: tuple[Copy, ...]
    inputs: Inputs
    standing: Run | None
    kept: list[Copy]
    to_make: list[Copy]

    @property
    def is_done(self) -> bool:
        """Everything asked for stands, made from the inputs as they are."""
        return self.standing is not None and not self.to_make


def _plan(order: _Order, place: Place) -> _Plan:
    """Compare what stands with what should."""
    client = load_client(order.home, order.client)
    last_day = client.week(order.week).last_day
    copies = copies_of(order.pages, client_folder(order.home, order.client), client, last_day)
    asked = copies_asked(order.asked, order.pages, copies)
    inputs = gather(order.home, order.client, order.week, order.pages, order.notebooks)
    standing = _standing(place, inputs)
    kept = _kept(copies, standing, asked if order.force else ())
    # a page that stands but cannot be kept is made anew with the ones asked for
    stands = [copy for copy in copies if (place.published / copy.file).is_file()]
    to_make = [copy for copy in copies if copy not in kept and (copy in asked or copy in stands)]
    return _Plan(client, copies, inputs, standing, kept, to_make)


def _standing(place: Place, inputs: Inputs) -> Run | None:
    """The report that stands, whole as it was published, if it was made from these inputs."""
    run = read_run(place.published)
    is_same = run is not None and run.fingerprint == inputs.fingerprint
    return run if run is not None and is_same and is_intact(place.published, run) else None


def _make_if_needed(order: _Order, place: Place) -> tuple[Run, bool]:
    """The report as it stands in the end, and whether it had to be made."""
    plan = _plan(order, place)
    if plan.standing is not None and plan.is_done:
        return plan.standing, False
    if order.rests_on not in ("", plan.inputs.fingerprint):
        raise _changed(order)
    draft = Draft(place.begin())
    if plan.standing and plan.kept:
        draft.carry_over(place.published, plan.standing, plan.kept)
    for copy in plan.to_make:
        _make_page(order, plan.client, plan.inputs, copy, draft)
    if gather(order.home, order.client, order.week, order.pages, order.notebooks) != plan.inputs:
        raise _changed(order)
    run = _manifest(order, plan.client, plan.inputs, draft, plan.copies)
    (draft.folder / NAME).write_text(run.text(), encoding="utf-8")
    place.publish()
    return run, True


def _changed(order: _Order) -> PublishError:
    return PublishError(
        "the client's data, its documents or the notebooks changed while the pages were made",
        where=order.client,
        remedy="run the review again",
    )


def _kept(copies: Sequence[Copy], standing: Run | None, forced: Sequence[Copy]) -> list[Copy]:
    """The pages of a standing report, made from the same inputs, that need not be made anew."""
    names = {page.name for page in standing.pages} if standing else set()
    return [copy for copy in copies if copy.name in names and copy not in forced]


def _parameters(order: _Order, copy: Copy, keep: Path) -> Parameters:
    told = {"client": order.client, "week": order.week, "home": str(order.home), "keep": str(keep)}
    return OfClient(**told) if copy.rep is None else OfRep(**told, rep=copy.rep.id)


def _make_page(order: _Order, client: Client, inputs: Inputs, copy: Copy, draft: Draft) -> None:
    """Run one notebook and take up its page; the page of a failed run is never written."""
    # imported here, because `spm` starts without a notebook more often than with one
    from spm_lib.publish.archive import archived
    from spm_lib.publish.exporter import export
    from spm_lib.publish.proof import proofread

    order.on_state(order.client, "running", copy.name)
    began = time.perf_counter()
    parameters = _parameters(order, copy, draft.keep(copy))
    before = draft.kept()
    executed = execute(
        read_notebook(order.notebooks / copy.page.notebook),
        parameters,
        name=copy.notebook,
        limits=order.limits,
    )
    draft.collect(copy, before)
    foot = (
        f"Made for {style.plain(copy.audience)}",
        style.plain(client.name),
        order.week,
        f"inputs {inputs.fingerprint[:_SHORT]}",
    )
    html = export(executed, name=copy.notebook, foot=foot)
    draft.findings += proofread(html, name=copy.file, places=order.places)
    draft.add(copy, html, archived(executed, parameters, order.places))
    draft.timings[copy.name] = round(time.perf_counter() - began, 3)
    draft.kernels.add(str(executed.metadata.get("spm_kernel", "cold")))


def _manifest(order: _Order, client: Client, inputs: Inputs, draft: Draft, copies: Sequence[Copy]) -> Run:
    week = client.week(order.week)
    exports = draft.exports or Exports()
    noticed = [without_places(one, order.places) for one in (*order.findings, *draft.findings)]
    return Run(
        client=order.client,
        name=client.name,
        week=order.week,
        days=style.days(week.start, week.last_day),
        fingerprint=inputs.fingerprint,
        inputs=vars(inputs),
        exports_until=exports.exports_until,
        exports_age_days=exports.exports_age_days,
        pages=tuple(
            Published(
                name=copy.name,
                title=copy.title,
                audience=copy.audience,
                file=copy.file,
                page=copy.page.name,
                reader=copy.page.audience.reader,
                rep=copy.rep.id if copy.rep else "",
            )
            for copy in copies
            if copy.name in draft.timings
        ),
        files=hash_files(draft.folder),
        definitions=dict(sorted(draft.definitions.items())),
        findings=tuple(dict.fromkeys(noticed)),
        timings={copy.name: draft.timings[copy.name] for copy in copies if copy.name in draft.timings},
        copies=tuple(copy.name for copy in copies),
        kernels=" and ".join(sorted(draft.kernels)),
    )

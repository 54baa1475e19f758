"""One client's week as a job: the gate, then the pages. The same function runs here and on a cluster.

A job is told where everything lies and nothing else; what it returns says how it ended, never an exception:
one client's fault must not stop the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from spm_lib import storage
from spm_lib.errors import GateError, SpmError
from spm_lib.publish.warm import Code, kernels_from_here
from spm_lib.room import a_room

State = Literal["published", "current", "refused", "failed"]
#: Told the name of the page that is being made.
OnPage = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One client's week to publish.

    Attributes
    ----------
    home, reports : str
        Folders, or addresses of an object store.
    client, week : str
    only : tuple of str
        Pages asked for; all when empty.
    force : bool
    """

    home: str
    client: str
    week: str
    reports: str
    only: tuple[str, ...] = ()
    force: bool = False


@dataclass(frozen=True)
class Done:
    """How a job ended.

    Attributes
    ----------
    client, week : str
    state : {"published", "current", "refused", "failed"}
        "current": nothing changed since the standing report. "refused": the data did not pass the gate.
    seconds : float
    reason : str
        Why it was refused or failed, as a person reads it; empty otherwise.
    notes : int
        How many things the gate noted.
    folder : str
        Where the report stands; empty when none was made.
    """

    client: str
    week: str
    state: State
    seconds: float = 0.0
    reason: str = ""
    notes: int = 0
    folder: str = ""

    @property
    def exit_code(self) -> int:
        """0, 1, or the gate's."""
        return {"refused": GateError.exit_code, "failed": 1}.get(self.state, 0)


def run_job(job: Job, on_page: OnPage | None = None, loaded: Code | None = None) -> Done:
    """Gate and publish one client's week.

    Parameters
    ----------
    job : Job
    on_page : callable, optional
        Called with the name of each page before it is made.
    loaded : tuple, optional
        ``publish.warm.code_now`` when this process was loaded, where kernels may be forked from it: what the
        gate has read they need not read again.

    Returns
    -------
    Done
        Whatever goes wrong; only an interrupt is raised.
    """
    began = time.perf_counter()
    try:
        with _home(job) as home, _reports(job) as reports:
            done = _gated(job, home, reports, on_page or _unheard, loaded)
            if storage.is_remote(job.reports):
                done = _sent(job, done, reports)
    except SpmError as problem:
        done = Done(job.client, job.week, "failed", reason=str(problem))
    except Exception as fault:  # noqa: BLE001 (the other clients must be published)
        said = " ".join(f"{type(fault).__name__}: {fault}".split())[:300]
        done = Done(job.client, job.week, "failed", reason=f"unexpected fault ({said}), please report")
    return replace(done, seconds=round(time.perf_counter() - began, 3))


def _unheard(page: str) -> None:
    """Nobody listens."""


def _nothing() -> None:
    """Nothing was opened."""


@contextmanager
def _home(job: Job) -> Iterator[Path]:
    """The folder of clients, or a copy of this one client's."""
    if not storage.is_remote(job.home):
        yield Path(job.home)
        return
    with storage.client_copy(job.home, job.client) as home:
        yield home


@contextmanager
def _reports(job: Job) -> Iterator[Path]:
    """The folder of reports, or one that holds this week's standing report alone."""
    if not storage.is_remote(job.reports):
        yield Path(job.reports)
        return
    with a_room(storage.REPORTS_ROOM) as place:
        storage.fetch_report(job.reports, job.client, job.week, place)
        yield place


def _sent(job: Job, done: Done, reports: Path) -> Done:
    """What was published, or the reason why it was not, in the object store."""
    if done.state == "published":
        version = storage.send_report(reports, job.reports, job.client, job.week)
        return replace(done, folder=f"{job.reports}/{job.client}/{job.week}/{version}")
    if done.state == "current":
        return replace(done, folder=f"{job.reports}/{job.client}/{job.week}")
    storage.send_failure(reports, job.reports, job.client, job.week)
    return done


def current(job: Job) -> Done | None:
    """How a job ends that has nothing to do; None where it has, or has to be looked at more closely.

    It reads no history and starts nothing, so that many clients of whom none changed take no time.
    """
    if storage.is_remote(job.home) or storage.is_remote(job.reports):
        return None
    return _current(job, Path(job.home), Path(job.reports))


def _current(job: Job, home: Path, reports: Path) -> Done | None:
    from spm_lib.publish import standing_report

    if job.force:
        return None
    began = time.perf_counter()
    run = standing_report(home, job.client, job.week, reports=reports, only=job.only)
    if run is None:
        return None
    folder = reports / job.client / job.week
    seconds = round(time.perf_counter() - began, 3)
    return Done(job.client, job.week, "current", seconds, notes=len(run.findings), folder=str(folder))


def _gated(job: Job, home: Path, reports: Path, on_page: OnPage, loaded: Code | None) -> Done:
    """The gate, then the pages; neither where nothing changed."""
    from spm_lib import gate
    from spm_lib.publish import fingerprint_now, keep_failure, publish_week
    from spm_lib.run import common

    if standing := _current(job, home, reports):
        return standing
    rests_on = fingerprint_now(home, job.client, job.week)
    # whole, because the kernels that find the client opened work in folders of their own
    found, source = gate.look(home.resolve(), job.client, job.week)
    stops = [str(finding) for finding in found if finding.severity == "stop"]
    if stops:
        stopped = GateError(GateError.opening, given="; ".join(stops))
        keep_failure(home, job.client, job.week, stopped, reports=reports)
        reason = "\n".join([f"{stopped.what}, nothing is published", *stops])
        return Done(job.client, job.week, "refused", reason=reason)
    prepare = _nothing if source is None else partial(common.prepare, home, source, job.week, job.only)
    # what nobody can say was read of these inputs is not handed down: the page could tell of others
    with kernels_from_here(loaded if rests_on else None, prepare):
        outcome = publish_week(
            home,
            job.client,
            job.week,
            reports=reports,
            only=job.only,
            force=job.force,
            findings=tuple(map(str, found)),
            rests_on=rests_on,
            on_state=lambda _client, _state, page: on_page(page) if page else None,
        )
    if outcome.error is not None:
        return Done(job.client, job.week, "failed", reason=f"failed, nothing is published\n{outcome.error}")
    # named as the reports were, not as this machine resolves it
    folder = str(reports / job.client / job.week)
    return Done(job.client, job.week, outcome.state, notes=len(found), folder=folder)

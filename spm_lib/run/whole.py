"""A whole run: who has nothing to do is told at once, the others are made, longest first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

from spm_lib import storage
from spm_lib.errors import PublishError, SpmError, StorageError, UsageError
from spm_lib.publish import keep_failure
from spm_lib.publish.place import Place, tidy, write
from spm_lib.room import KERNELS, sweep
from spm_lib.run.cluster import run_on_cluster
from spm_lib.run.job import Done, Job, current
from spm_lib.run.local import Lost, Progress, cores, run_jobs
from spm_lib.run.order import expected_seconds, longest_first, seconds_left
from spm_lib.run.summary import NAME

#: How long a job that was killed may take to be gone, in seconds.
_DYING = 5.0
#: And its kernel after it.
_GONE = 1.0
#: Shows where a run of so many jobs stands.
Shows = Callable[[int], AbstractContextManager[Callable[[Progress], None]]]


def run_all(
    jobs: Sequence[Job],
    *,
    on_progress: Shows,
    on_end: Callable[[Done], None],
    at_once: int | None = None,
    cluster: str | None = None,
) -> list[Done]:
    """Run the jobs that have something to do.

    Parameters
    ----------
    jobs : sequence of Job
    on_progress : callable
        Given how many jobs there are to make, a context that takes what is heard of them.
    on_end : callable
        Called with each job's end, as soon as it is known.
    at_once : int, optional
        So many at a time on this machine; its cores when missing.
    cluster : str, optional
        Address of a dask scheduler to run them on instead.

    Returns
    -------
    list of Done
        In the order of `jobs`.
    """
    found: dict[Job, Done] = {}
    for job in jobs:
        if (done := current(job)) is not None:
            found[job] = done
            on_end(done)
    waiting = longest_first(job for job in jobs if job not in found)
    if not waiting:
        return [found[job] for job in jobs]
    expected = {job: expected_seconds(job) for job in waiting}
    width = (at_once or cores()) if cluster is None else 1
    ended: list[Done] = []
    with on_progress(len(waiting)) as shows:

        def heard(progress: Progress) -> None:
            if (done := progress.ended) is not None:
                if isinstance(done, Lost):
                    _keep_reason(next(job for job in waiting if _is(job, done)), PublishError(done.reason))
                ended.append(done)
                on_end(done)
            shows(replace(progress, seconds_left=seconds_left(expected, ended, width)))

        try:
            if cluster is None:
                made = run_jobs(waiting, at_once=at_once, on_progress=heard)
            else:
                made = run_on_cluster(waiting, cluster, on_progress=heard)
        except BaseException:
            # on a cluster they may still be at work
            _tidy(waiting if cluster is None else ())
            raise
    found |= dict(zip(waiting, made, strict=True))
    return [found[job] for job in jobs]


def _tidy(jobs: Sequence[Job]) -> None:
    """Remove what jobs left that were ended in the middle."""
    for job in jobs:
        if not storage.is_remote(job.reports):
            tidy(Place(Path(job.reports), job.client, job.week), _DYING)
    until = time.monotonic() + _GONE
    while jobs and sweep(KERNELS) and time.monotonic() < until:
        time.sleep(0.02)  # a kernel dies a moment after its job; those of another run are waited for in vain


def not_taken_in(job: Job, problem: SpmError) -> Done:
    """The end of a job whose exports could not be taken in; the reason is kept for the list of reports.

    Parameters
    ----------
    job : Job
    problem : SpmError
        Of the machine, as a full disk is: what is wrong with the exports is for the gate to say.
    """
    _keep_reason(job, problem)
    reason = f"its exports could not be taken in, the report is left as it was\n{problem}"
    return Done(job.client, job.week, "failed", reason=reason)


def _keep_reason(job: Job, problem: SpmError) -> None:
    """Keep beside the reports why a job failed that could not do so itself."""
    if not storage.is_remote(job.home) and not storage.is_remote(job.reports):
        # a client that is not there has no place for it
        with suppress(UsageError):
            keep_failure(Path(job.home), job.client, job.week, problem, reports=Path(job.reports))


def _is(job: Job, done: Done) -> bool:
    return (job.client, job.week) == (done.client, done.week)


def keep_summary(reports: str, text: str) -> None:
    """Keep what became of a run beside the reports, for monitoring; a full disk loses it and nothing else."""
    with suppress(OSError, StorageError):
        if storage.is_remote(reports):
            storage.Bucket(reports).write(NAME, text.encode())
        else:
            write(Path(reports) / NAME, text)

"""Jobs on a dask cluster: the same function, on whichever machine has room.

A cluster may run a job twice, when a worker was thought lost; publishing is complete or not at all and called
by its content, so twice is once. Home and reports must be places every worker reaches: an object store, or a
folder all of them share.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

from spm_lib.errors import StorageError, UsageError
from spm_lib.publish.inputs import library_hash
from spm_lib.run.job import Done, Job
from spm_lib.run.local import Lost, Progress, run_jobs

#: How long to wait for a cluster to answer.
ANSWERS_WITHIN = "20s"
#: How often a job is given to another worker after its own was lost.
RETRIES = 3


def run_on_cluster(
    jobs: Sequence[Job], address: str, *, on_progress: Callable[[Progress], None] | None = None
) -> list[Done]:
    """Run jobs on a cluster, in their order as far as it has room.

    Parameters
    ----------
    jobs : sequence of Job
    address : str
        Of the scheduler, ``tcp://host:8786``.
    on_progress : callable, optional

    Returns
    -------
    list of Done
        In the order of `jobs`; a job whose workers were lost again and again has failed.

    Raises
    ------
    UsageError
        The extra `cluster` is not installed.
    StorageError
        No cluster answers there, it has no worker, or its workers run another version of the workbook.
    """
    try:
        from distributed import as_completed
    except ImportError as problem:
        raise UsageError(
            "dask is not installed", given=address, remedy="install the extra `cluster` of spm-lib"
        ) from problem
    heard = on_progress or (lambda _: None)
    found: dict[Job, Done] = {}
    with _connected(address) as cluster:
        _check_workers(cluster, address)
        submitted = {
            cluster.submit(run_here, job, key=_key(job), pure=False, retries=RETRIES, priority=-number): job
            for number, job in enumerate(jobs)
        }
        for future in as_completed(submitted, loop=cluster.loop):  # type: ignore[no-untyped-call]
            job = submitted[future]
            found[job] = _ended(future, job)
            heard(Progress(len(found), len(jobs), (), found[job]))
    return [found[job] for job in jobs]


def run_here(job: Job) -> Done:
    """One job on a worker: in a process of its own, as on any machine, so that it cannot end the worker.

    A nanny's worker is a daemon, and multiprocessing lets no daemon have children, lest they outlive it. A
    job's process ends with whoever started it, so the worker may have some.
    """
    settings: dict[str, Any] = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001
    settings["daemon"] = False
    return run_jobs([job], at_once=1)[0]


def _connected(address: str) -> Any:
    from distributed import Client

    try:
        return Client(address, timeout=ANSWERS_WITHIN, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as problem:
        raise StorageError(
            "no cluster answers there",
            where=address,
            given=str(problem)[:200],
            remedy="start `dask scheduler`, and give its address as it prints it",
        ) from problem


def _check_workers(cluster: Any, address: str) -> None:
    """Refuse a cluster that would make other pages than this machine."""
    theirs = cluster.run(library_hash)
    if not theirs:
        raise StorageError(
            "the cluster has no worker", where=address, remedy="start one: `dask worker ADDRESS --nthreads 1`"
        )
    other = sorted(worker for worker, version in theirs.items() if version != library_hash())
    if other:
        raise StorageError(
            f"{len(other)} of {len(theirs)} workers run another version of the workbook",
            where=address,
            given=other[0],
            remedy="install the same version on every worker, then start them again",
        )


def _key(job: Job) -> str:
    """A name of the job's own: the same job given twice is one."""
    return f"spm-{job.client}-{job.week}-{hashlib.sha256(repr(job).encode()).hexdigest()[:12]}"


def _ended(future: Any, job: Job) -> Done:
    problem = future.exception()
    if problem is None:
        done: Done = future.result()
        return done
    return Lost(
        job.client,
        job.week,
        "failed",
        reason=f"its worker was lost again and again ({type(problem).__name__}); look at its memory",
    )

"""Which job first: the longest, so that no long one is left to run alone at the end; and how long is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from spm_lib import storage
from spm_lib.publish.manifest import read_run
from spm_lib.run.job import Done, Job

#: Seconds a job is thought to take where nothing is known of it; only the order and the guess rest on it.
UNKNOWN = 10.0


def expected_seconds(job: Job) -> float:
    """How long a job may take: what its client's latest report took."""
    if storage.is_remote(job.reports):
        return UNKNOWN
    standing = sorted((Path(job.reports) / job.client).glob("*-W*"), reverse=True)
    for report in standing[:3]:
        run = read_run(report)
        if run is not None and run.timings:
            return sum(run.timings.values())
    return UNKNOWN


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """The jobs, those that are thought to take longest first; equal ones by client."""
    known = {job: expected_seconds(job) for job in jobs}
    return sorted(known, key=lambda job: (-known[job], job.client, job.week))


def seconds_left(expected: Mapping[Job, float], done: Sequence[Done], at_once: int) -> float | None:
    """How long a run will still take, by how long the ended jobs took against what was expected of them.

    Parameters
    ----------
    expected : mapping
        Every job of the run -> expected seconds.
    done : sequence of Done
    at_once : int

    Returns
    -------
    float or None
        None before the first job has ended.
    """
    ended = {(one.client, one.week) for one in done}
    known = sum(seconds for job, seconds in expected.items() if (job.client, job.week) in ended)
    left = sum(seconds for job, seconds in expected.items() if (job.client, job.week) not in ended)
    if not done or not known:
        return None
    took = sum(one.seconds for one in done)
    return left * took / known / at_once

"""What 10, 1,000 and 100,000 clients take: one client's week measured here, the rest worked out from it.

Measured: every page of the three demo clients, a core to each; and what the scheduler of a cluster takes per
job, with jobs that do nothing. Worked out: more workers do as much more until the scheduler has no time left.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import WEEK, Row, demo_home, show
from benchmarks.throughput import cluster
from spm_lib.demo import CLIENTS
from spm_lib.run import Job, run_jobs
from spm_lib.run.local import cores

SIZES = (10, 1_000, 100_000)
#: Jobs that do nothing, by which the scheduler's own time is told.
EMPTY_JOBS = 2_000
#: How long a firm waits for all reports, in hours.
WITHIN_HOURS = 2.0
#: Price of a core for an hour, US dollars: an assumption, of the order of on-demand machines.
CORE_HOUR = 0.05


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Attributes
    ----------
    client_seconds : float
        Of one core, for every page of one client's week.
    job_seconds : float
        Of the scheduler, for one job.
    """

    client_seconds: float
    job_seconds: float

    @property
    def workers_at_most(self) -> int:
        """How many workers the scheduler keeps busy."""
        return int(self.client_seconds / self.job_seconds)

    def line(self, clients: int) -> str:
        """A size as a row of the page on running."""
        core_hours = clients * self.client_seconds / 3600
        workers = max(1, math.ceil(core_hours / WITHIN_HOURS))
        busy = min(workers, self.workers_at_most)
        hours = max(core_hours / busy, clients * self.job_seconds / 3600, self.client_seconds / 3600)
        took = f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h"
        return f"| {clients:,} | {workers} | {took} | {core_hours:,.1f} | {core_hours * CORE_HOUR:,.2f} $ |"


def every_page(home: Path) -> float:
    """Core-seconds of one client's week, all pages, a core to each client."""
    with tempfile.TemporaryDirectory() as reports:
        jobs = [Job(str(home), slug, WEEK, f"{reports}/{turn}") for turn in range(2) for slug in CLIENTS]
        began = time.perf_counter()
        done = run_jobs(jobs)
        seconds = time.perf_counter() - began
    assert {one.state for one in done} == {"published"}, done
    return seconds * min(cores(), len(jobs)) / len(jobs)


def nothing(job: Job) -> str:
    """A job that does nothing."""
    return job.client


def scheduling(count: int) -> float:
    """Seconds the scheduler takes for one job, as the runner hands them out."""
    from distributed import Client, as_completed

    with cluster(2) as address, Client(address, set_as_default=False) as known:
        jobs = [Job("s3://bucket/clients", f"client-{n}", WEEK, "s3://bucket/reports") for n in range(count)]
        known.gather(known.map(nothing, jobs[:100], pure=False))
        began = time.perf_counter()
        futures = [
            known.submit(nothing, job, key=f"{job.client}-{WEEK}", pure=False, priority=-n)
            for n, job in enumerate(jobs)
        ]
        assert len(list(as_completed(futures, loop=known.loop))) == count
        return (time.perf_counter() - began) / count


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    given = parser.parse_args(arguments)
    with demo_home(given.home) as home:
        costs = Costs(every_page(home.resolve()), scheduling(EMPTY_JOBS))
    print("| clients | workers | time | core-hours | cost |\n| --- | --- | --- | --- | --- |")
    for clients in SIZES:
        print(costs.line(clients))
    share = costs.job_seconds / costs.client_seconds
    rows = [
        Row(
            f"the scheduler's time for a job, against a client's week with every page "
            f"({costs.workers_at_most:,} workers are kept busy)",
            f"{costs.job_seconds * 1000:.2f} ms",
            f"{costs.client_seconds:.1f} s of a core",
            f"{share:.2%}",
            "at most 1 %",
            share <= 0.01,
        )
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    main()

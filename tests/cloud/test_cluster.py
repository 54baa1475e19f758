"""A dask cluster on loopback, its workers in folders of their own: an object store is all they share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from spm_lib import storage
from spm_lib.errors import StorageError
from spm_lib.run import Job, run_job, run_on_cluster

ROOT = Path(__file__).resolve().parents[2]
WEEKS = ("2026-W44", "2026-W45", "2026-W46")
SLUGS = ("alder-heating", "copperline-print")


@pytest.fixture
def started(s3: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts parts of a cluster, each in a folder of its own; all of them end with the test."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
        place = tmp_path / f"{module}-{len(processes)}"
        place.mkdir()
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--host", "127.0.0.1"],
                cwd=place,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@pytest.fixture
def scheduler(started, tmp_path: Path) -> str:
    """The address of a scheduler without workers."""
    file = tmp_path / "scheduler.json"
    started("dask_scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(FileNotFoundError, ValueError):
            return str(json.loads(file.read_text())["address"])
        time.sleep(0.05)
    raise TimeoutError("the scheduler did not start")


@pytest.fixture
def worker(started, scheduler: str) -> Callable[[], subprocess.Popen[bytes]]:
    """Starts a worker."""
    return lambda: started(
        "dask_worker", scheduler, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", "."
    )


@pytest.fixture
def home(s3: str, demo_home: Path) -> str:
    """Two demo clients in an object store."""
    bucket = storage.Bucket(f"{s3}/clients")
    for slug in SLUGS:
        for path in (demo_home / slug).rglob("*"):
            if path.is_file() and "inbox" not in path.parts:
                bucket.write(path.relative_to(demo_home).as_posix(), path.read_bytes())
    return f"{s3}/clients"


def workers_known(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as cluster:
        cluster.wait_for_workers(count, timeout=60)


def pages(reports: str) -> dict[str, bytes]:
    """Every object of the reports but the manifests, which hold timings."""
    bucket = storage.Bucket(reports)
    return {name: bucket.read(name) or b"" for name in bucket.files() if not name.endswith("run.json")}


def test_a_worker_is_killed_and_every_report_is_there_once_and_the_same(
    s3, home, scheduler, worker, tmp_path
):
    jobs = [
        Job(home, slug, week, f"{s3}/reports", only=("owner_update",)) for slug in SLUGS for week in WEEKS
    ]
    first, _ = worker(), worker()
    workers_known(scheduler, 2)
    ended = threading.Event()

    def kill_after_the_first(progress):
        if progress.ended and not ended.is_set():
            ended.set()
            os.killpg(first.pid, signal.SIGKILL)

    done = run_on_cluster(jobs, scheduler, on_progress=kill_after_the_first)
    assert first.wait(10) == -signal.SIGKILL
    assert [(one.client, one.week, one.reason) for one in done] == [
        (job.client, job.week, "") for job in jobs
    ]
    # one the killed worker had published, and had not told of, is found to be current by the other
    assert {one.state for one in done} <= {"published", "current"}
    found = pages(f"{s3}/reports")
    stands = [name for name in found if name.endswith("current.json")]
    assert sorted(stands) == sorted(f"{job.client}/{job.week}/current.json" for job in jobs)
    # the same on one machine, into another store
    alone = [run_job(Job(home, job.client, job.week, f"{s3}/alone", job.only)) for job in jobs]
    assert {one.state for one in alone} == {"published"}
    assert found == pages(f"{s3}/alone")


def test_a_job_that_has_nothing_to_do_is_current_wherever_it_runs(s3, home, scheduler, worker):
    worker()
    workers_known(scheduler, 1)
    job = Job(home, "copperline-print", "2026-W46", f"{s3}/reports", only=("owner_update",))
    assert [one.state for one in run_on_cluster([job], scheduler)] == ["published"]
    before = pages(job.reports)
    assert [one.state for one in run_on_cluster([job], scheduler)] == ["current"]
    assert pages(job.reports) == before


def test_a_client_that_fails_keeps_its_reason_in_the_store_and_the_other_is_published(
    s3, home, scheduler, worker
):
    storage.Bucket(home).write("alder-heating/expectations/sales_goals-2026.md", b"no front matter")
    worker()
    workers_known(scheduler, 1)
    jobs = [Job(home, slug, "2026-W46", f"{s3}/reports", only=("owner_update",)) for slug in SLUGS]
    done = run_on_cluster(jobs, scheduler)
    assert [one.state for one in done] == ["refused", "published"]
    kept = storage.Bucket(f"{s3}/reports").read(".runs/alder-heating/2026-W46.failed.json")
    assert kept is not None
    assert b"sales_goals-2026.md" in kept


def test_no_cluster_is_said_in_plain_words(monkeypatch):
    monkeypatch.setattr("spm_lib.run.cluster.ANSWERS_WITHIN", "200ms")
    began = time.monotonic()
    with pytest.raises(StorageError, match="no cluster answers"):
        run_on_cluster([], "tcp://127.0.0.1:1")
    assert time.monotonic() - began < 30


def test_a_cluster_without_a_worker_is_refused(scheduler):
    with pytest.raises(StorageError, match="no worker"):
        run_on_cluster([], scheduler)

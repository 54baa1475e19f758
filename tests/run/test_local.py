"""Jobs in processes of their own: so many at once, each watched; what ends one takes no other down."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing import forkserver
from pathlib import Path

import pytest

from spm_lib.run import local, run_jobs
from tests.cli.conftest import Tiny
from tests.run.made import job

#: Clients that are not there: their jobs end at once, and say so.
FOUR = ("a", "b", "c", "d")
NONE = "no such client"


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at by /proc")


@pytest.fixture
def stuck(tmp_path):
    """A job that never ends: a document is a pipe nobody writes to."""
    tiny = Tiny(tmp_path / "home", "stuck")
    os.mkfifo(tiny.folder / "expectations/team_culture.md")
    return job(tmp_path, "stuck")


@pytest.mark.parametrize("at_once", [1, 3])
def test_never_more_at_once_than_asked_for_and_the_ends_in_the_order_asked(tmp_path, at_once):
    heard = []
    done = run_jobs([job(tmp_path, slug) for slug in FOUR], at_once=at_once, on_progress=heard.append)
    assert [(one.client, one.state) for one in done] == [(slug, "failed") for slug in FOUR]
    assert {one.reason.splitlines()[0] for one in done} == {NONE}
    assert max(len(one.running) for one in heard) == at_once
    assert sorted(one.ended.client for one in heard if one.ended) == list(FOUR)
    assert (heard[-1].done, heard[-1].total, heard[-1].running) == (4, 4, ())


def test_a_job_that_hangs_is_ended_at_its_limit_and_the_others_go_on(tmp_path, stuck):
    done = run_jobs([stuck, job(tmp_path, "a")], at_once=2, limit=3.0)
    assert [one.reason.splitlines()[0] for one in done] == ["it took longer than 3 s and was ended", NONE]
    assert isinstance(done[0], local.Lost)
    assert multiprocessing.active_children() == []


def test_a_job_that_is_killed_says_so_and_the_others_go_on(tmp_path, stuck):
    def kill(progress):
        if progress.ended is not None and progress.running:
            (child,) = multiprocessing.active_children()
            os.kill(child.pid, signal.SIGKILL)

    done = run_jobs([stuck, job(tmp_path, "a")], at_once=2, on_progress=kill, limit=30.0)
    assert done[0].reason == "its process was ended from outside (SIGKILL); was there too little memory?"
    assert done[1].reason.startswith(NONE)


def test_a_job_has_the_environment_of_the_run(stuck):
    """Keys of an object store, the place of temporary folders: all of it."""
    found = []

    def look(progress):
        if progress.running:
            (child,) = multiprocessing.active_children()
            found.extend(Path(f"/proc/{child.pid}/environ").read_bytes().decode().split("\0"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs([stuck], on_progress=look)
    assert f"PATH={os.environ['PATH']}" in found


def test_a_process_that_cannot_be_started_is_the_reason_of_its_job_alone(tmp_path, monkeypatch):
    start, started = local._start, []

    def refused(asked):
        started.append(asked.client)
        if asked.client == "a":
            raise OSError(11, "Resource temporarily unavailable")
        return start(asked)

    monkeypatch.setattr(local, "_start", refused)
    done = run_jobs([job(tmp_path, slug) for slug in ("a", "b")], at_once=1)
    assert started == ["a", "b"]
    assert done[0].reason == "its process could not be started (Resource temporarily unavailable)"
    assert done[1].reason.startswith(NONE)


def test_a_server_that_is_killed_as_it_takes_a_job_is_the_reason_of_that_job_alone(tmp_path):
    run_jobs([job(tmp_path, "a")])
    server = forkserver._forkserver._forkserver_pid
    os.kill(server, signal.SIGSTOP)  # the job is given to it, and never begun
    killed = threading.Timer(0.3, os.kill, (server, signal.SIGKILL))
    killed.start()
    done = run_jobs([job(tmp_path, slug) for slug in ("a", "b")], at_once=1)
    killed.join()
    assert isinstance(done[0], local.Lost)
    assert done[0].reason == "its process could not be started (what starts them was ended from outside)"
    assert done[1].reason.startswith(NONE)


def test_an_interrupt_ends_every_job(tmp_path, stuck):
    def interrupt(progress):
        if progress.running:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs([stuck], on_progress=interrupt)
    assert multiprocessing.active_children() == []

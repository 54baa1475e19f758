"""A whole run: who has nothing to do is told at once, the others are made, longest first."""

from __future__ import annotations

import errno
import json
import sys
from contextlib import contextmanager

import pytest

from spm_lib.errors import PublishError
from spm_lib.publish import reasons
from spm_lib.publish.place import Place
from spm_lib.run import Done, Progress, keep_summary, not_taken_in, run_all
from spm_lib.run.local import Lost
from tests.run.made import job, stand

whole = sys.modules["spm_lib.run.whole"]


class Run:
    """A run without processes: what it was given, what it told, and how each client ends."""

    def __init__(self, folder, patch):
        self.folder, self.current, self.ends, self.given = folder, set(), {}, {}
        self.told, self.shown, self.asked = [], [], []
        patch.setattr(whole, "current", self._current)
        patch.setattr(whole, "run_jobs", self._made)
        patch.setattr(
            whole, "run_on_cluster", lambda jobs, address, **how: self._made(jobs, at=address, **how)
        )

    def _current(self, job):
        return Done(job.client, job.week, "current") if job.client in self.current else None

    def _made(self, jobs, *, on_progress, **given):
        self.asked, self.given, done = [one.client for one in jobs], given, []
        for one in jobs:
            end = self.ends.get(one.client, Done(one.client, one.week, "published", 20.0))
            if isinstance(end, BaseException):
                raise end
            done.append(end)
            on_progress(Progress(len(done), len(jobs), (), end))
        return done

    @contextmanager
    def _shows(self, total):
        self.told.append(f"{total} to make")
        yield self.shown.append

    def __call__(self, *slugs, **how):
        jobs = [job(self.folder, slug) for slug in slugs]
        return run_all(
            jobs,
            on_progress=self._shows,
            on_end=lambda one: self.told.append(f"{one.client} {one.state}"),
            **how,
        )


@pytest.fixture
def run(tmp_path, monkeypatch):
    return Run(tmp_path, monkeypatch)


def test_who_has_nothing_to_do_is_told_first_and_the_rest_is_made_longest_first(run, tmp_path):
    stand(tmp_path, "long", owner_update=30.0)
    stand(tmp_path, "short", owner_update=1.0)
    run.current = {"same"}
    done = run("short", "same", "long", at_once=2)
    assert run.asked == ["long", "short"]
    assert run.given == {"at_once": 2}
    assert run.told == ["same current", "2 to make", "long published", "short published"]
    assert [one.client for one in done] == ["short", "same", "long"]  # as they were asked for


def test_the_time_left_is_shown(run, tmp_path):
    stand(tmp_path, "long", owner_update=30.0)
    stand(tmp_path, "short", owner_update=15.0)
    run("short", "long", at_once=1)
    # long was thought to take 30 s and took 20: of 15 s of short two thirds are left
    assert [one.seconds_left for one in run.shown] == [pytest.approx(10.0), 0.0]


def test_where_nothing_is_to_be_made_nothing_is_started(run):
    run.current = {"a", "b"}
    assert [one.state for one in run("a", "b")] == ["current", "current"]
    assert run.told == ["a current", "b current"]


def test_a_cluster_gets_the_same_jobs(run):
    run("b", "a", cluster="tcp://there:8786")
    assert (run.asked, run.given) == (["a", "b"], {"at": "tcp://there:8786"})


@pytest.mark.parametrize("kind", [Lost, Done])
def test_the_reason_of_a_job_that_could_not_keep_it_is_kept_for_the_list_of_reports(run, tmp_path, kind):
    (tmp_path / "home/a").mkdir(parents=True)
    (tmp_path / "home/a/client.yaml").write_text("")
    run.ends["a"] = kind("a", "2026-W46", "failed", reason="its process was ended from outside (SIGKILL)")
    run("a")
    # one that came to an end of its own has kept it, or knows why not
    expected = {"2026-W46": "its process was ended from outside (SIGKILL)"} if kind is Lost else {}
    assert reasons(tmp_path / "reports", "a") == expected


def test_a_lost_job_of_a_client_that_is_not_there_stops_nothing(run, tmp_path):
    run.ends["a"] = Lost("a", "2026-W46", "failed", reason="it hung")
    assert [one.state for one in run("a", "b")] == ["failed", "published"]


@pytest.mark.parametrize("end", [KeyboardInterrupt(), SystemExit(143), BrokenPipeError()])
def test_a_run_that_is_ended_has_told_what_was_done_and_leaves_nothing_half_made(run, tmp_path, end):
    place = Place(tmp_path / "reports", "b", "2026-W46")
    place.begin()
    run.ends["b"] = end
    with pytest.raises(type(end)):
        run("a", "b", "c")
    assert run.told == ["3 to make", "a published"]
    assert not place.making.exists()


def test_exports_that_cannot_be_taken_in_are_the_reason_of_the_failure(tmp_path):
    (tmp_path / "home/acme").mkdir(parents=True)
    (tmp_path / "home/acme/client.yaml").write_text("")
    done = not_taken_in(job(tmp_path), PublishError("no room", remedy="make some"))
    assert done.state == "failed"
    assert done.reason.splitlines() == [
        "its exports could not be taken in, the report is left as it was",
        "no room",
        "  to do: make some",
    ]
    assert reasons(tmp_path / "reports", "acme") == {"2026-W46": "no room\n  to do: make some"}


def test_the_summary_is_kept_beside_the_reports_and_a_full_disk_loses_nothing_else(tmp_path, monkeypatch):
    keep_summary(str(tmp_path), '{"exit_code": 0}')
    assert json.loads((tmp_path / ".runs/summary.json").read_text()) == {"exit_code": 0}

    def full(path, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole, "write", full)
    keep_summary(str(tmp_path), "{}")
    assert json.loads((tmp_path / ".runs/summary.json").read_text()) == {"exit_code": 0}


def test_the_summary_of_an_object_store_lies_in_it(tmp_path):
    (tmp_path / ".runs").mkdir()
    keep_summary(f"file://{tmp_path}", "{}")
    assert (tmp_path / ".runs/summary.json").read_text() == "{}"


def test_a_store_that_cannot_be_written_loses_the_summary_and_nothing_else():
    keep_summary("file:///proc/no-such-folder", "{}")

"""A job's process is started as a kernel is, and has everything else of the environment its caller has."""

from __future__ import annotations

import importlib.machinery
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import types

import pandas as pd
import pytest

from spm_lib import gate
from spm_lib.errors import ClientError
from spm_lib.ingest import ingest
from spm_lib.publish import warm
from spm_lib.run import Job, local, run_job
from tests.cli.conftest import Tiny

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux only")


def tell(tells):
    """In a process of its own: how it was started."""
    tells.send((dict(os.environ), local._loaded() == warm.code_now()))


def test_a_job_finds_the_environment_of_its_caller_made_that_of_a_kernel(monkeypatch):
    multiprocessing.forkserver._forkserver._stop()  # one of an earlier test has another environment
    monkeypatch.setenv("SPM_TEST_KEY", "told")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    expected = warm.environment()
    heard, tells = local._context().Pipe(duplex=False)
    process = local._context().Process(target=tell, args=(tells,))
    process.start()
    found, is_loaded = heard.recv()
    process.join()
    assert {name: found.get(name) for name in expected} == expected
    assert (found["SPM_TEST_KEY"], found["PYTHONHASHSEED"]) == ("told", "0")
    assert os.environ["PYTHONHASHSEED"] == "7"
    assert is_loaded
    multiprocessing.forkserver._forkserver._stop()


def test_two_threads_that_start_jobs_leave_the_environment_as_it_was(monkeypatch):
    """A worker of a cluster may have several."""
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.setattr(local.forkserver, "ensure_running", lambda: time.sleep(0.1))
    before = dict(os.environ)
    threads = [threading.Thread(target=local._start_server) for _ in range(2)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)  # the second begins while the first one is at it
    for thread in threads:
        thread.join()
    assert dict(os.environ) == before


def test_a_module_that_was_started_is_loaded_before_the_first_fork(monkeypatch):
    assert local._run_as_module() == []  # pytest's own ends with __main__, which no child runs again
    main = types.ModuleType("__main__")
    main.__spec__ = importlib.machinery.ModuleSpec("distributed.cli.dask_worker", None)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert local._run_as_module() == ["distributed.cli.dask_worker"]
    main.__spec__ = None
    assert local._run_as_module() == []


def test_a_client_handed_down_lies_where_it_lies_from_any_folder(tmp_path, monkeypatch):
    seen = []

    def look(home, *_):
        seen.append(home)
        raise ClientError("seen")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gate, "look", look)
    Tiny(tmp_path / "home")
    done = run_job(Job("home", "tiny", "2026-W47", "reports"))
    assert done.reason == "seen"
    assert seen == [tmp_path / "home"]


#: A document is saved while its inputs are hashed, and again once the gate has read it.
SAVED = """\
import sys
from pathlib import Path
import spm_lib.run.loaded as loaded
from spm_lib import gate, publish
from spm_lib.run import Job, run_job
home, reports = map(Path, sys.argv[1:])
goals = home / "tiny/expectations/sales_goals.md"
look = gate.look

def looks(*given):
    found = look(*given)
    goals.write_text(goals.read_text().replace("amount: 1500", "amount: 77700"))
    return found

gate.look, publish.fingerprint_now = looks, lambda *_: ""
job = Job(str(home), "tiny", "2026-W47", str(reports), only=("owner_update",))
done = run_job(job, loaded=loaded.CODE)
print(done.state, "77,700" in (reports / "tiny/2026-W47/owner_update.html").read_text())
"""


def test_a_client_whose_inputs_could_not_be_told_is_not_handed_down(tmp_path):
    tiny = Tiny(tmp_path / "home")
    tiny.export_both()
    ingest(tmp_path / "home", "tiny", (), ingested_at=pd.Timestamp("2026-11-25T12:00Z"))
    done = subprocess.run(
        [sys.executable, "-c", SAVED, str(tmp_path / "home"), str(tmp_path / "reports")],
        env=warm.environment(),
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    )
    # the page and the hashes beside it are of the document as it is now
    assert done.stdout.split() == ["published", "True"]

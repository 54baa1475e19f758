"""`spm review` as a scheduler calls it: how many at once, and whom a client that cannot be read stops."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spm_lib.errors import StorageError, UsageError
from tests.cli.conftest import TODAY, Tiny

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("asked", "width"), [((), None), (("--jobs", "1"), 1), (("-j", "3"), 3)])
def test_so_many_clients_at_once_as_are_asked_for(clients, spm, no_pages, asked, width):
    clients("one", "two")
    assert spm("review", *asked).code == 0
    assert no_pages == ["one", "two", f"{width} at once"]


def test_less_than_one_at_once_is_a_wrong_call(clients, spm, no_pages):
    clients("one")
    assert spm("review", "--jobs", "0").code == 2
    assert no_pages == []


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="no file here that nobody can read")
def test_facts_that_cannot_be_read_stop_one_client_alone(clients, spm, no_pages, tmp_path):
    clients("one", "two")
    path = tmp_path / "home/one/client.yaml"
    path.unlink()
    path.symlink_to("/proc/self/mem")  # its beginning belongs to nobody: reading it fails for every user
    result = spm("review", "--due")
    assert result.code == 3
    assert no_pages[0] == "two"
    assert "Input/output error" in result.err


def test_what_needs_a_hand_is_first_in_the_summary(clients, spm, no_pages):
    clients("bad", "good")
    assert spm("review").code == 1
    told = json.loads(Path("reports/.runs/summary.json").read_text())
    assert told["counts"] == {"published": 1, "current": 0, "refused": 0, "failed": 1}
    assert [one["client"] for one in told["clients"]] == ["bad", "good"]


def test_a_run_that_breaks_off_is_told_in_the_summary(clients, spm, no_pages, monkeypatch):
    clients("one", "two")
    assert spm("review").code == 0

    def unreachable(jobs, address, *, on_progress=None):
        raise StorageError("no cluster answers there", where=address)

    monkeypatch.setattr("spm_lib.run.whole.run_on_cluster", unreachable)
    result = spm("review", "--dask", "tcp://nowhere:8786")
    assert result.code == 1
    assert result.err.splitlines() == [
        "0 clients are done, 2 are not: one, two; their reports are as before",
        "no cluster answers there",
        "  where: tcp://nowhere:8786",
    ]
    # who watches the summary sees it, and not how the run before ended
    told = json.loads(Path("reports/.runs/summary.json").read_text())
    assert told["exit_code"] == 1
    reason = "no cluster answers there\n  where: tcp://nowhere:8786"
    assert [(one["state"], one["reason"]) for one in told["clients"]] == [("failed", reason)] * 2
    # a wrong call is no run
    monkeypatch.setattr("spm_lib.run.whole.run_on_cluster", lambda *_, **__: refuse("dask is not installed"))
    assert spm("review", "--dask", "tcp://nowhere:8786").code == 2
    assert json.loads(Path("reports/.runs/summary.json").read_text()) == told


def refuse(what):
    raise UsageError(what)


SCRIPTS = [[sys.executable, "-m", "spm_lib"], [str(Path(sys.executable).with_name("spm"))]]


@pytest.mark.parametrize("command", SCRIPTS, ids=["module", "script"])
def test_the_module_and_the_script_are_the_same_command(tmp_path, command):
    if not Path(command[0]).is_file():
        pytest.skip("the script is not installed beside this interpreter")
    tiny = Tiny(tmp_path / "home")
    tiny.export_both()
    environment = {**os.environ, "SPM_TODAY": TODAY, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "ingest", "tiny", "--home", str(tiny.home)],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "tiny: 2 exports stored, of 2 exports"
    wrong = subprocess.run(
        [*command, "review", "nobody", "--home", str(tiny.home)],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("no such client")

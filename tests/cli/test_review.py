"""`spm review` and `spm demo`: through the gate, one client after the other, and what the exit code says."""

from __future__ import annotations

import importlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spm_lib import demo as demo_clients
from spm_lib import publish
from spm_lib.errors import PublishError
from spm_lib.publish import Outcome
from spm_lib.run import Job, Progress, finish, run_job
from tests.cli.conftest import TODAY, Tiny, standing


def in_this_process(jobs, *, at_once=None, on_progress=None):
    """`run_jobs`, one job after the other, where a test sees what is called."""
    done = []
    for job in jobs:
        done.append(run_job(job))
        on_progress(Progress(len(done), len(jobs), (), done[-1]))
    return done


@pytest.fixture
def published(monkeypatch, tmp_path):
    """The calls of `publish_week`, which writes a word and remembers; a client named bad fails."""
    calls = []

    def publish_week(home, slug, week, *, reports, on_state=None, **options):
        calls.append({"client": slug, "week": week, **options})
        if slug == "bad":
            return Outcome(slug, week, "failed", PublishError("cell 3 failed", where="weekly_review.ipynb"))
        if slug == "odd":
            raise ZeroDivisionError("unforeseen")
        folder = Path(reports) / slug / week
        is_current = folder.is_dir() and not options["force"]
        folder.mkdir(parents=True, exist_ok=True)
        return Outcome(slug, week, "current" if is_current else "published", None, 1.25, folder)

    monkeypatch.setattr(publish, "publish_week", publish_week)
    monkeypatch.setattr("spm_lib.run.whole.run_jobs", in_this_process)
    return calls


@pytest.fixture
def clients(tmp_path, spm):
    """A function: a client of this name, with its exports ingested."""

    def clients(*slugs, ingested=True):
        for slug in slugs:
            one = Tiny(tmp_path / "home", slug)
            one.export_both()
            assert not ingested or spm("ingest", slug).code == 0

    return clients


@pytest.mark.parametrize("spelled", ["reports", "s3://bucket/reports"])
def test_the_firms_page_is_named_as_the_reports_were(monkeypatch, tmp_path, spelled):
    """Its own folder is absolute, or one of the moment where the reports lie in an object store."""

    def publish_firm(reports, **_given):
        made = Path(reports).resolve() / "portfolio.html"
        return (Outcome("portfolio", "2026-W47", "published", None, 1.25, made),)

    monkeypatch.chdir(tmp_path)
    finishing = importlib.import_module("spm_lib.run.finish")
    monkeypatch.setattr(finishing, "publish_firm", publish_firm)
    monkeypatch.setattr(finishing, "write_index", lambda *_: None)
    monkeypatch.setattr(finishing.storage, "reports_copy", lambda *_: {})
    monkeypatch.setattr(finishing.storage, "send_firm", lambda *_: None)
    monkeypatch.setattr(finishing, "_point_into", lambda *_: None)
    (page,) = finish(spelled, "home")
    assert (page.state, page.folder) == ("published", f"{spelled}/portfolio.html")


def test_a_report_is_named_as_the_reports_were_however_it_was_made(clients, monkeypatch):
    clients("one")

    def publish_week(home, slug, week, *, reports, **_options):
        return Outcome(slug, week, "published", None, 1.25, Path(reports).resolve() / slug / week)

    monkeypatch.setattr(publish, "publish_week", publish_week)
    home = os.environ["SPM_HOME"]
    assert run_job(Job(home, "one", "2026-W47", "reports")).folder == "reports/one/2026-W47"


def test_every_client_is_published_for_the_last_complete_week(clients, spm, published):
    clients("one", "two")
    result = spm("review")
    assert (result.code, result.err) == (0, "")
    assert [(call["client"], call["week"]) for call in published] == [
        ("one", "2026-W47"),
        ("two", "2026-W47"),
    ]
    assert re.sub(r"[0-9.]+ s\b", "x s", result.out).splitlines() == [
        "one 2026-W47: published in x s: reports/one/2026-W47",
        "two 2026-W47: published in x s: reports/two/2026-W47",
        "2 published in x s; all reports: reports/index.html",
    ]
    assert Path("reports/index.html").is_file()


def test_only_the_named_clients_are_published_once_each(clients, spm, published):
    clients("one", "two")
    assert spm("review", "two", "two", "--week", "2026-W46").code == 0
    assert [(call["client"], call["week"]) for call in published] == [("two", "2026-W46")]


def test_pages_and_force_are_handed_on_and_what_is_current_is_said_so(clients, spm, published):
    clients("one")
    spm("review")
    assert "one 2026-W47: nothing to do, it is current" in spm("review").out
    spm("review", "--only", "owner_update", "--force")
    assert [(call["only"], call["force"]) for call in published] == [
        ((), False),
        ((), False),
        (("owner_update",), True),
    ]


def test_what_the_gate_notes_goes_into_the_report(clients, spm, published, tmp_path):
    clients("one")
    (tmp_path / "home/one/expectations/crm_usage.md").unlink()
    result = spm("review")
    assert "1 to note, see `spm check one`" in result.out
    (finding,) = published[0]["findings"]
    assert "no crm_usage is in force" in finding


def test_the_reports_go_where_the_option_then_the_environment_says(clients, spm, published, monkeypatch):
    clients("one")
    monkeypatch.setenv("SPM_REPORTS", "there")
    spm("review")
    assert Path("there/one/2026-W47").is_dir()
    spm("review", "--reports", "here")
    assert Path("here/one/2026-W47").is_dir()
    assert not Path("reports").exists()


def test_a_failed_client_ends_with_1_and_the_others_are_published(clients, spm, published):
    clients("bad", "good")
    result = spm("review")
    assert result.code == 1
    assert "good 2026-W47: published" in result.out
    assert "bad 2026-W47: failed, nothing is published\ncell 3 failed" in result.err


def test_a_client_that_does_not_pass_the_gate_ends_with_3_and_the_others_are_published(
    clients, spm, published
):
    clients("good")
    clients("empty", ingested=False)
    result = spm("review")
    assert result.code == 3
    assert [call["client"] for call in published] == ["good"]
    assert "empty 2026-W47: the data did not pass the gate" in result.err
    # whoever looks at the list of reports sees it too
    assert "the data did not pass the gate" in Path("reports/index.html").read_text()
    assert "nothing was ever ingested" in result.err


def test_failures_of_both_kinds_end_with_1(clients, spm, published):
    clients("bad", "good")
    clients("empty", ingested=False)
    assert spm("review").code == 1


def test_an_unforeseen_fault_of_one_client_stops_no_other(clients, spm, published):
    clients("odd", "zed")
    result = spm("review")
    assert result.code == 1
    assert "odd 2026-W47: unexpected fault (ZeroDivisionError: unforeseen)" in result.err
    assert "zed 2026-W47: published" in result.out


def test_a_client_yaml_that_cannot_be_read_is_for_the_gate(clients, spm, published, tmp_path):
    clients("one", "two")
    (tmp_path / "home/one/client.yaml").write_text("name: [")
    result = spm("review")
    assert result.code == 3
    assert [call["client"] for call in published] == ["two"]
    assert "the file is not YAML" in result.err


def test_a_wrong_call_publishes_nothing_at_all(clients, spm, published):
    clients("one")
    for arguments in (["one", "nobody"], ["one", "--only", "poem"], ["--week", "2026-W48"]):
        assert spm("review", *arguments).code == 2
    assert published == []


def test_a_home_without_clients_is_said_so(spm):
    result = spm("review")
    assert result.code == 2
    assert "there is no client" in result.err
    assert "spm demo" in result.err


def test_on_a_terminal_a_bar_tells_how_far_it_is_and_the_output_stays_plain(tiny, tmp_path):
    tiny.export_both()
    leader, follower = pty.openpty()
    environment = {
        **os.environ,
        "SPM_TODAY": TODAY,
        "SPM_HOME": str(tiny.home),
        "TERM": "xterm",
        "COLUMNS": "100",
    }
    done = subprocess.run(
        [sys.executable, "-m", "spm_lib", "ingest", "tiny"],
        stdout=subprocess.PIPE,
        stderr=follower,
        env=environment,
        timeout=60,
        check=False,
    )
    os.close(follower)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    assert done.returncode == 0
    assert "ingesting tiny" in shown
    assert "2/2" in shown
    assert b"\x1b" not in done.stdout


def test_the_demo_is_written_once(spm, tmp_path):
    first = spm("demo", "--until", "2025-W41")
    assert first.code == 0
    assert "0 unchanged" in first.out
    truths = sorted(tmp_path.glob("home/*/client.yaml"))
    assert [path.parent.name for path in truths] == sorted(demo_clients.CLIENTS)
    again = spm("demo", "--until", "2025-W41")
    assert "nothing to write" in again.out
    path = truths[0]
    path.write_text(path.read_text() + "# mine\n")
    kept = spm("demo", "--until", "2025-W41")
    assert "1 kept as you changed them" in kept.out
    assert path.read_text().endswith("# mine\n")


def test_the_demo_ends_with_the_last_week_that_is_over_in_every_place(spm, monkeypatch):
    # noon of Monday everywhere: the week is over for all three
    monkeypatch.setenv("SPM_TODAY", "2025-10-13")
    assert "until 2025-W41" in spm("demo").out
    monkeypatch.setenv("SPM_TODAY", "2025-10-12")
    assert "until 2025-W40" in spm("demo").out


def test_the_demo_is_published_and_a_second_time_there_is_nothing_to_do(spm, published, tmp_path):
    first = spm("demo", "--until", "2025-W40", "--publish")
    assert (first.code, first.err) == (0, "")
    assert [(call["client"], call["week"]) for call in published] == [
        (slug, "2025-W40") for slug in demo_clients.CLIENTS
    ]
    assert re.fullmatch(
        r"3 published in [0-9.]+ s; all reports: reports/index.html", first.out.splitlines()[-1]
    )
    files = standing(tmp_path)
    second = spm("demo", "--until", "2025-W40", "--publish")
    assert second.code == 0
    assert "nothing to write" in second.out
    assert second.out.count("nothing new in") == 3
    assert second.out.count("nothing to do, it is current") == 3
    assert standing(tmp_path) == files


def test_one_client_through_the_whole_house(tiny, shell, tmp_path):
    """Nothing faked: ingest, gate, notebooks, pages, index; then again, where nothing is to be done."""
    tiny.export_both()
    done = shell("$SPM ingest tiny && $SPM review tiny --only owner_update")
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "reports/tiny/2026-W47"
    assert (folder / "owner_update.html").is_file()
    assert json.loads((folder / "run.json").read_text())["client"] == "tiny"
    assert "tiny/2026-W47" in (tmp_path / "reports/index.html").read_text()
    files = standing(tmp_path)
    again = shell("$SPM review tiny --only owner_update")
    assert "nothing to do, it is current" in again.stdout
    assert standing(tmp_path) == files

"""How `spm` is called: options before and after, the environment, wrong calls, weeks, pipes, start-up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from spm_lib import cli, ingest
from tests.cli.conftest import BEFORE, CLIENT, TODAY

HEAVY = ("pandas", "numpy", "matplotlib", "papermill", "duckdb", "pyarrow", "scipy", "rich", "pydantic")


@pytest.fixture
def filled(tiny, spm):
    """The tiny client with its exports ingested."""
    tiny.export_both()
    assert spm("ingest", "tiny").code == 0
    return tiny


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ingest", "nobody"], "no such client"),
        (["check", "nobody"], "known clients: tiny"),
        (["review", "nobody"], "no such client"),
        (["metric", "nobody", "attainment"], "no such client"),
        (["check", "../x"], "not a client slug"),
        (["review", "../x"], "not a client slug"),
        (["metric", "../x", "attainment"], "not a client slug"),
        (["check", "tiny", "--week", "2025-W53"], "2025-W01 to 2025-W52"),
        (["review", "--week", "2025-W53"], "2025 has no week 53"),
        (["metric", "tiny", "attainment", "--week", "2025-W53"], "2025 has no week 53"),
        (["demo", "--until", "2025-W53"], "2025 has no week 53"),
        (["check", "tiny", "--week", "46"], "write it like 2026-W46"),
        (["check", "tiny", "--week", "2026-W48"], "the last complete week is 2026-W47"),
        (["review", "--week", "2030-W01"], "the last complete week is 2026-W47"),
        (["metric", "tiny", "attainment", "--week", "2026-W48"], "the last complete week is 2026-W47"),
        (["demo", "--until", "2026-W48"], "the last complete week is 2026-W47"),
        (["demo", "--until", "2024-W01"], "2025-W40 or a later week"),
        (["review", "tiny", "--only", "poem"], "known pages: weekly_review, team_meeting"),
        (["metric", "tiny", "charm"], "known metrics: account_growth,"),
        (["metric", "tiny", "attainment", "--by", "mood"], "rep_id"),
        (["metric", "tiny", "hygiene_effect", "--by", "rep_id"], "leave the grouping out"),
        (["metric", "tiny"], "--list"),
        (["metric"], "--list"),
        (
            ["metric", "tiny", "attainment", "--from", "2026-11-02", "--to", "2026-11-01"],
            "--from a day before --to",
        ),
        (
            ["metric", "tiny", "attainment", "--from", "2026-11-02", "--to", "2026-11-02"],
            "the period is empty",
        ),
        (["metric", "tiny", "attainment", "--from", "2026-11-02"], "both --from and --to"),
        (
            [
                "metric",
                "tiny",
                "attainment",
                "--week",
                "2026-W40",
                "--from",
                "2026-11-02",
                "--to",
                "2026-11-05",
            ],
            "either --week, or both --from and --to",
        ),
        (["metric", "tiny", "attainment", "--from", "soon", "--to", "2026-11-02"], "--from is not a day"),
        (["metric", "tiny", "attainment", "--from", "2027-01-01", "--to", "2027-02-01"], "has not begun"),
        (["metric", "tiny", "attainment", "--known-at", "then"], "--known-at is not a moment"),
        (["metric", "tiny", "attainment", "--format", "xml"], "xml"),
        (["check", "tiny", "--loud"], "--loud"),
        (["dance"], "dance"),
        (["check"], "CLIENT"),
    ],
)
def test_a_wrong_call_is_answered_with_2_and_what_to_do(tiny, spm, arguments, says):
    result = spm(*arguments)
    assert result.code == 2
    assert says in result.err
    assert result.out == ""


def test_without_a_command_the_commands_are_listed(spm):
    result = spm()
    assert result.code == 2
    for name in ("demo", "ingest", "check", "review", "metric"):
        assert name in result.out + result.err


def test_home_counts_after_the_command_then_before_it_then_from_the_environment(
    tiny, spm, tmp_path, monkeypatch
):
    assert spm("check", "tiny").code == 3  # SPM_HOME
    monkeypatch.setenv("SPM_HOME", str(tmp_path / "elsewhere"))
    assert spm("check", "tiny").code == 2
    assert spm("--home", tiny.home, "check", "tiny").code == 3
    assert spm("check", "tiny", "--home", tiny.home).code == 3
    assert spm("--home", tmp_path / "elsewhere", "check", "tiny", "--home", tiny.home).code == 3


def test_without_any_home_the_folder_data_is_meant(tiny, spm, monkeypatch):
    monkeypatch.delenv("SPM_HOME")
    tiny.home.rename(tiny.home.parent / "data")
    assert spm("check", "tiny").code == 3


def test_a_client_whose_sunday_is_not_over_has_last_week_as_its_last(tiny, spm, monkeypatch):
    # noon of Sunday 22 November: the week from the 16th is not over
    monkeypatch.setenv("SPM_TODAY", "2026-11-22")
    assert "tiny 2026-W46" in spm("check", "tiny").out
    monkeypatch.setenv("SPM_TODAY", "2026-11-23")
    assert "tiny 2026-W47" in spm("check", "tiny").out
    # weeks that start on Sunday: the one of 2026-W48 began on the 22nd
    tiny.write("client.yaml", CLIENT + "week_starts_on: sunday\n")
    monkeypatch.setenv("SPM_TODAY", "2026-11-22")
    assert "tiny 2026-W47" in spm("check", "tiny").out


def test_the_53rd_week_of_2026_is_there(tiny, spm, monkeypatch):
    monkeypatch.setenv("SPM_TODAY", "2027-01-05")
    assert "tiny 2026-W53" in spm("check", "tiny").out


def test_today_is_today_where_nobody_fixes_it(tiny, spm, monkeypatch):
    monkeypatch.delenv("SPM_TODAY")
    assert spm("check", "tiny", "--week", "2026-W40").code == 3
    assert spm("check", "tiny", "--week", "2999-W01").code == 2


def test_a_fixed_today_that_is_no_day_is_refused(tiny, spm, monkeypatch):
    monkeypatch.setenv("SPM_TODAY", "yesterday")
    result = spm("check", "tiny")
    assert result.code == 2
    assert "SPM_TODAY is not a day" in result.err


def test_an_unexpected_fault_is_one_line_and_the_traceback_only_for_who_asks(filled, spm, monkeypatch):
    def broken(*_, **__):
        raise KeyError("boom")

    monkeypatch.setattr(ingest, "ingest", broken)
    result = spm("ingest", "tiny")
    assert result.code == 1
    assert result.err == "unexpected fault (KeyError: 'boom'), please report; SPM_DEBUG=1 shows where\n"
    monkeypatch.setenv("SPM_DEBUG", "1")
    result = spm("ingest", "tiny", screen=False)
    assert "Traceback" in result.err
    assert 'raise KeyError("boom")' in result.err


def test_a_disk_that_refuses_is_said_in_its_own_words(tiny, spm, tmp_path):
    (tmp_path / "full").write_text("a file, not a folder")
    result = spm("demo", "--until", "2025-W40", "--home", tmp_path / "full")
    assert result.code == 1
    assert "unexpected" not in result.err
    assert str(tmp_path / "full") in result.err


def test_an_interrupt_ends_with_130(filled, spm, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(ingest, "ingest", interrupted)
    assert spm("ingest", "tiny").code == 130


def test_a_real_interrupt_ends_with_130_and_no_traceback(tiny, tmp_path):
    environment = {**os.environ, "SPM_TODAY": TODAY, "SPM_HOME": str(tmp_path / "other")}
    process = subprocess.Popen(
        [sys.executable, "-m", "spm_lib", "demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # whoever runs the tests in the background may have them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "other").rglob("client.yaml")) and time.monotonic() < deadline:
        time.sleep(0.05)  # it is at work once the first folder is there
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + err


def test_a_reader_who_has_seen_enough_is_no_fault(filled, shell):
    done = shell("$SPM metric --list --format json | head -1; echo ${PIPESTATUS[1]}")
    assert done.stdout == "[\n0\n"
    assert done.stderr == ""
    # `head -c 0` closes at once, whatever was buffered
    done = shell("(sleep 2; $SPM metric --list --format json) | true")
    assert (done.stdout, done.stderr) == ("", "")


def test_in_a_pipe_there_is_no_colour_and_no_bar_even_when_colour_is_forced(filled, shell):
    filled.export("deals-2026-11-08.csv", BEFORE)
    done = shell("$SPM ingest tiny", FORCE_COLOR="1", TTY_COMPATIBLE="1")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout


def test_errors_go_beside_the_output(filled, shell):
    done = shell("$SPM check nobody 2>/dev/null")
    assert (done.returncode, done.stdout) == (2, "")


def test_help_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom spm_lib import cli\nsys.argv = ['spm', '--help']\ncode = cli.main()\n"
        f"print(code, sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "0 []"


def test_what_a_terminal_would_obey_is_not_printed(filled, spm):
    result = spm("check", "\x1b[31mtiny")
    assert result.code == 2
    path = filled.export("calls-\x1b[31m-2026-11-22.csv", "Call,Ringer\nx,y\n")
    assert "\x1b" in path.name
    spm("ingest", "tiny")  # the fixture refuses the escape sign


def test_main_is_the_entry_point_of_the_project():
    assert cli.main.__module__ == "spm_lib.cli"
    done = subprocess.run(
        [sys.executable, "-m", "spm_lib", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "spm [OPTIONS] COMMAND" in done.stdout

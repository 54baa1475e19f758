"""A run over fifty clients of whom none changed: the whole command, from its start to its last word.

Three demo clients are published with all their pages; the others are copies of them and of their reports,
whose manifests are given the copy's own inputs. Every file of every report is read and compared, as ever.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import ROOT, WEEK, Row, demo_home, environment, show
from spm_lib.demo import CLIENTS
from spm_lib.publish.inputs import gather
from spm_lib.publish.manifest import NAME, read_run
from spm_lib.publish.pages import NOTEBOOKS, PAGES
from spm_lib.run import Job, run_jobs

#: Seconds the whole command may take.
AT_MOST = 1.5
ROUNDS = 5


def many(home: Path, room: Path, count: int) -> tuple[Path, Path]:
    """So many clients with standing reports: the folder of clients and that of reports."""
    clients, reports, first = room / "data", room / "reports", room / "first"
    done = run_jobs([Job(str(home), slug, WEEK, str(first)) for slug in CLIENTS])
    assert {one.state for one in done} == {"published"}, done
    for number in range(count):
        slug = CLIENTS[number % len(CLIENTS)]
        copy = f"{slug}-{number:02d}"
        shutil.copytree(home / slug, clients / copy)
        shutil.copytree(first / slug, reports / copy)
        report = reports / copy / WEEK
        run = read_run(report)
        assert run is not None
        inputs = gather(clients, copy, WEEK, PAGES, NOTEBOOKS)
        told = {"client": copy, "inputs": vars(inputs), "fingerprint": inputs.fingerprint}
        (report / NAME).write_text(run.model_copy(update=told).text(), encoding="utf-8")
    return clients, reports


def command(clients: Path, reports: Path) -> tuple[float, str]:
    """Seconds of one `spm review` in a process of its own, and what it said."""
    asked = ["review", "--week", WEEK, "--reports", str(reports), "--home", str(clients)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "spm_lib", *asked],
        cwd=ROOT,
        env=environment() | {"SPM_TODAY": "2026-11-16"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stdout + done.stderr
    return seconds, done.stdout


def start() -> float:
    """Seconds this interpreter takes to import pandas: what no command here can do without."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import pandas"], check=True, env=environment())
    return time.perf_counter() - began


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    parser.add_argument("--clients", type=int, default=50)
    given = parser.parse_args(arguments)
    with demo_home(given.home) as home, tempfile.TemporaryDirectory(prefix="spm-bench-") as room:
        clients, reports = many(home.resolve(), Path(room), given.clients)
        command(clients, reports)  # the firm's page and the list of reports are made
        pairs = [(command(clients, reports), start()) for _ in range(ROUNDS)]
        said = pairs[-1][0][1]
        assert f"{given.clients} unchanged" in said, said
    seconds = statistics.median(one for (one, _), _ in pairs)
    bare = statistics.median(other for _, other in pairs)
    rows = [
        Row(
            f"nothing changed, {given.clients} clients: the whole command, against `import pandas`",
            f"{seconds:.2f} s",
            f"{bare:.2f} s",
            f"{seconds / bare:.2f}",
            f"at most {AT_MOST:g} s",
            seconds <= AT_MOST,
        )
    ]
    show(rows)
    return rows


if __name__ == "__main__":
    os.environ |= environment()
    main()

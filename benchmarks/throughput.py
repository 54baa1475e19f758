"""Thirty client-weeks of the weekly review: ours against the stock command lines, and on a dask cluster.

The stock road is what a Makefile would do: papermill, then nbconvert, a process each, two at a time by xargs.
It publishes half of what ours does: no gate, no proofreading, no report that is whole or not there.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from benchmarks.harness import ROOT, Row, demo_home, environment, show
from spm_lib.demo import CLIENTS
from spm_lib.run import Job, run_jobs, run_on_cluster

#: Ten weeks of the three demo clients.
WEEKS = tuple(f"2026-W{number}" for number in range(37, 47))
PAGE = "weekly_review"


def jobs(home: Path, reports: Path, count: int) -> list[Job]:
    """So many client-weeks."""
    every = [Job(str(home), slug, week, str(reports), only=(PAGE,)) for week in WEEKS for slug in CLIENTS]
    return every[:count]


def local(home: Path, count: int, at_once: int) -> float:
    """Seconds our runner takes on this machine."""
    with tempfile.TemporaryDirectory() as reports:
        began = time.perf_counter()
        done = run_jobs(jobs(home, Path(reports), count), at_once=at_once)
        seconds = time.perf_counter() - began
    assert {one.state for one in done} == {"published"}, done
    return seconds


def stock(home: Path, count: int) -> float:
    """Seconds the stock command lines take, two at a time."""
    tool, source = Path(sys.executable).parent, ROOT / "notebooks" / f"{PAGE}.ipynb"
    with tempfile.TemporaryDirectory() as room:
        lines = []
        for number, job in enumerate(jobs(home, Path(room), count)):
            made, keep = f"{room}/{number}.ipynb", f"{room}/keep-{number}"
            told = {"client": job.client, "week": job.week, "home": job.home, "keep": keep}
            flags = " ".join(f"-p {name} {shlex.quote(value)}" for name, value in told.items())
            lines.append(
                f"{tool}/papermill {source} {made} -k python3 --no-progress-bar {flags} && "
                f"{tool}/jupyter nbconvert --to html --no-input {made}"
            )
        began = time.perf_counter()
        subprocess.run(
            ["xargs", "-P2", "-d", "\\n", "-I{}", "sh", "-c", "{}"],
            input="\n".join(lines).encode(),
            check=True,
            cwd=ROOT,
            env=environment(),
            capture_output=True,
        )
        return time.perf_counter() - began


def one_process(home: Path, count: int) -> float:
    """Seconds papermill's and nbconvert's own functions take in one process, one after the other."""
    import nbconvert
    import papermill

    source = str(ROOT / "notebooks" / f"{PAGE}.ipynb")
    os.environ |= environment()
    with tempfile.TemporaryDirectory() as room:
        began = time.perf_counter()
        for number, job in enumerate(jobs(home, Path(room), count)):
            told = {"client": job.client, "week": job.week, "home": job.home, "keep": f"{room}/keep-{number}"}
            made = f"{room}/{number}.ipynb"
            papermill.execute_notebook(source, made, told, kernel_name="python3", progress_bar=False)
            nbconvert.HTMLExporter(exclude_input=True).from_filename(made)
        return time.perf_counter() - began


def ploomber(home: Path, count: int) -> float:
    """Seconds ploomber-engine, which runs the cells in this very process, and nbconvert take.

    It is no package of this house, and measured where it is installed: nothing here tells anybody of a run,
    and it tells its maker unless it is told not to.
    """
    os.environ |= environment() | {"PLOOMBER_STATS_ENABLED": "false"}
    import nbconvert
    from ploomber_engine import execute_notebook  # type: ignore[import-not-found]

    source = str(ROOT / "notebooks" / f"{PAGE}.ipynb")
    with tempfile.TemporaryDirectory() as room:
        began = time.perf_counter()
        for number, job in enumerate(jobs(home, Path(room), count)):
            told = {"client": job.client, "week": job.week, "home": job.home, "keep": f"{room}/keep-{number}"}
            made = f"{room}/{number}.ipynb"
            execute_notebook(source, made, parameters=told, progress_bar=False, verbose=False)
            nbconvert.HTMLExporter(exclude_input=True).from_filename(made)
        return time.perf_counter() - began


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """A dask scheduler and its workers on loopback, ended with the block."""
    with ExitStack() as ends, tempfile.TemporaryDirectory() as room:

        def start(module: str, *arguments: str) -> None:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--host", "127.0.0.1"],
                cwd=room,
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            ends.callback(process.wait)
            ends.callback(_end, process)

        start("dask_scheduler", "--port", "18786", "--no-dashboard")
        address = "tcp://127.0.0.1:18786"
        for _ in range(workers):
            start("dask_worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard")
        from distributed import Client

        with Client(address, timeout="30s", set_as_default=False) as known:
            known.wait_for_workers(workers, timeout=60)
        yield address


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def on_cluster(home: Path, count: int, workers: int) -> float:
    """Seconds a cluster takes, its workers being there already, each having made one page."""
    with cluster(workers) as address, tempfile.TemporaryDirectory() as reports:
        first = [Job(str(home), slug, WEEKS[0], f"{reports}/first", only=(PAGE,)) for slug in CLIENTS]
        run_on_cluster(first[:workers], address)
        began = time.perf_counter()
        done = run_on_cluster(jobs(home, Path(reports) / "all", count), address)
        seconds = time.perf_counter() - began
    assert {one.state for one in done} == {"published"}, done
    return seconds


def _pair(home: Path, count: int, *, first_local: bool) -> tuple[float, float]:
    """Seconds of our runner and of two workers, one after the other."""
    calls = {"ours": lambda: local(home, count, 2), "two workers": lambda: on_cluster(home, count, 2)}
    found = {}
    for name in calls if first_local else reversed(calls):
        found[name] = calls[name]()
        _say(name, found[name])
    return found["ours"], found["two workers"]


def _say(name: str, seconds: float) -> None:
    sys.stdout.write(f"{name}: {seconds:.1f} s\n")
    sys.stdout.flush()


def _faster(what: str, ours: float, other: float, at_least: float) -> Row:
    ratio = other / ours
    return Row(
        what, f"{ours:.1f} s", f"{other:.1f} s", f"{ratio:.2f} x", f"{at_least:g} x", ratio >= at_least
    )


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="ingested demo clients, instead of writing them")
    parser.add_argument("--count", type=int, default=30, help="client-weeks")
    parser.add_argument("--pairs", type=int, default=3, help="times our runner and a cluster take turns")
    given = parser.parse_args(arguments)
    count = given.count
    few = max(count // 5, 2)
    with demo_home(given.home) as home:
        home = home.resolve()
        # what is compared to a few percent takes turns several times: one run differs from the next by more
        pairs = [_pair(home, count, first_local=bool(number % 2)) for number in range(given.pairs)]
        measured = {
            "ours": statistics.median(one for one, _ in pairs),
            "two workers": statistics.median(other for _, other in pairs),
        }
        plan: list[tuple[str, Callable[[], float]]] = [
            ("stock", lambda: stock(home, count)),
            ("one worker", lambda: on_cluster(home, count, 1)),
            ("ours alone", lambda: local(home, few, 1)),
            ("one process", lambda: one_process(home, few)),
        ]
        if find_spec("ploomber_engine") is not None:
            plan.append(("ploomber", lambda: ploomber(home, few)))
        for name, call in plan:
            measured[name] = call()
            _say(name, measured[name])
    overs = [other / one - 1 for one, other in pairs]
    over = statistics.median(overs)
    rows = [
        _faster(
            f"{count} client-weeks of the weekly review, two at a time, against `xargs -P2` of papermill and "
            "nbconvert",
            measured["ours"],
            measured["stock"],
            8,
        ),
        _faster(
            f"{few} client-weeks one after the other, against papermill and nbconvert called in one process",
            measured["ours alone"],
            measured["one process"],
            1,
        ),
        _faster(
            f"{count} client-weeks on two dask workers, against one",
            measured["two workers"],
            measured["one worker"],
            1.7,
        ),
        Row(
            f"{count} client-weeks on two dask workers, against the local runner",
            f"{measured['two workers']:.1f} s",
            f"{measured['ours']:.1f} s",
            f"{over:+.1%} ({min(overs):+.1%} to {max(overs):+.1%}, {len(overs)} pairs)",
            "at most +5 %",
            over <= 0.05,
        ),
    ]
    if "ploomber" in measured:
        what = f"{few} client-weeks one after the other, against ploomber-engine and nbconvert in one process"
        ratio = measured["ploomber"] / measured["ours alone"]
        times = f"{measured['ours alone']:.1f} s", f"{measured['ploomber']:.1f} s"
        rows.append(Row(what, *times, f"{ratio:.2f} x", "not asked", kept=True))
    show(rows)
    return rows


if __name__ == "__main__":
    main()

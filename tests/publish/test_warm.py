"""A warm kernel is a cold one that was there sooner: same pages, nothing left over, nothing left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec

from spm_lib.errors import PublishError
from spm_lib.publish import warm
from spm_lib.publish.archive import archived
from spm_lib.publish.execute import Limits, execute
from spm_lib.publish.exporter import export
from spm_lib.publish.kernel import ThisInterpreter
from tests.publish.small import notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

ROOT = Path(__file__).resolve().parents[2]


def run(parameters, *cells, limits=None):
    return execute(notebook(*cells), parameters, name="page.ipynb", limits=limits)


def said(executed):
    """What the last cell printed."""
    return executed.cells[-1].outputs[0].text.rstrip("\n")


def how(executed):
    return executed.metadata["spm_kernel"]


def is_running(pid):
    """Whether a process lives; one that ended and waits to be asked about does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


def gone(*pids, within=5.0):
    """The processes that still run after some seconds."""
    until = time.monotonic() + within
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < until:
        time.sleep(0.02)
    return left == []


def children(pid):
    """Every child of a process, ended ones too."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def no_children(pid, within=5.0):
    """Whether a process has no child after some seconds."""
    until = time.monotonic() + within
    while children(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return children(pid) == []


def nursery():
    return warm.NURSERIES.now


FULL = [
    "import os, sys, json, warnings\nfrom spm_lib import plots, tables\n"
    "from spm_lib.fragment import Fragment, tag",
    "import pandas as pd\npd.DataFrame({'a': [1.5, None], 'b': ['x', 'ü']})",
    "from spm_lib.plots import canvas\nax = canvas.axes(80, left=9)\ncanvas.line(ax, [0, 1], [2, 3], 'blue')"
    "\ncanvas.say(ax, 'so & so', (0, 2))\nplots.figure(ax, 'one', 'A line rises.')",
    "import matplotlib.pyplot as plt\nprint(plt.get_backend())\nplt.plot([1, 2])[0].get_xydata()",
    "print({'b', 'a', 'c', 'd'}, hash('hash'))\nprint('err', file=sys.stderr)",
    "Fragment(tag('header', tag('h1', 'Page'), class_='top'), '', 'header', 'Page')",
    "1 + 1",
]


def test_warm_and_cold_kernels_make_the_same_bytes(parameters, monkeypatch):
    forked = run(parameters, *FULL)
    monkeypatch.setenv(warm.COLD, "1")
    started = run(parameters, *FULL)
    assert (how(forked), how(started)) == ("warm", "cold")
    pages = [export(one, name="page.ipynb", foot=("now",)) for one in (forked, started)]
    assert "<svg" in pages[0]
    assert pages[0] == pages[1]
    assert archived(forked, parameters) == archived(started, parameters)


ABOUT = """\
import json, os, signal, sys, threading
mine = {"IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JPY_PARENT_PID", "SPM_COLD_KERNELS", "PWD", "LINES", "COLUMNS"}
print(json.dumps({
    "env": {key: value for key, value in os.environ.items() if key not in mine},
    "path": sys.path, "argv": sys.argv[1:2], "main": __name__, "flags": repr(sys.flags),
    "cwd": os.path.basename(os.getcwd()), "empty": os.listdir("."), "umask": os.umask(0o22),
    "sigint": str(signal.getsignal(signal.SIGINT)), "sigterm": str(signal.getsignal(signal.SIGTERM)),
    "sigchld": str(signal.getsignal(signal.SIGCHLD)), "leader": os.getpid() == os.getpgid(0) == os.getsid(0),
    "threads": sorted({type(one).__name__ for one in threading.enumerate()} - {"ParentPollerUnix"}),
    "profile": get_ipython().profile_dir.location.startswith(os.environ["IPYTHONDIR"]),
    "history": str(get_ipython().history_manager.hist_file),
}))"""


def test_a_notebook_finds_in_a_warm_kernel_what_it_finds_in_a_cold_one(parameters, monkeypatch):
    forked = json.loads(said(run(parameters, ABOUT)))
    monkeypatch.setenv(warm.COLD, "1")
    started = json.loads(said(run(parameters, ABOUT)))
    assert forked == started
    assert forked["env"]["TZ"] == "UTC"
    assert forked["env"]["PYTHONHASHSEED"] == "0"
    assert forked["env"]["OPENBLAS_NUM_THREADS"] == "1"


def test_the_process_kernels_are_forked_from_was_started_with_their_environment(parameters):
    run(parameters, "1")
    began = Path(f"/proc/{nursery().pid}/environ").read_bytes().decode().split("\0")
    assert {"PYTHONHASHSEED=0", "TZ=UTC", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"} <= set(began)


def test_nothing_one_notebook_leaves_is_found_by_the_next(parameters):
    leave = (
        "import os, sys, builtins, pandas as pd, spm_lib.style, numpy as np\n"
        "pd.left = builtins.left = spm_lib.style.left = os.environ['LEFT'] = left = 'here'\n"
        "pd.set_option('display.max_rows', 7); open('left', 'w').close()\n"
        "print(os.getpid(), np.random.rand())"
    )
    look = (
        "import os, sys, builtins, pandas as pd, spm_lib.style, numpy as np\n"
        "found = [hasattr(one, 'left') for one in (pd, builtins, spm_lib.style)]\n"
        "print(found, 'LEFT' in os.environ, 'left' in globals(), pd.get_option('display.max_rows'),"
        " os.listdir('.')); print(os.getpid(), np.random.rand())"
    )
    first, second = run(parameters, leave), run(parameters, look)
    seen, drawn = said(second).splitlines()
    assert seen == "[False, False, False] False False 60 []"
    assert (how(first), how(second)) == ("warm", "warm")
    assert set(said(first).split()).isdisjoint(drawn.split())


def test_a_kernel_is_gone_when_its_notebook_is_done_and_leaves_nothing(parameters, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = len(list(Path("/proc/self/fd").iterdir()))
    pids = [int(said(run(parameters, "import os; print(os.getpid())"))) for _ in range(3)]
    assert len(set(pids)) == 3
    assert gone(*pids)
    assert [pid for pid in children(os.getpid()) if not is_running(pid)] == []
    assert no_children(nursery().pid)
    assert list(tmp_path.iterdir()) == []
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


def test_two_notebooks_run_at_once_in_one_process(parameters):
    cell = "import os, time; time.sleep(0.5); print(os.getpid(), client, os.getppid())"
    shown = {}

    def one(slug):
        shown[slug] = said(run(parameters.model_copy(update={"client": slug}), cell)).split()

    threads = [threading.Thread(target=one, args=(f"client-{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for _, name, _ in shown.values()) == ["client-0", "client-1", "client-2"]
    assert len({pid for pid, _, _ in shown.values()}) == 3
    assert {int(parent) for _, _, parent in shown.values()} == {nursery().pid}


def test_a_thread_that_ends_does_not_take_the_kernels_of_others_with_it(parameters):
    warm.NURSERIES.close()
    thread = threading.Thread(target=run, args=(parameters, "1"))
    thread.start()
    thread.join()
    began = nursery()
    assert how(run(parameters, "1")) == "warm"
    assert nursery() is began


def test_a_kernel_that_hangs_is_ended_with_what_it_started(parameters, tmp_path):
    told = tmp_path / "pids"
    cell = (
        "import os, signal, subprocess, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "other = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(told)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')\n"
        "time.sleep(60)"
    )
    with pytest.raises(PublishError, match=r"the notebook took longer than 1\.5 s"):
        run(parameters, cell, limits=Limits(cell=60, whole=1.5))
    assert gone(*map(int, told.read_text().split()))


def test_the_end_of_what_kernels_are_forked_from_is_told_as_the_end_of_the_kernel(parameters):
    run(parameters, "1")
    cell = "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(30)"
    with pytest.raises(PublishError, match="the kernel was ended from outside"):
        run(parameters, cell)
    again = run(parameters, "1")
    assert how(again) == "warm"


def test_a_kernel_that_cannot_be_forked_is_started(parameters, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no more processes")

    warm.NURSERIES.close()
    monkeypatch.setattr(warm, "Nursery", refuse)
    assert how(run(parameters, "1")) == "cold"


def test_a_nursery_that_stops_at_once_is_no_hindrance(parameters, monkeypatch):
    warm.NURSERIES.close()
    monkeypatch.setattr(warm, "_SERVE", "raise SystemExit({fd} * {pid})")
    assert how(run(parameters, "1")) == "cold"
    warm.NURSERIES.close()


def test_a_kernel_that_does_not_listen_in_time_is_ended(parameters, tmp_path):
    run(parameters, "1")
    cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", str(tmp_path / "kernel.json")]
    for folder, patience in ((tmp_path / "missing", 30.0), (tmp_path, 0.0)):
        with pytest.raises(warm.NoKernelError):
            warm.NURSERIES.fork(cmd, str(folder), warm.environment(), patience)
    assert no_children(nursery().pid)


def test_code_that_changed_is_loaded_anew(parameters, monkeypatch):
    first = int(said(run(parameters, "import os; print(os.getppid())")))
    monkeypatch.setattr(warm, "code_now", lambda: (("changed", 1, 1),))
    second = int(said(run(parameters, "import os; print(os.getppid())")))
    assert first != second
    assert gone(first)


def test_another_environment_has_another_nursery(parameters, monkeypatch, tmp_path):
    first = int(said(run(parameters, "import os; print(os.getppid())")))
    monkeypatch.setenv("ANYTHING", "else")
    assert said(run(parameters, "import os; print(os.getppid(), os.environ['ANYTHING'])")) == f"{first} else"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "given_module.py").write_text("told = 'found'")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "more"))
    assert said(run(parameters, "import given_module; print(given_module.told)")) == "found"
    assert gone(first)


def test_a_source_that_changes_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "_PACKAGE", tmp_path)
    before = warm.code_now()
    (tmp_path / "new.py").write_text("x = 1")
    after = warm.code_now()
    assert before != after
    (tmp_path / "new.py").write_text("x = 12")
    assert warm.code_now() != after


SCRIPT = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have switched it off
from spm_lib.publish.execute import execute
from spm_lib.publish.parameters import OfClient
from tests.publish.small import notebook
def run(cell):
    parameters = OfClient(client="acme", week="2026-W46", home="", keep="")
    return execute(notebook(cell), parameters, name="page.ipynb")
"""


def script(text, **given):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", SCRIPT + text], env=env, cwd=ROOT, text=True, **given)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_a_process_that_is_ended(tmp_path, number):
    told = tmp_path / "pids"
    cell = (
        "import os, subprocess, time; other = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(told)!r}, 'w').write(f'{{os.getppid()}} {{os.getpid()}} {{other.pid}} ')\ntime.sleep(60)"
    )
    room = tmp_path / "room"
    room.mkdir()
    text = f"import tempfile; tempfile.tempdir = {str(room)!r}; run({cell!r})"
    with script(text, stderr=subprocess.DEVNULL) as parent:
        deadline = time.monotonic() + 30
        while not (told.exists() and told.read_text().endswith(" ")) and time.monotonic() < deadline:
            time.sleep(0.05)
        pids = [int(pid) for pid in told.read_text().split()]
        assert all(map(is_running, pids))
        parent.send_signal(number)
        parent.wait(20)
    assert gone(*pids)
    assert list(room.iterdir()) == []


def test_nothing_outlives_a_process_that_is_done():
    cell = "import os; print(os.getppid(), os.getpid())"
    with script(f"print(run({cell!r}).cells[-1].outputs[0].text)", stdout=subprocess.PIPE) as parent:
        pids = [int(pid) for pid in parent.communicate(timeout=60)[0].split()]
    assert parent.returncode == 0
    assert len(pids) == 2
    assert gone(*pids, within=0.0)


def test_a_forked_copy_of_the_process_has_a_nursery_of_its_own():
    text = """\
ask = "import os; print(os.getppid())"
def nursery(): return run(ask).cells[-1].outputs[0].text.strip()
print(nursery(), flush=True)
if (pid := os.fork()) == 0:
    print(nursery(), flush=True)
    sys.exit()
assert os.waitpid(pid, 0)[1] == 0
print(nursery(), flush=True)
"""
    with script(text, stdout=subprocess.PIPE) as parent:
        first, copy, again = parent.communicate(timeout=60)[0].split()
    assert parent.returncode == 0
    assert first == again != copy
    assert gone(int(first), int(copy), within=1.0)


def test_the_memory_of_the_parent_settles(parameters):
    # a handful; benchmarks/parent_memory.py runs hundreds of whole reviews
    run(parameters, *FULL)
    held = []
    for _ in range(12):
        run(parameters, *FULL)
        held.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6)
    assert held[-1] - held[5] < 3.0


def test_what_kernels_are_forked_from_runs_no_thread_that_could_hold_a_lock(parameters):
    run(parameters, "1")
    names = {(task / "comm").read_text().strip() for task in Path(f"/proc/{nursery().pid}/task").iterdir()}
    # jemalloc looks after its own thread when its process is forked
    assert len(names - {"jemalloc_bg_thd"}) == 1


def test_a_kernel_that_is_slow_to_start_is_waited_for(parameters, monkeypatch):
    slow = "import runpy, time; time.sleep(4); runpy.run_module('ipykernel_launcher', run_name='__main__')"
    spec = KernelSpec(argv=[sys.executable, "-c", slow, "-f", "{connection_file}"], language="python")
    monkeypatch.setenv(warm.COLD, "1")
    monkeypatch.setattr(ThisInterpreter, "get_kernel_spec", lambda *_: spec)
    assert said(run(parameters, "print('late')", limits=Limits(start=15))) == "late"

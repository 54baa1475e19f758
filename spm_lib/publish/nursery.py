"""The process warm kernels are forked from: it has imported what notebooks import, and has touched no data.

It runs in a process of its own, started by `warm`, with the environment of a kernel. Each kernel it forks
serves one notebook and is gone. It ends, and every kernel with it, when the process that started it does.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

#: What a notebook of this house loads, the lazily loaded parts of others among it.
_FIRST = ("ipykernel.kernelapp", "ipykernel.ipkernel", "pandas", "pyarrow.parquet", "matplotlib.figure")
_THEN = ("matplotlib.backends.backend_svg", "seaborn", "holidays.countries", "duckdb")
#: What a kernel loads when it starts.
_AT_START = (
    *("ipykernel.debugger", "IPython.core.completerlib", "IPython.extensions.storemagic"),
    *("tornado.platform.asyncio", "sqlite3", "faulthandler", "pdb"),
)
#: What a metric loads with its first number.
_OF_NUMBERS = ("scipy.special", "scipy.linalg")
#: What pandas and pyarrow load when a table is first read, written or handed out.
_AT_FIRST_USE = ("pyarrow.dataset", "pyarrow.pandas_compat", "pandas.core.methods.to_dict", "tzdata")
_OURS = ("spm_lib.review", "spm_lib.tables", "spm_lib.plots", "spm_lib.metrics", "spm_lib.sheets")
#: How often it looks whether its parent is still there, in seconds; the closed socket tells it sooner.
_LOOK = 1.0
#: Largest order, in bytes: an environment and a command.
_ORDER = 1 << 20
_PR_SET_PDEATHSIG = 1


def serve(control: int, parent: int) -> None:
    """Fork a kernel for every order that comes through a socket, until it is closed.

    Parameters
    ----------
    control : int
        Descriptor of the socket; an order is JSON (cmd, cwd, env) with one descriptor, a socket on which
        the kernel says that it listens and this process how it ended. A kernel whose socket is closed at
        the other end is killed: nobody is left who would end it.
    parent : int
        Process that holds the other end.
    """
    Nursery(socket.socket(fileno=control), parent).run(preload)


def be_copy(control: socket.socket, parent: int, prepare: Callable[[], None]) -> NoReturn:
    """Be the nursery of the process this one was forked from, and never come back.

    Parameters
    ----------
    control : socket.socket
        As for `serve`.
    parent : int
        The process this one is a copy of.
    prepare : callable
        What every kernel is to find done.
    """
    code = 1
    try:
        _die_with(parent)
        with Path(os.devnull).open("r+b") as nowhere:
            for number in range(3):
                os.dup2(nowhere.fileno(), number)
        Nursery(control, parent).run(prepare)
        code = 0
    finally:
        os._exit(code)


class Nursery:
    """The forking loop.

    Parameters
    ----------
    control : socket.socket
    parent : int
    """

    def __init__(self, control: socket.socket, parent: int) -> None:
        self._control = control
        self._parent = parent
        self._kernels: dict[int, socket.socket] = {}
        self._rooms: dict[int, str] = {}
        self._left_alone: set[int] = set()
        self._woken, self._wakes = socket.socketpair()

    def run(self, prepare: Callable[[], None]) -> None:
        """Prepare, then fork on demand."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        prepare()
        # what is loaded is never collected again: no page of it is copied because a kernel tidied up
        gc.collect()
        gc.freeze()
        for end in (self._woken, self._wakes):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, _noticed)
        signal.set_wakeup_fd(self._wakes.fileno())
        try:
            while self._is_wanted():
                self._reap()
        finally:
            self._end_kernels()

    def _is_wanted(self) -> bool:
        """Wait for an order or the end of a kernel; False when nobody is left to work for."""
        ready, _, _ = select.select([self._control, self._woken, *self._kernels.values()], [], [], _LOOK)
        if self._woken in ready:
            with suppress(BlockingIOError):
                self._woken.recv(1024)
        if self._control in ready:
            order, descriptors, _, _ = socket.recv_fds(self._control, _ORDER, 1)
            if not order:
                return False
            self._fork(json.loads(order), socket.socket(fileno=descriptors[0]))
        for pid, status in self._kernels.items():
            if status in ready:
                self._left_alone.add(pid)
                _kill(pid)
        return os.getppid() == self._parent

    def _fork(self, order: dict[str, Any], status: socket.socket) -> None:
        here = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_kernel(order, status, here)
        _tell(status, {"pid": pid})
        self._kernels[pid] = status
        self._rooms[pid] = order["env"].get("JUPYTER_RUNTIME_DIR", "")

    def _become_kernel(self, order: dict[str, Any], status: socket.socket, nursery: int) -> NoReturn:
        """In the child: be a kernel, and never come back."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            _die_with(nursery)
            for kept in (self._control, self._woken, self._wakes, *self._kernels.values()):
                kept.close()
            be_kernel(order, status)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        finally:
            os._exit(code)

    def _reap(self) -> None:
        """Tell whoever waits for a kernel that it ended, and how."""
        for pid, status in list(self._kernels.items()):
            ended, code = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._kernels[pid]
                self._forget(pid, is_left=pid in self._left_alone)
                _tell(status, {"ended": os.waitstatus_to_exitcode(code)})
                status.close()

    def _end_kernels(self) -> None:
        for pid in self._kernels:
            _kill(pid)
            os.waitpid(pid, 0)
            self._forget(pid, is_left=True)

    def _forget(self, pid: int, *, is_left: bool) -> None:
        """Forget a kernel that ended; whoever made its folder may have had no time to take it away."""
        room = self._rooms.pop(pid)
        self._left_alone.discard(pid)
        if is_left and room:
            shutil.rmtree(room, ignore_errors=True)


def _kill(pid: int) -> None:
    """End a kernel and what it started; itself alone as long as it has not left this session."""
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


def preload() -> None:
    """Import what notebooks import."""
    # 140 modules that every kernel would load, for a debugger nobody can attach
    sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]
    for name in (*_FIRST, *_AT_START, *_THEN, *_OF_NUMBERS, *_AT_FIRST_USE, *_OURS):
        # what is not installed is missed by the notebook that asks for it, and by no other
        with suppress(ImportError):
            _preload_rooms(importlib.import_module(name))


def _preload_rooms(module: ModuleType) -> None:
    """The modules of one of our packages: those a page's own sheet lies in are loaded by name, later."""
    if not module.__name__.startswith("spm_lib.") or not hasattr(module, "__path__"):
        return
    for found in pkgutil.iter_modules(module.__path__, f"{module.__name__}."):
        importlib.import_module(found.name)


def be_kernel(order: dict[str, Any], status: socket.socket) -> None:
    """Serve one notebook as the kernel of an order, in this process."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    _reseed()
    from ipykernel.kernelapp import IPKernelApp

    # the command of a stock kernel: interpreter, -m, ipykernel_launcher, and what is for the kernel
    sys.argv = list(order["cmd"][2:])
    app: Any = IPKernelApp.instance()
    app.initialize(order["cmd"][3:])
    _tell(status, {"listens": 1, "pid": os.getpid()})  # its nursery may come to tell the number later
    status.close()
    app.start()


def _reseed() -> None:
    """Chance of its own for every kernel; Python's own generators see to it themselves."""
    import numpy as np

    np.random.seed()  # the generator a notebook may draw from without naming it


def _die_with(nursery: int) -> None:
    """Be killed when the process that forked this one ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        os._exit(1)


def _tell(status: socket.socket, what: dict[str, int]) -> None:
    with suppress(OSError):
        status.send(json.dumps(what).encode())


def _noticed(*_: object) -> None:
    """A kernel ended; the loop is woken."""

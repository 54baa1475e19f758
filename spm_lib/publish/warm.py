"""Warm kernels: forked from a process that has imported everything, instead of started from nothing.

Usually that process is one of its own. A process that is a fork of such a one itself may have its kernels
forked from a copy of it (`kernels_from_here`), so that they find what it has read already.

Where a process cannot be forked safely (anything but Linux), where `SPM_COLD_KERNELS` is set, or where the
forking process does not answer, kernels are started as ever: the pages are the same, and later.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import site
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: Set it to anything to have every kernel started from nothing.
COLD = "SPM_COLD_KERNELS"
#: How long a kernel may take from the order until it listens, in seconds.
PATIENCE = 60.0
#: How much longer, where what it is to find done has to be done first: as long as a cell may take.
PREPARING = 300.0
#: How long a nursery may take to end when it is told to, in seconds.
_ENDING = 5.0

#: Files with the moment of their last change and their size.
Code = tuple[tuple[str, int, int], ...]

_PACKAGE = Path(__file__).resolve().parents[1]
_SERVE = "import sys; del sys.path[0]; from spm_lib.publish.nursery import serve; serve({fd}, {pid})"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: What a process reads once, when it starts: a kernel that needs it otherwise needs another nursery.
_AT_START = ("PYTHON", "LD_", "LC_", "MPL", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "MALLOC_", "ARROW_")
_AT_START_TOO = frozenset({"LANG", "LANGUAGE", "TZ", "TZDIR", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"})


def is_possible() -> bool:
    """Whether kernels can be forked here, and nobody said they should not be."""
    return sys.platform == "linux" and not os.environ.get(COLD)


def environment() -> dict[str, str]:
    """The environment of a kernel but for its own folders: the caller's, made the same for every run."""
    ours = str(_PACKAGE.parent)
    # a kernel's environment has the same environment for its kernels
    others = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one not in ("", ours)]
    fixed = {
        "PYTHONPATH": os.pathsep.join([ours, *others]),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # a started kernel's debugger, which a forked one does without, would set it
        "PYDEVD_USE_FRAME_EVAL": "NO",
        "MPLBACKEND": "agg",
        **dict.fromkeys(_THREADS, "1"),
    }
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PYTHONWARNINGS", "MATPLOTLIBRC")
    return {key: value for key, value in os.environ.items() if key not in dropped} | fixed


def warm_up() -> None:
    """Begin to load what warm kernels need, in another process; returns at once, and never fails."""
    if is_possible():
        # where no process can be started, the run itself tells so
        with suppress(OSError):
            NURSERIES.start(environment())


class NoKernelError(RuntimeError):
    """No kernel could be forked; one can still be started."""


class NurseryGoneError(NoKernelError):
    """The process that was to fork it ended first."""


class Forked:
    """A forked kernel, seen from the process that ordered it: what `subprocess.Popen` is for a started one.

    Parameters
    ----------
    status : socket.socket
        On which the kernel says that it listens, and its nursery how it ended.

    Attributes
    ----------
    pid : int
    returncode : int or None
        As of `subprocess.Popen`; None while it runs.
    """

    stdin = stdout = stderr = None

    def __init__(self, status: socket.socket, patience: float) -> None:
        self._status = status
        self._lock = threading.Lock()
        self.pid = 0
        self.returncode: int | None = None
        self._is_left = False
        until = time.monotonic() + patience
        while not self._hear(max(0.0, until - time.monotonic())).get("listens"):
            if self.returncode is not None or time.monotonic() > until:
                # which ends the kernel, if it is on its way
                self._status.close()
                raise NurseryGoneError if self._is_left else NoKernelError

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        with self._lock:
            if self.returncode is None:
                self._hear(0.0)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ended.

        Raises
        ------
        subprocess.TimeoutExpired
        """
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
            time.sleep(0.005)
        return code

    def send_signal(self, number: int) -> None:
        """Signal it; nothing happens when it ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it for good."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _hear(self, patience: float) -> dict[str, int]:
        """Take up what was said on the socket; a closed one means that the nursery is gone."""
        self._status.settimeout(patience)
        try:
            said = self._status.recv(1024)
        except (TimeoutError, BlockingIOError):
            return {}
        except OSError:
            said = b""
        self._is_left = not said
        told: dict[str, int] = json.loads(said) if said else {"ended": -signal.SIGKILL}
        self.pid = told.get("pid", self.pid)
        if (ended := told.get("ended")) is not None:
            self.returncode = ended
            self._status.close()
        return told


class Nursery:
    """A process that forks kernels, seen from the one that started it.

    Parameters
    ----------
    env : dict of str
        Environment of a kernel; its own folders, if given, are set anew for each.
    """

    def __init__(self, env: dict[str, str]) -> None:
        self.env = _at_start(env)
        self.code = code_now()
        self.owner = os.getpid()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 this interpreter, our own code
                [sys.executable, "-c", _SERVE.format(fd=theirs.fileno(), pid=self.owner)],
                pass_fds=[theirs.fileno()],
                env=env,
                cwd="/",
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def serves(self, env: dict[str, str]) -> bool:
        """Whether it runs, has this environment, and holds the code as it is on disk now."""
        return self.owner == os.getpid() and self._process.poll() is None and self._fits(env)

    def _fits(self, env: dict[str, str]) -> bool:
        return self.env == _at_start(env) and self.code == code_now()

    def fork(self, cmd: list[str], cwd: str, env: dict[str, str], patience: float) -> Forked:
        """A kernel that listens.

        Raises
        ------
        NoKernelError
            It did not come to that in time.
        """
        order = json.dumps({"cmd": cmd, "cwd": cwd, "env": env}).encode()
        status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._control, [order], [theirs.fileno()])
            except OSError as problem:
                status.close()
                raise NoKernelError from problem
        return Forked(status, patience)

    def close(self) -> None:
        """End the process and every kernel it forked."""
        self._control.close()
        if self.owner != os.getpid():
            self._process.returncode = 0  # not ours to wait for
            return
        try:
            self._process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Copy(Nursery):
    """A nursery that is a copy of this process, made now.

    Parameters
    ----------
    env : dict of str
        Environment of a kernel, in which this process was started.
    code : tuple
        The library as it was when this process loaded it.
    prepare : callable
        Called in the copy before it forks the first kernel.

    Raises
    ------
    OSError
        This process cannot be forked, as when it has grown too large.
    """

    def __init__(self, env: dict[str, str], code: Code, prepare: Callable[[], None]) -> None:
        self.env, self.code, self.owner = _at_start(env), code, os.getpid()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._pid = os.fork()
        except OSError:
            ours.close()
            theirs.close()
            raise
        if self._pid == 0:
            from spm_lib.publish.nursery import be_copy

            ours.close()
            be_copy(theirs, self.owner, prepare)
        theirs.close()
        self._control = ours
        self._ended = False

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._pid

    def serves(self, env: dict[str, str]) -> bool:
        """Whether it runs, has this environment, and holds the code as it is on disk now."""
        return self.owner == os.getpid() and not self._has_ended() and self._fits(env)

    def fork(self, cmd: list[str], cwd: str, env: dict[str, str], patience: float) -> Forked:
        """A kernel that listens, once what was to be prepared is.

        Raises
        ------
        NoKernelError
            It did not come to that in time.
        """
        return super().fork(cmd, cwd, env, patience + PREPARING)

    def close(self) -> None:
        """End the process and every kernel it forked."""
        self._control.close()
        if self.owner != os.getpid():
            return
        until = time.monotonic() + _ENDING
        while not self._has_ended():
            if time.monotonic() > until:
                # it prepares what nobody will ask for; its kernels end with it
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                self._ended = True
                return
            time.sleep(0.005)

    def _has_ended(self) -> bool:
        if not self._ended:
            self._ended = os.waitpid(self._pid, os.WNOHANG)[0] != 0
        return self._ended


class Nurseries:
    """The nursery of this process: one at a time, started when it is needed, ended with the process.

    One that no longer fits, because the code or the environment changed, is ended when its last kernel is.

    Attributes
    ----------
    now : Nursery or None
        The one that forks the next kernel.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now: Nursery | None = None
        #: Nursery -> its kernels; None stands for one that was ordered and is not there yet.
        self._kernels: dict[Nursery, list[Forked | None]] = {}

    def start(self, env: dict[str, str]) -> None:
        """Have the nursery for an environment load what it needs while this process goes on.

        Raises
        ------
        OSError
            No process could be started.
        """
        with self._lock:
            self._fitting(env)

    def take(self, nursery: Nursery) -> None:
        """Have the next kernels of this nursery."""
        with self._lock:
            self.now = nursery
            self._kernels[nursery] = []
            self._tidy()

    def drop(self, nursery: Nursery) -> None:
        """End a nursery, and with it its kernels."""
        with self._lock:
            self._kernels.pop(nursery, None)
            self.now = None if self.now is nursery else self.now
        nursery.close()

    def fork(self, cmd: list[str], cwd: str, env: dict[str, str], patience: float = PATIENCE) -> Forked:
        """A kernel that listens, of the nursery for its environment.

        Raises
        ------
        NoKernelError
            None could be forked.
        """
        nursery, kernels = self._order(env)
        try:
            return self._kernel(nursery, kernels, cmd, cwd, env, patience)
        except NurseryGoneError:
            # as a copy is that could not be prepared
            self.drop(nursery)
        return self._kernel(*self._order(env), cmd, cwd, env, patience)

    def _order(self, env: dict[str, str]) -> tuple[Nursery, list[Forked | None]]:
        """The nursery for an environment and its kernels, kept from ending until it has one more of them."""
        with self._lock:
            try:
                nursery = self._fitting(env)
            except OSError as problem:
                raise NoKernelError from problem
            kernels = self._kernels[nursery]
            kernels.append(None)
            return nursery, kernels

    def _kernel(
        self,
        nursery: Nursery,
        kernels: list[Forked | None],
        cmd: list[str],
        cwd: str,
        env: dict[str, str],
        patience: float,
    ) -> Forked:
        """The kernel that was ordered of a nursery."""
        kernel = None
        try:
            kernel = nursery.fork(cmd, cwd, env, patience)
        finally:
            with self._lock:
                kernels.remove(None)
                kernels += [kernel] if kernel is not None else []
        return kernel

    def _fitting(self, env: dict[str, str]) -> Nursery:
        if self.now is None or not self.now.serves(env):
            self.now = Nursery(env)
            self._kernels[self.now] = []
        self._tidy()
        return self.now

    def _tidy(self) -> None:
        """Forget kernels that ended, end nurseries nobody needs."""
        for nursery, kernels in list(self._kernels.items()):
            kernels[:] = [kernel for kernel in kernels if kernel is None or kernel.poll() is None]
            if not kernels and nursery is not self.now:
                del self._kernels[nursery]
                nursery.close()

    def close(self) -> None:
        """End every nursery, and with it every kernel."""
        with self._lock:
            gone, self._kernels, self.now = list(self._kernels), {}, None
        for nursery in gone:
            nursery.close()

    def forget(self) -> None:
        """In a forked copy of this process: the nurseries belong to the other one."""
        self._lock = threading.Lock()
        self.close()


@contextmanager
def kernels_from_here(code: Code | None, prepare: Callable[[], None]) -> Iterator[None]:
    """Have kernels forked from a copy of this process; where that cannot be, they come as ever.

    Only for a process of one thread, or whose other threads hold nothing; in that copy, and in the kernels,
    they do not run.

    Parameters
    ----------
    code : tuple or None
        `code_now` when this process was loaded; None for a process whose kernels do not come from it.
    prepare : callable
        Called in the copy before the first kernel is forked.
    """
    copy = _copy_of_this(code, prepare)
    if copy is None:
        yield
        return
    NURSERIES.take(copy)
    try:
        yield
    finally:
        NURSERIES.drop(copy)


def _copy_of_this(code: Code | None, prepare: Callable[[], None]) -> Copy | None:
    """A copy of this process; None where a kernel could not be forked from it."""
    env = environment()
    # hash seed, time zone, threads: what a process reads when it starts must have been a kernel's
    fits = code is not None and is_possible() and _at_start(dict(os.environ)) == _at_start(env)
    if code is None or not fits or code != code_now():
        return None
    with suppress(OSError):
        return Copy(env, code, prepare)
    return None


NURSERIES = Nurseries()
atexit.register(NURSERIES.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=NURSERIES.forget)


def _at_start(env: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in env.items() if key.startswith(_AT_START) or key in _AT_START_TOO}


def code_now() -> Code:
    """Every source of this library, and the folders packages are installed in, as they are on disk."""
    sources = [path for path in _PACKAGE.rglob("*") if path.suffix in {".py", ".css", ".j2"}]
    found = []
    for path in [*sorted(sources), *map(Path, site.getsitepackages())]:
        with suppress(OSError):
            state = path.stat()
            found.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(found)

"""The kernel of one run: this interpreter, this package, private sockets, nothing of the user's own set-up.

A kernel specification called python3 may belong to another environment, and kernels on TCP share ports
and talk in the clear. Here a kernel is always `sys.executable`, on Unix sockets in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets.config import Config

#: Longest path of a Unix socket, with room for the suffixes of the five channels.
_SOCKET_LENGTH = 100

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class ThisInterpreter(KernelSpecManager):
    """Answers any name with the interpreter that runs this process."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The one specification there is."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name=kernel_name, language="python", resource_dir="")


class PrivateKernel(AsyncKernelManager):
    """Starts this interpreter, and can end it for good."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(kernel_spec_manager=ThisInterpreter(), **traits)

    def end(self) -> None:
        """Kill the kernel this manager started, and whatever it started in its session."""
        process = getattr(self.provisioner, "process", None)
        if process is None or process.poll() is not None:
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg") and os.getpgid(process.pid) == process.pid:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()


@contextmanager
def kernel_place() -> Iterator[tuple[Config, dict[str, Any]]]:
    """A private folder for one kernel: its sockets, its connection file, its working directory.

    Yields
    ------
    config : traitlets.config.Config
        For the kernel manager.
    start : dict
        Keyword arguments of its ``start_kernel``.
    """
    room = Path(tempfile.mkdtemp(prefix="spm-"))
    try:
        work = room / "work"
        work.mkdir()
        settings: dict[str, Any] = {"connection_file": str(room / "kernel.json")}
        if os.name == "posix" and len(str(room)) + len("/k-5") < _SOCKET_LENGTH:
            settings |= {"transport": "ipc", "ip": str(room / "k")}
        start = {"cwd": str(work), "env": _environment(room), "stdout": DEVNULL, "stderr": DEVNULL}
        yield Config({"PrivateKernel": settings}), start
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _environment(room: Path) -> dict[str, str]:
    """The environment of a kernel: the caller's, made the same for every run."""
    package = str(Path(__file__).resolve().parents[2])
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    fixed = {
        "PYTHONPATH": os.pathsep.join([package, *filter(None, others)]),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "IPYTHONDIR": str(room / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(room),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "agg",
        **dict.fromkeys(_THREADS, "1"),
    }
    dropped = ("PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PYTHONWARNINGS", "MATPLOTLIBRC")
    return {key: value for key, value in os.environ.items() if key not in dropped} | fixed

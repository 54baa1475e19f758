"""The kernel of one run: this interpreter, this package, private sockets, nothing of the user's own set-up.

A kernel specification called python3 may belong to another environment, and kernels on TCP share ports
and talk in the clear. Here a kernel is always `sys.executable`, on Unix sockets in a folder of its own,
forked from a warm process (`warm`) where that can be had.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty
from subprocess import DEVNULL
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets.config import Config

from spm_lib.publish import warm
from spm_lib.room import KERNELS, SOCKET, SOCKETS, a_room

#: How often a kernel that was told to end is looked at, in seconds.
_TICK = 0.005


class ThisInterpreter(KernelSpecManager):
    """Answers any name with the interpreter that runs this process."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The one specification there is."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name=kernel_name, language="python", resource_dir="")


class Provisioner(LocalProvisioner):
    """Forks a kernel where one can be had, and starts it as ever where not.

    Attributes
    ----------
    how : {"warm", "cold"}
        How the kernel came to be.
    """

    how = "cold"
    process: Any = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Have a kernel; jupyter_client's interface."""
        if not warm.is_possible():
            return await super().launch_kernel(cmd, **kwargs)
        try:
            kernel = warm.NURSERIES.fork(cmd, kwargs["cwd"], kwargs["env"])
        except warm.NoKernelError:
            return await super().launch_kernel(cmd, **kwargs)
        self.how, self.cwd = "warm", kwargs["cwd"]
        self.process, self.pid, self.pgid = kernel, kernel.pid, kernel.pid
        return self.connection_info


class Client(AsyncKernelClient):
    """Knows that a kernel is ready when it says so, where jupyter_client waits 0.2 s for silence."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers and what it broadcasts arrives; jupyter_client's interface."""
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        asked: set[str] = set()
        while True:
            # of a kernel that takes its time many things are asked; the answer to any of them will do
            asked.add(self.kernel_info())
            if await self._is_answered() and await self._is_heard(asked):
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _is_answered(self) -> bool:
        """Whether an answer came."""
        try:
            answer = await self.get_shell_msg(timeout=1)
        except Empty:
            return False
        if answer["msg_type"] != "kernel_info_reply":
            return False
        self._handle_kernel_info_reply(answer)
        return True

    async def _is_heard(self, asked: set[str]) -> bool:
        """Whether a broadcast of having answered arrived: it is lost when the subscription came later."""
        try:
            while True:
                said = await self.get_iopub_msg(timeout=0.2)
                idle = said["msg_type"] == "status" and said["content"]["execution_state"] == "idle"
                if idle and said["parent_header"].get("msg_id") in asked:
                    return True
        except Empty:
            return False


class PrivateKernel(AsyncKernelManager):
    """Has this interpreter, forked or started, and can end it for good."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(kernel_spec_manager=ThisInterpreter(), client_factory=Client, **traits)

    async def _async_pre_start_kernel(self, **kw: Any) -> tuple[list[str], dict[str, Any]]:
        if self.provisioner is None:
            self.provisioner = Provisioner(kernel_spec=self.kernel_spec, parent=self)
        return await super()._async_pre_start_kernel(**kw)

    pre_start_kernel = _async_pre_start_kernel

    async def _async_wait(self, pollinterval: float = _TICK) -> None:
        await super()._async_wait(pollinterval)

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
    with a_room(KERNELS) as room, _sockets(room) as sockets:
        work = room / "work"
        work.mkdir()
        own = {"IPYTHONDIR": str(room / "ipython"), "JUPYTER_RUNTIME_DIR": str(room)}
        settings: dict[str, Any] = {"connection_file": str(room / "kernel.json")}
        if sockets is not None:
            settings |= {"transport": "ipc", "ip": str(sockets / "k")}
        start = {"cwd": str(work), "env": warm.environment() | own, "stdout": DEVNULL, "stderr": DEVNULL}
        yield Config({"PrivateKernel": settings}), start


@contextmanager
def _sockets(room: Path) -> Iterator[Path | None]:
    """Where a kernel's sockets lie: in its folder, or in another one where that has too long a name."""
    if os.name != "posix":
        yield None
    elif len(os.fsencode(room / "k-5")) <= SOCKET:
        yield room
    else:
        with ExitStack() as held:
            place = None
            # without any short name a kernel speaks over TCP
            with suppress(OSError):
                place = held.enter_context(a_room(SOCKETS, sockets=True))
            yield place

"""papermill's engine for a published page: a private kernel, and a watch that can end it.

Imported only when a notebook is run; papermill and what it brings cost half a second.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# 35 parsers are built when this package is imported, for checks nobody here asks for
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import papermill  # noqa: E402
from jupyter_core.utils import ensure_event_loop  # noqa: E402
from papermill.clientwrap import PapermillNotebookClient  # noqa: E402
from papermill.engines import NBClientEngine, papermill_engines  # noqa: E402

from spm_lib.publish.kernel import PrivateKernel, kernel_place  # noqa: E402

NAME = "spm"
#: Metadata of an executed notebook: whether its kernel was "warm" or "cold". No page and no archive shows it.
KERNEL = "spm_kernel"

#: Keeps the machinery's chatter from the command line; failures come as exceptions.
_LOG = logging.getLogger("spm.publish.machinery")
_LOG.propagate = False
_LOG.addHandler(logging.NullHandler())


class Watch:
    """Kills a kernel when the whole notebook takes too long.

    Parameters
    ----------
    seconds : float

    Attributes
    ----------
    expired : bool
        The time ran out; whatever error followed is a consequence.
    """

    def __init__(self, seconds: float) -> None:
        self.expired = False
        self._seconds = seconds
        self._kernel: PrivateKernel | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True, name="spm watch")

    def over(self, kernel: PrivateKernel) -> None:
        """Watch this kernel."""
        self._kernel = kernel

    def _wait(self) -> None:
        if self._over.wait(self._seconds):
            return
        self.expired = True
        # again and again: the kernel may be just about to start
        while not self._over.wait(0.2):
            self._end()

    def _end(self) -> None:
        if self._kernel is not None:
            self._kernel.end()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._end()


class Engine(NBClientEngine):  # type: ignore[misc]
    """Runs a notebook in a `PrivateKernel` under a `Watch`."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, start_timeout: int, execution_timeout: int, **given: Any
    ) -> Any:
        """Run every cell; papermill's interface."""
        kernel = PrivateKernel(kernel_name=kernel_name, config=given["config"])
        given["watch"].over(kernel)
        client = PapermillNotebookClient(
            nb_man,
            km=kernel,
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            shutdown_kernel="immediate",
            record_timing=False,
            log=_LOG,
        )
        executed = client.execute(cleanup_kc=True, **given["kernel_start"])
        executed.metadata[KERNEL] = getattr(kernel.provisioner, "how", "cold")
        return executed


papermill_engines.register(NAME, Engine)


def run(notebook: Any, parameters: dict[str, str], *, cell: int, start: int, watch: Watch) -> Any:
    """Run a notebook by papermill and hand back the executed one.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    parameters : dict of str
    cell, start : int
        Limits of one cell and of the kernel's start, in seconds.
    watch : Watch

    Raises
    ------
    Exception
        Whatever papermill, nbclient or the kernel raised.
    """
    with kernel_place() as (config, kernel_start), _loop_of_one_run(), watch:
        return papermill.execute_notebook(
            notebook,
            None,
            parameters=parameters,
            engine_name=NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            start_timeout=start,
            execution_timeout=cell,
            config=config,
            kernel_start=kernel_start,
            watch=watch,
        )


@contextmanager
def _loop_of_one_run() -> Iterator[None]:
    """Close the event loop that jupyter leaves open in every thread it was ever called from."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        try:
            yield
        finally:
            ensure_event_loop().close()
            asyncio.set_event_loop(None)
    else:
        # called from within a loop, as in JupyterLab: it belongs to somebody else
        yield

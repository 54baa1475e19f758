"""Run one notebook from top to bottom, or say in plain words why it could not be.

Whether a run succeeded is told by exceptions alone: a notebook whose kernel was killed calls every one of
its cells completed.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import Any

from spm_lib import errors
from spm_lib.errors import PublishError, SpmError
from spm_lib.publish.parameters import Parameters, check_declared
from spm_lib.publish.warm import warm_up

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
#: Longest message of a foreign error a reader is shown.
_MESSAGE = 300
_HANGS = "run it in JupyterLab to see where it hangs"
_SEE = "run it in JupyterLab to see the whole error"
#: What a cell says of a fault that is none of the notebook's -> what to do about it.
_OF_THE_MACHINE = {
    os.strerror(errno.ENOSPC): "make room on the disk, then run the review again",
    os.strerror(errno.EROFS): "let this user write there, then run the review again",
    os.strerror(errno.EACCES): "let this user read and write there, then run the review again",
}


@dataclass(frozen=True)
class Limits:
    """How long a run may take, in seconds.

    Attributes
    ----------
    cell : int
        One cell.
    start : int
        The start of the kernel.
    whole : float
        The notebook; its kernel is killed after that.
    """

    cell: int = 300
    start: int = 60
    whole: float = 900.0


def execute(notebook: Any, parameters: Parameters, *, name: str, limits: Limits | None = None) -> Any:
    """Run a notebook in a kernel of its own.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Left as it is.
    parameters : Parameters
    name : str
        File name of the notebook, for messages.
    limits : Limits, optional

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook, every cell run; its metadata `spm_kernel` tells whether its kernel was "warm"
        (forked) or "cold" (started from nothing).

    Raises
    ------
    SpmError
        Of the kind a cell raised, with its message.
    PublishError
        Any other failure: wrong parameters, an error in a cell, a limit, a killed kernel.
    """
    declared = check_declared(notebook, name, type(parameters))
    # what kernels are forked from loads its part while the next line loads ours
    warm_up()
    from spm_lib.publish import engine

    limits = limits or Limits()
    watch = engine.Watch(limits.whole)
    try:
        executed = engine.run(
            notebook, parameters.model_dump(), cell=limits.cell, start=limits.start, watch=watch
        )
    except Exception as problem:
        if watch.expired:
            raise PublishError(
                f"the notebook took longer than {limits.whole:g} s and was ended", where=name, remedy=_HANGS
            ) from problem
        raise _plain(problem, name, limits, declared) from problem
    _check_whole(executed, name, declared)
    return executed


def _check_whole(executed: Any, name: str, declared: int) -> None:
    """Refuse a notebook that ended early without an error: a cell that calls `exit` passes for success."""
    for index, cell in enumerate(executed.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        wrong = [output for output in cell.outputs if output.output_type == "error"]
        if wrong or cell.execution_count is None:
            what = f"stopped with {wrong[0].ename}" if wrong else "was not run"
            raise PublishError(f"{_cell(index, declared)} {what}", where=name, remedy=_SEE)


def _cell(index: int, declared: int) -> str:
    """A cell as an author counts: from one, without the cell that was put in behind the parameters."""
    return f"cell {index + 1 - (index > declared)}"


def _plain(problem: Exception, name: str, limits: Limits, declared: int) -> SpmError:
    """A failure of the machinery as a refusal with a plain reason."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    match problem:
        case PapermillExecutionError():
            return _of_cell(problem, name, declared)
        case CellTimeoutError():
            return PublishError(
                f"a cell took longer than {limits.cell} s and was ended", where=name, remedy=_HANGS
            )
        case DeadKernelError():
            return PublishError(
                "the kernel was ended from outside, or ran out of memory",
                where=name,
                remedy="run it again; if it happens again, look at the memory of this machine",
            )
    return PublishError(
        "the kernel could not run the notebook", where=name, given=f"{type(problem).__name__}: {problem}"
    )


def _of_cell(problem: Any, name: str, declared: int) -> SpmError:
    """The error of a cell: ours as it was said, another with its kind and its first line."""
    message = _COLOURS.sub("", str(problem.evalue)).strip()
    kind = getattr(errors, str(problem.ename), None)
    if isinstance(kind, type) and issubclass(kind, SpmError):
        return kind(message)
    first = f": {message.splitlines()[0][:_MESSAGE]}" if message else ""
    remedy = next((told for fault, told in _OF_THE_MACHINE.items() if fault in first), _SEE)
    return PublishError(
        f"{_cell(problem.cell_index, declared)} stopped with {problem.ename}{first}",
        where=name,
        remedy=remedy,
    )

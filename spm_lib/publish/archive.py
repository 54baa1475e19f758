"""The executed notebook as it is kept for the analyst: results, and no trace of the machine it ran on."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat

from spm_lib.publish.machine import without_places
from spm_lib.publish.parameters import INJECTED, Parameters

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
#: Where an object lies in memory, as its representation ends: another place each run.
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")


def archived(notebook: Any, parameters: Parameters, places: Iterable[Path] = ()) -> str:
    """An executed notebook as JSON, the same bytes for the same results.

    papermill's records (paths, times, every parameter) and what was written to the error stream are
    dropped, and paths lose the folders of this machine. The injected cell keeps client, week and rep;
    whoever runs the notebook again sets the folders.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Left as it is.
    parameters : Parameters
        What it ran with.
    places : iterable of pathlib.Path
        Folders of this machine.
    """
    kept = copy.deepcopy(notebook)
    kept.metadata = _node({"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(kept.cells):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags", [])
        cell.metadata = _node({"tags": tags} if tags else {})
        if INJECTED in tags:
            cell.source = parameters.archived()
        if cell.cell_type == "code":
            cell.outputs = _outputs(cell.outputs)
    text = str(nbformat.writes(kept))  # type: ignore[no-untyped-call]
    return without_places(_ADDRESS.sub("", text), places) + "\n"


def _outputs(outputs: Iterable[Any]) -> list[Any]:
    """What a cell showed; text printed in several goes is one text, however it arrived."""
    kept: list[Any] = []
    for output in outputs:
        if output.get("name") == "stderr":
            continue
        if kept and output.output_type == kept[-1].output_type == "stream":
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _node(content: dict[str, Any]) -> Any:
    return nbformat.from_dict(content)  # type: ignore[no-untyped-call]

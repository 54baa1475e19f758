"""What a notebook is told: client, week, home, keep. Nothing else, and nothing but text.

papermill pastes the names of parameters into code as they are and ignores those a notebook does not
declare, so both are settled here, before it is called.
"""

from __future__ import annotations

import ast
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from spm_lib.client import check_slug
from spm_lib.errors import PublishError
from spm_lib.periods import week as week_period

#: Tags of the cell that declares the parameters, and of the one papermill puts behind it.
DECLARED, INJECTED = "parameters", "injected-parameters"


def _week(label: str) -> str:
    return week_period(label).label


class Parameters(BaseModel):
    """The parameters of every notebook.

    Attributes
    ----------
    client : str
        Slug of the client's folder.
    week : str
        ISO week, "2026-W46".
    home : str
        Folder of all clients.
    keep : str
        Folder the tables behind the page are written to; empty: nowhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    client: Annotated[str, AfterValidator(check_slug)]
    week: Annotated[str, AfterValidator(_week)]
    home: str
    keep: str = ""


#: Names a notebook must declare, in order.
NAMES = tuple(Parameters.model_fields)


def check_declared(notebook: Any, where: str) -> int:
    """Refuse a notebook whose `parameters` cell declares anything but the known names.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    where : str
        Its file name, for the message.

    Returns
    -------
    int
        Position of that cell.

    Raises
    ------
    PublishError
        No such cell, several, anything but plain assignments in it, an unknown or a missing name.
    """
    tagged = [n for n, cell in enumerate(notebook.cells) if DECLARED in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise PublishError(
            f"the notebook has {len(tagged) or 'no'} cell{'s' * (len(tagged) > 1)} tagged `{DECLARED}`",
            where=where,
            remedy=f"tag the one cell that declares {', '.join(NAMES)}",
        )
    declared = _assigned(notebook.cells[tagged[0]].source, where)
    unknown = sorted(set(declared) - set(NAMES))
    missing = [name for name in NAMES if name not in declared]
    if unknown or missing:
        raise PublishError(
            "the notebook's parameters are not the known ones"
            f" (unknown: {', '.join(unknown) or 'none'}; missing: {', '.join(missing) or 'none'})",
            where=where,
            given=", ".join(declared),
            remedy=f"declare exactly {', '.join(NAMES)}",
        )
    return tagged[0]


def _assigned(source: str, where: str) -> list[str]:
    """Names a cell assigns; anything but an assignment to one name is refused."""
    try:
        statements = ast.parse(source).body
    except SyntaxError as problem:
        raise PublishError(
            f"the `{DECLARED}` cell is not Python",
            where=f"{where}, line {problem.lineno} of that cell",
            given=problem.text,
        ) from problem
    names = []
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
            case _:
                raise PublishError(
                    f"the `{DECLARED}` cell may only assign names",
                    where=f"{where}, line {statement.lineno} of that cell",
                    given=ast.unparse(statement),
                    remedy="move everything else to the next cell",
                )
    return names

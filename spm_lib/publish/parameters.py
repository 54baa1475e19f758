"""What a notebook is told: client, week, rep, where to read and to keep. Nothing else, and only text.

papermill pastes the names of parameters into code as they are and ignores those a notebook does not
declare, so both are settled here, before it is called.
"""

from __future__ import annotations

import ast
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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
    week : str
        ISO week, "2026-W46".
    keep : str
        Folder the tables behind the page are written to; empty: nowhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    week: Annotated[str, AfterValidator(_week)]
    keep: str = ""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names a notebook must declare."""
        return tuple(sorted(cls.model_fields, key=_ORDER.index))

    def archived(self) -> str:
        """What of it an archived notebook says: all but the folders of this machine."""
        told = {name: getattr(self, name) for name in self.names() if name not in _FOLDERS}
        return "\n".join(f"{name} = {value!r}" for name, value in told.items())


class OfClient(Parameters):
    """The parameters of a client's page.

    Attributes
    ----------
    client : str
        Slug of the client's folder.
    home : str
        Folder of all clients.
    """

    client: Annotated[str, AfterValidator(check_slug)]
    home: str


class OfRep(OfClient):
    """The parameters of a page that is made for each of some reps.

    Attributes
    ----------
    rep : str
        The rep's id.
    """

    rep: Annotated[str, Field(min_length=1)]


class OfFirm(Parameters):
    """The parameters of a page of the firm.

    Attributes
    ----------
    reports : str
        Folder of all reports, the only one it reads.
    """

    reports: str


_ORDER = ("client", "week", "rep", "reports", "home", "keep")
_FOLDERS = ("home", "reports", "keep")


def check_declared(notebook: Any, where: str, known: type[Parameters] = OfClient) -> int:
    """Refuse a notebook whose `parameters` cell declares anything but the known names.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    where : str
        Its file name, for the message.
    known : type of Parameters
        What it will be told.

    Returns
    -------
    int
        Position of that cell.

    Raises
    ------
    PublishError
        No such cell, several, anything but plain assignments in it, an unknown or a missing name.
    """
    names = known.names()
    tagged = [n for n, cell in enumerate(notebook.cells) if DECLARED in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        raise PublishError(
            f"the notebook has {len(tagged) or 'no'} cell{'s' * (len(tagged) > 1)} tagged `{DECLARED}`",
            where=where,
            remedy=f"tag the one cell that declares {', '.join(names)}",
        )
    declared = _assigned(notebook.cells[tagged[0]].source, where)
    unknown = sorted(set(declared) - set(names))
    missing = [name for name in names if name not in declared]
    if unknown or missing:
        raise PublishError(
            "the notebook's parameters are not the known ones"
            f" (unknown: {', '.join(unknown) or 'none'}; missing: {', '.join(missing) or 'none'})",
            where=where,
            given=", ".join(declared),
            remedy=f"declare exactly {', '.join(names)}",
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

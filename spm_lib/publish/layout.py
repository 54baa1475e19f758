"""What of an executed notebook goes on the page, and where.

Only HTML that `spm_lib` itself made and marked (``spm: True`` in its metadata) is let through, with the
role that says where it goes. Code, text, warnings, foreign tables and pictures stay behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from spm_lib.fragment import slug
from spm_lib.publish.parameters import DECLARED, INJECTED
from spm_lib.publish.prose import prose

#: Cells with one of these tags leave nothing on the page.
LEFT_OUT = frozenset({DECLARED, INJECTED, "remove-cell"})

#: Role of a fragment -> class of the wrapper its neighbours share.
WRAPPERS = {"figure": "col", "note": "note", "block": "wide"}


@dataclass
class Section:
    """A question and what answers it; a lead stands alone and brings its own section element.

    Attributes
    ----------
    heading : str
        Empty for what comes before the first question.
    id : str
    parts : list of (wrapper class, html)
        In source order. A lead is one part of class "lead".
    asked, answered : bool
        Code ran in it; a fragment came of it.
    """

    heading: str = ""
    id: str = ""
    parts: list[tuple[str, str]] = field(default_factory=list)
    asked: bool = False
    answered: bool = False

    @property
    def says_something(self) -> bool:
        """It answers its question, or never ran code to: prose beside a missing figure says nothing."""
        return bool(self.parts) and (self.answered or not self.asked)

    @property
    def wrapped(self) -> list[tuple[str, str]]:
        """The parts, neighbours of one kind joined."""
        runs = groupby(self.parts, key=lambda part: part[0])
        return [(kind, "\n".join(html for _, html in run)) for kind, run in runs]

    @property
    def is_lead(self) -> bool:
        """It is a whole section of its own."""
        return bool(self.parts) and self.parts[0][0] == "lead"


@dataclass(frozen=True)
class Layout:
    """A page's parts.

    Attributes
    ----------
    title : str
        Of the header, or the notebook's first heading.
    header : str
        HTML of the header; empty when the notebook shows none.
    sections : list of Section
        None of them empty.
    """

    title: str
    header: str
    sections: list[Section]


def layout(notebook: Any) -> Layout:
    """Sort an executed notebook into the parts of a page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    """
    title, header, first_heading = "", "", ""
    sections = [Section()]
    ids: dict[str, int] = {}
    for cell in notebook.cells:
        if LEFT_OUT & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "markdown":
            first_heading = first_heading or _title(cell.source)
            _add_markdown(cell.source, sections, ids)
        sections[-1].asked |= cell.cell_type == "code"
        for role, html, named in _fragments(cell):
            if role == "header":
                title, header = named, html
            elif role == "lead":
                sections += [Section(parts=[("lead", html)]), Section()]
            elif role in WRAPPERS:
                sections[-1].answered = True
                sections[-1].parts.append((WRAPPERS[role], html))
    return Layout(title or first_heading, header, [one for one in sections if one.says_something])


def _add_markdown(source: str, sections: list[Section], ids: dict[str, int]) -> None:
    """A question opens a section; a title is dropped; anything else is prose for the margin."""
    head, _, rest = source.strip().partition("\n")
    if head.startswith("# "):
        return
    if not head.startswith("## "):
        if html := prose(source):
            sections[-1].parts.append(("note", f'<div class="read">{html}</div>'))
        return
    heading = head.removeprefix("## ").strip()
    sections.append(Section(heading, _unique(slug(heading) or "section", ids)))
    if html := prose(rest):
        sections[-1].parts.append(("wide read", html))


def _fragments(cell: Any) -> Iterator[tuple[str, str, str]]:
    """Role, HTML and title of the outputs of a cell that are marked as ours."""
    for output in cell.get("outputs", []):
        marks = output.get("metadata", {}).get("text/html", {})
        if output.output_type in ("display_data", "execute_result") and marks.get("spm") is True:
            text = "".join(output.data.get("text/html", "")).strip()
            if text:
                yield marks.get("role", "figure"), text, marks.get("title", "")


def _title(source: str) -> str:
    head = source.strip().partition("\n")[0]
    return head.removeprefix("# ").strip() if head.startswith("# ") else ""


def _unique(name: str, ids: dict[str, int]) -> str:
    """The name, numbered from its second use on."""
    ids[name] = ids.get(name, 0) + 1
    return name if ids[name] == 1 else f"{name}-{ids[name]}"

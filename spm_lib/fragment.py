"""A piece of a page: HTML made of escaped parts, and the role that tells the template where it goes.

Everything that is not `Html` is text and is escaped when it enters a `tag`: a client's words cannot
become markup, whatever they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

from spm_lib import style

Role = Literal["sheet", "header", "lead", "figure", "note", "block"]

_VOID = frozenset({"br", "hr", "wbr", "col"})
_LETTERS = re.compile(r"[^a-z0-9]+")


class Html(str):
    """Text that is already HTML. Only `tag` and `join` make it."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Html:
    """One element.

    Parameters
    ----------
    name : str
        "td".
    *children : Html, str or None
        Html is kept, anything else is escaped text, None is left out.
    **attributes : str, True or None
        A trailing underscore is dropped and inner ones become hyphens: ``class_``, ``aria_label``.
        None leaves an attribute out.
    """
    named = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{named}>")
    return Html(f"<{name}{named}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Html:
    """Children one after the other, texts escaped."""
    return Html(
        "".join(
            child if isinstance(child, Html) else escape(str(child))
            for child in children
            if child is not None
        )
    )


def client_text(text: object, limit: int | None = None) -> Html:
    """A client's words: one line, escaped, and isolated so that a right-to-left name moves nothing else."""
    return tag("bdi", style.plain(text, limit))


def slug(text: str) -> str:
    """A heading as the id of its section."""
    return _LETTERS.sub("-", text.lower()).strip("-")


@dataclass(frozen=True)
class Fragment:
    """A piece of a page, as a notebook shows it.

    Attributes
    ----------
    html : Html
    text : str
        What a terminal shows instead.
    role : {"sheet", "header", "lead", "figure", "note", "block"}
        Where the template puts it.
    title : str
        The page's title; only a header has one.
    """

    html: Html
    text: str
    role: Role = "figure"
    title: str = ""

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 IPython's protocol
        exclude: object = None,  # noqa: ARG002
    ) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
        """Display data and its metadata, in IPython's protocol."""
        marked: dict[str, object] = {"spm": True, "role": self.role}
        if self.title:
            marked["title"] = self.title
        return {"text/html": str(self.html), "text/plain": self.text}, {"text/html": marked}


def stylesheet_text() -> str:
    """The page's stylesheet."""
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def stylesheet() -> Fragment:
    """The page's stylesheet for JupyterLab; a published page has it in its head."""
    return Fragment(Html(f"<style>{stylesheet_text()}</style>"), "The look of the pages is loaded.", "sheet")


def details(summary: str, *children: object) -> Html:
    """Something to open."""
    return tag("details", tag("summary", summary), tag("div", *children, class_="inside"))


def grid(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numeric: Iterable[int] = (),
    visible_caption: bool = False,
) -> Html:
    """A plain table: the first cell of a row names it, numeric columns stand right.

    Parameters
    ----------
    caption : str
        What the table shows; read aloud, and printed when `visible_caption`.
    head : sequence of str
    rows : iterable of sequences
        Cells, as `tag` takes them.
    numeric : iterable of int
        Positions of the columns that hold numbers.
    """
    right = frozenset(numeric)
    kinds = ["n" if position in right else None for position in range(len(head))]
    names = (tag("th", name, scope="col", class_=kind) for name, kind in zip(head, kinds, strict=True))
    return tag(
        "table",
        tag("caption", caption, class_=None if visible_caption else "unseen"),
        tag("thead", tag("tr", *names)),
        tag("tbody", *(_row(cells, kinds) for cells in rows)),
        class_="grid",
    )


def _row(cells: Sequence[object], kinds: Sequence[str | None]) -> Html:
    first, *rest = zip(cells, kinds, strict=True)
    return tag(
        "tr",
        tag("th", first[0], scope="row", class_=first[1]),
        *(tag("td", cell, class_=kind) for cell, kind in rest),
    )


def name_of(value: object, names: Mapping[str, str] | None = None) -> Html:
    """The printed name of a group's value; a missing one is "unassigned"."""
    if style.is_missing(value):
        return tag("span", "unassigned", class_="quiet")
    return client_text((names or {}).get(str(value), str(value)), limit=200)

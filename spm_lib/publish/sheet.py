"""One page that comes from no notebook: the same skeleton, stylesheet and proofreading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from spm_lib.fragment import Html, join, stylesheet_text, tag
from spm_lib.publish.proof import proofread
from spm_lib.publish.prose import prose

_TEMPLATES = Path(__file__).resolve().parent / "template"


def sheet(
    title: str,
    header: Html,
    sections: Sequence[tuple[str, Html]],
    *,
    foot: Sequence[str],
    name: str,
    places: Iterable[Path] = (),
) -> str:
    """A page of its own as one HTML file.

    Parameters
    ----------
    title : str
        Of the window.
    header : Html
    sections : sequence of (heading, Html)
    foot : sequence of str
        The parts of the quiet line at the end.
    name : str
        Of the file, for messages.
    places : iterable of pathlib.Path
        Folders of this machine that it must not name.

    Raises
    ------
    PublishError
        It holds what no page may hold.
    """
    template = Environment(  # noqa: S701 the skeleton escapes, and what it is given is made of escaped tags
        loader=FileSystemLoader(_TEMPLATES), keep_trailing_newline=True
    ).get_template("sheet.html.j2")
    main = join(
        tag("section", tag("h2", heading) if heading else None, tag("div", html, class_="wide"), class_="fig")
        for heading, html in sections
    )
    below = join(join([" · " if n else None, tag("bdi", part)]) for n, part in enumerate(foot))
    page = template.render(title=title, style=stylesheet_text(), header=header, main=main, foot=below)
    page = page.rstrip() + "\n"
    proofread(page, name=name, places=places)
    return page


def words_of(markdown: str) -> Html:
    """A document's prose as HTML: its words and their emphasis, never markup."""
    html = prose(markdown)
    return tag("div", Html(html), class_="read") if html else join(())

"""Markdown of a notebook's prose as HTML: the author's words, never markup, images or scripts."""

from __future__ import annotations

from functools import cache
from typing import Any

import mistune
from mistune import HTMLRenderer

#: What a link in prose may point to.
_LINKS = ("#", "https://", "mailto:")


class _Prose(HTMLRenderer):
    """Escapes raw HTML, keeps an image's words, and links only where nothing can run."""

    def __init__(self) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False)

    def image(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """The words of an image; a page requests nothing."""
        return mistune.escape(text)

    def link(self, text: str, url: str, title: str | None = None) -> str:  # noqa: ARG002
        """A link, or only its words."""
        if not url.lower().startswith(_LINKS):
            return text
        return f'<a href="{mistune.escape(url)}">{text}</a>'


@cache
def _renderer() -> Any:
    return mistune.create_markdown(renderer=_Prose(), plugins=["table"])


def prose(markdown: str) -> str:
    """HTML of some markdown.

    Raw HTML is shown as text, images are replaced by their words, links lead to this page, to https or
    to a mail address.
    """
    return str(_renderer()(markdown)).strip()

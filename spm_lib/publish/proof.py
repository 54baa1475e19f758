"""Read a finished page before it goes out: nothing that runs, asks the network, or tells about this machine.

The parts of a page are escaped where they are made; this is the second pair of eyes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from spm_lib.errors import PublishError
from spm_lib.publish.machine import is_named

#: A page heavier than this is said to be, in bytes.
HEAVY = 500_000

_REFUSED_TAGS = frozenset(
    {
        *(
            "script",
            "iframe",
            "frame",
            "object",
            "embed",
            "applet",
            "link",
            "base",
            "form",
            "input",
            "button",
        ),
        *(
            "textarea",
            "img",
            "image",
            "picture",
            "audio",
            "video",
            "source",
            "foreignobject",
            "animate",
            "set",
        ),
        *("template", "slot", "portal"),
    }
)
_URLS = frozenset(
    {
        "href",
        "src",
        "srcset",
        "xlink:href",
        "action",
        "formaction",
        "poster",
        "data",
        "background",
        "cite",
        "ping",
    }
)
#: Attributes whose value is a style.
_STYLES = frozenset(
    {"style", "fill", "stroke", "filter", "mask", "clip-path", "cursor"}
    | {"marker", "marker-start", "marker-mid", "marker-end"}
)
_CSS_URL = re.compile(
    r"url\(\s*['\"]?(?!#|data:image/)|@import|image-set\(|expression\(|-moz-binding", re.IGNORECASE
)


class _Reader(HTMLParser):
    """Collects what is wrong with a page."""

    def __init__(self, links: Container[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._links = links
        self.faults: list[str] = []
        self.ids: Counter[str] = Counter()
        self.targets: set[str] = set()
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        if tag in _REFUSED_TAGS:
            self.faults.append(f"a <{tag}> element")
        if tag == "meta" and ("http-equiv", "refresh") in [(k, (v or "").lower()) for k, v in attrs]:
            self.faults.append("a page that reloads itself")
        for name, value in attrs:
            self._attribute(tag, name, (value or "").strip())

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 the parser's interface
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and _CSS_URL.search(data):
            self.faults.append("a style sheet that asks for something")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name.startswith("on") or name == "srcdoc":
            self.faults.append(f"an attribute {name}")
        if name == "id":
            self.ids[value] += 1
        if name in _STYLES and _CSS_URL.search(value):
            self.faults.append("a style that asks for something")
        if name not in _URLS:
            return
        if value.startswith("#"):
            self.targets.add(value[1:])
        elif not (tag == "a" and name == "href" and self._leads_out(value)):
            self.faults.append(f"an address in {name}: {value[:80]}")

    def _leads_out(self, address: str) -> bool:
        return address in self._links or address.lower().startswith(("https://", "mailto:"))


def proofread(
    html: str, *, name: str, places: Iterable[Path] = (), links: Container[str] = frozenset()
) -> list[str]:
    """Refuse a page that must not go out; say what is merely unusual.

    Parameters
    ----------
    html : str
    name : str
        Of the page, for messages.
    places : iterable of pathlib.Path
        Folders of this machine that no page may name.
    links : container of str
        Addresses of other files beside the page that it may link to.

    Returns
    -------
    list of str
        Sentences: too heavy, links that lead nowhere.

    Raises
    ------
    PublishError
        Something that could run, a request, a path of this machine, an id used twice.
    """
    reader = _Reader(links)
    reader.feed(html)
    reader.close()
    faults = reader.faults + [f"the id {key!r} {n} times" for key, n in reader.ids.items() if n > 1]
    texts = (html, unescape(html))
    faults += ["a path of this machine" for place in places if any(is_named(place, text) for text in texts)]
    if faults:
        raise PublishError(
            "the page holds what no page may hold, and is not published",
            where=name,
            given="; ".join(list(dict.fromkeys(faults))[:5]),
            remedy="show only what spm_lib's tables and plots make",
        )
    findings = []
    if (size := len(html.encode())) > HEAVY:
        findings.append(f"{name} weighs {size // 1000} kB, more than {HEAVY // 1000} kB.")
    lost = sorted(reader.targets - set(reader.ids))
    return findings + [f"{name} links to #{target}, which is not on it." for target in lost]

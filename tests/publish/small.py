"""Small notebooks, a small client, and a reader of pages: what the tests of publishing share."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import nbformat
from nbformat import v4

from spm_lib.publish.pages import PAGES

#: The two pages these tests publish, whatever others the house has by now.
TWO = tuple(page for page in PAGES if page.name in ("weekly_review", "owner_update"))

DECLARES = 'client: str = "x"\nweek: str = "2026-W01"\nhome: str = ""\nkeep: str = ""'

#: A hostile client's words, as a name, a note or an account may hold them.
HOSTILE = "</script></style><img src=x onerror=alert(1)><a href='javascript:alert(2)'>{{7*7}} \"'&\u202e end"

CLIENT = """\
name: {name}
currency: USD
time_zone: America/Chicago
manager: Kim
owner: Olga
"""

OPENING = """\
import json, sys
from pathlib import Path
from spm_lib.fragment import Fragment, client_text, tag
print("was" + "-opened", home, object())
print("was" + "-warned", file=sys.stderr)
note = Path(home, client, "expectations", "note.md").read_text()"""

KEEPING = """\
import pandas as pd
kept = Path(keep)
frame = pd.DataFrame({"rep_id": ["ana", "ben"], "won_count": [3, 1]})
frame.to_parquet(kept / "win_rate_by_count.parquet", index=False)
(kept / "definitions.json").write_text(
    json.dumps({"win_rate_by_count": {"version": 2, "effective_from": "2026-01-05"}}))
(kept / "review.json").write_text(json.dumps({"exports_until": "2026-11-17", "exports_age_days": -2}))
"""

HEADER = """\
title = f"Review of {client}, {week}"
Fragment(tag("header", tag("h1", "Weekly review"), class_="top"), "", "header", title)"""
QUESTION = """\
## Who <b>won</b>?

Read *this*. <i>raw</i> ![drawn](http://x/y.png) [out](javascript:alert(3)) [ok](https://example.com)"""
SHOWN = 'Fragment(tag("p", client_text(note)), "words")'
UNMARKED = """\
from IPython.display import HTML, Javascript, Markdown, display
display(HTML("<b>unmarked html</b>"), Markdown("**unmarked markdown**"), Javascript("unmarkedScript()"))
display({"text/vnd.mermaid": "graph unmarked mermaid"}, raw=True)
display({"text/latex": "unmarked latex"}, raw=True)
print("unmarked stream")
frame"""


def notebook(*cells, declares=DECLARES):
    """A notebook of these cells behind the parameters; one that starts with # or > is prose."""
    made = [v4.new_code_cell(declares, metadata={"tags": ["parameters"]})] if declares is not None else []
    for source in cells:
        prose = source.startswith(("#", ">"))
        made.append(v4.new_markdown_cell(source) if prose else v4.new_code_cell(source))
    return v4.new_notebook(cells=made)


def weekly_review():
    return notebook(
        "# The title of the notebook",
        OPENING,
        KEEPING,
        HEADER,
        QUESTION,
        SHOWN,
        "> a note in the margin",
        UNMARKED,
        "## Never answered\n\nA word on it.",
        "1 + 1",
    )


def owner_update():
    return notebook(
        "from spm_lib.fragment import Fragment, tag",
        'Fragment(tag("header", tag("h1", "Owner update"), class_="top"), "", "header", "Owner update")',
        'Fragment(tag("p", "Three numbers."), "words")',
    )


def write_notebooks(folder, **pages):
    """Both pages' notebooks in a folder; a page may be given."""
    folder.mkdir(exist_ok=True)
    for name, made in {"weekly_review": weekly_review(), "owner_update": owner_update(), **pages}.items():
        nbformat.write(made, folder / f"{name}.ipynb")
    return folder


def write_client(home, slug="acme", name="Acme & Söhne <Ltd>", note=HOSTILE):
    """A client folder without any export."""
    folder = home / slug / "expectations"
    folder.mkdir(parents=True, exist_ok=True)
    (home / slug / "client.yaml").write_text(CLIENT.format(name=name), encoding="utf-8")
    (folder / "note.md").write_text(note, encoding="utf-8")


def files_of(folder):
    """Relative path -> bytes of every file."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


class Markup(HTMLParser):
    """Checks that a page is well-formed HTML, and collects what is in it."""

    VOID = frozenset({"meta", "br", "hr", "wbr", "col", "link", "img", "input"})
    NOT_IN_P = frozenset({"p", "div", "section", "ul", "table", "h2", "h3", "details", "figure"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.tags, self.ids = [], [], Counter(), Counter()
        self.links, self.text = [], ""
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]
        self.faults += [f"the id {key} is used {n} times" for key, n in self.ids.items() if n > 1]

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.faults.append(f"an attribute twice in <{tag}>")
        if "p" in self.open and tag in self.NOT_IN_P:
            self.faults.append(f"<{tag}> inside <p>")
        if self.open and self.open[-1] == "ul" and tag != "li":
            self.faults.append(f"<{tag}> in <ul>")
        self.tags[tag] += 1
        given = dict(attrs)
        self.ids.update([given["id"]] if "id" in given else [])
        self.links += [given["href"]] if "href" in given else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

"""The one list of words that no page says of a person: of blame, of grading, of ranking, of jargon."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

BLAME = (
    r"fail(?:s|ed|ing|ure|ures)?|fault\w*|blam\w+|guilt\w*|lazy|laz(?:iness|ily)|excus\w+|careless\w*"
    r"|negle\w+|mistake\w*|unacceptable|disappoint\w+|incompeten\w+|violat\w+|should have|must"
    r"|lack(?:s|ed|ing)?|problem\w*"
)
GRADING = r"poor\w*|bad|badly|weak\w*|under-?perform\w*|low performers?|losers?|mediocre|inferior"
RANKING = (
    r"rank\w*|worst|best reps?|top performers?|bottom performers?|leader ?boards?|better than|outperform\w*"
    r"|winners? and losers?"
)
JARGON = (
    r"kpis?|leverag\w+|synerg\w+|deliverables?|action items?|stakeholders?|bandwidth|alignment|low-hanging"
    r"|deep[- ]dives?|circle back|move the needle|best practices?|p-values?|e-values?"
)
#: What a number or a name that is missing looks like when nobody said so.
UNSAID = r"nan|<NA>|NaT"

UNKIND = re.compile(rf"(?<![\w-])(?:{BLAME}|{GRADING}|{RANKING}|{JARGON})(?![\w-])", re.IGNORECASE)
#: For what is printed on a page or in a file for people: a missing number is a dash or a word.
UNPRINTED = re.compile(rf"{UNKIND.pattern}|(?<![\w-])(?:{UNSAID}|none)(?![\w-])", re.IGNORECASE)
#: For the file of a meeting and what else speaks of one person's work directly: no hurry, no comparison.
UNKIND_IN_A_MEETING = re.compile(
    rf"{UNKIND.pattern}|(?<![\w-])(?:should|overdue|late|best|top|bottom|behind|versus)(?![\w-])",
    re.IGNORECASE,
)


def first_unkind(text: str, pattern: re.Pattern[str] = UNKIND) -> str | None:
    """The first such word of a text with what stands around it; None when there is none."""
    found = pattern.search(text)
    if found is None:
        return None
    return f"“{found[0]}” in “…{text[max(found.start() - 40, 0) : found.end() + 40]}…”"


def spoken(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every string constant of a module that may be printed.

    Left out: docstrings, single words that name something for the machine (an id, a column, a class), and
    constants that stand where a name is looked up.
    """
    tree = ast.parse(source)
    quiet = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            quiet |= {id(inner) for inner in ast.walk(node.value)}
        if isinstance(node, ast.Subscript):
            quiet |= {id(inner) for inner in ast.walk(node.slice)}
        if isinstance(node, ast.Dict):
            quiet |= {id(key) for key in node.keys}
        if isinstance(node, ast.Compare):
            quiet |= {id(inner) for one in (node.left, *node.comparators) for inner in ast.walk(one)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in quiet:
            continue
        if isinstance(node.value, str) and not re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)+", node.value):
            yield node.lineno, node.value


def prose(notebook: Path) -> Iterator[str]:
    """Every Markdown cell of a notebook."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"])

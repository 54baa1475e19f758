"""One expectation document: YAML front matter for the machine, prose for people.

A version is the hash of the file's content. An edit is a new version, so nobody is ever judged by words
that were changed after they were agreed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spm_lib.client import faults, fold
from spm_lib.errors import DocumentError
from spm_lib.expectations import front_matter
from spm_lib.expectations.fields import (
    HYGIENE_RULES,
    KINDS,
    MODELS,
    PER_PERSON,
    Common,
    CompensationPlan,
    CrmUsage,
    QuotaLine,
    SalesGoals,
    SalesProcess,
)
from spm_lib.expectations.problems import Problem

__all__ = [
    "HYGIENE_RULES",
    "KINDS",
    "PER_PERSON",
    "Common",
    "CompensationPlan",
    "CrmUsage",
    "Document",
    "QuotaLine",
    "SalesGoals",
    "SalesProcess",
    "examine",
    "read_document",
]

#: A file name may end in a year and more, which tells versions apart and says nothing about whom it is for.
_DATED = re.compile(r"(?:^|-)\d{4}(?:-.*)?$", re.DOTALL)


@dataclass(frozen=True)
class Document:
    """A document as read.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    front : Common
        The checked front matter.
    prose : str
        Markdown for people.
    version : str
        The first twelve characters of the content's SHA-256.
    file : str
        Its file name.
    """

    kind: str
    front: Common
    prose: str
    version: str
    file: str

    @property
    def stem(self) -> str:
        """Its file name without the ending, as `supersedes` names it."""
        return self.file.removesuffix(".md")

    @property
    def audience(self) -> tuple[str, ...]:
        """The roles or reps it is for; nobody named is everybody."""
        return self.front.applies_to

    def in_force(self, on: date) -> bool:
        """Whether its dates hold that day (a later document may still replace it)."""
        ended = self.front.effective_to is not None and on >= self.front.effective_to
        return self.front.effective_from <= on and not ended


def read_document(path: Path) -> Document:
    """Read and check one document.

    Raises
    ------
    DocumentError
        No front matter, broken YAML, an unknown kind or key, an impossible date, a file name that says
        somebody else: with file and line.
    """
    found = examine(path)
    if found.document is None:
        raise found.problems[0].error(more=len(found.problems) - 1)
    return found.document


@dataclass(frozen=True)
class Reading:
    """A document with its places, or what is wrong with it.

    Attributes
    ----------
    document : Document, optional
        None when it has faults.
    matter : FrontMatter, optional
        None when the front matter cannot be read at all.
    problems : tuple of Problem
    """

    document: Document | None
    matter: front_matter.FrontMatter | None
    problems: tuple[Problem, ...] = ()

    def problem(
        self, place: Iterable[int | str], what: str, given: object = None, remedy: str | None = None
    ) -> Problem:
        """A fault of the document at a key or list item of its front matter."""
        file = self.document.file if self.document else ""
        return Problem(file, self.matter.line_of(place) if self.matter else None, what, given, remedy)


def examine(path: Path) -> Reading:
    """Read one document and tell every fault of it."""
    try:
        text = _text(path)
        matter, prose = front_matter.split(text, path.name)
        front = front_matter.load(matter, path.name)
    except DocumentError as problem:
        return Reading(None, None, (Problem.of(problem, path.name),))
    named = front.facts.get("document")
    kind = str(named or "").partition("-")[0]
    if kind not in KINDS:
        remedy = f"write `document:` with one of {', '.join(KINDS)}"
        line = front.line_of(["document"])
        fault = Problem(path.name, line, "not one of the seven documents", named, remedy)
        return Reading(None, front, (fault,))
    try:
        checked = MODELS[kind].model_validate(front.facts)
    except ValidationError as problem:
        told = [_problem(fault, front, path.name) for fault in faults(problem, MODELS[kind])]
        return Reading(None, front, tuple(told))
    document = Document(kind, checked, prose.strip(), version_of(text), path.name)
    line = front.line_of(["applies_to"])
    misnamed = _misnamed(document, path.name.removesuffix(".md"), "the file name", line)
    misnamed += _misnamed(document, checked.document, "`document:`", front.line_of(["document"]))
    return Reading(None if misnamed else document, front, tuple(misnamed))


def _text(path: Path) -> str:
    """The file as text; how its lines end and whether it begins with a byte-order mark does not count."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise DocumentError("the document is not UTF-8 text", where=path.name) from problem
    except OSError as problem:
        raise DocumentError(
            "the document cannot be read", where=path.name, given=problem.strerror
        ) from problem


def version_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _problem(fault: dict[str, Any], front: front_matter.FrontMatter, name: str) -> Problem:
    line = front.line_of(fault["place"])
    return Problem(name, line, fault["what"], fault.get("given"), fault.get("remedy"))


def _misnamed(document: Document, name: str, place: str, line: int) -> list[Problem]:
    """A name that promises another kind, or another role or rep, than the front matter says."""
    kind, _, rest = name.partition("-")
    if kind not in KINDS:
        return []  # a file may be called anything else
    if kind != document.kind:
        what = f"{place} says {kind}, and `document:` says {document.kind}"
        return [Problem(document.file, line, what, name, "correct one of them")]
    if kind not in PER_PERSON:
        return _undated(document, name, place, line) if place == "`document:`" else []
    named = _DATED.sub("", rest)
    applies_to = document.front.applies_to
    if not named or (len(applies_to) == 1 and _slug(named) == _slug(applies_to[0])):
        return []
    if document.front.is_draft and not applies_to:
        return []
    said = ", ".join(applies_to) or "everybody"
    what = f"{place} says it is for {named}, and `applies_to:` says {said}"
    remedy = f"write `applies_to: [{named}]`, or name it {kind}-<role or rep> like `applies_to`"
    return [Problem(document.file, line, what, name, remedy)]


def _undated(document: Document, name: str, place: str, line: int) -> list[Problem]:
    """A document of the whole team carries nobody's name: one that did would never be found in force."""
    if name == document.kind:
        return []
    remedy = f"write `document: {document.kind}`; what tells versions apart is the file name"
    return [Problem(document.file, line, f"{place} holds more than the kind", name, remedy)]


def _slug(name: str) -> str:
    return fold(name).replace(" ", "-")

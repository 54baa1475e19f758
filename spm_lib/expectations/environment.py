"""Answers to the sales environment self-check, where no record tells: ``environment/<day>.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from spm_lib.client import load_yaml
from spm_lib.errors import DocumentError
from spm_lib.expectations.fields import KINDS
from spm_lib.expectations.problems import Problem

FOLDER = "environment"
#: The file of questions; it is copied to a file named by its day, and never read itself.
QUESTIONS = "questions.yaml"
#: What may be answered of a document; whether it is documented is always on record.
ASKED = ("defined", "understood", "measured", "reinforced")
ASKED_BESIDE = ("meetings kept", "data clean")

Answers = dict[tuple[str, str], int]


def questions() -> str:
    """The text of the file of questions, every answer left open."""
    lines = [
        "# Sales environment self-check: what no record tells. Copy it to <day>.yaml, 2026-11-16.yaml,",
        "# and write 0 (not at all) to 4 (for everybody, always). Leave open what nobody knows.",
        "# What is on record counts before what is answered here.",
    ]
    for kind in KINDS:
        lines += [f"{kind}:", *(f"  {state}:" for state in ASKED)]
    return "\n".join([*lines, *(f"{name}:" for name in ASKED_BESIDE), ""])


def read_environment(folder: Path, on: date) -> tuple[date | None, Answers]:
    """The latest answers by a day, and their day; (None, {}) without any.

    Parameters
    ----------
    folder : pathlib.Path
        The client's.
    on : datetime.date

    Raises
    ------
    DocumentError
        A file's name is no day, or it says something impossible.
    """
    days = {day: path for path in _files(folder) if (day := _day(path)) <= on}
    if not days:
        return None, {}
    day = max(days)
    answers, problems = _read(days[day])
    if problems:
        raise problems[0].error(more=len(problems) - 1)
    return day, answers


def check_environment(folder: Path) -> list[Problem]:
    """Everything wrong with a client's answers; empty when there is nothing to mend."""
    found: list[Problem] = []
    for path in _files(folder):
        try:
            _day(path)
        except DocumentError as problem:
            found.append(Problem.of(problem, f"{FOLDER}/{path.name}"))
        found += _read(path)[1]
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted((folder / FOLDER).glob("*.yaml")) if path.name != QUESTIONS]


def _day(path: Path) -> date:
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        raise DocumentError(
            "the file's name is no day",
            where=f"{FOLDER}/{path.name}",
            given=path.stem,
            remedy="name it by the day it was answered, 2026-11-16.yaml",
        ) from None


def _read(path: Path) -> tuple[Answers, list[Problem]]:
    name = f"{FOLDER}/{path.name}"
    try:
        content = load_yaml(path, DocumentError)
    except DocumentError as problem:
        return {}, [Problem.of(problem, name)]
    answers: Answers = {}
    problems: list[Problem] = []
    for place, value in _flat(content):
        fault = _fault(place, value)
        if fault is not None:
            problems.append(Problem(name, None, fault[0], value, fault[1], stops=True))
        elif value is not None:
            answers[place] = value
    return answers, problems


def _flat(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Any]]:
    for subject, value in content.items():
        if isinstance(value, dict):
            yield from (((str(subject), str(state)), one) for state, one in value.items())
        elif value is not None or subject not in KINDS:
            yield (str(subject), str(subject)), value


def _fault(place: tuple[str, str], value: object) -> tuple[str, str] | None:
    subject, state = place
    known = ASKED if subject in KINDS else ASKED_BESIDE if subject == state else ()
    if subject not in KINDS and subject not in ASKED_BESIDE:
        return f"nothing is asked about {subject}", f"subjects: {', '.join((*KINDS, *ASKED_BESIDE))}"
    if state not in known:
        return f"{subject}: {state} is not asked", f"asked: {', '.join(known or ASKED_BESIDE)}"
    if value is None or (type(value) is int and 0 <= value <= 4):
        return None
    return f"{subject}: {state} is no level", "write a whole number from 0 to 4, or leave it open"

"""Every fault of a client's documents and acknowledgements at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

from spm_lib.client import Client
from spm_lib.errors import DocumentError
from spm_lib.expectations.acknowledgements import FILE, Row, read_rows
from spm_lib.expectations.documents import Document, Reading, examine
from spm_lib.expectations.environment import check_environment
from spm_lib.expectations.fields import KINDS, Goal, IndividualPlan, QuotaLine, SalesGoals
from spm_lib.expectations.problems import Problem
from spm_lib.expectations.standards import Expectations, quota_period, same_day, share_readers
from spm_lib.expectations.supplied import read_supplied

#: Up to this much, in the client's currency, goals add up: each is rounded by whoever wrote it.
ROUNDING = 1.0

#: What two goals must share to be of one sum: days, product line, territory, business.
Span = tuple[date, date, str | None, str | None, str | None]


def check_documents(folder: Path, client: Client, known_metrics: Collection[str]) -> list[Problem]:
    """Tell everything wrong with a client's documents, acknowledgements and ledger of what was supplied.

    Parameters
    ----------
    folder : pathlib.Path
        The client's; nothing in it is changed.
    client : Client
    known_metrics : collection of str
        The ids a standard may name.

    Returns
    -------
    list of Problem
        Empty when there is nothing to mend. A document that is still being written (its `effective_from` is
        `NOT_YET`) is checked for what it says, not for what it leaves out.
    """
    paths = sorted((folder / "expectations").glob("*.md"))
    readings = [examine(path) for path in paths]
    problems = [replace(problem, stops=True) for reading in readings for problem in reading.problems]
    whole = [reading for reading in readings if reading.document is not None]
    whole.sort(key=_begins)
    documents = [reading.document for reading in whole if reading.document]
    for reading, document in zip(whole, documents, strict=True):
        problems += _judged(reading, document, known_metrics)
        problems += _people(reading, document, client)
        problems += _goals(reading, document, client)
        problems += _supersedes(reading, document, [path.stem for path in paths])
    problems += _overlaps(whole)
    problems += _sums(whole, client)
    found = [replace(one, file=f"expectations/{one.file}") for one in problems]
    rows, faults = read_rows(folder / FILE, client, tuple(documents))
    found += [replace(fault, stops=True) for fault in faults]
    agreed = Expectations(tuple(documents), client) if _plans_are_read(paths, readings) else None
    found += [replace(fault, stops=True) for fault in read_supplied(folder, client, agreed)[1]]
    found += check_environment(folder)
    if len(whole) == len(readings):  # else the acknowledgements of a document nobody can read look lost
        found += _lost(rows, documents)
    return sorted(found, key=lambda one: (one.file, one.line or 0, one.what))


def _plans_are_read(paths: list[Path], readings: list[Reading]) -> bool:
    """Whether every document that may be an individual plan can be read: one that cannot may promise more."""
    unread = (path for path, one in zip(paths, readings, strict=True) if one.document is None)
    others = set(KINDS) - {"individual_plan"}
    return all(path.stem.partition("-")[0] in others for path in unread)


def _begins(reading: Reading) -> tuple[date, str]:
    document = reading.document
    return (document.front.effective_from, document.file) if document else (date.max, "")


def _judged(reading: Reading, document: Document, known_metrics: Collection[str]) -> Iterator[Problem]:
    for number, judged in enumerate(document.front.judged_by):
        if judged.metric not in known_metrics:
            near = ", ".join(get_close_matches(judged.metric, sorted(known_metrics)))
            remedy = f"{f'did you mean {near}? ' if near else ''}`spm metric --list` names all of them"
            place = ("judged_by", number, "metric")
            yield reading.problem(place, "no such metric to judge by", judged.metric, remedy)


def _people(reading: Reading, document: Document, client: Client) -> Iterator[Problem]:
    """Names that are neither a rep nor a role of the client."""
    if client.reps_from_exports:
        return
    reps = {rep.id for rep in client.reps}
    roles = (
        set() if isinstance(document.front, IndividualPlan) else {rep.role for rep in client.reps} | {"rep"}
    )
    known = reps | roles
    remedy = f"in client.yaml: {', '.join(sorted(known)) or 'none'}"
    for place, name, allowed in _names(document, known, reps):
        if name not in allowed:
            fault = reading.problem(place, "nobody knows this rep or role", name, remedy)
            yield replace(fault, stops=place[0] == "quotas")  # a goal of nobody would be in no sum


def _names(
    document: Document, known: set[str], reps: set[str]
) -> Iterator[tuple[list[int | str], str, set[str]]]:
    """Every name of a rep or role in a document: its place, itself, and which ones would do."""
    for name in document.audience:
        yield ["applies_to"], name, known
    for number, judged in enumerate(document.front.judged_by):
        for name in judged.applies_to:
            yield ["judged_by", number, "applies_to"], name, known
    if isinstance(document.front, SalesGoals):
        for number, line in enumerate(document.front.quotas):
            if line.rep is not None:
                yield ["quotas", number, "rep"], line.rep, reps


def _goals(reading: Reading, document: Document, client: Client) -> Iterator[Problem]:
    """Goals for a time that is none."""
    front = document.front
    lines: dict[str, tuple[Goal, ...]] = {}
    if isinstance(front, SalesGoals):
        lines = {"quotas": front.quotas}
    elif isinstance(front, IndividualPlan):
        lines = {"goals": front.goals}
    for key, goals in lines.items():
        for number, line in enumerate(goals):
            try:
                quota_period(line, client, document.file)
            except DocumentError as problem:
                fault = reading.problem([key, number], problem.what, problem.given, problem.remedy)
                yield replace(fault, stops=key == "quotas")


def _supersedes(reading: Reading, document: Document, stems: list[str]) -> Iterator[Problem]:
    named = document.front.supersedes
    if named is not None and named.removesuffix(".md") not in set(stems) - {document.stem}:
        remedy = f"write the name of another file without its ending: {', '.join(stems)}"
        yield reading.problem(["supersedes"], "it supersedes no document there is", named, remedy)


def _overlaps(readings: list[Reading]) -> Iterator[Problem]:
    """Versions of one document that begin on one day, or of which one ends after the next has begun."""
    by_file = {reading.document.file: reading for reading in readings if reading.document}
    documents = [reading.document for reading in readings if reading.document]
    clashing = list(same_day(documents))
    for one, other in clashing:
        what = f"it begins on the day on which {one.file} begins"
        remedy = "give the newer one a later effective_from"
        yield replace(by_file[other.file].problem(["effective_from"], what, None, remedy), stops=True)
    for one, other in combinations(documents, 2):
        ends, begins = one.front.effective_to, other.front.effective_from
        if one.kind != other.kind or not share_readers(one, other) or (one, other) in clashing:
            continue
        if ends is not None and ends > begins:
            what = f"it ends on {ends}, but {other.file} begins on {begins}"
            remedy = "end it on the day the next one begins, or leave effective_to out"
            yield by_file[one.file].problem(["effective_to"], what, None, remedy)


def _sums(readings: list[Reading], client: Client) -> Iterator[Problem]:
    """Goals of the team that are not what its reps' goals add up to, by the goals agreed on last.

    Goals are compared where they are for the same days and the same business; of a team goal without any
    goal of a rep nothing is said.
    """
    managers = {rep.id for rep in client.reps if rep.role == "manager"}
    reps: dict[Span, dict[str, float]] = {}
    team: dict[Span, tuple[Reading, int, float]] = {}
    for reading, number, line in _quotas(readings):
        try:
            span = _span(line, client)
        except DocumentError:
            continue  # told by `_goals`
        if line.rep is None:
            team[span] = (reading, number, _effective(line))
        elif line.rep not in managers:
            reps.setdefault(span, {})[line.rep] = _effective(line)
    for span, (reading, number, agreed) in team.items():
        total = sum(reps.get(span, {}).values())
        if span in reps and abs(total - agreed) > ROUNDING:
            what = f"the reps' goals from {span[0]} to {span[1]} add up to {total:,.0f}, "
            what += f"the team's is {agreed:,.0f}"
            remedy = "correct one of them, or say in the document why they differ"
            yield reading.problem(["quotas", number], what, None, remedy)


def _quotas(readings: list[Reading]) -> Iterator[tuple[Reading, int, QuotaLine]]:
    for reading in readings:
        front = reading.document.front if reading.document else None
        if isinstance(front, SalesGoals) and not front.is_draft:
            for number, line in enumerate(front.quotas):
                yield reading, number, line


def _span(line: QuotaLine, client: Client) -> Span:
    period = quota_period(line, client, "")
    return period.start, period.end, line.product_line, line.territory, line.business


def _effective(line: QuotaLine) -> float:
    ramp = 1.0 if line.ramp_rate is None else line.ramp_rate
    return line.amount * ramp * (1.0 if line.proration_rate is None else line.proration_rate)


def _lost(rows: list[Row], documents: list[Document]) -> Iterator[Problem]:
    """Acknowledgements of a version nobody has, by a rep who has not acknowledged any version on file."""
    known = {(row.rep, row.kind) for row in rows for one in documents if row.is_of(one)}
    for row in rows:
        if (row.rep, row.kind) not in known:
            remedy = "have the version on file acknowledged; correct the line if it was mistyped"
            what = f"{row.rep} acknowledged a {row.kind} that was edited since"
            yield Problem(FILE, row.line, what, row.version, remedy)

"""Hand one thing over as one file: an agreed document to read, a published page, or a rep's whole trail.

Each kind of thing is a function that makes a `Shared`; `hand_over` writes any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from spm_lib import style, tables
from spm_lib.client import Client, Rep, client_folder, load_client
from spm_lib.errors import PublishError, UsageError
from spm_lib.expectations import Acknowledgements, Document, Expectations
from spm_lib.expectations.acknowledgements import known_rep, owes
from spm_lib.expectations.fields import PER_PERSON
from spm_lib.expectations.standards import is_for
from spm_lib.fragment import Html, client_text, join, tag
from spm_lib.periods import week as week_period
from spm_lib.publish import Published, is_intact, read_run
from spm_lib.publish.copies import file_name
from spm_lib.publish.machine import places_of
from spm_lib.publish.place import write
from spm_lib.publish.sheet import sheet, words_of
from spm_lib.sheets.trail import Trail, open_trail

#: For whom a document is written out: who reads it, or the manager, who also sees who has acknowledged it.
ReadBy = Literal["reader", "manager"]
#: The page handed over when nobody says which: the owner's, or with a rep the rep's own.
_PAGE, _REP_PAGE = "owner_update", "one_on_one"


@dataclass(frozen=True)
class Shared:
    """One thing to hand over.

    Attributes
    ----------
    name : str
        The file name it gets when nobody says another.
    html : str
    """

    name: str
    html: str


def hand_over(shared: Shared, out: Path | None = None) -> Path:
    """Write it as one file, in one step.

    Parameters
    ----------
    shared : Shared
    out : pathlib.Path, optional
        Its name in the folder at work when missing.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        That is a folder, or no HTML file.
    """
    path = Path(shared.name) if out is None else Path(out)
    if path.is_dir() or path.suffix.lower() not in (".html", ".htm"):
        raise UsageError("that is no HTML file", given=str(path), remedy="give --out a name ending in .html")
    write(path, shared.html)
    return path


# --- a page that was published


def share_page(reports: Path, slug: str, week: str, *, page: str = "", rep: str = "") -> Shared:
    """A published page as it stands.

    Parameters
    ----------
    reports : pathlib.Path
        Folder of all reports.
    slug, week : str
    page : str, optional
        Name of the page. Without one it is the owner's update, or the one-on-one of `rep`; every other page
        is for somebody else, and has to be named.
    rep : str, optional
        Whose, by id, where a page is made for one rep.

    Raises
    ------
    UsageError
        The week has no such page; those it has are listed.
    PublishError
        The week is not published, or its report was changed by hand.
    """
    label = week_period(week).label
    report = Path(reports) / slug / label
    run = read_run(report)
    if run is None or (run.client, run.week) != (slug, label):
        raise PublishError(
            "that week is not published", given=f"{slug} {label}", remedy=f"spm review {slug} --week {label}"
        )
    wanted = page or (_REP_PAGE if rep else _PAGE)
    found = [one for one in run.pages if (one.page or one.name) == wanted and one.rep == rep]
    if not found:
        raise UsageError(
            _no_page(wanted, rep, run.pages),
            given=f"{wanted}{f' of {rep}' if rep else ''}",
            remedy=_made(run.pages),
        )
    if not is_intact(report, run):
        raise PublishError(
            "the report is not as it was published",
            where=f"{slug}/{label}",
            remedy=f"spm review {slug} --week {label} --force",
        )
    name = f"{slug}-{label}-{found[0].name.replace('/', '-')}.html"
    return Shared(name, (report / found[0].file).read_text(encoding="utf-8"))


def _no_page(wanted: str, rep: str, pages: tuple[Published, ...]) -> str:
    named = [one for one in pages if (one.page or one.name) == wanted]
    if named and not rep:
        return "that page is made for each rep, and nobody is named"
    if named and not any(one.rep for one in named):
        return "that page is made for no single rep"
    return "that week has no such page"


def _made(pages: tuple[Published, ...]) -> str:
    """How to ask for what there is."""
    made = [f"--page {one.page or one.name}" + (f" --rep {one.rep}" if one.rep else "") for one in pages]
    return "published: " + "; ".join(made)


# --- a document


@dataclass(frozen=True)
class _Read:
    """A document as somebody reads it.

    Attributes
    ----------
    client : Client
    expectations : Expectations
    document : Document
    on : datetime.date
    rep : Rep or None
        Who reads it, where it matters.
    """

    client: Client
    expectations: Expectations
    document: Document
    on: date
    rep: Rep | None


def share_document(
    home: Path, slug: str, document: str, on: date, *, read_by: ReadBy = "reader", rep: str = ""
) -> Shared:
    """An agreed document as a page to read.

    Parameters
    ----------
    home : pathlib.Path
        Folder of all clients.
    slug : str
    document : str
        A kind, for the version in force, or the name of a file; with its ending, "sales_goals.md", it is that
        file even where a kind has the same name.
    on : datetime.date
        The day it is read.
    read_by : {"reader", "manager"}
        The manager's copy says who has acknowledged it, and holds every rep's quota.
    rep : str, optional
        The rep who reads it: of the sales goals only the rep's own and the team's are shown.

    Raises
    ------
    UsageError
        No such document, none in force, not for that rep, or the rep is missing.
    DocumentError
        A document or the list of acknowledgements has faults.
    """
    folder = client_folder(home, slug)
    client = load_client(home, slug)
    expectations = Expectations.load(folder, client)
    reader = known_rep(client, rep) if rep else None
    found = _meant(expectations, document, reader, on)
    read = _Read(client, expectations, found, on, reader)
    front = found.front.model_dump(by_alias=True)
    hidden = read_by == "reader" and _names_reps(front) and _without_others(front, read)
    sections = tables.document_parts(found.kind, front, _context(read))
    sections[-1:-1] = _no_quota(front, read)
    said = _prose(found, hidden_from=_others(read) if hidden else [])
    sections = [*sections[:-1], ("In our words", said), sections[-1]] if said else sections
    if read_by == "manager":
        sections.append(("Who has acknowledged it", _acknowledged(folder, read)))
    html = sheet(
        found.front.title,
        _header(read),
        sections,
        foot=_foot(read, read_by),
        name=found.file,
        places=places_of(Path(home)),
    )
    whose = f"-{file_name(reader.id)}" if reader and found.kind not in PER_PERSON else ""
    copy = "-manager" if read_by == "manager" else ""
    return Shared(f"{slug}-{_safe(found.stem)}{whose}{copy}.html", html)


def _safe(stem: str) -> str:
    return re.sub(r"[^\w.-]+", "-", stem).strip(".-") or "document"


def _meant(expectations: Expectations, name: str, rep: Rep | None, on: date) -> Document:
    """The document somebody means: a kind's version in force, or a file."""
    documents = expectations.documents
    current = [one for one in documents if one.kind == name and one.in_force(on)]
    found = next((one for one in documents if one.file == name), None)
    if found is None and rep is not None:
        found = expectations.for_rep(name, rep, on)
    if found is None and name in PER_PERSON and len(current) > 1:
        raise UsageError(
            "there are several, each for its own",
            given=name,
            remedy=f"add --rep, or name a file: {', '.join(one.stem for one in current)}",
        )
    # the last one that began holds; a file is meant where nothing of that kind is in force
    found = found or next((one for one in [*current[::-1], *documents] if name in (one.kind, one.stem)), None)
    if found is None or (found not in current and name not in (found.stem, found.file)):
        listed = ", ".join(one.stem for one in documents) or "none"
        raise UsageError("no such document, or none in force", given=name, remedy=f"on file: {listed}")
    if rep is not None and not is_for(found.audience, rep):
        said = ", ".join(found.audience)
        raise UsageError(
            "the document is not for that rep", where=found.file, given=rep.id, remedy=f"it is for {said}"
        )
    return found


def _names_reps(front: dict[str, Any]) -> bool:
    return any(line["rep"] for line in front.get("quotas", ()))


def _without_others(front: dict[str, Any], read: _Read) -> bool:
    """Leave the quotas of other reps out of the sales goals; whether there were any.

    Raises
    ------
    UsageError
        Nobody says who reads them.
    """
    if read.rep is None:
        raise UsageError(
            "it holds the quotas of several reps, and nobody says who reads it",
            where=read.document.file,
            remedy="add --rep for one rep's copy, or --for manager for all of it",
        )
    own = [line for line in front["quotas"] if line["rep"] in (None, read.rep.id)]
    others = len(own) < len(front["quotas"])
    front["quotas"] = own
    return others


def _no_quota(front: dict[str, Any], read: _Read) -> list[tuple[str, Html]]:
    """What is said to a rep whose quota this version of the sales goals does not state."""
    if (
        "quotas" not in front
        or read.rep is None
        or any(line["rep"] == read.rep.id for line in front["quotas"])
    ):
        return []
    said = "This version states none. What an earlier one states stays as it was agreed."
    return [(f"Quota of {style.plain(read.rep.name or read.rep.id)}", tag("p", said))]


def _others(read: _Read) -> list[str]:
    """Every way a text may name another rep."""
    names = []
    for one in read.client.reps:
        if read.rep is None or one.id != read.rep.id:
            printed = one.name or one.id
            names += [one.id, printed, printed.split()[0], printed.split()[-1], *one.known_as]
    return names


def _prose(document: Document, hidden_from: list[str]) -> Html:
    """The document's own words; none of them where they name somebody whose part is left out."""
    named = [
        name for name in hidden_from if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", document.prose, re.I)
    ]
    if named:
        why = "The words of this document speak of others as well, so they are left to the talk about it."
        return tag("p", why, class_="quiet")
    return words_of(document.prose)


def _context(read: _Read) -> tables.Context:
    process = read.expectations.in_force("sales_process", read.on)
    stages = {one.id: one.name for one in getattr(process.front, "stages", ())} if process else {}
    names = {**read.client.rep_names(), "manager": read.client.manager, "owner": read.client.owner}
    # a role that is called as a person is means the role
    names = {key: name for key, name in names.items() if name}
    return tables.Context(
        read.client.currency, read.on, {**names, "rep": "every rep"}, stages, _replaced_by(read)
    )


def _replaced_by(read: _Read) -> str:
    """Which version holds instead, of a document of which one is in force at a time."""
    kind, begun = read.document.kind, read.document.front.effective_from <= read.on
    current = read.expectations.in_force(kind, read.on) if begun and kind not in PER_PERSON else None
    if current is None or current == read.document:
        return ""
    said = f"{current.front.title}, since {style.day(current.front.effective_from)}"
    # as the quotas are read: a newer version restates only the goals it names
    return f"{said}, in the goals it names" if kind == "sales_goals" else said


def _acknowledged(folder: Path, read: _Read) -> Html:
    """Of everybody who is asked: when they did what, for this version."""
    rows = Acknowledgements.load(folder, read.client, read.expectations).rows
    told = []
    for rep in read.client.reps:
        there = rep.ends_on is None or read.on < rep.ends_on
        if owes(read.document, rep) and there:
            holds = read.expectations.for_rep(read.document.kind, rep, read.on) == read.document
            own = next((row for row in rows if row.rep == rep.id and row.is_of(read.document)), None)
            days = {
                f"{step}_on": own.day(step) if own else None for step in ("read", "reviewed", "reinforced")
            }
            if own or holds or read.document.front.effective_from > read.on:
                told.append({"name": rep.name or rep.id, **days})
    return tables.acknowledged_table(told)


def _header(read: _Read) -> Html:
    kind = read.document.kind.replace("_", " ").capitalize()
    return tag(
        "header",
        tag("p", client_text(read.client.name), class_="eyebrow"),
        tag("h1", client_text(read.document.front.title)),
        tag("p", join(_sub(read, kind)), class_="sub"),
        class_="top",
    )


def _sub(read: _Read, kind: str) -> Iterator[object]:
    yield kind
    if not read.document.front.is_draft:
        yield f" · effective {style.day(read.document.front.effective_from)}"
    yield f" · version {read.document.version}"


def _reader(read: _Read) -> str:
    """Id of the rep who reads it: as said, or the one it is for."""
    applies_to = read.document.audience
    return read.rep.id if read.rep else applies_to[0] if len(applies_to) == 1 else ""


def _foot(read: _Read, read_by: ReadBy) -> list[str]:
    who = "the sales manager" if read_by == "manager" else None
    who = who or style.plain(read.client.rep_names().get(_reader(read), "") or "everybody it is for")
    return [
        f"Made for {who}",
        style.plain(read.client.name),
        style.day(read.on),
        f"version {read.document.version}",
    ]


# --- the whole trail of a rep


def share_trail(home: Path, slug: str, rep: str, on: date) -> Shared:
    """Everything on record of one rep until a day, in order of time: for the rep, the manager and the owner.

    Parameters
    ----------
    home : pathlib.Path
        Folder of all clients.
    slug, rep : str
    on : datetime.date
        What is dated later is not in it.

    Raises
    ------
    UsageError
        No such client.
    ClientError, DocumentError, HistoryError
        A file has faults; nobody knows the rep.
    """
    trail = open_trail(slug, rep, on, home)
    sections = [
        ("In short", tables.trail_summary(trail.summary)),
        *tables.trail_months(trail.lines),
        (f"The company’s own part, on {style.day(trail.part_on)}", tables.trail_part(trail.company_part)),
        ("What is not in it", tables.trail_limits()),
    ]
    name = f"{slug}-trail-{file_name(rep)}.html"
    html = sheet(
        f"The trail of {style.plain(trail.name)}",
        _trail_header(trail),
        sections,
        foot=_trail_foot(trail),
        name=name,
        places=places_of(Path(home)),
    )
    return Shared(name, html)


def _trail_header(trail: Trail) -> Html:
    first = trail.lines["on"].min() if len(trail.lines) else trail.on
    return tag(
        "header",
        tag("p", client_text(trail.client_name), class_="eyebrow"),
        tag("h1", "The trail of ", client_text(trail.name)),
        tag("p", f"{style.days(first, trail.on)} · {len(trail.lines)} lines, oldest first", class_="sub"),
        class_="top",
    )


def _trail_foot(trail: Trail) -> list[str]:
    readers = ", ".join(style.plain(one) for one in (trail.name, trail.manager))
    return [
        f"Made for {readers} and {style.plain(trail.owner)}",
        style.plain(trail.client_name),
        style.day(trail.on),
    ]

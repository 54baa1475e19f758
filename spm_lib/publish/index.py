"""reports/index.html: every client and week for the firm. It never goes to a client.

The list is read off the disk each time: the reports that stand, and the reasons kept of those that failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from spm_lib import style
from spm_lib.client import check_slug, list_clients, load_client
from spm_lib.errors import SpmError, UsageError
from spm_lib.fragment import Html, client_text, details, join, stylesheet_text, tag
from spm_lib.periods import week as week_period
from spm_lib.publish.failure import as_refusal, reasons
from spm_lib.publish.firm import FOLDER, FirmRun, read_firm
from spm_lib.publish.machine import places_of
from spm_lib.publish.manifest import Published, Run, read_run
from spm_lib.publish.place import RUNS, locked, write
from spm_lib.publish.proof import proofread

NAME = "index.html"
_TEMPLATES = Path(__file__).resolve().parent / "template"
_FILE = re.compile(r"[a-z0-9_-]+(/[a-z0-9-]+)?\.html")
#: How long to wait for another process that writes the list, in seconds.
_WAIT = 30.0


@dataclass(frozen=True)
class _Listed:
    """A client as the list shows it.

    Attributes
    ----------
    slug, name : str
    runs : dict of str to Run
        Week -> its report; latest first.
    unreadable : tuple of str
        Weeks whose report has no manifest that can be read.
    failed : dict of str
        Week -> why its last run failed; latest first.
    """

    slug: str
    name: str
    runs: dict[str, Run]
    unreadable: tuple[str, ...]
    failed: dict[str, str]

    @property
    def latest(self) -> str:
        """The last week with a report; empty when there is none."""
        return next(iter(self.runs), "")


def write_index(reports: Path, home: Path | None = None) -> bool:
    """Write the list of all reports, unless it already says the same.

    Parameters
    ----------
    reports : pathlib.Path
        Folder of all reports.
    home : pathlib.Path, optional
        Folder of all clients; those without a report are listed too.

    Returns
    -------
    bool
        Whether the file changed.

    Raises
    ------
    PublishError
        The list holds what no page may hold, or another process does not stop writing it.
    """
    try:
        with locked(reports / RUNS / "index.lock", _WAIT, NAME):
            return _write(Path(reports), home)
    except OSError as problem:
        raise as_refusal(problem) from problem


def _write(reports: Path, home: Path | None) -> bool:
    listed = _listed(reports, home)
    firm = read_firm(reports)
    html = _page(reports, listed, firm)
    proofread(
        html,
        name=NAME,
        places=places_of(reports, *([home] if home else [])),
        links={_address(run, page) for one in listed for run in one.runs.values() for page in run.pages}
        | {_firm_address(one) for one in firm},
    )
    try:
        if (reports / NAME).read_bytes() == html.encode():
            return False
    except FileNotFoundError:
        pass
    write(reports / NAME, html)
    return True


def _listed(reports: Path, home: Path | None) -> list[_Listed]:
    """Every client known to the home, the reports or the failures, by name."""
    known = set(list_clients(home)) if home else set()
    slugs = set(known)
    for folder in (reports, reports / RUNS):
        slugs |= {path.name for path in folder.glob("*") if path.is_dir() and _is(check_slug, path.name)}
    listed = [_client(reports, slug, home) for slug in slugs]
    shown = [one for one in listed if one.runs or one.unreadable or one.failed or one.slug in known]
    return sorted(shown, key=lambda one: (one.name.casefold(), one.slug))


def _client(reports: Path, slug: str, home: Path | None) -> _Listed:
    runs: dict[str, Run] = {}
    unreadable = []
    for folder in sorted((reports / slug).glob("*"), reverse=True):
        if not folder.is_dir() or not _is(week_period, folder.name):
            continue
        run = read_run(folder)
        if run is not None and (run.client, run.week) == (slug, folder.name):
            runs[folder.name] = run
        else:
            unreadable.append(folder.name)
    failed = {week: why for week, why in reasons(reports, slug).items() if _is(week_period, week)}
    latest_first = dict(sorted(failed.items(), reverse=True))
    return _Listed(slug, _name(slug, home, runs), runs, tuple(unreadable), latest_first)


def _name(slug: str, home: Path | None, runs: Mapping[str, Run]) -> str:
    """The client's name today; as last published, or the slug, where client.yaml does not tell it."""
    if home:
        try:
            return load_client(home, slug).name
        except (SpmError, OSError):
            pass
    return next((run.name for run in runs.values()), slug)


def _is(check: Callable[[str], object], name: str) -> bool:
    """Whether a name passes a check that refuses wrong ones."""
    try:
        check(name)
    except UsageError:
        return False
    return True


def _page(reports: Path, listed: Sequence[_Listed], firm: Sequence[FirmRun]) -> str:
    template = Environment(  # noqa: S701 the skeleton escapes, and what it is given is made of escaped tags
        loader=FileSystemLoader(_TEMPLATES), keep_trailing_newline=True
    ).get_template("reports.html.j2")
    newest = max((one.latest for one in listed), default="")
    count = f"{len(listed)} client{'s' * (len(listed) != 1)}"
    header = tag(
        "header",
        tag("p", "For the firm only", class_="eyebrow"),
        tag("h1", "Reports"),
        tag(
            "p",
            f"{count} · latest week {newest}" if newest else f"{count} · nothing published yet",
            class_="sub",
        ),
        tag("p", *_of_the_firm(firm)) if firm else None,
        class_="top",
    )
    broken = reasons(reports, FOLDER)
    main = join([_attention(listed, newest, broken), *(_section(reports, one) for one in listed)])
    foot = "Made for the firm · never sent to a client"
    page = template.render(title="Reports", style=stylesheet_text(), header=header, main=main, foot=foot)
    return page.rstrip() + "\n"


def _of_the_firm(firm: Sequence[FirmRun]) -> Iterator[Html]:
    for n, one in enumerate(firm):
        yield join([" · " if n else None, tag("a", f"{one.title}, {one.week}", href=_firm_address(one))])


def _firm_address(one: FirmRun) -> str:
    return f"{one.page}.html"


def _attention(listed: Sequence[_Listed], newest: str, broken: Mapping[str, str]) -> Html:
    """What needs a hand: failed runs, and clients without a report of the newest week."""
    failed = [(one, week) for one in listed for week in one.failed]
    behind = [one for one in listed if one.latest != newest and newest not in one.failed]
    lines = []
    if failed:
        said = f"{len(failed)} run{'s' * (len(failed) != 1)} failed: "
        lines.append(tag("p", said, *_linked([(one, f", {week}") for one, week in failed]), "."))
    if behind:
        lines.append(tag("p", f"Not published for {newest}: ", *_linked([(one, "") for one in behind]), "."))
    for page, why in broken.items():
        # a link would promise what the reason takes back: the page may stand from an earlier run
        lines.append(_failure(page.replace("_", " ").capitalize(), why, stands=False))
    if not newest:
        lines.append(tag("p", "Nothing is published yet." if listed else "There is no client yet."))
    title = "What needs a hand" if lines else "Every client has its report."
    return tag("section", tag("h2", title), *lines, class_="decide" if failed or broken else "decide calm")


def _linked(named: Sequence[tuple[_Listed, str]]) -> Iterator[Html]:
    for position, (one, more) in enumerate(named):
        link = tag("a", client_text(one.name), more, href=f"#{one.slug}")
        yield join(["; " if position else None, link])


def _section(reports: Path, one: _Listed) -> Html:
    latest = one.runs.get(one.latest)
    earlier = [run for week, run in one.runs.items() if week != one.latest]
    column = [
        _report(reports, latest) if latest else tag("p", "No report yet."),
        *(_failure(week, why, stands=week in one.runs) for week, why in one.failed.items()),
        *(tag("p", f"{week}: the report cannot be read; publish it again.") for week in one.unreadable),
        _earlier(reports, earlier) if earlier else None,
    ]
    return tag(
        "section",
        tag("h2", client_text(one.name)),
        tag("div", *column, class_="col"),
        tag("div", *_note(latest), class_="note") if latest else None,
        class_="fig",
        id=one.slug,
    )


def _report(reports: Path, run: Run) -> Html:
    """A report's heading and pages."""
    rows = [
        tag("li", tag("span", _link(run, page)), tag("span", f"For {page.audience}"))
        for page in _pages(reports, run)
        if not page.rep
    ]
    sheets = [page for page in _pages(reports, run) if page.rep]
    shown = tag("ul", *rows, class_="rows") if rows else None
    none = tag("p", "It has no page left; publish it again.") if not rows and not sheets else None
    return join([tag("h3", f"Week {_number(run.week)}, {run.days}"), shown, none, _sheets(run, sheets)])


def _sheets(run: Run, sheets: Sequence[Published]) -> Html | None:
    """The pages that are made for one rep each, to be opened."""
    if not sheets:
        return None
    rows = [
        tag("li", tag("span", _link(run, page)), tag("span", "For ", client_text(page.audience)))
        for page in sheets
    ]
    return details(
        _count(len(sheets), "sheet for one rep", "sheets for one rep each"), tag("ul", *rows, class_="rows")
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _note(run: Run) -> Iterator[Html]:
    """How old the data are, and what was noticed."""
    yield tag("p", _age(run))
    if run.findings:
        count = f"{len(run.findings)} thing{'s' * (len(run.findings) != 1)} noticed"
        items = (tag("li", client_text(one)) for one in run.findings)
        yield details(count, tag("ul", *items, class_="sentences"))


def _age(run: Run) -> str:
    if run.exports_until is None:
        return "No export behind it."
    until = f"Exports until {style.day(run.exports_until)}"
    age = run.exports_age_days
    if not age:
        return f"{until}, the end of the week."
    days = f"{abs(age)} day{'s' * (abs(age) != 1)}"
    return f"{until}, {days} {'before' if age > 0 else 'after'} the end of the week."


def _failure(week: str, why: str, *, stands: bool) -> Html:
    first, *rest = why.strip().splitlines() or ["no reason was kept"]
    kept = " The report of an earlier run stands." if stands else ""
    lines = [join([tag("br") if n else None, client_text(line)]) for n, line in enumerate(rest)]
    said = tag("p", tag("b", f"{week} failed: "), client_text(first.rstrip(".")), f".{kept}")
    return join([said, tag("p", *lines, class_="small quiet") if lines else None])


def _earlier(reports: Path, runs: Sequence[Run]) -> Html:
    rows = []
    for run in runs:
        pages = _pages(reports, run)
        alone = [page for page in pages if not page.rep]
        links = [join([" · " if n else None, _link(run, page)]) for n, page in enumerate(alone)]
        rows.append(
            tag("li", tag("span", run.days), tag("span", run.week, class_="quiet"), tag("span", *links))
        )
        if sheets := _sheets(run, [page for page in pages if page.rep]):
            rows.append(tag("li", tag("div", sheets)))
    count = f"{len(runs)} earlier week{'s' * (len(runs) != 1)}"
    return details(count, tag("ul", *rows, class_="rows"))


def _link(run: Run, page: Published) -> Html:
    unseen = tag("span", ", ", client_text(run.name), f", {run.week}", class_="unseen")
    return tag("a", client_text(page.title) if page.rep else page.title, unseen, href=_address(run, page))


def _address(run: Run, page: Published) -> str:
    return f"{run.client}/{run.week}/{page.file}"


def _pages(reports: Path, run: Run) -> list[Published]:
    """The pages of a report that are there."""
    folder = reports / run.client / run.week
    return [page for page in run.pages if _FILE.fullmatch(page.file) and (folder / page.file).is_file()]


def _number(week: str) -> str:
    return week.partition("-W")[2].lstrip("0")

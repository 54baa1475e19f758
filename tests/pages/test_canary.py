"""Nobody reads on a page what is not for them: every person and client is marked, every page is searched.

Two demo clients are written anew with a mark in everything that could give something away: names, ids and
addresses of reps, opportunities and accounts, commitments, coaching, plans, pay, private notes. Every page
that is published is then searched for the marks its audience may not see: in text, attributes, comments,
styles, data URIs, and in the names of the files. A page added to `PAGES` is searched without a line here.
"""

from __future__ import annotations

import base64
import csv
import html as markup
import io
import json
import re
import shutil
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
import yaml

from spm_lib.ingest import ingest
from spm_lib.publish import PAGES, publish_firm, publish_week
from spm_lib.publish.pages import NOTEBOOKS, OWNER, REP, Page, on_the_team
from spm_lib.publish.run import Outcome
from spm_lib.view import Source
from tests.pages.conftest import WEEK

OWN, OTHER = "alder-heating", "brightwater-dental"

#: What a page's audience may see of its own client; a rep's page only what is that rep's or nobody's.
#: What is not listed, and everything of another client, must not be there.
MAY_SEE = {
    "manager": {
        *("client", "name", "id", "email", "opportunity", "account", "commitment", "shared", "owner_note"),
        *("one_on_one", "improvement", "plan", "pay", "private", "belief"),
    },
    "team": {"client", "name", "id", "opportunity", "account", "shared"},
    "rep": {
        *("client", "name", "id", "opportunity", "account", "shared", "one_on_one", "improvement", "plan"),
        "pay",
    },
    # an improvement plan is read by the owner too, and with it what was agreed in its meetings
    "owner": {"client", "name", "id", "opportunity", "account", "shared", "owner_note", "improvement"},
    "firm": {"client", "name", "id"},
}
#: Read by the firm alone, which has every client.
OF_ALL_CLIENTS = {"firm"}

#: A mark: client, kind, and the rep it belongs to; letters only, so that nothing cuts it in two.
_MARK = re.compile(r"qx([a-z]+)xx([a-z]+)xx([a-z]*)xq")
_KINDS = {"ownernote": "owner_note", "oneonone": "one_on_one"}
_SPELLED = {kind: spelled for spelled, kind in _KINDS.items()}
#: Keys whose words are no prose: they say when, who or how often.
_NOT_PROSE = frozenset({"attendees", "guests", "review_every", "applies_to", "acknowledged_by", "reports_to"})


@dataclass(frozen=True)
class Mark:
    """Something that gives a person or a client away."""

    client: str
    kind: str
    rep: str = ""

    def __str__(self) -> str:
        spelled = _SPELLED.get(self.kind, self.kind)
        return f"qx{self.client}xx{spelled}xx{self.rep}xq"


def marks_in(text: str) -> set[Mark]:
    """Every mark in a text, however it is written."""
    found = _MARK.findall(text.casefold())
    return {Mark(client, _KINDS.get(kind, kind), rep) for client, kind, rep in found}


# --- the search


def readings(page: str) -> Iterator[str]:
    """A page as it can be read: as bytes, decoded, without its tags, and what its data URIs hold."""
    seen: set[str] = set()
    waiting = [page]
    while waiting:
        text = waiting.pop()
        if text in seen:
            continue
        seen.add(text)
        yield text
        waiting += [markup.unescape(text), urllib.parse.unquote(text)]
        waiting.append(re.sub(r"<[^>]*>", "", text))
        waiting.append(re.sub("[\u00ad\u200b-\u200f\u2060-\u2069]", "", text))
        for packed in re.findall(r"base64,\s*([A-Za-z0-9+/=\s_-]+)", text):
            letters = re.sub(r"[\s=]", "", packed).replace("-", "+").replace("_", "/")
            content = base64.b64decode(letters + "=" * (-len(letters) % 4))
            waiting.append(content.decode("utf-8", "replace"))


def leaks(page: str, file: str, reader: str, client: str, rep: str = "") -> set[Mark]:
    """The marks on a page, or in the name of its file, that its reader may not see."""
    found = marks_in(urllib.parse.unquote(file))
    for text in readings(page):
        found |= marks_in(text)
    return {mark for mark in found if not _may_see(mark, reader, client, rep)}


def _may_see(mark: Mark, reader: str, client: str, rep: str) -> bool:
    if mark.client != client and reader not in OF_ALL_CLIENTS:
        return False
    if reader == "rep" and mark.rep not in ("", rep):
        return False
    return mark.kind in MAY_SEE[reader]


# --- the clients


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


@dataclass(frozen=True)
class Team:
    """A client's marks: `client` is the short name in them, the reps' are their ids in letters."""

    slug: str
    client: str
    reps: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, folder: Path) -> Team:
        facts = yaml.safe_load((folder / "client.yaml").read_text())
        return cls(folder.name, _letters(folder.name), tuple(facts["reps"]))

    def mark(self, kind: str, rep: str = "") -> str:
        return str(Mark(self.client, kind, rep))

    def marked_id(self, rep: dict[str, Any]) -> str:
        return f"{rep['id']}-{self.mark('id', _letters(rep['id']))}"

    def words(self) -> dict[str, str]:
        """Every way the files name a rep -> the same with a mark; longest first."""
        found = {}
        for rep in self.reps:
            key = _letters(rep["id"])
            first, _, last = rep["name"].partition(" ")
            found[rep["name"]] = f"{first} {self.mark('name', key)} {last}"
            found[rep["id"]] = self.marked_id(rep)
            for spelling in rep.get("known_as", []):
                if "@" in spelling:
                    found[spelling] = f"{self.mark('email', key)}.{spelling}"
            found[first] = f"{first}{self.mark('name', key)}"
        return dict(sorted(found.items(), key=lambda one: -len(one[0])))


def mark_client(source: Path, folder: Path) -> Team:
    """Copy a demo client without its history, and mark everything that could give something away."""
    team = Team.of(source)
    words = team.words()
    pattern = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in words))
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if not path.is_file() or inside.parts[0] in ("history", "quarantine") or _is_old(inside):
            continue
        renamed = [_renamed(part, team) for part in inside.parts]
        target = folder.joinpath(*renamed)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = pattern.sub(lambda found: words[found[0]], path.read_text(encoding="utf-8-sig"))
        target.write_text(_marked(path, inside, text, team), encoding="utf-8")
    return team


def _is_old(inside: Path) -> bool:
    """An export of more than a few weeks ago: the search needs what a page shows, not all of the past."""
    found = re.search(r"\d{4}-\d{2}-\d{2}", inside.as_posix())
    return inside.parts[0] == "inbox" and found is not None and found[0] < "2026-10-15"


def _renamed(part: str, team: Team) -> str:
    for rep in team.reps:
        part = part.replace(rep["id"], team.marked_id(rep))
    return part


def _marked(path: Path, inside: Path, text: str, team: Team) -> str:
    match inside.parts[0]:
        case "client.yaml":
            return re.sub(r"(?m)^name: (.*)$", rf"name: \1 {team.mark('client')}", text)
        case "inbox":
            return _export(path, text, team)
        case "meetings" | "expectations" | "improvement":
            return _document(text, inside, team)
        case "supplied.csv":
            return _ledger(text, team)
    return text


def _ledger(text: str, team: Team) -> str:
    """What was supplied: a resource marked as the plan that promises it."""
    lines = []
    for line in text.splitlines():
        rep, kind, what, *days = line.split(",")
        mark = f"{team.mark('plan', _letters(rep.partition('-qx')[0]))} " if kind == "resource" else ""
        lines.append(",".join([rep, kind, f"{mark}{what}", *days]))
    return "\n".join(lines) + "\n"


def _export(path: Path, text: str, team: Team) -> str:
    """An export of opportunities or accounts: each marked with the rep who holds it."""
    words = team.words()
    by_name = {words[rep["name"]]: _letters(rep["id"]) for rep in team.reps}
    if "deals" in path.name:
        kinds, owner, owners = (
            {"Deal Name": "opportunity", "Associated Company": "account"},
            "Deal owner",
            by_name,
        )
    elif path.name in ("Opportunity.csv", "Account.csv"):
        kinds, owner = {"Name": path.stem.lower()}, "OwnerId"
        users = csv.DictReader(io.StringIO((path.parent / "User.csv").read_text(encoding="utf-8-sig")))
        owners = {row["Id"]: by_name.get(words.get(row["Name"], ""), "") for row in users}
    else:
        return text
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        for column, kind in kinds.items():
            row[column] = f"{team.mark(kind, owners.get(row[owner], ''))} {row[column]}"
    written = io.StringIO()
    writer = csv.DictWriter(written, rows[0].keys(), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def _document(text: str, inside: Path, team: Team) -> str:
    """A meeting, document or plan: its prose marked with what it is and with whom."""
    _, matter, prose = text.split("---\n", 2)
    facts = yaml.safe_load(matter)
    rep = next((_letters(one["id"]) for one in team.reps if one["id"] in inside.name), "")
    kind = _kind(inside, facts)
    marked = _with_marks(facts, team.mark(kind, rep))
    if inside.parts[0] == "meetings":
        # every meeting has notes for the manager alone
        checked = f"{team.mark('belief', rep)} {(facts.get('belief') or {}).get('checked', 'leads')}"
        marked["belief"] = {"lost_faith": True, "checked": checked}
        marked["private"] = f"{team.mark('private', rep)} {facts.get('private', 'a note')}"
    said = yaml.safe_dump(marked, allow_unicode=True, sort_keys=False)
    return f"---\n{said}---\n\n{team.mark(kind, rep)} {prose.strip()}\n"


def _kind(inside: Path, facts: dict[str, Any]) -> str:
    if inside.parts[0] == "improvement":
        return "improvement"
    if inside.parts[0] == "meetings":
        kinds = {"team": "shared", "owner": "owner_note"}
        return str(kinds.get(facts["kind"], facts["kind"]))
    return {"individual_plan": "plan", "compensation_plan": "pay"}.get(facts["document"], "shared")


def _with_marks(facts: Any, mark: str, key: str = "") -> Any:
    """The same with the mark before whatever is prose, which has a space in it."""
    if isinstance(facts, dict):
        return {name: _with_marks(value, mark, name) for name, value in facts.items()}
    if isinstance(facts, list):
        return [_with_marks(value, mark, key) for value in facts]
    is_prose = isinstance(facts, str) and " " in facts and key not in _NOT_PROSE
    return f"{mark} {facts}" if is_prose else facts


# --- published


@dataclass(frozen=True)
class Marked:
    """Two marked clients, and where their reports are."""

    home: Path
    reports: Path
    teams: dict[str, Team]

    def pages(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Client, HTML and manifest entry of every page published."""
        for slug in self.teams:
            report = self.reports / slug / WEEK
            for page in json.loads((report / "run.json").read_text())["pages"]:
                yield slug, (report / page["file"]).read_text(encoding="utf-8"), page

    def leaks(self, slug: str, html: str, page: dict[str, Any]) -> set[Mark]:
        """What a page gives away."""
        rep = _letters(page["rep"].partition("-qx")[0])
        return leaks(html, page["file"], page["reader"], self.teams[slug].client, rep)


def publish(home: Path, slug: str, reports: Path, **given: Any) -> Outcome:
    """A published week, or the reason as a failure."""
    outcome = publish_week(home, slug, WEEK, reports=reports, **given)
    assert outcome.error is None, outcome.error
    return outcome


@pytest.fixture(scope="module")
def marked(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Marked:
    """The marked clients, published once. Only to be read."""
    folder = tmp_path_factory.mktemp("canary")
    home, reports = folder / "data", folder / "reports"
    teams = {}
    for slug in (OWN, OTHER):
        teams[slug] = mark_client(demo_home / slug, home / slug)
        results = ingest(home, slug, [home / slug / "inbox"], ingested_at=pd.Timestamp("2026-11-16T12:00Z"))
        assert not [drop for drop in results if drop.failed]
        publish(home, slug, reports)
    return Marked(home, reports, teams)


def test_no_page_tells_its_reader_what_is_not_for_them(marked: Marked) -> None:
    found = {f"{slug}/{page['file']}": marked.leaks(slug, html, page) for slug, html, page in marked.pages()}
    assert {file: sorted(map(str, told)) for file, told in found.items() if told} == {}
    # every page was searched, and nothing else lies where pages lie
    written = {path.relative_to(marked.reports).as_posix() for path in marked.reports.rglob("*.html")}
    assert {file.replace("/", f"/{WEEK}/", 1) for file in found} == written
    assert {page["page"] for _, _, page in marked.pages()} <= {page.name for page in PAGES}


def test_no_page_of_the_firm_tells_what_is_not_for_it(marked: Marked) -> None:
    for outcome in publish_firm(marked.reports):
        assert outcome.error is None, outcome.error
        assert outcome.folder is not None
        html = outcome.folder.read_text(encoding="utf-8")
        assert leaks(html, outcome.folder.name, "firm", "") == set()
        assert {Mark(team.client, "client") for team in marked.teams.values()} <= marks_in(html)
        outcome.folder.unlink()  # the reports are as the other tests expect them


def test_everything_that_could_leak_is_there_to_leak(marked: Marked) -> None:
    """A mark that reached neither the history nor the files would be found on no page, whatever it showed."""
    for slug, team in marked.teams.items():
        folder = marked.home / slug
        written = {mark for path in folder.rglob("*.md") for mark in marks_in(path.read_text())}
        written |= marks_in((folder / "client.yaml").read_text())
        for rep in team.reps:
            key = _letters(rep["id"])
            kinds = {mark.kind for mark in written if mark.rep == key}
            assert kinds >= {"name", "id", "one_on_one", "private", "belief"}
            assert rep.get("starts_on") or "plan" in kinds
        assert {mark.kind for mark in written if not mark.rep} >= {"client", "pay", "shared", "owner_note"}
        held = Source.open(marked.home, slug).snapshot(pd.Timestamp("2026-11-16T12:00Z")).opportunities
        known = {mark for name in held["name"].dropna() for mark in marks_in(name)}
        assert {mark.kind for mark in known} == {"opportunity"}
        # who began this autumn holds something as well
        assert {mark.rep for mark in known} >= {_letters(rep["id"]) for rep in team.reps}


def test_the_marks_do_reach_the_pages_that_may_show_them(marked: Marked) -> None:
    review = (marked.reports / OWN / WEEK / "weekly_review.html").read_text(encoding="utf-8")
    shown = marks_in(review)
    assert {mark.kind for mark in shown} >= {"client", "name", "opportunity"}
    team = marked.teams[OWN]
    assert {mark.rep for mark in shown if mark.kind == "name"} == {_letters(rep["id"]) for rep in team.reps}


# --- the search itself sees what it should

SECRET = Mark("alderheating", "private", "devonprice")
HIDDEN = {
    "text": "<p>{mark}</p>",
    "shouted": "<p>{upper}</p>",
    "an attribute": '<p title="{mark}">x</p>',
    "a label": '<svg aria-label="{mark}"></svg>',
    "a figure's words": "<svg><text>{mark}</text></svg>",
    "a figure's title": "<svg><title>{mark}</title></svg>",
    "a figure's data": "<svg><metadata>{mark}</metadata></svg>",
    "a comment": "<!-- {mark} -->",
    "a style": "<style>/* {mark} */</style>",
    "metadata": '<meta name="keywords" content="{mark}">',
    "an id": '<p id="{mark}"></p>',
    "an address": '<a href="#{percent}">x</a>',
    "entities": "<p>{entities}</p>",
    "entities in an attribute": '<p data-x="{entities}"></p>',
    "a word cut by tags": "<p>{first}<b>{second}</b></p>",
    "a word cut in a figure": "<svg><text><tspan>{first}</tspan><tspan>{second}</tspan></text></svg>",
    "a word with soft hyphens": "<p>{first}\u00ad{second}</p>",
    "a word with soft hyphens as entities": "<p>{first}&shy;{second}</p>",
    "a word with a break": "<p>{first}<wbr>{second}</p>",
    "a picture": '<img src="data:image/svg+xml;base64,{base64}">',
    "a picture without padding": '<img src="data:image/svg+xml;base64,{unpadded}">',
    "a picture in a picture": '<img src="data:image/svg+xml;base64,{twice}">',
    "a plain data address": '<img src="data:image/svg+xml,%3Ctext%3E{percent}%3C/text%3E">',
}


def hidden(pattern: str, mark: Mark) -> str:
    """A page that holds a mark in some way."""
    text = str(mark)
    packed = base64.b64encode(f"<svg><text>{text}</text></svg>".encode()).decode()
    inner = f'<svg><image href="data:image/svg+xml;base64,{packed}"/></svg>'
    return "<html><body>" + pattern.format(
        mark=text,
        upper=text.upper(),
        percent="".join(f"%{ord(sign):02x}" for sign in text),
        entities="".join(f"&#x{ord(sign):x};" for sign in text),
        first=text[:9],
        second=text[9:],
        base64=packed,
        unpadded=packed.rstrip("="),
        twice=base64.b64encode(inner.encode()).decode(),
    )


@pytest.mark.parametrize("pattern", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_leak_is_found_wherever_it_hides(pattern: str) -> None:
    page = hidden(pattern, SECRET)
    assert leaks(page, "x.html", "rep", "alderheating", "devonprice") == {SECRET}
    assert leaks(page, "x.html", "manager", "alderheating") == set()


def test_a_leak_in_the_name_of_a_file_is_found() -> None:
    mark = Mark("alderheating", "id", "devonprice")
    assert leaks("<p>", f"one_on_one/{mark}.html", "rep", "alderheating", "gracehorn") == {mark}
    assert leaks("<p>", f"one_on_one/{mark}.html", "rep", "alderheating", "devonprice") == set()


@pytest.mark.parametrize("reader", MAY_SEE)
def test_each_audience_is_refused_what_is_not_its_own(reader: str) -> None:
    kinds = {kind for kinds in MAY_SEE.values() for kind in kinds}
    seen = {kind for kind in kinds if not _may_see(Mark("own", kind, "ana"), reader, "own", "ana")}
    assert seen == kinds - MAY_SEE[reader]
    if reader != "manager":
        assert {"private", "belief", "email"} <= seen
    others = {kind for kind in kinds if _may_see(Mark("own", kind, "ben"), reader, "own", "ana")}
    assert others == (set() if reader == "rep" else MAY_SEE[reader])
    strangers = {kind for kind in kinds if _may_see(Mark("other", kind, "cy"), reader, "own", "ana")}
    assert strangers == (MAY_SEE["firm"] if reader == "firm" else set())


LEAKY = {
    "a rep's sheet with another rep's meeting": (
        Page("leaky", "Leaky", REP, on_the_team),
        "next(path for path in notes if 'one_on_one' in path.name and rep not in path.name)",
        "one_on_one",
    ),
    "the owner's page with a private note": (
        Page("leaky", "Leaky", OWNER),
        "next(path for path in notes if 'owner' in path.name)",
        "private",
    ),
}


@pytest.mark.parametrize("leaky", LEAKY.values(), ids=LEAKY.keys())
def test_a_page_that_leaks_is_caught(marked: Marked, tmp_path: Path, leaky: tuple[Page, str, str]) -> None:
    """From a notebook, through publishing, to the search."""
    page, note, kind = leaky
    declared = ["client", "week", *(["rep"] if page.reps else []), "home", "keep"]
    cells = [
        "\n".join(f'{name} = ""' for name in declared),
        "from pathlib import Path\nfrom spm_lib.fragment import Fragment, client_text, tag",
        "notes = sorted(Path(home, client, 'meetings').glob('*.md'))",
        f"Fragment(tag('p', client_text({note}.read_text())), 'words')",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.cells[0].metadata["tags"] = ["parameters"]
    notebooks = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, notebooks)
    nbformat.write(made, notebooks / "leaky.ipynb")
    publish(marked.home, OWN, tmp_path / "reports", notebooks=notebooks, pages=(page,))
    elsewhere = Marked(marked.home, tmp_path / "reports", {OWN: marked.teams[OWN]})
    told = [elsewhere.leaks(*one) for one in elsewhere.pages()]
    assert told
    assert all(kind in {mark.kind for mark in found} for found in told)

"""A page per rep: a copy for everybody it is for, each with its own file, notebook and tables."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest

from spm_lib.client import Client, Rep
from spm_lib.errors import PublishError, UsageError
from spm_lib.publish import reasons, write_index
from spm_lib.publish.copies import copies_of, file_name
from spm_lib.publish.pages import REP, Page, on_the_team, with_a_plan
from tests.meetings.improvement_made import filled, write
from tests.publish.small import KEEPING, TWO, Markup, files_of, notebook, write_notebooks

DECLARES = 'client: str = "x"\nweek: str = "2026-W01"\nrep: str = "r"\nhome: str = ""\nkeep: str = ""'
ONE_ON_ONE = Page("one_on_one", "One-on-one", REP, on_the_team)
PLAN = Page("improvement_plan", "Improvement plan", REP, with_a_plan)
EVERY = (*TWO, ONE_ON_ONE)
TEAM = """\
reps:
  - {id: ana, name: Ana Lopez}
  - {id: Jörg/..}
  - {id: kim, name: Kim, role: manager}
  - {id: left, ends_on: 2026-11-15}
  - {id: last, ends_on: 2026-11-16}
  - {id: next, starts_on: 2026-11-16}
"""
JORG = file_name("Jörg/..")
#: Week 46 of 2026 ends on Sunday 15 November: who left that day is gone, who leaves the next is there.
SHEETS = ["one_on_one/ana", f"one_on_one/{JORG}", "one_on_one/last"]


@pytest.fixture
def team(room):
    """The room with a team and a page per rep."""
    facts = room.home / "acme" / "client.yaml"
    facts.write_text(facts.read_text() + TEAM, encoding="utf-8")
    sheet = notebook(
        "# One-on-one",
        "import json\nfrom pathlib import Path",
        KEEPING.replace('"ana", "ben"', "rep, rep"),
        "from spm_lib.fragment import Fragment, client_text, tag",
        'Fragment(tag("p", "For ", client_text(rep)), "words")',
        declares=DECLARES,
    )
    write_notebooks(room.notebooks, one_on_one=sheet, improvement_plan=sheet)
    everything = room.publish
    room.publish = lambda **given: everything(**{"pages": EVERY, **given})
    return room


def run_of(room):
    return json.loads((room.report / "run.json").read_text(encoding="utf-8"))


def sheets_of(room):
    return [page["name"] for page in run_of(room)["pages"] if page["rep"]]


# --- names of files


@pytest.mark.parametrize("rep", ["ana", "devon-price", "7", "x" * 40, "rep-12"])
def test_an_id_that_is_a_good_file_name_is_its_own(rep):
    assert file_name(rep) == rep


AWKWARD = [
    *(
        "Ana",
        "ANA",
        "ana ",
        "a b",
        "Jörg",
        "Jo\u0308rg",
        "jorg!",
        "..",
        ".",
        "/",
        "../../etc/passwd",
        "a/b",
        "a\\b",
    ),
    *(
        "CON",
        "con",
        "nul",
        "com1",
        "李",
        "李雷",
        "\x00",
        "a\nb",
        "-",
        "-a",
        "a--b",
        "a_b",
        "x" * 300,
        "\u202eana",
    ),
    *("ana.lopez@x.example", "<img src=x>", "\udcff", "ana-0123456789", "index.html", "~", "*", "ana?"),
]


@pytest.mark.parametrize("rep", AWKWARD)
def test_any_other_id_is_spelled_safely_and_always_the_same(rep):
    name = file_name(rep)
    assert name == file_name(rep) != rep
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name[0] != "-"
    assert name[-11] == "-"
    assert len(name) <= 51


def test_no_two_ids_share_a_file():
    good = ["ana", "jorg", "a-b", "con-1", "rep"]
    once_spelled = [file_name(rep) for rep in AWKWARD]
    # whoever takes a spelled name as an id still gets another one
    every = [*good, *AWKWARD, *once_spelled]
    assert len({file_name(rep) for rep in every}) == len(set(every))


def test_a_spelled_name_can_be_read():
    assert file_name("Jörg Müller").startswith("jorg-muller-")
    assert file_name("李").startswith("rep-")


# --- which reps


def test_a_one_on_one_is_for_everybody_on_the_team_on_the_weeks_last_day(team):
    assert team.publish().error is None
    assert sheets_of(team) == SHEETS
    assert team.publish(week="2026-W45").error is None
    earlier = json.loads((team.reports / "acme" / "2026-W45" / "run.json").read_text())
    assert "one_on_one/left" in [page["name"] for page in earlier["pages"]]


def test_reps_only_the_exports_name_get_no_sheet():
    client = Client(
        name="X", currency="USD", time_zone="UTC", manager="", owner="", reps_from_exports=True,
        reps=(Rep(id="listed"),),
    )  # fmt: skip
    assert [rep.id for rep in on_the_team(None, client, date(2026, 11, 15))] == ["listed"]


@pytest.mark.parametrize(("day", "made"), [("2026-11-15", ["improvement_plan/ana"]), ("2026-11-16", [])])
def test_a_plan_is_for_who_has_one_that_has_begun(team, day, made):
    write(filled(team.home / "acme"), name=f"{day}-ana.md", starts_on=day)
    assert team.publish(pages=(PLAN,)).error is None
    assert sheets_of(team) == made


def test_a_plan_that_cannot_be_read_publishes_nothing_and_says_why(team):
    write(team.home / "acme", name="2026-11-15-ana.md", content="---\nrep: ana\n---\n")
    assert team.publish(pages=(PLAN,)).state == "failed"
    assert not team.report.exists()
    assert "2026-11-15-ana.md" in reasons(team.reports, "acme")["2026-W46"]


def test_a_page_made_twice_for_one_rep_is_refused(client, tmp_path):
    twice = Page("x", "X", REP, lambda *_: [client.reps[0], client.reps[0]])
    with pytest.raises(PublishError, match="twice") as refused:
        copies_of([twice], tmp_path, client, date(2026, 11, 15))
    assert refused.value.given == "x/ana"


# --- by real kernels


def test_each_copy_has_its_own_file_notebook_and_tables(team):
    assert team.publish().error is None
    made = set(files_of(team.report))
    for name in SHEETS:
        assert {f"{name}.html", f"notebooks/{name}.ipynb", f"tables/{name}/win_rate_by_count.parquet"} <= made
    assert set(run_of(team)["files"]) == made - {"run.json"}
    assert not [name for name in made if name.endswith(("definitions.json", "review.json"))]
    shown = (team.report / f"{SHEETS[1]}.html").read_text()
    read = Markup(shown)
    assert read.faults == []
    assert "For Jörg/.." in read.text
    assert "ana" not in read.text.replace("manager", "")
    assert "Made for Jörg/.. and the sales manager · Acme & Söhne <Ltd> · 2026-W46" in read.text
    archived = json.loads((team.report / "notebooks" / f"{SHEETS[1]}.ipynb").read_text())
    sources = ["".join(cell["source"]) for cell in archived["cells"]]
    assert "client = 'acme'\nweek = '2026-W46'\nrep = 'Jörg/..'" in sources
    table = pd.read_parquet(team.report / "tables" / SHEETS[0] / "win_rate_by_count.parquet")
    assert set(table["rep_id"]) == {"ana"}


def test_run_json_lists_every_copy_with_its_audience(team, no_kernel):
    team.publish()
    pages = {page["name"]: page for page in run_of(team)["pages"]}
    assert pages["one_on_one/ana"] == {
        "name": "one_on_one/ana",
        "title": "One-on-one, Ana Lopez",
        "audience": "Ana Lopez and the sales manager",
        "file": "one_on_one/ana.html",
        "page": "one_on_one",
        "reader": "rep",
        "rep": "ana",
    }
    assert (pages["owner_update"]["reader"], pages["owner_update"]["rep"]) == ("owner", "")
    assert set(run_of(team)["timings"]) == set(pages)


def test_two_runs_give_the_same_bytes(team):
    team.publish()
    before = files_of(team.report)
    assert team.publish(force=True).state == "published"
    after = files_of(team.report)
    assert {name for name in before if before[name] != after.get(name)} <= {"run.json"}
    assert set(after) == set(before)


# --- some copies only


def test_only_a_page_makes_all_its_copies_and_only_a_copy_that_one(team, no_kernel):
    assert team.publish(only=["one_on_one/ana"]).state == "published"
    assert no_kernel.ran == SHEETS[:1]
    assert team.publish(only=["one_on_one"]).state == "published"
    assert no_kernel.ran == SHEETS
    assert team.publish().state == "published"
    assert no_kernel.ran == [*SHEETS, "weekly_review", "owner_update"]
    assert team.publish().state == "current"


def test_a_rep_may_be_given_by_id(team, no_kernel):
    assert team.publish(only=["one_on_one/Jörg/.."]).state == "published"
    assert no_kernel.ran == [SHEETS[1]]


@pytest.mark.parametrize("asked", ["one_on_one/anna", "one_on_one/left", "one_on_one/kim", "one_on_one/../x"])
def test_a_rep_the_page_is_not_made_for_is_refused_with_those_it_is(team, no_kernel, asked):
    error = team.publish(only=[asked]).error
    assert isinstance(error, UsageError)
    assert (error.what, error.given) == ("this page is not made for that rep", asked)
    assert ", ".join(SHEETS) in error.remedy
    # the call was wrong, and nothing is wrong with the report
    assert reasons(team.reports, "acme") == {}
    assert not team.report.exists()


@pytest.mark.parametrize("asked", ["weekly_review/ana", "one_on_two", "one_on_two/ana", ""])
def test_a_page_that_does_not_exist_is_refused(team, no_kernel, asked):
    error = team.publish(only=[asked]).error
    assert error.what == "no such page"
    assert error.remedy.endswith(", one_on_one")
    assert "weekly_review, owner_update" in error.remedy


def test_a_forced_copy_keeps_the_others_with_their_tables(team, no_kernel):
    written = []

    def keeps(page, folder):
        written.append(page)
        (folder / f"{page.replace('/', '_')}_{len(written)}.parquet").write_bytes(page.encode())

    no_kernel.keeps = keeps
    team.publish()
    before = files_of(team.report)
    assert team.publish(only=["one_on_one/ana"], force=True).state == "published"
    assert no_kernel.ran[5:] == ["one_on_one/ana"]
    after = files_of(team.report)
    # what the copy kept the first time went with it
    assert set(before) - set(after) == {"tables/one_on_one/ana/one_on_one_ana_3.parquet"}
    assert set(after) - set(before) == {"tables/one_on_one/ana/one_on_one_ana_6.parquet"}
    assert {name for name in after if before.get(name, after[name]) != after[name]} == {"run.json"}


def test_copies_of_other_inputs_are_made_anew_with_the_one_asked_for(team, no_kernel):
    team.publish(only=["one_on_one"])
    (team.home / "acme" / "expectations" / "note.md").write_text("new words")
    assert team.publish(only=["one_on_one/last"]).state == "published"
    assert no_kernel.ran == SHEETS * 2
    assert sheets_of(team) == SHEETS


def test_who_leaves_loses_the_page_of_later_weeks_only(team, no_kernel):
    for week in ("2026-W45", "2026-W46"):
        team.publish(week=week)
    facts = team.home / "acme" / "client.yaml"
    facts.write_text(facts.read_text().replace("{id: ana,", "{id: ana, ends_on: 2026-11-12,"))
    for week in ("2026-W45", "2026-W46"):
        assert team.publish(week=week, only=["owner_update"]).state == "published"
    assert (team.reports / "acme" / "2026-W45" / "one_on_one" / "ana.html").is_file()
    assert not (team.report / "one_on_one" / "ana.html").exists()
    assert sheets_of(team) == SHEETS[1:]


def test_a_lost_copy_is_made_again(team, no_kernel):
    team.publish()
    (team.report / "one_on_one" / "ana.html").unlink()
    assert team.publish().state == "published"
    assert (team.report / "one_on_one" / "ana.html").is_file()


def test_one_copy_that_fails_publishes_nothing(team, no_kernel):
    team.publish()
    before = files_of(team.report)
    no_kernel.shows[SHEETS[2]] = PublishError("cell 3 stopped", where=SHEETS[2])
    assert team.publish(force=True).state == "failed"
    assert files_of(team.report) == before
    assert "cell 3 stopped" in reasons(team.reports, "acme")["2026-W46"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("../ana/win_rate.parquet", "another page has with other rows"),
        ("../stray.parquet", "no table"),
        ("../../stray.parquet", "no table"),
        ("deeper/stray.parquet", "no table"),
        ("notes.txt", "no table"),
    ],
)
def test_a_copy_keeps_tables_in_its_own_folder_only(team, no_kernel, place, said):
    def keeps(page, folder):
        if page.startswith("one_on_one"):
            path = folder / ("win_rate.parquet" if page.endswith("/ana") else place)
            path.parent.mkdir(exist_ok=True)
            path.write_text(page)

    no_kernel.keeps = keeps
    assert said in team.publish().error.what
    assert not team.report.exists()


# --- in the firm's list


def test_the_list_opens_the_reps_sheets_of_a_week_at_once(team, no_kernel):
    for week in ("2026-W45", "2026-W46"):
        team.publish(week=week)
    write_index(team.reports, team.home)
    html = (team.reports / "index.html").read_text()
    read = Markup(html)
    assert read.faults == []
    latest, _, earlier = html.partition("1 earlier week")
    everybodys, _, sheets = latest.partition("3 sheets for one rep each")
    assert "one_on_one" not in everybodys
    assert [link for link in read.links if "W46/one_on_one" in link] == [
        f"acme/2026-W46/{name}.html" for name in SHEETS
    ]
    assert f'href="acme/2026-W46/one_on_one/{JORG}.html"><bdi>One-on-one, Jörg/..<' in sheets
    assert "For <bdi>Ana Lopez and the sales manager</bdi>" in sheets
    # in week 45 the rep who left was still there
    assert "4 sheets for one rep each" in earlier


def test_a_reps_name_cannot_become_markup_in_the_list(team, no_kernel):
    facts = team.home / "acme" / "client.yaml"
    facts.write_text(facts.read_text().replace("Ana Lopez", "'<script>x</script><b>Ana'"))
    assert team.publish().error is None
    write_index(team.reports, team.home)
    read = Markup((team.reports / "index.html").read_text())
    assert read.faults == []
    assert "script" not in read.tags
    assert "<script>x</script><b>Ana" in read.text


def test_a_page_of_a_place_elsewhere_is_not_linked(team, no_kernel):
    team.publish()
    run = run_of(team)
    (team.reports / "acme" / "secret.html").write_text("x")
    run["pages"][2]["file"] = "../secret.html"
    (team.report / "run.json").write_text(json.dumps(run))
    write_index(team.reports, team.home)
    assert "secret" not in (team.reports / "index.html").read_text()

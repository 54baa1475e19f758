"""One client's week: every page of it or nothing; what is current is left alone; the same bytes twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest

from spm_lib.drops import QUARANTINE_COLUMNS, Drop
from spm_lib.errors import ClientError, DocumentError, PublishError, UsageError
from spm_lib.history.store import Store
from spm_lib.publish import read_run, reasons
from spm_lib.publish import run as publishing
from spm_lib.publish.execute import Limits
from spm_lib.publish.place import Place
from spm_lib.schemas import RECEIVED
from tests.publish.small import TWO, Markup, files_of, notebook, write_client, write_notebooks

PAGES = ["weekly_review", "owner_update"]
FILES = [
    "notebooks/owner_update.ipynb",
    "notebooks/weekly_review.ipynb",
    "owner_update.html",
    "run.json",
    "tables/win_rate_by_count.parquet",
    "weekly_review.html",
]


def stamps(folder):
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def run_of(room):
    return json.loads((room.report / "run.json").read_text(encoding="utf-8"))


# --- published by real kernels


def test_a_week_is_published_as_the_files_the_design_names(published):
    room, outcome = published
    assert outcome.error is None
    assert (outcome.client, outcome.week, outcome.state) == ("acme", "2026-W46", "published")
    assert outcome.folder == room.report
    assert outcome.seconds > 0
    assert list(files_of(room.report)) == FILES
    table = pd.read_parquet(room.report / "tables" / "win_rate_by_count.parquet")
    assert table["won_count"].tolist() == [3, 1]
    assert reasons(room.reports, "acme") == {}


def test_its_progress_is_told(published):
    room, _ = published
    assert room.heard == [
        ("acme", "started", ""),
        ("acme", "running", "weekly_review"),
        ("acme", "running", "owner_update"),
        ("acme", "published", ""),
    ]


def test_run_json_says_what_the_report_was_made_from(published):
    room, outcome = published
    run = run_of(room)
    assert (run["client"], run["name"], run["week"]) == ("acme", "Acme & Söhne <Ltd>", "2026-W46")
    # ISO week 46 of 2026 begins on Monday 9 November
    assert run["days"] == "9 to 15 November 2026"
    assert run["definitions"] == {"win_rate_by_count": {"version": 2, "effective_from": "2026-01-05"}}
    assert (run["exports_until"], run["exports_age_days"]) == ("2026-11-17", -2)
    assert [page["file"] for page in run["pages"]] == ["weekly_review.html", "owner_update.html"]
    assert set(run["inputs"]["documents"]) == {"client.yaml", "expectations/note.md"}
    assert set(run["inputs"]["notebooks"]) == {"weekly_review.ipynb", "owner_update.ipynb"}
    assert run["inputs"]["packages"]["papermill"]
    assert set(run["files"]) == set(FILES) - {"run.json"}
    assert set(run["timings"]) == set(PAGES)
    assert run["findings"] == ["The gate looked into acme."]
    assert outcome.findings == ("The gate looked into acme.",)


def test_no_shared_file_names_a_folder_of_this_machine(published):
    room, _ = published
    checkout = Path(__file__).resolve().parents[2]
    for name, content in files_of(room.report).items():
        for place in (room.home, room.reports, room.notebooks, checkout, tempfile.gettempdir()):
            assert str(place).encode() not in content, (name, place)
    archived = (room.report / "notebooks" / "weekly_review.ipynb").read_text()
    assert "was-opened home <object object>" in archived


def test_no_clock_time_stands_in_any_file(published):
    room, _ = published
    for name, content in files_of(room.report).items():
        if not name.endswith(".parquet"):
            assert not re.search(rb"\d\d:\d\d:\d\d", content), name


def test_its_pages_are_well_formed_and_say_for_whom_they_are(published):
    room, _ = published
    fingerprint = run_of(room)["fingerprint"][:10]
    for name, audience in (("weekly_review", "the sales manager"), ("owner_update", "the business owner")):
        read = Markup((room.report / f"{name}.html").read_text(encoding="utf-8"))
        assert read.faults == []
        assert f"Made for {audience} · Acme & Söhne <Ltd> · 2026-W46 · inputs {fingerprint}" in read.text


def test_two_runs_on_the_same_inputs_differ_in_nothing_but_their_timings(published):
    room, _ = published
    before, first = files_of(room.report), run_of(room)
    outcome = room.publish(force=True, findings=[f"The gate looked into {room.home}/acme."])
    assert (outcome.error, outcome.state) == (None, "published")
    after, second = files_of(room.report), run_of(room)
    assert {name for name in before if before[name] != after[name]} <= {"run.json"}
    assert list(after) == list(before)
    del first["timings"], second["timings"]
    assert first == second


def test_a_page_that_fails_publishes_nothing_and_leaves_the_standing_report(published):
    room, _ = published
    before = stamps(room.report)
    raising = "raise DocumentError('no goals', where=home)"
    broken = notebook("from spm_lib.errors import DocumentError", raising)
    others = write_notebooks(room.home.parent / "broken", owner_update=broken)
    outcome = room.publish(notebooks=others)
    assert outcome.state == "failed"
    assert isinstance(outcome.error, DocumentError)
    assert outcome.folder is None
    assert room.heard[-1] == ("acme", "failed", "")
    assert stamps(room.report) == before
    # kept for the index, without the folders of this machine
    assert reasons(room.reports, "acme") == {"2026-W46": "no goals\n  where: home"}
    assert room.publish().state == "current"
    assert reasons(room.reports, "acme") == {}
    assert stamps(room.report) == before


def test_a_notebook_that_hangs_fails_within_its_limits(published):
    room, _ = published
    hangs = notebook("import time; time.sleep(60)")
    others = write_notebooks(room.home.parent / "hangs", weekly_review=hangs)
    outcome = room.publish(week="2026-W45", notebooks=others, limits=Limits(cell=1, whole=20))
    assert outcome.error.what == "a cell took longer than 1 s and was ended"
    assert not (room.reports / "acme" / "2026-W45").exists()


# --- what is done again, and what is not


def test_what_is_current_is_left_alone_until_it_is_forced(room, no_kernel):
    assert room.publish().state == "published"
    before = stamps(room.report)
    again = room.publish()
    assert (again.state, again.folder, no_kernel.ran) == ("current", room.report, PAGES)
    assert stamps(room.report) == before
    assert room.publish(force=True).state == "published"
    assert no_kernel.ran == PAGES * 2


def edit_document(room):
    (room.home / "acme" / "expectations" / "note.md").write_text("new words")


def add_document(room):
    (room.home / "acme" / "expectations" / "other.md").write_text("more words")


def edit_client(room):
    write_client(room.home, name="Acme Renamed")


def edit_notebook(room):
    write_notebooks(room.notebooks, owner_update=notebook("1"))


def add_batch(room):
    at = pd.Timestamp("2026-11-16T06:00:00Z")
    tables = {"opportunities": RECEIVED["opportunities"].empty()}
    drop = Drop("0123456789abcdef", at, "full", "x", (), tables, pd.DataFrame(columns=QUARANTINE_COLUMNS))
    Store(room.home / "acme").add(drop, ingested_at=at)


def damage_page(room):
    (room.report / "weekly_review.html").write_text("edited by hand")


def lose_notebooks(room):
    shutil.rmtree(room.report / "notebooks")


def lose_manifest(room):
    (room.report / "run.json").unlink()


@pytest.mark.parametrize(
    "change",
    [
        edit_document,
        add_document,
        edit_client,
        edit_notebook,
        add_batch,
        damage_page,
        lose_notebooks,
        lose_manifest,
    ],
)
def test_whatever_changed_is_published_anew(room, no_kernel, change):
    room.publish()
    change(room)
    outcome = room.publish()
    assert (outcome.error, outcome.state) == (None, "published")
    assert no_kernel.ran == PAGES * 2
    assert room.publish().state == "current"


@pytest.mark.parametrize("name", ["inbox/x.csv", "quarantine/x.csv", ".hidden", "note.md~", ".git/config"])
def test_what_no_review_reads_changes_nothing(room, no_kernel, name):
    room.publish()
    (room.home / "acme" / name).parent.mkdir(exist_ok=True)
    (room.home / "acme" / name).write_text("x")
    assert room.publish().state == "current"


def test_another_clients_folder_changes_nothing(room, no_kernel):
    room.publish()
    write_client(room.home, slug="other")
    assert room.publish().state == "current"


# --- some pages only


def test_only_some_pages_are_made_when_none_stand(room, no_kernel):
    outcome = room.publish(only=["owner_update"])
    assert outcome.state == "published"
    assert no_kernel.ran == ["owner_update"]
    assert sorted(path.name for path in room.report.glob("*.html")) == ["owner_update.html"]
    assert room.publish(only=["owner_update"]).state == "current"


def test_the_rest_joins_the_pages_that_stand(room, no_kernel):
    room.publish(only=["owner_update"])
    page = (room.report / "owner_update.html").read_bytes()
    assert room.publish().state == "published"
    assert no_kernel.ran == ["owner_update", "weekly_review"]
    assert (room.report / "owner_update.html").read_bytes() == page
    assert [one.name for one in read_run(room.report).pages] == PAGES
    assert room.publish().state == "current"


def test_a_forced_page_keeps_the_others_of_the_same_inputs(room, no_kernel):
    def keeps(page, folder):
        (folder / f"{page}.parquet").write_bytes(page.encode())
        (folder / "definitions.json").write_text(json.dumps({page: {"version": 1}}))

    no_kernel.keeps = keeps
    room.publish()
    before = files_of(room.report)
    assert room.publish(only=["weekly_review"], force=True).state == "published"
    assert no_kernel.ran == [*PAGES, "weekly_review"]
    after = files_of(room.report)
    assert {name for name in before if before[name] != after[name]} <= {"run.json"}
    assert set(run_of(room)["definitions"]) == set(PAGES)


def test_pages_of_other_inputs_are_made_anew_with_the_one_asked_for(room, no_kernel):
    room.publish()
    edit_document(room)
    assert room.publish(only=["owner_update"]).state == "published"
    assert no_kernel.ran == PAGES * 2
    assert [one.name for one in read_run(room.report).pages] == PAGES


def test_a_page_nobody_knows_is_refused_with_the_known_ones(room):
    outcome = room.publish(only=["owners_update"])
    assert isinstance(outcome.error, UsageError)
    assert "weekly_review, owner_update" in outcome.error.remedy


# --- what a notebook keeps


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("review.json", "{", "review.json is not JSON"),
        ("review.json", "[]", "review.json is not a JSON object"),
        ("review.json", '{"exports_until": "soon", "exports_age_days": 1}', "does not tell when"),
        ("review.json", '{"exports_until": null, "exports_age_days": true}', "does not tell when"),
        ("definitions.json", "[1]", "definitions.json is not a JSON object"),
        ("notes.txt", "x", "kept a file that is no table"),
        ("shared.parquet", None, "another page has with other rows"),
    ],
)
def test_what_is_kept_wrongly_publishes_nothing(room, no_kernel, name, content, said):
    no_kernel.keeps = lambda page, folder: (folder / name).write_text(content or page)
    outcome = room.publish()
    assert said in outcome.error.what
    assert not room.report.exists()


def test_two_pages_of_different_exports_publish_nothing(room, no_kernel):
    no_kernel.keeps = lambda page, folder: (folder / "review.json").write_text(
        json.dumps({"exports_until": None, "exports_age_days": PAGES.index(page)})
    )
    assert room.publish().error.what == "two pages were made from different exports"


def test_a_client_without_exports_is_published_as_such(room, no_kernel):
    room.publish()
    run = run_of(room)
    assert (run["exports_until"], run["exports_age_days"], run["definitions"]) == (None, None, {})


# --- failures


def test_a_page_that_must_not_go_out_is_not_published(room, no_kernel):
    no_kernel.shows["owner_update"] = f"<p>{room.home}/acme</p><script>x</script>"
    outcome = room.publish()
    assert outcome.error.what == "the page holds what no page may hold, and is not published"
    assert outcome.error.given == "a <script> element; a path of this machine"
    assert not room.report.exists()


def test_inputs_that_change_meanwhile_publish_nothing(room, no_kernel):
    documents = room.home / "acme" / "expectations"
    no_kernel.keeps = lambda page, folder: (documents / f"{page}.md").write_text("x")
    outcome = room.publish()
    assert "changed while the pages were made" in outcome.error.what
    assert not room.report.exists()


def test_a_report_stands_only_with_every_page_there_is(room, no_kernel, monkeypatch):
    pages = {"reports": room.reports, "notebooks": room.notebooks, "pages": TWO}

    def stands():
        return publishing.standing_report(room.home, "acme", "2026-W46", **pages)

    room.publish(only=["owner_update"])
    assert stands() is None
    assert publishing.standing_report(room.home, "acme", "2026-W46", only=["owner_update"], **pages)
    room.publish()
    assert [page.name for page in stands().pages] == ["weekly_review", "owner_update"]
    with monkeypatch.context() as patch:
        # which pages there are is not found out again for the same inputs
        patch.setattr(publishing, "copies_of", lambda *_: pytest.fail("asked again"))
        assert stands() is not None
    manifest = json.loads((room.report / "run.json").read_text())
    (room.report / "run.json").write_text(json.dumps(manifest | {"copies": []}))  # of an earlier version
    assert stands() is not None
    (room.report / "owner_update.html").write_text("torn")
    assert stands() is None


def test_inputs_that_changed_since_the_client_was_read_publish_nothing(room, no_kernel):
    pages = {"notebooks": room.notebooks, "pages": TWO}
    read = publishing.fingerprint_now(room.home, "acme", "2026-W46", **pages)
    assert room.publish(rests_on=read).state == "published"
    (room.home / "acme" / "expectations" / "later.md").write_text("x")
    outcome = room.publish(rests_on=read)
    assert "changed while the pages were made" in outcome.error.what
    assert publishing.fingerprint_now(room.home, "acme", "2026-W46", **pages) not in (read, "")
    assert publishing.fingerprint_now(room.home, "nobody", "2026-W46", **pages) == ""


def test_an_error_nobody_foresaw_is_a_failure_with_a_plain_reason(room, no_kernel):
    no_kernel.shows["weekly_review"] = ZeroDivisionError("division by zero")
    outcome = room.publish()
    assert isinstance(outcome.error, PublishError)
    assert outcome.error.given == "ZeroDivisionError: division by zero"
    assert isinstance(outcome.error.__cause__, ZeroDivisionError)
    assert "nobody foresaw" in reasons(room.reports, "acme")["2026-W46"]


def test_an_interrupt_passes_and_leaves_nothing_half_made(room, no_kernel):
    room.publish()
    before = stamps(room.report)
    no_kernel.shows["owner_update"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        room.publish(force=True)
    assert stamps(room.report) == before
    runs = room.reports / ".runs" / "acme"
    assert [path.name for path in runs.iterdir()] == ["2026-W46.lock"]


@pytest.mark.parametrize("where", ["", "acme", ".runs", ".runs/acme", "acme/2026-W46"])
def test_a_place_that_cannot_be_written_is_a_plain_reason(room, no_kernel, where):
    blocked = room.reports / where
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("a file in the place of a folder")
    outcome = room.publish()
    assert outcome.state == "failed"
    assert outcome.error.what.startswith("a file ")
    assert outcome.error.remedy
    assert blocked.read_text() == "a file in the place of a folder"


def test_a_full_disk_is_a_plain_reason(room, no_kernel, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Place, "publish", full)
    outcome = room.publish()
    assert outcome.error.given == "No space left on device"
    assert "No space left" in reasons(room.reports, "acme")["2026-W46"]
    assert not room.report.exists()


@pytest.mark.parametrize("slug", ["missing", "../home/acme", "ACME", ""])
def test_a_client_that_does_not_exist_leaves_no_trace(room, slug):
    outcome = room.publish(slug=slug)
    assert (outcome.state, outcome.client) == ("failed", slug)
    assert isinstance(outcome.error, UsageError)
    assert not room.reports.exists()


@pytest.mark.parametrize("week", ["2025-W53", "46", "../../x"])
def test_a_week_that_does_not_exist_leaves_no_trace(room, week):
    assert isinstance(room.publish(week=week).error, UsageError)
    assert not room.reports.exists()


def test_a_broken_client_file_is_kept_as_the_reason(room):
    (room.home / "acme" / "client.yaml").write_text("name: [")
    outcome = room.publish()
    assert isinstance(outcome.error, ClientError)
    assert "not YAML" in reasons(room.reports, "acme")["2026-W46"]


def test_a_file_that_is_no_notebook_is_said(room):
    (room.notebooks / "owner_update.ipynb").write_text("{]")
    (room.notebooks / "weekly_review.ipynb").write_text("{]")
    outcome = room.publish()
    assert (outcome.error.what, outcome.error.where) == ("the file is no notebook", "weekly_review.ipynb")


def test_a_missing_notebook_is_said(room):
    (room.notebooks / "owner_update.ipynb").unlink()
    outcome = room.publish()
    assert (outcome.error.what, outcome.error.given) == ("a page's notebook is missing", "owner_update.ipynb")


def test_a_run_at_work_is_waited_for_and_then_said(room, no_kernel, monkeypatch):
    monkeypatch.setattr(publishing, "WAIT", 0.1)
    with Place(room.reports, "acme", "2026-W46").held(0):
        outcome = room.publish()
    assert outcome.error.what == "another run is at work on this report"
    # the report is the other run's; so is its failure
    assert reasons(room.reports, "acme") == {}
    assert room.publish().state == "published"


def test_one_clients_failure_is_not_anothers(room, no_kernel):
    write_client(room.home, slug="other", name="Other")
    (room.home / "acme" / "client.yaml").write_text("name: [")
    assert [room.publish(slug=slug).state for slug in ("acme", "other")] == ["failed", "published"]
    assert "Acme" not in (room.reports / "other" / "2026-W46" / "weekly_review.html").read_text()


def test_a_page_holds_its_own_notebooks_words_only(published):
    room, _ = published
    review, owner = (Markup((room.report / f"{name}.html").read_text()).text for name in PAGES)
    assert "a note in the margin" in review
    assert "a note in the margin" not in owner
    assert "Three numbers." in owner
    assert "Three numbers." not in review


KILLED = """\
import sys
from pathlib import Path
from spm_lib.publish import PAGES, publish_week
home, reports, notebooks = map(Path, sys.argv[1:])
pages = [page for page in PAGES if page.name in ("weekly_review", "owner_update")]
publish_week(home, "acme", "2026-W46", reports=reports, notebooks=notebooks, pages=pages)
"""


def is_alive(process_id):
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition, seconds=9):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def test_a_publisher_killed_while_a_notebook_runs_takes_its_kernel_along(room, no_kernel):
    room.publish()
    before = stamps(room.report)
    told = room.home.parent / "pid"
    hangs = f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    write_notebooks(room.notebooks, weekly_review=notebook(hangs))
    places = [str(place) for place in (room.home, room.reports, room.notebooks)]
    with subprocess.Popen([sys.executable, "-c", KILLED, *places]) as publisher:
        wait_until(lambda: told.exists() and told.read_text(), seconds=60)
        publisher.kill()
    wait_until(lambda: not is_alive(int(told.read_text())))
    assert stamps(room.report) == before
    assert (room.reports / ".runs" / "acme" / "2026-W46.making").is_dir()
    assert room.publish().state == "published"
    assert not (room.reports / ".runs" / "acme" / "2026-W46.making").exists()

"""The firm's own page: once after all clients, from their reports alone, as a whole or not at all."""

from __future__ import annotations

import json
import os

import pytest

from spm_lib.errors import PublishError, UsageError
from spm_lib.publish import firm, publish_firm, write_index
from spm_lib.publish.pages import FIRM, Page, split_asked
from tests.publish.small import Markup, files_of, notebook, write_client, write_notebooks

DECLARES = 'week: str = "2026-W01"\nreports: str = ""\nkeep: str = ""'
PORTFOLIO = Page("portfolio", "Portfolio", FIRM)
READS = """\
import json
from pathlib import Path
import pandas as pd
from spm_lib.fragment import Fragment, client_text, tag
runs = [json.loads(path.read_text()) for path in sorted(Path(reports).glob("[a-z]*/*/run.json"))]
pd.DataFrame({"client": [run["client"] for run in runs]}).to_parquet(Path(keep) / "clients.parquet")"""
SHOWS = """\
Fragment(tag("ul", *(tag("li", tag("a", client_text(run["name"]),
    href=f"{run['client']}/{run['week']}/weekly_review.html")) for run in runs)), "words")"""


@pytest.fixture
def house(room, no_kernel, monkeypatch):
    """Two published clients, and a firm with a page; clients' pages are made without kernels."""
    write_notebooks(room.notebooks, portfolio=notebook("# Portfolio", READS, SHOWS, declares=DECLARES))
    write_client(room.home, slug="birch", name="Birch Dental")
    for slug, week in (("acme", "2026-W45"), ("acme", "2026-W46"), ("birch", "2026-W46")):
        assert room.publish(slug=slug, week=week).state == "published"

    def portfolio(**given):
        given = {"notebooks": room.notebooks, "pages": (PORTFOLIO,), **given}
        (outcome,) = publish_firm(room.reports, **given)
        return outcome

    room.portfolio = portfolio
    return room


@pytest.fixture
def fake(house, no_kernel, monkeypatch):
    """The same without a kernel for the firm's page either."""
    monkeypatch.setattr(firm, "execute", no_kernel)
    no_kernel.ran.clear()
    return house


def run_of(house):
    return json.loads((house.reports / "_firm" / "portfolio" / "run.json").read_text())


def test_it_is_made_from_the_published_reports_alone(house):
    # the clients' folders are not there to be read
    house.home.rename(house.home.with_name("away"))
    outcome = house.portfolio()
    assert (outcome.error, outcome.state) == (None, "published")
    assert (outcome.client, outcome.week) == ("portfolio", "2026-W46")
    assert outcome.folder == house.reports / "portfolio.html"
    html = outcome.folder.read_text()
    read = Markup(html)
    assert read.faults == []
    assert "Made for the firm · 2026-W46 · inputs" in read.text
    assert "birch/2026-W46/weekly_review.html" in read.links
    assert str(house.reports) not in html
    behind = files_of(house.reports / "_firm" / "portfolio")
    assert set(behind) == {"run.json", "notebooks/portfolio.ipynb", "tables/clients.parquet"}
    assert not [name for name, content in behind.items() if str(house.reports).encode() in content]
    assert set(run_of(house)["inputs"]["reports"]) == {"acme/2026-W45", "acme/2026-W46", "birch/2026-W46"}


def test_two_runs_on_the_same_reports_give_the_same_bytes(house):
    first = house.portfolio()
    page, behind = first.folder.read_bytes(), files_of(house.reports / "_firm")
    assert house.portfolio(force=True).state == "published"
    assert first.folder.read_bytes() == page
    again = files_of(house.reports / "_firm")
    assert {name for name in behind if behind[name] != again[name]} <= {"portfolio/run.json"}


def test_it_is_left_alone_until_a_report_changes(fake, no_kernel):
    assert fake.portfolio().state == "published"
    stamp = (fake.reports / "portfolio.html").stat().st_mtime_ns
    assert fake.portfolio().state == "current"
    # the same report made again takes another time, which is no other input
    fake.publish(force=True)
    assert fake.portfolio().state == "current"
    assert (fake.reports / "portfolio.html").stat().st_mtime_ns == stamp
    write_client(fake.home, note="other words")
    fake.publish()
    assert fake.portfolio().state == "published"
    assert no_kernel.ran.count("portfolio") == 2


@pytest.mark.parametrize("lost", ["portfolio.html", "_firm/portfolio/run.json"])
def test_what_is_lost_or_edited_is_made_again(fake, lost):
    fake.portfolio()
    (fake.reports / lost).unlink()
    assert fake.portfolio().state == "published"
    (fake.reports / lost).write_text("edited by hand")
    assert fake.portfolio().state == "published"
    assert fake.portfolio().state == "current"


def test_a_failed_run_of_a_client_is_another_input(fake, no_kernel):
    fake.portfolio()
    no_kernel.shows["weekly_review"] = PublishError("cell 3 stopped")
    assert fake.publish(force=True).state == "failed"
    assert fake.portfolio().state == "published"


def test_its_week_is_the_newest_published_or_the_one_asked_for(fake):
    assert fake.portfolio().week == "2026-W46"
    assert fake.portfolio(week="2026-W45").week == "2026-W45"
    assert run_of(fake)["week"] == "2026-W45"
    with pytest.raises(UsageError):
        fake.portfolio(week="46")


def test_a_week_in_which_every_run_failed_is_told_of(fake, no_kernel):
    fake.portfolio()
    no_kernel.shows["weekly_review"] = PublishError("cell 3 stopped")
    assert [fake.publish(slug=slug, week="2026-W47").state for slug in ("acme", "birch")] == ["failed"] * 2
    assert (fake.portfolio().state, run_of(fake)["week"]) == ("published", "2026-W47")


def test_a_firm_whose_every_run_failed_has_its_page(room, no_kernel, monkeypatch):
    monkeypatch.setattr(firm, "execute", no_kernel)
    write_notebooks(room.notebooks, portfolio=notebook("# Portfolio", READS, SHOWS, declares=DECLARES))
    no_kernel.shows["weekly_review"] = PublishError("cell 3 stopped")
    assert room.publish().state == "failed"
    (outcome,) = publish_firm(room.reports, notebooks=room.notebooks, pages=(PORTFOLIO,))
    assert (outcome.state, outcome.week) == ("published", "2026-W46")


def test_without_any_report_there_is_nothing_to_make(tmp_path):
    assert publish_firm(tmp_path / "none", pages=(PORTFOLIO,)) == ()
    assert not (tmp_path / "none").exists()


def test_a_failure_leaves_the_page_and_is_told_until_a_run_succeeds(fake, no_kernel):
    fake.portfolio()
    page = (fake.reports / "portfolio.html").read_bytes()
    no_kernel.shows["portfolio"] = PublishError("cell 2 stopped", where=f"{fake.reports}/acme")
    outcome = fake.portfolio(force=True)
    assert (outcome.state, outcome.error.what) == ("failed", "cell 2 stopped")
    assert (fake.reports / "portfolio.html").read_bytes() == page
    write_index(fake.reports, fake.home)
    html = (fake.reports / "index.html").read_text()
    assert "Portfolio failed: " in html
    assert str(fake.reports) not in html
    no_kernel.shows.clear()
    fake.portfolio(force=True)
    write_index(fake.reports, fake.home)
    assert "failed" not in (fake.reports / "index.html").read_text()


def test_a_full_disk_at_the_last_moment_is_a_failure_and_is_made_again(fake, monkeypatch):
    fake.portfolio()
    whole = (fake.reports / "portfolio.html").read_bytes()
    (fake.reports / "portfolio.html").unlink()

    def full(path, text):
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as broken:
        broken.setattr(firm, "write", full)
        assert fake.portfolio().state == "failed"
    assert fake.portfolio().state == "published"
    assert (fake.reports / "portfolio.html").read_bytes() == whole


def test_a_page_that_must_not_go_out_is_not_published(fake, no_kernel):
    no_kernel.shows["portfolio"] = "<script>x</script>"
    assert fake.portfolio().state == "failed"
    assert not (fake.reports / "portfolio.html").exists()


def test_the_list_links_to_it_when_there_is_one(fake):
    write_index(fake.reports, fake.home)
    assert "portfolio" not in (fake.reports / "index.html").read_text()
    fake.portfolio()
    write_index(fake.reports, fake.home)
    read = Markup((fake.reports / "index.html").read_text())
    assert read.faults == []
    assert read.links[0] == "portfolio.html"
    assert "Portfolio, 2026-W46" in read.text
    # what is behind it is no client
    assert "_firm" not in "".join(read.links)


def test_names_are_told_apart():
    firms = (PORTFOLIO,)
    assert split_asked(["portfolio", "one_on_one/ana"], firms) == (("one_on_one/ana",), ("portfolio",))
    assert split_asked([], firms) == ((), ())

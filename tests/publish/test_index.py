"""The firm's list of reports: every client and week, why a run failed, and the same bytes each time."""

from __future__ import annotations

import json
import os
import re
from urllib.parse import unquote

import pytest

from spm_lib.errors import GateError, PublishError, UsageError
from spm_lib.publish import index, keep_failure, write_index
from spm_lib.publish.failure import keep_reason
from spm_lib.publish.machine import places_of
from spm_lib.publish.place import Place
from tests.publish.small import HOSTILE, Markup, files_of, write_client


@pytest.fixture
def firm(room, no_kernel):
    """Two clients with reports, one of them with a failed week, and one without any."""
    write_client(room.home, slug="birch", name="Birch Dental")
    write_client(room.home, slug="cedar", name="Cedar Roofing")

    def keeps(page, folder):
        exports = {"exports_until": "2026-11-13", "exports_age_days": 2}
        (folder / "review.json").write_text(json.dumps(exports))

    no_kernel.keeps = keeps
    for slug, number in (("acme", 45), ("acme", 46), ("birch", 45), ("acme", 44)):
        assert room.publish(slug=slug, week=f"2026-W{number}").state == "published"
    no_kernel.shows["owner_update"] = PublishError(
        "the kernel was ended", where=f"{room.home}/birch", remedy="run it again"
    )
    assert room.publish(slug="birch", week="2026-W46").state == "failed"
    return room


def listed(room):
    """The list, written and read."""
    write_index(room.reports, room.home)
    return (room.reports / "index.html").read_text(encoding="utf-8")


def section(html, slug):
    return re.search(rf'<section class="fig" id="{slug}">.*?</section>', html, re.DOTALL)[0]


def test_every_client_is_listed_once_by_name(firm):
    html = listed(firm)
    read = Markup(html)
    assert read.faults == []
    assert re.findall(r'<section class="fig" id="(.*?)">', html) == ["acme", "birch", "cedar"]
    for name in ("Acme & Söhne <Ltd>", "Birch Dental", "Cedar Roofing", "For the firm only"):
        assert name in read.text
    assert "3 clients · latest week 2026-W46" in read.text


def test_its_links_are_relative_and_lead_to_pages_that_are_there(firm):
    links = [link for link in Markup(listed(firm)).links if not link.startswith("#")]
    # acme has three weeks of two pages, birch one
    assert len(links) == len(set(links)) == 8
    for link in links:
        assert not link.startswith(("/", ".", "http"))
        assert (firm.reports / unquote(link)).is_file()


def test_the_latest_week_stands_open_and_earlier_ones_below(firm):
    acme = section(listed(firm), "acme")
    latest, _, earlier = acme.partition("<details>")
    assert "Week 46, 9 to 15 November 2026" in latest
    assert 'href="acme/2026-W46/weekly_review.html"' in latest
    assert "W45" not in latest
    assert "2 earlier weeks" in earlier
    assert earlier.index("2026-W45") < earlier.index("2026-W44")


def test_it_tells_the_age_of_the_data(firm):
    said = "Exports until 13 November 2026, 2 days before the end of the week."
    assert said in section(listed(firm), "acme")


@pytest.mark.parametrize(
    ("until", "age", "said"),
    [
        ("2026-11-16", -1, "Exports until 16 November 2026, 1 day after the end of the week."),
        ("2026-11-15", 0, "Exports until 15 November 2026, the end of the week."),
        (None, None, "No export behind it."),
    ],
)
def test_the_age_of_the_data_is_said_in_words(room, no_kernel, until, age, said):
    exports = {"exports_until": until, "exports_age_days": age}
    no_kernel.keeps = lambda page, folder: (folder / "review.json").write_text(json.dumps(exports))
    room.publish()
    assert said in listed(room)


def test_a_failure_is_told_with_its_reason_until_a_run_succeeds(firm, no_kernel):
    html = listed(firm)
    birch = Markup(section(html, "birch")).text
    assert "2026-W46 failed: the kernel was ended." in birch
    assert "to do: run it again" in birch
    assert "1 run failed: Birch Dental, 2026-W46." in Markup(html).text
    assert str(firm.home) not in html
    no_kernel.shows.clear()
    assert firm.publish(slug="birch").state == "published"
    assert "failed" not in listed(firm)


def test_a_failure_beside_a_standing_report_says_that_it_stands(firm, no_kernel):
    assert firm.publish(slug="birch", week="2026-W45", force=True).state == "failed"
    birch = Markup(section(listed(firm), "birch")).text
    assert "2026-W45 failed: the kernel was ended. The report of an earlier run stands." in birch
    assert "2 runs failed" in Markup(listed(firm)).text


def test_a_week_the_gate_stopped_is_told_like_a_failed_run(room, no_kernel):
    stopped = GateError("the latest export is 40 days old", where=f"{room.home}/acme/inbox")
    keep_failure(room.home, "acme", "2026-W46", stopped, reports=room.reports)
    acme = Markup(section(listed(room), "acme")).text
    assert "2026-W46 failed: the latest export is 40 days old." in acme
    assert "where: acme/inbox" in acme
    assert room.publish().state == "published"
    assert "failed" not in section(listed(room), "acme")


def test_no_reason_is_kept_for_a_client_or_a_week_that_does_not_exist(room):
    for slug, week in (("../acme", "2026-W46"), ("missing", "2026-W46"), ("acme", "../x")):
        with pytest.raises(UsageError):
            keep_failure(room.home, slug, week, GateError("x"), reports=room.reports)
    assert not room.reports.exists()


def test_a_client_without_the_newest_week_is_named(firm):
    text = Markup(listed(firm)).text
    assert "Not published for 2026-W46: Cedar Roofing." in text
    assert "No report yet." in section(listed(firm), "cedar")


def test_when_nothing_is_wrong_it_says_so(room, no_kernel):
    room.publish()
    assert "Every client has its report." in listed(room)


def test_before_the_first_report_it_says_so(room):
    assert "Nothing is published yet." in listed(room)
    write_index(room.home.parent / "none")
    assert "There is no client yet." in (room.home.parent / "none" / "index.html").read_text()


def test_findings_can_be_opened(room, no_kernel):
    room.publish(findings=["One export is stale.", HOSTILE])
    html = listed(room)
    assert "2 things noticed" in html
    assert "One export is stale." in html


def test_a_clients_words_cannot_become_markup(room, no_kernel):
    write_client(room.home, slug="evil", name='"<script>alert(1)</script><img src=x onerror=alert(2)>"')
    room.publish(slug="evil")
    keep_reason(Place(room.reports, "evil", "2026-W47").failure, HOSTILE, [])
    html = listed(room)
    read = Markup(html)
    assert read.faults == []
    assert not {"script", "img"} & set(read.tags)
    assert "<script>alert(1)</script><img src=x onerror=alert(2)>" in read.text
    assert all(link.startswith(("#", "evil/2026-W46/")) for link in read.links)


def test_it_is_written_only_when_it_says_something_else(firm):
    assert write_index(firm.reports, firm.home)
    path = firm.reports / "index.html"
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert not write_index(firm.reports, firm.home)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    write_client(firm.home, slug="dune", name="Dune Solar")
    assert write_index(firm.reports, firm.home)
    assert "Dune Solar" in path.read_text()


def test_the_same_reports_elsewhere_are_the_same_list(firm, tmp_path):
    html = listed(firm)
    for place in places_of(firm.home, firm.reports):
        assert len(place.parts) < 3 or str(place) not in html
    elsewhere = tmp_path / "moved"
    firm.reports.rename(elsewhere)
    (elsewhere / "index.html").unlink()
    assert write_index(elsewhere, firm.home)
    assert (elsewhere / "index.html").read_text() == html


def test_without_the_home_the_reports_alone_are_listed(firm):
    write_index(firm.reports)
    html = (firm.reports / "index.html").read_text()
    assert re.findall(r'id="(.*?)"', html) == ["acme", "birch"]


def test_a_client_whose_file_is_broken_keeps_its_published_name(firm):
    (firm.home / "birch" / "client.yaml").write_text("name: [")
    assert "Birch Dental" in section(listed(firm), "birch")


def test_a_report_that_cannot_be_read_is_said_and_the_rest_is_listed(firm):
    (firm.reports / "acme" / "2026-W45" / "run.json").write_text("{}")
    (firm.reports / "acme" / "2026-W46" / "owner_update.html").unlink()
    acme = section(listed(firm), "acme")
    assert "2026-W45: the report cannot be read; publish it again." in acme
    assert "acme/2026-W46/weekly_review.html" in acme
    assert "owner_update" not in acme.partition("<details>")[0]


def test_a_report_of_another_client_is_never_listed_under_this_one(firm):
    (firm.reports / "cedar").mkdir()
    (firm.reports / "birch" / "2026-W45").rename(firm.reports / "cedar" / "2026-W45")
    cedar = section(listed(firm), "cedar")
    assert "birch/" not in cedar
    assert "2026-W45: the report cannot be read" in cedar


def test_what_is_no_report_is_not_listed(firm):
    before = listed(firm)
    for name in ("Notes", "acme/drafts", "acme/2026-W99", ".git", "_x"):
        (firm.reports / name).mkdir()
    assert listed(firm) == before


def test_it_is_replaced_in_one_step(firm, monkeypatch):
    listed(firm)
    before = files_of(firm.reports)["index.html"]
    write_client(firm.home, slug="dune", name="Dune Solar")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PublishError, match="could not be read or written"):
        write_index(firm.reports, firm.home)
    assert files_of(firm.reports)["index.html"] == before


def test_reports_that_cannot_be_written_are_a_plain_reason(tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(PublishError) as refused:
        write_index(tmp_path / "reports")
    assert refused.value.remedy


def test_two_writers_take_turns(firm, monkeypatch):
    from spm_lib.publish.place import RUNS, locked

    monkeypatch.setattr(index, "_WAIT", 0.1)
    with locked(firm.reports / RUNS / "index.lock", 0, "x"), pytest.raises(PublishError, match="at work"):
        write_index(firm.reports, firm.home)

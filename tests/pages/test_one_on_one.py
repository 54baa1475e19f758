"""The published one-on-one: no word of anybody else on it, two sheets of paper, one narrow phone."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from spm_lib.publish import PAGES, publish_week
from tests.sheets.making import PLANTED, make

(PAGE,) = (page for page in PAGES if page.name == "one_on_one")


def published(home: Path, client: str, week: str, reports: Path, *reps: str) -> dict[str, Path]:
    """Rep -> the published page."""
    some = replace(PAGE, reps=lambda _folder, known, _on: [one for one in known.reps if one.id in reps])
    outcome = publish_week(home, client, week, reports=reports, pages=[some])
    assert outcome.state == "published", outcome.error
    return {rep: reports / client / week / "one_on_one" / f"{rep}.html" for rep in reps}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tiny_one_on_one")
    home = make(folder / "data", busy=True)
    return published(home, "tiny", "2026-W47", folder / "reports", "ana", "hos", "neu")


@pytest.fixture(scope="module")
def devon(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("devon")
    return published(demo_home, "alder-heating", "2026-W46", folder, "devon-price")["devon-price"]


def text(path: Path) -> str:
    """The words of a page."""
    html = path.read_text(encoding="utf-8")
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def sheets(browser: Browser, path: Path) -> int:
    page = browser.new_page()
    page.goto(path.as_uri())
    printed = page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    page.close()
    return printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ")


def test_nothing_of_another_rep_or_private_is_on_the_page(tiny):
    report = tiny["ana"].parents[1]
    assert PLANTED not in tiny["ana"].read_text(encoding="utf-8")
    # nor in the notebook and tables it came from
    for path in (report / "notebooks" / "one_on_one" / "ana.ipynb",):
        assert PLANTED not in path.read_text(encoding="utf-8")
    for path in (report / "tables" / "one_on_one" / "ana").iterdir():
        assert PLANTED.encode() not in path.read_bytes()
    assert "Ana Lopez" in text(tiny["ana"])


def test_a_hostile_name_is_words_on_the_page(tiny):
    html = tiny["hos"].read_text(encoding="utf-8")
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ x }}" in html


@pytest.mark.parametrize("rep", ["hos", "neu"])
def test_a_rep_without_data_has_a_page_of_words(tiny, rep):
    said = text(tiny[rep])
    assert "There is no individual plan yet" in said
    assert "Nothing is open, and nothing was closed, since the last one-on-one." in said
    assert not re.search(r"\bnan\b|\bNone\b", said.replace("None is written down yet", ""))
    assert not re.search(r"(?<!\d)0%", said)


def test_previous_commitments_come_first_and_new_ones_last(devon):
    said = text(devon)
    asked = [
        *("What we said we would do", "The biggest win", "How far down is there something to ask?"),
        *("Where does my own plan stand?", "What could we ask?", "Which opportunities are worth a talk?"),
        *("The documents", "What does each of us do next?", "What we do not know"),
    ]
    places = [said.index(one) for one in asked]
    assert places == sorted(places)


def test_the_look_goes_down_to_the_work_for_a_rep_whose_pipeline_is_short_too(devon):
    said = text(devon)
    assert "Results, pipeline and work are short: begin with the work" in said
    assert "more than chance" in said
    # the rep is not told how anybody else does
    for other in ("Marta Kowal", "Luis Ferrer", "Grace Holm", "the others", "peers"):
        assert other not in said


@pytest.mark.parametrize("rep", ["ana", "hos", "neu"])
def test_it_fits_two_sheets_of_paper_also_when_there_is_much_to_say(browser, tiny, rep):
    assert sheets(browser, tiny[rep]) <= 2


def test_the_demo_reps_sheet_fits_two_sheets_of_paper(browser, devon):
    assert sheets(browser, devon) <= 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(browser, tiny, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    for path in tiny.values():
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_paper_has_room_to_write_and_a_screen_has_not(browser, devon):
    page = browser.new_page()
    page.goto(devon.as_uri())
    assert page.locator(".write-line").count() >= 4
    assert not page.locator(".write-line").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".write-line").first.is_visible()
    page.close()

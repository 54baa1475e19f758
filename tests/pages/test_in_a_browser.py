"""Every page, opened as its readers open it: on a phone, on a desk, in the dark, on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from spm_lib.demo import CLIENTS
from spm_lib.publish import PAGES as PUBLISHED
from tests.pages.conftest import kind_of, pages_of

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
PAGES = [f"{client}/{page}" for client in CLIENTS for page in pages_of(client)]
EVERY = ["index.html", *PAGES]
WIDTHS = (320, 390, 1280)
#: Sheets of paper a page may take at most.
SHEETS = {
    "weekly_review": 7,
    "team_meeting": 3,
    "one_on_one": 2,
    "improvement_plan": 3,
    "owner_update": 2,
    "environment_check": 3,
    "getting_in_step": 3,
}

#: Smallest drawn type in CSS pixels, of every text of every figure.
SMALLEST_TYPE = """() => Math.min(...[...document.querySelectorAll('svg text')].map(text =>
    parseFloat(getComputedStyle(text).fontSize) * Math.abs(text.getScreenCTM().d)), 99)"""


def opened(browser: Browser, file: Path, size: dict[str, int], **options: object) -> Page:
    """A page whose requests and complaints are kept in `page.seen`."""
    context = browser.new_context(viewport=size, bypass_csp=True, **options)
    page = context.new_page()
    page.seen = []  # type: ignore[attr-defined]
    page.on("request", lambda request: page.seen.append(request.url))  # type: ignore[attr-defined]
    page.on("console", lambda message: page.seen.append(message.text))  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.seen.append(str(error)))  # type: ignore[attr-defined]
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("name", EVERY)
def test_a_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name, DESK)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert [one for one in page.seen if not one.startswith("data:")] == [(reports / name).as_uri()]  # type: ignore[attr-defined]
    page.context.close()


@pytest.mark.parametrize("name", EVERY)
def test_a_page_never_scrolls_sideways(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name, PHONE)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    over = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        over[width] = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    page.context.close()
    assert {width: pixels for width, pixels in over.items() if pixels > 0} == {}


@pytest.mark.parametrize("name", PAGES)
def test_figures_can_be_read_on_a_phone(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name, PHONE)
    smallest = page.evaluate(SMALLEST_TYPE)
    page.context.close()
    assert smallest >= 11


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", EVERY)
def test_axe_finds_nothing(browser: Browser, reports: Path, name: str, scheme: str) -> None:
    page = opened(browser, reports / name, PHONE, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    page.context.close()
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_on_a_few_sheets_of_paper(browser: Browser, reports: Path, name: str) -> None:
    page = opened(browser, reports / name, DESK)
    printed = page.pdf(format="A4", print_background=True)
    page.context.close()
    sheets = printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ")
    assert 1 <= sheets <= SHEETS[kind_of(name)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_no_script_and_stays_under_500_kb(reports: Path, name: str) -> None:
    html = (reports / name).read_text(encoding="utf-8")
    assert len(html.encode()) < 500_000
    assert "<script" not in html.casefold()
    assert not re.search(r"<[^>]+\son\w+\s*=", html)


def test_every_page_of_every_client_is_looked_at(reports: Path) -> None:
    """What is opened here is what was published: a page nobody lists is not passed over."""
    found = {path for path in reports.rglob("*.html") if ".runs" not in path.parts}
    assert found == {reports / name for name in EVERY}
    assert {kind_of(name) for name in PAGES} == set(SHEETS) == {page.name for page in PUBLISHED}


@pytest.mark.parametrize("name", [page for page in PAGES if kind_of(page) == "owner_update"])
def test_the_three_numbers_of_the_owner_fit_one_phone_screen(
    browser: Browser, reports: Path, name: str
) -> None:
    page = opened(browser, reports / name, PHONE)
    bottom = page.evaluate("document.querySelector('.three').getBoundingClientRect().bottom")
    page.context.close()
    assert bottom <= PHONE["height"]

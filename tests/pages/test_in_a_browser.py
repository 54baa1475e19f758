"""Every page, opened as its readers open it: on a phone, on a desk, in the dark, on paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from spm_lib.demo import CLIENTS
from tests.pages.conftest import WEEK

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
PAGES = [f"{client}/{WEEK}/{page}.html" for client in CLIENTS for page in ("weekly_review", "owner_update")]
EVERY = ["index.html", *PAGES]

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


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", EVERY)
def test_a_page_never_scrolls_sideways(browser: Browser, reports: Path, name: str, width: int) -> None:
    page = opened(browser, reports / name, {"width": width, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.context.close()
    assert over <= 0


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
    assert 1 <= sheets <= (2 if name.endswith("owner_update.html") else 7)


@pytest.mark.parametrize("name", [page for page in PAGES if page.endswith("owner_update.html")])
def test_the_three_numbers_of_the_owner_fit_one_phone_screen(
    browser: Browser, reports: Path, name: str
) -> None:
    page = opened(browser, reports / name, PHONE)
    bottom = page.evaluate("document.querySelector('.three').getBoundingClientRect().bottom")
    page.context.close()
    assert bottom <= PHONE["height"]

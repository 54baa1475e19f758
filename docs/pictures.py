"""The pictures of the README, from published demo reports: ``python docs/pictures.py REPORTS WEEK``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).resolve().parent

#: Picture -> page, width and height of the window, pixels per CSS pixel.
PICTURES = {
    "weekly_review.png": ("alder-heating/{week}/weekly_review.html", 1080, 1500, 1.5),
    "owner_update_phone.png": ("alder-heating/{week}/owner_update.html", 390, 844, 2),
    "one_on_one.png": ("alder-heating/{week}/one_on_one/devon-price.html", 1080, 1250, 1.5),
    "win_rates.png": ("brightwater-dental/{week}/weekly_review.html", 1080, 520, 1.5),
}


def take(browser: Browser, name: str, reports: Path, week: str) -> None:
    """One picture, from the top of the page or from the figure it is named after."""
    path, width, height, scale = PICTURES[name]
    page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
    page.goto((reports / path.format(week=week)).as_uri())
    if name == "win_rates.png":
        page.locator("#do-we-win-what-we-decide").screenshot(path=HERE / name)
    else:
        page.screenshot(path=HERE / name)
    page.close()
    print(f"docs/{name}")  # noqa: T201 a script


def main(reports: str, week: str) -> None:
    """Take every picture with the machine's own Chromium."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        sys.exit("no Chromium on this machine; on Debian: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for name in PICTURES:
            take(browser, name, Path(reports).resolve(), week)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The demo clients as folders: client.yaml, mapping.yaml, expectations, a full inbox, and the truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from types import ModuleType

import yaml

from spm_lib.demo import hubspot, pipedrive, salesforce
from spm_lib.demo.businesses import BUSINESSES
from spm_lib.demo.exports import File, last_instant
from spm_lib.demo.files import Written
from spm_lib.demo.model import Business
from spm_lib.demo.pay import NAME as SUPPLIED
from spm_lib.demo.pay import paid_until
from spm_lib.demo.routine import FOLDER, routine
from spm_lib.demo.simulate import simulate
from spm_lib.demo.truth import truth
from spm_lib.errors import UsageError
from spm_lib.periods import Period, week

FIRST_WEEK = "2025-W40"
CLIENTS = tuple(business.slug for business in BUSINESSES)
VENDORS: dict[str, ModuleType] = {
    "alder-heating": hubspot,
    "brightwater-dental": salesforce,
    "copperline-print": pipedrive,
}


def write_demo(home: Path, until: Period | str) -> Written:
    """Write the three fictional clients below a home, deterministically.

    Parameters
    ----------
    home : pathlib.Path
        The folder of all clients.
    until : Period or str
        The last week of history: a week, or its ISO label such as "2026-W46".

    Returns
    -------
    Written
        The paths that were written; `untouched` ones held the same bytes, `kept` ones were changed by
        somebody and stay as they are. A later week only adds files, and the rows of later paydays, and brings
        truth.yaml up to date.

    Raises
    ------
    UsageError
        Not a week, or one before `FIRST_WEEK`.
    """
    last = _last_sunday(until)
    report = Written()
    for business in BUSINESSES:
        folder = Path(home) / business.slug
        for file in (*documents(business.slug), *later_meetings(business.slug, last)):
            if file.path.name != SUPPLIED:
                report.put(folder, file)
        report.put(folder, supplied(business.slug, last), grows=True)
        for file in inbox(business, last):
            report.put(folder, file, replace=file.path.name == "truth.yaml")
    return report


def documents(slug: str) -> Iterator[File]:
    """client.yaml, mapping.yaml and the expectations of one business, as they lie beside this module."""
    yield from _below(resources.files(__package__) / "clients" / slug, PurePosixPath())


def later_meetings(slug: str, last: date) -> Iterator[File]:
    """The meetings one business has held since the ones that lie beside this module, until a Sunday."""
    told = list(documents(slug))
    facts = next(yaml.safe_load(file.content) for file in told if file.path.name == "client.yaml")
    yield from routine(facts, [file for file in told if file.path.parts[0] == FOLDER], last)


def supplied(slug: str, last: date) -> File:
    """What one business has supplied and paid until a Sunday, the rows that lie beside this module first."""
    told = {file.path.name: file for file in documents(slug)}
    facts = yaml.safe_load(told["client.yaml"].content)
    return paid_until(slug, facts, told[SUPPLIED], last)


def inbox(business: Business, last: date) -> Iterator[File]:
    """Every export of one business until a Sunday, and its truth.yaml."""
    vendor = VENDORS[business.slug]
    facts = yaml.safe_load(
        (resources.files(__package__) / "clients" / business.slug / "client.yaml").read_text()
    )
    world = simulate(business, last + timedelta(days=1))
    previous = None
    for day in vendor.export_days(last):
        yield from vendor.export(world, day, previous, facts["time_zone"])
        previous = day
    yield truth(world, last_instant(last), vendor.deal_id, vendor.activity_id)


def _below(folder: Traversable, path: PurePosixPath) -> Iterator[File]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _below(item, path / item.name)
        else:
            yield File(path / item.name, item.read_bytes())


def _last_sunday(until: Period | str) -> date:
    last = week(until).last_day if isinstance(until, str) else until.last_day
    if last < week(FIRST_WEEK).last_day:
        raise UsageError(
            "the demo clients have no reviews that early",
            given=until if isinstance(until, str) else until.label,
            remedy=f"ask for {FIRST_WEEK} or a later week",
        )
    return last - timedelta(days=(last.weekday() + 1) % 7)

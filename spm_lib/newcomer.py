"""A new client: a folder to fill in, with the questions to ask. It is written complete or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from spm_lib.client import Client, check_slug, parse
from spm_lib.errors import UsageError
from spm_lib.expectations.acknowledgements import COLUMNS
from spm_lib.expectations.acknowledgements import FILE as ACKNOWLEDGEMENTS
from spm_lib.expectations.environment import FOLDER as ENVIRONMENT
from spm_lib.expectations.environment import QUESTIONS, questions
from spm_lib.expectations.supplied import SUPPLIED, SUPPLIED_COLUMNS
from spm_lib.expectations.templates import templates
from spm_lib.sources import known_presets

_CLIENT = """\
# Who this client is. Answer what is asked, then delete the questions.
{facts}
week_starts_on: monday  # or sunday: when does their week begin?
fiscal_year_starts_in: 1  # the month, 1-12
goal_period: quarter  # month, quarter or year: for which time are goals agreed?
# country: US  # whose public holidays; with a region US-CA
# holidays: [2026-12-24]  # days they are closed besides

manager: the sales manager  # who runs their sales: the name a page prints
owner: the owner  # whose business it is

reps: []
# reps:  # who sells? `known_as`: how the exports spell them, names, e-mails, user ids
#   - {{id: first-rep, name: First Rep, known_as: [first.rep@example.com], starts_on: 2026-01-05}}
#   - {{id: second-rep, name: Second Rep, role: closer}}
# reps_from_exports: true  # where nobody keeps that list

# managed_since: 2026-01-05  # the day we began: promised meetings are counted from it
# cadence: {{team: 7, one_on_one: 14, owner: 14}}  # days from one meeting to the next, as promised

# exchange_rates:  # for amounts in another currency
#   - {{currency: EUR, from_day: 2026-01-01, rate: 1.1}}
# not_recorded:  # what their systems do not hold, and why: a page says so instead of guessing
#   activities: Calls are made from private phones
# thresholds: {{conversation_seconds: 60}}
"""

_MAPPING = """\
# What their exports mean. Which system do they come from? Known are:
{presets}
# Another system, or a spreadsheet: take the line out and name every file and column here, with the keys
# that spm_lib/sources/mapping.py lists.
preset: choose-one
time_zone: client  # of times written without one: client, UTC or a name like America/Chicago

# Do they write numbers 1.234,50? Days 31/12/2026? Is a deal ever lost that was none to begin with?
# decimal: ","
# dates: ["%d/%m/%Y"]
# disqualified_reasons: [Duplicate, Not a fit]
# Have they renamed a column or a stage?
# files: {{deals: {{columns: {{amount: [Value]}}}}}}
# stages:
#   - {{id: qualified, name: Qualified, category: open, labels: [Qualified, Qualified To Buy]}}
"""


def new_client(
    home: Path, slug: str, *, name: str | None = None, currency: str = "USD", time_zone: str = "UTC"
) -> list[Path]:
    """Write a client folder to fill in below a home.

    The client loads as it is: no rep, and seven documents of which none is in force before somebody dates it.

    Parameters
    ----------
    home : pathlib.Path
        The folder of all clients; made when missing.
    slug : str
    name : str, optional
        As pages print it; made of the slug when missing.
    currency, time_zone : str

    Returns
    -------
    list of pathlib.Path
        What was written, the two empty folders included.

    Raises
    ------
    UsageError
        Bad slug, currency or time zone; the folder is there already, or cannot be written.
    """
    folder = Path(home) / check_slug(slug)
    facts = {
        "name": slug.replace("-", " ").strip().title() if name is None else name,
        "currency": currency,
        "time_zone": time_zone,
    }
    parse(Client, {**facts, "manager": "", "owner": ""}, where=f"the new client {slug}", error=UsageError)
    if os.path.lexists(folder):  # a link that leads nowhere is there, too
        raise UsageError(
            "there is such a client already",
            where=str(home),
            given=slug,
            remedy="fill in its files, or take another slug",
        )
    try:
        return _place(folder, dict(_texts(facts)))
    except OSError as problem:
        raise UsageError(
            "the client's folder cannot be written", where=str(folder), given=problem.strerror
        ) from problem


def _texts(facts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Path below the client's folder -> text of every file."""
    written = yaml.safe_dump(facts, sort_keys=False, allow_unicode=True, width=10_000)
    yield "client.yaml", _CLIENT.format(facts=written.rstrip("\n"))
    presets = "\n".join(f"#   preset: {preset}" for preset in known_presets())
    yield "mapping.yaml", _MAPPING.format(presets=presets)
    yield ACKNOWLEDGEMENTS, f"{','.join(COLUMNS)}\n"
    yield SUPPLIED, f"{','.join(SUPPLIED_COLUMNS)}\n"
    yield f"{ENVIRONMENT}/{QUESTIONS}", questions()
    for file, text in templates().items():
        yield f"expectations/{file}", text


def _place(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write everything beside the folder, then give it its name."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        beside.chmod(0o755)
        for path, text in texts.items():
            file = beside / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        empty = ["inbox", "meetings"]
        for name in empty:
            (beside / name).mkdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return [folder / path for path in sorted([*texts, *empty])]

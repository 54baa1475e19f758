"""Oak Barn Roofing: what a manager writes and what the exports bring, week after week; no chance in it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from unittest import mock

from spm_lib import cli
from tests.cli.conftest import Result

SLUG = "oak-barn"
#: The Monday of the first week; the documents hold from a week before.
FIRST = date(2026, 8, 31)
AGREED = FIRST - timedelta(days=7)
REPS = {"ana": "Ana Lopez", "ben": "Ben Hale", "cy": "Cy Ono"}
#: Conversations of a week, from the first one on; the last number goes on. Ben's fall in the third week.
WEEKLY = {"ana": [20, 22, 19, 21], "ben": [20, 21, 5, 4, 3, 4], "cy": [19, 20, 21, 20]}
#: Once the plan has begun: Ben finds back, or does not.
RECOVERED, NOT_RECOVERED = [14, 19, 20, 21], [4, 3, 4]
PLAN_WEEK = 8

CLIENT = """\
name: Oak Barn Roofing
currency: USD
time_zone: America/Chicago
week_starts_on: monday
fiscal_year_starts_in: 1
goal_period: quarter
manager: Robin Hale
owner: Olga Reyes
reps:
  - {id: ana, name: Ana Lopez}
  - {id: ben, name: Ben Hale}
  - {id: cy, name: Cy Ono}
managed_since: 2026-08-31
cadence: {one_on_one: 14}
"""
MAPPING = """\
as_of: {from: name, day: end}
files:
  deals:
    columns:
      {id: Deal ID, name: Deal, stage: Stage, amount: Amount, opened: Created, closed: Closed,
       expected: Expected, owner: Owner}
    required: [id, stage, owner]
  calls:
    columns: {id: Call ID, who: Caller, called: Called, result: Result, seconds: Seconds}
    required: [id, who]
tables:
  opportunities:
    needs: [deals]
    select: |
      select id as opportunity_id, name, stage as stage_id, amount, opened as created_at,
        closed as closed_at, expected as expected_close, owner as rep_id, _row
      from deals
  activities:
    needs: [calls]
    select: |
      select id as activity_id, 'call' as kind, who as rep_id, called as "at", result as outcome,
        seconds as duration_seconds, 'outbound' as direction, _row
      from calls
stages:
  - {id: open, name: Qualified}
  - {id: won, name: Won, category: won}
  - {id: lost, name: Lost, category: lost}
"""
#: Document -> what the manager puts in the place of a line of the template.
FILLED = {
    "sales_goals": {
        "quotas: []": "quotas: [{team: true, period: 2026-Q4, amount: 12000}]",
    },
    "job_description": {
        "responsibilities: []": "responsibilities: [Calls on owners of old roofs]\n"
        "judged_by:\n  - {metric: conversations, at_least: 15, weeks: 8, minimum_n: 4}",
    },
    "compensation_plan": {
        "tiers: []": "tiers: [{from: 0, rate: 0.05}]\npayout_day: the 15th of the month after",
    },
    "sales_process": {
        "stages: []": "stages:\n  - {id: open, name: Qualified}\n  - {id: won, name: Won, category: won}\n"
        "  - {id: lost, name: Lost, category: lost}\n"
        "judged_by:\n  - {metric: win_rate_by_count, at_least: 0.25, weeks: 26, minimum_n: 10}",
    },
    "crm_usage": {"rules: []": "rules: [{rule: no_amount}]"},
    "team_culture": {"agreements: []": "agreements: [We say unwelcome news first and early]"},
}
PLAN_RESOURCES = (
    "resources: [{what: A list of roofs older than 20 years, promised_by: owner, due: 2026-09-25}]"
)


@dataclass
class Walk:
    """A folder of clients, and `spm` called on a day as a manager calls it."""

    home: Path
    reports: Path

    @property
    def folder(self) -> Path:
        """The client's."""
        return self.home / SLUG

    def spm(self, day: date, *arguments: object) -> Result:
        """How a call ended, and what it printed."""
        out, err = io.StringIO(), io.StringIO()
        where = {"SPM_TODAY": str(day), "SPM_HOME": str(self.home), "SPM_REPORTS": str(self.reports)}
        with (
            mock.patch.dict(os.environ, where),
            mock.patch.object(sys, "argv", ["spm", *map(str, arguments)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = cli.main()
        assert "Traceback" not in out.getvalue() + err.getvalue()
        return Result(code, out.getvalue(), err.getvalue())

    def done(self, day: date, *arguments: object) -> str:
        """What a call printed that has to succeed."""
        result = self.spm(day, *arguments)
        assert result.code == 0, result
        return result.out.strip()

    def refused(self, day: date, *arguments: object) -> str:
        """What a call said that has to be refused."""
        result = self.spm(day, *arguments)
        assert result.code == 2, result
        return result.err

    def fill_in(self) -> None:
        """The folder that `spm new` wrote, filled in and dated."""
        (self.folder / "client.yaml").write_text(CLIENT)
        (self.folder / "mapping.yaml").write_text(MAPPING)
        for name, lines in FILLED.items():
            self.edit(f"expectations/{name}.md", {**_DATED, **lines})
        blank = (self.folder / "expectations" / "individual_plan.md").read_text()
        for rep in REPS:
            own = blank.replace("applies_to: []", f"applies_to: [{rep}]")
            (self.folder / "expectations" / f"individual_plan-{rep}.md").write_text(own)
            goals = f"goals: [{{period: 2026-Q4, amount: 4000}}]\n{PLAN_RESOURCES if rep == 'ben' else ''}"
            self.edit(f"expectations/individual_plan-{rep}.md", {**_DATED, "goals: []": goals})

    def edit(self, name: str, lines: dict[str, str]) -> None:
        """Put lines in the place of others, each of which is there once."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in lines.items():
            text, count = re.subn(rf"(?m)^{re.escape(old)}", lambda _, new=new: new, text)  # type: ignore[misc]
            assert count == 1, (name, old)
        path.write_text(text, encoding="utf-8")

    def export(self, weeks: range, ben: list[int] | None = None) -> None:
        """What the CRM holds at the end of the last of some weeks: every deal, and those weeks' calls."""
        last = monday(weeks[-1]) + timedelta(days=6)
        inbox = self.folder / "inbox"
        inbox.joinpath(f"deals-{last}.csv").write_text(_deals(weeks[-1], lost=ben is NOT_RECOVERED))
        inbox.joinpath(f"calls-{last}.csv").write_text(_calls(weeks, ben))

    def talk(self, on: date, kind: str = "one_on_one", *, rep: str = "ben", more: str = "") -> None:
        """A meeting with a rep, written down by hand."""
        text = f"---\nkind: {kind}\nheld_on: {on}\nattendees: [{rep}, manager]\n{more}---\nWords.\n"
        (self.folder / "meetings" / f"{on}-{kind}-{rep}.md").write_text(text)

    def page(self, week: str, name: str) -> str:
        """The words of a published page."""
        return words_of((self.reports / SLUG / week / f"{name}.html").read_text(encoding="utf-8"))


_DATED = {
    "effective_from: 9999-12-31  # not in force: write the first day it holds when it is agreed": (
        f"effective_from: {AGREED}"
    )
}


def monday(week: int) -> date:
    """The first day of a week; the first week is 1."""
    return FIRST + timedelta(weeks=week - 1)


def label(week: int) -> str:
    """The ISO label of a week."""
    iso = monday(week).isocalendar()
    return f"{iso.year}-W{iso.week:02}"


def words_of(html: str) -> str:
    """A page without its tags and styles, on one line."""
    from html import unescape

    text = re.sub(r"<style>.*?</style>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def _of(numbers: list[int], week: int) -> int:
    return numbers[min(week, len(numbers)) - 1]


def _deals(until: int, *, lost: bool) -> str:
    """One deal of each rep decided a week, every third won; and one open each."""
    lines = ["Deal ID,Deal,Stage,Amount,Created,Closed,Expected,Owner"]
    for rep, name in REPS.items():
        for week in range(1, until + 1):
            won = week % 3 == 1 and not (lost and rep == "ben" and week > PLAN_WEEK)
            opened, closed = monday(week) - timedelta(days=14), monday(week) + timedelta(days=3)
            stage = "Won" if won else "Lost"
            lines.append(f"{rep}{week},Roof {rep} {week},{stage},900,{opened},{closed},{closed},{name}")
        ahead = monday(until) + timedelta(days=24)
        lines.append(f"{rep}open,Barn {rep},Qualified,800,{FIRST},,{ahead},{name}")
    return "\n".join(lines) + "\n"


def _calls(weeks: range, ben: list[int] | None) -> str:
    lines = ["Call ID,Caller,Called,Result,Seconds"]
    for week in weeks:
        for rep, name in REPS.items():
            count = _of(ben, week - PLAN_WEEK) if ben and rep == "ben" else _of(WEEKLY[rep], week)
            for number in range(count):
                at = monday(week) + timedelta(days=number % 5)
                hour, minute = 9 + number // 5, 7 * (number % 5)
                lines.append(f"{rep}{week}-{number},{name},{at} {hour:02}:{minute:02},connected,180")
    return "\n".join(lines) + "\n"

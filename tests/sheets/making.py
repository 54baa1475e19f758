"""A small client for the sheets of its reps: one whose words may stand on a sheet, one whose may not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from spm_lib.expectations.documents import read_document
from spm_lib.ingest import ingest
from tests.cli.conftest import GOALS, MAPPING, USAGE

WEEK = "2026-W47"
LAST_DAY = date(2026, 11, 22)
INGESTED = pd.Timestamp("2026-11-25T12:00Z")
#: Nothing with this word in it may reach anybody but its owner and the manager.
PLANTED = "Quetzal"
LONG = (
    "Go through the list of everybody we served last winter and ask each of them for one introduction to a "
    "neighbour"
)
HOSTILE = "<script>alert(1)</script>{{ x }}"

CLIENT = f"""\
name: Tiny Works
currency: USD
time_zone: America/Chicago
manager: Robin Hale
owner: Olga Reyes
reps:
  - {{id: ana, name: Ana Lopez}}
  - {{id: other, name: {PLANTED} Surname}}
  - {{id: neu, name: Newly Joined, starts_on: 2026-11-16}}
  - {{id: lea, name: Lea Gone, ends_on: 2026-10-30}}
  - {{id: hos, name: "{HOSTILE}"}}
cadence: {{one_on_one: 14}}
managed_since: 2026-09-01
"""

PROCESS = """\
---
document: sales_process
title: How we sell
effective_from: 2026-04-01
judged_by:
  - {metric: win_rate_by_count, at_least: 0.3, weeks: 26, minimum_n: 10}
---
Words.
"""

PLAN = """\
---
document: individual_plan
title: Plan of {rep}, {mark}
effective_from: 2026-04-01
applies_to: [{rep}]
goals:
  - period: 2026-Q4
    amount: 1000
    strategies: [{{what: Ask for introductions {mark}, status: under_way}}]
personal_goal: Learn to swim {mark}
weekly_activity: [{{what: conversations, count: 10}}]
target_accounts: [{{id: mill {mark}}}]
obstacles: [{{what: Long drives {mark}, answer: By postcode}}]
development: [{{what: Asking early {mark}, due: 2026-12-01}}]
resources:
  - {{what: A tablet {mark}, promised_by: owner, due: 2026-05-04}}
  - {{what: A list {mark}, promised_by: manager, due: 2026-05-04, supplied_on: 2026-05-02}}
---
Words {mark}.
"""

MEETING = """\
---
kind: one_on_one
held_on: {on}
attendees: [{rep}, manager]
coaching: [{{focus: skill, note: Opening {mark}}}]
commitments:
  - {{id: {rep}-call, who: {rep}, what: Call the mill {mark}, due: 2026-11-16}}
  - {{id: {rep}-list, who: manager, what: Bring the list {mark}, due: 2026-11-20}}
  - {{id: {rep}-done, who: {rep}, what: Read it {mark}, due: 2026-11-09, status: done, closed_on: 2026-11-09}}
belief: {{lost_faith: true, checked: Quetzal belief}}
private: Quetzal private
---
Quetzal prose {mark}.
"""

OWNER = """\
---
kind: owner
held_on: 2026-11-10
attendees: [owner, manager]
commitments:
  - {id: desk, who: owner, what: Quetzal promise about Ana, due: 2026-11-12, about: ana}
---
Quetzal prose.
"""

TEAM = """\
---
kind: team
held_on: 2026-11-10
attendees: [manager, ana, other]
commitments:
  - {id: show, who: ana, what: Show the team the card, due: 2026-11-27}
  - {id: theirs, who: other, what: Quetzal duty, due: 2026-11-27}
private: Quetzal team
---
Words.
"""

HEADER = "Deal ID,Deal,Stage,Amount,Created,Closed,Expected,Owner\n"


def deals() -> str:
    """Ana decides 40 since June and wins 4 of them; the other wins every second one. Six are open each."""
    lines = []
    for who, name, mark, every in (("a", "Ana Lopez", "", 10), ("o", f"{PLANTED} Surname", PLANTED, 2)):
        for number in range(40):
            closed = LAST_DAY - timedelta(days=4 * number + 1)
            stage = "Won" if number % every == 0 else "Lost"
            opened = closed - timedelta(days=20)
            lines.append(
                f"{who}{number},Deal {who}{number} {mark},{stage},50,{opened},{closed},{closed},{name}"
            )
        for number in range(6):
            day = LAST_DAY + timedelta(days=7 * number - 10)
            lines.append(
                f"{who}n{number},Open {who}{number} {mark},Qualified,{100 + number},2026-10-01,,{day},{name}"
            )
    return HEADER + "\n".join(lines) + "\n"


def make(
    home: Path,
    *,
    acknowledged: bool = True,
    plans: bool = True,
    meetings: bool = True,
    busy: bool = False,
    more: str = "",
) -> Path:
    """Write the client `tiny` and ingest it.

    Parameters
    ----------
    home : pathlib.Path
    acknowledged, plans, meetings : bool, optional
        Whether Ana has acknowledged what is in force, and whether there are plans and meetings.
    busy : bool, optional
        Whether Ana has many commitments, each in many words, and a long plan.
    more : str, optional
        Further lines of client.yaml.
    """
    folder = home / "tiny"
    for name in ("inbox", "expectations", "meetings"):
        (folder / name).mkdir(parents=True)
    (folder / "client.yaml").write_text(CLIENT + more)
    mapping = MAPPING.replace("owner: Owner}", "expected: Expected, owner: Owner}")
    (folder / "mapping.yaml").write_text(
        mapping.replace("closed as closed_at,", "closed as closed_at, expected as expected_close,")
    )
    goals = GOALS.replace("rep: ben", "rep: other").replace("2026-01-01", "2026-04-01")
    written = {"sales_goals": goals, "sales_process": PROCESS, "crm_usage": USAGE}
    if plans:
        for rep, mark in (("ana", ""), ("other", PLANTED)):
            written[f"individual_plan-{rep}"] = PLAN.format(rep=rep, mark=mark)
        if busy:
            lines = "\n".join(f"  - {{what: {LONG} {one}, answer: {LONG}}}" for one in range(8))
            plan = written["individual_plan-ana"]
            written["individual_plan-ana"] = plan.replace("obstacles:", f"obstacles:\n{lines}\n#")
    lines = ["document,version,rep,read_on,reviewed_on,reinforced_on"]
    for name, text in written.items():
        path = folder / "expectations" / f"{name}.md"
        path.write_text(text)
        if acknowledged and name != "individual_plan-other":
            version = read_document(path).version
            lines.append(f"{name.partition('-')[0]},{version},ana,2026-04-02,2026-04-08,")
    (folder / "acknowledgements.csv").write_text("\n".join(lines) + "\n")
    if meetings:
        write_meetings(folder / "meetings")
    if busy:
        many = "\n".join(
            f"  - {{id: busy-{one}, who: {who}, what: {LONG}, due: 2026-11-{one + 2:02}}}"
            for one, who in enumerate(["manager", "ana"] * 7)
        )
        path = folder / "meetings" / "2026-11-09-one_on_one-ana.md"
        path.write_text(path.read_text().replace("commitments:", f"commitments:\n{many}"))
    (folder / "inbox" / "deals-2026-11-22.csv").write_text(deals())
    ingest(home, "tiny", [], ingested_at=INGESTED)
    return home


def write_meetings(folder: Path) -> None:
    """One-on-ones of both, the owner's and the team's meeting."""
    for rep, mark in (("ana", ""), ("other", PLANTED)):
        text = MEETING.format(rep=rep, mark=mark, on="2026-11-09")
        (folder / f"2026-11-09-one_on_one-{rep}.md").write_text(text)
    (folder / "2026-11-10-owner.md").write_text(OWNER)
    (folder / "2026-11-10-team.md").write_text(TEAM)

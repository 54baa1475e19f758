"""The gate: what is missing, stale or contradictory for one client's week, all of it at once.

It stops a review only where a page would be wrong or empty. Everything else is a note: the page says it too.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import pandas as pd

from spm_lib.client import Client, client_folder, load_client
from spm_lib.errors import SpmError
from spm_lib.expectations import Acknowledgements, Expectations, check_documents, read_document
from spm_lib.history import Snapshot, Store, Timeline, snapshot, timeline
from spm_lib.history.manifest import StoredFile
from spm_lib.ingest import FAILED
from spm_lib.meetings import check_meetings, check_plans
from spm_lib.meetings.improvement_models import ACTIVITY
from spm_lib.metrics import registry
from spm_lib.metrics.goals import goals
from spm_lib.periods import Period
from spm_lib.sources import Mapping, drop_id, load_mapping, plan_drops
from spm_lib.touched import (
    DOCUMENTS,
    EVERY_NUMBER,
    EVERYTHING,
    MEETINGS,
    PLANS,
    TABLES,
    by_document,
    by_metrics,
)
from spm_lib.view import Source

T = TypeVar("T")

#: Documents whose front matter the workbook reads -> what is missing without them.
READ = {
    "sales_goals": "results are measured against no goal",
    "sales_process": "no win rate and no stage age is held against what was agreed",
    "crm_usage": "no hygiene rule is checked",
}

#: Up to this much, in the client's currency, goals add up: each is rounded by whoever wrote it.
ROUNDING = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that is missing, stale or contradictory.

    Attributes
    ----------
    severity : str
        "stop": a page would be wrong or empty, nothing is published. "note": the page says so.
    what, where, remedy : str
    touches : str
        Which pages or numbers are concerned, in words: "win rates, attainment".
    """

    severity: Literal["stop", "note"]
    what: str
    where: str
    remedy: str
    touches: str

    def __str__(self) -> str:
        touched = f"touches: {self.touches}"
        return f"{self.severity}  {self.where}: {self.what}; {touched}; to do: {self.remedy}"


def passes(findings: list[Finding]) -> bool:
    """Whether nothing found stops a review."""
    return all(finding.severity != "stop" for finding in findings)


def check(home: Path, slug: str, week: str) -> list[Finding]:
    """Everything missing, stale or contradictory for one client's week.

    Parameters
    ----------
    home : pathlib.Path
        The folder of all clients.
    slug : str
    week : str
        ISO week, "2026-W46".

    Returns
    -------
    list of Finding
        Those that stop first. Nothing is raised: what cannot be read is a finding.
    """
    return look(home, slug, week)[0]


def look(home: Path, slug: str, week: str) -> tuple[list[Finding], Source | None]:
    """What `check` finds, and the client as it was opened for that; None where it cannot be opened."""
    gate = _Gate(Path(home), slug, week)
    gate.run()
    found = dict.fromkeys(gate.found)  # a damaged manifest is met twice, and said once
    return sorted(found, key=lambda finding: finding.severity != "stop"), gate.source


class _Gate:
    """One check of one client's week."""

    def __init__(self, home: Path, slug: str, week: str) -> None:
        self._home = home
        self._slug = slug
        self._week = week
        self.found: list[Finding] = []
        self.source: Source | None = None
        self._replayed: Timeline | None = None

    def run(self) -> None:
        """Look at everything that can be looked at."""
        folder = self._try(lambda: client_folder(self._home, self._slug))
        if folder is None:
            return
        client = self._try(lambda: load_client(self._home, self._slug))
        week = self._try(lambda: client.week(self._week)) if client is not None else None
        if client is None or week is None:
            self._read_documents(folder)
            return
        mapping = self._try(lambda: load_mapping(folder, client))
        readable = self._written(folder, client)
        expectations = self._try(lambda: Expectations.load(folder, client)) if readable else None
        state = self._history(folder, client, week)
        if mapping is not None:
            self._try(lambda: self._inbox(folder, client, mapping, week))
        if expectations is not None:
            self._expectations(expectations, week.last_day)
            kept = self._try(lambda: Acknowledgements.load(folder, client, expectations))
            if kept is not None:
                self._try(lambda: self._acknowledgements(folder, kept, week.last_day))
            if state is not None and "quotas" not in client.not_recorded:
                self._try(lambda: self._goals(expectations, state, client, week))
            if kept is not None and self._replayed is not None:
                self.source = Source(client, folder, expectations, kept, self._replayed)

    def _try(self, do: Callable[[], T]) -> T | None:
        """What the call returns; a refusal is a finding that stops."""
        try:
            return do()
        except SpmError as problem:
            given = f" ({problem.given})" if problem.given is not None else ""
            self._stop(f"{problem.what}{given}", problem.where or self._slug, problem.remedy or "correct it")
        except OSError as problem:
            name = Path(str(problem.filename)).name
            self._stop(f"{problem.strerror}: {name}", self._slug, "let this user read the file")
        return None

    def _stop(self, what: str, where: str, remedy: str, touches: str = EVERYTHING) -> None:
        self.found.append(Finding("stop", what, where, remedy, touches))

    def _note(self, what: str, where: str, remedy: str, touches: str) -> None:
        self.found.append(Finding("note", what, where, remedy, touches))

    def _read_documents(self, folder: Path) -> None:
        """Read each document by itself, of a client whose own facts cannot be read."""
        for path in sorted((folder / "expectations").glob("*.md")):
            self._try(partial(read_document, path))

    def _written(self, folder: Path, client: Client) -> bool:
        """Every fault of what people write, by file and line; whether the documents can be read."""
        problems = check_documents(folder, client, {*registry.METRICS, *ACTIVITY})
        for one in problems:
            given = f" ({one.given})" if one.given is not None else ""
            say = self._stop if one.stops else self._note
            touches = EVERYTHING if one.stops else by_document(one.file)
            say(f"{one.what}{given}", one.where, one.remedy or "correct it", touches)
        for fault in check_meetings(folder, client):
            given = f" ({fault.given})" if fault.given is not None else ""
            where = f"meetings/{fault.where}" if fault.where else "meetings"
            self._note(f"{fault.what}{given}", where, fault.remedy or "correct it", MEETINGS)
        for fault in check_plans(folder, client):
            given = f" ({fault.given})" if fault.given is not None else ""
            self._stop(f"{fault.what}{given}", fault.where or self._slug, fault.remedy or "correct it", PLANS)
        return not any(one.stops for one in problems)

    def _history(self, folder: Path, client: Client, week: Period) -> Snapshot | None:
        """The state at the end of the week, and what is doubtful about it."""
        store = Store(folder)
        entries = self._try(store.entries)
        if entries is None:
            return None
        if not entries:
            self._stop(
                "nothing was ever ingested",
                f"{self._slug}/history",
                f"put the exports into {self._slug}/inbox and run `spm ingest {self._slug}`",
            )
            return None
        for entry in entries:
            for file in entry.files:
                self._failed(file)
        replayed = self._replayed = self._try(lambda: timeline(store, client, None))
        state = None if replayed is None else self._try(lambda: snapshot(replayed, week.end_at))
        if state is not None:
            self._age(client, state, week)
            self._refused(folder, state)
            self._data(state)
        return state

    def _failed(self, file: StoredFile) -> None:
        """A file that could not be read when the rest of its export was stored."""
        for finding in file.findings:
            if finding.startswith(FAILED):
                self._note(
                    f"{file.name} {finding}",
                    f"{self._slug}/inbox",
                    f"correct it or its mapping and run `spm ingest {self._slug}`",
                    f"every number made of {file.name}",
                )

    def _inbox(self, folder: Path, client: Client, mapping: Mapping, week: Period) -> None:
        """Exports that lie in the inbox and are not in the history: forgotten, or refused.

        One that shows the week or more of it, where the history holds none of its end or later, is what the
        week would have to be made from: without it no page is made.
        """
        inbox, stored = folder / "inbox", Store(folder).entries()
        if not inbox.is_dir() or not stored:
            return
        known, latest = {entry.batch_id for entry in stored}, max(entry.as_of for entry in stored)
        missing = [
            (moment, ", ".join(path.name for path in paths))
            for moment, paths in plan_drops([inbox], mapping, client)
            if not all(mapping.ignores(path.name) for path in paths)
            and drop_id(paths, mapping, client) not in known
        ]
        if not missing:
            return
        shown_until = max(latest, week.start_at)
        is_of_the_week = latest < week.end_at and any(moment > shown_until for moment, _ in missing)
        say = self._stop if is_of_the_week else self._note
        say(
            f"not in the history: {len(missing)} of the exports in the inbox, the latest {missing[-1][1]}",
            f"{self._slug}/inbox",
            f"run `spm ingest {self._slug}`; it says why it refuses one",
            EVERY_NUMBER,
        )

    def _age(self, client: Client, state: Snapshot, week: Period) -> None:
        """Exports that are older than the week's end allows: of opportunities no page of the week is made."""
        where, again = f"{self._slug}/inbox", f"export again and run `spm ingest {self._slug}`"
        limit = client.thresholds.stale_days
        latest = state.drops["as_of"].max()
        if pd.isna(latest):
            self._note("no export was taken by the end of the week", where, again, EVERY_NUMBER)
            return
        meant = f"{again}; where the week is to be shown without them, set `stale_days` in client.yaml"
        age = (week.end_at - latest).days
        if age >= limit:
            late = f"the latest export is {age} days older than the end of the week"
            self._stop(late, where, meant, EVERY_NUMBER)
        for table in ("opportunities", "activities"):
            received = state.received_until.get(table)
            if table == "activities" and table in client.not_recorded:
                continue
            if received is None:
                self._note(f"no export of {table} was received", where, again, TABLES[table])
            elif latest > received and (week.end_at - received).days >= limit:
                age = (week.end_at - received).days
                late = f"the latest export of {table} is {age} days older than the week's end"
                if table == "opportunities":
                    self._stop(late, where, meant, TABLES[table])
                else:
                    self._note(late, where, again, TABLES[table])

    def _refused(self, folder: Path, state: Snapshot) -> None:
        """Rows of the latest export that were refused, and stages nobody mapped."""
        latest = state.drops[state.drops["as_of"] == state.drops["as_of"].max()]
        refused, read = int(latest["quarantined"].sum()), int(latest["rows_read"].sum())
        where = f"{self._slug}/quarantine"
        if refused:
            self._note(
                f"{refused:,} of {read:,} rows of the latest export were refused",
                where,
                "correct them at their source or in the mapping, and ingest again",
                "every count and sum: what was refused is in none",
            )
        unmapped = _unmapped_stages(folder / "quarantine")
        if unmapped:
            listed = ", ".join(f"{label!r} ({count:,} rows)" for label, count in sorted(unmapped.items()))
            self._note(
                f"stages nobody mapped: {listed}",
                where,
                f"add them to `stages:` in {self._slug}/mapping.yaml",
                TABLES["opportunities"],
            )

    def _data(self, state: Snapshot) -> None:
        """What the replay noticed, kind by kind."""
        for name, rows in state.findings.groupby("finding", sort=True):
            detail = str(rows["detail"].iloc[0]).rstrip(".")
            more = f" ({len(rows):,} times {name}; this is the first)" if len(rows) > 1 else ""
            file = "client.yaml" if name == "unknown_rep" else "the exports"
            remedy = (
                "add the spelling to a rep's `known_as:`, or the rep to `reps:`"
                if name == "unknown_rep"
                else "correct it at its source"
            )
            touched = by_metrics(one for numbers in rows["numbers"] for one in str(numbers).split(","))
            self._note(f"{detail}{more}", f"{self._slug}/{file}", remedy, touched)

    def _expectations(self, expectations: Expectations, on: date) -> None:
        """Documents that are missing."""
        where = f"{self._slug}/expectations"
        for kind, lost in READ.items():
            if kind == "sales_goals" and "quotas" in expectations.client.not_recorded:
                continue
            if expectations.in_force(kind, on) is None:
                self._note(
                    f"no {kind} is in force on {on}: {lost}",
                    where,
                    f"write {kind}.md with its effective_from",
                    DOCUMENTS[kind],
                )

    def _acknowledgements(self, folder: Path, kept: Acknowledgements, on: date) -> None:
        """Who still has to read what, where acknowledgements are kept; without them nobody is judged."""
        if not (folder / "acknowledgements.csv").is_file():
            return
        asked = [one for one in kept.open_requests(on) if one.step in ("read", "reviewed")]
        asked_of: dict[tuple[str, ...], list[str]] = {}  # the same reps of several documents: one note
        for document in dict.fromkeys(one.document for one in asked):
            reps = tuple(dict.fromkeys(one.rep for one in asked if one.document == document))
            asked_of.setdefault(reps, []).append(document)
        for reps, documents in asked_of.items():
            verb, it = ("is", "it") if len(documents) == 1 else ("are", "them")
            self._note(
                f"{', '.join(documents)} {verb} not yet agreed with {', '.join(reps)}: "
                f"what rests on {it} is not judged",
                f"{self._slug}/acknowledgements.csv",
                f"go through it together, then `spm acknowledge {self._slug} {documents[0]} --rep {reps[0]}`",
                f"{', '.join(map(by_document, documents))}, as far as they are judged",
            )

    def _goals(self, expectations: Expectations, state: Snapshot, client: Client, week: Period) -> None:
        """Reps without a goal, and exported goals that do not add up to the team's."""
        horizon = client.goal_period_of(week.last_day)
        quotas = expectations.quotas(state.quotas, week.last_day)
        calendar = client.calendar(range(horizon.start.year, horizon.end.year + 1))
        where, goal = f"{self._slug}/expectations", DOCUMENTS["sales_goals"]
        if quotas.empty:
            if expectations.in_force("sales_goals", week.last_day) is not None:
                remedy = "add `quotas:` to the sales goals"
                self._note("no goal is written down for anybody", where, remedy, goal)
            return
        by_rep = goals(quotas, horizon, calendar, "rep_id")
        for rep in _on_the_team(client, horizon):
            if rep not in by_rep:
                remedy = "add a line to `quotas:`"
                self._note(f"{rep} has no goal for {horizon.label}", where, remedy, goal)
        team_lines = quotas[quotas["rep_id"].isna()]
        team = goals(team_lines, horizon, calendar, None).get(None)
        total = sum(float(goal.expected.sum()) for rep, goal in by_rep.items() if rep is not None)
        if team is None or not by_rep or state.quotas.empty:  # typed ones are checked line by line
            return
        agreed = float(team.expected.sum())
        if abs(agreed - total) > ROUNDING:
            self._note(
                f"the reps' goals for {horizon.label} add up to {total:,.0f}, the team's is {agreed:,.0f}",
                where,
                "correct one of them, or say in the document why they differ",
                goal,
            )


def _on_the_team(client: Client, period: Period) -> Iterator[str]:
    """Reps that carry a goal in a period."""
    for rep in client.reps:
        began = rep.starts_on is None or rep.starts_on < period.end
        left = rep.ends_on is not None and rep.ends_on <= period.start
        if rep.role != "manager" and began and not left:
            yield rep.id


def _unmapped_stages(quarantine: Path) -> Counter[str]:
    """Labels refused because no stage is called so, from every list of refused rows that still stands."""
    labels: Counter[str] = Counter()
    for path in sorted(quarantine.glob("*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            labels.update(
                row.get("value") or ""
                for row in csv.DictReader(lines)
                if (row.get("reason") or "").startswith("not a known stage")
            )
    return labels

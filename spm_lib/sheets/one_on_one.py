"""The one-on-one of one rep: for that rep and the manager, and for nobody else.

A narrow door: what the sheet needs is worked out once, filtered to the rep, and the open review is let go.
The object holds no row, name or number of another rep, no number of the team, and nothing a meeting keeps
private. Its numbers are the rep's own rows of the tables the manager sees.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd

from spm_lib import judgement, style, words
from spm_lib.client import Rep
from spm_lib.errors import UsageError
from spm_lib.expectations.acknowledgements import Request
from spm_lib.expectations.fields import KINDS
from spm_lib.judgement import agenda, levels
from spm_lib.meetings import Meetings, coaching_log, commitments
from spm_lib.meetings.models import MANAGER, OWNER
from spm_lib.metrics import registry
from spm_lib.metrics.pipeline import is_open
from spm_lib.periods import Period, midnight, trailing
from spm_lib.review import Review, open_review
from spm_lib.sheets.keeping import keep_tables
from spm_lib.sheets.rep_numbers import rep_numbers
from spm_lib.sheets.rep_plan import RepPlan, rep_plan

#: Weeks the biggest win is looked for in where no one-on-one was held before.
WEEKS_BEFORE_THE_FIRST = 4

#: Metrics whose definitions the sheet prints.
DEFINED = (
    *("attainment", "pace", "forecast", "win_rate_by_count", "plan_arithmetic", "pipeline_change"),
    *("slip_rate_not_closed", "activity_ladder"),
)

DOCUMENT_COLUMNS = {
    "document": "str",
    "title": "str",
    "version": "str",
    "effective_from": "datetime64[us]",
    "read_on": "datetime64[us]",
    "reviewed_on": "datetime64[us]",
    "reinforced_on": "datetime64[us]",
    "asks": "str",
    "is_again": "bool",
}
COMMITMENT_COLUMNS = (
    *("who", "what", "made_on", "due_on", "moved_count", "status", "why", "closed_on"),
    *("overdue_days", "kept"),
)


def open_one_on_one(
    client: str, week: str, rep: str, home: str | Path = "data", keep: str | Path = ""
) -> OneOnOne:
    """Open the one-on-one of one rep after a week.

    Parameters
    ----------
    client : str
        Slug.
    week : str
        ISO week, "2026-W46".
    rep : str
        The rep's id.
    home : path, optional
        The folder of all clients.
    keep : path, optional
        Folder the rep's own tables are written to, as parquet; nothing is written when empty.

    Raises
    ------
    UsageError
        No such client, week or rep.
    ClientError, DocumentError, HistoryError
    """
    review = open_review(client, week, home)
    sheet = _of(review, _known_rep(review, rep))
    if keep:
        _write(sheet, Path(keep), review.cutoff)
    return sheet


@dataclass(frozen=True)
class OneOnOne:
    """What the rep and the manager talk about; amounts in the client's currency.

    Attributes
    ----------
    rep, name : str
        Id and printed name.
    client_name, manager, currency, time_zone : str
    week, goal_period : Period
    known_as_of : pandas.Timestamp or None
        When the latest export was taken, UTC.
    last_on, next_on : datetime.date or None
        The last one-on-one, and the last day on which the next one is in time.
    left_on : datetime.date or None
        The first day the rep was no longer on the team, where that has come.
    commitments : pandas.DataFrame
        `COMMITMENT_COLUMNS`: those of the rep's own meetings that are open or were closed since the last
        one, and the rep's own from the team's; overdue ones first. who: the rep's id, manager or owner.
    win : dict
        The largest win since the last one-on-one: name, amount, outcome_at; empty without one.
    numbers : pandas.DataFrame
        ``rep_numbers.COLUMNS``.
    levels : tuple of judgement.levels.Level
    plan : RepPlan
    questions : list of str
    help : list of str
    talk : pandas.DataFrame
        ``judgement.agenda.TALK_COLUMNS``.
    coaching : dict
        focus, note and on (the day; missing in a proposal); empty where there is neither.
    documents : pandas.DataFrame
        `DOCUMENT_COLUMNS`: the versions in force for the rep; asks: the steps still to be done.
    proposals : dict
        "rep" and "manager" -> first lines for new commitments.
    definitions : list of Definition
    unknowns : list of str
    """

    rep: str
    name: str
    client_name: str
    manager: str
    currency: str
    time_zone: str
    week: Period
    goal_period: Period
    known_as_of: pd.Timestamp | None
    last_on: date | None
    next_on: date | None
    left_on: date | None
    commitments: pd.DataFrame
    win: dict[str, object]
    numbers: pd.DataFrame
    levels: tuple[levels.Level, ...]
    plan: RepPlan
    questions: list[str]
    help: list[str]
    talk: pd.DataFrame
    coaching: dict[str, object]
    documents: pd.DataFrame
    proposals: dict[str, list[str]]
    definitions: list[registry.Definition]
    unknowns: list[str]

    @property
    def title(self) -> str:
        """The page's title: whose it is, and whether they have left."""
        left = f", left on {style.day(self.left_on)}" if self.left_on else ""
        return f"One-on-one, {style.plain(self.name, 80)}{left}"

    @property
    def people(self) -> dict[str, str]:
        """Who commits to something -> the printed name."""
        return {self.rep: self.name, "rep": self.name, MANAGER: self.manager, OWNER: "The owner"}

    @property
    def since(self) -> str:
        """Since when the sheet looks back: "since 11 November"."""
        if self.last_on is None:
            return f"in the last {WEEKS_BEFORE_THE_FIRST} weeks"
        return f"since the one-on-one of {style.day(self.last_on, year=False)}"

    @property
    def agreed_weekly(self) -> float:
        """Conversations of a week that the own plan names; missing where it names none."""
        rows = self.numbers[self.numbers["number"].eq("conversations")]
        return float(rows["agreed"].iloc[0]) if len(rows) else float("nan")

    def __repr__(self) -> str:
        return f"<One-on-one of {self.rep}, {self.week.label}: try .numbers or .levels>"


def _known_rep(review: Review, rep: str) -> Rep:
    """The rep of an id.

    Raises
    ------
    UsageError
        Nobody knows the rep.
    """
    for one in review.client.reps:
        if one.id == rep:
            return one
    if review.client.reps_from_exports and rep in set(review.view().opportunities["rep_id"].dropna()):
        return Rep(id=rep)
    known = ", ".join(one.id for one in review.client.reps) or "none"
    raise UsageError(
        "no such rep", where=f"one-on-one of {review.client.slug}", given=rep, remedy=f"known reps: {known}"
    )


def _of(review: Review, rep: Rep) -> OneOnOne:
    """Everything of the sheet, worked out once."""
    last_day, seen = review.week.last_day, review.meetings.seen_by(rep.id)
    last_on = _last_on(seen, rep.id, last_day)
    numbers = rep_numbers(review, rep.id)
    states = {name: list(numbers.loc[numbers["level"].eq(name), "state"]) for name in levels.LEVELS}
    path = levels.descend(states)
    plan, kept = rep_plan(review, rep.id), _commitments(seen, rep.id, last_on, last_day)
    open_ones, quiet = _open_ones(review, rep.id), _quiet_days(review, rep.id)
    requests = _requests(review, rep.id)
    missing = list(plan.resources.loc[plan.resources["is_late"], "what"])
    talk = agenda.talk_about(open_ones, quiet, pd.Timestamp(review.week.end))
    return OneOnOne(
        rep=rep.id,
        name=rep.name or rep.id,
        client_name=review.client.name,
        manager=review.client.manager,
        currency=review.client.currency,
        time_zone=review.client.time_zone,
        week=review.week,
        goal_period=review.goal_period,
        known_as_of=review.known_as_of,
        last_on=last_on,
        next_on=_next_on(review, rep.id),
        left_on=rep.ends_on if rep.ends_on and rep.ends_on < review.week.end else None,
        commitments=kept,
        win=_win(review, rep.id, last_on),
        numbers=numbers,
        levels=path,
        plan=plan,
        questions=agenda.questions(
            path, numbers, _asked(review, rep.id), open_ones, quiet, pushes=_agreed_pushes(review)
        ),
        help=words.help_needed(kept, plan.resources, plan.obstacles),
        talk=talk,
        coaching=_coaching(seen, rep.id, last_day, numbers),
        documents=_documents(review, rep, requests),
        proposals=agenda.proposals(kept, requests, missing, talk, rep.id, _owner_owes(review, rep.id)),
        definitions=[review.definition(name) for name in DEFINED],
        unknowns=_unknowns(review, rep.id, numbers),
    )


def _last_on(seen: Meetings, rep: str, until: date) -> date | None:
    held = (one.on for one in seen.held(until) if one.kind == "one_on_one" and one.rep == rep)
    return max(held, default=None)


def _next_on(review: Review, rep: str) -> date | None:
    table = review.cadence()
    mine = table[table["kind"].eq("one_on_one") & table["rep_id"].eq(rep).fillna(False).astype(bool)]
    return None if mine.empty or pd.isna(mine["next_due_on"].iloc[0]) else mine["next_due_on"].iloc[0].date()


def _commitments(seen: Meetings, rep: str, last_on: date | None, until: date) -> pd.DataFrame:
    """What both said they would do, and what became of it."""
    ledger = commitments(seen, until)
    own = ledger["rep_id"].eq(rep) & ledger["who"].isin([rep, MANAGER, OWNER])
    closed = ledger["closed_on"].ge(pd.Timestamp(last_on)) if last_on else False
    kept = ledger[(own | ledger["who"].eq(rep)).fillna(False) & (ledger["status"].eq("open") | closed)]
    order = kept.assign(late=-kept["overdue_days"].fillna(0).astype("int64"), shut=kept["status"].ne("open"))
    order = order.sort_values(["shut", "late", "due_on"], kind="stable")
    return order[list(COMMITMENT_COLUMNS)].reset_index(drop=True)


def _owner_owes(review: Review, rep: str) -> list[date]:
    """By when the owner promised something about the rep, elsewhere, that is open past its day."""
    ledger = review.commitments()
    elsewhere = ledger["about"].eq(rep) & ledger["rep_id"].ne(rep).fillna(True)
    late = ledger[elsewhere.fillna(False) & ledger["who"].eq(OWNER) & ledger["overdue_days"].notna()]
    return [day.date() for day in late["due_on"]]


def _win(review: Review, rep: str, last_on: date | None) -> dict[str, object]:
    """The largest win since the last one-on-one, by amount; one without an amount where there is no other."""
    since = last_on or trailing(review.week, WEEKS_BEFORE_THE_FIRST).start
    rows = review.view().outcomes
    mine = rows[rows["rep_id"].eq(rep).fillna(False).astype(bool) & rows["outcome"].eq("won")]
    mine = mine[mine["outcome_at"] >= midnight(since, review.client.time_zone)]
    if mine.empty:
        return {}
    best = mine.sort_values(["amount", "opportunity_id"], ascending=[False, True]).iloc[0]
    return {name: best[name] for name in ("opportunity_id", "name", "amount", "outcome_at")} | {
        "count": len(mine)
    }


def _open_ones(review: Review, rep: str) -> pd.DataFrame:
    """The rep's open opportunities with their stage's name and the next planned day."""
    view = review.view()
    rows = view.opportunities
    mine = rows[is_open(rows) & rows["rep_id"].eq(rep).fillna(False).astype(bool)].copy()
    if "pipeline" in review.client.not_recorded:
        mine = mine.head(0)
    named = view.stages.set_index("stage_id")["name"].to_dict()
    activities = view.activities
    ahead = activities[activities["status"].eq("planned") & (activities["at"] >= review.cutoff)]
    first = ahead.groupby("opportunity_id")["at"].min().reindex(mine["opportunity_id"]).set_axis(mine.index)
    planned = first.dt.tz_convert(review.client.time_zone).dt.tz_localize(None).dt.normalize()
    written = mine["next_activity_on"].where(mine["next_activity_on"] >= pd.Timestamp(review.week.end))
    mine["next_on"] = pd.concat([planned, written], axis=1).min(axis=1)
    mine["stage"] = [str(named.get(stage) or stage or "") for stage in mine["stage_id"].fillna("")]
    columns = ["opportunity_id", "name", "amount", "stage", "expected_close", "next_on", "pushed_count"]
    return mine[columns].reset_index(drop=True)


def _quiet_days(review: Review, rep: str) -> dict[str, float]:
    """The rep's opportunities that are left alone -> for how many days."""
    if {"pipeline", "activities"} & set(review.client.not_recorded):
        return {}
    table = review.view().measure("untouched_rows")
    mine = table[table["rep_id"].eq(rep).fillna(False).astype(bool)]
    return dict(zip(mine["opportunity_id"], mine["quiet_days"].astype("float64"), strict=True))


def _asked(review: Review, rep: str) -> pd.DataFrame:
    """What is asked about the rep's activity, without what was counted on the others."""
    table = review.measure("activity_questions")
    mine = table[table["rep_id"].eq(rep).fillna(False).astype(bool) & table["state"].eq("asked")]
    return mine[["question", "flagged_count", "occasion_count", "text"]].reset_index(drop=True)


def _agreed_pushes(review: Review) -> float:
    rules = review.view().rules
    agreed = rules.loc[rules["rule"].eq("pushed_more_than"), "limit"].dropna()
    return float(agreed.iloc[0]) if len(agreed) else agenda.PUSHES


def _coaching(seen: Meetings, rep: str, until: date, numbers: pd.DataFrame) -> dict[str, object]:
    """The last coaching; else a proposal by where the ladder falls."""
    log = coaching_log(seen, until)
    mine = log[log["rep_id"].eq(rep).fillna(False).astype(bool)]
    if len(mine):
        last = mine.iloc[-1]
        topic = "" if pd.isna(last["topic"]) else str(last["topic"])
        return {"focus": str(last["focus"]), "note": topic, "on": last["on"].date()}
    rung = numbers[numbers["number"].eq("rung") & numbers["state"].ne(levels.TOO_FEW)]
    if rung.empty:
        return {}
    row = rung.iloc[0]
    return dict(agenda.coaching_proposal(str(row["note"]), float(row["hit_count"]), float(row["n"])))


def _requests(review: Review, rep: str) -> list[Request]:
    kept = review.source.acknowledgements.open_requests(review.week.last_day)
    return [replace(one, title=style.document(one.document)) for one in kept if one.rep == rep]


def _documents(review: Review, rep: Rep, requests: Sequence[Request]) -> pd.DataFrame:
    """The version of each document in force for the rep, and which steps are done."""
    rows = []
    for kind in KINDS:
        found = review.source.expectations.for_rep(kind, rep, review.week.last_day)
        known = any(one.id == rep.id for one in review.client.reps)
        if found is None or not known:
            continue
        state = review.source.acknowledgements.state(kind, rep.id, review.week.last_day)
        asks = [one for one in requests if one.document == kind]
        rows.append(
            {
                "document": kind,
                "title": style.document(kind),
                "version": found.version,
                "effective_from": found.front.effective_from,
                "read_on": state and state.read_on,
                "reviewed_on": state and state.reviewed_on,
                "reinforced_on": state and state.reinforced_on,
                "asks": ",".join(one.step for one in asks),
                "is_again": any(one.again for one in asks),
            }
        )
    table = pd.DataFrame(rows, columns=list(DOCUMENT_COLUMNS))
    for name in ("effective_from", "read_on", "reviewed_on", "reinforced_on"):
        table[name] = pd.to_datetime(table[name])
    return table.astype(DOCUMENT_COLUMNS)


def _unknowns(review: Review, rep: str, numbers: pd.DataFrame) -> list[str]:
    """What is missing, without what was found about anybody else."""
    snapshot, findings = review.view().snapshot, review.view().snapshot.findings
    rows = review.view().opportunities
    own = set(rows.loc[rows["rep_id"].eq(rep).fillna(False).astype(bool), "opportunity_id"])
    agreed = numbers[numbers["number"].str.startswith("win_rate") & numbers["agreed"].notna()]
    quotas = review.view().quotas
    return judgement.what_we_do_not_know(
        not_recorded=review.client.not_recorded,
        stale_days=review.client.thresholds.stale_days,
        cutoff=review.cutoff,
        findings=findings[findings["subject_id"].isin(own)],
        # how many rows were refused is the manager's to know
        drops=snapshot.drops.assign(quarantined=0),
        received_until=snapshot.received_until,
        standard=agreed.iloc[0] if len(agreed) else None,
        quotas=quotas,
    )


def _write(sheet: OneOnOne, keep: Path, cutoff: pd.Timestamp) -> None:
    """The rep's own tables, and the definitions their numbers had."""
    tables: Mapping[str, pd.DataFrame] = {
        "numbers": sheet.numbers,
        "commitments": sheet.commitments,
        "opportunities": sheet.talk,
        "documents": sheet.documents,
    }
    keep_tables(keep, tables)
    cards = {
        card.id: {"version": card.version, "effective_from": card.effective_from.isoformat()}
        for card in sheet.definitions
    }
    facts: dict[str, object] = {"exports_until": None, "exports_age_days": None}
    if sheet.known_as_of is not None:
        told = (sheet.known_as_of - pd.Timedelta(microseconds=1)).tz_convert(sheet.time_zone).date()
        facts = {"exports_until": told.isoformat(), "exports_age_days": (cutoff - sheet.known_as_of).days}
    for name, content in (("definitions.json", cards), ("review.json", facts)):
        (keep / name).write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")

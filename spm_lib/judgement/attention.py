"""What of one client's week asks for the manager's time: for the firm, which sees many clients at once.

Facts and proposals in words, of the client or of one rep, by kind of need. Nothing of it compares reps, and
no words of a meeting, a note or a commitment are in it: only how many there are, and since when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from spm_lib import style
from spm_lib.judgement.conversations import CHECK_FIRST, CONFRONT
from spm_lib.judgement.decisions import Decision

#: Kind of need -> how much it weighs. What a person waits for comes before what a number shows, and what we
#: promised before what is only coming up. The order is ours and says so on the page.
WEIGHTS = {
    CONFRONT: 9,
    CHECK_FIRST: 8,
    "coach up": 7,
    "our commitment": 6,
    "meeting to catch up": 5,
    "goal": 5,
    "celebrate": 4,
    "exports": 4,
    "decision": 4,
    "owner commitment": 3,
    "not agreed": 2,
    "meeting due": 1,
}
#: From this weight on it asks for time this week; what is below is to know.
NEEDS_TIME = 3
#: Days after the week in which a meeting counts as coming up.
COMING_DAYS = 14
#: Topics of decisions that are about the client, not about one rep.
_OF_THE_GOAL = ("pipeline_coverage_ratio", "forecast")
_OF_THE_CLIENT = ("hygiene", "process_limits")

COLUMNS = {
    "subject": "str",
    "rep_id": "str",
    "rep": "str",
    "what": "str",
    "topic": "str",
    "why": "str",
    "weight": "Int64",
    "since": "datetime64[us]",
    "due_on": "datetime64[us]",
}


def attention(
    *,
    conversations: pd.DataFrame,
    decisions: Sequence[Decision],
    priority: Decision,
    cadence: pd.DataFrame,
    commitments: pd.DataFrame,
    agreements: pd.DataFrame | None,
    exports: tuple[float | None, int],
    names: Mapping[str, str],
    on: date,
) -> pd.DataFrame:
    """Everything that asks for the manager's time, weightiest first.

    Parameters
    ----------
    conversations : pandas.DataFrame
        ``Review.conversations``.
    decisions : sequence of Decision
        Of the week; those about a rep are passed over, the conversations say more.
    priority : Decision
        ``judgement.priority``; only one about the goal counts here.
    cadence : pandas.DataFrame
        ``meetings.cadence``.
    commitments : pandas.DataFrame
        ``meetings.commitments``.
    agreements : pandas.DataFrame or None
        ``Review.agreements``; None where nobody acknowledges anything.
    exports : tuple of float or None and int
        Days from the latest export to the end of the week (None without any), and after how many it is old.
    names : mapping
        Rep id, "manager" and "owner" -> printed name.
    on : datetime.date
        The week's last day.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. subject: "client" or "rep"; rep_id, rep: missing for the client; what: a key of `WEIGHTS`;
        topic: the kind of a meeting, the metric of a decision, else empty; why: sentences; since: the first
        day of it; due_on: the day by which; each missing where unknown. By weight, then the oldest first,
        then by name.
    """
    rows = [
        *_conversations(conversations),
        *_decisions(priority, decisions),
        *_meetings(cadence, on),
        *_commitments(commitments),
        *(_agreements(agreements) if agreements is not None else ()),
        *_exports(*exports, on),
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["subject"] = table["rep_id"].map(lambda rep: "client" if style.is_missing(rep) else "rep")
    table["rep"] = table["rep_id"].map(lambda rep: None if style.is_missing(rep) else names.get(rep, rep))
    table["weight"] = table["what"].map(WEIGHTS)
    for name in ("since", "due_on"):
        table[name] = pd.to_datetime(table[name])
    table = table.astype(COLUMNS)
    order = table.assign(weight=-table["weight"], rep=table["rep"].fillna(""))
    order = order.sort_values(["weight", "since", "rep", "what"], kind="stable", na_position="last")
    return table.loc[order.index].reset_index(drop=True)


def _row(
    what: str, why: str, rep: object = None, since: object = None, due: object = None, topic: str = ""
) -> dict[str, Any]:
    return {"rep_id": rep, "what": what, "topic": topic, "why": why, "since": since, "due_on": due}


def _conversations(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in table.to_dict("records"):
        if row["conversation"] in WEIGHTS:
            why = " ".join(str(row["reasons"]).split("\n"))
            yield _row(row["conversation"], why, row["rep_id"], row["since"], row["next_on"])


def _decisions(priority: Decision, decisions: Sequence[Decision]) -> Iterator[dict[str, Any]]:
    if priority.topic in _OF_THE_GOAL and priority.weight != "note":
        yield _row("goal", f"{priority.title} {priority.text}", topic=priority.topic)
    for one in decisions:
        if one.topic in _OF_THE_CLIENT and one.weight != "note":
            yield _row("decision", f"{one.title} {one.text}", topic=one.topic)


def _meetings(cadence: pd.DataFrame, on: date) -> Iterator[dict[str, Any]]:
    for row in cadence.to_dict("records"):
        kind, due = str(row["kind"]), row["next_due_on"]
        rep = None if style.is_missing(row["rep_id"]) else row["rep_id"]
        held = row["last_held_on"]
        last = "none is on file" if style.is_missing(held) else f"the last was on {style.day(held)}"
        if not style.is_missing(row["overdue_days"]):
            said = f"{_kind(kind)}: was due by {style.day(due)}, {last}."
            yield _row("meeting to catch up", said, rep, due, due, kind)
        elif due <= pd.Timestamp(on + timedelta(days=COMING_DAYS)):
            said = f"{_kind(kind)}: due by {style.day(due)}, {last}."
            yield _row("meeting due", said, rep, None, due, kind)


def _kind(kind: str) -> str:
    return {
        "team": "Team meeting",
        "one_on_one": "One-on-one",
        "improvement": "Improvement meeting",
        "owner": "Owner catch-up",
    }.get(kind, style.label(kind))


def _commitments(ledger: pd.DataFrame) -> Iterator[dict[str, Any]]:
    late = ledger[ledger["status"].eq("open") & ledger["overdue_days"].notna()]
    for who, what in (("manager", "our commitment"), ("owner", "owner commitment")):
        mine = late[late["who"].eq(who)]
        if len(mine):
            since = mine["due_on"].min()
            count = f"{len(mine)} commitment{'s' * (len(mine) != 1)} of the {who}"
            yield _row(what, f"{count} open past the day, the oldest since {style.day(since)}.", None, since)


def _agreements(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    waiting = table[~table["state"].eq("agreed")]
    for rep, rows in waiting.groupby("rep_id", sort=False):
        count = f"{len(rows)} document{'s' * (len(rows) != 1)}"
        yield _row("not agreed", f"{count} in force to be gone through together.", rep)


def _exports(age_days: float | None, stale_days: int, on: date) -> Iterator[dict[str, Any]]:
    if age_days is None:
        yield _row("exports", "No export was received yet.")
    elif age_days > stale_days:
        latest = on - timedelta(days=int(age_days))
        said = f"The latest export is {age_days:.0f} days old at the week’s end; agreed are {stale_days}."
        yield _row("exports", said, None, latest)

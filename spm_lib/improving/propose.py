"""The next plan's file, written from what the week shows; or why no plan may be written.

Refused, each with what to do instead: a plan that runs already; a document nobody acknowledged; a gap that
did not pass the test against chance; a standard nobody meets; coaching that has not had its time; a company
whose own part is open; no agreed activity to measure early.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import yaml

from spm_lib import judgement, style, words
from spm_lib.client import Rep
from spm_lib.errors import UsageError
from spm_lib.improving.criteria import criteria, others, usual_week
from spm_lib.improving.look import alike, facts_of, line_of, reached_before
from spm_lib.judgement.conversations import COACHING_FORGOTTEN_WEEKS, COACHING_WEEKS
from spm_lib.meetings import Plans, coached_on, coaching_log
from spm_lib.meetings.improvement_documented import Documented, documented
from spm_lib.meetings.improvement_faults import FOLDER
from spm_lib.meetings.improvement_models import CHECKPOINT_DAYS, COUNTED, EXTERNAL
from spm_lib.meetings.models import one_line
from spm_lib.meetings.new_file import write_new
from spm_lib.review import RATE_WEEKS, Review

#: So many lines of the company's own part are said in a refusal.
SAID = 4


class _Plain(yaml.SafeDumper):
    """Writes a day that occurs twice, twice: a document may hold no references."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def propose(
    review: Review, rep: str, starts_on: date, metric: str | None = None, *, known_on: date | None = None
) -> str:
    """The text of a new plan's file, for people to go through and change.

    Parameters
    ----------
    review : Review
        The last week before the plan.
    rep : str
        Rep id.
    starts_on : datetime.date
    metric : str, optional
        Which standard; without it the one whose gap passed the test.
    known_on : datetime.date, optional
        The last day of which the company's own part and the coaching are known: what was put right since the
        week counts. The week's last day when missing.

    Returns
    -------
    str
        Front matter and prose; nothing private is in it.

    Raises
    ------
    UsageError
        No such rep or standard, or no plan may be written: with why, and what to do instead.
    """
    known = _known(review, rep)
    _refuse_a_second(review, rep, starts_on)
    row = _gap(review, rep, metric)
    lines = documented(review.source.expectations, known, starts_on)
    standard = _standard(lines, row)
    _refuse_the_unreachable(review, rep, standard)
    known_on = max(known_on or review.week.last_day, review.week.last_day)
    _refuse_too_soon(review, rep, known_on)
    ledger = review.accounts_on(known_on).part(rep)
    _refuse_before_ourselves(rep, ledger)
    front = {
        "rep": rep,
        "expectation": standard.metric,
        "document": standard.document,
        "starts_on": starts_on,
        "checkpoints": [starts_on + timedelta(days=days) for days in CHECKPOINT_DAYS],
        "ends_on": starts_on + timedelta(days=CHECKPOINT_DAYS[-1]),
        "criteria": _criteria(review, rep, standard, lines, starts_on),
        "support": list(_support(review, rep, starts_on, known_on)),
        "external": [{"what": one} for one in EXTERNAL],
    }
    matter = yaml.dump(front, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{matter}---\n\n{_prose(review, rep, row, ledger)}"


def write_plan(
    review: Review, rep: str, starts_on: date, metric: str | None = None, *, known_on: date | None = None
) -> Path:
    """Write `propose` into the client's folder, complete or not at all; a file that is there stays.

    Parameters
    ----------
    review, rep, starts_on, metric, known_on
        As in `propose`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        As in `propose`; or the file is there already, or cannot be written.
    """
    text = propose(review, rep, starts_on, metric, known_on=known_on)
    if set(rep) & set('/\\:*?"<>|') or one_line(rep) != rep:
        _refuse("the rep’s id cannot be part of a file’s name", rep, "give the rep a plainer id")
    return write_new(review.source.folder / FOLDER / f"{starts_on.isoformat()}-{rep}.md", text, "plan")


def _refuse(what: str, given: object, remedy: str) -> NoReturn:
    raise UsageError(what, given=given, remedy=remedy)


def _known(review: Review, rep: str) -> Rep:
    found = next((one for one in review.client.reps if one.id == rep), None)
    if found is None:
        known = ", ".join(one.id for one in review.client.reps) or "none"
        _refuse("unknown rep", rep, f"known reps: {known}")
    return found


def _refuse_a_second(review: Review, rep: str, starts_on: date) -> None:
    """One plan at a time."""
    source = review.source
    plan = Plans.load(source.folder, review.client, source.expectations).running(rep, starts_on)
    if plan is not None:
        _refuse(
            f"a plan of {rep} runs already",
            plan.file,
            "go on with it; write its `outcome:` before another one begins",
        )


def _gap(review: Review, rep: str, metric: str | None) -> words.Row:
    """The standing a plan is written against: below what was agreed, told from chance."""
    table = review.standings()
    mine = table[table["rep_id"].eq(rep)]
    if metric is not None:
        known = ", ".join(mine["metric"].unique()) or "none"
        mine = mine[mine["metric"].eq(metric)]
        if mine.empty:
            _refuse(
                f"no document in force sets this standard for {rep}",
                metric,
                f"standards: {known}; write it into a document and go through it together first",
            )
    if mine.empty:
        _refuse(
            f"nothing is agreed in writing that {rep} could be held against",
            None,
            "write the standard into a document and go through it together first",
        )
    below = mine[mine["standing"].eq("below")]
    if len(below):
        first: words.Row = below.sort_values("evidence", ascending=False).iloc[0].to_dict()
        return first
    unread = mine[mine["note"].eq("not acknowledged yet")]
    if len(unread) == len(mine):
        document = str(unread["document"].iloc[0])
        _refuse(
            f"no acknowledged document stands behind a plan of {rep}",
            document,
            f"go through it together, then `spm acknowledge {review.client.slug} {document} --rep {rep}` "
            "with --step read and --step reviewed; results count from then on",
        )
    row = mine.sort_values("evidence", ascending=False).iloc[0].to_dict()
    numbers = "; ".join(filter(None, [words.standing_word(row), words.standing_numbers(row)]))
    _refuse(
        f"{rep} has no gap that passed the test against chance",
        f"{words.expectation(row)}: {numbers}",
        "coach up and look again; a number short of what was agreed by no more than chance is no gap",
    )


def _standard(lines: list[Documented], row: words.Row) -> Documented:
    """The standard of a standing, in force on the plan's first day."""
    same = [one for one in lines if one.is_standard and one.metric == row["metric"]]
    fits = [one for one in same if one.document == row["document"]]
    if not fits:
        _refuse(
            "the standard is no longer in force on the plan’s first day",
            str(row["metric"]),
            "look at the document that replaces it, and go through it together first",
        )
    return fits[0]


def _refuse_the_unreachable(review: Review, rep: str, standard: Documented) -> None:
    """A standard nobody meets says more about the standard."""
    met = reached_before(review, rep, [("standard", line_of(standard))])
    counts = met.iloc[0] if len(met) else pd.Series(dtype="float64")
    peers, own = (int(counts.get(name, 0)) for name in ("peers_count", "own_count"))
    if peers + own == 0:
        _refuse(
            "whether the standard can be met is not known",
            f"{style.measure(standard.metric)}, {standard.direction} {standard.threshold:g}",
            "nobody has enough results yet: look again when there are, and coach meanwhile",
        )
    if not int(counts["peers_met_count"]) + int(counts["own_met_count"]):
        _refuse(
            "a standard nobody meets: no plan may be written against it",
            f"met by 0 of {peers} peers, and in 0 of {own} periods of the rep’s own past",
            f"look at the standard first, with the owner: is it right? Then amend {standard.document}, or "
            "find out together what would make it possible",
        )


def _refuse_before_ourselves(rep: str, ledger: pd.DataFrame) -> None:
    """What nobody can fairly be held to anything without comes first."""
    if judgement.may_confront(ledger):
        return
    why = judgement.forbids(ledger)
    more = [f"and {len(why) - SAID} more"] if len(why) > SAID else []
    _refuse(
        f"the company’s own part toward {rep} comes first",
        " ".join([*why[:SAID], *more]),
        "put these right, or write down what was done, then ask again",
    )


def _refuse_too_soon(review: Review, rep: str, known_on: date) -> None:
    """Coaching comes first, and has its time."""
    on = max(review.week.end, known_on)
    began = coached_on(review.meetings, known_on).get(rep)
    needed = timedelta(weeks=COACHING_WEEKS)
    if began is not None and needed <= on - began <= timedelta(weeks=COACHING_FORGOTTEN_WEEKS):
        return
    given = "no coaching goes on" if began is None else f"coached since {began}"
    until = "" if began is None else f", from {began + needed} on"
    _refuse(
        f"coaching of {rep} has not had its time",
        given,
        f"coach up first: a plan may follow after {COACHING_WEEKS} weeks of coaching on record{until}",
    )


def _criteria(
    review: Review, rep: str, standard: Documented, lines: list[Documented], starts_on: date
) -> list[dict[str, object]]:
    """An activity that tells early, and an outcome; refused where only one of the two is agreed on."""
    midweek = review.client.week_of(starts_on).start != starts_on
    found = criteria(standard, lines, lambda one: _reached(review, rep, one), midweek=midweek)
    if not found:
        kind, some = others(standard)
        _refuse(
            f"no {kind} is agreed in writing with {rep} that a plan could be measured by",
            None,
            f"write one of {', '.join(some)} into the rep’s own plan, and go through it together",
        )
    return found


def _reached(review: Review, rep: str, asked: Documented) -> float:
    """A week of the half-year before the last one: the rep's own, else that of peers of the same role."""
    if asked.metric not in COUNTED or asked.direction != "at least":
        return math.inf
    rows = facts_of(review, [asked.metric], review.week.end)[asked.metric].rows
    until = review.week.end - timedelta(weeks=RATE_WEEKS)
    return usual_week(rows, rep, alike(review, rep), until - timedelta(weeks=RATE_WEEKS), until)


def _support(review: Review, rep: str, starts_on: date, known_on: date) -> Iterator[dict[str, Any]]:
    """What manager and owner owe the rep already, and joint work on the last coaching's focus."""
    first, last = (starts_on + timedelta(days=CHECKPOINT_DAYS[place]) for place in (0, -1))
    table = review.commitments()
    # what the owner promised about the rep was said without the rep
    ours = table[
        table["about"].eq(rep) & table["who"].isin(["manager", "owner"]) & table["status"].eq("open")
    ]
    for row in ours.to_dict("records"):
        due = max(pd.Timestamp(str(row["due_on"])).date(), starts_on + timedelta(days=7))
        yield {"what": str(row["what"]), "by": str(row["who"]), "due": min(due, last)}
    promised = review.accounts_on(known_on).records(rep).resources
    owed = pd.DataFrame() if promised is None else promised[promised["supplied_on"].isna()]
    for row in owed.to_dict("records"):
        by = "owner" if row["promised_by"] == "owner" else "manager"
        yield {"what": str(row["what"]), "by": by, "due": first}
    log = coaching_log(review.meetings, review.week.last_day)
    mine = log[log["rep_id"].eq(rep) & log["topic"].notna()]
    if len(mine):
        yield {"what": f"Coaching every week on: {mine['topic'].iloc[-1]}", "by": "manager", "due": first}
    elif not len(ours) and not len(owed):
        yield {"what": "One-on-one every week on one thing", "by": "manager", "due": first}


def _prose(review: Review, rep: str, row: words.Row, ledger: pd.DataFrame) -> str:
    """What is known, for people to write on."""
    since = "; ".join(filter(None, [words.standing_numbers(row), words.standing_since(row)]))
    told = [f"{words.expectation(row)}: {since}."]
    ours, late = judgement.check_ourselves(ledger), judgement.came_late(ledger)
    part = [f"- {line}" for line in ours] or ["Nothing of it is open."]
    steps = review.measure("activity_ladder_steps", by="rep_id")
    apart = steps[steps["rep_id"].eq(rep) & steps["is_apart"].fillna(False).astype(bool)]
    ladder = [
        f"- {style.label(str(one['rung'])).capitalize()}: {style.count(one['kept_count'])} of "
        f"{style.count(one['of_count'])}, {style.percent_range(one['low'], one['high'])} fits; "
        "apart from the team."
        for one in apart.to_dict("records")
    ]
    parts = ["## Why we do this", "", "## What the numbers show", *told]
    parts += ["## Our own part first", "\n".join(part), "\n".join(f"- {line}" for line in late)]
    parts += ["## Where on the way it happens", "\n".join(ladder) or "No rung is apart from the team’s."]
    parts += ["## What happens at the end", ""]
    return "\n\n".join(one for one in parts if one) + "\n"

"""The company's own part toward one rep: what was promised to them, and what was kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from spm_lib import style
from spm_lib.errors import MetricError

#: In the order of the page: what is missing comes first.
STATES = ("gap", "not recorded", "late", "nothing due", "kept")
#: What has to be said before anything is said about the rep.
OPEN_STATES = ("gap", "not recorded")
#: Weeks whose promised one-on-ones are looked at; what was missed before is past.
MEETING_WEEKS = 13
#: Fewer than this share of them held, and the promise itself was not kept.
HELD_SHARE = 1 / 2
#: What is asked of the company, in the order of the page.
QUESTIONS = (
    "expectations written",
    "in force",
    "acknowledged",
    "reinforced",
    "one-on-ones held",
    "coaching given",
    "commitments kept",
    "resources supplied",
    "compensation paid",
    "achievable standard",
)
#: Without these nobody can fairly be held to anything: a gap here, or no record, and nobody is confronted.
FAIR_ONLY_WITH = ("expectations written", "in force", "acknowledged", "coaching given", "achievable standard")
CHECK_OURSELVES = "Check ourselves"
#: What a commitment is about that concerns everybody.
TEAM = "team"

COLUMNS = {
    "rep_id": "str",
    "question": "str",
    "subject": "str",
    "state": "str",
    "on": "datetime64[us]",
    "said": "str",
    "source": "str",
}

_NEEDED: dict[str, tuple[str, ...]] = {
    "documents": ("document", "version", "effective_from", "effective_to", "file"),
    "acknowledgements": ("rep", "document", "version", "read_on", "reviewed_on", "reinforced_on", "file"),
    "reinforced": ("rep_id", "document", "on", "source"),
    "one_on_ones": ("rep_id", "kind", "state", "due_on", "held_on", "reason", "source"),
    "coaching": ("rep_id", "on", "focus", "source"),
    "commitments": ("about", "who", "what", "made_on", "due_on", "status", "closed_on", "kept", "source"),
    "resources": ("rep_id", "what", "due_on", "supplied_on", "source"),
    "compensation": ("rep_id", "what", "due_on", "paid_on", "source"),
    "achievable": (
        "rep_id",
        "metric",
        "peers_met_count",
        "peers_count",
        "own_met_count",
        "own_count",
        "source",
    ),
}


@dataclass(frozen=True)
class CompanyRecords:
    """What is on record of the company's part; a table that nobody keeps is None and said to be missing.

    Rows of other reps may be in a table and are left out. A missing `rep_id` means everybody; of commitments
    only those count that are about the rep or the team: a rep sees no other word of the owner's meetings.

    Attributes
    ----------
    documents : pandas.DataFrame, optional
        Every version that applies to the rep: document, version, effective_from, effective_to, file.
    acknowledgements : pandas.DataFrame, optional
        rep, document, version, read_on, reviewed_on, reinforced_on, file: ``expectations.State`` by row.
    reinforced : pandas.DataFrame, optional
        Of ``meetings.reinforced_log``.
    one_on_ones : pandas.DataFrame, optional
        Of ``meetings.promises``; one held before it was due again has no due_on.
    coaching : pandas.DataFrame, optional
        Of ``meetings.coaching_log``.
    commitments : pandas.DataFrame, optional
        Of ``meetings.commitments``.
    resources : pandas.DataFrame, optional
        Promised in the rep's plan: rep_id, what, due_on, supplied_on, source; None where there is no plan.
    compensation : pandas.DataFrame, optional
        rep_id, what, due_on, paid_on, source. Of both, a column `recorded` may be False: it was to be done,
        and nobody wrote down whether it was.
    achievable : pandas.DataFrame, optional
        Per standard: rep_id, metric, so many peers who met it of all peers, so many of the rep's own past
        periods that did of all, source.

    Raises
    ------
    MetricError
        A table lacks a column.
    """

    documents: pd.DataFrame | None = None
    acknowledgements: pd.DataFrame | None = None
    reinforced: pd.DataFrame | None = None
    one_on_ones: pd.DataFrame | None = None
    coaching: pd.DataFrame | None = None
    commitments: pd.DataFrame | None = None
    resources: pd.DataFrame | None = None
    compensation: pd.DataFrame | None = None
    achievable: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        for name, columns in _NEEDED.items():
            table = getattr(self, name)
            missing = [] if table is None else [one for one in columns if one not in table]
            if missing:
                raise MetricError(
                    f"{name} lack a column", given=", ".join(missing), remedy=f"bring {', '.join(columns)}"
                )

    def of(self, name: str, rep: str) -> list[dict[str, Any]] | None:
        """The rows of a table that concern a rep; None where nobody keeps the table."""
        table: pd.DataFrame | None = getattr(self, name)
        if table is None:
            return None
        own = table
        if "about" in table:  # of the owner's meetings only what is said to concern the rep
            own = table[table["about"].isin([rep, TEAM])]
        elif "rep_id" in table:
            own = table[table["rep_id"].isin([rep]) | table["rep_id"].isna()]
        elif "rep" in table:
            own = table[table["rep"].isin([rep])]
        return [{str(one): value for one, value in row.items()} for row in own.to_dict("records")]


@dataclass(frozen=True)
class _Line:
    question: str
    subject: str
    state: str
    on: date | None
    said: str
    source: str | None = None


def company_part(rep: str, on: date, records: CompanyRecords, *, needed: Sequence[str]) -> pd.DataFrame:
    """The ledger of the company's own part toward one rep, as of a day.

    Parameters
    ----------
    rep : str
        Rep id.
    on : datetime.date
        What is dated later is not known yet.
    records : CompanyRecords
    needed : sequence of str
        Kinds of documents the rep is held to.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`, at least one line per question of `QUESTIONS`: what is a "gap" first, then what is "not
        recorded", then what came "late" (a gap until the day it came), then where "nothing due" is said, then
        what was "kept". on: the day of the evidence, or for a gap the day since which it is one, or `on`;
        said: a sentence; source: the file or place it comes from, missing where there is none.
    """
    lines = [
        *_documents(rep, on, records, needed),
        *_meetings(rep, on, records),
        *_coached(rep, on, records),
        *_commitments(rep, on, records),
        *_supplied(rep, on, records, "resources", "resources supplied", "supplied_on"),
        *_supplied(rep, on, records, "compensation", "compensation paid", "paid_on"),
        *_achievable(rep, on, records),
    ]
    lines.sort(key=lambda line: (STATES.index(line.state), QUESTIONS.index(line.question)))
    rows = [
        {"rep_id": rep, **vars(line), "on": line.on or on, "said": f"{line.said[:1].upper()}{line.said[1:]}"}
        for line in lines
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["on"] = pd.to_datetime(table["on"])
    return table.astype(COLUMNS)


def may_confront(ledger: pd.DataFrame) -> bool:
    """Whether a confrontation may be offered with this ledger in front of it.

    Every question has a line, and none of `FAIR_ONLY_WITH` is a gap or without a record. Other gaps do not
    forbid it; `check_ourselves` says them first.
    """
    if not set(QUESTIONS) <= set(ledger["question"]):
        return False
    fair = ledger[ledger["question"].isin(FAIR_ONLY_WITH)]
    return bool(fair["state"].eq("kept").all())


def forbids(ledger: pd.DataFrame) -> list[str]:
    """Why a confrontation may not be offered (`may_confront`): a sentence per line that stands against it."""
    fair = ledger[ledger["question"].isin(FAIR_ONLY_WITH) & ledger["state"].ne("kept")]
    unasked = [one for one in QUESTIONS if one not in set(ledger["question"])]
    looked = [f"{CHECK_OURSELVES}: nobody has looked at {', '.join(unasked)}."] if unasked else []
    return [f"{CHECK_OURSELVES}: {said}" for said in fair["said"]] + looked


def check_ourselves(ledger: pd.DataFrame) -> list[str]:
    """What has to be said before anything is said about the rep: a sentence per gap, and per missing record.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Of `company_part`, or empty: then nothing was looked at, and that is said.
    """
    said = [
        f"{CHECK_OURSELVES}: {row['said']}"
        for row in ledger[ledger["state"].isin(OPEN_STATES)].to_dict("records")
    ]
    unasked = [one for one in QUESTIONS if one not in set(ledger["question"])]
    if unasked:
        said.append(f"{CHECK_OURSELVES}: nobody has looked at {', '.join(unasked)}.")
    return said


def came_late(ledger: pd.DataFrame) -> list[str]:
    """What was owed when results were counted, and given since: a sentence each.

    Parameters
    ----------
    ledger : pandas.DataFrame
        Of `company_part`.
    """
    return [f"Late on our side: {said}" for said in ledger.loc[ledger["state"].eq("late"), "said"]]


def _unrecorded(question: str, what: str) -> _Line:
    return _Line(question, "", "not recorded", None, f"{what} not recorded.")


def _nothing_due(question: str, on: date, said: str) -> _Line:
    """What nobody had to do yet is neither kept nor missing."""
    return _Line(question, "", "nothing due", on, said)


def _documents(rep: str, on: date, records: CompanyRecords, needed: Sequence[str]) -> Iterator[_Line]:
    """Written, in force, acknowledged and reinforced, per document the rep is held to."""
    documents = records.of("documents", rep)
    if documents is None or not needed:
        # to be held to nothing is no agreement either
        for question in QUESTIONS[:4]:
            yield _unrecorded(question, "What was agreed is")
        return
    for kind in needed:
        versions = [row for row in documents if _kind(row["document"]) == _kind(kind)]
        name = style.label(_kind(kind))
        begun = [row for row in versions if _by(row["effective_from"], on)]
        current = [
            row for row in begun if _day(row["effective_to"]) is None or not _by(row["effective_to"], on)
        ]
        if not versions:
            yield _Line("expectations written", name, "gap", on, f"{_paper(name)} is not written.")
        else:
            first = min(versions, key=lambda row: _day(row["effective_from"]) or date.max)
            since = _day(first["effective_from"])
            yield _Line(
                "expectations written", name, "kept", since, f"{_paper(name)} is written.", first["file"]
            )
        if not current:
            yield _Line("in force", name, "gap", on, f"no {_small(name)} document is in force.")
            yield _Line("acknowledged", name, "gap", on, f"no {_small(name)} document could be acknowledged.")
            yield _Line("reinforced", name, "gap", on, f"no meeting could come back to {_paper(name)}.")
            continue
        version = max(current, key=lambda row: _day(row["effective_from"]) or date.min)
        yield from _agreed(rep, on, records, name, version)


def _agreed(
    rep: str, on: date, records: CompanyRecords, name: str, version: dict[str, Any]
) -> Iterator[_Line]:
    """What became of the version in force: acknowledged, and brought back since."""
    begins, file = _day(version["effective_from"]), version["file"]
    yield _Line(
        "in force", name, "kept", begins, f"{_paper(name)} is in force since {style.day(begins)}.", file
    )
    states = records.of("acknowledgements", rep)
    own = [
        row
        for row in states or []
        if _kind(row["document"]) == _kind(version["document"]) and row["version"] == version["version"]
    ]
    steps = [(_day(row["read_on"]), _day(row["reviewed_on"]), row["file"]) for row in own]
    full = [
        (max(read, talked), at) for read, talked, at in steps if read and talked and max(read, talked) <= on
    ]
    if states is None:
        yield _unrecorded("acknowledged", f"Whether {_paper(name)} was acknowledged is")
    elif full:
        day, at = min(full, key=lambda one: one[0])
        said = f"{_paper(name)} was read and reviewed together by {style.day(day)}."
        yield _Line("acknowledged", name, "kept", day, said, at)
    else:
        said = f"{_paper(name)} has not been read and reviewed together in the version in force."
        yield _Line("acknowledged", name, "gap", begins, said, file)
    yield _reinforced(rep, on, records, name, version, own)


def _reinforced(
    rep: str,
    on: date,
    records: CompanyRecords,
    name: str,
    version: dict[str, Any],
    own: list[dict[str, Any]],
) -> _Line:
    """The last meeting that came back to a document since its version is in force."""
    begins = _day(version["effective_from"])
    log = records.of("reinforced", rep)
    same = [row for row in log or [] if _kind(row["document"]) == _kind(version["document"])]
    days = [(_day(row["on"]), row["source"]) for row in same]
    days += [(_day(row["reinforced_on"]), row["file"]) for row in own]
    held = [(day, at) for day, at in days if day and begins and begins <= day <= on]
    if not held and log is None:
        return _unrecorded("reinforced", f"Whether a meeting came back to {_paper(name)} is")
    if not held:
        said = f"no meeting has come back to {_paper(name)} since it is in force."
        return _Line("reinforced", name, "gap", begins, said, version["file"])
    day, at = max(held, key=lambda one: one[0])
    return _Line("reinforced", name, "kept", day, f"a meeting came back to {_paper(name)}.", at)


def _meetings(rep: str, on: date, records: CompanyRecords) -> Iterator[_Line]:
    """One-on-ones of the last weeks: those not held, or not written down, since the last one; how many were.

    A talk that was missed is open until the next one is held; what cannot be put right any more is counted.
    """
    question, span = "one-on-ones held", f"in the last {MEETING_WEEKS} weeks"
    rows = records.of("one_on_ones", rep)
    if rows is None:
        yield _unrecorded(question, "Which one-on-ones were promised is")
        return
    since = on - timedelta(weeks=MEETING_WEEKS)
    talks = [row for row in rows if row["kind"] == "one_on_one"]
    own = [row for row in talks if _by(row["due_on"], on) and not _by(row["due_on"], since)]
    if not own:
        yield _nothing_due(question, on, f"no one-on-one was promised {span}.")
        return
    every = [row for row in talks if row["state"] == "held" and _by(row["held_on"], on)]
    last = max(every, key=lambda row: _day(row["held_on"]) or date.min, default=None)
    since_last = [row for row in own if not (last and _by(row["due_on"], _day(last["held_on"]) or on))]
    missing = [row for row in since_last if row["state"] != "held"]
    yield from (_not_held(question, row) for row in missing)
    if len(missing) == len(own):
        return  # each is told already
    held, silent = (sum(row["state"] == one for row in own) for one in ("held", "not recorded"))
    said = f"{held} of {len(own)} one-on-ones promised {span} were held"
    said += f"; {silent} {'is' if silent == 1 else 'are'} not written down." if silent else "."
    fewest = HELD_SHARE * len(own)
    state = "kept" if held >= fewest else "gap" if held + silent < fewest else "not recorded"
    if last is None or state != "kept":
        yield _Line(question, "", state, on, said)
    else:
        yield _Line(question, "", state, _day(last["held_on"]), said, _text(last["source"]))


def _not_held(question: str, row: dict[str, Any]) -> _Line:
    """A promised one-on-one of which no other has come since."""
    due = _day(row["due_on"])
    what = f"the one-on-one due by {style.day(due)}"
    if row["state"] == "missed":
        said = f"{what} was not held ({style.plain(row['reason'])})."
        return _Line(question, "", "gap", due, said, _text(row["source"]))
    # without a file nobody knows whether it was held, and no reason can be looked for
    return _Line(question, "", "not recorded", due, f"{what} is not written down.")


def _coached(rep: str, on: date, records: CompanyRecords) -> Iterator[_Line]:
    """The last coaching, and how often there was one."""
    rows = records.of("coaching", rep)
    if rows is None:
        yield _unrecorded("coaching given", "Coaching is")
        return
    own = [row for row in rows if _by(row["on"], on)]
    if not own:
        yield _Line("coaching given", "", "gap", on, "no coaching has been given.")
        return
    last = max(own, key=lambda row: _day(row["on"]) or date.min)
    times = "once" if len(own) == 1 else f"{len(own)} times"
    said = f"coached {times}, last on {style.day(_day(last['on']))} ({style.plain(last['focus'])})."
    yield _Line("coaching given", "", "kept", _day(last["on"]), said, _text(last["source"]))


def _commitments(rep: str, on: date, records: CompanyRecords) -> Iterator[_Line]:
    """What manager and owner said they would do for this rep, or for everybody."""
    question = "commitments kept"
    rows = records.of("commitments", rep)
    ours = [row for row in rows or [] if row["who"] in ("manager", "owner") and _by(row["made_on"], on)]
    told = [row for row in ours if not style.is_missing(row["kept"])]
    if not told:
        if records.commitments is None or records.commitments.empty:
            yield _unrecorded(question, "What manager and owner committed to is")
        elif ours:
            yield _nothing_due(question, on, "no commitment of manager or owner was due by now.")
        else:
            yield _nothing_due(question, on, "manager and owner have promised nothing for this rep.")
        return
    for row in told:
        due, closed = _day(row["due_on"]), _day(row["closed_on"])
        what = f"the {row['who']}’s commitment “{style.plain(row['what'], 160)}”"
        if row["kept"]:
            said = f"{what} was kept on {style.day(closed)}."
            yield _Line(question, str(row["who"]), "kept", closed, said, _text(row["source"]))
        elif closed and row["status"] == "done":
            said = f"{what}, due on {style.day(due)}, was done late, on {style.day(closed)}."
            yield _Line(question, str(row["who"]), "late", closed, said, _text(row["source"]))
        else:
            became = f"was {row['status']} on {style.day(closed)}" if closed else "is still open"
            said = f"{what}, due on {style.day(due)}, {became}."
            yield _Line(question, str(row["who"]), "gap", due, said, _text(row["source"]))


def _supplied(
    rep: str, on: date, records: CompanyRecords, table: str, question: str, done: str
) -> Iterator[_Line]:
    """What was promised by a day and supplied, or paid, on a day."""
    verb = "paid" if done == "paid_on" else "supplied"
    rows = records.of(table, rep)
    due_ones = [row for row in rows or [] if _by(row["due_on"], on)]
    if rows is None:
        yield _unrecorded(question, f"What was to be {verb} by now is")
    elif not due_ones:
        nothing = "promised" if not rows and verb == "supplied" else f"to be {verb} by now"
        yield _nothing_due(question, on, f"nothing was {nothing}.")
    for row in due_ones:
        due, day = _day(row["due_on"]), _day(row[done])
        day = day if day is None or day <= on else None
        what, source = style.plain(row["what"], 160), _text(row["source"])
        if day is not None and due is not None and day <= due:
            yield _Line(question, what, "kept", day, f"{what} was {verb} on {style.day(day)}.", source)
            continue
        if not row.get("recorded", True):
            said = f"whether {what}, due on {style.day(due)}, was {verb} is not recorded."
            yield _Line(question, what, "not recorded", due, said, source)
            continue
        if day is not None:
            # nobody can give it in time any more: it is told, and no longer asked for
            said = f"{what}, due on {style.day(due)}, was {verb} late, on {style.day(day)}."
            yield _Line(question, what, "late", day, said, source)
            continue
        said = f"{what}, due on {style.day(due)}, has not been {verb}."
        yield _Line(question, what, "gap", due, said, source)


def _achievable(rep: str, on: date, records: CompanyRecords) -> Iterator[_Line]:
    """Whether anybody, or the rep before, met each standard: one that nobody meets is no standard."""
    question = "achievable standard"
    rows = records.of("achievable", rep)
    if not rows:
        yield _unrecorded(question, "Whether the standard can be met is")
    for row in rows or []:
        names = ("peers_met_count", "peers_count", "own_met_count", "own_count")
        peers_met, peers, own_met, own = (
            0 if style.is_missing(row[name]) else int(row[name]) for name in names
        )
        name = style.measure(str(row["metric"]))
        if peers + own == 0:
            yield _unrecorded(question, f"Whether the standard of {_small(name)} can be met is")
            continue
        said = (
            f"the standard of {_small(name)} was met by {peers_met} of {peers} peers, and in {own_met} of "
            f"{own} periods of the rep’s own past."
        )
        state = "kept" if peers_met + own_met else "gap"
        yield _Line(question, name, state, on, said, _text(row["source"]))


def _kind(document: object) -> str:
    return str(document).partition("-")[0]


def _small(name: str) -> str:
    """A label inside a sentence; an abbreviation keeps its letters."""
    return name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"


def _paper(name: str) -> str:
    return f"the {_small(name)} document"


def _day(value: object) -> date | None:
    """A cell as a day."""
    return None if style.is_missing(value) else pd.Timestamp(str(value)).date()


def _by(value: object, on: date) -> bool:
    """Whether a cell holds a day that has come by `on`."""
    day = _day(value)
    return day is not None and day <= on


def _text(value: object) -> str | None:
    return None if style.is_missing(value) else str(value)

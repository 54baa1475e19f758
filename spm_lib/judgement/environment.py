"""How far a sales environment is set up: a self-check of ours, 0-4 each, from what is on record.

The seven documents are looked at in five states, each of which rests on the one before: defined, documented,
understood, measured, reinforced. Meetings, exports and the state of the data are looked at beside them. What
is not on record is answered by the manager, or *not answered*: it is never a zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from spm_lib import style

STATES = ("defined", "documented", "understood", "measured", "reinforced")
#: What is looked at beside the documents.
BESIDE = ("meetings kept", "tools connected", "data clean")
HIGHEST = 4
#: Weeks in which a document is asked to have come back, and meetings to have been held.
LOOK_WEEKS = 13
#: A rule of the CRM agreement is within limits where at most this share of what it checks does not keep it:
#: some always is under way, and a rule that nobody ever breaks was not needed.
BROKEN_RATE = 0.10
#: Least share of the open opportunities touched in time, for the levels 4, 3, 2 and 1.
TOUCHED = (0.95, 0.90, 0.75, 0.50)
#: A larger share of refused rows in the latest export, and the data are at most at level 2.
REFUSED_RATE = 0.01

_SHARES = (
    "0: nobody or none",
    "1: fewer than half",
    "2: at least half",
    "3: at least three quarters",
    "4: all",
)
#: What each level asks for, by state or subject.
RULES: Mapping[str, tuple[str, ...]] = {
    "defined": (
        "What is in force in writing counts as defined as far as it is in force",
        "else the manager answers, 0 (nobody has said what is expected) to 4 (said to everybody)",
    ),
    "documented": (
        "0: nothing is written, or only questions stand there",
        "1: written, but in force for nobody, or no rep is listed whom it could be in force for",
        "2: in force for fewer than half of the reps",
        "3: for at least half",
        "4: for all",
    ),
    "understood": ("reps who have both read and reviewed the version in force", *_SHARES),
    "measured": (
        "standards, goals and rules of the document that can be computed from the exports",
        *_SHARES,
        "a document without any is answered by the manager",
    ),
    "reinforced": (
        "0: no meeting on file came back to it",
        f"1: one did, more than {LOOK_WEEKS} weeks ago",
        f"2: one within {LOOK_WEEKS} weeks",
        "3: two or three",
        "4: four or more, about once a month",
    ),
    "meetings kept": (f"promised meetings of the last {LOOK_WEEKS} weeks that were held", *_SHARES),
    "tools connected": (
        "0: no export was ever received",
        "1: the latest is older than agreed",
        "2: opportunities come in time",
        "3: activities or the history of changes too",
        "4: both",
    ),
    "data clean": (
        f"rules of the CRM agreement that at least {1 - BROKEN_RATE:.0%} of what they check keep",
        *_SHARES,
        "and, where it is agreed after how many days an open opportunity is touched, the lower of that and "
        + ", ".join(f"{4 - n}: at least {share:.0%} touched" for n, share in enumerate(TOUCHED)),
        f"at most 2 where more than {REFUSED_RATE:.0%} of the rows were refused",
    ),
}

_LIST = "List the reps in client.yaml."

COLUMNS = {
    "subject": "str",
    "state": "str",
    "level": "Int64",
    "basis": "str",
    "said": "str",
    "first": "str",
}


@dataclass(frozen=True)
class DocumentFacts:
    """What is on record of one of the seven documents, as of a day.

    Attributes
    ----------
    kind, title : str
    written_count : int
        Files that say something, dated or not; a blank template counts as none.
    rep_count, in_force_count : int
        Reps on the team, and those for whom a version is in force. Without reps 0 and 1 or 0.
    since : datetime.date, optional
        First day of the version in force.
    owed_count, understood_count : int, optional
        Reps asked to acknowledge it, and those who read and reviewed it; None where nobody writes it down.
    understood_on : datetime.date, optional
        The day of the last of them.
    measured_count, computed_count : int
        What the document sets that can be measured at all, and what can be computed now.
    reinforced_on : sequence of datetime.date, optional
        Days of the meetings that came back to it; None where no meeting is on file.
    """

    kind: str
    title: str
    written_count: int = 0
    rep_count: int = 0
    in_force_count: int = 0
    since: date | None = None
    owed_count: int | None = None
    understood_count: int | None = None
    understood_on: date | None = None
    measured_count: int = 0
    computed_count: int = 0
    reinforced_on: Sequence[date] | None = None

    @property
    def is_in_force(self) -> bool:
        """Whether it is in force for anybody."""
        return self.in_force_count > 0


@dataclass(frozen=True)
class BesideFacts:
    """What is on record beside the documents.

    Attributes
    ----------
    promised_count, held_count : int
        Meetings of the last weeks.
    exports_age_days : float, optional
        None where no export was received.
    stale_days : int
    tables : sequence of str
        Tables the exports bring.
    rule_count : int, optional
        Rules of the CRM agreement that had something to check; None where none is in force.
    broken_rules : sequence of str
        Those of them that are not within limits, the most broken first.
    touch_count, touched_count : int, optional
        Open opportunities that could be checked for when they were last touched, and those touched in time;
        None where no number of days is agreed.
    read_count, refused_count : int
        Rows of the latest exports, each table's once.
    """

    promised_count: int = 0
    held_count: int = 0
    exports_age_days: float | None = None
    stale_days: int = 8
    tables: Sequence[str] = ()
    rule_count: int | None = None
    broken_rules: Sequence[str] = ()
    touch_count: int | None = None
    touched_count: int | None = None
    read_count: int = 0
    refused_count: int = 0


def level_of_share(done: int, of: int) -> int | None:
    """0-4 for a share: none, fewer than half, half, three quarters, all; None of nothing."""
    if of <= 0:
        return None
    if done >= of:
        return HIGHEST
    if done <= 0:
        return 0
    return 3 if 4 * done >= 3 * of else 2 if 2 * done >= of else 1


def environment(
    documents: Sequence[DocumentFacts],
    beside: BesideFacts,
    on: date,
    answers: Mapping[tuple[str, str], int] | None = None,
) -> pd.DataFrame:
    """Every part of the self-check with its level, where it comes from, and what would help first.

    Parameters
    ----------
    documents : sequence of DocumentFacts
    beside : BesideFacts
    on : datetime.date
        The day of the look.
    answers : mapping, optional
        (subject, state) -> 0-4, of what no record tells. What is on record is never overruled by it.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. subject: a kind of document, or one of `BESIDE`; state: one of `STATES`, for `BESIDE` the
        same words again; level: missing where nothing is known; basis: "found", "answered", "not answered",
        or "not yet": it cannot be, before the document is in force.
    """
    given = answers or {}
    rows = [row for one in documents for row in _document(one, on, given)]
    rows += _beside(beside, given)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def spokes(table: pd.DataFrame) -> pd.DataFrame:
    """The self-check by subject: the mean level of what is known of it.

    Returns
    -------
    pandas.DataFrame
        subject, level (missing where nothing is known), known_count, part_count.
    """
    rows = [
        (subject, part["level"].astype("float64").mean(), int(part["level"].notna().sum()), len(part))
        for subject, part in table.groupby("subject", sort=False)
    ]
    return pd.DataFrame(rows, columns=["subject", "level", "known_count", "part_count"])


def next_improvements(table: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """What helps most, first: what other parts rest on, and of those what is lowest.

    Exports come first where they are missing, since nothing is measured without them; then of each document
    the first state that is short, by state, level and the order of the seven; what is only not answered
    comes last.

    Returns
    -------
    pandas.DataFrame
        Rows of the self-check, at most `count`.
    """
    short = table[~table["level"].eq(HIGHEST).fillna(False) & table["basis"].ne("not yet")]
    firsts = short.groupby("subject", sort=False).head(1) if len(short) else short
    rows = firsts.to_dict("records")
    order = sorted(range(len(rows)), key=lambda at: (*_weight(rows[at]), at))
    return firsts.iloc[order].head(count).reset_index(drop=True)


def _weight(row: Mapping[Any, Any]) -> tuple[int, int, int]:
    """Not answered last; what others rest on first; then by level."""
    if pd.isna(row["level"]):
        return (1, 0, 0)
    level, state = int(row["level"]), str(row["state"])
    if state == "tools connected":
        return (0, 0 if level < 2 else 4, level)
    places = {"meetings kept": 3, "data clean": 4, **{name: n + 1 for n, name in enumerate(STATES)}}
    return (0, places[state], level)


def _row(
    subject: str, state: str, level: int | None, said: str, first: str, given: Mapping[tuple[str, str], int]
) -> dict[str, object]:
    """One part: found, else answered, else not answered."""
    basis = "found"
    if level is None:
        level = given.get((subject, state))
        basis = "not answered" if level is None else "answered"
        said = f"{said}; answered: {level}" if level is not None else f"{said}; not answered"
    return {
        "subject": subject,
        "state": state,
        "level": level,
        "basis": basis,
        "said": said,
        "first": "" if level == HIGHEST else first,
    }


def _document(
    one: DocumentFacts, on: date, given: Mapping[tuple[str, str], int]
) -> Iterator[dict[str, object]]:
    yield _defined(one, given)
    yield _documented(one)
    if not one.is_in_force:
        for state in STATES[2:]:
            yield {
                "subject": one.kind,
                "state": state,
                "level": None,
                "basis": "not yet",
                "said": "once it is in force",
                "first": "",
            }
        return
    yield _understood(one, given)
    yield _measured(one, given)
    yield _reinforced(one, on, given)


def _written_level(one: DocumentFacts) -> int:
    """0-4 as `RULES` say for "documented"."""
    if not one.is_in_force:
        return 1 if one.written_count else 0
    if not one.rep_count:
        return 1  # nobody is listed: of nothing there is no share
    if one.in_force_count >= one.rep_count:
        return HIGHEST
    return 3 if 2 * one.in_force_count >= one.rep_count else 2


def _defined(one: DocumentFacts, given: Mapping[tuple[str, str], int]) -> dict[str, object]:
    """What is in force in writing is defined; an answer counts where that goes further."""
    if one.is_in_force and not one.rep_count:
        return _row(one.kind, "defined", None, "in writing, no rep is listed", _LIST, given)
    level = _written_level(one) if one.is_in_force else None
    said = "in writing" if one.is_in_force else "nothing in force says what is expected"
    first = (
        "Write it for the reps who have none, and date it."
        if one.is_in_force
        else "Agree with the owner on what is expected, and answer for it here."
    )
    return _row(one.kind, "defined", level, said, first, given)


def _documented(one: DocumentFacts) -> dict[str, object]:
    level = _written_level(one)
    if one.is_in_force:
        whom = f"for {one.in_force_count} of {one.rep_count}" if one.rep_count else "no rep is listed"
        said = f"in force since {style.day(one.since)}, {whom}"
        first = "Write it for the reps who have none, and date it." if one.rep_count else _LIST
    elif one.written_count:
        said, first = "written, in force for nobody", "Give it the day from which it counts."
    else:
        said, first = "nothing written", "Answer the questions of its template and date it."
    return _row(one.kind, "documented", level, said, first, {})


def _understood(one: DocumentFacts, given: Mapping[tuple[str, str], int]) -> dict[str, object]:
    done, of = one.understood_count, one.owed_count
    if done is None or of is None:
        level, said = None, "nobody writes down who has read it"
    else:
        level = level_of_share(done, of)
        said = f"{done} of {of} have read and reviewed it" if of else "nobody is asked to acknowledge it"
        if done and one.understood_on:
            said += f", the last on {style.day(one.understood_on)}"
    return _row(one.kind, "understood", level, said, "Go through it with each rep and note the day.", given)


def _measured(one: DocumentFacts, given: Mapping[tuple[str, str], int]) -> dict[str, object]:
    level = level_of_share(one.computed_count, one.measured_count)
    said = (
        f"{one.computed_count} of {one.measured_count} of what it sets can be computed"
        if one.measured_count
        else "it sets nothing that exports could measure"
    )
    first = "Agree on a measure for it, or get the export that its measure needs."
    return _row(one.kind, "measured", level, said, first, given)


def _reinforced(one: DocumentFacts, on: date, given: Mapping[tuple[str, str], int]) -> dict[str, object]:
    first = "Come back to it in the next meeting, and write that down there."
    if one.reinforced_on is None:
        return _row(one.kind, "reinforced", None, "no meeting is on file", first, given)
    days = sorted(day for day in set(one.reinforced_on) if day <= on)
    recent = [day for day in days if (on - day).days < 7 * LOOK_WEEKS]
    if not days:
        return _row(one.kind, "reinforced", 0, "no meeting came back to it", first, given)
    level = HIGHEST if len(recent) >= 4 else 3 if len(recent) >= 2 else 2 if recent else 1
    many = "meeting" if len(recent) == 1 else "meetings"
    said = f"{len(recent)} {many} in {LOOK_WEEKS} weeks, the last on {style.day(days[-1])}"
    return _row(one.kind, "reinforced", level, said, first, given)


def _beside(one: BesideFacts, given: Mapping[tuple[str, str], int]) -> Iterator[dict[str, object]]:
    said = (
        f"{one.held_count} of {one.promised_count} held in {LOOK_WEEKS} weeks"
        if one.promised_count
        else "no meeting was promised"
    )
    level = level_of_share(one.held_count, one.promised_count)
    first = "Promise a rhythm that can be held, and hold the next meeting."
    yield _row("meetings kept", "meetings kept", level, said, first, given)
    level, said, first = _tools(one)
    yield _row("tools connected", "tools connected", level, said, first, given)
    clean, said, first = _clean(one)
    yield _row("data clean", "data clean", clean, said, first, given)


def _tools(one: BesideFacts) -> tuple[int, str, str]:
    if one.exports_age_days is None:
        return 0, "no export received", "Put the first export into the inbox."
    age = f"latest export {max(one.exports_age_days, 0):.0f} days before the week’s end"
    brings = ", ".join(one.tables) or "nothing"
    if one.exports_age_days > one.stale_days:
        return 1, f"{age}; brings {brings}", "Get a fresh export, and agree on who sends it when."
    if "opportunities" not in one.tables:
        return 1, f"{age}; brings {brings}", "Get an export of the opportunities."
    more = [name for name in ("activities", "changes") if name in one.tables]
    missing = [name for name in ("activities", "changes") if name not in one.tables]
    return 2 + len(more), f"{age}; brings {brings}", f"Ask for the export of {' and '.join(missing)}."


def _clean(one: BesideFacts) -> tuple[int | None, str, str]:
    first = "Clear the open opportunities with the reps."
    if one.rule_count is None:
        return None, "no CRM rule is in force to check by", first
    if not one.rule_count:
        return None, "no opportunity to check by a rule", first
    kept = one.rule_count - len(one.broken_rules)
    level = level_of_share(kept, one.rule_count) or 0
    said = f"{kept} of {one.rule_count} rules are kept by at least {1 - BROKEN_RATE:.0%} of what they check"
    if one.broken_rules:
        named = "; ".join(style.label(rule) for rule in one.broken_rules)
        first = f"Go through the open opportunities with the reps, by what is most often so: {named}."
    if one.touch_count and one.touched_count is not None:
        share = one.touched_count / one.touch_count
        level = min(level, next((HIGHEST - n for n, least in enumerate(TOUCHED) if share >= least), 0))
        said += f"; {one.touched_count} of {one.touch_count} open opportunities were touched in time"
    if one.read_count and one.refused_count / one.read_count > REFUSED_RATE:
        return min(level, 2), f"{said}; {one.refused_count:,} of {one.read_count:,} rows refused", first
    return level, said, first

"""Improvement plans: `improvement/<start day>-<rep>.md`, read, checked and held together.

A plan says what was agreed and is missed, by what 2 or 3 things it is measured, when it is looked at, what
the company provides, and what came of it. It may only ask for what a document that was in force on its first
day asks for: nobody is measured by a new yardstick. The front matter of a file:

==============  ==========================================================================================
`rep`           whose
`expectation`   the metric of the documented standard
`document`      where it stands, where more than one document sets it
`starts_on`     as in the file's name
`checkpoints`   days; 30, 60 and 90 days after the start if none is named
`ends_on`       the last day
`criteria`      2 or 3 of {metric, at_least or at_most, weeks, minimum_n}, activity and outcome
`support`       what the company provides: {what, by: manager or owner, due, done_on}
`external`      what lies outside the rep's hands: {what, checked_on, found}
`check_ins`     {on, said}; improvement meetings are added to them
`comment`       the rep's own words
`acknowledged`  gap, criteria, support, consequence: {read_on, reviewed_on} each
`outcome`       {result: met, extended or ended, on, why, until}; after an extension another follows
`sustain_until` after "met"; 90 days if it is not said
==============  ==========================================================================================

An outcome that is not written yet leaves the plan running, whatever its last day was: nobody is left to
wonder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from pydantic import ValidationError

from spm_lib.client import Client, Rep, fold
from spm_lib.client import faults as faults_of
from spm_lib.errors import DocumentError, SpmError
from spm_lib.expectations import Expectations
from spm_lib.expectations.front_matter import FrontMatter, load, split
from spm_lib.meetings.improvement_faults import FOLDER, Told, tell, tell_undocumented
from spm_lib.meetings.improvement_models import SUSTAIN_DAYS, Front
from spm_lib.meetings.improvement_models import Outcome as Outcome

#: A plan that is over stays on the pages so long.
REMEMBERED_DAYS = 28
_FOREVER = date.max


@dataclass(frozen=True)
class Plan:
    """One improvement plan.

    Attributes
    ----------
    rep : str
        Rep id.
    front : Front
    prose : str
        For people.
    file : str
        Its name below the client's folder.
    """

    rep: str
    front: Front
    prose: str
    file: str

    @property
    def starts_on(self) -> date:
        """Its first day."""
        return self.front.starts_on

    @property
    def ends_on(self) -> date:
        """Its last day; the one of the last extension, where there is one."""
        until = [one.until for one in self.front.outcome if one.until is not None]
        return until[-1] if until else self.front.ends_on

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None while it runs, extended or not."""
        last = self.front.outcome[-1] if self.front.outcome else None
        return None if last is None or last.result == "extended" else last

    @property
    def sustain_until(self) -> date | None:
        """The last day on which what was reached is watched over; None unless the plan was met."""
        if self.outcome is None or self.outcome.result != "met":
            return None
        return self.front.sustain_until or self.outcome.on + timedelta(days=SUSTAIN_DAYS)

    @property
    def over_on(self) -> date:
        """The day it was over; the end of time while no outcome is written."""
        return _FOREVER if self.outcome is None else self.outcome.on

    def as_of(self, on: date) -> Plan:
        """The plan as it stood on a day: what happened later is not known yet."""
        front = self.front
        changed = {
            "outcome": tuple(one for one in front.outcome if one.on <= on),
            "check_ins": tuple(one for one in front.check_ins if one.on <= on),
            "support": tuple(
                one if one.done_on is None or one.done_on <= on else one.model_copy(update={"done_on": None})
                for one in front.support
            ),
            "external": tuple(
                one
                if one.checked_on is None or one.checked_on <= on
                else one.model_copy(update={"checked_on": None, "found": None})
                for one in front.external
            ),
            "acknowledged": {
                step: one.model_copy(
                    update={
                        name: None
                        for name in ("read_on", "reviewed_on")
                        if (day := getattr(one, name)) and day > on
                    }
                )
                for step, one in front.acknowledged.items()
            },
        }
        return replace(self, front=front.model_copy(update=changed))

    def state(self, on: date) -> str:
        """Where it stands on a day: "planned", "running", "sustained" or "over"."""
        known = self.as_of(on)
        if on < self.starts_on:
            return "planned"
        if known.outcome is None:
            return "running"
        return "sustained" if on <= (known.sustain_until or date.min) else "over"

    def is_shown(self, on: date) -> bool:
        """Whether it has a page on a day: running, sustained, or over for no more than four weeks."""
        state = self.state(on)
        known = self.as_of(on)
        over_since = known.sustain_until or known.over_on
        return state in ("running", "sustained") or (
            state == "over" and on - over_since <= timedelta(days=REMEMBERED_DAYS)
        )


@dataclass(frozen=True)
class Plans:
    """Every improvement plan of one client, by first day.

    Attributes
    ----------
    all : tuple of Plan
    """

    all: tuple[Plan, ...] = ()

    @classmethod
    def load(cls, folder: Path, client: Client, expectations: Expectations | None = None) -> Plans:
        """The plans in a client's folder; none where there is no such folder.

        Parameters
        ----------
        folder : pathlib.Path
        client : Client
        expectations : Expectations, optional
            The client's, where the caller has read them; read when missing.

        Raises
        ------
        DocumentError
            The first fault that `check_plans` finds.
        """
        plans, faults = _read_all(Path(folder), client, expectations)
        if faults:
            raise faults[0]
        return plans

    def of(self, rep: str, on: date) -> Plan | None:
        """The plan of a rep that is on the pages that day, as it stood then; the latest to begin."""
        shown = [one for one in self.all if one.rep == rep and one.is_shown(on)]
        return shown[-1].as_of(on) if shown else None

    def running(self, rep: str, on: date) -> Plan | None:
        """The plan of a rep that runs on a day, or begins after it."""
        found = [one for one in self.all if one.rep == rep and one.state(on) in ("planned", "running")]
        return found[-1].as_of(on) if found else None


def plan_of(folder: Path, client: Client, rep: str, on: date) -> Plan | None:
    """The plan of a rep that is on the pages on a day, as it stood then; None where there is none.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder.
    client : Client
    rep : str
        Rep id.
    on : datetime.date

    Raises
    ------
    DocumentError
        As `Plans.load`.
    """
    return Plans.load(folder, client).of(rep, on)


def plans_running(
    folder: Path, client: Client, on: date, expectations: Expectations | None = None
) -> dict[str, date]:
    """Rep id -> the first day of the plan that runs on a day.

    Parameters
    ----------
    folder, client, expectations
        As in `Plans.load`.
    on : datetime.date

    Raises
    ------
    DocumentError
        As `Plans.load`.
    """
    plans = Plans.load(folder, client, expectations)
    return {one.rep: one.starts_on for one in plans.all if one.state(on) == "running"}


def reps_with_a_plan(folder: Path, client: Client, on: date) -> list[Rep]:
    """Who has a page of an improvement plan on a day, in the order of client.yaml.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder.
    client : Client
    on : datetime.date
        A plan counts that runs on it (one without an outcome runs on), is in its sustain period, or has been
        over for no more than `REMEMBERED_DAYS`.

    Raises
    ------
    DocumentError
        As `Plans.load`.
    """
    plans = Plans.load(folder, client)
    with_one = {one.rep for one in plans.all if one.is_shown(on)}
    known = [one for one in client.reps if one.id in with_one]
    return known + [Rep(id=one) for one in sorted(with_one - {rep.id for rep in known})]


def check_plans(folder: Path, client: Client) -> list[DocumentError]:
    """Every fault of the improvement plans of a client, by file; an empty list when there is none.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder.
    client : Client
    """
    return _read_all(Path(folder), client)[1]


def _read_all(
    folder: Path, client: Client, expectations: Expectations | None = None
) -> tuple[Plans, list[DocumentError]]:
    """The plans that can be read, and what is wrong with the others or between them."""
    found: list[Plan] = []
    faults: list[DocumentError] = []
    paths = [
        path
        for path in sorted((folder / FOLDER).glob("*"))
        if path.is_file() and path.suffix.lower() == ".md" and not path.name.startswith(".")
    ]
    if paths and expectations is None:
        with suppress(SpmError):  # a broken document is told where documents are checked
            expectations = Expectations.load(folder, client)
    for path in paths:
        plan, wrong = _read(path, client, expectations)
        faults += wrong
        found += [] if plan is None else [plan]
    found.sort(key=lambda one: (one.starts_on, one.rep, one.file))
    return Plans(tuple(found)), [*faults, *_at_once(found)]


def _read(
    path: Path, client: Client, expectations: Expectations | None
) -> tuple[Plan | None, list[DocumentError]]:
    name = f"{FOLDER}/{path.name}"
    try:
        text, prose = split(path.read_text(encoding="utf-8-sig"), name)
        matter = load(text, name)
    except UnicodeDecodeError:
        return None, [DocumentError("the file is not UTF-8 text", where=name, remedy="save it as UTF-8")]
    except OSError as problem:
        return None, [DocumentError("the file cannot be read", where=name, given=problem.strerror)]
    except DocumentError as fault:
        return None, [fault]
    try:
        front = Front.model_validate(matter.facts)
    except ValidationError as problem:
        return None, list(_explained(problem, matter, name))
    told = Told(name, matter)
    rep = client.rep_by_spelling().get(fold(front.rep)) or (front.rep if client.reps_from_exports else None)
    if rep is None:
        known = ", ".join(one.id for one in client.reps) or "none"
        told("rep", "unknown rep", front.rep, f"known reps: {known}")
    tell(told, path.name, front, rep, client)
    if rep is not None and expectations is not None:
        known_rep = next((one for one in client.reps if one.id == rep), Rep(id=rep))
        tell_undocumented(told, front, expectations, known_rep)
    return (None if rep is None or told.faults else Plan(rep, front, prose.strip(), name)), told.faults


def _explained(problem: ValidationError, matter: FrontMatter, name: str) -> Iterator[DocumentError]:
    """Every fault of a front matter in plain words, with its line."""
    for fault in faults_of(problem, Front):
        what = fault["what"].replace("the whole: ", "").replace("Value error, ", "")
        given = None if isinstance(fault.get("given"), dict) else fault.get("given")
        where = f"{name}, line {matter.line_of(fault['place'])}"
        yield DocumentError(what, where=where, given=given, remedy=fault.get("remedy"))


def _at_once(plans: list[Plan]) -> Iterator[DocumentError]:
    """Two plans of one rep whose days overlap; one without an outcome goes on."""
    for number, one in enumerate(plans):
        for other in plans[number + 1 :]:
            if one.rep == other.rep and other.starts_on <= one.over_on:
                yield DocumentError(
                    f"two plans of {one.rep} at once",
                    where=f"{other.file}, line 1",
                    given=f"{one.file} and {other.file}",
                    remedy=f"write the outcome of {one.file} first, or begin the second one later",
                )

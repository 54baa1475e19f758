"""What can be wrong with one improvement plan: every contradiction, with its line."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise

from spm_lib.client import Client, Rep, fold
from spm_lib.errors import DocumentError
from spm_lib.expectations import Expectations
from spm_lib.expectations.front_matter import FrontMatter
from spm_lib.meetings.improvement_documented import documented, undocumented
from spm_lib.meetings.improvement_models import ACTIVITY, COUNTED, FEWEST, MOST, OUTCOME, Front
from spm_lib.metrics import registry

FOLDER = "improvement"
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+)\.md", re.IGNORECASE)


class Told:
    """Collects faults of one file with their lines."""

    def __init__(self, name: str, matter: FrontMatter) -> None:
        self._name, self._matter = name, matter
        self.faults: list[DocumentError] = []

    def __call__(self, place: str | tuple[str | int, ...], what: str, given: object, remedy: str) -> None:
        """Note one fault at a key or list item of the front matter."""
        at = (place,) if isinstance(place, str) else place
        where = f"{self._name}, line {self._matter.line_of(at)}"
        shown = str(given) if isinstance(given, date) else given
        self.faults.append(DocumentError(what, where=where, given=shown, remedy=remedy))


def tell(told: Told, name: str, front: Front, rep: str | None, client: Client) -> None:
    """Whatever the file and its front matter contradict by themselves.

    Parameters
    ----------
    told : Told
        Takes the faults.
    name : str
        The file's.
    front : Front
    rep : str or None
        Rep id; None where nobody knows the rep.
    client : Client
    """
    _named(name, front, rep, client, told)
    _dates(front, told)
    if front.ends_on > front.starts_on:
        _checkpoints(front, told)
        _support(front, told)
    _criteria(front, told)
    _minima(front, client, told)
    _outcomes(front, told)


def _named(name: str, front: Front, rep: str | None, client: Client, told: Told) -> None:
    """A file's name says the first day and the rep, as the front matter does."""
    match = _NAME.fullmatch(name)
    remedy = f"name it {front.starts_on}-{rep or front.rep}.md"
    if match is None:
        told("rep", "not the name of an improvement plan", name, remedy)
        return
    if match[1] != front.starts_on.isoformat():
        told("starts_on", "starts_on and the file’s name disagree", front.starts_on, remedy)
    named = client.rep_by_spelling().get(fold(match[2])) or match[2]
    if rep is not None and named != rep:
        told("rep", "rep and the file’s name disagree", front.rep, remedy)


def _dates(front: Front, told: Told) -> None:
    """Days in an order that can be."""
    if front.ends_on <= front.starts_on:
        told("ends_on", "the plan ends before it begins", front.ends_on, f"it starts on {front.starts_on}")


def _checkpoints(front: Front, told: Told) -> None:
    """Days inside the plan, one after the other."""
    for number, day in enumerate(front.checkpoints):
        if not front.starts_on < day <= front.ends_on:
            told(
                ("checkpoints", number),
                "a checkpoint lies outside the plan",
                day,
                f"choose a day after {front.starts_on} and up to {front.ends_on}",
            )
    for number, (one, other) in enumerate(pairwise(front.checkpoints), start=1):
        if other <= one:
            told(("checkpoints", number), "the checkpoints are not in order", other, "earliest first, once")


def _support(front: Front, told: Told) -> None:
    """The company provides something, in time; check-ins are of the plan's time."""
    last = max([front.ends_on, *(one.until for one in front.outcome if one.until)])
    for number, support in enumerate(front.support):
        if support.due > last:
            told(
                ("support", number, "due"),
                "support is due after the plan ends",
                support.due,
                f"provide it by {last}: what comes later cannot help",
            )
    if not front.support:
        told("support", "the company provides nothing", None, "write what it provides, by whom and by when")
    for number, check_in in enumerate(front.check_ins):
        if check_in.on < front.starts_on:
            told(
                ("check_ins", number, "on"),
                "a check-in before the plan began",
                check_in.on,
                f"the plan starts on {front.starts_on}",
            )


def _criteria(front: Front, told: Told) -> None:
    """Two or three, measurable, activity and outcome."""
    count = len(front.criteria)
    if not FEWEST <= count <= MOST:
        many = "more than three criteria" if count > MOST else "fewer than two criteria"
        told("criteria", many, count, "keep the 2 or 3 that matter most")
    named = [one.metric for one in front.criteria]
    known = ", ".join((*ACTIVITY, *OUTCOME))
    weeks = -(-(front.ends_on - front.starts_on).days // 7)
    for number, one in enumerate(front.criteria):
        place = ("criteria", number, "metric")
        if one.metric not in registry.METRICS and one.metric not in (*ACTIVITY, *OUTCOME):
            told(place, "unknown metric", one.metric, f"a criterion is one of {known}")
        elif one.metric not in (*ACTIVITY, *OUTCOME):
            told(place, "nothing a week of one rep can be held against", one.metric, f"choose from {known}")
        if one.metric in named[:number]:
            told(place, "two criteria on one metric", one.metric, "keep one of them")
        if one.weeks > max(weeks, 1):
            told(
                ("criteria", number, "weeks"),
                "a criterion looks back further than the plan lasts",
                one.weeks,
                f"the plan lasts {weeks} weeks",
            )
    for kind, some in (("activity", ACTIVITY), ("outcome", OUTCOME)):
        if FEWEST <= count <= MOST and not set(named) & set(some):
            told("criteria", f"no criterion is an {kind}", ", ".join(named), f"add one of {', '.join(some)}")
    if front.expectation not in registry.METRICS and front.expectation not in (*ACTIVITY, *OUTCOME):
        told("expectation", "unknown metric", front.expectation, "`spm metric --list` names the metrics")


def _minima(front: Front, client: Client, told: Told) -> None:
    """A criterion that wants more whole weeks than its time holds could never be met."""
    end = front.ends_on + timedelta(days=1)
    for number, one in enumerate(front.criteria):
        # the last so many whole weeks: up to six days after them count for nothing
        begin = max(front.starts_on, end - timedelta(weeks=one.weeks, days=6))
        if one.metric not in COUNTED or begin >= end:
            continue
        first = client.week_of(begin).start
        first += timedelta(days=7 if first < begin else 0)
        whole = max((end - first).days // 7, 0)
        if one.minimum_n > whole:
            told(
                ("criteria", number, "minimum_n"),
                "a criterion wants more weeks than lie inside its time",
                one.minimum_n,
                f"{whole} whole week{'' if whole == 1 else 's'} of the plan count for it: ask for no more",
            )


def _outcomes(front: Front, told: Told) -> None:
    """What came of it, in an order that can be."""
    ends_on, before = front.ends_on, front.starts_on
    for number, one in enumerate(front.outcome):
        place = ("outcome", number) if len(front.outcome) > 1 else ("outcome",)
        if one.on < before:
            told(place, "an outcome before the plan began, or before the last one", one.on, f"after {before}")
        if one.on < ends_on and one.why is None:
            told(
                place,
                "an outcome before the end without a reason",
                one.on,
                f"the plan ends on {ends_on}: add `why:`",
            )
        if one.until is not None and one.until <= max(ends_on, one.on):
            told(place, "an extension that extends nothing", one.until, f"give a day after {ends_on}")
        if one.result != "extended" and number < len(front.outcome) - 1:
            told(place, "an outcome after which another follows", one.result, "keep the one that holds")
        ends_on, before = one.until or ends_on, one.on
    last = front.outcome[-1] if front.outcome else None
    if front.sustain_until is not None:
        if last is None or last.result != "met":
            told("sustain_until", "a sustain period without success", front.sustain_until, "leave it out")
        elif front.sustain_until <= last.on:
            told("sustain_until", "the sustain period ends at once", front.sustain_until, f"after {last.on}")


def tell_undocumented(told: Told, front: Front, expectations: Expectations, rep: Rep) -> None:
    """Nothing is asked that no document in force on the first day asks of this rep."""
    lines = documented(expectations, rep, front.starts_on)
    own = [one for one in lines if one.metric == front.expectation and one.is_standard]
    known = ", ".join(sorted({one.metric for one in lines if one.is_standard})) or "none"
    if not own:
        told(
            "expectation",
            f"no document in force on {front.starts_on} sets this standard for {rep.id}",
            front.expectation,
            f"standards: {known}",
        )
    elif front.document is not None and front.document not in {one.document for one in own}:
        documents = ", ".join(sorted({one.document for one in own}))
        told("document", "the standard does not stand in this document", front.document, f"it is {documents}")
    for number, one in enumerate(front.criteria):
        if one.metric in (*ACTIVITY, *OUTCOME) and (fault := undocumented(one, lines)):
            told(("criteria", number, "metric"), *fault)

"""The lines of one rep's improvement plans: the gap, what is asked, provided, said, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from spm_lib import words
from spm_lib.improving import Look
from spm_lib.meetings import Plan, Plans
from spm_lib.meetings.improvement_models import STEPS, Acknowledged
from spm_lib.sheets.trail_lines import Line, Record
from spm_lib.words import improvement as of_plan
from spm_lib.words import trail as told

ABOUT = "Improvement plan"


def plan_lines(record: Record) -> Iterator[Line]:
    """Every plan of the rep that has begun, as it stood on the day."""
    for plan in Plans.load(record.source.folder, record.client).all:
        if plan.rep == record.rep.id and plan.starts_on <= record.on:
            yield from _of(record, plan.as_of(record.on))


def _of(record: Record, plan: Plan) -> Iterator[Line]:
    look = Look(record.review, plan)
    for on, said in [
        *_begins(record, look),
        *_steps(plan),
        *_support(record, plan),
        *_talks(plan),
        *_looks(look),
        *_outcomes(record, plan),
    ]:
        yield Line(on.date(), ABOUT, said, plan.file)


def _begins(record: Record, look: Look) -> Iterator[tuple[pd.Timestamp, str]]:
    """What the plan says on its first day."""
    plan, standard, gap = look.plan, look.standard, look.gap
    first = pd.Timestamp(plan.starts_on)
    documented = (
        ""
        if standard is None
        else of_plan.documented(
            standard.title, standard.version, standard.effective_from, look.acknowledged_on
        )
    )
    short = ""
    if len(gap):
        missed: words.Row = gap.iloc[0]
        short = (
            f"{words.expectation(missed)}: {words.standing_word(missed)}, {words.standing_numbers(missed)}"
        )
    yield first, told.plan_begins(plan.front.ends_on, documented, short)
    states = look.states
    for number, row in enumerate(states[states["at"].eq("start")].to_dict("records"), start=1):
        yield first, told.plan_asks(number, words.expectation(row), int(row["weeks"]))
    for one in plan.front.support:
        yield first, told.promised(one.what, one.due, record.person(one.by))
    if plan.front.comment is not None:
        yield first, told.comment(record.name, plan.front.comment)


def _steps(plan: Plan) -> Iterator[tuple[pd.Timestamp, str]]:
    for step in STEPS:
        done = plan.front.acknowledged.get(step, Acknowledged())
        for how, day in (("read", done.read_on), ("reviewed", done.reviewed_on)):
            if day is not None:
                yield pd.Timestamp(day), told.plan_step(of_plan.STEPS[step], how)


def _support(record: Record, plan: Plan) -> Iterator[tuple[pd.Timestamp, str]]:
    """What the company provided for the plan, and what it did not by its day."""
    for one in plan.front.support:
        if one.done_on is not None:
            yield pd.Timestamp(one.done_on), told.provided(one.what, "given", one.due, one.done_on)
        elif one.due < min(record.on, plan.over_on):
            yield pd.Timestamp(one.due), told.not_provided(one.what, "given", record.on)


def _talks(plan: Plan) -> Iterator[tuple[pd.Timestamp, str]]:
    """What was said between the meetings, and what was looked at outside the rep's hands."""
    for one in plan.front.check_ins:
        yield pd.Timestamp(one.on), f"Check-in: {one.said}"
    for part in plan.front.external:
        if part.checked_on is not None and part.found is not None:
            yield pd.Timestamp(part.checked_on), told.looked_at(part.what, part.found)


def _looks(look: Look) -> Iterator[tuple[pd.Timestamp, str]]:
    """Where each criterion stood at each checkpoint that has passed while the plan ran."""
    states = look.states
    for name, day in look.days.items():
        rows = states[states["at"].eq(name) & states["state"].ne("to come")].to_dict("records")
        if not rows or day > look.plan.over_on:
            continue
        parts = [
            told.criterion(words.expectation(row), of_plan.state_word(row), of_plan.criterion_numbers(row))
            for row in rows
        ]
        yield pd.Timestamp(day), told.checkpoint(of_plan.day_name(name), parts)


def _outcomes(record: Record, plan: Plan) -> Iterator[tuple[pd.Timestamp, str]]:
    for one in plan.front.outcome:
        yield pd.Timestamp(one.on), of_plan.outcome(one.result, one.on, one.why, one.until)
    if plan.sustain_until is not None and plan.sustain_until <= record.on:
        yield pd.Timestamp(plan.sustain_until), told.sustained(plan.sustain_until)

"""One improvement plan held against a client's week: the tables behind its page.

``meetings.improvement`` reads the plan and ``judgement.improvement`` says what its numbers amount to; which
rows they are asked of is decided here. The gap is the one the plan was written against: the standing at the
end of the last week before its first day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from spm_lib import judgement, standings
from spm_lib.client import Rep
from spm_lib.judgement import Asked, Facts, Proposal
from spm_lib.meetings import Plan
from spm_lib.meetings.improvement_documented import Documented, documented
from spm_lib.meetings.improvement_models import EXTERNAL, STEPS, Criterion
from spm_lib.periods import shift_weeks
from spm_lib.review import RATE_WEEKS, Review

#: Weeks before the plan from which results are taken to say what was reached before.
PAST_WEEKS = 104
#: Talks so long before the plan led to it.
BEFORE_DAYS = 28

_CHECK_INS = {"on": "datetime64[us]", "kind": "str", "said": "str"}
_STEPS = {"step": "str", "read_on": "datetime64[us]", "reviewed_on": "datetime64[us]"}
_EXTERNAL = {"what": "str", "checked_on": "datetime64[us]", "found": "str"}
_DATES = {"name": "str", "on": "datetime64[us]", "is_past": "bool"}


@dataclass(frozen=True)
class Look:
    """A plan as one week shows it.

    Attributes
    ----------
    review : Review
    plan : Plan
        As it stood at the end of the week.
    """

    review: Review
    plan: Plan

    @property
    def on(self) -> date:
        """The week's last day."""
        return self.review.week.last_day

    @cached_property
    def before(self) -> Review:
        """The last whole week before the plan began."""
        first = shift_weeks(self.review.client.week_of(self.plan.starts_on), -1)
        return self.review if first == self.review.week else Review(self.review.source, first)

    @property
    def rep(self) -> Rep:
        """Whose plan it is."""
        known = (one for one in self.review.client.reps if one.id == self.plan.rep)
        return next(known, Rep(id=self.plan.rep))

    @cached_property
    def standard(self) -> Documented | None:
        """The documented standard, as it was in force on the plan's first day."""
        lines = documented(self.review.source.expectations, self.rep, self.plan.starts_on)
        named = self.plan.front.document
        fits = [
            one
            for one in lines
            if one.is_standard
            and one.metric == self.plan.front.expectation
            and (named is None or one.document == named)
        ]
        return fits[0] if fits else None

    @property
    def acknowledged_on(self) -> date | None:
        """The day by which the rep had read and reviewed that version."""
        if self.standard is None:
            return None
        return self.review.source.acknowledgements.acknowledged_on(
            self.plan.rep, self.standard.document, self.plan.starts_on
        )

    @cached_property
    def gap(self) -> pd.DataFrame:
        """The standing the plan was written against: one row of ``judgement.standing``, or none."""
        table = self.before.standings()
        mine = table["rep_id"].eq(self.plan.rep) & table["metric"].eq(self.plan.front.expectation)
        if self.standard is not None:
            mine &= table["document"].eq(self.standard.document)
        return table[mine].reset_index(drop=True).head(1)

    @cached_property
    def criteria(self) -> list[Asked]:
        """What the plan is measured by, as the judgement asks for it."""
        return [asked(one) for one in self.plan.front.criteria]

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """Metric -> what it is counted from, long before the plan and up to the end of the week."""
        return facts_of(self.review, [one.metric for one in self.criteria], self.plan.starts_on)

    @cached_property
    def states(self) -> pd.DataFrame:
        """Each criterion before the plan, at each checkpoint, at the end and now (``criterion_states``)."""
        return judgement.criterion_states(
            self.criteria,
            self.facts,
            self.plan.rep,
            self.plan.starts_on,
            self.days,
            self.on,
            self.review.client.time_zone,
        )

    @cached_property
    def days(self) -> dict[str, date]:
        """Name -> day of each checkpoint, and of the end."""
        checkpoints = [day for day in self.plan.front.looked_at_on if day < self.plan.ends_on]
        named = {f"checkpoint {number}": day for number, day in enumerate(checkpoints, start=1)}
        return {**named, "end": self.plan.ends_on}

    @cached_property
    def dates(self) -> pd.DataFrame:
        """The plan's days in order: name, on, is_past (by the end of the week)."""
        named = {"start": self.plan.starts_on, **self.days}
        if self.plan.sustain_until is not None:
            named["sustained until"] = self.plan.sustain_until
        rows = [(name, pd.Timestamp(day), day <= self.on) for name, day in named.items()]
        return pd.DataFrame(rows, columns=list(_DATES)).astype(_DATES)

    @cached_property
    def chance(self) -> pd.DataFrame:
        """How far chance reaches in each criterion (``judgement.reach_of_chance``)."""
        return judgement.reach_of_chance(
            self.criteria,
            self.facts,
            self.plan.rep,
            self.plan.starts_on,
            RATE_WEEKS,
            self.review.client.time_zone,
        )

    @cached_property
    def achievable(self) -> pd.DataFrame:
        """Of how many it is known, and how many met it: the standard and each criterion, peers unnamed.

        Returns
        -------
        pandas.DataFrame
            what ("standard" or "criterion"), metric, direction, threshold, weeks and the counts of
            ``judgement.achievable``; before the plan.
        """
        standard = self.standard
        asked_for = [] if standard is None else [("standard", line_of(standard))]
        asked_for += [("criterion", line_of(one)) for one in self.criteria]
        return reached_before(self.before, self.plan.rep, asked_for)

    @cached_property
    def support(self) -> pd.DataFrame:
        """What the company provides, and what became of it (``judgement.support_log``)."""
        lines = ((one.what, one.by, one.due, one.done_on) for one in self.plan.front.support)
        return judgement.support_log(lines, self.on)

    @cached_property
    def external(self) -> pd.DataFrame:
        """What lies outside the rep's hands: what, checked_on, found; leads, territory and price at least."""
        told = {one.what: (one.checked_on, one.found) for one in self.plan.front.external}
        named = dict.fromkeys([*EXTERNAL, *told])
        rows = [(what, *told.get(what, (None, None))) for what in named]
        table = pd.DataFrame(rows, columns=list(_EXTERNAL))
        table["checked_on"] = pd.to_datetime(table["checked_on"])
        return table.astype(_EXTERNAL)

    @cached_property
    def check_ins(self) -> pd.DataFrame:
        """Talks about the plan, oldest first: on, kind (meeting or check-in), said.

        Of improvement meetings the topics and what was agreed; nothing private is in them.
        """
        rows = sorted(self._talks(), key=lambda row: (row[0], row[1]))
        table = pd.DataFrame(rows, columns=list(_CHECK_INS))
        table["on"] = pd.to_datetime(table["on"])
        return table.astype(_CHECK_INS)

    def _talks(self) -> Iterator[tuple[date, str, str]]:
        for one in self.plan.front.check_ins:
            yield one.on, "check-in", one.said
        last = min(self.on, self.plan.sustain_until or self.plan.over_on)
        for meeting in self.review.meetings.public().held(last):
            since = self.plan.starts_on - timedelta(days=BEFORE_DAYS)
            if meeting.kind == "improvement" and meeting.rep == self.plan.rep and meeting.on >= since:
                agreed = [f"agreed: {one.what}" for one in meeting.front.commitments if one.status == "open"]
                yield meeting.on, "meeting", "; ".join([*meeting.front.topics, *agreed])

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Each step of the plan: step, read_on, reviewed_on."""
        rows = []
        for step in STEPS:
            done = self.plan.front.acknowledged.get(step)
            rows.append((step, done.read_on if done else None, done.reviewed_on if done else None))
        table = pd.DataFrame(rows, columns=list(_STEPS))
        for name in ("read_on", "reviewed_on"):
            table[name] = pd.to_datetime(table[name])
        return table.astype(_STEPS)

    @cached_property
    def company_part(self) -> pd.DataFrame:
        """The company's own part toward the rep, gaps first."""
        return self.review.company_part(self.plan.rep)

    @cached_property
    def proposal(self) -> Proposal:
        """The outcome that all of it proposes; people decide."""
        steps, talks = self.steps, self.check_ins
        open_steps = steps.loc[steps["read_on"].isna() | steps["reviewed_on"].isna(), "step"]
        held = [day.date() for day in talks["on"]]
        checkpoints = list(self.days.values())
        ledger = self.company_part
        said, may = judgement.check_ourselves(ledger), judgement.may_confront(ledger)
        return judgement.proposed(
            self.states,
            self.support,
            ends_on=self.plan.ends_on,
            on=self.on,
            talks=judgement.talks_missing(self.plan.starts_on, checkpoints, held, self.on),
            unacknowledged=list(open_steps),
            ourselves=[] if may else said,
            beside=[*(said if may else []), *judgement.came_late(ledger)],
        )


def asked(criterion: Criterion) -> Asked:
    """A criterion of a plan as the judgement asks for it."""
    return Asked(
        criterion.metric, criterion.direction, criterion.threshold, criterion.weeks, criterion.minimum_n
    )


def facts_of(review: Review, metrics: list[str], starts_on: date) -> dict[str, Facts]:
    """Metric -> what it is counted from, from `PAST_WEEKS` before a day on."""
    since = starts_on - timedelta(weeks=PAST_WEEKS)
    found = {one: standings.facts_for(one, review.view(), since) for one in dict.fromkeys(metrics)}
    return {metric: facts for metric, facts in found.items() if facts is not None}


def alike(review: Review, rep: str) -> dict[str, str]:
    """Rep id -> role of everybody on the team with a rep's role; of everybody where the rep is not on it.

    What another role reaches does not show that this one can.
    """
    team = {one.id: one.role for one in standings.team_of(review.view())}
    return {one: role for one, role in team.items() if role == team.get(rep, role)}


def reached_before(
    review: Review, rep: str, asked_for: Sequence[tuple[str, Mapping[str, Any]]]
) -> pd.DataFrame:
    """Whether peers of the same role, and the rep before, reached what is asked by a week; peers unnamed."""
    team = alike(review, rep)
    facts = facts_of(review, [str(line["metric"]) for _, line in asked_for], review.week.end)
    parts = []
    for what, line in asked_for:
        table = judgement.achievable(pd.DataFrame([line]), facts, team, review.week)
        mine = table[table["rep_id"].eq(rep)]
        names = ("direction", "threshold", "weeks")
        parts.append(mine.assign(what=what, **{name: line[name] for name in names}))
    columns = ["what", "metric", "direction", "threshold", "weeks"]
    columns += ["peers_met_count", "peers_count", "own_met_count", "own_count"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def line_of(one: Asked | Documented) -> dict[str, Any]:
    """What is asked, as one row of standards that applies to everybody on the team."""
    names = ("metric", "direction", "threshold", "weeks", "minimum_n")
    told = {name: getattr(one, name) for name in names}
    return {**told, "applies_to": (), "document": "", "version": ""}

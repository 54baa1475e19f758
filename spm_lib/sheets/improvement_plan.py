"""The improvement plan of one rep: for that rep, the manager and the business owner.

A narrow door: everything the page needs is worked out once, and the open review is let go. The object holds
no row and no name of another rep, and nothing a meeting keeps private: where somebody's words name a
colleague, the colleague is "a colleague" here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from spm_lib.errors import UsageError
from spm_lib.improving import Look
from spm_lib.judgement import Proposal
from spm_lib.meetings import Plans
from spm_lib.metrics import registry
from spm_lib.periods import Period
from spm_lib.review import open_review
from spm_lib.sheets import names
from spm_lib.sheets.keeping import keep_tables
from spm_lib.words import capital
from spm_lib.words import improvement as told

#: The tables of the page, as they are kept.
KEPT = (
    *("gap", "company_part", "reached", "chance", "states", "dates", "support", "external"),
    *("check_ins", "steps"),
)


def open_improvement_plan(
    client: str, week: str, rep: str, home: str | Path = "data", keep: str | Path = ""
) -> ImprovementPlan:
    """Open the improvement plan of one rep as a week shows it.

    Parameters
    ----------
    client : str
        Slug.
    week : str
        ISO week, "2026-W47".
    rep : str
        The rep's id.
    home : path, optional
        The folder of all clients.
    keep : path, optional
        Folder the rep's own tables are written to, as parquet; nothing is written when empty.

    Raises
    ------
    UsageError
        No such client, week or rep; or the rep has no plan that week.
    ClientError, DocumentError, HistoryError
    """
    review = open_review(client, week, home)
    plans = Plans.load(review.source.folder, review.client, review.source.expectations)
    plan = plans.of(rep, review.week.last_day)
    if plan is None:
        raise UsageError(
            "no improvement plan of this rep runs in that week",
            where=f"{client} {week}",
            given=rep,
            remedy=f"`spm improve {client} --rep {rep}` writes one, or says why there should be none",
        )
    sheet = _of(Look(review, plan))
    keep_tables(keep, {name: getattr(sheet, name) for name in KEPT})
    return sheet


@dataclass(frozen=True)
class ImprovementPlan:
    """What the page of a plan shows.

    Attributes
    ----------
    rep, name : str
        Id and printed name.
    client_name, manager, owner : str
    week : Period
    known_as_of : pandas.Timestamp or None
        When the latest export was taken, UTC.
    gap : pandas.DataFrame
        The standing the plan was written against: one row, or none.
    gap_days : tuple of datetime.date
        First and last day it was counted over (`gap_days`).
    standard : str
        Where it is documented, and when it was acknowledged.
    company_part, reached, chance, states, dates, support, external, check_ins, steps : pandas.DataFrame
        Of `improving.Look`.
    comment : str or None
        The rep's own words.
    prose : list of str
        The plan's own words, a paragraph each; a heading begins with "#", a line of a list with "- ".
    where : str
        Where it stands; a sentence.
    following : str
        When it is looked at next; empty when no day is left.
    outcomes : list of str
        What came of it; empty while it runs.
    proposal : Proposal
    sustain : str
        What happens after success.
    definitions : list of registry.Definition
    unknowns : list of str
    """

    rep: str
    name: str
    client_name: str
    manager: str
    owner: str
    week: Period
    known_as_of: pd.Timestamp | None
    gap: pd.DataFrame
    gap_days: tuple[date, date]
    standard: str
    company_part: pd.DataFrame
    reached: pd.DataFrame
    chance: pd.DataFrame
    states: pd.DataFrame
    dates: pd.DataFrame
    support: pd.DataFrame
    external: pd.DataFrame
    check_ins: pd.DataFrame
    steps: pd.DataFrame
    comment: str | None
    prose: list[str]
    where: str
    following: str
    outcomes: list[str]
    proposal: Proposal
    sustain: str
    definitions: list[registry.Definition]
    unknowns: list[str]

    @property
    def on(self) -> date:
        """The week's last day: nothing later is known."""
        return self.week.last_day

    @property
    def evidence(self) -> float:
        """Against the agreement being kept, before the plan; 1 where nothing is known."""
        return float(self.gap["evidence"].iloc[0]) if len(self.gap) else 1.0

    @property
    def signers(self) -> list[str]:
        """Who signs a step."""
        return [self.name, self.manager]


def _of(look: Look) -> ImprovementPlan:
    review, plan = look.review, look.plan
    client = review.client
    unnamed = names.unnamed(client, plan.rep)
    standard, gap = look.standard, look.gap
    named = (plan.front.expectation, *(one.metric for one in plan.front.criteria))
    proposal = look.proposal
    return ImprovementPlan(
        rep=plan.rep,
        name=client.rep_names().get(plan.rep, plan.rep),
        client_name=client.name,
        manager=client.manager,
        owner=client.owner,
        week=review.week,
        known_as_of=review.known_as_of,
        gap=gap,
        gap_days=gap_days(gap, look.before.week.last_day, look.rep.starts_on),
        standard=""
        if standard is None
        else told.documented(standard.title, standard.version, standard.effective_from, look.acknowledged_on),
        company_part=_said(look.company_part, unnamed, "said"),
        reached=look.achievable,
        chance=look.chance,
        states=look.states,
        dates=look.dates,
        support=_said(look.support, unnamed, "what"),
        external=_said(look.external, unnamed, "found"),
        check_ins=_said(look.check_ins, unnamed, "said"),
        steps=look.steps,
        comment=None if plan.front.comment is None else unnamed(plan.front.comment),
        prose=[unnamed(_lines(one)) for one in plan.prose.split("\n\n") if one.strip()],
        where=told.where_it_stands(
            plan.state(look.on), plan.starts_on, plan.ends_on, look.on, plan.sustain_until
        ),
        following=told.next_look(list(look.days.items()), look.on),
        outcomes=[
            unnamed(told.outcome(one.result, one.on, one.why, one.until)) for one in plan.front.outcome
        ],
        proposal=Proposal(proposal.result, tuple(map(unnamed, proposal.reasons))),
        sustain=told.sustained(plan.sustain_until),
        definitions=_definitions(look, named),
        unknowns=_unknowns(look),
    )


def gap_days(gap: pd.DataFrame, last: date, joined: date | None) -> tuple[date, date]:
    """The first and the last day that a gap was counted over.

    Parameters
    ----------
    gap : pandas.DataFrame
        One row of ``judgement.standing``, or none.
    last : datetime.date
        The last day before the plan's first week.
    joined : datetime.date or None
        The rep's first day on the team.

    Returns
    -------
    tuple of datetime.date
        The agreed weeks, as far as results counted in them: not before the standard was agreed, nor before
        the rep came. Of periods every finished one counts.
    """
    if not len(gap):
        return last, last
    row = gap.iloc[0]
    window = last - timedelta(weeks=int(row["weeks"])) + timedelta(days=1)
    agreed = window if pd.isna(row["judged_from"]) else row["judged_from"].date()
    first = agreed if row["kind"] == "periods" else max(window, agreed)
    return min(last, max(first, joined or first)), last


def _lines(paragraph: str) -> str:
    """A paragraph line by line, as headings and lists need it."""
    return "\n".join(" ".join(line.split()) for line in paragraph.strip().splitlines())


def _definitions(look: Look, named: tuple[str, ...]) -> list[registry.Definition]:
    """The cards of what the plan counts; a measure of a week is part of the weekly measures."""
    ids = dict.fromkeys(["standing"])
    ids |= dict.fromkeys(one if one in registry.METRICS else "weekly_measures" for one in named)
    return [look.review.definition(one) for one in ids]


def _unknowns(look: Look) -> list[str]:
    """What the plan does not know: the week's own, and what was never looked at."""
    external = look.external
    unseen = list(external.loc[external["checked_on"].isna(), "what"])
    said = (
        [f"{capital(', '.join(unseen))}: nobody has looked at it yet, so it may explain part of the gap."]
        if unseen
        else []
    )
    part = look.company_part
    missing = part.loc[part["state"].eq("not recorded"), "said"]
    said += list(missing)
    chance = look.chance
    for row in chance[~chance["tells"]].to_dict("records"):
        if row["kind"] == "trials":
            said.append(
                "Whether the results come back will not be certain at the end of the plan: there are too few "
                "of them in the time."
            )
    return said


def _said(table: pd.DataFrame, unnamed: Callable[[str], str], column: str) -> pd.DataFrame:
    """The table with nobody else named in a column of words."""
    words = [None if pd.isna(one) else unnamed(str(one)) for one in table[column]]
    return table.assign(**{column: pd.Series(words, index=table.index, dtype=table[column].dtype)})

"""The self-check of one client's sales environment: levels, evidence, what helps most, the way so far.

For the manager. Everything is as of the week's last day; earlier weeks are looked at with the same eyes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Any

import pandas as pd

from spm_lib.expectations import KINDS, Document
from spm_lib.expectations.acknowledgements import FILE as ACKNOWLEDGEMENTS
from spm_lib.expectations.acknowledgements import owes
from spm_lib.expectations.documents import version_of
from spm_lib.expectations.environment import read_environment
from spm_lib.expectations.templates import templates
from spm_lib.judgement.environment import (
    BROKEN_RATE,
    HIGHEST,
    LOOK_WEEKS,
    RULES,
    STATES,
    BesideFacts,
    DocumentFacts,
    environment,
    next_improvements,
    spokes,
)
from spm_lib.meetings import promises, reinforced_log
from spm_lib.periods import Period, shift_weeks
from spm_lib.review import Review, open_review
from spm_lib.sheets.exports import exports_that_stand
from spm_lib.standings import team_of

#: Weeks between two points of the way so far, or a multiple of them, so that no more points are needed.
TREND_WEEKS, TREND_POINTS = 4, 7


def open_environment_check(
    client: str, week: str, home: str | Path = "data", keep: str | Path = ""
) -> EnvironmentCheck:
    """Open the self-check of one client's week.

    Parameters
    ----------
    client, week, home, keep
        As ``open_review``.

    Raises
    ------
    UsageError, ClientError, DocumentError, HistoryError
    """
    return EnvironmentCheck(open_review(client, week, home, keep))


class EnvironmentCheck:
    """The self-check of one client's week.

    Attributes
    ----------
    client_name : str
    week : Period
    answered_on : datetime.date or None
        The day of the answers that count.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        self.client_name: str = review.client.name
        self.week: Period = review.week
        self.answered_on: date | None = read_environment(review.source.folder, review.week.last_day)[0]

    def __repr__(self) -> str:
        return f"<Environment check of {self.client_name} {self.week.label}>"

    @property
    def known_as_of(self) -> pd.Timestamp | None:
        """When the latest export behind it was taken, UTC; None without any."""
        return self._review.known_as_of

    @property
    def drops(self) -> pd.DataFrame:
        """The exports behind it."""
        return self._review.view().snapshot.drops

    @property
    def time_zone(self) -> str:
        """The client's."""
        return self._review.client.time_zone

    @property
    def rules(self) -> Mapping[str, Sequence[str]]:
        """What each level asks for."""
        return RULES

    @cached_property
    def _table(self) -> pd.DataFrame:
        return checked(self._review, with_drafts=True)

    def table(self) -> pd.DataFrame:
        """Every part with its level and evidence (``judgement.environment``)."""
        return self._review.kept("environment_check", self._table)

    def spokes(self) -> pd.DataFrame:
        """The mean level of each subject, of what is known of it."""
        return spokes(self._table)

    def next_improvements(self) -> pd.DataFrame:
        """The three that help most, in their order."""
        return next_improvements(self._table)

    def trend(self) -> pd.DataFrame:
        """How it was every four weeks since getting in step (`way_so_far`)."""
        return way_so_far(self._review)


def checked(review: Review, *, with_drafts: bool) -> pd.DataFrame:
    """The self-check as of a review's week.

    Parameters
    ----------
    review : Review
    with_drafts : bool
        Whether a text counts that nobody dated: it lies there now, and nobody knows since when.
    """
    on = review.week.last_day
    answers = read_environment(review.source.folder, on)[1]
    documents = [_document(review, kind, with_drafts=with_drafts) for kind in KINDS]
    return environment(documents, _beside(review), on, answers)


def way_so_far(review: Review) -> pd.DataFrame:
    """The self-check every four weeks or a multiple, as of then, up to the week; undated texts left out.

    Returns
    -------
    pandas.DataFrame
        week, on (its last day); documented, understood, measured, reinforced (documents, of seven, at 3 or
        4); open_count (parts that are not at 4, not answered ones among them), part_count; closed: the parts
        that got to 4 since the row before, as "subject: state", a line each. One row where the firm began in
        the last four weeks.
    """
    weeks = [review.week]
    began = _began(review)
    span = max((review.week.start - began).days // 7, 0)
    step = TREND_WEEKS * max(1, ceil(span / (TREND_WEEKS * (TREND_POINTS - 1))))
    while (earlier := shift_weeks(weeks[0], -step)).end > began:
        weeks.insert(0, earlier)
    rows: list[dict[str, object]] = []
    before: set[tuple[str, str]] = set()
    for week in weeks:
        then = review if week is review.week else Review(review.source, week)
        table = checked(then, with_drafts=False)
        now = _open(table)
        closed = sorted(before - now)
        before = now
        good = table[table["level"].ge(HIGHEST - 1).fillna(False)]
        rows.append(
            {
                "week": week.label,
                "on": pd.Timestamp(week.last_day),
                **{state: int(good["state"].eq(state).sum()) for state in STATES[1:]},
                "open_count": len(now),
                "part_count": len(table),
                "closed": "\n".join(f"{subject}: {state}" for subject, state in closed),
            }
        )
    return pd.DataFrame(rows)


def _open(table: pd.DataFrame) -> set[tuple[str, str]]:
    """What is not at its highest level."""
    short = table[~table["level"].eq(HIGHEST).fillna(False)]
    return set(short[["subject", "state"]].itertuples(index=False, name=None))


def _began(review: Review) -> date:
    """Since when there is a way to look back on: the firm's first day here, else the first dated document."""
    last = review.week.last_day
    begun = [one.front.effective_from for one in review.source.expectations.documents]
    first = min((day for day in begun if day <= last), default=review.week.start)
    return review.client.managed_since or first


def _document(review: Review, kind: str, *, with_drafts: bool) -> DocumentFacts:
    """What is on record of one kind of document."""
    on, source = review.week.last_day, review.source
    written = [one for one in source.expectations.documents if one.kind == kind]
    team = team_of(review.view())
    held = {rep.id: found for rep in team if (found := source.expectations.for_rep(kind, rep, on))}
    in_force: list[Document] = list(held.values())
    if not team and (everybody := source.expectations.in_force(kind, on)):
        in_force = [everybody]
    owed, understood = _understood(review, kind, held)
    days = [] if understood is None else understood
    measured, computed = _measured(review, kind) if in_force else (0, 0)
    return DocumentFacts(
        kind=kind,
        title=written[-1].front.title if written else kind,
        written_count=sum(one.version not in _blank() for one in written) if with_drafts else 0,
        rep_count=len(team),
        in_force_count=len(in_force),
        since=max((one.front.effective_from for one in in_force), default=None),
        owed_count=owed,
        understood_count=None if understood is None else len(understood),
        understood_on=max(days, default=None),
        measured_count=measured,
        computed_count=computed,
        reinforced_on=_reinforced(review, kind),
    )


def _blank() -> set[str]:
    """The versions of templates nobody has filled in."""
    return {version_of(text) for text in templates().values()}


def _understood(review: Review, kind: str, held: dict[str, Document]) -> tuple[int | None, list[date] | None]:
    """How many are asked to acknowledge it, and the days on which they did; None where nobody notes it."""
    if not (review.source.folder / ACKNOWLEDGEMENTS).is_file():
        return None, None
    on, kept = review.week.last_day, review.source.acknowledgements
    asked = [rep for rep in team_of(review.view()) if rep.id in held and owes(held[rep.id], rep)]
    days = (kept.acknowledged_on(rep.id, kind, on) for rep in asked)
    return len(asked), [day for day in days if day is not None]


def _reinforced(review: Review, kind: str) -> list[date] | None:
    """Days of the meetings that came back to it."""
    on = review.week.last_day
    if not review.meetings.held(on):
        return None
    log = reinforced_log(review.meetings, on)
    mine = log[log["document"].str.partition("-")[0].eq(kind)] if len(log) else log
    return [moment.date() for moment in mine["on"].drop_duplicates()]


def _measured(review: Review, kind: str) -> tuple[int, int]:
    """What a document sets that can be measured, and what of it the exports let us compute now."""
    view = review.view()
    asked: list[bool] = []
    standards = view.standards
    mine = standards[standards["document"].str.partition("-")[0].eq(kind)] if len(standards) else standards
    told = review.standings()
    told = told[~told["standing"].isin(["not recorded", "not judged"]) & told["n"].gt(0)]
    asked += [bool(told["metric"].eq(metric).any()) for metric in mine["metric"].unique()]
    has_rows = "opportunities" in view.received_until
    if kind == "sales_goals" and len(view.quotas):
        asked.append(has_rows and "quotas" not in review.client.not_recorded)
    if kind == "sales_process" and (expected := review.source.expectations.expected_days(view.last_day)):
        asked.append(bool(set(expected) & set(view.stages["stage_id"])) and "changes" in view.received_until)
    if kind == "crm_usage" and len(view.rules):
        asked += [bool(count) for count in view.measure("hygiene")["checked_count"].gt(0)]
    return len(asked), sum(asked)


def _beside(review: Review) -> BesideFacts:
    view, on = review.view(), review.week.last_day
    since = shift_weeks(review.week, 1 - LOOK_WEEKS).start
    kept = promises(review.meetings, review.client.promised_meetings, review.client, review.since(), on)
    lately = kept[kept["due_on"] >= pd.Timestamp(since)]
    latest = review.known_as_of
    last = exports_that_stand(view.snapshot.drops)
    return BesideFacts(
        promised_count=len(lately),
        held_count=int(lately["state"].eq("held").sum()),
        exports_age_days=None if latest is None else (review.cutoff - latest).total_seconds() / 86_400,
        stale_days=review.client.thresholds.stale_days,
        tables=tuple(view.received_until),
        **_hygiene(review),
        read_count=int(last["rows_read"].sum()),
        refused_count=int(last["quarantined"].sum()),
    )


def _hygiene(review: Review) -> dict[str, Any]:
    """How the rules of the CRM agreement are kept, as far as they could be checked."""
    view = review.view()
    if not len(view.rules) or review.known_as_of is None:
        return {}
    told = view.measure("hygiene")
    told = told[told["checked_count"].gt(0)].assign(
        rate=lambda one: one["failed_count"] / one["checked_count"]
    )
    broken = told[told["rate"].gt(BROKEN_RATE)].sort_values("rate", ascending=False, kind="stable")
    touched = told[told["rule"].eq("untouched_days")]
    facts: dict[str, Any] = {"rule_count": len(told), "broken_rules": tuple(broken["rule"])}
    if len(touched):
        checked = int(touched["checked_count"].iloc[0])
        facts["touch_count"] = checked
        facts["touched_count"] = checked - int(touched["failed_count"].iloc[0])
    return facts

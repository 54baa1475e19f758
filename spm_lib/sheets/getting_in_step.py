"""Getting in step with a new client: what is agreed, brought, measurable, and what comes next.

For the manager and the owner, who read the same page. It names reps, whom the owner employs and knows, to say
of whom enough is on record to be measured: a count of decided opportunities, never a rate, a standing or an
order. Of meetings and acknowledgements it tells how many there were and when; no word of a meeting, a private
note, a commitment or a plan is on it, and no cell of a refused row: only the column and the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import ceil
from pathlib import Path

import pandas as pd

from spm_lib import words
from spm_lib.judgement.environment import BESIDE, HIGHEST
from spm_lib.judgement.readiness import ENOUGH_DECIDED, ENOUGH_WEEKS, Supply, readiness, weeks_between
from spm_lib.metrics.coverage import MINIMUM_PERIODS as PERIODS_OF_COVERAGE
from spm_lib.metrics.pace_by_own_curve import MINIMUM_PERIODS as PERIODS_OF_PACE
from spm_lib.metrics.pace_by_own_curve import MOST_PERIODS
from spm_lib.metrics.past_periods import covered_periods
from spm_lib.periods import Period
from spm_lib.review import RATE_WEEKS, Review, open_review
from spm_lib.sheets.environment_check import checked, way_so_far
from spm_lib.sheets.exports import exports_that_stand, refused_for
from spm_lib.standings import team_of

#: Tables a full picture rests on.
TABLES = ("opportunities", "changes", "activities", "stages", "accounts")
#: Columns without which something cannot be said, as people call them.
COLUMNS = {
    "amount": "amounts",
    "expected_close": "expected closes",
    "rep_id": "reps",
    "created_at": "creation dates",
    "product_line": "product lines",
    "territory": "territories",
    "lead_source": "lead sources",
    "lost_reason": "reasons of losses",
}
#: What is asked for where a table is missing, besides its export.
_ASKS = {"stages": "List the stages in their order in mapping.yaml, or ask for an export of them."}
AUDIT = ("subject", "said", "first")
#: Reasons of refused rows that are named; the rest is counted.
REASONS = 3


def open_getting_in_step(
    client: str, week: str, home: str | Path = "data", keep: str | Path = ""
) -> GettingInStep:
    """Open the page of a client one gets in step with.

    Parameters
    ----------
    client, week, home, keep
        As ``open_review``.

    Raises
    ------
    UsageError, ClientError, DocumentError, HistoryError
    """
    return GettingInStep(open_review(client, week, home, keep))


class GettingInStep:
    """Where a client stands on the way to being measured by what was agreed.

    Attributes
    ----------
    client_name, time_zone : str
    week : Period
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        self.client_name: str = review.client.name
        self.time_zone: str = review.client.time_zone
        self.week: Period = review.week

    def __repr__(self) -> str:
        return f"<Getting in step with {self.client_name} {self.week.label}>"

    @property
    def known_as_of(self) -> pd.Timestamp | None:
        """When the latest export behind it was taken, UTC; None without any."""
        return self._review.known_as_of

    @property
    def drops(self) -> pd.DataFrame:
        """The exports behind it."""
        return self._review.view().snapshot.drops

    @cached_property
    def _checked(self) -> pd.DataFrame:
        return checked(self._review, with_drafts=True)

    def documents(self) -> pd.DataFrame:
        """The seven documents in five states (``judgement.environment``)."""
        return self._checked[~self._checked["subject"].isin(BESIDE)].reset_index(drop=True)

    def audit(self) -> pd.DataFrame:
        """What the exports bring and lack.

        Returns
        -------
        pandas.DataFrame
            subject, said, first (what to do; empty when nothing).
        """
        return pd.DataFrame(list(self._audit()), columns=list(AUDIT))

    def readiness(self) -> pd.DataFrame:
        """What can be measured now, and how long until the rest can (``judgement.readiness``)."""
        return readiness(list(self._supplies()))

    def points(self) -> list[str]:
        """The tuning-up list: every point that is open, in sentences; what others rest on comes first.

        The data come first, then what is short, the documents of one state and one remedy together, then what
        nobody has answered yet.
        """
        table = self._checked
        short = table[~table["level"].eq(HIGHEST).fillna(False) & table["basis"].ne("not yet")]
        found = short.assign(unanswered=short["basis"].eq("not answered"))
        groups = found.groupby(["unanswered", "state", "first"], sort=False)
        parts = sorted((rows for _, rows in groups), key=lambda rows: bool(rows["unanswered"].iloc[0]))
        said = [words.steps_together(rows.to_dict("records")) for rows in parts]
        audit = self.audit()
        todo = audit[audit["first"].ne("")]
        return [*(f"{row.subject}: {row.said}. {row.first}" for row in todo.itertuples()), *said]

    def trend(self) -> pd.DataFrame:
        """How it was at earlier weeks (``way_so_far``)."""
        return way_so_far(self._review)

    def _audit(self) -> Iterator[tuple[str, str, str]]:
        drops = self.drops
        if self.known_as_of is None:
            yield "Exports", "none was received", "Put the first export into the inbox and take it in."
        together: dict[str, list[str]] = {}
        for table in TABLES:
            brought = drops[drops["tables"].str.split(",").map(lambda names, one=table: one in names)]
            if len(brought):
                first = (brought["as_of"].min() - pd.Timedelta(microseconds=1)).tz_convert(self.time_zone)
                count = words.counted(len(brought), "export")
                together.setdefault(f"since {words.on_day(first)}, in {count}", []).append(table)
            else:
                ask = _ASKS.get(table, f"Ask for an export of {table}.")
                yield table.capitalize(), "not received", ask
        for said, tables in together.items():
            yield "Received", f"{words.listed(tables)} {said}", ""
        yield from self._reps()
        if self.known_as_of is not None:
            yield from self._rows()

    def _reps(self) -> Iterator[tuple[str, str, str]]:
        if not self._review.client.reps:
            yield "Reps", "none is listed", "List the reps in client.yaml."
        for row in self._review.view().snapshot.findings.to_dict("records"):
            yield (
                words.capital(str(row["finding"]).replace("_", " ")),
                str(row["detail"]).rstrip("."),
                ("Settle it in client.yaml or mapping.yaml."),
            )

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        """What is in the rows: refused ones, empty columns, how far they reach back."""
        view = self._review.view()
        yield self._refused()
        opened = view.opportunities
        for column, name in COLUMNS.items():
            rows = opened[opened["status"].eq("lost")] if column == "lost_reason" else opened
            empty, of = int(rows[column].isna().sum()), len(rows)
            if of and empty:
                ask = f"Ask whether {name} are kept elsewhere, and map the column." if empty == of else ""
                yield words.capital(name), f"missing on {empty:,} of {of:,} opportunities", ask
        if known := set(view.stages["stage_id"]):
            unknown = int((~opened["stage_id"].dropna().isin(known)).sum())
            ask = "Map their stages in mapping.yaml." if unknown else ""
            yield "Stages in use", f"{len(known)} known, {words.opportunities(unknown)} in others", ask
        yield self._reach()

    def _refused(self) -> tuple[str, str, str]:
        """Rows refused in the exports that stand, and why; the same row of an older export is not counted."""
        stand = exports_that_stand(self.drops)
        read, refused = (int(stand[name].sum()) for name in ("rows_read", "quarantined"))
        said = f"{refused:,} of {read:,} in the latest exports"
        if not refused:
            return "Rows refused", said, ""
        reasons = refused_for(self._review.source.folder, stand)
        if reasons is None:
            return (
                "Rows refused",
                f"{said}; why is not on file",
                "Take the exports in again to see.",
            )
        named = [f"{why} ({words.counted(count, 'row')})" for why, count in reasons[:REASONS]]
        more = [words.counted(len(reasons) - REASONS, "more reason")] if len(reasons) > REASONS else []
        return "Rows refused", f"{said}: {'; '.join([*named, *more])}", "Mend them where they are kept."

    def _reach(self) -> tuple[str, str, str]:
        """How far back is known: since when exports come, and since when opportunities were created."""
        first = self.drops["as_of"].min() - pd.Timedelta(microseconds=1)
        weeks = words.counted(weeks_between(self.drops["as_of"].min(), self._review.cutoff), "week")
        said = f"first export of {words.on_day(first.tz_convert(self.time_zone))}, {weeks} ago"
        view = self._review.view()
        created = view.opportunities["created_at"].min()
        if pd.notna(created):
            day = created.tz_convert(self.time_zone)
            said += f"; the oldest opportunity was created on {words.on_day(day)}"
        decided = int(view.outcomes["outcome"].isin(["won", "lost"]).sum())
        return "History", f"{said}; {decided:,} decided", ""

    @property
    def _history(self) -> int:
        """Whole weeks from the first export or creation, whichever is earlier, to the week's end."""
        created = self._review.view().opportunities["created_at"].min()
        known = [moment for moment in (created, self.drops["as_of"].min()) if pd.notna(moment)]
        return weeks_between(min(known, default=None), self._review.cutoff)

    def _supplies(self) -> Iterator[Supply]:
        view, client = self._review.view(), self._review.client
        missing = "" if "opportunities" in view.received_until else "an export of the opportunities"
        losses = missing or ("lost opportunities" if "losses" in client.not_recorded else "")
        window = self._review.window("win_rate_by_count")
        outcomes = view.outcomes
        decided = outcomes[outcomes["outcome"].isin(["won", "lost"]) & window.holds(outcomes["outcome_at"])]
        need, past = ENOUGH_DECIDED, self._history
        yield Supply("Win rate of the team", "decided", len(decided), need, past, RATE_WEEKS, losses)
        for rep in team_of(view):
            own = int(decided["rep_id"].eq(rep.id).sum())
            here = past
            if rep.starts_on:
                here = min(past, max(0, (self.week.end - rep.starts_on).days // 7))
            name = self._review.rep_names[rep.id]
            yield Supply(f"Win rate of {name}", "decided", own, need, here, RATE_WEEKS, losses)
        coming = max(ENOUGH_WEEKS - past, 0)  # weeks pass by the calendar, at no pace of anybody's
        yield Supply("Usual range of a week", "weeks", past, ENOUGH_WEEKS, past, 0, missing, coming)
        goal = missing or ("" if len(view.quotas) else "goals, in the document or as an export")
        yield Supply("Attainment and pace", "goals", len(view.quotas), 1, past, 0, goal)
        yield from self._of_past_periods(goal)
        touched = "" if "activities" in view.received_until else "an export of the activities"
        yield Supply("Activity ladder", "activities", len(view.activities), 1, past, 0, touched)

    def _of_past_periods(self, missing: str) -> Iterator[Supply]:
        """What is learnt from past goal periods: how they fill, and what had to be open in them."""
        view = self._review.view(self._review.goal_period)
        covered = len(covered_periods(view.outcomes, self._review.goal_period, MOST_PERIODS))
        usable = int((view.past["open_amount"].gt(0) & view.past["booked_after_amount"].notna()).sum())
        for what, have, need in (
            ("Pace by the client’s own curve", covered, PERIODS_OF_PACE),
            ("Coverage that past periods needed", usable, PERIODS_OF_COVERAGE),
        ):
            left = self._weeks_until(need - have) if have < need else None
            yield Supply(what, "past goal periods", have, need, self._history, 0, missing, left)

    def _weeks_until(self, count: int) -> int | None:
        """Weeks until so many more goal periods are over that outcomes cover from their beginning."""
        began = self._review.view().outcomes["outcome_at"].min()
        if pd.isna(began):
            return None
        one = self._review.goal_period
        while True:
            count -= one.start_at >= began
            if count <= 0:
                return ceil((one.end - self.week.end).days / 7)
            one = self._review.client.goal_period_of(one.end)

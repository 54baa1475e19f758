"""The state of one client at a cut-off, replayed from its timeline: all that a metric ever sees."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib import schemas
from spm_lib.history.exchange import in_client_currency
from spm_lib.history.findings import findings
from spm_lib.history.log import Log
from spm_lib.history.timeline import Timeline
from spm_lib.lookup import (
    NEVER,
    Flags,
    Integers,
    Times,
    at_positions,
    instant,
    last_before,
    stamps,
)
from spm_lib.schemas import OUTCOMES

#: A first drop this soon after the creation shows the stage an opportunity was created in, near enough.
FRESH = np.timedelta64(8 * 86_400_000_000, "us")

#: Columns whose last known value stands at any moment, before the first drop that shows it too.
_LASTING = (
    "name",
    "account_id",
    "pipeline_id",
    "currency",
    "product_line",
    "territory",
    "business",
    "lead_source",
)


class Snapshot:
    """One client at a cut-off; each table is replayed when it is first asked for.

    Parameters
    ----------
    timeline : Timeline
    cutoff : pandas.Timestamp
        With its time zone.

    Attributes
    ----------
    cutoff : pandas.Timestamp
        UTC; nothing that happened from it on is seen.
    drops : pandas.DataFrame
        The drops it rests on: batch_id, as_of, source, scope, tables, rows_read, quarantined.
    received_until : dict of str to pandas.Timestamp
        Table -> when the latest drop that brings it was taken.
    """

    #: Its tables, each an attribute.
    TABLES = (
        *("opportunities", "outcomes", "changes", "activities", "leads", "stages", "quotas"),
        *("findings", "drops"),
    )

    def __init__(self, timeline: Timeline, cutoff: pd.Timestamp) -> None:
        self._timeline = timeline
        self._until = instant(cutoff)
        self.cutoff = cutoff.tz_convert("UTC")
        self.drops = timeline.drops
        self.received_until = timeline.received_until

    @cached_property
    def _facts(self) -> _Facts:
        alive = np.flatnonzero(self._timeline.since < self._until).astype(np.int64)
        return _Facts(self._timeline, alive, self._until)

    @cached_property
    def opportunities(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OPPORTUNITIES``."""
        return self._facts.opportunities()

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OUTCOMES``."""
        return self._facts.outcomes()

    def columns(self, *names: str) -> pd.DataFrame:
        """Some columns of `opportunities`, without the cost of the others."""
        return pd.DataFrame({name: self._facts.column(name) for name in names})

    def outcome_columns(self, *names: str) -> pd.DataFrame:
        """Some columns of `outcomes`, without the cost of the others."""
        return self._facts.outcomes(names)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_CHANGES``."""
        return self._timeline.changes(self._until)

    @cached_property
    def activities(self) -> pd.DataFrame:
        """``schemas.ACTIVITIES``."""
        return self._timeline.activities.until(self._until)

    def some_activities(self, names: Collection[str] = (), since: pd.Timestamp | None = None) -> pd.DataFrame:
        """Some columns of `activities`, without the cost of the others.

        Parameters
        ----------
        names : collection of str
            All columns when there are none.
        since : pandas.Timestamp, optional
            Only rows from then on, and the first of each sort of older ones: see `Activities.until`.
        """
        if since is None and "activities" in vars(self):
            return self.activities[[*names]] if names else self.activities
        return self._timeline.activities.until(self._until, names, None if since is None else instant(since))

    def is_whole(self, since: pd.Timestamp) -> bool:
        """Whether no activity took place before a moment."""
        at = self._timeline.activities.rest["at"]
        return at.empty or bool(at.iloc[0] >= since)

    @cached_property
    def leads(self) -> pd.DataFrame:
        """``schemas.LEADS``."""
        leads = self._timeline.leads
        return schemas.LEADS.conform(leads[leads["created_at"] < self.cutoff])

    @cached_property
    def stages(self) -> pd.DataFrame:
        """``schemas.STAGES``."""
        return schemas.STAGES.conform(self._timeline.stages)

    @cached_property
    def quotas(self) -> pd.DataFrame:
        """``schemas.QUOTAS``."""
        return schemas.QUOTAS.conform(self._timeline.quotas)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """``schemas.FINDINGS``."""
        return findings(self._timeline, self.opportunities, self._facts.unplaced, self.cutoff)


def snapshot(timeline: Timeline, cutoff: pd.Timestamp) -> Snapshot:
    """Replay a timeline to a cut-off.

    Parameters
    ----------
    timeline : Timeline
    cutoff : pandas.Timestamp
        With its time zone; the first instant that is not seen.
    """
    return Snapshot(timeline, cutoff)


class _Facts:
    """What stood of some opportunities before a moment."""

    def __init__(self, timeline: Timeline, alive: Integers, until: np.datetime64) -> None:
        self.timeline = timeline
        self.alive = alive
        self.until = until
        self.now: Times = np.full(len(alive), until)
        self._columns: dict[str, pd.Series] = {}
        self.shown = self._shown_at()
        self.outcome_at, self.unplaced, self.by_drops = self._outcome_at()

    def value(self, field: str, at: Times, *, inclusive: bool = False) -> npt.NDArray[Any]:
        """A field's value at a moment of each; missing where nothing is known of it."""
        log = self.timeline.logs[field]
        position = log.last(self.alive, at, inclusive=inclusive)
        values: npt.NDArray[Any] = at_positions(log.new, position, _nothing(log))
        return values

    def _shown_at(self) -> Integers:
        """Position of the last drop's row by the cut-off, of each; -1 where the first drop came later."""
        seen = self.timeline.seen
        return last_before(self.alive, self.now, seen.of, seen.as_of, inclusive=True)

    def _outcome_at(self) -> tuple[Times, Flags, Flags]:
        """When the outcome that stands was entered; which cannot be placed in time; which only drops show."""
        log = self.timeline.logs["status"]
        last = log.last(self.alive, self.now)
        status = at_positions(log.new, last, None)
        start = at_positions(log.runs, last, -1).astype(np.int64)
        entered = np.where(np.isin(status, OUTCOMES), at_positions(log.at, start, NEVER), NEVER)
        # first seen closed, by a source that does not say when: it may have been any day since it began
        by_drops = at_positions(log.evidence, start, "") == "weekly_diff"
        vague = by_drops & (
            at_positions(log.recorded_at, start, NEVER) == self.timeline.seen.first_as_of[self.alive]
        )
        wide = entered - at_positions(log.at_earliest, start, NEVER) > FRESH
        unplaced = ~np.isnat(entered) & vague & wide
        return np.where(unplaced, NEVER, entered), unplaced, by_drops

    def opportunities(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OPPORTUNITIES``."""
        names = schemas.SNAPSHOT_OPPORTUNITIES.names
        return schemas.SNAPSHOT_OPPORTUNITIES.conform(
            pd.DataFrame({name: self.column(name) for name in names})
        )

    def column(self, name: str) -> pd.Series:
        """One column of ``schemas.SNAPSHOT_OPPORTUNITIES``, made once."""
        if name not in self._columns:
            make = _MADE.get(name)
            self._columns[name] = self._known(name) if make is None else make(self)
        return self._columns[name]

    def _known(self, name: str) -> pd.Series:
        """What the drops show of it: lastingly, or only as of the drop that shows it."""
        position = np.where(self.shown >= 0, self.shown, self.timeline.seen.first[self.alive])
        known = self.timeline.seen.rows[name].iloc[position].reset_index(drop=True)
        return known if name in _LASTING else known.mask(pd.Series(self.shown < 0))

    def text(self, field: str) -> pd.Series:
        """A field's value now, as text."""
        return pd.Series(self.value(field, self.now), dtype="str")

    def amount(self) -> pd.Series:
        """The amount in the client's currency, by the rate of the outcome's day, or of the cut-off's."""
        day = stamps(np.where(np.isnat(self.outcome_at), self.until, self.outcome_at))
        return in_client_currency(
            self.column("amount_original"), self.column("currency"), day, self.timeline.client
        )

    def created_at(self) -> pd.Series:
        """When each was created, where that was before the cut-off."""
        created = self.timeline.created[self.alive]
        return stamps(np.where(created < self.until, created, NEVER))

    def stage_entered_at(self) -> Times:
        """When each entered the stage it is in; missing where the first drop came long after its creation."""
        log = self.timeline.logs["stage"]
        last = log.last(self.alive, self.now)
        at = at_positions(log.at, last, NEVER)
        assumed = at_positions(log.evidence, last, "") == "inferred_create"
        since_creation = self.timeline.seen.first_as_of[self.alive] - self.timeline.created[self.alive]
        late = ~(since_creation <= FRESH)
        entered: Times = np.where(assumed & late, NEVER, at)
        return entered

    def pushed_count(self) -> pd.Series:
        """How often the expected close moved to a later day while open; missing where nobody could know."""
        log = self.timeline.logs["expected_close"]
        position = np.full(len(self.timeline.seen.ids), -1, dtype=np.int64)
        position[self.alive] = np.arange(len(self.alive))
        end = np.where(np.isnat(self.outcome_at), self.now, self.outcome_at)
        of = position[log.of]
        pushed = (of >= 0) & (log.new > log.old) & (log.at < end[of] if len(end) else False)
        counts = np.bincount(of[pushed], minlength=len(self.alive))
        known = (log.evidence != "inferred_create").any() or len(self._taken()) > 1
        return pd.Series(counts if known else [pd.NA] * len(counts), dtype="Int64")

    def _taken(self) -> npt.NDArray[np.datetime64]:
        """When the drops until the cut-off were taken."""
        as_of = self.timeline.seen.as_of
        return np.unique(as_of[as_of <= self.until])

    def outcomes(self, names: Collection[str] = ()) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OUTCOMES``: what was credited to whom at the moment of each outcome.

        Parameters
        ----------
        names : collection of str
            Only these columns; all when there are none.
        """
        gone = self.column("presence").isin(["deleted", "merged"]).to_numpy()
        stands = np.flatnonzero(~np.isnat(self.outcome_at) & ~gone)
        # opportunities stand in the order of their ids: theirs is the order of equal instants
        stands = stands[np.argsort(self.outcome_at[stands], kind="stable")]
        wanted = {"opportunity_id", "rep_id", "outcome_at", *names} if names else {*_OUTCOMES.names}
        wanted.add("share_rate")
        frame = pd.DataFrame(
            {
                name: self._at_outcome(name).iloc[stands].reset_index(drop=True)
                for name in _OUTCOMES.names
                if name in wanted
            }
        )
        frame = _split(frame, self.timeline.splits)
        return frame[[*names]] if names else _OUTCOMES.conform(frame)

    def _at_outcome(self, name: str) -> pd.Series:
        """One column of ``schemas.SNAPSHOT_OUTCOMES``, of every opportunity."""
        make = _MADE_AT_OUTCOME.get(name)
        return self.column(name) if make is None else make(self)

    def stage_at_outcome(self) -> pd.Series:
        """The stage each was in at its outcome."""
        return pd.Series(self.value("stage", self.outcome_at, inclusive=True), dtype="str")

    def credited(self) -> pd.Series:
        """The amount at the outcome in the client's currency, at the rate of its day."""
        amount, at = self._amount_at_outcome(), self.column("outcome_at")
        return in_client_currency(amount, self.column("currency"), at, self.timeline.client)

    def holder_at_outcome(self) -> npt.NDArray[Any]:
        """Who held each at its outcome.

        Where only the same two drops show both the outcome and a new holder, nobody knows which came first:
        the credit stays where it was.
        """
        log = self.timeline.logs["rep"]
        position = log.last(self.alive, self.outcome_at, inclusive=True)
        by_drops = self.by_drops & (at_positions(log.evidence, position, "") == "weekly_diff")
        together = by_drops & (at_positions(log.at, position, NEVER) == self.outcome_at)
        holder: npt.NDArray[Any] = np.where(
            together, at_positions(log.old, position, None), at_positions(log.new, position, None)
        )
        return holder

    def _amount_at_outcome(self) -> pd.Series:
        """The amount at each outcome.

        Of a change that only two drops show, the moment is not known. One that may have come with the
        outcome is taken to have: people settle the amount when they close.
        """
        log = self.timeline.logs["amount"]
        by_earliest = log.by_earliest
        position = last_before(
            self.alive, self.outcome_at, by_earliest.of, by_earliest.at_earliest, inclusive=True
        )
        before_now = at_positions(by_earliest.at, position, NEVER) < self.until
        found = at_positions(by_earliest.new, position, np.nan)
        return pd.Series(np.where(before_now, found, self.value("amount", self.now)), dtype="float64")


_OUTCOMES = schemas.SNAPSHOT_OUTCOMES
#: Column of ``schemas.SNAPSHOT_OPPORTUNITIES`` -> how it is made, where no drop simply shows it.
_MADE: Mapping[str, Callable[[_Facts], pd.Series]] = {
    "opportunity_id": lambda facts: pd.Series(facts.timeline.seen.ids[facts.alive], dtype="str"),
    "rep_id": lambda facts: facts.text("rep"),
    "stage_id": lambda facts: facts.text("stage"),
    "status": lambda facts: facts.text("status").fillna("open"),
    "amount_original": lambda facts: pd.Series(facts.value("amount", facts.now), dtype="float64"),
    "amount": lambda facts: facts.amount(),
    "created_at": lambda facts: facts.created_at(),
    "expected_close": lambda facts: pd.Series(facts.value("expected_close", facts.now)),
    "outcome_at": lambda facts: stamps(facts.outcome_at),
    "stage_entered_at": lambda facts: stamps(facts.stage_entered_at()),
    "pushed_count": lambda facts: facts.pushed_count(),
    "presence": lambda facts: facts.text("presence").fillna("present"),
}
#: The same of ``schemas.SNAPSHOT_OUTCOMES``, where it differs.
_MADE_AT_OUTCOME: Mapping[str, Callable[[_Facts], pd.Series]] = {
    "outcome": lambda facts: facts.column("status"),
    "rep_id": lambda facts: pd.Series(facts.holder_at_outcome(), dtype="str"),
    "stage_id": lambda facts: facts.stage_at_outcome(),
    "amount": lambda facts: facts.credited(),
    "share_rate": lambda facts: pd.Series(1.0, index=pd.RangeIndex(len(facts.alive))),
}


def _nothing(log: Log) -> Any:
    return {"M": NEVER, "f": np.nan}.get(log.new.dtype.kind)


def _split(outcomes: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Each outcome shared as its splits say, in the same order; shares that do not add up to 1 do nothing."""
    if splits.empty:
        return outcomes
    sums = splits.groupby("opportunity_id")["share_rate"].transform("sum")
    valid = splits[(sums - 1).abs() < 1e-6]
    shared = outcomes["opportunity_id"].isin(valid["opportunity_id"])
    whole, parts = outcomes[~shared], outcomes[shared].drop(columns=["rep_id", "share_rate"])
    if parts.empty:
        return outcomes
    parts = parts.merge(valid[["opportunity_id", "rep_id", "share_rate"]], on="opportunity_id")
    if "amount" in parts:
        parts["amount"] = parts["amount"] * parts["share_rate"]
    both = pd.concat([whole, parts[outcomes.columns]], ignore_index=True)
    order = ["outcome_at", "opportunity_id", "rep_id"]
    return both.sort_values(order, kind="stable", ignore_index=True)

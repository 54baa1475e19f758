"""The state of one client at a cut-off, replayed from its timeline: all that a metric ever sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib import schemas
from spm_lib.history.exchange import in_client_currency
from spm_lib.history.findings import findings
from spm_lib.history.log import Log
from spm_lib.history.lookup import (
    NEVER,
    Flags,
    Integers,
    Times,
    at_positions,
    earliest,
    instant,
    instants,
    last_before,
    stamps,
)
from spm_lib.history.timeline import Timeline
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


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One client at a cut-off.

    Attributes
    ----------
    cutoff : pandas.Timestamp
        UTC; nothing that happened from it on is seen.
    opportunities, outcomes, changes, activities, leads, stages, quotas, findings : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``SNAPSHOT_CHANGES``, ``ACTIVITIES``,
        ``LEADS``, ``STAGES``, ``QUOTAS``, ``FINDINGS``.
    drops : pandas.DataFrame
        The drops it rests on: batch_id, as_of, source, scope, tables, rows_read, quarantined.
    received_until : dict of str to pandas.Timestamp
        Table -> when the latest drop that brings it was taken.
    """

    cutoff: pd.Timestamp
    opportunities: pd.DataFrame
    outcomes: pd.DataFrame
    changes: pd.DataFrame
    activities: pd.DataFrame
    leads: pd.DataFrame
    stages: pd.DataFrame
    quotas: pd.DataFrame
    findings: pd.DataFrame
    drops: pd.DataFrame
    received_until: dict[str, pd.Timestamp]


def snapshot(timeline: Timeline, cutoff: pd.Timestamp) -> Snapshot:
    """Replay a timeline to a cut-off.

    Parameters
    ----------
    timeline : Timeline
    cutoff : pandas.Timestamp
        With its time zone; the first instant that is not seen.
    """
    until = instant(cutoff)
    alive = np.flatnonzero(timeline.since < until).astype(np.int64)
    facts = _Facts(timeline, alive, until)
    opportunities = facts.opportunities()
    return Snapshot(
        cutoff.tz_convert("UTC"),
        opportunities,
        facts.outcomes(opportunities),
        timeline.changes(until),
        _activities(timeline, until),
        schemas.LEADS.conform(timeline.leads[timeline.leads["created_at"] < cutoff]),
        schemas.STAGES.conform(timeline.stages),
        schemas.QUOTAS.conform(timeline.quotas),
        findings(timeline, opportunities, facts.unplaced, cutoff),
        timeline.drops,
        timeline.received_until,
    )


class _Facts:
    """What stood of some opportunities before a moment."""

    def __init__(self, timeline: Timeline, alive: Integers, until: np.datetime64) -> None:
        self.timeline = timeline
        self.alive = alive
        self.until = until
        self.now: Times = np.full(len(alive), until)
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
        run = _run_starts(log)
        start = at_positions(run, last, -1).astype(np.int64)
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
        timeline, seen = self.timeline, self.timeline.seen
        known = seen.rows.iloc[np.where(self.shown >= 0, self.shown, seen.first[self.alive])]
        known = known.reset_index(drop=True)
        volatile = [column.name for column in schemas.OPPORTUNITIES.columns if column.volatile]
        frame = known[[*_LASTING, *volatile]].copy()
        frame[volatile] = frame[volatile].mask(pd.Series(self.shown < 0, index=frame.index))
        status = pd.Series(self.value("status", self.now), dtype="str").fillna("open")
        frame = frame.assign(
            opportunity_id=pd.Series(seen.ids[self.alive], dtype="str"),
            rep_id=pd.Series(self.value("rep", self.now), dtype="str"),
            stage_id=pd.Series(self.value("stage", self.now), dtype="str"),
            status=status,
            amount_original=pd.Series(self.value("amount", self.now), dtype="float64"),
            created_at=stamps(
                np.where(timeline.created[self.alive] < self.until, timeline.created[self.alive], NEVER)
            ),
            expected_close=pd.Series(self.value("expected_close", self.now)),
            outcome_at=stamps(self.outcome_at),
            stage_entered_at=stamps(self._stage_entered_at()),
            pushed_count=self._pushed_count(),
            presence=pd.Series(self.value("presence", self.now), dtype="str").fillna("present"),
        )
        day = stamps(np.where(np.isnat(self.outcome_at), self.until, self.outcome_at))
        frame["amount"] = in_client_currency(
            frame["amount_original"], frame["currency"], day, timeline.client
        )
        names = schemas.SNAPSHOT_OPPORTUNITIES.names
        return schemas.SNAPSHOT_OPPORTUNITIES.conform(frame[[name for name in names if name in frame]])

    def _stage_entered_at(self) -> Times:
        """When each entered the stage it is in; missing where the first drop came long after its creation."""
        log = self.timeline.logs["stage"]
        last = log.last(self.alive, self.now)
        at = at_positions(log.at, last, NEVER)
        assumed = at_positions(log.evidence, last, "") == "inferred_create"
        since_creation = self.timeline.seen.first_as_of[self.alive] - self.timeline.created[self.alive]
        late = ~(since_creation <= FRESH)
        entered: Times = np.where(assumed & late, NEVER, at)
        return entered

    def _pushed_count(self) -> pd.Series:
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

    def outcomes(self, opportunities: pd.DataFrame) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OUTCOMES``: what was credited to whom at the moment of each outcome."""
        stands = (
            ~np.isnat(self.outcome_at) & ~opportunities["presence"].isin(["deleted", "merged"]).to_numpy()
        )
        frame = opportunities[[name for name in opportunities if name in schemas.SNAPSHOT_OUTCOMES.names]]
        amount = self._amount_at_outcome()
        frame = frame.assign(
            outcome=opportunities["status"],
            rep_id=pd.Series(self._holder_at_outcome(), dtype="str"),
            stage_id=pd.Series(self.value("stage", self.outcome_at, inclusive=True), dtype="str"),
            amount=in_client_currency(
                amount, opportunities["currency"], opportunities["outcome_at"], self.timeline.client
            ),
            share_rate=1.0,
        )
        frame = _split(frame[stands], self.timeline.splits)
        order = ["outcome_at", "opportunity_id", "rep_id"]
        return schemas.SNAPSHOT_OUTCOMES.conform(frame.sort_values(order, kind="stable", ignore_index=True))

    def _holder_at_outcome(self) -> npt.NDArray[Any]:
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
        order = np.lexsort((log.at_earliest, log.of))
        by_earliest = log.taken(order)
        position = last_before(
            self.alive, self.outcome_at, by_earliest.of, by_earliest.at_earliest, inclusive=True
        )
        before_now = at_positions(by_earliest.at, position, NEVER) < self.until
        found = at_positions(by_earliest.new, position, np.nan)
        return pd.Series(np.where(before_now, found, self.value("amount", self.now)), dtype="float64")


def _nothing(log: Log) -> Any:
    return {"M": NEVER, "f": np.nan}.get(log.new.dtype.kind)


def _run_starts(log: Log) -> Integers:
    """For each change, the position of the first of the run of the same values it belongs to."""
    if not len(log.of):
        return np.empty(0, dtype=np.int64)
    fresh = np.append(True, (log.of[1:] != log.of[:-1]) | (log.new[1:] != log.new[:-1]))
    return np.maximum.accumulate(np.where(fresh, np.arange(len(log.of)), 0)).astype(np.int64)


def _split(outcomes: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Each outcome shared as its splits say; shares that do not add up to 1 are not used."""
    sums = splits.groupby("opportunity_id")["share_rate"].transform("sum")
    valid = splits[(sums - 1).abs() < 1e-6]
    shared = outcomes["opportunity_id"].isin(valid["opportunity_id"])
    whole, parts = outcomes[~shared], outcomes[shared].drop(columns=["rep_id", "share_rate"])
    if parts.empty:
        return outcomes
    parts = parts.merge(valid[["opportunity_id", "rep_id", "share_rate"]], on="opportunity_id")
    parts["amount"] = parts["amount"] * parts["share_rate"]
    return pd.concat([whole, parts[outcomes.columns]], ignore_index=True)


def _activities(timeline: Timeline, until: np.datetime64) -> pd.DataFrame:
    """``schemas.ACTIVITIES`` at a cut-off: what took place before it, and what was planned by then."""
    frame = timeline.activities
    at, logged = instants(frame["at"]), instants(frame["logged_at"])
    ahead = at >= until
    written = earliest(logged, timeline.first_shown) < until
    written |= timeline.first_shown <= until
    kept = frame[~ahead | written].copy()
    later = ahead[~ahead | written]
    # what lies ahead is a plan, whatever became of it since
    kept.loc[later & kept["status"].ne("cancelled").to_numpy(), "status"] = "planned"
    for name in ("outcome", "duration_seconds", "next_step_on", "with_decision_maker"):
        kept[name] = kept[name].mask(pd.Series(later, index=kept.index))
    return schemas.ACTIVITIES.conform(kept)

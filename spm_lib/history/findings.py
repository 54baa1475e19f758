"""What is doubtful about the data of a snapshot: one row per thing, with the numbers it touches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.history.timeline import Timeline
from spm_lib.lookup import Flags, instant

Row = tuple[str, str, str | None, str, str]

_WINS = "win_rate_by_count,win_rate_by_amount,win_rate_broad,attainment,pace"
_OPEN = "pipeline,pipeline_change,pipeline_coverage_ratio"


def findings(
    timeline: Timeline, opportunities: pd.DataFrame, unplaced: Flags, cutoff: pd.Timestamp
) -> pd.DataFrame:
    """``schemas.FINDINGS`` of a snapshot.

    Parameters
    ----------
    timeline : Timeline
    opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``.
    unplaced : array of bool
        Which of them have an outcome nobody dated.
    cutoff : pandas.Timestamp
    """
    rows = [
        *_undated(timeline, opportunities, cutoff),
        *_unplaced(opportunities[unplaced]),
        *_without_rate(opportunities, timeline.client.currency),
        *_negative_cycles(opportunities),
        *_unknown_reps(timeline),
        *_splits(timeline.splits),
        *_left_out(timeline),
    ]
    if timeline.orphan_count:
        detail = f"{timeline.orphan_count:,} logged changes are of opportunities no export shows."
        rows.append(("orphan_changes", "changes", None, detail, _OPEN))
    return schemas.FINDINGS.conform(pd.DataFrame(rows, columns=schemas.FINDINGS.names))


def _undated(timeline: Timeline, opportunities: pd.DataFrame, cutoff: pd.Timestamp) -> Iterator[Row]:
    """Those without a creation date; shown first by a later drop, they cannot be placed before it."""
    seen = timeline.seen
    unknown = np.isnat(timeline.created)
    missing = unknown & (timeline.since >= instant(cutoff)) & (seen.first_as_of > instant(cutoff))
    if count := int(missing.sum()):
        detail = f"{count:,} opportunities have no date at all and cannot be placed at this moment."
        yield ("undated", "opportunities", None, detail, _OPEN)
    shown = opportunities["created_at"].isna() & opportunities["presence"].eq("present")
    shown &= opportunities["opportunity_id"].isin(seen.ids[unknown])
    if count := int(shown.sum()):
        detail = f"{count:,} opportunities have no creation date, so nothing is said of their age."
        yield ("undated", "opportunities", None, detail, _OPEN)


def _unplaced(rows: pd.DataFrame) -> Iterator[Row]:
    if len(rows):
        detail = (
            f"{len(rows):,} opportunities were closed before the first export that shows them, and no date "
            "says when. They are in no win rate and no bookings."
        )
        yield ("undated_outcome", "outcomes", None, detail, _WINS)


def _without_rate(opportunities: pd.DataFrame, currency: str) -> Iterator[Row]:
    lost = opportunities["amount"].isna() & opportunities["amount_original"].notna()
    for code, rows in opportunities[lost].groupby("currency", sort=True):
        count = f"{len(rows):,} amounts are" if len(rows) > 1 else "1 amount is"
        detail = f"{count} in {code} without a rate to {currency} on the day; no sum holds them."
        yield ("no_rate", "opportunities", str(code), detail, f"{_WINS},{_OPEN}")


def _negative_cycles(opportunities: pd.DataFrame) -> Iterator[Row]:
    backwards = opportunities[opportunities["outcome_at"] < opportunities["created_at"]]
    for row in backwards.to_dict("records"):
        detail = f"{row['name'] or row['opportunity_id']} was closed before it was created."
        yield ("negative_cycle", "opportunities", str(row["opportunity_id"]), detail, "sales_cycle_days")


def _unknown_reps(timeline: Timeline) -> Iterator[Row]:
    for spelling in sorted(timeline.unknown):
        counts = timeline.unknown[spelling]
        where = ", ".join(_counted(rows, table) for table, rows in sorted(counts.items()))
        detail = f"“{spelling}” is no rep of client.yaml; unassigned: {where}."
        yield ("unknown_rep", "reps", spelling, detail, f"{_WINS},{_OPEN},activity,activity_ladder")


def _counted(rows: int, table: str) -> str:
    """So many rows of a table, in words: 1 opportunity, 12 activities."""
    if rows != 1:
        return f"{rows:,} {table}"
    return f"1 {table[:-3]}y" if table.endswith("ies") else f"1 {table[:-1]}"


def _splits(splits: pd.DataFrame) -> Iterator[Row]:
    sums = splits.groupby("opportunity_id", sort=True)["share_rate"].sum()
    for opportunity, total in sums[(sums - 1).abs() >= 1e-6].items():
        detail = f"The shares of {opportunity} add up to {total:.0%}, so its holder is credited alone."
        yield ("split_sum", "splits", str(opportunity), detail, _WINS)


def _left_out(timeline: Timeline) -> Iterator[Row]:
    for column, rows in timeline.seen.left_out.groupby("column", sort=True):
        detail = f"{len(rows):,} exports leave {column} out; the last known values stand."
        yield ("column_left_out", "opportunities", str(column), detail, _OPEN)

"""How far do opportunities get? Each stage's entries, and what became of them, to the last one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib.metrics.groups import whole
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.registry import metric
from spm_lib.metrics.win_rate_by_cohort import final_range, followed
from spm_lib.periods import Period

_COUNTS = (
    *("entered_count", "advanced_count", "lost_here_count", "still_here_count"),
    *("disqualified_count", "skipped_count", "regressed_count"),
)


@metric(
    question="Of the opportunities that entered a stage, how many got further?",
    formula="advanced / entered, on the furthest stage reached: who reached a stage passed all before it; a "
    "win passed all. entered = advanced + lost here + still here, exactly",
    time_base="entered the stage (or a later one, or won) for the first time in the period; what became of "
    "it "
    "as of the cut-off",
    credit="the whole team",
    excluded="merged and deleted ones; those closed at a time nobody dated or gone from the exports while "
    "open. "
    "Stages no longer in the stage list are passed over; an opportunity of which no stage is known is in the "
    "last row, whose stage is missing, by its creation",
    empty="every open stage has a row; nothing entered: the rate and its range are missing",
    columns={
        "stage_id": "the stage, by its lasting id; missing: no stage is known",
        "position": "its place in the order; missing: no stage is known",
        "entered_count": "opportunities that reached it in the period",
        "advanced_count": "of them, reached a later stage or won",
        "lost_here_count": "of them, lost or disqualified without getting further",
        "still_here_count": "of them, open and not further; they may have moved back since",
        "disqualified_count": "those of lost_here_count that were disqualified",
        "skipped_count": "those of entered_count with no trace of having been in it: stages left out",
        "regressed_count": "those of entered_count that moved from it back to an earlier stage",
        "conversion_rate": "advanced_count / entered_count, 0-1: can only grow while some are here",
        "low": "lower end of the range of the final rate, 0-1: Wilson 90 %, if none of those here advances",
        "high": "upper end of it, 0-1: Wilson 90 %, if all of them advance",
    },
    example="Ten enter First talk: 4 go to Proposal, 1 is won at once, 3 are lost, 2 are open: advanced 5, "
    "lost here 3, still here 2, conversion 50 %. Proposal was entered by 5: the one won at once skipped it.",
)
def stage_conversion(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
) -> pd.DataFrame:
    """Entries of each open stage, and how many got further, were lost there, are there.

    Parameters
    ----------
    opportunities, outcomes, changes : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``SNAPSHOT_CHANGES`` at the cut-off.
    stages : pandas.DataFrame
        ``schemas.STAGES``; a stage that was renamed keeps its id.
    period : Period

    Returns
    -------
    pandas.DataFrame
        One row per open stage, by position; then, if any, one for those of which no stage is known.
    """
    order = _order(stages)
    whole_ones = followed(opportunities, outcomes).drop_duplicates("opportunity_id")
    whole_ones = whole_ones[whole_ones["state"] != "unknown"].set_index("opportunity_id")
    visits = _visits(changes[changes["opportunity_id"].isin(whole_ones.index)], order)
    furthest = visits.groupby("opportunity_id")["rank"].max().reindex(whole_ones.index)
    won = whole_ones["state"].eq("won")
    rows = [
        _stage(str(stage), rank, whole_ones, visits, furthest.mask(won, np.inf), period)
        for stage, rank in order.items()
    ]
    table = pd.DataFrame(rows, columns=["stage_id", *_COUNTS])
    table.insert(1, "position", table["stage_id"].map(stages.set_index("stage_id")["position"]))
    lost_track = whole_ones[furthest.isna() & ~won & period.holds(whole_ones["created_at"])]
    if len(lost_track):
        table = pd.concat([table, _nowhere(lost_track)], ignore_index=True)
    table = table.astype({"stage_id": "str", "position": "Int64"})
    for column in _COUNTS:
        table[column] = whole(table[column].astype("float64"))
    table["conversion_rate"] = ratio(table["advanced_count"], table["entered_count"])
    table["low"], table["high"] = final_range(
        table["advanced_count"], table["still_here_count"], table["entered_count"]
    )
    unplaced = table["stage_id"].isna()
    table.loc[unplaced, ["conversion_rate", "low", "high"]] = np.nan
    return table


def _order(stages: pd.DataFrame) -> pd.Series:
    """Open stage -> its rank; stages of one position share it."""
    known = stages[stages["category"].eq("open") & stages["position"].notna()]
    known = known.drop_duplicates("stage_id").sort_values(["position", "stage_id"], kind="stable")
    return known.set_index("stage_id")["position"].rank(method="dense").astype("float64")


def _visits(changes: pd.DataFrame, order: pd.Series) -> pd.DataFrame:
    """Every recorded entry into an open stage: opportunity_id, stage, rank, at, and the rank left."""
    entries = changes[changes["field"].eq("stage") & changes["new"].isin(order.index)]
    return pd.DataFrame(
        {
            "opportunity_id": entries["opportunity_id"],
            "stage": entries["new"],
            "left": entries["old"],
            "rank": entries["new"].map(order).astype("float64"),
            "rank_left": entries["old"].map(order).astype("float64"),
            "at": entries["at"],
        }
    )


def _stage(
    stage: str,
    rank: float,
    whole_ones: pd.DataFrame,
    visits: pd.DataFrame,
    furthest: pd.Series,
    period: Period,
) -> tuple[object, ...]:
    """One row: the stage, then `_COUNTS`."""
    reached = visits[visits["rank"] >= rank].groupby("opportunity_id")["at"].min()
    reached = reached.reindex(whole_ones.index)
    # a win passes every stage, at the latest when it is won
    won_at = whole_ones["outcome_at"].where(whole_ones["state"].eq("won"))
    first = reached.where(~(won_at < reached), won_at).fillna(won_at)
    cohort = period.holds(first)
    further = cohort & (furthest > rank)
    stayed = cohort & ~further
    state = whole_ones["state"]
    lost = stayed & state.isin(["lost", "disqualified"])
    seen = cohort.index.isin(visits["opportunity_id"][visits["stage"] == stage])
    back = visits["opportunity_id"][visits["left"].eq(stage) & visits["rank"].lt(visits["rank_left"])]
    return (
        stage,
        int(cohort.sum()),
        int(further.sum()),
        int(lost.sum()),
        int((stayed & state.eq("open")).sum()),
        int((lost & state.eq("disqualified")).sum()),
        int((cohort & ~seen).sum()),
        int((cohort & cohort.index.isin(back)).sum()),
    )


def _nowhere(lost_track: pd.DataFrame) -> pd.DataFrame:
    """The row of the opportunities of which no stage is known."""
    state = lost_track["state"]
    return pd.DataFrame(
        {
            "stage_id": pd.Series([None], dtype="str"),
            "position": pd.Series([pd.NA], dtype="Int64"),
            "entered_count": len(lost_track),
            "advanced_count": 0,
            "lost_here_count": int(state.isin(["lost", "disqualified"]).sum()),
            "still_here_count": int(state.eq("open").sum()),
            "disqualified_count": int(state.eq("disqualified").sum()),
            "skipped_count": 0,
            "regressed_count": 0,
        }
    )

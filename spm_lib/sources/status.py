"""Open, won, lost or disqualified: by the stage's category where the mapping says so, and since when."""

from __future__ import annotations

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.client import fold
from spm_lib.sources.making import Making
from spm_lib.sources.mapping import Mapping
from spm_lib.sources.stages import StageMap


def fill_status(opportunities: Making, stages: StageMap, mapping: Mapping) -> None:
    """Set the status of every opportunity.

    Parameters
    ----------
    opportunities : Making
        Its stages are resolved already. With ``status_from: stage`` a row without a stage is refused.
    stages : StageMap
    mapping : Mapping
        A lost one whose reason is among its `disqualified_reasons` is disqualified.
    """
    frame = opportunities.frame
    if mapping.status_from == "stage":
        stage = frame.get("stage_id", pd.Series(None, index=frame.index, dtype="str"))
        frame["status"] = stage.map(stages.categories).astype("str")
        for at in np.flatnonzero(stage.isna()):
            opportunities.refuse(int(at), "stage_id", None, "no stage, so nothing tells whether it is open")
    if mapping.disqualified_reasons and "lost_reason" in frame and "status" in frame:
        reasons = {fold(reason) for reason in mapping.disqualified_reasons}
        named = frame["lost_reason"].map(lambda said: fold(said) in reasons, na_action="ignore") == True  # noqa: E712
        frame["status"] = frame["status"].mask((frame["status"] == "lost") & named, "disqualified")


def add_status_changes(
    changes: pd.DataFrame, opportunities: pd.DataFrame | None, stages: StageMap
) -> pd.DataFrame:
    """The changes, and a status change wherever a stage change crosses into another category.

    Parameters
    ----------
    changes : pandas.DataFrame
        ``schemas.CHANGES``, stages resolved, in the file's order where two are of one moment.
    opportunities : pandas.DataFrame or None
        ``schemas.OPPORTUNITIES`` of the same drop: one that is disqualified became so at its last loss.
    stages : StageMap

    Returns
    -------
    pandas.DataFrame
        ``schemas.CHANGES``.
    """
    moves = changes[changes["field"] == "stage"].sort_values(["opportunity_id", "at"], kind="stable")
    after = moves["new"].map(stages.categories).astype("str")
    known = moves["old"].map(stages.categories).astype("str")
    before = known.fillna(after.groupby(moves["opportunity_id"]).shift())
    # an unknown past before an open stage is the creation, not a change
    crossed = after.notna() & ~((before == after) | (before.isna() & (after == "open")))
    added = moves[crossed].assign(field="status", old=before[crossed], new=after[crossed])
    if opportunities is not None:
        gone = opportunities.loc[opportunities["status"] == "disqualified", "opportunity_id"]
        last = ~added.duplicated("opportunity_id", keep="last")
        mask = last & (added["new"] == "lost") & added["opportunity_id"].isin(gone)
        added["new"] = added["new"].mask(mask, "disqualified")
    joined = pd.concat([changes, added], ignore_index=True)
    return schemas.CHANGES.conform(joined.drop_duplicates(list(schemas.CHANGES.key), ignore_index=True))

"""Opportunities at landmarks: what was known of each so many days after it entered a stage, what followed.

Whoever compares won with lost opportunities by all that was done for them compares the length of their
lives: what stays open longer collects more calls. At a landmark every opportunity is of the same age in its
stage, only what was known then counts, only what was open then is looked at, and the rep is who held it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from spm_lib.metrics.unique import is_conversation, is_done, reached_human, unique_activities

#: The kinds and rungs that are looked at; each rung keeps what passed the one before.
KINDS = ("call", "email", "meeting")
RUNGS = ("done", "reached", "two_way", "decision_maker", "next_step")


def landmark_table(
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    activities: pd.DataFrame,
    stages: pd.DataFrame,
    told: pd.Timestamp,
    landmark_days: Sequence[float],
    horizon_days: float,
    conversation_seconds: int,
    stage_id: str | None = None,
    *,
    still_there: bool = True,
) -> pd.DataFrame:
    """One row per opportunity, entry into an open stage, and landmark at which it was at risk.

    Parameters
    ----------
    opportunities, changes, activities, stages : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_CHANGES``, ``ACTIVITIES``, ``STAGES``.
    told : pandas.Timestamp
        Up to when the exports tell what followed.
    landmark_days : sequence of float
        Days after the entry.
    horizon_days : float
        Within how many days after the landmark an advance counts.
    conversation_seconds : int
    stage_id : str, optional
        Only the first entry into this stage; every entry into an open stage when missing.
    still_there : bool
        Only those still in the stage they entered; otherwise all that are open at the landmark.

    Returns
    -------
    pandas.DataFrame
        opportunity_id, entered_stage_id, entered_at, landmark_days, landmark_at; as known before the
        landmark: stage_id, rep_id, amount, age_days (since creation), stage_days (in that stage),
        move_count (stage changes), prior_count (activities before the entry), <kind>_<rung>_count
        (activities since the entry that passed the rung), seconds (their length), quiet_days (since the
        last one), known_until (the latest instant any of it was known from); what followed: is_over (the
        horizon is told), advanced (to a later stage or won within it), is_decided and is_won (by `told`).
    """
    by_id = stages.drop_duplicates("stage_id").set_index("stage_id")
    open_stages = by_id.index[by_id["category"].eq("open")]
    rows = _entries(changes, open_stages, stage_id)
    rows = rows.merge(pd.DataFrame({"landmark_days": [float(days) for days in landmark_days]}), how="cross")
    rows["landmark_at"] = (rows["entered_at"] + pd.to_timedelta(rows["landmark_days"], unit="D")).dt.as_unit(
        "us"
    )
    rows = rows[rows["landmark_at"] <= told].reset_index(drop=True)
    gone = opportunities["presence"].isin(["deleted", "merged", "absent"])
    rows = rows[rows["opportunity_id"].isin(opportunities.loc[~gone, "opportunity_id"])].reset_index(
        drop=True
    )
    rows = _as_known(rows, opportunities, changes)
    at_risk = rows["stage_id"].isin(open_stages) & rows["status"].fillna("open").eq("open")
    if still_there:
        at_risk &= rows["since"].eq(rows["entered_at"])
    rows["stage_days"] = _days(rows["landmark_at"] - rows["since"])
    rows = rows[at_risk].drop(columns=["status", "since"]).reset_index(drop=True)
    rows = _with_activities(rows, activities, conversation_seconds)
    return _with_outcome(rows, opportunities, changes, by_id, told, horizon_days)


def rung_flags(activities: pd.DataFrame, conversation_seconds: int) -> pd.DataFrame:
    """Which activities passed each rung, by what was written down in them."""
    flags = {
        "done": is_done(activities),
        "reached": reached_human(activities, conversation_seconds),
        "two_way": is_conversation(activities, conversation_seconds),
        "decision_maker": activities["with_decision_maker"].fillna(value=False).astype(bool),
        "next_step": activities["next_step_on"].notna(),
    }
    table = pd.DataFrame(flags)
    # a rung nobody records holds nobody up: the next one follows the last that is
    recorded = {"decision_maker": activities["with_decision_maker"].notna().any()}
    standing = pd.Series(True, index=activities.index)
    for rung in RUNGS:
        standing = standing & (table[rung] | (not recorded.get(rung, True)))
        table[rung] = standing & table[rung]
    return table


def _entries(changes: pd.DataFrame, open_stages: Iterable[str], stage_id: str | None) -> pd.DataFrame:
    """When each opportunity entered an open stage."""
    entered = changes[changes["field"].eq("stage") & changes["new"].isin(list(open_stages))]
    entered = entered[["opportunity_id", "new", "at"]].rename(
        columns={"new": "entered_stage_id", "at": "entered_at"}
    )
    entered = entered.sort_values(["entered_at", "opportunity_id"], kind="stable")
    if stage_id is not None:
        entered = entered[entered["entered_stage_id"].eq(stage_id)].drop_duplicates("opportunity_id")
    return entered.reset_index(drop=True)


def _as_known(rows: pd.DataFrame, opportunities: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Adds the state of each row before its landmark, replayed from the changes."""
    for field in ("stage", "status", "amount", "rep"):
        of_field = changes[changes["field"].eq(field)]
        found = _latest(rows, of_field)
        rows[field] = found["new"]
        if field == "stage":
            rows["since"] = found["then"]
    rows = rows.rename(columns={"stage": "stage_id", "rep": "rep_id"})
    rows["amount"] = pd.to_numeric(rows["amount"], errors="coerce").astype("float64")
    created = _of(opportunities, "created_at", rows)
    rows["age_days"] = _days(rows["landmark_at"] - created)
    moves = changes[changes["field"].eq("stage")]
    rows["move_count"] = _count_before(rows, "landmark_at", moves["opportunity_id"], moves["at"])
    return rows


def _latest(rows: pd.DataFrame, of_field: pd.DataFrame) -> pd.DataFrame:
    """For each row the last change of a field before its landmark: its new value, and when."""
    left = (
        rows[["opportunity_id", "landmark_at"]]
        .assign(row=rows.index)
        .sort_values("landmark_at", kind="stable")
    )
    right = of_field[["opportunity_id", "at", "new"]].rename(columns={"at": "then"})
    found = pd.merge_asof(
        left,
        right.sort_values("then", kind="stable"),
        left_on="landmark_at",
        right_on="then",
        by="opportunity_id",
        allow_exact_matches=False,
    )
    return found.set_index("row")[["new", "then"]].reindex(rows.index)


def _with_activities(rows: pd.DataFrame, activities: pd.DataFrame, conversation_seconds: int) -> pd.DataFrame:
    """Adds what had been done for each row and was written down before its landmark."""
    every = unique_activities(activities)
    every = every[every["opportunity_id"].notna() & every["kind"].isin(KINDS) & is_done(every)]
    flags = rung_flags(every, conversation_seconds)
    # a call of last week that was logged today was not known yesterday
    known = every[["at", "logged_at"]].max(axis=1)
    every = every.assign(known_at=known, **flags)
    columns = ["opportunity_id", "kind", "at", "known_at", "duration_seconds", *RUNGS]
    pairs = rows[["opportunity_id", "entered_at", "landmark_at"]].assign(row=rows.index)
    pairs = pairs.merge(every[columns], on="opportunity_id")
    pairs = pairs[(pairs["at"] < pairs["landmark_at"]) & (pairs["known_at"] < pairs["landmark_at"])]
    since = pairs[pairs["at"] >= pairs["entered_at"]]
    rows["prior_count"] = _counts(rows, pairs[pairs["at"] < pairs["entered_at"]])
    for kind in KINDS:
        for rung in RUNGS:
            rows[f"{kind}_{rung}_count"] = _counts(rows, since[since["kind"].eq(kind) & since[rung]])
    rows["seconds"] = since.groupby("row")["duration_seconds"].sum().reindex(rows.index, fill_value=0.0)
    last = since.groupby("row")["at"].max().reindex(rows.index)
    quiet = _days(rows["landmark_at"] - last)
    rows["quiet_days"] = quiet.fillna(_days(rows["landmark_at"] - rows["entered_at"]))
    rows["known_until"] = pairs.groupby("row")["known_at"].max().reindex(rows.index)
    return rows


def _counts(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    return pairs.groupby("row").size().reindex(rows.index, fill_value=0).astype("int64")


def _count_before(rows: pd.DataFrame, moment: str, of: pd.Series, at: pd.Series) -> pd.Series:
    """How many instants of each row's opportunity lie before a moment of the row."""
    pairs = rows[["opportunity_id", moment]].assign(row=rows.index)
    pairs = pairs.merge(pd.DataFrame({"opportunity_id": of, "at": at}), on="opportunity_id")
    return _counts(rows, pairs[pairs["at"] < pairs[moment]])


def _with_outcome(
    rows: pd.DataFrame,
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    by_id: pd.DataFrame,
    told: pd.Timestamp,
    horizon_days: float,
) -> pd.DataFrame:
    """Adds what followed each landmark."""
    within = pd.Timedelta(days=horizon_days)
    climbs = advances(changes, by_id)
    pairs = rows[["opportunity_id", "landmark_at"]].assign(row=rows.index)
    pairs = pairs.merge(climbs[["opportunity_id", "at"]], on="opportunity_id")
    soon = (pairs["at"] >= pairs["landmark_at"]) & (pairs["at"] < pairs["landmark_at"] + within)
    rows["is_over"] = rows["landmark_at"] + within <= told
    rows["advanced"] = _counts(rows, pairs[soon]).gt(0)
    at, status = (_of(opportunities, name, rows) for name in ("outcome_at", "status"))
    rows["is_decided"] = at.notna() & (at < told)
    rows["is_won"] = rows["is_decided"] & status.eq("won")
    return rows


def advances(changes: pd.DataFrame, by_id: pd.DataFrame) -> pd.DataFrame:
    """The changes by which an opportunity moved to a later open stage or was won.

    Parameters
    ----------
    changes : pandas.DataFrame
        ``schemas.SNAPSHOT_CHANGES``.
    by_id : pandas.DataFrame
        ``schemas.STAGES``, by stage_id.
    """
    position = by_id["position"].astype("float64")
    to = changes["new"].map(by_id["category"])
    later = changes["new"].map(position) > changes["old"].map(position)
    # a closed stage often has the highest position: to be lost is no advance
    climbs = changes["field"].eq("stage") & (to.eq("won") | (to.eq("open") & later))
    wins = changes["field"].eq("status") & changes["new"].eq("won")
    return changes[climbs | wins]


def _of(opportunities: pd.DataFrame, column: str, rows: pd.DataFrame) -> pd.Series:
    """A column of the opportunity of each row; not by `map`, which refuses instants of nothing."""
    values = opportunities.set_index("opportunity_id")[column]
    return values.reindex(rows["opportunity_id"]).set_axis(rows.index)


def _days(span: pd.Series) -> pd.Series:
    days: pd.Series = span.dt.total_seconds() / 86_400
    return days

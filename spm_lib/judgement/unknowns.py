"""What the page does not know: old data, refused rows, nobody's opportunities, nothing agreed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from spm_lib import style

_NOTHING = {
    "losses": "Lost opportunities are not recorded, so no win rate can be told",
    "pipeline": "Open opportunities are not recorded, so nothing is said of the pipeline",
    "activities": "Activities are not recorded, so nothing is said of the work",
    "quotas": "No goals are recorded, so nothing is measured against one",
}


def what_we_do_not_know(
    *,
    not_recorded: Mapping[str, str],
    stale_days: int,
    cutoff: pd.Timestamp,
    findings: pd.DataFrame,
    drops: pd.DataFrame,
    received_until: Mapping[str, pd.Timestamp],
    standard: pd.Series | None,
    quotas: pd.DataFrame,
) -> list[str]:
    """What is missing, old or doubtful, one sentence each.

    Parameters
    ----------
    not_recorded : mapping
        What the client's systems do not hold -> why.
    stale_days : int
        From how many days on data are old.
    cutoff : pandas.Timestamp
    findings : pandas.DataFrame
        ``schemas.FINDINGS``.
    drops : pandas.DataFrame
        as_of, rows_read, quarantined ...
    received_until : mapping
        Table -> latest export that brought it.
    standard : pandas.Series or None
    quotas : pandas.DataFrame
        ``schemas.QUOTAS``.
    """
    if drops.empty:
        return ["Nothing has been ingested for this client by this week: there is no data."]
    return [
        *(f"{_NOTHING[what]}: {why}." for what, why in not_recorded.items()),
        *_age(cutoff, stale_days, drops, received_until, not_recorded),
        *_refused(drops),
        *_findings(findings),
        *(() if standard is not None else ("No win rate is agreed in writing, so none is judged.",)),
        *(
            ()
            if len(quotas) or "quotas" in not_recorded
            else ("No goal is written down for any rep, so there is no attainment.",)
        ),
    ]


def _age(
    cutoff: pd.Timestamp,
    stale_days: int,
    drops: pd.DataFrame,
    received_until: Mapping[str, pd.Timestamp],
    not_recorded: Mapping[str, str],
) -> Iterator[str]:
    latest = drops["as_of"].max()
    age = (cutoff - latest).days
    if age >= stale_days:
        yield f"The latest export is {age} days older than the end of the week: newer events are missing."
    activities = received_until.get("activities")
    if activities is None and "activities" not in not_recorded:
        yield "No activity export was received, so nothing is said of calls and meetings."
    elif activities is not None and (cutoff - activities).days >= stale_days:
        age = (cutoff - activities).days
        yield (
            f"The latest activity export is {age} days older than the end of the week: it counts as missing, "
            "not as zero."
        )


def _refused(drops: pd.DataFrame) -> Iterator[str]:
    latest = drops[drops["as_of"] == drops["as_of"].max()]
    refused, read = int(latest["quarantined"].sum()), int(latest["rows_read"].sum())
    if refused:
        yield (
            f"{refused:,} of {read:,} rows of the latest export were refused; the quarantine folder says why."
        )


def _findings(findings: pd.DataFrame) -> Iterator[str]:
    for name, rows in findings.groupby("finding", sort=True):
        first = rows["detail"].iloc[0]
        yield first if len(rows) == 1 else f"{style.label(str(name))}: {len(rows):,} times, such as: {first}"

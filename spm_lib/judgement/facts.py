"""What an expectation is judged by: results one by one, counts of a week, periods, or a number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.metrics.unique import is_done, unique_activities
from spm_lib.metrics.weekly_measures import LOG_HOURS, LOGGED_KINDS

Kind = Literal["trials", "weekly", "periods", "values"]

_COLUMNS = {
    "trials": ("rep_id", "at", "hit", "share_rate"),
    "weekly": ("rep_id", "starts_on", "value"),
    "periods": ("rep_id", "starts_on", "ends_on", "value"),
    "values": ("rep_id", "value", "n"),
}


@dataclass(frozen=True)
class Facts:
    """The rows one metric's expectation is judged by.

    Attributes
    ----------
    kind : {"trials", "weekly", "periods", "values"}
        trials: yes-or-no results one by one, whose share of yes the metric is. weekly: a count per week.
        periods: one number per finished period, such as attainment. values: one number per rep, of which no
        noise test is possible, such as a rate by amount.
    rows : pandas.DataFrame
        trials: rep_id, at (UTC), hit (flag), share_rate (0-1). weekly: rep_id, starts_on (date), value;
        a missing value is a week without data and is skipped. periods: rep_id, starts_on, ends_on (the day
        after), value. values: rep_id, value, n.

    Raises
    ------
    MetricError
        A column is missing.
    """

    kind: Kind
    rows: pd.DataFrame

    def __post_init__(self) -> None:
        missing = [name for name in _COLUMNS[self.kind] if name not in self.rows]
        if missing:
            raise MetricError(
                f"facts of the kind {self.kind} lack a column",
                given=", ".join(missing),
                remedy=f"bring {', '.join(_COLUMNS[self.kind])}",
            )


def decided_trials(outcomes: pd.DataFrame, *, broad: bool = False) -> Facts:
    """Decided opportunities as won or not, in the order of their outcome.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``, all since the standard was in force.
    broad : bool, optional
        Disqualified ones count as not won.
    """
    counted = ["won", "lost", "disqualified"] if broad else ["won", "lost"]
    rows = outcomes[outcomes["outcome"].isin(counted)]
    rows = rows.sort_values(["outcome_at", "opportunity_id"], kind="stable", ignore_index=True)
    table = rows[["rep_id", "share_rate"]].assign(at=rows["outcome_at"], hit=rows["outcome"].eq("won"))
    return Facts("trials", table)


def logged_trials(activities: pd.DataFrame) -> Facts:
    """Activities that say when they were written down, as within `LOG_HOURS` or not.

    Parameters
    ----------
    activities : pandas.DataFrame
        ``schemas.ACTIVITIES``, all since the standard was in force.
    """
    unique = unique_activities(activities)
    rows = unique[unique["kind"].isin(LOGGED_KINDS) & is_done(unique) & unique["logged_at"].notna()]
    rows = rows.sort_values(["at", "activity_id"], kind="stable", ignore_index=True)
    in_time = rows["logged_at"] - rows["at"] <= pd.Timedelta(hours=LOG_HOURS)
    return Facts("trials", rows[["rep_id", "at"]].assign(hit=in_time, share_rate=1.0))

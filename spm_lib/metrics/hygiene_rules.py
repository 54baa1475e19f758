"""The rules an opportunity can be checked against, each a small function of the same facts.

A rule says of every opportunity it looks at whether it can be checked, whether it fails, and in which
words. What the source does not record cannot be checked: it is unknown, never failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from spm_lib.metrics.pipeline import is_open, is_present
from spm_lib.metrics.unique import is_done
from spm_lib.periods import Period


@dataclass(frozen=True)
class Checked:
    """What a rule found.

    Attributes
    ----------
    rows : pandas.DataFrame
        The opportunities it looked at.
    known, failed : pandas.Series of bool
        Aligned with `rows`; what is not known has not failed.
    detail : pandas.Series of str
    """

    rows: pd.DataFrame
    known: pd.Series
    failed: pd.Series
    detail: pd.Series


#: What the rules read of activities.
ACTIVITY_COLUMNS = ("at", "outcome", "status", "opportunity_id", "next_step_on")


@dataclass(frozen=True)
class Facts:
    """What the rules look at.

    Attributes
    ----------
    opportunities, activities, stages : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``ACTIVITIES``, ``STAGES``.
    period : Period
        Lost opportunities are looked at when they were lost in it; its time zone cuts the days.
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    """

    opportunities: pd.DataFrame
    activities: pd.DataFrame
    stages: pd.DataFrame
    period: Period
    cutoff: pd.Timestamp
    received_until: dict[str, pd.Timestamp]

    @cached_property
    def today(self) -> pd.Timestamp:
        """The cut-off's day in the client's time zone, naive: the first day not yet known."""
        return pd.Timestamp(self.cutoff.tz_convert(self.period.time_zone).date())

    @cached_property
    def open_ones(self) -> pd.DataFrame:
        """Open opportunities."""
        return self.opportunities[is_open(self.opportunities)]

    def recorded(self, column: str) -> bool:
        """Whether any opportunity, open or closed, has a value: else the source does not record it."""
        return bool(self.opportunities[column].notna().any())

    def day(self, at: pd.Series) -> pd.Series:
        """Instants as naive days in the client's time zone."""
        local: pd.Series = at.dt.tz_convert(self.period.time_zone).dt.tz_localize(None)
        midnight: pd.Series = local.dt.normalize()
        return midnight

    def until(self, table: str) -> pd.Timestamp:
        """The latest day a table tells of, never after today."""
        received = self.received_until.get(table, self.cutoff)
        return min(self.today, pd.Timestamp(received.tz_convert(self.period.time_zone).date()))

    def by_opportunity(self, mask: pd.Series, values: pd.Series) -> pd.Series:
        """Largest value of some activities for each open opportunity; missing without one."""
        ids = self.activities["opportunity_id"]
        largest = values[mask & ids.notna()].groupby(ids[mask & ids.notna()]).max()
        # not `map`, which refuses instants when there is not one activity
        return largest.reindex(self.open_ones["opportunity_id"]).set_axis(self.open_ones.index)


Rule = Callable[[Facts, float], Checked]


def _checked(
    rows: pd.DataFrame, known: pd.Series | bool, failed: pd.Series, detail: pd.Series | str
) -> Checked:
    certain = pd.Series(known, index=rows.index).astype(bool)
    return Checked(
        rows,
        certain,
        certain & failed.fillna(False).astype(bool),
        pd.Series(detail, index=rows.index).astype("str"),
    )


def past_expected_close(facts: Facts, _limit: float) -> Checked:
    """The expected close lies before today."""
    rows = facts.open_ones
    days = (facts.today - rows["expected_close"]).dt.days
    detail = "expected " + rows["expected_close"].dt.strftime("%Y-%m-%d") + ", " + _days(days) + " overdue"
    return _checked(rows, rows["expected_close"].notna(), rows["expected_close"] < facts.today, detail)


def no_expected_close(facts: Facts, _limit: float) -> Checked:
    """No expected close is written down."""
    rows = facts.open_ones
    known = facts.recorded("expected_close")
    return _checked(rows, known, rows["expected_close"].isna(), "no expected close")


def no_amount(facts: Facts, _limit: float) -> Checked:
    """No amount is written down."""
    rows = facts.open_ones
    return _checked(rows, facts.recorded("amount"), rows["amount"].isna(), "no amount")


def no_next_step(facts: Facts, _limit: float) -> Checked:
    """Neither the opportunity nor an activity names a next step."""
    rows = facts.open_ones
    dated = facts.by_opportunity(facts.activities["next_step_on"].notna(), facts.activities["next_step_on"])
    has = rows["has_next_step"].fillna(False).astype(bool) | (dated >= facts.today)
    return _checked(rows, rows["has_next_step"].notna() | has, ~has, "no next step")


def no_future_activity(facts: Facts, _limit: float) -> Checked:
    """Nothing is planned from today on."""
    rows, activities = facts.open_ones, facts.activities
    planned = activities["status"].eq("planned")
    next_at = facts.by_opportunity(planned & (activities["at"] >= facts.cutoff), activities["at"])
    known = bool(planned.any()) or facts.recorded("next_activity_on")
    failed = next_at.isna() & ~(rows["next_activity_on"] >= facts.today)
    return _checked(rows, known, failed, "nothing planned")


def untouched_days(facts: Facts, limit: float) -> Checked:
    """No activity for more than `limit` days, counted to the latest day the exports tell of."""
    rows, activities = facts.open_ones, facts.activities
    done = is_done(activities) & (activities["at"] < facts.cutoff)
    touched = facts.day(facts.by_opportunity(done, activities["at"]))
    touched = pd.concat([touched, rows["last_activity_on"]], axis=1).max(axis=1)
    sources = [facts.until("activities")] if bool(done.any()) else []
    sources += [facts.until("opportunities")] if facts.recorded("last_activity_on") else []
    if not sources:
        return _checked(rows, False, touched.isna(), "")
    since = touched.fillna(facts.day(rows["created_at"]))
    days = (max(sources) - since).dt.days
    detail = _days(days) + pd.Series(
        np.where(touched.isna(), " since creation, never touched", " untouched"), rows.index
    )
    return _checked(rows, since.notna(), days > limit, detail)


def stage_age_days(facts: Facts, limit: float) -> Checked:
    """In its stage for more than `limit` days; without a limit, than the sales process expects."""
    rows = facts.open_ones
    expected = rows["stage_id"].map(facts.stages.set_index("stage_id")["expected_days"])
    allowed = expected.astype("float64") if np.isnan(limit) else pd.Series(limit, index=rows.index)
    days = (facts.today - facts.day(rows["stage_entered_at"])).dt.days
    detail = _days(days) + " in its stage, " + _plain(allowed) + " expected"
    return _checked(rows, days.notna() & allowed.notna(), days > allowed, detail)


def pushed_more_than(facts: Facts, limit: float) -> Checked:
    """The expected close moved to a later day more than `limit` times."""
    rows = facts.open_ones
    pushed = rows["pushed_count"].astype("float64")
    return _checked(rows, pushed.notna(), pushed > limit, "pushed " + _plain(pushed) + " times")


def single_contact(facts: Facts, _limit: float) -> Checked:
    """One contact or none is linked."""
    rows = facts.open_ones
    contacts = rows["contact_count"].astype("float64")
    detail = pd.Series(np.where(contacts == 0, "no contact", "one contact"), rows.index)
    return _checked(rows, contacts.notna(), contacts <= 1, detail)


def lost_without_reason(facts: Facts, _limit: float) -> Checked:
    """Lost in the period, and no reason is written down."""
    everything = facts.opportunities
    lost = everything["status"].eq("lost") & is_present(everything)
    rows = everything[lost & facts.period.holds(everything["outcome_at"])]
    known = facts.recorded("lost_reason")
    return _checked(rows, known, rows["lost_reason"].isna(), "lost without a reason")


#: Rule id -> its check, in the order of a page.
RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        past_expected_close,
        no_expected_close,
        no_amount,
        no_next_step,
        no_future_activity,
        untouched_days,
        stage_age_days,
        pushed_more_than,
        single_contact,
        lost_without_reason,
    )
}
#: Rules that count something, and so need a limit.
NEED_LIMIT = ("untouched_days", "pushed_more_than")


def _days(days: pd.Series) -> pd.Series:
    """So many days in words: "1 day", "12 days"."""
    return days.map(lambda number: "1 day" if number == 1 else f"{number:.0f} days").astype("str")


def _plain(numbers: pd.Series) -> pd.Series:
    """Numbers as text without needless zeros; text even where there are none."""
    return numbers.map("{:g}".format).astype("str")

"""The owner's update: what the business owner may see of a week, and nothing else.

It holds no private note, no check of belief, no standing a rep has not heard of first, no word of a
one-on-one but what the owner is asked for, and no row of a rep's activities.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from spm_lib import words
from spm_lib.backtest import forecast_made
from spm_lib.judgement import Decision, priority
from spm_lib.meetings import coached_on, coaching_log, commitments_kept
from spm_lib.meetings.frames import typed
from spm_lib.meetings.improvement import plan_of
from spm_lib.metrics.registry import Definition
from spm_lib.periods import Period, shift_weeks, trailing
from spm_lib.review import Review, open_review
from spm_lib.standings import team_of

#: What was asked and done stays on the page so long.
ASKED_WEEKS = 6
#: How long before its end a finished period's forecast is looked up: weeks, of a month or of a longer period.
WEEKS_BEFORE_END, WEEKS_OF_A_MONTH = 4, 2
#: Meetings whose commitments the owner may read; what is said in a one-on-one stays there.
_HEARD = ("owner", "team", "improvement")

PEOPLE = {
    "rep_id": "str",
    "state": "str",
    "since": "datetime64[us]",
    "focus": "str",
    "next_on": "datetime64[us]",
}


def open_owner_update(
    client: str, week: str, home: str | Path = "data", keep: str | Path = ""
) -> OwnerUpdate:
    """Open the owner's update of one client's week.

    Parameters
    ----------
    client, week, home, keep
        As ``open_review``.

    Raises
    ------
    UsageError, ClientError, DocumentError, HistoryError
    """
    return OwnerUpdate(open_review(client, week, home, keep))


class OwnerUpdate:
    """What the owner may see of one client's week.

    Attributes
    ----------
    client_name, currency, time_zone : str
    week, goal_period : Period
    names : dict
        Rep id, "manager" and "owner" -> the name a page prints.
    """

    def __init__(self, review: Review) -> None:
        self._review = review
        self.client_name: str = review.client.name
        self.currency: str = review.client.currency
        self.time_zone: str = review.client.time_zone
        self.week: Period = review.week
        self.goal_period: Period = review.goal_period
        self.names: dict[str, str] = review.people

    def __repr__(self) -> str:
        return f"<Owner update of {self.client_name} {self.week.label}>"

    @property
    def known_as_of(self) -> pd.Timestamp | None:
        """When the latest export behind it was taken, UTC; None without any."""
        return self._review.known_as_of

    @cached_property
    def _week_before(self) -> Review:
        return Review(self._review.source, shift_weeks(self.week, -1))

    def pace(self) -> pd.DataFrame:
        """``Review.pace``: booked of the goal, one row."""
        return self._review.pace()

    def coverage(self) -> pd.DataFrame:
        """``pipeline_coverage_ratio``, one row."""
        return self._review.measure("pipeline_coverage_ratio")

    def win_rate(self) -> pd.DataFrame:
        """``win_rate_by_count`` of the whole team, one row."""
        return self._review.measure("win_rate_by_count")

    def standard(self) -> pd.Series | None:
        """The agreed win rate in force, or None."""
        return self._review.standard("win_rate_by_count")

    def forecast(self) -> pd.DataFrame:
        """``forecast`` of the goal period, one row."""
        return self._review.measure("forecast")

    def before(self) -> dict[str, pd.Series | None]:
        """Last week's three numbers as known now, a row each; pace is None where that was another period."""
        then = self._week_before
        same = then.goal_period.start == self.goal_period.start
        return {
            "pace": then.measure("pace").iloc[0] if same else None,
            "coverage": then.measure("pipeline_coverage_ratio").iloc[0],
            "win_rate": then.measure("win_rate_by_count").iloc[0],
        }

    def forecast_then(self) -> dict[Hashable, Any] | None:
        """What was forecast of the last finished goal period some weeks before its end, and what it came to.

        Returns
        -------
        dict or None
            period, weeks, low, high, forecast_amount, actual_amount, known, state. None where no goal period
            on record is over.
        """
        view, client = self._review.view(), self._review.client
        last = client.goal_period_of(self.goal_period.start - timedelta(days=1))
        began = view.outcomes["outcome_at"].min()
        if pd.isna(began) or began > last.start_at:
            return None
        weeks = WEEKS_BEFORE_END if last.day_count > 31 else WEEKS_OF_A_MONTH
        made = forecast_made(self._review.source, last, last.end - timedelta(weeks=weeks), view.outcomes)
        facts: dict[Hashable, Any] = {"period": last.label, "weeks": weeks}
        return facts | {str(name): value for name, value in made.items()}

    def outlook(self) -> list[str]:
        """Where the period is likely to end, and how good the last forecast was, in sentences."""
        now = words.forecast(self.forecast().iloc[0], self.goal_period.label, self.currency)
        then = words.forecast_then(self.forecast_then(), self.currency)
        return [now, words.capital(then)]

    def wins(self) -> pd.DataFrame:
        """What was won in the week, and no other opportunity."""
        outcomes = self._review.view().outcomes
        return outcomes[outcomes["outcome"].eq("won") & self.week.holds(outcomes["outcome_at"])]

    def risks(self) -> list[Decision]:
        """What may stand in the way of the goal, of the business and of nobody in person."""
        return [one for one in self._review.decisions() if one.topic in ("hygiene", "process_limits")]

    def people(self) -> pd.DataFrame:
        """Where each rep is, in what the rep has heard: a plan, coaching, or how results compare.

        Returns
        -------
        pandas.DataFrame
            `PEOPLE`, in the order of client.yaml. state: "plan" (an improvement plan is under way, since),
            "sustained" (one was met), "coached" (since, focus), "exceeds", "on track", "too few to say", "not
            yet agreed", or "talk first": there is something to say, and the rep hears it before anybody else,
            at the meeting due on next_on.
        """
        return typed((self._person(rep.id) for rep in team_of(self._review.view())), PEOPLE)

    def ours(self) -> pd.DataFrame:
        """Meetings promised and held by kind, all reps together: kind, promised_count, held_count."""
        table = self._review.cadence()
        names = ["promised_count", "held_count"]
        return table.groupby("kind", sort=False)[names].sum().reset_index()

    def kept(self) -> pd.DataFrame:
        """``meetings.commitments_kept`` of the manager and the owner."""
        table = commitments_kept(self._review.commitments(), ["manager", "owner"])
        return table[table["who"].isin(["manager", "owner"])].reset_index(drop=True)

    def asks(self) -> pd.DataFrame:
        """What the owner is asked for: all that is open, and what was done or dropped lately."""
        return self._of("owner")

    def our_commitments(self) -> pd.DataFrame:
        """What the manager committed to where the owner may hear it: open, and done or dropped lately."""
        return self._of("manager")

    def priority(self) -> Decision:
        """Next week's one priority (``judgement.priority``)."""
        return priority(
            self.coverage().iloc[0],
            self.forecast().iloc[0],
            self._review.decisions(),
            self.our_commitments(),
            self.goal_period.label,
            self.currency,
        )

    def cumulative_bookings(self) -> pd.DataFrame:
        """``Review.cumulative_bookings``."""
        return self._review.cumulative_bookings()

    def unknowns(self) -> list[str]:
        """What the page does not know, in sentences."""
        return self._review.unknowns()

    def definition(self, metric: str) -> Definition:
        """The definition card of a metric."""
        return self._review.definition(metric)

    @property
    def _on(self) -> date:
        return self.week.last_day

    def _of(self, who: str) -> pd.DataFrame:
        heard = {
            one.id
            for meeting in self._review.meetings.held(self._on)
            if meeting.kind in _HEARD
            for one in meeting.front.commitments
        }
        table = self._review.commitments()
        mine = table[table["who"].eq(who) & (table["id"].isin(heard) | (who == "owner"))]
        since = pd.Timestamp(trailing(self.week, ASKED_WEEKS).start)
        return mine[mine["status"].eq("open") | (mine["closed_on"] >= since)].reset_index(drop=True)

    def _person(self, rep: str) -> dict[str, object]:
        review = self._review
        plan = plan_of(review.source.folder, review.client, rep, self._on)
        if plan is not None and plan.state(self._on) in ("running", "sustained"):
            state = "plan" if plan.state(self._on) == "running" else "sustained"
            return {"rep_id": rep, "state": state, "since": plan.starts_on}
        began = coached_on(review.meetings, self._on).get(rep)
        if began is not None:
            log = coaching_log(review.meetings, self._on)
            return {
                "rep_id": rep,
                "state": "coached",
                "since": began,
                "focus": log.loc[log["rep_id"].eq(rep), "focus"].iloc[-1],
            }
        mine = review.standings()
        found = set(mine.loc[mine["rep_id"].eq(rep), "standing"])
        if found & {"below", "watch"}:
            due = review.cadence()
            due = due[due["kind"].eq("one_on_one") & due["rep_id"].eq(rep)]
            on = due["next_due_on"].iloc[0] if len(due) else None
            return {"rep_id": rep, "state": "talk first", "next_on": on}
        for name, state in (
            ("exceeds", "exceeds"),
            ("meets", "on track"),
            ("too few to say", "too few to say"),
        ):
            if name in found:
                return {"rep_id": rep, "state": state}
        return {"rep_id": rep, "state": "not yet agreed"}

"""A client as of a cut-off, as known at a moment: everything a metric may ask for, by name.

A metric names what it needs in its signature; a `View` hands it over, replayed only when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from spm_lib import schemas
from spm_lib.client import Client, client_folder, load_client
from spm_lib.expectations import Acknowledgements, CompensationPlan, Expectations
from spm_lib.history import Snapshot, Store, Timeline, snapshot, timeline
from spm_lib.meetings import Meetings, learning_log
from spm_lib.metrics import registry
from spm_lib.metrics.activity_questions import OCCASIONS_READ, look
from spm_lib.metrics.commission import Plan, check_currency
from spm_lib.metrics.unique import unique_activities
from spm_lib.periods import Calendar, Period, midnight, trailing

T = TypeVar("T")

#: How many past goal periods coverage and pace learn from.
PAST_PERIODS = 8
#: From so many activities on a metric is handed the part of them that it reads.
PART_FROM = 200_000
#: Whoever reads recent activities is handed so many days of them at least, so that all share them.
RECENT_DAYS = 420
#: A cut-off, and since when.
Stretch = tuple[pd.Timestamp, pd.Timestamp | None]
#: Weeks the usual range of a weekly measure is learnt from, the latest one included.
USUAL_WEEKS = 26


@dataclass(frozen=True)
class Source:
    """One client opened: its facts, documents and replayed history."""

    client: Client
    folder: Path
    expectations: Expectations
    acknowledgements: Acknowledgements
    timeline: Timeline
    _snapshots: dict[pd.Timestamp, Snapshot] = field(default_factory=dict, repr=False, compare=False)
    #: What several views at the same cut-off share: (name, last day) -> what it is.
    _shared: dict[tuple[str, date], Any] = field(default_factory=dict, repr=False, compare=False)
    _views: dict[tuple[Period, date, str | None], View] = field(
        default_factory=dict, repr=False, compare=False
    )
    #: (Cut-off, since when): the activities of a stretch, and the same told apart.
    _recent: dict[Stretch, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    _unique: dict[Stretch, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def snapshot(self, cutoff: pd.Timestamp) -> Snapshot:
        """The state at a cut-off, replayed once."""
        if cutoff not in self._snapshots:
            self._snapshots[cutoff] = snapshot(self.timeline, cutoff)
        return self._snapshots[cutoff]

    def view(self, period: Period, cutoff_day: date, by: str | None = None) -> View:
        """What a metric may ask for over a period, known before a day; the same one at every asking."""
        key = (period, cutoff_day, by)
        if key not in self._views:
            self._views[key] = View(self, period, cutoff_day=cutoff_day, by=by)
        return self._views[key]

    @cached_property
    def meetings(self) -> Meetings:
        """Every meeting on file, later ones than any cut-off too."""
        return Meetings.load(self.folder, self.client)

    def recent(self, cutoff: pd.Timestamp, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """The activities at a cut-off, since a moment; see `Snapshot.some_activities`."""
        state = self.snapshot(cutoff)
        if since is None or state.is_whole(since):
            return state.activities
        if (cutoff, since) not in self._recent:
            self._recent[cutoff, since] = state.some_activities(since=since)
        return self._recent[cutoff, since]

    def unique(self, cutoff: pd.Timestamp, since: pd.Timestamp | None = None) -> pd.DataFrame:
        """The same, each once however often it was logged; told apart once."""
        if since is not None and self.snapshot(cutoff).is_whole(since):
            since = None
        if (cutoff, since) not in self._unique:
            self._unique[cutoff, since] = unique_activities(self.recent(cutoff, since))
        return self._unique[cutoff, since]

    def open_and_booked(self, rest: Period) -> tuple[float, float]:
        """Amount open and expected within the rest of a goal period when it began, and amount booked in it.

        Of both moments only the columns this takes are replayed, and nothing is kept.
        """
        then = snapshot(self.timeline, rest.start_at).columns("status", "expected_close", "amount")
        is_open = then["status"].eq("open") & (then["expected_close"] < pd.Timestamp(rest.end))
        end = snapshot(self.timeline, rest.end_at)
        outcomes = end.outcome_columns("outcome", "outcome_at", "amount")
        booked = outcomes["outcome"].eq("won") & rest.holds(outcomes["outcome_at"])
        return float(then["amount"][is_open].sum()), float(outcomes["amount"][booked].sum())

    def known(self, at: pd.Timestamp) -> Source:
        """The same client with only what was received by a moment."""
        replayed = timeline(Store(self.folder), self.client, at)
        return Source(self.client, self.folder, self.expectations, self.acknowledgements, replayed)

    def once(self, name: str, last_day: date, make: Callable[[], T]) -> T:
        """What depends on nothing but the client and a last day, made at the first time of asking."""
        if (name, last_day) not in self._shared:
            self._shared[name, last_day] = make()
        kept: T = self._shared[name, last_day]
        return kept

    @classmethod
    def open(cls, home: Path, slug: str, known_at: pd.Timestamp | None = None) -> Source:
        """Open one client's folder, and no other.

        Parameters
        ----------
        home : pathlib.Path
        slug : str
        known_at : pandas.Timestamp, optional
            UTC; only drops received by then count. Missing means all.

        Raises
        ------
        UsageError, ClientError, DocumentError, HistoryError
        """
        handed_down = _HANDED_DOWN.get((Path(home).resolve(), slug))
        if handed_down is not None and known_at is None:
            return handed_down
        client = load_client(home, slug)
        folder = client_folder(home, slug)
        expectations = Expectations.load(folder, client)
        acknowledgements = Acknowledgements.load(folder, client, expectations)
        return cls(client, folder, expectations, acknowledgements, timeline(Store(folder), client, known_at))


#: Folder of all clients and slug -> the client as the process that this one was forked from had opened it.
_HANDED_DOWN: dict[tuple[Path, str], Source] = {}


def hand_down(home: Path, source: Source) -> None:
    """Have this process, and those forked from it, open a client as it is open already.

    Only for processes that end when the client's files change: nothing is read anew.

    Parameters
    ----------
    home : pathlib.Path
        Folder of all clients.
    source : Source
        Opened with all that was received.
    """
    _HANDED_DOWN[Path(home).resolve(), source.client.slug] = source


class View(Mapping[str, object]):
    """What a metric may ask for, by the names of the metrics' parameters.

    Parameters
    ----------
    source : Source
    period : Period
        What is measured.
    cutoff_day : datetime.date, optional
        First day not yet known; the end of the period when missing.
    by : str, optional
        Column to group on.
    """

    def __init__(
        self, source: Source, period: Period, *, cutoff_day: date | None = None, by: str | None = None
    ) -> None:
        self.source = source
        self.client = source.client
        self.period = period
        self.by = by
        self.last_day = (cutoff_day or period.end) - timedelta(days=1)
        self.cutoff = midnight(cutoff_day or period.end, self.client.time_zone)
        self._computed: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> object:
        if name not in self.NAMES:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)

    NAMES = (
        "opportunities",
        "opening",
        "outcomes",
        "changes",
        "activities",
        "unique",
        "occasions",
        "ladder",
        "stages",
        "quotas",
        "rules",
        "past",
        "period",
        "horizon",
        "cutoff",
        "calendar",
        "by",
        "groups",
        "received_until",
        "conversation_seconds",
        "advance_days",
        "last_day",
        "view",
        "weekly",
        "compensation_plans",
        "leads",
        "goal_ends",
        "cadences",
        "targets",
        "taught",
        "untouched_days",
    )

    @property
    def view(self) -> View:
        """All of it, for what is asked of everything agreed."""
        return self

    @cached_property
    def snapshot(self) -> Snapshot:
        """The state at the cut-off."""
        return self.source.snapshot(self.cutoff)

    @cached_property
    def opening(self) -> pd.DataFrame:
        """The opportunities as they stood when the period began."""
        return self.source.snapshot(self.period.start_at).opportunities

    @property
    def opportunities(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OPPORTUNITIES`` at the cut-off."""
        return self.snapshot.opportunities

    @property
    def outcomes(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_OUTCOMES`` at the cut-off."""
        return self.snapshot.outcomes

    @property
    def changes(self) -> pd.DataFrame:
        """``schemas.SNAPSHOT_CHANGES`` before the cut-off."""
        return self.snapshot.changes

    @property
    def activities(self) -> pd.DataFrame:
        """``schemas.ACTIVITIES`` known at the cut-off."""
        return self.snapshot.activities

    @property
    def unique(self) -> pd.DataFrame:
        """``unique_activities`` of the activities."""
        return self.source.unique(self.cutoff)

    @cached_property
    def occasions(self) -> pd.DataFrame:
        """Every occasion of the period and the year before on which activity could look made up."""
        activities = self.part("activities", OCCASIONS_READ)
        tables = self.opportunities, self.changes, self.stages
        return look(activities, *tables, self.period, self.calendar, self.goal_ends)

    @property
    def ladder(self) -> pd.DataFrame:
        """``activity_ladder`` of the period."""
        return self.compute("activity_ladder")

    def part(self, name: str, reads: registry.Reads) -> Any:
        """What a metric reads of a fact: of activities a stretch, or some columns."""
        many = len(self.source.timeline.activities.rest) >= PART_FROM
        if name not in ("activities", "unique") or not many:
            return self[name]
        if reads.days is None:
            return self.snapshot.some_activities(reads.columns)
        wanted = min(
            self.period.start_at - pd.Timedelta(days=reads.days), self.cutoff - pd.Timedelta(days=RECENT_DAYS)
        )
        # what was logged twice around the first moment is told apart from a day before it
        since = wanted - pd.Timedelta(days=1)
        make = self.source.recent if name == "activities" else self.source.unique
        found = make(self.cutoff, since)
        return found[[*reads.columns]] if reads.columns else found

    @property
    def leads(self) -> pd.DataFrame | None:
        """``schemas.LEADS`` at the cut-off; None where no export brings any."""
        return self.snapshot.leads if "leads" in self.received_until else None

    @cached_property
    def goal_ends(self) -> list[date]:
        """The last days of the goal periods from a year before the period to its end."""
        ends, day = [], self.period.start - timedelta(days=366)
        while day < self.period.end:
            goal_period = self.client.goal_period_of(day)
            ends.append(goal_period.last_day)
            day = goal_period.end
        return ends

    @cached_property
    def cadences(self) -> pd.DataFrame:
        """How often the sales process promises a touch: scope, id, days."""
        return self.source.expectations.cadences(self.last_day)

    @cached_property
    def targets(self) -> pd.DataFrame:
        """The target accounts of the individual plans: rep_id, account_id, agreed_on."""
        return self.source.expectations.targets(self.last_day)

    @cached_property
    def taught(self) -> pd.DataFrame:
        """What meetings taught the whole team, with the measure it was meant to move."""
        log = learning_log(self.source.meetings, self.last_day)
        whole = log[log["rep_id"].isna() & log["moves"].notna()]
        return whole.rename(columns={"on": "taught_on", "moves": "measure"})[
            ["topic", "taught_on", "by", "measure"]
        ].reset_index(drop=True)

    @cached_property
    def acknowledged(self) -> dict[tuple[str, str], date] | None:
        """(rep, document) -> when it was read and reviewed together; None where nobody writes it down."""
        if not (self.source.folder / "acknowledgements.csv").is_file():
            return None
        return self.source.acknowledgements.acknowledged(self.last_day)

    @cached_property
    def untouched_days(self) -> float | None:
        """After how many days without activity the CRM agreement calls an opportunity untouched."""
        agreed = self.rules.loc[self.rules["rule"] == "untouched_days", "limit"]
        return None if agreed.empty else float(agreed.iloc[0])

    @cached_property
    def stages(self) -> pd.DataFrame:
        """``schemas.STAGES``, with the days the sales process in force expects."""
        stages = self.snapshot.stages.copy()
        agreed = stages["stage_id"].map(self.source.expectations.expected_days(self.last_day))
        stages["expected_days"] = agreed.astype("float64").fillna(stages["expected_days"])
        return schemas.STAGES.conform(stages)

    @cached_property
    def quotas(self) -> pd.DataFrame:
        """``schemas.QUOTAS`` agreed by the last day."""
        agreed = self.source.expectations
        return self.source.once(
            "quotas", self.last_day, lambda: agreed.quotas(self.snapshot.quotas, self.last_day)
        )

    @cached_property
    def standards(self) -> pd.DataFrame:
        """Every standard in force on the last day."""
        agreed = self.source.expectations
        return self.source.once("standards", self.last_day, lambda: agreed.standards(self.last_day))

    @cached_property
    def rules(self) -> pd.DataFrame:
        """The hygiene rules in force."""
        return self.source.once("rules", self.last_day, lambda: self.source.expectations.rules(self.last_day))

    @property
    def horizon(self) -> Period:
        """The goal period that holds the last day."""
        return self.client.goal_period_of(self.last_day)

    @cached_property
    def calendar(self) -> Calendar:
        """The client's working days, from the past goal periods that are learnt from to the end."""
        oldest = self.horizon
        for _ in range(PAST_PERIODS):
            oldest = self.client.goal_period_of(oldest.start - timedelta(days=1))
        first = min(self.period.start - timedelta(days=366), oldest.start).year
        return self.client.calendar(range(first, max(self.period.end, self.horizon.end).year + 1))

    @property
    def groups(self) -> list[str] | None:
        """Reps on the team in the period: each has a row, even with nothing to count."""
        if self.by != "rep_id" or not self.client.reps:
            return None
        return [
            rep.id
            for rep in self.client.reps
            if rep.role != "manager"
            and (rep.starts_on is None or rep.starts_on < self.period.end)
            and (rep.ends_on is None or rep.ends_on > self.period.start)
        ]

    @property
    def received_until(self) -> dict[str, pd.Timestamp]:
        """Table -> up to when the exports bring it."""
        return self.snapshot.received_until

    @property
    def conversation_seconds(self) -> int:
        """From how many seconds on a call reached a human."""
        return self.client.thresholds.conversation_seconds

    @property
    def advance_days(self) -> int:
        """Within how many days a stage advance counts for an activity."""
        return self.client.thresholds.advance_days

    @cached_property
    def past(self) -> pd.DataFrame:
        """Past goal periods at the same point: what was open, and what was booked after it.

        Returns
        -------
        pandas.DataFrame
            period_start, open_amount, booked_after_amount; only periods the history fully covers.
        """
        return self.source.once("past", self.last_day, self._past)

    def _past(self) -> pd.DataFrame:
        elapsed = self.last_day + timedelta(days=1) - self.horizon.start
        began = self.snapshot.outcomes["outcome_at"].min()
        rows = []
        horizon = self.horizon
        for _ in range(PAST_PERIODS):
            horizon = self.client.goal_period_of(horizon.start - timedelta(days=1))
            if pd.isna(began) or horizon.start_at < began:
                break
            rest = replace(horizon, start=min(horizon.start + elapsed, horizon.end))
            rows.append((pd.Timestamp(horizon.start), *self.source.open_and_booked(rest)))
        return pd.DataFrame(rows, columns=["period_start", "open_amount", "booked_after_amount"])

    @cached_property
    def weekly(self) -> pd.DataFrame:
        """``weekly_measures`` of the weeks the usual range is learnt from, the last one being the latest."""
        last = trailing(self.period, USUAL_WEEKS)
        tomorrow = self.last_day + timedelta(days=1)
        return registry.compute("weekly_measures", View(self.source, last, cutoff_day=tomorrow))

    @cached_property
    def compensation_plans(self) -> dict[str, Plan]:
        """Rep id -> the compensation plan in force on the last day: the rep's own, else that of the role."""
        plans = {}
        for rep in self.client.reps:
            found = self.source.expectations.for_rep("compensation_plan", rep, self.last_day)
            if found is None or not isinstance(found.front, CompensationPlan):
                continue
            check_currency(found.front.currency, self.client.currency)
            began = max(found.front.effective_from, rep.starts_on or found.front.effective_from)
            plans[rep.id] = Plan(found.front.clauses(), began, found.front.title, found.version)
        return plans

    def measure(self, metric: str, **options: object) -> pd.DataFrame:
        """Compute one registered metric.

        Raises
        ------
        MetricError
            Unknown metric, or a grouping it does not have.
        """
        table = self.compute(metric, **options)
        for what in ("losses", "pipeline"):
            if what in self.client.not_recorded:
                table = _blanked(table, metric, what)
        return table

    def compute(self, metric: str, **options: object) -> pd.DataFrame:
        """``registry.compute`` on this view, once for the same question; a table of the caller's own.

        Raises
        ------
        MetricError
            Unknown metric, or a grouping it does not have.
        """
        if options:
            return registry.compute(metric, self, **options)
        if metric not in self._computed:
            self._computed[metric] = registry.compute(metric, self)
        # copy-on-write: what the caller changes stays with the caller
        return self._computed[metric].copy(deep=False)


#: What the metrics of a family cannot know where the client does not record it: these columns are missing.
_UNKNOWN = {
    ("losses", "win_rate"): (
        *("win_rate", "raw_rate", "low", "high", "decided_count", "n_count", "lost_count", "lost_amount"),
        *("disqualified_count", "effective_count", "prior_rate", "best_probability", "better_count", "rank"),
    ),
    ("pipeline", "pipeline"): (
        *("open_count", "open_amount", "no_amount_count", "undated_count", "opportunity_count", "amount"),
        *("later_count", "coverage_ratio", "required_ratio", "cycle_days"),
    ),
    ("pipeline", "hygiene_effect"): (
        *("open_amount", "overdue_count", "overdue_amount", "open_amount_without"),
        *("coverage_ratio", "coverage_ratio_without", "required_ratio"),
    ),
}


def _blanked(table: pd.DataFrame, metric: str, what: str) -> pd.DataFrame:
    """The table without what the client does not record: a rate of wins alone is no win rate."""
    for (missing, family), columns in _UNKNOWN.items():
        if missing != what or not metric.startswith(family):
            continue
        known = [name for name in columns if name in table]
        table = table.assign(**dict.fromkeys(known, np.nan))
        if "state" in table:
            table["state"] = "not recorded"
    return table

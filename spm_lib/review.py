"""One client's week: what a notebook opens.

Every number on a page comes through `Review.measure`, which picks the window the metric is read over,
computes it, and keeps the table, so that the report folder holds every table behind its pages.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from spm_lib import judgement, words
from spm_lib.accountability import Accounts
from spm_lib.client import Client
from spm_lib.meetings import (
    Meetings,
    cadence,
    coached_on,
    commitments,
    commitments_kept,
    learning_log,
    plans_running,
    promises,
)
from spm_lib.metrics import registry
from spm_lib.metrics.goals import expected_by_day
from spm_lib.metrics.pace import BASIS as STRAIGHT_LINE
from spm_lib.metrics.pace_by_own_curve import expected_shares
from spm_lib.periods import Period, trailing
from spm_lib.standings import team_of
from spm_lib.view import Source, View

#: Weeks a rate is read over, unless a document says otherwise.
RATE_WEEKS = 26
#: Weeks the activity ladder is read over.
LADDER_WEEKS = 13
#: Weeks a rep's best estimate is read over; what teams like this one differ by is learnt from them too.
PRIOR_WEEKS = 52
#: Weeks activity is asked about; the share of honest reps asked was measured at four.
QUESTION_WEEKS = 4
#: Weeks whose private notes the weekly review shows again.
NOTED_WEEKS = 4

_OVER_WEEKS = {
    "win_rate_by_count": RATE_WEEKS,
    "win_rate_by_amount": RATE_WEEKS,
    "win_rate_broad": RATE_WEEKS,
    "win_rate_panel": RATE_WEEKS,
    "win_rate_shrunk": PRIOR_WEEKS,
    "activity_ladder": LADDER_WEEKS,
    "activity_ladder_steps": LADDER_WEEKS,
    "activity_questions": QUESTION_WEEKS,
    "activity_questions_rows": QUESTION_WEEKS,
}
_OVER_GOAL_PERIOD = ("attainment", "pace", "pace_by_own_curve", "pipeline_coverage_ratio", "forecast")


def open_review(
    client: str, week: str, home: str | Path = "data", keep: str | Path = "", known_at: str = ""
) -> Review:
    """Open one client's week.

    Parameters
    ----------
    client : str
        Slug.
    week : str
        ISO week, "2026-W46".
    home : path, optional
        The folder of all clients.
    keep : path, optional
        Folder the metric tables are written to, as parquet; nothing is written when empty.
    known_at : str, optional
        ISO 8601 instant: only what was received by then counts.

    Raises
    ------
    UsageError, ClientError, DocumentError, HistoryError
    """
    moment = pd.Timestamp(known_at).tz_convert("UTC") if known_at else None
    source = Source.open(Path(home), client, moment)
    return Review(source, source.client.week(week), Path(keep) if keep else None)


class Review:
    """One client's week.

    Attributes
    ----------
    client : Client
    week : Period
    cutoff : pandas.Timestamp
        The first instant after the week, UTC: nothing later is seen.
    goal_period : Period
        The goal period that holds the week's last day.
    """

    def __init__(self, source: Source, week: Period, keep: Path | None = None) -> None:
        self.source = source
        self.client: Client = source.client
        self.week = week
        self.cutoff = week.end_at
        self.goal_period = self.client.goal_period_of(week.last_day)
        self._keep = keep
        #: What was last written beside the page: name of the file -> what it was asked with.
        self._written: dict[str, tuple[object, ...] | None] = {}

    def __repr__(self) -> str:
        return f"<Review of {self.client.slug} {self.week.label}: try .measure('attainment', by='rep_id')>"

    def view(self, period: Period | None = None, by: str | None = None) -> View:
        """Everything known at the cut-off, for a period (the week when missing)."""
        return self.source.view(period or self.week, self.week.end, by)

    def window(self, metric: str, weeks: int | None = None) -> Period:
        """The period a metric is read over: some trailing weeks, the goal period so far, or the week."""
        weeks = weeks or _OVER_WEEKS.get(metric)
        if weeks:
            return trailing(self.week, weeks)
        return self.goal_period if metric in _OVER_GOAL_PERIOD else self.week

    def measure(
        self, metric: str, by: str | None = None, weeks: int | None = None, **options: object
    ) -> pd.DataFrame:
        """Compute a registered metric over its window and keep the table.

        Parameters
        ----------
        metric : str
            An id of the registry.
        by : str, optional
            Column to group on: rep_id, product_line, territory, business ...
        weeks : int, optional
            Trailing weeks instead of the metric's own window.

        Returns
        -------
        pandas.DataFrame
            The metric's documented columns.
        """
        window = self.window(metric, weeks)
        table = self.view(window, by).measure(metric, **options)
        name = metric if by is None else f"{metric}_by_{by}"
        return self.kept(name, table, asked=None if options else (window,))

    def rows(self, metric: str, **options: object) -> pd.DataFrame:
        """The rows behind a number: one per opportunity, with why it counts."""
        table = self.view(self.window(metric)).compute(f"{metric}_rows", **options)
        return self.kept(f"{metric}_rows", table, asked=None if options else ())

    def weekly(self) -> pd.DataFrame:
        """The weekly measures of the weeks the usual range is learnt from, one row per measure and week."""
        return self.kept("weekly_measures", self.view().weekly, asked=())

    def pace(self) -> pd.DataFrame:
        """``pace``, its expectation drawn along the client's own curve where enough past periods tell it.

        Returns
        -------
        pandas.DataFrame
            One row; `basis` says how the expectation is drawn.
        """
        table, own = self.measure("pace"), self.measure("pace_by_own_curve")
        if own["basis"].iloc[0] == STRAIGHT_LINE:
            return table
        columns = ["expected_to_date", "gap", "pace_ratio", "basis"]
        return table.assign(**{name: own[name] for name in columns})

    def cumulative_bookings(self) -> pd.DataFrame:
        """Bookings of the goal period, added up day by day, beside the way to the goal.

        Returns
        -------
        pandas.DataFrame
            on (date, every day of the goal period), bookings (to the end of that day; missing after the
            cut-off), expected (the goal laid along the client's own curve, or a business-day line; missing
            without a goal), lowest, highest (of the past periods; missing on a line), basis.
        """
        view = self.view(self.goal_period)
        curve = expected_shares(view.outcomes, self.goal_period, view.calendar)
        line = expected_by_day(view.quotas, self.goal_period, view.calendar)
        quota = float(line.iloc[-1])
        own = curve["basis"].iloc[0] != STRAIGHT_LINE
        won = view.outcomes[view.outcomes["outcome"] == "won"]
        on = won["outcome_at"].dt.tz_convert(self.client.time_zone).dt.tz_localize(None).dt.normalize()
        booked = won["amount"].groupby(on).sum().reindex(line.index, fill_value=0.0).cumsum().round(2)
        table = pd.DataFrame(
            {
                "on": line.index,
                "bookings": booked.where(line.index < pd.Timestamp(self.week.end)).to_numpy(),
                "expected": (curve["share"] * quota).round(2) if own else line.to_numpy(),
                "lowest": (curve["lowest"] * quota).round(2),
                "highest": (curve["highest"] * quota).round(2),
                "basis": curve["basis"],
            }
        )
        return self.kept("cumulative_bookings", table)

    def standard(self, metric: str) -> pd.Series | None:
        """The agreed standard for a metric in force on the week's last day, or None.

        Returns
        -------
        pandas.Series or None
            direction, threshold, weeks, minimum_n, title, version, effective_from ...
        """
        standards = self.view().standards
        found = standards[standards["metric"] == metric]
        return None if found.empty else found.iloc[0]

    def evidence(self, metric: str = "win_rate_by_count") -> pd.DataFrame | None:
        """How far each rep's decided opportunities speak against the agreed standard; None without one.

        Only opportunities decided since the standard was in force count. The verdict is that of the rep's
        standing: who wins what was agreed in the agreed weeks is not told to be below it, whatever came
        before; threshold and effective_from are those of what was agreed with the rep.
        """
        standard = self.standard(metric)
        if standard is None or standard["direction"] != "at least":
            return None
        return self._kept_once(f"evidence_{metric}", lambda: self._evidence(metric))

    def _evidence(self, metric: str) -> pd.DataFrame:
        table = self.view().measure("evidence_below_standard")
        standings = self.standings()
        held = standings[(standings["metric"] == metric) & (standings["direction"] == "at least")]
        # of two agreed with one rep the first, as the evidence is
        held = held.drop_duplicates("rep_id").set_index("rep_id")
        stands = table["rep_id"].map(held["standing"])
        told = table["verdict"].isin(["watch", "confront"])
        table["verdict"] = table["verdict"].mask(told & ~stands.isin(["watch", "below"]), "none")
        # nobody is told more firmly than they stand
        table["verdict"] = table["verdict"].mask(
            table["verdict"].eq("confront") & stands.eq("watch"), "watch"
        )
        table["verdict"] = table["verdict"].mask(stands == "exceeds", "exceeds")
        agreed = {name: table["rep_id"].map(held[name]) for name in ("threshold", "effective_from")}
        return table.assign(**agreed)

    def standings(self) -> pd.DataFrame:
        """Where each rep stands to everything agreed (``judgement.standing``)."""
        return self.kept("standing", self.view().measure("standing"), asked=())

    def decisions(self) -> list[judgement.Decision]:
        """What asks for a decision this week, weightiest first; empty means no action is needed."""
        # asked for at every call: they are kept beside every page that shows decisions
        evidence, standings = self.evidence(), self.standings()
        limits, hygiene, effect = map(self.measure, ("process_limits", "hygiene", "hygiene_effect"))
        return list(
            self.source.once(
                "decisions",
                self.week.last_day,
                lambda: judgement.decide(
                    evidence=evidence,
                    limits=limits,
                    hygiene=hygiene,
                    effect=effect,
                    standings=standings,
                    names=self.rep_names,
                    currency=self.client.currency,
                    standard=self.standard("win_rate_by_count"),
                    time_zone=self.client.time_zone,
                    coached_on=coached_on(self.meetings, self.week.last_day),
                    planned_on=plans_running(
                        self.source.folder, self.client, self.week.last_day, self.source.expectations
                    ),
                ),
            )
        )

    def points(self, kind: str, rep: str | None = None) -> list[str]:
        """What the week gives a meeting to talk about, in sentences; with a rep only the rep's own.

        Parameters
        ----------
        kind : str
            team, one_on_one, improvement or owner.
        rep : str, optional
        """
        if rep is None:
            return (
                self.changes()
                if kind == "team"
                else [words.forecast(self._end(), "it", self.client.currency)]
            )
        mine = self.standings()
        mine = mine[mine["rep_id"] == rep]
        return [
            f"{words.expectation(row)}: {words.standing_word(row)}. "
            + "; ".join(filter(None, [words.standing_numbers(row), words.would_change(row)]))
            for row in mine.to_dict("records")
        ]

    @property
    def meetings(self) -> Meetings:
        """Every meeting on file; what is later than the week is left out by who reads them."""
        return self.source.meetings

    def commitments(self) -> pd.DataFrame:
        """``meetings.commitments`` at the end of the week."""
        return commitments(self.meetings, self.week.last_day)

    def promises(self) -> pd.DataFrame:
        """``meetings.promises``: every promised meeting whose time has passed, since the firm began here."""
        return promises(
            self.meetings, self.client.promised_meetings, self.client, self.since(), self.week.last_day
        )

    def cadence(self) -> pd.DataFrame:
        """``meetings.cadence``: promised, held and missed, and when the next one is due."""
        return cadence(
            self.meetings, self.client.promised_meetings, self.client, self.since(), self.week.last_day
        )

    @property
    def accounts(self) -> Accounts:
        """What is on record of the company's own part, as of the week's last day."""
        day = self.week.last_day
        return self.source.once("accounts", day, lambda: self.accounts_on(day))

    def accounts_on(self, on: date) -> Accounts:
        """What is on record of the company's own part by a day; the standings are those of the week.

        Parameters
        ----------
        on : datetime.date
            The week's last day, or one after it: what was put right since counts.
        """
        view = self.source.view(self.week, on + timedelta(days=1))
        promised = self.client.promised_meetings
        owed = promises(self.meetings, promised, self.client, self.since(), on)
        return Accounts(view, self.meetings, owed, self.standings())

    def agreements(self) -> pd.DataFrame | None:
        """Per rep and document that judges: since when it is agreed, or why it is not."""
        return self.accounts.agreements()

    def company_part(self, rep: str) -> pd.DataFrame:
        """The company's own part toward a rep, gaps first (``judgement.company_part``)."""
        return self._kept_once(f"company_part-{rep}", lambda: self.accounts.part(rep))

    def conversations(self) -> pd.DataFrame:
        """One proposed conversation per rep (``judgement.conversations``) with the day its meeting is due.

        Returns
        -------
        pandas.DataFrame
            The columns of ``judgement.conversations`` and next_on: when the meeting it belongs to is next due
            by the promised cadence (the improvement meeting for who is confronted and has begun one, else the
            one-on-one); missing where none is promised. Nobody is confronted whose ledger does not allow it.
        """
        table = self._kept_once("conversations", self._conversations)
        for rep in table.loc[table["conversation"].eq("confront"), "rep_id"]:
            self.company_part(rep)
        return table

    def _conversations(self) -> pd.DataFrame:
        began = coached_on(self.meetings, self.week.last_day)
        table = judgement.conversations(self.standings(), self.week.end, coached_on=began)
        asked = table.loc[table["conversation"].eq("confront"), "rep_id"]
        table = judgement.with_ledgers(table, {rep: self.company_part(rep) for rep in asked})
        due = self.cadence().dropna(subset=["rep_id"]).set_index(["kind", "rep_id"])["next_due_on"]
        days = []
        for row in table.to_dict("records"):
            kinds = ("improvement", "one_on_one") if row["conversation"] == "confront" else ("one_on_one",)
            days.append(
                next((due[one, row["rep_id"]] for one in kinds if (one, row["rep_id"]) in due), pd.NaT)
            )
        table["next_on"] = pd.Series(days, index=table.index, dtype="datetime64[us]")
        return table

    def attention(self) -> pd.DataFrame:
        """What asks for the manager's time (``judgement.attention``); kept for the firm's own page."""
        ledger = self.commitments()
        latest = self.known_as_of
        age = None if latest is None else (self.cutoff - latest).total_seconds() / 86_400
        decisions = self.decisions()
        first = judgement.priority(
            self.measure("pipeline_coverage_ratio").iloc[0],
            self.measure("forecast").iloc[0],
            decisions,
            ledger.iloc[:0],
            self.goal_period.label,
            self.client.currency,
        )
        table = judgement.attention(
            conversations=self.conversations(),
            decisions=decisions,
            priority=first,
            cadence=self.cadence(),
            commitments=ledger,
            agreements=self.agreements(),
            exports=(age, self.client.thresholds.stale_days),
            names=self.people,
            on=self.week.last_day,
        )
        return self.kept("attention", table)

    def company_parts(self) -> dict[str, pd.DataFrame]:
        """Rep -> the company's own part, for every rep somebody may speak to about a shortfall."""
        table = self.conversations()
        short = table.loc[~table["conversation"].isin(["keep", "celebrate"]), "rep_id"]
        return {rep: self.company_part(rep) for rep in short}

    def commitments_kept(self) -> pd.DataFrame:
        """``meetings.commitments_kept``: manager and owner first, then every rep of the team."""
        people = ["manager", "owner", *(rep.id for rep in team_of(self.view()))]
        return commitments_kept(self.commitments(), people)

    def learning(self) -> pd.DataFrame:
        """``meetings.learning_log`` at the end of the week."""
        return learning_log(self.meetings, self.week.last_day)

    def noted(self, weeks: int = NOTED_WEEKS) -> pd.DataFrame:
        """What we noted for ourselves in the meetings of the last weeks; for the weekly review alone.

        Returns
        -------
        pandas.DataFrame
            on, kind, rep_id, lost_faith, checked, private, source; newest first.
        """
        since = trailing(self.week, weeks).start
        rows = [
            {
                "on": one.on,
                "kind": one.kind,
                "rep_id": one.rep,
                "lost_faith": one.front.belief.lost_faith if one.front.belief else None,
                "checked": one.front.belief.checked if one.front.belief else None,
                "private": one.front.private,
                "source": one.file,
            }
            for one in reversed(self.meetings.held(self.week.last_day))
            if one.on >= since and (one.front.belief or one.front.private)
        ]
        names = ["on", "kind", "rep_id", "lost_faith", "checked", "private", "source"]
        return pd.DataFrame(rows, columns=names)

    @property
    def people(self) -> dict[str, str]:
        """Rep id, "manager" and "owner" -> the name a page prints."""
        return {**self.rep_names, "manager": self.client.manager, "owner": self.client.owner}

    def since(self) -> date:
        """Since when meetings are owed.

        The firm's first day here, else that of the first meeting on file, else the week's.

        Returns
        -------
        datetime.date
        """
        first = min((one.on for one in self.meetings.all), default=self.week.start)
        return self.client.managed_since or first

    def to_reinforce(self, rep: str | None = None) -> list[str]:
        """Documents that somebody, or one rep, still has to read, review or come back to."""
        kept, on = self.source.acknowledgements, self.week.last_day
        if self.view().acknowledged is None:
            return []
        asked = [one.document for one in kept.open_requests(on) if rep is None or one.rep == rep]
        return list(dict.fromkeys(asked))

    def _end(self) -> words.Row:
        row: words.Row = self.measure("forecast").iloc[0]
        return row

    def changes(self) -> list[str]:
        """What happened in the week, in sentences."""
        view = self.view()
        return judgement.what_changed(
            view.outcomes[self.week.holds(view.outcomes["outcome_at"])],
            self.rows("pipeline_change").iloc[: 0 if "pipeline" in self.client.not_recorded else None],
            names=self.rep_names,
            currency=self.client.currency,
        )

    def unknowns(self) -> list[str]:
        """What the page does not know, in sentences."""
        snapshot = self.view().snapshot
        return judgement.what_we_do_not_know(
            not_recorded=self.client.not_recorded,
            stale_days=self.client.thresholds.stale_days,
            cutoff=self.cutoff,
            findings=snapshot.findings,
            drops=snapshot.drops,
            received_until=snapshot.received_until,
            standard=self.standard("win_rate_by_count"),
            quotas=self.view().quotas,
        )

    @property
    def known_as_of(self) -> pd.Timestamp | None:
        """When the latest export this view rests on was taken, UTC; None without any."""
        drops = self.view().snapshot.drops
        return None if drops.empty else drops["as_of"].max()

    @property
    def rep_names(self) -> dict[str, str]:
        """Rep id -> the name a page prints."""
        names = self.client.rep_names()
        seen = self.view().outcomes["rep_id"].dropna().unique()
        return {**{rep: rep for rep in seen}, **names}

    def definition(self, metric: str) -> registry.Definition:
        """The definition card of a metric."""
        return registry.get(metric, self.week.last_day)

    def _kept_once(self, name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A table of the week made at the first time of asking, kept beside the page that shows it."""
        table = self.source.once(name, self.week.last_day, make)
        # copy-on-write: what the caller changes stays with the caller
        return self.kept(name, table.copy(deep=False), asked=())

    def kept(
        self, name: str, table: pd.DataFrame, *, asked: tuple[object, ...] | None = None
    ) -> pd.DataFrame:
        """Hand a table back, and write it beside the page where a folder for that was given.

        Parameters
        ----------
        name : str
            File name without its ending; that of a metric keeps the metric's definition as well.
        table : pandas.DataFrame
        asked : tuple, optional
            All that the table depends on beside its name and the week, so that the same one is written once;
            written at every call when missing.

        Returns
        -------
        pandas.DataFrame
            The same table.
        """
        is_new = asked is None or self._written.get(name) != asked
        if self._keep is not None and is_new:
            self._keep.mkdir(parents=True, exist_ok=True)
            table.to_parquet(self._keep / f"{name}.parquet", index=False)
            self._keep_facts(self._keep, name.partition("_by_rep_id")[0])
            self._written[name] = asked
        return table

    def _keep_facts(self, keep: Path, metric: str) -> None:
        """Beside the tables: which definition each metric had, and until when the exports tell."""
        if metric in registry.METRICS:
            card = self.definition(metric)
            path = keep / "definitions.json"
            # the notebooks of a report run one after the other, each in a process of its own
            cards = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            cards[metric] = {"version": card.version, "effective_from": card.effective_from.isoformat()}
            _write_json(path, cards)
        if "review.json" in self._written:
            return
        self._written["review.json"] = ()
        latest = self.known_as_of
        facts: dict[str, object] = {"exports_until": None, "exports_age_days": None}
        if latest is not None:
            told = (latest - pd.Timedelta(microseconds=1)).tz_convert(self.client.time_zone).date()
            facts = {"exports_until": told.isoformat(), "exports_age_days": (self.cutoff - latest).days}
        _write_json(keep / "review.json", facts)


def _write_json(path: Path, facts: dict[str, object]) -> None:
    path.write_text(json.dumps(facts, sort_keys=True) + "\n", encoding="utf-8")

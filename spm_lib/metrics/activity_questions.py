"""Is the activity real? Signs of work made up or misfiled, asked as questions, never as verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics import beta_binomial
from spm_lib.metrics.activity_signs import QUESTIONS, WHOLE_DAYS
from spm_lib.metrics.activity_signs import occasions as every_occasion
from spm_lib.metrics.intervals import ratio
from spm_lib.metrics.registry import Reads, metric
from spm_lib.periods import Calendar, Period, add_months

#: At most this share of honest reps is asked anything within a year of weekly looks.
FALSE_QUESTIONS = 0.05
#: The chance below which one look at one sign asks: all looks of a year at all signs share `FALSE_QUESTIONS`.
ASK_BELOW = FALSE_QUESTIONS / (52 * len(QUESTIONS))
#: What happened once can happen to anybody.
MIN_FLAGGED = 2
#: Fewer occasions of the peers tell nothing of what is usual.
MIN_PEERS = 20
#: Days before the period that tell what is usual.
PAST_DAYS = 364
#: What of the activities can be part of an occasion.
OCCASIONS_READ = Reads(days=PAST_DAYS + WHOLE_DAYS)

# how many occasions the peers' rate, and the own past, weigh at most: reps and weeks honestly differ
_LEAST, _MOST, _PAST_MOST = 20.0, 100.0, 100.0

#: Question -> how it is asked.
ASKED = {
    "week_end_burst": "Much was written down within an hour at the week's end. Was it done then, or earlier?",
    "back_dated": "Activities were written down days later. What kept them from being written down at once?",
    "short_calls": "Calls of seconds are said to have reached somebody. Who was reached?",
    "clones": "Activities look copied: one minute, or equally long. Is one logged more than once?",
    "same_minute_tasks": "Tasks were ticked off in the same minute. When were they done?",
    "disqualified_before_loss": "Opportunities that had come far were disqualified. Were they not lost?",
    "pushed_on_last_day": "Expected closes were moved on the last day of the period. Was it known earlier?",
}

_CARD = {
    "time_base": "occasions in the period, against the peers' in the period and the 364 days before it, "
    "and against the rep's own in those 364 days",
    "credit": "the rep who did it; of an opportunity, who held it then",
    "excluded": "activities of nobody known; planned, cancelled and rescheduled ones; expected closes whose "
    "change is known only as a difference of two exports",
}


@metric(
    question="Is the activity real?",
    formula="for each sign: occasions that show it / occasions; asked where so many would turn up with a "
    "chance below 0.05 / (52 looks × 7 signs), both for a rep as the peers are and for one as the rep was "
    "before (beta-binomial; the peers' spread and the past weigh at most 100 occasions), and at least twice. "
    "week_end_burst: weeks with 8 activities written down within an hour from noon of the last working day "
    "on; back_dated: days on which something 3 or more working days old was written down; short_calls: calls "
    "that reached somebody, under 30 s; clones: days with calls or meetings of the same minute and "
    "opportunity, or 3 calls equally long; same_minute_tasks: days with 3 tasks in one minute; "
    "disqualified_before_loss: opportunities lost or disqualified beyond half of the stages, disqualified; "
    "pushed_on_last_day: expected closes moved out of the goal period, on its last day",
    time_base=_CARD["time_base"],
    credit=_CARD["credit"],
    excluded=_CARD["excluded"],
    empty="no occasion, or fewer than 20 of the peers: too few to say; what no source records has no row",
    columns={
        "rep_id": "whose",
        "question": "the sign",
        "state": "asked; nothing unusual; too few to say",
        "flagged_count": "occasions that show it",
        "occasion_count": "occasions",
        "flagged_rate": "flagged_count / occasion_count, 0-1",
        "peer_flagged_count": "the peers' that show it",
        "peer_occasion_count": "the peers' occasions",
        "past_flagged_count": "the rep's own before the period that show it",
        "past_occasion_count": "the rep's own before the period",
        "usual_rate": "what is usual for such a rep by peers and past, the larger of the two, 0-1",
        "chance_rate": "chance of so many, the larger of the two tests, 0-1",
        "text": "the question in words; empty where it is not asked",
    },
    example="4 of 4 weeks show a burst; the peers' 0 of 120, own past 0 of 40. Peers: beta(0.41, 99.59), "
    "P(4 of 4) = 1.2e-7 is below 1.4e-4, own past's is lower still: asked.",
    reads={"activities": OCCASIONS_READ},
)
def activity_questions(
    activities: pd.DataFrame,
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    goal_ends: Sequence[date] | None = None,
    occasions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What should be asked, of whom.

    Parameters
    ----------
    activities, opportunities, changes, stages : pandas.DataFrame
        ``schemas.ACTIVITIES``, ``SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_CHANGES``, ``STAGES``.
    period : Period
        A few weeks.
    calendar : Calendar
    goal_ends : sequence of datetime.date, optional
        The last days of the goal periods around the period and the year before; month ends when missing.
    occasions : pandas.DataFrame, optional
        What `look` finds in all that; looked for when missing.

    Returns
    -------
    pandas.DataFrame
        One row per rep and sign that some source records.
    """
    if occasions is None:
        occasions = look(activities, opportunities, changes, stages, period, calendar, goal_ends)
    return ask(occasions, period)


def look(
    activities: pd.DataFrame,
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    goal_ends: Sequence[date] | None = None,
) -> pd.DataFrame:
    """The occasions of a period and of the 364 days before it; takes what `activity_questions` takes.

    Returns
    -------
    pandas.DataFrame
        That of ``activity_signs.occasions``.
    """
    ends, since = _ends(period, goal_ends), period.start_at - pd.Timedelta(days=PAST_DAYS)
    return every_occasion(activities, opportunities, changes, stages, calendar, period.time_zone, ends, since)


@metric(
    question="Which rows are behind a question?",
    formula="one row per activity or opportunity that shows the sign, of the questions asked",
    time_base=_CARD["time_base"],
    credit=_CARD["credit"],
    excluded=_CARD["excluded"],
    empty="no rows when nothing is asked",
    columns={
        "rep_id": "whose",
        "question": "the sign",
        "at": "when it showed, UTC",
        "activity_id": "the activity; missing where it is about an opportunity",
        "opportunity_id": "the opportunity",
        "detail": "in words",
    },
    example='A call of 8 s said to have reached somebody: "reached somebody for 8 s".',
    reads={"activities": OCCASIONS_READ},
)
def activity_questions_rows(
    activities: pd.DataFrame,
    opportunities: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    goal_ends: Sequence[date] | None = None,
    occasions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The rows behind `activity_questions`; takes the same.

    Returns
    -------
    pandas.DataFrame
        By rep, sign and time.
    """
    found = occasions
    if found is None:
        found = look(activities, opportunities, changes, stages, period, calendar, goal_ends)
    table = ask(found, period)
    asked = table.loc[table["state"].eq("asked"), ["rep_id", "question"]]
    rows = found[found["flagged"] & period.holds(found["occasion_at"])].merge(
        asked, on=["rep_id", "question"]
    )
    rows = rows.sort_values(["rep_id", "question", "at", "activity_id", "opportunity_id"], kind="stable")
    columns = ["rep_id", "question", "at", "activity_id", "opportunity_id", "detail"]
    return rows[columns].reset_index(drop=True)


def ask(found: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Which of the occasions ask for a question.

    Parameters
    ----------
    found : pandas.DataFrame
        What `activity_signs.occasions` found; of any time.
    period : Period

    Returns
    -------
    pandas.DataFrame
        The columns of `activity_questions`.
    """
    before = period.start_at - pd.Timedelta(days=PAST_DAYS)
    recent = found[(found["occasion_at"] >= before) & (found["occasion_at"] < period.end_at)]
    single = recent.drop_duplicates(["question", "rep_id", "occasion"])
    reps = sorted(single["rep_id"].unique())
    tallies = _tallies(single, period.holds(single["occasion_at"]), reps)
    rows = [_about(tally, question, rep) for rep in reps for question, tally in tallies.items()]
    return pd.DataFrame(rows, columns=_COLUMNS).astype({"rep_id": "str", "text": "str"})


_COLUMNS = ["rep_id", "question", "state", "flagged_count", "occasion_count", "flagged_rate"]
_COLUMNS += ["peer_flagged_count", "peer_occasion_count", "past_flagged_count", "past_occasion_count"]
_COLUMNS += ["usual_rate", "chance_rate", "text"]


@dataclass(frozen=True)
class _Tally:
    """Of one sign, by rep: flagged ones and occasions, of all times and in the period."""

    reps: list[str]
    every: npt.NDArray[np.int64]
    now: npt.NDArray[np.int64]
    #: Whether a rep has any occasion of this sign.
    has: npt.NDArray[np.bool_]


def _tallies(single: pd.DataFrame, now: pd.Series, reps: list[str]) -> dict[str, _Tally]:
    """Question -> the tally of its occasions, for every question there is an occasion of."""
    asked, question = np.unique(single["question"].to_numpy(object), return_inverse=True)
    rep = pd.Index(reps).get_indexer(pd.Index(single["rep_id"]))
    shape = len(asked), len(reps), 2
    place = np.ravel_multi_index((question, rep, now.to_numpy("int64")), shape)
    cells = math.prod(shape)
    flagged = np.bincount(place, single["occasion_flagged"].to_numpy("float64"), cells).astype("int64")
    counts = np.stack([flagged, np.bincount(place, minlength=cells)], axis=-1).reshape(*shape, 2)
    every = counts.sum(axis=2)
    return {
        name: _Tally(reps, every[number], counts[number, :, 1], every[number, :, 1] > 0)
        for number, name in sorted(enumerate(asked), key=lambda one: list(QUESTIONS).index(one[1]))
    }


def _about(tally: _Tally, question: str, rep: str) -> dict[str, object]:
    """One sign of one rep."""
    place = tally.reps.index(rep)
    others = tally.has.copy()
    others[place] = False
    peers = tally.every[others]
    sides = tally.now[place], peers.sum(axis=0), tally.every[place] - tally.now[place]
    (flagged, of), (peer_flagged, peer_of), (past_flagged, past_of) = (map(int, side) for side in sides)
    facts: dict[str, object] = {
        "rep_id": rep,
        "question": question,
        "state": "too few to say",
        "flagged_count": flagged,
        "occasion_count": of,
        "flagged_rate": float(ratio(flagged, of)),
        "peer_flagged_count": peer_flagged,
        "peer_occasion_count": peer_of,
        "past_flagged_count": past_flagged,
        "past_occasion_count": past_of,
        "usual_rate": np.nan,
        "chance_rate": np.nan,
        "text": "",
    }
    if not of or peer_of < MIN_PEERS:
        return facts
    yes, no = _peer_prior(peers)
    weight = min(1.0, _PAST_MOST / past_of) if past_of else 0.0
    own = (yes + weight * past_flagged, no + weight * (past_of - past_flagged))
    chance = max(chance_of(flagged, of, yes, no), chance_of(flagged, of, *own))
    usual = max(yes / (yes + no), own[0] / sum(own))
    asked = flagged >= MIN_FLAGGED and chance < ASK_BELOW
    facts |= {"usual_rate": usual, "chance_rate": chance}
    return facts | {
        "state": "asked" if asked else "nothing unusual",
        "text": ASKED[question] if asked else "",
    }


def chance_of(flagged: int, of: int, yes: float, no: float) -> float:
    """Chance of at least so many flagged occasions, the rate itself being beta(yes, no) distributed."""
    return beta_binomial.more_than(flagged - 1, of, yes, no)


def _peer_prior(peers: npt.NDArray[np.int64]) -> tuple[float, float]:
    """The rates of the peers as a beta distribution: their mean, and how much they differ (moments).

    `peers` holds flagged ones and occasions of each.
    """
    flagged, of = peers.astype("float64").T
    rate = float((flagged.sum() + 0.5) / (of.sum() + 1))
    own = (flagged + rate) / (of + 1)
    chance = float((rate * (1 - rate) / (of + 1)).mean())
    spread = float(own.var(ddof=1)) - chance if len(own) > 1 else 0.0
    strength = rate * (1 - rate) / spread - 1 if spread > 0 else np.inf
    strength = min(max(strength, _LEAST), _MOST)
    return rate * strength, (1 - rate) * strength


def _ends(period: Period, goal_ends: Sequence[date] | None) -> Sequence[date]:
    """The last days of the goal periods; of the months, when nobody says."""
    if goal_ends is not None:
        return goal_ends
    first = (period.start - timedelta(days=PAST_DAYS)).replace(day=1)
    months = (period.end.year - first.year) * 12 + period.end.month - first.month + 1
    return [add_months(first, month + 1) - timedelta(days=1) for month in range(months)]

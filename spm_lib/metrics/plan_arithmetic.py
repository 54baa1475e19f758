"""What does the goal ask of a week? An Individual Sales Plan solved backwards from the rep's own rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics.goals import days_of, elapsed, goals
from spm_lib.metrics.groups import check_by
from spm_lib.metrics.intervals import CONFIDENCE
from spm_lib.metrics.pipeline import is_present
from spm_lib.metrics.registry import metric
from spm_lib.metrics.unique import contact_recorded, is_conversation, unique_activities
from spm_lib.periods import Calendar, Period

Floats = npt.NDArray[np.float64]

#: Weeks before the cut-off the rates are taken from.
TRAILING_WEEKS = 52
#: Decided opportunities, and won ones with an amount, below which a rep's own rate is not used.
MINIMUM_DECIDED, MINIMUM_WON = 10, 5
#: How often the rates are drawn from what the counts leave possible.
DRAWS = 4_000
SEED = 20_260_102

_WEEK = pd.Timedelta(weeks=1)
_NEEDED = ("wins_needed", "opportunities_needed", "conversations_per_week")
_COLUMNS = (
    *("goal", "bookings", "to_go", "weeks_left", "mean_won_amount", "win_rate", "conversations_each"),
    *(name + end for name in _NEEDED for end in ("", "_low", "_high")),
    *("conversations_now", "conversations_most", "won_count", "decided_count", "state", "unknown"),
)


@metric(
    question="What does the goal ask of each week, by the rep's own rates?",
    formula="to go = max(goal − bookings, 0); wins = to go / mean won amount; opportunities = wins / win "
    "rate (won of all decided, disqualified included); conversations a week = opportunities × conversations "
    "per opportunity created / weeks left",
    time_base=f"the goal period from the cut-off on; rates from the {TRAILING_WEEKS} weeks before it",
    credit="outcomes: the rep at the outcome, splits share; opportunities created: the rep who holds them; "
    "conversations: the rep who had them",
    excluded="wins without an amount from the mean amount; activities that are no conversation; what is open "
    "today counts as not there: its wins come on top",
    empty=f"no goal, fewer than {MINIMUM_DECIDED} decided or {MINIMUM_WON} won opportunities with an amount, "
    "or conversations nobody records: what rests on it is missing, and `unknown` names it",
    columns={
        "goal": "effective goal for the whole period, client's currency",
        "bookings": "amount won in it before the cut-off",
        "to_go": "max(goal − bookings, 0)",
        "weeks_left": "business days left / working days of a week",
        "mean_won_amount": "own mean won amount",
        "win_rate": "own won / (won + lost + disqualified), 0-1",
        "conversations_each": "own conversations per opportunity created",
        "wins_needed": "to_go / mean_won_amount",
        "wins_needed_low": "lower end of its 90 % range, from the spread of the won amounts",
        "wins_needed_high": "upper end of it",
        "opportunities_needed": "wins_needed / win_rate",
        "opportunities_needed_low": "lower end of its 90 % range, the win rate drawn as well",
        "opportunities_needed_high": "upper end of it",
        "conversations_per_week": "opportunities_needed × conversations_each / weeks_left",
        "conversations_per_week_low": "lower end of its 90 % range, all three rates drawn",
        "conversations_per_week_high": "upper end of it",
        "conversations_now": "own conversations a week, mean of the trailing weeks on record",
        "conversations_most": "the most conversations anybody of the client had in one of those weeks",
        "won_count": "own won opportunities behind the rates",
        "decided_count": "own decided ones",
        "state": "made, possible, a stretch (the range reaches beyond the most anybody ever did), impossible "
        "(even its lower end does), no time left, or unknown",
        "unknown": "what is not known, in words",
    },
    example="60,000 to go, 6,000 a win, 25 % won, 4 conversations per opportunity, 8 weeks: 10 wins, 40 "
    "opportunities, 20 conversations a week. If nobody ever had more than 15, and the range begins at 16, "
    "the plan is impossible.",
    groupings=("rep_id",),
)
def plan_arithmetic(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    activities: pd.DataFrame,
    quotas: pd.DataFrame,
    horizon: Period,
    cutoff: pd.Timestamp,
    calendar: Calendar,
    conversation_seconds: int,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """Each rep's goal as wins, opportunities and conversations.

    Parameters
    ----------
    opportunities, outcomes, activities, quotas : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``ACTIVITIES``, ``QUOTAS``.
    horizon : Period
        The goal period.
    cutoff : pandas.Timestamp
        UTC.
    calendar : Calendar
    conversation_seconds : int
        A call this long reached a human.
    by : str, optional
        rep_id; None solves the team's goal with the team's rates.
    groups : list of str, optional
        Reps that get a row even without a goal.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping, or the goals are in several currencies.
    """
    check_by("plan_arithmetic", by, ("rep_id",))
    before = outcomes[outcomes["outcome_at"] < cutoff]
    goal_of = goals(quotas, horizon, calendar, by)
    talks = _conversations(activities, cutoff, conversation_seconds)
    names: list[str | None] = [None]
    if by is not None:
        names = [*sorted({*(groups or ()), *(key for key in goal_of if key is not None)})]
    days = days_of(horizon, calendar)
    gone = int(elapsed(days, cutoff.tz_convert(horizon.time_zone).date()).sum())
    weeks = (len(days) - gone) / max(len(calendar.working_days), 1)
    most = np.nan if talks is None else _most(talks, by)
    rows = []
    for name in names:
        rates = _rates(opportunities, before, talks, cutoff, name)
        inside = _of(before, name)
        inside = inside[inside["outcome"].eq("won") & horizon.holds(inside["outcome_at"])]
        goal = goal_of.get(name)
        quota = np.nan if goal is None else round(float(goal.expected.sum()), 2)
        rows.append(_row(quota, round(float(inside["amount"].sum()), 2), weeks, rates, most))
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    if by is not None:
        table.insert(0, by, pd.Series(names, dtype="str"))
    return table


@dataclass(frozen=True)
class Rates:
    """One rep's own counts of the trailing weeks.

    Attributes
    ----------
    amounts : numpy.ndarray
        Won amounts.
    won, decided : float
        Shares of splits may make them fractions.
    created : int
        Opportunities created.
    talked : float
        Conversations; missing where nobody records them.
    weeks : float
        How many weeks the counts of activity cover.
    """

    amounts: Floats
    won: float
    decided: float
    created: int
    talked: float
    weeks: float


def solve(to_go: float, weeks: float, rates: Rates) -> dict[str, tuple[float, float, float]]:
    """Wins, opportunities and conversations a week for what is to go: value, low and high.

    The ranges draw the mean amount (Bayesian bootstrap), the win rate (Jeffreys beta) and the conversations
    per opportunity (gamma of both counts). What is not known is missing, and so is all that rests on it.

    References
    ----------
    D. B. Rubin, "The Bayesian bootstrap", Annals of Statistics 9 (1981); L. D. Brown, T. T. Cai, A. DasGupta,
    "Interval estimation for a binomial proportion", Statistical Science 16 (2001).
    """
    chance = np.random.default_rng(SEED)
    missing = (np.nan, np.nan, np.nan)
    found = dict.fromkeys(_NEEDED, missing)
    if len(rates.amounts) < MINIMUM_WON or np.isnan(to_go):
        return found
    shares = chance.standard_gamma(1.0, size=(DRAWS, len(rates.amounts)))
    mean = shares @ rates.amounts / shares.sum(axis=1)
    wins = to_go / float(rates.amounts.mean())
    found["wins_needed"] = _with_range(wins, to_go / mean)
    if rates.decided < MINIMUM_DECIDED or rates.won <= 0:
        return found
    rate = chance.beta(rates.won + 0.5, rates.decided - rates.won + 0.5, DRAWS)
    needed = wins * rates.decided / rates.won
    found["opportunities_needed"] = _with_range(needed, to_go / mean / rate)
    if np.isnan(rates.talked) or rates.created == 0 or weeks <= 0:
        return found
    each = chance.standard_gamma(rates.talked + 0.5, DRAWS) / chance.standard_gamma(
        rates.created + 0.5, DRAWS
    )
    found["conversations_per_week"] = _with_range(
        needed * rates.talked / rates.created / weeks, to_go / mean / rate * each / weeks
    )
    return found


def _with_range(value: float, drawn: Floats) -> tuple[float, float, float]:
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return value, float(low), float(high)


def _row(quota: float, bookings: float, weeks: float, rates: Rates, most: float) -> dict[str, object]:
    to_go = max(quota - bookings, 0.0) if quota == quota else np.nan
    solved = solve(to_go, weeks, rates)
    row: dict[str, object] = {
        "goal": quota,
        "bookings": bookings,
        "to_go": to_go,
        "weeks_left": weeks,
        "mean_won_amount": round(float(rates.amounts.mean()), 2) if len(rates.amounts) else np.nan,
        "win_rate": rates.won / rates.decided if rates.decided > 0 else np.nan,
        "conversations_each": rates.talked / rates.created if rates.created else np.nan,
        "conversations_now": rates.talked / rates.weeks if rates.weeks else np.nan,
        "conversations_most": most,
        "won_count": round(rates.won, 9),
        "decided_count": round(rates.decided, 9),
        "unknown": _unknown(quota, rates),
    }
    for name, parts in solved.items():
        row |= {name + end: part for end, part in zip(("", "_low", "_high"), parts, strict=True)}
    return row | {"state": _state(to_go, weeks, solved["conversations_per_week"], most)}


def _state(to_go: float, weeks: float, talks: tuple[float, float, float], most: float) -> str:
    """Whether the plan can be met by work anybody has ever done."""
    if to_go == 0:
        return "made"
    if weeks <= 0:
        return "no time left"
    _, low, high = talks
    if np.isnan(low) or np.isnan(most):
        return "unknown"
    return "impossible" if low > most else "a stretch" if high > most else "possible"


def _unknown(quota: float, rates: Rates) -> str:
    """What is not known, in words; empty when everything is."""
    faults = {
        "no goal": np.isnan(quota),
        f"fewer than {MINIMUM_WON} won with an amount": len(rates.amounts) < MINIMUM_WON,
        f"fewer than {MINIMUM_DECIDED} decided": rates.decided < MINIMUM_DECIDED,
        "nothing won": rates.won <= 0,
        "conversations are not recorded": np.isnan(rates.talked),
        "no opportunity created on record": rates.created == 0,
    }
    return "; ".join(words for words, true in faults.items() if true)


def _of(rows: pd.DataFrame, rep: str | None) -> pd.DataFrame:
    return rows if rep is None else rows[rows["rep_id"] == rep]


def _conversations(
    activities: pd.DataFrame, cutoff: pd.Timestamp, conversation_seconds: int
) -> pd.DataFrame | None:
    """Conversations of the trailing weeks with their week (0 is the last); None where nobody records them."""
    every = unique_activities(activities)
    if not contact_recorded(every):
        return None
    mine = every[is_conversation(every, conversation_seconds) & (every["at"] < cutoff)]
    mine = mine[mine["at"] >= cutoff - TRAILING_WEEKS * _WEEK]
    back = (cutoff - mine["at"]).dt.total_seconds() / _WEEK.total_seconds()
    return mine.assign(week=np.ceil(back).astype("int64") - 1)


def _most(talks: pd.DataFrame, by: str | None) -> float:
    """The most conversations in one week: of one rep, or of the team."""
    keys = ["week"] if by is None else ["rep_id", "week"]
    counts = talks.groupby(keys).size()
    return float(counts.max()) if len(counts) else np.nan


def _rates(
    opportunities: pd.DataFrame,
    before: pd.DataFrame,
    talks: pd.DataFrame | None,
    cutoff: pd.Timestamp,
    rep: str | None,
) -> Rates:
    """One rep's counts; opportunities created count over the weeks that conversations are on record."""
    began = cutoff - TRAILING_WEEKS * _WEEK
    mine = _of(before, rep)
    mine = mine[mine["outcome_at"] >= began]
    won = mine[mine["outcome"] == "won"]
    weeks = 0.0 if talks is None or talks.empty else float(talks["week"].max() + 1)
    made = _of(opportunities, rep)
    made = made[
        is_present(made) & (made["created_at"] >= cutoff - weeks * _WEEK) & (made["created_at"] < cutoff)
    ]
    amounts = won.loc[won["amount"].gt(0), "amount"] / won.loc[won["amount"].gt(0), "share_rate"]
    return Rates(
        amounts.to_numpy(dtype=float),
        float(won["share_rate"].sum()),
        float(mine["share_rate"].sum()),
        len(made),
        np.nan if talks is None else float(len(_of(talks, rep))),
        weeks,
    )

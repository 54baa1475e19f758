"""How much do we win in the end, and after how long? Slow opportunities are followed, not forgotten.

A win rate of what was closed in a period favours what closes fast: where lost opportunities linger and the
pipeline grows, it is far too high. Here every opportunity counts from its creation for as long as it was
seen. Won is one way to end, lost and disqualified are others that compete with it; an open one is known not
to have ended yet and says nothing of what comes (Aalen-Johansen).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics.groups import OUTCOME_GROUPINGS, check_by, whole
from spm_lib.metrics.intervals import Floats, wilson
from spm_lib.metrics.registry import metric
from spm_lib.metrics.sales_cycle_days import age_days, cycle_days
from spm_lib.metrics.win_rate_by_cohort import followed
from spm_lib.periods import Period

#: Opportunities created in so many weeks before the cut-off are followed.
CREATED_WEEKS = 104

_TIME = (
    f"created in the {CREATED_WEEKS} weeks before the cut-off, followed from creation to the outcome or the "
    "cut-off; days of the client's calendar, in its time zone"
)
_CREDIT = (
    "the rep who held the opportunity at its outcome, splits share it; while it is open, its holder at the "
    "cut-off"
)
_EXCLUDED = (
    "merged and deleted ones; those closed before they were created, and those closed at a time nobody dated "
    "or gone from the exports while open (counted by win_rate_eventual). Closed on the day of creation "
    "counts, "
    "at age 0"
)
_INTERVAL = (
    "90 % range: Wilson's on the count of opportunities that would, followed to the end, be as sure "
    "(Rothman), 0-1"
)


@metric(
    question="How much of what is created is won after how many days?",
    formula="sum over ages up to it of (share still undecided just before) × (won at that age / at risk "
    "at that age): Aalen-Johansen cumulative incidence",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="nothing created: no rows",
    columns={
        "age_days": "days since creation; one row per age at which something ended",
        "at_risk_count": "opportunities that were undecided and seen at that age",
        "won_count": "won at that age",
        "ended_count": "won, lost or disqualified at that age",
        "win_rate": "share won by that age, 0-1",
        "open_rate": "share not ended by that age, 0-1",
        "low": f"lower end of the {_INTERVAL}",
        "high": "upper end of it, 0-1",
    },
    example="Four created. One is won after 10 days, one lost after 20, one won after 30, one has been open "
    "for 25. Day 10: 1/4 = 25 % won, 75 % undecided. Day 20: one of three is lost, 50 % undecided. Day 30: "
    "one is left at risk and won: 25 % + 50 % × 1/1 = 75 %.",
    groupings=OUTCOME_GROUPINGS,
)
def win_rate_curve(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None = None,
    weeks: int = CREATED_WEEKS,
) -> pd.DataFrame:
    """Share won by age, with lost and disqualified as competing ends and open ones censored.

    Parameters
    ----------
    opportunities, outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES`` at the cut-off.
    period : Period
        Only its time zone is used: the curve looks back from the cut-off.
    cutoff : pandas.Timestamp
        UTC.
    by : str, optional
        One of `OUTCOME_GROUPINGS`.
    weeks : int
        How far back the creation may lie.

    Returns
    -------
    pandas.DataFrame
        By group, then age.

    Raises
    ------
    MetricError
        It has no such grouping.

    References
    ----------
    O. Aalen, S. Johansen, "An empirical transition matrix for non-homogeneous Markov chains based on
    censored observations", Scandinavian Journal of Statistics 5 (1978). Variance: E. Marubini, M. G.
    Valsecchi, "Analysing Survival Data from Clinical Trials and Observational Studies" (1995), 10.2.
    Interval: K. J. Rothman, "Estimation of confidence limits for the cumulative probability of survival in
    life table analysis", Journal of Chronic Diseases 31 (1978).
    """
    check_by("win_rate_curve", by, OUTCOME_GROUPINGS)
    spans = _spans(opportunities, outcomes, period.time_zone, cutoff, weeks)
    parts = [_curve_of(rows).assign(**{by: key} if by else {}) for key, rows in _grouped(spans, by)]
    columns = [
        "age_days",
        "at_risk_count",
        "won_count",
        "ended_count",
        "win_rate",
        "open_rate",
        "low",
        "high",
    ]
    table = pd.concat(parts, ignore_index=True) if parts else _curve_of(spans.head(0))
    for column in ("at_risk_count", "won_count", "ended_count"):
        table[column] = whole(table[column])
    if by is None:
        return table[columns]
    named = table if by in table else table.assign(**{by: None})
    return named.astype({by: "str"})[[by, *columns]]


@metric(
    question="How much of what we create do we win in the end?",
    formula="the last point of win_rate_curve",
    time_base=_TIME,
    credit=_CREDIT,
    excluded="merged and deleted ones; undated_count and negative_count, counted",
    empty="nothing created: the rates and the range are missing; nothing ended yet: win_rate and its range "
    "are missing, open_rate is 1",
    columns={
        "followed_count": "opportunities followed: the n of the rate",
        "won_count": "those of them won",
        "ended_count": "won, lost or disqualified",
        "open_count": "still open",
        "undated_count": "left out: closed at a time nobody dated, or gone from the exports while open",
        "negative_count": "left out: closed before they were created",
        "age_days": "the age at which the last one ended, days",
        "at_risk_count": "how many were undecided and seen at that age",
        "win_rate": "share won by that age, 0-1",
        "open_rate": "share not ended by that age, 0-1: how much higher the final rate could be",
        "low": f"lower end of the {_INTERVAL}",
        "high": "upper end of it, 0-1",
    },
    example="The four of win_rate_curve: 75 % won by day 30, nothing undecided, from 4 followed.",
    groupings=OUTCOME_GROUPINGS,
)
def win_rate_eventual(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    period: Period,
    cutoff: pd.Timestamp,
    by: str | None = None,
    weeks: int = CREATED_WEEKS,
) -> pd.DataFrame:
    """The last point of the curve: the win rate that slow opportunities do not bend.

    Takes and refuses the same as `win_rate_curve`.

    Returns
    -------
    pandas.DataFrame
        One row per group.
    """
    check_by("win_rate_eventual", by, OUTCOME_GROUPINGS)
    spans = _spans(opportunities, outcomes, period.time_zone, cutoff, weeks)
    rows = [{**({by: key} if by else {}), **_last_of(part)} for key, part in _grouped(spans, by, empty=True)]
    names = [*([by] if by else []), *_last_of(spans.head(0))]
    table = pd.DataFrame(rows, columns=names)
    for column in names:
        if column.endswith("_count"):
            table[column] = whole(table[column].astype("float64"))
    return table.astype({by: "str"}) if by else table


@dataclass(frozen=True)
class Incidence:
    """A cumulative incidence at every age at which something ended, and its variance.

    Attributes
    ----------
    age, at_risk, won, ended : numpy.ndarray, shape (ages,)
    rate, undecided, variance : numpy.ndarray, shape (ages,)
        Share won and share not ended by that age, and the variance of the former.
    """

    age: Floats
    at_risk: Floats
    won: Floats
    ended: Floats
    rate: Floats
    undecided: Floats
    variance: Floats


def aalen_johansen(
    days: npt.ArrayLike, won: npt.ArrayLike, ended: npt.ArrayLike, weight: npt.ArrayLike | None = None
) -> Incidence:
    """Cumulative incidence of won; what ended otherwise competes, what did not end is censored.

    Of what falls on one age the ends come first: an opportunity last seen open at that age was at risk. Ends
    that fall together share the at-risk count, so a rate does not hang on the order within a day.

    Parameters
    ----------
    days : array_like of float, shape (n,)
    won, ended : array_like of bool, shape (n,)
        Won ones have ended too.
    weight : array_like of float, shape (n,), optional
        Shares of a split.
    """
    span, share = np.asarray(days, dtype=float), np.ones(np.size(days))
    if weight is not None:
        share = np.asarray(weight, dtype=float)
    is_won, is_ended = np.asarray(won, dtype=bool), np.asarray(ended, dtype=bool)
    age, place = np.unique(span, return_inverse=True)
    every, wins, ends = (
        np.bincount(place, weights=share * flags, minlength=len(age)).astype(np.float64)
        for flags in (np.ones(len(span)), is_won, is_ended)
    )
    at_risk = every[::-1].cumsum()[::-1]
    happened = ends > 0
    age, at_risk, wins, ends = age[happened], at_risk[happened], wins[happened], ends[happened]
    # a sum of shares may leave 1e-16 at risk after the last end
    left = np.where(at_risk - ends < 1e-9, 0.0, at_risk - ends)
    undecided = np.cumprod(left / at_risk)
    before = np.concatenate([[1.0], undecided])[: len(undecided)]
    rate = np.cumsum(before * wins / at_risk)
    return Incidence(
        age, at_risk, wins, ends, rate, undecided, _variance(rate, before, at_risk, wins, ends, left)
    )


def effective_count(rate: Floats, variance: Floats, otherwise: Floats) -> Floats:
    """How many opportunities, all followed to the end, would make a rate as sure (Rothman).

    Parameters
    ----------
    rate, variance, otherwise : numpy.ndarray, shape (ages,)
        `otherwise` stands where the variance is nothing, before the first win or when all were won: how many
        are known to have been won by that age, or not.
    """
    spread = rate * (1 - rate)
    known = (variance > 1e-12) & (spread > 1e-12)
    count: Floats = np.where(known, spread / np.where(known, variance, 1.0), otherwise)
    return count


def _variance(
    rate: Floats, before: Floats, at_risk: Floats, won: Floats, ended: Floats, left: Floats
) -> Floats:
    """Variance of the incidence by the delta method (Marubini and Valsecchi 1995), at every age.

    Var F(t) = Σ (F(t) − F(tj))² dj / (nj (nj − dj)) + Σ S(tj−)² wj (nj − wj) / nj³
    − 2 Σ (F(t) − F(tj)) S(tj−) wj / nj², over ages tj up to t; expanded in powers of F(t) it is cumulative
    sums. Where everybody at risk ended, nothing comes after and the first term is nothing.
    """
    hazard = np.where(left > 0, ended / (at_risk * np.where(left > 0, left, 1.0)), 0.0)
    covariance = before * won / at_risk**2
    own = np.cumsum(before**2 * won * (at_risk - won) / at_risk**3)
    first = rate**2 * np.cumsum(hazard) - 2 * rate * np.cumsum(hazard * rate) + np.cumsum(hazard * rate**2)
    third = rate * np.cumsum(covariance) - np.cumsum(covariance * rate)
    variance: Floats = np.maximum(first + own - 2 * third, 0.0)
    return variance


def _spans(
    opportunities: pd.DataFrame, outcomes: pd.DataFrame, time_zone: str, cutoff: pd.Timestamp, weeks: int
) -> pd.DataFrame:
    """What is followed, one row per share: days, state, and whether it is used."""
    began = cutoff - pd.Timedelta(weeks=weeks)
    inside = opportunities["created_at"].ge(began) & opportunities["created_at"].lt(cutoff)
    rows = followed(opportunities[inside], outcomes)
    closed, seen = cycle_days(rows, time_zone), age_days(rows["created_at"], cutoff, time_zone)
    days = closed.where(rows["state"] != "open", seen)
    return rows.assign(days=days, used=rows["state"].ne("unknown") & (days >= 0))


def _grouped(
    spans: pd.DataFrame, by: str | None, *, empty: bool = False
) -> list[tuple[str | None, pd.DataFrame]]:
    """The rows of each group, the missing group last; without a grouping all rows, if any or `empty`."""
    if by is None:
        return [(None, spans)] if len(spans) or empty else []
    found: list[tuple[str | None, pd.DataFrame]] = [
        (str(key), rows) for key, rows in spans.groupby(by, sort=True)
    ]
    nobodys = spans[spans[by].isna()]
    return [*found, (None, nobodys)] if len(nobodys) else found


def _incidence(spans: pd.DataFrame) -> tuple[Incidence, Floats, Floats]:
    """The incidence of the used rows, with its interval."""
    used = spans[spans["used"]]
    found = aalen_johansen(used["days"], used["state"] == "won", used["state"] != "open", used["share_rate"])
    n = effective_count(found.rate, found.variance, found.at_risk + np.cumsum(found.ended) - found.ended)
    low, high = wilson(found.rate * n, n)
    return found, low, high


def _curve_of(spans: pd.DataFrame) -> pd.DataFrame:
    found, low, high = _incidence(spans)
    return pd.DataFrame(
        {
            "age_days": found.age,
            "at_risk_count": found.at_risk,
            "won_count": found.won,
            "ended_count": found.ended,
            "win_rate": found.rate,
            "open_rate": found.undecided,
            "low": low,
            "high": high,
        }
    )


def _last_of(spans: pd.DataFrame) -> dict[str, float]:
    """The last point of a curve, with what was followed and what was left out."""
    found, low, high = _incidence(spans)
    used, share = spans["used"], spans["share_rate"]
    total = float(share[used].sum())
    row = {
        "followed_count": total,
        "won_count": float(found.won.sum()),
        "ended_count": float(found.ended.sum()),
        "open_count": float(share[used & spans["state"].eq("open")].sum()),
        "undated_count": float(share[spans["state"] == "unknown"].sum()),
        "negative_count": float(share[spans["state"].ne("unknown") & ~used].sum()),
    }
    if len(found.age):
        last = (found.age, found.at_risk, found.rate, found.undecided, low, high)
        age, at_risk, rate, undecided, least, most = (float(values[-1]) for values in last)
    else:
        # nothing has ended: a rate of 0 would say that nothing is won
        age, at_risk, undecided = np.nan, np.nan, 1.0 if total else np.nan
        rate = least = most = np.nan
    return {
        **row,
        "age_days": age,
        "at_risk_count": at_risk,
        "win_rate": rate,
        "open_rate": undecided,
        "low": least,
        "high": most,
    }

"""Who wins more often, as far as luck lets one say? The only ranking of reps, and it shares most ranks.

A rep's raw rate of a few decided opportunities is mostly luck. What the client's other reps show, and how
far they differ at all, says how much of it to believe. The model: each rep's true rate is drawn from a beta
distribution of the client's reps, and wins are binomial (beta-binomial). The mean and the spread of that
distribution come from the trailing year of all reps. With 2 to 15 reps one best-fitting spread would often
be none at all, and every rep "certainly equal"; so the rates are averaged over all means and spreads, each
by how well it fits, in a fixed grid of points (no random numbers).

Before the data, every mean is as likely as another. For the spread, ρ = 1 / (a + b + 1) of the beta
distribution is the share of the variance of a single outcome that the rep explains; √ρ has a half-normal
prior of scale `SPREAD_SCALE`, cut at three times the scale, so that at a mean of 30 % the standard deviation
between reps is under 14 points in two of three clients and hardly ever above 27 (Gelman 2006 on weakly
informative priors for few groups). A team of one or two reps learns little of its spread and keeps this
prior.

References
----------
B. Efron, C. Morris, "Data analysis using Stein's estimator and its generalizations", JASA 70 (1975); A.
Gelman, "Prior distributions for variance parameters in hierarchical models", Bayesian Analysis 1 (2006);
A. Gelman et al., "Bayesian Data Analysis" (2013), 5.3, from which the grid over the hyperparameters is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from spm_lib.metrics.groups import check_by, sums, whole
from spm_lib.metrics.intervals import CONFIDENCE, Floats, ratio
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period

#: Decided opportunities below which a rep has no rank.
MINIMUM_COUNT = 10
#: How probable it must be that one rep wins more often than another for them not to share a rank.
SURE = 0.95
#: Weeks that end with the period, of which the reps' mean and spread are learnt.
TRAILING_WEEKS = 52
#: Scale of the half-normal prior of √ρ.
SPREAD_SCALE = 0.3

#: Points of the grid: spreads, means for each spread, and rates to compare reps at.
_SPREADS, _MEANS, _RATES = 16, 16, 400
#: Grid points whose weight is smaller than this part of the largest are left out.
_NEGLIGIBLE = 1e-4


@dataclass(frozen=True)
class Prior:
    """What the client's reps say of a rep nobody has seen yet: a mixture of beta distributions.

    Attributes
    ----------
    a, b : numpy.ndarray, shape (points,)
    weight : numpy.ndarray, shape (points,)
        Sums to 1.
    """

    a: Floats
    b: Floats
    weight: Floats

    @property
    def rate(self) -> float:
        """The mean rate of the reps."""
        return float(self.weight @ (self.a / (self.a + self.b)))

    @property
    def count(self) -> float:
        """How many decided opportunities it is worth."""
        return float(1 / (self.weight @ (1 / (self.a + self.b + 1))) - 1)


@metric(
    question="Who wins more often, as far as luck lets one say?",
    formula="mean of the true rate given the rep's won and decided, and how much the client's reps differ: "
    "beta-binomial, mean and spread of the reps averaged over how well they fit. A rank begins below a rep "
    "only where everyone above wins more often than everyone below with a probability of "
    f"{SURE:.0%} or more each; all others share it",
    time_base=f"outcome in the period; the reps' mean and spread: the {TRAILING_WEEKS} weeks that end with "
    "it",
    credit="the rep who held the opportunity at the outcome; splits share it",
    excluded="disqualified, open and reopened, merged and deleted opportunities; nobody's opportunities "
    "have a "
    f"row, and neither rate nor rank; reps with fewer than {MINIMUM_COUNT} decided are not ranked, nor "
    "compared with",
    empty="nothing decided: rate and range are missing; fewer than two reps to compare: rank and "
    "best_probability are missing",
    columns={
        "rep_id": "whose; missing for nobody's opportunities",
        "won_count": "opportunities won",
        "lost_count": "opportunities lost",
        "decided_count": "won and lost together: the n of the rates",
        "raw_rate": "won_count / decided_count, 0-1",
        "win_rate": "what to expect of the rep: raw_rate drawn towards prior_rate, 0-1",
        "low": "lower end of the 90 % credible interval of the true rate, 0-1",
        "high": "upper end of it, 0-1",
        "prior_rate": "mean rate of the client's reps, 0-1",
        "prior_count": "how many decided opportunities it weighs as much as",
        "best_probability": "that this rep's true rate is the highest of those ranked, 0-1",
        "better_count": f"how many of those ranked win more often with a probability of {SURE:.0%} or more",
        "rank": "1 is the highest; different ranks are surely different, equal ones may be",
    },
    example="Ana 12 of 20, Ben 4 of 20: raw 60 % and 20 %. With these two alone the prior is 41 % and weighs "
    "7.5 opportunities: expect 52 % (range 35-70 %) and 28 % (13-46 %), Ana better with a probability of 95 "
    "%.",
    groupings=("rep_id",),
)
def win_rate_shrunk(
    outcomes: pd.DataFrame, period: Period, by: str | None = None, groups: list[str] | None = None
) -> pd.DataFrame:
    """Win rate of each rep, drawn towards the team's by as much as luck explains; and honest ranks.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``; reaching back a year before the end of the period.
    period : Period
    by : str, optional
        "rep_id", which it is without being said.
    groups : list of str, optional
        Reps that get a row even without outcomes.

    Returns
    -------
    pandas.DataFrame
        One row per rep, by id.

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("win_rate_shrunk", by, ("rep_id",))
    table = _counted(outcomes, period.holds(outcomes["outcome_at"]), groups)
    began = min(period.start_at, period.end_at - pd.Timedelta(weeks=TRAILING_WEEKS))
    year = _counted(
        outcomes, outcomes["outcome_at"].ge(began) & outcomes["outcome_at"].lt(period.end_at), None
    )
    year = year[year["rep_id"].notna() & (year["decided_count"] > 0)]
    names = [*table, "raw_rate", "win_rate", "low", "high", "prior_rate", "prior_count"]
    names += ["best_probability", "better_count", "rank"]
    won, n = (table[column].to_numpy(dtype=float) for column in ("won_count", "decided_count"))
    told = np.flatnonzero(table["rep_id"].notna() & (n > 0))
    table["raw_rate"] = ratio(won, n)
    table[names[5:-2]] = np.nan
    for column in ("better_count", "rank"):
        table[column] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    if len(told):
        prior = fit(year["won_count"].to_numpy(dtype=float), year["decided_count"].to_numpy(dtype=float))
        rate, low, high = expected(prior, won[told], n[told])
        table.loc[told, ["win_rate", "low", "high"]] = np.column_stack([rate, low, high])
        table.loc[told, ["prior_rate", "prior_count"]] = prior.rate, prior.count
        ranked = told[n[told] >= MINIMUM_COUNT]
        if len(ranked) > 1:
            better, best = comparisons(prior, won[ranked], n[ranked])
            table.loc[ranked, "best_probability"] = best
            table.loc[ranked, "better_count"] = (better >= SURE).sum(axis=0)
            table.loc[ranked, "rank"] = ranks(better, table.loc[ranked, "win_rate"].to_numpy())
    for column in ("won_count", "lost_count", "decided_count"):
        table[column] = whole(table[column])
    return table[names]


def fit(won: npt.ArrayLike, decided: npt.ArrayLike) -> Prior:
    """The distribution of the reps' true rates, from what each won of what was decided.

    Parameters
    ----------
    won, decided : array_like of float, shape (reps,)

    Returns
    -------
    Prior
        For each spread of a fixed grid, means where its posterior lies, weighted by prior × likelihood.
    """
    wins, n = np.asarray(won, dtype=float), np.asarray(decided, dtype=float)
    root = SPREAD_SCALE * 3 * (np.arange(_SPREADS) + 0.5) / _SPREADS
    total = root[:, None] ** -2 - 1
    # one rep's decisions tell of the mean as much as so many independent ones
    each = 1 / (1 + (n - 1).clip(0) * root[:, None] ** 2)
    middle_won, middle_lost = 1 + each @ wins, 1 + each @ (n - wins)
    share = (np.arange(_MEANS) + 0.5) / _MEANS
    mean = scipy.special.betaincinv(middle_won[:, None], middle_lost[:, None], share)
    a, b = mean * total, (1 - mean) * total
    likelihood = (
        scipy.special.betaln(a[..., None] + wins, b[..., None] + n - wins)
        - scipy.special.betaln(a, b)[..., None]
    )
    # a point stands for the same part of the distribution it was placed by, which is therefore divided out
    placed = (middle_won[:, None] - 1) * np.log(mean) + (middle_lost[:, None] - 1) * np.log1p(-mean)
    placed -= scipy.special.betaln(middle_won, middle_lost)[:, None]
    log_weight = likelihood.sum(axis=-1) - placed - root[:, None] ** 2 / (2 * SPREAD_SCALE**2)
    weight = np.exp(log_weight - log_weight.max()).ravel()
    kept = weight > _NEGLIGIBLE
    return Prior(a.ravel()[kept], b.ravel()[kept], weight[kept] / weight[kept].sum())


def expected(prior: Prior, won: Floats, decided: Floats) -> tuple[Floats, Floats, Floats]:
    """The mean of each rep's true rate and its 90 % credible interval.

    Parameters
    ----------
    prior : Prior
    won, decided : numpy.ndarray, shape (reps,)

    Returns
    -------
    rate, low, high : numpy.ndarray, shape (reps,)
    """
    a, b = prior.a + won[:, None], prior.b + (decided - won)[:, None]
    tail = (1 - CONFIDENCE) / 2
    return (a / (a + b)) @ prior.weight, _quantile(a, b, prior, tail), _quantile(a, b, prior, 1 - tail)


def comparisons(prior: Prior, won: Floats, decided: Floats) -> tuple[Floats, Floats]:
    """How probable it is that one rep's true rate is above another's, and that it is the highest.

    Parameters
    ----------
    prior : Prior
    won, decided : numpy.ndarray, shape (reps,)

    Returns
    -------
    better : numpy.ndarray, shape (reps, reps)
        P(row > column); 0 on the diagonal.
    best : numpy.ndarray, shape (reps,)
        Sums to 1.
    """
    # quadrature over cells of the rate, finer towards 0 and 1, where beta distributions can be steep
    edges = (1 - np.cos(np.linspace(0, np.pi, _RATES + 1))) / 2
    better, best = np.zeros((len(won), len(won))), np.zeros(len(won))
    for a, b, weight in zip(prior.a, prior.b, prior.weight, strict=True):
        below = scipy.special.betainc(a + won[:, None], b + (decided - won)[:, None], edges)
        mass, middle = np.diff(below), (below[:, 1:] + below[:, :-1]) / 2
        better += weight * mass @ middle.T
        for rep in range(len(won)):
            best[rep] += weight * (mass[rep] * np.delete(middle, rep, axis=0).prod(axis=0)).sum()
    np.fill_diagonal(better, 0.0)
    return better, best / best.sum()


def ranks(better: Floats, rate: Floats) -> npt.NDArray[np.int64]:
    """Ranks that differ only where everyone above is surely above everyone below.

    "Not told apart" does not carry over: the first and the third may be told apart, and neither from the
    second. Then all three share a rank, for a rank of its own would say of the second what nobody knows.

    Parameters
    ----------
    better : numpy.ndarray, shape (reps, reps)
        As of `comparisons`.
    rate : numpy.ndarray, shape (reps,)
        Their expected rates, by which they are put in order.
    """
    order = np.argsort(-rate, kind="stable")
    sure = better[np.ix_(order, order)] >= SURE
    rank = np.ones(len(rate), dtype=np.int64)
    for place in range(1, len(rate)):
        begins = sure[:place, place:].all()
        rank[order[place]] = place + 1 if begins else rank[order[place - 1]]
    return rank


def _quantile(a: Floats, b: Floats, prior: Prior, share: float) -> Floats:
    """The rate below which `share` of each rep's mixture lies, by bisection to 1e-9."""
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(30):
        middle = (low + high) / 2
        under = scipy.special.betainc(a, b, middle[:, None]) @ prior.weight < share
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return (low + high) / 2


def _counted(outcomes: pd.DataFrame, inside: pd.Series, groups: list[str] | None) -> pd.DataFrame:
    """Shares won and lost by rep: rep_id, won_count, lost_count, decided_count."""
    rows = outcomes[inside & outcomes["outcome"].isin(["won", "lost"])]
    shares = {
        f"{outcome}_count": rows["share_rate"].where(rows["outcome"] == outcome, 0.0)
        for outcome in ("won", "lost")
    }
    table = sums(rows.assign(**shares), list(shares), "rep_id", groups)
    return table.assign(decided_count=(table["won_count"] + table["lost_count"]).round(9))

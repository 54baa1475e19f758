"""Is the latest week news? Natural limits of each weekly measure, from the weeks before it (XmR chart).

Departures from the textbook chart, because a client is small and a page shows seven measures:

- Counts and money are charted on the scale of their square roots, where their spread does not grow with
  their level and a long tail is shorter (for counts Anscombe's root of x + 3/8).
- Counts and rates are never given narrower limits than pure chance would give them, their level known only
  from the weeks before (Poisson and binomial, Jeffreys' prior).
- Counts and money are charted per business day, so that a week of holidays is held against the days it has.
- The limits are widened for having been learnt from few weeks, such that a new week lies outside as rarely
  (0.27 %) as outside limits known for certain: 4.05 instead of 2.66 moving ranges with 13 weeks, 3.25 with
  25. With many weeks they become the textbook's.

Measured by simulation of quiet weeks of teams of 2, 5 and 10 reps (nothing changes; seven measures, 1,500
weeks each, learnt from 13 and from 25 weeks): a page carries any alert in 0.3 to 1.1 % of them, a run, which
is a note and no alert, in 1 to 4 %. The textbook's limits would alert in 11 % (13 weeks) and 5 to 7 % (25).
The price: a week with half the usual conversations (9 a rep) is seen in 59 % of cases with 5 reps, in 94 %
with 10, in 11 % with 2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from spm_lib.metrics import beta_binomial
from spm_lib.metrics.registry import metric

#: Weeks below which no limits are told.
MINIMUM_WEEKS = 13
#: Weeks in a row on one side of the centre that make a run.
RUN_WEEKS = 8
#: A rate of a week that was counted from fewer is not put to the test.
MINIMUM_N = 10
#: Mean moving range of two draws from a normal distribution, in standard deviations.
D2 = 1.128
#: Share of ordinary weeks beyond each limit, that of three standard deviations.
TAIL = 0.00135
#: Degrees of freedom per week that a mean moving range is worth.
DF_PER_WEEK = 0.62

Floats = npt.NDArray[np.float64]


@metric(
    question="Was the latest week an ordinary one?",
    formula="limits = mean ± multiplier × mean moving range of the weeks before (13 at least), on the "
    "scale of square roots for counts and money. Multiplier: Student's t at 0.135 % with 0.62 × (weeks − "
    "1) degrees of freedom × √(1 + 1 / weeks) / 1.128, which is 2.66 for many weeks. Counts and money are "
    "compared per business day, and the limits told for the days of the latest week. Limits of counts and "
    "rates are no narrower than those of pure chance, none is below 0 and no rate's above 1. A run: the "
    "latest eight weeks on one side of the centre",
    time_base="the latest week against the weeks before it that are on record",
    credit="the whole team",
    excluded="weeks without data, also from moving ranges and runs; weeks whose rate was counted from "
    "fewer than 10",
    empty="no limits and no alarm, and the signal says why: no data, too few weeks, too few to say, no "
    "variation",
    columns={
        "measure": "which weekly measure",
        "weeks": "weeks before the latest one that the limits are learnt from",
        "centre": "their level, in the unit of the measure",
        "lower": "lower natural limit",
        "upper": "upper natural limit",
        "latest": "the latest week's value",
        "signal": "above or below (outside the limits: the only ones that are news), run_above or run_below "
        "(eight weeks on one side, a note), none (ordinary), or why nothing can be told",
    },
    example="Rates 0.8, 0.9, 0.8 ... over 13 weeks: mean 0.846, mean moving range 0.1, multiplier 4.05: "
    "limits 0.441 and 1 (1.252 cut off); a latest week of 0.40 is below.",
)
def process_limits(weekly: pd.DataFrame) -> pd.DataFrame:
    """Natural limits of each weekly measure and what the latest week is to them.

    Parameters
    ----------
    weekly : pandas.DataFrame
        ``weekly_measures``: measure, starts_on, value, n, business_days; one row per measure and week.

    Returns
    -------
    pandas.DataFrame
        One row per measure, in the order of `weekly`.

    References
    ----------
    D. J. Wheeler, "Understanding Variation" (1993); F. S. Hillier, "X-bar- and R-chart control limits based
    on a small number of subgroups", Journal of Quality Technology 1 (1969).
    """
    rows = []
    for measure, part in weekly.groupby("measure", sort=False):
        weeks = part.sort_values("starts_on", kind="stable")
        rows.append({"measure": str(measure), **_limits(str(measure), weeks)})
    table = pd.DataFrame(rows, columns=["measure", "weeks", "centre", "lower", "upper", "latest", "signal"])
    kinds = dict.fromkeys(("centre", "lower", "upper", "latest"), "float64")
    return table.astype({"measure": "str", "weeks": "int64", **kinds, "signal": "str"})


def natural_limits(values: Floats, multiplier: float = 3 / D2) -> tuple[float, float, float]:
    """Centre, lower and upper natural limit of an XmR chart: mean ± 2.66 × mean moving range.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        In order of time; NaN where a week is missing, which neither counts nor makes a moving range.
    multiplier : float, optional
        Of the mean moving range.
    """
    centre, spread = float(np.nanmean(values)), mean_moving_range(values) * multiplier
    return centre, centre - spread, centre + spread


def few_weeks_multiplier(weeks: int) -> float:
    """How many mean moving ranges a new week keeps within, when they were learnt from so many weeks."""
    t = float(scipy.special.stdtrit(DF_PER_WEEK * (weeks - 1), 1 - TAIL))
    return t * float(np.sqrt(1 + 1 / weeks)) / D2


def _limits(measure: str, weeks: pd.DataFrame) -> dict[str, object]:
    """One measure's limits, latest week and signal; weeks come in order."""
    is_rate = measure.endswith("_rate")
    value, n, days = (weeks[name].to_numpy(dtype=float) for name in ("value", "n", "business_days"))
    # a week in which nobody works cannot be held against any other
    share = np.ones(len(days)) if is_rate else np.where(days > 0, days / max(days.max(), 1.0), np.nan)
    tested = np.where(n < MINIMUM_N, np.nan, value) if is_rate else value / share
    before, latest = tested[:-1], tested[-1]
    count = int(np.isfinite(before).sum())
    found = {"weeks": count, "centre": np.nan, "lower": np.nan, "upper": np.nan, "latest": value[-1]}
    if np.isnan(value[-1]):
        return {**found, "signal": "no data"}
    if count < MINIMUM_WEEKS:
        return {**found, "signal": "too few weeks"}
    if not mean_moving_range(before) > 0:
        return {**found, "signal": "no variation"}
    size = n if is_rate else share
    centre, lower, upper = on_scale(measure, before, size[:-1], size[-1])
    found |= {"centre": centre * share[-1], "lower": lower * share[-1], "upper": upper * share[-1]}
    if np.isnan(latest):
        return {**found, "signal": "too few to say"}
    return {**found, "signal": _signal(tested, centre, lower, upper)}


def on_scale(measure: str, before: Floats, sizes: Floats, size: float) -> tuple[float, float, float]:
    """Centre and limits in the measure's own unit, learnt on the scale where its spread is even.

    `sizes` and `size` are what each week before and the latest one was counted from: trials of a rate, the
    share of a full week's business days of a count.
    """
    known = np.isfinite(before)
    multiplier = few_weeks_multiplier(int(known.sum()))
    if measure.endswith("_rate"):
        centre, lower, upper = natural_limits(before, multiplier)
        if size > 0:
            least, most = _chance_of_rates(before[known], sizes[known], size)
            lower, upper = min(lower, least), max(upper, most)
        return centre, max(lower, 0.0), min(upper, 1.0)
    is_money = measure == "bookings" or measure.endswith("_amount")
    shift = 0.0 if is_money else 3 / 8
    roots = natural_limits(np.sqrt(before + shift), multiplier)
    centre, lower, upper = (max(max(root, 0.0) ** 2 - shift, 0.0) for root in roots)
    if not is_money and size > 0:
        least, most = _chance_of_counts(before[known] * sizes[known], sizes[known], size)
        lower, upper = min(lower, least), max(upper, most)
    return centre, lower, upper


def _chance_of_counts(counts: Floats, sizes: Floats, size: float) -> tuple[float, float]:
    """Between which counts (per full week) a new week lies by pure chance.

    The predictive distribution of a Poisson count under Jeffreys' prior: negative binomial.
    """
    shape, success = float(counts.sum()) + 0.5, float(sizes.sum()) / (float(sizes.sum()) + size)
    possible = np.arange(10 * int(counts.max()) + 20)
    reached = scipy.special.betainc(shape, possible + 1.0, success)
    least, most = possible[reached > TAIL][0], possible[reached >= 1 - TAIL][0]
    return float(least / size), float(most / size)


def _chance_of_rates(rates: Floats, sizes: Floats, size: float) -> tuple[float, float]:
    """Between which rates a new week of so many trials lies by pure chance.

    The predictive distribution of a binomial count under Jeffreys' prior: beta-binomial.
    """
    hits = float((rates * sizes).sum())
    yes, no = hits + 0.5, max(float(sizes.sum()) - hits, 0.0) + 0.5
    least, most = (beta_binomial.quantile(chance, round(size), yes, no) for chance in (TAIL, 1 - TAIL))
    return float(least / size), float(most / size)


def _signal(values: Floats, centre: float, lower: float, upper: float) -> str:
    latest, last = values[-1], values[-RUN_WEEKS:]
    if latest > upper:
        return "above"
    if latest < lower:
        return "below"
    if (last > centre).all():
        return "run_above"
    return "run_below" if (last < centre).all() else "none"


def mean_moving_range(values: Floats) -> float:
    """Mean difference of neighbouring weeks; missing when no two neighbours are known."""
    ranges = np.abs(np.diff(values))
    ranges = ranges[np.isfinite(ranges)]
    return float(ranges.mean()) if len(ranges) else np.nan

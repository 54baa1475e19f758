"""How far do the decided opportunities speak against the agreed win rate? Valid at every look.

A bet is laid against the claim that a rep wins at least the agreed share of what is decided: a loss makes
the stake grow, a win makes it shrink, at odds that are fair for a rep who wins exactly that share and
unfavourable for one who wins more. The stake starts at 1 and is a supermartingale, so by Ville's inequality
a rep who meets the standard ever multiplies it by 20 in at most 1 case in 20, however often one looks. The
stake is the evidence.

The bets are spread over win rates below the standard (`ALTERNATIVES`). Most are laid from the start; the
rest is held back for reps who meet the standard at first and fall later, and some of it joins at every
decision (`HALF_JOINED`). A rep's share of a split opportunity bets that share of the stake.

The verdict follows the stake as it stands now, not its highest point: a rep who recovers is no longer
confronted, and what holds for the highest point holds for every week. The highest point and its day stand
beside it, so that a verdict once reached can be explained. A new version of the standard begins a new bet.

Measured by simulation, standard 30 %, 160 decisions (a year at 3 a week), looking after each: a rep at the
standard ever reaches 20 in 3.6 % of cases and 5 in 16 %, and stands at 20 or more in 0.4 % of all weeks, at 5
or more in 1.6 %, which is why a watch is a note on a page and no alert. A rep at half the standard reaches
20 in 98 %, half of them within 16 weeks, and 5 within 7. At a standard of 20 % a loss says less: 88 % of
those at 10 % are found in the year, half of them within 26 weeks. A rep 4 points above the standard for 150
decisions who then wins 10 % stands at 20 or more after 78 of them in 58 % of cases; with every bet laid at
once, in 5 %.

References
----------
J. Ville, "Étude critique de la notion de collectif" (1939); A. Ramdas, P. Grünwald, V. Vovk, G. Shafer,
"Game-theoretic statistics and safe anytime-valid inference", Statistical Science 38 (2023); the part held
back: M. Herbster, M. Warmuth, "Tracking the best expert", Machine Learning 32 (1998).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.metrics.groups import OUTCOME_GROUPINGS, check_by, sums, whole
from spm_lib.metrics.intervals import ratio, wilson

#: Evidence from which on one watches, and confronts.
WATCH, CONFRONT = 5.0, 20.0
#: Decided opportunities below which nothing is said, unless the evidence says it already.
MINIMUM_COUNT = 10
#: Win rates bet on, as parts of the agreed one, and how much is bet on each.
ALTERNATIVES = (0.25, 0.50, 0.75)
STAKES = (0.25, 0.50, 0.25)
#: Part of the stake laid from the start.
AT_ONCE = 0.8
#: After so many decisions half of what is held back has joined: at decision k, 1 / (k + 50) of the rest does.
HALF_JOINED = 50

Floats = npt.NDArray[np.float64]


def evidence_below_standard(
    outcomes: pd.DataFrame,
    threshold: float,
    *,
    by: str = "rep_id",
    groups: Iterable[str] | None = None,
    minimum_count: int = MINIMUM_COUNT,
) -> pd.DataFrame:
    """Evidence that each rep wins less than agreed, from what was decided since it was agreed.

    The guarantee asks for every outcome since the standard was in force, from one fixed day on: a window
    that moves along with the weeks begins a new bet every week and breaks it.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES`` since the standard was in force; disqualified ones are passed over.
    threshold : float
        The agreed win rate by count, between 0 and 1.
    by : str, optional
        Whose results are judged; one of `OUTCOME_GROUPINGS`.
    groups : iterable of str, optional
        Groups that get a row even without outcomes.
    minimum_count : int, optional
        Decided opportunities below which the verdict is "too few to say".

    Returns
    -------
    pandas.DataFrame
        `by`, won_count, decided_count, win_rate, low, high (Wilson 90 %), evidence (now; 1 says nothing),
        peak (the highest it stood) and peak_at, since_at (the first decision of the stretch that speaks
        most against the standard, picked afterwards and so no evidence of its own), since_won_count,
        since_decided_count, and verdict: "confront" from evidence 20 on, "watch" from 5 on, "too few to
        say", or "none". Nobody's opportunities have a row but neither evidence nor verdict.

    Raises
    ------
    MetricError
        The threshold is no rate between 0 and 1, or there is no such grouping.
    """
    check_by("evidence_below_standard", by, OUTCOME_GROUPINGS)
    if not 0 < threshold < 1:
        raise MetricError(
            "a standard no rep can fall short of, or keep",
            given=threshold,
            remedy="agree on a win rate above 0 and below 1, such as 0.3",
        )
    decided = _decided(outcomes, by)
    table = sums(decided, ["won_count", "decided_count"], by, groups)
    table["win_rate"] = ratio(table["won_count"], table["decided_count"])
    table["low"], table["high"] = wilson(table["won_count"], table["decided_count"])
    parts = {key: part for key, part in decided.groupby(by, sort=True)}  # noqa: C416
    nobodys = table[by].isna()
    rows = [_judged(parts.get(key, decided.head(0)), threshold) for key in table[by]]
    told = pd.DataFrame(rows, columns=_TOLD, index=table.index)
    told["verdict"] = _verdicts(told["evidence"], table["decided_count"], minimum_count).mask(nobodys, "none")
    told.loc[nobodys, ["evidence", "peak"]] = np.nan
    for column in ("peak_at", "since_at"):
        told[column] = pd.to_datetime(told[column], utc=True).astype("datetime64[us, UTC]").mask(nobodys)
    for column in ("won_count", "decided_count"):
        table[column] = whole(table[column])
    return pd.concat([table, told], axis=1)


_TOLD = ["evidence", "peak", "peak_at", "since_at", "since_won_count", "since_decided_count"]


def stakes(won: npt.ArrayLike, share: npt.ArrayLike, threshold: float) -> Floats:
    """The stake after each decision, in order; it starts at 1, before the first.

    Parameters
    ----------
    won : array_like of bool, shape (n,)
    share : array_like of float, shape (n,)
        Part of the stake bet on each, 0-1.
    threshold : float
        The agreed win rate.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
    """
    after_win = np.array(ALTERNATIVES)
    after_loss = (1 - after_win * threshold) / (1 - threshold)
    wins, shares = np.asarray(won, dtype=bool), np.asarray(share, dtype=float)
    odds = np.where(wins[:, None], after_win, after_loss)
    return grown(1 + shares[:, None] * (odds - 1))


def grown(factors: Floats) -> Floats:
    """A stake of 1 spread over several bets, after each result; a part held back joins bit by bit.

    Parameters
    ----------
    factors : numpy.ndarray, shape (n, bets)
        By how much each result multiplies each bet, in the order of `STAKES`. A fair bet, or one against
        whoever lays it, makes a stake that reaches 1 / a in at most a share `a` of cases, ever.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
    """
    spread = np.array(STAKES)
    laid, held = AT_ONCE * spread, 1 - AT_ONCE
    found = np.empty(len(factors))
    for place, factor in enumerate(factors):
        joining = held / (place + 1 + HALF_JOINED)
        laid = (laid + joining * spread) * factor
        held -= joining
        found[place] = laid.sum() + held
    return found


def _decided(outcomes: pd.DataFrame, by: str) -> pd.DataFrame:
    """One row per group and decided opportunity, in order of the outcome; one split inside a group is one."""
    rows = outcomes[outcomes["outcome"].isin(["won", "lost"])]
    rows = rows.assign(won=rows["outcome"].eq("won"))
    each = rows.groupby([by, "opportunity_id"], dropna=False, as_index=False, sort=True).agg(
        won=("won", "first"), outcome_at=("outcome_at", "first"), decided_count=("share_rate", "sum")
    )
    each["won_count"] = each["decided_count"].where(each["won"], 0.0)
    return each.sort_values(["outcome_at", "opportunity_id"], kind="stable", ignore_index=True)


def _judged(rows: pd.DataFrame, threshold: float) -> tuple[float, float, object, object, float, float]:
    """What the decided opportunities of one rep say, in the order of `_TOLD`."""
    if rows.empty:
        return 1.0, 1.0, pd.NaT, pd.NaT, 0.0, 0.0
    won, share = rows["won"].to_numpy(), rows["decided_count"].clip(0, 1).to_numpy()
    stake = stakes(won, share, threshold)
    top = int(stake.argmax())
    peak, peak_at = (stake[top], rows["outcome_at"].iloc[top]) if stake[top] > 1 else (1.0, pd.NaT)
    stretch = rows.iloc[_first_of_stretch(won, share, threshold) :]
    since_at = stretch["outcome_at"].iloc[0] if len(stretch) else pd.NaT
    counts = stretch[["won_count", "decided_count"]].sum().round(9)
    return float(stake[-1]), float(peak), peak_at, since_at, counts.iloc[0], counts.iloc[1]


def _first_of_stretch(won: npt.NDArray[np.bool_], share: Floats, threshold: float) -> int:
    """Where the last stretch begins in which a bet on half the standard would have gained most."""
    gain = np.where(won, 0.5, (1 - threshold / 2) / (1 - threshold))
    before = np.concatenate([[0.0], np.cumsum(np.log1p(share * (gain - 1)))])
    return int(before.argmin())


def _verdicts(evidence: pd.Series, decided: pd.Series, minimum: int) -> pd.Series:
    few = pd.Series(np.where(decided < minimum, "too few to say", "none"), index=evidence.index, dtype="str")
    return few.mask(evidence >= WATCH, "watch").mask(evidence >= CONFRONT, "confront")

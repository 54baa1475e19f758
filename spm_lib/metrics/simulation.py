"""The rest of a goal period played many times: what is open today, and what is not created yet.

Open opportunities: each is won within the time left with the chance its stage and age had in the client's
own history (`transitions`), and then for its amount times what such amounts became before. Opportunities
nobody has created yet: weeks of creation drawn from the client's own last year, each with what was won of
it in the same time. Both histories are themselves drawn anew for every part of the draws, so that what few
weeks leave open widens the range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.metrics.pipeline import is_open
from spm_lib.metrics.transitions import (
    Lives,
    amount_ratios,
    chances,
    faded,
    lives,
    stage_positions,
    weeks_between,
    win_chances,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Weeks of creation the run rate of opportunities not yet created is drawn from.
CREATION_WEEKS = 52
#: Weeks of creation drawn together, as they followed one another.
BLOCK_WEEKS = 4
#: Such weeks below which there is no run rate.
MINIMUM_WEEKS = 8
#: How many times the histories are drawn anew.
HISTORIES = 200
#: How far the weeks to come may differ from the past ones all together (sd of the logarithm): the year is not
#: the last year. Chosen on made-up clients other than the demo's such that 80 % ranges hold 80 %.
LEVEL_SD = 0.10
#: Where the generator starts: the same tables give the same forecast.
SEED = 20_260_101

_WEEK = pd.Timedelta(weeks=1)
_CHUNK = 500


@dataclass(frozen=True)
class Rest:
    """What the rest of the period brings, played many times.

    Attributes
    ----------
    from_open, from_new : numpy.ndarray, shape (groups, draws)
        Client's currency; from_new is missing with fewer than `MINIMUM_WEEKS` weeks of creation on record,
        from_open where no amount is known.
    history : Lives
        What the chances were learnt from.
    """

    from_open: Floats
    from_new: Floats
    history: Lives


def play(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    end: pd.Timestamp,
    cutoff: pd.Timestamp,
    groups: list[str | None],
    by: str | None = None,
    draws: int = 2_000,
    seed: int = SEED,
) -> Rest:
    """Play the time from a cut-off to the end of a period.

    Parameters
    ----------
    opportunities, outcomes, changes, stages : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``SNAPSHOT_CHANGES``, ``STAGES``; rows at
        or after the cut-off are not looked at.
    end, cutoff : pandas.Timestamp
        UTC.
    groups : list of str or None
        Whose draws to return; None is the rows whose group is missing, or everything when `by` is None.
    by : str, optional
        Column to group on. The draws of all groups together are those of the team.
    draws : int
        Rounded up to a multiple of `HISTORIES`.
    seed : int
    """
    chance = np.random.default_rng(seed)
    before = outcomes[outcomes["outcome_at"] < cutoff]
    # a table in another order is the same table, and gives the same draws
    opportunities = opportunities.sort_values("opportunity_id", kind="stable")
    history = lives(opportunities, before, changes, stages, cutoff)
    repeats = -(-draws // HISTORIES)
    left = max((end - cutoff) / _WEEK, 0.0)
    rows = opportunities[is_open(opportunities)]
    level = np.exp(LEVEL_SD * chance.standard_normal(HISTORIES) - LEVEL_SD**2 / 2)
    open_in = [_in_group(rows, by, group) for group in groups]
    from_open = _open_ones(rows, open_in, before, stages, history, cutoff, left, level, repeats, chance)
    from_new = _new_ones(before, cutoff, left, repeats, chance)
    new_in = [_in_group(from_new.rows, by, group) for group in groups]
    brought = [from_new.total(mine) * np.tile(level, repeats) for mine in new_in]
    return Rest(
        from_open,
        np.array(brought).reshape(len(groups), HISTORIES * repeats),
        history,
    )


def _in_group(rows: pd.DataFrame, by: str | None, group: str | None) -> npt.NDArray[np.bool_]:
    if by is None:
        return np.ones(len(rows), dtype=bool)
    return (rows[by].isna() if group is None else rows[by].eq(group)).to_numpy(dtype=bool)


def _open_ones(
    rows: pd.DataFrame,
    open_in: list[npt.NDArray[np.bool_]],
    before: pd.DataFrame,
    stages: pd.DataFrame,
    history: Lives,
    cutoff: pd.Timestamp,
    left: float,
    level: Floats,
    repeats: int,
    chance: np.random.Generator,
) -> Floats:
    """What the open opportunities of each group bring, shape (groups, draws)."""
    place = stage_positions(stages)
    stage: Ints = np.asarray(rows["stage_id"].map(place).fillna(len(place)), dtype=np.int64)
    weeks = weeks_between(rows["created_at"], cutoff).clip(lower=0)
    age: Ints = np.asarray(weeks.fillna(weeks.median() if weeks.notna().any() else 0.0), dtype=np.int64)
    drawn = chances(history, HISTORIES, chance)
    likely = np.minimum(win_chances(drawn, stage, age, left) * level[:, None], 1.0)
    ratios = amount_ratios(history)
    usual = won_amounts(before)
    amount = rows["amount"].to_numpy(dtype=float)
    total = np.zeros((len(open_in), HISTORIES * repeats))
    # some at a time: all draws of many opportunities would not fit in memory
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        won = chance.random((HISTORIES * repeats, len(amount[part]))) < np.tile(likely[:, part], (repeats, 1))
        brought = won * _became(amount[part], stage[part], ratios, usual, len(won), chance)
        for group, mine in zip(total, open_in, strict=True):
            group += brought[:, mine[part]].sum(axis=1)
    return total


def _became(
    amount: Floats, stage: Ints, ratios: list[Floats], usual: Floats, draws: int, chance: np.random.Generator
) -> Floats:
    """The amount each would be won for; one without an amount becomes what was won before."""
    became = np.full((draws, len(amount)), np.nan)
    for place in np.unique(stage):
        mine = stage == place
        became[:, mine] = ratios[place][chance.integers(len(ratios[place]), size=(draws, mine.sum()))]
    became *= amount
    unpriced = np.isnan(amount)
    if unpriced.any() and len(usual):
        became[:, unpriced] = usual[chance.integers(len(usual), size=(draws, unpriced.sum()))]
    return became


def won_amounts(outcomes: pd.DataFrame) -> Floats:
    """The amount of each opportunity won, all shares together, those without one left out."""
    won = outcomes[outcomes["outcome"].eq("won") & outcomes["amount"].gt(0)]
    return won.groupby("opportunity_id", sort=True)["amount"].sum().to_numpy(dtype=float)


@dataclass(frozen=True)
class _New:
    """Won amounts by week of creation, and the weeks drawn for each week to come.

    `counts` tells with [k, draw] which of its weeks of creation the k-th week to come takes.
    """

    rows: pd.DataFrame
    ahead: list[npt.NDArray[np.bool_]]
    taken: list[Ints]
    draws: int
    known: bool

    def total(self, mine: npt.NDArray[np.bool_]) -> Floats:
        """What the opportunities of some rows bring in each draw."""
        if not self.known:
            return np.full(self.draws, np.nan)
        total = np.zeros(self.draws)
        created, amount = self.rows["created_week"].to_numpy(), self.rows["amount"].to_numpy(dtype=float)
        for within, taken in zip(self.ahead, self.taken, strict=True):
            counted = mine & within
            brought = np.bincount(created[counted], amount[counted], minlength=int(taken.max()) + 1)
            total += brought[taken]
        return total


def _new_ones(
    before: pd.DataFrame, cutoff: pd.Timestamp, left: float, repeats: int, chance: np.random.Generator
) -> _New:
    """The run rate of opportunities created and won within the time left.

    The opportunities of the k-th week to come have left - k weeks to be won. They bring what those of a past
    week of creation brought in as many weeks from its beginning; only past weeks that old are drawn from.
    Weeks are drawn in blocks that followed one another, so that a slow month is drawn as one (Künsch, "The
    jackknife and the bootstrap for general stationary observations", Annals of Statistics 17, 1989).
    """
    draws = HISTORIES * repeats
    won = before[before["outcome"].eq("won") & before["amount"].notna()]
    created = won["created_at"].where(won["created_at"] <= won["outcome_at"], won["outcome_at"])
    back = np.ceil(weeks_between(created, cutoff)).clip(lower=1).astype("int64")
    rows = won.assign(created_week=back, age=back - weeks_between(won["outcome_at"], cutoff))
    on_record = 0 if before.empty else int((cutoff - before["outcome_at"].min()) / _WEEK)
    ahead, taken = [], []
    weeks = int(np.ceil(left))
    for k in range(0, weeks, BLOCK_WEEKS):
        together = min(BLOCK_WEEKS, weeks - k)
        first, last = max(int(np.ceil(left - k)), together), min(on_record, CREATION_WEEKS)
        if last - first + 1 < MINIMUM_WEEKS:
            return _New(rows, [], [], draws, known=False)
        begins = _drawn_weeks(first, last, repeats, chance)
        ahead += [(rows["age"] < left - k - n).to_numpy(dtype=bool) for n in range(together)]
        taken += [begins - n for n in range(together)]
    return _New(rows, ahead, taken, draws, known=True)


def _drawn_weeks(first: int, last: int, repeats: int, chance: np.random.Generator) -> Ints:
    """The first week of a block for each draw, first..last weeks back, from a history itself drawn."""
    back = np.arange(first, last + 1)
    weight = faded(pd.Series(back - 1.0)).to_numpy()
    # a history drawn anew holds as many blocks as weeks of equal weight would fill (Kish)
    count = max(round(float(weight.sum() ** 2 / (weight**2).sum()) / BLOCK_WEEKS), 1)
    histories = chance.choice(back, size=(HISTORIES, count), p=weight / weight.sum())
    picked = chance.integers(count, size=(repeats, HISTORIES))
    return np.asarray(histories[np.arange(HISTORIES), picked].reshape(-1), dtype=np.int64)

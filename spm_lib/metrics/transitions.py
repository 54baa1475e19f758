"""How open opportunities move, week by week of their life, learnt from a client's own history.

The life of an opportunity is cut into weeks from its creation. In each it is won, lost, moves to another
stage or stays. The chances of the four depend on the stage and on the age. Only whole weeks before the
cut-off count, of open opportunities as well as decided ones, so slow ones are not taken for lost ones, and
lives before the first outcome on record do not count at all: of those only the survivors are known.

A small history says little of each stage and age by itself. Each cell leans on what its stage and its age
say taken together, and the uncertainty that is left is drawn, not hidden.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.lookup import Integers, Times, at_positions, instants, last_before, positions
from spm_lib.metrics.pipeline import is_present

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: What can become of an open opportunity within a week.
STAYS, MOVES, WINS, LOSES = range(4)
#: First week of each band of age; within a band the chances are the same.
AGE_BANDS = (0, 2, 4, 6, 8, 10, 13, 20)
#: The age from which on nothing changes any more.
OLDEST = AGE_BANDS[-1]
#: How many opportunity-weeks of its own a cell needs to weigh as much as what it leans on.
LEANING_WEEKS = 10.0
#: A week this long ago counts half: people and markets change.
HALF_LIFE_WEEKS = 26.0
#: Ratios of the amount won to the amount held below which a stage leans on all stages together.
MINIMUM_RATIOS = 10

_WEEK = pd.Timedelta(weeks=1)


@dataclass(frozen=True)
class Lives:
    """Every whole week of every opportunity's life before a cut-off.

    Attributes
    ----------
    weeks : pandas.DataFrame
        opportunity (its position among all of them), at (the week's first instant), age (weeks since
        creation), stage (position among the open stages), weight (1 for a week just over, half of it every
        `HALF_LIFE_WEEKS`), event (`STAYS` ...), to (stage it is in afterwards, while open), held (its amount
        then, own currency), final (its amount at the outcome, own currency; missing while open).
    stage_count : int
        Open stages, one more for opportunities in no stage anybody knows.
    """

    weeks: pd.DataFrame
    stage_count: int


@dataclass(frozen=True)
class Chances:
    """What the history says of a week in each stage and at each age, drawn many times.

    Attributes
    ----------
    event : numpy.ndarray, shape (draws, stages, bands, 4)
        Chance of each event.
    to : numpy.ndarray, shape (stages, stages)
        Where a move leads.
    """

    event: Floats
    to: Floats


def stage_positions(stages: pd.DataFrame) -> dict[str, int]:
    """Id of each open stage -> its position among them, 0 first."""
    ordered = stages[stages["category"] == "open"].sort_values(["position", "stage_id"], kind="stable")
    return {str(stage): place for place, stage in enumerate(ordered["stage_id"])}


def lives(
    opportunities: pd.DataFrame,
    outcomes: pd.DataFrame,
    changes: pd.DataFrame,
    stages: pd.DataFrame,
    cutoff: pd.Timestamp,
) -> Lives:
    """Cut every life into weeks.

    Parameters
    ----------
    opportunities, outcomes, changes, stages : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES``, ``SNAPSHOT_OUTCOMES``, ``SNAPSHOT_CHANGES``, ``STAGES``.
    cutoff : pandas.Timestamp
        UTC.
    """
    place = stage_positions(stages)
    weeks = _weeks(opportunities, outcomes, cutoff)
    ids = pd.Index(opportunities["opportunity_id"])
    moved = _log(ids, changes, "stage", lambda said: said.map(place)).known()
    now = opportunities["stage_id"].map(place).fillna(len(place)).to_numpy(dtype=float)[weeks["opportunity"]]
    for column, moment in (("stage", "at"), ("to", "until")):
        held = moved.held(weeks, moment)
        weeks[column] = np.where(np.isnan(held), now, held).astype("int64")
    ended = weeks["event"] != STAYS
    weeks["event"] = weeks["event"].mask(~ended & (weeks["to"] != weeks["stage"]), MOVES)
    priced = _log(ids, changes, "amount", lambda said: pd.to_numeric(said, errors="coerce"))
    weeks["held"], weeks["final"] = priced.held(weeks, "at"), priced.held(weeks, "ended_at")
    return Lives(weeks.drop(columns=["until", "ended_at"]), len(place) + 1)


def chances(history: Lives, draws: int, chance: np.random.Generator) -> Chances:
    """What a history says of a week in each stage and age.

    Parameters
    ----------
    history : Lives
    draws : int
        How often the chances are drawn from what the history leaves possible.
    chance : numpy.random.Generator
    """
    counts = event_counts(history)
    expected = leaned_on(counts)
    shape = counts + LEANING_WEEKS * expected
    drawn = chance.standard_gamma(np.broadcast_to(shape, (draws, *shape.shape)))
    total = drawn.sum(axis=-1, keepdims=True)
    return Chances(drawn / np.where(total > 0, total, 1.0), _destinations(history))


def event_counts(history: Lives) -> Floats:
    """Weighted opportunity-weeks by stage, band of age and event; shape (stages, bands, 4)."""
    weeks = history.weeks
    counts = np.zeros((history.stage_count, len(AGE_BANDS), 4))
    bands = np.searchsorted(AGE_BANDS, weeks["age"].to_numpy(), side="right") - 1
    place = (weeks["stage"].to_numpy(), bands, weeks["event"].to_numpy())
    np.add.at(counts, place, weeks["weight"].to_numpy())
    return counts


def leaned_on(counts: Floats) -> Floats:
    """What a cell is expected to be by its stage and its age taken together: their effects multiplied.

    Parameters
    ----------
    counts : numpy.ndarray, shape (stages, bands, 4)

    Returns
    -------
    numpy.ndarray of the same shape
        Sums to 1 over the events; a history without a single week stays where it is.
    """
    overall = counts.sum(axis=(0, 1))
    total = overall.sum()
    if total == 0:
        return np.broadcast_to(np.array([1.0, 0.0, 0.0, 0.0]), counts.shape).copy()
    overall = overall / total
    by_stage = _leaning(counts.sum(axis=1), overall)
    by_band = _leaning(counts.sum(axis=0), overall)
    product = by_stage[:, None, :] * by_band[None, :, :] / np.where(overall > 0, overall, 1.0)
    return np.asarray(product / product.sum(axis=-1, keepdims=True))


def win_chances(drawn: Chances, stage: Ints, age: Ints, weeks: float) -> Floats:
    """The chance of each opportunity to be won within some weeks.

    Parameters
    ----------
    drawn : Chances
    stage, age : numpy.ndarray of int, shape (n,)
        Position of the stage, whole weeks since creation.
    weeks : float
        A part of a week counts as that part of its chance.

    Returns
    -------
    numpy.ndarray, shape (draws, n)
    """
    whole, part = int(weeks), weeks - int(weeks)
    ages = np.arange(OLDEST + 1)
    band = np.searchsorted(AGE_BANDS, ages, side="right") - 1
    event = drawn.event[:, :, band, :]
    following = np.minimum(ages + 1, OLDEST)
    won = np.zeros(event.shape[:3])
    before = won
    for _ in range(whole + (part > 0)):
        before, later = won, won[:, :, following]
        moved = np.einsum("ij,djk->dik", drawn.to, later)
        won = event[..., WINS] + event[..., MOVES] * moved + event[..., STAYS] * later
    if part > 0:
        won = before + part * (won - before)
    return won[:, stage, np.minimum(age, OLDEST)]


def stage_win_rates(history: Lives) -> Floats:
    """Of the opportunities decided that were ever seen in a stage, the share that was won.

    Returns
    -------
    numpy.ndarray, shape (stages,)
        Missing where none was decided.
    """
    weeks = history.weeks
    ended = weeks[weeks["event"].isin([WINS, LOSES])].set_index("opportunity")["event"].eq(WINS)
    seen = weeks.drop_duplicates(["opportunity", "stage"])
    won = seen["opportunity"].map(ended)
    rates = won.dropna().astype(float).groupby(seen["stage"]).mean()
    return np.asarray(rates.reindex(range(history.stage_count)), dtype=np.float64)


def amount_ratios(history: Lives) -> list[Floats]:
    """By stage: what was won, divided by the amount that stood in the CRM while in that stage.

    A stage seen in fewer than `MINIMUM_RATIOS` won opportunities takes the ratios of all stages; where
    those are too few as well, amounts are taken as they stand.
    """
    weeks = history.weeks
    won = weeks["opportunity"].isin(weeks.loc[weeks["event"] == WINS, "opportunity"])
    known = won & weeks["held"].gt(0) & weeks["final"].gt(0)
    last = weeks[known].drop_duplicates(["opportunity", "stage"], keep="last")
    ratio, stage = (last["final"] / last["held"]).to_numpy(), last["stage"].to_numpy()
    pooled = ratio if len(ratio) >= MINIMUM_RATIOS else np.ones(1)
    own = [ratio[stage == place] for place in range(history.stage_count)]
    return [each if len(each) >= MINIMUM_RATIOS else pooled for each in own]


def faded(weeks_ago: pd.Series) -> pd.Series:
    """What something that long ago still counts: 1 now, half of it every `HALF_LIFE_WEEKS`."""
    return 0.5 ** (weeks_ago / HALF_LIFE_WEEKS)


def weeks_between(earlier: pd.Series, later: pd.Series | pd.Timestamp) -> pd.Series:
    """How many weeks, parts of weeks included, lie between two instants."""
    between: pd.Series = later - earlier
    weeks: pd.Series = between.dt.total_seconds() / _WEEK.total_seconds()
    return weeks


def _weeks(opportunities: pd.DataFrame, outcomes: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """One row per whole week of each life: opportunity, at, until, ended_at, age, weight, event."""
    ends = outcomes.drop_duplicates("opportunity_id").set_index("opportunity_id")
    known = (is_present(opportunities) & opportunities["created_at"].notna()).to_numpy(dtype=bool)
    one = opportunities.loc[known, ["opportunity_id", "created_at"]]
    own = ends[["outcome_at", "outcome"]].reindex(one["opportunity_id"]).set_axis(one.index)
    one = one[["created_at"]].assign(opportunity=np.flatnonzero(known))
    ended_at, won = own["outcome_at"], own["outcome"].eq("won")
    ended = ended_at.notna() & (ended_at < cutoff)
    last = ended_at.where(ended, cutoff)
    lived = weeks_between(one["created_at"], last)
    # the week of the outcome counts when all of it lies before the cut-off, as for those still open
    whole = np.floor(weeks_between(one["created_at"], cutoff).clip(lower=0))
    count = np.minimum(np.where(ended, np.floor(lived) + 1, np.floor(lived)), whole)
    count = np.where(lived >= 0, count, 0).astype("int64")
    weeks = one.assign(ended_at=ended_at.where(ended), won=won, last_age=np.floor(lived)).loc[
        one.index.repeat(count)
    ]
    weeks["age"] = np.concatenate([np.arange(n) for n in count]) if len(count) else 0
    weeks["at"] = weeks["created_at"] + weeks["age"] * _WEEK
    weeks["until"] = weeks["at"] + _WEEK
    decided = weeks["ended_at"].notna() & weeks["age"].eq(weeks["last_age"])
    weeks["event"] = np.where(decided, np.where(weeks["won"], WINS, LOSES), STAYS)
    weeks["weight"] = faded(weeks_between(weeks["until"], cutoff))
    began = outcomes["outcome_at"].min()
    columns = ["opportunity", "at", "until", "ended_at", "age", "weight", "event"]
    counted: pd.DataFrame = weeks.loc[weeks["at"] >= began, columns]
    return counted.reset_index(drop=True)


@dataclass(frozen=True)
class _Log:
    """What a field became: opportunity (its position), moment, value as a number, sorted by the first two."""

    of: Integers
    at: Times
    value: Floats

    def known(self) -> _Log:
        """Without the changes to no value."""
        known = ~np.isnan(self.value)
        return _Log(self.of[known], self.at[known], self.value[known])

    def held(self, weeks: pd.DataFrame, moment: str) -> Floats:
        """The value at a moment of each week; missing before its first change."""
        of, at = weeks["opportunity"].to_numpy(), instants(weeks[moment])
        found = last_before(of, at, self.of, self.at, inclusive=True)
        values: Floats = at_positions(self.value, found, np.nan)
        return values


def _log(ids: pd.Index, changes: pd.DataFrame, field: str, number: Callable[[pd.Series], pd.Series]) -> _Log:
    """The changes of one field of the opportunities with these ids, its values told as numbers."""
    mine = changes.loc[changes["field"].eq(field), ["opportunity_id", "at", "new"]]
    of, at = positions(mine["opportunity_id"], ids), instants(mine["at"])
    order = np.lexsort((at, of))
    order = order[of[order] >= 0]
    return _Log(of[order], at[order], number(mine["new"]).to_numpy(dtype=float)[order])


def _destinations(history: Lives) -> Floats:
    """Where a move leads from each stage; a stage nobody was seen to leave leads to the next one."""
    weeks = history.weeks[history.weeks["event"] == MOVES]
    counts = np.zeros((history.stage_count, history.stage_count))
    following = np.minimum(np.arange(history.stage_count) + 1, history.stage_count - 1)
    counts[np.arange(history.stage_count), following] += 1.0
    np.add.at(counts, (weeks["stage"].to_numpy(), weeks["to"].to_numpy()), 1.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _leaning(counts: Floats, overall: Floats) -> Floats:
    """Rates of each row of counts, leaning on the overall ones."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray((counts + LEANING_WEEKS * overall) / (total + LEANING_WEEKS))

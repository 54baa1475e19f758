"""A logistic regression with a ridge penalty, that only learns from what was known when it had to guess.

Every feature says when it becomes known. One that is known only after the moment of the guess gives the
outcome away ("how long did the call last", "how many days to the close"), and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from spm_lib.errors import MetricError

Floats = npt.NDArray[np.float64]

#: When a feature may become known, in order: those after the landmark are refused.
MOMENTS = ("creation", "landmark", "later", "outcome")
_KNOWN = ("creation", "landmark")
#: Newton steps at most; a penalised likelihood has one peak and is there after a handful.
_STEPS = 100
_ENOUGH = 1e-10


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model.

    Attributes
    ----------
    levels : dict of str to tuple of str or None
        Feature -> its known values, where it is text; an unknown value later counts as none of them.
    centre, scale : numpy.ndarray, shape (k,)
        Of each column of the design.
    weights : numpy.ndarray, shape (k + 1,)
        Per standardised column, the intercept first.
    covariance : numpy.ndarray, shape (k + 1, k + 1)
        Of the weights; robust to several rows of one cluster being alike.
    """

    levels: Mapping[str, tuple[str, ...] | None]
    centre: Floats
    scale: Floats
    weights: Floats
    covariance: Floats

    def design(self, table: pd.DataFrame) -> Floats:
        """The standardised columns of a table, the intercept first."""
        columns = _columns(table, self.levels)
        return np.column_stack([np.ones(len(table)), (columns - self.centre) / self.scale])


def check_known_at(table: pd.DataFrame, known_at: Mapping[str, str], landmark: str = "landmark_at") -> None:
    """Refuse features that are not known at the landmark.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per guess.
    known_at : mapping of str to str
        Feature -> when it becomes known: a word of `MOMENTS`, or the column of `table` that holds the
        instant for each row.
    landmark : str
        The column that holds the instant of the guess, for features known at an instant.

    Raises
    ------
    MetricError
        A feature is not a column, does not say when it is known, or is known too late.
    """
    for feature, moment in known_at.items():
        if feature not in table:
            raise MetricError("no such feature", given=feature, remedy=f"one of {', '.join(table.columns)}")
        if moment in _KNOWN:
            continue
        if moment not in MOMENTS and moment not in table:
            raise MetricError(
                f"the feature {feature!r} does not say when it is known",
                given=moment,
                remedy=f"one of {', '.join(MOMENTS)}, or a column that holds the instant",
            )
        if moment in MOMENTS or bool((table[moment] > table[landmark]).any()):
            raise MetricError(
                f"the feature {feature!r} is not known at the landmark: it would give the outcome away",
                given=moment,
                remedy="leave it out, or count only what was known by then",
            )


def fit(
    table: pd.DataFrame,
    known_at: Mapping[str, str],
    target: str,
    *,
    penalty: float = 1.0,
    free: Mapping[str, float] | None = None,
    cluster: str | None = None,
) -> Model:
    """Fit P(target) by penalised maximum likelihood.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per guess. Text features become one column per value; missing numbers count as the mean.
    known_at : mapping of str to str
        The features, and when each becomes known: see `check_known_at`.
    target : str
        A column of 0 and 1.
    penalty : float
        Precision of the normal prior around 0 on the weight of each standardised column.
    free : mapping of str to float, optional
        Feature -> its own penalty, per unit of the feature and not standardised.
    cluster : str, optional
        Rows with the same value are not independent of each other.

    Returns
    -------
    Model

    Raises
    ------
    MetricError
        A feature is known too late, or there is nothing to learn from.
    """
    check_known_at(table, known_at)
    y = table[target].to_numpy(dtype=float)
    if len(np.unique(y)) < 2:
        raise MetricError(
            f"{target} is the same in every row: there is nothing to learn",
            given=len(table),
            remedy="give rows of both kinds",
        )
    levels = {name: _levels(table[name]) for name in known_at}
    columns = _columns(table, levels)
    centre = np.nanmean(columns, axis=0) if columns.shape[1] else np.empty(0)
    spread = np.nanstd(columns, axis=0) if columns.shape[1] else np.empty(0)
    scale = np.where(spread > 0, spread, 1.0)
    ridge = np.full(columns.shape[1], penalty)
    owner = [name for name, values in levels.items() for _ in (values or (name,))]
    for name, own in (free or {}).items():
        place = owner.index(name)
        # the prior is on the weight per unit: per standardised column it is wider by the scale
        ridge[place] = own / scale[place] ** 2
    model = Model(levels, centre, scale, np.empty(0), np.empty(0))
    x = model.design(table)
    precision = np.diag(np.concatenate([[0.0], ridge]))
    weights = _newton(x, y, precision)
    covariance = _sandwich(x, y, weights, precision, table[cluster] if cluster else None)
    return Model(levels, centre, scale, weights, covariance)


def predict(model: Model, table: pd.DataFrame) -> Floats:
    """The chance of each row, 0-1."""
    return np.asarray(scipy.special.expit(model.design(table) @ model.weights), dtype=float)


def contrast(model: Model, one: pd.DataFrame, other: pd.DataFrame) -> tuple[float, float, float, float]:
    """Mean chance over two versions of the same rows, and how far the difference may be off.

    Returns
    -------
    one, other, difference, error : float
        Mean chances, their difference, and its standard error (delta method).
    """
    means, slopes = [], []
    for table in (one, other):
        x = model.design(table)
        chance = scipy.special.expit(x @ model.weights)
        means.append(float(chance.mean()))
        slopes.append((x * (chance * (1 - chance))[:, None]).mean(axis=0))
    slope = slopes[0] - slopes[1]
    error = float(np.sqrt(max(slope @ model.covariance @ slope, 0.0)))
    return means[0], means[1], means[0] - means[1], error


def auc(chance: npt.ArrayLike, happened: npt.ArrayLike) -> float:
    """How often a row in which it happened had the higher chance; ties count half, NaN without a pair."""
    happened = np.asarray(happened, dtype=bool)
    ranks = pd.Series(np.asarray(chance, dtype=float)).rank().to_numpy()
    yes, no = int(happened.sum()), int((~happened).sum())
    if not yes or not no:
        return float("nan")
    return float((ranks[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def _levels(values: pd.Series) -> tuple[str, ...] | None:
    """The values of a text feature, in order; None of a number."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return None
    return tuple(sorted(values.dropna().astype(str).unique()))


def _columns(table: pd.DataFrame, levels: Mapping[str, tuple[str, ...] | None]) -> Floats:
    """The design before it is standardised: numbers as they are, one column per value of a text."""
    parts = []
    for name, values in levels.items():
        if values is None:
            number = table[name].astype("float64")
            parts.append(number.fillna(number.mean() if number.notna().any() else 0.0).to_numpy())
        else:
            text = table[name].astype("object").to_numpy()
            parts.extend((text == value).astype(float) for value in values)
    return np.column_stack(parts) if parts else np.empty((len(table), 0))


def _newton(x: Floats, y: Floats, precision: Floats) -> Floats:
    """The peak of the penalised likelihood; a step that overshoots is halved."""
    weights = np.zeros(x.shape[1])
    share = np.clip(y.mean(), 1e-6, 1 - 1e-6)
    weights[0] = np.log(share / (1 - share))
    best = _penalised(x, y, weights, precision)
    for _ in range(_STEPS):
        chance = scipy.special.expit(x @ weights)
        slope = x.T @ (y - chance) - precision @ weights
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + precision
        step = scipy.linalg.lstsq(curve, slope)[0]
        while _penalised(x, y, weights + step, precision) < best - _ENOUGH and np.abs(step).max() > _ENOUGH:
            step = step / 2
        weights = weights + step
        best = _penalised(x, y, weights, precision)
        if np.abs(step).max() < _ENOUGH:
            break
    return weights


def _penalised(x: Floats, y: Floats, weights: Floats, precision: Floats) -> float:
    score = x @ weights
    return float(y @ score - np.logaddexp(0, score).sum() - weights @ precision @ weights / 2)


def _sandwich(x: Floats, y: Floats, weights: Floats, precision: Floats, cluster: pd.Series | None) -> Floats:
    """Covariance of the weights: the prior and what the rows, or clusters of rows, really vary by.

    With independent rows it is the usual posterior covariance, near enough.
    """
    chance = scipy.special.expit(x @ weights)
    inverse = scipy.linalg.pinvh((x * (chance * (1 - chance))[:, None]).T @ x + precision)
    score = pd.DataFrame(x * (y - chance)[:, None])
    if cluster is not None:
        score = score.groupby(cluster.to_numpy(), dropna=False).sum()
    meat = score.to_numpy().T @ score.to_numpy() + precision
    return np.asarray(inverse @ meat @ inverse, dtype=float)

"""Counting and adding up by group, so that the rows of a table add up to its total.

The rows whose group is unknown are a row of their own, last, whose group is missing ("unassigned").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from spm_lib.errors import MetricError

#: What outcomes and opportunities can be grouped on.
OUTCOME_GROUPINGS = ("rep_id", "product_line", "territory", "business", "account_id", "lead_source")
#: What open opportunities can be grouped on besides.
PIPELINE_GROUPINGS = (*OUTCOME_GROUPINGS, "stage_id")
#: What activities can be grouped on.
ACTIVITY_GROUPINGS = ("rep_id", "account_id")

# half a millionth of a cent: sums of the same cents in another order must not round apart
_FUZZ = 1e-6


def check_by(metric: str, by: str | None, allowed: Sequence[str]) -> None:
    """Refuse a grouping the metric does not have.

    Raises
    ------
    MetricError
        The message lists the groupings it has.
    """
    if by is not None and by not in allowed:
        raise MetricError(f"{metric} has no such grouping", given=by, remedy=f"one of {', '.join(allowed)}")


def sums(
    rows: pd.DataFrame, columns: Sequence[str], by: str | None, groups: Iterable[str] | None = None
) -> pd.DataFrame:
    """Columns added up by group.

    Parameters
    ----------
    rows : pandas.DataFrame
        Holds `columns` (numbers or flags) and the column `by`.
    columns : sequence of str
    by : str or None
        None makes one row of everything.
    groups : iterable of str, optional
        Groups that get a row of zeros even without rows.

    Returns
    -------
    pandas.DataFrame
        `by` first, then `columns` as floats; sorted by group, the missing group last.
    """
    if by is None:
        values = {column: rows[column].to_numpy("float64", na_value=np.nan) for column in columns}
        return pd.DataFrame({column: [float(np.nansum(value))] for column, value in values.items()})
    numbers = rows[list(columns)].astype("float64")
    added = numbers.groupby(rows[by], dropna=False, sort=True).sum().reset_index().astype({by: "str"})
    absent = sorted(set(groups or ()) - set(added[by].dropna()))
    if not absent:
        return added
    zeros = pd.DataFrame({by: pd.Series(absent, dtype="str"), **dict.fromkeys(columns, 0.0)})
    added = pd.concat([added, zeros], ignore_index=True) if len(added) else zeros
    return added.sort_values(by, kind="stable", na_position="last", ignore_index=True)


def whole(counts: pd.Series) -> pd.Series:
    """Counts as integers, unless shares of a split or missing ones make that impossible."""
    rounded = counts.to_numpy("float64").round(9)
    is_whole = bool((rounded % 1 == 0).all())  # what is missing is not
    kind = "int64" if is_whole else "float64"
    return pd.Series(rounded.astype(kind), index=counts.index, name=counts.name)


def cents(amounts: pd.Series) -> pd.Series:
    """Amounts rounded to cents such that the rows add up to the rounded total.

    The cents that rounding down leaves over go to the rows that lost most (largest remainder); a row
    differs from its exact amount by less than a cent.
    """
    exact = amounts.to_numpy(dtype=float) * 100
    if np.isnan(exact).all():
        return amounts.astype("float64")
    down = np.floor(exact + _FUZZ)
    left = int(np.floor(np.nansum(exact) + 0.5 + _FUZZ) - np.nansum(down))
    lost = np.where(np.isnan(exact), -np.inf, exact - down)
    down[np.argsort(-lost, kind="stable")[:left]] += 1
    return pd.Series(down / 100, index=amounts.index)


def amount_known(amount: pd.Series, rows: pd.Series, priced: pd.Series) -> pd.Series:
    """Summed amounts in cents; missing where there are rows and none of them has an amount."""
    return cents(amount).where((priced > 0) | (rows == 0))

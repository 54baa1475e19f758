"""A converted column: its values, and why some texts have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Converted:
    """One column of one file, typed.

    Attributes
    ----------
    values : pandas.Series
        In the order of the texts; missing where the text was, or could not be read.
    faults : pandas.Series of str
        Position -> why that text was refused. Only the refused ones are listed.
    notes : tuple of str
        What is worth saying of the column as a whole.
    """

    values: pd.Series
    faults: pd.Series
    notes: tuple[str, ...] = ()

    def fault_list(self) -> list[tuple[int, str]]:
        """Position and reason of every refused text."""
        return list(zip(self.faults.index.to_numpy().tolist(), self.faults.tolist(), strict=True))


Convert = Callable[[pd.Series], tuple[pd.Series, pd.Series]]


def by_distinct(text: pd.Series, convert: Convert) -> Converted:
    """Convert every distinct text once.

    Parameters
    ----------
    text : pandas.Series of str
    convert : callable
        Distinct texts -> their values, and their reasons of refusal (missing where there is none).
    """
    codes, found = pd.factorize(text)
    distinct = pd.Series(found, dtype="str")
    values, reasons = (one.reset_index(drop=True) for one in convert(distinct))
    # nothing that stands in a file may turn into nothing without a word
    reasons = reasons.mask(values.isna() & reasons.isna(), "cannot be read as it is written")
    taken = values.reindex(codes).reset_index(drop=True)
    why = reasons.reindex(codes).reset_index(drop=True)
    return Converted(taken, why[why.notna()].astype("str"))


def because(bad: pd.Series, reason: str) -> pd.Series:
    """The reason where `bad`, missing elsewhere."""
    return pd.Series(np.where(bad, reason, ""), index=bad.index, dtype="str").where(bad)


def cast(values: pd.Series, dtype: str) -> pd.Series:
    """The values in a pandas type given by its name."""
    typed: pd.Series = values.astype(dtype)  # type: ignore[call-overload]
    return typed


def no_faults() -> pd.Series:
    """The faults of a column that has none."""
    return pd.Series(index=np.array([], dtype="int64"), dtype="str")

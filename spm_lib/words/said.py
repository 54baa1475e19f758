"""What every sentence is made of: a number with its noun, parts of a list."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from spm_lib import style

Row = Mapping[Hashable, Any] | pd.Series


def counted(number: float, one: str, many: str = "") -> str:
    """A number with its noun: "1 week", "12 weeks"; a plural other than -s is given."""
    return f"{style.count(number)} {one if number == 1 else many or one + 's'}"


def opportunities(number: float) -> str:
    """So many of them: "1 opportunity", "12 opportunities"."""
    return counted(number, "opportunity", "opportunities")


def listed(parts: list[str]) -> str:
    """Parts of a sentence: "a", "a and b", "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def capital(sentence: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return sentence[:1].upper() + sentence[1:]


def of_decided(row: Row) -> str:
    """The n that goes with every rate: "14 of 31"."""
    return f"{style.count(row['won_count'])} of {style.count(row['decided_count'])}"

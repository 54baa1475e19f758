"""Frames with the promised columns and types, empty ones too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd


def typed(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame of these columns and types; days become timestamps."""
    told = list(rows)
    return pd.DataFrame(
        {name: _column([row.get(name) for row in told], kind) for name, kind in columns.items()}
    )


def _column(values: list[object], kind: Any) -> pd.Series:
    given = pd.Series(values, dtype="object")
    return (pd.to_datetime(given) if kind.startswith("datetime") else given).astype(kind)

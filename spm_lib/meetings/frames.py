"""Frames with the promised columns and types, empty ones too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd


def typed(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame of these columns and types; days become timestamps."""
    table = pd.DataFrame(list(rows), columns=list(columns))
    for name, kind in columns.items():
        if kind.startswith("datetime"):
            table[name] = pd.to_datetime(table[name])
    return table.astype(dict(columns))

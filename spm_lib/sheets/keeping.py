"""The tables behind a page, kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd


def keep_tables(folder: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write tables as parquet into a folder, which is made where it is missing; nowhere when it is empty.

    Parameters
    ----------
    folder : path
    tables : mapping
        Name of the file, without its ending -> table.
    """
    if not folder:
        return
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(place / f"{name}.parquet", index=False)

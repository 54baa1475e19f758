"""Which exports the numbers of a page rest on, each table's once, and why rows of them were refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

#: Folder of the refused rows, below a client's.
QUARANTINE = "quarantine"


def exports_that_stand(drops: pd.DataFrame) -> pd.DataFrame:
    """The latest full export of every table, and what came after it in parts.

    An export of everything holds the rows of the one before again: counted together, a row that is refused
    every week would count once a week.

    Parameters
    ----------
    drops : pandas.DataFrame
        Of a snapshot: batch_id, as_of, scope, tables, rows_read, quarantined.

    Returns
    -------
    pandas.DataFrame
        Rows of it, oldest first.
    """
    names = drops["tables"].str.split(",")
    keep: set[int] = set()
    for table in sorted({name for some in names for name in some}):
        brought = drops[names.map(lambda some, one=table: one in some)]
        full = brought.loc[brought["scope"].eq("full"), "as_of"]
        since = brought if full.empty else brought[brought["as_of"].ge(full.max())]
        keep |= set(since.index)
    return drops.loc[sorted(keep)].sort_values("as_of", kind="stable")


def refused_for(folder: Path, drops: pd.DataFrame) -> list[tuple[str, int]] | None:
    """Why rows were refused and how many for each reason, the commonest first.

    Parameters
    ----------
    folder : pathlib.Path
        The client's.
    drops : pandas.DataFrame
        The exports asked about.

    Returns
    -------
    list of tuple of str and int, or None
        "column: reason" -> rows. None where a list of refused rows is not on file, so that it is not known.
    """
    frames = []
    for batch in drops.loc[drops["quarantined"].gt(0), "batch_id"]:
        found = sorted((folder / QUARANTINE).glob(f"*-{str(batch)[:8]}.csv"))
        if not found:
            return None
        frames.append(pd.read_csv(found[-1], dtype="str", keep_default_na=False))
    if not frames:
        return []
    rows = pd.concat(frames, ignore_index=True)
    said = rows["reason"].where(rows["column"].eq(""), rows["column"] + ": " + rows["reason"])
    counts = said.value_counts()
    return sorted(((str(why), int(n)) for why, n in counts.items()), key=lambda one: (-one[1], one[0]))

"""Outcomes made at random, whole and split, with and without rep and amount; and SQL to count them."""

from __future__ import annotations

from functools import cache

import duckdb
import pandas as pd
from hypothesis import strategies as st

from tests.metrics.frames import outcomes

_DAYS = st.integers(7, 17).map(lambda day: f"2026-11-{day:02d} 00:00")
_CENTS = st.one_of(st.none(), st.integers(0, 10_000_000).map(lambda cents: cents / 100))
_REPS = st.sampled_from(["ana", "ben", "cy", None])


@st.composite
def outcome_frames(draw: st.DrawFn) -> pd.DataFrame:
    """Up to 12 opportunities, each of one rep or split between two."""
    rows = []
    for number in range(draw(st.integers(0, 12))):
        shared = {
            "opportunity_id": f"o{number}",
            "outcome": draw(st.sampled_from(["won", "lost", "disqualified"])),
            "outcome_at": draw(_DAYS),
            "product_line": draw(st.sampled_from(["pumps", "pipes", None])),
        }
        amount, rep = draw(_CENTS), draw(_REPS)
        if rep is None or draw(st.booleans()):
            rows.append({**shared, "rep_id": rep, "amount": amount})
            continue
        share = draw(st.sampled_from([0.25, 0.5, 0.6]))
        for name, part in ((rep, share), ("dee", 1 - share)):
            own = None if amount is None else round(amount * part, 2)
            rows.append({**shared, "rep_id": name, "share_rate": part, "amount": own})
    return outcomes(*rows)


@cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("set timezone = 'UTC'; set threads = 1")
    return database


def sql(query: str, **frames: pd.DataFrame) -> pd.DataFrame:
    """The result of a DuckDB query over frames; its session runs in UTC."""
    for name, frame in frames.items():
        _database().register(name, frame.astype(dict.fromkeys(frame.select_dtypes("string").columns, object)))
    return _database().execute(query).df()

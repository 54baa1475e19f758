"""Canonical tables typed in: each row names only what its test is about."""

from __future__ import annotations

import pandas as pd

from spm_lib import schemas
from spm_lib.periods import Period, week

ZONE = "America/Chicago"


def when(text: str, zone: str = ZONE) -> pd.Timestamp:
    """An instant of the client's clock, as UTC: when("2026-11-09 10:00")."""
    return pd.Timestamp(text).tz_localize(zone).tz_convert("UTC")


def one_week(label: str = "2026-W46", **options: str) -> Period:
    """A week of the client; 2026-W46 is Monday 9 to Sunday 15 November."""
    return week(label, **{"time_zone": ZONE, **options})


def table(shape: schemas.Table, rows: tuple[dict[str, object], ...], **defaults: object) -> pd.DataFrame:
    """Rows as a canonical table; instants are given as the client's clock, days as text."""
    filled = [{**defaults, **row} for row in rows]
    if not filled:
        return shape.empty()
    typed = {}
    for name in dict.fromkeys(key for row in filled for key in row):
        values = [row.get(name) for row in filled]
        if shape.column(name).kind == "timestamp":
            values = [when(value) if isinstance(value, str) else value for value in values]
        if shape.column(name).kind in ("timestamp", "date"):
            dtype = schemas.DTYPES[shape.column(name).kind]
            typed[name] = pd.Series(pd.to_datetime(values, utc="UTC" in dtype)).astype(dtype)
        else:
            typed[name] = pd.Series(values, dtype=schemas.DTYPES[shape.column(name).kind])
    return shape.conform(pd.DataFrame(typed))


def outcomes(*rows: dict[str, object]) -> pd.DataFrame:
    """Outcomes of one opportunity each, whole shares, in 2026-W46, unless a row says otherwise."""
    numbered = tuple({"opportunity_id": f"o{n}", **row} for n, row in enumerate(rows))
    return table(
        schemas.SNAPSHOT_OUTCOMES, numbered, rep_id="ana", share_rate=1.0, outcome_at="2026-11-11 12:00"
    )


def opportunities(*rows: dict[str, object]) -> pd.DataFrame:
    """Open, present opportunities of one rep, unless a row says otherwise."""
    numbered = tuple({"opportunity_id": f"o{n}", **row} for n, row in enumerate(rows))
    return table(schemas.SNAPSHOT_OPPORTUNITIES, numbered, rep_id="ana", status="open", presence="present")


def activities(*rows: dict[str, object]) -> pd.DataFrame:
    """Calls done on Wednesday of 2026-W46, unless a row says otherwise."""
    numbered = tuple({"activity_id": f"a{n}", **row} for n, row in enumerate(rows))
    return table(
        schemas.ACTIVITIES, numbered, kind="call", rep_id="ana", at="2026-11-11 10:00", status="done"
    )


def changes(*rows: dict[str, object]) -> pd.DataFrame:
    """Changes known at once."""
    filled = tuple({"recorded_at": row["at"], "evidence": "vendor_event", **row} for row in rows)
    return table(schemas.SNAPSHOT_CHANGES, filled)


def stages() -> pd.DataFrame:
    """Two open stages, then won, then lost."""
    rows = (
        {"stage_id": "s1", "name": "First talk", "category": "open", "position": 1, "expected_days": 14.0},
        {"stage_id": "s2", "name": "Proposal", "category": "open", "position": 2, "expected_days": 10.0},
        {"stage_id": "won", "name": "Won", "category": "won", "position": 3},
        {"stage_id": "lost", "name": "Lost", "category": "lost", "position": 4},
    )
    return table(schemas.STAGES, rows)


def quotas(*rows: dict[str, object]) -> pd.DataFrame:
    """Goals for the fourth quarter of 2026, unless a row says otherwise."""
    return table(schemas.QUOTAS, rows, period_start="2026-10-01", period_end="2027-01-01")


def rules(*rules: tuple[str, float]) -> pd.DataFrame:
    """Hygiene rules as (id, limit)."""
    rows = [(rule, limit, "crm_usage", "v1") for rule, limit in rules]
    return pd.DataFrame(rows, columns=["rule", "limit", "document", "version"])


def received(until: str = "2026-11-16 00:00") -> dict[str, pd.Timestamp]:
    """Every table received until an instant of the client's clock."""
    return {"opportunities": when(until), "activities": when(until)}

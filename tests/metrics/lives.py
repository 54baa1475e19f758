"""Lives of opportunities made at random: created, moved, pushed, closed or open, some badly recorded."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from hypothesis import strategies as st

from tests.metrics.frames import changes, opportunities, outcomes, when

CUTOFF = when("2026-11-16 00:00")
_FIRST = pd.Timestamp("2026-09-07")
_LAST = 69  # days from the first to 15 November, the day before the cut-off
_STAGES = ("s1", "s2", "s3", "gone")


@dataclass(frozen=True)
class Lives:
    """One client at the cut-off, as a snapshot would show it."""

    opportunities: pd.DataFrame
    outcomes: pd.DataFrame
    changes: pd.DataFrame


def on(day: int, hour: int) -> str:
    """An instant of the client's clock, so many days after the first."""
    return f"{_FIRST + pd.Timedelta(days=day):%Y-%m-%d} {hour:02d}:00"


@st.composite
def lives(draw: st.DrawFn) -> Lives:
    """Up to 14 opportunities."""
    shown: list[dict[str, object]] = []
    ended: list[dict[str, object]] = []
    moved: list[dict[str, object]] = []
    for number in range(draw(st.integers(0, 14))):
        state = draw(st.sampled_from(["open", "open", "won", "won", "lost", "disqualified", "undated"]))
        born = draw(st.integers(0, _LAST))
        died = min(max(born + draw(st.integers(-2, 50)), 0), _LAST)
        presence = draw(st.sampled_from(["present"] * 6 + ["merged", "deleted", "absent"]))
        one = {
            "opportunity_id": f"o{number}",
            "created_at": draw(st.sampled_from([on(born, 10)] * 6 + [None])),
            "amount": draw(st.sampled_from([None, 100.0, 250.5])),
            "product_line": draw(st.sampled_from(["pumps", "pipes", None])),
        }
        rep = draw(st.sampled_from(["ana", "ben", None]))
        dated = state in ("won", "lost", "disqualified")
        end = on(died, draw(st.sampled_from([9, 15]))) if dated else None
        status = "won" if state == "undated" else state
        shown.append({**one, "rep_id": rep, "status": status, "presence": presence, "outcome_at": end})
        if dated and presence not in ("merged", "deleted"):
            share = draw(st.sampled_from([1.0, 0.25])) if rep else 1.0
            credited = {**one, "outcome": state, "outcome_at": end}
            ended.append({**credited, "rep_id": rep, "share_rate": share})
            if share < 1:
                ended.append({**credited, "rep_id": "cy", "share_rate": 1 - share})
        last = died if dated else _LAST
        moved += _path(draw, f"o{number}", min(born, last), last)
        moved += _dates(draw, f"o{number}")
    return Lives(opportunities(*shown), outcomes(*ended), changes(*moved))


def _path(draw: st.DrawFn, name: str, born: int, last: int) -> list[dict[str, object]]:
    """Entries into stages, forwards and backwards, one at most on a day."""
    days = sorted(draw(st.sets(st.integers(born, last), max_size=4)))
    path, before = [], None
    for day in days:
        stage = draw(st.sampled_from(_STAGES))
        path.append({"opportunity_id": name, "field": "stage", "old": before, "new": stage, "at": on(day, 9)})
        before = stage
    return path


def _dates(draw: st.DrawFn, name: str) -> list[dict[str, object]]:
    """Moves of the expected close, to and fro."""
    days = sorted(draw(st.sets(st.integers(0, _LAST), max_size=5)))
    made, before = [], None
    for day in days:
        new = draw(st.sampled_from(["2026-11-10", "2026-11-20", "2026-12-01", "2026-12-24", None]))
        made.append(
            {"opportunity_id": name, "field": "expected_close", "old": before, "new": new, "at": on(day, 11)}
        )
        before = new
    return made

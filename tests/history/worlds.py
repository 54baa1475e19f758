"""Hidden worlds: every event of a few opportunities, exactly; what weekly drops show of it; what is true.

Plain python loops that know nothing of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from hypothesis import strategies as st

from tests.history.typed_in import drop

WEEKS = 3
START = pd.Timestamp("2026-10-05T00:00:00Z")
MINUTES = WEEKS * 7 * 24 * 60
VALUES = {
    "stage": ("new", "qualified", "quoted"),
    "status": ("open", "won", "lost", "disqualified"),
    "amount": ("100.00", "250.50", None),
    "rep": ("ana", "ben", "cy", None),
    "expected_close": ("2026-11-02", "2026-12-24", None),
}
#: Field -> its column in a snapshot.
SHOWN = {
    "stage": "stage_id",
    "status": "status",
    "amount": "amount_original",
    "rep": "rep_id",
    "expected_close": "expected_close",
}


@dataclass(frozen=True)
class Life:
    """One opportunity: created in some minute with some values, then its events (minute, field, value)."""

    number: str
    created: int
    first: dict
    events: tuple
    removed: int

    def state(self, minute):
        """The fields at a minute: whatever happened before it."""
        return self.first | {field: value for moment, field, value in self.events if moment < minute}


def moment(minute):
    """A minute of the world as an instant."""
    return START + pd.Timedelta(minutes=minute)


def drop_minutes():
    """When the weekly drops are taken."""
    return [week * 7 * 24 * 60 for week in range(1, WEEKS + 1)]


@st.composite
def lives(draw, removable=False):
    """One to three lives; no two things happen in one minute, and none when a drop is taken."""
    count = draw(st.integers(1, 3))
    happening = st.integers(1, MINUTES - 1).filter(lambda minute: minute % (7 * 24 * 60))
    minutes = iter(sorted(draw(st.lists(happening, min_size=count, max_size=count + 9, unique=True))))
    found = []
    for number in range(count):
        found.append({"created": next(minutes), "events": [], "now": {}})
        first = {field: draw(st.sampled_from(values)) for field, values in VALUES.items()}
        first["status"] = "open"
        found[-1] |= {"number": str(number), "first": first, "now": dict(first)}
    for minute in minutes:
        life = draw(st.sampled_from(found))
        field = draw(st.sampled_from(sorted(VALUES)))
        value = draw(st.sampled_from([one for one in VALUES[field] if one != life["now"][field]]))
        happens = minute > life["created"] and (field != "stage" or life["now"]["status"] == "open")
        for what, new in _together(field, value) if happens else ():
            life["events"].append((minute, what, new))
            life["now"][what] = new
    return [
        Life(
            life["number"],
            life["created"],
            life["first"],
            tuple(life["events"]),
            draw(st.sampled_from(drop_minutes())) if removable and draw(st.booleans()) else MINUTES + 1,
        )
        for life in found
    ]


def _together(field, value):
    """Closing enters the closed stage, reopening an open one."""
    if field != "status":
        return [(field, value)]
    return [("stage", "qualified" if value == "open" else value), ("status", value)]


def weekly(world, logged=(), *, with_modified=False):
    """The drops of a world; each brings what was logged of some fields by then."""
    drops = []
    for minute in drop_minutes():
        shown = [life for life in world if life.created < minute < life.removed]
        tables = {"opportunities": [_row(life, minute, with_modified) for life in shown]}
        if logged:
            tables["changes"] = [row for life in shown for row in _logged(life, minute, logged)]
        drops.append(drop(moment(minute).isoformat(), **tables))
    return drops


def _row(life, minute, with_modified):
    now = life.state(minute)
    happened = [at for at, _, _ in life.events if at < minute]
    row = {
        "opportunity_id": life.number,
        "created_at": moment(life.created).isoformat(),
        "stage_id": now["stage"],
        "status": now["status"],
        "amount": float(now["amount"]) if now["amount"] else None,
        "rep_id": now["rep"],
        "expected_close": now["expected_close"],
    }
    if with_modified:
        row["modified_at"] = moment(max([life.created, *happened])).isoformat()
    return row


def _logged(life, minute, fields):
    now = dict(life.first)
    for at, field, value in life.events:
        old, now[field] = now[field], value
        if at < minute and field in fields:
            yield {
                "opportunity_id": life.number,
                "field": field,
                "old": old,
                "new": value,
                "at": moment(at).isoformat(),
                "evidence": "vendor_event",
            }


def shown_state(opportunities):
    """Opportunity -> its fields in a snapshot, as text as `VALUES` spells them."""
    return {
        str(row["opportunity_id"]): {field: as_text(row[column]) for field, column in SHOWN.items()}
        for row in opportunities.to_dict("records")
    }


def as_text(value):
    """A cell as a change table writes it."""
    if pd.isna(value):
        return None
    if isinstance(value, float):
        return f"{value:.2f}"
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)

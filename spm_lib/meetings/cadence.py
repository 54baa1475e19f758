"""Which meetings were promised, held, or missed with a reason; and when the next one is due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from spm_lib.client import Client
from spm_lib.errors import ClientError
from spm_lib.meetings.files import Meeting, Meetings
from spm_lib.meetings.frames import typed
from spm_lib.meetings.models import KINDS, WITH_A_REP

#: Every so many days, or dated steps (from this day on, every so many days): a promise may taper.
Every = int | Sequence[tuple[date, int]]

PROMISE_COLUMNS = {
    "kind": "str",
    "rep_id": "str",
    "starts_on": "datetime64[us]",
    "due_on": "datetime64[us]",
    "state": "str",
    "held_on": "datetime64[us]",
    "reason": "str",
    "source": "str",
}
CADENCE_COLUMNS = {
    "kind": "str",
    "rep_id": "str",
    "every_days": "Int64",
    "promised_count": "Int64",
    "held_count": "Int64",
    "missed_count": "Int64",
    "unrecorded_count": "Int64",
    "last_held_on": "datetime64[us]",
    "next_due_on": "datetime64[us]",
    "overdue_days": "Int64",
}


@dataclass(frozen=True)
class _Series:
    """One kind of meeting, with one rep where it is with a rep, and the days its promise holds."""

    kind: str
    rep: str | None
    since: date
    until: date
    steps: tuple[tuple[date, int], ...]

    def days(self, on: date) -> int | None:
        """Every how many days, by the step in force on a day."""
        return next((days for begins, days in reversed(self.steps) if begins <= on), None)

    def windows(self) -> Iterator[tuple[date, date]]:
        """First and last day of every stretch that has ended and asked for one meeting."""
        start = max(self.since, self.steps[0][0])
        while days := self.days(start):
            last = start + timedelta(days=days - 1)
            if last > self.until:
                return
            yield start, last
            start = last + timedelta(days=1)

    def next_due(self, last_held: date | None) -> date:
        """The last day on which the next meeting is in time."""
        start = max(self.since, self.steps[0][0])
        if last_held is None or last_held < start:
            return start + timedelta(days=(self.days(start) or 1) - 1)
        return last_held + timedelta(days=self.days(last_held) or 1)


def promises(
    meetings: Meetings, promised: Mapping[str, Every], client: Client, since: date, on: date
) -> pd.DataFrame:
    """Every promised meeting whose time has passed, and what became of it.

    The time is cut into stretches of the promised length from `since` on (for a rep who joined later, from
    that day; for an improvement plan, from its first meeting on); each asks for one meeting. One that was
    moved into the stretch before or after counts, where that has one to spare.

    Parameters
    ----------
    meetings : Meetings
    promised : mapping
        Kind -> every how many days, or dated steps.
    client : Client
    since : datetime.date
        The promise is counted from this day on.
    on : datetime.date
        The day of the look; meetings after it are not known yet.

    Returns
    -------
    pandas.DataFrame
        `PROMISE_COLUMNS`, by kind, rep as in client.yaml, and time. due_on: last day of the stretch; state:
        "held", "missed" (with the reason on record) or "not recorded"; source: the file, missing where
        there is none.

    Raises
    ------
    ClientError
        The promise names no kind of meeting, or no days.
    """
    rows: list[dict[str, object]] = []
    for series in _series(meetings, promised, client, since, on):
        rows += _kept(series, _own(meetings, series))
    return typed(rows, PROMISE_COLUMNS)


def cadence(
    meetings: Meetings, promised: Mapping[str, Every], client: Client, since: date, on: date
) -> pd.DataFrame:
    """Promised, held and missed meetings per kind and rep, and when the next one is due.

    Parameters
    ----------
    meetings, promised, client, since, on
        As in `promises`.

    Returns
    -------
    pandas.DataFrame
        `CADENCE_COLUMNS`: one row per kind, and per rep who is there on that day. promised_count =
        held_count + missed_count (with a reason) + unrecorded_count; every_days: the step in force;
        next_due_on: so many days after the last meeting held; overdue_days: since then, missing when it has
        not passed.

    Raises
    ------
    ClientError
        The promise names no kind of meeting, or no days.
    """
    rows = []
    for series in _series(meetings, promised, client, since, on):
        if series.until < on:  # a rep who has left is owed no further meeting
            continue
        own = _own(meetings, series)
        states = [row["state"] for row in _kept(series, own)]
        last = max((one.on for one in own if one.held), default=None)
        due = series.next_due(last)
        rows.append(
            {
                "kind": series.kind,
                "rep_id": series.rep,
                "every_days": series.days(on),
                "promised_count": len(states),
                "held_count": states.count("held"),
                "missed_count": states.count("missed"),
                "unrecorded_count": states.count("not recorded"),
                "last_held_on": last,
                "next_due_on": due,
                "overdue_days": (on - due).days if due < on else None,
            }
        )
    return typed(rows, CADENCE_COLUMNS)


def _series(
    meetings: Meetings, promised: Mapping[str, Every], client: Client, since: date, on: date
) -> Iterator[_Series]:
    """Every series of meetings that was promised and has begun."""
    for kind, every in promised.items():
        steps = _steps(kind, every)
        if steps[0][0] > on:
            continue
        if kind not in WITH_A_REP:
            yield _Series(kind, None, since, on, steps)
            continue
        for rep in client.reps:
            starts = max(since, rep.starts_on or since)
            until = min(on, rep.ends_on - timedelta(days=1)) if rep.ends_on else on
            if kind == "improvement":  # promised only to a rep who has a plan
                first = [one.on for one in meetings.held(on) if (one.kind, one.rep) == (kind, rep.id)]
                starts = max(starts, min(first, default=date.max))
            if starts <= until:
                yield _Series(kind, rep.id, starts, until, steps)


def _steps(kind: str, every: Every) -> tuple[tuple[date, int], ...]:
    """A promise as dated steps."""
    steps = ((date.min, every),) if isinstance(every, int) else tuple(sorted(every))
    if kind not in KINDS or not steps or any(days < 1 for _, days in steps):
        raise ClientError(
            "not a promise of meetings",
            where=f"cadence of {kind}",
            given=every,
            remedy=f"give each of {', '.join(KINDS)} a number of days, one at least",
        )
    return steps


def _own(meetings: Meetings, series: _Series) -> list[Meeting]:
    """The meetings of a series until its end, oldest first."""
    own = (one for one in meetings.all if (one.kind, one.rep) == (series.kind, series.rep))
    return [one for one in own if one.on <= series.until]


def _kept(series: _Series, own: list[Meeting]) -> list[dict[str, object]]:
    """What became of every stretch: its own meeting, one to spare beside it, a reason, or nothing."""
    windows = list(series.windows())
    inside = [[one for one in own if start <= one.on <= last] for start, last in windows]
    held = [[one for one in some if one.held] for some in inside]
    # the stretch that has not ended asks for none yet, so all but one of its meetings are to spare
    begun = windows[-1][1] if windows else None
    later = [one for one in own if one.held and begun is not None and one.on > begun]
    spare = [some[1:] for some in held] + [later[1:]]
    rows: list[dict[str, object]] = []
    for number, (start, last) in enumerate(windows):
        found = held[number][0] if held[number] else None
        if found is None:
            beside = [*(spare[number - 1] if number else []), *spare[number + 1]]
            found = beside[0] if beside else None
            for some in spare:
                if found in some:
                    some.remove(found)
        missed = next((one for one in inside[number] if not one.held), None) if found is None else None
        known = found or missed
        rows.append(
            {
                "kind": series.kind,
                "rep_id": series.rep,
                "starts_on": start,
                "due_on": last,
                "state": "held" if found else "missed" if missed else "not recorded",
                "held_on": found.on if found else None,
                "reason": missed.front.missed if missed else None,
                "source": known.file if known else None,
            }
        )
    return rows

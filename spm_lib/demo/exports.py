"""What every vendor's export has in common: the state at one moment, and CSV bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from spm_lib.demo.model import CLOSED, Activity, Opportunity, World


class File(NamedTuple):
    """A file of a client folder: where in it, its bytes, and when it was made (None: no matter)."""

    path: PurePosixPath
    content: bytes
    made_at: datetime | None = None


@dataclass(frozen=True)
class Shown:
    """An opportunity as its CRM shows it at one moment.

    Attributes
    ----------
    one : Opportunity
    rep, stage, amount, expected_close, lost_reason
        The values at the moment; `stage` is a position or one of ``model.CLOSED``.
    entered : dict
        Stage -> when it was last entered.
    modified_at : datetime.datetime
    last_activity_on, next_activity_on : datetime.date, optional
    contact_count : int
    """

    one: Opportunity
    rep: str
    stage: int | str
    amount: float | None
    expected_close: date | None
    lost_reason: str | None
    entered: dict[int | str, datetime]
    modified_at: datetime
    last_activity_on: date | None
    next_activity_on: date | None
    contact_count: int

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed; None while open."""
        return self.entered[self.stage] if self.stage in CLOSED else None

    @property
    def open_stage(self) -> int:
        """The open stage it is in, or was closed from."""
        reached = [(at, stage) for stage, at in self.entered.items() if isinstance(stage, int)]
        return max(reached)[1]


def shown(one: Opportunity, moment: datetime) -> Shown:
    """An opportunity as its CRM shows it at a moment."""
    changes = one.until(moment)
    last: dict[str, Any] = one.state(moment)
    done = [activity for activity in one.activities if activity.logged_at <= moment]
    planned = [activity for activity in one.activities if is_planned(activity, moment)]
    closed = last["stage"] in CLOSED
    return Shown(
        one=one,
        rep=last["rep"],
        stage=last["stage"],
        amount=last["amount"],
        expected_close=last["expected_close"],
        lost_reason=last.get("lost_reason") if closed else None,
        entered={change.value: change.at for change in changes if change.field == "stage"},  # type: ignore[misc]
        modified_at=max([changes[-1].at, *(activity.logged_at for activity in done)]),
        last_activity_on=max((activity.at.date() for activity in done), default=None),
        next_activity_on=None if closed else min((activity.at.date() for activity in planned), default=None),
        contact_count=len({contact(activity) for activity in done} | {one.account * 10 + 1}),
    )


def shown_all(world: World, moment: datetime) -> list[Shown]:
    """Every opportunity the CRM holds at a moment."""
    return [shown(one, moment) for one in world.present(moment)]


def is_planned(activity: Activity, moment: datetime) -> bool:
    """Whether it stands in the calendar at a moment, not yet written down as done."""
    return activity.planned_at is not None and activity.planned_at <= moment < activity.logged_at


def contact(activity: Activity) -> int:
    """The person spoken to: the second one of an account decides."""
    return activity.account * 10 + (2 if activity.decision_maker else 1)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]], *, quote: int) -> bytes:
    """A CSV file; None is the empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=quote, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return buffer.getvalue().encode()


def minute(at: datetime | None) -> str | None:
    """A time without seconds."""
    return at.isoformat(" ", "minutes") if at else None


def clock(seconds: int | None) -> str | None:
    """A duration as hh:mm:ss."""
    if seconds is None:
        return None
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def last_instant(day: date) -> datetime:
    """The end of a day, by the business's clock."""
    return datetime.combine(day, time.max)


def utc(at: datetime, time_zone: str) -> datetime:
    """A moment of the business's clock in UTC."""
    return at.replace(tzinfo=ZoneInfo(time_zone)).astimezone(ZoneInfo("UTC"))


def made_at(day: date, time_zone: str) -> datetime:
    """When the export of a Sunday is taken: late that evening."""
    return utc(datetime.combine(day, time(23, 30)), time_zone)


def sundays(first: date, last: date, every: int = 1) -> list[date]:
    """Every so many Sundays from `first` (one itself) to `last`, both included."""
    count = (last - first).days // (7 * every) + 1
    return [first + timedelta(weeks=every * place) for place in range(max(count, 0))]

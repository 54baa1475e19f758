"""Weeks, months, quarters and years of a client. Half-open, in its time zone; the clock is never read.

A period holds plain dates and knows its time zone, so a Saturday-night call stays in its week whatever
UTC says, and the week of a clock change has 167 or 169 hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pandas as pd

from spm_lib.errors import UsageError

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK_LABEL = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True)
class Period:
    """Days from `start` (included) to `end` (not included), in one time zone.

    Attributes
    ----------
    start, end : datetime.date
    label : str
        How a page names it: "2026-W46", "Q4 2026".
    time_zone : str
        IANA name.
    """

    start: date
    end: date
    label: str = ""
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise UsageError(
                "a period ends before it starts",
                given=f"{self.start} to {self.end}",
                remedy="give --from a day before --to",
            )

    @property
    def start_at(self) -> pd.Timestamp:
        """The first instant, UTC."""
        return midnight(self.start, self.time_zone)

    @property
    def end_at(self) -> pd.Timestamp:
        """The first instant after it, UTC: the cut-off of a review of this period."""
        return midnight(self.end, self.time_zone)

    @property
    def last_day(self) -> date:
        """The last day in it."""
        return self.end - timedelta(days=1)

    @property
    def day_count(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def holds(self, at: pd.Series) -> pd.Series:
        """Which instants fall into the period; missing ones do not.

        Parameters
        ----------
        at : pandas.Series of timezone-aware timestamps
        """
        return (at >= self.start_at) & (at < self.end_at)

    def holds_day(self, on: pd.Series) -> pd.Series:
        """Which dates (naive, midnight) fall into the period; missing ones do not."""
        return (on >= pd.Timestamp(self.start)) & (on < pd.Timestamp(self.end))

    def until(self, end: date) -> Period:
        """The part of the period before `end`."""
        return Period(self.start, min(max(end, self.start), self.end), self.label, self.time_zone)


@cache
def midnight(day: date, time_zone: str) -> pd.Timestamp:
    """The first instant of a day in a time zone, as UTC."""
    return pd.Timestamp(datetime.combine(day, time.min, tzinfo=ZoneInfo(time_zone))).tz_convert("UTC")


def week(label: str, *, starts_on: str = "monday", time_zone: str = "UTC") -> Period:
    """The week an ISO label names.

    Parameters
    ----------
    label : str
        "2026-W46".
    starts_on : str
        First day of the client's week. A week that starts on Sunday is the one whose Monday is the ISO
        week's Monday, so it begins the day before; any other start begins inside the ISO week.
    time_zone : str

    Raises
    ------
    UsageError
        The label is not an ISO week, or that year has no such week.
    """
    match = _WEEK_LABEL.fullmatch(label)
    if match is None:
        raise UsageError("not an ISO week", given=label, remedy="write it like 2026-W46")
    year, number = int(match[1]), int(match[2])
    try:
        monday = date.fromisocalendar(year, number, 1)
    except ValueError:
        last = date(year, 12, 28).isocalendar().week if year > 0 else 52
        raise UsageError(
            f"{year:04d} has no week {number}",
            given=label,
            remedy=f"its weeks run from {year:04d}-W01 to {year:04d}-W{last}",
        ) from None
    start = monday + timedelta(days=_offset(starts_on))
    return Period(start, start + timedelta(days=7), label, time_zone)


def week_of(day: date, *, starts_on: str = "monday", time_zone: str = "UTC") -> Period:
    """The client's week that holds a day."""
    offset = _offset(starts_on)
    iso = (day - timedelta(days=offset)).isocalendar()
    return week(f"{iso.year:04d}-W{iso.week:02d}", starts_on=starts_on, time_zone=time_zone)


def shift_weeks(one: Period, by: int) -> Period:
    """The week `by` weeks later (earlier, when negative)."""
    start = one.start + timedelta(weeks=by)
    iso = (start + timedelta(days=3)).isocalendar()
    return Period(start, start + timedelta(days=7), f"{iso.year:04d}-W{iso.week:02d}", one.time_zone)


def trailing(end: Period, weeks: int) -> Period:
    """The `weeks` weeks that end with `end`, as one period."""
    return Period(end.end - timedelta(weeks=weeks), end.end, f"{weeks} weeks", end.time_zone)


def weeks_of(period: Period, *, starts_on: str = "monday") -> Iterator[Period]:
    """Every whole week inside a period, oldest first."""
    one = week_of(period.start, starts_on=starts_on, time_zone=period.time_zone)
    if one.start < period.start:
        one = shift_weeks(one, 1)
    while one.end <= period.end:
        yield one
        one = shift_weeks(one, 1)


def month(day: date, *, time_zone: str = "UTC") -> Period:
    """The calendar month that holds a day."""
    start = day.replace(day=1)
    return Period(start, add_months(start, 1), f"{start:%B %Y}", time_zone)


def quarter(day: date, *, fiscal_start: int = 1, time_zone: str = "UTC") -> Period:
    """The fiscal quarter that holds a day.

    Parameters
    ----------
    fiscal_start : int
        Month the fiscal year starts in, 1-12. The fiscal year is named after the calendar year it ends in.
    """
    months = (day.month - fiscal_start) % 12
    start = add_months(day.replace(day=1), -(months % 3))
    name = f"Q{months // 3 + 1} {fiscal_year(day, fiscal_start=fiscal_start).last_day.year}"
    return Period(start, add_months(start, 3), name, time_zone)


def fiscal_year(day: date, *, fiscal_start: int = 1, time_zone: str = "UTC") -> Period:
    """The fiscal year that holds a day, named after the calendar year it ends in."""
    start = add_months(day.replace(day=1), -((day.month - fiscal_start) % 12))
    end = add_months(start, 12)
    return Period(start, end, f"FY{(end - timedelta(days=1)).year}", time_zone)


def add_months(first: date, count: int) -> date:
    """The first of the month `count` months after `first`, itself the first of a month."""
    index = first.year * 12 + first.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True)
class Calendar:
    """A client's working days.

    Attributes
    ----------
    holidays : frozenset of datetime.date
    working_days : frozenset of int
        Weekdays worked, Monday 0.
    """

    holidays: frozenset[date] = frozenset()
    working_days: frozenset[int] = field(default=frozenset({0, 1, 2, 3, 4}))

    def is_business_day(self, day: date) -> bool:
        """Whether the client works on that day."""
        return day.weekday() in self.working_days and day not in self.holidays

    def business_days(self, start: date, end: date) -> int:
        """Working days from `start` (included) to `end` (not included)."""
        days = (start + timedelta(days=n) for n in range((end - start).days))
        return sum(self.is_business_day(day) for day in days)


def _offset(starts_on: str) -> int:
    """Days from the ISO Monday to the client's first day: Sunday is the day before it."""
    if starts_on not in WEEKDAYS:
        raise UsageError("not a weekday", given=starts_on, remedy=f"one of {', '.join(WEEKDAYS)}")
    index = WEEKDAYS.index(starts_on)
    return index if index <= 3 else index - 7

"""Chance that never changes its mind: every draw has an address, so a longer history keeps its beginning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar

import numpy as np

T = TypeVar("T")

#: Days nobody works in any of the businesses, (month, day).
CLOSED_DAYS = {(1, 1), (7, 4), (12, 24), (12, 25), (12, 26), (12, 31)}


def stream(*address: object) -> np.random.Generator:
    """A generator of its own for an address: business, purpose, rep, week ..."""
    text = "/".join(map(str, address))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def happens(chance: np.random.Generator, rate: float) -> bool:
    """Whether something of that probability happens."""
    return bool(chance.random() < rate)


def pick(chance: np.random.Generator, among: Sequence[T]) -> T:
    """One of several, all equally likely."""
    return among[int(chance.integers(len(among)))]


def weighted(chance: np.random.Generator, shares: Mapping[str, float]) -> str:
    """One key, as likely as its share."""
    point = chance.random() * sum(shares.values())
    for key, share in shares.items():
        point -= share
        if point < 0:
            return key
    return key


def office_day(day: date) -> date:
    """The day itself, or the next one somebody works."""
    while day.weekday() > 4 or (day.month, day.day) in CLOSED_DAYS:
        day += timedelta(days=1)
    return day


def office_time(chance: np.random.Generator, day: date) -> datetime:
    """A moment in the working hours of a day, or of the next working day."""
    second = int(chance.integers(8 * 3600, 17 * 3600 + 1800))
    return datetime.combine(office_day(day), time()) + timedelta(seconds=second)


def later(chance: np.random.Generator, at: datetime, days: float) -> datetime:
    """A working moment about that many days after another, and always after it."""
    found = office_time(chance, (at + timedelta(days=days)).date())
    return found if found > at else at + timedelta(minutes=int(chance.integers(20, 240)))

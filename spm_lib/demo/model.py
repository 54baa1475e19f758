"""What a fictional business is made of, and the log of everything that happened in it.

Times are the business's own wall clock, without a zone; the writers of exports turn them into what their
vendor prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeVar

import numpy as np

from spm_lib.demo.chance import stream

#: Values that change on a day: ((from day, value), ...), the first day before all history.
Steps = tuple[tuple[date, float], ...]
LONG_AGO = date(2024, 12, 30)

#: What ends an opportunity; a number is the position of an open stage.
CLOSED = ("won", "lost", "disqualified")


def always(value: float) -> Steps:
    """A value that never changes."""
    return ((LONG_AGO, value),)


def level(steps: Steps, day: date) -> float:
    """The value in force on a day."""
    return [value for since, value in steps if since <= day][-1]


@dataclass(frozen=True)
class Seller:
    """How one rep truly works; nobody who reads the exports knows these numbers.

    Attributes
    ----------
    id, name : str
        The rep id of client.yaml, and the name exports spell.
    per_week : float
        New opportunities a week.
    territory : str
    win_rate : Steps
        The chance that a decided opportunity is won, by the day of the decision, 0-1.
    quality : Steps
        How good the conversations are, 1 is a good rep's usual.
    untidiness : float
        0 keeps the CRM as agreed; 1 logs late, leaves amounts and dates as they are.
    starts_on : datetime.date
    games_since : datetime.date, optional
        From then on activity is made up on Friday afternoons.
    """

    id: str
    name: str
    per_week: float
    territory: str
    win_rate: Steps
    quality: Steps = ((LONG_AGO, 1.0),)
    untidiness: float = 0.05
    starts_on: date = LONG_AGO
    games_since: date | None = None


@dataclass(frozen=True)
class Business:
    """One fictional client: its people, its market and its mishaps.

    Attributes
    ----------
    slug, currency : str
    draw : int
        Which of the many histories with these truths. One is taken whose counts lie near its truths, so that
        the demo shows what it says it shows.
    sellers : tuple of Seller
    open_stage_count : int
        Stages before won and lost.
    amount_median, amount_sigma : float
        Log-normal deal value in `currency`; sigma on the log scale.
    product_lines : dict
        Product line -> (share of opportunities, factor on the amount).
    lead_sources : dict
        Lead source -> share.
    lost_reasons : tuple of str
    existing_rate : float
        Share of opportunities with accounts that bought before.
    cycle_days : float
        Median days from creation to decision.
    season : tuple of float
        Factor on new opportunities, January to December.
    account_words : tuple of two tuples of str
        Account names are one word of each.
    disqualified_rate, stalled_rate, deleted_rate, duplicate_rate, euro_rate, moved_rate : float
        Shares of opportunities that are disqualified, forgotten for months, deleted by mistake, entered
        twice, quoted in euro, handed to a colleague.
    stray_owner : tuple of (str, datetime.date), optional
        A name no list of reps holds, which one opportunity is booked under from that day on.
    reopens_from : datetime.date, optional
        The first opportunity won from that day on is reopened a few days later.
    """

    slug: str
    currency: str
    draw: int
    sellers: tuple[Seller, ...]
    open_stage_count: int
    amount_median: float
    amount_sigma: float
    product_lines: dict[str, tuple[float, float]]
    lead_sources: dict[str, float]
    lost_reasons: tuple[str, ...]
    existing_rate: float
    cycle_days: float
    season: tuple[float, ...]
    account_words: tuple[tuple[str, ...], tuple[str, ...]]
    disqualified_rate: float = 0.08
    stalled_rate: float = 0.02
    deleted_rate: float = 0.004
    duplicate_rate: float = 0.0
    euro_rate: float = 0.0
    moved_rate: float = 0.02
    stray_owner: tuple[str, date] | None = None
    reopens_from: date | None = None

    def chance(self, *address: object) -> np.random.Generator:
        """The generator of one purpose in this business, addressed by rep, week ..."""
        return stream(self.slug, self.draw, *address)

    def seller(self, rep_id: str) -> Seller:
        """One rep by id."""
        return next(seller for seller in self.sellers if seller.id == rep_id)

    def spelling(self, rep_id: str) -> str:
        """How exports name a rep; a stray owner is its own name."""
        return {seller.id: seller.name for seller in self.sellers}.get(rep_id, rep_id)

    def account_name(self, account: int) -> str:
        """The name of an account."""
        first, second = self.account_words
        count = len(first) * len(second)
        place = account * 7919 % count  # 7919 is prime: neighbours get unlike names, none twice
        name = f"{first[place % len(first)]} {second[place // len(first)]}"
        return name if account < count else f"{name} {account // count + 1}"


class Change(NamedTuple):
    """One field of an opportunity took a value.

    `field` is stage (a position from 0, or one of `CLOSED`), amount, rep, expected_close or lost_reason.
    """

    at: datetime
    field: str
    value: object


@dataclass
class Opportunity:
    """One opportunity with its whole life, also the part that lies beyond any export."""

    key: str
    created_at: datetime
    product_line: str
    territory: str
    business: str
    lead_source: str
    currency: str
    account: int
    name: str = ""
    number: int = 0
    changes: list[Change] = field(default_factory=list)
    deleted_at: datetime | None = None
    activities: list[Activity] = field(default_factory=list)

    def change(self, at: datetime, what: str, value: object) -> None:
        """Note that a field took a value."""
        self.changes.append(Change(at, what, value))

    def until(self, moment: datetime) -> list[Change]:
        """Its changes up to and including a moment, oldest first."""
        return [change for change in self.changes if change.at <= moment]

    def state(self, moment: datetime) -> dict[str, object]:
        """Field -> value at a moment."""
        return {change.field: change.value for change in self.until(moment)}

    def is_deleted(self, moment: datetime) -> bool:
        """Whether somebody had deleted it by then."""
        return self.deleted_at is not None and self.deleted_at <= moment

    def ended(self) -> tuple[datetime, str]:
        """When and how it is decided for good, should nobody delete it before."""
        at, _, value = [change for change in self.changes if change.field == "stage"][-1]
        return at, str(value)


@dataclass
class Activity:
    """One activity: planned (perhaps), done, and written down.

    Attributes
    ----------
    key : str
    kind : str
        call, email, meeting or task.
    rep_id : str
    account : int
    opportunity : Opportunity, optional
        None for prospecting.
    at, logged_at : datetime.datetime
        When it took place and when the CRM learnt of it.
    planned_at : datetime.datetime, optional
        When it was put into the calendar; None when it just happened.
    outcome : str
        As ``schemas.ACTIVITY_OUTCOMES``.
    seconds : int, optional
        How long; None when nothing measured it.
    inbound, decision_maker : bool
    next_step_on : datetime.date, optional
        The dated next step agreed in it.
    gamed : bool
        Made up to fill a report. Only truth.yaml says so.
    number : int
        Order in which the CRM learnt of it, 1 first.
    """

    key: str
    kind: str
    rep_id: str
    account: int
    opportunity: Opportunity | None
    at: datetime
    logged_at: datetime
    outcome: str
    seconds: int | None = None
    planned_at: datetime | None = None
    inbound: bool = False
    decision_maker: bool = False
    next_step_on: date | None = None
    gamed: bool = False
    number: int = 0

    @property
    def known_at(self) -> datetime:
        """When the CRM first holds it."""
        return self.planned_at or self.logged_at

    @property
    def ends_at(self) -> datetime:
        """When it was over; its beginning when nothing measured it."""
        return self.at + timedelta(seconds=self.seconds or 0)

    @property
    def subject(self) -> str:
        """What its title says."""
        about = self.opportunity.name if self.opportunity else "Introduction"
        return f"{self.kind.capitalize()}: {about}"


Item = TypeVar("Item", Opportunity, Activity)


@dataclass
class World:
    """Everything that happened in one business, in the order its CRM learnt of it."""

    business: Business
    opportunities: list[Opportunity]
    activities: list[Activity]

    def present(self, moment: datetime) -> list[Opportunity]:
        """Opportunities the CRM holds at a moment."""
        return [one for one in self.opportunities if one.created_at <= moment and not one.is_deleted(moment)]

    def known(self, moment: datetime, since: datetime | None = None) -> list[Activity]:
        """Activities known at a moment: planned ones, and those logged after `since` (or ever)."""
        return [
            one
            for one in self.activities
            if one.known_at <= moment and (since is None or one.logged_at > since)
        ]


def numbered(items: Iterable[Item], by: str) -> list[Item]:
    """Each with its number, 1 first, in order of an attribute; equal ones in order of their key."""
    ordered = sorted(items, key=lambda one: (getattr(one, by), one.key))
    for number, item in enumerate(ordered, start=1):
        item.number = number
    return ordered

"""A business, week by week: what its people create, do and decide.

Every opportunity and every week of prospecting draws from a stream of its own, addressed by business, rep
and week. So the history up to a week is the same however far the simulation runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from spm_lib.demo.chance import happens
from spm_lib.demo.life import REGULARS, live, reopen, twin
from spm_lib.demo.model import (
    CLOSED,
    Activity,
    Business,
    Change,
    Opportunity,
    Seller,
    World,
    numbered,
)
from spm_lib.demo.touches import made_up, prospecting, touches

#: Monday of 2025-W18: from here on the CRM is kept.
START = date(2025, 4, 28)
#: Opportunities this much older were carried over when the CRM came, so the first weeks are no empty ones.
CARRIED_WEEKS = 12


def simulate(business: Business, end: date) -> World:
    """Everything that happens in a business from `START` until the Monday `end`.

    Parameters
    ----------
    business : Business
    end : datetime.date
        First day after the last week.

    Returns
    -------
    World
        Opportunities created before `end` with their whole lives, numbered as they were created;
        activities, numbered as the CRM learnt of them.
    """
    opportunities = _opportunities(business, end)
    _mishaps(business, opportunities)
    opportunities = [one for one in opportunities if not _over(one, before=START)]
    for one in opportunities:
        one.activities = [activity for activity in touches(business, one) if activity.at.date() >= START]
    beside = list(_beside_opportunities(business, opportunities, end))
    for activity in beside:
        if activity.opportunity:
            activity.opportunity.activities.append(activity)
    worked = [activity for one in opportunities for activity in one.activities]
    alone = [activity for activity in beside if not activity.opportunity]
    return World(business, opportunities, numbered(worked + alone, "known_at"))


def weeks(start: date, end: date) -> Iterator[date]:
    """The Mondays from `start` (one itself) until before `end`."""
    while start < end:
        yield start
        start += timedelta(weeks=1)


def _opportunities(business: Business, end: date) -> list[Opportunity]:
    """Everything created before `end`, named and numbered; some of it a second time."""
    found = []
    for monday in weeks(START - timedelta(weeks=CARRIED_WEEKS), end):
        for seller in business.sellers:
            if seller.starts_on <= monday:
                found += _week_of(business, seller, monday)
    doubles = []
    for place, one in enumerate(sorted(found, key=lambda one: (one.created_at, one.key))):
        if one.account < 0:
            one.account = REGULARS + place
        one.name = f"{business.account_name(one.account)} - {one.product_line}"
        if happens(business.chance("twin?", one.key), business.duplicate_rate):
            doubles.append(twin(business, one))
    return numbered(found + doubles, "created_at")


def _week_of(business: Business, seller: Seller, monday: date) -> list[Opportunity]:
    expected = seller.per_week * business.season[monday.month - 1]
    count = int(business.chance("new", seller.id, monday).poisson(expected))
    return [live(business, seller, monday, place) for place in range(count)]


def _mishaps(business: Business, opportunities: list[Opportunity]) -> None:
    """The mishaps that happen once: a win taken back, an owner nobody knows."""
    if business.reopens_from:
        wins = [one for one in opportunities if _won_on(one) >= business.reopens_from]
        if wins:
            one = min(wins, key=lambda one: (_won_on(one), one.number))
            reopen(business, one)
    if business.stray_owner:
        name, since = business.stray_owner
        late = [one for one in opportunities if one.created_at.date() >= since and not one.deleted_at]
        for one in late[:1]:
            kept = [change for change in one.changes if change.field != "rep"]
            one.changes = [Change(one.created_at, "rep", name), *kept]


def _won_on(one: Opportunity) -> date:
    ended = one.ended()
    return ended[0].date() if ended[1] == "won" and not one.deleted_at else date.min


def _over(one: Opportunity, before: date) -> bool:
    """Whether nothing was left of it when the CRM came."""
    gone_at = one.deleted_at or one.ended()[0]
    return gone_at.date() < before


def _beside_opportunities(
    business: Business, opportunities: list[Opportunity], end: date
) -> Iterator[Activity]:
    """Weekly prospecting, and Friday afternoons."""
    for monday in weeks(START, end):
        for seller in business.sellers:
            if seller.starts_on <= monday:
                yield from prospecting(business, seller, monday)
            if seller.games_since and seller.games_since <= monday:
                yield from made_up(business, seller, monday, _open(opportunities, seller, monday))


def _open(opportunities: list[Opportunity], seller: Seller, monday: date) -> list[Opportunity]:
    """What a rep holds open on the Thursday of a week."""
    moment = datetime.combine(monday, time()) + timedelta(days=4)
    present = [
        one for one in opportunities if one.created_at <= moment and not _over(one, before=moment.date())
    ]
    states = [(one, one.state(moment)) for one in present]
    return [one for one, state in states if state["rep"] == seller.id and state["stage"] not in CLOSED]

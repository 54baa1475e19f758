"""The life of one opportunity: created, moved from stage to stage, pushed, decided."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from spm_lib.demo.chance import happens, later, office_time, pick, weighted
from spm_lib.demo.model import Business, Opportunity, Seller, level

#: A decision is never made sooner or, unless it is forgotten, later than this.
CYCLE_DAYS = (14.0, 70.0)
#: Accounts that bought before: every business knows this many.
REGULARS = 60


def live(business: Business, seller: Seller, monday: date, place: int) -> Opportunity:
    """One opportunity with everything that will ever happen to it.

    Parameters
    ----------
    business : Business
    seller : Seller
        Who creates it.
    monday : datetime.date
        Of the week it is created in.
    place : int
        Its place among the seller's new ones of that week.
    """
    chance = business.chance("life", seller.id, monday, place)
    created_at = office_time(chance, monday + timedelta(days=int(chance.integers(5))))
    existing = happens(chance, business.existing_rate)
    one = Opportunity(
        key=f"{monday}/{seller.id}/{place}",
        created_at=created_at,
        product_line=weighted(chance, {name: share for name, (share, _) in business.product_lines.items()}),
        territory=seller.territory,
        business="existing" if existing else "new",
        lead_source=weighted(chance, business.lead_sources),
        currency="EUR" if happens(chance, business.euro_rate) else business.currency,
        account=int(chance.integers(REGULARS)) if existing else -1,
    )
    end = _decision_time(business, one, chance)
    holder = _holders(business, seller, one, end, chance)
    outcome = _outcome(business, holder, end, chance)
    _stages(business, one, end, outcome, chance)
    _amounts(business, one, seller.untidiness, chance)
    _expected_close(business, one, end, seller.untidiness, chance)
    if outcome == "disqualified":
        one.change(end, "lost_reason", "Not a fit")
    elif outcome == "lost" and not happens(chance, 0.5 * seller.untidiness):
        one.change(end, "lost_reason", pick(chance, business.lost_reasons))
    if happens(chance, business.deleted_rate):
        one.deleted_at = _between(one.created_at, end, 0.5)
    one.changes.sort(key=lambda change: change.at)
    return one


def _decision_time(business: Business, one: Opportunity, chance: np.random.Generator) -> datetime:
    days = float(np.clip(business.cycle_days * chance.lognormal(0, 0.45), *CYCLE_DAYS))
    if happens(chance, business.stalled_rate):
        days += float(chance.uniform(90, 200))
    return office_time(chance, (one.created_at + timedelta(days=days)).date())


def _holders(
    business: Business, seller: Seller, one: Opportunity, end: datetime, chance: np.random.Generator
) -> Seller:
    """Note who holds it, and since when; the one who holds it at the decision."""
    one.change(one.created_at, "rep", seller.id)
    others = [
        other
        for other in business.sellers
        if other is not seller and other.starts_on <= one.created_at.date()
    ]
    if not happens(chance, business.moved_rate):
        return seller
    other = pick(chance, others)
    one.change(_between(one.created_at, end, chance.uniform(0.2, 0.8)), "rep", other.id)
    return other


def _between(start: datetime, end: datetime, share: float) -> datetime:
    return (start + (end - start) * float(share)).replace(microsecond=0)


def _outcome(business: Business, holder: Seller, end: datetime, chance: np.random.Generator) -> str:
    if happens(chance, business.disqualified_rate):
        return "disqualified"
    return "won" if happens(chance, level(holder.win_rate, end.date())) else "lost"


def _stages(
    business: Business, one: Opportunity, end: datetime, outcome: str, chance: np.random.Generator
) -> None:
    """Moves through the open stages: all of them before a win, some of them before a loss."""
    last = business.open_stage_count - 1
    furthest = {
        "won": last,
        "lost": int(chance.integers(1, last + 1)),
        "disqualified": int(chance.integers(2)),
    }
    moves = np.sort(chance.uniform(0.08, 0.92, size=last))[: furthest[outcome]]
    one.change(one.created_at, "stage", 0)
    at = one.created_at
    for stage, share in enumerate(moves, start=1):
        at = later(chance, at, max((one.created_at + (end - one.created_at) * float(share) - at).days, 0))
        if at >= end:
            break
        one.change(at, "stage", stage)
    one.change(end, "stage", outcome)


def _amounts(business: Business, one: Opportunity, untidiness: float, chance: np.random.Generator) -> None:
    """A first estimate, unless nobody types one; a figure once the offer is written."""
    factor = business.product_lines[one.product_line][1]
    amount = business.amount_median * factor * float(chance.lognormal(0, business.amount_sigma))
    stages = [change for change in one.changes if change.field == "stage"]
    estimated = not happens(chance, 0.05 + 0.6 * untidiness)
    one.change(one.created_at, "amount", round(amount, -1) if estimated else None)
    offered = happens(chance, 0.97 - 0.3 * untidiness)
    if len(stages) > 3 and offered:
        one.change(stages[2].at, "amount", round(amount * float(chance.lognormal(0, 0.12)), 2))


def _expected_close(
    business: Business, one: Opportunity, end: datetime, untidiness: float, chance: np.random.Generator
) -> None:
    """A hopeful day, pushed on when it has come and gone; the untidy leave it in the past."""
    expected = one.created_at.date() + timedelta(days=int(business.cycle_days * chance.uniform(0.7, 1.4)))
    missing = happens(chance, 0.02 + 0.1 * untidiness)
    one.change(one.created_at, "expected_close", None if missing else expected)
    while not missing and expected < end.date() and not happens(chance, 0.8 * untidiness):
        pushed_at = office_time(
            chance, expected + timedelta(days=int(chance.integers(-3, 4 + int(10 * untidiness))))
        )
        if not one.created_at < pushed_at < end:
            break
        expected = max(expected, pushed_at.date()) + timedelta(days=int(chance.integers(7, 22)))
        one.change(pushed_at, "expected_close", expected)


def reopen(business: Business, one: Opportunity) -> None:
    """A win that was none: taken back after some days, lost some weeks later."""
    chance = business.chance("reopen", one.key)
    won_at = next(change.at for change in one.changes if change.value == "won")
    again = later(chance, won_at, 6)
    lost_at = later(chance, again, 40)
    one.change(again, "stage", business.open_stage_count - 1)
    one.change(lost_at, "stage", "lost")
    one.change(lost_at, "lost_reason", "Price")


def twin(business: Business, one: Opportunity) -> Opportunity:
    """The same opportunity entered a second time, found and closed as a duplicate some weeks later."""
    chance = business.chance("twin", one.key)
    created_at = later(chance, one.created_at, float(chance.uniform(0.2, 3)))
    closed_at = later(chance, created_at, float(chance.uniform(7, 35)))
    state = one.state(one.created_at)
    double = Opportunity(
        key=f"{one.key}/again",
        created_at=created_at,
        product_line=one.product_line,
        territory=one.territory,
        business=one.business,
        lead_source=one.lead_source,
        currency=one.currency,
        account=one.account,
        name=one.name,
    )
    for what in ("rep", "amount", "expected_close"):
        double.change(created_at, what, state[what])
    double.change(created_at, "stage", 0)
    double.change(closed_at, "stage", "disqualified")
    double.change(closed_at, "lost_reason", "Duplicate")
    return double

"""Activity: the touches of an opportunity, prospecting, and what is made up to fill a report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import numpy as np

from spm_lib.demo.chance import happens, later, office_day, office_time, pick, weighted
from spm_lib.demo.life import REGULARS
from spm_lib.demo.model import Activity, Business, Opportunity, Seller, level

KINDS = {"call": 0.46, "email": 0.26, "meeting": 0.16, "task": 0.12}
CALL_OUTCOMES = {"connected": 0.46, "no_answer": 0.27, "voicemail": 0.21, "busy": 0.05, "wrong_number": 0.01}
MEETING_OUTCOMES = {"held": 0.84, "no_show": 0.08, "cancelled": 0.08}
#: Days after which nobody works on an opportunity that will not be decided soon.
PATIENCE_DAYS = 60


def touches(business: Business, one: Opportunity) -> Iterator[Activity]:
    """The activities of one opportunity from its creation to its decision."""
    chance = business.chance("touches", one.key)
    end = min(one.ended()[0], one.created_at + timedelta(days=PATIENCE_DAYS))
    if one.deleted_at:
        end = min(end, one.deleted_at)
    moves = [change.at for change in one.changes if change.field == "stage" and change.value in range(1, 9)]
    at = later(chance, one.created_at, 0)
    planned_at: datetime | None = None
    for place in range(40):
        if at >= end:
            return
        activity = _touch(business, one, f"{one.key}/{place:02d}", at, planned_at, chance)
        following = _next_time(at, moves, chance)
        rep = business.seller(activity.rep_id)
        agreed = happens(chance, 0.62 * level(rep.quality, at.date()) * (1 - 0.4 * rep.untidiness))
        if agreed and activity.outcome not in ("no_answer", "voicemail", "busy", "wrong_number"):
            activity.next_step_on = following.date()
        planned_at = activity.logged_at if agreed and activity.logged_at < following else None
        yield activity
        at = following


def _next_time(at: datetime, moves: list[datetime], chance: np.random.Generator) -> datetime:
    """When they talk next: some days on, or shortly before the stage changes if that comes first."""
    following = later(chance, at, 1 + float(chance.exponential(5)))
    ahead = [move - timedelta(minutes=45) for move in moves if move - timedelta(minutes=45) > at]
    return min(following, ahead[0]) if ahead else following


def _touch(
    business: Business,
    one: Opportunity,
    key: str,
    at: datetime,
    planned_at: datetime | None,
    chance: np.random.Generator,
) -> Activity:
    holder = one.state(at)["rep"]
    rep = next((seller for seller in business.sellers if seller.id == holder), business.sellers[0])
    quality = level(rep.quality, at.date())
    kinds = {**KINDS, "meeting": KINDS["meeting"] * quality}
    return _done(key, weighted(chance, kinds), rep, one, one.account, at, planned_at, quality, chance)


def _done(
    key: str,
    kind: str,
    rep: Seller,
    one: Opportunity | None,
    account: int,
    at: datetime,
    planned_at: datetime | None,
    quality: float,
    chance: np.random.Generator,
) -> Activity:
    """One honest activity: what came of it, how long it took, when it was written down."""
    outcome, seconds = _result(kind, quality, chance)
    human = outcome in ("connected", "held")
    delay = timedelta(minutes=float(chance.exponential(25)) + 2)
    if happens(chance, 0.9 * rep.untidiness):
        delay += timedelta(hours=float(chance.lognormal(3.4, 0.7)))
    return Activity(
        key=key,
        kind=kind,
        rep_id=rep.id,
        account=account,
        opportunity=one,
        at=at,
        logged_at=(at + timedelta(seconds=seconds or 0) + delay).replace(microsecond=0),
        outcome=outcome,
        seconds=seconds,
        planned_at=planned_at,
        inbound=happens(chance, 0.12),
        decision_maker=human and happens(chance, 0.55 * quality),
    )


def _result(kind: str, quality: float, chance: np.random.Generator) -> tuple[str, int | None]:
    if kind == "meeting":
        outcome = weighted(chance, MEETING_OUTCOMES)
        return outcome, 900 * int(chance.integers(2, 6))
    if kind == "call":
        shares = {**CALL_OUTCOMES, "connected": CALL_OUTCOMES["connected"] * quality}
        outcome = weighted(chance, shares)
        if outcome == "connected":
            return outcome, max(20, int(chance.lognormal(5.3, 0.8) * quality))
        return outcome, int(chance.integers(15, 50)) if outcome == "voicemail" else 0
    if kind == "email":
        return ("replied" if happens(chance, 0.3 * quality) else "sent"), None
    return "done", None


def prospecting(business: Business, seller: Seller, monday: date) -> Iterator[Activity]:
    """A week of first calls and mails to accounts without an opportunity."""
    chance = business.chance("prospecting", seller.id, monday)
    for place in range(int(chance.poisson(5))):
        at = office_time(chance, monday + timedelta(days=int(chance.integers(5))))
        kind = weighted(chance, {"call": 0.7, "email": 0.3})
        account = int(chance.integers(REGULARS))
        quality = level(seller.quality, at.date())
        key = f"{monday}/{seller.id}/first/{place}"
        yield _done(key, kind, seller, None, account, at, None, 0.6 * quality, chance)


def made_up(
    business: Business, seller: Seller, monday: date, open_ones: list[Opportunity]
) -> Iterator[Activity]:
    """A Friday afternoon of filling the report: calls of seconds, the same call again, tasks in one minute.

    Parameters
    ----------
    open_ones : list of Opportunity
        The seller's open opportunities that Friday; nothing happens without any.
    """
    friday = monday + timedelta(days=4)
    if not open_ones or office_day(friday) != friday:
        return
    chance = business.chance("made up", seller.id, monday)
    at = datetime.combine(friday, time(15, int(chance.integers(20, 50))))
    key = f"{monday}/{seller.id}/friday"
    for place in range(int(chance.integers(10, 17))):
        at += timedelta(seconds=int(chance.integers(40, 100)))
        about = pick(chance, open_ones)
        yield _invented(f"{key}/call/{place:02d}", "call", seller, about, at, int(chance.integers(3, 29)))
    about = pick(chance, open_ones)
    for place in range(3):
        yield _invented(f"{key}/clone/{place}", "call", seller, about, at, 12)
    at += timedelta(minutes=5)
    for place in range(int(chance.integers(5, 9))):
        about = pick(chance, open_ones)
        yield _invented(f"{key}/task/{place}", "task", seller, about, at, None)


def _invented(
    key: str, kind: str, seller: Seller, about: Opportunity, at: datetime, seconds: int | None
) -> Activity:
    return Activity(
        key=key,
        kind=kind,
        rep_id=seller.id,
        account=about.account,
        opportunity=about,
        at=at,
        logged_at=at + timedelta(seconds=seconds or 20),
        outcome="connected" if kind == "call" else "done",
        seconds=seconds,
        gamed=True,
    )

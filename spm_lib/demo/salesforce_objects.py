"""One Salesforce org at one moment: the rows of every object its Data Export holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from spm_lib.demo.exports import Shown, is_planned, shown, utc
from spm_lib.demo.model import Activity, Opportunity, World
from spm_lib.demo.salesforce_ids import account_id, activity_id, contact_id, deal_id, record_id

#: Label -> probability in percent, forecast category; open ones in order, then won and lost.
STAGES = {
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Proposal/Price Quote": (75, "BestCase"),
    "Negotiation/Review": (90, "Commit"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
CLOSED_STAGES = {"won": "Closed Won", "lost": "Closed Lost", "disqualified": "Closed Lost"}
BUSINESS = {"new": "New Customer", "existing": "Existing Customer - Upgrade"}
DISPOSITIONS = {
    "connected": "Connected",
    "no_answer": "No Answer",
    "voicemail": "Left Voicemail",
    "busy": "Busy",
    "wrong_number": "Wrong Number",
}
EVENT_OUTCOMES = {"held": "Held", "no_show": "No Show", "cancelled": "Canceled"}
#: The user other systems log in with.
INTEGRATION_USER = 99
#: A change of one of these adds a row to the history.
HISTORY_FIELDS = ("stage", "amount", "expected_close")


class Org:
    """One Salesforce org at one moment, object by object."""

    def __init__(self, world: World, moment: datetime, time_zone: str) -> None:
        self.world = world
        self.business = world.business
        self.moment = moment
        self.time_zone = time_zone
        self.everyone = [one for one in world.opportunities if one.created_at <= moment]
        self.users_by_id = {
            seller.id: record_id("005", place) for place, seller in enumerate(self.business.sellers, start=1)
        }
        self.robot = record_id("005", INTEGRATION_USER)

    def time(self, at: datetime) -> str:
        """A moment as the export prints it."""
        return utc(at, self.time_zone).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

    def opportunities(self) -> Iterator[Sequence[object]]:
        """Everything that was ever created, deleted ones marked."""
        for one in self.everyone:
            yield self._opportunity(shown(one, self.moment))

    def _opportunity(self, deal: Shown) -> list[object]:
        one = deal.one
        label = _label(deal.stage)
        probability, category = STAGES[label]
        return [
            deal_id(one),
            int(one.is_deleted(self.moment)),
            account_id(one.account),
            one.name,
            label,
            deal.amount,
            probability,
            _expected(deal.amount, probability),
            deal.closed_at.date() if deal.closed_at else deal.expected_close,
            BUSINESS[one.business],
            f"Follow up on {deal.next_activity_on}" if deal.next_activity_on else None,
            one.lead_source,
            int(deal.closed_at is not None),
            int(deal.stage == "won"),
            category,
            "Best Case" if category == "BestCase" else category,
            self.users_by_id[deal.rep],
            self.time(one.created_at),
            self.users_by_id[str(one.changes[0].value)],
            self._modified(deal),
            self._modified(deal),
            deal.last_activity_on,
            deal.lost_reason,
            one.product_line,
            one.territory,
        ]

    def _modified(self, deal: Shown) -> str:
        """When somebody last touched it; deleting it counts."""
        deleted_at = deal.one.deleted_at if deal.one.is_deleted(self.moment) else None
        return self.time(max(deal.modified_at, deleted_at or deal.modified_at))

    def history(self) -> Iterator[Sequence[object]]:
        """A row with the values of the moment, whenever stage, amount or close date changed."""
        for one in self.everyone:
            times = sorted({at for at, what, _ in one.until(self.moment) if what in HISTORY_FIELDS})
            for place, (at, following) in enumerate(zip(times, [*times[1:], times[-1]], strict=True)):
                yield self._history_row(shown(one, at), at, following, 100 * one.number + place)

    def _history_row(self, deal: Shown, at: datetime, following: datetime, number: int) -> list[object]:
        label = _label(deal.stage)
        probability, category = STAGES[label]
        return [
            record_id("008", number),
            deal_id(deal.one),
            self.users_by_id[deal.rep],
            self.time(at),
            label,
            deal.amount,
            _expected(deal.amount, probability),
            deal.closed_at.date() if deal.closed_at else deal.expected_close,
            probability,
            category,
            self.time(following),
            int(False),
        ]

    def field_history(self) -> Iterator[Sequence[object]]:
        """Creations, and changes of the owner: once by id and once by name, as Salesforce keeps them."""
        for one in self.everyone:
            holders = [change for change in one.until(self.moment) if change.field == "rep"]
            number = 100 * one.number
            by = self.users_by_id[str(holders[0].value)]
            yield self._field_row(one, number, by, one.created_at, "created", None, None)
            for place, (old, new) in enumerate(pairwise(holders)):
                pair = str(old.value), str(new.value)
                ids = [self.users_by_id[rep] for rep in pair]
                names = [self.business.spelling(rep) for rep in pair]
                number += 2 * place
                yield self._field_row(one, number + 1, by, new.at, "Owner", ids[0], ids[1])
                yield self._field_row(one, number + 2, by, new.at, "Owner", names[0], names[1])

    def _field_row(
        self,
        one: Opportunity,
        number: int,
        by: str,
        at: datetime,
        name: str,
        old: str | None,
        new: str | None,
    ) -> list[object]:
        kind = "EntityId" if old and old.startswith("005") else "Text"
        return [
            record_id("017", number),
            int(False),
            deal_id(one),
            by,
            self.time(at),
            name,
            kind,
            old,
            new,
        ]

    def stages(self) -> Iterator[Sequence[object]]:
        """The picklist: order, which stages are closed, which are won."""
        for place, (label, (probability, category)) in enumerate(STAGES.items(), start=1):
            closed = label.startswith("Closed")
            won = label == "Closed Won"
            yield [
                record_id("01J", place),
                label,
                label,
                int(True),
                place,
                int(closed),
                int(won),
                category,
                probability,
            ]

    def accounts(self) -> Iterator[Sequence[object]]:
        """Every account somebody worked on so far."""
        first: dict[int, tuple[datetime, str]] = {}
        for one in self.everyone:
            first.setdefault(one.account, (one.created_at, self.users_by_id[str(one.changes[0].value)]))
        for call in self.world.known(self.moment):
            first.setdefault(call.account, (call.known_at, self.users_by_id[call.rep_id]))
        for account, (at, owner) in sorted(first.items()):
            name = self.business.account_name(account)
            yield [account_id(account), int(False), None, name, "Customer", "Dental", owner, self.time(at)]

    def users(self) -> Iterator[Sequence[object]]:
        """The reps, and the user other systems log in with."""
        for seller in self.business.sellers:
            first, last = seller.name.split(" ", 1)
            mail = f"{first}.{last}@brightwater.example".lower()
            yield [self.users_by_id[seller.id], mail, last, first, seller.name, mail, int(True), "Standard"]
        mail = "integration@brightwater.example"
        yield [self.robot, mail, "Integration", None, "Integration", mail, int(True), "Standard"]

    def tasks(self) -> Iterator[Sequence[object]]:
        """Calls, e-mails and tasks."""
        for one in self.world.known(self.moment):
            if one.kind != "meeting":
                yield self._task(one)

    def _task(self, one: Activity) -> list[object]:
        planned = is_planned(one, self.moment)
        call = one.kind == "call"
        return [
            activity_id(one),
            contact_id(one),
            deal_id(one.opportunity) if one.opportunity else None,
            one.subject,
            one.at.date(),
            "Not Started" if planned else "Completed",
            self.users_by_id[one.rep_id],
            int(False),
            account_id(one.account),
            int(not planned),
            self.time(one.known_at),
            one.kind.capitalize(),
            one.seconds if call and not planned else None,
            ("Inbound" if one.inbound else "Outbound") if call else None,
            DISPOSITIONS[one.outcome] if call and not planned else None,
            None if planned else self.time(one.at),
            None if planned else int(one.decision_maker),
            None if planned else one.next_step_on,
        ]

    def events(self) -> Iterator[Sequence[object]]:
        """Meetings."""
        for one in self.world.known(self.moment):
            if one.kind == "meeting":
                yield self._event(one)

    def _event(self, one: Activity) -> list[object]:
        planned = is_planned(one, self.moment)
        return [
            activity_id(one),
            contact_id(one),
            deal_id(one.opportunity) if one.opportunity else None,
            one.subject,
            int(False),
            self.time(one.at),
            self.time(one.ends_at),
            (one.seconds or 0) // 60,
            account_id(one.account),
            self.users_by_id[one.rep_id],
            "Meeting",
            int(False),
            int(False),
            self.time(one.known_at),
            "Event",
            None if planned else EVENT_OUTCOMES[one.outcome],
            None if planned else int(one.decision_maker),
            None if planned else one.next_step_on,
        ]


def _label(stage: int | str) -> str:
    return list(STAGES)[stage] if isinstance(stage, int) else CLOSED_STAGES[stage]


def _expected(amount: float | None, probability: int) -> float | None:
    return None if amount is None else round(amount * probability / 100, 2)

"""truth.yaml: what was planted in a business and where, for tests. The product never reads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import PurePosixPath

import yaml

from spm_lib.demo.businesses import PLANTED
from spm_lib.demo.exports import File
from spm_lib.demo.model import CLOSED, Activity, Opportunity, Seller, Steps, World

_HEAD = "# What is planted in this fictional business. Read by tests, never by the product.\n"


class _Plain(yaml.SafeDumper):
    """Writes a value that occurs twice, twice."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def truth(
    world: World,
    moment: datetime,
    deal_id: Callable[[Opportunity], int | str],
    activity_id: Callable[[Activity], int | str],
) -> File:
    """What is true of a business up to a moment.

    Parameters
    ----------
    world : World
    moment : datetime.datetime
        The end of the last export.
    deal_id, activity_id : callable
        How the vendor's files name an opportunity and an activity.

    Returns
    -------
    File
        truth.yaml: what a perfect reader finds, in words; each rep's true rates and their outcomes as the
        event log counts them; the ids of everything planted.
    """
    business = world.business
    present = world.present(moment)
    known = {seller.id for seller in business.sellers}
    facts = {
        "until": moment.date(),
        "a_perfect_reader_finds": list(PLANTED[business.slug]),
        "reps": {seller.id: _rep(seller, present, moment) for seller in business.sellers},
        "opportunities": {
            "duplicate": [deal_id(one) for one in present if one.key.endswith("/again")],
            "reopened": [deal_id(one) for one in present if _reopened(one, moment)],
            "deleted": [deal_id(one) for one in world.opportunities if one.is_deleted(moment)],
            "other_currency": [deal_id(one) for one in present if one.currency != business.currency],
            "unknown_owner": [deal_id(one) for one in present if one.state(moment)["rep"] not in known],
        },
        "made_up_activities": [activity_id(one) for one in world.known(moment) if one.gamed],
    }
    text = yaml.dump(facts, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    return File(PurePosixPath("truth.yaml"), (_HEAD + text).encode())


def _rep(seller: Seller, present: list[Opportunity], moment: datetime) -> dict[str, object]:
    ends = [one.state(moment) for one in present]
    stages = [str(state["stage"]) for state in ends if state["rep"] == seller.id]
    return {
        "starts_on": seller.starts_on,
        "win_rate": _steps(seller.win_rate),
        "conversation_quality": _steps(seller.quality),
        "untidiness": seller.untidiness,
        "makes_up_activities_since": seller.games_since,
        "outcomes": {outcome: stages.count(outcome) for outcome in CLOSED},
    }


def _steps(steps: Steps) -> list[dict[str, object]]:
    """Each value with the ISO week it holds from."""
    weeks = [since.isocalendar() for since, _ in steps]
    return [
        {"from_week": f"{week.year}-W{week.week:02d}", "value": value}
        for week, (_, value) in zip(weeks, steps, strict=True)
    ]


def _reopened(one: Opportunity, moment: datetime) -> bool:
    """Whether a closed stage was followed by an open one."""
    stages = [change.value in CLOSED for change in one.until(moment) if change.field == "stage"]
    return any(before and not after for before, after in pairwise(stages))

"""Salesforce ids: 18 characters whose case matters."""

from __future__ import annotations

from functools import cache

from spm_lib.demo.exports import contact
from spm_lib.demo.model import Activity, Opportunity

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@cache
def record_id(prefix: str, number: int) -> str:
    """The id of one record.

    Parameters
    ----------
    prefix : str
        The three characters of the object, "006" for opportunities.
    number : int
    """
    tail = ""
    for _ in range(10):
        number, place = divmod(number, len(DIGITS))
        tail = DIGITS[place] + tail
    return long_id(f"{prefix}5f{tail}")


def long_id(short: str) -> str:
    """The 18 characters of a 15-character id: 3 more that spell which of them are capital letters."""
    check = ""
    for part in (short[:5], short[5:10], short[10:]):
        bits = sum(1 << place for place, sign in enumerate(part) if sign.isupper())
        check += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    return short + check


def deal_id(one: Opportunity) -> str:
    """The id of an opportunity."""
    return record_id("006", one.number)


def activity_id(one: Activity) -> str:
    """The id of a task or an event."""
    return record_id("00U" if one.kind == "meeting" else "00T", one.number)


def account_id(account: int) -> str:
    """The id of an account."""
    return record_id("001", account + 1)


def contact_id(one: Activity) -> str:
    """The id of the person an activity was with."""
    return record_id("003", contact(one))

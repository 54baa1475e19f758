"""The commission paid after the rows that were written by hand: every payday until the last week.

As with the meetings, the stories are told by hand until the middle of November 2026; later everybody is paid
on the day. A later week only adds rows.
"""

from __future__ import annotations

import csv
import io
from calendar import FRIDAY, SATURDAY, monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from spm_lib.demo.exports import File

NAME = "supplied.csv"
_ON_THE_15TH, _LAST_FRIDAY, _LAST_DAY = "the 15th", "the last Friday", "the last day"
#: Business -> its payday in a month, as its compensation plan or its written rows say it.
PAYDAYS = {
    "alder-heating": _ON_THE_15TH,
    "brightwater-dental": _LAST_FRIDAY,
    "copperline-print": _LAST_DAY,
}


def paid_until(slug: str, facts: dict[str, Any], written: File, last: date) -> File:
    """What was supplied and paid, with every payday after the written ones until a day.

    Parameters
    ----------
    slug : str
    facts : dict
        client.yaml.
    written : File
        The rows written by hand, in the order of their days.
    last : datetime.date
    """
    rows = list(csv.DictReader(io.StringIO(written.content.decode())))
    told = max(date.fromisoformat(row["due_on"]) for row in rows if row["kind"] == "pay")
    added = [
        f"{rep['id']},pay,Commission,{due},{_banked(due)}\n"
        for due in _paydays(PAYDAYS[slug], told, last)
        for rep in facts["reps"]
        if rep.get("starts_on", due) <= due
    ]
    return written._replace(content=written.content + "".join(added).encode())


def _paydays(rule: str, after: date, last: date) -> Iterator[date]:
    """The payday of every month, after a day and until the last."""
    year, month = after.year, after.month
    while (due := _payday(rule, year, month)) <= last:
        if due > after:
            yield due
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _payday(rule: str, year: int, month: int) -> date:
    end = date(year, month, monthrange(year, month)[1])
    if rule == _LAST_FRIDAY:
        return end - timedelta(days=(end.weekday() - FRIDAY) % 7)
    return end if rule == _LAST_DAY else end.replace(day=15)


def _banked(due: date) -> date:
    """No bank pays on a weekend: the Friday before it."""
    return due - timedelta(days=max(0, due.weekday() - SATURDAY + 1))

"""The whole log of each field: what it was at first, what the vendor logged, what the drops show besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.history.diff import differences
from spm_lib.history.log import COLUMN_OF, Log, empty, joined, missing, typed
from spm_lib.history.observations import Observations
from spm_lib.lookup import (
    DAY,
    NEVER,
    TICK,
    Flags,
    Integers,
    Times,
    at_positions,
    earliest,
    instants,
    repeated,
    word,
)
from spm_lib.schemas import OUTCOMES


def born(seen: Observations, vendor: Mapping[str, Log]) -> Times:
    """Since when each opportunity existed: created, logged, closed or shown, whatever came first."""
    first = seen.rows.iloc[seen.first]
    moments = [created(seen), instants(first["closed_at"]), seen.first_as_of - TICK]
    for log in vendor.values():
        began = np.full(len(seen.ids), NEVER)
        began[log.of[log.first]] = log.at[log.first]
        moments.append(began)
    return earliest(*moments)


def created(seen: Observations) -> Times:
    """The first creation date any drop shows of each opportunity."""
    return instants(seen.rows["created_at"].groupby(seen.of).first().reset_index(drop=True))


def field_log(field: str, seen: Observations, vendor: Log | None, since: Times) -> Log:
    """Every change of one field.

    Parameters
    ----------
    field : str
        A key of ``log.COLUMN_OF``.
    seen : Observations
    vendor : Log or None
        What the vendor logged of it.
    since : array of instants
        Per opportunity, when it began.
    """
    values = typed(field, seen.rows[COLUMN_OF[field]])
    logged = vendor if vendor is not None else empty(field)
    at_start = _at_start(field, seen, values)
    found = differences(seen, values, logged, at_start=at_start)
    if field in ("status", "stage"):
        found = found.dated(_closing(seen)[found.row], "inferred_close")
    first = values[seen.first] if at_start is None else at_start[seen.first]
    begin = _initial(seen, first, logged, since, otherwise="open" if field == "status" else None)
    return joined([begin, logged, found.log(seen, since)])


def _at_start(field: str, seen: Observations, values: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """What a first row says of the time before it: everything starts open, in a stage that is not closed."""
    if field == "status":
        return repeated("open", len(values))
    if field == "stage":
        unknown = values.copy()
        unknown[_is_closed(seen)] = None
        return unknown
    return None


def _is_closed(seen: Observations) -> Flags:
    return np.asarray(seen.rows["status"].isin(OUTCOMES), dtype=np.bool_)


def _closing(seen: Observations) -> Times:
    """For each row that shows a close the row before does not: when the source says it was closed.

    A close dated before the drop that still showed it open was back-dated; then only the interval is known.
    """
    closed = _is_closed(seen)
    before = at_positions(closed, seen.previous, False).astype(bool)
    at = instants(seen.rows["closed_at"])
    possible = (at <= seen.as_of) & (np.isnat(seen.unchanged_until) | (at >= seen.unchanged_until - DAY))
    return np.where(closed & ~before & possible, at, NEVER)


def _initial(
    seen: Observations,
    shown: npt.NDArray[Any],
    logged: Log,
    since: Times,
    *,
    otherwise: str | None = None,
) -> Log:
    """The value each opportunity had when it began.

    It is the old value of the first logged change, or what the first drop showed, if that was earlier or
    nothing was logged. It is assumed since the beginning; a missing one is `otherwise`, or starts no log.
    """
    first = np.full(len(seen.ids), -1, dtype=np.int64)
    first[logged.of[logged.first]] = logged.first
    logged_at = at_positions(logged.at, first, NEVER)
    by_log = ~np.isnat(logged_at) & (logged_at <= seen.first_as_of)
    value = np.where(by_log, at_positions(logged.old, first, missing(shown)), shown)
    if otherwise is not None:
        value = np.where(pd.isna(value), word(otherwise), value)
    recorded = np.where(by_log, at_positions(logged.recorded_at, first, NEVER), seen.first_as_of)
    of = np.flatnonzero(~pd.isna(value)).astype(np.int64)
    at = since[of]
    nothing = np.full(len(of), missing(shown)) if shown.dtype != object else np.full(len(of), None)
    evidence = repeated("inferred_create", len(of))
    return Log(of, at, at, recorded[of], nothing, value[of], evidence)


def presence_log(seen: Observations, vendor: Log | None, since: Times) -> Log:
    """When each opportunity was there, deleted, merged, or missing from a drop that shows every one."""
    rows = seen.rows
    shown = np.where(rows["is_deleted"].fillna(False).astype(bool), word("deleted"), word("present"))
    shown = np.where(rows["merged_into"].notna(), word("merged"), shown)
    logged = vendor if vendor is not None else empty("presence")
    start = repeated("present", len(shown))
    missed, back = _missed(seen, shown, logged)
    found = differences(seen, shown, logged, at_start=start)
    # coming back from nowhere is the change, whatever it was before
    found = found.taken(~np.isin(found.row, back))
    first = _initial(seen, start[seen.first], logged, since, otherwise="present")
    return joined([first, logged, found.log(seen, since), missed, _returned(seen, shown, back)])


def _missed(seen: Observations, shown: npt.NDArray[Any], logged: Log) -> tuple[Log, Integers]:
    """The absences, and the rows that show an opportunity again after one.

    A drop of which rows were refused may lack an opportunity for that reason: then the next one decides.
    One that was logged as deleted or merged is missing for that reason, and keeps its own name.
    """
    following = np.append(seen.as_of[1:], NEVER)[: len(seen.of)]
    is_last = np.append(seen.is_first[1:], True)[: len(seen.of)]
    begin = np.searchsorted(seen.full_drops, seen.as_of, side="right")
    lacking = _nth(seen.full_drops, begin)
    # the drop that decides: the first clean one, or the second
    clean = _nth(seen.clean_drops, np.searchsorted(seen.clean_drops, seen.as_of, side="right"))
    decided = earliest(clean, _nth(seen.full_drops, begin + 1))
    said = at_positions(logged.new, logged.last(seen.of, lacking, inclusive=True), None)
    gone = ~np.isnat(decided) & (is_last | (decided < following))
    gone &= (shown == "present") & ~np.isin(said, ("deleted", "merged"))
    row = np.flatnonzero(gone)
    when = lacking[row]
    log = Log(
        seen.of[row],
        when - TICK,
        seen.as_of[row],
        decided[row],
        shown[row],
        repeated("absent", len(row)),
        repeated("weekly_diff", len(row)),
    )
    return log, row[~is_last[row]] + 1


def _nth(times: Times, positions: Integers) -> Times:
    """The times at some positions; missing past their end."""
    found: Times = at_positions(times, np.where(positions < len(times), positions, -1), NEVER)
    return found


def _returned(seen: Observations, shown: npt.NDArray[Any], back: Integers) -> Log:
    before = np.searchsorted(seen.full_drops, seen.as_of[back]) - 1
    return Log(
        seen.of[back],
        seen.as_of[back] - TICK,
        at_positions(seen.full_drops, before, NEVER),
        seen.as_of[back],
        repeated("absent", len(back)),
        shown[back],
        repeated("weekly_diff", len(back)),
    )

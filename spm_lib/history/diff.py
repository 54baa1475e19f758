"""Where two drops differ and no logged change explains it: it happened between them, no instant is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spm_lib.history.log import Log, missing
from spm_lib.history.observations import Observations
from spm_lib.lookup import (
    DAY,
    NEVER,
    Flags,
    Integers,
    Times,
    at_positions,
    differ,
    earliest,
    latest,
    repeated,
    word,
)


@dataclass(frozen=True)
class Differences:
    """Differences of one field between consecutive rows of an opportunity.

    Attributes
    ----------
    row : array of int
        The observation that shows the new value.
    old, new : arrays
    at_earliest, at : arrays of instants
        It happened after the one (NaT: no limit is known) and at the latest at the other.
    evidence : array of str
    """

    row: Integers
    old: npt.NDArray[Any]
    new: npt.NDArray[Any]
    at_earliest: Times
    at: Times
    evidence: npt.NDArray[np.object_]

    def taken(self, which: Flags) -> Differences:
        """Some of them."""
        return Differences(
            self.row[which],
            self.old[which],
            self.new[which],
            self.at_earliest[which],
            self.at[which],
            self.evidence[which],
        )

    def dated(self, at: Times, evidence: str) -> Differences:
        """The same differences, dated where `at` is not missing, and never before they were possible."""
        known = ~np.isnat(at)
        return replace(
            self,
            at=np.where(known, latest(at, self.at_earliest), self.at),
            evidence=np.where(known, word(evidence), self.evidence),
        )

    def log(self, seen: Observations, since: Times) -> Log:
        """The differences as a log.

        Parameters
        ----------
        seen : Observations
        since : array of instants
            Per opportunity, the limit where none is known.
        """
        of = seen.of[self.row]
        began = np.where(np.isnat(self.at_earliest), since[of], self.at_earliest)
        return Log(
            of, self.at, earliest(began, self.at), seen.as_of[self.row], self.old, self.new, self.evidence
        )


def differences(
    seen: Observations, values: npt.NDArray[Any], vendor: Log, *, at_start: npt.NDArray[Any] | None = None
) -> Differences:
    """What changed between drops beyond what the vendor logged.

    Parameters
    ----------
    seen : Observations
    values : array
        One field of `seen.rows`, typed as ``log.typed`` does.
    vendor : Log
        A row that its last logged change explains is no difference, and so the log stands where it is
        complete. A change logged in the day before the drop stands too: the export may be older by hours.
    at_start : array, optional
        For each row, the value before it, should it be the first of its opportunity and nothing be logged.
        Without it the first row starts the history.
    """
    logged = vendor.last(seen.of, seen.as_of)
    logged_at = at_positions(vendor.at, logged, NEVER)
    logged_value = at_positions(vendor.new, logged, missing(values))
    later = (logged_at >= seen.as_of - DAY) & differ(logged_value, values)
    is_fresh = ~np.isnat(logged_at) & (seen.is_first | (logged_at >= seen.previous_as_of))
    # a row the log contradicts shows what the log says
    shown = np.where(later, logged_value, values)
    before = at_positions(shown, seen.previous, missing(values))
    if at_start is not None:
        before = np.where(seen.is_first, at_start, before)
    before = np.where(is_fresh, logged_value, before)
    has_past: Flags = ~seen.is_first | is_fresh | (at_start is not None)
    row = np.flatnonzero(has_past & ~later & differ(before, values))
    since = latest(np.where(is_fresh, logged_at, NEVER), seen.unchanged_until)[row]
    until = latest(seen.changed_until[row], np.where(is_fresh, logged_at, NEVER)[row])
    evidence = repeated("weekly_diff", len(row))
    return Differences(row, before[row], values[row], since, until, evidence)

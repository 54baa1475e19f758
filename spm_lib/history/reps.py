"""Who a spelling in an export means: the reps of client.yaml, found by id, e-mail or name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from spm_lib.client import Client, fold


class Reps:
    """Resolves the spellings of one client's exports.

    Parameters
    ----------
    client : Client
        Its reps and their spellings come first.
    people : pandas.DataFrame
        ``schemas.PEOPLE``: users of the source. A spelling that names one by id, e-mail or unique name means
        the rep that any of these three is.

    Attributes
    ----------
    unknown : dict of str to collections.Counter
        Spelling -> table -> rows, of everyone who is no rep.
    """

    def __init__(self, client: Client, people: pd.DataFrame) -> None:
        self.unknown: dict[str, Counter[str]] = {}
        self._open = client.reps_from_exports
        self._known = client.rep_by_spelling()
        self._names: dict[str, str] = {}
        self._learn(people)

    def resolve(self, spelled: pd.Series, table: str | None = None) -> pd.Series:
        """Spellings as rep ids; missing where nobody known is meant.

        Parameters
        ----------
        spelled : pandas.Series of str
        table : str, optional
            Count the unknown ones as rows of this table.
        """
        codes, spellings = pd.factorize(spelled)
        meant = self.meant(spellings, np.bincount(codes[codes >= 0], minlength=len(spellings)), table)
        # a missing spelling has the code -1, the last place
        return pd.Series(pd.array([*meant, None], dtype="str")[codes], index=spelled.index, name=spelled.name)

    def meant(
        self, spellings: Iterable[str], counts: Iterable[int], table: str | None = None
    ) -> list[str | None]:
        """The same for each different spelling, in the order they were first met, and how often it was."""
        found = [self._meant(str(spelling)) for spelling in spellings]
        if table is not None:
            for spelling, rep, count in zip(spellings, found, counts, strict=True):
                if rep is None:
                    self.unknown.setdefault(str(spelling), Counter())[table] += int(count)
        return found

    def _meant(self, spelling: str) -> str | None:
        folded = fold(spelling)
        found = self._known.get(folded)
        if found is not None or not self._open or not folded:
            return found
        # one id for all spellings of one name, whatever their case and spaces
        return self._names.setdefault(folded, " ".join(spelling.split()))

    def _learn(self, people: pd.DataFrame) -> None:
        """Add the spellings by which the source's own users are named."""
        shown = people["name"].dropna().map(fold).value_counts()
        known = people[["person_id", "email", "name"]].fillna("")
        for person_id, email, name in known.itertuples(index=False, name=None):
            unique = name if name and shown[fold(name)] == 1 else ""
            spellings = [fold(one) for one in (person_id, email, unique) if one]
            meant = next((self._known[one] for one in spellings if one in self._known), None)
            if meant is None and self._open:
                meant = " ".join((name or person_id).split())
            if meant is not None:
                for one in spellings:
                    self._known.setdefault(one, meant)

"""Whether a drop lost opportunities the drop before it showed: then the export's filter changed."""

from __future__ import annotations

import pandas as pd

from spm_lib.errors import HistoryError

#: Fewer than this many missing ones prove nothing about a filter.
FEWEST = 3


def check_vanished(
    earlier: pd.DataFrame, later: pd.DataFrame, *, rate: float, days: tuple[str, str], where: str
) -> None:
    """Refuse a full drop that lacks too many of the opportunities open in the full drop before it.

    Parameters
    ----------
    earlier, later : pandas.DataFrame
        ``schemas.OPPORTUNITIES`` of two consecutive full drops.
    rate : float
        The largest share, 0-1, of the open ones that may be missing.
    days : tuple of str
        The days of the two, for the message.
    where : str
        The later drop's files.

    Raises
    ------
    HistoryError
        At least `FEWEST`, and more than `rate` of the open ones, are missing.
    """
    gone = earlier["is_deleted"].fillna(False).astype(bool) | earlier["merged_into"].notna()
    was_open = earlier.loc[(earlier["status"] == "open") & ~gone, "opportunity_id"]
    missing = was_open[~was_open.isin(later["opportunity_id"])]
    if len(missing) < FEWEST or len(missing) <= rate * len(was_open):
        return
    raise HistoryError(
        f"{len(missing)} of the {len(was_open)} opportunities open on {days[0]} are missing on {days[1]}: "
        "the filter of the export changed",
        where=where,
        given=", ".join([*missing.iloc[:5], *(["..."] if len(missing) > 5 else [])]),
        remedy="export again without a filter; or, if they were really removed, accept the vanished ones",
    )

"""Which activity touched which lead, account or opportunity: shared by the metrics of reach and accounts."""

from __future__ import annotations

import pandas as pd

from spm_lib.metrics.intervals import ratio, wilson
from spm_lib.metrics.unique import is_conversation, is_done, is_held

#: What touches somebody; a task or a note does not.
KINDS = ("call", "email", "meeting")
#: Days without a touch after which an account is new again.
NEW_DAYS = 180

_LINKS = ("opportunity_id", "contact_id", "account_id")


def touches(activities: pd.DataFrame, conversation_seconds: int) -> pd.DataFrame:
    """Calls, e-mails and meetings that took place, with what came of them.

    As logged: a call logged on four contacts touched all four. Nobody may count them; `unique` is for that.

    Returns
    -------
    pandas.DataFrame
        The columns of ``schemas.ACTIVITIES``, and the flags conversation and held.
    """
    rows = activities[activities["kind"].isin(KINDS) & is_done(activities)]
    return rows.assign(
        conversation=is_conversation(rows, conversation_seconds), held=is_held(rows)
    ).reset_index(drop=True)


def linked(things: pd.DataFrame, touched: pd.DataFrame, since: str) -> pd.DataFrame:
    """The touches of each thing from an instant of it on.

    A touch is of a thing when both name the same opportunity or the same contact, or the same account and
    not two different contacts.

    Parameters
    ----------
    things : pandas.DataFrame
        With any of opportunity_id, contact_id, account_id, and `since`; its index names the things.
    touched : pandas.DataFrame
        What `touches` returns.
    since : str
        A column of instants.

    Returns
    -------
    pandas.DataFrame
        The touches, and thing: a value of the index of `things`.
    """
    parts = []
    touched = touched.assign(touch=touched.index)
    for link in _LINKS:
        if link not in things:
            continue
        own = pd.DataFrame({link: things[link], "from": things[since], "thing": things.index})
        if "contact_id" in things:
            own["of_contact"] = things["contact_id"]
        pairs = own[own[link].notna()].merge(touched, on=link)
        pairs = pairs[pairs["at"] >= pairs["from"]]
        if link == "account_id" and "of_contact" in pairs:
            other = pairs["contact_id"].notna() & pairs["of_contact"].notna()
            pairs = pairs[~(other & pairs["contact_id"].ne(pairs["of_contact"]))]
        parts.append(pairs.drop(columns=["from", "of_contact"], errors="ignore"))
    if not parts:
        return touched.head(0).assign(thing=pd.Series(dtype=things.index.dtype))
    return pd.concat(parts, ignore_index=True).drop_duplicates(["thing", "touch"], ignore_index=True)


def newly_touched(touched: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> set[str] | None:
    """Accounts touched in [start, end) and not in the `NEW_DAYS` days before their first touch in it.

    None where the activities do not reach back so far.
    """
    if touched.empty or touched["at"].min() > start - pd.Timedelta(days=NEW_DAYS):
        return None
    rows = touched[touched["account_id"].notna() & (touched["at"] < end)]
    first = rows[rows["at"] >= start].groupby("account_id")["at"].min()
    before = rows[rows["at"] < start].groupby("account_id")["at"].max().reindex(first.index)
    fresh = before.isna() | (first - before > pd.Timedelta(days=NEW_DAYS))
    return set(first.index[fresh])


def recorded_until(cutoff: pd.Timestamp, received_until: dict[str, pd.Timestamp]) -> pd.Timestamp | None:
    """Up to when activities are told; None where no export brings any."""
    latest = received_until.get("activities")
    return None if latest is None else min(cutoff, latest)


def rated(table: pd.DataFrame, rate: str, part: str, of: str, prefix: str = "") -> pd.DataFrame:
    """The table with a rate of two of its counts, and the interval of it as <prefix>low, <prefix>high."""
    low, high = wilson(table[part], table[of])
    return table.assign(**{rate: ratio(table[part], table[of]), f"{prefix}low": low, f"{prefix}high": high})

"""Which logged activities are one and the same, and what became of each: shared by the activity metrics.

The same call can be logged by the telephone system and by hand, and on each of four contacts. Two rows of
one rep and kind are one activity when they start within two minutes of each other, do not contradict each
other (direction, length), and share an opportunity or a contact, or one of them names neither, or both
last exactly as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.periods import Calendar, Period

#: Rows that start within this many seconds of the first can be the same activity; so can lengths that differ
#: by no more.
SAME_SECONDS = 120
#: The records an activity can be linked to.
_LINKS = ("opportunity_id", "contact_id")
#: Outcomes of a meeting that took place.
HELD = ("held", "connected", "done")
#: Outcomes of a call in which nobody was reached.
NOBODY = ("no_answer", "voicemail", "busy")

# when rows of one activity disagree, the one that tells most wins
_STATUS_ORDER = ("done", "cancelled", "planned")
_OUTCOME_ORDER = (
    *("held", "connected", "replied", "no_show", "cancelled", "rescheduled"),
    *("voicemail", "no_answer", "busy", "wrong_number", "sent", "done"),
)


def unique_activities(activities: pd.DataFrame) -> pd.DataFrame:
    """One row per activity that took place or was planned, however often it was logged.

    Parameters
    ----------
    activities : pandas.DataFrame
        ``schemas.ACTIVITIES``.

    Returns
    -------
    pandas.DataFrame
        The same columns, in order of time: the first known value of each, but the longest duration, the
        most telling status and outcome, the latest next step, the earliest log, and a decision maker if any
        row says so. A missing status is "done".
    """
    rows = _in_time_order(activities.assign(status=activities["status"].fillna("done")))
    same = _labels(rows)
    alone = np.bincount(same, minlength=len(rows))[same] == 1
    if alone.all():
        return rows
    merged = _merged(rows[~alone], pd.Series(same[~alone], index=rows.index[~alone]))
    # the merged row stands where the first of its rows stood
    row = np.where(alone, np.arange(len(rows)), -1)
    row[np.unique(same[~alone])] = len(rows) + np.arange(len(merged))
    both = pd.concat([rows, merged], ignore_index=True)
    return both.take(row[row >= 0]).reset_index(drop=True)


def _in_time_order(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows by time, then id; a snapshot hands them over like that, and then nothing is moved."""
    at = rows["at"].to_numpy(dtype="datetime64[us]").view("int64")
    gaps = np.diff(at)
    ties = np.flatnonzero(gaps == 0)
    ids = rows["activity_id"]
    before, after = ids.iloc[ties].to_numpy(dtype=object), ids.iloc[ties + 1].to_numpy(dtype=object)
    if (gaps >= 0).all() and (before <= after).all():
        return rows.reset_index(drop=True)
    return rows.sort_values(["at", "activity_id"], kind="stable", ignore_index=True)


def is_done(activities: pd.DataFrame) -> pd.Series:
    """Which took place, or at least were tried: planned, cancelled and moved ones did not."""
    called_off = activities["outcome"].isin(["cancelled", "rescheduled"])
    return ~activities["status"].isin(["planned", "cancelled"]) & ~called_off


def is_held(activities: pd.DataFrame) -> pd.Series:
    """Which are meetings that took place by their recorded outcome; an invitation proves nothing."""
    return activities["kind"].eq("meeting") & is_done(activities) & activities["outcome"].isin(HELD)


def reached_human(activities: pd.DataFrame, conversation_seconds: int) -> pd.Series:
    """Which reached a human: a call long enough or connected, a meeting held, an e-mail in or answered."""
    long = activities["duration_seconds"] >= conversation_seconds
    spoken = activities["outcome"].eq("connected") | (long & ~activities["outcome"].isin(NOBODY))
    answered = activities["direction"].eq("inbound") | activities["outcome"].eq("replied")
    reached = (activities["kind"].eq("call") & spoken) | (activities["kind"].eq("email") & answered)
    return (reached & is_done(activities)) | is_held(activities)


def is_conversation(activities: pd.DataFrame, conversation_seconds: int) -> pd.Series:
    """Which reached a human and went both ways: not a wrong number, not hung up at once."""
    short = activities["duration_seconds"] < conversation_seconds
    cut_off = activities["kind"].eq("call") & (short | activities["outcome"].eq("wrong_number"))
    return reached_human(activities, conversation_seconds) & ~cut_off


def outcomes_recorded(activities: pd.DataFrame) -> bool:
    """Whether the sources say what became of meetings at all."""
    return bool(activities.loc[activities["kind"] == "meeting", "outcome"].notna().any())


def contact_recorded(activities: pd.DataFrame) -> bool:
    """Whether the sources say anything from which a contact with a human can be told."""
    kind = activities["kind"]
    calls = kind.eq("call") & (activities["duration_seconds"].notna() | activities["outcome"].notna())
    emails = kind.eq("email") & (activities["direction"].eq("inbound") | activities["outcome"].notna())
    return bool((calls | emails).any()) or outcomes_recorded(activities)


def is_received(
    received_until: dict[str, pd.Timestamp], table: str, period: Period, calendar: Calendar
) -> bool:
    """Whether the exports of a table reach to the end of a period.

    The day of the latest export counts as told; what follows it may only be days nobody works.
    """
    latest = received_until.get(table)
    if latest is None or latest <= period.start_at:
        return False
    day = (latest.tz_convert(period.time_zone) + pd.Timedelta(days=1)).date()
    return latest >= period.end_at or calendar.business_days(day, period.end) == 0


def _labels(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """For each row the position of the first row of its activity; rows come sorted by time."""
    labels = np.arange(len(rows))
    if len(rows) < 2:
        return labels
    seconds = rows["at"].to_numpy(dtype="datetime64[us]").view("int64") / 1e6
    rep, reps = pd.factorize(rows["rep_id"].fillna(""))
    kind, kinds = pd.factorize(rows["kind"])
    key = (kind + 1) * (len(reps) + 1) + rep
    small = np.iinfo(np.int16).max > (len(kinds) + 1) * (len(reps) + 1)
    # small integers are sorted by radix, in one pass
    order = np.argsort(key.astype(np.int16) if small else key, kind="stable")
    fresh = np.ones(len(rows) + 1, dtype=bool)
    fresh[1:-1] = (np.diff(seconds[order]) > SAME_SECONDS) | (np.diff(key[order]) != 0)
    starts = np.flatnonzero(fresh)
    length = np.diff(starts)
    pairs = order[starts[:-1][length == 2][:, None] + [0, 1]]
    same = _fit(rows.iloc[pairs[:, 0]], rows.iloc[pairs[:, 1]])
    labels[pairs[same, 1]] = pairs[same, 0]
    blocks = [order[starts[one] : starts[one + 1]].tolist() for one in np.flatnonzero(length > 2)]
    wanted = [row for block in blocks for row in block]
    facts = dict(zip(wanted, _comparable(rows.iloc[wanted]), strict=True))
    for block in blocks:
        _label_block(labels, seconds, facts, block)
    return labels


def _fit(first: pd.DataFrame, second: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether the second row is another log of the first, of many such pairs: what `_fits` says of one."""

    def of(name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        codes, _ = pd.factorize(pd.concat([first[name], second[name]], ignore_index=True))
        return codes[: len(first)], codes[len(first) :]

    one, other = of("direction")
    against = (one >= 0) & (other >= 0) & (one != other)
    length, other_length = (side["duration_seconds"].to_numpy(dtype=float) for side in (first, second))
    against |= np.abs(length - other_length) > SAME_SECONDS
    linked = (length == other_length) & (length > 0)
    names, other_names = (np.zeros(len(first), dtype=bool) for _ in range(2))
    for link in _LINKS:
        one, other = of(link)
        linked |= (one >= 0) & (one == other)
        names, other_names = names | (one >= 0), other_names | (other >= 0)
    fit: npt.NDArray[np.bool_] = ~against & (linked | ~names | ~other_names)
    return fit


def _comparable(rows: pd.DataFrame) -> list[tuple[str | None, frozenset[str], float]]:
    """Direction, linked records and length of each row."""
    columns = [rows["direction"], *(rows[name] for name in _LINKS), rows["duration_seconds"]]
    return [
        (
            None if pd.isna(direction) else str(direction),
            frozenset(
                f"{name}\x00{value}" for name, value in zip(_LINKS, linked, strict=True) if pd.notna(value)
            ),
            float(length),
        )
        for direction, *linked, length in zip(*columns, strict=True)
    ]


def _label_block(
    labels: npt.NDArray[np.int64],
    seconds: npt.NDArray[np.float64],
    facts: Mapping[int, tuple[str | None, frozenset[str], float]],
    block: Iterable[int],
) -> None:
    """Give each row of a run of close rows the label of the first activity it belongs to."""
    heads: dict[int, list[int]] = {}
    for row in block:
        for head, members in heads.items():
            close = seconds[row] - seconds[head] <= SAME_SECONDS
            if close and _fits([facts[member] for member in members], facts[row]):
                labels[row] = head
                members.append(row)
                break
        else:
            heads[row] = [row]


def _fits(
    members: list[tuple[str | None, frozenset[str], float]], row: tuple[str | None, frozenset[str], float]
) -> bool:
    """Whether a row is another log of the activity its members log."""
    direction, links, length = row
    linked = False
    for other_direction, other_links, other_length in members:
        if direction and other_direction and direction != other_direction:
            return False
        if abs(length - other_length) > SAME_SECONDS:
            return False
        shared = bool(links & other_links) or not links or not other_links
        linked |= shared or (length == other_length and length > 0)
    return linked


def _merged(rows: pd.DataFrame, same: pd.Series) -> pd.DataFrame:
    """One row per label: first known values, and the rules of `unique_activities`."""
    if rows.empty:
        return rows
    grouped = rows.groupby(same, sort=True)
    table = grouped.first().astype(rows.dtypes.to_dict())
    for column, order in (("status", _STATUS_ORDER), ("outcome", _OUTCOME_ORDER)):
        rank = rows[column].map({value: n for n, value in enumerate(order)}).groupby(same).min()
        table[column] = rank.map(dict(enumerate(order))).astype("str")
    for column, pick in (("duration_seconds", "max"), ("next_step_on", "max"), ("logged_at", "min")):
        table[column] = grouped[column].agg(pick)
    table["with_decision_maker"] = grouped["with_decision_maker"].max().astype("boolean")
    return table.reset_index(drop=True)[rows.columns]

"""What a talk with one rep is about: a handful of opportunities, open questions, proposals for both sides.

Everything here is chosen from the rep's own rows. A question asks, it never says what is wrong; a proposal
is only a first line that the two may strike out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

import pandas as pd

from spm_lib import style
from spm_lib.judgement.levels import SHORT, Level

Row = Mapping[Hashable, Any]

#: How many of each are picked: largest, longest overdue, longest untouched. Some are the same.
LARGEST, OVERDUE, UNTOUCHED = 2, 2, 1
#: Questions on a sheet, and proposals to each side.
QUESTIONS, PROPOSALS = 3, 3
#: Pushes from which an expected close is asked about where nothing is agreed.
PUSHES = 3

TALK_COLUMNS = {
    "opportunity_id": "str",
    "name": "str",
    "amount": "float64",
    "stage": "str",
    "expected_close": "datetime64[us]",
    "next_on": "datetime64[us]",
    "why": "str",
}

#: Rung of the ladder -> what coaching there would be about, and the question that opens it.
_AT_RUNG = {
    "two_way_count": ("system", "When, and by which way, do people have time to talk?"),
    "decision_maker_count": ("skill", "What would bring everybody who decides to the table?"),
    "next_step_count": ("skill", "How does a talk end with a day for the next one?"),
    "advanced_count": ("knowledge", "What happens between the next step and the one after it?"),
}

#: What is asked where the look stops, and nothing is short there.
_AT_LEVEL = {
    "results": "What made the difference in what was won, and what could be done more often?",
    "pipeline": "What would help to decide what is open, one way or the other?",
    "activity": "Which of the talks became opportunities, and what did they have in common?",
}
#: Number -> what is asked where it is short.
_AT_NUMBER = {
    "booked": "What would have to happen in the weeks left, and what of it is in our hands?",
    "open": "Where could the next good opportunities come from?",
    "conversations": "What would a week look like in which there is room for the talks that count?",
}
#: The same of a win rate, with its count.
_AT_RATE = "{won} of {n} decided were won. What did the others have in common?"


class Asked(Protocol):
    """A step somebody still has to do for a document."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def step(self) -> str: ...  # noqa: D102


def talk_about(open_ones: pd.DataFrame, quiet_days: Mapping[str, float], today: pd.Timestamp) -> pd.DataFrame:
    """The opportunities worth talking about, with the reason.

    Parameters
    ----------
    open_ones : pandas.DataFrame
        The rep's open ones: opportunity_id, name, amount, stage, expected_close, next_on.
    quiet_days : mapping
        Opportunity -> days it has been left alone, for those that count as untouched.
    today : pandas.Timestamp
        The first day not yet known, naive.

    Returns
    -------
    pandas.DataFrame
        `TALK_COLUMNS`, the largest first, those without an amount last; five at most.
    """
    rows = open_ones.sort_values("opportunity_id", kind="stable").set_index("opportunity_id", drop=False)
    overdue = (today - rows["expected_close"]).dt.days.astype("float64")
    quiet = pd.Series({one: quiet_days.get(one) for one in rows.index}, dtype="float64")
    reasons: dict[str, list[str]] = {}
    for one in _most(rows["amount"].astype("float64"), LARGEST).index:
        reasons.setdefault(str(one), []).append("largest open")
    for one, days in _most(overdue[overdue > 0], OVERDUE).items():
        reasons.setdefault(str(one), []).append(f"expected {_days(days)} ago")
    for one, days in _most(quiet, UNTOUCHED).items():
        reasons.setdefault(str(one), []).append(f"no contact for {_days(days)}")
    table = rows.loc[list(reasons)].assign(why=["; ".join(why) for why in reasons.values()])
    table = table.sort_values("amount", ascending=False, kind="stable", na_position="last")
    return table[list(TALK_COLUMNS)].astype(TALK_COLUMNS).reset_index(drop=True)


def questions(
    levels: Sequence[Level],
    numbers: pd.DataFrame,
    asked: pd.DataFrame,
    open_ones: pd.DataFrame,
    quiet_days: Mapping[str, float],
    *,
    pushes: float = PUSHES,
) -> list[str]:
    """Open questions, `QUESTIONS` at most: what was seen, then what it may mean.

    Parameters
    ----------
    levels : sequence of Level
        Of `descend`.
    numbers : pandas.DataFrame
        number, level, state, hit_count, n and note (of the rung: its name).
    asked : pandas.DataFrame
        ``activity_questions`` of the rep that are asked.
    open_ones : pandas.DataFrame
        As in `talk_about`, with pushed_count.
    quiet_days : mapping
        As in `talk_about`.
    pushes : float, optional
        From more pushes than this on an expected close is asked about.
    """
    found = [
        *_of_activity(asked),
        *_of_pushes(open_ones, pushes),
        *_of_waiting(open_ones, quiet_days, pushes),
    ]
    return [*found[: QUESTIONS - 1], *_of_levels(levels, numbers)][:QUESTIONS]


def _of_levels(levels: Sequence[Level], numbers: pd.DataFrame) -> Iterator[str]:
    """What is asked at the level where the look stops, then of what is short above it."""
    for level in reversed([one for one in levels if one.is_shown]):
        rows = numbers[numbers["level"].eq(level.name)].to_dict("records")
        if level.is_last and level.state != SHORT:
            yield _AT_LEVEL[level.name]
        for row in rows:
            name, seen = str(row["number"]), (style.count(row["hit_count"]), style.count(row["n"]))
            if name == "rung" and row["note"] in _AT_RUNG:
                yield f"{_AT_RUNG[str(row['note'])][1]} ({seen[0]} of {seen[1]} got there.)"
            elif row["state"] == SHORT and name.startswith("win_rate"):
                yield _AT_RATE.format(won=seen[0], n=seen[1])
            elif row["state"] == SHORT and name in _AT_NUMBER:
                yield _AT_NUMBER[name]


def _of_activity(asked: pd.DataFrame) -> Iterator[str]:
    """The signs that are asked about, with the rep's own count alone."""
    for row in asked.to_dict("records"):
        seen = f"{style.count(row['flagged_count'])} of {style.count(row['occasion_count'])} in four weeks"
        yield f"{row['text']} ({seen})"


def _of_pushes(open_ones: pd.DataFrame, pushes: float) -> Iterator[str]:
    often = _most(_by_id(open_ones, "pushed_count"), 1)
    for one, times in often[often > pushes].items():
        yield (
            f"The expected close of {_named(open_ones, one)} has moved {style.count(times)} times. "
            "What has to happen there first?"
        )


def _of_waiting(open_ones: pd.DataFrame, quiet_days: Mapping[str, float], pushes: float) -> Iterator[str]:
    """The one that has waited longest, unless its expected close is asked about already."""
    often = _most(_by_id(open_ones, "pushed_count"), 1)
    named = set(often[often > pushes].index)
    others = [one for one in open_ones["opportunity_id"] if one not in named]
    waits = pd.Series({one: quiet_days.get(one) for one in others}, dtype="float64")
    for one, days in _most(waits, 1).items():
        yield f"{_named(open_ones, one)} has had no contact for {_days(days)}. What is it waiting for?"


def coaching_proposal(rung: str, kept: float, of: float) -> dict[str, str]:
    """One focus where the ladder falls most, as a question; empty where no rung is told.

    Returns
    -------
    dict
        focus (skill, will, knowledge or system) and note.
    """
    if rung not in _AT_RUNG:
        return {}
    focus, question = _AT_RUNG[rung]
    return {"focus": focus, "note": f"{question} ({style.count(kept)} of {style.count(of)} got there.)"}


def proposals(
    commitments: pd.DataFrame,
    requests: Sequence[Asked],
    missing: Sequence[str],
    talk: pd.DataFrame,
    rep: str,
    owner_owes: Sequence[date] = (),
) -> dict[str, list[str]]:
    """First lines for the new commitments of the rep and of the manager, `PROPOSALS` each at most.

    Parameters
    ----------
    commitments : pandas.DataFrame
        Those of the sheet: who, what, overdue_days.
    requests : sequence
        Steps still to be done for the rep's documents.
    missing : sequence of str
        What the company promised the rep and has not supplied.
    talk : pandas.DataFrame
        Of `talk_about`.
    rep : str
    owner_owes : sequence of datetime.date, optional
        By when the owner promised something about the rep that is overdue, in meetings without the rep: what
        it is stays there.

    Returns
    -------
    dict
        "manager" and "rep": the company's own part comes first.
    """
    late = commitments[commitments["overdue_days"].notna()]
    manager = [
        *(f"Finish, or agree on a new day for: {what}" for what in late["what"][late["who"].eq("manager")]),
        *(f"Ask the owner for: {what}" for what in late["what"][late["who"].eq("owner")]),
        *([f"Ask the owner about what was promised {_by(owner_owes)}"] if owner_owes else []),
        *(f"Supply what was promised: {what}" for what in missing),
        *(_step(one) for one in requests if one.step != "read"),
    ]
    without = talk[talk["next_on"].isna()]
    mine = [
        *(f"Finish, or agree on a new day for: {what}" for what in late["what"][late["who"].eq(rep)]),
        *(f"Read “{one.title}”" for one in requests if one.step == "read"),
        *(f"A dated next step for “{style.plain(name, 60)}”" for name in without["name"]),
    ]
    return {"manager": manager[:PROPOSALS], "rep": mine[:PROPOSALS]}


def _by(days: Sequence[date]) -> str:
    """The days of promises, the earliest first: "by 12 November and by 30 November"."""
    return " and ".join(f"by {style.day(day, year=False)}" for day in sorted(set(days)))


def _step(one: Asked) -> str:
    if one.step == "reviewed":
        return f"Go through “{one.title}” together"
    return f"Come back to “{one.title}” in a meeting"


def _most(values: pd.Series, count: int) -> pd.Series:
    """The largest few; of equal ones the first."""
    return values.dropna().sort_values(ascending=False, kind="stable").head(count)


def _by_id(rows: pd.DataFrame, column: str) -> pd.Series:
    by_id = rows.sort_values("opportunity_id", kind="stable").set_index("opportunity_id")
    return by_id[column].astype("float64")


def _named(rows: pd.DataFrame, one: object) -> str:
    name = rows.set_index("opportunity_id")["name"].to_dict()[one]
    return f"“{style.plain(one if style.is_missing(name) else name, 60)}”"


def _days(days: float) -> str:
    return f"{style.count(days)} day{'' if days == 1 else 's'}"

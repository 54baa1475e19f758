"""Which conversation does each rep's standing propose? Celebrate, keep, coach up, or confront.

Where the standing proposes to confront and the company's own part does not allow it, the conversation is one
the company has with itself: check ourselves first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd

from spm_lib import style
from spm_lib.judgement.company import check_ourselves, may_confront

CONFRONT, CHECK_FIRST = "confront", "check ourselves first"
CONVERSATIONS = (CONFRONT, CHECK_FIRST, "coach up", "celebrate", "keep")
#: A rep below is confronted when coaching began at least so many weeks ago, and no longer ago than a year.
COACHING_WEEKS, COACHING_FORGOTTEN_WEEKS = 4, 52
#: What has to lie on the table before anybody is confronted.
COMPANY_PART = "the company’s own part"

COLUMNS = {
    "rep_id": "str",
    "conversation": "str",
    "since": "datetime64[us]",
    "reasons": "str",
    "first": "str",
    "needs": "str",
}


def conversations(
    standings: pd.DataFrame, on: date, *, coached_on: Mapping[str, date] | None = None
) -> pd.DataFrame:
    """One proposed conversation per rep, with its reasons; the manager decides.

    Parameters
    ----------
    standings : pandas.DataFrame
        Of ``standing``, at the end of a week.
    on : datetime.date
        The day after that week.
    coached_on : mapping, optional
        Rep id -> the day coaching on what is below began. Without it nobody is confronted: coaching is first.

    Returns
    -------
    pandas.DataFrame
        By rep in the order of `standings`: conversation ("confront": below, and coached for
        `COACHING_WEEKS`; "coach up": below or watch; "celebrate": exceeds; "keep": the rest), since (first
        day of the oldest standing that proposes it), reasons (a sentence per expectation that proposes it, a
        line each), first (what goes well, to be said first), needs (what has to be at hand: a confrontation
        asks for `COMPANY_PART`, which comes first and is not judged here).
    """
    began = coached_on or {}
    rows = [
        _proposed(str(rep), part, on, began.get(str(rep)))
        for rep, part in standings.groupby("rep_id", sort=False)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["since"] = pd.to_datetime(table["since"])
    return table.astype(COLUMNS)


def with_ledgers(table: pd.DataFrame, ledgers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The conversations with the company's own part looked at: nobody is confronted without it.

    Parameters
    ----------
    table : pandas.DataFrame
        Of `conversations`.
    ledgers : mapping
        Rep id -> ``company_part``. A rep who has none is not confronted.

    Returns
    -------
    pandas.DataFrame
        The same; a "confront" whose ledger does not allow it (``may_confront``) is "check ourselves first",
        and `needs` says what has to be put right or looked at, a line each.
    """
    nothing = pd.DataFrame(columns=["question", "state", "said"])
    told = table.copy()
    for place, row in table[table["conversation"].eq(CONFRONT)].iterrows():
        ledger = ledgers.get(str(row["rep_id"]), nothing)
        if not may_confront(ledger):
            told.loc[place, ["conversation", "needs"]] = [CHECK_FIRST, "\n".join(check_ourselves(ledger))]
    return told


def _proposed(rep: str, rows: pd.DataFrame, on: date, coached: date | None) -> dict[str, object]:
    """The weightiest conversation the standings of one rep propose."""
    low = rows[rows["standing"].isin(["below", "watch"])]
    high = rows[rows["standing"].eq("exceeds")]
    if len(low):
        name = "confront" if low["standing"].eq("below").any() and _is_coached(coached, on) else "coach up"
        if name == "confront":
            low = low[low["standing"].eq("below")]
        because = low
    else:
        name = "celebrate" if len(high) else "keep"
        because = high if len(high) else rows[rows["standing"].isin(["meets", "too few to say"])]
    told = [_reason(row) for row in because.to_dict("records")]
    if name == "confront" and coached is not None:
        told.append(f"Coached since {style.day(coached)}.")
    return {
        "rep_id": rep,
        "conversation": name,
        "since": because["since"].min(),
        "reasons": "\n".join(told) or "Nothing agreed could be judged.",
        "first": "\n".join(_reason(row) for row in high.to_dict("records")) if len(low) else "",
        "needs": COMPANY_PART if name == "confront" else "",
    }


def _is_coached(began: date | None, on: date) -> bool:
    """Whether coaching has had its time and is not forgotten."""
    if began is None:
        return False
    return timedelta(weeks=COACHING_WEEKS) <= on - began <= timedelta(weeks=COACHING_FORGOTTEN_WEEKS)


def _reason(row: Mapping[object, object]) -> str:
    """One standing as a sentence: "Win rate by count: … 30% since 4 March 2026 (4 of 43 in 26 weeks)."."""
    metric = str(row["metric"])
    agreed = style.agreed(style.number(row["threshold"]), metric)
    said = {
        "below": f"has moved away from the agreed {agreed}",
        "watch": f"may be moving away from the agreed {agreed}",
        "exceeds": f"goes beyond the agreed {agreed}",
        "meets": f"no different from the agreed {agreed}",
        "too few to say": "too few to say",
    }[str(row["standing"])]
    told = row["standing"] != "too few to say" and not style.is_missing(row["since"])
    since = "" if not told else f" since {style.day(pd.Timestamp(str(row['since'])))}"
    return f"{style.measure(metric)}: {said}{since} ({_counted(row)})."


def _counted(row: Mapping[object, object]) -> str:
    """What was counted, over which time: the agreed weeks, or as many of them as there were."""
    hits, n = (style.number(row[name]) for name in ("hit_count", "n"))
    if row["kind"] == "weekly":
        return f"{style.count(hits)} in {_several(n, 'week')}"
    if row["kind"] == "periods":
        return f"reached in {style.count(hits)} of {_several(n, 'period')}"
    return f"{style.count(hits)} of {style.count(n)} in {_several(style.number(row['seen_weeks']), 'week')}"


def _several(count: float, noun: str) -> str:
    return f"{style.count(count)} {noun}{'' if count == 1 else 's'}"

"""What happened in the week, in sentences: facts with their names, no verdicts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style

#: Opportunities named in one sentence; the rest are counted.
NAMED = 3

_MOVES = {
    "created": "new in the pipeline",
    "pulled_in": "pulled into this goal period",
    "increased": "added to open opportunities",
    "reopened": "reopened",
    "pushed_out": "pushed out of this goal period",
    "decreased": "taken off open opportunities",
    "merged": "merged away",
    "deleted": "deleted or gone from the export",
}


def what_changed(
    outcomes: pd.DataFrame, moves: pd.DataFrame, *, names: Mapping[str, str], currency: str
) -> list[str]:
    """The week's outcomes and pipeline moves, the largest amounts named.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES`` of the week.
    moves : pandas.DataFrame
        ``pipeline_change_rows`` of the week: opportunity_id, name, rep_id, cause, amount.
    names : mapping
        Rep id -> printed name.
    currency : str

    Returns
    -------
    list of str
        Plain text, not HTML.
    """
    sentences = []
    for outcome, verb in (("won", "booked"), ("lost", "lost"), ("disqualified", "disqualified")):
        rows = outcomes[outcomes["outcome"] == outcome]
        if len(rows):
            sentences.append(f"{_total(rows, currency)} {verb}: {_named(rows, names, currency)}.")
    if not len(outcomes):
        sentences.append("Nothing was decided this week.")
    for cause, words in _MOVES.items():
        rows = moves[moves["cause"] == cause]
        if len(rows):
            sentences.append(f"{_total(rows, currency)} {words}: {_named(rows, names, currency)}.")
    return sentences


def _total(rows: pd.DataFrame, currency: str) -> str:
    return style.money(rows["amount"].abs().sum(), currency) if rows["amount"].notna().any() else "No amount"


def _named(rows: pd.DataFrame, names: Mapping[str, str], currency: str) -> str:
    ordered = rows.assign(size=rows["amount"].abs()).sort_values(
        ["size", "opportunity_id"], ascending=[False, True]
    )
    parts = []
    for row in ordered.head(NAMED).to_dict("records"):
        title = row["name"] if isinstance(row["name"], str) and row["name"] else row["opportunity_id"]
        amount = "" if pd.isna(row["amount"]) else f"{style.money(abs(row['amount']), currency)}, "
        rep = names.get(row["rep_id"], "unassigned") if isinstance(row["rep_id"], str) else "unassigned"
        parts.append(f"{title} ({amount}{rep})")
    rest = len(ordered) - NAMED
    return "; ".join(parts) + (f"; and {rest} more" if rest > 0 else "")

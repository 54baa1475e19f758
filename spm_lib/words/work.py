"""Sentences about a week and its work."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from spm_lib import style
from spm_lib.words.said import Row, listed


def week(row: Row, currency: str) -> str:
    """What is said of one measure's latest week inside its usual range."""
    signal, measure = row["signal"], str(row["measure"])
    if style.is_missing(row["latest"]):
        return "no amount known this week" if measure == "bookings" else "no data this week"
    if signal in ("above", "below"):
        lower, upper = style.number(row["lower"]), style.number(row["upper"])
        return f"{signal} the usual {style.usual(lower, upper, measure, currency)}"
    if signal in ("run_above", "run_below"):
        return f"eight weeks in a row {str(signal).removeprefix('run_')} the average"
    plain = {
        "none": "ordinary week",
        "no variation": "the same every week",
        "too few to say": "too few to say",
        "no data": "no data this week",
    }
    return plain.get(str(signal), "too few weeks to say")


def climbed(ladder: pd.DataFrame, rungs: Iterable[str], reason: str = "") -> list[str]:
    """What a reader of the ladder must know: rungs nobody records, weeks not received, what is too young."""
    said = []
    missing = [style.label(rung) for rung in rungs if ladder[rung].isna().all()]
    if missing:
        why = f": {style.plain(reason)}" if reason else ", no export holds it"
        said.append(f"{style.DASH} {listed(missing)} not recorded{why}.")
    received = ladder["received_rate"].min()
    if received < 1:
        said.append(f"The exports reach {style.percent(received)} of these weeks; the rest is not counted.")
    young = ladder["undecided_count"].sum()
    if young:
        verb = "is" if young == 1 else "are"
        said.append(f"{style.count(young)} with a next step {verb} too recent to have advanced.")
    return said


def asked(row: Row) -> str:
    """What was seen before a question is asked: the rep's occasions, the peers' and the rep's own past."""
    own = f"{style.count(row['flagged_count'])} of {style.count(row['occasion_count'])} in four weeks"
    peers = f"{style.count(row['peer_flagged_count'])} of {style.count(row['peer_occasion_count'])}"
    past = f"{style.count(row['past_flagged_count'])} of {style.count(row['past_occasion_count'])}"
    return f"{own}; the others {peers} in a year, the rep’s own before {past}."

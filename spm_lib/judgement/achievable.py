"""Can a standard be met at all? Whether peers met it, and whether the rep did before.

A standard nobody meets says more about the standard than about the rep, so this is asked before a rep is
spoken to about it. Two counts answer it, both of whole persons or whole windows and never of averages:

*Peers*: the other reps it applies to, one look each, at what the standing itself looks at: the agreed weeks
up to the end of the week, or all finished periods. One look and not the best of many, for with ten looks each
a rep who wins two thirds of what was agreed would "meet" it once by luck, and the standard would always seem
fair.

*The rep's own past*: windows of the agreed weeks that do not overlap, counted backwards from the window
that is judged now, which is left out: what is in question is no answer. Of periods every finished one.

A window counts when it holds the agreed minimum of results (of weekly counts: of weeks with data), so that
two wins of three are no proof. A window is met when its plain number reaches what was agreed. A rep who keeps
the standard exactly falls short in half of all windows by chance: the counts say whether it can be reached,
not how often it should be, and one that was met is enough. A rep who truly wins 20 % meets 30 % in a window
of 20 decisions in 1 of 5: "met in 1 of 4" is weak evidence, and that is why n stands beside it. No peers and
no windows is no answer, and nobody is confronted on none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from spm_lib import style
from spm_lib.judgement.facts import Facts
from spm_lib.judgement.standing import applies
from spm_lib.periods import Period, midnight

COLUMNS = {
    "rep_id": "str",
    "metric": "str",
    "peers_met_count": "Int64",
    "peers_count": "Int64",
    "own_met_count": "Int64",
    "own_count": "Int64",
    "document": "str",
    "version": "str",
}


def achievable(
    standards: pd.DataFrame, facts: Mapping[str, Facts], roles: Mapping[str, str], week: Period
) -> pd.DataFrame:
    """Per standard and rep: how many peers met it, and in how many windows of the past the rep did.

    Parameters
    ----------
    standards : pandas.DataFrame
        ``Expectations.standards``.
    facts : mapping
        Metric id -> `Facts`, as for ``standing``; those of before the standard count here, too.
    roles : mapping
        Rep id -> role, of the team in the week.
    week : Period
        The window judged now ends with it.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: peers_count peers with enough results, peers_met_count of them met it; own_count windows
        before the one that is judged now (of periods: finished ones), own_met_count of them did. A standard
        no noise test is possible for, or nobody records, has no row.
    """
    rows = [
        row
        for line in standards.to_dict("records")
        if (found := facts.get(line["metric"])) is not None and found.kind != "values"
        for row in _rows(line, found, list(applies(line["applies_to"], roles)), week)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _rows(
    line: Mapping[object, object], facts: Facts, reps: list[str], week: Period
) -> Iterator[dict[str, object]]:
    looks = {rep: _looks(line, facts, rep, week) for rep in reps}
    for rep in reps:
        now = [seen[0] for other, seen in looks.items() if other != rep and seen[0] is not None]
        own = [met for met in looks[rep][1] if met is not None]
        yield {
            "rep_id": rep,
            "metric": line["metric"],
            "peers_met_count": sum(now),
            "peers_count": len(now),
            "own_met_count": sum(own),
            "own_count": len(own),
            "document": line["document"],
            "version": line["version"],
        }


def _looks(
    line: Mapping[object, object], facts: Facts, rep: str, week: Period
) -> tuple[bool | None, list[bool | None]]:
    """Whether the window judged now is met, and each before it; None where it holds too few results."""
    rows = facts.rows[facts.rows["rep_id"].eq(rep)]
    minimum = style.number(line["minimum_n"])
    if facts.kind == "periods":
        ended = rows[rows["value"].notna() & (rows["ends_on"] <= pd.Timestamp(week.end))]
        values = ended["value"].astype("float64")
        enough = bool(len(values)) and len(values) >= minimum
        every: list[bool | None] = [_met(line, value) for value in values]
        return (_met(line, float(values.median())) if enough else None), every
    weeks, zone = int(style.number(line["weeks"])), week.time_zone
    ends = _ends(rows, facts.kind, weeks, week, zone)
    seen = [_window(line, rows, facts.kind, end, weeks, minimum, zone) for end in ends]
    return seen[0], seen[1:]


def _ends(rows: pd.DataFrame, kind: str, weeks: int, week: Period, zone: str) -> list[date]:
    """The day after each window, the one judged now first, back to the first result."""
    if kind == "trials":
        days = rows["at"].dt.tz_convert(zone).dt.date
    else:
        days = pd.to_datetime(rows["starts_on"]).dt.date
    first = min(days, default=week.end)
    ends = [week.end]
    while ends[-1] - timedelta(weeks=weeks) > first:
        ends.append(ends[-1] - timedelta(weeks=weeks))
    return ends


def _window(
    line: Mapping[object, object],
    rows: pd.DataFrame,
    kind: str,
    end: date,
    weeks: int,
    minimum: float,
    zone: str,
) -> bool | None:
    start = end - timedelta(weeks=weeks)
    if kind == "weekly":
        starts = pd.to_datetime(rows["starts_on"])
        inside = rows[(starts >= pd.Timestamp(start)) & (starts < pd.Timestamp(end)) & rows["value"].notna()]
        values, n = inside["value"].astype("float64"), float(len(inside))
        value = float(values.mean()) if len(values) else np.nan
    else:
        at = rows["at"]
        inside = rows[(at >= midnight(start, zone)) & (at < midnight(end, zone)) & rows["hit"].notna()]
        share = inside["share_rate"].astype("float64").clip(0, 1)
        n = float(share.sum())
        value = float((inside["hit"].astype("float64") * share).sum()) / n if n else np.nan
    # sums of shares may fall a hair short of a whole number
    return None if not n or n + 1e-9 < minimum else _met(line, value)


def _met(line: Mapping[object, object], value: float) -> bool:
    agreed = style.number(line["threshold"])
    return value <= agreed + 1e-9 if line["direction"] == "at most" else value >= agreed - 1e-9

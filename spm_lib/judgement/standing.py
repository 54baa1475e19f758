"""Where does each rep stand to what was agreed? One standing per expectation, and what would change it.

Standings: "below" and "watch" by the evidence against the agreement being kept (20 and 5, as
`evidence_below_standard`), "exceeds" by the same evidence with the sides exchanged (20), "too few to say"
under the agreed minimum, "meets" for everything that cannot be told from what was agreed. What is not
recorded, and what no noise test is possible for, is said to be so and not judged.

How each kind of fact is tested (`Facts`):

- *trials* (won of decided, logged in time): the bets of `evidence_below_standard`, and their mirror image.
- *weekly* counts: `bets.lower_counts` and `bets.higher_counts`; weeks without data are skipped.
- *periods* (attainment): a few amounts tell nothing of their scatter, so there is a sign test alone: was the
  agreed number reached in at least half of the periods (or in the `share` agreed)? It speaks from `minimum_n`
  finished periods on; before that the numbers stand there, not judged.
- *values* (a rate by amount): never judged.

The bets take every result since the agreement was in force, in its order. What is printed, and held against
`minimum_n`, are the agreed weeks; of periods it is all of them.

Measured by simulation, looking after every result of a year; told wrongly at exactly what was agreed, and
found at half of it and at 1.5 times of it (median weeks):

==========================================  =======  =========  ==============  ==================
expectation                                 "below"  "exceeds"  found at half   found at 1.5 times
==========================================  =======  =========  ==============  ==================
win rate 20 %, 3 decided a week             3.5 %    3.5 %      87 %, 24        54 %, 45 (30 %)
win rate 30 %, 3 decided a week             3.6 %    3.4 %      98 %, 15        87 %, 21 (45 %)
win rate 50 %, 3 decided a week             3.5 %    3.5 %      100 %, 8        100 %, 8 (75 %)
90 % logged in time, 8 a week               3.0 %    3.6 %      100 %, 1        100 %, 11 (97 %)
3 meetings a week                           0.2 %    1.9 %      97 %, 21        95 %, 21
10 conversations a week                     0.1 %    0.9 %      100 %, 7        100 %, 15
20 conversations a week                     0.1 %    0.2 %      100 %, 4        100 %, 14
==========================================  =======  =========  ==============  ==================

4,000 courses each. Counts: negative binomial with twice the variance of Poisson counts; with three times it
1.6 % are told wrongly to be below, with five times 9 %, for the bet allows for three (`bets.DISPERSION`).
Twelve periods, each reached with a chance of one half: 1.1 % are below; never reached: found after 8 periods.
The standings add conditions to the bets (the agreed minimum, and what the agreed weeks show) and so say less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from spm_lib import style
from spm_lib.errors import MetricError
from spm_lib.judgement.evidence import WATCH, Floats
from spm_lib.judgement.facts import Facts
from spm_lib.judgement.games import (
    Change,
    Course,
    Game,
    change,
    count_game,
    kept_game,
    named,
    seconds,
    spread,
)
from spm_lib.periods import Period, midnight

STANDINGS = ("exceeds", "meets", "too few to say", "watch", "below", "not recorded", "not judged")
#: Standings that passed the noise test: only these may be coloured.
TOLD = ("exceeds", "watch", "below")
#: Share of periods in which the agreed number is to be reached, unless another one was agreed.
PERIOD_SHARE = 0.5

#: Column -> dtype of the table.
COLUMNS = {
    "rep_id": "str",
    "metric": "str",
    "kind": "str",
    "standing": "str",
    "n": "float64",
    "hit_count": "float64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "direction": "str",
    "threshold": "float64",
    "weeks": "int64",
    "seen_weeks": "Int64",
    "minimum_n": "int64",
    "evidence": "float64",
    "peak": "float64",
    "evidence_above": "float64",
    "since": "datetime64[us]",
    "streak_weeks": "Int64",
    "better_count": "Int64",
    "better_result": "float64",
    "better_standing": "str",
    "worse_count": "Int64",
    "worse_result": "float64",
    "worse_standing": "str",
    "note": "str",
    "document": "str",
    "title": "str",
    "version": "str",
    "effective_from": "datetime64[us]",
    "judged_from": "datetime64[us]",
}


def standing(
    standards: pd.DataFrame,
    facts: Mapping[str, Facts],
    roles: Mapping[str, str],
    week: Period,
    *,
    not_recorded: Mapping[str, str] | None = None,
    acknowledged: Mapping[tuple[str, str], date] | None = None,
) -> pd.DataFrame:
    """The standing of every rep to every expectation that applies to them, at the end of a week.

    Parameters
    ----------
    standards : pandas.DataFrame
        ``Expectations.standards`` on the week's last day; a column `share` may say in which part of the
        periods a number is to be reached.
    facts : mapping
        Metric id -> `Facts`, with every row since the standard was in force: a window that moves along with
        the weeks would begin a new bet each week. Metrics without facts are not recorded.
    roles : mapping
        Rep id -> role. A standard applies to the roles or reps it names, or to everybody.
    week : Period
        The week that is looked at.
    not_recorded : mapping, optional
        Metric id -> why nobody records it.
    acknowledged : mapping, optional
        (rep id, document) -> the day the version in force was acknowledged. Where it is given, results count
        from that day on, and a rep without one is not judged.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`: by standard, then rep as in `roles`. standing; n results in the agreed weeks, hit_count of
        them as the metric counts (won, in time; the sum of counts; periods reached), value (their share, mean
        of a week, median of periods) with its 90 % range low to high; seen_weeks: those of the agreed weeks
        that were looked at, since results count and the record begins, a begun one whole; evidence against
        the agreement being kept now and at its peak, evidence_above that there is more; since (first day of
        the standing) and streak_weeks; better_ and worse_: so many further results (or weeks, periods), of
        these so many hits (for counts: so many in all), would move it to that standing, missing where nothing
        near would; note; the document, its version, and judged_from.

    Raises
    ------
    MetricError
        A share is agreed that is no rate between 0 and 1.

    References
    ----------
    A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic statistics and safe anytime-valid inference",
    Statistical Science 38 (2023).
    """
    rows = [
        _row(line, rep, facts.get(line["metric"]), week, not_recorded or {}, acknowledged)
        for line in standards.to_dict("records")
        for rep in applies(line["applies_to"], roles)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in ("since", "effective_from", "judged_from"):
        table[name] = pd.to_datetime(table[name])
    return table.astype(COLUMNS)


def applies(applies_to: tuple[str, ...], roles: Mapping[str, str]) -> Iterator[str]:
    """The reps a standard is for: it names them or their role, or nobody, which is everybody."""
    for rep, role in roles.items():
        if not applies_to or rep in applies_to or role in applies_to:
            yield rep


@dataclass(frozen=True)
class _Asked:
    """One expectation of one rep: what a row begins with."""

    line: Mapping[object, object]
    rep: str
    facts: Facts
    week: Period
    begins: date

    @property
    def threshold(self) -> float:
        return style.number(self.line["threshold"])

    @property
    def at_most(self) -> bool:
        return self.line["direction"] == "at most"

    @property
    def minimum(self) -> float:
        return style.number(self.line["minimum_n"])

    @property
    def weeks(self) -> int:
        return int(style.number(self.line["weeks"]))

    def instant(self, day: date) -> float:
        """The first instant of a day, in seconds since 1970."""
        return _instant(day, self.week.time_zone)


@lru_cache(maxsize=4096)
def _instant(day: date, zone: str) -> float:
    """The first instant of a day in a zone; every rep and expectation asks for the same weeks."""
    return midnight(day, zone).timestamp()


def _row(
    line: Mapping[object, object],
    rep: str,
    facts: Facts | None,
    week: Period,
    not_recorded: Mapping[str, str],
    acknowledged: Mapping[tuple[str, str], date] | None,
) -> dict[str, object]:
    """The row of one rep and one expectation."""
    begins: date | None = pd.Timestamp(str(line["effective_from"])).date()
    if acknowledged is not None and begins is not None:
        day = acknowledged.get((rep, str(line["document"])))
        begins = None if day is None or day >= week.end else max(begins, day)
    kept = ("metric", "direction", "threshold", "weeks", "minimum_n", "document", "title", "version")
    row = {
        **{name: line[name] for name in (*kept, "effective_from")},
        "rep_id": rep,
        "kind": "values" if facts is None else facts.kind,
        "judged_from": begins,
        "note": "",
    }
    if facts is None:
        why = not_recorded.get(str(line["metric"]), "no export holds it")
        return {**row, "standing": "not recorded", "note": why}
    asked = _Asked(line, rep, facts, week, begins or week.end)
    if begins is None:
        return {**row, "standing": "not judged", "note": "not acknowledged yet"}
    if facts.kind == "values":
        return {**row, **_value(asked)}
    return {**row, **_measured(asked)}


def _value(asked: _Asked) -> dict[str, object]:
    """A number no noise test is possible for."""
    mine = asked.facts.rows[asked.facts.rows["rep_id"].eq(asked.rep)]
    if mine.empty or style.is_missing(mine["value"].iloc[0]):
        return {"standing": "not recorded", "note": "nothing to count it from"}
    note = "one number alone does not tell chance from a change"
    return {"standing": "not judged", "value": mine["value"].iloc[0], "n": mine["n"].iloc[0], "note": note}


def _measured(asked: _Asked) -> dict[str, object]:
    """Numbers, standing and what would change it, from results since the agreement."""
    results, values = _results(asked)
    game, course = _game(asked), _course(asked, results)
    if asked.facts.kind == "weekly" and not len(results):
        return {"standing": "not recorded", "note": "no week with data since it was agreed"}
    window = _window(asked, course, asked.week.end)
    told = {**_numbers(asked, window, values), "seen_weeks": _seen_weeks(asked), "note": ""}
    if game is None:
        return {**told, "standing": "not judged", "note": "an agreed number without room for chance"}
    if asked.facts.kind == "periods" and course.n < asked.minimum:
        few = f"{style.count(course.n)} of {style.count(asked.minimum)} finished periods"
        return {**told, "standing": "not judged", "note": f"too few amounts to test: {few}"}
    return {**told, **_judged(asked, game, course, window)}


def _results(asked: _Asked) -> tuple[pd.DataFrame, pd.Series]:
    """The rep's results since the agreement, up to the week's end, as moment, hit, share; and raw values."""
    rows = asked.facts.rows[asked.facts.rows["rep_id"].eq(asked.rep)]
    kind, zone = asked.facts.kind, asked.week.time_zone
    if kind == "trials":
        rows = rows[rows["hit"].notna()]
        table = pd.DataFrame(
            {
                "moment": seconds(rows["at"]),
                "hit": rows["hit"].astype("float64"),
                "share": rows["share_rate"].astype("float64").clip(0, 1),
                "value": np.nan,
            }
        )
        first = table["moment"]
    else:
        rows = rows[rows["value"].notna()]
        value = rows["value"].astype("float64")
        ends = rows["starts_on"] + pd.Timedelta(days=7) if kind == "weekly" else rows["ends_on"]
        # a week or a period counts when it is over: at the last instant before its end
        moment = [_instant(pd.Timestamp(end).date(), zone) - 1 for end in ends]
        hit = value if kind == "weekly" else _reached(asked, value)
        table = pd.DataFrame({"moment": moment, "hit": hit, "share": 1.0, "value": value}, index=rows.index)
        starts = [_instant(pd.Timestamp(day).date(), zone) for day in rows["starts_on"]]
        first = pd.Series(starts, index=rows.index, dtype="float64")
    inside = (first >= asked.instant(asked.begins)) & (table["moment"] < asked.instant(asked.week.end))
    table = table[inside].sort_values("moment", kind="stable", ignore_index=True)
    return table, table["value"]


def _reached(asked: _Asked, value: pd.Series) -> pd.Series:
    kept = value <= asked.threshold if asked.at_most else value >= asked.threshold
    return kept.astype("float64")


def _game(asked: _Asked) -> Game | None:
    """The bets; None where the agreed number leaves nothing to chance."""
    kind, threshold = asked.facts.kind, asked.threshold
    if kind == "weekly":
        return count_game(threshold, at_most=asked.at_most) if threshold > 0 else None
    if kind == "periods":
        rate = style.number(asked.line.get("share", PERIOD_SHARE))
        threshold = PERIOD_SHARE if style.is_missing(rate) else rate
    elif asked.at_most:
        threshold = 1 - threshold
    if not 0 <= threshold <= 1:
        raise MetricError(
            f"a share of {asked.line['metric']} that cannot be reached or missed",
            where=str(asked.line["document"]),
            given=asked.line["threshold"] if kind == "trials" else threshold,
            remedy="agree on a rate between 0 and 1, such as 0.3",
        )
    return kept_game(threshold) if 0 < threshold < 1 else None


def _course(asked: _Asked, results: pd.DataFrame) -> Course:
    """Results as the game sees them: 1 is as agreed, whichever way the metric counts."""
    hit = results["hit"].to_numpy(dtype=float)
    flipped = asked.facts.kind == "trials" and asked.at_most
    return Course(
        results["moment"].to_numpy(dtype=float),
        1 - hit if flipped else hit,
        results["share"].to_numpy(dtype=float),
    )


def _window(asked: _Asked, course: Course, end: date) -> Course:
    """The agreed weeks before a day; of periods all before it."""
    if asked.facts.kind == "periods":
        return course.inside(-np.inf, asked.instant(end))
    return course.inside(asked.instant(end - timedelta(weeks=asked.weeks)), asked.instant(end))


def _numbers(asked: _Asked, window: Course, values: pd.Series) -> dict[str, object]:
    """n, hits, value and its range in the agreed weeks, as the metric counts them."""
    n, hits = window.n, _raw(asked, window.total, window.n)
    low, high = spread(asked.facts.kind, hits, n)
    value = hits / n if n else np.nan
    if asked.facts.kind == "periods":
        value = float(values.median())
    return {"n": n, "hit_count": hits, "value": value, "low": low, "high": high}


def _seen_weeks(asked: _Asked) -> int:
    """How many of the agreed weeks there were to look at; the record begins with anybody's first result."""
    first = asked.instant(asked.begins)
    if asked.facts.kind == "trials" and len(asked.facts.rows):
        first = max(first, float(seconds(asked.facts.rows["at"]).min()))
    whole = [asked.week.end - timedelta(weeks=back) for back in range(1, asked.weeks)]
    return 1 + sum(asked.instant(day) > first for day in whole)


def _raw(asked: _Asked, total: float, n: float) -> float:
    """What counts as kept, back in the metric's own count."""
    return n - total if asked.facts.kind == "trials" and asked.at_most else total


def _judged(asked: _Asked, game: Game, course: Course, window: Course) -> dict[str, object]:
    """The standing, how long it has lasted, and what would change it."""
    short = np.concatenate([[1.0], game.short(course.result, course.share, game.aim)])
    over = np.concatenate([[1.0], game.over(course.result, course.share, game.aim)])
    starts, names = _replayed(asked, game, course, short, over)
    streak = next((back for back, name in enumerate(reversed(names)) if name != names[-1]), len(names))
    up, down = (
        change(game, course, window, asked.minimum, asked.facts.kind, up=way) for way in (True, False)
    )
    aside = short[-1] >= WATCH and names[-1] not in ("watch", "below")
    return {
        "standing": names[-1],
        "evidence": float(short[-1]),
        "peak": float(short.max()),
        "evidence_above": float(over[-1]),
        "since": max(starts[len(names) - streak], asked.begins),
        "streak_weeks": streak,
        **_changed("better", up, asked),
        **_changed("worse", down, asked),
        "note": "earlier results were short of it; the agreed weeks are not" if aside else "",
    }


def _replayed(
    asked: _Asked, game: Game, course: Course, short: Floats, over: Floats
) -> tuple[list[date], list[str]]:
    """The first day and the standing of each week since the agreement, oldest first."""
    ends = [asked.week.end]
    while ends[-1] - timedelta(days=7) > asked.begins:
        ends.append(ends[-1] - timedelta(days=7))
    ends.reverse()
    names = []
    for end in ends:
        seen, window = int(np.searchsorted(course.moment, asked.instant(end))), _window(asked, course, end)
        names.append(named(game, short[seen], over[seen], window.n, window.total, asked.minimum))
    return [end - timedelta(days=7) for end in ends], names


def _changed(side: str, found: Change | None, asked: _Asked) -> dict[str, object]:
    if found is None:
        return {f"{side}_count": pd.NA, f"{side}_result": np.nan, f"{side}_standing": None}
    result = _raw(asked, found.result, found.count)
    return {f"{side}_count": found.count, f"{side}_result": result, f"{side}_standing": found.standing}

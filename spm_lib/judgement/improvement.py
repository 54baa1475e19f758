"""How a plan's criteria stand, how far chance reaches, and which outcome that proposes.

A criterion is asked of a short time, so of few results. Two questions are asked of it before anything is
judged by it:

*How far does chance reach?* The band in which nine of ten reps who truly do just what was agreed show up
after so many results (`chance`): binomial for shares, for counts of a week negative binomial with
`DISPERSION` times the variance of Poisson counts, as the standings allow for. Whoever is inside the band, but
short of the number, is not told to have missed it. Of a share of 100 % one failure is outside the band.

*How many results does it take to tell?* As many as show a rep at half of what was agreed outside that band in
4 of 5 cases (`results_to_tell`). Where the plan's time brings fewer, the page says so, and that activity
tells earlier than outcome.

States: "met" (the number is reached, with the agreed minimum of results), "on the way" (short of it, within
chance), "not yet" (further off than chance alone would show in 1 of 20), "too few to say" (below the agreed
minimum), "to come" (the day is not here). A criterion no chance can be computed for, such as the attainment
of one period, is "met" or "too few to say", never "not yet".

The proposal is for people to decide about. "end" is only proposed where the company's own part is complete;
otherwise it is "extend", and checks itself first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from spm_lib import style
from spm_lib.judgement.bets import DISPERSION
from spm_lib.judgement.facts import Facts
from spm_lib.periods import midnight

#: A rep who truly does what was agreed shows up below the band in at most so many cases.
BY_CHANCE = 0.05
#: A rep at half of what was agreed is to be told from it in so many cases.
TOLD_RATE = 0.80
#: Results beyond which nobody looks for an answer.
MOST_RESULTS = 400
STATES = ("met", "on the way", "not yet", "too few to say", "to come")
SUPPORT_STATES = ("given", "given late", "overdue", "to come")

CRITERIA_COLUMNS = {
    "criterion": "int64",
    "metric": "str",
    "kind": "str",
    "direction": "str",
    "threshold": "float64",
    "weeks": "int64",
    "minimum_n": "int64",
    "at": "str",
    "on": "datetime64[us]",
    "n": "float64",
    "hit_count": "float64",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "state": "str",
}
CHANCE_COLUMNS = {
    "criterion": "int64",
    "metric": "str",
    "kind": "str",
    "direction": "str",
    "threshold": "float64",
    "weeks": "int64",
    "expected_n": "float64",
    "needed_n": "float64",
    "low": "float64",
    "high": "float64",
    "tells": "bool",
}
SUPPORT_COLUMNS = {
    "what": "str",
    "by": "str",
    "due": "datetime64[us]",
    "done_on": "datetime64[us]",
    "state": "str",
}


@dataclass(frozen=True)
class Asked:
    """One criterion, as a plan asks it: `weeks` back from a day, but never before the plan began.

    Of counts of a week the last `weeks` whole ones.
    """

    metric: str
    direction: str
    threshold: float
    weeks: int
    minimum_n: int


def chance(kind: str, threshold: float, n: float) -> tuple[float, float]:
    """Where 9 of 10 reps show up after `n` results who truly do just what was agreed.

    Parameters
    ----------
    kind : str
        As of `Facts`.
    threshold : float
        A share 0-1 for trials, a number per week for weekly counts.
    n : float
        Decided opportunities or activities; weeks.

    Returns
    -------
    low, high : float
        In the unit of the threshold; NaN where there is nothing to compute it from.
    """
    whole = round(n)
    # of all, or of none, a single one the other way is no chance; a count of none has no spread
    bounded = 0 <= threshold <= 1 if kind == "trials" else threshold > 0
    if whole < 1 or kind not in ("trials", "weekly") or not bounded:
        return np.nan, np.nan
    fallen = _fallen(kind, threshold, whole, np.arange(_most(kind, threshold, whole) + 1))
    low, high = np.searchsorted(fallen, [BY_CHANCE, 1 - BY_CHANCE])
    return float(low) / whole, float(high) / whole


@lru_cache(maxsize=1024)
def results_to_tell(kind: str, threshold: float, *, at_most: bool = False) -> float:
    """Results it takes to tell a rep at half of what was agreed from one who does it, in 4 of 5 cases.

    Parameters
    ----------
    kind, threshold
        As in `chance`.
    at_most : bool, optional
        Less is better: then a rep at half as much again.

    Returns
    -------
    float
        Results of the kind; NaN where no number up to `MOST_RESULTS` does it, or none can.
    """
    for n in range(1, MOST_RESULTS + 1):
        low, high = chance(kind, threshold, n)
        if style.is_missing(low):
            return np.nan
        other = min(threshold * 1.5, 1.0) if at_most else threshold / 2
        edge = round(high * n) if at_most else round(low * n) - 1
        below = float(_fallen(kind, other, n, np.array([edge]))[0])
        if (1 - below if at_most else below) >= TOLD_RATE:
            return float(n)
    return np.nan


def _fallen(kind: str, threshold: float, n: int, totals: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
    """How often the total of `n` results is no more than each of some totals, by chance.

    ``scipy.stats`` has both; its package of distributions takes half a second to import.
    """
    at = np.maximum(totals, 0)
    if kind == "trials":
        found = scipy.special.bdtr(np.minimum(at, n), n, threshold)
    else:
        found = scipy.special.betainc(threshold * n / (DISPERSION - 1), at + 1.0, 1 / DISPERSION)
    return np.where(totals < 0, 0.0, found)


def _most(kind: str, threshold: float, n: int) -> int:
    """A total beyond which no band reaches."""
    total = threshold * n
    return n if kind == "trials" else int(total + 10 * np.sqrt(DISPERSION * total) + 20)


def reach_of_chance(
    criteria: Sequence[Asked],
    facts: Mapping[str, Facts],
    rep: str,
    starts_on: date,
    before_weeks: int,
    zone: str,
) -> pd.DataFrame:
    """How many results each criterion can expect in its weeks, how many it takes to tell, and its band.

    Parameters
    ----------
    criteria : sequence of Asked
    facts : mapping
        Metric -> every result of the rep, those before the plan too.
    rep : str
    starts_on : datetime.date
        The plan's first day.
    before_weeks : int
        Weeks before it from which the expected number of results is taken.
    zone : str
        IANA name of the client's.

    Returns
    -------
    pandas.DataFrame
        `CHANCE_COLUMNS`: expected_n (decisions by the pace before the plan; weeks), needed_n, the band low to
        high after expected_n results, and tells: the time brings enough. What no chance can be computed for
        has neither.
    """
    rows = []
    for number, one in enumerate(criteria):
        found = facts.get(one.metric)
        kind = "values" if found is None else found.kind
        expected = np.nan
        if found is not None and kind == "trials":
            seen = _window(found, rep, starts_on - timedelta(weeks=before_weeks), starts_on, zone)
            expected = round(seen[0] / before_weeks * one.weeks, 1)
        elif kind == "weekly":
            expected = float(one.weeks)
        at_most = one.direction == "at most"
        needed = results_to_tell(kind, one.threshold, at_most=at_most)
        low, high = (np.nan, np.nan) if style.is_missing(expected) else chance(kind, one.threshold, expected)
        rows.append(
            {
                "criterion": number,
                **{name: getattr(one, name) for name in ("metric", "direction", "threshold", "weeks")},
                "kind": kind,
                "expected_n": expected,
                "needed_n": needed,
                "low": low,
                "high": high,
                "tells": bool(expected >= needed),
            }
        )
    return pd.DataFrame(rows, columns=list(CHANCE_COLUMNS)).astype(CHANCE_COLUMNS)


def criterion_states(
    criteria: Sequence[Asked],
    facts: Mapping[str, Facts],
    rep: str,
    starts_on: date,
    days: Mapping[str, date],
    on: date,
    zone: str,
) -> pd.DataFrame:
    """Each criterion before the plan, at each of its days, and now.

    Parameters
    ----------
    criteria : sequence of Asked
    facts : mapping
        Metric -> `Facts`, the weeks before the plan included.
    rep : str
    starts_on : datetime.date
        Results count from this day on; those of a week that began before it do not.
    days : mapping
        Name -> day: checkpoints and the end, in their order.
    on : datetime.date
        The last day that is known; later ones are "to come".
    zone : str
        The client's.

    Returns
    -------
    pandas.DataFrame
        `CRITERIA_COLUMNS`, by criterion and day: at ("start": the same weeks before the plan; the names of
        `days`; "now"), n, hit_count, value, the band of chance low to high for that n, state.
    """
    rows = []
    for number, one in enumerate(criteria):
        found = facts.get(one.metric)
        asked = {"criterion": number, "kind": "values" if found is None else found.kind, **vars(one)}
        long = timedelta(weeks=one.weeks)
        if asked["kind"] == "weekly":
            long += timedelta(days=6)  # the last so many whole weeks, whatever day it is
        before = (starts_on - long, starts_on)
        rows.append(
            {**asked, "at": "start", "on": starts_on, **_counted(one, found, rep, *before, zone), "state": ""}
        )
        for name, day in [*days.items(), ("now", on)]:
            if day > on or day < starts_on:
                rows.append({**asked, "at": name, "on": day, "state": "to come"})
                continue
            end = day + timedelta(days=1)
            begin = max(starts_on, end - long)
            rows.append({**asked, "at": name, "on": day, **_counted(one, found, rep, begin, end, zone)})
    table = pd.DataFrame(rows, columns=list(CRITERIA_COLUMNS))
    table["on"] = pd.to_datetime(table["on"])
    return table.astype(CRITERIA_COLUMNS)


def _counted(
    one: Asked, facts: Facts | None, rep: str, begin: date, end: date, zone: str
) -> dict[str, object]:
    """Results of some days, their band of chance, and the state."""
    if facts is None:
        return {"n": 0.0, "state": "too few to say"}
    n, hits, value = _window(facts, rep, begin, end, zone)
    low, high = chance(facts.kind, one.threshold, n)
    told = {"n": n, "hit_count": hits, "value": value, "low": low, "high": high}
    return {**told, "state": _state(one, n, value, low, high)}


def _state(one: Asked, n: float, value: float, low: float, high: float) -> str:
    if style.is_missing(value) or n + 1e-9 < one.minimum_n:
        return "too few to say"
    at_most = one.direction == "at most"
    if value <= one.threshold + 1e-9 if at_most else value >= one.threshold - 1e-9:
        return "met"
    if style.is_missing(low):
        return "too few to say"
    within = value <= high + 1e-9 if at_most else value >= low - 1e-9
    return "on the way" if within else "not yet"


def _window(facts: Facts, rep: str, begin: date, end: date, zone: str) -> tuple[float, float, float]:
    """Results, hits and value from `begin` until before `end`; weeks and periods that lie inside count."""
    rows = facts.rows[facts.rows["rep_id"].eq(rep)]
    if facts.kind == "trials":
        at = rows["at"]
        inside = rows[(at >= midnight(begin, zone)) & (at < midnight(end, zone)) & rows["hit"].notna()]
        share = inside["share_rate"].astype("float64").clip(0, 1)
        n = round(float(share.sum()), 9)
        hits = round(float((inside["hit"].astype("float64") * share).sum()), 9)
        return n, hits, hits / n if n else np.nan
    if facts.kind == "values":
        return 0.0, np.nan, np.nan
    starts = pd.to_datetime(rows["starts_on"])
    ends = starts + pd.Timedelta(days=7) if facts.kind == "weekly" else pd.to_datetime(rows["ends_on"])
    inside = rows[(starts >= pd.Timestamp(begin)) & (ends <= pd.Timestamp(end)) & rows["value"].notna()]
    values = inside["value"].astype("float64")
    if not len(values):
        return 0.0, np.nan, np.nan
    middle = values.mean() if facts.kind == "weekly" else values.median()
    return float(len(values)), float(values.sum()), float(middle)


def support_log(support: Iterable[tuple[str, str, date, date | None]], on: date) -> pd.DataFrame:
    """What the company provides, and what became of it by a day.

    Parameters
    ----------
    support : iterable of (what, by, due, done_on)
    on : datetime.date

    Returns
    -------
    pandas.DataFrame
        `SUPPORT_COLUMNS`, state of `SUPPORT_STATES`: what was done after `on` is not known yet.
    """
    rows = []
    for what, by, due, done in support:
        known = None if done is None or done > on else done
        if known is not None:
            state = "given" if known <= due else "given late"
        else:
            state = "overdue" if due < on else "to come"
        rows.append({"what": what, "by": by, "due": due, "done_on": known, "state": state})
    table = pd.DataFrame(rows, columns=list(SUPPORT_COLUMNS))
    for name in ("due", "done_on"):
        table[name] = pd.to_datetime(table[name])
    return table.astype(SUPPORT_COLUMNS)


def talks_missing(
    starts_on: date, checkpoints: Sequence[date], talks: Iterable[date], on: date
) -> list[date]:
    """The checkpoints that have passed without a talk since the one before.

    Parameters
    ----------
    starts_on : datetime.date
    checkpoints : sequence of datetime.date
        Ascending; a talk until a week after one still counts for it.
    talks : iterable of datetime.date
        Improvement meetings and check-ins held.
    on : datetime.date
    """
    held, missing = [talk for talk in sorted(talks) if talk >= starts_on], []
    for day in checkpoints:
        until = day + timedelta(days=7)
        mine = [talk for talk in held if talk <= until]
        if not mine and until <= on:
            missing.append(day)
        # a talk counts once: one of the days after a checkpoint is not one for the next
        counted = [talk for talk in mine if talk <= day] or mine[:1]
        held = held[len(counted) :]
    return missing


@dataclass(frozen=True)
class Proposal:
    """What a plan's state proposes; people decide.

    Attributes
    ----------
    result : {"go on", "met", "extend", "end"}
    reasons : tuple of str
        Sentences.
    """

    result: str
    reasons: tuple[str, ...]


def proposed(
    states: pd.DataFrame,
    support: pd.DataFrame,
    *,
    ends_on: date,
    on: date,
    talks: Sequence[date] = (),
    unacknowledged: Sequence[str] = (),
    ourselves: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> Proposal:
    """The outcome that a plan proposes on a day.

    Parameters
    ----------
    states : pandas.DataFrame
        Of `criterion_states`.
    support : pandas.DataFrame
        Of `support_log`.
    ends_on, on : datetime.date
    talks : sequence of datetime.date
        Checkpoints without a talk (`talks_missing`).
    unacknowledged : sequence of str
        Steps of the plan that were not read and reviewed together.
    ourselves : sequence of str
        What the ledger of the company's own part says first (``check_ourselves``) and forbids an end.
    beside : sequence of str
        What it says and what forbids nothing, what came late among it; said first all the same.

    Returns
    -------
    Proposal
        "go on" before the end; "met" where every criterion is met, or short of its number by no more than
        chance while another one is met; "end" where one is further off than chance and the company did its
        part; else "extend". From the last day on it rests on that day, however late the outcome is written.
    """
    at_end = states[states["at"].eq("end")]
    now = at_end if on >= ends_on and len(at_end) else states[states["at"].eq("now")]
    counts = {state: int(now["state"].eq(state).sum()) for state in STATES}
    told = f"{counts['met']} of {len(now)} criteria met" + "".join(
        f", {counts[state]} {state}" for state in STATES[1:4] if counts[state]
    )
    if on < ends_on:
        return Proposal("go on", (f"The plan runs until {style.day(ends_on)}: {told}.",))
    if counts["met"] + counts["on the way"] == len(now) and counts["met"]:
        short = "; what is short of its number is so by no more than chance" if counts["on the way"] else ""
        return Proposal("met", (f"{told}{short}.",))
    ours = _unfinished(support, talks, unacknowledged, ourselves)
    if ours:
        return Proposal("extend", ("Check ourselves first.", *ours, f"{told}."))
    if not counts["not yet"]:
        return Proposal("extend", (f"{told}: the time was too short to tell.",))
    open_ones = [*beside, *_late(support)]
    if open_ones:
        return Proposal("end", (*open_ones, f"{told}."))
    return Proposal("end", (f"{told}.", "The company gave its support, held its talks and kept its part."))


def _late(support: pd.DataFrame) -> list[str]:
    """What was given after its day, a sentence each."""
    return [
        f"“{style.plain(row['what'], 160)}”, due on {style.day(row['due'])}, was given on "
        f"{style.day(row['done_on'])}."
        for row in support[support["state"].eq("given late")].to_dict("records")
    ]


def _unfinished(
    support: pd.DataFrame, talks: Sequence[date], unacknowledged: Sequence[str], ourselves: Sequence[str]
) -> list[str]:
    """What the company still owes, a sentence each."""
    said = [
        f"“{style.plain(row['what'], 160)}”, due on {style.day(row['due'])}, has not been given."
        for row in support[support["done_on"].isna()].to_dict("records")
    ]
    said += [f"There was no talk for the checkpoint on {style.day(day)}." for day in talks]
    said += [f"The step “{step}” was not read and reviewed together." for step in unacknowledged]
    return said + list(ourselves)

"""Who is told to be below a standard, wrongly and rightly? A year of weekly looks at three decided a week."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from spm_lib.judgement.evidence import CONFRONT, WATCH, stakes
from spm_lib.trust.figure import Figure, in_weeks, median_error, percent, share_error, stream
from spm_lib.trust.worlds import Flags, Floats

#: The year of every world.
WEEKS, PER_WEEK = 52, 3
#: Agreed win rates; what is to reach was set for the second.
STANDARDS = (0.20, 0.30, 0.40)
#: The usual way: red below this part of the standard, over the last so many weeks, all of them worked.
RED_BELOW, RED_WEEKS = 0.80, 8
#: A rep who meets the standard by so much for so many decisions, then falls to this rate for as many more.
ABOVE, BEFORE, FALLEN, AFTER = 0.04, 150, 0.10, 78


def courses(chance: np.random.Generator, reps: int, rate: float, decided: int = WEEKS * PER_WEEK) -> Flags:
    """What each rep won, decision by decision, shape (reps, decided)."""
    return np.asarray(chance.random((reps, decided)) < rate, dtype=bool)


def evidence_by_week(won: Flags, standard: float) -> Floats:
    """The evidence against each rep at the end of every week, shape (reps, weeks)."""
    whole = np.ones(won.shape[1])
    return np.array([stakes(one, whole, standard)[PER_WEEK - 1 :: PER_WEEK] for one in won], dtype=float)


def first_week(evidence: Floats, level: float) -> Floats:
    """The first week at whose end the evidence has reached a level; infinite when none has."""
    reached = evidence >= level
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, math.inf)


def ever_red(won: Flags, standard: float) -> Flags:
    """Whether the rate of the last `RED_WEEKS` weeks is ever below `RED_BELOW` of the standard."""
    span = RED_WEEKS * PER_WEEK
    added = np.pad(won.cumsum(axis=1), ((0, 0), (1, 0)))
    window = added[:, span::PER_WEEK] - added[:, :-span:PER_WEEK]
    return np.asarray((window / span < RED_BELOW * standard - 1e-12).any(axis=1), dtype=bool)


def best_bet(won: Flags, standard: float, rate: float) -> Floats:
    """The stake at every week's end of one who knew the true rate beforehand: nobody's can grow faster."""
    on_win, on_loss = math.log(rate / standard), math.log((1 - rate) / (1 - standard))
    gain: Floats = np.where(won, on_win, on_loss).astype(np.float64)
    stake: Floats = np.exp(gain.cumsum(axis=1))[:, PER_WEEK - 1 :: PER_WEEK]
    return stake


def told_by_decision(rate: float, standard: float) -> float:
    """What one decision tells of a rep at `rate` against a standard, in nats (Kullback-Leibler)."""
    return rate * math.log(rate / standard) + (1 - rate) * math.log((1 - rate) / (1 - standard))


def figures(full: bool, seed: int) -> list[Figure]:
    """Falsely told, the red light beside it, and found at half the standard."""
    reps = 10_000 if full else 300
    return [
        *_false(reps, seed),
        *(figure for standard in STANDARDS for figure in _found(standard, reps // 2, seed)),
    ]


def _false(reps: int, seed: int) -> list[Figure]:
    told, watched, red = {}, {}, {}
    for standard in STANDARDS:
        before = (RED_WEEKS - 1) * PER_WEEK
        won = courses(stream(seed, f"at the standard {standard}"), reps, standard, before + WEEKS * PER_WEEK)
        evidence = evidence_by_week(won[:, before:], standard)
        told[standard] = share_error((evidence >= CONFRONT).any(axis=1))
        watched[standard] = share_error((evidence >= WATCH).any(axis=1))
        red[standard] = share_error(ever_red(won, standard))
    worst = max(told, key=lambda standard: told[standard][0])
    return [
        Figure(
            id="falsely_below",
            figure="reps at the standard ever told to be below it (“confront”), weekly looks for a year",
            measured=percent(*told[worst]),
            to_reach="5 % or fewer",
            reached=told[worst][0] <= 0.05,
            detail=f"{_each(told)}; the highest counts. Ever on “watch”, a note and no alert: "
            f"{_each(watched)}",
            value=told[worst][0],
            error=told[worst][1],
        ),
        Figure(
            id="falsely_red",
            figure=f"the same reps ever red: below {100 * RED_BELOW:.0f} % of a standard of "
            f"{100 * _STATED:.0f} % over {RED_WEEKS} weeks",
            measured=percent(*red[_STATED]),
            to_reach="98 % or more, to compare",
            reached=red[_STATED][0] >= 0.98,
            detail=f"{_each(red)}; 52 looks, each over {RED_WEEKS} whole weeks. How many exactly "
            f"hangs on where {100 * RED_BELOW:.0f} % falls between whole numbers of "
            f"{RED_WEEKS * PER_WEEK} decided; nearly all are red at some time",
            value=red[_STATED][0],
            error=red[_STATED][1],
        ),
    ]


def _found(standard: float, reps: int, seed: int) -> list[Figure]:
    won = courses(stream(seed, f"at half of {standard}"), reps, standard / 2)
    evidence = evidence_by_week(won, standard)
    confronted, watched = first_week(evidence, CONFRONT), first_week(evidence, WATCH)
    share, error = share_error(np.isfinite(confronted))
    label = f"{100 * standard:.0f}"
    who = f"reps at half of a standard of {label} %"
    limit = _limit(won, standard, seed)
    if share < _FOUND:
        limit += f". A loss tells little where {100 * (1 - standard):.0f} % are lost anyway"
    rows = [
        Figure(
            id=f"found_{label}",
            figure=f"{who} found (“confront”) within a year",
            measured=percent(share, error),
            to_reach=f"{100 * _FOUND:.0f} % or more",
            reached=share >= _FOUND,
            detail=limit if standard != _STATED else f"{limit}. {_decline(reps, seed)}",
            value=share,
            error=error,
        )
    ]
    for name, weeks, most in (("confront", confronted, 18), ("watch", watched, 9)):
        median, about = median_error(weeks)
        rows.append(
            Figure(
                id=f"weeks_to_{name}_{label}",
                figure=f"{who}: median weeks to “{name}”",
                measured=in_weeks(median, about),
                to_reach=f"{most} weeks or fewer",
                reached=median <= most,
                detail=_bound(standard, CONFRONT if name == "confront" else WATCH),
                value=median,
                error=about,
            )
        )
    return rows


_STATED, _FOUND = 0.30, 0.95


def _each(found: dict[float, tuple[float, float]]) -> str:
    """Each standard's share."""
    return ", ".join(
        f"{percent(*share)} at a standard of {100 * standard:.0f} %" for standard, share in found.items()
    )


def _limit(won: Flags, standard: float, seed: int) -> str:
    """What the best possible bet finds in the same courses, for ever valid or for this one year."""
    known = best_bet(won, standard, standard / 2).max(axis=1)
    at_standard = courses(stream(seed, f"one year {standard}"), len(won), standard)
    for_a_year = np.quantile(best_bet(at_standard, standard, standard / 2).max(axis=1), 0.95)
    return (
        f"{WEEKS} weeks, {PER_WEEK} decided a week. Whoever knew the rep's true rate beforehand and bet on "
        f"it alone would find {percent(*share_error(known >= CONFRONT))}; with all of its 5 % false alarms "
        f"spent on this one year {percent(*share_error(known >= for_a_year))}; one single look at the year's "
        f"end {percent(one_look(standard))}"
    )


def one_look(standard: float, rate: float | None = None) -> float:
    """How many reps at a rate, half the standard unless given, the best test finds that looks but once.

    At the year's end, telling at most 5 % of those at the standard: by Neyman and Pearson no test of these
    decisions finds more, and one that looks every week finds fewer.
    """
    decided = WEEKS * PER_WEEK
    few = int(stats.binom.ppf(0.05, decided, standard))
    # at `few` won only some may be told, for whole numbers do not make 5 % exactly
    below, at = stats.binom.cdf(few - 1, decided, standard), stats.binom.pmf(few, decided, standard)
    part = (0.05 - below) / at
    low = standard / 2 if rate is None else rate
    return float(stats.binom.cdf(few - 1, decided, low) + part * stats.binom.pmf(few, decided, low))


def _bound(standard: float, level: float) -> str:
    """Wald's bound on how soon any evidence of that strength can be there on average."""
    told = told_by_decision(standard / 2, standard)
    weeks = math.log(level) / told / PER_WEEK
    return (
        f"A decision tells {told:.3f} nats of such a rep and evidence {level:.0f} takes {math.log(level):.2f}"
        f": on average {weeks:.1f} weeks or more, even for whoever knew the true rate (Wald)"
    )


def _decline(reps: int, seed: int) -> str:
    """A planted decline: how many are found who were above the standard for a year."""
    chance = stream(seed, "decline")
    before = courses(chance, reps // 4, _STATED + ABOVE, BEFORE)
    won = np.concatenate([before, courses(chance, reps // 4, FALLEN, AFTER)], axis=1)
    fallen = evidence_by_week(won, _STATED)[:, -1]
    found = percent(*share_error(fallen >= CONFRONT))
    return (
        f"Of reps {100 * ABOVE:.0f} points above it for {BEFORE} decisions who then win {100 * FALLEN:.0f} "
        f"%, {found} stand at “confront” {AFTER} decisions later"
    )

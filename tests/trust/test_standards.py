"""Who is told to be below: weeks and windows by hand, and that the evidence is the page's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from spm_lib.judgement import evidence_below_standard
from spm_lib.judgement.evidence import CONFRONT, WATCH
from spm_lib.trust import standards, worlds
from spm_lib.trust.figure import stream


def test_the_evidence_of_a_week_is_that_of_evidence_below_standard():
    won = standards.courses(stream(7, "same"), 6, 0.15)
    evidence = standards.evidence_by_week(won, 0.30)
    for week in (1, 9, 30, 52):
        seen = won[:, : 3 * week]
        rep, place = np.indices(seen.shape)
        # three decided a day apart, week after week
        days = (place // 3 - 52) * 7.0 + place % 3
        table = evidence_below_standard(worlds.outcomes(rep.ravel(), seen.ravel(), days.ravel()), 0.30)
        assert table["evidence"].to_numpy() == pytest.approx(evidence[:, week - 1], rel=1e-12)
        assert (table["verdict"] == "confront").tolist() == (evidence[:, week - 1] >= CONFRONT).tolist()
        assert (
            table["verdict"].isin(["watch", "confront"]).tolist() == (evidence[:, week - 1] >= WATCH).tolist()
        )


def test_the_first_week_is_counted_from_one_and_never_is_infinite():
    evidence = np.array([[1.0, 20.0, 3.0], [19.9, 2.0, 1.0], [25.0, 1.0, 1.0]])
    assert standards.first_week(evidence, 20).tolist() == [2, math.inf, 1]


def test_red_is_any_eight_whole_weeks_below_four_fifths_of_the_standard():
    # standard 0.5, red below 0.4: under 9.6 of 24, so 9 are red and 10 are not
    won = np.zeros((3, 27), dtype=bool)
    won[0, :9] = True
    won[1, :10] = True
    # 12 in the first window, of which 3 drop out a week later: 9 of 24 at the second look
    won[2, :12] = True
    assert standards.ever_red(won[:, :24], 0.5).tolist() == [True, False, False]
    assert standards.ever_red(won, 0.5).tolist() == [True, True, True]
    # exactly four fifths is not below: 6 of 24 at a standard of 0.3125
    exact = np.zeros((1, 24), dtype=bool)
    exact[0, :6] = True
    assert standards.ever_red(exact, 0.3125).tolist() == [False]


def test_what_a_decision_tells_by_hand():
    # 0.15 ln 0.5 + 0.85 ln(0.85 / 0.7) = −0.1040 + 0.1650
    assert standards.told_by_decision(0.15, 0.30) == pytest.approx(0.0611, abs=1e-4)
    assert standards.told_by_decision(0.3, 0.3) == 0


def test_the_best_bet_is_the_likelihood_ratio():
    won = np.array([[True, False, False]])
    expected = stats.binom.pmf(1, 3, 0.15) / stats.binom.pmf(1, 3, 0.30)
    assert standards.best_bet(won, 0.30, 0.15) == pytest.approx(np.array([[expected]]))


def test_a_single_look_tells_exactly_one_in_twenty_at_the_standard():
    for standard in standards.STANDARDS:
        assert standards.one_look(standard, rate=standard) == pytest.approx(0.05)
    # normal approximation, standard 20 %: 156 decisions, (31.2 − 1.645 × 5.0 − 15.6) / 3.75 = 1.97 sd: 97.5 %
    assert standards.one_look(0.20) == pytest.approx(0.975, abs=0.01)


def test_a_small_run_keeps_the_guarantee_and_finds_the_others():
    rows = {row.id: row for row in standards.figures(full=False, seed=3)}
    assert rows["falsely_below"].value <= 0.05 + 2 * rows["falsely_below"].error
    assert rows["falsely_red"].value > 0.9
    assert rows["found_40"].reached
    assert not rows["found_20"].reached
    assert rows["found_20"].value < standards.one_look(0.20)

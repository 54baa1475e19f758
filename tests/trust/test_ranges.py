"""How often a range holds the truth: worked by hand where n is 1, and against the exact one when played."""

from __future__ import annotations

import numpy as np
import pytest

from spm_lib.trust import ranges
from spm_lib.trust.figure import stream


def test_one_decided_by_hand():
    # z = 1.6449, z² = 2.7055: 0 of 1 is 0 to z² / (1 + z²) = 0.7301, 1 of 1 is 0.2699 to 1
    found = ranges.exact_coverage(1, [0.10, 0.26, 0.28, 0.50, 0.72, 0.74])
    # below 0.2699 only 0 of 1 holds the truth: 1 − rate; between the two both do; above 0.7301 only 1 of 1
    assert found == pytest.approx([0.90, 0.74, 1.00, 1.00, 1.00, 0.74])


def test_three_decided_at_even_odds_hold_the_truth_in_three_of_four():
    # 0 of 3 reaches up to z² / (3 + z²) = 0.4742 and 3 of 3 down to 0.5258, so 1 and 2 of 3 are left: 6 / 8
    assert ranges.exact_coverage(3, [0.5]) == pytest.approx([0.75])


def test_a_range_on_equal_amounts_covers_as_the_one_by_count():
    # Kish's count of equal amounts is their number: 2,000 worlds, standard error below 1 point
    played = ranges.amount_coverage(10, 2_000, stream(5, "equal"), spread=0.0, rates=[0.2, 0.5])
    assert played == pytest.approx(ranges.exact_coverage(10, [0.2, 0.5]), abs=0.03)
    assert played != pytest.approx(ranges.exact_coverage(3, [0.2, 0.5]), abs=0.03)


def test_every_n_has_both_ranges_and_the_least_is_printed():
    rows = ranges.figures(full=False, seed=1)
    assert [row.id for row in rows[:5]] == [f"range_by_count_{n}" for n in (3, 5, 10, 20, 50)]
    assert all(row.error == 0 for row in rows[:5])
    assert all(row.error > 0 for row in rows[5:])
    assert "least 75.0 %, at a true rate of 50.0 %" in rows[0].detail
    assert rows[0].value == pytest.approx(np.mean(ranges.exact_coverage(3)))

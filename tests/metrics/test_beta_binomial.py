"""The three lines of the beta-binomial against scipy's own, which is slow to import."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from spm_lib.metrics import beta_binomial

CASES = [(1, 0.5, 0.5), (7, 2.5, 11.0), (40, 0.5, 60.5), (200, 31.5, 4.25), (0, 1.5, 2.5)]


@pytest.mark.parametrize(("n", "yes", "no"), CASES)
def test_it_is_the_distribution_scipy_has(n, yes, no):
    theirs = stats.betabinom(n, yes, no)
    assert beta_binomial.chances(n, yes, no) == pytest.approx(theirs.pmf(np.arange(n + 1)), abs=1e-12)
    for k in range(-1, n + 2):
        assert beta_binomial.more_than(k, n, yes, no) == pytest.approx(theirs.sf(k), abs=1e-12)
    for chance in (0.00135, 0.05, 0.5, 0.9, 0.99865):
        assert beta_binomial.quantile(chance, n, yes, no) == theirs.ppf(chance)


def test_a_first_cell_loads_neither_special_functions_nor_figures():
    """They are loaded by the number or the figure that needs them, and are there by the same names then."""
    code = """
import sys
from spm_lib import open_review, tables, plots
print(*sorted({"scipy.special", "scipy.linalg", "scipy.stats", "matplotlib"} & set(sys.modules)))
from spm_lib.metrics import beta_binomial
print(beta_binomial.chances(1, 1.0, 1.0), set(plots.__all__) <= set(dir(plots)), callable(plots.pace_figure))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["", "[0.5 0.5] True True"]

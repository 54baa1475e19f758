"""The table of all figures: complete, the same every time, and the committed one made by this code."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spm_lib.trust
from spm_lib.trust import SEED, simulate, table_text
from spm_lib.trust.figure import in_weeks, mean_error, median_error, percent, share_error, stream
from spm_lib.trust.simulate import COLUMNS, PARTS, measure

COMMITTED = Path(spm_lib.trust.__file__).with_name("measured.md")
#: Not reached, each with its reason in the row.
EXPLAINED = {
    "found_20": "single look",
    "weeks_to_confront_20": "Wald",
    "weeks_to_watch_20": "Wald",
    "falsely_red": "whole weeks",
    "gaming_disqualified": "fewest that can be asked",
    "gaming_pushed": "fewest that can be asked",
}
_VALUE = re.compile(r"(-?[\d.]+)(?: ± ([\d.]+))? (%|points|weeks)")


@pytest.fixture(scope="module")
def small():
    told = []
    table = simulate(full=False, seed=7, on_progress=lambda *one: told.append(one))
    assert told == [(place + 1, len(PARTS)) for place in range(len(PARTS))]
    return table


def rows_of(text):
    """The table's rows as lists of cells."""
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [line.strip("| ").split(" | ") for line in lines]


def parsed(measured):
    """Value and error of what is printed, in the unit printed."""
    value, error, _ = _VALUE.fullmatch(measured).groups()
    return float(value), float(error or 0)


def test_every_figure_is_there_once_and_has_its_columns(small):
    assert list(small.columns) == list(COLUMNS)
    assert small["id"].is_unique
    assert small["reached"].dtype == bool
    assert (small["seconds"] >= 0).all()
    assert small["detail"].str.len().min() > 10


def test_every_figure_is_reached_or_says_why_not(small):
    # a small run may miss by chance: what is not explained has to be within three errors of its target
    for row in small[~small["reached"]].to_dict("records"):
        if row["id"] in EXPLAINED:
            assert EXPLAINED[row["id"]] in row["detail"]
        else:
            target = float(re.search(r"\d+", row["to_reach"]).group())
            value, error = parsed(row["measured"])
            assert abs(value - target) <= 3 * error, row["id"]


def test_the_same_seed_gives_the_same_figures_and_another_one_others():
    for part in ("ranges", "standards"):
        assert measure(part, False, 3)[1] == measure(part, False, 3)[1]
        assert measure(part, False, 3)[1] != measure(part, False, 4)[1]


def test_the_text_is_a_table_of_the_figures_without_what_differs_from_run_to_run(small):
    text = table_text(small)
    assert text == table_text(small.assign(seconds=small["seconds"] + 1))
    assert text.startswith("`spm simulate --seed 7` plays")
    assert f"{small['reached'].sum()} of {len(small)} reached" in text
    assert [row[:3] for row in rows_of(text)] == small[["figure", "measured", "to_reach"]].to_numpy().tolist()
    assert text.endswith("|\n")


def test_a_figure_that_is_not_reached_says_no_and_a_bar_in_a_text_ends_no_cell():
    row = {"id": "a", "figure": "x|y", "measured": "1 %", "to_reach": "2 %", "reached": False, "detail": "d"}
    (cells,) = rows_of(table_text(pd.DataFrame([row])))
    assert cells == ["x/y", "1 %", "2 %", "**no**", "d."]


def test_the_committed_table_was_made_by_this_code(small):
    text = COMMITTED.read_text(encoding="utf-8")
    assert text.startswith(f"`spm simulate --full --seed {SEED}` plays")
    committed = rows_of(text)
    assert [row[0] for row in committed] == small["figure"].tolist()
    assert [row[2] for row in committed] == small["to_reach"].tolist()
    for row, here in zip(committed, small.to_dict("records"), strict=True):
        (value, error), (mine, about) = parsed(row[1]), parsed(here["measured"])
        # both are rounded to a tenth; where neither has an error both are exact
        assert abs(value - mine) <= 4 * math.hypot(error, about) + 0.11, here["id"]


def test_in_the_committed_table_all_is_reached_but_what_is_explained(small):
    ids = dict(zip(small["figure"], small["id"], strict=True))
    missed = {ids[row[0]] for row in rows_of(COMMITTED.read_text(encoding="utf-8")) if row[3] != "yes"}
    assert missed <= set(EXPLAINED)


def test_numbers_are_printed_with_their_errors_rounded_up():
    assert percent(0.0364, 0.00311) == "3.6 ± 0.4 %"
    assert percent(0.75) == "75.0 %"
    assert percent(-0.0001, 0.001) == "0.0 ± 0.1 %"
    assert in_weeks(16.0, 0.5) == "16 ± 0.5 weeks"
    assert in_weeks(math.inf, math.inf) == "never"


def test_errors_by_hand():
    # mean 2, sd √((1 + 0 + 1) / 2) = 1, over √3
    assert mean_error([1, 2, 3]) == pytest.approx((2, 1 / math.sqrt(3)))
    # none of 98: (0 + 1) / (98 + 2) = 0.01; √(0.01 × 0.99 / 98)
    share, error = share_error(np.zeros(98))
    assert (share, error) == (0, pytest.approx(math.sqrt(0.01 * 0.99 / 98)))
    # of 1 to 100: median 50.5; √100 / 2 = 5 places to either side lie 46 and 55
    assert median_error(np.arange(1, 101)) == (50.5, 4.5)
    assert median_error([1.0, math.inf, math.inf, math.inf]) == (math.inf, math.inf)


def test_a_figure_s_random_numbers_hang_on_the_seed_and_its_name_alone():
    assert stream(1, "a").random() == stream(1, "a").random()
    assert len({stream(1, "a").random(), stream(1, "b").random(), stream(2, "a").random()}) == 3

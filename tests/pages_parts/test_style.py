"""The one place where a number becomes text, and the colours that carry it."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest

from spm_lib import style
from spm_lib.fragment import stylesheet_text

NAN = float("nan")


@pytest.mark.parametrize(
    ("amount", "printed"),
    [
        (0, "$0"),
        (0.4, "$0"),
        (-0.4, "$0"),
        (950, "$950"),
        (999.6, "$1k"),
        (9_400, "$9.4k"),
        (9_960, "$10k"),
        (35_600, "$36k"),
        (312_000, "$312k"),
        (410_500, "$411k"),
        (999_499, "$999k"),
        (999_600, "$1M"),
        (1_240_000, "$1.24M"),
        (12_340_000, "$12.3M"),
        (2_500_000_000, "$2.5B"),
        (-74_000, "−$74k"),
        (NAN, "–"),
        (None, "–"),
    ],
)
def test_money_keeps_three_digits_or_so(amount, printed):
    assert style.money(amount, "USD") == printed


def test_money_in_other_currencies_keeps_its_sign_or_code():
    assert style.money(1500, "GBP") == "£1.5k"
    assert style.money(1500, "CHF") == "CHF\u00a01.5k"
    assert style.money(92_000, "EUR", signed=True) == "+€92k"


def test_exact_money_shows_cents_only_where_there_are_any():
    assert style.money_exact(312_400, "USD") == "$312,400"
    assert style.money_exact(-1200.5, "USD") == "−$1,200.50"
    assert style.money_exact(NAN, "USD") == "–"


@pytest.mark.parametrize(
    ("low", "high", "printed"),
    [
        (430_000, 575_000, "$430–575k"),
        (0, 95_000, "$0–95k"),
        (800_000, 1_200_000, "$800k to $1.2M"),
        (NAN, 5, "–"),
    ],
)
def test_a_range_of_money_names_its_unit_once(low, high, printed):
    assert style.money_range(low, high, "USD") == printed


@pytest.mark.parametrize(
    ("rate", "printed"),
    [
        (0, "0%"),
        (0.001, "<1%"),
        (0.125, "13%"),
        (0.316, "32%"),
        (0.998, ">99%"),
        (1, "100%"),
        (1.0867, "109%"),
        (-0.05, "−5%"),
        (NAN, "–"),
    ],
)
def test_a_share_is_never_rounded_into_nothing_or_into_all(rate, printed):
    assert style.percent(rate) == printed


def test_counts_ratios_and_ranges():
    assert style.count(1234) == "1,234"
    assert style.count(3.5) == "3.5"
    assert style.count(NAN) == "–"
    assert style.times(2.68) == "2.7×"
    assert style.percent_range(0.25, 0.39) == "25–39%"
    assert style.percent_range(NAN, 0.39) == "–"


def test_a_value_is_printed_in_the_unit_its_name_tells():
    assert style.measured(0.71, "logged_within_24h_rate", "USD") == "71%"
    assert style.measured(50_000, "bookings", "GBP") == "£50k"
    assert style.measured(11, "new_opportunities", "USD") == "11"


def test_the_usual_range_of_a_count_holds_the_whole_numbers_inside_it():
    # natural limits 6.2 to 18.1: the counts that are ordinary are 7, 8 ... 18
    assert style.usual(6.2, 18.1, "decided", "USD") == "7–18"
    assert style.usual(0.8, 1.02, "logged_within_24h_rate", "USD") == "80–100%"
    assert style.usual(NAN, 3, "decided", "USD") == "–"


def test_days_and_moments_are_said_as_people_say_them():
    assert style.day(date(2026, 3, 4)) == "4 March 2026"
    assert style.day(pd.NaT) == "–"
    assert style.days(date(2026, 11, 9), date(2026, 11, 15)) == "9 to 15 November 2026"
    assert style.days(date(2026, 11, 30), date(2026, 12, 6)) == "30 November to 6 December 2026"
    assert style.days(date(2026, 12, 28), date(2027, 1, 3)) == "28 December 2026 to 3 January 2027"
    # 13:00 UTC is 07:00 in Chicago in winter
    at = pd.Timestamp("2026-11-16T13:00Z")
    assert style.moment(at, "America/Chicago") == "Monday 16 November 2026, 07:00"
    # midnight is the end of the day it closes
    midnight = pd.Timestamp("2026-11-16T06:00Z")
    assert style.moment(midnight, "America/Chicago") == "the end of Sunday 15 November 2026"


def test_a_name_without_a_label_is_printed_as_words():
    assert style.label("no_next_step") == "No next step"
    assert style.label("something_new") == "Something new"


def test_client_text_stays_on_one_line_and_turns_nothing_around():
    assert style.plain("a\n b\x00\u202ec\u2028d") == "a b c d"
    assert style.plain("x" * 300, 10) == "x" * 9 + "…"
    assert style.plain("  ") == "–"
    assert style.plain(None) == "–"
    assert style.plain("می\u200cخواهم") == "می\u200cخواهم"  # the joiner belongs to the word


# --- colours

SCHEMES = {"light": ":root {", "dark": "(prefers-color-scheme: dark) {", "print": "@media print {"}


def scheme(name: str) -> dict[str, str]:
    block = stylesheet_text().partition(SCHEMES[name])[2].partition("}")[0]
    return dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_agrees_with_the_published_extremes():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_sheet_declares_every_colour_of_the_palette_in_each_scheme():
    assert {token: scheme("light")[token] for token in style.PALETTE} == style.PALETTE
    assert set(style.PALETTE) <= set(scheme("dark"))
    assert set(style.PALETTE) <= set(scheme("print"))


def test_every_colour_of_a_figure_is_its_own_sentinel():
    assert len(set(style.PALETTE.values())) == len(style.PALETTE)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_words_and_marks_stand_out_from_their_ground(name, ground):
    colours = scheme(name)
    for token in ("ink", "muted", "blue", "rust"):
        assert contrast(colours[token], colours[ground]) >= 4.5, token
    for token in ("few", "gain", "loss"):
        assert contrast(colours[token], colours[ground]) >= 3, token


@pytest.mark.parametrize("name", SCHEMES)
def test_words_on_a_bar_or_a_chip_can_be_read(name):
    colours = scheme(name)
    assert contrast(colours["ink"], colours["soft"]) >= 4.5
    assert contrast(colours["card"], colours["rust"]) >= 4.5
    assert contrast(colours["blue"], colours["soft"]) >= 3


def test_a_win_rate_is_named_once():
    assert style.measure("win_rate_by_count") == "Win rate by count"
    assert style.measure("win_rate_shrunk") == "Win rate shrunk"

"""Figures: where the marks stand, what they are called, and how they land in a page."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from spm_lib import plots, style
from spm_lib.plots import canvas

NAN = float("nan")


def svg_of(fragment) -> ET.Element:
    return ET.fromstring(re.search(r"<svg.*?</svg>", fragment.html, re.DOTALL)[0])


def texts(fragment) -> list[str]:
    return [node.text for node in svg_of(fragment).iter("text")]


@pytest.fixture
def figures(bookings, pace, win_rates, names, evidence, standard, change):
    def draw():
        return [
            plots.pace_figure(bookings, pace, "USD"),
            plots.win_rates_figure(win_rates, names, evidence, standard),
            plots.pipeline_change_figure(change, "USD"),
        ]

    return draw


def test_the_same_table_gives_the_same_bytes(figures):
    assert [figure.html for figure in figures()] == [figure.html for figure in figures()]


def test_a_figure_has_no_colour_of_its_own(figures):
    for figure in figures():
        drawing = ET.tostring(svg_of(figure), encoding="unicode")
        assert not re.search(r"#[0-9a-f]{6}|rgb\(", drawing)
        used = set(re.findall(r"var\(--([a-z]+)\)", drawing))
        assert used
        assert used <= set(style.PALETTE)


def test_a_figure_fits_its_column_and_names_itself(figures):
    for figure in figures():
        svg = svg_of(figure)
        assert svg.get("viewBox").startswith("0 0 480 ")
        assert svg.get("width") is None
        assert svg.get("role") == "img"
        assert len(svg.get("aria-label")) > 20
        assert "<details>" in figure.html


def test_type_stays_readable_on_a_phone_and_is_the_pages_own(figures):
    for figure in figures():
        drawing = ET.tostring(svg_of(figure), encoding="unicode")
        sizes = {int(size) for size in re.findall(r"font-size: (\d+)px", drawing)}
        assert sizes
        assert min(sizes) >= 14  # 11 px where 480 units are 390 px wide
        assert "font-family" not in drawing


def test_ids_inside_figures_never_meet(figures):
    ids = [node.get("id") for figure in figures() for node in svg_of(figure).iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    for figure in figures():
        svg = svg_of(figure)
        used = {node.get("href")[1:] for node in svg.iter() if node.get("href")}
        assert used == {node.get("id") for node in svg.iter() if node.get("id")}


def test_a_figure_is_small(figures):
    for figure in figures():
        assert len(figure.html) < 16_000


def test_client_text_in_a_figure_is_text(hostile, win_rates, evidence, standard):
    figure = plots.win_rates_figure(win_rates, {"ines": hostile}, evidence, standard)
    assert style.plain(hostile, 22) in texts(figure)
    assert "<script" not in figure.html
    assert "<img" not in figure.html
    assert "\x00" not in figure.html


def test_missing_glyphs_are_the_browsers_concern(win_rates):
    assert "山田 太郎" in texts(plots.win_rates_figure(win_rates, {"ben": "山田 太郎"}))


# --- win rates


def dots(ax) -> dict[float, str]:
    """Rate -> colour token."""
    tokens = {colour: token for token, colour in style.PALETTE.items()}
    marks = [line for line in ax.lines if line.get_marker() == "o"]
    return {round(float(mark.get_xdata()[0]), 4): tokens[to_hex(mark.get_color())] for mark in marks}


def test_grey_is_too_few_blue_is_ordinary_and_rust_is_evidence(win_rates, names, evidence):
    ax = plots.plot_win_rates(win_rates, names, evidence, 0.30)
    assert dots(ax) == {0.3333: "few", 0.4516: "blue", 0.1212: "rust"}


def test_without_evidence_nothing_is_coloured(win_rates, names):
    ax = plots.plot_win_rates(win_rates, names)
    assert dots(ax) == {0.3333: "few", 0.4516: "blue", 0.1212: "blue"}


def test_reps_stand_in_the_order_of_names_and_carry_their_n(win_rates, names, evidence, standard):
    said = texts(plots.win_rates_figure(win_rates, names, evidence, standard))
    order = [text for text in said if text in (*names.values(), "unassigned")]
    assert order == ["Ben Hale", "Ines Duarte", "Marta Lind", "unassigned"]
    for part in (
        "2 of 6, too few to say",
        "14 of 31, 30% is met",
        "4 of 33, watch",
        "nothing decided",
        "agreed 30%",
    ):
        assert part in said


def test_the_table_behind_a_figure_holds_its_numbers(win_rates, names):
    html = plots.win_rates_figure(win_rates, names).html
    assert '<td class="n">14 of 31</td><td class="n">45%</td><td class="n">31–60%</td>' in html
    assert '<td class="n">–</td>' in html


def test_where_there_is_nobody_to_draw_it_says_so(win_rates):
    nothing = plots.win_rates_figure(win_rates.iloc[:0], {})
    assert "No rep is known" in nothing.html
    assert "<svg" not in nothing.html


# --- pace


def test_the_line_ends_where_knowledge_ends(bookings):
    ax = plots.plot_pace(bookings, "USD")
    booked = next(line for line in ax.lines if to_hex(line.get_color()) == style.PALETTE["blue"])
    assert list(booked.get_ydata()) == [0, 5, 5, 9, 9, 12]


def test_the_ends_of_the_lines_are_named(bookings, pace):
    said = texts(plots.pace_figure(bookings, pace, "USD"))
    assert "$12 booked" in said
    assert "goal $10" in said
    assert "straight line" in said


def test_along_the_clients_own_curve_the_past_is_a_band_and_the_likely_end_a_range(own_curve, pace, forecast):
    figure = plots.pace_figure(own_curve, pace, "USD", forecast)
    said = texts(figure)
    assert "as past ones" in said
    assert "straight line" not in said
    assert "$8–13" in said
    assert "likely end" in said
    assert "four times out of five; the goal is reached in 46% of cases." in figure.html
    # median and goal lie on each other: their words must not
    nodes = svg_of(figure).iter("text")
    heights = [float(node.get("y")) for node in nodes if node.text in ("goal $10", "$8–13")]
    assert abs(heights[0] - heights[1]) >= 40


def test_a_forecast_that_was_withheld_is_not_drawn_and_says_why(bookings, pace, forecast):
    withheld = forecast.assign(state="too few decided")
    figure = plots.pace_figure(bookings, pace, "USD", withheld)
    assert "likely end" not in texts(figure)
    assert "Where this period will end is not said: too few decided." in figure.html


def test_without_a_goal_there_is_no_line_to_it(bookings, pace):
    aimless = plots.pace_figure(bookings.assign(expected=NAN), pace.assign(quota=NAN, gap=NAN), "USD")
    assert not any("goal" in text for text in texts(aimless))
    assert "no goal" in svg_of(aimless).get("aria-label")


@pytest.mark.parametrize("days", [28, 31, 92, 365])
def test_any_goal_period_has_days_under_its_axis(days):
    whole = pd.DataFrame(
        {
            "on": pd.date_range("2026-01-01", periods=days, unit="us"),
            "bookings": [0.0] * days,
            "expected": [float(day) for day in range(days)],
        }
    )
    ax = plots.plot_pace(whole.assign(lowest=NAN, highest=NAN), "USD")
    placed = [note.get_text() for note in ax.texts]
    assert sum(any(text.startswith(month) or month in text for month in ("Jan", "J")) for text in placed) >= 1


# --- pipeline change


def bars_of(ax) -> list[tuple[float, float]]:
    return [(round(bar.get_x(), 2), round(bar.get_x() + bar.get_width(), 2)) for bar in ax.patches]


def test_a_bar_begins_where_the_one_before_ended(change):
    ax = plots.plot_pipeline_change(change, "USD")
    # 486 -> +92 -> 578 -> -50 -> 528 -> -61 -> 467; nothing was reopened
    assert bars_of(ax) == [(0, 486e3), (486e3, 578e3), (528e3, 578e3), (467e3, 528e3), (0, 467e3)]


def test_causes_that_moved_nothing_are_left_to_the_table(change):
    figure = plots.pipeline_change_figure(change, "USD")
    assert "reopened" not in texts(figure)
    assert "Reopened" in figure.html
    assert {"+$92k", "−$61k"} <= set(texts(figure))


def test_what_lies_outside_the_goal_period_is_counted(change):
    drawn = plots.pipeline_change_figure(change, "USD").html
    assert "Left out: 12 opportunities expected after the goal period" in drawn
    assert "and 1 opportunity without an expected close." in drawn


def test_an_empty_pipeline_is_still_a_figure(change):
    nothing = change.assign(opportunity_count=0, amount=0.0)
    assert texts(plots.pipeline_change_figure(nothing, "USD")) == ["start", "$0", "end", "$0"]


def test_words_are_never_read_as_mathematics():
    ax = canvas.axes(100)
    canvas.say(ax, "$a$", (0, 0))
    assert "$a$" in canvas.svg(ax, "one", "a figure with words")

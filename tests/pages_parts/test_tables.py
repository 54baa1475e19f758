"""Tables, cards and lists: what they print, and what no client text can do to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser

import pandas as pd
import pytest

from spm_lib import tables
from spm_lib.fragment import Fragment, Html, client_text, grid, join, slug, tag
from spm_lib.tables.sparkline import sparkline

NAN = float("nan")


class Page(HTMLParser):
    """Elements, their attributes and the words of a fragment; balanced or it fails."""

    def __init__(self, fragment: Fragment | str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(fragment.html if isinstance(fragment, Fragment) else fragment)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for element, attributes in self.elements if element == name]

    def classed(self, name: str) -> list[str]:
        return [
            element
            for element, attributes in self.elements
            if name in (attributes.get("class") or "").split()
        ]


@dataclass
class Told:
    title: str
    text: str
    weight: str = "watch"


@dataclass
class Card:
    id: str = "pace"
    version: int = 2
    question: str = "Are we on pace?"
    formula: str = "bookings / quota"
    time_base: str = "the won event"
    credit: str = "the rep at that moment"
    excluded: str = "nothing"
    empty: str = "no goal"
    effective_from: date = date(2026, 1, 1)


# --- escaping


def test_text_is_escaped_when_it_enters_a_tag(hostile):
    page = Page(tag("p", hostile, title=hostile))
    assert [element for element, _ in page.elements] == ["p"]
    assert page.words == hostile
    assert page.elements[0][1]["title"] == hostile


def test_html_made_by_tag_is_not_escaped_again():
    assert tag("p", tag("b", "a&b"), None) == "<p><b>a&amp;b</b></p>"
    assert join(["<", Html("<br>")]) == "&lt;<br>"


def test_a_clients_name_is_isolated():
    assert client_text("\u202eשלום\n") == "<bdi>שלום</bdi>"


def hostile_fragments(
    texts: tuple[str, ...], rows: pd.DataFrame, week, ladder: pd.DataFrame
) -> list[Fragment]:
    named = dict(zip(["ben", "ines", "marta"], texts, strict=False))
    told = [
        Told(text, text, weight) for text, weight in zip(texts, ["decide", "watch", "note"] * 3, strict=False)
    ]
    attained = pd.DataFrame(
        {
            "rep_id": ["ben"],
            "won_count": [1],
            "bookings": [1.0],
            "quota": [2.0],
            "attainment_rate": [0.5],
            "no_amount_count": [0],
            "uncovered_days": [20],
        }
    )
    drops = pd.DataFrame(
        {
            "as_of": [pd.Timestamp("2026-11-16T06:00Z")],
            "source": [texts[0]],
            "scope": ["full"],
            "tables": [texts[7]],
            "rows_read": [3],
            "quarantined": [0],
        }
    )
    won = rows.assign(outcome="won", outcome_at=pd.Timestamp("2026-11-10T12:00Z"))
    return [
        tables.page_header("Weekly review", texts[0], week, None),
        *(tables.decide_box(told[at:]) for at in range(8)),
        tables.decisions_list(told),
        tables.sentences(texts, "nothing"),
        tables.rows_details("Behind it", rows, named, "USD", split="rule"),
        tables.rows_details("Behind it", rows, named, "USD"),
        tables.wins_list(won, week, named, "USD"),
        tables.ladder_table(ladder, named, texts[0]),
        tables.attainment_table(attained, named, "USD"),
        tables.drops_table(drops, "UTC"),
    ]


def test_no_client_text_becomes_markup(all_hostile, rows, one_week, ladder):
    for fragment in hostile_fragments(all_hostile, rows, one_week, ladder):
        page = Page(fragment)
        assert not page.all("script")
        assert not page.all("img")
        assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
        assert "\x00" not in fragment.html
        assert "\u202e" not in fragment.html


def test_long_names_are_cut_and_the_rest_is_said_by_a_sign(rows, names):
    page = Page(tables.rows_details("Behind it", rows, names, "USD"))
    assert "x" * 119 + "…" in page.words


# --- fragments


def test_a_fragment_hands_its_html_over_with_a_mark():
    data, metadata = Fragment(Html("<p>x</p>"), "x", "note")._repr_mimebundle_()
    assert data == {"text/html": "<p>x</p>", "text/plain": "x"}
    assert metadata == {"text/html": {"spm": True, "role": "note"}}


def test_only_the_header_has_the_h1_and_a_title(one_week):
    header = tables.page_header("Weekly review", "Alder", one_week, pd.Timestamp("2026-11-16T13:00Z"))
    page = Page(header)
    assert len(page.all("h1")) == 1
    assert "Week 46, 9 to 15 November 2026 · known as of Monday 16 November 2026, 07:00" in page.words
    assert header._repr_mimebundle_()[1]["text/html"]["title"] == "Weekly review, Alder, 2026-W46"


def test_a_plain_table_names_its_columns_and_rows():
    page = Page(grid("Caption", ["Rep", "n"], [["Ines", "3"], ["Tom", "4"]], numeric=(1,)))
    assert [cell["scope"] for cell in page.all("th")] == ["col", "col", "row", "row"]
    assert len(page.all("caption")) == 1


def test_a_heading_becomes_an_id():
    assert slug("Is the work being done well?") == "is-the-work-being-done-well"


# --- the top of the page


def test_the_weightiest_decision_leads_and_the_rest_is_counted():
    box = tables.decide_box(
        [Told("Decide this.", "Because."), Told("Then this.", "x"), Told("Know.", "x", "note")]
    )
    page = Page(box)
    assert "One thing to decide" in page.words
    assert "Decide this." in page.words
    assert "Then this." not in page.words
    assert "1 more decision and 1 smaller note are in What needs a decision." in page.words
    assert page.all("a") == [{"href": "#what-needs-a-decision"}]


@pytest.mark.parametrize("notes", [[], [Told("Know.", "x", "note")]])
def test_no_action_needed_is_said_aloud_and_not_in_the_warm_colour(notes):
    page = Page(tables.decide_box(notes))
    assert "No action is needed this week." in page.words
    assert page.classed("calm") == ["section"]


def test_the_list_of_decisions_says_when_it_is_empty():
    assert "No action is needed." in Page(tables.decisions_list([])).words


def test_three_numbers_have_what_they_stand_against_and_a_sentence(
    pace, coverage, win_rate, goal_period, standard
):
    page = Page(tables.three_numbers(pace, coverage, win_rate, goal_period, standard, "USD"))
    assert len(page.all("h3")) == 3
    for part in ("$312k of $540k", "2.7× needed 2.1×", "32% 25–39%", "40 of 126 decided won."):
        assert part in page.words
    assert page.classed("meter") == ["span"]


def test_three_numbers_without_anything_to_tell_say_why(pace, coverage, win_rate, goal_period):
    nothing = tables.three_numbers(
        pace.assign(quota=NAN, attainment_rate=NAN, gap=NAN, bookings=0.0),
        coverage.assign(quota=NAN, remaining=NAN, coverage_ratio=NAN, required_ratio=NAN, state="no quota"),
        win_rate.assign(won_count=0, decided_count=0, win_rate=NAN, low=NAN, high=NAN),
        goal_period,
        None,
        "USD",
    )
    page = Page(nothing)
    assert "nan" not in nothing.html.lower()
    for part in ("No goal is written down", "Without a goal", "Nothing was decided in 26 weeks."):
        assert part in page.words
    assert page.classed("meter") == []


def test_sentences_set_what_stands_before_the_colon_bold():
    fragment = tables.sentences(["$50k booked: Harbor Court.", "Nothing was lost."], "nothing")
    assert "<b>$50k booked</b>" in fragment.html
    assert tables.sentences([], "Nothing moved.").html == "<p>Nothing moved.</p>"


def test_wins_are_those_of_the_week_the_largest_first(one_week, names):
    at = pd.to_datetime(["2026-11-09T05:59Z", "2026-11-09T06:00Z", "2026-11-15T12:00Z", "2026-11-15T12:00Z"])
    outcomes = pd.DataFrame(
        {
            "opportunity_id": ["a", "b", "c", "d"],
            "name": ["too early", "small", "large", "lost one"],
            "rep_id": ["ines"] * 4,
            "outcome": ["won", "won", "won", "lost"],
            "outcome_at": at,
            "amount": [9.0, 1_000.0, 38_000.0, 5.0],
        }
    )
    words = Page(tables.wins_list(outcomes, one_week, names, "USD")).words
    assert words == "large, $38k, Ines Duartesmall, $1k, Ines Duarte"
    assert "Nothing was won" in Page(tables.wins_list(outcomes.iloc[3:], one_week, names, "USD")).words


# --- goals


def test_attainment_stands_in_the_order_of_names_with_its_n(names, pace):
    attainment = pd.DataFrame(
        {
            "rep_id": ["marta", "ben", None],
            "won_count": [4, 2, 1],
            "bookings": [31_000.0, 18_000.0, 9_000.0],
            "quota": [120_000.0, NAN, NAN],
            "attainment_rate": [31 / 120, NAN, NAN],
            "no_amount_count": [0, 1, 0],
            "uncovered_days": [0, 0, 63],
        }
    )
    fragment = tables.attainment_table(attainment, names, "USD", pace)
    words = Page(fragment).words
    assert words.index("Ben Hale") < words.index("Marta Lind") < words.index("unassigned")
    assert "$31k of $120k, 4 won26%" in words
    assert "$18k no quota, 2 won, 1 without an amount–" in words
    assert "52% of the business days are gone" in words
    # 31/120 of a track whose first 80 % are the quota
    assert "--v:20.7%;--t:41.9%;--full:80.0%" in fragment.html


def test_a_bar_is_cut_at_its_track(names):
    over = pd.DataFrame(
        {
            "rep_id": ["ines"],
            "won_count": [9],
            "bookings": [3.0],
            "quota": [1.0],
            "attainment_rate": [3.0],
            "no_amount_count": [0],
            "uncovered_days": [0],
        }
    )
    fragment = tables.attainment_table(over, names, "USD")
    assert "--v:100.0%" in fragment.html
    assert "300%" in fragment.html


def test_coverage_is_shown_with_and_without_the_overdue(coverage, effect):
    words = Page(tables.coverage_table(coverage, "USD", effect)).words
    assert "Open, expected in the period$612k2.7×" in words
    assert "… without the overdue$410k1.8×" in words
    assert "without the overdue" not in Page(tables.coverage_table(coverage, "USD")).words


def test_coverage_that_needs_no_answer_says_so(coverage):
    made = coverage.assign(state="already made", remaining=0.0, coverage_ratio=NAN, required_ratio=NAN)
    fragment = tables.coverage_table(made, "USD")
    assert "already made" in Page(fragment).words
    assert "nan" not in fragment.html.lower()


# --- work


def test_a_rung_nobody_records_is_a_dash_with_its_reason(ladder, names):
    page = Page(tables.ladder_table(ladder, names, "the phone system has no such field"))
    assert "decision maker not recorded: the phone system has no such field." in page.words
    assert page.words.count("–") == 3  # two cells and the note
    assert [cell["scope"] for cell in page.all("th")] == ["col"] * 8 + ["row"] * 2


def test_the_bars_of_a_ladder_share_one_scale(ladder, names):
    looks = [cell.get("style") for cell in Page(tables.ladder_table(ladder, names)).all("td")]
    # 74 and 96 logged: the largest fills its cell
    assert looks[0] == "--v:77.1%"
    assert looks[7] == "--v:100.0%"
    assert looks[4] is None


def test_weeks_not_received_and_activities_too_young_are_said(ladder, names):
    words = Page(tables.ladder_table(ladder.assign(received_rate=0.85), names)).words
    assert "The exports reach 85% of these weeks; the rest is not counted." in words
    assert "3 with a next step are too recent to have advanced." in words
    assert "The exports reach" not in Page(tables.ladder_table(ladder, names)).words


def stepped(*rows: tuple[str, str, float, float, float, bool]) -> pd.DataFrame:
    columns = ["rep_id", "rung", "kept_count", "low", "high", "is_apart"]
    return (
        pd.DataFrame(rows, columns=columns).assign(of_count=100.0).eval("kept_rate = kept_count / of_count")
    )


def test_steps_print_their_ranges_and_name_only_who_is_apart(ladder, names):
    rows = [("ben", "reached_count", 20, 0.14, 0.27, True), ("marta", "reached_count", 50, 0.42, 0.58, False)]
    words = Page(tables.ladder_table(ladder, names, steps=stepped(*rows))).words
    assert "How much of each step is kept" in words
    assert "20 of 10020%14–27%" in words
    assert f"{names['ben']}: the share of reached lies outside the ranges of the others." in words
    assert words.count("outside the ranges") == 1
    alike = Page(tables.ladder_table(ladder, names, steps=stepped(*rows).assign(is_apart=False))).words
    assert "differences may be chance" in alike
    assert "outside the ranges" not in alike


def test_one_rep_is_compared_with_nobody_and_an_unrecorded_step_is_a_dash(ladder, names):
    one = stepped(
        ("ben", "reached_count", 20, 0.14, 0.27, False), ("ben", "two_way_count", NAN, NAN, NAN, False)
    )
    words = Page(tables.ladder_table(ladder, names, steps=one)).words
    assert "20 of 10020%14–27%" in words
    assert words.endswith("–––")


def test_an_empty_ladder_is_all_dashes(ladder, names):
    empty = ladder.assign(**dict.fromkeys(ladder.columns[1:], NAN))
    page = Page(tables.ladder_table(empty, names))
    assert (
        "logged, unique, reached, two-way, decision maker, next step and advanced not recorded" in page.words
    )


def test_the_scorecard_says_ordinary_and_colours_only_what_is_not(limits, weekly):
    page = Page(tables.scorecard(limits, weekly, "USD"))
    for part in (
        "Decided11ordinary week",
        "71% of 38below the usual 80–97%",
        "Conversations––no data this week",
    ):
        assert part in page.words
    assert page.classed("chip") == ["span"]
    assert page.classed("news") == ["circle"]


def test_every_sparkline_has_its_own_words(limits, weekly):
    drawn = [svg["aria-label"] for svg in Page(tables.scorecard(limits, weekly, "USD")).all("svg")]
    assert len(drawn) == len(set(drawn)) == 2
    assert "Decided, last 13 weeks: latest 11, ordinary week" in drawn


def test_a_missing_week_breaks_the_line():
    page = Page(sparkline([1.0, 2.0, NAN, 4.0, 5.0], NAN, NAN, alt="x"))
    assert len(page.all("polyline")) == 2
    assert not page.all("rect")
    assert not Page(sparkline([1.0, NAN], NAN, NAN, alt="x")).classed("latest")
    assert sparkline([], NAN, NAN, alt="x") == '<span class="quiet">–</span>'


def test_the_usual_range_and_the_latest_week_share_the_scale_of_the_line():
    page = Page(sparkline([0.0, 10.0], 0.0, 5.0, alt="x"))
    (band,) = page.all("rect")
    # 30 high with edges of 5: value 10 lies at 5, value 5 at 15, value 0 at 25
    assert (band["y"], band["height"]) == ("15.0", "10.0")
    assert page.all("circle")[0]["cy"] == "5.0"


# --- pipeline and notes


def test_rules_print_how_many_of_how_many_and_what_could_not_be_checked(hygiene, effect):
    words = Page(tables.hygiene_table(hygiene, "USD", effect)).words
    assert "Expected close has passed12 of 58$146k" in words
    assert "Untouched for more than 14 days7 of 54, 4 not known$61k" in words
    assert "Only one contactnot recorded" in words
    assert "If the 12 overdue opportunities are dead, coverage is 1.8×, not 2.7×." in words
    assert "Agreed in crm_usage, version 1a2b3c4d." in words


def test_what_was_fixed_is_said_quietly_and_only_where_something_was(hygiene):
    page = Page(tables.hygiene_table(hygiene.assign(fixed_count=[3.0, 0.0, NAN]), "USD"))
    assert "12 of 58, 3 fixed since last week" in page.words
    assert page.words.count("fixed since") == 1


def test_without_agreed_rules_nothing_is_checked(hygiene):
    assert "No rules" in Page(tables.hygiene_table(hygiene.iloc[:0], "USD")).words


def test_rows_are_grouped_counted_and_none_is_said(rows, names):
    words = Page(tables.rows_details("Behind it", rows, names, "USD", split="rule")).words
    assert words.startswith("Behind it (8)Expected close has passed (4)")
    assert "no amount" in words
    assert "unassigned" in words
    assert Page(tables.rows_details("Behind it", rows.iloc[:0], names, "USD")).words == "Behind it: none."


def test_rows_beyond_the_limit_are_counted(rows, names):
    many = pd.concat([rows] * 6, ignore_index=True)
    page = Page(tables.rows_details("Behind it", many, names, "USD"))
    assert len(page.all("li")) == 40
    assert "and 8 more, in the report's tables." in page.words


def test_a_definition_card_prints_the_whole_definition():
    words = Page(tables.definition_card(Card(), n="41 won")).words
    for part in (
        "pace, version 2, since 1 January 2026",
        "Formulabookings / quota",
        "Here41 won",
        "Left outnothing",
    ):
        assert part in words
    assert (
        "How these numbers are made: pace and reach"
        in Page(tables.definition_card(Card(), Card("reach"))).words
    )


def test_the_bases_of_a_win_rate_stand_side_by_side(win_rate):
    amount = win_rate.assign(win_rate=0.24, low=0.15, high=0.36)
    broad = win_rate.assign(win_rate=0.29, low=0.23, high=0.36, decided_count=138)
    words = Page(tables.bases_table(win_rate, amount, broad)).words
    assert "By count32%25–39%126By amount24%15–36%126Broad, disqualified counted29%23–36%138" in words
    assert "because the lost ones were larger" in words


def test_exports_are_listed_newest_first_and_older_ones_counted():
    drops = pd.DataFrame(
        {
            "as_of": pd.date_range("2026-10-05T06:00", periods=8, freq="7D", tz="UTC"),
            "source": "hubspot",
            "scope": "full",
            "tables": "opportunities,activities",
            "rows_read": range(100, 108),
            "quarantined": [1, 2, 0, 0, 0, 0, 0, 3],
        }
    )
    words = Page(tables.drops_table(drops, "UTC")).words
    assert "23 Nov 2026hubspot: opportunities, activities1073" in words
    assert "Before that 2 exports: 201 rows read, 3 refused." in words
    assert "No export" in Page(tables.drops_table(drops.iloc[:0], "UTC")).words


def test_every_region_of_a_page_can_be_told_apart(limits, weekly, rows, names, hygiene, coverage):
    fragments = [
        tables.scorecard(limits, weekly, "USD"),
        tables.hygiene_table(hygiene, "USD"),
        tables.coverage_table(coverage, "USD"),
        tables.rows_details("Behind it", rows, names, "USD"),
    ]
    html = "".join(fragment.html for fragment in fragments)
    labels = re.findall(r'aria-label="([^"]*)"', html)
    captions = re.findall(r"<caption[^>]*>(.*?)</caption>", html)
    assert len(labels) == len(set(labels))
    assert len(captions) == len(set(captions)) == 3

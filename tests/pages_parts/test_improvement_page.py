"""The page of an improvement plan: everything it has to say, nothing of another rep, nothing private."""

from __future__ import annotations

import re
import shutil
from datetime import date
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

import spm_lib
from spm_lib import open_improvement_plan
from spm_lib.client import load_client
from spm_lib.errors import UsageError
from spm_lib.meetings import check_plans, reps_with_a_plan
from spm_lib.periods import week
from spm_lib.sheets.improvement_plan import KEPT, gap_days
from spm_lib.sheets.names import unnamed
from spm_lib.tables import improvement as shown
from spm_lib.view import Source, View
from spm_lib.words import improvement as words_of_plan

WEEK = "2026-W47"
DEMO = Path(spm_lib.__file__).parent / "demo" / "clients"
OTHERS = ("Marta", "Kowal", "Luis", "Ferrer", "Grace", "Holm", "Jonah", "Pike")
FILE = "alder-heating/improvement/2026-11-16-devon-price.md"


@pytest.fixture(scope="module")
def home(demo_home, tmp_path_factory):
    """The demo of Alder Heating with a check-in that names a colleague and a private note to look for."""
    home = tmp_path_factory.mktemp("plans")
    shutil.copytree(demo_home / "alder-heating", home / "alder-heating")
    path = home / FILE
    said = "check_ins:\n  - {on: 2026-11-19, said: \"Grace Holm's visit and Luis' card\"}\ncomment:"
    path.write_text(path.read_text().replace("comment:", said), encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def plan(home, kept):
    return open_improvement_plan("alder-heating", WEEK, "devon-price", home, kept)


@pytest.fixture(scope="module")
def parts(plan):
    """Every piece of the page, in its order."""
    return {
        "purpose": shown.purpose_box(plan.name, plan.gap, plan.where, plan.following),
        "gap": shown.gap_table(plan.gap, *plan.gap_days),
        "standard": shown.standard_note(plan.standard, plan.evidence),
        "company": shown.company_part_table(plan.company_part),
        "reached": shown.reached_table(plan.reached),
        "chance": shown.chance_list(plan.chance),
        "bars": shown.criteria_bars(plan.states),
        "criteria": shown.criteria_table(plan.states),
        "dates": shown.dated_line(plan.dates, plan.on),
        "support": shown.support_table(plan.support),
        "external": shown.external_table(plan.external),
        "talks": shown.check_in_table(plan.check_ins),
        "words": shown.own_words(plan.comment, plan.name),
        "steps": shown.steps_table(plan.steps, plan.signers),
        "outcome": shown.outcome_list(plan.outcomes, plan.proposal),
        "follows": shown.what_follows(plan.sustain),
        "prose": shown.plan_prose(plan.prose),
    }


def read(fragment):
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", str(fragment.html)).split()))


def test_the_demo_s_plan_is_sound(home):
    client = load_client(home, "alder-heating")
    assert check_plans(home / "alder-heating", client) == []
    found = [
        [rep.id for rep in reps_with_a_plan(home / "alder-heating", client, day)]
        for day in (
            date(2026, 11, 15),
            date(2026, 11, 16),
        )
    ]
    assert found == [[], ["devon-price"]]


def test_the_gap_is_that_of_the_last_week_before_the_plan(plan, home):
    (gap,) = plan.gap.to_dict("records")
    # counted anew from the replayed outcomes: decided since the agreement was known, in the 26 weeks before
    view = View(Source.open(home, "alder-heating"), week("2026-W46", time_zone="America/Chicago"))
    mine = view.outcomes[
        view.outcomes["rep_id"].eq("devon-price") & view.outcomes["outcome"].isin(["won", "lost"])
    ]
    since = pd.Timestamp("2026-05-18", tz="America/Chicago")
    until = pd.Timestamp("2026-11-16", tz="America/Chicago")
    inside = mine[(mine["outcome_at"] >= since) & (mine["outcome_at"] < until)]
    won = inside.loc[inside["outcome"].eq("won"), "share_rate"].sum()
    assert (gap["standing"], gap["threshold"], gap["weeks"]) == ("below", 0.30, 26)
    assert (gap["n"], gap["hit_count"]) == (inside["share_rate"].sum(), won)
    assert plan.gap_days == (date(2026, 5, 18), date(2026, 11, 15))
    assert gap["value"] == pytest.approx(won / len(inside))


@pytest.mark.parametrize(
    ("kind", "judged_from", "joined", "first"),
    [
        ("trials", "2026-04-08", None, date(2026, 5, 18)),  # agreed before the 26 weeks began
        ("trials", "2026-09-07", None, date(2026, 9, 7)),
        ("trials", "2026-04-08", date(2026, 10, 5), date(2026, 10, 5)),
        ("periods", "2025-04-08", None, date(2025, 4, 8)),  # of periods every finished one counts
        ("trials", None, None, date(2026, 5, 18)),
    ],
)
def test_the_days_of_the_gap_are_those_that_were_counted(kind, judged_from, joined, first):
    gap = pd.DataFrame({"kind": [kind], "weeks": [26], "judged_from": [pd.to_datetime(judged_from)]})
    assert gap_days(gap, date(2026, 11, 15), joined) == (first, date(2026, 11, 15))


def test_fewer_weeks_than_agreed_are_not_said_to_be_all_of_them(plan):
    said = read(shown.gap_table(plan.gap, date(2026, 9, 7), date(2026, 11, 15)))
    assert "won in 10 weeks" in said
    assert "7 September to 15 November 2026" in said


def test_the_gap_is_printed_with_n_range_period_and_standing(parts, plan):
    said = read(parts["gap"])
    (gap,) = plan.gap.to_dict("records")
    assert f"{gap['hit_count']:.0f} of {gap['n']:.0f} won in 26 weeks" in said
    assert "fits" in said
    assert "18 May to 15 November 2026" in said
    assert "below 30%" in said


def test_the_standard_is_printed_with_its_version_and_when_it_was_acknowledged(parts):
    said = read(parts["standard"])
    assert "“How we sell at Alder”, version 967c130c8329, in force since 1 April 2026" in said
    assert "read and gone through together by 8 April 2026" in said


def test_the_company_s_gaps_come_first(plan):
    gap = plan.company_part.iloc[[0]].assign(state="gap", said="The van has not been supplied.")
    said = read(shown.company_part_table(pd.concat([gap, plan.company_part])))
    assert said.index("The van has not been supplied.") < said.index("Kept so far:")


def test_the_company_s_part_is_counted_and_what_came_late_told_one_by_one(parts):
    said = read(parts["company"])
    assert "due on 23 September 2026, was done late, on 25 September 2026." in said
    assert "6 of 6 one-on-ones promised in the last 13 weeks were held. Coached 7 times, last on" in said
    assert "one-on-ones held 1 of 1" not in said


def test_who_reached_it_is_told_in_shares_without_a_name(parts):
    said = read(parts["reached"])
    assert re.search(r"standard, over 26 weeks 3 of 3 \d of \d periods", said)


def test_chance_says_what_the_time_can_tell(parts, plan):
    said = read(parts["chance"])
    rate = plan.chance[plan.chance["metric"].eq("win_rate_by_count")].iloc[0]
    assert "It takes 49 decided to tell half of it from all of it" in said
    assert not rate["tells"]
    assert "what the rep does tells earlier" in said


def test_each_criterion_has_its_bar_its_n_and_its_days(parts):
    said = read(parts["bars"])
    assert "Conversations, at least 7 a week" in said
    assert "too few to say: 0 of 4 weeks" in said  # the exports end with the week before the plan
    assert not re.search(r"\b0%", said)
    days = read(parts["criteria"])
    assert "To come: 16 December 2026, 15 January 2027 and 14 February 2027." in days


def test_a_criterion_has_a_column_for_each_day_that_has_come(plan):
    passed = plan.states.assign(
        state=plan.states["state"].mask(plan.states["at"].eq("checkpoint 1"), "too few to say")
    )
    days = read(shown.criteria_table(passed))
    assert "Criterion Before 16 Dec Conversations" in days
    assert "To come: 15 January 2027 and 14 February 2027." in days


def test_a_bar_stands_where_its_number_does_and_only_what_chance_does_not_explain_is_coloured():
    row = {
        "criterion": 0,
        "metric": "win_rate_by_count",
        "kind": "trials",
        "direction": "at least",
        "threshold": 0.3,
        "weeks": 13,
        "minimum_n": 10,
        "at": "now",
        "on": pd.Timestamp("2027-02-14"),
        "n": 33.0,
        "hit_count": 4.0,
        "value": 4 / 33,
        "low": 6 / 33,
        "high": 14 / 33,
    }
    for state, coloured in (("not yet", True), ("on the way", False), ("met", False)):
        part = shown.criteria_bars(pd.DataFrame([{**row, "state": state}]))
        assert "4 of 33 since the plan began; who does what was agreed shows 18% to 42%" in read(part)
        assert "--v:12.1%;--t:30.0%" in str(part.html)
        assert ('class="chip"' in str(part.html)) is coloured


def test_what_is_asked_without_exception_is_said_to_leave_nothing_to_chance():
    row = {"metric": "logged_within_24h_rate", "kind": "trials", "direction": "at least", "threshold": 1.0}
    row |= {"criterion": 0, "weeks": 13, "minimum_n": 10, "at": "now", "on": pd.Timestamp("2027-02-14")}
    row |= {"low": 1.0, "high": 1.0, "expected_n": 30.0, "needed_n": 3.0, "tells": True}
    said = read(shown.chance_list(pd.DataFrame([row])))
    assert "all of them are asked for, so a single exception tells." in said
    told = {**row, "n": 10.0, "hit_count": 9.0, "value": 0.9, "state": "not yet"}
    assert "who does what was agreed shows 100%" in read(shown.criteria_bars(pd.DataFrame([told])))
    assert "100% to 100%" not in read(shown.criteria_bars(pd.DataFrame([told])))


def test_a_period_short_of_its_number_is_not_said_to_be_too_few_of_one():
    row = {"state": "too few to say", "kind": "periods", "n": 1.0, "minimum_n": 1}
    assert words_of_plan.state_word(row) == "short so far; 1 period cannot be told from chance"
    assert words_of_plan.state_word({**row, "minimum_n": 2}) == "too few to say: 1 of 2 periods"


def test_the_days_the_support_and_what_lies_outside_are_dated(parts):
    assert "Start 16 Nov 2026 passed Checkpoint 1 16 Dec 2026 to come" in read(parts["dates"])
    support = read(parts["support"])
    assert "manager, by 19 Nov 2026 not given yet: its day has passed" in support
    assert "0 of 4 given so far." in support
    assert "Price not looked at yet" in read(parts["external"])


def test_talks_come_from_the_plan_and_from_improvement_meetings(parts):
    said = read(parts["talks"])
    assert said.index("12 Nov 2026 meeting") < said.index("19 Nov 2026 check-in")
    assert "What we agreed in April, and where we are" in said


def test_the_rep_s_own_words_stand_on_it_and_room_for_them_where_there_are_none(parts):
    assert "A second pair of eyes on visits" in read(parts["words"])
    empty = shown.own_words(None, "Devon Price")
    assert "has not written anything yet" in read(empty)
    assert str(empty.html).count('class="sign"') == 3


def test_each_step_is_acknowledged_with_a_line_to_sign(parts):
    said = read(parts["steps"])
    assert "What was agreed, and what happened read 16 Nov 2026, together 17 Nov 2026" in said
    assert "What it is measured by, and when read 17 Nov 2026, together not yet" in said
    assert "What the company provides not read yet" in said
    assert "1 of 4 steps read and gone through together." in said
    assert str(parts["steps"].html).count('class="sign"') == 8


def test_nothing_is_decided_by_the_numbers_and_the_end_is_told(parts):
    said = read(parts["outcome"])
    assert "Nothing is to be decided yet." in said
    assert "The plan runs until 14 February 2027: 0 of 2 criteria met, 2 too few to say." in said
    assert "people decide" in read(parts["follows"])
    assert "looked after for a while" in read(parts["follows"])


def test_nobody_else_is_named_and_nothing_private_is_said(parts, plan, kept):
    page = " ".join(read(part) for part in parts.values()) + " ".join(plan.unknowns)
    tables = " ".join(pd.read_parquet(kept / f"{name}.parquet").to_csv() for name in KEPT)
    everything = page + tables + repr(plan)
    assert [name for name in OTHERS if re.search(rf"\b{name}\b", everything, re.IGNORECASE)] == []
    assert "A colleague's visit and a colleague's card" in page
    for private in ("Saturday visits", "lost_faith", "one card late", "worries about his job"):
        assert private not in everything


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Grace Holm's visit and Luis' card", "A colleague's visit and a colleague's card"),
        ("Rode along with Luis. Grace showed hers.", "Rode along with a colleague. A colleague showed hers."),
        ("Learnt from Grace, Luis and Marta on Monday", "Learnt from colleagues on Monday"),
        ("Marta and Luis’s offers", "Colleagues’ offers"),
        ("He said 'ask Luis'", "He said 'ask a colleague'"),
        ("Gracefully done by Devon", "Gracefully done by Devon"),
    ],
)
def test_what_names_a_colleague_reads_well_without_the_name(text, said):
    client = load_client(DEMO, "alder-heating")
    assert unnamed(client, "devon-price")(text) == said


def test_only_tables_of_this_rep_are_kept(kept):
    assert sorted(path.stem for path in Path(kept).glob("*.parquet")) == sorted(KEPT)


def test_without_a_plan_there_is_no_page(home):
    with pytest.raises(UsageError, match="no improvement plan of this rep runs in that week"):
        open_improvement_plan("alder-heating", WEEK, "marta-kowal", home)
    with pytest.raises(UsageError, match="no improvement plan"):
        open_improvement_plan("alder-heating", "2026-W46", "devon-price", home)


def test_a_plan_that_was_met_is_looked_after(home, tmp_path):
    shutil.copytree(home / "alder-heating", tmp_path / "alder-heating")
    path = tmp_path / FILE
    done = "outcome: {result: met, on: 2026-11-22, why: <b>Moved</b> to another role}\ncomment:"
    path.write_text(path.read_text().replace("comment:", done), encoding="utf-8")
    plan = open_improvement_plan("alder-heating", WEEK, "devon-price", tmp_path)
    assert plan.where == "It was met; what was reached is looked after until 20 February 2027."
    shown_now = shown.outcome_list(plan.outcomes, plan.proposal)
    assert "Met, on 22 November 2026. Why: <b>Moved</b> to another role" in read(shown_now)
    assert "<b>Moved" not in str(shown_now.html)
    assert "Until 20 February 2027 the same criteria" in read(shown.what_follows(plan.sustain))


def test_a_plan_with_nothing_recorded_still_has_a_page():
    nothing = pd.DataFrame(columns=["standing"])
    assert "no number from before the plan" in read(
        shown.gap_table(nothing, date(2026, 1, 1), date(2026, 2, 1))
    )
    assert "No talk about the plan" in read(
        shown.check_in_table(pd.DataFrame(columns=["on", "kind", "said"]))
    )


def test_a_plan_s_own_headings_and_lists_are_printed_as_such():
    """`spm improve` writes headings to write under: "##" stood on the page, and empty ones too."""
    prose = ["## Why we do this", "## What is <open>", "- one & two\n- three", "Words\nof two lines", "# End"]
    made = shown.plan_prose(prose)
    assert made.html == (
        '<div class="read"><h3>In the plan’s own words</h3><h4><bdi>What is &lt;open&gt;</bdi></h4>'
        '<ul class="sentences"><li><bdi>one &amp; two</bdi></li><li><bdi>three</bdi></li></ul>'
        "<p><bdi>Words of two lines</bdi></p></div>"
    )
    assert shown.plan_prose([]).text == ""


@pytest.mark.parametrize(
    ("metric", "unit"), [("win_rate_by_count", "decided"), ("logged_within_24h_rate", "activities")]
)
def test_what_is_missing_for_a_word_is_told_in_its_unit(metric, unit):
    row = {"state": "too few to say", "kind": "trials", "metric": metric, "n": 3.0, "minimum_n": 10}
    assert words_of_plan.state_word(row) == f"too few to say: 3 of 10 {unit}"

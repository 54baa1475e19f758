"""The team's page: facts for everybody, and a door too narrow for anything else."""

from __future__ import annotations

import gc
import shutil
import types
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spm_lib import open_team_meeting, tables, words
from spm_lib.client import Client
from spm_lib.expectations import Expectations
from spm_lib.ingest import ingest
from spm_lib.meetings import Meeting, Meetings
from spm_lib.review import Review, open_review
from spm_lib.sheets.team_meeting import TeamMeeting
from spm_lib.view import Source, View
from tests.cli.conftest import CLIENT, GOALS, HEADER, MAPPING, PROCESS, USAGE

NAN = float("nan")
WEEK = "2026-W46"
NOW = pd.Timestamp("2026-11-25T12:00Z")
SECRET = "canary-7731"


def page_of(sheet: TeamMeeting) -> list[str]:
    """Every piece of the page, as its notebook makes it: HTML and text."""
    names, currency = sheet.names, sheet.currency
    pieces = (
        tables.page_header("Team meeting", sheet.client_name, sheet.week, sheet.known_as_of),
        tables.team_goal(sheet.pace, sheet.goal_period.label, currency),
        tables.team_wins(sheet.wins, names, currency),
        tables.team_scorecard(sheet.measures, sheet.weekly, names, currency),
        tables.team_results(sheet.results, names, currency),
        tables.team_learning(sheet.learning, sheet.hygiene, names, currency),
        tables.team_agreements(sheet.hygiene, sheet.documents, sheet.agreed),
        tables.team_commitments(sheet.commitments, names),
        tables.sentences(sheet.unknown, "Nothing is missing that we know of."),
    )
    return [text for piece in pieces for text in (str(piece.html), piece.text)]


MEETINGS = {
    "2026-11-09-team.md": """kind: team
held_on: 2026-11-09
attendees: [manager, marta-kowal, devon-price]
private: canary-7731 private
belief: {lost_faith: true, checked: canary-7731}
commitments:
  - {id: team-made, who: devon-price, what: Bring the calendar, due: 2026-11-20}
  - {id: closed-elsewhere, who: luis-ferrer, what: Already closed with the manager, due: 2026-11-20}
""",
    "2026-11-10-one_on_one-devon-price.md": """kind: one_on_one
held_on: 2026-11-10
attendees: [manager, devon-price]
private: canary-7731
coaching:
  - {focus: will, note: canary-7731 coaching}
learning:
  - {topic: canary-7731 learning of one rep, by: manager, moves: conversations}
commitments:
  - {id: rep-made, who: devon-price, what: canary-7731 of one rep, due: 2026-11-20}
  - {id: closed-elsewhere, who: luis-ferrer, what: Already closed with the manager, due: 2026-11-20, \
status: done, closed_on: 2026-11-10}
""",
    "2026-11-11-owner.md": """kind: owner
held_on: 2026-11-11
attendees: [manager, owner]
learning:
  - {topic: canary-7731 learning of the owner, by: manager, moves: won}
commitments:
  - {id: owner-made, who: owner, what: canary-7731 of the owner, due: 2026-11-20, about: team}
""",
    "2026-11-12-improvement-luis-ferrer.md": """kind: improvement
held_on: 2026-11-12
attendees: [manager, luis-ferrer]
reinforced: [team_culture]
commitments:
  - {id: plan-made, who: luis-ferrer, what: canary-7731 of a plan, due: 2026-11-20}
""",
}


@pytest.fixture(scope="module")
def home(demo_home, tmp_path_factory) -> Path:
    """Alder with a canary in everything that is none of the team's business."""
    folder = tmp_path_factory.mktemp("team") / "data"
    shutil.copytree(demo_home / "alder-heating", folder / "alder-heating")
    client = folder / "alder-heating"
    for path in (client / "meetings").glob("*.md"):
        path.unlink()
    for name, front in MEETINGS.items():
        (client / "meetings" / name).write_text(f"---\n{front}---\n\ncanary-7731 prose\n")
    for name in ("compensation_plan.md", "individual_plan-marta-kowal.md"):
        path = client / "expectations" / name
        path.write_text(path.read_text().replace("title: ", f"title: {SECRET} ", 1) + f"\n{SECRET}\n")
    return folder


@pytest.fixture(scope="module")
def sheet(home) -> TeamMeeting:
    return open_team_meeting("alder-heating", WEEK, home)


def test_the_canaries_are_where_a_review_finds_them(home):
    review = open_review("alder-heating", WEEK, home)
    assert SECRET in review.commitments().to_string()
    assert any(one.front.private for one in review.meetings.all)


def held(thing: object) -> list[object]:
    """Everything that can be reached from an object, classes, modules and functions left out."""
    seen: dict[int, object] = {}
    left = [thing]
    code = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, code):
            continue
        seen[id(one)] = one
        left += gc.get_referents(one)
    return list(seen.values())


def test_nothing_of_the_review_can_be_reached_from_the_sheet(sheet):
    reached = held(sheet)
    far = (Review, View, Source, Client, Expectations, Meetings, Meeting)
    assert not [one for one in reached if isinstance(one, far)]
    assert len(reached) > 100
    assert not hasattr(sheet, "__dict__")


def test_no_canary_is_on_the_sheet_or_its_page(sheet):
    for one in fields(sheet):
        value = getattr(sheet, one.name)
        told = value.to_csv() if isinstance(value, pd.DataFrame) else repr(value)
        assert SECRET not in told, one.name
    assert SECRET not in "".join(page_of(sheet))


def test_no_standing_and_nothing_of_pay_is_a_column(sheet):
    columns = {
        name
        for one in fields(sheet)
        if isinstance(table := getattr(sheet, one.name), pd.DataFrame)
        for name in table.columns
    }
    told = {"standing", "evidence", "verdict", "peak", "threshold", "conversation", "rank", "commission"}
    assert not columns & told


def test_no_kept_table_holds_a_canary(home, tmp_path):
    open_team_meeting("alder-heating", WEEK, home, tmp_path)
    kept = sorted(tmp_path.glob("*.parquet"))
    assert {"team_results.parquet", "team_measures.parquet"} <= {path.name for path in kept}
    for path in kept:
        assert SECRET not in pd.read_parquet(path).to_csv(), path.name
        assert path.stem not in ("standing", "conversations", "evidence_win_rate_by_count")


def test_only_what_a_team_meeting_made_is_open(sheet):
    assert sheet.commitments["what"].tolist() == ["Bring the calendar"]
    assert sheet.commitments["due_on"].tolist() == [pd.Timestamp("2026-11-20")]


def test_only_what_a_team_meeting_taught_and_brought_back_counts(sheet):
    assert sheet.learning.empty
    culture = sheet.documents[sheet.documents["document"] == "team_culture"]
    assert culture["last_on"].isna().all()
    assert "compensation_plan" not in set(sheet.documents["document"])


def test_wins_are_told_with_what_is_on_record(sheet, home):
    view = open_review("alder-heating", WEEK, home).view()
    assert len(sheet.wins)
    for row in sheet.wins.to_dict("records"):
        own = view.outcomes[view.outcomes["opportunity_id"] == row["opportunity_id"]].iloc[0]
        assert row["amount"] == pytest.approx(own["amount"]) or pd.isna(own["amount"])
        assert row["cycle_days"] == pytest.approx(
            (own["outcome_at"] - own["created_at"]).total_seconds() / 86400
        )
        linked = view.activities[view.activities["opportunity_id"] == row["opportunity_id"]]
        assert row["conversation_count"] <= (linked["at"] <= own["outcome_at"]).sum()


def test_a_reps_weeks_add_up_to_the_teams(sheet):
    weeks = sheet.weekly[sheet.weekly["measure"] == "conversations"]
    latest = weeks[weeks["starts_on"] == weeks["starts_on"].max()].set_index("rep_id", drop=False)
    team = latest.loc[latest["rep_id"].isna(), "value"].iloc[0]
    # Jonah has no plan, so he has no row: the others cannot have more than the team
    assert 0 < latest["value"].dropna().sum() - team <= team
    assert sheet.measures.loc[sheet.measures["rep_id"].isna(), "agreed"].isna().all()


def test_weeks_reached_are_counted_from_the_weeks_shown(sheet):
    for row in sheet.results.dropna(subset="measure").to_dict("records"):
        own = sheet.weekly[
            (sheet.weekly["rep_id"] == row["rep_id"]) & (sheet.weekly["measure"] == row["measure"])
        ]
        last = own.sort_values("starts_on")["value"].tolist()[-13:]
        assert row["reached_count"] == sum(value >= row["agreed"] for value in last)
        assert row["week_count"] == sum(not np.isnan(value) for value in last)


def test_a_plan_that_was_not_acknowledged_is_no_agreement(home, tmp_path):
    shutil.copytree(home / "alder-heating", tmp_path / "alder-heating")
    ledger = tmp_path / "alder-heating" / "acknowledgements.csv"
    kept = [
        line
        for line in ledger.read_text().splitlines()
        if "individual_plan" not in line or "devon" not in line
    ]
    ledger.write_text("\n".join(kept) + "\n")
    sheet = open_team_meeting("alder-heating", WEEK, tmp_path)
    assert "devon-price" not in set(sheet.measures["rep_id"].dropna())
    assert "grace-holm" in set(sheet.measures["rep_id"].dropna())


def test_reps_stand_in_the_order_of_names_whatever_they_booked(sheet):
    html = str(tables.team_results(sheet.results.sample(frac=1, random_state=3), sheet.names, "USD").html)
    printed = sorted(sheet.names[rep] for rep in sheet.results["rep_id"].dropna())
    places = [html.index(name) for name in printed]
    assert places == sorted(places)


def test_no_colour_speaks_of_anybody(sheet):
    html = "".join(page_of(sheet))
    for mark in ("chip", "news", "--v:", "rust"):
        assert mark not in html


def written(tmp_path: Path, deals: str, client: str = CLIENT, documents: bool = True) -> Path:
    """A tiny client with these deals, and no meeting."""
    folder = tmp_path / "data" / "tiny"
    (folder / "inbox").mkdir(parents=True)
    (folder / "expectations").mkdir()
    (folder / "client.yaml").write_text(client)
    (folder / "mapping.yaml").write_text(MAPPING)
    for name, text in (("sales_goals", GOALS), ("sales_process", PROCESS), ("crm_usage", USAGE)):
        if documents:
            (folder / "expectations" / f"{name}.md").write_text(text)
    (folder / "inbox" / "deals-2026-11-22.csv").write_text(deals)
    ingest(tmp_path / "data", "tiny", [], ingested_at=NOW)
    return tmp_path / "data"


def test_a_client_of_whom_nothing_is_known_has_a_page_of_words(tmp_path):
    sheet = open_team_meeting("tiny", "2026-W47", written(tmp_path, HEADER, documents=False))
    said = " ".join(page_of(sheet))
    assert "No goal is written down" in said
    assert "No win is on record for this week." in said
    assert "No commitment of a team meeting is open." in said
    assert "Nothing that a team meeting taught is written down yet." in said
    assert "nan" not in said.lower().replace("finance", "")


def test_one_rep_and_a_hostile_name(tmp_path, all_hostile):
    client = CLIENT.replace("  - {id: ben, name: Ben Hale}\n", "")
    deals = HEADER + "1,Roof,Won,400,2026-10-01,2026-11-18,Ana Lopez\n"
    sheet = open_team_meeting("tiny", "2026-W47", written(tmp_path, deals, client, documents=False))
    assert sheet.results["rep_id"].dropna().tolist() == ["ana"]
    for hostile in all_hostile:
        sheet.names["ana"] = hostile
        html = "".join(page_of(sheet)[::2])
        assert "<script" not in html
        assert "<img" not in html
        assert "no goal agreed, 1 won" in html


def test_fifteen_reps_have_a_line_each(names):
    reps = [f"rep-{number:02}" for number in range(15)]
    table = pd.DataFrame(
        {
            "rep_id": reps,
            "won_count": 2.0,
            "bookings": 1000.0,
            "quota": 4000.0,
            "attainment_rate": 0.25,
            "no_amount_count": 0.0,
            "measure": "conversations",
            "agreed": 14.0,
            "reached_count": 3,
            "week_count": 13,
        }
    )
    html = str(tables.team_results(table, {rep: f"Name {rep}" for rep in reps}, "USD").html)
    assert all(f"Name {rep}" in html for rep in reps)
    assert html.count("14 conversations a week agreed: 3 of 13 weeks") == 15


WIN = {
    "business": "new",
    "lead_source": "Referral",
    "cycle_days": 23.2,
    "conversation_count": 4.0,
}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "New business, source Referral, 23 days in the pipeline, 4 conversations before."),
        (
            {"conversation_count": 0.0},
            "New business, source Referral, 23 days in the pipeline, no conversation logged on it.",
        ),
        (
            {"lead_source": None, "conversation_count": NAN},
            "New business, 23 days in the pipeline. Not on record: source and conversations.",
        ),
        (
            dict.fromkeys(WIN, None),
            "Not on record: new or existing business, source, when it was opened and conversations.",
        ),
    ],
)
def test_a_win_is_told_as_far_as_it_is_known(facts, said):
    assert words.win_known({**WIN, **facts}) == said


MEASURE = {
    "measure": "conversations",
    "latest": 12.0,
    "agreed": 15.0,
    "business_days": 5,
    "lower": 3.2,
    "upper": 20.9,
    "signal": "none",
}


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "12 of 15 agreed; inside its usual 4–20"),
        ({"agreed": NAN}, "inside its usual 4–20"),
        ({"signal": "below", "latest": 1.0}, "1 of 15 agreed; below its usual 4–20"),
        ({"business_days": 3}, "12 of 15 agreed; a week of 3 working days; inside its usual 4–20"),
        ({"signal": "too few weeks", "lower": NAN}, "12 of 15 agreed; too few weeks for a usual range"),
        ({"latest": NAN, "signal": "no data"}, "no data this week"),
        (
            {"signal": "run_above"},
            "12 of 15 agreed; inside its usual 4–20, eight weeks in a row above its average",
        ),
    ],
)
def test_a_measure_is_told_as_facts(facts, said):
    assert words.against_agreed({**MEASURE, **facts}, "USD") == said

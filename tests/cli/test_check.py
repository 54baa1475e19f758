"""`spm check`: everything missing, stale or contradictory at once, and whether the gate passes."""

from __future__ import annotations

import hashlib

import pytest

from spm_lib import gate
from tests.cli.conftest import BEFORE, CALLS, CLIENT, GOALS, NOW, PROCESS, standing


@pytest.fixture
def filled(tiny, spm):
    """The tiny client with its exports ingested."""
    tiny.export_both()
    assert spm("ingest", "tiny").code == 0
    return tiny


def said(tiny, severity=None, week="2026-W47"):
    """What the gate says, one text for each finding."""
    return [str(one) for one in gate.check(tiny.home, tiny.slug, week) if severity in (None, one.severity)]


def test_a_client_with_everything_in_order_passes_without_a_word(filled, spm):
    result = spm("check", "tiny")
    assert (result.code, result.err) == (0, "")
    assert result.out == "tiny 2026-W47: the gate passes (0 that stop, 0 to note)\n"


def test_nothing_ingested_stops_with_what_to_do(tiny, spm):
    result = spm("check", "tiny")
    assert result.code == 3
    first = result.out.splitlines()[0]
    assert first.startswith("stop  tiny/history: nothing was ever ingested; touches: every page; to do: ")
    assert "spm ingest tiny" in first
    assert "the gate does not pass (1 that stop, 0 to note)" in result.out


def test_every_broken_document_is_named_at_once_beside_everything_else(tiny, spm):
    tiny.write("expectations/a.md", "no front matter")
    tiny.write("expectations/b.md", "---\ndocument: nonsense\n---\n")
    result = spm("check", "tiny")
    assert result.code == 3
    stops = [line for line in result.out.splitlines() if line.startswith("stop")]
    assert [("a.md" in line, "b.md" in line, "ingested" in line) for line in stops] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]


def test_two_versions_that_begin_on_one_day_stop(filled):
    filled.write("expectations/again.md", PROCESS)
    (stop,) = said(filled, "stop")
    assert "sales_process.md, line 4: it begins on the day on which again.md begins" in stop


def test_a_goal_for_a_rep_nobody_knows_stops_because_no_page_could_be_made(filled):
    filled.write("expectations/sales_goals.md", GOALS.replace("rep: ben", "rep: zoe"))
    (stop,) = said(filled, "stop")
    assert "sales_goals.md, line 7: nobody knows this rep or role (zoe)" in stop


def test_a_client_yaml_that_cannot_be_read_stops_and_the_documents_are_still_looked_at(filled, spm):
    filled.write("client.yaml", CLIENT + "colour: blue\n")
    filled.write("expectations/a.md", "no front matter")
    result = spm("check", "tiny")
    assert result.code == 3
    assert "unknown key colour" in result.out
    assert "a.md" in result.out


def test_a_mapping_that_cannot_be_read_stops(filled):
    (filled.folder / "mapping.yaml").unlink()
    assert "there is no mapping.yaml" in "".join(said(filled, "stop"))


def test_a_damaged_table_of_the_history_stops_and_is_named(filled):
    path = next((filled.folder / "history").rglob("opportunities.parquet"))
    path.write_bytes(path.read_bytes()[:-20])
    (stop,) = said(filled, "stop")
    assert "a stored table is damaged" in stop
    assert "opportunities.parquet" in stop


def test_exports_as_old_as_the_limit_are_stale_and_a_day_younger_are_not(filled):
    # stale_days is 8; the latest export shows Sunday 22 November, so its time is the 23rd, 0:00
    assert said(filled, "note", "2026-W48") == []  # the week ends 7 days later
    assert said(filled, "stop", "2026-W48") == []
    (stop,) = said(filled, "stop", "2026-W49")  # 14 days later
    assert "the latest export is 14 days older than the end of the week; touches: every number" in stop
    filled.write("client.yaml", CLIENT + "thresholds: {stale_days: 15}\n")  # it is meant
    assert said(filled, "stop", "2026-W49") == []


def test_old_activities_are_noted_and_old_opportunities_stop(tiny, spm):
    tiny.export("calls-2026-11-08.csv", CALLS)
    tiny.export("deals-2026-11-22.csv", NOW)
    assert spm("ingest", "tiny").code == 0
    assert said(tiny, "stop") == []
    assert any("export of activities is 14 days older than the week's end" in note for note in said(tiny))
    (tiny.folder / "inbox/calls-2026-11-08.csv").rename(tiny.folder / "inbox/calls-2026-12-06.csv")
    assert spm("ingest", "tiny").code == 0
    (stop,) = said(tiny, "stop", "2026-W49")
    assert "the latest export of opportunities is 14 days older than the week's end" in stop


def test_activities_that_never_came_are_missed_unless_they_are_not_recorded(tiny, spm):
    tiny.export("deals-2026-11-22.csv", NOW)
    spm("ingest", "tiny")
    assert any("no export of activities was received" in note for note in said(tiny))
    tiny.write("client.yaml", CLIENT + "not_recorded: {activities: nobody writes them down}\n")
    assert said(tiny) == []


def test_refused_rows_unmapped_stages_and_unknown_reps_are_noted(tiny, spm):
    tiny.export_both()
    more = "5,Shed,Somewhere,10,2026-11-17,,Ana Lopez\n6,Barn,Qualified,10,2026-11-17,,Zoe Quill\n"
    tiny.export("deals-2026-11-22.csv", NOW + more)
    spm("ingest", "tiny")
    notes = said(tiny)
    assert all(note.startswith("note") for note in notes)
    # 6 deals, 1 call and 1 visit were read
    assert any("1 of 8 rows of the latest export were refused" in note for note in notes)
    assert any("stages nobody mapped: 'Somewhere' (1 rows)" in note for note in notes)
    assert any("Zoe Quill" in note and "known_as" in note for note in notes)
    assert spm("check", "tiny").code == 0


def test_documents_not_yet_in_force_are_missing(filled):
    for name in ("sales_goals", "sales_process", "crm_usage"):
        path = filled.folder / "expectations" / f"{name}.md"
        path.write_text(path.read_text().replace("2026-01-01", "2026-11-23"))
    # the last day of 2026-W47 is the 22nd; the standards in force on the 23rd come too late
    missing = [
        note.split(" is in force")[0].rsplit("no ", 1)[1] for note in said(filled) if "in force" in note
    ]
    assert missing == ["sales_goals", "sales_process", "crm_usage"]


def test_reps_without_a_goal_and_goals_that_do_not_add_up_are_noted(filled):
    lines = "  - {rep: ben, period: 2026-Q4, amount: 500}\n"
    filled.write("expectations/sales_goals.md", GOALS.replace(lines, ""))
    notes = "\n".join(said(filled))
    assert "ben has no goal for Q4 2026" in notes
    assert "ana has no goal" not in notes
    # ana's 1,000 against the team's 1,500
    assert "the reps' goals from 2026-10-01 to 2027-01-01 add up to 1,000, the team's is 1,500" in notes


def test_a_goal_that_is_ramping_up_counts_as_much_as_is_expected(filled):
    ramped = GOALS.replace("amount: 500}", "amount: 1000, ramp_rate: 0.5}")
    filled.write("expectations/sales_goals.md", ramped)
    assert said(filled) == []  # 1,000 + 0.5 x 1,000 = 1,500


def test_a_rep_who_came_after_the_goal_period_needs_no_goal(filled):
    late = CLIENT.replace(
        "name: Ben Hale}", "name: Ben Hale}\n  - {id: cy, name: Cy Ono, starts_on: 2027-01-01}"
    )
    filled.write("client.yaml", late)
    assert said(filled) == []


def test_a_standard_for_a_metric_nobody_knows_is_noted(filled):
    judged = PROCESS.replace("---\nWords", "judged_by:\n  - {metric: charm, at_least: 1}\n---\nWords")
    filled.write("expectations/sales_process.md", judged)
    (note,) = said(filled)
    assert "sales_process.md, line 6: no such metric to judge by (charm)" in note


def test_a_file_that_failed_and_exports_that_were_never_stored_are_noted_until_they_are_mended(tiny, spm):
    tiny.export_both()
    tiny.export("calls-2026-11-22.csv", "Call,Ringer\nc1,Ana Lopez\n")
    spm("ingest", "tiny")
    (failed, _) = said(tiny, "note")  # the other: no activities
    assert "calls-2026-11-22.csv failed: the file is none this mapping knows" in failed
    tiny.export("calls-2026-11-22.csv", CALLS)
    spm("ingest", "tiny")
    assert said(tiny) == []
    tiny.export("deals-2026-11-24.csv", NOW)
    tiny.export("readme-2026-11-24.txt", "is not needed")
    (missing,) = said(tiny)
    assert "not in the history: 1 of the exports in the inbox, the latest deals-2026-11-24.csv" in missing
    assert spm("ingest", "tiny").code == 0
    assert said(tiny) == []


def test_the_gate_raises_nothing_even_for_a_client_that_is_not_there(tiny):
    (found,) = gate.check(tiny.home, "nobody", "2026-W47")
    assert (found.severity, found.what) == ("stop", "no such client (nobody)")
    (found,) = gate.check(tiny.home, "../x", "2026-W47")
    assert found.severity == "stop"


def test_the_gate_changes_nothing(filled):
    before = standing(filled.home)
    said(filled)
    assert standing(filled.home) == before


def test_a_damaged_manifest_stops_and_is_said_once(filled):
    (filled.folder / "history" / "manifest.json").write_text("{")
    (stop,) = said(filled)
    assert "the manifest is damaged" in stop


#: What people mistype, each in a file of its own: file -> text, and what is to be said of it.
MISTYPED = {
    "expectations/crm_usage.md": (
        "---\ndocument: crm_usage\n  title: [unclosed\n---\n",
        "stop  expectations/crm_usage.md, line 3: the front matter is not YAML",
    ),
    "expectations/team_culture.md": (
        "---\ndocument: team_culture\ntitle: Ours\neffective_from: 2026-02-31\n---\n",
        "stop  expectations/team_culture.md, line 4: the front matter is not YAML ('2026-02-31'",
    ),
    "expectations/sales_process-2025.md": (
        "---\ndocument: sales_process\ntitle: Before\neffective_from: 2025-01-01\n"
        "effective_to: 2026-06-01\n---\n",
        "note  expectations/sales_process-2025.md, line 5: it ends on 2026-06-01, but sales_process.md",
    ),
    "expectations/job_description.md": (
        "---\ndocument: job_description\ntitle: The job\neffective_from: 2026-01-01\n"
        "judged_by:\n  - {metric: win_rate_by_cont, at_least: 0.3}\n"
        "  - {metric: attainment, at_least: 1, applies_to: [zoe]}\n---\n",
        "note  expectations/job_description.md, line 6: no such metric to judge by (win_rate_by_cont); "
        "touches: job standards; to do: did you mean win_rate_by_count",
        "note  expectations/job_description.md, line 7: nobody knows this rep or role (zoe)",
    ),
    "expectations/sales_goals-2027.md": (
        "---\ndocument: sales_goals\ntitle: Goals\neffective_from: 2026-11-01\nquotas:\n"
        "  - {rep: ana, period: 2027-Q1, amount: 1000}\n"
        "  - {team: true, period: 2027-Q1, amount: 1500}\n---\n",
        "note  expectations/sales_goals-2027.md, line 7: the reps' goals from 2027-01-01 to 2027-04-01 "
        "add up to 1,000, the team's is 1,500",
    ),
    "meetings/2026-11-16-team.md": (
        "---\nkind: team\nheld_on: 2026-11-16\nattendees: [ana, ben]\ncommitments:\n"
        "  - {id: list, what: Bring the list, due: 2026-11-20}\n---\n",
        "note  meetings/2026-11-16-team.md, line 6: commitments.0.who is missing",
    ),
    "meetings/2026-11-17-owner.md": (
        "---\nkind: owner\nheld_on: 2026-11-18\nattendees: [owner, zoe]\n---\n",
        "note  meetings/2026-11-17-owner.md, line 4: attendees: unknown rep (zoe)",
        "note  meetings/2026-11-17-owner.md, line 3: held_on and the file’s name disagree",
    ),
    "meetings/2026-11-18-one_on_one-ana.md": (
        "---\nkind: one_on_one\nheld_on: 2026-11-18\nattendees: [ana, manager]\n---\n",
        "note  meetings/2026-11-18-one_on_one-ana.md, line 1: two meetings of one kind on the same day",
    ),
    "meetings/2026-11-18-one_on_one-Ana Lopez.md": (
        "---\nkind: one_on_one\nheld_on: 2026-11-18\nattendees: [ana, manager]\n---\n",
    ),
    "acknowledgements.csv": (
        "document,version,rep,read_on,reviewed_on,reinforced_on\n"
        "sales_process,{version},ana,2020-01-01,2026-01-02,\n",
        "stop  acknowledgements.csv, line 2: ",
    ),
    "supplied.csv": (
        "rep,kind,what,due_on,done_on\nana,pay,Commission,,2026-10-15\nana,resource,A van,,\n",
        "stop  supplied.csv, line 2: pay without the day it was due (Commission)",
        "stop  supplied.csv, line 3: no plan promises ana this resource (A van)",
    ),
}


def test_everything_people_mistype_is_told_at_once_by_file_and_line(filled, spm):
    process = filled.folder / "expectations" / "sales_process.md"
    version = hashlib.sha256(process.read_bytes()).hexdigest()[:12]
    for name, (text, *_) in MISTYPED.items():
        filled.write(name, text.replace("{version}", version))
    result = spm("check", "tiny")
    assert result.code == 3
    missed = [said for _, *every in MISTYPED.values() for said in every if said not in result.out]
    assert missed == [], result.out
    assert result.out.count("acknowledgements.csv") == 1
    assert "Traceback" not in result.out + result.err


def test_a_contradictory_improvement_plan_stops_with_its_line(filled):
    filled.write("improvement/2026-11-16-zoe.md", "---\nrep: zoe\n---\n")
    stops = said(filled, "stop")
    assert (
        "stop  improvement/2026-11-16-zoe.md, line 2: criteria is missing; "
        "touches: improvement plans; to do: add `criteria:`" in stops
    )
    assert len(stops) == 5


def test_each_finding_says_which_pages_or_numbers_it_touches(tiny, spm):
    tiny.export("deals-2026-11-10.csv", NOW.replace("Won,100", "Bought,100").replace("Ben Hale", "Old Hand"))
    assert spm("ingest", "tiny").code == 0
    (tiny.folder / "expectations/crm_usage.md").unlink()
    touched = {one.what: one.touches for one in gate.check(tiny.home, tiny.slug, "2026-W47")}
    assert all(touched.values())

    def of(words):
        (found,) = [touches for what, touches in touched.items() if words in what]
        return found

    assert of("days older than the end of the week") == "every number of the week"
    assert of("no export of activities") == "activity, speed to lead, cadence"
    assert of("stages nobody mapped") == "win rates, attainment, pipeline, coverage, forecast"
    assert of("is no rep of client.yaml") == "win rates, attainment, pace, pipeline, coverage, activity"
    assert of("no crm_usage is in force") == "hygiene"
    assert "; touches: hygiene; to do: write crm_usage.md" in spm("check", "tiny").out


def test_a_shrunken_export_is_refused_and_the_gate_says_what_rests_on_it(tiny, spm):
    many = "".join(f"{number},Deal,Qualified,10,2026-10-01,,Ana Lopez\n" for number in range(10, 40))
    tiny.export("deals-2026-11-15.csv", NOW + many)
    assert spm("ingest", "tiny").code == 0
    tiny.export("deals-2026-11-22.csv", NOW)
    assert spm("ingest", "tiny").code == 1
    (stop,) = [one for one in gate.check(tiny.home, "tiny", "2026-W47") if "not in the history" in one.what]
    assert (stop.severity, stop.touches) == ("stop", "every number of the week")
    assert "deals-2026-11-22.csv" in stop.what
    # of the week before nothing is missing
    (note,) = [one for one in gate.check(tiny.home, "tiny", "2026-W46") if "not in the history" in one.what]
    assert note.severity == "note"


def test_an_export_taken_on_the_monday_after_shows_the_week(tiny, spm):
    """Without it nearly all of the week would be missing, and nothing be stale yet."""
    tiny.export("deals-2026-11-16.csv", BEFORE)
    assert spm("ingest", "tiny").code == 0
    tiny.export("deals-2026-11-23.csv", NOW)
    (stop,) = [one for one in gate.check(tiny.home, "tiny", "2026-W47") if "not in the history" in one.what]
    assert stop.severity == "stop"
    # the week before is shown by what is in the history
    (note,) = [one for one in gate.check(tiny.home, "tiny", "2026-W46") if "not in the history" in one.what]
    assert note.severity == "note"


def test_every_doubt_of_a_snapshot_is_of_metrics_there_are_or_of_the_pipeline():
    import spm_lib.history.findings as doubts
    from spm_lib.metrics import registry

    named = set(f"{doubts._WINS},{doubts._OPEN},activity,activity_ladder".split(","))
    assert named - set(registry.METRICS) == set()

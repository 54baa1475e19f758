"""The company's own part: every line dated and placed, gaps first, and nobody confronted without it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from spm_lib.errors import MetricError
from spm_lib.judgement import CompanyRecords, check_ourselves, company_part, forbids, may_confront
from spm_lib.judgement.company import COLUMNS, FAIR_ONLY_WITH, QUESTIONS
from tests.wording import UNKIND

ON = date(2026, 11, 15)
PROCESS = "sales_process"


def frame(*rows):
    table = pd.DataFrame(list(rows))
    for name in table:
        if str(name).endswith(("_on", "_from", "_to")) or name == "on":
            table[name] = pd.to_datetime(table[name])
    return table


def document(**more):
    base = {"document": PROCESS, "version": "aa11", "effective_from": "2026-04-01", "effective_to": None}
    return {**base, "file": "sales_process.md", **more}


def state(rep="ana", **more):
    steps = {"read_on": "2026-04-02", "reviewed_on": "2026-04-07", "reinforced_on": None}
    return {"rep": rep, "document": PROCESS, "version": "aa11", **steps, "file": "sales_process.md", **more}


def one_on_one(due, held=None, rep="ana", **more):
    base = {"rep_id": rep, "kind": "one_on_one", "state": "held" if held else "not recorded", "due_on": due}
    return {**base, "held_on": held, "reason": None, "source": held and f"{held}.md", **more}


def commitment(who="manager", about="ana", **more):
    base = {"about": about, "who": who, "what": "Ride along", "made_on": "2026-10-01", "due_on": "2026-10-15"}
    return {**base, "status": "done", "closed_on": "2026-10-14", "kept": True, "source": "c.md", **more}


def supplied(done, day="2026-09-30", rep="ana", what="A desk"):
    return {"rep_id": rep, "what": what, "due_on": "2026-10-01", done: day, "source": "plan.md"}


def achievable(peers_met=3, peers=4, own_met=2, own=5, rep="ana"):
    counts = {"peers_met_count": peers_met, "peers_count": peers, "own_met_count": own_met, "own_count": own}
    return {"rep_id": rep, "metric": "win_rate_by_count", **counts, "source": "attainment"}


KEPT = CompanyRecords(
    documents=frame(document()),
    acknowledgements=frame(state(), state("ben", read_on=None)),
    reinforced=frame({"rep_id": "ana", "document": PROCESS, "on": "2026-10-12", "source": "team.md"}),
    one_on_ones=frame(one_on_one("2026-10-18", "2026-10-14"), one_on_one("2026-11-01", "2026-10-28")),
    coaching=frame({"rep_id": "ana", "on": "2026-10-14", "focus": "skill", "source": "o.md"}),
    commitments=frame(
        commitment(),
        commitment("owner", "team"),
        commitment("ana", kept=False),
        commitment("owner", None, kept=False),
    ),
    resources=frame(supplied("supplied_on")),
    compensation=frame(supplied("paid_on", "2026-10-01", what="Commission for September")),
    achievable=frame(achievable()),
)


def ledger(records=KEPT, rep="ana", needed=(PROCESS,)):
    return company_part(rep, ON, records, needed=list(needed))


def lines(table, question):
    return table.loc[table["question"].eq(question), ["state", "said"]].to_numpy().tolist()


def only(table, question):
    ((state, said),) = lines(table, question)
    return state, said


def test_a_company_that_kept_all_has_a_dated_line_with_its_place_for_every_question():
    table = ledger()
    assert list(table.columns) == list(COLUMNS)
    assert set(table["question"]) == set(QUESTIONS)
    assert table["state"].eq("kept").all()
    assert table["on"].notna().all()
    assert table["source"].notna().all()
    dates = table.drop_duplicates("question").set_index("question")["on"].dt.strftime("%m-%d").to_dict()
    assert dates["acknowledged"] == "04-07"  # the later of reading and reviewing
    assert dates["reinforced"] == "10-12"
    assert dates["one-on-ones held"] == "10-28"
    assert may_confront(table)
    assert check_ourselves(table) == []


def test_without_any_record_every_question_says_so_and_nobody_is_confronted():
    table = ledger(CompanyRecords())
    assert table["question"].tolist() == list(QUESTIONS)
    assert table["state"].eq("not recorded").all()
    assert not may_confront(table)
    assert len(check_ourselves(table)) == len(QUESTIONS)
    assert all(said.startswith("Check ourselves: ") for said in check_ourselves(table))


def test_without_a_ledger_nobody_is_confronted():
    empty = ledger().iloc[:0]
    assert not may_confront(empty)
    (said,) = check_ourselves(empty)
    assert said.startswith("Check ourselves: nobody has looked at expectations written, in force")


GAPS = {
    "expectations written": (
        {"documents": frame(document()).iloc[:0]},
        "The sales process document is not written.",
    ),
    "in force": (
        {"documents": frame(document(effective_from="2026-11-16"))},
        "No sales process document is in force.",
    ),
    "acknowledged": (
        {"acknowledgements": frame(state(reviewed_on=None))},
        "The sales process document has not been read and reviewed together in the version in force.",
    ),
    "reinforced": (
        {"reinforced": frame({"rep_id": "ben", "document": PROCESS, "on": "2026-10-12", "source": "t.md"})},
        "No meeting has come back to the sales process document since it is in force.",
    ),
    "one-on-ones held": (
        {"one_on_ones": frame(one_on_one("2026-11-01", state="missed", reason="Kim was ill"))},
        "The one-on-one due by 1 November 2026 was not held (Kim was ill).",
    ),
    "coaching given": (
        {"coaching": frame({"rep_id": "ben", "on": "2026-10-14", "focus": "skill", "source": "o.md"})},
        "No coaching has been given.",
    ),
    "commitments kept": (
        {"commitments": frame(commitment("owner", "team", status="open", closed_on=None, kept=False))},
        "The owner’s commitment “Ride along”, due on 15 October 2026, is still open.",
    ),
    "resources supplied": (
        {"resources": frame(supplied("supplied_on", None))},
        "A desk, due on 1 October 2026, has not been supplied.",
    ),
    "compensation paid": (
        {"compensation": frame(supplied("paid_on", None, what="Commission"))},
        "Commission, due on 1 October 2026, has not been paid.",
    ),
    "achievable standard": (
        {"achievable": frame(achievable(0, 4, 0, 5))},
        "The standard of win rate by count was met by 0 of 4 peers, and in 0 of 5 "
        "periods of the rep’s own past.",
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_gap_comes_first_and_is_said_first(question):
    changed, said = GAPS[question]
    table = ledger(replace(KEPT, **changed))
    assert ["gap", said] in lines(table, question)
    states = table["state"].tolist()
    assert states == sorted(states, key=["gap", "not recorded", "late", "kept"].index)
    assert f"Check ourselves: {said}" in check_ourselves(table)
    # a rep cannot be held to what was not agreed, coached or possible; other gaps are said, and do not forbid
    gaps = set(table.loc[table["state"].eq("gap"), "question"])
    fair_is_open = {"in force", "acknowledged"} & gaps
    assert may_confront(table) == (question not in FAIR_ONLY_WITH and not fair_is_open)
    # what stands against it is told without what does not
    assert bool(forbids(table)) == (not may_confront(table))
    assert (f"Check ourselves: {said}" in forbids(table)) == (question in FAIR_ONLY_WITH)


LATE = {
    "commitments kept": (
        {"commitments": frame(commitment(kept=False, closed_on="2026-10-20"))},
        "The manager’s commitment “Ride along”, due on 15 October 2026, was done late, on 20 October 2026.",
    ),
    "resources supplied": (
        {"resources": frame(supplied("supplied_on", "2026-11-15"))},
        "A desk, due on 1 October 2026, was supplied late, on 15 November 2026.",
    ),
    "compensation paid": (
        {"compensation": frame(supplied("paid_on", "2026-10-02", what="Commission"))},
        "Commission, due on 1 October 2026, was paid late, on 2 October 2026.",
    ),
}


@pytest.mark.parametrize("question", LATE)
def test_what_was_given_late_is_no_gap_any_more_and_is_told_as_late(question):
    changed, said = LATE[question]
    table = ledger(replace(KEPT, **changed))
    assert lines(table, question) == [["late", said]]
    # dated by the day it was given, and not by the day it was due
    (on,) = table.loc[table["question"].eq(question), "on"]
    assert f"{on:%-d %B %Y}" == said.rpartition(", on ")[2].rstrip(".")
    assert check_ourselves(table) == []
    assert may_confront(table)


def test_until_the_day_it_was_given_it_is_a_gap():
    """Given on 16 November: on the 15th nobody knew that it would be."""
    late = replace(KEPT, resources=frame(supplied("supplied_on", "2026-11-16")))
    assert lines(ledger(late), "resources supplied") == [
        ["gap", "A desk, due on 1 October 2026, has not been supplied."]
    ]
    after = company_part("ana", date(2026, 11, 16), late, needed=[PROCESS])
    assert only(after, "resources supplied")[0] == "late"


def test_what_was_dropped_was_never_given():
    dropped = frame(commitment(status="dropped", kept=False, closed_on="2026-10-20"))
    assert lines(ledger(replace(KEPT, commitments=dropped)), "commitments kept") == [
        [
            "gap",
            "The manager’s commitment “Ride along”, due on 15 October 2026, was dropped on 20 October 2026.",
        ]
    ]


@pytest.mark.parametrize("name", ["resources", "compensation", "commitments", "one_on_ones", "reinforced"])
def test_what_nobody_records_is_said_and_is_no_gap(name):
    table = ledger(replace(KEPT, **{name: None}))
    assert table["state"].tolist().count("not recorded") == 1
    assert not table["state"].eq("gap").any()
    assert may_confront(table)


@pytest.mark.parametrize("name", ["documents", "acknowledgements", "coaching", "achievable"])
def test_without_a_record_of_what_makes_it_fair_nobody_is_confronted(name):
    assert not may_confront(ledger(replace(KEPT, **{name: None})))


def test_a_ledger_that_leaves_a_question_out_is_none():
    table = ledger()
    left_out = table[table["question"].ne("compensation paid")]
    assert not may_confront(left_out)
    assert forbids(left_out) == ["Check ourselves: nobody has looked at compensation paid."]


def test_what_is_dated_later_is_not_known_yet():
    later = replace(
        KEPT,
        acknowledgements=frame(state(reviewed_on="2026-11-16")),
        coaching=frame({"rep_id": "ana", "on": "2026-11-16", "focus": "skill", "source": "o.md"}),
        resources=frame({**supplied("supplied_on", "2026-11-16"), "due_on": "2026-11-14"}),
        one_on_ones=frame(one_on_one("2026-11-29", "2026-11-16")),
    )
    table = ledger(later)
    found = {question: only(table, question)[0] for question in ("acknowledged", "coaching given")}
    assert found == {"acknowledged": "gap", "coaching given": "gap"}
    assert only(table, "resources supplied")[0] == "gap"
    assert only(table, "one-on-ones held")[0] == "nothing due"


def test_an_acknowledgement_of_an_older_version_does_not_count():
    edited = replace(KEPT, documents=frame(document(), document(version="bb22", effective_from="2026-08-01")))
    assert only(ledger(edited), "acknowledged")[0] == "gap"
    back = frame({"rep_id": "ana", "document": PROCESS, "on": "2026-07-31", "source": "team.md"})
    assert only(ledger(replace(edited, reinforced=back)), "reinforced")[0] == "gap"
    ended = replace(KEPT, documents=frame(document(effective_to="2026-11-15")))
    assert only(ledger(ended), "in force")[0] == "gap"


def test_one_on_ones_by_hand():
    """Three promised: one held, one missed with a reason, one nobody wrote down: "1 of 3"."""
    some = frame(
        one_on_one("2026-10-04", "2026-09-30"),
        one_on_one("2026-10-18", state="missed", reason="Storm"),
        one_on_one("2026-11-01"),
        one_on_one("2026-11-01", rep="ben"),
    )
    said = lines(ledger(replace(KEPT, one_on_ones=some)), "one-on-ones held")
    assert said == [
        ["gap", "The one-on-one due by 18 October 2026 was not held (Storm)."],
        ["not recorded", "The one-on-one due by 1 November 2026 is not written down."],
        [
            "not recorded",
            "1 of 3 one-on-ones promised in the last 13 weeks were held; 1 is not written down.",
        ],
    ]


def held_of(*rows):
    return lines(ledger(replace(KEPT, one_on_ones=frame(*rows))), "one-on-ones held")


def test_a_missed_one_on_one_is_open_until_the_next_one_is_held():
    missed = one_on_one("2026-10-18", state="missed", reason="Storm")
    since = one_on_one("2026-11-01", "2026-10-28")
    assert held_of(missed, since) == [
        ["kept", "1 of 2 one-on-ones promised in the last 13 weeks were held."],
    ]
    before = one_on_one("2026-10-04", "2026-09-30")
    assert [state for state, _ in held_of(before, missed)] == ["gap", "kept"]
    early = {**one_on_one(None, "2026-11-10"), "state": "held"}  # before the next one was due
    assert [state for state, _ in held_of(before, missed, early)] == ["kept"]


def test_a_meeting_that_was_missed_a_quarter_of_a_year_ago_is_no_longer_listed():
    """13 weeks up to Sunday 15 November begin on Monday 17 August."""
    old = one_on_one("2026-08-16", state="missed", reason="Fair")
    assert held_of(old) == [["nothing due", "No one-on-one was promised in the last 13 weeks."]]
    young = one_on_one("2026-08-17", state="missed", reason="Fair")
    assert held_of(young) == [["gap", "The one-on-one due by 17 August 2026 was not held (Fair)."]]


def test_where_most_are_missed_the_promise_itself_is_a_gap_however_soon_the_next_one_was_held():
    missed = [one_on_one(f"2026-{day}", state="missed", reason="Busy") for day in ("09-20", "10-04", "10-18")]
    assert held_of(*missed, one_on_one("2026-11-01", "2026-10-28")) == [
        ["gap", "1 of 4 one-on-ones promised in the last 13 weeks were held."],
    ]


NOTHING_DUE = {
    "commitments kept": (
        {"commitments": frame(commitment("ana", kept=True), commitment(about="ben"))},
        "Manager and owner have promised nothing for this rep.",
    ),
    "resources supplied": ({"resources": frame(supplied("supplied_on")).iloc[:0]}, "Nothing was promised."),
    "compensation paid": (
        {"compensation": frame({**supplied("paid_on"), "due_on": "2026-12-15"})},
        "Nothing was to be paid by now.",
    ),
    "one-on-ones held": (
        {"one_on_ones": frame(one_on_one("2026-11-29"))},
        "No one-on-one was promised in the last 13 weeks.",
    ),
}


@pytest.mark.parametrize("question", NOTHING_DUE)
def test_where_nothing_was_due_nothing_is_missing(question):
    """Nothing promised is no missing record, and nothing that was kept either."""
    changed, said = NOTHING_DUE[question]
    table = ledger(replace(KEPT, **changed))
    assert lines(table, question) == [["nothing due", said]]
    assert check_ourselves(table) == []
    assert may_confront(table)


def test_a_commitment_that_is_not_due_yet_is_no_missing_record():
    later = frame(commitment(due_on="2026-12-01", status="open", closed_on=None, kept=None))
    assert only(ledger(replace(KEPT, commitments=later)), "commitments kept") == (
        "nothing due",
        "No commitment of manager or owner was due by now.",
    )
    nobody = frame(commitment()).iloc[:0]
    assert only(ledger(replace(KEPT, commitments=nobody)), "commitments kept")[0] == "not recorded"


def test_another_reps_rows_and_the_reps_own_commitments_stay_out():
    canary = "canary-5d"
    some = frame(
        commitment(),
        commitment(about="ben", what=canary),
        commitment("owner", None, what=canary),
        commitment("ana", what=canary, kept=False),
    )
    table = ledger(
        replace(KEPT, commitments=some, resources=frame(supplied("supplied_on", None, "ben", canary)))
    )
    assert canary not in table.to_csv()
    assert set(table["rep_id"]) == {"ana"}
    assert only(table, "resources supplied")[0] == "nothing due"


def test_hostile_text_stays_on_one_line():
    table = ledger(replace(KEPT, resources=frame(supplied("supplied_on", None, what="a\n\u202eb\x00" * 90))))
    _, said = only(table, "resources supplied")
    assert re.search("[\n\x00\u202e]", said) is None
    assert len(said) < 260


def test_the_records_are_not_changed_and_a_missing_column_is_refused():
    before = {name: table.copy() for name, table in vars(KEPT).items()}
    ledger()
    for name, table in vars(KEPT).items():
        pd.testing.assert_frame_equal(table, before[name])
    with pytest.raises(MetricError, match="coaching lack a column") as refused:
        CompanyRecords(coaching=pd.DataFrame({"rep_id": ["ana"]}))
    assert "focus" in str(refused.value)


def test_no_line_blames_anybody():
    for changed, _ in GAPS.values():
        assert UNKIND.search(" ".join(ledger(replace(KEPT, **changed))["said"])) is None

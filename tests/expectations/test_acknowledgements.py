"""Who has agreed to which version, on which day, and who is still asked."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from spm_lib.client import Client, Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations import Acknowledgements, Expectations, acknowledge
from spm_lib.expectations.acknowledgements import AHEAD_DAYS, COLUMNS

HEADER = ",".join(COLUMNS)
MAY = date(2026, 5, 1)


@pytest.fixture
def process(put):
    return put("sales_process.md", "sales_process", "applies_to: [rep]", begins="2026-04-01")


def load(folder, client):
    return Acknowledgements.load(folder, client, Expectations.load(folder, client))


def rows(folder, *lines):
    (folder / "acknowledgements.csv").write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")


def version(folder, client, kind="sales_process", on=MAY):
    return Expectations.load(folder, client).in_force(kind, on).version


def asked(folder, client, on=MAY):
    return [(one.rep, one.document, one.step) for one in load(folder, client).open_requests(on)]


def test_a_version_is_acknowledged_once_it_is_read_and_reviewed_together(folder, client, process):
    mine = version(folder, client)
    rows(
        folder,
        f"sales_process,{mine},ana,2026-04-02,2026-04-09,2026-04-20",
        f"sales_process,{mine},ben,2026-04-02,,",
        f"sales_process,{mine},cy,2026-04-12,2026-04-09,",
    )
    known = load(folder, client)
    assert known.acknowledged_on("ana", "sales_process", MAY) == date(2026, 4, 9)
    assert known.acknowledged_on("ben", "sales_process", MAY) is None
    assert known.acknowledged_on("cy", "sales_process", MAY) == date(2026, 4, 12)  # the later of the two
    assert known.state("sales_process", "ana", MAY).done == ("read", "reviewed", "reinforced")
    assert known.state("sales_process", "ben", MAY).done == ("read",)
    assert known.acknowledged(MAY) == {
        ("ana", "sales_process"): date(2026, 4, 9),
        ("cy", "sales_process"): date(2026, 4, 12),
    }


def test_what_was_done_later_is_not_known_on_a_day(folder, client, process):
    rows(folder, f"sales_process,{version(folder, client)},ana,2026-04-02,2026-04-09,2026-04-20")
    known = load(folder, client)
    assert known.state("sales_process", "ana", date(2026, 4, 8)).done == ("read",)
    assert known.acknowledged_on("ana", "sales_process", date(2026, 4, 8)) is None
    assert known.acknowledged_on("ana", "sales_process", date(2026, 4, 9)) == date(2026, 4, 9)
    assert known.state("sales_process", "ana", date(2026, 3, 31)) is None  # not in force yet


def test_the_first_eight_signs_of_a_version_are_enough_and_seven_are_not(folder, client, process):
    mine = version(folder, client)
    rows(folder, f"sales_process,{mine[:8]},ana,2026-04-02,2026-04-09,")
    assert load(folder, client).acknowledged_on("ana", "sales_process", MAY) == date(2026, 4, 9)
    rows(folder, f"sales_process,{mine[:7]},ana,2026-04-02,2026-04-09,")
    with pytest.raises(DocumentError, match="not a version"):
        load(folder, client)


def test_a_new_version_is_not_acknowledged_by_the_old_one(folder, client, put, process):
    rows(folder, f"sales_process,{version(folder, client)},ana,2026-04-02,2026-04-09,2026-04-20")
    put("newer.md", "sales_process", "applies_to: [rep]\nlead_response_hours: 4", begins="2026-06-01")
    known = load(folder, client)
    assert known.acknowledged_on("ana", "sales_process", date(2026, 5, 31)) == date(2026, 4, 9)
    assert known.acknowledged_on("ana", "sales_process", date(2026, 6, 1)) is None
    again = {(one.rep, one.again) for one in known.open_requests(date(2026, 6, 1))}
    assert again == {("ana", True), ("ben", False), ("cy", False)}


def test_each_rep_has_their_own_plan(folder, client, put):
    for rep in ("ana", "ben"):
        put(f"individual_plan-{rep}.md", "individual_plan", f"applies_to: [{rep}]", body=f"I am {rep}.")
    acknowledge(folder, client, "individual_plan", "ana", "read", MAY)
    acknowledge(folder, client, "individual_plan-ben", "ben", "read", MAY)
    with pytest.raises(DocumentError, match="not for ana"):
        acknowledge(folder, client, "individual_plan-ben", "ana", "read", MAY)
    known = load(folder, client)
    mine, yours = (known.state("individual_plan", rep, MAY) for rep in ("ana", "ben"))
    assert mine.done == yours.done == ("read",)
    assert mine.version != yours.version
    assert known.state("individual_plan", "cy", MAY) is None


def test_only_whom_a_document_means_and_who_is_there_is_asked(folder, client, put):
    team = (
        Rep(id="ana"),
        Rep(id="ben", role="closer"),
        Rep(id="cy", starts_on=date(2026, 5, 2)),
        Rep(id="dee", ends_on=MAY),
        Rep(id="kim", role="manager"),
    )
    client = client.model_copy(update={"reps": team})
    put("a.md", "team_culture", "acknowledged_by: [rep]")
    put("b.md", "crm_usage", "applies_to: [closer]\nacknowledged_by: [closer]")
    put("c.md", "sales_goals", "acknowledged_by: [owner]")
    assert asked(folder, client) == [
        ("ana", "team_culture", "read"),
        ("ana", "team_culture", "reviewed"),
        ("ben", "crm_usage", "read"),
        ("ben", "crm_usage", "reviewed"),
        ("ben", "team_culture", "read"),
        ("ben", "team_culture", "reviewed"),
    ]


def test_to_come_back_to_it_is_asked_once_it_is_acknowledged(folder, client, process):
    client = client.model_copy(update={"reps": client.reps[:1]})
    assert asked(folder, client) == [("ana", "sales_process", "read"), ("ana", "sales_process", "reviewed")]
    acknowledge(folder, client, "sales_process", "ana", "read", MAY)
    acknowledge(folder, client, "sales_process", "ana", "reviewed", MAY)
    assert asked(folder, client) == [("ana", "sales_process", "reinforced")]
    acknowledge(folder, client, "sales_process", "ana", "reinforced", MAY)
    assert asked(folder, client) == []


def test_steps_of_one_rep_and_version_fill_one_row(folder, client, process):
    acknowledge(folder, client, "sales_process", "ana", "read", date(2026, 4, 2))
    acknowledge(folder, client, "sales_process", "ben", "read", date(2026, 4, 3))
    acknowledge(folder, client, "sales_process", "ana", "reviewed", date(2026, 4, 9))
    mine = version(folder, client)
    assert (folder / "acknowledgements.csv").read_text() == (
        f"{HEADER}\nsales_process,{mine},ana,2026-04-02,2026-04-09,\nsales_process,{mine},ben,2026-04-03,,\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["acknowledgements.csv", "expectations"]


def test_the_same_step_again_changes_nothing_and_another_day_is_refused(folder, client, process):
    acknowledge(folder, client, "sales_process", "ana", "read", MAY)
    before = (folder / "acknowledgements.csv").stat()
    acknowledge(folder, client, "sales_process", "ana", "read", MAY)
    assert (folder / "acknowledgements.csv").stat() == before
    with pytest.raises(DocumentError, match="2026-05-01 already"):
        acknowledge(folder, client, "sales_process", "ana", "read", date(2026, 5, 2))


def test_a_document_may_be_agreed_on_before_it_begins_but_not_before_it_was_there(folder, client, put):
    put("sales_goals-2026.md", "sales_goals")
    put("sales_goals-2027.md", "sales_goals", begins="2027-01-01")
    # the one in force, unless the coming one is named
    assert acknowledge(folder, client, "sales_goals", "ana", "read", date(2026, 12, 1)).version == version(
        folder, client, "sales_goals"
    )
    first = date(2026, 10, 1)
    assert (date(2027, 1, 1) - first).days == AHEAD_DAYS
    coming = acknowledge(folder, client, "sales_goals-2027", "ana", "read", first)
    assert coming.version == version(folder, client, "sales_goals", date(2027, 1, 1))
    with pytest.raises(DocumentError, match="before this version was there") as refusal:
        acknowledge(folder, client, "sales_goals-2027", "ben", "read", date(2026, 9, 30))
    assert "92 days" in str(refusal.value)


def test_where_none_is_in_force_the_next_to_begin_is_meant(folder, client, process):
    assert acknowledge(folder, client, "sales_process", "ana", "read", date(2026, 3, 20)).version == version(
        folder, client
    )
    with pytest.raises(DocumentError, match="none begins within"):
        acknowledge(folder, client, "sales_process", "ben", "read", date(2025, 12, 1))


@pytest.mark.parametrize(
    ("document", "rep", "step", "told"),
    [
        ("sales_procession", "ana", "read", "documents: sales_goals"),
        ("../client", "ana", "read", "files: sales_process"),
        ("sales_process", "nobody", "read", "reps in client.yaml: ana, ben, cy"),
        ("sales_process", "ana\nben", "read", "nobody knows"),
        ("sales_process", "=cmd()", "read", "nobody knows"),
        ("sales_process", "ana", "signed", "steps: read, reviewed, reinforced"),
        ("sales_process", "ana", "reinforced", "before it was acknowledged"),
        ("crm_usage", "ana", "read", "no crm_usage is in force"),
    ],
)
def test_what_nobody_knows_is_refused_and_nothing_is_written(
    folder, client, process, document, rep, step, told
):
    with pytest.raises(DocumentError) as refusal:
        acknowledge(folder, client, document, rep, step, MAY)
    assert told in str(refusal.value)
    assert not (folder / "acknowledgements.csv").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("sales_process,{v},ana,2026-04-02", "4 cells, not 6"),
        ("sales_process,{v},ana,2026-04-02,,,", "7 cells, not 6"),
        ("sales_process,{v},ana,02.04.2026,,", "not a day"),
        ("sales_process,{v},ana,2026-02-30,,", "not a day"),
        ("sales_process,{v},ana,20260402,,", "not a day"),
        ("sales_process,{v},ana,٢٠٢٦-04-02,,", "not a day"),
        ("sales_process,{v},ana,,,", "no step has a day"),
        ("sales_process,1.23E+11,ana,2026-04-02,,", "not a version"),
        ("sales_proces,{v},ana,2026-04-02,,", "no such document"),
        ("sales_process,{v},nobody,2026-04-02,,", "nobody knows"),
        ("sales_process,{v},ana,2025-04-02,,", "before this version was there"),
        ("sales_process,{v},ana,2026-04-02,2026-04-09,2026-04-08", "reinforced before"),
        ("sales_process,{v},ana,2026-04-02,,2026-04-09", "reinforced before"),
        ('sales_process,{v},"ana,2026-04-02,,', "no CSV"),
        ("sales_process,{v},ben,2026-04-02,,", "of line 2 stand here again"),
    ],
)
def test_a_broken_line_is_told_with_file_and_line(folder, client, process, line, told):
    mine = version(folder, client)
    rows(folder, f"sales_process,{mine[:8]},ben,2026-04-02,,", line.format(v=mine))
    with pytest.raises(DocumentError) as refusal:
        load(folder, client)
    assert told in str(refusal.value)
    assert "acknowledgements.csv, line " in str(refusal.value)
    assert refusal.value.where.rpartition(" ")[2] in {"3", "4"}
    with pytest.raises(DocumentError):  # and nothing is written over it
        acknowledge(folder, client, "sales_process", "cy", "read", MAY)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"rep,document\n", b"document;version;rep\n", b"\xff\xfe\x00"]
)
def test_a_file_that_is_none_of_ours_is_refused(folder, client, process, content):
    (folder / "acknowledgements.csv").write_bytes(content)
    with pytest.raises(DocumentError) as refusal:
        load(folder, client)
    assert "acknowledgements.csv" in str(refusal.value)


def test_a_file_a_spreadsheet_has_saved_is_read(folder, client, process):
    mine = version(folder, client)
    text = f"{HEADER}\r\n\r\nsales_process,{mine},ana,2026-04-02,2026-04-09,\r\n,,,,,\r\n"
    (folder / "acknowledgements.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(folder, client).acknowledged_on("ana", "sales_process", MAY) == date(2026, 4, 9)


def test_many_who_write_at_once_lose_no_row(folder, client, process):
    reps = tuple(Rep(id=f"rep-{number}") for number in range(12))
    client = client.model_copy(update={"reps": reps})
    each = [
        threading.Thread(target=acknowledge, args=(folder, client, "sales_process", rep.id, "read", MAY))
        for rep in reps
    ]
    for one in each:
        one.start()
    for one in each:
        one.join()
    assert {row.rep for row in load(folder, client).rows} == {rep.id for rep in reps}


def test_a_crash_before_the_new_file_has_its_name_leaves_the_old_one(folder, client, process, monkeypatch):
    acknowledge(folder, client, "sales_process", "ana", "read", MAY)
    before = (folder / "acknowledgements.csv").read_bytes()

    def crash(*_):
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="no space"):
        acknowledge(folder, client, "sales_process", "ben", "read", MAY)
    monkeypatch.undo()
    assert (folder / "acknowledgements.csv").read_bytes() == before
    acknowledge(folder, client, "sales_process", "ben", "read", MAY)
    assert [row.rep for row in load(folder, client).rows] == ["ana", "ben"]


def test_a_client_whose_reps_come_from_exports_may_name_any(folder, process):
    anybody = Client(
        name="x", currency="USD", time_zone="UTC", manager="m", owner="o", reps_from_exports=True
    )
    row = acknowledge(folder, anybody, "sales_process", 'Zoë "Z", jr.', "read", MAY)
    assert load(folder, anybody).state("sales_process", 'Zoë "Z", jr.', MAY).read_on == MAY
    assert row.rep == 'Zoë "Z", jr.'


TEXT = (
    "---\ndocument: team_culture\ntitle: How we work\neffective_from: 2026-04-01\nagreements:\n"
    "  - We ask\n---\n\nIn our own words.\nAll of us.\n"
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    place=st.integers(0, len(TEXT) - 1),
    how=st.sampled_from(["replace", "insert", "delete"]),
    # how lines end is the editor's business, and no word changes with it
    sign=st.characters(exclude_characters="\r", exclude_categories=["Cs"]),
)
def test_any_edit_of_one_character_is_a_new_version_and_asks_again(folder, client, place, how, sign):
    path = folder / "expectations" / "team_culture.md"
    path.write_text(TEXT, encoding="utf-8")
    (folder / "acknowledgements.csv").unlink(missing_ok=True)
    for step in ("read", "reviewed"):
        acknowledge(folder, client, "team_culture", "ana", step, MAY)
    old = version(folder, client, "team_culture")
    edited = TEXT[:place] + (sign if how != "delete" else "") + TEXT[place + (how != "insert") :]
    assume(edited != TEXT and not edited.startswith("\ufeff"))
    path.write_text(edited, encoding="utf-8", newline="")
    in_prose = place > TEXT.index("\n\nIn our")
    try:
        known = load(folder, client)
    except DocumentError:
        assert not in_prose
        return  # broken by the edit: refused, so nobody is judged by it
    in_force = known.expectations.in_force("team_culture", MAY)
    if in_force is None:
        assert not in_prose
        return  # the edit moved its first day, or made another kind of it
    assert in_force.version != old
    assert known.acknowledged_on("ana", "team_culture", MAY) is None
    mine = [(one.step, one.again) for one in known.open_requests(MAY) if one.rep == "ana"]
    assert mine == [("read", True), ("reviewed", True)]

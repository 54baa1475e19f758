"""What was supplied and paid: written down safely, and every slip told by its line."""

from __future__ import annotations

import threading
from datetime import date

import pytest

from spm_lib.client import Client, Rep
from spm_lib.errors import DocumentError
from spm_lib.expectations import Expectations, check_documents, read_supplied, supply

DAY = date(2026, 5, 4)
HEADER = "rep,kind,what,due_on,done_on"


@pytest.fixture
def client() -> Client:
    return Client(
        slug="tiny",
        name="Tiny",
        currency="USD",
        time_zone="UTC",
        manager="May",
        owner="Otto",
        reps=(Rep(id="ana"), Rep(id="ben")),
    )


@pytest.fixture
def plan(put):
    promises = "resources:\n  - {what: A demo van, promised_by: owner, due: 2026-05-01}"
    return put("individual_plan-ana.md", "individual_plan", f"applies_to: [ana]\n{promises}")


def agreed(folder, client):
    return Expectations.load(folder, client)


def lines(folder):
    return (folder / "supplied.csv").read_text(encoding="utf-8").splitlines()


def test_what_was_supplied_is_one_line_however_often_it_is_said(folder, client, plan):
    for _ in range(2):
        supply(folder, client, "ana", "resource", "a DEMO  van", DAY)
    assert lines(folder) == [HEADER, "ana,resource,a DEMO  van,,2026-05-04"]
    row = read_supplied(folder, client, agreed(folder, client))[0][0]
    assert (row.due_on, row.done_on, row.line) == (None, DAY, 2)


def test_a_line_that_was_not_done_yet_is_filled_in(folder, client, plan):
    (folder / "supplied.csv").write_text(f"{HEADER}\nana,pay,Commission,2026-05-15,\n", encoding="utf-8")
    supply(folder, client, "ana", "pay", "Commission", date(2026, 5, 18), due=date(2026, 5, 15))
    supply(folder, client, "ana", "pay", "Commission", date(2026, 6, 15), due=date(2026, 6, 15))
    assert lines(folder)[1:] == [
        "ana,pay,Commission,2026-05-15,2026-05-18",
        "ana,pay,Commission,2026-06-15,2026-06-15",
    ]


@pytest.mark.parametrize(
    ("rep", "kind", "what", "due", "says"),
    [
        ("zoe", "resource", "A demo van", None, "reps in client.yaml: ana, ben"),
        ("ana", "resource", "A boat", None, "promised: A demo van"),
        ("ben", "resource", "A demo van", None, "promised: nothing"),
        ("ana", "gift", "A demo van", None, "kinds: resource, pay"),
        ("ana", "pay", "Commission", None, "--due"),
        ("ana", "pay", "  ", DAY, "say it in words"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can_and_nothing_is_written(
    folder, client, plan, rep, kind, what, due, says
):
    with pytest.raises(DocumentError) as refused:
        supply(folder, client, rep, kind, what, DAY, due=due)
    assert says in str(refused.value)
    assert not (folder / "supplied.csv").exists()


def test_a_day_that_is_written_down_stays(folder, client, plan):
    supply(folder, client, "ana", "resource", "A demo van", DAY)
    with pytest.raises(DocumentError, match="done on 2026-05-04 already"):
        supply(folder, client, "ana", "resource", "A demo van", date(2026, 5, 5))
    assert len(lines(folder)) == 2


def test_every_slip_is_told_with_its_line_and_the_gate_is_told_too(folder, client, plan):
    text = [
        HEADER,
        "ana,resource,A demo van,,2026-05-04",
        "ana,resource,a demo van,,2026-05-05",
        "zoe,pay,Commission,2026-05-15,",
        "ana,pay,Commission,15.5.2026,",
        "ana,pay,Commission",
        "ben,pay,Commission,2026-05-15,2026-05-15",
    ]
    (folder / "supplied.csv").write_text("\n".join(text), encoding="utf-8")
    rows, problems = read_supplied(folder, client, agreed(folder, client))
    assert [row.line for row in rows] == [2, 7]
    assert [problem.line for problem in problems] == [3, 4, 5, 6]
    told = [one for one in check_documents(folder, client, ()) if one.file == "supplied.csv"]
    assert [(one.line, one.stops) for one in told] == [(3, True), (4, True), (5, True), (6, True)]
    with pytest.raises(DocumentError, match="4 faults in all"):
        supply(folder, client, "ana", "pay", "Commission", DAY, due=DAY)
    assert lines(folder) == text


def test_a_plan_that_cannot_be_read_accuses_no_line(folder, client, plan):
    supply(folder, client, "ana", "resource", "A demo van", DAY)
    plan.write_text("---\ndocument: individual_plan\n---\n", encoding="utf-8")
    told = check_documents(folder, client, ())
    assert {one.file for one in told} == {"expectations/individual_plan-ana.md"}


def test_many_who_write_at_once_lose_no_line(folder, client, plan):
    known = agreed(folder, client)
    days = [date(2026, month, 15) for month in range(1, 13)]

    def pay(day):
        supply(folder, client, "ana", "pay", "Commission", day, due=day, expectations=known)

    threads = [threading.Thread(target=pay, args=(day,)) for day in days]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines(folder)[1:]) == [f"ana,pay,Commission,{day},{day}" for day in days]

"""What became of a run: one exit code, one line, one JSON object; the last words of one that was ended."""

from __future__ import annotations

import json

import pytest

from spm_lib.run import Done, as_json, broken_off, exit_code, last_words, summary
from tests.run.made import job


def done(client, state, **more):
    return Done(client, "2026-W46", state, **more)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 0),
        (["published", "current"], 0),
        (["published", "refused"], 3),
        (["refused", "refused"], 3),
        (["published", "failed"], 1),
        (["refused", "failed", "current"], 1),
    ],
)
def test_one_exit_code_for_all(states, code):
    assert exit_code([done("a", state) for state in states]) == code


@pytest.mark.parametrize(
    ("seconds", "time"), [(0.04, "0.0 s"), (41.26, "41.3 s"), (59.96, "1 min 0 s"), (3725.2, "62 min 5 s")]
)
def test_one_line_for_people(seconds, time):
    states = ["failed", "current", "refused", "current", "published"]
    said = summary([done("a", state) for state in states], seconds)
    assert said == f"1 published, 2 unchanged, 1 stopped by the gate, 1 failed in {time}"


def test_a_run_with_nothing_to_do_says_so():
    assert summary([], 0.0) == "nothing to do in 0.0 s"


def test_the_json_names_what_needs_a_hand_first():
    ended = [
        done("birch", "published", seconds=2.5, notes=1, folder="reports/birch/2026-W46"),
        done("alder", "current", folder="reports/alder/2026-W46"),
        done(
            "cedar",
            "refused",
            reason="the data did not pass the gate\nstop  x: y; touches: coverage; to do: z",
        ),
        done("dogwood", "failed", reason="no room"),
    ]
    told = json.loads(as_json(ended, started_at="2026-11-25T12:00:00+00:00", seconds=3.14159))
    assert [one["client"] for one in told["clients"]] == ["dogwood", "cedar", "alder", "birch"]
    assert "touches: coverage" in told["clients"][1]["reason"]
    assert told["clients"][3] == {
        "client": "birch",
        "week": "2026-W46",
        "state": "published",
        "seconds": 2.5,
        "reason": "",
        "notes": 1,
        "folder": "reports/birch/2026-W46",
    }
    del told["clients"]
    assert told == {
        "started_at": "2026-11-25T12:00:00+00:00",
        "seconds": 3.1,
        "exit_code": 1,
        "counts": {"published": 1, "current": 1, "refused": 1, "failed": 1},
    }


def test_a_run_that_was_ended_keeps_its_own_exit_code():
    told = as_json([done("alder", "published")], started_at="", seconds=0.0, code=143)
    assert json.loads(told)["exit_code"] == 143


def test_what_was_not_done_when_a_run_was_ended_has_failed(tmp_path):
    jobs = [job(tmp_path, slug) for slug in ("alder", "birch")] + [job(tmp_path, "alder", "2026-W45")]
    left = broken_off(jobs, [done("alder", "published")])
    assert [(one.client, one.week, one.state) for one in left] == [
        ("birch", "2026-W46", "failed"),
        ("alder", "2026-W45", "failed"),
    ]
    assert "the next run makes it" in left[0].reason


@pytest.mark.parametrize(
    ("ended", "left", "said"),
    [
        (1, 1, "1 client is done, 1 is not: c0; its report is as before"),
        (0, 2, "0 clients are done, 2 are not: c0, c1; their reports are as before"),
        (3, 7, "3 clients are done, 7 are not: c0, c1, c2, c3, c4 and 2 more; their reports are as before"),
        (3, 0, "every client is done; the list of reports is brought up to date by the next run"),
    ],
)
def test_the_last_words_say_who_is_done_and_who_is_not(ended, left, said):
    every = [[done(f"c{number}", "failed") for number in range(many)] for many in (ended, left)]
    assert last_words(*every) == said

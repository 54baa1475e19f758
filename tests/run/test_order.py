"""Which job first, and how long is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spm_lib.run import Done, expected_seconds, longest_first, seconds_left
from spm_lib.run.order import UNKNOWN
from tests.run.made import job, stand


def test_a_job_is_thought_to_take_what_the_latest_report_of_its_client_took(tmp_path):
    stand(tmp_path, week="2026-W44", owner_update=100.0)
    stand(tmp_path, week="2026-W45", owner_update=2.5, weekly_review=4.0)
    assert expected_seconds(job(tmp_path)) == 6.5


def test_reports_that_tell_nothing_are_passed_over_but_not_for_ever(tmp_path):
    stand(tmp_path, week="2026-W41", owner_update=7.0)
    (tmp_path / "reports/acme/2026-W42").mkdir()
    (tmp_path / "reports/acme/2026-W43").write_text("a file")
    stand(tmp_path, week="2026-W44")
    # of the three latest none tells how long it took
    assert expected_seconds(job(tmp_path)) == UNKNOWN
    (tmp_path / "reports/acme/2026-W42").rmdir()
    assert expected_seconds(job(tmp_path)) == 7.0


def test_nothing_is_known_of_a_new_client_or_of_what_lies_in_an_object_store(tmp_path):
    stand(tmp_path, owner_update=3.0)
    assert expected_seconds(job(tmp_path, "new")) == UNKNOWN
    assert expected_seconds(replace(job(tmp_path), reports="s3://bucket/reports")) == UNKNOWN


def test_the_longest_job_comes_first_and_equal_ones_by_name(tmp_path):
    stand(tmp_path, "short", owner_update=3.0)
    stand(tmp_path, "long", owner_update=30.0)
    # nothing is known of two: ten seconds each
    jobs = [job(tmp_path, slug) for slug in ("short", "new", "long", "also-new")]
    assert [one.client for one in longest_first(jobs)] == ["long", "also-new", "new", "short"]


def done(client, seconds):
    return Done(client, "2026-W46", "published", seconds)


@pytest.mark.parametrize(("at_once", "left"), [(1, 100.0), (2, 50.0)])
def test_the_time_left_is_what_is_expected_by_how_wrong_that_was_so_far(tmp_path, at_once, left):
    expected = {job(tmp_path, "a"): 10.0, job(tmp_path, "b"): 20.0, job(tmp_path, "c"): 30.0}
    # a was thought to take 10 s and took 20: b and c will take 2 x (20 + 30) s
    assert seconds_left(expected, [done("a", 20.0)], at_once) == left


def test_before_the_first_job_has_ended_nobody_knows(tmp_path):
    expected = {job(tmp_path, "a"): 10.0}
    assert seconds_left(expected, [], 1) is None
    assert seconds_left({job(tmp_path, "a"): 0.0, job(tmp_path, "b"): 1.0}, [done("a", 2.0)], 1) is None


def test_when_all_have_ended_nothing_is_left(tmp_path):
    assert seconds_left({job(tmp_path, "a"): 10.0}, [done("a", 20.0)], 2) == 0.0

"""What a killed run left is swept by the next run of anything; what somebody is at work on is left alone."""

from __future__ import annotations

import fcntl
import os

import pytest

from spm_lib.errors import PublishError
from spm_lib.publish import place as placing
from spm_lib.publish.place import Place, locked, sweep, write
from tests.publish.small import files_of


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "reports", "acme", "2026-W46")


def left_in_the_middle(place):
    """A report half made, as a killed process leaves it."""
    place.begin()
    (place.making / "page.html").write_text("half")


def test_a_half_made_report_nobody_makes_any_more_is_removed(place, tmp_path):
    left_in_the_middle(place)
    sweep(tmp_path / "reports")
    assert not place.making.exists()


def test_a_report_that_had_stepped_aside_stands_again(place, tmp_path):
    place.published.parent.mkdir(parents=True)
    place.aside.mkdir(parents=True)
    (place.aside / "page.html").write_text("old")
    sweep(tmp_path / "reports")
    assert files_of(place.published) == {"page.html": b"old"}


def test_a_report_that_is_being_made_is_left_alone(place, tmp_path):
    with place.held(0):
        left_in_the_middle(place)
        sweep(tmp_path / "reports")
        assert files_of(place.making) == {"page.html": b"half"}


def test_a_half_written_file_nobody_writes_any_more_is_removed(tmp_path):
    left = [tmp_path / name for name in (".index.html.half", ".runs/.a.half", ".runs/acme/.b.half")]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    sweep(tmp_path)
    assert [path.exists() for path in left] == [False, False, False]


def test_a_file_somebody_writes_is_left_alone(tmp_path):
    path = tmp_path / ".index.html.half"
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        sweep(tmp_path)
        assert path.exists()
    finally:
        os.close(handle)


def test_a_place_without_reports_is_swept_without_a_word(tmp_path):
    sweep(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_writer_that_is_done_does_not_remove_what_the_next_one_has_begun(tmp_path, monkeypatch):
    path, half = tmp_path / "index.html", tmp_path / ".index.html.half"
    move = placing.Path.replace

    def moved_and_begun_anew(self, target):
        move(self, target)
        half.write_text("the next writer's")

    monkeypatch.setattr(placing.Path, "replace", moved_and_begun_anew)
    write(path, "mine")
    assert files_of(tmp_path) == {"index.html": b"mine", ".index.html.half": b"the next writer's"}


def test_a_lock_somebody_holds_is_said_with_what_to_do(tmp_path):
    with (
        locked(tmp_path / "a.lock", 0, "acme/2026-W46"),
        pytest.raises(PublishError) as refused,
        locked(tmp_path / "a.lock", 0, "acme/2026-W46"),
    ):
        pytest.fail("two hold it")
    assert str(refused.value).splitlines() == [
        "another run is at work on this report",
        "  where: acme/2026-W46",
        "  to do: wait until it is done",
    ]

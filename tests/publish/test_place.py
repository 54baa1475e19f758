"""A report takes its place whole: a run killed at any step leaves the old report or the new one."""

from __future__ import annotations

import errno
import os
import signal
import warnings

import pytest

from spm_lib.errors import PublishError
from spm_lib.publish import place as placing
from spm_lib.publish.place import Place, exchange, locked, write
from tests.publish.small import files_of

OLD = {"page.html": b"old", "only_old.html": b"old", "tables/a.parquet": b"old"}
NEW = {"page.html": b"new", "tables/a.parquet": b"new", "tables/b.parquet": b"new"}
EXCHANGES = [True, False]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "reports", "acme", "2026-W46")


def fill(folder, content):
    for name, held in content.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(held)


def put(place, content):
    with place.held(0):
        fill(place.begin(), content)
        place.publish()


def leftovers(place):
    return sorted(path.name for path in place.making.parent.iterdir())


def each_step(place, act):
    """Publish NEW, calling `act` before each step that changes what the disk holds."""
    real = {name: getattr(placing, name) for name in ("exchange", "flush")}
    rename, remove = placing.Path.rename, placing.shutil.rmtree

    def wrapped(do):
        def step(*given, **named):
            act()
            return do(*given, **named)

        return step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "exchange", wrapped(real["exchange"]))
        patch.setattr(placing, "flush", wrapped(real["flush"]))
        patch.setattr(placing.Path, "rename", wrapped(rename))
        patch.setattr(placing.shutil, "rmtree", wrapped(remove))
        put(place, NEW)


def killed_at(place, number):
    """Publish in another process that is killed before its step `number`; False when it had no more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads, from Python 3.12 on
        child = os.fork()
    if child == 0:
        done = 0

        def act():
            nonlocal done
            if done == number:
                os.kill(os.getpid(), signal.SIGKILL)
            done += 1

        try:
            each_step(place, act)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_the_first_report_takes_its_place_and_leaves_nothing_beside_it(place):
    put(place, NEW)
    assert files_of(place.published) == NEW
    assert leftovers(place) == ["2026-W46.lock"]


@pytest.mark.parametrize("can_exchange", EXCHANGES)
def test_a_report_takes_the_place_of_another_as_a_whole(place, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(placing, "exchange", lambda one, other: False)
    put(place, OLD)
    put(place, NEW)
    assert files_of(place.published) == NEW
    assert leftovers(place) == ["2026-W46.lock"]


def test_two_folders_are_exchanged_in_one_step(tmp_path):
    fill(tmp_path, {"one/a": b"1", "two/b": b"2"})
    if not exchange(tmp_path / "one", tmp_path / "two"):
        pytest.skip("this file system cannot exchange two folders")
    assert files_of(tmp_path) == {"one/b": b"2", "two/a": b"1"}


def test_an_exchange_that_fails_for_a_reason_of_its_own_says_so(tmp_path):
    fill(tmp_path, {"one/a": b"1"})
    with pytest.raises(FileNotFoundError) as failed:
        exchange(tmp_path / "one", tmp_path / "missing")
    assert failed.value.errno == errno.ENOENT


@pytest.mark.parametrize("can_exchange", EXCHANGES)
def test_a_run_killed_before_any_step_leaves_the_old_report_or_the_new_one(
    tmp_path, monkeypatch, can_exchange
):
    if not can_exchange:
        monkeypatch.setattr(placing, "exchange", lambda one, other: False)
    seen = []
    for number in range(60):
        place = Place(tmp_path / f"reports{number}", "acme", "2026-W46")
        put(place, OLD)
        was_killed = killed_at(place, number)
        if can_exchange:  # a reader who comes now, before the next run, never finds anything else
            assert files_of(place.published) in (OLD, NEW)
        with place.held(0):
            found = files_of(place.published)
            assert found in (OLD, NEW)
            assert leftovers(place) == ["2026-W46.lock"]
        seen.append(found == NEW)
        if not was_killed:
            break
    else:
        pytest.fail("the run never came to its end")
    # old up to one step, new from there on; and both were seen
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (False, True)
    assert len(seen) > 8


def test_a_run_killed_while_its_first_report_is_made_leaves_none(place):
    seen = []
    for number in range(60):
        was_killed = killed_at(place, number)
        with place.held(0):
            seen.append(files_of(place.published))
            assert seen[-1] in ({}, NEW)
        if not was_killed:
            break
        if place.published.exists():
            placing.shutil.rmtree(place.published)
    assert seen[0] == {}
    assert seen[-1] == NEW


def test_a_step_that_fails_leaves_the_old_report_and_nothing_half_made(place, monkeypatch):
    put(place, OLD)

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(placing, "flush", full)
    with pytest.raises(OSError, match="No space left"):
        put(place, NEW)
    assert files_of(place.published) == OLD
    assert leftovers(place) == ["2026-W46.lock"]


def test_a_second_run_is_told_that_another_is_at_work(place):
    with place.held(0):
        other = Place(place.published.parents[1], "acme", "2026-W46")
        said = "another run is at work on this report"
        with pytest.raises(PublishError, match=said) as refused, other.held(0):
            pytest.fail("both runs hold the place")
        with Place(place.published.parents[1], "acme", "2026-W47").held(0):
            pass
    assert refused.value.where == "acme/2026-W46"
    with other.held(0):
        pass


def test_a_killed_run_holds_nothing(place):
    assert killed_at(place, 2)
    with place.held(0):
        pass


def test_what_a_refused_run_left_is_not_touched_by_the_run_that_waits(place):
    with place.held(0):
        made = place.begin()
        fill(made, NEW)
        with pytest.raises(PublishError), Place(place.published.parents[1], "acme", "2026-W46").held(0.1):
            pass
        assert files_of(made) == NEW


@pytest.mark.parametrize("where", ["reports/acme", "reports/acme/2026-W46"])
def test_a_file_in_the_place_of_a_folder_is_left_and_said(place, tmp_path, where):
    path = tmp_path / where
    path.parent.mkdir(parents=True)
    path.write_text("somebody's own")
    with pytest.raises(PublishError, match="a file stands where a report folder belongs"):
        put(place, NEW)
    assert path.read_text() == "somebody's own"


def test_a_text_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "a.json"
    write(path, "old")
    monkeypatch.setattr(placing.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("stopped")))
    with pytest.raises(OSError, match="stopped"):
        write(path, "new")
    assert files_of(tmp_path) == {"deep/a.json": b"old"}


def test_a_lock_is_handed_on_to_who_waits(tmp_path):
    with locked(tmp_path / "a.lock", 0, "x"):
        pass
    with locked(tmp_path / "a.lock", 0, "x"):
        assert (tmp_path / "a.lock").exists()

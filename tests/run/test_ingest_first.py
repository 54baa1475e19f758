"""`spm review --ingest`: what waits is taken in first; a client's fault there stops no other client."""

from __future__ import annotations

import errno
import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from spm_lib import history, storage
from spm_lib.errors import StorageError


def states():
    """Client -> state, as the last run told it."""
    told = json.loads(Path("reports/.runs/summary.json").read_text())
    return {one["client"]: one["state"] for one in told["clients"]}


def test_what_waits_is_taken_in_before_the_review(clients, spm, no_pages):
    clients("one", ingested=False)
    result = spm("review", "--ingest")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("one: 2 exports stored, ")
    assert no_pages[0] == "one"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(("--week", "2027-W01"), "that week is not over"), (("one", "nobody"), "no such client")],
)
def test_a_wrong_call_takes_nothing_in_and_is_said_once(clients, spm, no_pages, tmp_path, wrong, said):
    clients("one", ingested=False)
    result = spm("review", "--ingest", *wrong)
    assert result.code == 2
    assert result.err.count(said) == 1
    assert not (tmp_path / "home/one/history").exists()


def test_an_empty_inbox_is_no_fault(clients, spm, no_pages, tmp_path):
    clients("one", "two")
    for path in (tmp_path / "home/one/inbox").iterdir():
        path.unlink()
    (tmp_path / "home/two/inbox").rename(tmp_path / "home/two/elsewhere")
    result = spm("review", "--ingest")
    assert (result.code, result.err) == (0, "")
    assert no_pages[:2] == ["one", "two"]
    assert "ingest" not in result.out


@pytest.mark.parametrize(
    "problem", [OSError(errno.ENOSPC, "No space left on device", "batches"), ZeroDivisionError("unforeseen")]
)
def test_a_history_that_cannot_be_written_stops_no_other_client(
    clients, spm, no_pages, monkeypatch, tmp_path, problem
):
    clients("one", "two", ingested=False)
    write_folder = history.store.write_folder

    def full(folder, tables):
        if "one" in folder.parts:
            raise problem
        return write_folder(folder, tables)

    monkeypatch.setattr(history.store, "write_folder", full)
    result = spm("review", "--ingest", "--due")
    assert result.code == 1
    assert states() == {"one": "failed", "two": "published"}
    assert "one 2026-W47: its exports could not be taken in, the report is left as it was" in result.err
    assert str(problem.args[1:2] or problem.args[0]).strip("(),'") in result.err
    # whoever looks at the list of reports sees it too
    assert "1 run failed" in Path("reports/index.html").read_text()
    monkeypatch.setattr(history.store, "write_folder", write_folder)
    assert spm("review", "--ingest").code == 0
    assert states()["one"] == "published"


def test_an_ingest_names_the_client_whose_history_could_not_be_written(clients, spm, monkeypatch):
    clients("one", ingested=False)

    def full(folder, tables):
        # a write that fails names no file
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(history.store, "write_folder", full)
    result = spm("ingest", "one")
    assert result.code == 1
    assert "where: one/history" in result.err
    assert "No space left on device" in result.err


def test_a_store_that_cannot_be_written_is_the_reason_of_each_client(
    clients, spm, no_pages, monkeypatch, tmp_path
):
    clients("one", "two", ingested=False)
    asked = []

    def refused(home, slug, *, writes=False):
        asked.append(slug)
        raise StorageError("the object store could not be read or written", where=home)

    monkeypatch.setattr(storage, "client_copy", refused)
    monkeypatch.setattr(storage, "clients", lambda home: ["one", "two"])
    monkeypatch.setattr(storage, "facts_copy", lambda home, slugs: nullcontext(tmp_path / "home"))
    result = spm("review", "--ingest", "--home", "memory://bucket/clients")
    assert result.code == 1
    assert asked == ["one", "two"]
    assert states() == {"one": "failed", "two": "failed"}
    assert "the object store could not be read or written" in result.err

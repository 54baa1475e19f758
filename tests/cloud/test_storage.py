"""Homes and reports in an object store: what is fetched, what is sent, and in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spm_lib import storage
from spm_lib.errors import StorageError

HOME = {
    "alder/client.yaml": b"name: Alder\n",
    "alder/history/manifest.json": b"[]",
    "alder/history/batches/a/deals.parquet": b"PAR1",
    "birch/client.yaml": b"name: Birch\n",
    "no slug/client.yaml": b"",
    "notes.txt": b"not a client",
}


@pytest.fixture
def home(s3) -> str:
    """A home of two clients."""
    bucket = storage.Bucket(f"{s3}/clients")
    for name, content in HOME.items():
        bucket.write(name, content)
    return f"{s3}/clients"


def files(address: str) -> dict[str, bytes | None]:
    bucket = storage.Bucket(address)
    return {name: bucket.read(name) for name in bucket.files()}


def test_what_is_remote_and_what_is_a_folder():
    assert storage.is_remote("s3://bucket/clients")
    assert not storage.is_remote("data")
    assert not storage.is_remote(Path("somewhere/data"))


def test_the_clients_of_a_home(home):
    assert storage.clients(home) == ["alder", "birch"]


def test_a_copy_holds_one_client_and_no_other(home):
    with storage.client_copy(home, "alder") as local:
        found = {path.relative_to(local).as_posix() for path in local.rglob("*") if path.is_file()}
    assert found == {name for name in HOME if name.startswith("alder/")}
    assert not local.exists()


def test_a_reader_sends_nothing(home):
    before = files(home)
    with storage.client_copy(home, "alder") as local:
        (local / "alder" / "client.yaml").write_text("name: Changed\n")
    assert files(home) == before


def test_a_writer_sends_what_changed_and_the_manifest_last(home, monkeypatch):
    sent = []
    write = storage.Bucket.write

    def heard(bucket, name, content):
        sent.append(name)
        write(bucket, name, content)

    monkeypatch.setattr(storage.Bucket, "write", heard)
    with storage.client_copy(home, "alder", writes=True) as local:
        folder = local / "alder" / "history"
        (folder / "manifest.json").write_text("[1]")
        (folder / "batches" / "z").mkdir()
        (folder / "batches" / "z" / "deals.parquet").write_bytes(b"PAR2")
        (folder / ".lock").write_bytes(b"")
    assert sent == ["alder/history/batches/z/deals.parquet", "alder/history/manifest.json"]
    assert files(home)["alder/history/manifest.json"] == b"[1]"


def test_what_is_removed_is_removed(home):
    with storage.client_copy(home, "alder", writes=True) as local:
        (local / "alder" / "history" / "batches" / "a" / "deals.parquet").unlink()
    assert "alder/history/batches/a/deals.parquet" not in files(home)


def change(home: str, name: str, meanwhile: bytes | None = None, ends_well: bool = True) -> None:
    """Change a file of Alder in a copy, perhaps while somebody else does, perhaps failing half way."""
    with storage.client_copy(home, "alder", writes=True) as local:
        (local / "alder" / name).write_text("[2]")
        if meanwhile is not None:
            storage.Bucket(home).write(f"alder/{name}", meanwhile)
        if not ends_well:
            raise RuntimeError("half way")


def test_work_that_fails_sends_nothing(home):
    before = files(home)
    with pytest.raises(RuntimeError, match="half way"):
        change(home, "client.yaml", ends_well=False)
    assert files(home) == before


def test_two_writers_of_the_same_file_the_second_is_refused_and_loses_nothing_of_the_first(home):
    with pytest.raises(StorageError, match="somebody else changed the same files") as refused:
        change(home, "history/manifest.json", meanwhile=b"[1]")
    assert refused.value.given == "history/manifest.json"
    assert files(home)["alder/history/manifest.json"] == b"[1]"


def test_a_name_that_leaves_its_folder_is_refused(tmp_path, monkeypatch):
    bucket = storage.Bucket("memory://bucket/hostile")
    monkeypatch.setattr(storage.Bucket, "files", lambda self, below="": {"../../out.txt": "1"})
    with pytest.raises(StorageError, match="leaves its folder"):
        bucket.fetch("alder", tmp_path / "alder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["nothing://bucket/clients", "s3://no-such-bucket/clients"])
def test_a_store_that_is_not_there_is_said_in_plain_words(s3, address):
    with pytest.raises(StorageError) as refused:
        storage.Bucket(address).files()
    assert refused.value.where == address


def report(local: Path, text: str) -> None:
    folder = local / "alder" / "2026-W46"
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    (folder / "weekly_review.html").write_text(text)
    (folder / "tables" / "pace.parquet").write_bytes(b"PAR1")
    (folder / "run.json").write_text(json.dumps({"timings": text}))


def test_a_report_stands_only_when_all_of_it_is_there(s3, tmp_path, monkeypatch):
    reports = f"{s3}/reports"
    report(tmp_path, "old")
    old = storage.send_report(tmp_path, reports, "alder", "2026-W46")
    report(tmp_path, "new")
    write, count = storage.Bucket.write, []

    def stopped(bucket, name, content):
        count.append(name)
        if len(count) == 3:
            raise StorageError("the line is cut")
        write(bucket, name, content)

    monkeypatch.setattr(storage.Bucket, "write", stopped)
    with pytest.raises(StorageError, match="cut"):
        storage.send_report(tmp_path, reports, "alder", "2026-W46")
    monkeypatch.setattr(storage.Bucket, "write", write)
    storage.fetch_report(reports, "alder", "2026-W46", tmp_path / "back")
    assert (tmp_path / "back/alder/2026-W46/weekly_review.html").read_text() == "old"
    new = storage.send_report(tmp_path, reports, "alder", "2026-W46")
    assert new != old
    storage.fetch_report(reports, "alder", "2026-W46", tmp_path / "again")
    assert (tmp_path / "again/alder/2026-W46/weekly_review.html").read_text() == "new"


def test_the_same_report_sent_twice_is_the_same_objects_once_more(s3, tmp_path):
    reports = f"{s3}/reports"
    report(tmp_path, "same")
    first = storage.send_report(tmp_path, reports, "alder", "2026-W46")
    before = set(files(reports))
    (tmp_path / "alder/2026-W46/run.json").write_text('{"timings": "other"}')
    assert storage.send_report(tmp_path, reports, "alder", "2026-W46") == first
    assert set(files(reports)) == before


def test_a_reason_is_kept_until_a_report_stands(s3, tmp_path):
    reports = f"{s3}/reports"
    kept = tmp_path / ".runs" / "alder" / "2026-W46.failed.json"
    kept.parent.mkdir(parents=True)
    kept.write_text('{"reason": "no room"}')
    storage.send_failure(tmp_path, reports, "alder", "2026-W46")
    storage.send_failure(tmp_path, reports, "alder", "2026-W47")  # none was kept
    assert set(files(reports)) == {".runs/alder/2026-W46.failed.json"}
    storage.reports_copy(reports, tmp_path / "bones")
    assert (tmp_path / "bones/.runs/alder/2026-W46.failed.json").is_file()
    report(tmp_path, "done")
    version = storage.send_report(tmp_path, reports, "alder", "2026-W46")
    assert ".runs/alder/2026-W46.failed.json" not in files(reports)
    assert storage.reports_copy(reports, tmp_path / "more") == {"alder/2026-W46": version}
    assert (tmp_path / "more/alder/2026-W46/weekly_review.html").read_bytes() == b""
    assert json.loads((tmp_path / "more/alder/2026-W46/run.json").read_text()) == {"timings": "done"}


def test_a_pointer_that_names_nothing_is_no_report(s3, tmp_path):
    reports = f"{s3}/reports"
    for broken in (b"", b"[]", b'{"version": "../../x"}', b"nonsense"):
        storage.Bucket(reports).write("alder/2026-W46/current.json", broken)
        storage.fetch_report(reports, "alder", "2026-W46", tmp_path)
    assert list(tmp_path.iterdir()) == []

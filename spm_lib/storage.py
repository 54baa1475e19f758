"""Homes and reports in object storage: fetched before the work, sent after it, complete or not at all.

An object store knows no folders, no renames and no locks. What it knows is that one object is replaced in one
step. So whatever belongs together is sent first, and last the one object that names it: of a client's history
the manifest, of a report `current.json`. A report is sent into a folder called by its content, so that the
same report sent twice, by a worker that was thought lost, is the same objects once more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from spm_lib.client import check_slug
from spm_lib.errors import StorageError, UsageError
from spm_lib.room import a_room

T = TypeVar("T")

#: The object that says which version of a report stands.
CURRENT = "current.json"
#: Below the reports: reasons of failures, as on a disk.
RUNS = ".runs"
#: Below the reports: what is behind the firm's own pages, as on a disk.
FIRM = "_firm"
#: What names everything else of a client, and is sent last.
MANIFEST = "history/manifest.json"
#: How the folders of copies are called among the temporary ones.
HOME_ROOM, REPORTS_ROOM = "spm-home-", "spm-reports-"
#: Digits of a version's name.
_VERSION = 16


def is_remote(address: str | Path) -> bool:
    """Whether an address names an object store, as ``s3://bucket/folder`` does."""
    return "://" in str(address)


class Bucket:
    """A folder of an object store.

    Parameters
    ----------
    address : str
        ``s3://bucket/folder``, or any other scheme fsspec knows. Keys and the place of the service come from
        the environment, as every tool for that store reads them.

    Raises
    ------
    StorageError
        What speaks to that store is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        try:
            import fsspec

            self._fs, root = fsspec.url_to_fs(self.address)
        except (ImportError, ValueError) as problem:
            raise StorageError(
                "nothing here speaks to that kind of store",
                where=self.address,
                given=str(problem),
                remedy="install the extra `cluster`, and what fsspec asks for that scheme",
            ) from problem
        self._root = str(root).rstrip("/")

    def files(self, below: str = "") -> dict[str, str]:
        """Every object below a folder -> a token that changes with its content."""
        place = f"{self._root}/{below}".rstrip("/")

        def find() -> dict[str, Any]:
            self._fs.invalidate_cache()
            return dict(self._fs.find(place, detail=True))

        found = self._tried(find)
        return {key[len(place) :].lstrip("/"): _token(facts) for key, facts in found.items()}

    def folders_with(self, name: str) -> list[str]:
        """Folders right below that hold an object of this name."""

        def glob() -> list[str]:
            self._fs.invalidate_cache()
            return [str(one) for one in self._fs.glob(f"{self._root}/*/{name}")]

        return [PurePosixPath(one).parent.name for one in self._tried(glob)]

    def read(self, name: str) -> bytes | None:
        """An object's content; None where there is none."""

        def cat() -> bytes | None:
            try:
                return bytes(self._fs.cat_file(f"{self._root}/{name}"))
            except FileNotFoundError:
                return None

        return self._tried(cat)

    def write(self, name: str, content: bytes) -> None:
        """Replace one object in one step."""
        self._tried(lambda: self._fs.pipe_file(f"{self._root}/{name}", content))

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""

        def rm() -> None:
            try:
                self._fs.rm_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return

        self._tried(rm)

    def fetch(self, below: str, into: Path) -> dict[str, str]:
        """Copy every object below a folder to a local one; what was copied, as `files` tells it."""
        found = self.files(below)
        for name in found:
            if not _is_inside(name):
                raise StorageError("an object's name leaves its folder", where=self.address, given=name)
            content = self.read(f"{below}/{name}")
            if content is None:
                raise StorageError(
                    "an object went away while it was fetched", where=f"{below}/{name}", remedy="try again"
                )
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return found

    def _tried(self, do: Callable[[], T]) -> T:
        """What the call returns; whatever the store's own library raises is said in our words."""
        try:
            return do()
        except Exception as problem:
            raise StorageError(
                "the object store could not be read or written",
                where=self.address,
                given=f"{type(problem).__name__}: {problem}"[:300],
                remedy="check the address, the keys in the environment and the connection",
            ) from problem


def clients(home: str) -> list[str]:
    """Slugs of every client below a home in an object store, sorted."""
    return sorted(slug for slug in Bucket(home).folders_with("client.yaml") if _is_slug(slug))


@contextmanager
def client_copy(home: str, slug: str, *, writes: bool = False) -> Iterator[Path]:
    """A local home that holds one client of a home in an object store.

    Parameters
    ----------
    home : str
    slug : str
    writes : bool
        Send back what changed when the work has ended well.

    Yields
    ------
    pathlib.Path
        The local home; gone afterwards.

    Raises
    ------
    StorageError
        The store cannot be reached; or somebody else changed the same files meanwhile: then nothing is sent.
    """
    bucket = Bucket(home)
    check_slug(slug)
    with a_room(HOME_ROOM) as place:
        folder = place / slug
        fetched = bucket.fetch(slug, folder)
        before = _digests(folder)
        yield place
        if writes:
            _send_changes(bucket, slug, folder, before, fetched)


@contextmanager
def facts_copy(home: str, slugs: Iterable[str]) -> Iterator[Path]:
    """A local home that holds the client.yaml of some clients and nothing else; gone afterwards."""
    bucket = Bucket(home)
    with a_room(HOME_ROOM) as place:
        for slug in slugs:
            content = bucket.read(f"{check_slug(slug)}/client.yaml")
            if content is not None:
                _put(place / slug / "client.yaml", content)
        yield place


def fetch_report(reports: str, client: str, week: str, into: Path) -> None:
    """Copy the standing report of a week, if there is one, to where a local run looks for it."""
    bucket = Bucket(reports)
    version = _version(bucket.read(f"{client}/{week}/{CURRENT}"))
    if version:
        bucket.fetch(f"{client}/{week}/{version}", into / client / week)


def send_report(local: Path, reports: str, client: str, week: str) -> str:
    """Send a published report, then let it stand; its version.

    Parameters
    ----------
    local : pathlib.Path
        Local folder of reports.
    reports, client, week : str
    """
    bucket, folder = Bucket(reports), local / client / week
    # run.json holds timings: two runs on the same inputs differ in it, and in nothing else
    content = {name: digest for name, digest in _digests(folder).items() if name != "run.json"}
    version = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:_VERSION]
    for name in sorted(_digests(folder)):
        bucket.write(f"{client}/{week}/{version}/{name}", (folder / name).read_bytes())
    bucket.write(f"{client}/{week}/{CURRENT}", json.dumps({"version": version}).encode())
    bucket.remove(f"{RUNS}/{client}/{week}.failed.json")
    return version


def send_failure(local: Path, reports: str, client: str, week: str) -> None:
    """Send the reason of a failed run, if one was kept."""
    name = f"{RUNS}/{client}/{week}.failed.json"
    if (local / name).is_file():
        Bucket(reports).write(name, (local / name).read_bytes())


def reports_copy(reports: str, into: Path) -> dict[str, str]:
    """The bones of all reports, enough to list them and to make the firm's pages from them.

    Manifests, tables, failures and the firm's own pages are whole, a client's pages without their content.

    Returns
    -------
    dict of str to str
        "client/week" -> the version that stands.
    """
    bucket = Bucket(reports)
    names = bucket.files()
    versions = {}
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) == 3 and parts[2] == CURRENT and _is_slug(parts[0]):
            if version := _version(bucket.read(name)):
                versions[f"{parts[0]}/{parts[1]}"] = version
        elif (len(parts) == 1 or parts[0] in (RUNS, FIRM)) and _is_inside(name):
            _put(into / name, bucket.read(name) or b"")
    for report, version in versions.items():
        below = f"{report}/{version}/"
        for name in names:
            inside = name.removeprefix(below)
            if inside != name and _is_inside(inside):
                is_read = inside == "run.json" or inside.startswith("tables/")
                _put(into / report / inside, (bucket.read(name) or b"") if is_read else b"")
    return versions


def send_firm(local: Path, reports: str) -> None:
    """Send the firm's pages and the list of reports, each after what is behind it."""
    bucket = Bucket(reports)
    behind = [path for path in sorted((local / FIRM).rglob("*")) if path.is_file()]
    for path in (*behind, *sorted(local.glob("*.html"))):
        name = path.relative_to(local).as_posix()
        if bucket.read(name) != path.read_bytes():
            bucket.write(name, path.read_bytes())


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _send_changes(
    bucket: Bucket, slug: str, folder: Path, before: Mapping[str, str], fetched: Mapping[str, str]
) -> None:
    """Send what the work changed, the manifest last; nothing when somebody else changed the same."""
    after = _digests(folder)
    changed = [name for name, digest in after.items() if before.get(name) != digest]
    gone = [name for name in before if name not in after]
    now = bucket.files(slug) if changed or gone else {}
    theirs = [name for name in (*changed, *gone) if now.get(name) != fetched.get(name)]
    if theirs:
        raise StorageError(
            "somebody else changed the same files meanwhile; nothing of this is kept",
            where=f"{bucket.address}/{slug}",
            given=", ".join(theirs[:3]),
            remedy="run the command again",
        )
    for name in sorted(changed, key=lambda name: (name == MANIFEST, name)):
        bucket.write(f"{slug}/{name}", (folder / name).read_bytes())
    for name in gone:
        bucket.remove(f"{slug}/{name}")


def _digests(folder: Path) -> dict[str, str]:
    """Every file below a folder -> sha256; locks are nobody's content."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths)
    }


def _version(content: bytes | None) -> str:
    """The version `current.json` names; empty where it names none that could be one."""
    try:
        version = json.loads(content or b"{}").get("version", "")
    except (ValueError, AttributeError):
        return ""
    return version if isinstance(version, str) and version.isalnum() and len(version) == _VERSION else ""


def _is_inside(name: str) -> bool:
    """Whether a name stays in its folder when it becomes a path here."""
    parts = PurePosixPath(name).parts
    return bool(parts) and ".." not in parts and not name.startswith("/") and "\\" not in name


def _is_slug(name: str) -> bool:
    try:
        check_slug(name)
    except UsageError:
        return False
    return True


def _token(facts: Mapping[str, Any]) -> str:
    """What changes with an object's content: its tag, else when and how long it was written."""
    return str(facts.get("ETag") or (facts.get("mtime") or facts.get("created"), facts.get("size")))

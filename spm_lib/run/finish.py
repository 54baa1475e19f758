"""What comes after the clients: the firm’s pages and the list of all reports, as the reports now stand."""

from __future__ import annotations

from pathlib import Path

from spm_lib import storage
from spm_lib.errors import SpmError, UsageError
from spm_lib.publish import publish_firm, write_index
from spm_lib.publish.failure import as_refusal
from spm_lib.publish.index import NAME as INDEX
from spm_lib.publish.place import sweep
from spm_lib.room import a_room
from spm_lib.run.job import Done


def finish(reports: str, home: str, *, week: str | None = None, force: bool = False) -> list[Done]:
    """Publish the firm's pages and write the list of reports.

    Parameters
    ----------
    reports, home : str
        Folders, or addresses of an object store.
    week : str, optional
        Of the firm's pages; the newest one any report tells of.
    force : bool, optional
        Make them although no report changed.

    Returns
    -------
    list of Done
        One for each page of the firm, with its name for the client; one more for the list if it could not be
        written. A fault is told like this and not raised: the clients' reports stand.
    """
    done: list[Done] = []
    try:
        if storage.is_remote(reports):
            _finish_copy(reports, week, force, done)
        else:
            sweep(Path(reports))
            done += _firm(Path(reports), reports, week, force=force)
            write_index(Path(reports), None if storage.is_remote(home) else Path(home))
    except UsageError:
        raise
    except (SpmError, OSError) as problem:
        reason = f"the list of reports is left as it was\n{as_refusal(problem)}"
        done.append(Done("index", week or "", "failed", reason=reason))
    return done


def _finish_copy(reports: str, week: str | None, force: bool, done: list[Done]) -> None:
    """The same for an object store, in a copy; what ends is added to what is done."""
    with a_room(storage.REPORTS_ROOM) as local:
        versions = storage.reports_copy(reports, local)
        done += _firm(local, reports, week, force=force)
        write_index(local)
        _point_into(local / INDEX, versions)
        storage.send_firm(local, reports)


def _firm(reports: Path, named: str, week: str | None, *, force: bool) -> list[Done]:
    """The firm's pages, each below the reports as they were named, not as this machine resolves them."""
    return [
        Done(
            one.client,
            one.week,
            one.state,
            round(one.seconds, 3),
            f"failed, the page is left as it was\n{one.error}" if one.error else "",
            folder=f"{named.rstrip('/')}/{one.folder.name}" if one.folder else "",
        )
        for one in publish_firm(reports, week=week, force=force)
    ]


def _point_into(index: Path, versions: dict[str, str]) -> None:
    """In an object store the pages of a report lie in the folder of the version that stands."""
    html = index.read_text(encoding="utf-8")
    for report, version in versions.items():
        html = html.replace(f'href="{report}/', f'href="{report}/{version}/')
    index.write_text(html, encoding="utf-8")

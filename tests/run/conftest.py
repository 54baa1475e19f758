"""`spm` called in this process or as its users call it, for several tiny clients at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spm_lib import publish
from spm_lib.errors import PublishError
from spm_lib.publish import Outcome
from spm_lib.run import Progress, run_job
from tests.cli.conftest import Result, Tiny, shell, spm, tiny  # noqa: F401 (fixtures)


@pytest.fixture
def clients(tmp_path: Path, spm: Callable[..., Result]) -> Callable[..., None]:  # noqa: F811
    """A function: clients of these names, with exports that wait, and ingested unless said otherwise."""

    def clients(*slugs: str, ingested: bool = True) -> None:
        for slug in slugs:
            Tiny(tmp_path / "home", slug).export_both()
            assert not ingested or spm("ingest", slug).code == 0

    return clients


@pytest.fixture
def no_pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Runs in this process that make no page: the clients published; one named bad fails.

    `at_once` of each run is kept as well, after the clients: "2 at once".
    """
    made: list[str] = []

    def publish_week(home, slug, week, *, reports, on_state=None, **options):
        if slug == "bad":
            return Outcome(slug, week, "failed", PublishError("cell 3 failed", where="weekly_review.ipynb"))
        made.append(slug)
        folder = Path(reports) / slug / week
        folder.mkdir(parents=True, exist_ok=True)
        return Outcome(slug, week, "published", None, 1.0, folder)

    def run_jobs(jobs, *, at_once=None, on_progress=None):
        done = []
        for job in jobs:
            done.append(run_job(job))
            on_progress(Progress(len(done), len(jobs), (), done[-1]))
        made.append(f"{at_once} at once")
        return done

    monkeypatch.setattr(sys.modules["spm_lib.run.finish"], "publish_firm", lambda *_, **__: ())
    monkeypatch.setattr(publish, "publish_week", publish_week)
    monkeypatch.setattr("spm_lib.run.whole.run_jobs", run_jobs)
    return made

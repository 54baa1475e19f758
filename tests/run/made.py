"""Reports as they stand after a run, made by hand."""

from __future__ import annotations

from pathlib import Path

from spm_lib.publish.manifest import NAME, Published, Run
from spm_lib.run import Job


def job(folder: Path, client: str = "acme", week: str = "2026-W46", **more: object) -> Job:
    """A job in a folder."""
    return Job(str(folder / "home"), client, week, str(folder / "reports"), **more)  # type: ignore[arg-type]


def stand(folder: Path, client: str = "acme", week: str = "2026-W46", **timings: float) -> Path:
    """A report of one page that stands in `reports`; its folder."""
    report = folder / "reports" / client / week
    report.mkdir(parents=True)
    page = Published(
        name="owner_update", title="Owner update", audience="the owner", file="owner_update.html"
    )
    run = Run(
        client=client,
        name=client.title(),
        week=week,
        days="9-15 November 2026",
        fingerprint="0" * 64,
        inputs={},
        pages=(page,),
        files={},
        definitions={},
        findings=(),
        timings=timings,
    )
    (report / NAME).write_text(run.text())
    (report / page.file).write_text("<!doctype html>")
    return report

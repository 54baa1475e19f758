"""Which clients are due: the week is over, its exports have come, and its report is missing or may be old.

For a scheduler that calls often. A client whose exports have not come yet is waited for, quietly, for some
days; after that it is due all the same, and the gate says what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spm_lib import storage
from spm_lib.client import load_client
from spm_lib.errors import SpmError
from spm_lib.history import Store
from spm_lib.publish.failure import reasons
from spm_lib.publish.manifest import read_run
from spm_lib.run.job import Job

#: Days after the end of a week in which exports are waited for.
PATIENCE_DAYS = 3


@dataclass(frozen=True)
class Due:
    """Whether a job is due.

    Attributes
    ----------
    job : Job
    is_due : bool
    why : str
        A few words: "not published yet", "the last run failed", "waiting for exports until 2026-11-22".
    """

    job: Job
    is_due: bool
    why: str


def due(job: Job, today: date) -> Due:
    """Whether a client's week is to be published now.

    Parameters
    ----------
    job : Job
        Of a week that is over.
    today : datetime.date
        In the client's own days.
    """
    if storage.is_remote(job.home) or storage.is_remote(job.reports):
        return Due(job, True, "looked at where it is made")
    report = Path(job.reports) / job.client / job.week
    if read_run(report) is not None:
        return Due(job, True, "published; made anew if anything changed")
    if job.week in reasons(Path(job.reports), job.client):
        return Due(job, True, "the last run failed")
    try:
        client = load_client(Path(job.home), job.client)
        entries = Store(Path(job.home) / job.client).entries()
    except (SpmError, OSError):
        return Due(job, True, "not published yet")  # what is wrong is for the gate to say
    week = client.week(job.week)
    has_come = any(entry.as_of >= week.end_at for entry in entries)
    if has_come or (today - week.end).days >= PATIENCE_DAYS:
        return Due(job, True, "not published yet")
    return Due(job, False, f"waiting for exports until {week.last_day.isoformat()}")

"""Every client of a run: one job each, here or on a cluster, and what became of all of them."""

from spm_lib.run.cluster import run_on_cluster
from spm_lib.run.due import Due, due
from spm_lib.run.finish import finish
from spm_lib.run.job import Done, Job, run_job
from spm_lib.run.local import Progress, run_jobs
from spm_lib.run.order import expected_seconds, longest_first, seconds_left
from spm_lib.run.summary import as_json, broken_off, exit_code, last_words, summary
from spm_lib.run.whole import keep_summary, not_taken_in, run_all

__all__ = [
    "Done",
    "Due",
    "Job",
    "Progress",
    "as_json",
    "broken_off",
    "due",
    "exit_code",
    "expected_seconds",
    "finish",
    "keep_summary",
    "last_words",
    "longest_first",
    "not_taken_in",
    "run_all",
    "run_job",
    "run_jobs",
    "run_on_cluster",
    "seconds_left",
    "summary",
]

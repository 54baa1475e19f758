"""Publishing: run a client's notebooks, keep what goes on a page, and put the report in its place.

Knows notebooks, pages and folders; knows no metric.
"""

from spm_lib.publish.execute import Limits
from spm_lib.publish.failure import reasons
from spm_lib.publish.firm import publish_firm
from spm_lib.publish.index import write_index
from spm_lib.publish.manifest import Published, Run, is_intact, read_run
from spm_lib.publish.pages import (
    FIRM_PAGES,
    NOTEBOOKS,
    PAGES,
    Audience,
    NoSuchPageError,
    Page,
    check_asked,
    split_asked,
)
from spm_lib.publish.run import (
    OnState,
    Outcome,
    State,
    fingerprint_now,
    keep_failure,
    publish_week,
    standing_report,
)

__all__ = [
    "FIRM_PAGES",
    "NOTEBOOKS",
    "PAGES",
    "Audience",
    "Limits",
    "NoSuchPageError",
    "OnState",
    "Outcome",
    "Page",
    "Published",
    "Run",
    "State",
    "check_asked",
    "fingerprint_now",
    "is_intact",
    "keep_failure",
    "publish_firm",
    "publish_week",
    "read_run",
    "reasons",
    "split_asked",
    "standing_report",
    "write_index",
]

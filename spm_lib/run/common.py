"""What several pages of a job ask for: worked out once, where their kernels are forked from.

A view keeps what it was asked for. So nothing here is handed out: the pages ask as they always do, and find
the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from spm_lib.publish.pages import PAGES, on_the_team
from spm_lib.review import Review
from spm_lib.sheets.environment_check import way_so_far
from spm_lib.sheets.one_on_one import open_one_on_one
from spm_lib.view import Source, hand_down

_OF_THE_WEEK = frozenset({"weekly_review", "team_meeting", "owner_update"})
_OF_THE_WAY = frozenset({"environment_check", "getting_in_step"})
_OF_A_REP = "one_on_one"


def prepare(home: Path, source: Source, week: str, only: Sequence[str] = ()) -> None:
    """Have this process, and those forked from it, find a client opened and what its pages share.

    Parameters
    ----------
    home : pathlib.Path
        Folder of all clients.
    source : Source
    week : str
    only : sequence of str
        Pages that will be made, as for ``publish.publish_week``.
    """
    hand_down(home, source)
    for ask in _shared(home, Review(source, source.client.week(week)), only):
        # what fails here fails on the page that needs it, which says so
        with suppress(Exception):
            ask()


def _shared(home: Path, review: Review, only: Sequence[str]) -> Iterator[Callable[[], object]]:
    """Every question that more than one page will put."""
    names = {name.partition("/")[0] for name in only} or {page.name for page in PAGES}
    if len(names) > 1:
        yield review.decisions
        yield review.conversations
    if len(names & _OF_THE_WEEK) > 1:
        for metric in ("forecast", "pace", "pace_by_own_curve", "pipeline_coverage_ratio"):
            yield partial(review.measure, metric)
    # one rep's sheet measures the whole team, as the others do
    reps = on_the_team(review.source.folder, review.client, review.week.last_day)
    if len(reps) > 1 and (not only or _OF_A_REP in only):
        yield partial(open_one_on_one, review.client.slug, review.week.label, reps[0].id, home)
    if names >= _OF_THE_WAY:
        yield partial(way_so_far, review)

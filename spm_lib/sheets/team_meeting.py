"""The team's sheet: facts of the week against what was agreed, the same for everybody, and nothing else.

The sheet holds finished tables alone. It keeps no way back to the review, the client's documents or the
meetings they were made from: what is not on it cannot be asked of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from spm_lib import words
from spm_lib.metrics import registry
from spm_lib.periods import Period
from spm_lib.review import Review, open_review
from spm_lib.sheets.keeping import keep_tables
from spm_lib.sheets.team_agreements import documents_due, learnt, open_commitments, rule_texts
from spm_lib.sheets.team_numbers import agreed_counts, results, scorecard, team_of, weekly_by_rep, wins

#: Metrics a number of the page comes from.
_DEFINED = ("pace", "attainment", "weekly_measures", "process_limits", "hygiene")
#: What a page calls who is no rep.
_NO_NAME = {"manager": "the manager", "owner": "the business owner"}


@dataclass(frozen=True, slots=True)
class TeamMeeting:
    """What a team may see of its week.

    Attributes
    ----------
    client_name : str
    currency : str
    week, goal_period : Period
    known_as_of : pandas.Timestamp or None
        When the latest export was taken, UTC.
    names : dict of str to str
        Rep id, "manager" or "owner" -> printed name.
    pace : pandas.DataFrame
        One row of ``pace``, of the whole team.
    wins : pandas.DataFrame
        What was won in the week and what is known of how (``team_numbers.wins``).
    measures : pandas.DataFrame
        The scorecard: the team's measures, then the agreed weekly counts of each rep
        (``team_numbers.scorecard``).
    weekly : pandas.DataFrame
        The weeks behind it: rep_id (missing for the team), measure, week, starts_on, value, n,
        business_days.
    results : pandas.DataFrame
        Each rep's bookings, own goal and weeks in which the agreed count was reached
        (``team_numbers.results``).
    learning : pandas.DataFrame
        What was taught the team last, and how its measure has gone since; no row when nothing was.
    hygiene : pandas.DataFrame
        Each rule of the CRM agreement with counts of the whole team: rule, limit, checked_count,
        failed_count, unknown_count.
    agreed : list of str
        The CRM agreement in the words of its document.
    documents : pandas.DataFrame
        Documents to bring back next: title, last_on.
    commitments : pandas.DataFrame
        Open ones that a team meeting made: who, what, made_on, due_on.
    unknown : list of str
        What the page does not know, in sentences.
    definitions : tuple of Definition
    """

    client_name: str
    currency: str
    week: Period
    goal_period: Period
    known_as_of: pd.Timestamp | None
    names: dict[str, str]
    pace: pd.DataFrame
    wins: pd.DataFrame
    measures: pd.DataFrame
    weekly: pd.DataFrame
    results: pd.DataFrame
    learning: pd.DataFrame
    hygiene: pd.DataFrame
    agreed: list[str]
    documents: pd.DataFrame
    commitments: pd.DataFrame
    unknown: list[str]
    definitions: tuple[registry.Definition, ...]

    def __repr__(self) -> str:
        return f"<Team meeting of {self.client_name}, {self.week.label}>"


def open_team_meeting(
    client: str, week: str, home: str | Path = "data", keep: str | Path = ""
) -> TeamMeeting:
    """Open the sheet of one client's weekly team meeting.

    Parameters
    ----------
    client : str
        Slug.
    week : str
        ISO week, "2026-W46".
    home : path, optional
        The folder of all clients.
    keep : path, optional
        Folder the tables behind the page are written to, as parquet; nothing is written when empty.

    Raises
    ------
    UsageError, ClientError, DocumentError, HistoryError
    """
    sheet = _made(open_review(client, week, home, keep))
    names = ("wins", "measures", "weekly", "results", "learning", "commitments")
    keep_tables(keep, {f"team_{name}": getattr(sheet, name) for name in names})
    return sheet


def _made(review: Review) -> TeamMeeting:
    """Everything the sheet holds, computed once; the review stays behind."""
    team = team_of(review)
    counts, not_counted = agreed_counts(review, team)
    team_weeks = review.weekly().assign(rep_id=None)
    rep_weeks = weekly_by_rep(review, counts)
    weekly = pd.concat([team_weeks, rep_weeks], ignore_index=True).astype({"rep_id": "str"})
    hygiene = review.measure("hygiene")
    if "pipeline" in review.client.not_recorded:
        hygiene = hygiene.iloc[:0]
    client = review.client
    people = {"manager": client.manager, "owner": client.owner}
    return TeamMeeting(
        client_name=client.name,
        currency=client.currency,
        week=review.week,
        goal_period=review.goal_period,
        known_as_of=review.known_as_of,
        names={**{who: name or _NO_NAME[who] for who, name in people.items()}, **review.rep_names},
        pace=review.pace(),
        wins=wins(review),
        measures=scorecard(weekly, counts, team),
        weekly=weekly,
        results=results(review, weekly, counts),
        learning=learnt(review),
        hygiene=hygiene[["rule", "limit", "checked_count", "failed_count", "unknown_count"]],
        agreed=rule_texts(review),
        documents=documents_due(review),
        commitments=open_commitments(review),
        unknown=[*review.unknowns(), *map(words.not_counted, not_counted)],
        definitions=tuple(review.definition(metric) for metric in _DEFINED),
    )

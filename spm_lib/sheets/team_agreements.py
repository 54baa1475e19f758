"""What the team learns, agreed on and said it would do: from its meetings and its own documents alone."""

from __future__ import annotations

import pandas as pd

from spm_lib.expectations.fields import PER_PERSON, CrmUsage
from spm_lib.meetings import Meetings, learning_log, reinforced_log
from spm_lib.meetings.commitments import carried
from spm_lib.metrics import registry
from spm_lib.review import Review

#: A meeting brings back this many documents at most.
DOCUMENTS = 2
#: The documents of the whole team that a meeting can come back to.
_TEAMS = ("sales_process", "crm_usage", "sales_goals", "team_culture")


def team_meetings(meetings: Meetings) -> Meetings:
    """The team's own meetings, without what is private; those of one rep or of the owner are left out."""
    return Meetings(tuple(one for one in meetings.public().all if one.kind == "team"))


def learnt(review: Review) -> pd.DataFrame:
    """What a team meeting taught last, with the measure it was to move and how that went since.

    Returns
    -------
    pandas.DataFrame
        topic, taught_on, by, measure, and the other columns of ``learning_effect``, missing where no measure
        was named; one row, none when nothing was taught.
    """
    log = learning_log(team_meetings(review.meetings), review.week.last_day).tail(1)
    taught = log.rename(columns={"on": "taught_on", "moves": "measure"})[
        ["topic", "taught_on", "by", "measure"]
    ].reset_index(drop=True)
    effect = registry.compute("learning_effect", review.view(), taught=taught.dropna(subset="measure"))
    return taught.merge(effect.drop(columns=["topic", "taught_on"]), on="measure", how="left")


def rule_texts(review: Review) -> list[str]:
    """What the CRM agreement in force says in its own words."""
    document = review.source.expectations.in_force("crm_usage", review.week.last_day)
    if document is None or not isinstance(document.front, CrmUsage):
        return []
    front, said = document.front, []
    if front.next_step_rule:
        said.append(front.next_step_rule)
    if front.log_within_hours:
        said.append(f"Calls, e-mails and meetings are written down within {front.log_within_hours:g} hours.")
    return said


def documents_due(review: Review) -> pd.DataFrame:
    """The documents of the whole team that its meetings came back to longest ago, never first.

    Returns
    -------
    pandas.DataFrame
        document, title, last_on (missing when no team meeting came back to it).
    """
    on = review.week.last_day
    log = reinforced_log(team_meetings(review.meetings), on)
    last = log.groupby("document")["on"].max()
    rows = []
    for kind in _TEAMS:
        found = None if kind in PER_PERSON else review.source.expectations.in_force(kind, on)
        if found is not None:
            rows.append((kind, found.front.title, last.get(kind, pd.NaT)))
    kinds = {"document": "str", "title": "str", "last_on": "datetime64[us]"}
    table = pd.DataFrame(rows, columns=list(kinds)).astype(kinds)
    return table.sort_values("last_on", na_position="first", kind="stable", ignore_index=True).head(DOCUMENTS)


def open_commitments(review: Review) -> pd.DataFrame:
    """The open commitments that a team meeting made, in the order they were made.

    A word of another meeting can close one or move its day, so that nobody reads an old state; but what is
    printed are the words of the team's meeting, and what any other meeting made is not here.

    Returns
    -------
    pandas.DataFrame
        who, what, made_on, due_on.
    """
    rows = [
        (made.who, made.what, meeting.on, one.due_on)
        for one in carried(review.meetings, review.week.last_day)
        for meeting, made in [one.first]
        if one.is_open and meeting.kind == "team"
    ]
    kinds = {"who": "str", "what": "str", "made_on": "datetime64[us]", "due_on": "datetime64[us]"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)

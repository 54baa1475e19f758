"""The whole dated trail of one rep: for that rep, the manager and the business owner.

A narrow door: every line is made once, for this rep, and the client's folder is let go. The object holds no
row and no name of another rep, nothing a meeting keeps private, and nothing of another client.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from spm_lib import words
from spm_lib.expectations.acknowledgements import known_rep
from spm_lib.meetings import Plans, coaching_log, commitments, commitments_kept
from spm_lib.meetings.models import MANAGER, OWNER, TEAM
from spm_lib.sheets.trail_lines import (
    Record,
    acknowledgement_lines,
    cleaned,
    commitment_lines,
    document_lines,
    meeting_lines,
    provided_lines,
    standing_lines,
    team_lines,
)
from spm_lib.sheets.trail_plan import plan_lines
from spm_lib.view import Source
from spm_lib.words import improvement as of_plan
from spm_lib.words import trail as told

#: Column -> dtype of the lines.
COLUMNS = {"on": "datetime64[us]", "about": "str", "said": "str", "source": "str"}


@dataclass(frozen=True)
class Trail:
    """What is on record of one rep, in order of time.

    Attributes
    ----------
    rep, name : str
        Id and printed name.
    client_name, manager, owner : str
    on : datetime.date
        The day it is looked at; nothing later is in it.
    lines : pandas.DataFrame
        `COLUMNS`, oldest first: the day, what it is about, what happened, and the file that says so.
    summary : list of str
        The few numbers of it all, a sentence each.
    part_on : datetime.date
        The day the company's own part is told of: `on`, or the rep's last day on the team.
    company_part : pandas.DataFrame
        ``judgement.company_part``, gaps first.
    """

    rep: str
    name: str
    client_name: str
    manager: str
    owner: str
    on: date
    lines: pd.DataFrame
    summary: list[str]
    part_on: date
    company_part: pd.DataFrame

    def __repr__(self) -> str:
        return f"<Trail of {self.rep} until {self.on}: {len(self.lines)} lines>"


def open_trail(client: str, rep: str, on: date, home: str | Path = "data") -> Trail:
    """Open the trail of one rep as it stood at the end of a day.

    Parameters
    ----------
    client : str
        Slug.
    rep : str
        The rep's id.
    on : datetime.date
    home : path, optional
        The folder of all clients.

    Raises
    ------
    UsageError
        No such client.
    ClientError, DocumentError, HistoryError
        A file has faults; nobody knows the rep.
    """
    source = Source.open(Path(home), client)
    record = Record(source, known_rep(source.client, rep), on)
    # of who is new there is no whole week yet
    accounts = record.review.accounts_on(max(record.last_day, record.week.last_day))
    records, part = accounts.records(rep), accounts.part(rep)
    lines = cleaned(
        record,
        [
            *team_lines(record),
            *document_lines(record),
            *acknowledgement_lines(record),
            *meeting_lines(record),
            *commitment_lines(record),
            *provided_lines(record, records.resources, records.compensation),
            *standing_lines(record),
            *plan_lines(record),
        ],
    )
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    table["on"] = pd.to_datetime(table["on"])
    said = [record.clean(str(one)) for one in part["said"]]
    return Trail(
        rep=rep,
        name=record.name,
        client_name=source.client.name,
        manager=source.client.manager,
        owner=source.client.owner,
        on=on,
        lines=table.astype(COLUMNS),
        summary=[record.clean(one) for one in _summary(record, part)],
        part_on=record.last_day,
        company_part=part.assign(said=pd.Series(said, index=part.index, dtype="str")),
    )


def _summary(record: Record, part: pd.DataFrame) -> Iterator[str]:
    """The numbers somebody asks for first."""
    states = record.promises.loc[record.promises["kind"].eq("one_on_one"), "state"]
    counts = [int(states.eq(one).sum()) for one in ("held", "missed", "not recorded")]
    yield told.talks(counts[0], len(states), *counts[1:])
    log = coaching_log(record.meetings, record.on)
    yield told.coached([day.date() for day in log.loc[log["rep_id"].eq(record.rep.id), "on"]])
    for who, name in ((record.rep.id, record.name), (MANAGER, record.client.manager), (OWNER, "The owner")):
        row = _kept(record, who)
        yield told.kept(name, int(row["kept_count"]), int(row["n"]))
    gaps, unknown, late, kept = (
        int(part["state"].eq(one).sum()) for one in ("gap", "not recorded", "late", "kept")
    )
    yield told.part_counted(gaps, unknown, late, kept, record.last_day)
    table = record.review.standings()
    mine = table[table["rep_id"].eq(record.rep.id)].to_dict("records")
    yield told.where_now([f"{words.expectation(row)}: {words.standing_word(row)}" for row in mine])
    for plan in Plans.load(record.source.folder, record.client).all:
        if plan.rep == record.rep.id and plan.starts_on <= record.on:
            known = plan.as_of(record.on)
            stands = of_plan.where_it_stands(
                known.state(record.on), known.starts_on, known.ends_on, record.on, known.sustain_until
            )
            came = [of_plan.outcome(one.result, one.on, one.why, one.until) for one in known.front.outcome]
            yield " ".join([f"Improvement plan of {plan.starts_on:%-d %B %Y}: {stands}", *came[-1:]])


def _kept(record: Record, who: str) -> pd.Series:
    """How many commitments of one person, as far as they concern the rep, were done by their day."""
    ledger = commitments(record.meetings, record.on)
    concerns = ledger["who"].eq(record.rep.id) | ledger["about"].isin([record.rep.id, TEAM])
    return commitments_kept(ledger[concerns.fillna(False).astype(bool)], [who]).iloc[0]

"""A new client's data: what is brought and missing, and what can be measured from it."""

from __future__ import annotations

import pandas as pd

from spm_lib import words
from spm_lib.fragment import Fragment, Html, client_text, tag
from spm_lib.tables.bars import bars


def audit_table(audit: pd.DataFrame) -> Fragment:
    """What the exports bring and lack, and what to do about it.

    Parameters
    ----------
    audit : pandas.DataFrame
        subject, said, first.
    """
    lines = [
        (str(row["subject"]), None, _said(str(row["said"]), str(row["first"])), "")
        for row in audit.to_dict("records")
    ]
    todo = int(audit["first"].ne("").sum())
    text = f"{words.counted(todo, 'point')} of the data to settle"
    body = bars("The data, by subject", ("Subject", "", "What is so", ""), lines, "people")
    return Fragment(body, text, "block")


def _said(said: str, first: str) -> Html:
    return tag("span", client_text(words.capital(said)), ". ", tag("b", first) if first else None)


def readiness_table(table: pd.DataFrame) -> Fragment:
    """What can be measured now, and how long until the rest can.

    Parameters
    ----------
    table : pandas.DataFrame
        ``judgement.readiness``.
    """
    lines = [
        (client_text(row["what"]), None, f"{words.capital(words.ready(row))}.", "")
        for row in table.to_dict("records")
    ]
    count = int(table["state"].eq("ready").sum())
    text = f"{count} of {words.counted(len(table), 'number')} ready"
    body = bars("What can be measured", ("Number", "", "Enough?", ""), lines, "people")
    return Fragment(body, text, "block")


def documents_by_state(table: pd.DataFrame) -> Fragment:
    """The documents in their states: a row each, a column a state; on a phone a card each.

    Parameters
    ----------
    table : pandas.DataFrame
        ``judgement.environment``, of the documents alone.
    """
    states = list(dict.fromkeys(table["state"]))
    heads = [
        tag("th", words.capital(name), scope="col", role="columnheader") for name in ("Document", *states)
    ]
    rows = [_document(part) for _, part in table.groupby("subject", sort=False)]
    html = tag(
        "table",
        tag("caption", "The documents by state", class_="unseen"),
        tag("thead", tag("tr", *heads, role="row"), role="rowgroup"),
        tag("tbody", *rows, role="rowgroup"),
        class_="grid cards-on-phone",
        role="table",
    )
    done = int(table["level"].eq(4).fillna(value=False).sum())
    return Fragment(html, f"{done} of {len(table)} parts done", "block")


def _document(part: pd.DataFrame) -> Html:
    """One document: its name, then how each state stands, with the words it rests on."""
    cells = [
        tag(
            "td",
            tag("b", words.stands(row)),
            tag("br"),
            words.capital(str(row["said"]).removesuffix("; not answered")),
            role="cell",
            data_state=words.capital(str(row["state"])),
        )
        for row in part.to_dict("records")
    ]
    name = words.subject(part["subject"].iloc[0])
    return tag("tr", tag("th", name, scope="row", role="rowheader"), *cells, role="row")

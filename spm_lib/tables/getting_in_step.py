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
    return Fragment(bars("The data, by subject", ("Subject", "", "What is so", ""), lines, "people"), text)


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
    return Fragment(bars("What can be measured", ("Number", "", "Enough?", ""), lines, "people"), text)

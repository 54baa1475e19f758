"""How sound is the pipeline? The agreed rules, what breaks them, and the opportunities behind a number."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, join, name_of, tag
from spm_lib.tables.bars import Line, bars, track

#: Rows printed behind a number; the rest is counted and lies in the report folder's tables.
ROWS = 40


def hygiene_table(hygiene: pd.DataFrame, currency: str, effect: pd.DataFrame | None = None) -> Fragment:
    """Each rule of the CRM agreement: how many opportunities break it, and what they are worth.

    Parameters
    ----------
    hygiene : pandas.DataFrame
        ``hygiene``.
    currency : str
    effect : pandas.DataFrame, optional
        One row of ``hygiene_effect``: what the overdue ones do to coverage.
    """
    if not len(hygiene):
        nothing = "No rules for the use of the CRM are agreed in writing, so none is checked."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    lines = [_rule(row, currency) for _, row in hygiene.iterrows()]
    table = bars(
        "Agreed rules and how many opportunities break them", ("Rule", "Share", "Break it", "Amount"), lines
    )
    said = "" if effect is None or not len(effect) else _effect(effect.iloc[0])
    named = sorted({f"{row['document']}, version {str(row['version'])[:8]}" for _, row in hygiene.iterrows()})
    source = tag("p", f"Agreed in {words.listed(named)}.", class_="read small")
    return Fragment(
        join((table, tag("p", said, class_="read") if said else None, source)), said or "Agreed rules"
    )


def _rule(row: pd.Series, currency: str) -> Line:
    checked = style.number(row["checked_count"])
    share = style.number(row["failed_count"]) / checked if checked else float("nan")
    amount = style.money(row["failed_amount"], currency) if style.number(row["failed_count"]) else ""
    unknown = style.number(row["unknown_count"])
    beside = f", {style.count(unknown)} not known" if unknown > 0 and checked > 0 else ""
    fixed = style.number(row.get("fixed_count", float("nan")))
    since = (
        tag("span", f", {style.count(fixed)} fixed since last week", class_="quiet") if fixed > 0 else None
    )
    return words.rule(row), track(share), tag("span", words.failing(row), beside, since), amount


def _effect(row: pd.Series) -> str:
    return words.overdue_effect(
        style.number(row["coverage_ratio"]),
        style.number(row["coverage_ratio_without"]),
        style.number(row["overdue_count"]),
    )


def rows_details(
    summary: str,
    rows: pd.DataFrame,
    names: Mapping[str, str],
    currency: str,
    *,
    split: str | None = None,
) -> Fragment:
    """The opportunities behind a number, to open.

    Parameters
    ----------
    summary : str
        "The opportunities behind it".
    rows : pandas.DataFrame
        opportunity_id, name, rep_id, amount, and detail where there is one.
    names : mapping
        Rep id -> printed name.
    currency : str
    split : str, optional
        Column whose values head separate lists: "rule", "cause".
    """
    if not len(rows):
        return Fragment(tag("p", f"{summary}: none.", class_="quiet"), f"{summary}: none", "note")
    parts = [("", rows)] if split is None else list(rows.groupby(split, sort=False, dropna=False))
    tables = [
        _listed(part, names, currency, words.capital(style.label(str(value))) if split else None)
        for value, part in parts
    ]
    head = f"{summary} ({len(rows):,})"
    return Fragment(details(head, *tables), head, "note")


def _listed(rows: pd.DataFrame, names: Mapping[str, str], currency: str, head: str | None) -> Html:
    items = [_item(row, names, currency) for row in rows.head(ROWS).to_dict("records")]
    more = len(rows) - ROWS
    rest = tag("p", f"and {more:,} more, in the report's tables.", class_="quiet") if more > 0 else None
    title = tag("p", tag("b", f"{head} ({len(rows):,})")) if head else None
    return join((title, tag("ul", *items, class_="rows"), rest))


def _item(row: words.Row, names: Mapping[str, str], currency: str) -> Html:
    """An opportunity: its name and amount, and below who holds it and why it is here."""
    name = row["opportunity_id"] if style.is_missing(row["name"]) else row["name"]
    detail = row.get("detail")
    return tag(
        "li",
        tag("span", client_text(name, limit=120)),
        tag(
            "span",
            "no amount" if style.is_missing(row["amount"]) else style.money_exact(row["amount"], currency),
        ),
        tag(
            "span",
            name_of(row["rep_id"], names),
            None if style.is_missing(detail) else join((", ", client_text(detail))),
        ),
    )

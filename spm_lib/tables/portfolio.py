"""The firm's portfolio: who asks for time, how the reports stand, what is due, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, join, tag
from spm_lib.tables.bars import Line, bars
from spm_lib.tables.summary import Days
from spm_lib.words import portfolio as said

#: Clients whose needs are shown at once; the rest is there to open, on paper it is counted.
SHOWN = 12
#: Longest reason of a run that is printed; the list of reports has all of it.
REASON = 300


def attention_note(table: pd.DataFrame) -> Fragment:
    """What the firm's portfolio is told of this week, to open.

    Parameters
    ----------
    table : pandas.DataFrame
        ``judgement.attention``.
    """
    rows = table.to_dict("records")
    summary = f"What the firm’s portfolio is told of this week: {words.counted(len(rows), 'point')}"
    if not rows:
        return Fragment(tag("p", f"{summary}.", class_="quiet"), summary, "note")
    return Fragment(details(summary, tag("ul", *map(_point, rows), class_="sentences")), summary, "note")


def portfolio_header(week: Days, reports: pd.DataFrame) -> Fragment:
    """Which week, how many clients, and how many of them have its report.

    Parameters
    ----------
    week : Period
    reports : pandas.DataFrame
        ``Portfolio.reports``.
    """
    done = int(reports["state"].eq("published").sum())
    days = style.days(week.start, week.last_day)
    count = f"{done} of {words.counted(len(reports), 'client')} published"
    line = f"Week {said.number(week.label)}, {days} · {count}"
    html = tag(
        "header",
        tag("p", "For the firm only", class_="eyebrow"),
        tag("h1", "Portfolio"),
        tag("p", line, class_="sub"),
        class_="top",
    )
    return Fragment(html, f"Portfolio, {line}", "header", f"Portfolio, {week.label}")


def hour_box(needs: pd.DataFrame, reports: pd.DataFrame) -> Fragment:
    """Where the first hour goes, and why.

    Parameters
    ----------
    needs : pandas.DataFrame
        ``Portfolio.needs``.
    reports : pandas.DataFrame
        ``Portfolio.reports``.
    """
    silent = int((~reports["has_attention"]).sum())
    blind = f"{words.counted(silent, 'client')} not known: see the reports." if silent else ""
    if not len(needs):
        known = bool(len(reports) - silent)
        title = "No client asks for more than the usual meetings." if known else "Nothing is known yet."
        parts: list[Html] = [tag("p", blind)] if blind else []
        heading = "Nothing to put first"
    else:
        first = needs.iloc[0].to_dict()
        title = f"{style.plain(first['name'], 80)}, {said.need(first)}."
        parts = [tag("p", client_text(" ".join(filter(None, [str(first["why"]), said.by_when(first)]))))]
        asking = int(needs["client"].nunique())
        count = f"{asking} of {words.counted(len(reports), 'client')} ask{'s' * (asking == 1)} for time."
        parts.append(tag("p", " ".join(filter(None, [count, blind])), class_="quiet"))
        heading = "Where the first hour goes"
    lead = tag("p", client_text(title), class_="lead")
    calm = not len(needs)
    html = tag("section", tag("h2", heading), lead, *parts, class_="decide calm" if calm else "decide")
    return Fragment(html, title, "lead")


def needs_table(needs: pd.DataFrame, reports: pd.DataFrame, week: str) -> Fragment:
    """Client by client what asks for time and why; who asks for nothing is named below.

    Parameters
    ----------
    needs, reports : pandas.DataFrame
        ``Portfolio.needs`` and ``Portfolio.reports``.
    week : str
        The page's week.
    """
    groups = [part for _, part in needs.groupby("client", sort=False)]
    lines = [_needs_of(part.to_dict("records"), week) for part in groups]
    parts = [_people("Who asks for time", lines[:SHOWN])] if lines else []
    if len(lines) > SHOWN:
        rest = lines[SHOWN:]
        parts.append(
            details(f"{words.counted(len(rest), 'more client')}", _people("More who ask for time", rest))
        )
    told = reports[reports["has_attention"]]
    calm = sorted(told.loc[~told["client"].isin(needs["client"]), "name"], key=str.casefold)
    if calm:
        names = words.listed([style.plain(name, 80) for name in calm])
        parts.append(tag("p", tag("b", "Nothing beyond the usual meetings: "), client_text(names), "."))
    silent = sorted(reports.loc[~reports["has_attention"], "name"], key=str.casefold)
    if silent:
        why = "no report says it; publish the week again."
        parts.append(tag("p", client_text(said.unknown_of(silent, why)), class_="quiet"))
    if not parts:
        parts.append(tag("p", "No client was ever run."))
    return Fragment(join(parts), f"{words.counted(len(lines), 'client')} ask for time", "block")


def _needs_of(rows: Sequence[Mapping[Any, Any]], week: str) -> Line:
    first = rows[0]
    older = "" if first["week"] == week else f"as of week {said.number(first['week'])}"
    name = join((_client(first), tag("div", older, class_="quiet") if older else None))
    return (name, None, join(tag("div", *_parts(row)) for row in rows), "")


def _client(row: Mapping[Any, Any]) -> Html:
    """The client's name, as a link where it has a page to open."""
    name = client_text(row["name"], 80)
    return tag("a", name, href=row["address"]) if row["address"] else name


def _parts(row: Mapping[Any, Any]) -> Iterator[Html | str]:
    yield tag("b", client_text(said.need(row)), ". ")
    yield client_text(" ".join(filter(None, [str(row["why"]), said.by_when(row)])))


def _point(row: Mapping[Any, Any]) -> Html:
    return tag("li", *_parts(row))


def _people(caption: str, lines: Iterable[Line]) -> Html:
    return bars(caption, ("Client", "", "What is so", ""), lines, "people")


def reports_table(reports: pd.DataFrame, week: str) -> Fragment:
    """How every client's report stands and how old its data are; what needs a hand first.

    Parameters
    ----------
    reports : pandas.DataFrame
        ``Portfolio.reports``.
    week : str
        The page's week.
    """
    if not len(reports):
        return Fragment(tag("p", "No client was ever run."), "No client was ever run.", "block")
    lines = [(_client(row), None, _stands(row, week), "") for row in reports.to_dict("records")]
    done = int(reports["state"].eq("published").sum())
    return Fragment(_people("The reports", lines), f"{done} of {len(lines)} published", "block")


def _stands(row: Mapping[Any, Any], week: str) -> Html:
    data = f"Data {said.age_of_data(row)}."
    noticed = row["findings_count"]
    if not style.is_missing(noticed) and noticed:
        data += f" {words.counted(int(noticed), 'thing')} noticed."
    if row["week"] and not row["has_attention"]:
        data += " Made by an earlier version, which did not say what asks for time."
    state = said.report_state(row, week)
    body = tag("b", state) if row["state"] != "published" else state
    # "given" and "to do" stand on lines of their own
    reason = "; ".join(line.strip() for line in str(row["reason"]).splitlines() if line.strip())
    why = tag("div", client_text(words.capital(reason), REASON)) if reason else None
    return join((body, " ", data, why))


def meetings_due(meetings: pd.DataFrame) -> Fragment:
    """Client by client which meetings are to catch up, and which are due in the two weeks to come.

    Parameters
    ----------
    meetings : pandas.DataFrame
        ``Portfolio.meetings``.
    """
    return _by_client(meetings, said.meetings_of, "Meetings", "No meeting is due, as far as it is known.")


def overdue_commitments(rows: pd.DataFrame) -> Fragment:
    """Client by client what manager and owner promised and is open past its day.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``Portfolio.commitments``.
    """
    nothing = "No commitment of a manager or an owner is open past its day, as far as it is known."
    return _by_client(
        rows, lambda every: [str(row["why"]).rstrip(".") for row in every], "Commitments", nothing
    )


def portfolio_changes(changes: pd.DataFrame, not_compared: Sequence[str]) -> Fragment:
    """Client by client what asks for time and did not before, and what no longer does.

    Parameters
    ----------
    changes : pandas.DataFrame
        ``Portfolio.changes``.
    not_compared : sequence of str
        Names of the clients of whom that is not known.
    """
    why = "two reports that say what asks for time are needed, the later one of this week."
    more = [tag("p", client_text(said.unknown_of(not_compared, why)), class_="quiet")] if not_compared else []
    if not len(changes):
        nothing = tag("p", "Nothing, where it is known.")
        return Fragment(join((nothing, *more)), "Nothing changed, where it is known", "block")
    told = _by_client(changes, said.changed, "What changed", "")
    return Fragment(join((told.html, *more)), told.text, "block")


def _by_client(rows: pd.DataFrame, told: Any, caption: str, nothing: str) -> Fragment:
    """A line per client, by name, with what is told of its rows."""
    if not len(rows):
        return Fragment(tag("p", nothing), nothing, "block")
    order = rows.assign(key=rows["name"].str.casefold()).sort_values(["key", "client"], kind="stable")
    lines = [
        (client_text(part["name"].iloc[0], 80), None, client_text(f"{'. '.join(told(every))}."), "")
        for _, part in order.groupby("client", sort=False)
        if (every := part.to_dict("records"))
    ]
    return Fragment(_people(caption, lines), f"{caption}: {words.counted(len(lines), 'client')}", "block")

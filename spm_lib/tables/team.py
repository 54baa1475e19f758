"""The team's meeting: its goal, wins, scorecard, results, agreements, and room to write on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, join, name_of, tag
from spm_lib.tables.bars import Line, bars, in_order
from spm_lib.tables.sparkline import sparkline
from spm_lib.tables.work import SPARK_WEEKS

#: Wins told one by one; the rest is counted.
WINS = 12
_BAND = (
    "The shaded band is the range of an ordinary week, learnt from the weeks before. "
    "A week inside it tells nothing new by itself."
)


def team_goal(pace: pd.DataFrame, period: str, currency: str) -> Fragment:
    """How the team stands to its goal: a number, and one sentence.

    Parameters
    ----------
    pace : pandas.DataFrame
        One row of ``pace``.
    period : str
        The goal period's label.
    currency : str
    """
    row = pace.iloc[0]
    said = words.team_goal(row, period, currency)
    goal = "" if style.is_missing(row["quota"]) else f" of {style.money(row['quota'], currency)}"
    booked = style.money(row["bookings"], currency)
    big = tag("p", booked, tag("span", goal, class_="beside") if goal else None, class_="big")
    html = tag("section", tag("div", tag("h2", f"Booked, {period}"), big, tag("p", said), class_="number"))
    return Fragment(html, f"Booked, {period}: {booked}{goal}. {said}", "lead")


def team_wins(wins: pd.DataFrame, names: Mapping[str, str], currency: str) -> Fragment:
    """What was won in the week, in the order of days, and what is on record of how.

    Parameters
    ----------
    wins : pandas.DataFrame
        opportunity_id, name, rep_ids, amount, business, lead_source, cycle_days, conversation_count.
    names : mapping
        Rep id -> printed name.
    currency : str
    """
    if not len(wins):
        nothing = "No win is on record for this week."
        return Fragment(tag("p", nothing), nothing, "block")
    lines = [_win(row, names, currency) for row in wins.head(WINS).to_dict("records")]
    more = len(wins) - WINS
    rest = tag("p", f"And {words.counted(more, 'more win')}.", class_="quiet") if more > 0 else None
    html = join((tag("ul", *lines, class_="sentences"), rest))
    return Fragment(html, words.counted(len(wins), "win"), "block")


def _win(row: words.Row, names: Mapping[str, str], currency: str) -> Html:
    title = row["opportunity_id"] if style.is_missing(row["name"]) else row["name"]
    reps = [name_of(rep, names) for rep in row["rep_ids"]] or [tag("span", "unassigned", class_="quiet")]
    who = join(part for rep in reps for part in (", ", rep))
    amount = "no amount" if style.is_missing(row["amount"]) else style.money(row["amount"], currency)
    return tag(
        "li", tag("b", client_text(title, 120)), f" ({amount}", who, "). ", client_text(words.win_known(row))
    )


def team_scorecard(
    measures: pd.DataFrame, weekly: pd.DataFrame, names: Mapping[str, str], currency: str
) -> Fragment:
    """Who, measure, agreed, this week, the last weeks with their usual range, and the facts in words.

    Parameters
    ----------
    measures : pandas.DataFrame
        rep_id (missing for the team), measure, agreed, latest, n, business_days, lower, upper, signal.
    weekly : pandas.DataFrame
        The weeks behind them: rep_id, measure, starts_on, value.
    names : mapping
        Rep id -> printed name.
    currency : str
    """
    is_team = measures["rep_id"].isna()
    rows = measures[is_team].to_dict("records") + in_order(measures[~is_team], names)
    if not rows:
        nothing = "No weekly measure is on record yet."
        return Fragment(tag("p", nothing), nothing, "block")
    heads = ("Who and what", "This week", f"Last {SPARK_WEEKS} weeks, usual range shaded", "In words")
    table = tag(
        "table",
        tag("caption", "Scorecard of the team", class_="unseen"),
        tag(
            "thead",
            tag("tr", *(tag("th", head, scope="col", role="columnheader") for head in heads), role="row"),
            role="rowgroup",
        ),
        tag("tbody", *(_measured(row, weekly, names, currency) for row in rows), role="rowgroup"),
        class_="scorecard compact",
        role="table",
    )
    note = tag("p", _BAND, class_="read small")
    return Fragment(join((table, note)), words.counted(len(rows), "weekly measure"), "block")


def _measured(row: words.Row, weekly: pd.DataFrame, names: Mapping[str, str], currency: str) -> Html:
    measure, rep = str(row["measure"]), row["rep_id"]
    is_team = style.is_missing(rep)
    own = weekly["rep_id"].isna() if is_team else weekly["rep_id"].eq(rep)
    weeks = weekly[own & weekly["measure"].eq(measure)].sort_values("starts_on").tail(SPARK_WEEKS)
    latest, said = style.measured(row["latest"], measure, currency), words.against_agreed(row, currency)
    who = "Team" if is_team else style.plain(names.get(str(rep), str(rep)), 200)
    spark = sparkline(
        weeks["value"].tolist(),
        style.number(row["lower"]),
        style.number(row["upper"]),
        alt=f"{who}, {style.label(measure)}, {words.counted(len(weeks), 'week')}: latest {latest}, {said}",
    )
    of = (
        f" of {style.count(row['n'])}" if measure.endswith("_rate") and not style.is_missing(row["n"]) else ""
    )
    if measure == "bookings" and not style.is_missing(row["n"]):
        of = f" from {style.count(row['n'])} won"
    label = style.label(measure)
    head = label if is_team else join((client_text(who), ", ", label.lower()))
    return tag(
        "tr",
        tag("th", head, scope="row", role="rowheader"),
        tag("td", tag("b", latest), of, role="cell", class_="n"),
        tag("td", spark, role="cell", class_="spark-cell"),
        tag("td", tag("span", said, class_="quiet"), role="cell", class_="said"),
        role="row",
    )


def team_results(results: pd.DataFrame, names: Mapping[str, str], currency: str) -> Fragment:
    """Everybody's results against what they agreed to, in the order of names, without colour.

    Parameters
    ----------
    results : pandas.DataFrame
        rep_id, won_count, bookings, quota, attainment_rate, no_amount_count, measure, agreed, reached_count,
        week_count; a rep who agreed on two counts has two rows.
    names : mapping
        Rep id -> printed name.
    currency : str
    """
    if not len(results):
        nothing = "Nothing is on record of any rep in this goal period."
        return Fragment(tag("p", nothing), nothing, "block")
    told: dict[object, list[words.Row]] = {}
    for row in in_order(results, names):
        told.setdefault(None if style.is_missing(row["rep_id"]) else row["rep_id"], []).append(row)
    lines = [_result(rows, names, currency) for rows in told.values()]
    caption = "Results against what was agreed, by rep"
    table = bars(caption, ("Rep", "", "Booked and agreed activity", "Of own goal"), lines, "people")
    return Fragment(table, f"Results of {words.counted(len(lines), 'rep')}")


def _result(rows: Sequence[words.Row], names: Mapping[str, str], currency: str) -> Line:
    """One rep's line; a rep who agreed on two counts has two rows, and nobody has a bar or a colour."""
    row = rows[0]
    booked = tag("b", style.money(row["bookings"], currency))
    said = [booked, " ", words.result_booked(row, currency)]
    if not style.is_missing(row["rep_id"]):
        said += [tag("br"), "; ".join(map(words.agreed_weeks, rows))]
    return name_of(row["rep_id"], names), None, join(said), style.percent(row["attainment_rate"])


def team_learning(
    learning: pd.DataFrame, hygiene: pd.DataFrame, names: Mapping[str, str], currency: str
) -> Fragment:
    """What was shared last and how its measure has gone since; and a question to learn from next.

    Parameters
    ----------
    learning : pandas.DataFrame
        One row of what was taught last, or none.
    hygiene : pandas.DataFrame
        rule, checked_count, failed_count: the question is about the rule with most to tidy.
    names : mapping
        Rep id or "manager" -> printed name.
    currency : str
    """
    said = [
        words.learning_since(row, names.get(str(row["by"]), str(row["by"])), currency)
        for row in learning.to_dict("records")
    ] or ["Nothing that a team meeting taught is written down yet."]
    open_ones = [row for row in hygiene.to_dict("records") if row["failed_count"] > 0]
    most = max(open_ones, key=lambda row: row["failed_count"], default=None)
    asked = f"A question for today: {words.to_learn(most)}"
    return Fragment(_listed([*said, asked]), "\n".join([*said, asked]), "block")


def team_agreements(hygiene: pd.DataFrame, documents: pd.DataFrame, agreed: Sequence[str]) -> Fragment:
    """What was agreed on process and CRM: its words, counts of the whole team, documents to bring back.

    Parameters
    ----------
    hygiene : pandas.DataFrame
        rule, checked_count, failed_count, unknown_count.
    documents : pandas.DataFrame
        title, last_on.
    agreed : sequence of str
        The agreement in its own words.
    """
    counted = [words.rule_kept(row) for row in hygiene.to_dict("records")]
    due = [words.brought_back(row) for row in documents.to_dict("records")]
    parts = [
        _listed(agreed) if agreed else None,
        _headed("The whole team’s pipeline", counted or ["No rule is agreed, or none can be counted."]),
        _headed("To bring back today", due or ["No document of the whole team is in force."]),
    ]
    return Fragment(join(parts), "\n".join([*agreed, *counted, *due]), "block")


def _headed(title: str, lines: Sequence[str]) -> Html:
    return join((tag("h3", title), _listed(lines, "sentences twofold")))


def _listed(lines: Sequence[str], kind: str = "sentences") -> Html:
    return tag("ul", *(tag("li", client_text(line)) for line in lines), class_=kind)


def team_commitments(commitments: pd.DataFrame, names: Mapping[str, str]) -> Fragment:
    """The open commitments that team meetings made.

    Parameters
    ----------
    commitments : pandas.DataFrame
        who, what, made_on, due_on.
    names : mapping
        Rep id, "manager" or "owner" -> printed name.
    """
    if not len(commitments):
        nothing = "No commitment of a team meeting is open."
        return Fragment(tag("p", nothing), nothing, "block")
    lines = [
        tag(
            "li",
            tag("b", name_of(row["who"], names)),
            ": ",
            client_text(row["what"], 300),
            f" ({words.due_day(row)})",
        )
        for row in commitments.to_dict("records")
    ]
    said = f"{words.counted(len(lines), 'commitment')} open"
    return Fragment(tag("ul", *lines, class_="sentences"), said, "block")


def team_room(*titles: str, lines: int = 3) -> Fragment:
    """Room to write on paper; on a screen one line says so."""
    ruled = (
        part
        for title in titles
        for part in (tag("h3", title), *(tag("div", class_="write-line") for _ in range(lines)))
    )
    html = join(
        (
            tag("p", "On paper there is room to write here.", class_="quiet on-screen"),
            tag("div", *ruled, class_="on-paper"),
        )
    )
    return Fragment(html, "Room to write", "block")

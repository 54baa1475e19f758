"""The top of a page and its plain lists: header, the one thing to decide, three numbers, sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, join, name_of, slug, tag

#: The section the decide box points to.
DECISIONS = "What needs a decision"
#: Wins named on a page; the rest is counted.
WINS = 8


class Days(Protocol):
    """A period, as far as a page prints it."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def start(self) -> date: ...  # noqa: D102
    @property
    def last_day(self) -> date: ...  # noqa: D102
    @property
    def time_zone(self) -> str: ...  # noqa: D102
    def holds(self, moments: pd.Series) -> pd.Series: ...  # noqa: D102


class Decided(Protocol):
    """One thing to decide or to know, as far as a page prints it."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def weight(self) -> str: ...  # noqa: D102


def page_header(title: str, client: str, week: Days, known_as_of: pd.Timestamp | None) -> Fragment:
    """Whose page it is, which week, and until when its data reach.

    Parameters
    ----------
    title : str
        "Weekly review".
    client : str
        The client's printed name.
    week : Period
    known_as_of : pandas.Timestamp or None
        When the latest export was taken, UTC.
    """
    days = style.days(week.start, week.last_day)
    number = week.label.partition("-W")[2].lstrip("0")
    known = (
        "no export received"
        if known_as_of is None
        else f"known as of {style.moment(known_as_of, week.time_zone)}"
    )
    html = tag(
        "header",
        tag("p", client_text(client), class_="eyebrow"),
        tag("h1", title),
        tag("p", f"Week {number}, {days} · {known}", class_="sub"),
        class_="top",
    )
    name = style.plain(client)
    return Fragment(
        html, f"{title}, {name}, week {number}, {days}", "header", f"{title}, {name}, {week.label}"
    )


def decide_box(decisions: Sequence[Decided]) -> Fragment:
    """The one thing to decide, or that no action is needed."""
    alerts = [one for one in decisions if one.weight != "note"]
    if not alerts:
        title = "No action is needed this week."
        parts = [tag("p", "Every measure that can be told from noise had an ordinary week.")]
    else:
        title = alerts[0].title
        parts = [tag("p", client_text(alerts[0].text))]
    html = tag(
        "section",
        tag("h2", "One thing to decide" if alerts else "Nothing to decide"),
        tag("p", client_text(title), class_="lead"),
        *parts,
        _rest(len(alerts) - 1, sum(one.weight == "note" for one in decisions)),
        class_="decide" if alerts else "decide calm",
    )
    return Fragment(html, title, "lead")


def _rest(alerts: int, notes: int) -> Html | None:
    parts = [
        *([words.counted(alerts, "more decision")] if alerts > 0 else []),
        *([words.counted(notes, "smaller note")] if notes else []),
    ]
    if not parts:
        return None
    link = tag("a", DECISIONS, href=f"#{slug(DECISIONS)}")
    verb = "is" if max(alerts, 0) + notes == 1 else "are"
    return tag("p", f"{words.capital(words.listed(parts))} {verb} in ", link, ".", class_="quiet")


def decisions_list(decisions: Sequence[Decided]) -> Fragment:
    """Everything that asks for a decision, weightiest first, notes quietly below."""
    alerts = [one for one in decisions if one.weight != "note"]
    notes = [one for one in decisions if one.weight == "note"]
    html = join(
        (
            tag("ol", *map(_decision, alerts), class_="decisions")
            if alerts
            else tag("p", "No action is needed."),
            tag("p", "Worth knowing, nothing to decide:", class_="quiet") if notes else None,
            tag("ul", *map(_decision, notes), class_="decisions quiet") if notes else None,
        )
    )
    return Fragment(html, f"{len(alerts)} to decide, {len(notes)} to know", "block")


def _decision(one: Decided) -> Html:
    return tag("li", tag("b", client_text(one.title)), " ", client_text(one.text))


def sentences(lines: Sequence[str], nothing: str) -> Fragment:
    """A list of sentences; what stands before a colon near the start is set bold.

    Parameters
    ----------
    lines : sequence of str
        Plain text; it may hold a client's words.
    nothing : str
        What is said when there are none.
    """
    if not lines:
        return Fragment(tag("p", nothing), nothing, "block")
    return Fragment(tag("ul", *map(_sentence, lines), class_="sentences"), "\n".join(lines), "block")


def _sentence(line: str) -> Html:
    head, colon, rest = line.partition(":")
    if not colon or len(head) > 60:
        return tag("li", client_text(line))
    return tag("li", tag("b", head), ": ", client_text(rest))


def wins_list(outcomes: pd.DataFrame, week: Days, names: Mapping[str, str], currency: str) -> Fragment:
    """What was won in the week, the largest first.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        ``schemas.SNAPSHOT_OUTCOMES``; rows of other weeks and other outcomes are passed over.
    week : Period
    names : mapping
        Rep id -> printed name.
    currency : str
    """
    won = outcomes[outcomes["outcome"].eq("won") & week.holds(outcomes["outcome_at"])]
    if not len(won):
        return Fragment(tag("p", "Nothing was won this week."), "Nothing was won this week.", "block")
    largest = won.sort_values(["amount", "opportunity_id"], ascending=[False, True]).to_dict("records")
    more = words.counted(len(largest) - WINS, "more win") if len(largest) > WINS else ""
    items = [
        *(_win(row, names, currency) for row in largest[:WINS]),
        tag("li", f"and {more}") if more else None,
    ]
    return Fragment(
        tag("ul", *items, class_="sentences"), f"{words.counted(len(won), 'win')} this week", "block"
    )


def _win(row: words.Row, names: Mapping[str, str], currency: str) -> Html:
    name = row["opportunity_id"] if style.is_missing(row["name"]) else row["name"]
    amount = style.money(row["amount"], currency) if not style.is_missing(row["amount"]) else "no amount"
    return tag("li", tag("b", client_text(name)), f", {amount}, ", name_of(row["rep_id"], names))


def three_numbers(
    pace: pd.DataFrame,
    coverage: pd.DataFrame,
    win_rate: pd.DataFrame,
    goal_period: Days,
    standard: pd.Series | None,
    currency: str,
) -> Fragment:
    """Booked, open and won: each with what it stands against and a sentence.

    Parameters
    ----------
    pace, coverage, win_rate : pandas.DataFrame
        One row each of ``pace``, ``pipeline_coverage_ratio`` and ``win_rate_by_count``.
    goal_period : Period
    standard : pandas.Series or None
        The agreed win rate.
    currency : str
    """
    cards = (
        _booked(pace.iloc[0], goal_period, currency),
        _open(coverage.iloc[0], goal_period, currency),
        _won(win_rate.iloc[0], standard),
    )
    html = tag(
        "section", tag("h2", "Three numbers", class_="unseen"), *(card for card, _ in cards), class_="three"
    )
    return Fragment(html, "\n".join(text for _, text in cards), "lead")


def _booked(pace: pd.Series, period: Days, currency: str) -> tuple[Html, str]:
    goal = "" if style.is_missing(pace["quota"]) else f"of {style.money(pace['quota'], currency)}"
    gone = pace["business_days_elapsed"] / pace["business_days"] if pace["business_days"] else None
    meter = None if not goal else _meter(pace["attainment_rate"], gone)
    return _card(
        f"Booked, {period.label}",
        style.money(pace["bookings"], currency),
        goal,
        words.booked(pace, period.label, currency),
        meter,
    )


def _open(coverage: pd.Series, period: Days, currency: str) -> tuple[Html, str]:
    ratio, need = coverage["coverage_ratio"], coverage["required_ratio"]
    known = not style.is_missing(ratio)
    return _card(
        f"Coverage, {period.label}" if known else f"Open, {period.label}",
        style.times(ratio) if known else style.money(coverage["open_amount"], currency),
        f"needed {style.times(need)}" if known and not style.is_missing(need) else "",
        words.coverage(coverage, period.label, currency),
    )


def _won(row: pd.Series, standard: pd.Series | None) -> tuple[Html, str]:
    threshold = None if standard is None else float(standard["threshold"])
    return _card(
        "Win rate, 26 weeks",
        style.percent(row["win_rate"]),
        "" if style.is_missing(row["low"]) else style.percent_range(row["low"], row["high"]),
        words.win_rate(row, threshold, 26),
    )


def _card(title: str, number: str, beside: str, sentence: str, meter: Html | None = None) -> tuple[Html, str]:
    big = tag(
        "p",
        number,
        " " if beside else None,
        tag("span", beside, class_="beside") if beside else None,
        class_="big",
    )
    html = tag("div", tag("h3", title), big, meter, tag("p", sentence), class_="number")
    return html, f"{title}: {number} {beside}. {sentence}"


def _meter(rate: float, gone: float | None) -> Html | None:
    """A bar towards the goal with a mark for the time that is gone; the sentence says both."""
    if style.is_missing(rate):
        return None
    mark = "" if gone is None or style.is_missing(gone) else f";--t:{min(gone, 1):.1%}"
    return tag("span", class_="meter", style=f"--v:{min(max(rate, 0), 1):.1%}{mark}", aria_hidden="true")

"""The parts of a one-on-one: promises, the look down, the plan, what to talk about, room to write."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, details, grid, join, tag
from spm_lib.tables.bars import Line, bars, track
from spm_lib.tables.notes import Defined, definition_card

#: Lines left empty for what each of the two takes on, on paper.
EMPTY_LINES = 2
#: Commitments, places of help and plan lines shown at once; the rest is to open.
SHOWN, SHOWN_LINES = 5, 3
#: Signs of a client's line, and of one in a narrow column; the document itself holds the rest.
LONGEST_LINE, SHORT_LINE = 160, 120
#: Where a bar's goal stands; what is beyond still shows.
_FULL = 0.8


class Looked(Protocol):
    """One level of the look, as far as a page prints it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def is_shown(self) -> bool: ...  # noqa: D102
    @property
    def is_last(self) -> bool: ...  # noqa: D102


class Planned(Protocol):
    """A rep's own plan, as far as a page prints it."""

    @property
    def goals(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def targets(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def resources(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def development(self) -> tuple[tuple[str, str], ...]: ...  # noqa: D102
    @property
    def personal_goal(self) -> str: ...  # noqa: D102
    @property
    def arithmetic(self) -> dict[Hashable, Any]: ...  # noqa: D102
    @property
    def has_plan(self) -> bool: ...  # noqa: D102
    @property
    def gone_rate(self) -> float: ...  # noqa: D102


def commitments_list(commitments: pd.DataFrame, people: Mapping[str, str]) -> Fragment:
    """What the rep and the manager said they would do, and what became of it.

    Parameters
    ----------
    commitments : pandas.DataFrame
        who, what, made_on, due_on, moved_count, status, why, closed_on, overdue_days, kept.
    people : mapping
        Who -> printed name: the rep, "manager" and "owner".
    """
    if commitments.empty:
        nothing = "Nothing is open, and nothing was closed, since the last one-on-one."
        return Fragment(tag("p", nothing, class_="read"), nothing, "block")
    rows = commitments.to_dict("records")
    items = [_commitment(row, people) for row in rows]
    opened = sum(row["status"] == "open" for row in rows)
    more = len(rows) - SHOWN
    rest = _rest(more, tag("ul", *items[SHOWN:], class_="rows")) if more > 0 else None
    html = join((tag("ul", *items[:SHOWN], class_="rows"), rest))
    return Fragment(html, f"{opened} open of {len(rows)}", "block")


def _commitment(row: words.Row, people: Mapping[str, str]) -> Html:
    status = words.commitment_status(row)
    is_open = row["status"] == "open"
    who = people.get(str(row["who"]), str(row["who"]))
    return tag(
        "li",
        tag("span", client_text(row["what"], LONGEST_LINE)),
        tag("b" if is_open else "span", status, class_=None if is_open else "quiet"),
        tag("span", client_text(who), " · ", client_text(words.commitment_days(row))),
    )


def biggest_win(win: Mapping[str, object], since: str, currency: str, time_zone: str) -> Fragment:
    """The largest win since the last one-on-one.

    Parameters
    ----------
    win : mapping
        name, opportunity_id, amount, outcome_at (UTC), count; empty without one.
    since : str
        "since 11 November", "in the last four weeks".
    currency, time_zone : str
    """
    if not win:
        nothing = f"Nothing was won {since}."
        return Fragment(tag("p", nothing), nothing, "block")
    name = win["opportunity_id"] if style.is_missing(win["name"]) else win["name"]
    on = pd.Timestamp(str(win["outcome_at"])).tz_convert(time_zone)
    amount = style.money(style.number(win["amount"]), currency)
    known = "no amount" if amount == style.DASH else amount
    count = style.number(win["count"])
    more = f", the largest of {words.counted(count, 'win')}" if count > 1 else ""
    said = tag(
        "p",
        f"The biggest win {since}: ",
        tag("b", client_text(name, 100)),
        f", {known}, on {style.day(on, year=False)}{more}. What made it?",
    )
    return Fragment(said, f"Biggest win: {style.plain(name)}, {known}", "block")


def look_down(
    levels: Sequence[Looked], numbers: pd.DataFrame, period: str, currency: str, documents: str
) -> Fragment:
    """Results, then pipeline, then activity, as far down as there is something to ask.

    Parameters
    ----------
    levels : sequence of Level
        Of ``judgement.levels.descend``.
    numbers : pandas.DataFrame
        Six at most: number, level, state, value, hit_count, n, low, high, agreed, note, title, version ...
    period : str
        The goal period's label.
    currency : str
    documents : str
        Id of the section that says what is still to be read.
    """
    rows = numbers.to_dict("records")
    last = next(one for one in levels if one.is_last)
    said = words.level_said(last.name, last.state)
    cards = {
        level.name: [_card(row, period, currency, documents) for row in rows if row["level"] == level.name]
        for level in levels
    }
    shown = [level for level in levels if level.is_shown and cards[level.name]]
    html = join(
        (
            tag("p", said, class_="said-first"),
            tag("div", *(_column(one.name, cards[one.name]) for one in shown), class_="levels"),
            *(
                details(words.folded_level(one.name), _column(one.name, cards[one.name]))
                for one in levels
                if not one.is_shown and cards[one.name]
            ),
        )
    )
    return Fragment(html, said, "block")


def _column(name: str, cards: Sequence[Html]) -> Html:
    """A level with its cards: one below the other beside other levels, side by side where it stands alone."""
    return tag("div", tag("h3", words.capital(name)), tag("div", *cards, class_="cards"), class_="level")


def _card(row: words.Row, period: str, currency: str, documents: str) -> Html:
    number, beside = words.own_value(row, currency)
    basis = words.own_basis(row)
    link: object = client_text(basis) if basis else None
    if row["state"] == "not yet agreed":
        link = tag("a", client_text(basis), href=f"#{documents}")
    return tag(
        "div",
        tag("h4", words.own_title(row, period)),
        tag(
            "p",
            number,
            " " if beside else None,
            tag("span", beside, class_="beside") if beside else None,
            class_="big",
        ),
        tag("p", client_text(words.own_sentence(row, currency))),
        tag("p", link, class_="small") if basis else None,
        class_="number",
    )


def plan_progress(plan: Planned, currency: str, agreed_weekly: float) -> Fragment:
    """The rep's own goals, with what was booked for each and the ways to it.

    Parameters
    ----------
    plan : RepPlan
    currency : str
    agreed_weekly : float
        Conversations of a week that the plan names; missing without any.
    """
    said = words.plan_sum(plan.arithmetic, currency, agreed_weekly)
    if not plan.has_plan:
        none = "There is no individual plan yet: it would be the first thing to write together."
        return Fragment(join((tag("p", none), tag("p", said, class_="read"))), none, "block")
    lines = [_goal(row, plan.gone_rate, currency) for row in plan.goals.to_dict("records")]
    table: Html = tag("p", "The plan names no goal for this period.", class_="read")
    if lines:
        table = bars("The plan’s goals", ("Goal", "Against the goal", "Booked", "Rate"), lines)
    tick = f" The mark on a bar: {style.percent(plan.gone_rate)} of the business days are gone."
    note = tag("p", said, tick if lines and plan.gone_rate == plan.gone_rate else "", class_="read small")
    return Fragment(join((table, note)), said, "block")


def _goal(row: words.Row, gone: float, currency: str) -> Line:
    amount, booked = style.number(row["amount"]), style.number(row["bookings"])
    rate = booked / amount if amount else float("nan")
    ways = (
        tag("div", client_text(f"{what}: {status}"), class_="quiet small")
        for what, status in row["strategies"]
    )
    mark = None if style.is_missing(gone) else gone * _FULL
    won = tag("b", style.money(booked, currency))
    against = f" of {style.money(amount, currency)}, {style.count(row['won_count'])} won"
    name = join((client_text(row["goal"]), *ways))
    return name, track(rate * _FULL, mark=mark, full=_FULL), join((won, against)), style.percent(rate)


def plan_rest(plan: Planned) -> Fragment:
    """Accounts, development and what the company promised for the plan."""
    if not plan.has_plan:
        return Fragment(Html(""), "", "block")
    groups = (
        (
            "What the company promised",
            [f"{words.resource(row)}." for row in plan.resources.to_dict("records")],
        ),
        ("What I want to get better at", [": ".join(filter(None, one)) for one in plan.development]),
        ("Accounts of the plan", [_target(row) for row in plan.targets.to_dict("records")]),
        ("My own goal", [plan.personal_goal] if plan.personal_goal else []),
    )
    parts = [tag("div", tag("h3", head), _lines(lines)) for head, lines in groups if lines]
    html = tag("div", *parts, class_="pair small")
    return Fragment(html, f"{len(parts)} parts of the plan", "block")


def _rest(more: int, items: Html) -> Html:
    """What is beyond the first few: to open on a screen, counted on paper."""
    on_paper = tag("p", f"and {more} more, to open on the screen", class_="on-paper quiet small")
    return join((details(f"{more} more", items), on_paper))


def _target(row: words.Row) -> str:
    opened = style.number(row["open_count"])
    seen = "" if style.is_missing(opened) else f", {style.count(opened)} open"
    return f"{style.plain(row['account'])}{seen}" + (f": {style.plain(row['why'])}" if row["why"] else "")


def _lines(lines: Iterable[str]) -> Html:
    return _first_few([tag("li", client_text(line, SHORT_LINE)) for line in lines])


def _first_few(items: Sequence[Html]) -> Html:
    """A list; what is beyond the first few is to open."""
    more = len(items) - SHOWN_LINES
    rest = _rest(more, tag("ul", *items[SHOWN_LINES:], class_="sentences")) if more > 0 else None
    return join((tag("ul", *items[:SHOWN_LINES], class_="sentences"), rest))


def questions_to_ask(questions: Sequence[str]) -> Fragment:
    """Open questions, three at most."""
    return Fragment(
        tag("ol", *(tag("li", client_text(one)) for one in questions), class_="decisions"),
        "\n".join(questions),
    )


def coaching_focus(coaching: Mapping[str, object]) -> Fragment:
    """The one thing to work on, as a question."""
    said = words.coaching_said(coaching)
    html = join((tag("h3", "One thing to work on"), tag("p", client_text(said))))
    return Fragment(html, said, "note")


def talk_table(talk: pd.DataFrame, currency: str) -> Fragment:
    """The opportunities worth talking about, each with why and its next step.

    Parameters
    ----------
    talk : pandas.DataFrame
        Of ``judgement.agenda.talk_about``.
    currency : str
    """
    if talk.empty:
        nothing = "No open opportunity is on record."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    items = (_talk(row, currency) for row in talk.to_dict("records"))
    return Fragment(tag("ul", *items, class_="rows"), words.opportunities(len(talk)) + " to talk about")


def _talk(row: words.Row, currency: str) -> Html:
    amount = style.money(row["amount"], currency)
    name = row["opportunity_id"] if style.is_missing(row["name"]) else row["name"]
    step = (
        "nothing planned"
        if style.is_missing(row["next_on"])
        else (f"next step {style.day_short(row['next_on'])}")
    )
    close = (
        "no expected close"
        if style.is_missing(row["expected_close"])
        else (f"expected {style.day_short(row['expected_close'])}")
    )
    parts = [row["why"], row["stage"], close, step]
    return tag(
        "li",
        tag("span", client_text(name, 100)),
        tag("b", "no amount" if amount == style.DASH else amount),
        tag("span", client_text(" · ".join(str(part) for part in parts if part))),
    )


def help_list(lines: Sequence[str]) -> Fragment:
    """Where the rep needs somebody else, beside what is talked about."""
    shown = _sentences(lines) if lines else tag("p", "Nothing is written down. What would help?")
    text = words.counted(len(lines), "place") + " where help is needed"
    return Fragment(join((tag("h3", "Where is help needed?"), shown)), text, "note")


def _sentences(lines: Sequence[str]) -> Html:
    """Lines of which the words before the colon are set bold."""
    parts = (line.partition(": ") for line in lines)
    items = [
        tag("li", tag("b", client_text(head)), ": ", client_text(rest, SHORT_LINE)) for head, _, rest in parts
    ]
    return _first_few(items)


_HEADS = ("Document", "Version, in force since", "Done", "Asks")


def documents_table(documents: pd.DataFrame) -> Fragment:
    """The documents in force for the rep: version, days, what is still asked."""
    if documents.empty:
        nothing = "No document of expectations is in force for this rep, so nothing on this page is judged."
        return Fragment(tag("p", nothing, class_="read"), nothing, "block")
    asking = [_document(row) for row in documents[documents["asks"].ne("")].to_dict("records")]
    settled = [_document(row) for row in documents[documents["asks"].eq("")].to_dict("records")]
    said = f"{words.counted(len(settled), 'document')} read, gone through and come back to"
    parts = [
        tag("div", grid("Documents that ask for something", _HEADS, asking), class_="tight")
        if asking
        else None,
        tag("p", f"{said}; nothing is asked.", class_="on-paper") if settled else None,
        details(said, grid("Documents that ask for nothing", _HEADS, settled)) if settled else None,
    ]
    return Fragment(join(parts), f"{words.counted(len(asking), 'document')} to come back to", "block")


def definitions_folded(*definitions: Defined) -> Fragment:
    """How the numbers are made, to open, below them."""
    return replace(definition_card(*definitions), role="block")


def _document(row: words.Row) -> list[object]:
    version = f"{str(row['version'])[:8]}, {style.day_short(row['effective_from'], year=True)}"
    asks = words.document_asks(row)
    shown = tag("span", asks, class_="quiet") if asks == "nothing" else tag("b", asks)
    return [client_text(row["title"], 80), version, words.document_days(row), shown]


def next_commitments(proposals: Mapping[str, Sequence[str]], people: Mapping[str, str]) -> Fragment:
    """Proposals for what each of the two takes on, and on paper the lines to write on.

    Parameters
    ----------
    proposals : mapping
        "manager" and "rep" -> first lines.
    people : mapping
        "manager" and "rep" -> printed name.
    """
    parts = [_own_lines(people[who], proposals.get(who, ())) for who in ("manager", "rep")]
    count = sum(len(lines) for lines in proposals.values())
    return Fragment(tag("div", *parts, class_="pair"), words.counted(count, "proposal"), "block")


def _own_lines(name: str, lines: Sequence[str]) -> Html:
    shown = _lines(lines) if lines else tag("p", "Nothing is proposed.", class_="quiet small")
    empty = (tag("div", tag("span", "by"), class_="write-line") for _ in range(EMPTY_LINES))
    return tag(
        "div",
        tag("h3", client_text(name), ": perhaps"),
        shown,
        tag("div", *empty, class_="on-paper", aria_hidden="true"),
    )

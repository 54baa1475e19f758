"""The parts of an improvement plan's page. Finished tables in; nothing of another rep is in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import pandas as pd

from spm_lib import style, words
from spm_lib.fragment import Fragment, Html, client_text, grid, join, tag
from spm_lib.tables.bars import Line, bars, track
from spm_lib.words import improvement as told

#: Where on a bar the agreed count of a week stands.
_AGREED = 0.6
#: Lines of the company's own part that are printed; the rest are counted.
GAPS = 8


class Proposed(Protocol):
    """An outcome the numbers propose, as far as a page prints it."""

    @property
    def result(self) -> str: ...  # noqa: D102
    @property
    def reasons(self) -> tuple[str, ...]: ...  # noqa: D102


def purpose_box(name: str, gap: pd.DataFrame, where: str, following: str) -> Fragment:
    """What the plan is for, where it stands and when it is looked at next."""
    said = told.purpose(name, gap.iloc[0] if len(gap) else None)
    html = tag(
        "section",
        tag("h2", "What this is for"),
        tag("p", client_text(said), class_="lead"),
        tag("p", " ".join(filter(None, [where, following]))),
        tag("p", "It is read by the rep, the manager and the owner, and by nobody else.", class_="quiet"),
        class_="decide calm",
    )
    return Fragment(html, f"{said} {where}", "lead")


def gap_table(gap: pd.DataFrame, first: date, last: date) -> Fragment:
    """What was agreed and what happened until the plan began, with the range and the test against chance.

    Parameters
    ----------
    gap : pandas.DataFrame
        One row of ``judgement.standing``, or none.
    first, last : datetime.date
        The period it was counted over.
    """
    if not len(gap):
        nothing = "There is no number from before the plan: nothing was recorded, or nothing agreed."
        return Fragment(tag("p", nothing, class_="read"), nothing)
    row = gap.iloc[0]
    word = tag("span", words.standing_word(row), class_="chip" if words.is_told(row) else "quiet")
    value = style.agreed(style.number(row["value"]), str(row["metric"]))
    # the agreed weeks, or as many of them as there were
    counted = {**row, "seen_weeks": min(int(row["weeks"]), -(-((last - first).days + 1) // 7))}
    numbers = "; ".join(filter(None, [words.standing_numbers(counted), words.standing_since(row)]))
    below = [tag("div", text, class_="quiet small") for text in (numbers, style.days(first, last))]
    line: Line = (words.expectation(row), join((_bar(row), *below)), word, value)
    heads = ("What was agreed", "Numbers", "Standing", "Value")
    return Fragment(bars("The gap", heads, [line]), f"{words.expectation(row)}: {numbers}")


def standard_note(said: str, evidence: float) -> Fragment:
    """Where the standard is documented, and how the gap passed the test."""
    test = (
        "A rep who keeps the agreement is ever shown below it in at most 1 case in 20, however often "
        "one looks."
        if evidence >= 20
        else "The gap has not passed the test against chance."
    )
    return Fragment(join((tag("p", client_text(said)), tag("p", test, class_="small"))), said, "note")


def company_part_table(part: pd.DataFrame) -> Fragment:
    """What the company owed the rep: what is open or not recorded first, the rest counted by question.

    What came late is told one by one: it was owed while the results it might have helped were counted.

    Parameters
    ----------
    part : pandas.DataFrame
        ``judgement.company_part``.
    """
    open_ones = part[part["state"].isin(["gap", "not recorded"])]
    items = [tag("li", client_text(row["said"])) for row in open_ones.head(GAPS).to_dict("records")]
    if len(open_ones) > GAPS:
        items.append(tag("li", f"and {len(open_ones) - GAPS} more", class_="quiet"))
    first = (
        tag("ul", *items, class_="sentences")
        if items
        else tag("p", "Nothing of the company’s own part is open.")
    )
    due = part[part["state"].ne("nothing due")].assign(kept=part["state"].eq("kept"))
    # of talks the ledger has one line for all of them, which says how many
    several = due["subject"].ne("")
    counts = due[several].groupby("question", sort=False)["kept"].agg(["sum", "size"])
    kept = [f"{question} {row['sum']} of {row['size']}" for question, row in counts.iterrows()]
    said = [f"Kept so far: {', '.join(kept)}."] if kept else []
    said += list(due.loc[~several & due["kept"], "said"])
    said += list(due.loc[due["state"].eq("late"), "said"])
    text = f"{words.counted(len(open_ones), 'line')} of the company’s own part open"
    return Fragment(join((first, tag("p", client_text(" ".join(said)), class_="read small"))), text, "block")


def reached_table(table: pd.DataFrame) -> Fragment:
    """Whether what is asked can be reached: shares of peers, unnamed, and of the rep's own past."""
    rows: list[list[object]] = []
    for row in table.to_dict("records"):
        every = " a week" if row["metric"] in ("conversations", "meetings_held") else ""
        aim = style.agreed(style.number(row["threshold"]), str(row["metric"]))
        name = f"{style.measure(str(row['metric']))}, {row['direction']} {aim}{every}"
        weeks = words.counted(row["weeks"], "week")
        below = tag("div", f"{row['what']}, over {weeks}", class_="quiet small")
        counts = (tag("span", one, class_="on") if one[:1].isdigit() else one for one in told.reached(row))
        rows.append([join((name, below)), *counts])
    if not rows:
        said = "Whether it can be reached is not known: nobody has enough results."
        return Fragment(tag("p", said), said)
    body = grid("Who reached it before the plan", ["What is asked", "Peers", "Own past"], rows)
    return Fragment(body, f"{len(rows)} lines: who reached it before")


def chance_list(chance: pd.DataFrame) -> Fragment:
    """How far chance reaches, a sentence per criterion."""
    lines = [told.chance_line(row) for row in chance.to_dict("records")]
    items = (_headed(line) for line in lines)
    return Fragment(tag("ul", *items, class_="sentences"), "\n".join(lines), "note")


def _headed(line: str) -> Html:
    head, _, rest = line.partition(":")
    return tag("li", tag("b", head), ":", rest)


def criteria_bars(states: pd.DataFrame) -> Fragment:
    """Each criterion now: bar with the agreed number as a tick, n, range of chance, state.

    Parameters
    ----------
    states : pandas.DataFrame
        ``judgement.criterion_states``.
    """
    now = states[states["at"].eq("now")].to_dict("records")
    heads = ("Criterion", "Numbers since the plan began", "State", "Value")
    lines = [_criterion(row) for row in now]
    text = "\n".join(f"{words.expectation(row)}: {told.state_word(row)}" for row in now)
    return Fragment(bars("The criteria now", heads, lines), text)


def _criterion(row: words.Row) -> Line:
    metric = str(row["metric"])
    numbers = f"{told.criterion_numbers(row)} since the plan began"
    if not style.is_missing(row["low"]) and style.number(row["n"]) >= row["minimum_n"]:
        low, high = (style.agreed(row[name], metric) for name in ("low", "high"))
        numbers += f"; who does what was agreed shows {low if low == high else f'{low} to {high}'}"
    name = join((words.expectation(row), _over(row)))
    state = tag("span", told.state_word(row), class_="chip" if row["state"] == "not yet" else None)
    below = tag("div", numbers, class_="quiet small")
    return name, join((_bar(row), below)), state, style.agreed(style.number(row["value"]), metric)


def _over(row: words.Row) -> Html:
    weeks = words.counted(row["weeks"], "week")
    return tag("div", f"over the last {weeks} of the plan", class_="quiet small")


def _bar(row: words.Row) -> Html | None:
    value, aim = style.number(row["value"]), style.number(row["threshold"])
    if style.is_missing(value) or aim <= 0:
        return None
    if row["kind"] == "trials":
        return track(value, mark=aim)
    return track(value / aim * _AGREED, mark=_AGREED)


def criteria_table(states: pd.DataFrame) -> Fragment:
    """Each criterion before the plan and at each of its days that has come, with n; the others by name."""
    rows, heads, to_come = [], ["Criterion"], []
    for number in states["criterion"].unique():
        every = states[states["criterion"].eq(number) & states["at"].ne("now")].to_dict("records")
        mine = [row for row in every if row["state"] != "to come"]
        to_come = [style.day(row["on"]) for row in every if row["state"] == "to come"]
        rows.append([words.expectation(every[0]), *map(_cell, mine)])
        heads[1:] = ["Before" if row["at"] == "start" else style.day_short(row["on"]) for row in mine]
    body = grid("The criteria at each checkpoint", heads, rows)
    later = tag("p", f"To come: {words.listed(to_come)}.", class_="read small") if to_come else None
    return Fragment(tag("div", body, later, class_="plan"), f"{len(rows)} criteria, each checkpoint", "block")


def _cell(row: words.Row) -> Html:
    value = style.agreed(style.number(row["value"]), str(row["metric"]))
    return join((value, tag("div", told.criterion_numbers(row), class_="quiet small")))


def dated_line(dates: pd.DataFrame, on: date) -> Fragment:
    """The plan's days as one line in order, with how much of the time has passed."""
    days = [day.date() for day in dates["on"]]
    whole = (days[-1] - days[0]).days
    passed = min(max((on - days[0]).days / whole, 0.0), 1.0) if whole else 0.0
    rows = dates.to_dict("records")
    cells = [
        [told.day_name(str(row["name"])), _day(row["on"]), tag("span", _passed(row), class_="quiet")]
        for row in rows
    ]
    body = grid("The days of the plan", ["What", "Day", "State"], cells)
    text = ", ".join(f"{row['name']} {style.day(row['on'])}" for row in rows)
    return Fragment(tag("div", track(passed), body, class_="plan"), text, "block")


def _day(on: date) -> Html:
    """A day on one line, however narrow its column is."""
    return tag("span", style.day_short(on, year=True), class_="on")


def _below(first: object, said: str) -> Html:
    """What a row is about, and its small print below it: a column less on a phone."""
    return join((first, tag("div", said, class_="quiet small")))


def _passed(row: words.Row) -> str:
    return "passed" if row["is_past"] else "to come"


def support_table(support: pd.DataFrame) -> Fragment:
    """What the company provides, by whom, by when, and what became of it."""
    rows = [
        [
            _below(client_text(row["what"]), f"{row['by']}, by {style.day_short(row['due'], year=True)}"),
            told.support_state(row),
        ]
        for row in support.to_dict("records")
    ]
    given = int(support["done_on"].notna().sum())
    body = grid("What the company provides", ["What, by whom and by when", "State"], rows)
    said = f"{given} of {len(support)} given so far."
    return Fragment(tag("div", body, tag("p", said, class_="read small"), class_="plan"), said, "block")


def external_table(external: pd.DataFrame) -> Fragment:
    """What lies outside the rep's hands, when it was looked at, and what was found."""
    rows = []
    for row in external.to_dict("records"):
        looked = not style.is_missing(row["checked_on"])
        found = client_text(row["found"]) if looked else tag("span", "not looked at yet", class_="quiet")
        name = words.capital(style.plain(row["what"], 60))
        when = f"looked at on {style.day_short(row['checked_on'], year=True)}"
        rows.append([_below(name, when) if looked else name, found])
    open_count = int(external["checked_on"].isna().sum())
    body = grid("What lies outside the rep’s hands", ["What", "Found"], rows)
    said = f"{len(rows)} external factors, {open_count} not looked at yet"
    return Fragment(tag("div", body, class_="plan"), said, "block")


def check_in_table(check_ins: pd.DataFrame) -> Fragment:
    """Talks about the plan, oldest first."""
    if not len(check_ins):
        nothing = "No talk about the plan is on record yet."
        return Fragment(tag("p", nothing), nothing)
    rows = [
        [_below(_day(row["on"]), str(row["kind"])), client_text(row["said"])]
        for row in check_ins.to_dict("records")
    ]
    return Fragment(grid("Talks", ["Day", "What it was about"], rows), f"{len(rows)} talks")


def own_words(comment: str | None, name: str) -> Fragment:
    """The rep's own words, or room for them."""
    if not comment:
        said = f"{style.plain(name)} has not written anything yet. This is the place for it."
        lines = (tag("span", class_="sign") for _ in range(3))
        return Fragment(join((tag("p", client_text(said), class_="quiet"), *lines)), said, "note")
    html = join((tag("h3", f"In {style.plain(name)}’s own words"), tag("p", "“", client_text(comment), "”")))
    return Fragment(html, style.plain(comment), "note")


def steps_table(steps: pd.DataFrame, names: Sequence[str]) -> Fragment:
    """Each step of the plan: read, gone through together, and a line to sign on paper.

    Parameters
    ----------
    steps : pandas.DataFrame
        step, read_on, reviewed_on.
    names : sequence of str
        Who signs: the rep, the manager.
    """
    rows = [
        [
            _below(told.STEPS[str(row["step"])], told.step_done(row)),
            *(tag("span", class_="sign") for _ in names),
        ]
        for row in steps.to_dict("records")
    ]
    heads = ["Step", *(client_text(name) for name in names)]
    whole = int((steps["read_on"].notna() & steps["reviewed_on"].notna()).sum())
    said = f"{whole} of {len(steps)} steps read and gone through together."
    note = tag("p", f"{said} A signature says: read and talked about, not agreed with.", class_="read small")
    body = grid("What has been gone through", heads, rows)
    return Fragment(tag("div", body, note, class_="plan"), said, "block")


def outcome_list(outcomes: Sequence[str], proposal: Proposed) -> Fragment:
    """What came of it; while it runs, what the numbers propose, with the reasons."""
    if outcomes:
        items = (tag("li", client_text(one)) for one in outcomes)
        return Fragment(tag("ul", *items, class_="sentences"), "\n".join(outcomes))
    said = told.proposal(proposal.result)
    reasons = tag("ul", *(tag("li", client_text(one)) for one in proposal.reasons), class_="sentences")
    html = join((tag("p", tag("b", said)), reasons))
    return Fragment(html, f"{said} {' '.join(proposal.reasons)}")


def plan_prose(prose: Sequence[str]) -> Fragment:
    """The plan's own words, as they were written for people; a heading with nothing below it is left out."""
    headed = [one.startswith("#") for one in prose]
    told = [one for n, one in enumerate(prose) if not (headed[n] and all(headed[n + 1 : n + 2]))]
    if not told:
        return Fragment(Html(""), "", "block")
    head = tag("h3", "In the plan’s own words")
    text = " ".join(" ".join(one.split()) for one in told)
    return Fragment(tag("div", head, *map(_paragraph, told), class_="read"), text, "block")


def _paragraph(text: str) -> Html:
    lines = text.splitlines()
    if lines[0].startswith("#"):
        heading = tag("h4", client_text(lines[0].lstrip("# ")))
        return join((heading, _paragraph("\n".join(lines[1:])))) if len(lines) > 1 else heading
    if all(line.startswith("- ") for line in lines):
        return tag("ul", *(tag("li", client_text(line[2:])) for line in lines), class_="sentences")
    return tag("p", client_text(text))


def what_follows(sustain: str) -> Fragment:
    """Who decides, and the time after success."""
    fixed = (tag("p", one) for one in (told.PEOPLE_DECIDE, told.CONSEQUENCE, sustain))
    return Fragment(join(fixed), f"{told.PEOPLE_DECIDE} {sustain}", "note")

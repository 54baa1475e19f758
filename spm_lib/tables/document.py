"""An expectation document for the person who reads it: its front matter as plain tables and lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from spm_lib import style, words
from spm_lib.fragment import Html, client_text, grid, join, tag

Front = Mapping[str, Any]
#: A heading of the page, and what stands below it.
Part = tuple[str, Html]

_STATUS = {"planned": "planned", "under_way": "under way", "done": "done", "dropped": "dropped"}
_SCOPES = {"opportunity": "every open opportunity", "account": "every account", "lead": "every lead"}
#: What one step of an acknowledgement is called.
_STEPS = ("Read", "Reviewed together", "Reinforced")


@dataclass(frozen=True)
class Context:
    """What a document is read with.

    Attributes
    ----------
    currency : str
        The client's, where the document names none.
    reps, stages : mapping of str
        Id -> the printed name.
    on : datetime.date
        The day it is read.
    replaced_by : str
        Which version took its place, in words; empty while it holds.
    """

    currency: str
    on: date
    reps: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    replaced_by: str = ""

    def rep(self, name: str) -> str:
        """A rep's printed name; a role as it stands."""
        return self.reps.get(name, name)


def document_parts(kind: str, front: Front, context: Context) -> list[Part]:
    """What a document says in its front matter, under headings, in the order it is read.

    Parameters
    ----------
    kind : str
        "sales_process".
    front : mapping
        The checked front matter as plain values, its keys as the documents spell them.
    context : Context
    """
    parts = [*_KINDS[kind](front, context), *_standards(front, context), ("In short", _facts(front, context))]
    return [(heading, html) for heading, html in parts if html]


def acknowledged_table(rows: Sequence[Mapping[str, Any]]) -> Html:
    """Who has read this version, reviewed it together and come back to it; for the manager alone.

    Parameters
    ----------
    rows : sequence of mapping
        name, read_on, reviewed_on, reinforced_on; a missing day is one that has not come yet.
    """
    if not rows:
        return tag("p", "Nobody is asked to acknowledge it.")
    cells = [
        [
            client_text(row["name"]),
            *(_on(row[step]) for step in ("read_on", "reviewed_on", "reinforced_on")),
        ]
        for row in rows
    ]
    return grid("Acknowledged", ["Who", *_STEPS], cells)


def _on(day: date | None) -> Html:
    return (
        tag("span", "not yet", class_="quiet")
        if day is None
        else tag("span", style.day_short(day, year=True))
    )


# --- what all documents carry


def _facts(front: Front, context: Context) -> Html:
    """When it holds, for whom, who acknowledges it, and how often it is looked at again."""
    whose = front["applies_to"][0] if len(front["applies_to"]) == 1 else "rep"
    # "rep" is every salesperson it is for, and a plan is for one
    asked = [context.rep(whose if one == "rep" else one) for one in front["acknowledged_by"]]
    lines = [
        ("Holds", _holds(front, context.on)),
        ("Replaced by", context.replaced_by and client_text(context.replaced_by)),
        ("For", _listed([context.rep(one) for one in front["applies_to"]] or ["everybody"])),
        ("Acknowledged by", _listed(asked or ["everybody it is for"])),
        ("Reviewed every", front["review_every"] and client_text(front["review_every"])),
        ("Replaces", front["supersedes"] and client_text(front["supersedes"])),
    ]
    return _pairs(lines)


def _holds(front: Front, on: date) -> str:
    first, end = front["effective_from"], front["effective_to"]
    if first == date(9999, 12, 31):
        return "not yet: it is being written"
    began = f"{'since' if first <= on else 'from'} {style.day(first)}"
    if end is None:
        return began
    until = style.day(end - timedelta(days=1))
    return f"{began}, until {until}" if on < end else f"from {style.day(first)} until {until}, no longer"


def _standards(front: Front, context: Context) -> Iterator[Part]:
    """What the number is that it is judged by: never without how many it takes."""
    rows = []
    for one in front["judged_by"]:
        side, value = (
            ("at least", one["at_least"]) if one["at_least"] is not None else ("at most", one["at_most"])
        )
        said = f"{side} {style.agreed(value, one['metric'])}"
        weeks = words.counted(one["weeks"], "week")
        name = style.measure(one["metric"])
        meant = _listed([context.rep(who) for who in one["applies_to"]]) if one["applies_to"] else None
        named = tag(
            "span", name, join([tag("br"), tag("span", "for ", meant, class_="quiet")]) if meant else None
        )
        rows.append([named, said, weeks, style.count(one["minimum_n"])])
    if rows:
        table = grid("Standards", ["Measure", "Agreed", "Over the last", "From n"], rows, numeric=(3,))
        note = "It is judged only once there are that many, n, to judge by; before that it is too few to say."
        yield "What it is judged by", join([table, tag("p", note, class_="small quiet")])


# --- the seven


def _sales_goals(front: Front, context: Context) -> Iterator[Part]:
    currency = front["currency"] or context.currency
    if front["goals_from"] == "exports":
        yield "Goals", tag("p", "The goals are those of the goals table that the exports bring.")
    of_team = [line for line in front["quotas"] if line["team"]]
    if of_team:
        yield "The team's goals", _quotas("The team's goals", of_team, currency)
    whose = dict.fromkeys(line["rep"] for line in front["quotas"] if line["rep"])
    for rep in whose:
        lines = [line for line in front["quotas"] if line["rep"] == rep]
        name = style.plain(context.rep(rep))
        yield f"Quota of {name}", _quotas(f"Quota of {name}", lines, currency)


def _quotas(caption: str, lines: Sequence[Front], currency: str) -> Html:
    rows = [
        [_time(line), _of(line), style.money_exact(line["amount"], currency), _shares(line, currency)]
        for line in lines
    ]
    heads, numeric = ["Period", "Of", "Amount", "Carried"], (2, 3)
    return _grid_of(caption, heads, rows, numeric=numeric)


def _shares(line: Front, currency: str) -> str:
    """What a rep who is still learning, or is there for part of the time, carries of a quota."""
    shares = [line.get(name) for name in ("ramp_rate", "proration_rate") if line.get(name) is not None]
    carried = line["amount"]
    for share in shares:
        carried *= share
    return (
        f"{style.percent(carried / line['amount'])}: {style.money_exact(carried, currency)}"
        if shares and line["amount"]
        else ""
    )


def _time(line: Front) -> str:
    if line["period"]:
        return style.plain(line["period"])
    return style.days(line["from"], line["to"] - timedelta(days=1))


def _of(line: Front) -> object:
    parts = [
        f"{line['business']} business" if line["business"] else None,
        *(line.get(name) for name in ("product_line", "territory", "account")),
    ]
    named = ", ".join(str(part) for part in parts if part)
    return client_text(named) if named else "everything" if _is_narrowed(line) else ""


def _is_narrowed(line: Front) -> bool:
    # one word for the whole is said only where a line beside it may be of a part
    return any(name in line for name in ("business", "product_line", "territory"))


def _job_description(front: Front, context: Context) -> Iterator[Part]:  # noqa: ARG001
    yield "What the job is", _list(front["responsibilities"])
    if front["reports_to"]:
        yield "Reports to", tag("p", client_text(front["reports_to"]))


def _compensation_plan(front: Front, context: Context) -> Iterator[Part]:
    currency = front["currency"] or context.currency
    yield "What is paid", _pairs(list(_pay(front, currency)))
    tiers = [
        [_from(tier["from"], front["tiers_by"], currency), _exact(tier["rate"])] for tier in front["tiers"]
    ]
    if tiers:
        by = (
            "the sales beyond each point"
            if front["applied"] == "marginal"
            else "everything, once the point is reached"
        )
        table = _grid_of("Commission", ["Beyond", "Rate"], tiers, numeric=(1,))
        yield "Commission", join([table, tag("p", f"Each rate is paid on {by}.", class_="small quiet")])
    more: list[list[object]] = [
        [client_text(f"beyond {_exact(one['beyond'])} of the quota"), f"{_plain_number(one['times'])}×"]
        for one in front["accelerators"]
    ]
    more += [[_of(one), f"{_plain_number(one['times'])}×"] for one in front["multipliers"]]
    if more:
        yield (
            "What counts more",
            _grid_of("What counts more", ["For", "The commission counts"], more, numeric=(1,)),
        )


def _pay(front: Front, currency: str) -> Iterator[tuple[str, object]]:
    period = "each month" if front["commission_period"] == "month" else "each goal period"
    if base := front["base"]:
        per = "month" if base["per"] == "month" else "commission period"
        yield "Base", f"{style.money_exact(base['amount'], currency)} a {per}"
    yield "Commission is counted", period
    if front["quota"] is not None:
        yield "Quota of the plan", f"{style.money_exact(front['quota'], currency)} {period}"
    if draw := front["draw"]:
        back = "taken back from later commission" if draw["recoverable"] else "never taken back"
        yield "Paid at least", f"{style.money_exact(draw['amount'], currency)} {period}, {back}"
    yield "Cap", "none" if front["cap"] is None else f"{style.money_exact(front['cap'], currency)} {period}"
    after = words.counted(front["payable_after_days"], "day")
    yield "Payable", f"{after} after the win" if front["payable_after_days"] else "from the win on"
    yield "Paid on", front["payout_day"] and client_text(front["payout_day"])


def _from(point: Any, by: str, currency: str) -> str:
    return style.money_exact(point, currency) if by == "amount" else f"{_exact(point)} of the quota"


def _exact(rate: Any) -> str:
    """A rate as it was agreed, never rounded: 0.065 -> "6.5%"."""
    return f"{_plain_number(float(rate) * 100)}%"


def _plain_number(value: Any) -> str:
    return f"{round(float(value), 6):,.6f}".rstrip("0").rstrip(".")


def _sales_process(front: Front, context: Context) -> Iterator[Part]:
    yield (
        "The stages",
        join(_stage(n, stage) for n, stage in enumerate(front["stages"], start=1))
        if front["stages"]
        else join(()),
    )
    promises = [
        ("A lead is answered within", _hours(front["lead_response_hours"])),
        ("Prospecting", _cadence(front["prospecting"], context)),
        ("Nurturing", _cadence(front["nurturing"], context)),
    ]
    yield "How often a customer hears from us", _pairs(promises)


def _stage(number: int, stage: Front) -> Html:
    """One stage: what it means, and what must be true before an opportunity leaves it."""
    ends = {"won": "won", "lost": "lost", "disqualified": "disqualified"}.get(stage["category"])
    days = stage["expected_days"]
    usual = f" · usually up to {words.counted(days, 'day')}" if days else ""
    leave = stage["exit_criteria"]
    criteria = [leave] if isinstance(leave, str) else list(leave or ())
    return tag(
        "div",
        tag(
            "p",
            tag("b", f"{number}. ", client_text(stage["name"])),
            ends and f" · {ends}",
            tag("span", usual, class_="quiet") if usual else None,
        ),
        tag("p", client_text(stage["definition"])) if stage["definition"] else None,
        tag("p", tag("span", "Done when: ", class_="quiet"), join(_spaced(criteria))) if criteria else None,
        class_="definition",
    )


def _spaced(texts: Iterable[str]) -> Iterator[Html]:
    for n, text in enumerate(texts):
        yield join([" " if n else None, client_text(text)])


def _hours(hours: float | None) -> str | None:
    return None if hours is None else words.counted(hours, "working hour")


def _cadence(cadence: Front | None, context: Context) -> Html | None:
    if cadence is None:
        return None
    said = [client_text(cadence["in_words"])] if cadence["in_words"] else []
    for one in cadence["every"]:
        name = context.stages.get(one["id"], one["id"]) if one["id"] else None
        narrowed = join([f"{one['scope']} ", client_text(name)]) if name else _SCOPES[one["scope"]]
        said.append(join([narrowed, f" at least every {words.counted(one['days'], 'day')}"]))
    return join(join([tag("br") if n else None, one]) for n, one in enumerate(said))


def _crm_usage(front: Front, context: Context) -> Iterator[Part]:
    rules = [
        join(
            [style.label(one["rule"]), f": {style.count(one['limit'])}" if one["limit"] is not None else None]
        )
        for one in front["rules"]
    ]
    lines = [
        (
            "Written down within",
            None if front["log_within_hours"] is None else words.counted(front["log_within_hours"], "hour"),
        ),
        ("Next step", front["next_step_rule"] and client_text(front["next_step_rule"])),
    ]
    yield "How we keep it", _pairs(lines)
    if front["required_fields"]:
        rows = [
            [
                client_text(context.stages.get(stage, stage)),
                _listed([style.label(name).lower() for name in fields]),
            ]
            for stage, fields in front["required_fields"].items()
        ]
        yield "What is filled in", grid("What is filled in", ["From the stage", "Fields"], rows)
    yield "What is looked at every week", _list(rules)


def _individual_plan(front: Front, context: Context) -> Iterator[Part]:
    if front["goals"]:
        rows = [
            [_time(goal), _of(goal), style.money_exact(goal["amount"], context.currency)]
            for goal in front["goals"]
        ]
        yield "Goals", _grid_of("Goals", ["Period", "Of", "Goal"], rows, numeric=(2,))
    yield "How", _list(_strategies(front["goals"]))
    yield (
        "What I want for myself",
        tag("p", client_text(front["personal_goal"])) if front["personal_goal"] else join(()),
    )
    accounts = [
        join(
            [
                client_text(one["name"] or one["id"]),
                join([": ", client_text(one["why"])]) if one["why"] else None,
            ]
        )
        for one in front["target_accounts"]
    ]
    yield "Accounts I am after", _list(accounts)
    week = [
        join([f"{_plain_number(one['count'])} ", client_text(one["what"])])
        for one in front["weekly_activity"]
    ]
    yield "A usual week", join([_list(week), _assumed(front["assumptions"], context.currency)])
    yield "What stands in the way", _list(_answered(one["what"], one["answer"]) for one in front["obstacles"])
    yield (
        "What I want to get better at",
        _list(
            join([_answered(one["what"], one["how"]), _due("by", one["due"])]) for one in front["development"]
        ),
    )
    yield "What the company supplies", _list(_resource(one, context) for one in front["resources"])
    changes = [
        join(
            [
                f"{style.day(one['amended_on'])}: ",
                client_text(one["what"]),
                " (",
                client_text(one["reason"]),
                ")",
            ]
        )
        for one in front["amendments"]
    ]
    yield "What was changed since", _list(changes)
    yield "Agreed", tag("p", f"On {style.day(front['agreed_on'])}.") if front["agreed_on"] else join(())


def _strategies(goals: Sequence[Front]) -> Iterator[Html]:
    """The ways to the goals, each with the periods it serves."""
    ways: dict[tuple[object, ...], list[str]] = {}
    for goal in goals:
        for one in goal["strategies"]:
            key = (one["what"], one["status"], one["due"], one["why"])
            ways.setdefault(key, []).append(_time(goal))
    for (what, status, due, why), times in ways.items():
        when = words.listed(list(dict.fromkeys(times)))
        because = join([": ", client_text(why)]) if why else None
        yield join(
            [
                client_text(what),
                tag("span", f" · {when} · {_STATUS[str(status)]}", because, class_="quiet"),
                _due("by", due),
            ]
        )


def _assumed(assumptions: Front | None, currency: str) -> Html | None:
    if assumptions is None:
        return None
    talks, rate, amount = (
        assumptions[name] for name in ("conversations_per_opportunity", "win_rate", "amount_per_win")
    )
    told = [
        *([f"{_plain_number(talks)} conversations an opportunity"] if talks is not None else []),
        *([f"{_exact(rate)} of the opportunities won"] if rate is not None else []),
        *([f"{style.money_exact(amount, currency)} a win"] if amount is not None else []),
    ]
    return tag("p", f"This rests on {words.listed(told)}.", class_="small quiet") if told else None


def _resource(one: Front, context: Context) -> Html:
    by = join([" · ", client_text(context.rep(one["promised_by"]))]) if one["promised_by"] else None
    supplied = f" · supplied on {style.day(one['supplied_on'])}" if one["supplied_on"] else None
    return join(
        [
            client_text(one["what"]),
            tag("span", by, supplied, class_="quiet"),
            None if supplied else _due("by", one["due"]),
        ]
    )


def _answered(what: str, answer: str | None) -> Html:
    return join([client_text(what), join([": ", client_text(answer)]) if answer else None])


def _due(word: str, day: object) -> Html | None:
    return tag("span", f" · {word} {style.day(day)}", class_="quiet") if isinstance(day, date) else None


def _team_culture(front: Front, context: Context) -> Iterator[Part]:  # noqa: ARG001
    yield "What we agreed on", _list(front["agreements"])
    yield "What we ask from time to time", _list(front["pulse_questions"])


_KINDS: dict[str, Callable[[Front, Context], Iterator[Part]]] = {
    "sales_goals": _sales_goals,
    "job_description": _job_description,
    "compensation_plan": _compensation_plan,
    "sales_process": _sales_process,
    "crm_usage": _crm_usage,
    "individual_plan": _individual_plan,
    "team_culture": _team_culture,
}


# --- shapes


def _list(items: Iterable[object]) -> Html:
    """A list; nothing where there is nothing to list."""
    lines = [tag("li", one if isinstance(one, Html) else client_text(one)) for one in items]
    return tag("ul", *lines, class_="sentences") if lines else join(())


def _listed(names: Sequence[str]) -> Html:
    return join(join([", " if n else None, client_text(name)]) for n, name in enumerate(names))


def _pairs(lines: Sequence[tuple[str, object]]) -> Html:
    """Names with what is said of them; a name without anything is left out."""
    told = [part for head, text in lines if text for part in (tag("dt", head), tag("dd", text))]
    return tag("div", tag("dl", *told), class_="definition") if told else join(())


def _grid_of(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]], *, numeric: Iterable[int]
) -> Html:
    """A table without the columns that say nothing in any row."""
    kept = [
        n for n in range(len(heads)) if n == 0 or any(str(row[n]) not in ("", "everything") for row in rows)
    ]
    right = [place for place, n in enumerate(kept) if n in set(numeric)]
    return grid(caption, [heads[n] for n in kept], [[row[n] for n in kept] for row in rows], numeric=right)

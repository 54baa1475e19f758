"""Sentences of the whole dated trail of one rep: facts with their days, kind, without a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from spm_lib import style
from spm_lib.words.said import Row, capital, counted, listed
from spm_lib.words.standings import standing_numbers, standing_word

#: What the trail is, for whoever opens it.
PURPOSE = (
    "This is everything on record, in order of time: what was agreed and when it was read, the talks, what "
    "both sides said they would do, what the company provided, and where the numbers stood. It says what "
    "happened and gives no opinion."
)
READERS = "It is for the rep, the manager and the owner. Nobody else on the team is named in it."
#: What no line can hold, said so that nobody takes it for missing by accident.
NOT_IN_IT = (
    "The notes below a meeting’s facts stay in the meeting’s file, and so does what somebody wrote for "
    "themselves alone.",
    "Standings are counted anew for the end of the week in which one changed, from what is known today of "
    "that time; only a change is a line. A week with too few results to say anything is no line.",
    "A file without an entry proves nothing: what nobody wrote down is said to be not on record, and not "
    "that it did not happen.",
)
_STEPS = {"read": "read", "reviewed": "gone through together", "reinforced": "brought back in a meeting"}
_MEETINGS = {"team": "Team meeting", "one_on_one": "One-on-one", "improvement": "Improvement meeting"}


def meeting_name(kind: str) -> str:
    """What a meeting is called on the trail."""
    return _MEETINGS.get(kind, capital(style.label(kind)))


def document_name(kind: str) -> str:
    """What a kind of document is called."""
    return capital(style.label(kind))


def joined(name: str) -> str:
    """The first day on the team."""
    return f"First day of {style.plain(name)} on the team."


def left(name: str) -> str:
    """The first day no longer on the team."""
    return f"From this day on {style.plain(name)} is no longer on the team."


def in_force(title: str, version: str, since: date, on: date, judged: Sequence[str], replaced: str) -> str:
    """A version of a document begins to apply to a rep."""
    began = (
        "In force from this day on"
        if since == on
        else f"Applies from this day on, in force since {style.day(since)}"
    )
    instead = f", in the place of version {replaced}" if replaced else ""
    asks = f" It asks for: {'; '.join(judged)}." if judged else ""
    return f"{began}: “{style.plain(title)}”, version {version}{instead}.{asks}"


def no_longer(version: str) -> str:
    """A document stops applying, and none takes its place."""
    return f"Version {version} no longer applies, and no other takes its place."


def asked(metric: str, direction: str, threshold: float, weeks: int, minimum: int) -> str:
    """One standard: "win rate by count at least 30% over 26 weeks, from 10 results on"."""
    name = style.measure(metric)
    small = name if name[1:2].isupper() else f"{name[:1].lower()}{name[1:]}"
    over = counted(weeks, "week")
    number = style.agreed(threshold, metric)
    return f"{small} {direction} {number} over {over}, once there are {minimum} to judge by"


def promised(what: str, due: date | None, by: str) -> str:
    """What the company promised."""
    when = f", by {style.day(due)}" if due else ", without a day"
    return f"Promised by {style.plain(by)}: {style.plain(what)}{when}."


def acknowledged(step: str, version: str, on_file: bool) -> str:
    """One step of an acknowledgement."""
    gone = "" if on_file else "; these words were edited since and are no longer on file"
    return f"Version {version} {_STEPS[step]}{gone}."


def held(
    topics: Sequence[str], coached: Sequence[tuple[str, str]], taught: Sequence[str], documents: Sequence[str]
) -> str:
    """A meeting that took place: what it was about."""
    parts = [f"Held. {'; '.join(map(style.plain, topics))}." if topics else "Held."]
    for focus, note in coached:
        parts.append(f"Coached on {focus}{f': {style.plain(note)}' if note else ''}.")
    if taught:
        parts.append(f"Learnt together: {'; '.join(map(style.plain, taught))}.")
    if documents:
        parts.append(f"Came back to: {listed([style.label(one) for one in documents])}.")
    return " ".join(parts)


def missed(reason: str) -> str:
    """A meeting that did not take place, with its reason."""
    return f"Not held: {style.plain(reason)}."


def nothing_on_record(starts: date, due: date) -> str:
    """A promised meeting nobody wrote anything of."""
    return f"One was due between {style.day(starts)} and {style.day(due)}; nothing is on record of it."


def committed(who: str, what: str, due: date) -> str:
    """Somebody says what they will do."""
    return f"{style.plain(who)} will do by {style.day(due)}: {style.plain(what)}."


def moved(who: str, what: str, due: date, *, late: bool) -> str:
    """The day of a commitment is moved."""
    after = ", after its day had passed" if late else ""
    return f"{style.plain(who)}’s commitment “{style.plain(what)}” is moved to {style.day(due)}{after}."


def closed(who: str, what: str, status: str, due: date, on: date, why: str | None) -> str:
    """What became of a commitment."""
    named = f"{style.plain(who)}’s commitment “{style.plain(what)}”"
    if status == "dropped":
        return f"{named} is dropped{f': {style.plain(why)}' if why else ''}."
    return f"{named} is done, {_against(due, on)}."


def still_open(who: str, what: str, as_of: date) -> str:
    """A commitment whose day passed."""
    return (
        f"{style.plain(who)}’s commitment “{style.plain(what)}” was due on this day; by {style.day(as_of)} "
        "nothing on record says that it was done."
    )


def provided(what: str, verb: str, due: date | None, on: date) -> str:
    """Something the company supplied or paid, against its promise."""
    against = "no day was promised" if due is None else _against(due, on)
    return f"{capital(style.plain(what))}: {verb}, {against}."


def not_provided(what: str, verb: str, as_of: date, *, recorded: bool = True) -> str:
    """Something that was due on a day and is not there."""
    name = capital(style.plain(what))
    if not recorded:
        return f"{name} was due on this day; whether it was {verb} is not on record."
    return f"{name} was due on this day; by {style.day(as_of)} it was not {verb}."


def _against(due: date, on: date) -> str:
    if on <= due:
        return f"in time (due on {style.day(due)})"
    return f"{counted((on - due).days, 'day')} after its day ({style.day(due)})"


def standing(row: Row, before: str) -> str:
    """A standing that changed: what it is now, what it was, and the numbers."""
    was = f", before that “{before}”" if before else ""
    numbers = standing_numbers(row)
    return f"“{standing_word(row)}”{was}{f': {numbers}' if numbers else ''}."


def plan_begins(ends_on: date, standard: str, gap: str) -> str:
    """The first day of an improvement plan."""
    short = f" What was short of it: {gap}." if gap else ""
    return f"Begins, until {style.day(ends_on)}. {standard}{short}"


def plan_asks(number: int, criterion: str, weeks: int) -> str:
    """One of the things a plan is measured by."""
    return f"Measured by {number}: {criterion}, over the last {counted(weeks, 'week')} of the plan."


def comment(name: str, words: str) -> str:
    """The rep's own words, which carry no day of their own."""
    return f"In the words of {style.plain(name)}, which the file holds without a day: “{style.plain(words)}”"


def plan_step(step: str, how: str) -> str:
    """A step of a plan was read, or gone through together."""
    return f"“{step}” {_STEPS[how]}."


def looked_at(what: str, found: str) -> str:
    """Something outside the rep's hands."""
    return f"Looked at what lies outside the rep’s hands, {style.plain(what)}: {style.plain(found)}."


def checkpoint(name: str, parts: Sequence[str]) -> str:
    """Where each criterion stood on a day of the plan."""
    return f"{name}. {'; '.join(parts)}."


def criterion(expected: str, state: str, numbers: str) -> str:
    """One criterion at a checkpoint."""
    return f"{expected}: {state} ({numbers})"


def sustained(until: date) -> str:
    """The time after success ends."""
    return f"Until this day, {style.day(until)}, what was reached was looked after."


def talks(held_count: int, due_count: int, missed_count: int, unrecorded: int) -> str:
    """One-on-ones held of those promised."""
    if not due_count:
        return "No promised one-on-one is due by now."
    rest = [
        f"{missed_count} not held, with a reason" if missed_count else "",
        f"{unrecorded} not on record" if unrecorded else "",
    ]
    more = f"; {listed([one for one in rest if one])}" if any(rest) else ""
    return f"{held_count} of {due_count} promised one-on-ones were held{more}."


def coached(days: Sequence[date]) -> str:
    """How often there was coaching, and since when."""
    if not days:
        return "No coaching is on record."
    times = counted(len(days), "time")
    return f"Coached {times}, first on {style.day(days[0])}, last on {style.day(days[-1])}."


def kept(who: str, kept_count: int, n: int) -> str:
    """Commitments that were done by their day, of those whose day has come."""
    if not n:
        return f"{who}: no commitment is due by now."
    return f"{who}: {kept_count} of {counted(n, 'commitment')} done by the agreed day."


def where_now(states: Sequence[str]) -> str:
    """The latest standings that could be told."""
    return f"Latest standings: {'; '.join(states)}." if states else "Nothing agreed could be judged yet."


def part_counted(gaps: int, unknown: int, late: int, kept_count: int, on: date) -> str:
    """The company's own part in numbers."""
    came = f"{kept_count} kept, {late} late" if late else f"{kept_count} kept"
    return f"The company’s own part on {style.day(on)}: {came}, {gaps} open, {unknown} not on record."

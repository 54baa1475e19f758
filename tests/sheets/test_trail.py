"""`spm share --trail`: everything on record of one rep in order of time, and nothing of anybody else."""

from __future__ import annotations

import html as markup
import re
from datetime import date, timedelta

import pandas as pd
import pytest

from spm_lib import open_review, open_trail
from spm_lib.client import Client, Rep
from spm_lib.errors import DocumentError
from spm_lib.fragment import stylesheet_text
from spm_lib.share import share_trail
from spm_lib.sheets.names import unnamed
from tests.cli.conftest import spm  # noqa: F401 (a fixture)
from tests.sheets.making import PLANTED, make

TODAY = date(2026, 11, 25)
TALK = """\
---
kind: one_on_one
held_on: 2026-10-26
attendees: [ana, manager]
topics: [How Petra asks, what ZIMMER PETRA and petra zimmer did]
coaching: [{focus: skill, note: Sit in with Petra}]
reinforced: [sales_process]
commitments:
  - {id: ana-call, who: ana, what: "Call the mill ", due: 2026-11-09}
  - {id: cards, who: manager, what: Bring Zimmer's cards, due: 2026-11-02, status: dropped, why: No more}
belief: {lost_faith: true, checked: Quetzal belief}
private: Quetzal private
---
Quetzal prose.
"""
MISSED = "---\nkind: one_on_one\nmissed: The manager was ill\nrep: ana\n---\n"
PLAN = """\
---
rep: ana
expectation: win_rate_by_count
starts_on: 2026-10-19
checkpoints: [2026-11-18]
ends_on: 2026-12-18
criteria:
  - {metric: conversations, at_least: 5, weeks: 4, minimum_n: 2}
  - {metric: win_rate_by_count, at_least: 0.3, weeks: 8, minimum_n: 5}
support:
  - {what: A visit together, by: manager, due: 2026-11-06, done_on: 2026-11-05}
  - {what: A yes or a no about leads, by: owner, due: 2026-11-20}
external: [{what: leads, checked_on: 2026-10-20, found: "As many as Petra has"}]
check_ins: [{on: 2026-11-04, said: Two calls together}]
comment: More time for each call
acknowledged: {gap: {read_on: 2026-10-19, reviewed_on: 2026-10-21}}
---
Words.
"""
LEDGER = """\
rep,kind,what,due_on,done_on
ana,pay,Commission,2026-10-15,2026-10-19
other,pay,Quetzal pay,2026-10-15,
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The tiny client with a colleague whose name stands in Ana's talks, a plan, and another client."""
    made = make(tmp_path_factory.mktemp("trail") / "data", more="")
    folder = made / "tiny"
    named = f"name: Petra Zimmer, known_as: [{PLANTED} Surname]"
    client = (folder / "client.yaml").read_text().replace(f"name: {PLANTED} Surname", named)
    (folder / "client.yaml").write_text(client)
    (folder / "meetings" / "2026-10-26-one_on_one-ana.md").write_text(TALK)
    (folder / "meetings" / "2026-10-12-one_on_one-ana.md").write_text(MISSED)
    owner = folder / "meetings" / "2026-11-10-owner.md"
    told = owner.read_text().replace("Quetzal promise about Ana", "A desk for Ana")
    owner.write_text(
        told.replace("about: ana}", "about: ana}\n  - {id: q, who: owner, what: Quetzal, due: 2026-12-01}")
    )
    (folder / "improvement").mkdir()
    (folder / "improvement" / "2026-10-19-ana.md").write_text(PLAN)
    (folder / "supplied.csv").write_text(LEDGER)
    make(made / "elsewhere")
    (made / "elsewhere" / "tiny").rename(made / "xylophone")
    (made / "elsewhere").rmdir()
    return made


@pytest.fixture(scope="module")
def trail(home):
    return open_trail("tiny", "ana", TODAY, home)


@pytest.fixture(scope="module")
def page(home):
    return share_trail(home, "tiny", "ana", TODAY).html


def said(trail, about):
    """(day, what, file) of the lines about something."""
    rows = trail.lines[trail.lines["about"].eq(about)]
    return [(f"{row.on:%m-%d}", row.said, row.source) for row in rows.itertuples()]


def test_nothing_of_another_rep_nothing_private_and_no_other_client(page):
    text = markup.unescape(re.sub(r"<[^>]+>", "", page))
    for hidden in (
        PLANTED,
        "Petra",
        "Zimmer",
        "zimmer",
        "ZIMMER",
        "belief",
        "Newly",
        "Lea Gone",
        "xylophone",
    ):
        assert hidden not in page
        assert hidden not in text
    assert "How a colleague asks" in text
    assert "Sit in with a colleague" in text
    assert "Bring a colleague's cards" in text
    assert "As many as a colleague has" in text


def test_the_search_would_find_it(home):
    """The other's own trail holds the planted words, so the test above can fail; nothing private is in it."""
    page = share_trail(home, "tiny", "other", TODAY).html
    assert f"Call the mill {PLANTED}" in page
    assert "Quetzal duty" in page
    assert "Ana" not in page
    for private in ("Quetzal private", "Quetzal belief", "Quetzal prose", "Quetzal team"):
        assert private not in page


def test_every_line_is_dated_has_its_file_and_comes_in_order_of_time(trail, page):
    assert trail.lines["on"].is_monotonic_increasing
    assert trail.lines["on"].max() <= pd.Timestamp(TODAY)
    assert trail.lines["source"].str.len().min() > 0
    months = re.findall(r"<h2>(\w+ 2026)</h2>", page)
    assert months[:3] == ["January 2026", "April 2026", "May 2026"]
    assert months[-3:] == ["September 2026", "October 2026", "November 2026"]
    assert page.count("<h1>") == 1


def test_what_was_agreed_and_when_it_was_read(trail):
    process = said(trail, "Sales process")
    version = re.search(r"version (\w+)", process[0][1])[1]
    asked = "It asks for: win rate by count at least 30% over 26 weeks, once there are 10 to judge by."
    assert process == [
        (
            "04-01",
            f"In force from this day on: “How we sell”, version {version}. {asked}",
            "sales_process.md",
        ),
        ("04-02", f"Version {version} read.", "acknowledgements.csv"),
        ("04-08", f"Version {version} gone through together.", "acknowledgements.csv"),
    ]
    promised = [what for _, what, _ in said(trail, "Promise")]
    assert "Promised by Olga Reyes: A tablet, by 4 May 2026." in promised
    assert "A tablet was due on this day; by 25 November 2026 it was not supplied." in promised
    assert said(trail, "Supplied")[0][:2] == ("05-02", "A list: supplied, in time (due on 4 May 2026).")
    assert said(trail, "Paid") == [
        ("10-19", "Commission: paid, 4 days after its day (15 October 2026).", "supplied.csv, line 2")
    ]


def test_meetings_held_missed_and_without_a_word_on_record(trail):
    lines = said(trail, "One-on-one")
    # since 1 September, every 14 days: 14 and 28 September had none, 12 October was missed
    assert [
        (day, what.partition(".")[0].partition(":")[0].partition(" on ")[0]) for day, what, _ in lines
    ] == [
        ("09-14", "One was due between 1 September 2026 and 14 September 2026; nothing is"),
        ("09-28", "One was due between 15 September 2026 and 28 September 2026; nothing is"),
        ("10-12", "Not held"),
        ("10-26", "Held"),
        ("11-09", "Held"),
        ("11-23", "One was due between 10 November 2026 and 23 November 2026; nothing is"),
    ]
    assert lines[2][1:] == ("Not held: The manager was ill.", "2026-10-12-one_on_one-ana.md")
    assert "Came back to: Sales process." in lines[3][1]
    assert trail.summary[0] == (
        "2 of 6 promised one-on-ones were held; 1 not held, with a reason and 3 not on record."
    )
    assert trail.summary[1] == "Coached 2 times, first on 26 October 2026, last on 9 November 2026."


def test_commitments_and_what_became_of_them(trail):
    lines = [(day, what) for day, what, _ in said(trail, "Commitment")]
    call = "Ana Lopez’s commitment “Call the mill”"
    open_since = "was due on this day; by 25 November 2026 nothing on record says that it was done."
    assert [one for one in lines if "mill" in one[1]] == [
        ("10-26", "Ana Lopez will do by 9 November 2026: Call the mill."),
        ("11-09", f"{call} is moved to 16 November 2026."),
        ("11-16", f"{call} {open_since}"),
    ]
    assert (
        "10-26",
        "Robin Hale’s commitment “Bring a colleague's cards” is dropped: No more.",
    ) in lines
    # of the owner's meeting what is said to concern her, and no other word
    assert ("11-10", "Olga Reyes will do by 12 November 2026: A desk for Ana.") in lines


def test_the_plan_from_its_gap_to_its_checkpoint(trail):
    lines = [(day, what) for day, what, _ in said(trail, "Improvement plan")]
    first = lines[0][1]
    assert first.startswith("Begins, until 18 December 2026. Agreed in “How we sell”")
    assert "read and gone through together by 8 April 2026" in first
    assert "What was short of it: Win rate by count, at least 30%: below 30%, 3 of " in first
    assert (
        "10-19",
        "Measured by 1: Conversations, at least 5 a week, over the last 4 weeks of the plan.",
    ) in lines
    assert ("10-21", "“What was agreed, and what happened” gone through together.") in lines
    assert ("11-04", "Check-in: Two calls together") in lines
    assert ("11-05", "A visit together: given, in time (due on 6 November 2026).") in lines
    # Ana decides one every fourth day: 30, 26 ... October; 19 October to 18 November holds eight of them
    days = [date(2026, 11, 21) - timedelta(days=4 * one) for one in range(40)]
    inside = [one for one, day in enumerate(days) if date(2026, 10, 19) <= day <= date(2026, 11, 18)]
    won = sum(one % 10 == 0 for one in inside)
    looked = next(what for day, what in lines if what.startswith("Checkpoint 1."))
    assert f"({won} of {len(inside)})" in looked
    assert any(
        "A yes or a no about leads was due on this day" in what for day, what in lines if day == "11-20"
    )
    assert trail.summary[-1].startswith("Improvement plan of 19 October 2026: Week 6 of 9")


def test_a_standing_is_a_line_in_the_week_in_which_it_became_so(trail, home):
    lines = said(trail, "Win rate by count, at least 30%")
    assert len(lines) >= 2
    assert lines[-1][1].startswith("“below 30%”, before that “watch”")
    rows = trail.lines[trail.lines["about"].eq("Win rate by count, at least 30%")]
    for day in rows["on"].iloc[1:]:
        stood = []
        for on in (day - pd.Timedelta(days=7), day):
            iso = on.isocalendar()
            table = open_review("tiny", f"{iso.year}-W{iso.week:02}", home).standings()
            stood.append(table.loc[table["rep_id"].eq("ana"), "standing"].iloc[0])
        assert stood[0] != stood[1]


def test_what_is_later_than_the_day_is_not_in_it(home):
    early = open_trail("tiny", "ana", date(2026, 10, 20), home)
    assert early.lines["on"].max() == pd.Timestamp("2026-10-20")
    assert "checkpoint" not in " ".join(early.lines["said"]).casefold()
    assert early.summary[-1].startswith("Improvement plan of 19 October 2026: Week 1 of 9")


def test_who_has_left_has_a_trail_until_the_last_day(home):
    left = open_trail("tiny", "lea", TODAY, home)
    assert left.part_on == date(2026, 10, 29)
    assert said(left, "Team") == [
        ("10-30", "From this day on Lea Gone is no longer on the team.", "client.yaml")
    ]


def test_it_is_called_as_its_users_call_it(home, spm, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SPM_HOME", str(home))
    result = spm("share", "tiny", "--trail", "ana")
    assert (result.code, result.out.strip()) == (0, "tiny-trail-ana.html")
    page = (tmp_path / "tiny-trail-ana.html").read_text(encoding="utf-8")
    assert "Made for Ana Lopez, Robin Hale and Olga Reyes" in markup.unescape(re.sub(r"<[^>]+>", "", page))
    both = spm("share", "tiny", "--trail", "ana", "--rep", "ana")
    assert (both.code, "goes with nothing but --out" in both.err) == (2, True)
    nobody = spm("share", "tiny", "--trail", "zoe")
    assert nobody.code != 0
    assert "zoe" in nobody.err
    with pytest.raises(DocumentError, match="rep"):
        open_trail("tiny", "zoe", TODAY, home)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Ask Will, will you?", "Ask a colleague, will you?"),
        ("GREY, WILL", "Colleagues"),
        ("WILL GREY and w.grey@x.example", "Colleagues"),
        ("Grey skies; a grey day", "A colleague skies; a grey day"),
        ("Ana Hale's goodwill", "Ana Hale's goodwill"),
        ("Kim Hale told Ana", "Kim Hale told Ana"),
        ("will-grey", "A colleague"),
    ],
)
def test_names_go_and_words_stay(words, kept):
    reps = (
        Rep(id="ana", name="Ana Hale"),
        Rep(id="will-grey", name="Will Grey", known_as=("w.grey@x.example",)),
    )
    client = Client(
        name="T",
        currency="USD",
        time_zone="UTC",
        manager="Kim",
        owner="Olga",
        reps=(*reps, Rep(id="u7", name="Uma Hale")),
    )
    assert unnamed(client, "ana")(words) == kept


def test_the_stylesheet_closes_what_it_opens():
    """A rule that is not closed swallows the next ones: lines to sign were drawn on paper alone."""
    text = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", stylesheet_text(), flags=re.DOTALL)
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        assert 0 <= depth <= 2
    assert depth == 0

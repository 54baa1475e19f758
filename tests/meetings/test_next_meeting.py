"""The next meeting's file: what is open comes back, in kind words, and nothing is overwritten."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spm_lib.client import Rep
from spm_lib.errors import UsageError
from spm_lib.meetings import Meetings, file_name, next_meeting, read_meeting, write_next
from spm_lib.meetings.models import KINDS
from tests.meetings.making import CLIENT, day, meeting, meetings, said
from tests.wording import UNKIND_IN_A_MEETING

ON = day("2026-11-16")
CARD = said("card", "manager", "Print the card", "2026-11-06")
SOME = meetings(
    meeting(
        "2026-11-02",
        commitments=[said(), CARD],
        reinforced=["crm_usage"],
    ),
    meeting(
        "2026-11-03",
        "one_on_one",
        "ana",
        coaching={"focus": "skill", "note": "First calls"},
        commitments=[
            said("visit", "manager", "Ride along: two visits", "2026-11-20", expectation="crm_usage")
        ],
        reinforced=["sales_process"],
        private="canary-11",
        belief={"lost_faith": True, "checked": "canary-12"},
    ),
    meeting("2026-11-09", commitments=[{**CARD, "status": "done"}]),
)


def ids(text):
    return re.findall(r"^- id: (.+)$", text, re.MULTILINE)


def test_what_is_open_comes_back_where_it_belongs(client):
    # Ana's own come up with her, from whichever meeting; the manager's to her too, others' not
    assert ids(next_meeting("one_on_one", "ana", ON, client, SOME)) == ["call", "visit"]
    assert ids(next_meeting("improvement", "ana", ON, client, SOME)) == ["call", "visit"]
    assert ids(next_meeting("one_on_one", "ben", ON, client, SOME)) == []
    assert ids(next_meeting("team", None, ON, client, SOME)) == ["call"]
    assert ids(next_meeting("owner", None, ON, client, SOME)) == []


def test_the_file_brings_the_last_focus_the_findings_and_the_documents(client):
    text = next_meeting(
        *("one_on_one", "ana", ON, client, SOME, ["Two of five were won."]),
        documents=["crm_usage", "sales_process", "team_culture"],
    )
    assert "On 2026-11-03 the focus was skill (First calls)." in text
    assert "- Two of five were won.\n" in text
    # never brought back, then the one longest ago
    assert "reinforced:\n- team_culture\n- crm_usage\n" in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_read_back_as_a_meeting(client, tmp_path, kind):
    rep = "ana" if kind in ("one_on_one", "improvement") else None
    path = write_next(tmp_path, kind, rep, ON, client, SOME, ["Two of five were won."])
    assert path.name == file_name(kind, rep, ON)
    found = read_meeting(path, client)
    assert (found.kind, found.rep, found.on) == (kind, rep, ON)
    assert [one.id for one in found.front.commitments] == ids(path.read_text())
    assert "Two of five were won." in found.prose
    again = Meetings((*SOME.all, found))
    assert ids(next_meeting(kind, rep, day("2026-11-30"), client, again)) == ids(path.read_text())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("some", [SOME, Meetings()])
def test_no_word_blames_ranks_or_comes_from_an_office(client, kind, some):
    rep = "ana" if kind in ("one_on_one", "improvement") else None
    text = next_meeting(kind, rep, ON, client, some)
    assert UNKIND_IN_A_MEETING.search(text) is None
    assert len(text.splitlines()) < 60
    assert UNKIND_IN_A_MEETING.search("the best rep, and who is behind") is not None


def test_nothing_private_is_carried_on(client):
    for kind, rep in (("one_on_one", "ana"), ("team", None), ("owner", None)):
        assert "canary" not in next_meeting(kind, rep, ON, client, SOME)


def test_a_file_that_is_there_stays(client, tmp_path):
    path = write_next(tmp_path, "team", None, ON, client, SOME)
    path.write_text("ours")
    with pytest.raises(UsageError, match="there already"):
        write_next(tmp_path, "team", None, ON, client, SOME)
    assert path.read_text() == "ours"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_crash_before_the_end_leaves_no_file(client, tmp_path, monkeypatch):
    def broken(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(UsageError, match="cannot be written") as refused:
        write_next(tmp_path, "team", None, ON, client, SOME)
    assert "No space left" in str(refused.value)
    assert list((tmp_path / "meetings").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "rep", "message"),
    [("lunch", None, "no such kind"), ("team", "ana", "no single rep"), ("one_on_one", None, "with one rep")],
)
def test_a_meeting_that_cannot_be_is_refused(client, kind, rep, message):
    with pytest.raises(UsageError, match=message):
        next_meeting(kind, rep, ON, client, SOME)


def test_an_unknown_rep_is_answered_with_the_known(client):
    with pytest.raises(UsageError) as refused:
        next_meeting("one_on_one", "dee", ON, client, SOME)
    assert "ana, ben, cy" in str(refused.value)


@pytest.mark.parametrize("rep", ["../ana", "a/b", "a\nb", "a\\b"])
def test_a_rep_whose_id_is_no_part_of_a_name_writes_no_file(client, tmp_path, rep):
    changed = client.model_copy(update={"reps": (Rep(id=rep),)})
    with pytest.raises(UsageError, match="cannot be part of a file"):
        write_next(tmp_path, "one_on_one", rep, ON, changed, SOME)
    assert list(tmp_path.iterdir()) == []


def test_only_who_is_on_the_team_is_expected(client):
    reps = (Rep(id="ana", ends_on=ON), Rep(id="ben"), Rep(id="cy", starts_on=day("2026-11-17")))
    text = next_meeting("team", None, ON, client.model_copy(update={"reps": reps}), SOME)
    assert "attendees:\n- manager\n- ben\ntopics" in text


@given(what=st.text(min_size=1, max_size=80), finding=st.text(max_size=80))
def test_hostile_words_stay_words(tmp_path_factory, what, finding):
    try:
        some = meetings(meeting("2026-11-02", commitments=[said(what=what)]))
    except ValueError:  # nothing but blanks
        return
    home = tmp_path_factory.mktemp("hostile")
    path = write_next(home, "team", None, ON, CLIENT, some, [finding, "---", "{{ x }}\n---\nkind: owner"])
    found = read_meeting(path, CLIENT)
    assert found.front.commitments[0].what == some.all[0].front.commitments[0].what
    assert found.kind == "team"

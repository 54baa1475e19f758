"""One list of words for the whole product, held over everything that can be printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wording import UNKIND, UNKIND_IN_A_MEETING, UNPRINTED, first_unkind, prose, spoken

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "spm_lib"
ROOMS = ("words", "tables", "plots", "judgement", "sheets")
SOURCES = sorted(
    [path for room in ROOMS for path in (LIBRARY / room).rglob("*.py")]
    + [LIBRARY / "meetings" / "next_meeting.py", LIBRARY / "style.py"]
)
BLANKS = sorted((LIBRARY / "expectations" / "blank").rglob("*.md"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: (file, text) that may stand, with the reason; a text that is no longer there has to leave this list.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("spm_lib/judgement/company.py", " lack a column"): "tells an analyst which column of a table is missing",
    ("spm_lib/judgement/facts.py", " lack a column"): "tells an analyst which column of a table is missing",
}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_no_sentence_of_the_library_blames_grades_or_ranks(path):
    found = [
        f"line {line}: {said}"
        for line, text in spoken(path.read_text(encoding="utf-8"))
        if (said := first_unkind(text)) and (named(path), text) not in EXCEPTIONS
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", BLANKS, ids=named)
def test_no_blank_document_does(path):
    assert first_unkind(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_no_prose_of_a_notebook_does(path):
    assert [said for text in prose(path) if (said := first_unkind(text))] == []


def test_every_exception_is_still_needed_and_explained():
    for (file, text), why in EXCEPTIONS.items():
        assert text in [said for _, said in spoken((ROOT / file).read_text(encoding="utf-8"))], (file, text)
        assert first_unkind(text), text
        assert len(why) > 20


def test_everything_is_looked_at():
    assert len(SOURCES) > 30
    assert len(BLANKS) >= 7
    assert len(NOTEBOOKS) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "He failed again",
        "a weak month",
        "the best rep",
        "Rank 3",
        "under-performing",
        "a KPI",
        "our leaderboard",
        "You must call",
        "it was his fault",
        "poor quality",
        "better than Ben",
        "a lack of calls",
    ],
)
def test_the_list_finds(text):
    assert UNKIND.search(text)
    assert UNPRINTED.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "the goal is reached",
        "Frank called",
        "mustard",
        "Failsafe Ltd",
        "badge",
        "the best estimate",
        "none yet",
    ],
)
def test_the_list_leaves_alone(text):
    assert not UNKIND.search(text)


def test_the_stricter_lists_find_more():
    assert UNKIND_IN_A_MEETING.search("who is behind")
    assert UNPRINTED.search("12 of nan")
    assert UNPRINTED.search("won by None")


def test_what_may_be_printed_is_told_from_what_names_something():
    lines = ('"""bad doc"""', 'x["bad one"]', '{"bad key": "bad value"}', 'y == "bad choice"')
    source = "\n".join([*lines, 'z = f"bad {x} part"', 'w = "bad_id"'])
    assert [text for _, text in spoken(source)] == ["bad value", "bad ", " part"]

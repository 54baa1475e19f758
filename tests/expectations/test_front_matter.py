"""Front matter is read by libyaml where it is there; read without it, it says the same at the same places."""

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spm_lib.errors import DocumentError
from spm_lib.expectations import front_matter
from spm_lib.expectations.front_matter import load

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.dates(), st.text(max_size=20), st.floats(allow_nan=False)
)
KEYS = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=12,
)


def places(node):
    """Every node with its kind, its value and its line."""
    if isinstance(node, yaml.ScalarNode):
        return [(node.tag, node.value, node.start_mark.line)]
    below = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    return [(node.tag, node.start_mark.line), *(told for part in below for told in places(part))]


@pytest.fixture
def by_hand(monkeypatch):
    """Reads by PyYAML itself."""

    def read(matter):
        with monkeypatch.context() as patch:
            patch.setattr(front_matter, "_LOADERS", front_matter._LOADERS[-1:])
            return load(matter, "x.md")

    return read


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=5), st.booleans())
def test_both_readers_read_the_same(facts, flow):
    text = yaml.safe_dump(facts, default_flow_style=flow, allow_unicode=True)
    fast, slow = (front_matter._read_by(loader, text) for loader in front_matter._LOADERS)
    assert fast[1] == slow[1]
    assert places(fast[0]) == places(slow[0])


@pytest.mark.parametrize(
    "matter",
    [
        "on: 2026-11-16\nyes: 1",
        "a: {b: 1, why:}",  # libyaml refuses it
        "text: |\n  one\n  two\nlist:\n- 1\n-   2",
        "'quoted': \"a\\tb\"  # a comment\nü: ß",
    ],
)
def test_what_one_reader_refuses_the_other_reads(matter, by_hand):
    assert load(matter, "x.md").facts == by_hand(matter).facts


@pytest.mark.parametrize("matter", ["a: [1", "a: *b", "a: 2026-02-30", "a: 1\na: 2", "a: !!x y", "[" * 9000])
def test_a_fault_is_told_in_the_same_words(matter, by_hand):
    said = []
    for read in (lambda text: load(text, "x.md"), by_hand):
        with pytest.raises(DocumentError) as refusal:
            read(matter)
        said.append(str(refusal.value))
    assert said[0] == said[1]


def test_a_key_that_yaml_takes_for_a_truth_is_a_word():
    assert load("on: 2026-11-16", "x.md").facts == {"on": date(2026, 11, 16)}

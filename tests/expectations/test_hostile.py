"""Whatever lies in the folder is read or refused; nothing ends in a traceback, and no day overflows."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spm_lib.errors import DocumentError
from spm_lib.expectations import KINDS, Acknowledgements, Expectations, acknowledge, check_documents
from spm_lib.expectations.documents import examine

FIXTURE = [HealthCheck.function_scoped_fixture]
VALUES = st.recursive(
    st.sampled_from(
        ["ana", "", "1", "1e999", ".nan", "2026-01-01", "2026-Q4", "~", "true", "'\\0'", "-5", "Zoë"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(
            st.tuples(st.sampled_from(["rep", "what", "amount", "from", "1", "x"]), inner), max_size=3
        ).map(lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"),
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        *("applies_to", "judged_by", "quotas", "goals", "tiers", "stages", "rules", "prospecting", "1", "x"),
        *("required_fields", "resources", "agreements", "effective_to", "supersedes", "assumptions"),
    ]
)


@settings(max_examples=300, suppress_health_check=FIXTURE, deadline=None)
@given(kind=st.sampled_from(KINDS), keys=st.lists(st.tuples(KEYS, VALUES), max_size=4))
def test_any_front_matter_is_read_or_refused_with_its_line(folder, client, put, kind, keys):
    path = put("a.md", kind, "\n".join(f"{key}: {value}" for key, value in keys))
    found = examine(path)
    assert (found.document is None) == bool(found.problems)
    assert all(1 <= one.line <= 6 + len(keys) for one in found.problems if one.line is not None)
    assert all(str(one.error()) for one in found.problems)
    assert bool(found.problems) <= bool(check_documents(folder, client, ()))


@settings(max_examples=200, suppress_health_check=FIXTURE, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_any_bytes_are_read_or_refused(folder, client, content):
    (folder / "expectations" / "a.md").write_bytes(b"---\n" + content)
    (folder / "acknowledgements.csv").write_bytes(
        b"document,version,rep,read_on,reviewed_on,reinforced_on\nteam_culture,01234567," + content
    )
    found = check_documents(folder, client, ())
    assert {"expectations/a.md", "acknowledgements.csv"} == {one.file for one in found}
    with pytest.raises(DocumentError):
        Acknowledgements.load(folder, client, Expectations((), client))


@pytest.mark.parametrize(
    ("begins", "on", "there"),
    [
        ("0001-01-01", date.min, True),
        ("0001-01-01", date.max, True),
        ("9999-12-30", date.min, False),
        ("9999-12-30", date(2026, 5, 1), False),
        ("9999-12-30", date.max, True),
    ],
)
def test_no_day_is_too_early_or_too_late_to_be_compared(folder, client, put, begins, on, there):
    put("a.md", "team_culture", begins=begins)
    if there:
        assert acknowledge(folder, client, "team_culture", "ana", "read", on).read_on == on
    else:
        with pytest.raises(DocumentError, match="is in force for ana"):
            acknowledge(folder, client, "team_culture", "ana", "read", on)
    assert check_documents(folder, client, ()) == []

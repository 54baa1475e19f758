"""Whether two logs are one activity is decided alike one by one and for many pairs at once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from spm_lib.metrics.unique import _comparable, _fit, _fits, unique_activities
from tests.metrics.frames import activities

_ROWS = st.fixed_dictionaries(
    {
        "direction": st.sampled_from(["inbound", "outbound", None]),
        "opportunity_id": st.sampled_from(["o1", "o2", None]),
        "contact_id": st.sampled_from(["c1", "c2", None]),
        "duration_seconds": st.sampled_from([None, 0.0, 60.0, 180.0, 181.0]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_ROWS, _ROWS), min_size=1, max_size=20))
def test_many_pairs_at_once_fit_as_each_alone(pairs):
    first, second = (activities(*(pair[side] for pair in pairs)) for side in (0, 1))
    alone = [_fits([one], other) for one, other in zip(_comparable(first), _comparable(second), strict=True)]
    assert _fit(first, second).tolist() == alone


def test_a_merged_row_stands_where_its_first_stood():
    call = {"kind": "call", "rep_id": "ana", "opportunity_id": "o1"}
    table = unique_activities(
        activities(
            {**call, "activity_id": "1", "at": "2026-11-09 09:00", "outcome": "no_answer"},
            {"kind": "note", "rep_id": "ana", "activity_id": "2", "at": "2026-11-09 09:00:30"},
            {**call, "activity_id": "3", "at": "2026-11-09 09:01", "outcome": "connected"},
            {**call, "activity_id": "4", "at": "2026-11-09 11:00"},
        )
    )
    assert table["activity_id"].tolist() == ["1", "2", "4"]
    assert table["outcome"].tolist()[0] == "connected"

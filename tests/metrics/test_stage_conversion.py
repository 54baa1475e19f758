"""Stage conversion: entered = advanced + lost here + still here, by hand and against SQL over the changes."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from statsmodels.stats.proportion import proportion_confint

from spm_lib import schemas
from spm_lib.metrics.stage_conversion import stage_conversion
from spm_lib.periods import month
from tests.metrics.frames import ZONE, changes, opportunities, outcomes, stages, table
from tests.metrics.lives import lives
from tests.metrics.made import sql


def three_stages():
    rows = tuple(
        {"stage_id": stage, "name": stage, "category": category, "position": place}
        for stage, category, place in (
            ("s1", "open", 1),
            ("s2", "open", 2),
            ("s3", "open", 5),
            ("won", "won", 6),
            ("lost", "lost", 7),
        )
    )
    return table(schemas.STAGES, rows)


def told(*paths, at="2026-11-10 09:00", shape=stages):
    """Opportunities as (state, stage, stage ...), all moves at one moment of the week, in order."""
    moves, shown, ended = [], [], []
    for number, (state, *path) in enumerate(paths):
        name, before = f"o{number}", None
        for step, stage in enumerate(path):
            moment = pd.Timestamp(at) + pd.Timedelta(minutes=step)
            move = {"opportunity_id": name, "field": "stage", "old": before, "new": stage}
            moves.append({**move, "at": str(moment)})
            before = stage
        end = None if state == "open" else "2026-11-12 09:00"
        shown.append({"status": state, "created_at": at, "outcome_at": end})
        if end:
            ended.append({"opportunity_id": name, "outcome": state, "outcome_at": end, "created_at": at})
    return opportunities(*shown), outcomes(*ended), changes(*moves), shape()


def row_of(result, stage):
    return result.set_index("stage_id").loc[stage]


def test_the_example_of_the_card_is_worked_by_hand(week46):
    first, second = ["s1"], ["s1", "s2"]
    paths = [("open", *second)] * 2 + [("lost", *second), ("won", *second)]  # four to Proposal
    paths += [("won", *first)] + [("lost", *first)] * 2 + [("disqualified", *first)] + [("open", *first)] * 2
    result = stage_conversion(*told(*paths), week46)
    talk = row_of(result, "s1")
    assert talk[["entered_count", "advanced_count", "lost_here_count", "still_here_count"]].tolist() == [
        10,
        5,
        3,
        2,
    ]
    assert talk["disqualified_count"] == 1
    assert talk["conversion_rate"] == 0.5
    assert talk["low"] == pytest.approx(proportion_confint(5, 10, alpha=0.1, method="wilson")[0])
    assert talk["high"] == pytest.approx(proportion_confint(7, 10, alpha=0.1, method="wilson")[1])
    proposal = row_of(result, "s2")
    assert proposal[["entered_count", "advanced_count", "lost_here_count", "still_here_count"]].tolist() == [
        5,
        2,
        1,
        2,
    ]
    assert (proposal["skipped_count"], talk["skipped_count"]) == (1, 0)


def test_an_empty_week_has_a_row_for_each_open_stage_and_no_rate(week46):
    result = stage_conversion(opportunities(), outcomes(), changes(), stages(), week46)
    assert result["stage_id"].tolist() == ["s1", "s2"]
    assert result["entered_count"].tolist() == [0, 0]
    assert result[["conversion_rate", "low", "high"]].isna().all(axis=None)


def test_who_moves_back_has_still_got_as_far_and_is_a_regression(week46):
    result = stage_conversion(*told(("open", "s1", "s2", "s1")), week46)
    assert row_of(result, "s1")[["advanced_count", "still_here_count", "regressed_count"]].tolist() == [
        1,
        0,
        0,
    ]
    assert row_of(result, "s2")[["entered_count", "still_here_count", "regressed_count"]].tolist() == [
        1,
        1,
        1,
    ]


def test_who_starts_in_the_middle_has_passed_the_stages_before(week46):
    result = stage_conversion(*told(("lost", "s3"), shape=three_stages), week46)
    assert result["entered_count"].tolist() == [1, 1, 1]
    assert result["skipped_count"].tolist() == [1, 1, 0]
    assert result["advanced_count"].tolist() == [1, 1, 0]
    assert result["lost_here_count"].tolist() == [0, 0, 1]


def test_a_reopened_win_passes_no_stage(week46):
    shown, ended, moved, shape = told(("open", "s1", "won", "s1"))
    result = stage_conversion(shown, ended, moved, shape, week46)
    assert row_of(result, "s1")["still_here_count"] == 1
    assert row_of(result, "s2")["entered_count"] == 0


def test_a_renamed_stage_is_the_same_stage(week46):
    shown, ended, moved, shape = told(("open", "s1", "s2"))
    renamed = shape.assign(name=[f"{name} (new)" for name in shape["name"]])
    pd.testing.assert_frame_equal(
        stage_conversion(shown, ended, moved, renamed, week46),
        stage_conversion(shown, ended, moved, shape, week46),
    )


def test_one_of_which_no_stage_is_known_has_a_row_of_its_own(week46):
    result = stage_conversion(*told(("lost",), ("open", "deleted stage"), ("open", "s1")), week46)
    last = result.iloc[-1]
    assert pd.isna(last["stage_id"])
    assert last[["entered_count", "lost_here_count", "still_here_count"]].tolist() == [2, 1, 1]
    assert pd.isna(last["conversion_rate"])


@pytest.mark.parametrize(
    ("at", "inside"), [("2026-11-08 23:59", 0), ("2026-11-09 00:00", 1), ("2026-11-16 00:00", 0)]
)
def test_the_week_of_the_entry_counts(at, inside, week46):
    assert stage_conversion(*told(("open", "s1"), at=at), week46)["entered_count"].iloc[0] == inside


_SQL = """
with known as (
    select o.opportunity_id, coalesce(c.outcome, 'open') as state, c.outcome_at
    from opportunities o
    left join (select distinct opportunity_id, outcome, outcome_at from outcomes) c using (opportunity_id)
    where o.presence not in ('merged', 'deleted')
    and (c.outcome is not null or (o.status = 'open' and o.presence = 'present'))),
ordered as (select stage_id, position from stages where category = 'open'),
visits as (
    select opportunity_id, s.stage_id, s.position, h.at from changes h join ordered s on s.stage_id = h.new
    join known using (opportunity_id) where h.field = 'stage'),
entries as (
    select t.stage_id, t.position, k.opportunity_id, k.state,
        least(min(v.at), case when k.state = 'won' then k.outcome_at end) as entered_at,
        count(*) filter (v.stage_id = t.stage_id) as visited
    from ordered t cross join known k
    left join visits v on v.opportunity_id = k.opportunity_id and v.position >= t.position
    group by t.stage_id, t.position, k.opportunity_id, k.state, k.outcome_at),
furthest as (select opportunity_id, max(position) as position from visits group by opportunity_id)
select e.stage_id, count(*) as entered,
    count(*) filter (e.state = 'won' or f.position > e.position) as advanced,
    count(*) filter (e.state in ('lost', 'disqualified') and f.position = e.position) as lost_here,
    count(*) filter (e.state = 'open' and f.position = e.position) as still_here,
    count(*) filter (e.visited = 0) as skipped,
    count(*) filter (exists (
        select 1 from changes h join ordered s on s.stage_id = h.new where h.field = 'stage'
        and h.opportunity_id = e.opportunity_id and h.old = e.stage_id
        and s.position < e.position)) as regressed
from entries e left join furthest f using (opportunity_id)
where entered_at >= timestamptz '2026-10-01 05:00Z' and entered_at < timestamptz '2026-11-01 05:00Z'
group by e.stage_id
"""


@settings(max_examples=60, deadline=None)
@given(lives())
def test_it_agrees_with_sql_over_the_changes_and_always_adds_up(made):
    october = month(pd.Timestamp("2026-10-05").date(), time_zone=ZONE)
    before = made.changes.copy(deep=True)
    result = stage_conversion(made.opportunities, made.outcomes, made.changes, three_stages(), october)
    parts = result[["advanced_count", "lost_here_count", "still_here_count"]].sum(axis=1)
    assert (parts == result["entered_count"]).all()
    oracle = sql(
        _SQL,
        opportunities=made.opportunities,
        outcomes=made.outcomes,
        changes=made.changes,
        stages=three_stages(),
    ).set_index("stage_id")
    for row in result[result["stage_id"].notna()].to_dict("records"):
        for name in ("entered", "advanced", "lost_here", "still_here", "skipped", "regressed"):
            expected = oracle[name].get(row["stage_id"], 0)
            assert row[f"{name}_count"] == expected, name
    pd.testing.assert_frame_equal(made.changes, before)

"""Cadence: is everybody touched as often as promised, and who is overdue?"""

from __future__ import annotations

import math

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from spm_lib import schemas
from spm_lib.errors import MetricError
from spm_lib.metrics.cadence_kept import cadence_kept, cadence_kept_rows
from tests.metrics.frames import activities, one_week, opportunities, received, table, when
from tests.metrics.made import sql

CUTOFF = when("2026-11-16 00:00")
OLD = {"created_at": "2026-09-01 10:00", "stage_entered_at": "2026-09-01 10:00", "stage_id": "s1"}


def promised(*rows):
    return pd.DataFrame(rows, columns=["scope", "id", "days"]).astype({"scope": "str", "id": "str"})


WEEKLY = promised(("opportunity", None, 7.0))


def kept(deals, acts, cadences=WEEKLY, told=None, **options):
    told = received() if told is None else told
    facts = (opportunities(*deals), activities(*acts), one_week(), CUTOFF, told, 60, cadences)
    rows = {name: value for name, value in options.items() if name in ("targets", "leads")}
    return cadence_kept(*facts, **options), cadence_kept_rows(*facts, **rows)


def calls(*days, of="o0", **row):
    return [{"opportunity_id": of, "at": f"2026-{day} 00:00", **row} for day in days]


def test_gaps_of_five_days_keep_a_weekly_cadence_and_twelve_do_not():
    deals = [{**OLD, "amount": 100.0}, {**OLD, "amount": 20.0}, {**OLD, "amount": 3.0}]
    acts = [
        # 3 days before the week and on its 3rd day: 6 to 11 November is 5 days, to the 16th another 5
        *calls("11-06", "11-11"),
        # 10 days before it and on its 3rd day: 12 days, but touched 5 days before its end
        *calls("10-30", "11-11", of="o1"),
        # last touched 12 days before its end
        *calls("11-04", of="o2"),
    ]
    table_, rows = kept(deals, acts)
    assert table_[["due_count", "kept_count", "overdue_count", "overdue_amount"]].iloc[0].tolist() == [
        3,
        1,
        1,
        3.0,
    ]
    assert table_["kept_rate"].tolist() == [1 / 3]
    low, high = proportion_confint(1, 3, alpha=0.10, method="wilson")
    assert table_[["low", "high"]].iloc[0].tolist() == pytest.approx([low, high])
    assert rows[["subject_id", "days", "quiet_days"]].to_numpy().tolist() == [["o2", 7, 12]]


def test_an_overdue_one_without_an_amount_is_worth_nobody_knows_what():
    without = {**OLD, "amount": None, "account_id": "acme"}
    for cadences in (WEEKLY, promised(("account", None, 7.0))):
        plan = pd.DataFrame({"rep_id": ["ana"], "account_id": ["acme"]}, dtype="str")
        last = [{"opportunity_id": "o0", "account_id": "acme", "at": "2026-11-01 10:00"}]
        table_, _ = kept([without], last, cadences, targets=plan)
        assert table_["overdue_count"].tolist() == [1]
        assert table_["overdue_amount"].isna().all()
    # an account nothing is open with is worth nothing now, and that is known
    table_, _ = kept([], last, cadences, targets=plan)
    assert table_[["overdue_count", "overdue_amount"]].to_numpy().tolist() == [[1, 0.0]]


@pytest.mark.parametrize(("day", "count"), [("2026-11-09 00:00", 1), ("2026-11-08 23:59", 0)])
def test_seven_days_keep_a_weekly_cadence_and_a_minute_more_does_not(day, count):
    acts = [*calls("11-03"), {"opportunity_id": "o0", "at": day}]
    assert kept([OLD], acts)[0]["kept_count"].tolist() == [count]


def test_what_began_within_the_week_has_no_gap_before_it():
    young = {"created_at": "2026-11-12 10:00", "stage_entered_at": "2026-11-12 10:00", "stage_id": "s1"}
    later = {"created_at": "2026-11-16 10:00", "stage_entered_at": "2026-11-16 10:00", "stage_id": "s1"}
    assert kept([young, later], [])[0][["due_count", "kept_count"]].iloc[0].tolist() == [1, 1]


def test_a_stage_with_its_own_cadence_goes_before_the_rest_and_without_one_nothing_is_due():
    own = promised(("opportunity", "s2", 3.0))
    deals = [OLD, {**OLD, "stage_id": "s2"}]
    acts = [*calls("11-11"), *calls("11-11", of="o1")]
    assert kept(deals, acts, own)[0][["due_count", "overdue_count"]].iloc[0].tolist() == [1, 1]
    both = pd.concat([own, WEEKLY], ignore_index=True)
    assert kept(deals, acts, both)[0][["due_count", "overdue_count"]].iloc[0].tolist() == [2, 1]


def test_target_accounts_and_open_leads_have_cadences_of_their_own():
    plan = pd.DataFrame({"rep_id": ["ana", "ben"], "account_id": ["acme", "bolt"]}, dtype="str")
    leads = table(
        schemas.LEADS,
        (
            {"lead_id": "l1", "rep_id": "ana", "contact_id": "c1", "created_at": "2026-11-01 10:00"},
            {"lead_id": "l2", "rep_id": None, "contact_id": "c2", "created_at": "2026-11-01 10:00"},
            {"lead_id": "l3", "opportunity_id": "o0", "created_at": "2026-11-01 10:00"},
        ),
    )
    cadences = promised(("account", None, 30.0), ("lead", None, 5.0))
    acts = [
        {"account_id": "acme", "at": "2026-10-25 10:00"},
        {"account_id": "bolt", "at": "2026-10-05 10:00"},
        {"contact_id": "c1", "at": "2026-11-14 10:00"},
    ]
    deals = [{**OLD, "account_id": "bolt", "amount": 70.0}]
    table_, rows = kept(deals, acts, cadences, targets=plan, leads=leads, by="rep_id")
    counts = table_.fillna({"rep_id": "nobody"}).set_index(["scope", "rep_id"])
    assert counts["due_count"].to_dict() == {
        ("account", "ana"): 1,
        ("account", "ben"): 1,
        ("lead", "ana"): 1,
        ("lead", "nobody"): 1,
    }
    assert counts.loc[("account", "ben"), "overdue_amount"] == 70
    assert math.isnan(counts.loc[("lead", "nobody"), "overdue_amount"])
    assert rows["subject_id"].tolist() == ["bolt", "l2"]
    team = kept(deals, acts, cadences, targets=plan, leads=leads)[0]
    assert team["due_count"].sum() == table_["due_count"].sum()
    assert team["kept_count"].sum() == table_["kept_count"].sum()


def test_nothing_promised_is_no_row_and_no_export_is_no_number():
    for nothing in (None, promised()):
        table_, rows = kept([OLD], calls("11-11"), nothing)
        assert table_.empty
        assert rows.empty
    table_, rows = kept([OLD], calls("11-11"), told={})
    assert table_["due_count"].tolist() == [1]
    assert table_[["kept_count", "overdue_count", "kept_rate"]].isna().all(axis=None)
    assert rows.empty
    none = kept([], [])[0]
    assert none["due_count"].tolist() == [0]
    assert math.isnan(none["kept_rate"].iloc[0])


def test_what_it_cannot_answer_is_refused():
    with pytest.raises(MetricError, match="no such scope"):
        kept([OLD], [], promised(("partner", None, 7.0)))
    with pytest.raises(MetricError, match="no such grouping"):
        kept([OLD], [], by="territory")


def test_the_overdue_are_those_of_a_query():
    deals = [{**OLD, "rep_id": rep, "amount": 10.0} for rep in ("ana", "ana", "ben", None, "ben")]
    acts = [
        *calls("11-08", "11-09"),
        *calls("10-01", of="o1"),
        *calls("11-15", of="o2"),
        *calls("11-14", of="o3", status="planned"),
    ]
    found = kept(deals, acts, by="rep_id")[0]
    (expected,), *_ = sql(
        """select count(*) from deals left join (select opportunity_id, max("at") as latest from acts
        where status = 'done' group by 1) using (opportunity_id)
        where coalesce(latest, stage_entered_at) < timestamptz '2026-11-09 06:00'""",
        deals=opportunities(*deals),
        acts=activities(*acts),
    ).to_numpy()
    assert found["overdue_count"].sum() == expected == 3

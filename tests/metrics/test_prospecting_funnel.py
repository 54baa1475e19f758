"""The prospecting funnel: from leads and target accounts to accepted opportunities, by cohort."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from spm_lib import schemas
from spm_lib.errors import MetricError
from spm_lib.metrics.prospecting_funnel import prospecting_funnel
from tests.metrics.frames import activities, one_week, opportunities, table, when
from tests.metrics.made import sql

COUNTS = ["lead_count", "young_count", "mature_count"]
RUNGS = ["contacted_count", "conversation_count", "meeting_held_count", "accepted_count"]
LONG = {"duration_seconds": 240.0}


def leads(*rows):
    numbered = tuple({"lead_id": f"l{n}", "contact_id": f"c{n}", **row} for n, row in enumerate(rows))
    return table(schemas.LEADS, numbered, rep_id="ana", created_at="2026-11-09 10:00")


def funnel(own, acts=(), deals=(), until="2027-01-01 00:00", told=None, **options):
    exports = {"activities": when(until), "leads": when(until)} if told is None else told
    return prospecting_funnel(
        opportunities(*deals), activities(*acts), one_week(), when(until), exports, 60, own, **options
    )


def call(number, at="2026-11-10 10:00", **row):
    return {"contact_id": f"c{number}", "at": at, **row}


def test_of_four_leads_three_are_called_two_talked_with_one_met_and_accepted():
    acts = [
        call(0, **LONG),
        call(0, "2026-11-20 10:00", kind="meeting", outcome="held"),
        call(1, **LONG),
        call(2, outcome="no_answer"),
    ]
    own = leads({"opportunity_id": "o0"}, {}, {}, {})
    row = funnel(own, acts, [{"created_at": "2026-11-25 10:00"}]).iloc[0]
    assert row[[*COUNTS, *RUNGS]].tolist() == [4, 0, 4, 3, 2, 1, 1]
    assert row["contacted_rate"] == 3 / 4
    low, high = proportion_confint(2, 4, alpha=0.10, method="wilson")
    assert row[["conversation_low", "conversation_high"]].tolist() == pytest.approx([low, high])


@pytest.mark.parametrize(
    ("at", "contacted"),
    [("2026-11-09 09:59", 0), ("2026-11-09 10:00", 1), ("2026-12-09 09:59", 1), ("2026-12-09 10:00", 0)],
)
def test_each_lead_has_thirty_days_of_its_own(at, contacted):
    assert funnel(leads({}), [call(0, at)])["contacted_count"].tolist() == [contacted]


def test_a_lead_that_has_not_had_its_days_is_young_and_in_no_rung():
    own = leads({}, {"created_at": "2026-11-14 10:00"})
    row = funnel(own, [call(0), call(1, "2026-11-14 11:00")], until="2026-12-10 00:00").iloc[0]
    assert row[[*COUNTS, RUNGS[0]]].tolist() == [2, 1, 1, 1]


def test_whoever_passed_a_later_rung_passed_the_earlier_ones():
    own = leads({"opportunity_id": "o0"})
    row = funnel(own, [], [{"created_at": "2026-11-25 10:00"}]).iloc[0]
    assert row[RUNGS].tolist() == [1, 1, 1, 1]
    gone = [{"created_at": "2026-11-25 10:00", "status": "disqualified"}]
    assert funnel(own, [], gone)["accepted_count"].tolist() == [0]


def test_an_inbound_mail_is_a_conversation_and_hence_a_contact():
    answer = call(0, kind="email", direction="inbound")
    assert funnel(leads({}), [answer])[RUNGS].iloc[0].tolist() == [1, 1, 0, 0]
    # a short inbound call is none
    assert funnel(leads({}), [call(0, direction="inbound", duration_seconds=5.0)])[
        "contacted_count"
    ].tolist() == [0]


def test_target_accounts_are_a_source_of_their_own():
    plan = pd.DataFrame(
        {
            "rep_id": ["ben", "ben"],
            "account_id": ["acme", "bolt"],
            "agreed_on": pd.to_datetime(["2026-11-09", "2026-11-16"]),
        }
    ).astype({"rep_id": "str", "account_id": "str"})
    acts = [{"account_id": "acme", "at": "2026-11-12 10:00", **LONG}]
    deals = [{"account_id": "acme", "created_at": "2026-11-30 10:00"}]
    own = leads({"lead_source": "web"}, {})
    sources = funnel(own, acts, deals, targets=plan, by="lead_source").fillna({"lead_source": "?"})
    assert sources.set_index("lead_source")["lead_count"].to_dict() == {"target account": 1, "web": 1, "?": 1}
    target = sources.set_index("lead_source").loc["target account"]
    assert target[["conversation_count", "accepted_count"]].tolist() == [1, 1]
    reps = funnel(own, acts, deals, targets=plan, by="rep_id", groups=["cy"])
    assert reps.set_index("rep_id")["lead_count"].to_dict() == {"ana": 2, "ben": 1, "cy": 0}
    alone = funnel(None, acts, deals, told={"activities": when("2027-01-01 00:00")}, targets=plan)
    assert alone["lead_count"].tolist() == [1]


def test_an_account_touched_within_180_days_before_is_not_new():
    own = leads({"account_id": "acme"}, {"account_id": "bolt"})
    acts = [
        {"account_id": "other", "at": "2026-01-05 10:00"},
        {"account_id": "acme", "at": "2026-08-05 10:00"},
        {"account_id": "acme", "at": "2026-11-10 10:00"},
        {"account_id": "bolt", "at": "2026-11-10 12:00"},
    ]
    assert funnel(own, acts)["new_account_count"].tolist() == [1]
    assert math.isnan(funnel(own, acts[1:])["new_account_count"].iloc[0])


def test_no_lead_is_no_rate_and_no_export_is_no_number():
    row = funnel(leads()).iloc[0]
    assert row[[*COUNTS, *RUNGS]].tolist() == [0] * 7
    assert math.isnan(row["contacted_rate"])
    silent = funnel(leads({}), told={"leads": when("2027-01-01 00:00")}).iloc[0]
    assert silent["lead_count"] == 1
    assert silent[RUNGS].isna().all()
    assert funnel(None).isna().all(axis=None)
    with pytest.raises(MetricError, match="no such grouping"):
        funnel(leads(), by="territory")


def test_the_week_begins_and_ends_on_the_clients_midnight():
    edges = ["2026-11-08 23:59:59", "2026-11-09 00:00", "2026-11-15 23:59:59", "2026-11-16 00:00"]
    assert funnel(leads(*({"created_at": at} for at in edges)))["lead_count"].tolist() == [2]


_LEADS = st.lists(
    st.tuples(
        st.sampled_from(["ana", "ben", None]),
        st.sampled_from(["2026-11-08 10:00", "2026-11-09 10:00", "2026-11-14 10:00"]),
        st.sampled_from([None, "2026-11-10 10:00", "2026-11-13 10:00", "2026-12-10 10:00"]),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(_LEADS)
def test_reps_add_up_to_the_team_and_to_a_query(rows):
    own = leads(*({"rep_id": rep, "created_at": at} for rep, at, _ in rows))
    acts = [call(number, at) for number, (_, _, at) in enumerate(rows) if at]
    team = funnel(own, acts)
    reps = funnel(own, acts, by="rep_id")
    assert reps[[*COUNTS, *RUNGS]].sum().tolist() == team[[*COUNTS, *RUNGS]].iloc[0].tolist()
    (count, contacted), *_ = sql(
        """select count(distinct lead_id), count(distinct lead_id) filter (a."at" >= created_at
        and a."at" < created_at + interval 30 days) from leads l left join acts a using (contact_id)
        where created_at >= timestamptz '2026-11-09 06:00' and created_at < timestamptz '2026-11-16 06:00'""",
        leads=own,
        acts=activities(*acts),
    ).to_numpy()
    assert team.loc[0, ["lead_count", "contacted_count"]].tolist() == [count, contacted]

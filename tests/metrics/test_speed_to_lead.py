"""Speed to lead: how long leads wait, those never contacted kept in."""

from __future__ import annotations

import math
from datetime import date, time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_time
from statsmodels.stats.proportion import proportion_confint

from spm_lib import schemas
from spm_lib.errors import MetricError
from spm_lib.metrics.speed_to_lead import business_time, speed_to_lead
from spm_lib.metrics.waiting import kaplan_meier
from spm_lib.periods import Calendar
from tests.metrics.frames import ZONE, activities, one_week, table, when

UNTIL = "2026-11-13 14:00"


def leads(*rows):
    numbered = tuple({"lead_id": f"l{n}", "contact_id": f"c{n}", **row} for n, row in enumerate(rows))
    return table(schemas.LEADS, numbered, rep_id="ana", created_at="2026-11-09 10:00")


def speed(own, acts, until=UNTIL, **options):
    told = {"activities": when(until), "leads": when(until)}
    return speed_to_lead(activities(*acts), one_week(), Calendar(), when(until), told, 60, own, **options)


def test_half_are_contacted_within_two_hours_and_one_never():
    calls = [
        {"contact_id": "c0", "at": "2026-11-09 11:00"},
        {"contact_id": "c1", "at": "2026-11-09 12:00"},
        {"contact_id": "c2", "at": "2026-11-10 16:00"},
    ]
    row = speed(leads({}, {}, {}, {}), calls).iloc[0]
    # waits of 1, 2 and 30 hours; the fourth has waited 100 hours (Mon 10:00 to Fri 14:00) and waits on
    assert row[["lead_count", "contacted_count", "never_count"]].tolist() == [4, 3, 1]
    assert row["median_hours"] == 2
    assert math.isnan(row["p90_hours"])
    # Monday 10:00 to 17:00 is 7 hours, Tuesday 9:00 to 16:00 another 7: 14 working hours of the 30
    assert row["median_business_hours"] == 2
    assert row[["within_5_minutes_rate", "within_1_hour_rate", "within_24_hours_rate"]].tolist() == [
        0,
        0.25,
        0.5,
    ]
    low, high = proportion_confint(2, 4, alpha=0.10, method="wilson")
    assert row["within_24_hours_low"] == pytest.approx(low)
    assert row["within_24_hours_high"] == pytest.approx(high)


def test_leaving_out_who_was_never_contacted_would_flatter():
    calls = [{"contact_id": "c0", "at": "2026-11-09 11:00"}]
    row = speed(leads({}, {}, {}), calls).iloc[0]
    assert math.isnan(row["median_hours"])
    assert row["within_1_hour_rate"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "touch",
    [
        {"at": "2026-11-09 09:59"},
        {"direction": "inbound"},
        {"rep_id": None},
        {"status": "planned"},
        {"kind": "task"},
        {"contact_id": "c9"},
        {"contact_id": "c9", "account_id": "acme"},
        {"at": UNTIL},
    ],
)
def test_what_is_no_touch_of_a_lead(touch):
    own = leads({"account_id": "acme"})
    call = {"contact_id": "c0", "at": "2026-11-09 11:00", **touch}
    assert speed(own, [call])["contacted_count"].tolist() == [0]


@pytest.mark.parametrize("link", [{"contact_id": "c0"}, {"account_id": "acme"}, {"opportunity_id": "o"}])
def test_a_touch_is_known_by_contact_account_or_opportunity(link):
    own = leads({"account_id": "acme", "opportunity_id": "o"})
    assert speed(own, [{"at": "2026-11-09 11:00", **link}])["median_hours"].tolist() == [1]


def test_a_night_and_a_weekend_are_no_working_hours():
    holiday = Calendar(frozenset({date(2026, 11, 11)}))
    at = pd.Series([when(text) for text in ("2026-11-06 16:00", "2026-11-09 10:00", "2026-11-12 09:30")])
    worked = business_time(at, holiday, ZONE)
    # Friday 16-17, Monday 9-10; then Monday 10-17, Tuesday 9-17, a holiday, Thursday 9:00-9:30
    assert np.diff(worked).tolist() == [2.0, 15.5]
    long_day = business_time(at, holiday, ZONE, (time(8, 30), time(18)))
    assert np.diff(long_day).tolist() == [3.5, 8 + 9.5 + 1.0]


def test_the_week_begins_and_ends_on_the_clients_midnight():
    edges = ["2026-11-08 23:59:59", "2026-11-09 00:00", "2026-11-15 23:59:59", "2026-11-16 00:00"]
    own = leads(*({"created_at": at} for at in edges))
    assert speed(own, [], until="2026-11-20 00:00")["lead_count"].tolist() == [2]


def test_no_lead_is_no_hours_and_no_export_is_no_number():
    row = speed(leads(), []).iloc[0]
    assert row["lead_count"] == 0
    assert row.drop(["lead_count", "contacted_count", "never_count"]).isna().all()
    week, own = one_week(), leads({})
    for told in ({}, {"activities": when(UNTIL)}, {"leads": when(UNTIL)}):
        missing = speed_to_lead(activities(), week, Calendar(), when(UNTIL), told, 60, own)
        assert missing.isna().all(axis=None)


def test_leads_of_reps_and_of_nobody_add_up_to_all():
    own = leads({}, {"rep_id": "ben"}, {"rep_id": None})
    calls = [{"contact_id": "c1", "at": "2026-11-09 11:00"}]
    reps = speed(own, calls, by="rep_id", groups=["cy"])
    assert reps["rep_id"].fillna("nobody").tolist() == ["ana", "ben", "cy", "nobody"]
    assert reps["lead_count"].tolist() == [1, 1, 0, 1]
    counts = ["lead_count", "contacted_count", "never_count"]
    assert reps[counts].sum().tolist() == speed(own, calls)[counts].iloc[0].tolist()
    with pytest.raises(MetricError, match="no such grouping"):
        speed(own, calls, by="territory")
    with pytest.raises(MetricError, match="end before they begin"):
        speed(own, calls, business_hours=(time(17), time(9)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=30))
def test_waiting_is_that_of_lifelines(waits):
    waited, ended = (np.array(side) for side in zip(*waits, strict=True))
    mine = kaplan_meier(waited, ended)
    oracle = KaplanMeierFitter().fit(waited, ended)
    for limit in (1, 5, 20):
        if limit <= waited.max():
            assert mine.within(limit)[0] == pytest.approx(1 - oracle.predict(limit))
    for share in (0.5, 0.9):
        # lifelines adds up logarithms: a share of exactly a half is a little more to it
        expected = qth_survival_time(1 - share + 1e-9, oracle.survival_function_)
        assert mine.quantile(share) == expected or (math.isinf(expected) and math.isnan(mine.quantile(share)))
    low, high = mine.within(5)[1:]
    assert math.isnan(low) or 0 <= low <= mine.within(5)[0] <= high <= 1


def test_of_what_has_not_been_seen_nothing_is_said():
    assert all(math.isnan(number) for number in kaplan_meier([3.0, 4.0], [True, False]).within(24))
    # everybody has stopped waiting: nothing more can come
    assert kaplan_meier([3.0, 4.0], [True, True]).within(24)[0] == 1

"""Weeks, quarters and days are the client's, half-open."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib import periods
from spm_lib.errors import UsageError
from spm_lib.periods import Calendar, Period


def test_an_iso_week_runs_from_monday_to_monday():
    one = periods.week("2026-W46")
    assert (one.start, one.end, one.day_count) == (date(2026, 11, 9), date(2026, 11, 16), 7)


def test_2026_has_53_weeks_and_2025_has_not():
    assert periods.week("2026-W53").start == date(2026, 12, 28)
    with pytest.raises(UsageError, match="2025 has no week 53") as refusal:
        periods.week("2025-W53")
    assert "2025-W52" in str(refusal.value)


@pytest.mark.parametrize("label", ["2026-46", "2026-W00", "26-W01", "", "2026-W1", "2026-W46x"])
def test_what_is_not_a_week_is_refused(label):
    with pytest.raises(UsageError):
        periods.week(label)


@pytest.mark.parametrize(
    ("starts_on", "first_day"),
    [("monday", date(2026, 11, 9)), ("sunday", date(2026, 11, 8)), ("saturday", date(2026, 11, 7))],
)
def test_a_week_starts_on_the_clients_day(starts_on, first_day):
    one = periods.week("2026-W46", starts_on=starts_on)
    assert one.start == first_day
    for n in range(7):
        day = one.start + pd.Timedelta(days=n).to_pytimedelta()
        assert periods.week_of(day, starts_on=starts_on).label == "2026-W46"
    assert periods.shift_weeks(one, 1).label == "2026-W47"
    assert periods.shift_weeks(one, -46).label == "2025-W52"


def test_the_week_of_a_clock_change_has_167_or_169_hours():
    for label, hours in [("2026-W10", 167), ("2026-W44", 169), ("2026-W46", 168)]:
        one = periods.week(label, time_zone="America/Chicago")
        assert (one.end_at - one.start_at) == pd.Timedelta(hours=hours)


def test_saturday_night_stays_in_its_week_whatever_utc_says():
    one = periods.week("2026-W46", starts_on="sunday", time_zone="America/Chicago")
    night = pd.Series([pd.Timestamp("2026-11-14 23:30", tz="America/Chicago").tz_convert("UTC")])
    assert night[0].day == 15
    assert one.holds(night).tolist() == [True]


def test_the_ends_of_a_period_are_half_open():
    one = Period(date(2026, 1, 1), date(2026, 2, 1))
    at = pd.Series(
        pd.to_datetime(
            ["2025-12-31 23:59", "2026-01-01 00:00", "2026-01-31 23:59", "2026-02-01 00:00"], utc=True
        )
    )
    assert one.holds(at).tolist() == [False, True, True, False]
    on = pd.Series(pd.to_datetime(["2025-12-31", "2026-01-01", "2026-01-31", "2026-02-01", None]))
    assert one.holds_day(on).tolist() == [False, True, True, False, False]


def test_a_fiscal_year_is_named_after_the_year_it_ends_in():
    assert periods.quarter(date(2026, 11, 15), fiscal_start=7).label == "Q2 2027"
    assert periods.quarter(date(2026, 11, 15)).label == "Q4 2026"
    assert periods.fiscal_year(date(2026, 3, 1), fiscal_start=7).start == date(2025, 7, 1)
    assert periods.quarter(date(2026, 1, 31), fiscal_start=2).start == date(2025, 11, 1)


def test_business_days_leave_out_weekends_and_holidays():
    thanksgiving = Calendar(frozenset({date(2026, 11, 26)}))
    assert thanksgiving.business_days(date(2026, 11, 23), date(2026, 11, 30)) == 4
    assert Calendar().business_days(date(2026, 11, 23), date(2026, 11, 30)) == 5
    assert Calendar().business_days(date(2026, 11, 30), date(2026, 11, 23)) == 0


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(UsageError, match="ends before it starts"):
        Period(date(2026, 2, 1), date(2026, 1, 1))


def test_whole_weeks_of_a_period():
    span = Period(date(2026, 11, 4), date(2026, 11, 24))
    assert [one.label for one in periods.weeks_of(span)] == ["2026-W46", "2026-W47"]

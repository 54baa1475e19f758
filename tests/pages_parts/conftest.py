"""Metric tables typed in, as the figures and tables of a page are handed them."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from spm_lib.periods import Period, quarter, week

NAN = float("nan")

#: What a client's export may hold in a name.
HOSTILE = (
    "<script>alert(1)</script>",
    "\"quoted\" 'names' & more",
    "{{ config }} {% raw %}",
    "$math$ \\frac{1}{2} `code`",
    "two\nlines\x00",
    "\u202eevil שלום",
    "x" * 200,
    "](javascript:alert(1))<img src=x onerror=alert(1)>",
)


@pytest.fixture
def all_hostile() -> tuple[str, ...]:
    return HOSTILE


@pytest.fixture(params=HOSTILE, ids=["script", "quotes", "template", "math", "lines", "bidi", "long", "link"])
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def names() -> dict[str, str]:
    return {"ines": "Ines Duarte", "marta": "Marta Lind", "ben": "Ben Hale"}


@pytest.fixture
def one_week() -> Period:
    return week("2026-W46", time_zone="America/Chicago")


@pytest.fixture
def goal_period() -> Period:
    return quarter(date(2026, 11, 15), time_zone="America/Chicago")


@pytest.fixture
def pace() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "bookings": [312_000.0],
            "quota": [540_000.0],
            "attainment_rate": [312 / 540],
            "expected_to_date": [281_000.0],
            "gap": [31_000.0],
            "pace_ratio": [312 / 281],
            "business_days_elapsed": [33],
            "business_days": [63],
            "weeks_left": [6.0],
            "needed_per_week": [38_000.0],
            "basis": ["business days, straight line"],
        }
    )


@pytest.fixture
def bookings() -> pd.DataFrame:
    """Ten days, known to the sixth."""
    return pd.DataFrame(
        {
            "on": pd.date_range("2026-10-01", periods=10, unit="us"),
            "bookings": [0.0, 5, 5, 9, 9, 12, NAN, NAN, NAN, NAN],
            "expected": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            "lowest": NAN,
            "highest": NAN,
            "basis": "business days, straight line",
        }
    )


@pytest.fixture
def own_curve(bookings) -> pd.DataFrame:
    """The same days along the client's own curve."""
    expected = bookings["expected"]
    return bookings.assign(lowest=expected - 1, highest=expected + 2, basis="own curve of 5 past periods")


@pytest.fixture
def forecast() -> pd.DataFrame:
    return pd.DataFrame(
        {"state": ["measured"], "low": [8.0], "median": [10.0], "high": [13.0], "p_attain": [0.46]}
    )


@pytest.fixture
def coverage() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "open_amount": [612_000.0],
            "bookings": [312_000.0],
            "quota": [540_000.0],
            "remaining": [228_000.0],
            "coverage_ratio": [2.68],
            "required_ratio": [2.1],
            "required_basis": ["6 past periods at the same point"],
            "open_count": [21],
            "undated_count": [0],
            "cycle_days": [40.0],
            "booked_per_week": [24_000.0],
            "state": ["measured"],
        }
    )


@pytest.fixture
def win_rate() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "won_count": [40],
            "lost_count": [86],
            "disqualified_count": [12],
            "decided_count": [126],
            "win_rate": [40 / 126],
            "low": [0.25],
            "high": [0.39],
        }
    )


@pytest.fixture
def win_rates() -> pd.DataFrame:
    """Three reps and the unassigned; in the order of their ids."""
    return pd.DataFrame(
        {
            "rep_id": ["ben", "ines", "marta", None],
            "won_count": [2, 14, 4, 0],
            "lost_count": [4, 17, 29, 0],
            "disqualified_count": [0, 1, 2, 0],
            "decided_count": [6, 31, 33, 0],
            "win_rate": [2 / 6, 14 / 31, 4 / 33, NAN],
            "low": [0.12, 0.31, 0.06, NAN],
            "high": [0.65, 0.60, 0.24, NAN],
        }
    )


@pytest.fixture
def evidence(win_rates: pd.DataFrame) -> pd.DataFrame:
    return win_rates[["rep_id", "won_count", "decided_count", "win_rate", "low", "high"]].assign(
        evidence=[1.0, 0.3, 7.0, 1.0],
        verdict=["too few to say", "none", "watch", "too few to say"],
    )


@pytest.fixture
def standard() -> pd.Series:
    return pd.Series({"threshold": 0.30, "title": "Sales process", "version": "ab12"})


@pytest.fixture
def change() -> pd.DataFrame:
    """Adds up: 486 + 92 - 50 - 61 + 0 = 467."""
    return pd.DataFrame(
        {
            "cause": ["start", "created", "reopened", "won", "lost", "end"],
            "opportunity_count": [30, 8, 0, 4, 5, 29],
            "amount": [486_000.0, 92_000.0, 0.0, -50_000.0, -61_000.0, 467_000.0],
            "no_amount_count": 0,
            "later_count": [11.0, NAN, NAN, NAN, NAN, 12.0],
            "undated_count": [0.0, NAN, NAN, NAN, NAN, 1.0],
        }
    )


@pytest.fixture
def ladder() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": ["ines", "marta"],
            "logged_count": [74.0, 96.0],
            "unique_count": [71.0, 63.0],
            "reached_count": [33.0, 18.0],
            "two_way_count": [21.0, 7.0],
            "decision_maker_count": [NAN, NAN],
            "next_step_count": [12.0, 2.0],
            "advanced_count": [6.0, 1.0],
            "undecided_count": [3.0, 0.0],
            "received_rate": [1.0, 1.0],
        }
    )


@pytest.fixture
def limits() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "measure": ["decided", "logged_within_24h_rate", "conversations"],
            "weeks": [25, 25, 0],
            "centre": [12.0, 0.9, NAN],
            "lower": [6.2, 0.80, NAN],
            "upper": [18.1, 0.97, NAN],
            "latest": [11.0, 0.71, NAN],
            "signal": ["none", "below", "too few weeks"],
        }
    )


@pytest.fixture
def weekly() -> pd.DataFrame:
    starts = pd.date_range("2026-08-17", periods=13, freq="7D", unit="us")
    decided = pd.DataFrame(
        {"measure": "decided", "starts_on": starts, "value": [*range(10, 22), 11.0], "n": 11}
    )
    logged = pd.DataFrame(
        {"measure": "logged_within_24h_rate", "starts_on": starts, "value": [0.9] * 12 + [0.71], "n": 38}
    )
    return pd.concat([decided, logged], ignore_index=True)


@pytest.fixture
def hygiene() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rule": ["past_expected_close", "untouched_days", "single_contact"],
            "limit": [NAN, 14.0, NAN],
            "checked_count": [58, 54, 0],
            "failed_count": [12, 7, 0],
            "failed_amount": [146_000.0, 61_000.0, 0.0],
            "unknown_count": [0, 4, 58],
            "document": "crm_usage",
            "version": "1a2b3c4d5e6f",
        }
    )


@pytest.fixture
def effect() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "coverage_ratio": [2.68],
            "coverage_ratio_without": [1.8],
            "overdue_count": [12],
            "overdue_amount": [201_600.0],
            "open_amount_without": [410_400.0],
        }
    )


@pytest.fixture
def rows() -> pd.DataFrame:
    """One opportunity per hostile name."""
    return pd.DataFrame(
        {
            "rule": ["past_expected_close", "untouched_days"] * 4,
            "opportunity_id": [f"o{number}" for number in range(8)],
            "name": list(HOSTILE),
            "rep_id": ["ines", None] * 4,
            "amount": [1_200.5, NAN] * 4,
            "detail": list(reversed(HOSTILE)),
        }
    )

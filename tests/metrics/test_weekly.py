"""Weekly measures and their natural limits: by hand, against SQL, a published chart, and quiet weeks."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

from spm_lib import style
from spm_lib.metrics.attainment import booked
from spm_lib.metrics.process_limits import few_weeks_multiplier, natural_limits, process_limits
from spm_lib.metrics.weekly_measures import MEASURES, weekly_measures
from spm_lib.periods import Calendar, trailing, weeks_of
from tests.metrics.frames import activities, one_week, opportunities, outcomes, received
from tests.metrics.made import outcome_frames, sql


def weekly(opps=(), ends=(), acts=(), weeks=2, until="2026-11-16 00:00", last=None):
    return weekly_measures(
        opportunities(*opps),
        outcomes(*ends),
        activities(*acts),
        trailing(last or one_week(), weeks),
        Calendar(),
        received(until),
        60,
    )


def values(table, measure):
    return table["value"][table["measure"] == measure].tolist()


def test_a_row_for_every_measure_and_week_oldest_first():
    table = weekly(weeks=3)
    assert list(table.columns) == ["measure", "week", "starts_on", "value", "n", "business_days"]
    assert table["measure"].tolist() == [measure for measure in MEASURES for _ in range(3)]
    assert table["week"].tolist()[:3] == ["2026-W44", "2026-W45", "2026-W46"]
    assert table["starts_on"].tolist()[:3] == list(pd.to_datetime(["2026-10-26", "2026-11-02", "2026-11-09"]))
    assert all(style.LABELS[measure] for measure in MEASURES)


def test_what_a_week_brought_is_counted():
    before = {"outcome_at": "2026-11-02 09:00"}
    table = weekly(
        [
            {"created_at": "2026-11-02 09:00"},
            {"created_at": "2026-11-10 09:00"},
            {"created_at": None},
            {"created_at": "2026-11-10 09:00", "status": "won"},
            {"created_at": "2026-11-10 09:00", "presence": "merged"},
        ],
        [
            {"outcome": "lost", **before},
            {"outcome": "won", "amount": 5_000},
            {"outcome": "won"},
            {"outcome": "lost", "amount": 9},
            {"outcome": "disqualified"},
        ],
    )
    # created and won in the same week was created; the merged one counts once, where it went
    assert values(table, "new_opportunities") == [1, 2]
    assert values(table, "decided") == [1, 3]
    assert values(table, "won") == [0, 2]
    assert values(table, "bookings") == [0, 5_000]
    assert table["n"][table["measure"] == "bookings"].tolist() == [0, 2]


def test_conversations_meetings_and_late_logging_are_counted():
    long = {"duration_seconds": 60.0}
    acts = [
        {"at": "2026-11-02 09:00", "duration_seconds": 5.0},
        {"at": "2026-11-09 09:00", **long, "logged_at": "2026-11-09 10:00"},
        {"at": "2026-11-09 11:00", **long, "logged_at": "2026-11-10 11:00"},
        {"at": "2026-11-09 13:00", "duration_seconds": 9.0, "logged_at": "2026-11-10 19:00"},
        {"at": "2026-11-09 15:00", **long},
        {"at": "2026-11-09 16:00", "kind": "meeting", "outcome": "held"},
        {"at": "2026-11-09 17:00", "kind": "meeting", "outcome": "no_show"},
        {"at": "2026-11-09 18:00", **long, "status": "planned", "logged_at": "2026-11-09 08:00"},
        {"at": "2026-11-09 19:00", "kind": "note", "logged_at": "2026-11-09 19:00"},
    ]
    table = weekly(acts=acts)
    assert values(table, "conversations") == [0, 4]
    assert values(table, "meetings_held") == [0, 1]
    # in time after 1 and 24 hours, late after 30; the others do not say
    assert values(table, "logged_within_24h_rate")[1] == pytest.approx(2 / 3)
    assert math.isnan(values(table, "logged_within_24h_rate")[0])
    assert table["n"][table["measure"] == "logged_within_24h_rate"].tolist()[1] == 3


def test_a_week_the_exports_do_not_reach_is_missing_and_a_quiet_one_zero():
    acts = [{"at": "2026-10-26 09:00", "duration_seconds": 90.0}]
    quiet = weekly(acts=acts, ends=[{"outcome": "won", "outcome_at": "2026-10-26 09:00"}], weeks=3)
    assert values(quiet, "conversations") == [1, 0, 0]
    assert values(quiet, "decided") == [1, 0, 0]
    stale = weekly(acts=acts, weeks=3, until="2026-11-08 20:00")
    assert values(stale, "conversations")[:2] == [1, 0]
    assert math.isnan(values(stale, "conversations")[2])
    never = weekly_measures(
        opportunities(), outcomes(), activities(*acts), trailing(one_week(), 3), Calendar(), {}, 60
    )
    assert never[["value", "n"]].isna().all(axis=None)


def test_weeks_before_the_first_thing_on_record_are_missing():
    acts = [
        {"at": "2026-11-04 09:00", "duration_seconds": 90.0},
        {"at": "2026-11-09 09:00", "duration_seconds": 90.0},
    ]
    found = values(weekly(acts=acts, weeks=3), "conversations")
    # the record begins on Wednesday of the second week, which is not whole
    assert np.isnan(found[:2]).all()
    assert found[2] == 1


def test_what_no_source_records_is_missing_in_every_week():
    table = weekly(acts=[{"at": "2026-11-02 09:00"}, {"at": "2026-11-10 09:00", "kind": "meeting"}])
    assert (
        table["value"][table["measure"].isin(["conversations", "meetings_held", "logged_within_24h_rate"])]
        .isna()
        .all()
    )


def test_saturday_night_counts_in_its_own_week_also_where_weeks_start_on_sunday():
    ends = [
        {"outcome": "won", "outcome_at": "2026-11-01 12:00"},
        {"outcome": "won", "outcome_at": "2026-11-14 23:30"},
    ]
    sunday = one_week(starts_on="sunday")
    assert values(weekly(ends=ends, last=sunday), "won") == [1, 1]
    monday = one_week("2026-W47", starts_on="sunday")
    assert values(weekly(ends=ends, last=monday, weeks=1, until="2026-11-22 00:00"), "won") == [0]


def test_halves_of_a_split_are_one_opportunity():
    halves = [
        {"opportunity_id": "o", "rep_id": rep, "share_rate": 0.5, "outcome": "won", "amount": 50.0}
        for rep in "ab"
    ]
    table = weekly(ends=[*halves, {"outcome": "lost", "outcome_at": "2026-11-02 09:00"}])
    assert (values(table, "won")[1], values(table, "bookings")[1]) == (1, 100)


_WEEKS = """
select date_trunc('week', timezone('America/Chicago', outcome_at))::date as starts_on,
    coalesce(sum(share_rate) filter (outcome in ('won', 'lost')), 0) as decided,
    coalesce(sum(share_rate) filter (outcome = 'won'), 0) as won,
    sum(amount) filter (outcome = 'won') as bookings
from outcomes group by all
"""


@settings(max_examples=40, deadline=None)
@given(outcome_frames())
def test_weeks_agree_with_sql(made):
    before = made.copy(deep=True)
    table = weekly_measures(
        opportunities(),
        made,
        activities(),
        trailing(one_week("2026-W47"), 2),
        Calendar(),
        received("2026-11-23 00:00"),
        60,
    )
    oracle = sql(_WEEKS, outcomes=made).set_index("starts_on")
    oracle.index = pd.to_datetime(oracle.index)
    for row in table.dropna(subset="value").to_dict("records"):
        if row["measure"] in oracle.columns:
            expected = oracle[row["measure"]].get(row["starts_on"], 0.0)
            assert row["value"] == pytest.approx(0.0 if pd.isna(expected) else float(expected), abs=0.011)
    pd.testing.assert_frame_equal(made, before)


def series(found, measure="conversations", n=None, days=5):
    """Weeks of one measure, oldest first."""
    starts = pd.date_range("2026-01-05", periods=len(found), freq="7D")
    number = found if n is None else n
    weeks = {"measure": measure, "starts_on": starts, "value": found, "n": number, "business_days": days}
    return pd.DataFrame(weeks).astype({"n": "float64"})


def limit(found, measure="conversations", n=None, days=5):
    return process_limits(series(found, measure, n, days)).iloc[0]


def test_a_week_of_holidays_is_held_against_the_days_it_has():
    """40 a week; 17 in a week of two working days is 42.5 in a full one, 17 in a full week is news."""
    usual = [39.0, 41.0] * 8
    assert limit([*usual, 17.0])["signal"] == "below"
    short = limit([*usual, 17.0], days=[5] * 16 + [2])
    assert short["signal"] == "none"
    assert short["lower"] < 17 < short["upper"]
    # a short week among those learnt from widens nothing: 16 in two days is 40 in five
    assert limit([*usual, 16.0, 40.0], days=[5] * 16 + [2, 5])["centre"] == pytest.approx(
        limit([*usual, 40.0, 40.0])["centre"]
    )


def test_a_rate_is_not_news_while_chance_alone_would_bring_it():
    """98 % of 70 for months: 93 % is 65 of 70, and one in eighty weeks at 98 % is as low by chance."""
    usual = [0.979, 0.981] * 8
    assert limit([*usual, 0.93], "logged_within_24h_rate", n=70)["signal"] == "none"
    # of 2,000 it is no chance
    assert limit([*usual, 0.93], "logged_within_24h_rate", n=2000)["signal"] == "below"


def test_limits_of_the_nist_handbook():
    # NIST/SEMATECH e-Handbook 6.3.2.2.1, flowrate of ten batches: centre 50.81, limits 55.8041 and 45.8159
    flow = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    centre, lower, upper = natural_limits(flow)
    assert (round(centre, 2), round(upper, 4), round(lower, 4)) == (50.81, 55.8041, 45.8159)


def test_a_missing_week_neither_counts_nor_makes_a_moving_range():
    # ranges 2 and 1: mean 1.5
    centre, _, upper = natural_limits(np.array([1.0, 3.0, math.nan, 5.0, 6.0]))
    assert (centre, upper) == (3.75, 3.75 + 3 / 1.128 * 1.5)


def test_few_weeks_widen_the_limits_and_many_leave_the_textbooks():
    assert few_weeks_multiplier(100_000) == pytest.approx(2.66, abs=0.001)
    assert few_weeks_multiplier(13) == pytest.approx(
        stats.t.ppf(0.99865, 0.62 * 12) * math.sqrt(14 / 13) / 1.128
    )
    assert round(few_weeks_multiplier(25), 2) == 3.25


def test_the_example_of_the_definition():
    row = limit([0.8, 0.9] * 6 + [0.8, 0.40], "logged_within_24h_rate", n=[40.0] * 14)
    # mean 11 / 13, twelve ranges of 0.1, 4.0547 × 0.1 to each side
    assert row["centre"] == pytest.approx(11 / 13)
    assert row["lower"] == pytest.approx(11 / 13 - 0.40547, abs=1e-4)
    assert (row["upper"], row["weeks"], row["latest"], row["signal"]) == (1.0, 13, 0.40, "below")


def test_counts_are_charted_on_the_scale_of_their_roots():
    found = [30, 42, 36, 25, 41, 33, 38, 29, 44, 35, 31, 40, 37, 90]
    row = limit([float(value) for value in found])
    roots = [math.sqrt(value + 0.375) for value in found[:-1]]
    ranges = [abs(after - before) for before, after in itertools.pairwise(roots)]
    top = sum(roots) / 13 + few_weeks_multiplier(13) * sum(ranges) / 12
    assert row["upper"] == pytest.approx(top**2 - 0.375)
    assert row["signal"] == "above"


def test_counts_never_have_narrower_limits_than_pure_chance():
    # thirteen weeks between 4 and 5: as even as they are, a Poisson count of 4.5 reaches 13
    row = limit([4.0, 5.0] * 7 + [11.0])
    size, success = 63.5, 14 / 15
    assert row["upper"] == stats.nbinom.ppf(0.99865, size, success)
    assert row["lower"] == stats.nbinom.ppf(0.00135, size, success)
    assert row["signal"] == "none"


@pytest.mark.parametrize(
    ("found", "signal"),
    [
        ([5.0, 9.0] * 6 + [7.0], "too few weeks"),
        ([5.0, 9.0] * 7 + [math.nan], "no data"),
        ([7.0] * 20, "no variation"),
        ([0.0] * 20 + [3.0], "no variation"),
        ([5.0, 9.0] * 7, "none"),
        ([9.0] * 3 + [4.0, 6.0] * 6 + [9.0] * 8, "run_above"),
        ([9.0] * 3 + [4.0, 6.0] * 6 + [9.0] * 7, "none"),
        ([4.0, 6.0] * 6 + [9.0] * 3 + [math.nan] + [9.0] * 5, "none"),
        ([4.0, 6.0] * 6 + [2.0] * 8, "run_below"),
    ],
)
def test_each_signal(found, signal):
    assert limit(found)["signal"] == signal


def test_nothing_is_alarming_that_cannot_be_told():
    for found in ([1.0], [math.nan] * 30, [math.nan] * 25 + [1.0], [0.0] * 20):
        row = limit(found)
        assert row["signal"] in ("too few weeks", "no data", "no variation")
        assert row[["centre", "lower", "upper"]].isna().all()
    assert process_limits(series([1.0]).iloc[:0]).empty


def test_a_rate_of_a_handful_is_not_put_to_the_test():
    row = limit([0.9, 0.8] * 8 + [0.0], "logged_within_24h_rate", n=[30.0] * 16 + [2.0])
    assert (row["latest"], row["signal"]) == (0.0, "too few to say")
    ten = limit([0.9, 0.8] * 8 + [0.0], "logged_within_24h_rate", n=[10.0] * 17)
    assert (ten["weeks"], ten["signal"]) == (16, "below")
    few = limit([0.9, 0.8] * 8 + [0.0], "logged_within_24h_rate", n=[9.0] * 16 + [30.0])
    assert (few["weeks"], few["signal"]) == (0, "too few weeks")


def test_limits_stay_where_a_measure_can_be_and_the_input_as_it_was():
    rng = np.random.default_rng(5)
    frames = [
        series(rng.poisson(1.0, 26).astype(float)),
        series(rng.lognormal(9, 1.5, 26), "bookings"),
        series(rng.binomial(20, 0.95, 26) / 20, "logged_within_24h_rate", n=[20.0] * 26),
    ]
    both = pd.concat(frames, ignore_index=True)
    before = both.copy(deep=True)
    table = process_limits(both)
    assert table["measure"].tolist() == ["conversations", "bookings", "logged_within_24h_rate"]
    assert (table["lower"] >= 0).all()
    assert (table["lower"] <= table["centre"]).all()
    assert (table["centre"] <= table["upper"]).all()
    assert table["upper"].iloc[2] <= 1
    pd.testing.assert_frame_equal(both, before)
    shuffled = process_limits(both.sample(frac=1, random_state=1)).set_index("measure")
    pd.testing.assert_frame_equal(shuffled.loc[table["measure"]].reset_index(), table)


def quiet_pages(rng, reps, weeks, pages):
    """Pages of a team to which nothing happens: seven measures, so many weeks before the latest."""
    size = (pages, weeks + 1)
    won, calls = rng.poisson(0.8 * reps, size), rng.poisson(17 * reps, size)
    amounts = [rng.lognormal(9, 0.45, number).sum() for number in won.ravel()]
    counts = {
        "new_opportunities": rng.poisson(2.7 * reps, size),
        "decided": won + rng.poisson(1.6 * reps, size),
        "won": won,
        "bookings": np.reshape(amounts, size),
        "conversations": rng.poisson(9 * reps, size),
        "meetings_held": rng.poisson(2.5 * reps, size),
        "logged_within_24h_rate": rng.binomial(calls, 0.9) / calls,
    }
    for page in range(pages):
        yield pd.concat(
            [series(found[page].astype(float), measure, n=calls[page]) for measure, found in counts.items()]
        )


@pytest.mark.parametrize("weeks", [13, 25])
@pytest.mark.parametrize("reps", [2, 5])
def test_at_most_one_quiet_page_in_twenty_alerts(reps, weeks):
    pages = quiet_pages(np.random.default_rng(weeks + reps), reps, weeks, 120)
    alerts = [process_limits(page)["signal"].isin(["above", "below"]).any() for page in pages]
    assert np.mean(alerts) <= 0.05


def test_a_collapse_of_conversations_is_seen():
    rng = np.random.default_rng(3)
    found = [rng.poisson(45, 26).astype(float) for _ in range(100)]
    for weeks in found:
        weeks[-1] = rng.poisson(12)
    assert np.mean([limit(weeks)["signal"] == "below" for weeks in found]) >= 0.95


@settings(max_examples=40, deadline=None)
@given(outcome_frames())
def test_each_week_books_what_its_own_attainment_would(frame):
    span = trailing(one_week(), 3)
    early = outcomes({"outcome": "lost", "outcome_at": "2026-01-05 09:00"})
    every = pd.concat([early, frame], ignore_index=True)
    table = weekly_measures(
        opportunities(), every, activities(), span, Calendar(), received("2026-11-16 00:00"), 60
    )
    shown = table[table["measure"] == "bookings"]
    for week, value, n in zip(weeks_of(span), shown["value"], shown["n"], strict=True):
        alone = booked(every[week.holds(every["outcome_at"])], None, None).iloc[0]
        assert value == alone["bookings"] or (np.isnan(value) and np.isnan(alone["bookings"]))
        assert np.isnan(n) if np.isnan(value) else n == alone["won_count"]

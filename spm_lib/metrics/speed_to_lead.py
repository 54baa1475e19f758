"""How soon is a lead followed up? On the clock, and in the hours somebody works."""

from __future__ import annotations

from datetime import time

import numpy as np
import numpy.typing as npt
import pandas as pd

from spm_lib.errors import MetricError
from spm_lib.metrics.groups import check_by
from spm_lib.metrics.registry import metric
from spm_lib.metrics.touches import linked, recorded_until, touches
from spm_lib.metrics.waiting import kaplan_meier
from spm_lib.periods import Calendar, Period
from spm_lib.schemas import LEADS

#: What leads can be grouped on.
LEAD_GROUPINGS = ("rep_id", "lead_source")
#: The hours somebody works, on the client's clock.
BUSINESS_HOURS = (time(9), time(17))
#: Limits in hours, and what they are called.
LIMITS = {"5_minutes": 5 / 60, "1_hour": 1.0, "24_hours": 24.0}

_RATES = [f"within_{limit}_{part}" for limit in LIMITS for part in ("rate", "low", "high")]
_HOURS = ["median_hours", "p90_hours", "median_business_hours", "p90_business_hours"]


@metric(
    question="How soon is a lead followed up?",
    formula="first outbound call, e-mail or meeting by a rep − created_at; median, 90th percentile and "
    "shares by Kaplan-Meier: a lead never contacted has waited until the cut-off, and is not left out",
    time_base="leads created in the period; their first touch up to the cut-off",
    credit="the rep who holds the lead",
    excluded="touches before the lead came in, inbound ones, those of no rep (auto-replies); leads created "
    "after the activity exports end",
    empty="no lead: hours and rates are missing; a percentile that many leads have not reached is missing; "
    "no activity export, no leads export: missing, never 0",
    columns={
        "lead_count": "leads created in the period",
        "contacted_count": "those contacted by the cut-off",
        "never_count": "those not",
        "median_hours": "hours by which half were contacted",
        "p90_hours": "hours by which 90 % were contacted",
        "median_business_hours": "the same in working hours",
        "p90_business_hours": "the same in working hours",
        "within_5_minutes_rate": "share contacted within 5 minutes, 0-1",
        "within_5_minutes_low": "lower end of its 90 % interval, 0-1",
        "within_5_minutes_high": "upper end of it, 0-1",
        "within_1_hour_rate": "share contacted within an hour, 0-1",
        "within_1_hour_low": "lower end of its 90 % interval, 0-1",
        "within_1_hour_high": "upper end of it, 0-1",
        "within_24_hours_rate": "share contacted within 24 hours, 0-1",
        "within_24_hours_low": "lower end of its 90 % interval, 0-1",
        "within_24_hours_high": "upper end of it, 0-1",
    },
    example="4 leads: contacted after 1, 2 and 30 hours, one never in 100 hours. Median 2 h, 90th percentile "
    "not reached, within an hour 1 of 4, within 24 hours 2 of 4.",
    groupings=LEAD_GROUPINGS,
)
def speed_to_lead(
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    cutoff: pd.Timestamp,
    received_until: dict[str, pd.Timestamp],
    conversation_seconds: int,
    leads: pd.DataFrame | None = None,
    business_hours: tuple[time, time] = BUSINESS_HOURS,
    by: str | None = None,
    groups: list[str] | None = None,
) -> pd.DataFrame:
    """How long leads wait for a first touch.

    Parameters
    ----------
    activities : pandas.DataFrame
        ``schemas.ACTIVITIES``.
    period : Period
    calendar : Calendar
    cutoff : pandas.Timestamp
        UTC.
    received_until : dict
        Table -> latest export that brought it.
    conversation_seconds : int
    leads : pandas.DataFrame, optional
        ``schemas.LEADS``; missing where the client's exports bring none.
    business_hours : tuple of datetime.time
        From, until; on the client's clock.
    by : str, optional
        rep_id or lead_source.
    groups : list of str, optional
        Groups that get a row even without leads.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    MetricError
        It has no such grouping, or the business hours end before they begin.
    """
    check_by("speed_to_lead", by, LEAD_GROUPINGS)
    if business_hours[1] <= business_hours[0]:
        raise MetricError(
            "the business hours end before they begin",
            given=f"{business_hours[0]} to {business_hours[1]}",
            remedy="give them as (from, until), like 09:00 and 17:00",
        )
    told = recorded_until(cutoff, received_until)
    known = told is not None and leads is not None and "leads" in received_until
    leads = LEADS.empty() if leads is None else leads
    mine = leads[period.holds(leads["created_at"])].reset_index(drop=True)
    if told is not None and known:
        mine = mine[mine["created_at"] < told].reset_index(drop=True)
        mine = _waits(mine, activities, period, calendar, told, conversation_seconds, business_hours)
    if by is None:
        return pd.DataFrame([_summary(mine, known=known)])
    names: list[str | None] = [*sorted({*mine[by].dropna(), *(groups or ())})]
    if mine[by].isna().any():
        names.append(None)
    rows = []
    for name in names:
        own = mine[mine[by].isna() if name is None else mine[by].eq(name)]
        rows.append({by: name, **_summary(own, known=known)})
    return pd.DataFrame(rows, columns=[by, *_summary(mine.head(0), known=False)]).astype({by: "str"})


def business_time(
    at: pd.Series, calendar: Calendar, time_zone: str, hours: tuple[time, time] = BUSINESS_HOURS
) -> npt.NDArray[np.float64]:
    """Working hours from the beginning of 1970 to each instant: their difference is the time worked between.

    Parameters
    ----------
    at : pandas.Series of timezone-aware timestamps
    calendar : Calendar
    time_zone : str
    hours : tuple of datetime.time
        From, until.
    """
    local = at.dt.tz_convert(time_zone).dt.tz_localize(None)
    day = local.dt.normalize()
    days = day.to_numpy().astype("datetime64[D]")
    first, last = (hour.hour + hour.minute / 60 + hour.second / 3600 for hour in hours)
    mask = [weekday in calendar.working_days for weekday in range(7)]
    holidays = np.array(sorted(calendar.holidays), dtype="datetime64[D]")
    before = np.busday_count(np.datetime64("1970-01-01"), days, weekmask=mask, holidays=holidays)
    of_day = np.clip((local - day).dt.total_seconds().to_numpy(dtype=float) / 3600, first, last) - first
    worked = np.is_busday(days, weekmask=mask, holidays=holidays)
    return np.asarray(before * (last - first) + np.where(worked, of_day, 0.0), dtype=float)


def _waits(
    leads: pd.DataFrame,
    activities: pd.DataFrame,
    period: Period,
    calendar: Calendar,
    told: pd.Timestamp,
    conversation_seconds: int,
    business_hours: tuple[time, time],
) -> pd.DataFrame:
    """Each lead with whether it was contacted, and how long it waited."""
    touched = touches(activities, conversation_seconds)
    ours = touched["direction"].ne("inbound") & touched["rep_id"].notna() & (touched["at"] < told)
    first = linked(leads, touched[ours], "created_at").groupby("thing")["at"].min().reindex(leads.index)
    until = first.fillna(told)
    worked = [
        business_time(at, calendar, period.time_zone, business_hours) for at in (until, leads["created_at"])
    ]
    return leads.assign(
        contacted=first.notna(),
        hours=(until - leads["created_at"]).dt.total_seconds() / 3600,
        business_hours=worked[0] - worked[1],
    )


def _summary(leads: pd.DataFrame, *, known: bool) -> dict[str, float]:
    """The numbers of some leads."""
    if not known:
        counts = ("lead_count", "contacted_count", "never_count")
        return dict.fromkeys([*counts, *_HOURS, *_RATES], float("nan"))
    contacted = int(leads["contacted"].sum())
    facts: dict[str, float] = {
        "lead_count": len(leads),
        "contacted_count": contacted,
        "never_count": len(leads) - contacted,
    }
    clock = kaplan_meier(leads["hours"], leads["contacted"])
    worked = kaplan_meier(leads["business_hours"], leads["contacted"])
    spans = [waited.quantile(share) for waited in (clock, worked) for share in (0.5, 0.9)]
    facts |= dict(zip(_HOURS, spans, strict=True))
    rates = [value for limit in LIMITS.values() for value in clock.within(limit)]
    return facts | dict(zip(_RATES, rates, strict=True))

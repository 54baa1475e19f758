"""The numbers of the team's sheet: wins, the scorecard, and each rep's results against what was agreed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from spm_lib.expectations.fields import IndividualPlan
from spm_lib.metrics import registry
from spm_lib.metrics.process_limits import process_limits
from spm_lib.metrics.unique import contact_recorded, is_conversation, unique_activities
from spm_lib.periods import Period
from spm_lib.review import LADDER_WEEKS, Review

#: Weekly measures a rep can agree on a count of.
COUNTS = ("new_opportunities", "conversations", "meetings_held")
#: Weeks a rep's agreed count is looked back on.
BACK_WEEKS = LADDER_WEEKS

_COUNTED = {"rep_id": "str", "measure": "str", "agreed": "float64"}
_WEEKLY = ["rep_id", "measure", "week", "starts_on", "value", "n", "business_days"]
_WINS = {
    "opportunity_id": "str",
    "name": "str",
    "rep_ids": "object",
    "won_on": "datetime64[us]",
    "amount": "float64",
    "business": "str",
    "lead_source": "str",
    "cycle_days": "float64",
    "conversation_count": "float64",
}


def team_of(review: Review) -> list[str]:
    """The reps on the team in the week; where the client lists none, whoever booked in the goal period."""
    listed = review.view(by="rep_id").groups
    if listed is not None:
        return listed
    table = review.measure("attainment", by="rep_id")
    return [str(rep) for rep in table["rep_id"].dropna()]


def wins(review: Review) -> pd.DataFrame:
    """What was won in the week, in the order of days, with what is on record of how it came about.

    Returns
    -------
    pandas.DataFrame
        One row per opportunity: opportunity_id, name, rep_ids (a list; a split has several), won_on, amount
        (client's currency), business, lead_source, cycle_days (from its creation), conversation_count (held
        on it before the outcome; missing where no source links activities to opportunities). What is not on
        record is missing.
    """
    view = review.view()
    rows = view.outcomes[view.outcomes["outcome"].eq("won") & review.week.holds(view.outcomes["outcome_at"])]
    talked = _conversations(review)
    found = [_win(part, talked) for _, part in rows.groupby("opportunity_id", sort=True)]
    table = pd.DataFrame(found, columns=list(_WINS)).astype(_WINS)
    return table.sort_values(["won_on", "opportunity_id"], kind="stable", ignore_index=True)


def _win(rows: pd.DataFrame, talked: pd.DataFrame | None) -> dict[str, object]:
    first = rows.iloc[0]
    own = None if talked is None else talked[talked["opportunity_id"].eq(first["opportunity_id"])]
    return {
        **{name: first[name] for name in ("opportunity_id", "name", "business", "lead_source")},
        "rep_ids": [str(rep) for rep in rows["rep_id"].dropna()],
        "won_on": first["outcome_at"].tz_localize(None),
        "amount": rows["amount"].sum(min_count=len(rows)),
        "cycle_days": (first["outcome_at"] - first["created_at"]) / pd.Timedelta(days=1),
        "conversation_count": np.nan if own is None else (own["at"] <= first["outcome_at"]).sum(),
    }


def _conversations(review: Review) -> pd.DataFrame | None:
    """Every conversation on an opportunity; None where nobody records them or links them to one."""
    unique = unique_activities(review.view().activities)
    if not contact_recorded(unique) or not unique["opportunity_id"].notna().any():
        return None
    return unique[is_conversation(unique, review.view().conversation_seconds)]


def agreed_counts(review: Review, team: Sequence[str]) -> tuple[pd.DataFrame, list[str]]:
    """The weekly counts each rep agreed to in a plan, and what is agreed there that nobody counts.

    A plan that the rep has not read and reviewed is no agreement yet: its counts are left out.

    Returns
    -------
    tuple of pandas.DataFrame and list of str
        rep_id, measure, agreed (per week); and the words of what no export counts.
    """
    view, on = review.view(), review.week.last_day
    rows, others = [], []
    for rep in review.client.reps:
        found = view.source.expectations.for_rep("individual_plan", rep, on)
        known = view.acknowledged is None or (rep.id, "individual_plan") in view.acknowledged
        if rep.id not in team or found is None or not isinstance(found.front, IndividualPlan) or not known:
            continue
        for one in found.front.weekly_activity:
            measure = "_".join(one.what.casefold().replace("-", " ").split())
            if measure in COUNTS:
                rows.append((rep.id, measure, one.count))
            else:
                others.append(one.what)
    table = pd.DataFrame(rows, columns=list(_COUNTED)).astype(_COUNTED)
    return table.drop_duplicates(["rep_id", "measure"]), list(dict.fromkeys(others))


def weekly_by_rep(review: Review, counts: pd.DataFrame) -> pd.DataFrame:
    """The weekly measures each rep agreed a count of, from the rep's own rows."""
    view = review.view()
    weeks = review.weekly()
    first = weeks["starts_on"].min().date() if len(weeks) else review.week.start
    span = Period(first, review.week.end, time_zone=review.client.time_zone)
    parts = [pd.DataFrame(columns=_WEEKLY)]
    for rep, agreed in counts.groupby("rep_id", sort=False):
        # credit of an activity is the doer's, of a new opportunity its holder's
        own = {
            name: table[table["rep_id"].eq(rep)]
            for name, table in (("activities", view.activities), ("opportunities", view.opportunities))
        }
        table = registry.compute("weekly_measures", view, period=span, **own)
        parts.append(table[table["measure"].isin(agreed["measure"])].assign(rep_id=rep)[_WEEKLY])
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0].astype(weeks.dtypes.to_dict())


def scorecard(weekly: pd.DataFrame, counts: pd.DataFrame, team: Sequence[str]) -> pd.DataFrame:
    """The team's measures, then the agreed weekly counts of each rep, with their natural limits.

    Returns
    -------
    pandas.DataFrame
        rep_id (missing for the team), agreed (missing where nothing is; for the team the sum, where every rep
        agreed on a count), n, business_days of the week, and the columns of ``process_limits``.
    """
    agreed = counts.set_index(["rep_id", "measure"])["agreed"]
    parts = []
    for rep, rows in weekly.groupby("rep_id", dropna=False, sort=False):
        table = process_limits(rows)
        last = rows.sort_values("starts_on").groupby("measure")[["n", "business_days"]].last()
        table = table.join(last, on="measure")
        is_team = pd.isna(rep)
        if is_team:
            table["agreed"] = [_of_all(counts, str(measure), team) for measure in table["measure"]]
        else:
            table["agreed"] = [agreed.get((rep, measure), np.nan) for measure in table["measure"]]
        parts.append(table.assign(rep_id=None if is_team else rep))
    columns = ["rep_id", "measure", "agreed", "latest", "n", "business_days"]
    columns += ["weeks", "centre", "lower", "upper", "signal"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([part.astype({"rep_id": "str"}) for part in parts], ignore_index=True)[columns]


def _of_all(counts: pd.DataFrame, measure: str, team: Sequence[str]) -> float:
    """What everybody agreed to, together; a part of the team is no team goal."""
    rows = counts[counts["measure"].eq(measure)]
    return float(rows["agreed"].sum()) if team and set(rows["rep_id"]) >= set(team) else np.nan


def results(review: Review, weekly: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Each rep's bookings against the own goal, and weeks in which the agreed count was reached.

    Returns
    -------
    pandas.DataFrame
        rep_id, won_count, bookings, quota, attainment_rate, no_amount_count, measure, agreed, reached_count,
        week_count (weeks with data of the last 13). A rep who agreed on two counts has two rows.
    """
    table = review.measure("attainment", by="rep_id")
    table = table[["rep_id", "won_count", "bookings", "quota", "attainment_rate", "no_amount_count"]]
    rows = []
    for line in counts.to_dict("records"):
        own = weekly[weekly["rep_id"].eq(line["rep_id"]) & weekly["measure"].eq(line["measure"])]
        value = own.sort_values("starts_on")["value"].tail(BACK_WEEKS).dropna()
        rows.append({**line, "reached_count": int((value >= line["agreed"]).sum()), "week_count": len(value)})
    columns = [*_COUNTED, "reached_count", "week_count"]
    return table.merge(pd.DataFrame(rows, columns=columns), on="rep_id", how="left")

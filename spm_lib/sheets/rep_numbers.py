"""The six numbers of one rep's sheet: the rep's own row of each metric, what was agreed, what can be said.

Every number is the row of the rep in the table that the manager's page shows; nothing is counted here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from spm_lib import style
from spm_lib.expectations import Expectations
from spm_lib.expectations.acknowledgements import State
from spm_lib.judgement import levels
from spm_lib.judgement.games import spread
from spm_lib.metrics.forecast import MINIMUM_DECIDED
from spm_lib.metrics.pace import BASIS as STRAIGHT_LINE
from spm_lib.review import LADDER_WEEKS, Review

Row = Mapping[Hashable, Any]

#: Column -> dtype of `rep_numbers`.
COLUMNS = {
    "number": "str",
    "level": "str",
    "state": "str",
    "value": "float64",
    "hit_count": "float64",
    "n": "float64",
    "low": "float64",
    "high": "float64",
    "agreed": "float64",
    "needed_low": "float64",
    "needed_high": "float64",
    "other": "float64",
    "weeks": "float64",
    "note": "str",
    "document": "str",
    "title": "str",
    "version": "str",
    "acknowledged_on": "datetime64[us]",
}
#: Standings that are results, and those that are work, in the order they are preferred.
_RESULTS = ("win_rate_by_count", "win_rate_broad", "attainment")
_WORK = ("conversations", "meetings_held", "logged_within_24h_rate")
#: Rungs a talk can be about; what comes before is a matter of lists and machines.
_RUNGS = ("two_way_count", "decision_maker_count", "next_step_count", "advanced_count")
#: Activities below which no rung is singled out.
MINIMUM_CLIMBED = 10


def rep_numbers(review: Review, rep: str) -> pd.DataFrame:
    """Six numbers of one rep at most: two of the results, two of the pipeline, two of the work.

    Parameters
    ----------
    review : Review
    rep : str

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`. state: of ``judgement.levels.STATES``; low, high: the range; needed_low, needed_high: what
        the goal asks for; other: what the number is told beside (expected so far, still to come).
    """
    made = (_goal, _standing_of_results, _supply, _slipped, _work, _rung)
    rows = [row for one in made if (row := one(review, rep)) is not None]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["acknowledged_on"] = pd.to_datetime(table["acknowledged_on"])
    return table.fillna({"note": ""}).astype(COLUMNS)


def own_row(table: pd.DataFrame, rep: str) -> dict[Hashable, Any]:
    """The rep's row of a table by rep; empty where there is none."""
    mine = table[table["rep_id"].eq(rep).fillna(False).astype(bool)].to_dict("records")
    return mine[0] if mine else {}


def _number(row: Row, name: str) -> float:
    return style.number(row.get(name))


def agreed_in(review: Review, rep: str, document: str) -> dict[str, object]:
    """The document a number rests on and the day the rep acknowledged it; empty where none is in force."""
    known = any(one.id == rep for one in review.client.reps)
    if not known:
        return {}
    state: State | None = review.source.acknowledgements.state(document, rep, review.week.last_day)
    if state is None:
        return {}
    return {
        "document": state.document,
        "title": style.document(state.document),
        "version": state.version,
        "acknowledged_on": state.acknowledged_on,
    }


def _is_agreed(agreed: Mapping[str, object]) -> bool:
    return agreed.get("acknowledged_on") is not None


def _goal(review: Review, rep: str) -> dict[str, object]:
    """Booked in the goal period, against the goal."""
    own = review.measure("pace_by_own_curve", by="rep_id")
    drawn = own if own["basis"].ne(STRAIGHT_LINE).any() else review.measure("pace", by="rep_id")
    pace, end = own_row(drawn, rep), own_row(review.measure("forecast", by="rep_id"), rep)
    agreed = agreed_in(review, rep, "sales_goals")
    booked, goal = _number(pace, "bookings"), _number(pace, "quota")
    if "quotas" in review.client.not_recorded:
        goal = float("nan")
    state = levels.goal_state(_number(end, "p_attain"), goal, booked, is_agreed=_is_agreed(agreed))
    won = own_row(review.measure("attainment", by="rep_id"), rep)
    return {
        "number": "booked",
        "level": "results",
        "state": state,
        "value": booked,
        "n": _number(won, "won_count"),
        "low": _number(end, "low"),
        "high": _number(end, "high"),
        "agreed": goal,
        # how many decisions the forecast rests on, and how many it asks for
        "needed_low": _number(end, "decided_count"),
        "needed_high": MINIMUM_DECIDED,
        "other": _number(pace, "expected_to_date"),
        "note": str(end.get("state", "")),
        **agreed,
    }


def _told(review: Review, rep: str, wanted: tuple[str, ...]) -> dict[str, object] | None:
    """The rep's standing to one of these metrics: a short one first, else the first that is agreed."""
    mine = review.standings()
    mine = mine[mine["rep_id"].eq(rep) & mine["metric"].isin(wanted)]
    rows = []
    for row in sorted(mine.to_dict("records"), key=lambda one: wanted.index(one["metric"])):
        agreed = agreed_in(review, rep, str(row["document"]).partition("-")[0])
        state = levels.standing_state(str(row["standing"]), is_agreed=_is_agreed(agreed))
        rows.append(
            {
                "number": str(row["metric"]),
                "state": state,
                "agreed": row["threshold"],
                "other": row["better_count"] if state == levels.TOO_FEW else None,
                "note": str(row["note"] or ""),
                "title": style.document(str(row["document"])),
                "version": row["version"],
                **{name: row[name] for name in ("value", "hit_count", "n", "low", "high", "weeks")},
                **agreed,
            }
        )
    short = [row for row in rows if row["state"] == levels.SHORT]
    return next(iter(short or rows), None)


def _standing_of_results(review: Review, rep: str) -> dict[str, object]:
    """The win rate, or whatever else of the results was agreed."""
    told = _told(review, rep, _RESULTS) or {
        "number": "win_rate_by_count",
        "state": levels.NOT_AGREED,
        "weeks": 26,
    }
    row = own_row(review.measure("win_rate_by_count", by="rep_id"), rep)
    if told["number"] == "win_rate_by_count" and style.is_missing(told.get("n")):
        seen = {"value": "win_rate", "hit_count": "won_count", "n": "decided_count"}
        told |= {
            name: _number(row, column) for name, column in {**seen, "low": "low", "high": "high"}.items()
        }
        if "losses" in review.client.not_recorded:
            told["state"] = levels.NOT_RECORDED
    return {**told, "level": "results"}


def _supply(review: Review, rep: str) -> dict[str, object]:
    """What is open and what usually still comes in, against what the goal asks for by the own rates."""
    plan = own_row(review.measure("plan_arithmetic", by="rep_id"), rep)
    stock = own_row(review.measure("pipeline", by="rep_id"), rep)
    agreed = agreed_in(review, rep, "sales_goals")
    coming = _coming(review, rep, _number(plan, "weeks_left"))
    known = "pipeline" not in review.client.not_recorded
    open_count = _number(stock, "open_count") if known else float("nan")
    least = _number(plan, "opportunities_needed_low")
    state = levels.supply_state(open_count, coming, least, is_agreed=_is_agreed(agreed))
    if style.is_missing(plan.get("goal")) and state == levels.TOO_FEW:
        state = levels.NOT_AGREED
    return {
        "number": "open",
        "level": "pipeline",
        "state": state,
        "value": open_count,
        "n": open_count,
        "agreed": _number(stock, "open_amount"),
        "needed_low": least,
        "needed_high": _number(plan, "opportunities_needed_high"),
        "other": coming,
        "weeks": _number(plan, "weeks_left"),
        "note": str(plan.get("unknown", "")),
        **agreed,
    }


def _coming(review: Review, rep: str, weeks_left: float) -> float:
    """How many opportunities usually still come in: those created lately, for the weeks that are left."""
    weeks = _weeks_there(review, rep, LADDER_WEEKS)
    moved = review.measure("pipeline_change", by="rep_id", weeks=LADDER_WEEKS)
    row = own_row(moved[moved["cause"].eq("created")], rep)
    return _number(row, "opportunity_count") / weeks * weeks_left if weeks else float("nan")


def _slipped(review: Review, rep: str) -> dict[str, object]:
    """What was expected to close lately and is still open; nothing is ever agreed about it."""
    row = own_row(review.measure("slip_rate_not_closed", by="rep_id", weeks=LADDER_WEEKS), rep)
    n = _number(row, "expected_count")
    known = "pipeline" not in review.client.not_recorded and not style.is_missing(row.get("expected_count"))
    return {
        "number": "slipped",
        "level": "pipeline",
        "state": levels.NOT_AGREED if known and n > 0 else levels.NOT_RECORDED,
        "value": _number(row, "slip_rate"),
        "hit_count": _number(row, "slipped_count"),
        "n": n,
        "low": _number(row, "low"),
        "high": _number(row, "high"),
        "weeks": LADDER_WEEKS,
    }


def _work(review: Review, rep: str) -> dict[str, object]:
    """Work of a week against what the rep agreed to: a standing, else the conversations of the own plan."""
    told = _told(review, rep, _WORK)
    if told is not None:
        return {**told, "level": "activity"}
    row = own_row(review.measure("activity_ladder", by="rep_id"), rep)
    weeks = _weeks_there(review, rep, LADDER_WEEKS) * (_number(row, "received_rate") if row else 0)
    count = _number(row, "two_way_count")
    known = weeks > 0 and count == count and "activities" not in review.client.not_recorded
    low, high = spread("weekly", count, weeks) if known else (float("nan"), float("nan"))
    agreed, wanted = agreed_in(review, rep, "individual_plan"), weekly_conversations(review, rep)
    return {
        "number": "conversations",
        "level": "activity",
        "state": levels.weekly_state(low, high, wanted, weeks, is_agreed=_is_agreed(agreed)),
        "value": count / weeks if known else float("nan"),
        "hit_count": count if known else float("nan"),
        "n": weeks if known else float("nan"),
        "low": low,
        "high": high,
        "agreed": wanted,
        "weeks": weeks,
        **(agreed if wanted == wanted else {}),
    }


def _rung(review: Review, rep: str) -> dict[str, object]:
    """The step of the ladder where most falls away, of those a talk can be about."""
    steps = review.measure("activity_ladder_steps", by="rep_id")
    mine = steps[steps["rep_id"].eq(rep) & steps["rung"].isin(_RUNGS) & steps["of_count"].ge(1)]
    mine = mine[mine["kept_rate"].notna()]
    enough = mine[mine["of_count"].ge(MINIMUM_CLIMBED)]
    row: Row = {}
    if len(mine):
        row = (enough if len(enough) else mine).sort_values("kept_rate", kind="stable").iloc[0].to_dict()
    few = bool(row) and not len(enough)
    return {
        "number": "rung",
        "level": "activity",
        "state": levels.TOO_FEW if few else levels.NOT_AGREED if row else levels.NOT_RECORDED,
        "value": _number(row, "kept_rate"),
        "hit_count": _number(row, "kept_count"),
        "n": _number(row, "of_count"),
        "low": _number(row, "low"),
        "high": _number(row, "high"),
        "other": MINIMUM_CLIMBED - _number(row, "of_count") if few else float("nan"),
        "weeks": LADDER_WEEKS,
        "note": str(row.get("rung", "")),
    }


def weekly_conversations(review: Review, rep: str) -> float:
    """The conversations of a week that the rep's own plan names; missing where it names none."""
    front = plan_front(review.source.expectations, review, rep)
    counts = (one.count for one in getattr(front, "weekly_activity", ()) if _is_conversations(one.what))
    return float(next(counts, float("nan")))


def plan_front(expectations: Expectations, review: Review, rep: str) -> object | None:
    """The front matter of the rep's individual plan in force on the week's last day."""
    found = next((one for one in review.client.reps if one.id == rep), None)
    if found is None:
        return None
    document = expectations.for_rep("individual_plan", found, review.week.last_day)
    return None if document is None or rep not in document.audience else document.front


def _is_conversations(what: str) -> bool:
    return what.strip().casefold() in ("conversations", "conversation")


def _weeks_there(review: Review, rep: str, weeks: int) -> float:
    """How many of the trailing weeks the rep has been on the team."""
    starts: Iterator[date] = (
        one.starts_on for one in review.client.reps if one.id == rep and one.starts_on is not None
    )
    day = next(starts, None)
    return float(weeks) if day is None else min(float(weeks), max((review.week.end - day).days, 0) / 7)

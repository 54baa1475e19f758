"""Which numbers a doubt about the data touches, in the words pages use."""

from __future__ import annotations

from collections.abc import Iterable

#: All of them: something could not be read at all.
EVERYTHING = "every page"
#: All that rest on exports.
EVERY_NUMBER = "every number of the week"
#: What each exported table has a part in.
TABLES = {
    "opportunities": "win rates, attainment, pipeline, coverage, forecast",
    "activities": "activity, speed to lead, cadence",
}
#: What each kind of agreed document has a part in.
DOCUMENTS = {
    "sales_goals": "attainment, pace, coverage",
    "job_description": "job standards",
    "compensation_plan": "commission, activity value",
    "sales_process": "process standards, stage ages",
    "crm_usage": "hygiene",
    "individual_plan": "a rep's own goals, support promised",
    "team_culture": "agreements of the team",
}
#: What people write of meetings and of improvement plans.
MEETINGS = "commitments, agendas, cadence of meetings"
PLANS = "improvement plans"
#: Metrics a page calls otherwise than by their id, or several of them by one word.
_SAID = {
    "win_rate_by_count": "win rates",
    "win_rate_by_amount": "win rates",
    "win_rate_broad": "win rates",
    "pipeline_coverage_ratio": "coverage",
    "pipeline_change": "pipeline",
    "activity_ladder": "activity",
    "sales_cycle_days": "sales cycle",
}


def by_metrics(ids: Iterable[str]) -> str:
    """Ids of metrics as a reader knows them, once each, in their order.

    Parameters
    ----------
    ids : iterable of str
    """
    return ", ".join(dict.fromkeys(_SAID.get(one, one.replace("_", " ")) for one in ids))


def by_document(file: str) -> str:
    """What a document has a part in, by the name of its file, as `where` of a message begins with it.

    Parameters
    ----------
    file : str
        "sales_goals-2027.md, line 4", with or without folders.
    """
    name = file.partition(",")[0].rpartition("/")[2]
    kinds = [kind for kind in DOCUMENTS if name.startswith(kind)]
    return DOCUMENTS[kinds[0]] if kinds else "what rests on this document"

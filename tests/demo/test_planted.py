"""What truth.yaml says is planted can be counted in the exports, by SQL that knows no simulation."""

from __future__ import annotations

import pytest
from scipy.stats import chi2_contingency


def alder_rates(ask, start, end):
    """Rep -> (won, decided) between two days; a lost deal that never fitted does not count."""
    query = f"""select "Deal owner", count(*) filter ("Deal Stage" = 'Closed Won'), count(*)
        from hubspot_deals where "Deal Stage" like 'Closed%'
        and "Closed Lost Reason" is distinct from 'Not a fit'
        and "Close Date" >= '{start}' and "Close Date" < '{end}' group by all"""
    return {rep: (won, decided) for rep, won, decided in ask(query)}


def test_one_rep_of_alder_declines_and_only_that_one(ask):
    before = alder_rates(ask, "2025-04-28", "2026-05-11")
    since = alder_rates(ask, "2026-05-11", "2026-11-16")
    won, decided = before["Devon Price"]
    assert won / decided == pytest.approx(0.34, abs=0.08)
    won, decided = since["Devon Price"]
    assert decided > 50
    assert won / decided == pytest.approx(0.10, abs=0.05)
    for rep in ("Marta Kowal", "Luis Ferrer", "Grace Holm"):
        assert since[rep][0] / since[rep][1] == pytest.approx(0.35, abs=0.08)


def test_the_conversations_of_that_rep_get_shorter(ask):
    query = """select median(epoch("Call duration"::interval)) filter ("Activity date" < '2026-05-11'),
        median(epoch("Call duration"::interval)) filter ("Activity date" >= '2026-05-11')
        from hubspot_calls where "Call outcome" = 'Connected' and "Activity assigned to" = """
    before, since = ask(query + "'Devon Price'")[0]
    assert since < 0.7 * before
    before, since = ask(query + "'Grace Holm'")[0]
    assert since == pytest.approx(before, rel=0.2)


def test_the_new_rep_of_alder_has_few_decisions(ask):
    assert 1 <= alder_rates(ask, "2025-04-28", "2026-11-16")["Jonah Pike"][1] <= 10


@pytest.mark.parametrize("since", ["2025-04-28", "2026-05-17"])
def test_the_reps_of_brightwater_do_not_differ(ask, since):
    query = f"""select OwnerId, count(*) filter (IsWon = '1'), count(*) filter (IsWon = '0')
        from Opportunity
        where IsDeleted = '0' and IsClosed = '1' and Loss_Reason__c is distinct from 'Not a fit'
        and CloseDate >= '{since}' group by all"""
    counts = [(won, lost) for _, won, lost in ask(query)]
    assert len(counts) == 4
    assert chi2_contingency(counts).pvalue > 0.2


def test_made_up_activity_is_one_reps_friday_afternoon(ask, truths):
    query = """select "Activity - ID"::int, "Activity - Assigned to user",
        dayofweek("Activity - Due date"::date), "Activity - Due time"
        from pipedrive_activities where "Activity - Type" = 'Call'
        and "Activity - Outcome" = 'Connected' and epoch("Activity - Duration"::interval) < 30
        and "Activity - Due date" >= '2026-05-11'"""
    short = ask(query)
    made_up = set(truths["copperline-print"]["made_up_activities"])
    by_callum = {number for number, rep, day, at in short if rep == "Callum Reid" and day == 5 and at > "15"}
    others = [number for number, rep, *_ in short if rep != "Callum Reid"]
    assert len(by_callum) > 250
    assert len(by_callum - made_up) <= 2
    assert len(others) < 30


def test_made_up_activity_holds_clones_and_same_minute_tasks(ask):
    query = """select "Activity - Type", max(n) from (
        select "Activity - Type", count(*) as n from pipedrive_activities
        where "Activity - Assigned to user" = 'Callum Reid'
        group by "Activity - Type", "Activity - Due date", "Activity - Due time") group by all"""
    most = dict(ask(query))
    assert most["Call"] >= 3
    assert most["Task"] >= 5


def test_most_of_what_callum_logs_since_the_turn_is_made_up(ask, truths):
    since = """select "Activity - ID"::int from pipedrive_activities where "Activity - Done" = 'Done'
        and "Activity - Assigned to user" = 'Callum Reid' and "Activity - Due date" >= '2026-05-11'"""
    logged = {number for (number,) in ask(since)}
    made_up = set(truths["copperline-print"]["made_up_activities"])
    assert made_up < logged
    assert 0.4 < len(made_up) / len(logged) < 0.7


def test_the_mishaps_of_copperline_are_in_its_files(ask, truths):
    planted = truths["copperline-print"]["opportunities"]
    where = {
        "duplicate": """ "Deal - Lost reason" = 'Duplicate' """,
        "other_currency": """ "Deal - Currency" = 'EUR' """,
        "unknown_owner": """ "Deal - Owner" = 'Sam Ashby' """,
    }
    for name, condition in where.items():
        found = {
            number for (number,) in ask(f'select "Deal - ID"::int from pipedrive_deals where {condition}')
        }
        assert found, name
        assert found <= set(planted[name]), name
    assert len(planted["unknown_owner"]) == 1


def test_a_win_is_taken_back(ask, truths):
    (number,) = truths["copperline-print"]["opportunities"]["reopened"]
    query = f"""select "Deal - Status" from every_pipedrive_deal where "Deal - ID" = '{number}'"""
    seen = ask(query + " order by filename")
    statuses = [status for (status,) in seen]
    assert statuses[statuses.index("Won") + 1 :].count("Open") >= 1


def test_a_deleted_deal_is_gone_from_the_later_files(ask, truths):
    for number in truths["copperline-print"]["opportunities"]["deleted"]:
        assert ask(f"select * from pipedrive_deals where \"Deal - ID\" = '{number}'") == []


def test_a_stage_is_renamed_in_spring(ask):
    query = """select distinct "Deal - Stage" from every_pipedrive_deal where filename like """
    before = {stage for (stage,) in ask(query + "'%2026-04-12.csv'")}
    after = {stage for (stage,) in ask(query + "'%2026-04-19.csv'")}
    assert before - after == {"Proposal Made"}
    assert after - before == {"Quote Sent"}


def test_the_crm_of_copperline_is_kept_worse_by_some(ask):
    query = """select "Deal - Owner", avg(("Deal - Expected close date" < '2026-11-16')::int),
        avg(("Deal - Value" is null)::int) from pipedrive_deals where "Deal - Status" = 'Open' group by all"""
    overdue = {rep: share for rep, share, _ in ask(query)}
    assert overdue["Owen Pryce"] > overdue["Hattie Moore"]
    assert sum(missing > 0 for *_, missing in ask(query)) >= 2


def test_every_rep_decides_one_to_four_a_week(truths):
    for slug, truth in truths.items():
        for rep, facts in truth["reps"].items():
            if rep != "jonah-pike":
                assert 1 <= sum(facts["outcomes"].values()) / 81 <= 4, (slug, rep)


def test_truth_counts_what_the_files_show(ask, truths):
    decided = alder_rates(ask, "2025-04-28", "2026-11-16")
    for rep, (won, count) in decided.items():
        outcomes = truths["alder-heating"]["reps"][rep.lower().replace(" ", "-")]["outcomes"]
        assert (outcomes["won"], outcomes["won"] + outcomes["lost"]) == (won, count)

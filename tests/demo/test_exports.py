"""Each vendor's files keep that vendor's habits."""

from __future__ import annotations

import pytest

from spm_lib.demo.salesforce_ids import long_id


def test_a_salesforce_id_spells_its_capitals():
    # 001A0: a capital fourth, 8 = I; 00000: none, 0 = A; 6Vm9u: a capital second, 2 = C
    assert long_id("001A0000006Vm9u") == "001A0000006Vm9uIAC"


def test_ids_that_differ_in_case_alone_are_different_records(ask):
    [(ids, folded)] = ask("select count(distinct Id), count(distinct lower(Id[:15])) from Task")
    assert folded < ids


def test_the_last_history_row_is_the_state_of_the_opportunity(ask):
    query = """select count(*), count(*) filter (h.StageName = o.StageName and h.CloseDate is not distinct
        from o.CloseDate and h.Amount is not distinct from o.Amount) from Opportunity o join
        (select * from OpportunityHistory qualify row_number() over
        (partition by OpportunityId order by CreatedDate desc) = 1) h on h.OpportunityId = o.Id"""
    [(all_of_them, agreeing)] = ask(query)
    assert all_of_them == agreeing > 700


def test_every_salesforce_link_leads_somewhere(ask):
    for child, column, parent in [
        ("Opportunity", "OwnerId", "User"),
        ("Opportunity", "AccountId", "Account"),
        ("OpportunityHistory", "OpportunityId", "Opportunity"),
        ("OpportunityFieldHistory", "OpportunityId", "Opportunity"),
        ("Task", "WhatId", "Opportunity"),
        ("Task", "AccountId", "Account"),
        ("Event", "OwnerId", "User"),
    ]:
        query = f"""select count(*) from {child} c anti join {parent} p
            on c.{column} = p.Id where c.{column} is not null"""
        assert ask(query) == [(0,)], (child, column)


def test_salesforce_ids_are_unique(ask):
    for name in (
        "Opportunity",
        "OpportunityHistory",
        "OpportunityFieldHistory",
        "Account",
        "User",
        "Task",
        "Event",
    ):
        [(rows, ids)] = ask(f"select count(*), count(distinct Id) from {name}")
        assert rows == ids > 0, name


def test_an_owner_change_is_kept_by_id_and_by_name(ask):
    query = """select count(*) filter (NewValue like '005%'), count(*) filter (NewValue not like '005%')
        from OpportunityFieldHistory where Field = 'Owner'"""
    [(by_id, by_name)] = ask(query)
    assert by_id == by_name > 3


def test_times_are_utc_in_salesforce(ask):
    # 08:00 in New York is 12:00 or 13:00 UTC
    [(earliest,)] = ask("select min(CreatedDate[12:13]) from Opportunity")
    assert earliest == "12"


def test_hubspot_quotes_every_field_and_dates_the_stage_a_deal_is_in(home, ask):
    path = home / "alder-heating/inbox/hubspot-crm-exports-all-deals-2026-11-15.csv"
    header, row = path.read_text().splitlines()[:2]
    assert header.startswith('"Record ID","Deal Name","Pipeline","Deal Stage","Amount"')
    assert '"Date entered ""Closed Won (Sales Pipeline)"""' in header
    assert all(field[0] == field[-1] == '"' for field in row.split(","))
    for stage in ("Contract Sent", "Closed Won", "Closed Lost"):
        column = f'"Date entered ""{stage} (Sales Pipeline)"""'
        [(rows, dated)] = ask(
            f"select count(*), count({column}) from hubspot_deals where \"Deal Stage\" = '{stage}'"
        )
        assert rows == dated > 5


def test_hubspot_is_exported_now_and_then_and_then_weekly(home):
    names = sorted(path.name[-14:-4] for path in home.glob("alder-heating/inbox/*all-deals*"))
    assert names[:4] == ["2025-10-05", "2026-01-04", "2026-04-05", "2026-07-05"]
    assert names[4] == "2026-07-12"
    assert names[-1] == "2026-11-15"


def test_pipedrive_files_hold_no_history_and_keep_the_stage_of_a_closed_deal(ask):
    stages = ask("""select distinct "Deal - Stage" from pipedrive_deals where "Deal - Status" = 'Won'""")
    assert ("Negotiations Started",) in stages
    assert not any("Won" in stage for (stage,) in stages)


@pytest.mark.parametrize("kind", ["deals", "activities"])
def test_pipedrive_is_exported_every_week_of_eighteen_months(home, kind):
    assert len(list(home.glob(f"copperline-print/inbox/{kind}-*.csv"))) == 81


def test_planned_activities_are_in_the_future_or_overdue_and_have_no_outcome(ask):
    query = """select count(*), count("Activity - Outcome"), count("Activity - Marked as done time")
        from every_pipedrive_activity where filename like '%2026-11-15.csv' and "Activity - Done" = 'To do'"""
    [(planned, with_outcome, done)] = ask(query)
    assert planned > 10
    assert with_outcome == done == 0

"""The demo clients, written once for all tests here, and their exports as all-text DuckDB tables."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from spm_lib.demo import write_demo

#: Table -> files below the home.
TABLES = {
    "hubspot_deals": "alder-heating/inbox/*-all-deals-2026-11-15.csv",
    "hubspot_calls": "alder-heating/inbox/*-all-calls-*.csv",
    **{
        name: f"brightwater-dental/inbox/data-export-2026-11-15/{name}.csv"
        for name in (
            "Opportunity",
            "OpportunityHistory",
            "OpportunityFieldHistory",
            "Account",
            "User",
            "Task",
            "Event",
        )
    },
    "every_pipedrive_deal": "copperline-print/inbox/deals-*.csv",
    "every_pipedrive_activity": "copperline-print/inbox/activities-*.csv",
}


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A home with the demo clients until 2026-W46."""
    folder = tmp_path_factory.mktemp("home")
    write_demo(folder, "2026-W46")
    return folder


@pytest.fixture(scope="session")
def truths(home):
    """Client slug -> its truth.yaml."""
    return {path.parent.name: yaml.safe_load(path.read_text()) for path in home.glob("*/truth.yaml")}


@pytest.fixture(scope="session")
def ask(home):
    """A function: the rows of a DuckDB query over `TABLES` and the latest state of Pipedrive."""
    database = duckdb.connect()
    for name, files in TABLES.items():
        source = f"read_csv('{home}/{files}', all_varchar=true, union_by_name=true, filename=true)"
        database.execute(f"create table {name} as select * from {source}")
    database.execute("""create table pipedrive_deals as select * from every_pipedrive_deal
        where filename like '%2026-11-15.csv'""")
    database.execute("""create table pipedrive_activities as select * from every_pipedrive_activity
        qualify row_number() over (partition by "Activity - ID" order by filename desc) = 1""")
    yield lambda query: database.execute(query).fetchall()
    database.close()

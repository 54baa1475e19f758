"""Salesforce tables as a connector lands them: snake-case headers over the preset, all rows accounted for."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.sources.typed_in import refusals

#: Kind -> file. Its `history` files are versions of the same rows, not Salesforce's own history objects.
FILES = {
    "opportunity": "sf_opportunity_data.csv",
    "account": "sf_account_data.csv",
    "user": "sf_user_data.csv",
    "task": "sf_task_data.csv",
    "event": "sf_event_data.csv",
}


def snake(header):
    """StageName as stage_name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header).lower().replace("__c", "_c")


@pytest.fixture
def drop(datasets, read, load):
    """The five files, read by the preset whose headers are also known in snake case."""
    preset = load("preset: salesforce\n")
    mapping = ["preset: salesforce", "files:"]
    for kind, name in FILES.items():
        columns = {
            ours: [snake(one) for one in headers if " " not in one]
            for ours, headers in preset.files[kind].columns.items()
        }
        mapping += [f"  {kind}:", f"    names: [{name}]", "    columns:"]
        mapping += [f"      {ours}: {headers}" for ours, headers in columns.items() if headers]
    folder = datasets / "salesforce_raw_connector"
    return read({name: (folder / name).read_bytes() for name in FILES.values()}, "\n".join(mapping) + "\n")


def test_every_row_of_every_table_is_accounted_for(drop):
    assert [(file.kind, file.error) for file in drop.files] == [(kind, None) for kind in FILES]
    assert [(file.rows_read, file.accepted, file.quarantined) for file in drop.files] == [
        (10, 9, 1),
        *[(10, 10, 0)] * 4,
    ]
    # one opportunity says that it is 1000 % likely
    assert refusals(drop) == [(2, "probability", "1000", "not a share between 0 and 1")]


def test_what_is_read_is_what_the_raw_tables_hold(datasets, drop):
    folder = datasets / "salesforce_raw_connector"

    def ask(query, kind):
        return duckdb.sql(query.format(f"read_csv('{folder / FILES[kind]}', all_varchar=true)")).fetchall()

    opportunities = drop.tables["opportunities"]
    raw = ask(
        "select id, amount::double, lower(is_deleted) from {} where probability <> '1000' order by id",
        "opportunity",
    )
    found = opportunities.sort_values("opportunity_id")
    assert found["opportunity_id"].tolist() == [one for one, *_ in raw]
    assert found["amount"].fillna(-1).tolist() == [-1 if amount is None else amount for _, amount, _ in raw]
    assert found["is_deleted"].tolist() == [deleted == "true" for *_, deleted in raw]
    assert set(drop.tables["people"]["person_id"]) == {one for (one,) in ask("select id from {}", "user")}
    assert set(drop.tables["accounts"]["account_id"]) == {
        one for (one,) in ask("select id from {}", "account")
    }


def test_activities_are_the_tasks_and_events_that_are_somebodys(drop):
    activities = drop.tables["activities"]
    assert (activities["activity_id"].str[:3] == "00T").sum() == 10
    assert (activities["activity_id"].str[:3] == "00U").sum() == 10
    assert activities["at"].dt.year.between(2018, 2019).all()

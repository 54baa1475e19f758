"""A published data set replayed: one drop, days of engagement and close, everything else follows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from spm_lib import sources
from spm_lib.client import load_client
from spm_lib.history import Store, snapshot, timeline
from tests.history.typed_in import NOW, at

CLIENTS = Path(__file__).resolve().parents[1] / "clients"


@pytest.fixture(scope="module")
def data(request):
    return request.getfixturevalue("datasets") / "maven_crm_sales_opportunities"


@pytest.fixture(scope="module")
def history(data, tmp_path_factory):
    """The timeline of the data set."""
    client = load_client(CLIENTS, "maven")
    mapping = sources.load_mapping(CLIENTS / "maven", client)
    store = Store(tmp_path_factory.mktemp("maven"))
    for as_of, paths in sources.plan_drops([data], mapping, client):
        store.add(sources.read_drop(paths, as_of, mapping, client), ingested_at=NOW)
    return timeline(store, client)


# as datasets/README.md of the project's reference publishes them
@pytest.mark.parametrize(
    ("first_day_after", "engaged", "closed", "win_rate"),
    [
        ("2017-04-01", 1330, 647, 0.821),
        ("2017-07-01", 1686, 2679, 0.666),
        ("2017-10-01", 2409, 4726, 0.644),
        ("2018-01-01", 1589, 6711, 0.632),
    ],
)
def test_the_state_at_the_end_of_a_quarter_is_the_published_one(
    history, first_day_after, engaged, closed, win_rate
):
    shown = snapshot(history, at(first_day_after))
    stages = shown.opportunities[shown.opportunities["status"] == "open"]["stage_id"].value_counts()
    assert stages.get("engaging", 0) == engaged
    assert len(shown.outcomes) == closed
    assert (shown.outcomes["outcome"] == "won").mean() == pytest.approx(win_rate, abs=0.0005)


def test_credit_and_bookings_of_every_agent_are_what_sql_counts_in_the_file(history, data):
    query = f"""select sales_agent, count(*) filter (deal_stage = 'Won'),
        count(*) filter (deal_stage = 'Lost'), sum(close_value) from read_csv('{data / "sales_pipeline.csv"}')
        where close_date < date '2017-10-01' group by all order by all"""
    expected = duckdb.connect().execute(query).fetchall()
    outcomes = snapshot(history, at("2017-10-01")).outcomes
    found = [
        (
            rep,
            int((rows["outcome"] == "won").sum()),
            int((rows["outcome"] == "lost").sum()),
            rows["amount"].sum(),
        )
        for rep, rows in outcomes.groupby("rep_id")
    ]
    assert len(found) == 30
    assert found == expected


def test_prospects_without_any_day_are_said_and_in_no_earlier_state(history):
    before = snapshot(history, at("2017-10-01"))
    assert "prospecting" not in set(before.opportunities["stage_id"])
    (detail,) = before.findings.loc[before.findings["finding"] == "undated", "detail"]
    assert detail.startswith("500 opportunities")
    after = snapshot(history, at("2018-01-01"))
    assert (after.opportunities["stage_id"] == "prospecting").sum() == 500

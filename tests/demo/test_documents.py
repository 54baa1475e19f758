"""The documents of the demo clients are read by the workbook and agree with the simulation."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib import schemas
from spm_lib.client import load_client
from spm_lib.demo import CLIENTS, write_demo
from spm_lib.demo.businesses import BUSINESSES
from spm_lib.demo.simulate import simulate
from spm_lib.expectations import Expectations

TODAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("documents")
    write_demo(home, "2025-W40")
    return home


@pytest.mark.parametrize("business", BUSINESSES, ids=CLIENTS)
def test_the_simulated_reps_are_those_of_client_yaml(folder, business):
    client = load_client(folder, business.slug)
    assert client.rep_names() == {seller.id: seller.name for seller in business.sellers}
    assert client.currency == business.currency


@pytest.mark.parametrize("slug", CLIENTS)
def test_goals_of_the_reps_add_up_to_the_goal_of_the_team(folder, slug):
    client = load_client(folder, slug)
    quotas = Expectations.load(folder / slug, client).quotas(schemas.QUOTAS.empty(), date(2027, 1, 1))
    whole = quotas[quotas["business"].isna() & quotas["product_line"].isna()]
    amounts = whole["amount"] * whole["ramp_rate"].fillna(1)
    team = amounts[whole["rep_id"].isna()].groupby(whole["period_start"]).sum()
    reps = amounts[whole["rep_id"].notna()].groupby(whole["period_start"]).sum()
    assert len(team) == 12
    assert team.to_dict() == reps.to_dict()


@pytest.mark.parametrize("slug", CLIENTS)
def test_parts_of_a_team_goal_add_up_to_it(folder, slug):
    client = load_client(folder, slug)
    quotas = Expectations.load(folder / slug, client).quotas(schemas.QUOTAS.empty(), date(2027, 1, 1))
    team = quotas[quotas["rep_id"].isna()]
    whole = team[team["business"].isna() & team["product_line"].isna()].set_index("period_start")["amount"]
    for part in ("business", "product_line"):
        parts = team[team[part].notna()].groupby("period_start")["amount"].sum()
        assert parts.to_dict() == whole[parts.index].to_dict()


@pytest.mark.parametrize(("slug", "threshold"), [(CLIENTS[0], 0.30), (CLIENTS[1], 0.30), (CLIENTS[2], 0.28)])
def test_each_client_agreed_on_a_win_rate_and_on_rules(folder, slug, threshold):
    expectations = Expectations.load(folder / slug, load_client(folder, slug))
    [standard] = expectations.standards(TODAY).to_dict("records")
    assert (standard["metric"], standard["direction"]) == ("win_rate_by_count", "at least")
    assert standard["threshold"] == threshold
    assert len(expectations.rules(TODAY)) >= 6
    assert len(expectations.expected_days(TODAY)) == 5


@pytest.mark.parametrize("business", BUSINESSES, ids=CLIENTS)
def test_the_goals_are_within_reach_of_the_team(folder, business):
    client = load_client(folder, business.slug)
    quotas = Expectations.load(folder / business.slug, client).quotas(schemas.QUOTAS.empty(), TODAY)
    team = quotas[quotas["rep_id"].isna() & quotas["business"].isna() & quotas["product_line"].isna()]
    goals = team.set_index("period_start")["amount"]
    wins = [
        (at, one.state(at)["amount"] or 0)
        for one in simulate(business, TODAY).opportunities
        for at, outcome in [one.ended()]
        if outcome == "won"
    ]
    reached = []
    for start, end in [
        ("2025-07", "2025-10"),
        ("2025-10", "2026-01"),
        ("2026-01", "2026-04"),
        ("2026-07", "2026-10"),
    ]:
        booked = sum(amount for at, amount in wins if start <= f"{at:%Y-%m}" < end)
        reached.append(booked / goals[f"{start}-01"])
    assert 0.8 < sum(reached) / len(reached) < 1.2
    assert all(0.6 < share < 1.4 for share in reached)

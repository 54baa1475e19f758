"""The demo clients, replayed from their exports, against what truth.yaml says of them."""

from __future__ import annotations

import csv
from itertools import pairwise

import pandas as pd
import pytest
import yaml

from spm_lib import sources
from spm_lib.client import load_client
from spm_lib.demo import write_demo
from spm_lib.history import Store, snapshot, timeline
from tests.history.typed_in import NOW

SLUGS = ("alder-heating", "brightwater-dental", "copperline-print")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    write_demo(folder, "2026-W46")
    return folder


@pytest.fixture(scope="module")
def truths(home):
    return {slug: yaml.safe_load((home / slug / "truth.yaml").read_text()) for slug in SLUGS}


@pytest.fixture(scope="module")
def turns(home, truths):
    """Sundays whose export of copperline-print shows a planted opportunity for the first time, or anew."""
    planted = truths["copperline-print"]["opportunities"]
    numbers = {str(one) for name in ("deleted", "reopened") for one in planted[name]}
    shown = {}
    for path in sorted((home / "copperline-print" / "inbox").glob("deals-*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = {row["Deal - ID"]: row["Deal - Status"] for row in csv.DictReader(handle)}
        shown[path.stem[-10:]] = {number: rows.get(number) for number in numbers}
    days = set()
    for (before, old), (after, new) in pairwise(shown.items()):
        days |= {day for day in (before, after) if old != new}
    return days


@pytest.fixture(scope="module")
def histories(home, turns):
    """Client slug -> its timeline: of the latest exports, and of those that show something planted."""
    found = {}
    for slug in SLUGS:
        client = load_client(home, slug)
        mapping = sources.load_mapping(home / slug, client)
        plan = sources.plan_drops([home / slug / "inbox"], mapping, client)
        needed = [
            (as_of, paths)
            for as_of, paths in plan[:-2]
            if slug == "copperline-print" and any(path.stem[-10:] in turns for path in paths)
        ]
        store = Store(home / slug)
        for as_of, paths in [*needed, *plan[-2:]]:
            store.add(sources.read_drop(paths, as_of, mapping, client), ingested_at=NOW)
        found[slug] = timeline(store, client)
    return found


def at_the_end(histories, slug):
    return snapshot(histories[slug], histories[slug].client.week("2026-W46").end_at)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_rep_has_the_outcomes_that_happened(histories, truths, slug):
    outcomes = at_the_end(histories, slug).outcomes
    counts = outcomes.groupby(["rep_id", "outcome"]).size()
    expected = {
        (rep, outcome): count
        for rep, facts in truths[slug]["reps"].items()
        for outcome, count in facts["outcomes"].items()
        if count
    }
    assert counts.to_dict() == expected
    assert outcomes["share_rate"].eq(1.0).all()


@pytest.mark.parametrize("slug", ["brightwater-dental", "copperline-print"])
def test_deleted_ones_and_only_they_are_gone(histories, truths, slug):
    shown = at_the_end(histories, slug)
    gone = set(shown.opportunities.loc[shown.opportunities["presence"] != "present", "opportunity_id"])
    # one that was created and deleted between two exports is in none of them
    exported = set(histories[slug].seen.ids)
    deleted = {str(one) for one in truths[slug]["opportunities"]["deleted"]} & exported
    assert gone == deleted
    assert gone
    assert not gone & set(shown.outcomes["opportunity_id"])


def test_a_win_taken_back_is_open_again_and_counts_no_more(histories, truths):
    (number,) = map(str, truths["copperline-print"]["opportunities"]["reopened"])
    history = histories["copperline-print"]
    told = []
    for moment in history.drops["as_of"]:
        shown = snapshot(history, moment)
        row = shown.opportunities[shown.opportunities["opportunity_id"] == number]
        counted = shown.outcomes[shown.outcomes["opportunity_id"] == number]["outcome"].tolist()
        status = row["status"].tolist()
        assert counted == [one for one in status if one != "open"]
        told += [one for one in status if told[-1:] != [one]]
    assert told == ["open", "won", "open"]


def test_an_owner_nobody_knows_is_unassigned_and_said(histories, truths):
    (number,) = map(str, truths["copperline-print"]["opportunities"]["unknown_owner"])
    shown = at_the_end(histories, "copperline-print")
    unassigned = shown.opportunities.loc[shown.opportunities["rep_id"].isna(), "opportunity_id"]
    assert unassigned.tolist() == [number]
    assert shown.findings.query("finding == 'unknown_rep'")["subject_id"].tolist() == ["Sam Ashby"]


def test_amounts_in_another_currency_are_never_taken_as_they_are(histories, truths):
    shown = at_the_end(histories, "copperline-print").opportunities
    foreign = shown[shown["currency"] != "GBP"].set_index("opportunity_id")
    assert set(foreign.index) == {
        str(one) for one in truths["copperline-print"]["opportunities"]["other_currency"]
    } & set(shown["opportunity_id"])
    rates = histories["copperline-print"].client.exchange_rates
    priced = foreign[foreign["amount"].notna()]
    for row in priced.to_dict("records"):
        ratio = row["amount"] / row["amount_original"]
        assert min(abs(ratio - rate.rate) for rate in rates) < 1e-4
    if not rates:
        assert priced.empty


def test_a_later_known_moment_is_needed_to_know_more(home, histories):
    client = load_client(home, "brightwater-dental")
    first, last = histories["brightwater-dental"].drops["as_of"]
    early = snapshot(timeline(Store(home / "brightwater-dental"), client, first), last)
    assert early.drops["as_of"].tolist() == [first]
    assert early.outcomes["outcome_at"].max() < first < pd.Timestamp(last)

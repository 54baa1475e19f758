"""The demo's exports are read by the presets without a row refused, and mean what the simulation meant."""

from __future__ import annotations

from functools import cache

import pytest

from spm_lib import sources
from spm_lib.client import load_client
from spm_lib.demo import CLIENTS


@pytest.fixture(scope="module")
def latest(home):
    """A function: a client's latest drop, read once."""

    @cache
    def read(slug):
        client = load_client(home, slug)
        mapping = sources.load_mapping(home / slug, client)
        plan = sources.plan_drops(sorted((home / slug / "inbox").rglob("*.csv")), mapping, client)
        as_of, paths = plan[-1]
        return sources.read_drop(paths, as_of, mapping, client)

    return read


@pytest.mark.parametrize("slug", CLIENTS)
def test_every_row_of_the_latest_export_is_accepted(latest, slug):
    drop = latest(slug)
    assert [(file.name, file.error) for file in drop.files if file.error] == []
    assert drop.quarantine.to_dict("records") == []
    assert all(file.rows_read == file.accepted > 0 for file in drop.files)
    assert {"opportunities", "activities"} <= set(drop.tables)


@pytest.mark.parametrize("slug", CLIENTS)
def test_an_export_shows_the_end_of_its_sunday(home, latest, slug):
    assert latest(slug).as_of == load_client(home, slug).week("2026-W46").end_at


@pytest.mark.parametrize("slug", CLIENTS)
def test_outcomes_read_are_the_outcomes_that_happened(latest, truths, slug):
    opportunities = latest(slug).tables["opportunities"]
    shown = opportunities[~opportunities["is_deleted"].fillna(False)]["status"].value_counts()
    reps = [facts["outcomes"] for facts in truths[slug]["reps"].values()]
    for outcome in ("won", "lost", "disqualified"):
        happened = sum(rep[outcome] for rep in reps)
        # an unknown owner's and a reasonless disqualification are in nobody's count
        assert shown[outcome] - happened in (0, 1), outcome


@pytest.mark.parametrize(
    ("slug", "evidence"),
    [
        ("alder-heating", {"date_entered"}),
        ("brightwater-dental", {"vendor_event", "vendor_snapshot"}),
        ("copperline-print", set()),
    ],
)
def test_history_comes_as_each_vendor_gives_it(latest, slug, evidence):
    changes = latest(slug).tables.get("changes")
    assert (set() if changes is None else set(changes["evidence"])) == evidence


@pytest.mark.parametrize("slug", CLIENTS)
def test_activities_keep_their_duration_outcome_and_decision_maker(latest, slug):
    activities = latest(slug).tables["activities"]
    calls = activities[(activities["kind"] == "call") & (activities["status"] != "planned")]
    assert calls["duration_seconds"].notna().all()
    assert calls["outcome"].notna().all()
    assert activities["next_step_on"].notna().any()
    if slug != "copperline-print":
        assert calls["with_decision_maker"].any()

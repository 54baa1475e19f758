"""A store to put typed-in drops into, and its replay."""

from __future__ import annotations

import pytest

from spm_lib.history import Store, snapshot, timeline
from tests.history.typed_in import NOW, at


@pytest.fixture
def store(tmp_path):
    """An empty store of one client."""
    return Store(tmp_path / "test-client")


@pytest.fixture
def replay(store, client):
    """Drops, a cut-off -> what is known then. Drops are stored in the order given, once."""

    def replay(drops, cutoff, known_at=None, client=client):
        for one in drops:
            store.add(one, ingested_at=NOW)
        known = at(known_at) if known_at is not None else None
        return snapshot(timeline(store, client, known), at(cutoff))

    return replay


@pytest.fixture
def outcomes(replay):
    """The same, as (opportunity, outcome, rep, day of the outcome)."""

    def outcomes(drops, cutoff, **how):
        found = replay(drops, cutoff, **how).outcomes
        days = [f"{moment:%a %d}" for moment in found["outcome_at"]]
        reps = found["rep_id"].astype(object).where(found["rep_id"].notna(), None)
        return list(zip(found["opportunity_id"], found["outcome"], reps, days, strict=True))

    return outcomes

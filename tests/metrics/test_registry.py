"""The registry, and METRICS.md made from it."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from spm_lib import document, metrics, schemas
from spm_lib.errors import MetricError
from spm_lib.metrics.registry import METRICS, compute, get
from tests.metrics.frames import (
    activities,
    one_week,
    opportunities,
    outcomes,
    quotas,
    received,
    rules,
    stages,
    when,
)

ISSUE = {
    "activity",
    "activity_ladder",
    "attainment",
    "hygiene",
    "hygiene_effect",
    "hygiene_rows",
    "pace",
    "pipeline",
    "pipeline_change",
    "pipeline_change_rows",
    "pipeline_coverage_ratio",
    "process_limits",
    "weekly_measures",
    "win_rate_broad",
    "win_rate_by_amount",
    "win_rate_by_count",
}


#: What `spm backtest` hands to `forecast_accuracy`.
FORECAST_COLUMNS = [
    "period_start",
    "week",
    "caller",
    "forecast_amount",
    "low",
    "high",
    "crps",
    "actual_amount",
]


#: What is asked of everything agreed wants a whole client; tests/judgement and tests/demo look at it.
PURE = sorted(
    name for name, card in METRICS.items() if "view" not in inspect.signature(card.function).parameters
)


@pytest.fixture
def facts(q4, calendar):
    """Everything a metric may ask for, of a client about whom nothing is known yet."""
    return {
        "opportunities": opportunities(),
        "opening": opportunities(),
        "outcomes": outcomes(),
        "changes": schemas.SNAPSHOT_CHANGES.empty(),
        "activities": activities(),
        "stages": stages(),
        "quotas": quotas(),
        "rules": rules(("past_expected_close", float("nan")), ("untouched_days", 14.0)),
        "past": pd.DataFrame({"open_amount": [], "booked_after_amount": []}, dtype="float64"),
        "period": one_week(),
        "horizon": q4,
        "cutoff": when("2026-11-16 00:00"),
        "calendar": calendar,
        "by": None,
        "groups": None,
        "received_until": received(),
        "conversation_seconds": 60,
        "advance_days": 14,
        "compensation_plans": {},
        "forecasts": pd.DataFrame(columns=FORECAST_COLUMNS, dtype="float64"),
    }


def test_every_metric_of_the_registry_is_there():
    assert set(METRICS) >= ISSUE
    assert metrics.registry.METRICS is METRICS


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_card_is_complete(name):
    card = get(name)
    for part in ("question", "formula", "time_base", "credit", "excluded", "empty", "example"):
        assert len(getattr(card, part).strip()) > 5, part
    assert card.question.endswith("?")
    assert (card.version, card.effective_from) >= (1, date(2026, 1, 1))
    assert card.columns
    assert all(meaning.strip() for meaning in card.columns.values())
    assert ("by" in inspect.signature(card.function).parameters) == bool(card.groupings)
    assert inspect.getdoc(card.function)


@pytest.mark.parametrize("name", PURE)
def test_every_table_has_the_documented_columns_also_when_nothing_is_known(name, facts):
    if name in ("process_limits", "learning_effect"):
        facts["weekly"] = compute("weekly_measures", facts)
    card = get(name)
    assert list(compute(name, facts).columns) == list(card.columns)
    for by in card.groupings:
        extra = [] if by in card.columns else [by]
        table = compute(name, facts, by=by)
        assert list(table.columns) == [*extra, *card.columns]
        assert table.empty


@pytest.mark.parametrize("name", PURE)
def test_no_metric_makes_a_rate_or_a_range_of_nothing(name, facts):
    if name in ("process_limits", "learning_effect"):
        facts["weekly"] = compute("weekly_measures", facts)
    table = compute(name, facts)
    for column in table.columns:
        if column.endswith(("_rate", "_ratio")) or column in ("low", "high", "win_rate"):
            if column == "received_rate":
                continue
            assert table[column].isna().all(), column


def test_an_unknown_metric_option_or_fact_is_refused_in_words(facts):
    with pytest.raises(MetricError, match="no such metric") as unknown:
        get("luck")
    assert "attainment" in str(unknown.value)
    with pytest.raises(MetricError, match="no such option"):
        compute("pipeline", facts, colour="blue")
    with pytest.raises(MetricError, match="has no groups"):
        compute("hygiene", facts, by="rep_id")
    with pytest.raises(MetricError, match="needs weekly"):
        compute("process_limits", facts)


def test_metrics_md_is_current():
    assert document.PATH.read_text(encoding="utf-8") == document.text(), "run `make metrics-doc`"


def test_metrics_md_tells_everything_of_every_metric():
    written = document.text()
    for card in METRICS.values():
        part = written.split(f"## {card.id}\n")[1].split("\n## ")[0]
        for said in (
            card.question,
            card.formula,
            card.time_base,
            card.credit,
            card.excluded,
            card.empty,
            card.example,
        ):
            assert said in part
        assert f"Version {card.version}, from {card.effective_from.isoformat()}" in part
        assert all(f"| `{column}` |" in part for column in card.columns)
        assert all(f"`{grouping}`" in part for grouping in card.groupings)


def test_the_document_is_written_where_asked(tmp_path):
    assert document.main([str(tmp_path / "here.md")]) == 0
    assert (tmp_path / "here.md").read_text(encoding="utf-8") == document.text()


def test_a_changed_definition_holds_from_its_day_and_earlier_weeks_keep_the_old_one(monkeypatch, facts):
    monkeypatch.setattr(metrics.registry, "METRICS", dict(METRICS))
    monkeypatch.setattr(metrics.registry, "VERSIONS", {})
    card = dict.fromkeys(("question", "formula", "time_base", "credit", "excluded", "empty", "example"), "?")

    @metrics.registry.metric(**card, columns={"luck": "how much"})
    def luck():
        return pd.DataFrame({"luck": [1]})

    @metrics.registry.metric(
        **card, columns={"luck": "more"}, name="luck", version=2, effective_from=date(2026, 11, 9)
    )
    def luck_weighed():
        return pd.DataFrame({"luck": [2]})

    def computed(day):
        return compute("luck", {"last_day": date.fromisoformat(day)})["luck"].tolist()

    assert computed("2026-11-08") == [1]
    assert computed("2026-11-09") == [2]
    # before the first definition the first one holds
    assert computed("2017-03-01") == [1]
    assert get("luck").version == 2
    with pytest.raises(MetricError, match="no such next version"):
        metrics.registry.metric(**card, columns={}, name="luck", version=2)(luck)


def test_what_is_made_of_a_fact_is_not_taken_where_the_fact_itself_is_given():
    """Told-apart activities of everybody must not count for a caller who hands over one rep's own."""
    mine = activities({})
    facts = {
        "activities": mine,
        "unique": pd.DataFrame({"taken": ["by mistake"]}),
        "period": one_week(),
    }
    seen = []

    def made(activities: pd.DataFrame, unique: pd.DataFrame | None = None) -> pd.DataFrame:
        seen.append(unique)
        return activities

    card = METRICS["activity"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METRICS, "activity", replace(card, function=made))
        compute("activity", facts, activities=mine.iloc[:0])
        compute("activity", facts)
    assert [one is None for one in seen] == [True, False]

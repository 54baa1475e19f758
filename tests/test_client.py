"""client.yaml is checked before anything else happens, and slugs before any path is made."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib.client import check_slug, list_clients, load_client
from spm_lib.errors import ClientError, UsageError

GOOD = """\
name: Alder
currency: USD
time_zone: America/Chicago
manager: Kim
owner: Olga
reps:
  - {id: ana, name: Ana Lopez, known_as: [ana@alder.example]}
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "alder").mkdir()
    (tmp_path / "alder" / "client.yaml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def write(home, text):
    (home / "alder" / "client.yaml").write_text(text, encoding="utf-8")


def test_a_client_is_read_with_its_defaults(home):
    alder = load_client(home, "alder")
    assert (alder.slug, alder.goal_period, alder.week_starts_on) == ("alder", "quarter", "monday")
    assert alder.rep_by_spelling()["ana lopez"] == "ana"
    assert alder.goal_period_of(date(2026, 11, 15)).label == "Q4 2026"


@pytest.mark.parametrize("slug", ["../etc", "Alder", "-x", "", "a/b", "a b", "a.b", "älder", "a\n"])
def test_a_bad_slug_never_becomes_a_path(home, slug):
    with pytest.raises(UsageError, match="not a client slug"):
        load_client(home, slug)
    with pytest.raises(UsageError):
        check_slug(slug)


def test_an_unknown_client_lists_the_known_ones(home):
    with pytest.raises(UsageError) as refusal:
        load_client(home, "birch")
    assert "known clients: alder" in str(refusal.value)
    assert list_clients(home) == ["alder"]


def test_an_unknown_key_lists_the_known_ones(home):
    write(home, GOOD + "curency: EUR\n")
    with pytest.raises(ClientError, match="unknown key curency") as refusal:
        load_client(home, "alder")
    assert "currency" in str(refusal.value)
    assert "alder/client.yaml" in str(refusal.value)


def test_an_unknown_key_of_a_rep_lists_the_keys_of_a_rep(home):
    write(home, GOOD + "  - {id: ben, nmae: Ben}\n")
    with pytest.raises(ClientError, match=r"unknown key reps\.1\.nmae") as refusal:
        load_client(home, "alder")
    assert "known_as" in str(refusal.value)
    assert "time_zone" not in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("time_zone: Chicago\n", "IANA"),
        ("currency: dollars\n", "currency"),
        ("week_starts_on: funday\n", "weekday"),
        ("not_recorded: {calls: none}\n", "activities"),
        ("thresholds: {quarantined_rate: 2}\n", "quarantined_rate"),
    ],
)
def test_an_impossible_fact_is_told(home, line, told):
    key = line.split(":")[0]
    kept = "".join(row for row in GOOD.splitlines(keepends=True) if not row.startswith(key))
    write(home, kept + line)
    with pytest.raises(ClientError) as refusal:
        load_client(home, "alder")
    assert told in str(refusal.value)


def test_two_reps_never_share_a_spelling(home):
    write(home, GOOD + "  - {id: ben, known_as: [ANA  Lopez]}\n")
    with pytest.raises(ClientError, match="share the spelling"):
        load_client(home, "alder")


def test_broken_yaml_names_the_line(home):
    write(home, "name: Alder\ncurrency: [USD\ntime_zone: x\n")
    with pytest.raises(ClientError, match="not YAML") as refusal:
        load_client(home, "alder")
    assert "line" in str(refusal.value)


def test_a_missing_fact_is_named(home):
    write(home, GOOD.replace("owner: Olga\n", ""))
    with pytest.raises(ClientError, match="owner is missing"):
        load_client(home, "alder")


def test_public_holidays_follow_the_country(home):
    write(home, GOOD + "country: US\nholidays: [2026-11-27]\n")
    calendar = load_client(home, "alder").calendar(range(2026, 2027))
    assert not calendar.is_business_day(date(2026, 11, 26))
    assert not calendar.is_business_day(date(2026, 11, 27))
    assert calendar.is_business_day(date(2026, 11, 25))

"""`spm new` and `spm acknowledge`: a client from nothing, and who has agreed to what."""

from __future__ import annotations

import pytest

from spm_lib.client import load_client
from spm_lib.expectations import Expectations


def test_a_new_client_is_a_folder_that_loads_and_judges_nobody(spm, tmp_path):
    result = spm("new", "acme", "--name", "Acme Tools", "--currency", "EUR", "--time-zone", "Europe/Berlin")
    assert (result.code, result.err) == (0, "")
    client = load_client(tmp_path / "home", "acme")
    assert (client.name, client.currency, client.time_zone) == ("Acme Tools", "EUR", "Europe/Berlin")
    expectations = Expectations.load(tmp_path / "home" / "acme", client)
    assert len(expectations.documents) == 7
    again = spm("new", "acme")
    assert again.code == 2
    assert "Traceback" not in again.err


def test_what_is_not_acknowledged_is_not_judged_and_asked_for(tiny, spm, tmp_path):
    tiny.export_both()
    spm("ingest", "tiny")
    folder = tmp_path / "home" / "tiny"
    process = folder / "expectations" / "sales_process.md"
    judged = "judged_by:\n  - {metric: win_rate_by_count, at_least: 0.3}\n---\nWords."
    process.write_text(process.read_text().replace("---\nWords.", judged))
    (folder / "acknowledgements.csv").write_text("document,version,rep,read_on,reviewed_on,reinforced_on\n")
    asked = spm("check", "tiny").out
    assert (
        "sales_goals, sales_process, crm_usage are not yet agreed with ana, ben: what rests on them is"
        in asked
    )
    told = spm("metric", "tiny", "standing", "--format", "csv").out
    assert told.count("not judged") == 2
    assert told.count("not acknowledged yet") == 2
    for step in ("read", "reviewed"):
        result = spm(
            "acknowledge", "tiny", "sales_process", "--rep", "ana", "--step", step, "--on", "2026-09-30"
        )
        assert result.code == 0, result.err
        assert f"ana has {step} sales_process" in result.out
    told = spm("metric", "tiny", "standing", "--format", "csv").out
    assert told.count("not judged") == 1
    assert "is not yet agreed with ben" in spm("check", "tiny").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing", "--rep", "ana"), "no such"),
        (("sales_process", "--rep", "zoe"), "zoe"),
        (("sales_process", "--rep", "ana", "--step", "signed"), "no such step"),
        (("sales_process", "--rep", "ana", "--on", "2027-01-01"), "has not come yet"),
        (("sales_process", "--rep", "ana", "--on", "2020-01-01"), "2020-01-01"),
    ],
)
def test_a_wrong_acknowledgement_is_refused_in_words_and_writes_nothing(tiny, spm, tmp_path, arguments, says):
    result = spm("acknowledge", "tiny", *arguments)
    assert result.code == 2
    assert says in result.err
    assert not (tmp_path / "home" / "tiny" / "acknowledgements.csv").exists()


def test_the_next_one_on_one_is_written_once_with_the_reps_own_facts_alone(tiny, spm, tmp_path):
    tiny.export_both()
    spm("ingest", "tiny")
    process = tmp_path / "home" / "tiny" / "expectations" / "sales_process.md"
    judged = "judged_by:\n  - {metric: win_rate_by_count, at_least: 0.3}\n---\nWords."
    process.write_text(process.read_text().replace("---\nWords.", judged))
    result = spm("meeting", "tiny", "one_on_one", "--rep", "ana", "--on", "2026-11-26")
    assert (result.code, result.err) == (0, "")
    path = tmp_path / "home" / "tiny" / "meetings" / "2026-11-26-one_on_one-ana.md"
    text = path.read_text()
    assert "Win rate by count, at least 30%: " in text
    assert "ben" not in text.lower()
    again = spm("meeting", "tiny", "one_on_one", "--rep", "ana", "--on", "2026-11-26")
    assert again.code == 2
    assert path.read_text() == text
    assert spm("meeting", "tiny", "team", "--on", "2026-11-26").code == 0
    assert spm("meeting", "tiny", "party", "--on", "2026-11-26").code == 2


def test_what_was_paid_is_written_down_and_no_day_to_come_is(tiny, spm, tmp_path):
    said = ("supplied", "tiny", "--rep", "ana", "--kind", "pay", "--what", "Commission of October")
    done = spm(*said, "--on", "2026-10-16", "--due", "2026-10-15")
    assert (done.code, done.err) == (0, "")
    assert "paid to ana on 2026-10-16, due on 2026-10-15" in done.out
    path = tmp_path / "home" / "tiny" / "supplied.csv"
    assert path.read_text().splitlines()[1] == "ana,pay,Commission of October,2026-10-15,2026-10-16"
    early = spm(*said, "--on", "2027-10-16", "--due", "2026-11-15")
    assert early.code == 2
    assert "has not come yet" in early.err
    unknown = spm("supplied", "tiny", "--rep", "ana", "--kind", "resource", "--what", "A van")
    assert unknown.code == 2
    assert "promised: nothing" in unknown.err

"""`spm improve`: the next plan's file, or a refusal with what to do instead; nothing is overwritten."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date

import pytest

from spm_lib.client import load_client
from spm_lib.errors import UsageError
from spm_lib.improving import propose, write_plan
from spm_lib.improving import propose as proposing
from spm_lib.meetings import Plans, check_plans
from spm_lib.review import open_review

START = date(2026, 11, 16)
SLUG = "alder-heating"


@pytest.fixture
def home(demo_home, tmp_path):
    """Alder Heating up to 2026-W46 without the plan that its demo has."""
    shutil.copytree(demo_home / SLUG, tmp_path / SLUG)
    shutil.rmtree(tmp_path / SLUG / "improvement")
    return tmp_path


def review(home):
    return open_review(SLUG, "2026-W46", home)


def edited(home, name, before, after):
    """A document changed, and acknowledged as it is now by everybody who had acknowledged it."""
    path, kept = home / SLUG / "expectations" / f"{name}.md", home / SLUG / "acknowledgements.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    was, now = (hashlib.sha256(one.encode()).hexdigest()[:12] for one in (text, path.read_text()))
    kept.write_text(kept.read_text().replace(was, now), encoding="utf-8")


def refused(home, rep="devon-price", metric=None):
    with pytest.raises(UsageError) as found:
        propose(review(home), rep, START, metric)
    assert found.value.remedy
    return found.value


def test_a_plan_is_written_from_what_is_known_and_passes_the_check(home):
    path = write_plan(review(home), "devon-price", START)
    assert path == home / SLUG / "improvement" / "2026-11-16-devon-price.md"
    client = load_client(home, SLUG)
    assert check_plans(home / SLUG, client) == []
    (plan,) = Plans.load(home / SLUG, client).all
    activity, outcome = plan.front.criteria
    assert (activity.metric, activity.direction, activity.weeks) == ("conversations", "at least", 8)
    assert activity.threshold < 14  # nobody reaches what his plan says, so what he reached before is asked
    assert (outcome.metric, outcome.threshold, outcome.weeks) == ("win_rate_by_count", 0.30, 13)
    assert plan.front.looked_at_on == (date(2026, 12, 16), date(2027, 1, 15), date(2027, 2, 14))
    said = [one.what for one in plan.front.support]
    assert "Ride along on two visits" in said  # what the manager owes already
    assert "Coaching every week on: Both people at the table" in said  # the last coaching
    owed = {one.what: one.by for one in plan.front.support}
    assert owed["Decide on the mailing to the South"] == "owner"  # promised about him in the owner's meeting
    # given since, but not there while what is counted was done
    assert "Nothing of it is open." in plan.prose
    assert "Late on our side: " in plan.prose
    assert "supplied late, on " in plan.prose
    assert "Decision maker" in plan.prose  # the rung that is apart
    assert "Saturday" not in path.read_text(encoding="utf-8")  # private

    before = path.read_bytes()
    assert refused(home).what == "a plan of devon-price runs already"
    path.write_text(path.read_text().replace("rep: devon-price", "rep: Devon Price"))
    assert path.read_bytes() != before


def test_a_file_that_is_there_is_never_replaced(home, monkeypatch):
    path = home / SLUG / "improvement" / "2026-11-16-devon-price.md"
    path.parent.mkdir()
    path.write_text("mine", encoding="utf-8")
    module = __import__("spm_lib.improving.propose", fromlist=["propose"])
    monkeypatch.setattr(module, "propose", lambda *_, **_given: "new")
    with pytest.raises(UsageError, match="the plan’s file is there already"):
        write_plan(review(home), "devon-price", START)
    assert path.read_text(encoding="utf-8") == "mine"
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert proposing is propose


def test_nobody_unknown_and_no_standard_unknown(home):
    assert "known reps: marta-kowal" in refused(home, "zoe").remedy
    found = refused(home, metric="attainment")
    assert (found.what, found.given) == (
        "no document in force sets this standard for devon-price",
        "attainment",
    )
    assert "standards: win_rate_by_count" in found.remedy


def test_no_gap_that_passed_the_test(home):
    found = refused(home, "marta-kowal")
    assert found.what == "marta-kowal has no gap that passed the test against chance"
    assert " of " in found.given  # the number with its n
    assert "coach up" in found.remedy


def test_no_document_that_was_acknowledged(home):
    found = refused(home, "jonah-pike")
    assert found.what == "no acknowledged document stands behind a plan of jonah-pike"
    assert "spm acknowledge alder-heating sales_process --rep jonah-pike" in found.remedy


def test_a_standard_nobody_meets(home):
    edited(home, "sales_process", "at_least: 0.30", "at_least: 0.95")
    found = refused(home)
    assert found.what == "a standard nobody meets: no plan may be written against it"
    assert found.given.startswith("met by 0 of 3 peers, and in 0 of ")
    assert "look at the standard first" in found.remedy


def test_coaching_that_has_not_had_its_time(home):
    for path in (home / SLUG / "meetings").glob("*devon-price.md"):
        if not path.name.startswith("2026-11"):
            path.unlink()
    found = refused(home)
    assert found.what == "coaching of devon-price has not had its time"
    assert found.given == "coached since 2026-11-11"
    assert "coach up first" in found.remedy
    assert "from 2026-12-09 on" in found.remedy


def test_the_company_s_own_part_comes_first(home):
    kept = home / SLUG / "acknowledgements.csv"
    lines = kept.read_text().splitlines(keepends=True)
    kept.write_text("".join(one for one in lines if not one.startswith("crm_usage,") or "devon" not in one))
    found = refused(home)
    assert found.what == "the company’s own part toward devon-price comes first"
    assert "Check ourselves: The CRM usage document has not been read" in found.given


def test_no_activity_that_was_agreed(home):
    edited(home, "individual_plan-devon-price", "weekly_activity:\n  - {what: conversations, count: 7}\n", "")
    found = refused(home)
    assert found.what == "no activity is agreed in writing with devon-price that a plan could be measured by"
    assert "conversations, meetings_held" in found.remedy


def test_it_is_called_as_its_users_call_it(home, spm):
    result = spm("improve", SLUG, "--rep", "marta-kowal", "--on", "2026-11-16", "--home", str(home))
    assert result.code == 2
    assert "no gap that passed the test against chance" in result.err
    assert "Traceback" not in result.err
    assert not (home / SLUG / "improvement").exists()
    wrong = spm("improve", SLUG, "--rep", "devon-price", "--on", "soon", "--home", str(home))
    assert (wrong.code, "--on is not a day" in wrong.err) == (2, True)

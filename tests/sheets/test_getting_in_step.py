"""Where a new client stands: nothing there yet, exports without documents, rows refused, and the demo."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from spm_lib import open_environment_check, open_getting_in_step, tables
from spm_lib.demo import CLIENTS
from spm_lib.ingest import ingest
from spm_lib.newcomer import new_client
from spm_lib.publish.pages import PAGES
from spm_lib.sheets.exports import exports_that_stand, refused_for
from tests.cli.conftest import BEFORE, CLIENT, GOALS, MAPPING

WEEK = "2026-W47"
NOW = pd.Timestamp("2026-11-25T12:00Z")
#: One row with an amount that is no number, one with a day that is none; both in every weekly list.
REFUSED = "8,Bad,Qualified,lots,2026-10-05,,Ana Lopez\n9,Worse,Qualified,1,some day,,Ben Hale\n"


def words_of(fragment):
    return " ".join(re.sub(r"<[^>]+>", " ", fragment.html).split())


def said(step):
    """The words of the whole page of a new client."""
    parts = [
        tables.readiness_table(step.readiness()),
        tables.documents_by_state(step.documents()),
        tables.audit_table(step.audit()),
        tables.sentences(step.points(), "Nothing is left open."),
        tables.trend_table(step.trend()),
    ]
    return " ".join(words_of(part) for part in parts)


def audit(step):
    return step.audit().set_index("subject")["said"].to_dict()


@pytest.fixture
def client(tmp_path):
    """A function: a client with these lists of deals, week by week, and no document."""

    def make(*lists, documents=(), mapping=MAPPING):
        folder = tmp_path / "tiny"
        for name in ("inbox", "expectations"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "client.yaml").write_text(CLIENT)
        (folder / "mapping.yaml").write_text(mapping)
        for n, text in enumerate(documents):
            (folder / "expectations" / f"{n}.md").write_text(text)
        for day, deals in zip(("2026-11-15", "2026-11-22"), lists, strict=False):
            (folder / "inbox" / f"deals-{day}.csv").write_text(deals)
        ingest(tmp_path, "tiny", [], ingested_at=NOW)
        return folder, open_getting_in_step("tiny", WEEK, tmp_path)

    return make


def test_a_client_that_was_only_just_begun(tmp_path):
    new_client(tmp_path, "oak-barn")
    step = open_getting_in_step("oak-barn", WEEK, tmp_path)
    text = said(step)
    assert set(step.readiness()["state"]) == {"missing"}
    assert set(step.documents()["level"].dropna()) == {0}
    assert audit(step)["Exports"] == "none was received"
    assert audit(step)["Reps"] == "none is listed"
    assert "Not there Nothing written" in text
    assert "Rows refused" not in text
    assert "Stages in use" not in text
    assert not re.search(r"\bnan\b|\bNaT\b|<NA>", text)
    # and its self-check
    check = open_environment_check("oak-barn", WEEK, tmp_path)
    assert "no CRM rule is in force to check by" in words_of(tables.environment_table(check.table()))


def test_exports_without_documents_by_hand(client):
    _, step = client(BEFORE, BEFORE)
    told = audit(step)
    # the mapping knows three stages; the three deals are in two of them; one was decided
    assert told["Stages in use"] == "3 known, 0 opportunities in others"
    assert told["Rows refused"] == "0 of 3 in the latest exports"
    assert told["History"] == (
        "first export of 15 November 2026, 1 week ago; "
        "the oldest opportunity was created on 1 October 2026; 1 decided"
    )
    assert told["Activities"] == "not received"
    ready = step.readiness().set_index("what")
    # 1 decided in the 7 whole weeks since 1 October: at most 0.68 a week, 13 in the 19 weeks that are free
    assert ready.loc["Win rate of the team", "state"] == "too few at this pace"
    assert ready.loc["Usual range of a week", ["have", "weeks_least", "weeks_most"]].tolist() == [7, 6, 6]
    assert ready.loc["Attainment and pace", "missing"] == "goals, in the document or as an export"
    assert ready.loc["Pace by the client’s own curve", "state"] == "missing"
    assert "Sales goals" in said(step)


#: An export that says itself what became of an opportunity, and no list of stages.
WITHOUT_STAGES = "status_from: status\n" + MAPPING.partition("stages:\n")[0].replace(
    "stage as stage_id,",
    "case stage when 'Won' then 'won' when 'Lost' then 'lost' else 'open' end as status,",
)


def test_a_client_without_a_list_of_stages(client):
    _, step = client(BEFORE, BEFORE, mapping=WITHOUT_STAGES)
    told = audit(step)
    assert told["Stages"] == "not received"
    assert "Stages in use" not in told  # nothing to hold the rows against
    asks = step.audit().set_index("subject")["first"].to_dict()
    assert asks["Stages"] == "List the stages in their order in mapping.yaml, or ask for an export of them."
    assert told["Rows refused"] == "0 of 3 in the latest exports"
    assert told["History"].endswith("1 decided")
    assert not re.search(r"\bnan\b|\bNaT\b|<NA>", said(step))


def test_what_past_periods_teach_waits_for_the_calendar(client):
    _, step = client(BEFORE, documents=[GOALS])
    ready = step.readiness().set_index("what")
    # the first outcome is of 20 October, so Q4 2026 is not covered; four quarters more end with 2027
    row = ready.loc["Pace by the client’s own curve"]
    assert (row["have"], row["need"], row["state"]) == (0, 4, "in time")
    # from 22 November 2026 to 31 December 2027 are 404 days: 58 weeks
    assert (row["weeks_least"], row["weeks_most"]) == (58, 58)


def test_refused_rows_count_once_and_say_why(client):
    folder, step = client(BEFORE + REFUSED, BEFORE + REFUSED)
    told = audit(step)["Rows refused"]
    # five rows in each of two weekly lists; two of them refused each week
    assert told.startswith("2 of 5 in the latest exports: ")
    assert told.count("(1 row)") == 2
    assert "Amount" in told
    assert "lots" not in told
    for path in (folder / "quarantine").iterdir():
        path.unlink()
    again = open_getting_in_step("tiny", WEEK, folder.parent)
    assert audit(again)["Rows refused"] == "2 of 5 in the latest exports; why is not on file"


def drops(*rows):
    frame = pd.DataFrame(rows, columns=["as_of", "scope", "tables", "rows_read", "quarantined"])
    return frame.assign(as_of=pd.to_datetime(frame["as_of"], utc=True), batch_id=frame.index.astype("str"))


def test_the_latest_full_export_of_every_table_stands_and_what_came_after_it():
    stand = exports_that_stand(
        drops(
            ("2026-11-01", "full", "opportunities,stages", 10, 1),
            ("2026-11-08", "full", "activities", 20, 2),
            ("2026-11-15", "full", "opportunities", 11, 1),
            ("2026-11-18", "changed", "opportunities", 3, 1),
            ("2026-11-01", "changed", "leads", 5, 0),
            ("2026-11-08", "changed", "leads", 6, 0),
        )
    )
    # the first stands for its stages alone; its opportunities are in the later one
    assert sorted(stand["rows_read"]) == [3, 5, 6, 10, 11, 20]
    again = exports_that_stand(drops(*[(f"2026-11-0{n}", "full", "opportunities", n, 1) for n in (1, 2, 3)]))
    assert again["rows_read"].tolist() == [3]
    assert len(exports_that_stand(drops())) == 0


def test_reasons_are_counted_the_commonest_first(tmp_path):
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / "2026-11-01-0.csv").write_text(
        '"file","row","column","value","reason"\n'
        + '"a","1","Amount","x","not a number"\n' * 2
        + '"a","3","","y","no stage"\n'
    )
    asked = drops(("2026-11-01", "full", "opportunities", 10, 3))
    assert refused_for(tmp_path, asked) == [("Amount: not a number", 2), ("no stage", 1)]
    assert refused_for(tmp_path / "elsewhere", asked) is None
    assert refused_for(tmp_path, drops(("2026-11-01", "full", "opportunities", 10, 0))) == []


@pytest.mark.parametrize("slug", CLIENTS)
def test_the_demo_clients_have_a_table_of_seven_by_five_and_data_that_are_partly_clean(demo_home, slug):
    step = open_getting_in_step(slug, "2026-W46", demo_home)
    table = step.documents()
    assert (table["subject"].nunique(), table["state"].nunique(), len(table)) == (7, 5, 35)
    html = tables.documents_by_state(table).html
    assert html.count('role="rowheader"') == 7
    assert html.count("<td") == html.count("data-state=") == 35
    check = open_environment_check(slug, "2026-W46", demo_home).table().set_index("subject")
    # their data are deliberately messy, and not all of it
    assert 1 <= check.loc["data clean", "level"] <= 3


def test_the_page_is_for_manager_and_owner():
    (page,) = (one for one in PAGES if one.name == "getting_in_step")
    assert page.audience.reader == "owner"
    assert page.audience.words == "the sales manager and the business owner"


def test_the_style_sheet_closes_every_block():
    from spm_lib.fragment import stylesheet_text

    css = re.sub(r"/\*.*?\*/", "", stylesheet_text(), flags=re.DOTALL)
    depth = 0
    for line in css.splitlines():
        if line.startswith("@media"):
            assert depth == 0, line
        depth += line.count("{") - line.count("}")
    assert depth == 0

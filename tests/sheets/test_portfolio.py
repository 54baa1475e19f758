"""The firm's portfolio, from report folders made by hand: no client, one, fifty, failed, older, hostile."""

from __future__ import annotations

import hashlib
import json
import re

import pandas as pd
import pytest

from spm_lib import open_portfolio, tables
from spm_lib.errors import GateError, UsageError
from spm_lib.judgement.attention import COLUMNS, WEIGHTS
from spm_lib.publish.failure import keep_reason
from spm_lib.publish.manifest import Published, Run
from tests.publish.small import HOSTILE

WEEK = "2026-W47"


def need(what="coach up", rep="Ana Ruiz", since=None, topic="", due=None):
    return {
        "subject": "rep" if rep else "client",
        "rep_id": rep and rep.lower().replace(" ", "-"),
        "rep": rep,
        "what": what,
        "topic": topic,
        "why": f"Why of {what}.",
        "weight": WEIGHTS[what],
        "since": pd.Timestamp(since) if since else pd.NaT,
        "due_on": pd.Timestamp(due) if due else pd.NaT,
    }


@pytest.fixture
def firm(tmp_path):
    """A function that publishes by hand; `needs` is None for a report of an older version."""

    def publish(slug="acme", week=WEEK, needs=(), name="", until="2026-11-22"):
        folder = tmp_path / slug / week
        (folder / "tables").mkdir(parents=True)
        (folder / "weekly_review.html").write_text("<p>x</p>")
        if needs is not None:
            table = pd.DataFrame(list(needs), columns=list(COLUMNS)).astype(COLUMNS)
            table.to_parquet(folder / "tables" / "attention.parquet", index=False)
        files = [path for path in folder.rglob("*") if path.is_file()]
        run = Run(
            client=slug,
            name=name or slug.capitalize(),
            week=week,
            days="",
            fingerprint="f",
            inputs={},
            exports_until=until,
            exports_age_days=0,
            pages=(Published(name="weekly_review", title="", audience="", file="weekly_review.html"),),
            files={
                path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
                for path in files
            },
            definitions={},
            findings=(),
            timings={},
        )
        (folder / "run.json").write_text(run.text())
        return folder

    def fails(slug="acme", week=WEEK, why="a cell stopped\n  to do: run it again"):
        folder = tmp_path / ".runs" / slug
        folder.mkdir(parents=True, exist_ok=True)
        keep_reason(folder / f"{week}.failed.json", why, [])

    publish.fails = fails
    publish.open = lambda week=WEEK, keep="": open_portfolio(week, tmp_path, keep)
    publish.folder = tmp_path
    return publish


def said(portfolio):
    """The words of the whole page, as the notebook asks for them."""
    week, reports = portfolio.week.label, portfolio.reports()
    parts = [
        tables.portfolio_header(portfolio.week, reports),
        tables.hour_box(portfolio.needs(), reports),
        tables.needs_table(portfolio.needs(), reports, week),
        tables.reports_table(reports, week),
        tables.meetings_due(portfolio.meetings()),
        tables.overdue_commitments(portfolio.commitments()),
        tables.portfolio_changes(portfolio.changes(), portfolio.not_compared()),
    ]
    html = "\n".join(part.html for part in parts)
    return html, " ".join(re.sub(r"<[^>]+>", " ", html).split())


def states(portfolio):
    return dict(portfolio.reports()[["client", "state"]].itertuples(index=False, name=None))


def test_no_client_at_all_is_said_in_words(firm):
    _, text = said(firm.open())
    assert "0 of 0 clients published" in text
    assert "No client was ever run." in text
    assert "Nothing is known yet." in text


def test_a_week_that_is_none_is_refused(firm):
    with pytest.raises(UsageError):
        firm.open("47")


def test_one_client_with_one_need(firm):
    firm(needs=[need(since="2026-08-03", due="2026-11-25")])
    html, text = said(firm.open())
    assert "Acme, Ana Ruiz: coach up. Why of coach up. The next meeting is due by 25 November." in text
    assert "1 of 1 client asks for time." in text
    assert 'href="acme/2026-W47/weekly_review.html"' in html
    assert "Data until 22 November, the end of the week." in text


def test_a_quiet_client_is_named_as_quiet(firm):
    firm(needs=[need("meeting due", None, topic="team", due="2026-11-30")])
    _, text = said(firm.open())
    assert "No client asks for more than the usual meetings." in text
    assert "Nothing beyond the usual meetings: Acme ." in text
    assert "Team meeting by 30 Nov." in text


def test_clients_stand_by_need_then_by_age_then_by_name(firm):
    firm("one", needs=[need("goal", None)])
    firm("two", needs=[need("coach up", since="2026-09-07")])
    firm("three", needs=[need("coach up", since="2026-08-03"), need("goal", None)])
    firm("four", needs=[need("goal", None)])
    assert firm.open().needs()["client"].tolist() == ["three", "three", "two", "four", "one"]


def test_how_the_reports_stand(firm):
    for slug, week in (("fine", WEEK), ("stood", WEEK), ("older", "2026-W45")):
        firm(slug, week, needs=[], until="2026-11-08" if slug == "older" else "2026-11-22")
    firm.fails("stood")
    firm.fails("gate", why=str(GateError(GateError.opening, given="an export is missing")))
    firm.fails("fine", "2026-W30")
    (firm("broken") / "run.json").write_text("{")
    assert states(firm.open()) == {
        "stood": "broke off",
        "gate": "stopped at the gate",
        "broken": "cannot be read",
        "older": "older week",
        "fine": "published",
    }
    _, text = said(firm.open())
    assert "The run of this week broke off. The report of an earlier run is what this page tells of." in text
    assert "A cell stopped; to do: run it again" in text
    assert "given: &#x27;an export is missing&#x27;" in text
    assert "No report of this week; the newest is of week 45. Data until 8 November, 14 days before" in text
    assert "Not known of broken and gate: no report says it; publish the week again." in text


def test_all_clients_failed(firm):
    for slug in ("acme", "birch"):
        firm.fails(slug)
    _, text = said(firm.open())
    assert "0 of 2 clients published" in text
    assert "2 clients not known: see the reports." in text
    assert text.count("The run of this week broke off.") == 2


def test_a_report_of_an_earlier_version_says_so(firm):
    firm(needs=None)
    portfolio = firm.open()
    assert not portfolio.reports()["has_attention"].any()
    _, text = said(portfolio)
    assert "Made by an earlier version, which did not say what asks for time." in text
    assert "Nothing is known yet." in text


@pytest.mark.parametrize("content", [b"no parquet", None])
def test_a_table_that_cannot_be_read_is_not_known(firm, content):
    path = firm(needs=[need()]) / "tables" / "attention.parquet"
    if content is None:
        pd.DataFrame({"x": [1]}).to_parquet(path)
    else:
        path.write_bytes(content)
    assert not firm.open().reports()["has_attention"].any()


def test_a_table_the_manifest_does_not_name_is_none(firm):
    folder = firm(needs=[need()])
    run = json.loads((folder / "run.json").read_text())
    run["files"].pop("tables/attention.parquet")
    (folder / "run.json").write_text(json.dumps(run))
    assert firm.open().needs().empty


def test_later_weeks_are_passed_over_and_an_older_report_tells_as_of_its_week(firm):
    firm(week="2026-W48", needs=[need("confront")])
    firm(week="2026-W45", needs=[need()])
    portfolio = firm.open()
    assert portfolio.needs()["what"].tolist() == ["coach up"]
    _, text = said(portfolio)
    assert "as of week 45" in text


def test_what_changed_by_hand(firm):
    old = [need("coach up"), need("goal", None, topic="forecast"), need("meeting due", None, topic="team")]
    firm(week="2026-W45", needs=old)
    firm(week=WEEK, needs=[need("confront"), need("goal", None, topic="forecast"), need("exports", None)])
    firm("birch", needs=[need()])
    portfolio = firm.open()
    told = portfolio.changes()[["client", "before", "change", "what"]]
    assert list(told.itertuples(index=False, name=None)) == [
        ("acme", "2026-W45", "new", "confront"),
        ("acme", "2026-W45", "new", "exports"),
        ("acme", "2026-W45", "gone", "coach up"),
    ]
    assert portfolio.not_compared() == ["Birch"]
    _, text = said(portfolio)
    assert "New: Ana Ruiz: confront; The data. No longer: Ana Ruiz: coach up." in text


def test_meetings_of_one_kind_are_told_together_and_what_is_to_catch_up_first(firm):
    firm(
        needs=[
            need("meeting to catch up", "Ana Ruiz", topic="one_on_one", due="2026-11-13"),
            need("meeting due", "Ben Hale", topic="one_on_one", due="2026-12-03"),
            need("meeting due", "Cy Low", topic="one_on_one", due="2026-11-25"),
        ]
    )
    _, text = said(firm.open())
    assert "One-on-one with Ana Ruiz was due by 13 Nov. 2 one-on-ones between 25 Nov and 3 Dec." in text


def test_fifty_clients_of_which_forty_ask_for_time(firm):
    for n in range(50):
        firm(f"client-{n:02d}", needs=[need(since="2026-08-03")] if n < 40 else [])
    html, text = said(firm.open())
    assert "40 of 50 clients ask for time." in text
    assert "28 more clients" in text
    assert html.count('<th scope="row"') == 40 + 50
    assert len(html.encode()) < 200_000


def test_hostile_names_and_reasons_stay_words(firm):
    firm("acme", name=HOSTILE, needs=[need(rep=HOSTILE)])
    firm.fails("birch", why=HOSTILE)
    html, text = said(firm.open())
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "&lt;/script&gt;" in text


def test_the_tables_behind_it_are_kept(firm, tmp_path):
    firm(needs=[need()])
    said(firm.open(keep=tmp_path / "keep"))
    names = {path.name for path in (tmp_path / "keep").iterdir()}
    assert names == {f"portfolio_{name}.parquet" for name in ("reports", "attention", "changes")}


def test_a_client_that_asks_for_no_time_changes_nothing(firm):
    """Choosing none of no rows must leave the columns: a firm of one quiet client has a page as well."""
    firm(needs=[])
    firm(needs=[], week="2026-W45")
    assert firm.open().changes().empty

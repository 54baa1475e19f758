"""What comes after the clients: the firm's pages and the list of all reports, each with an end of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from spm_lib.errors import PublishError, UsageError
from spm_lib.publish import Outcome
from spm_lib.publish.place import Place
from spm_lib.run import finish
from tests.run.made import stand


@pytest.fixture
def firm(monkeypatch, tmp_path):
    """How the firm's one page ends, as a test sets it; and how it was asked for."""
    ends = {
        "outcome": Outcome("portfolio", "2026-W46", "published", None, 1.23456, tmp_path / "portfolio.html")
    }

    def publish_firm(reports, **asked):
        ends.update(reports=reports, asked=asked)
        if isinstance(ends["outcome"], Exception):
            raise ends["outcome"]
        return (ends["outcome"],)

    monkeypatch.setattr(sys.modules["spm_lib.run.finish"], "publish_firm", publish_firm)
    return ends


def finished(tmp_path, **asked):
    return finish(str(tmp_path / "reports"), str(tmp_path / "home"), **asked)


def test_the_firms_page_and_the_list_are_made(firm, tmp_path):
    stand(tmp_path)
    (done,) = finished(tmp_path, week="2026-W46", force=True)
    assert (done.client, done.week, done.state, done.seconds) == ("portfolio", "2026-W46", "published", 1.235)
    assert done.folder == f"{tmp_path}/reports/portfolio.html"
    assert firm["asked"] == {"week": "2026-W46", "force": True}
    assert 'href="acme/2026-W46/owner_update.html"' in (tmp_path / "reports/index.html").read_text()


def test_a_page_of_the_firm_that_fails_is_told_and_the_list_is_written(firm, tmp_path):
    firm["outcome"] = Outcome("portfolio", "2026-W46", "failed", PublishError("cell 3 failed"))
    (done,) = finished(tmp_path)
    assert (done.state, done.reason) == ("failed", "failed, the page is left as it was\ncell 3 failed")
    assert (tmp_path / "reports/index.html").is_file()


def test_a_list_that_cannot_be_written_is_told_beside_what_became_of_the_firms_page(firm, tmp_path):
    (tmp_path / "reports/index.html").mkdir(parents=True)
    page, index = finished(tmp_path, week="2026-W46")
    assert (page.client, page.state) == ("portfolio", "published")
    assert (index.client, index.week, index.state) == ("index", "2026-W46", "failed")
    assert index.reason.startswith(
        "the list of reports is left as it was\na file could not be read or written"
    )


def test_a_wrong_call_is_raised(firm, tmp_path):
    firm["outcome"] = UsageError("no such week")
    with pytest.raises(UsageError):
        finished(tmp_path, week="2026-W99")


def test_what_killed_runs_left_of_other_clients_is_swept(firm, tmp_path):
    place = Place(tmp_path / "reports", "gone", "2025-W01")
    place.begin()
    finished(tmp_path)
    assert not place.making.exists()


def test_in_an_object_store_the_list_points_into_the_version_that_stands(firm, tmp_path):
    report, version = stand(tmp_path), "0123456789abcdef"
    report.rename(report.with_name(version))
    (report / version).parent.mkdir()
    report.with_name(version).rename(report / version)
    (report / "current.json").write_text(json.dumps({"version": version}))
    address = f"file://{tmp_path}/reports"
    (done,) = finish(address, f"file://{tmp_path}/home")
    assert done.state == "published"
    # the firm's page is made from a copy, which is gone
    assert not Path(firm["reports"]).exists()
    html = (tmp_path / "reports/index.html").read_text()
    assert f'href="acme/2026-W46/{version}/owner_update.html"' in html
    # a second time there is nothing to be sent
    before = (tmp_path / "reports/index.html").stat().st_mtime_ns
    finish(address, f"file://{tmp_path}/home")
    assert (tmp_path / "reports/index.html").stat().st_mtime_ns == before

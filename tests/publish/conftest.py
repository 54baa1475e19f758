"""A client, its notebooks, and a report that was published once for all tests that only read it."""

from __future__ import annotations

import nbformat
import pytest

from spm_lib.publish import run as publishing
from spm_lib.publish.parameters import OfClient
from tests.publish.small import TWO, write_client, write_notebooks

WEEK = "2026-W46"


class Room:
    """Where a test publishes."""

    def __init__(self, folder):
        self.home, self.reports = folder / "home", folder / "reports"
        self.notebooks = write_notebooks(folder / "notebooks")
        self.heard = []
        write_client(self.home)

    def publish(self, slug="acme", week=WEEK, **given):
        given = {"reports": self.reports, "notebooks": self.notebooks, "pages": TWO, **given}
        return publishing.publish_week(self.home, slug, week, on_state=self._hear, **given)

    def _hear(self, *told):
        self.heard.append(told)

    @property
    def report(self):
        return self.reports / "acme" / WEEK


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A room in which the week was published by real kernels, and the outcome. Only to be read."""
    room = Room(tmp_path_factory.mktemp("published"))
    return room, room.publish(findings=[f"The gate looked into {room.home}/acme."])


@pytest.fixture
def parameters(tmp_path):
    return OfClient(client="acme", week=WEEK, home=str(tmp_path / "home"), keep=str(tmp_path / "keep"))


@pytest.fixture
def no_kernel(monkeypatch):
    """Publishing without kernels: each notebook shows what is set for it, or raises it.

    `shows` is page -> html or an exception; `keeps` is a function of (page, folder); `ran` lists the pages.
    """

    class Fake:
        def __init__(self):
            self.shows, self.keeps, self.ran = {}, lambda page, folder: None, []

        def __call__(self, notebook, parameters, *, name, limits=None):
            from pathlib import Path

            page = name.removesuffix(".ipynb")
            self.ran.append(page)
            shown = self.shows.get(page, f"<p>The {page}.</p>")
            if isinstance(shown, BaseException):
                raise shown
            self.keeps(page, Path(parameters.keep))
            output = nbformat.v4.new_output(
                "display_data", {"text/html": shown}, metadata={"text/html": {"spm": True, "role": "figure"}}
            )
            cell = nbformat.v4.new_code_cell("show()", outputs=[output], execution_count=1)
            return nbformat.v4.new_notebook(cells=[cell])

    fake = Fake()
    monkeypatch.setattr(publishing, "execute", fake)
    return fake

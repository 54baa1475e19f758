"""A notebook is prose and one-line calls: it computes nothing and keeps nothing."""

from __future__ import annotations

import ast
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from spm_lib import plots, tables
from spm_lib.fragment import slug
from spm_lib.publish import FIRM_PAGES, PAGES
from spm_lib.tables import improvement
from spm_lib.tables.summary import DECISIONS

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PARAMETERS = ["client", "week", "home", "keep"]
#: Of a page that is made for each rep.
REP_PARAMETERS = ["client", "week", "rep", "home", "keep"]
#: Of a page of the firm.
FIRM_PARAMETERS = ["week", "reports", "keep"]
OF_FIRM = {page.name for page in FIRM_PAGES}
REP_PAGES = {page.name for page in PAGES if page.reps is not None}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def is_parameters(cell: dict[str, Any]) -> bool:
    return "parameters" in cell["metadata"].get("tags", [])


def headings(path: Path) -> list[str]:
    first = [source(cell).splitlines()[0] for cell in cells(path, "markdown")]
    return [line.removeprefix("## ") for line in first if line.startswith("## ")]


def test_the_pages_have_their_notebooks():
    assert {path.name for path in NOTEBOOKS} >= {"weekly_review.ipynb", "owner_update.ipynb"}


@each_notebook
def test_it_is_stored_without_outputs_and_for_any_python(path):
    content = json.loads(path.read_text())
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert content["metadata"]["kernelspec"]["name"] == "python3"
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@each_notebook
def test_it_declares_its_parameters_with_type_and_meaning(path):
    (declared,) = filter(is_parameters, cells(path, "code"))
    tree = ast.parse(source(declared))
    of_rep = REP_PARAMETERS if path.stem in REP_PAGES else PARAMETERS
    expected = FIRM_PARAMETERS if path.stem in OF_FIRM else of_rep
    assert [node.target.id for node in tree.body] == expected
    assert all(node.annotation.id == "str" for node in tree.body)
    assert all("  # " in line for line in source(declared).splitlines())


@each_notebook
def test_a_cell_is_one_call(path):
    code = [cell for cell in cells(path, "code") if not is_parameters(cell)]
    for cell in code[1:]:
        (call,) = ast.parse(source(cell)).body
        assert isinstance(call, ast.Expr)
        assert isinstance(call.value, ast.Call)
        assert len(source(cell).splitlines()) <= 10


@each_notebook
def test_it_computes_nothing(path):
    forbidden = (
        ast.FunctionDef,
        ast.For,
        ast.While,
        ast.If,
        ast.Lambda,
        ast.BinOp,
        ast.ListComp,
        ast.Subscript,
    )
    for cell in cells(path, "code"):
        assert not any(isinstance(node, forbidden) for node in ast.walk(ast.parse(source(cell))))


@each_notebook
def test_it_calls_only_what_exists(path):
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                room = {"tables": tables, "plots": plots}.get(node.value.id)
                assert room is None or node.attr in room.__all__, node.attr
                assert node.value.id != "improvement" or callable(getattr(improvement, node.attr))


@each_notebook
def test_its_sections_are_told_apart_and_each_shows_something(path):
    assert len(set(map(slug, headings(path)))) == len(headings(path))
    kinds = [
        "heading" if source(cell).startswith("## ") else cell["cell_type"]
        for cell in json.loads(path.read_text())["cells"]
    ]
    followed = [after for here, after in pairwise(kinds) if here == "heading"]
    assert followed == ["code"] * len(headings(path))


@each_notebook
def test_prose_is_markdown_a_browser_shows_as_words(path):
    for cell in cells(path, "markdown"):
        assert not set("<$[`") & set(source(cell))


def test_the_box_on_top_points_to_a_section_that_is_there():
    assert DECISIONS in headings(FOLDER / "weekly_review.ipynb")


def test_what_the_owner_reads_judges_no_rep():
    calls = "".join(source(cell) for cell in cells(FOLDER / "owner_update.ipynb", "code"))
    for word in ("by=", "evidence", "decisions", "ladder", "win_rates_figure"):
        assert word not in calls

"""A notebook is told client, week, home, keep; nothing else, and nothing pasted as code."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from spm_lib.errors import PublishError, UsageError
from spm_lib.publish.parameters import OfClient, OfFirm, OfRep, check_declared
from tests.publish.small import DECLARES, notebook

GOOD = {"client": "acme", "week": "2026-W46", "home": "data"}
REP = 'client = "x"\nweek = "y"\nrep = "r"\nhome = "z"\nkeep = ""'
FIRM = 'week = "y"\nreports = "z"\nkeep = ""'


@pytest.mark.parametrize("name", ["x=1;import os#", "Client", "known_at", "__class__"])
def test_a_name_that_is_not_known_is_refused_before_anything_is_pasted(name):
    with pytest.raises(ValidationError, match="Extra inputs"):
        OfClient(**GOOD, **{name: "2"})


@pytest.mark.parametrize("slug", ["../other", "a/b", "A", "", "-a", "{client.__class__}", "a\n"])
def test_a_client_that_is_no_slug_is_refused(slug):
    with pytest.raises(UsageError, match="slug"):
        OfClient(**{**GOOD, "client": slug})


@pytest.mark.parametrize("week", ["2026-W54", "2026-46", "46", "2025-W53", "2026-W46 "])
def test_a_week_that_does_not_exist_is_refused(week):
    with pytest.raises(UsageError, match="week"):
        OfClient(**{**GOOD, "week": week})


@pytest.mark.parametrize("name", ["client", "week", "home"])
def test_a_missing_parameter_is_refused(name):
    with pytest.raises(ValidationError, match="Field required"):
        OfClient(**{key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("value", [7, None, b"data", ["data"]])
def test_only_text_is_taken(value):
    with pytest.raises(ValidationError, match="valid string"):
        OfClient(**{**GOOD, "home": value})


def test_a_page_of_a_rep_is_told_the_rep_and_no_other_page_is():
    assert OfRep(**GOOD, rep="Jörg/..").rep == "Jörg/.."
    with pytest.raises(ValidationError, match="Field required"):
        OfRep(**GOOD)
    with pytest.raises(ValidationError, match="at least 1 character"):
        OfRep(**GOOD, rep="")
    with pytest.raises(ValidationError, match="Extra inputs"):
        OfClient(**GOOD, rep="ana")


def test_a_page_of_the_firm_is_told_the_reports_and_no_client():
    assert OfFirm(week="2026-W46", reports="reports").keep == ""
    for name in ("client", "home", "rep"):
        with pytest.raises(ValidationError, match="Extra inputs"):
            OfFirm(week="2026-W46", reports="reports", **{name: "acme"})
    with pytest.raises(UsageError, match="week"):
        OfFirm(week="46", reports="reports")


@pytest.mark.parametrize(("declares", "known"), [(DECLARES, OfClient), (REP, OfRep), (FIRM, OfFirm)])
def test_a_notebook_declares_what_its_page_is_told(declares, known):
    assert check_declared(notebook(declares=declares), "x.ipynb", known) == 0
    for other in {OfClient, OfRep, OfFirm} - {known}:
        with pytest.raises(PublishError, match="not the known ones") as refused:
            check_declared(notebook(declares=declares), "x.ipynb", other)
        assert refused.value.remedy == f"declare exactly {', '.join(other.names())}"


def test_an_archived_cell_says_no_folder():
    told = OfRep(**GOOD, rep="a'b", keep="/tmp/x")
    assert told.archived() == "client = 'acme'\nweek = '2026-W46'\nrep = \"a'b\""
    assert OfFirm(week="2026-W46", reports="/tmp/x").archived() == "week = '2026-W46'"


def test_the_cell_is_found_wherever_it_stands():
    assert check_declared(notebook(), "x.ipynb") == 0
    later = notebook("# Title")
    later.cells.reverse()
    assert check_declared(later, "x.ipynb") == 1


def test_a_notebook_without_the_cell_is_refused():
    with pytest.raises(PublishError, match="no cell tagged `parameters`") as refused:
        check_declared(notebook("1", declares=None), "x.ipynb")
    assert refused.value.where == "x.ipynb"


def test_a_notebook_with_two_such_cells_is_refused():
    twice = notebook()
    twice.cells.append(twice.cells[0].copy())
    with pytest.raises(PublishError, match="2 cells tagged"):
        check_declared(twice, "x.ipynb")


@pytest.mark.parametrize(
    ("declares", "said"),
    [
        (DECLARES + "\nregion = 1", "unknown: region; missing: none"),
        ('client = "x"\nweek = "y"\nhome = "z"', "unknown: none; missing: keep"),
        ("", "missing: client, week, home, keep"),
        ('clinet = "x"\nweek = "y"\nhome = "z"\nkeep = ""', "unknown: clinet; missing: client"),
    ],
)
def test_a_notebook_that_declares_other_names_is_refused(declares, said):
    with pytest.raises(PublishError, match=said):
        check_declared(notebook(declares=declares), "x.ipynb")


@pytest.mark.parametrize(
    "declares",
    ["import os", "print(1)", "client, week = 'a', 'b'", "a.b = 1", "client = week = 'x'", "if 1: a = 2"],
)
def test_a_parameters_cell_that_does_more_than_assign_is_refused(declares):
    with pytest.raises(PublishError, match="only assign names"):
        check_declared(notebook(declares=declares), "x.ipynb")


def test_a_parameters_cell_that_is_no_python_is_refused():
    with pytest.raises(PublishError, match="not Python") as refused:
        check_declared(notebook(declares="a = 1\nclient = = 2"), "x.ipynb")
    assert refused.value.where == "x.ipynb, line 2 of that cell"

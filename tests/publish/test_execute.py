"""A run is whole or it failed, whatever the machinery calls its cells."""

from __future__ import annotations

import os
import time

import nbformat
import pytest

from spm_lib import errors
from spm_lib.errors import PublishError
from spm_lib.publish.execute import Limits, execute
from tests.publish.small import notebook

OURS = """\
from spm_lib.errors import DocumentError
raise DocumentError("the goals cannot be read", where="sales_goals.md", given="12 %", remedy="write 0.12")"""


def refused(parameters, *cells, limits=None):
    with pytest.raises(errors.SpmError) as caught:
        execute(notebook(*cells), parameters, name="page.ipynb", limits=limits)
    return caught.value


def test_the_parameters_arrive_as_they_were_given_and_the_source_is_left_alone(parameters):
    given = parameters.model_copy(update={"home": "a \"b\" {client} \\ '''ü"})
    source = notebook("print([client, week, home, keep])", "1 + 1", "import os; print(os.environ['TZ'])")
    before = nbformat.writes(source)
    executed = execute(source, given, name="page.ipynb")
    shown = [cell for cell in executed.cells if cell.cell_type == "code"][2]
    assert shown.outputs[0].text.strip() == repr([given.client, given.week, given.home, given.keep])
    assert nbformat.writes(source) == before
    assert executed.cells[-1].outputs[0].text == "UTC\n"


def test_a_refusal_of_ours_in_a_cell_keeps_its_kind_and_its_words(parameters):
    error = refused(parameters, "1", OURS)
    assert type(error) is errors.DocumentError
    assert error.exit_code == 2
    assert str(error).splitlines() == [
        "the goals cannot be read",
        "  where: sales_goals.md",
        "  given: '12 %'",
        "  to do: write 0.12",
    ]


def test_a_foreign_error_is_told_in_one_line_with_the_cell_as_its_author_counts(parameters):
    # parameters, prose, code that passes, then the cell that fails: the fourth in the author's file
    error = refused(parameters, "# Title", "x = {}", "x['missing']\n# more")
    assert type(error) is PublishError
    assert error.what == "cell 4 stopped with KeyError: 'missing'"
    assert error.where == "page.ipynb"
    assert "Traceback" not in str(error)


def test_a_full_disk_is_no_fault_of_the_notebook(parameters):
    error = refused(
        parameters, "import errno, os; raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'x')"
    )
    assert error.what == "cell 2 stopped with OSError: [Errno 28] No space left on device: 'x'"
    assert error.remedy == "make room on the disk, then run the review again"


@pytest.mark.parametrize("call", ["import sys; sys.exit(0)", "import sys; sys.exit('enough')"])
def test_a_cell_that_leaves_early_is_a_failure_even_when_it_calls_that_a_success(parameters, call):
    error = refused(parameters, call, "print('never')")
    assert error.what.startswith("cell 2 stopped with SystemExit")


def test_a_cell_that_hangs_meets_its_limit(parameters):
    began = time.monotonic()
    error = refused(parameters, "import time; time.sleep(60)", limits=Limits(cell=1, whole=30))
    assert error.what == "a cell took longer than 1 s and was ended"
    assert time.monotonic() - began < 9


def test_a_notebook_that_takes_too_long_is_ended_with_its_kernel(parameters, tmp_path):
    told = tmp_path / "pid"
    deaf = "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)"
    cell = f"{deaf}\nopen({str(told)!r}, 'w').write(str(os.getpid()))"
    error = refused(parameters, cell, *["time.sleep(0.9)"] * 20, limits=Limits(cell=60, whole=2.5))
    assert error.what == "the notebook took longer than 2.5 s and was ended"
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


@pytest.mark.parametrize("call", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)"])
def test_a_kernel_that_ends_itself_is_a_failure_although_its_cells_are_called_completed(parameters, call):
    error = refused(parameters, f"import os, signal; {call}", "1")
    assert error.what == "the kernel was ended from outside, or ran out of memory"


def test_an_error_a_cell_is_tagged_to_expect_is_still_refused(parameters):
    made = notebook("1 / 0", "1")
    made.cells[1].metadata["tags"] = ["raises-exception"]
    with pytest.raises(PublishError, match="cell 2 stopped with ZeroDivisionError"):
        execute(made, parameters, name="page.ipynb")


def test_a_cell_that_was_skipped_is_refused(parameters):
    made = notebook("1", "2")
    made.cells[1].metadata["tags"] = ["skip-execution"]
    with pytest.raises(PublishError, match="cell 2 was not run"):
        execute(made, parameters, name="page.ipynb")


def test_a_notebook_with_other_parameters_never_starts_a_kernel(parameters, monkeypatch):
    from spm_lib.publish import engine

    monkeypatch.setattr(engine, "run", lambda *_, **__: pytest.fail("a kernel was started"))
    with pytest.raises(PublishError, match="unknown: more"):
        execute(notebook(declares="more = 1"), parameters, name="page.ipynb")

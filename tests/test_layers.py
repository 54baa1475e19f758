"""Who may import whom, who may touch files, and who may read the clock. A rule that is broken fails here."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "spm_lib"

#: Room of the house -> the rooms it may import, itself left out. A new room has to say here whom it knows.
MAY_IMPORT = {
    # what everything rests on
    "errors": set(),
    "style": set(),
    "room": set(),
    "periods": {"errors"},
    "lookup": set(),
    # the facts
    "client": {"errors", "periods"},
    "schemas": {"errors"},
    "drops": {"errors", "schemas"},
    "storage": {"client", "errors", "room"},
    # from foreign files to a snapshot; sources and metrics meet only there
    "sources": {"client", "drops", "errors", "periods", "schemas"},
    "history": {"client", "drops", "errors", "lookup", "periods", "schemas"},
    "expectations": {"client", "errors", "periods", "schemas"},
    "meetings": {"client", "errors", "expectations", "metrics"},
    "demo": {"errors", "periods"},
    # pure
    "metrics": {"errors", "lookup", "periods", "schemas"},
    "judgement": {"errors", "metrics", "periods", "schemas", "style"},
    # finished tables -> words, HTML, figures
    "fragment": {"style"},
    "words": {"style"},
    "tables": {"fragment", "style", "words"},
    "plots": {"fragment", "style", "words"},
    # where they are brought together
    "view": {"client", "errors", "expectations", "history", "meetings", "metrics", "periods", "schemas"},
    "standings": {"client", "judgement", "metrics", "periods", "view"},
    "accountability": {
        *("client", "expectations", "judgement", "meetings", "periods", "standings", "style", "view"),
    },
    "document": {"metrics", "standings"},
    "review": {
        "accountability",
        "client",
        "judgement",
        "meetings",
        "metrics",
        "periods",
        "standings",
        "view",
        "words",
    },
    # an improvement plan of a week: how it stands, and the next one's file
    "improving": {
        *("client", "errors", "judgement", "meetings", "periods", "review", "standings", "style", "words"),
    },
    # what one audience may see of a client's week, each in a file of its own
    "sheets": {
        *("accountability", "backtest", "client", "errors", "expectations", "improving", "judgement"),
        *("meetings", "metrics", "periods", "publish", "review", "standings", "style", "view", "words"),
    },
    "backtest": {"client", "errors", "metrics", "periods", "view"},
    # how far the numbers can be trusted: synthetic worlds through the same functions
    "trust": {"errors", "judgement", "metrics", "periods", "schemas"},
    "publish": {"client", "errors", "fragment", "history", "meetings", "periods", "room", "style"},
    # one thing handed over as one file
    "share": {
        *("client", "errors", "expectations", "fragment", "periods", "publish", "sheets", "style", "tables"),
    },
    "ingest": {"client", "drops", "errors", "history", "sources"},
    "newcomer": {"client", "errors", "expectations", "sources"},
    "touched": set(),
    "gate": {
        "client",
        "errors",
        "expectations",
        "history",
        "ingest",
        "meetings",
        "metrics",
        "periods",
        "sources",
        "touched",
        "view",
    },
    # every client of a run, here or on a cluster
    "run": {"client", "errors", "gate", "history", "publish", "review", "room", "sheets", "storage", "view"},
    # the command line
    "console": {"drops", "gate", "ingest"},
    "cli": {
        *("backtest", "client", "console", "demo", "errors", "expectations", "gate", "improving", "ingest"),
        *("backtest", "client", "console", "demo", "errors", "expectations", "gate", "improving", "ingest"),
        *("meetings", "metrics", "newcomer", "periods", "publish", "review", "run", "share", "standings"),
        *("storage", "trust", "view"),
    },
    "__main__": {"cli"},
    "__init__": {"review", "sheets"},
}

#: Rooms that touch no file, and what they would touch one with.
NO_FILES = {"metrics", "judgement", "words", "tables", "plots", "periods", "schemas", "errors", "style"}
FILE_MODULES = {"pathlib", "os", "io", "shutil", "tempfile", "glob"}
#: It writes METRICS.md from the registry, and is no metric.
WRITES_FILES: set[str] = set()
#: A figure is drawn into memory.
IN_MEMORY = {("plots", "io")}

#: Rooms without a figure in them, and without a notebook.
NO_FIGURES = {"metrics", "judgement", "history", "sources", "words", "tables", "view", "review"}
FIGURE_MODULES = {"matplotlib", "seaborn", "papermill", "nbconvert", "nbclient", "IPython"}

CLOCK_CALLS = {"today", "now", "utcnow", "localtime", "gmtime"}
CLOCK_WORDS = {"now", "today"}


def room_of(module: str) -> str:
    """The room of a module: the part after the library's name."""
    return "__init__" if module == "spm_lib" else module.split(".")[1]


def imported(module: str, tree: ast.AST) -> Iterator[str]:
    """Every module a source imports, wherever it does; names taken from the library itself as modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            # `import spm_lib` alone gives nothing but where it lies; what is taken from it is seen below
            yield from (alias.name for alias in node.names if alias.name != "spm_lib")
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "spm_lib"
        ):
            if not node.attr.startswith("__"):
                yield f"spm_lib.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: -node.level]
                base = ".".join([*parents, *([base] if base else [])])
            if base == "spm_lib":
                yield from (
                    f"spm_lib.{alias.name}" for alias in node.names if not alias.name.startswith("__")
                )
            else:
                yield base


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.Call]]:
    """Every call as (what stands before the dot, name, node)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield ast.unparse(node.func.value), node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield "", node.func.id, node


def reads_the_clock(before: str, name: str, call: ast.Call) -> bool:
    """Whether a call asks what time it is; how long something took is another question."""
    last = before.rpartition(".")[2]
    if name in CLOCK_CALLS and before:
        return True
    if last == "time" and name in {"time", "time_ns", "strftime", "ctime"}:
        return name != "strftime" or len(call.args) < 2
    words = {one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return name in {"Timestamp", "to_datetime", "datetime64"} and bool(words & CLOCK_WORDS)


def violations(module: str, source: str) -> list[str]:
    """What a source breaks, in words; none when it keeps every rule.

    Parameters
    ----------
    module : str
        Dotted name, "spm_lib.metrics.pace".
    source : str
    """
    tree, room = ast.parse(source), room_of(module)
    return [
        *_imports(module, room, tree),
        *_files(module, room, tree),
        *_clock(room, tree),
        *_truth(room, tree),
    ]


def _imports(module: str, room: str, tree: ast.AST) -> Iterator[str]:
    if room not in MAY_IMPORT:
        yield f"{module}: {room} is a room nobody has placed; add it to MAY_IMPORT"
        return
    for name in imported(module, tree):
        top = name.split(".")[0]
        if top == "spm_lib":
            other = room_of(name)
            if other not in MAY_IMPORT[room] | {room}:
                yield f"{module}: {room} may not import {other}"
        elif room in NO_FIGURES and top in FIGURE_MODULES:
            yield f"{module}: {room} may not import {top}"
        elif top == "tests":
            yield f"{module}: the product may not import its tests"


def _files(module: str, room: str, tree: ast.AST) -> Iterator[str]:
    if room not in NO_FILES or module in WRITES_FILES:
        return
    for name in imported(module, tree):
        top = name.split(".")[0]
        if top in FILE_MODULES and (room, top) not in IN_MEMORY:
            yield f"{module}: {room} touches no file, so it may not import {top}"
    for before, name, _ in calls(tree):
        if (name == "open" and not before) or name.startswith("read_") or name in {"to_csv", "to_parquet"}:
            yield f"{module}: {room} touches no file, so it may not call {name}"


def _clock(room: str, tree: ast.AST) -> Iterator[str]:
    if room == "cli":
        return
    for before, name, call in calls(tree):
        if reads_the_clock(before, name, call):
            yield f"{room}: only cli.py reads the clock, not {ast.unparse(call)} in line {call.lineno}"


def _truth(room: str, tree: ast.AST) -> Iterator[str]:
    if room == "demo":  # it writes the file
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.endswith("truth.yaml")
        ):
            yield f"{room}: truth.yaml is for tests alone (line {node.lineno})"


def sources() -> list[tuple[str, str]]:
    """Every module of the library with its source."""
    found = []
    for path in sorted(LIBRARY.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append((module, path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize(("module", "source"), sources(), ids=[module for module, _ in sources()])
def test_a_module_keeps_the_rules_of_the_house(module, source):
    assert violations(module, source) == []


def test_every_room_of_the_plan_exists():
    rooms = {room_of(module) for module, _ in sources()}
    assert set(MAY_IMPORT) - rooms == set()


def test_no_room_imports_one_that_imports_it_back():
    """The plan itself has no circle: some order of building the rooms exists."""
    left = {room: set(others) for room, others in MAY_IMPORT.items()}
    while ready := [room for room, others in left.items() if not others]:
        for room in ready:
            del left[room]
        for others in left.values():
            others.difference_update(ready)
    assert left == {}


def test_the_clock_is_read_in_one_function():
    tree = ast.parse((LIBRARY / "cli.py").read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    readers = [
        function.name for function in functions if any(reads_the_clock(*one) for one in calls(function))
    ]
    assert readers == ["_now"]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_reads_no_clock_and_no_truth(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    tree = ast.parse(code)
    assert [*_clock("notebook", tree), *_truth("notebook", tree)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("spm_lib.errors", "from spm_lib.periods import Period"),
        ("spm_lib.style", "import spm_lib.errors"),
        ("spm_lib.periods", "from spm_lib import client"),
        ("spm_lib.client", "from spm_lib.sources import load_mapping"),
        ("spm_lib.schemas", "from spm_lib.client import Client"),
        ("spm_lib.metrics.pace", "from spm_lib.client import Client"),
        ("spm_lib.metrics.pace", "from spm_lib import plots"),
        ("spm_lib.metrics.pace", "def f():\n    from spm_lib.history import Store"),
        ("spm_lib.metrics.pace", "if TYPE_CHECKING:\n    from spm_lib.view import View"),
        ("spm_lib.metrics.pace", "from ..review import Review"),
        ("spm_lib.metrics.pace", "from pathlib import Path"),
        ("spm_lib.metrics.pace", "import os.path"),
        ("spm_lib.metrics.pace", "text = open('x').read()"),
        ("spm_lib.metrics.pace", "frame = pd.read_csv('x')"),
        ("spm_lib.metrics.pace", "import matplotlib.pyplot as plt"),
        ("spm_lib.judgement.week", "from spm_lib.tables import scorecard"),
        ("spm_lib.judgement.week", "frame.to_parquet('x')"),
        ("spm_lib.tables.work", "from spm_lib.metrics import registry"),
        ("spm_lib.tables.work", "from spm_lib.client import Client"),
        ("spm_lib.plots.pace", "from spm_lib.history import Snapshot"),
        ("spm_lib.words.said", "import spm_lib.sources.values"),
        ("spm_lib.sources.plan", "from spm_lib.metrics.goals import goals"),
        ("spm_lib.sources.plan", "from spm_lib.history import Store"),
        ("spm_lib.publish.run", "from spm_lib.metrics import registry"),
        ("spm_lib.publish.run", "from spm_lib import tables"),
        ("spm_lib.publish.run", "import spm_lib\nspm_lib.tables.scorecard()"),
        ("spm_lib.publish.run", "from spm_lib.judgement import decide"),
        ("spm_lib.gate", "from spm_lib import cli"),
        ("spm_lib.view", "from spm_lib.cli import main"),
        ("spm_lib.view", "from tests.conftest import ROOT"),
        ("spm_lib.parlour", "x = 1"),
        ("spm_lib.view", "from datetime import date\nday = date.today()"),
        ("spm_lib.view", "stamp = dt.datetime.now(tz=UTC)"),
        ("spm_lib.view", "stamp = pd.Timestamp.now('UTC')"),
        ("spm_lib.view", "stamp = pd.Timestamp('now')"),
        ("spm_lib.view", "stamp = np.datetime64('today')"),
        ("spm_lib.view", "stamp = pd.to_datetime('today')"),
        ("spm_lib.view", "import time\nstamp = time.time()"),
        ("spm_lib.view", "stamp = time.strftime('%Y')"),
        ("spm_lib.view", "facts = load(folder / 'truth.yaml')"),
        ("spm_lib.view", "facts = load(f'{folder}/truth.yaml')"),
    ],
)
def test_the_checker_sees_a_broken_rule(module, source):
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("spm_lib.periods", "from spm_lib.errors import UsageError"),
        (
            "spm_lib.metrics.pace",
            "from spm_lib.metrics.goals import goals\nfrom spm_lib.periods import Period",
        ),
        ("spm_lib.metrics.pace", "def openings(frame):\n    return frame.open"),
        ("spm_lib.publish.run", "import time\nbegan = time.perf_counter()"),
        ("spm_lib.publish.run", "from spm_lib import __name__ as library"),
        ("spm_lib.publish.run", "import spm_lib\nroot = spm_lib.__file__"),
        ("spm_lib.view", "day = pd.Timestamp('2026-11-16')"),
        ("spm_lib.cli", "from datetime import datetime\nnow = datetime.now(zone)"),
        ("spm_lib.demo.write", "name = 'truth.yaml'"),
        ("spm_lib.view", '"""What truth.yaml holds is never read here."""'),
    ],
)
def test_the_checker_lets_pass_what_is_allowed(module, source):
    assert violations(module, source) == []

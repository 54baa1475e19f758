"""The environment is said three times, in pyproject.toml, the lock and environment.yml, and they agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))

#: The first line of a locked package: name, version, and where it is needed.
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]+?))?\s*\\?$", re.MULTILINE)
_HOST = re.compile(r"https?:|//|index-url|find-links|file:|@ ")

WANTED = [
    *PROJECT["project"]["dependencies"],
    *(line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra),
    *(line for group in PROJECT["dependency-groups"].values() for line in group),
]


def locked() -> dict[str, list[Version]]:
    """Package -> the versions the lock names; several where the platform decides."""
    found: dict[str, list[Version]] = {}
    for name, version, _ in _PINNED.findall(LOCK):
        found.setdefault(canonicalize_name(name), []).append(Version(version))
    return found


@pytest.mark.parametrize("line", WANTED)
def test_what_the_project_asks_for_is_in_the_lock_and_fits(line):
    asked = Requirement(line)
    versions = locked().get(canonicalize_name(asked.name), [])
    assert versions
    assert all(asked.specifier.contains(version, prereleases=True) for version in versions)


def test_every_locked_package_has_its_hashes():
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)
    blocks = [block for block in blocks if not block.startswith("#") and block.strip()]
    assert len(blocks) == len(_PINNED.findall(LOCK)) > 50
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_names_no_host_and_no_path():
    assert [line for line in LOCK.splitlines() if _HOST.search(line.partition("# via")[0])] == []


def test_what_costs_every_start_of_a_kernel_is_left_out():
    assert "rfc3987-syntax" in PROJECT["tool"]["uv"]["exclude-dependencies"]
    assert "rfc3987-syntax" not in locked()
    assert "rfc3987_syntax" not in LOCK


def test_conda_asks_for_the_same_python():
    (python,) = [
        line for line in CONDA["dependencies"] if isinstance(line, str) and line.startswith("python")
    ]
    assert python.removeprefix("python") == PROJECT["project"]["requires-python"]


def test_conda_installs_the_same_lock_and_the_project_in_place():
    (pip,) = [line["pip"] for line in CONDA["dependencies"] if isinstance(line, dict)]
    assert "--requirement requirements.lock" in pip
    assert [line for line in pip if "--editable" in line] == ["--no-deps --editable ."]
    assert (ROOT / "requirements.lock").is_file()
    # nothing is named twice, so nothing can disagree
    others = [
        line for line in CONDA["dependencies"] if isinstance(line, str) and not line.startswith("python")
    ]
    assert others == ["pip"]
    assert len(pip) == 2


def test_make_installs_the_same_lock_by_its_hashes():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = [line for line in makefile.splitlines() if "pip sync" in line]
    assert "--require-hashes" in line
    assert line.endswith("requirements.lock")


def test_the_python_of_the_tools_is_the_oldest_the_project_runs_on():
    floor = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert PROJECT["tool"]["mypy"]["python_version"] == floor
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{floor.replace('.', '')}"


def test_there_is_one_lock():
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    locks = [
        name
        for name in listed.stdout.splitlines()
        if Path(name).suffix == ".lock" or name.endswith("lock.json")
    ]
    assert locks == ["requirements.lock"]

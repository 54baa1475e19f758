"""What the project says of itself is so: its targets, its README's commands, its notebooks, its files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
README = ROOT / "README.md"

#: What a shell and every machine this runs on bring.
SHELL_WORDS = {
    "cd",
    "echo",
    "export",
    "source",
    "git",
    "make",
    "python3",
    "ls",
    "cat",
    "cp",
    "mv",
    "mkdir",
    "open",
}
SHELL_WORDS |= {"apt-get", "sudo", "conda", "head", "jq", "xdg-open", ".", "for", "done", "do"}

#: Where a machine keeps its things, and where packages come from.
_HOME = r"(?<![\w.])/(?:home|Users|root|workspace|mnt|opt)/[A-Za-z0-9_.-]+"
#: Put together from their parts, so that this file may be searched like every other.
_WORK = r"(?<![\w.])/" + "work" + r"/(?:main|shared)"
_HOSTS = [".".join(parts) for parts in (("py" + "pi", "org"), ("conda", "ana" + "conda", "org"))]
_HOSTS += [".".join(("registry", "npm" + "js", "org")), "python" + "hosted"]
_REGISTRY = "|".join(
    [*map(re.escape, _HOSTS), r"[\w.-]*arti" + r"factory[\w.-]*", r"[\w.-]*nexus[\w.-]*/repository"]
)
_TEMPORARY = r"(?<![\w.])/tmp/[\w-]+"
_OWN = "|".join(
    re.escape(str(place)) for place in {ROOT, Path.home(), Path(sys.prefix)} if len(place.parts) > 2
)
_NOWHERE = "|".join(filter(None, (_WORK, _REGISTRY, _OWN)))
ANYWHERE = re.compile("|".join((_NOWHERE, _HOME, _TEMPORARY)))
#: A test may invent a path that a page must not show.
IN_TESTS = re.compile(_NOWHERE)

TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".lock",
    ".ipynb",
    ".css",
    ".j2",
    ".json",
    ".html",
    ".csv",
    ".txt",
    "",
}


def files() -> list[Path]:
    """Every file git knows or would take up."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def targets() -> set[str]:
    """The targets of the Makefile a person calls."""
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)
    return set(phony.split())


def commands(text: str) -> list[list[str]]:
    """The commands of every ``sh`` block of a page, as lists of words."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            line = re.sub(r"(?:^|\s)#.*", "", line).strip().removeprefix("$ ")
            for part in re.split(r"&&|\|\||\||;", line):
                words = [word for word in part.split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
                if words:
                    found.append(words)
    return found


def unknown(command: list[str]) -> str | None:
    """What of a command does not exist here; None when all of it does."""
    name = Path(command[0]).name if "/" in command[0] else command[0]
    rest = [word for word in command[1:] if not word.startswith("-") and "=" not in word]
    if name == "make":
        return next((f"make {word}" for word in rest if word not in targets()), None)
    if name == "spm":
        return next((f"spm {word}" for word in rest[:1] if word not in spm_help()), None) or _option(command)
    if name in SHELL_WORDS or (ROOT / ".venv" / "bin" / name).exists() or (ROOT / command[0]).exists():
        return None
    return name if shutil.which(name) is None else None


def _option(command: list[str]) -> str | None:
    """An option `spm` does not have."""
    words = [word for word in command[1:] if not word.startswith("-")]
    options = [word.partition("=")[0] for word in command[1:] if word.startswith("--")]
    known = spm_help() + (spm_help(words[0]) if words else "")
    return next((f"{' '.join(command[:2])} {one}" for one in options if one not in known), None)


def spm_help(*command: str) -> str:
    """What `spm COMMAND --help` prints."""
    arguments = [sys.executable, "-m", "spm_lib", *command, "--help"]
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_make_help_lists_every_target():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {line.split()[1] for line in listed.splitlines() if line.startswith("  make ")}
    assert names == targets()


def test_every_target_of_the_makefile_is_there_and_says_what_it_does():
    for name in targets():
        assert re.search(rf"^{re.escape(name)}:.*## \S", MAKEFILE, flags=re.MULTILINE), name
    assert {"demo", "test", "lab", "review", "check", "format"} <= targets()


def test_make_without_a_target_lists_them():
    listed = [
        subprocess.run(["make", *names], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for names in ([], ["help"])
    ]
    assert listed[0] == listed[1] != ""


def test_every_command_the_readme_shows_exists():
    shown = commands(README.read_text(encoding="utf-8"))
    assert shown
    assert [found for command in shown if (found := unknown(command))] == []


def test_the_checker_sees_a_command_that_does_not_exist():
    shown = "make demo && make tea   # twice\nspm brew tiny\nspm review --loud\n$ no-such-thing x | head"
    page = f"```sh\n{shown}\n```\n"
    assert [unknown(command) for command in commands(page)] == [
        None,
        "make tea",
        "spm brew",
        "spm review --loud",
        "no-such-thing",
        None,
    ]
    assert commands("```\nnot a shell block\n```") == []


def test_no_notebook_holds_outputs():
    notebooks = [path for path in files() if path.suffix == ".ipynb"]
    assert notebooks
    for path in notebooks:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == [], path.name


def places(text: str, pattern: re.Pattern[str] = ANYWHERE) -> list[str]:
    """Paths of a machine and hosts of registries in a text."""
    return [match[0] for match in pattern.finditer(text)]


def test_no_file_names_a_path_of_a_machine_or_a_host_of_a_registry():
    found = {}
    for path in files():
        if path.suffix not in TEXT:
            continue
        pattern = IN_TESTS if path.is_relative_to(ROOT / "tests") else ANYWHERE
        named = places(path.read_text(encoding="utf-8", errors="replace"), pattern)
        if named:
            found[path.relative_to(ROOT).as_posix()] = sorted(set(named))
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "see /home/kim/project",
        "'/Users/kim'",
        "cd /" + "work/main",
        *(f"--index-url https://{host}/simple" for host in _HOSTS),
        "see https://packages.arti" + "factory.example/x",
        "/tmp/scratch",
    ],
)
def test_the_checker_sees_a_place(text):
    assert len(places(text)) == 1


@pytest.mark.parametrize(
    "text", ["data/home/x.csv", "make lab", "network/main", "the root of it", "homework/mainly"]
)
def test_the_checker_lets_words_pass(text):
    assert places(text) == []

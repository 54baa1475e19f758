"""A new client's folder is complete or not there, loads as it is, and judges nobody before it is filled."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from spm_lib.client import list_clients, load_client
from spm_lib.errors import ClientError, UsageError
from spm_lib.expectations import KINDS, Acknowledgements, Expectations, acknowledge, check_documents
from spm_lib.expectations.documents import examine
from spm_lib.newcomer import new_client
from spm_lib.sources import known_presets, load_mapping

LATE = date(2999, 1, 1)


def test_the_folder_holds_everything_there_is_to_fill_in(tmp_path):
    written = new_client(tmp_path / "data", "oak-barn")
    names = {str(path.relative_to(tmp_path / "data" / "oak-barn")) for path in written}
    assert names == {
        "client.yaml",
        "mapping.yaml",
        "acknowledgements.csv",
        "supplied.csv",
        "environment/questions.yaml",
        "inbox",
        "meetings",
        *(f"expectations/{kind}.md" for kind in KINDS),
    }
    assert all(path.exists() for path in written)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["oak-barn"]
    assert list_clients(tmp_path / "data") == ["oak-barn"]


def test_it_loads_as_it_is(tmp_path):
    new_client(tmp_path, "oak-barn", currency="EUR", time_zone="Europe/Berlin")
    client = load_client(tmp_path, "oak-barn")
    assert (client.name, client.currency, client.time_zone) == ("Oak Barn", "EUR", "Europe/Berlin")
    expectations = Expectations.load(tmp_path / "oak-barn", client)
    assert sorted(one.kind for one in expectations.documents) == sorted(KINDS)
    assert Acknowledgements.load(tmp_path / "oak-barn", client, expectations).rows == ()
    assert check_documents(tmp_path / "oak-barn", client, ()) == []


def test_an_untouched_template_is_never_in_force_and_asks_nobody(tmp_path):
    new_client(tmp_path, "oak-barn")
    folder = tmp_path / "oak-barn"
    text = (folder / "client.yaml").read_text().replace("reps: []", "reps: [{id: ana}]")
    (folder / "client.yaml").write_text(text)
    client = load_client(tmp_path, "oak-barn")
    expectations = Expectations.load(folder, client)
    assert [expectations.for_rep(kind, client.reps[0], LATE) for kind in KINDS] == [None] * 7
    assert expectations.standards(LATE).empty
    assert Acknowledgements.load(folder, client, expectations).open_requests(LATE) == []
    with pytest.raises(Exception, match="no sales_goals is in force"):
        acknowledge(folder, client, "sales_goals", "ana", "read", LATE)


@pytest.mark.parametrize("preset", known_presets())
def test_every_preset_is_offered_and_works_when_it_is_taken(tmp_path, preset):
    new_client(tmp_path, "oak-barn")
    client, path = load_client(tmp_path, "oak-barn"), tmp_path / "oak-barn" / "mapping.yaml"
    assert f"\n#   preset: {preset}\n" in path.read_text()
    with pytest.raises(ClientError, match="no such preset") as refusal:
        load_mapping(path.parent, client)
    assert preset in str(refusal.value)
    path.write_text(path.read_text().replace("preset: choose-one", f"preset: {preset}"))
    assert load_mapping(path.parent, client).files


@pytest.mark.parametrize("kind", KINDS)
def test_the_examples_of_a_template_are_what_the_document_takes(tmp_path, kind):
    new_client(tmp_path, "oak-barn")
    path = tmp_path / "oak-barn" / "expectations" / f"{kind}.md"
    _, head, prose = path.read_text().split("---\n")
    offered = set(re.findall(r"^# (\w+):", head, flags=re.MULTILINE))
    assert offered
    kept = [line for line in head.splitlines() if line.partition(":")[0] not in offered]
    filled = "\n".join(line.removeprefix("# ") for line in kept)
    filled = filled.replace("effective_from: 9999-12-31", "effective_from: 2026-01-01")
    filled = filled.replace("applies_to: []", "applies_to: [ana]")
    path.write_text(f"---\n{filled}\n---\n{prose}")
    assert examine(path).problems == ()
    assert prose.count("?") >= 5  # and there are questions to ask


def test_the_examples_of_client_yaml_are_what_it_takes(tmp_path):
    new_client(tmp_path, "oak-barn")
    path = tmp_path / "oak-barn" / "client.yaml"
    first, *rest = path.read_text().replace("reps: []\n", "").splitlines()
    path.write_text("\n".join([first, *(line.removeprefix("# ") for line in rest)]))
    client = load_client(tmp_path, "oak-barn")
    assert [rep.role for rep in client.reps] == ["rep", "closer"]
    assert client.not_recorded == {"activities": "Calls are made from private phones"}


@pytest.mark.parametrize(
    "name",
    ['Oak: "Barn" #1', "a\nreps: [{id: x}]", "{facts} {{}} %s", "Ökö & Söhne – Łódź", "- x", "null", "'"],
)
def test_a_name_is_written_as_it_was_given(tmp_path, name):
    new_client(tmp_path, "oak-barn", name=name)
    client = load_client(tmp_path, "oak-barn")
    assert (client.name, client.reps) == (name, ())


@pytest.mark.parametrize(
    ("slug", "options"),
    [
        ("Oak", {}),
        ("../oak", {}),
        ("", {}),
        (".new-x", {}),
        ("a/b", {}),
        ("x" * 300, {}),
        ("oak", {"currency": "dollars"}),
        ("oak", {"time_zone": "Chicago"}),
        ("oak", {"name": ""}),
    ],
)
def test_what_no_client_can_be_is_refused_and_nothing_is_written(tmp_path, slug, options):
    with pytest.raises(UsageError):
        new_client(tmp_path, slug, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_what_is_there_is_never_touched(tmp_path, there):
    target = tmp_path / "oak"
    if there == "folder":
        target.mkdir()
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="such a client already"):
        new_client(tmp_path, "oak")
    assert [path.name for path in tmp_path.iterdir()] == ["oak"]


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "home").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        new_client(tmp_path / "home", "oak")


def test_a_crash_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        new_client(tmp_path, "oak")
    assert list(tmp_path.iterdir()) == []


def test_two_homes_hold_the_same_bytes(tmp_path):
    homes = [tmp_path / "a", tmp_path / "b"]
    one, other = (
        {path.relative_to(home): path.read_bytes() for path in new_client(home, "oak") if path.is_file()}
        for home in homes
    )
    assert one == other

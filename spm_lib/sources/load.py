"""mapping.yaml and the preset below it, read and laid over each other."""

from __future__ import annotations

from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from spm_lib.client import Client, fold, load_yaml, parse
from spm_lib.errors import ClientError
from spm_lib.sources.mapping import Mapping


def load_mapping(folder: Path, client: Client) -> Mapping:
    """Read a client's mapping.yaml over the preset it names.

    Parameters
    ----------
    folder : pathlib.Path
        The client's folder.
    client : Client
        Named in messages.

    Raises
    ------
    ClientError
        No mapping.yaml, broken YAML, an unknown preset or key, or something impossible.
    """
    path = Path(folder) / "mapping.yaml"
    where = f"{client.slug}/mapping.yaml" if client.slug else "mapping.yaml"
    if not path.is_file():
        raise ClientError(
            "there is no mapping.yaml",
            where=where,
            remedy=f"write one; `preset: <name>` starts from {', '.join(known_presets()) or 'nothing'}",
        )
    own = load_yaml(path, ClientError)
    base = _load_preset(own.get("preset"), where)
    return parse(Mapping, merge(base, own), where=where, error=ClientError)


def known_presets() -> list[str]:
    """The vendors a mapping may start from."""
    folder = package_files("spm_lib.sources") / "presets"
    return sorted(item.name[:-5] for item in folder.iterdir() if item.name.endswith(".yaml"))


def _load_preset(name: object, where: str) -> dict[str, Any]:
    if name is None:
        return {}
    if name not in known_presets():
        raise ClientError(
            "no such preset",
            where=where,
            given=name,
            remedy=f"presets are {', '.join(known_presets())}; leave `preset:` out for a spreadsheet",
        )
    return load_yaml(Path(str(package_files("spm_lib.sources") / "presets" / f"{name}.yaml")), ClientError)


def merge(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A client's mapping laid over a preset's.

    Parameters
    ----------
    base, own : dict
        As read from YAML.

    Returns
    -------
    dict
        Keys of both. Below ``files.<kind>.columns`` and ``values.<name>`` the client's words come first and
        the preset's stay; any other list or value is the client's; None removes the key.
    """
    return _merge(base, own, ())


def _merge(base: dict[str, Any], own: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
    in_values = len(place) == 2 and place[0] == "values"
    in_columns = in_values or (len(place) == 3 and place[0] == "files" and place[2] == "columns")
    said = {fold(str(word)) for words in own.values() if in_values and words for word in _headers(words)}
    merged = dict(base)
    if said:
        base = {
            key: [word for word in _headers(words) if fold(str(word)) not in said]
            for key, words in base.items()
        }
        merged = dict(base)
    for key, value in own.items():
        before = base.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merge(before, value, (*place, str(key)))
        elif in_columns and before is not None:
            merged[key] = list(dict.fromkeys([*_headers(value), *_headers(before)]))
        else:
            merged[key] = value
    return merged


def _headers(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else [value]

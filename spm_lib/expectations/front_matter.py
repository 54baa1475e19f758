"""The front matter of a document as YAML, with the line of every key, so that a fault names its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from spm_lib.errors import DocumentError


@dataclass(frozen=True)
class FrontMatter:
    """What stands between the two lines of hyphens.

    Attributes
    ----------
    facts : dict
    root : yaml.Node
        The same with its places.
    """

    facts: dict[str, Any]
    root: yaml.Node

    def line_of(self, place: Iterable[int | str]) -> int:
        """The line of the file in which a key or list item stands; the nearest one above a missing one."""
        node, line = self.root, self.root.start_mark.line
        for part in place:
            found = _inside(node, part)
            if found is None:
                break
            line, node = found
        return line + 2  # counted from one, and the first line of the file is the hyphens


class _Strict(Composer, SafeConstructor, Resolver):
    """YAML without what makes a document mean something else than it reads: references and doubled keys."""

    check_event: Any
    peek_event: Any

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.MarkedYAMLError(problem="a reference (`*name`): write it out", problem_mark=mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # YAML reads the key of `on: 2026-11-16` as "true"
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:bool":
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as problem:  # 2026-02-30
            said = f"{getattr(node, 'value', '')!r}: {problem}"
            raise yaml.MarkedYAMLError(problem=said, problem_mark=node.start_mark) from problem


class _Loader(_Strict, yaml.SafeLoader):
    """Reads text by PyYAML itself."""


_LOADERS: list[type] = [_Loader]
if yaml.__with_libyaml__:

    class _FastLoader(_Strict, yaml.CSafeLoader):
        """Reads text by libyaml, ten times as fast; it refuses some of what PyYAML reads."""

        def __init__(self, matter: str) -> None:
            yaml.CSafeLoader.__init__(self, matter)
            Composer.__init__(self)

    _LOADERS.insert(0, _FastLoader)


def split(text: str, name: str) -> tuple[str, str]:
    """Front matter and prose of a document.

    Raises
    ------
    DocumentError
        There is no front matter, or it never ends.
    """
    lines = text.split("\n")
    if lines[0].strip() != "---":
        raise DocumentError(
            "the document has no front matter",
            where=f"{name}, line 1",
            given=lines[0],
            remedy="start the file with a line of three hyphens, the keys, and three hyphens again",
        )
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    raise DocumentError(
        "the front matter never ends", where=name, remedy="close it with a line of three hyphens"
    )


def load(matter: str, name: str) -> FrontMatter:
    """Front matter as a mapping.

    Raises
    ------
    DocumentError
        It is not YAML, holds a key twice or no keys; with the line of the file.
    """
    try:
        root, facts = _read(matter)
    except RecursionError:
        raise DocumentError("the front matter nests without end", where=name) from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 2}" if mark else ""
        raise DocumentError(
            "the front matter is not YAML",
            where=f"{name}{line}",
            given=getattr(problem, "problem", None) or str(problem),
            remedy="check dates, indentation and quotes there",
        ) from problem
    if root is None or not isinstance(facts, dict):
        raise DocumentError("the front matter holds no keys", where=name, remedy="write `key: value` lines")
    for key, mark in _doubled(root):
        raise DocumentError(
            "a key stands twice",
            where=f"{name}, line {mark.line + 2}",
            given=key,
            remedy="keep one of them",
        )
    return FrontMatter(facts, root)


@lru_cache(maxsize=1_000)
def _read(matter: str) -> tuple[yaml.Node | None, object]:
    """By the fast loader; what that one refuses is left to the other, which also tells the fault.

    A review asks for the same document several times, and nobody changes what is handed out.
    """
    *fast, last = _LOADERS
    for loader in fast:
        with suppress(yaml.YAMLError, RecursionError):
            return _read_by(loader, matter)
    return _read_by(last, matter)


def _read_by(kind: Any, matter: str) -> tuple[yaml.Node | None, object]:
    loader = kind(matter)
    try:
        root = loader.get_single_node()
        return root, None if root is None else loader.construct_document(root)
    finally:
        loader.dispose()


def _doubled(root: yaml.Node) -> Iterator[tuple[str, yaml.Mark]]:
    """Every key that a mapping holds a second time."""
    if isinstance(root, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in root.value:
            if key.value in seen:
                yield key.value, key.start_mark
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
            yield from _doubled(value)
    elif isinstance(root, yaml.SequenceNode):
        for item in root.value:
            yield from _doubled(item)


def _inside(node: yaml.Node, part: int | str) -> tuple[int, yaml.Node] | None:
    """The line and the node of a key or item in a node."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line, item
    return None

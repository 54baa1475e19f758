"""The folders of this machine: what no file that leaves it may name."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

import spm_lib


def places_of(*folders: Path) -> tuple[Path, ...]:
    """The given folders, those of the program and of Python, the user's own and the one for the moment.

    Parameters
    ----------
    *folders : pathlib.Path

    Returns
    -------
    tuple of pathlib.Path
        Absolute, longest first, so that a folder inside another is found before it.
    """
    known = [*folders, Path(spm_lib.__file__).parents[1], Path(sys.prefix), Path(tempfile.gettempdir())]
    with suppress(RuntimeError):  # a user without a home
        known.append(Path.home())
    spelled = {spelling for place in known for spelling in (place.absolute(), place.resolve())}
    return tuple(sorted(spelled, key=lambda place: (-len(str(place)), str(place))))


def is_named(place: Path, text: str) -> bool:
    """Whether a text names a folder; one directly below the root only with something below it."""
    pattern = _pattern(place)
    return pattern is not None and pattern.search(text) is not None


def without_places(text: str, places: Iterable[Path]) -> str:
    """A text in which every path starts where these folders end; a folder alone is called by its name."""
    for place in places:
        if pattern := _pattern(place):
            text = pattern.sub(partial(_what_is_left, place.name), text)
    return text


def _what_is_left(name: str, hit: re.Match[str]) -> str:
    return "" if hit[0].endswith("/") else name


def _pattern(place: Path) -> re.Pattern[str] | None:
    """What finds a folder in a text; None for the root, which every text may name."""
    if len(place.parts) < 2:
        return None
    end = r"/(?=\w)" if len(place.parts) == 2 else r"(?:/|(?![\w-]))"
    return re.compile(rf"(?<!\w){re.escape(str(place))}{end}")

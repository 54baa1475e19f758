"""A line as small as a word: some weeks, the usual range as a band, the latest week as a dot."""

from __future__ import annotations

from collections.abc import Sequence

from spm_lib import style
from spm_lib.fragment import Html, tag

_WIDTH, _HEIGHT, _EDGE = 150.0, 30.0, 5.0


def sparkline(
    values: Sequence[float], lower: float, upper: float, *, alt: str, is_news: bool = False
) -> Html:
    """Values as a line; a missing one breaks it.

    Parameters
    ----------
    values : sequence of float
        Oldest first.
    lower, upper : float
        The usual range; no band when missing.
    alt : str
        In words, unique on the page.
    is_news : bool, optional
        The latest one lies outside the range: its dot may carry the warm colour.
    """
    known = [value for value in (*values, lower, upper) if not style.is_missing(value)]
    if not known or not values:
        return tag("span", style.DASH, class_="quiet")
    low, span = min(known), max(max(known) - min(known), 1e-9)
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)

    def at(value: float) -> float:
        return _HEIGHT - _EDGE - (value - low) / span * (_HEIGHT - 2 * _EDGE)

    points = [
        None if style.is_missing(value) else (_EDGE + position * step, at(value))
        for position, value in enumerate(values)
    ]
    last = points[-1]
    return tag(
        "svg",
        None if style.is_missing(lower) or style.is_missing(upper) else _band(at(lower), at(upper)),
        *(_polyline(run) for run in _runs(points)),
        None if last is None else _dot(*last, "news" if is_news else "latest"),
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        class_="spark",
        role="img",
        aria_label=alt,
    )


def _band(bottom: float, top: float) -> Html:
    return tag(
        "rect",
        x="0",
        y=f"{top:.1f}",
        width=f"{_WIDTH:g}",
        height=f"{max(bottom - top, 1):.1f}",
        class_="usual",
    )


def _polyline(run: list[tuple[float, float]]) -> Html | None:
    if len(run) == 1:
        return _dot(*run[0], "lone")
    return tag("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in run))


def _dot(x: float, y: float, kind: str) -> Html:
    return tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="1.5" if kind == "lone" else "3.5", class_=kind)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """Neighbouring known points."""
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]

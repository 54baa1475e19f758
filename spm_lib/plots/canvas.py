"""From axes to inline SVG: the drawing base, the words on it, and what makes it fit the page.

A figure is drawn on a base 480 units wide with type of 15 units, so that it is still 11 px on a
phone. Its colours become the page's custom properties, so that dark mode and print reach into it.
"""

from __future__ import annotations

import io
import re
import warnings
from hashlib import sha256
from typing import Any, cast
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from spm_lib import style
from spm_lib.fragment import Fragment, Html, details, tag

#: Width of every figure, in units of the SVG.
BASE = 480
#: Type sizes, in the same units.
TICK, TEXT = 15, 15

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}"
_TOKENS = {colour: token for token, colour in style.PALETTE.items()}
_COLOUR = re.compile("|".join(map(re.escape, _TOKENS)))
_LONG = re.compile(r"-?\d+\.\d+")
_FAMILY = re.compile(r"font-family:[^;]*;?|(?:stroke-linejoin: miter|stroke-linecap: butt);?")
_BOLD = re.compile(r"font:\s*(?:(bold|\d{3})\s+)?(\d+)px [^;]*;?")
_SETTINGS: Any = {"svg.fonttype": "none", "svg.hashsalt": "spm", "path.simplify": False}


def axes(height: float, *, left: float = 0, right: float = 0, top: float = 0, bottom: float = 0) -> Axes:
    """Empty axes on a base `BASE` wide; margins and height in the units of the SVG.

    Returns
    -------
    matplotlib.axes.Axes
        Without frame, ticks or background.
    """
    figure = Figure(figsize=(BASE / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    box = (left / BASE, bottom / height, (BASE - left - right) / BASE, (height - top - bottom) / height)
    ax: Axes = figure.add_axes(box)
    figure.patch.set_visible(False)
    bare(ax)
    return ax


def bare(ax: Axes) -> None:
    """Take frame, background and ticks off."""
    ax.patch.set_visible(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, labelbottom=False, labelleft=False)


def say(
    ax: Axes, text: str, at: tuple[float, float], *, shift: tuple[float, float] = (0, 0), **look: Any
) -> None:
    """Words at a point of the data, shifted by some units; never read as mathematics.

    Parameters
    ----------
    at : pair of float
        In data coordinates, or as `xycoords` says.
    shift : pair of float
        Right and up, in units of the SVG.
    **look
        colour (token), size, bold, ha, va, xycoords.
    """
    ax.annotate(
        style.plain(text),
        at,
        xytext=shift,
        textcoords="offset points",
        xycoords=look.get("xycoords", "data"),
        annotation_clip=False,
        color=style.PALETTE[look.get("colour", "ink")],
        fontsize=look.get("size", TEXT),
        fontweight="bold" if look.get("bold") else "normal",
        ha=look.get("ha", "left"),
        va=look.get("va", "baseline"),
        parse_math=False,
    )


def line(ax: Axes, x: Any, y: Any, colour: str, width: float = 1, **look: Any) -> None:
    """A line in a colour of the palette."""
    ax.plot(x, y, color=style.PALETTE[colour], linewidth=width, clip_on=False, **look)


def dot(ax: Axes, x: float, y: float, colour: str, size: float = 6.5) -> None:
    """A dot of some radius."""
    ax.plot([x], [y], "o", color=style.PALETTE[colour], markersize=2 * size, markeredgewidth=0, clip_on=False)


def figure(ax: Axes, name: str, alt: str, behind: Html | None = None, caption: str = "") -> Fragment:
    """Axes as a piece of the page.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    name : str
        Unique on the page; ids inside the drawing start with it.
    alt : str
        The figure in one sentence, for those who cannot see it.
    behind : Html, optional
        The table behind it, to open.
    caption : str, optional
        A sentence under it.
    """
    drawing = tag("figure", svg(ax, name, alt), tag("figcaption", caption) if caption else None)
    table = details("The numbers behind the figure", behind) if behind is not None else None
    return Fragment(Html(drawing + (table or "")), alt)


def svg(ax: Axes, name: str, alt: str) -> Html:
    """Axes as inline SVG: the same bytes each time, its colours those of the page."""
    file = io.StringIO()
    with mpl.rc_context(_SETTINGS), warnings.catch_warnings():
        # the browser sets the type; that our measuring font lacks a client's script is no concern
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        warnings.filterwarnings(
            "ignore", message="Matplotlib currently does not support", category=UserWarning
        )
        _sheet(ax).savefig(file, format="svg", metadata={"Date": None})
    height = 72 * _sheet(ax).get_figheight()
    root = ET.fromstring(file.getvalue())  # noqa: S314 our own drawing
    _tidy(root, f"{name}-{sha256(alt.encode()).hexdigest()[:6]}-")
    root.attrib.clear()
    root.set("viewBox", f"0 0 {BASE} {height:.0f}")
    root.set("class", "plot")
    root.set("role", "img")
    root.set("aria-label", style.plain(alt))
    return Html(ET.tostring(root, encoding="unicode"))


def _sheet(ax: Axes) -> Figure:
    """The whole figure axes stand on."""
    return cast("Figure", ax.get_figure(root=True))


def _tidy(root: ET.Element, prefix: str) -> None:
    """Drop what a page does not need, prefix the ids that are used, name the colours."""
    used = {value[1:] for node in root.iter() if (value := node.get(f"{_XLINK}href"))}
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    for node in root.iter():
        node.tag = node.tag.removeprefix(_SVG)
        node.tail = None
        if node.tag != "text":
            node.text = None
        _rename(node, used, prefix)
        _restyle(node)
    _unwrap(root)


def _rename(node: ET.Element, used: set[str], prefix: str) -> None:
    if (name := node.attrib.pop("id", None)) in used:
        node.set("id", prefix + str(name))
    if (target := node.attrib.pop(f"{_XLINK}href", None)) is not None:
        node.set("href", f"#{prefix}{target[1:]}")


def _restyle(node: ET.Element) -> None:
    for key in ("d", "x", "y"):
        if key in node.attrib:
            short = _LONG.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), node.attrib[key])
            node.set(key, " ".join(short.split()))
    if node.get("transform", "").startswith("rotate(-0"):
        del node.attrib["transform"]
    if "style" in node.attrib:
        look = _BOLD.sub(_font, node.attrib["style"])
        look = _COLOUR.sub(lambda colour: f"var(--{_TOKENS[colour[0]]})", _FAMILY.sub("", look))
        node.set("style", "; ".join(filter(None, (part.strip() for part in look.split(";")))))


def _font(found: re.Match[str]) -> str:
    weight = "font-weight: 650; " if found[1] else ""
    return f"{weight}font-size: {found[2]}px;"


def _unwrap(node: ET.Element) -> None:
    """Replace groups that carry nothing by their children; drop empty definitions."""
    children: list[ET.Element] = []
    for child in list(node):
        _unwrap(child)
        if child.tag in ("g", "defs") and not child.attrib and (child.tag == "g" or not len(child)):
            children.extend(child)
        else:
            children.append(child)
    for child in list(node):
        node.remove(child)
    node.extend(children)

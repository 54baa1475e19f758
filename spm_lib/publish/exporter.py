"""An executed notebook as one HTML file: nbconvert with a template of this house.

nbconvert's own HTML exporter parses every page again and spoils the names in inline SVG; its templates
bring scripts, requests and 280 kB of style. This exporter renders `layout` and stops there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbconvert.exporters.templateexporter import TemplateExporter
from traitlets import default

from spm_lib.errors import PublishError
from spm_lib.fragment import stylesheet_text
from spm_lib.publish.layout import layout

HERE = Path(__file__).resolve().parent


class PageExporter(TemplateExporter):
    """Exports a notebook as a page; ``jupyter nbconvert --to spm_lib.publish.exporter.PageExporter``."""

    output_mimetype = "text/html"
    export_from_notebook = "Sales performance page"

    @default("file_extension")
    def _ending(self) -> str:
        return ".html"

    @default("template_extension")
    def _template_ending(self) -> str:
        return ".html.j2"

    @default("template_name")
    def _template(self) -> str:
        return "template"

    @default("template_file")
    def _template_file(self) -> str:
        return "index.html.j2"

    @default("default_preprocessors")
    def _preprocessors_unless_asked(self) -> list[str]:
        # the page is what `layout` makes of the notebook itself: each would copy and check it for nothing
        return []

    @default("extra_template_basedirs")
    def _template_folders(self) -> list[str]:
        return [str(HERE)]

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own exporters hand back text as well
        self, nb: Any, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Export a notebook node; nbconvert's interface."""
        given = {"foot": (), **(resources or {}), "page": layout(nb), "style": stylesheet_text()}
        html, given = super().from_notebook_node(nb, given, **kw)
        return html.rstrip() + "\n", given


def export(notebook: Any, *, name: str, foot: Sequence[str] = ()) -> str:
    """The page of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; left as it is.
    name : str
        File name of the notebook, for messages.
    foot : sequence of str
        The parts of the quiet line at the end of the page, text.

    Returns
    -------
    str
        HTML, the same bytes for the same notebook.

    Raises
    ------
    PublishError
        The notebook shows nothing a page could hold.
    """
    if not layout(notebook).sections:
        raise PublishError(
            "the notebook shows nothing that goes on a page",
            where=name,
            remedy="show what spm_lib's tables and plots make, one call a cell",
        )
    exporter = PageExporter()  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(notebook, {"foot": tuple(foot)})
    return html

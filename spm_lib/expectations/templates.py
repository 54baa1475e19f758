"""The seven documents to fill in: the questions to ask, and every key with an example that is commented out.

An untouched template is never in force: it begins on `NOT_YET`.
"""

from __future__ import annotations

from importlib.resources import files

from spm_lib.expectations.fields import KINDS


def templates() -> dict[str, str]:
    """File name -> text of each of the seven documents."""
    folder = files("spm_lib.expectations") / "blank"
    return {f"{kind}.md": (folder / f"{kind}.md").read_text(encoding="utf-8") for kind in KINDS}

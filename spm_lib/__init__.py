"""Sales performance workbook: what is known of a small sales team, how well, and when it is too few to say.

A notebook needs three names: ``open_review`` (or the opener of its own sheet, as ``open_one_on_one``) for one
client's week, ``tables`` and ``plots`` to show it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spm_lib.review import Review as Review
    from spm_lib.review import open_review as open_review
    from spm_lib.sheets.owner_update import open_owner_update as open_owner_update

#: Name -> the module that has it. The command line starts without pandas; a notebook asks at its first cell.
_FROM = {
    "Review": "spm_lib.review",
    "open_owner_update": "spm_lib.sheets.owner_update",
    "open_review": "spm_lib.review",
}
__all__ = ["Review", "open_owner_update", "open_review"]


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(import_module(_FROM[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

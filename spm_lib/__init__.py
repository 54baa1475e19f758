"""Sales performance workbook: what is known of a small sales team, how well, and when it is too few to say.

A notebook needs three names: ``open_review`` for one client's week, ``tables`` and ``plots`` to show it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spm_lib.review import Review as Review
    from spm_lib.review import open_review as open_review

__all__ = ["Review", "open_review"]


def __getattr__(name: str) -> Any:
    # the command line starts without pandas; a notebook asks for this at its first cell
    if name in __all__:
        from spm_lib import review

        return getattr(review, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

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
    from spm_lib.sheets.environment_check import open_environment_check as open_environment_check
    from spm_lib.sheets.getting_in_step import open_getting_in_step as open_getting_in_step
    from spm_lib.sheets.improvement_plan import open_improvement_plan as open_improvement_plan
    from spm_lib.sheets.one_on_one import OneOnOne as OneOnOne
    from spm_lib.sheets.one_on_one import open_one_on_one as open_one_on_one
    from spm_lib.sheets.owner_update import open_owner_update as open_owner_update
    from spm_lib.sheets.portfolio import open_portfolio as open_portfolio
    from spm_lib.sheets.team_meeting import open_team_meeting as open_team_meeting
    from spm_lib.sheets.trail import open_trail as open_trail

#: Name -> the module that has it. The command line starts without pandas; a notebook asks at its first cell.
_FROM = {
    "OneOnOne": "spm_lib.sheets.one_on_one",
    "Review": "spm_lib.review",
    "open_environment_check": "spm_lib.sheets.environment_check",
    "open_getting_in_step": "spm_lib.sheets.getting_in_step",
    "open_improvement_plan": "spm_lib.sheets.improvement_plan",
    "open_one_on_one": "spm_lib.sheets.one_on_one",
    "open_owner_update": "spm_lib.sheets.owner_update",
    "open_portfolio": "spm_lib.sheets.portfolio",
    "open_review": "spm_lib.review",
    "open_team_meeting": "spm_lib.sheets.team_meeting",
    "open_trail": "spm_lib.sheets.trail",
}
__all__ = [
    "OneOnOne",
    "Review",
    "open_environment_check",
    "open_getting_in_step",
    "open_improvement_plan",
    "open_one_on_one",
    "open_owner_update",
    "open_portfolio",
    "open_review",
    "open_team_meeting",
    "open_trail",
]


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(import_module(_FROM[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

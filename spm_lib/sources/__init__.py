"""Foreign files -> canonical tables; the only code that knows a vendor, and the vendor is a YAML file.

``mapping`` says what files mean, ``plan`` groups them into drops, ``identity`` tells a drop's id by its bytes
alone, ``drop`` reads one.
"""

from spm_lib.drops import Drop, FileReport
from spm_lib.sources.drop import read_drop
from spm_lib.sources.identity import drop_id
from spm_lib.sources.load import known_presets, load_mapping
from spm_lib.sources.mapping import Mapping
from spm_lib.sources.plan import plan_drops

__all__ = [
    "Drop",
    "FileReport",
    "Mapping",
    "drop_id",
    "known_presets",
    "load_mapping",
    "plan_drops",
    "read_drop",
]

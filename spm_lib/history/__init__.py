"""The append-only store of everything a client ever sent, and its replay to any moment.

``store`` keeps the drops; ``timeline`` joins them into one log per field; ``snapshot`` cuts it off.
"""

from spm_lib.history.snapshot import Snapshot, snapshot
from spm_lib.history.store import AddResult, Store
from spm_lib.history.timeline import Timeline, timeline

__all__ = ["AddResult", "Snapshot", "Store", "Timeline", "snapshot", "timeline"]

"""What was agreed: the client's documents, dated and versioned, and the standards they set.

``documents`` reads one file, ``standards`` joins them for a day.
"""

from spm_lib.expectations.documents import KINDS, CompensationPlan, Document, read_document
from spm_lib.expectations.standards import Expectations

__all__ = ["KINDS", "CompensationPlan", "Document", "Expectations", "read_document"]

"""What was agreed: the client's documents, dated and versioned, and who has read them.

``documents`` reads one file, ``standards`` joins them for a day, ``acknowledgements`` says who agreed to
which version, ``check`` tells every fault of all of them.
"""

from spm_lib.expectations.acknowledgements import (
    STEPS,
    Acknowledgements,
    Request,
    State,
    acknowledge,
)
from spm_lib.expectations.check import check_documents
from spm_lib.expectations.documents import Document, read_document
from spm_lib.expectations.fields import KINDS, NOT_YET, CompensationPlan, IndividualPlan
from spm_lib.expectations.problems import Problem
from spm_lib.expectations.standards import Expectations
from spm_lib.expectations.supplied import SUPPLIED, Supplied, read_supplied, supply

__all__ = [
    "KINDS",
    "NOT_YET",
    "STEPS",
    "SUPPLIED",
    "Acknowledgements",
    "CompensationPlan",
    "Document",
    "Expectations",
    "IndividualPlan",
    "Problem",
    "Request",
    "State",
    "Supplied",
    "acknowledge",
    "check_documents",
    "read_document",
    "read_supplied",
    "supply",
]

"""From metric tables to verdicts, each with the evidence for it. Pure: no files, no clients, no drawing."""

from spm_lib.judgement.achievable import achievable
from spm_lib.judgement.attention import attention
from spm_lib.judgement.company import (
    CompanyRecords,
    came_late,
    check_ourselves,
    company_part,
    forbids,
    may_confront,
)
from spm_lib.judgement.conversations import CONVERSATIONS, conversations, with_ledgers
from spm_lib.judgement.decisions import ALERTS, Decision, decide
from spm_lib.judgement.evidence import evidence_below_standard
from spm_lib.judgement.facts import Facts, decided_trials, logged_trials
from spm_lib.judgement.improvement import (
    Asked,
    Proposal,
    criterion_states,
    proposed,
    reach_of_chance,
    results_to_tell,
    support_log,
    talks_missing,
)
from spm_lib.judgement.priority import priority
from spm_lib.judgement.standing import STANDINGS, standing
from spm_lib.judgement.unknowns import what_we_do_not_know
from spm_lib.judgement.week import what_changed

__all__ = [
    "ALERTS",
    "CONVERSATIONS",
    "STANDINGS",
    "Asked",
    "CompanyRecords",
    "Decision",
    "Facts",
    "Proposal",
    "achievable",
    "attention",
    "came_late",
    "check_ourselves",
    "company_part",
    "conversations",
    "criterion_states",
    "decide",
    "decided_trials",
    "evidence_below_standard",
    "forbids",
    "logged_trials",
    "may_confront",
    "priority",
    "proposed",
    "reach_of_chance",
    "results_to_tell",
    "standing",
    "support_log",
    "talks_missing",
    "what_changed",
    "what_we_do_not_know",
    "with_ledgers",
]

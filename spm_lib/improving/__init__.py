"""Improvement plans of a client's week: how one stands, and the next one's file from what is known."""

from spm_lib.improving.look import Look
from spm_lib.improving.propose import propose, write_plan

__all__ = ["Look", "propose", "write_plan"]

"""A client folder with one documented standard, and an improvement plan to vary."""

from __future__ import annotations

from typing import Any

import yaml

PROCESS = (
    "---\ndocument: sales_process\ntitle: How we sell\neffective_from: 2026-04-01\n"
    "judged_by:\n  - {metric: win_rate_by_count, at_least: 0.30, weeks: 26, minimum_n: 10}\n---\n"
)
OWN_PLAN = (
    "---\ndocument: individual_plan\ntitle: Plan of Ana\neffective_from: 2026-04-01\napplies_to: [ana]\n"
    "weekly_activity:\n  - {what: Conversations, count: 14}\n  - {what: meetings held, count: 3}\n---\n"
)

PLAN: dict[str, Any] = {
    "rep": "ana",
    "expectation": "win_rate_by_count",
    "starts_on": "2026-11-16",
    "ends_on": "2027-02-14",
    "criteria": [
        {"metric": "conversations", "at_least": 14, "weeks": 4, "minimum_n": 4},
        {"metric": "win_rate_by_count", "at_least": 0.30, "weeks": 13, "minimum_n": 10},
    ],
    "support": [{"what": "Two visits together", "by": "manager", "due": "2026-12-04"}],
}


def filled(folder):
    """The folder with the two documents."""
    (folder / "expectations").mkdir(exist_ok=True)
    (folder / "expectations" / "sales_process.md").write_text(PROCESS, encoding="utf-8")
    (folder / "expectations" / "individual_plan-ana.md").write_text(OWN_PLAN, encoding="utf-8")
    return folder


def text(**changes):
    """A plan's file; a change of None leaves the key out."""
    facts = {key: value for key, value in {**PLAN, **changes}.items() if value is not None}
    return f"---\n{yaml.safe_dump(facts, sort_keys=False)}---\n\nWhy we do this.\n"


def write(folder, name="2026-11-16-ana.md", content=None, **changes):
    """Write a plan below the folder and hand back its path."""
    path = folder / "improvement" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text(**changes) if content is None else content, encoding="utf-8")
    return path

"""A made client of any size: N opportunities with 4 logged changes and 10 activities each, over three years.

Written through the real store, one batch a quarter, so that what is measured is what a client's folder holds.
Nobody in it exists. The same size is the same client, byte for byte.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spm_lib.drops import QUARANTINE_COLUMNS, Drop, FileReport
from spm_lib.history import Store

SLUG = "scale"
WEEK = "2026-W46"
REPS = 200
CHANGES, ACTIVITIES = 4, 10
_FIRST, _LAST = pd.Timestamp("2023-11-13 06:00"), pd.Timestamp("2026-11-16 06:00")
_SECOND = 1_000_000  # everything is counted in microseconds, as the store does
_STAGES = ("lead", "proposal", "contract", "won", "lost")


def write_client(home: Path, count: int) -> Path:
    """Write a client of `count` opportunities below `home`, unless it is there.

    Returns
    -------
    pathlib.Path
        Its folder.
    """
    folder = home / SLUG
    if (folder / "complete").exists():
        return folder
    (folder / "expectations").mkdir(parents=True, exist_ok=True)
    (folder / "client.yaml").write_text(_client(), encoding="utf-8")
    for name, text in _documents(count).items():
        (folder / "expectations" / f"{name}.md").write_text(text, encoding="utf-8")
    world = _World(count)
    quarters = pd.date_range(_FIRST, _LAST, periods=13).floor("D") + pd.Timedelta(hours=6)
    store = Store(folder)
    for number, (begin, end) in enumerate(zip(quarters[:-1], [*quarters[1:-1], _LAST], strict=True)):
        span = _microseconds(begin), _microseconds(end)
        tables = {"changes": world.changes(*span), "activities": world.activities(*span, last=end == _LAST)}
        if end == _LAST:
            tables |= {"opportunities": world.opportunities(), "stages": _stages()}
        store.add(_drop(number, end, tables), ingested_at=pd.Timestamp("2026-11-16 12:00", tz="UTC"))
    (folder / "complete").touch()
    return folder


class _World:
    """The lives of some opportunities, as columns; only what is asked for is turned into text."""

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(count)
        first, last = (_microseconds(one) for one in (_FIRST, _LAST))
        self.count, self.last = count, last
        self.created = np.sort(rng.integers(first, last - 86_400 * _SECOND, count)) // _SECOND * _SECOND
        cycle = (rng.lognormal(np.log(40), 0.8, count) * 86_400).astype(np.int64) * _SECOND
        closes = self.created + np.maximum(cycle, 3_600 * _SECOND)
        self.closed = closes < last
        self.end = np.where(self.closed, closes, last - _SECOND)
        self.won = self.closed & (rng.random(count) < 0.3)
        self.rep, self.new_rep = rng.integers(0, REPS, (2, count))
        self.amount = rng.lognormal(np.log(8_000), 0.9, count).round(2)
        self.old_amount = (self.amount * rng.uniform(0.6, 1.3, count)).round(2)
        self.moves = rng.random(count) < 0.5  # the second change: another rep, else another amount
        self.line, self.land, self.existing = (
            rng.integers(0, 6, count),
            rng.integers(0, 5, count),
            rng.random(count),
        )
        self.old_close = (self.created // (86_400 * _SECOND) + rng.integers(20, 80, count)).astype(np.int64)
        self.new_close = self.old_close + rng.integers(5, 40, count)
        span = self.end - self.created
        self.change_at = self.created + (np.sort(rng.random((3, count)), axis=0) * span).astype(np.int64)
        self._at = (
            (self.created + rng.random((ACTIVITIES, count)) * span).astype(np.int64) // _SECOND * _SECOND
        )
        # the last activity of half of the open ones lies ahead
        ahead = ~self.closed & (rng.random(count) < 0.5)
        self._at[-1] = np.where(ahead, last + rng.integers(1, 30, count) * 86_400 * _SECOND, self._at[-1])
        self._seed = rng.integers(1 << 30)

    def opportunities(self) -> pd.DataFrame:
        """``schemas.OPPORTUNITIES`` as the last drop shows them."""
        everyone = np.arange(self.count)
        stage = np.where(self.closed, np.where(self.won, 3, 4), 1)
        close = np.where(self.closed, self.old_close, self.new_close + 7)
        return _frame(
            opportunity_id=_numbered("o", everyone),
            name=_numbered("Opportunity ", everyone),
            account_id=_numbered("a", everyone // 2),
            rep_id=_numbered("rep", np.where(self.moves, self.new_rep, self.rep), width=3),
            stage_id=_picked(_STAGES, stage),
            status=_picked(("open", "lost", "won"), np.where(self.won, 2, self.closed)),
            amount=self.amount,
            currency=_picked(("USD",), np.zeros(self.count, dtype=int)),
            created_at=_utc(self.created),
            closed_at=_utc(self.end, ~self.closed),
            expected_close=pa.array(close * 86_400 * _SECOND, pa.timestamp("us")),
            product_line=_numbered("line ", self.line, width=1),
            territory=_numbered("land ", self.land, width=1),
            business=_picked(("new", "existing"), (self.existing < 0.4).astype(int)),
            lead_source=_numbered("source ", (self.line + self.land) % 4, width=1),
            lost_reason=_picked((None, "price"), (self.closed & ~self.won).astype(int)),
        )

    def changes(self, begin: int, end: int) -> pd.DataFrame:
        """The changes logged in a stretch: two of the stage, one of rep or amount, one of status or close."""
        closed_stage = np.where(self.won, 3, 4)
        stage, other, last = self.change_at
        rep = _numbered("rep", self.rep, width=3), _numbered("rep", self.new_rep, width=3)
        parts = [
            self._changed(
                "stage", stage, _picked(_STAGES, 0 * stage), _picked(_STAGES, 0 * stage + 1), (begin, end)
            ),
            self._changed("rep", other, *rep, (begin, end), self.moves),
            self._changed(
                "amount", other, _money(self.old_amount), _money(self.amount), (begin, end), ~self.moves
            ),
            self._changed(
                "expected_close",
                last,
                _days(self.old_close),
                _days(self.new_close),
                (begin, end),
                ~self.closed,
            ),
        ]
        closing = _picked(_STAGES, 0 * stage + 1), _picked(_STAGES, closed_stage)
        status = _picked(("open",), 0 * stage), _picked(("lost", "won"), self.won.astype(int))
        parts.append(self._changed("stage", self.end, *closing, (begin, end), self.closed))
        parts.append(self._changed("status", self.end, *status, (begin, end), self.closed))
        parts.append(self._again(begin, end))
        return pd.concat(parts).sort_values("at", kind="stable", ignore_index=True)

    def _again(self, begin: int, end: int) -> pd.DataFrame:
        """The fourth change of those still open: another week later, an hour after the third."""
        at = np.minimum(self.change_at[2] + 3_600 * _SECOND, self.last - _SECOND)
        old, new = _days(self.new_close), _days(self.new_close + 7)
        return self._changed("expected_close", at, old, new, (begin, end), ~self.closed)

    def _changed(self, field, at, old, new, span, which=True) -> pd.DataFrame:  # type: ignore[no-untyped-def]
        rows = np.flatnonzero((at >= span[0]) & (at < span[1]) & which)
        return _frame(
            opportunity_id=_numbered("o", rows),
            field=_picked((field,), 0 * rows),
            old=old.take(pa.array(rows)),
            new=new.take(pa.array(rows)),
            at=_utc(at[rows]),
            at_earliest=_utc(at[rows]),
            evidence=_picked(("vendor_event",), 0 * rows),
        )

    def activities(self, begin: int, end: int, *, last: bool) -> pd.DataFrame:
        """The activities of a stretch; with the last one also what is planned after it."""
        flat = self._at.ravel()
        rows = np.flatnonzero((flat >= begin) & ((flat < end) | last))
        rows = rows[np.argsort(flat[rows], kind="stable")]
        of, at = rows % self.count, flat[rows]
        rng = np.random.default_rng([self._seed, begin // _SECOND])
        kind, result = rng.integers(0, 4, len(rows)), rng.random(len(rows))
        planned = at >= self.last
        moved = self.moves[of] & (at >= self.change_at[1][of])
        outcome = np.select(
            [planned, kind == 3, kind == 1, kind == 2],
            [0, 5, np.where(result < 0.3, 4, 3), np.where(result < 0.85, 6, 7)],
            np.where(result < 0.4, 1, 2),
        )
        logged = np.where(
            planned,
            self.last - 3_600 * _SECOND,
            at + (rng.exponential(12, len(rows)) * 3600).astype(np.int64) * _SECOND,
        )
        results = (None, "connected", "no_answer", "sent", "replied", "done", "held", "no_show")
        return _frame(
            activity_id=_numbered("t", rows, width=8),
            kind=_picked(("call", "email", "meeting", "task"), kind),
            rep_id=_numbered("rep", np.where(moved, self.new_rep[of], self.rep[of]), width=3),
            at=_utc(at),
            logged_at=_utc(np.minimum(logged, self.last - _SECOND)),
            direction=_picked(("outbound", "inbound"), (result < 0.2).astype(int)),
            outcome=_picked(results, outcome),
            duration_seconds=pa.array(np.where(kind == 0, (result * 900).round(), 0.0), mask=kind != 0),
            status=_picked(("done", "planned"), planned.astype(int)),
            opportunity_id=_numbered("o", of),
            account_id=_numbered("a", of // 2),
            contact_id=_numbered("c", of),
        )


def _microseconds(at: pd.Timestamp) -> int:
    return int(at.tz_localize("UTC").timestamp()) * _SECOND


def _frame(**columns: object) -> pd.DataFrame:
    return pa.table(columns).to_pandas()


def _numbered(prefix: str, numbers: np.ndarray, width: int = 7) -> pa.Array:
    if width < 4:
        return _picked(
            [f"{prefix}{one:0{width}d}" for one in range(int(numbers.max(initial=0)) + 1)], numbers
        )
    return pc.binary_join_element_wise(
        prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0"), ""
    )


def _picked(values, which: np.ndarray) -> pa.Array:  # type: ignore[no-untyped-def]
    return pa.array(values, pa.string()).take(pa.array(which))


def _utc(at: np.ndarray, missing: np.ndarray | None = None) -> pa.Array:
    return pa.array(at, mask=missing).cast(pa.timestamp("us", tz="UTC"))


def _money(amount: np.ndarray) -> pa.Array:
    return pa.array(amount).cast(pa.string())


def _days(days: np.ndarray) -> pa.Array:
    return pa.array(days.astype(np.int32), pa.date32()).cast(pa.string())


def _stages() -> pd.DataFrame:
    category = ("open", "open", "open", "won", "lost")
    return pd.DataFrame({"stage_id": _STAGES, "name": _STAGES, "category": category, "position": range(1, 6)})


def _drop(number: int, as_of: pd.Timestamp, tables: dict[str, pd.DataFrame]) -> Drop:
    digest = hashlib.sha256(f"{number} {as_of}".encode()).hexdigest()
    rows = sum(map(len, tables.values()))
    file = FileReport(f"made-{number}.csv", digest, None, rows, rows, 0)
    scope = "full" if "opportunities" in tables else "changed"
    return Drop(
        digest,
        as_of.tz_localize("UTC"),
        scope,
        "made",
        (file,),
        tables,
        pd.DataFrame(columns=list(QUARANTINE_COLUMNS)),
    )


def _client() -> str:
    reps = "\n".join(f"  - {{id: rep{one:03d}, name: Rep {one:03d}}}" for one in range(REPS))
    return f"""name: Scale
currency: USD
time_zone: America/Chicago
week_starts_on: monday
fiscal_year_starts_in: 1
country: US
manager: Mara Made
owner: Otto Made
goal_period: quarter
reps:
{reps}
"""


def _documents(count: int) -> dict[str, str]:
    """A goal a quarter, the rules of the CRM and an agreed win rate: without them half a review is empty."""
    head = "effective_from: {}\napplies_to: [rep]\nacknowledged_by: [rep, manager]\n"
    quarters = [f"{year}-Q{quarter}" for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)]
    goals = [f"  - {{team: true, period: {one}, amount: {count * 280}}}" for one in quarters]
    goals += [
        f"  - {{rep: rep{rep:03d}, period: {one}, amount: {count * 280 // REPS}}}"
        for one in quarters[-8:]
        for rep in range(REPS)
    ]
    rules = ["past_expected_close", "no_amount", "no_future_activity", "untouched_days, limit: 21"]
    rules += ["stage_age_days", "pushed_more_than, limit: 3", "lost_without_reason"]
    stages = "".join(
        f"  - {{id: {one}, name: {one}, definition: made, exit_criteria: made, expected_days: 14}}\n"
        for one in _STAGES[:3]
    )
    return {
        "sales_goals": f"---\ndocument: sales_goals\ntitle: Goals\n{head.format('2024-01-01')}currency: USD\n"
        f"quotas:\n{chr(10).join(goals)}\n---\n\nMade.\n",
        "crm_usage": f"---\ndocument: crm_usage\ntitle: CRM\n{head.format('2026-04-01')}"
        "log_within_hours: 24\n"
        "next_step_rule: Every open opportunity has a next activity.\nrules:\n"
        + "".join(f"  - {{rule: {one}}}\n" for one in rules)
        + "---\n\nMade.\n",
        "sales_process": f"---\ndocument: sales_process\ntitle: Process\n{head.format('2026-04-01')}"
        "judged_by:\n  - {metric: win_rate_by_count, at_least: 0.30, weeks: 26, minimum_n: 10}\n"
        f"stages:\n{stages}---\n\nMade.\n",
    }

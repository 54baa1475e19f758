"""How the cost of a review grows with the data, against SQL written by hand for the same tables.

    python -m benchmarks.scale [--full] [--room FOLDER]

Measures 10,000 and 100,000 opportunities, with ``--full`` 1,000,000 too; each run is a process of its own.
``tables``: opening the client, its snapshot, and those tables of the weekly review that SQL can say, with
SQL's side by side and compared equal on the smallest size. ``review``: every table of the weekly review, the
simulated and tested ones too, for which there is no SQL. ``trend``: weekly measures of 52 weeks against one.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.harness import Row, environment, show
from benchmarks.synthetic import SLUG, WEEK, write_client
from spm_lib.periods import trailing
from spm_lib.review import Review, open_review
from spm_lib.view import View

SIZES = (10_000, 100_000, 1_000_000)
_SQL = (Path(__file__).parent / "by_hand.sql").read_text(encoding="utf-8")

#: What the weekly review computes, beside the tables the SQL makes too.
_MEASURED = (
    *(("forecast", None), ("pace", None), ("pace_by_own_curve", None), ("pipeline_coverage_ratio", None)),
    *(("attainment", "rep_id"), ("win_rate_panel", None), ("win_rate_shrunk", "rep_id")),
    *(("activity_ladder", "rep_id"), ("activity_ladder_steps", "rep_id"), ("activity_questions", None)),
    *(("pipeline_change", None), ("hygiene", None), ("hygiene_effect", None), ("process_limits", None)),
)


def ours(home: Path) -> dict[str, pd.DataFrame]:
    """The tables SQL makes too, by the library."""
    review = open_review(SLUG, WEEK, home)
    view = review.view()
    rate = review.measure("win_rate_by_count", by="rep_id")[["rep_id", "won_count", "decided_count"]]
    booked = review.measure("attainment", by="rep_id")[["rep_id", "bookings"]]
    weekly = review.weekly()[["measure", "starts_on", "value"]]
    past = review.view(review.goal_period).past
    return {
        "opportunities": view.opportunities,
        "outcomes": view.outcomes,
        "changes": view.changes,
        "activities": view.activities,
        "win_rate": rate,
        "bookings": booked[booked["bookings"] > 0],
        "weekly": weekly,
        "past": past,
    }


def by_sql(home: Path) -> dict[str, pd.DataFrame]:
    """The same tables by the SQL of by_hand.sql, made in memory; what a metric hands out is fetched."""
    database = duckdb.connect()
    database.execute("set threads = 2; set timezone = 'UTC'")
    folder = home / SLUG / "history" / "batches"
    database.execute(_SQL.replace("$batches", str(folder)))
    return {name: database.table(name) for name in _TABLES}  # type: ignore[misc]


_TABLES = ("opportunities", "outcomes", "changes", "activities", "win_rate", "bookings", "weekly", "past")
#: Table -> the columns compared, the first ones being its order.
_COMPARED = {
    "opportunities": (
        *("opportunity_id", "rep_id", "stage_id", "status", "amount", "expected_close", "created_at"),
        *("outcome_at", "stage_entered_at", "pushed_count", "account_id", "business", "product_line"),
    ),
    "outcomes": ("opportunity_id", "rep_id", "outcome", "outcome_at", "amount", "stage_id"),
    "changes": ("opportunity_id", "field", "at", "new", "old", "evidence"),
    "activities": (
        "activity_id",
        "kind",
        "rep_id",
        "at",
        "logged_at",
        "status",
        "outcome",
        "duration_seconds",
    ),
    "win_rate": ("rep_id", "won_count", "decided_count"),
    "bookings": ("rep_id", "bookings"),
    "weekly": ("measure", "starts_on", "value"),
    "past": ("period_start", "open_amount", "booked_after_amount"),
}


def compare(home: Path) -> None:
    """Stop at the first table in which the library and the SQL differ."""
    left, right = ours(home), by_sql(home)
    for name, columns in _COMPARED.items():
        one, other = left[name][list(columns)], right[name].df()[list(columns)]
        for column in columns:
            if str(one[column].dtype) == "Int64" or "float" in str(one[column].dtype):
                one, other = one.astype({column: "float64"}), other.astype({column: "float64"})
            else:
                other = other.astype({column: one[column].dtype})
        order = list(columns)[:4]
        one, other = (side.sort_values(order, ignore_index=True) for side in (one, other))
        pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-12, obj=name)
        print(f"  {name}: {len(one):,} rows equal")


def whole_review(home: Path) -> None:
    """Every table of the weekly review."""
    review = open_review(SLUG, WEEK, home)
    for made in (review.decisions, review.changes, review.cumulative_bookings, review.unknowns):
        made()
    for metric, by in _MEASURED:
        review.measure(metric, by=by)
    for metric in ("activity_questions", "pipeline_change", "hygiene"):
        review.rows(metric)


def trend(home: Path) -> dict[str, float]:
    """Seconds for the weekly measures of one week and of 52, each the best of three turns."""
    review = open_review(SLUG, WEEK, home)
    _ = review.view().opportunities, review.view().outcomes
    found: dict[int, list[float]] = {1: [], 52: []}
    for _ in range(3):
        for weeks, seconds in found.items():
            review.source._unique.clear()  # noqa: SLF001 - each turn tells activities apart anew
            begin = time.perf_counter()
            _weekly(review, weeks)
            seconds.append(time.perf_counter() - begin)
    return {f"weeks_{weeks}": min(seconds) for weeks, seconds in found.items()}


def _weekly(review: Review, weeks: int) -> pd.DataFrame:
    period = trailing(review.week, weeks)
    return View(review.source, period, cutoff_day=review.week.end).measure("weekly_measures")


_RUNS: dict[str, Callable[[Path], object]] = {
    "tables": ours,
    "sql": by_sql,
    "review": whole_review,
    "trend": trend,
}


def run(what: str, home: Path) -> dict[str, float]:
    """One run in a process of its own: seconds and peak memory, GB."""
    command = [sys.executable, __file__, "--child", what, "--room", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(what: str, home: Path) -> None:
    """What `run` starts."""
    begin = time.perf_counter()
    found = _RUNS[what](home)
    facts = {"seconds": time.perf_counter() - begin}
    # not ru_maxrss, which a process begins with at its parent's size
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    facts["memory"] = int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1e6  # type: ignore[index]
    print(json.dumps({**facts, **(found if what == "trend" else {})}))  # type: ignore[dict-item]


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print, and hand back the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000,000 opportunities too; ten gigabytes")
    parser.add_argument("--room", type=Path, help="where the clients are written, and kept")
    parser.add_argument("--child", choices=list(_RUNS), help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.child:
        child(asked.child, asked.room)
        return []
    with tempfile.TemporaryDirectory(prefix="spm-scale-") as short_lived:
        room = asked.room or Path(short_lived)
        sizes = SIZES if asked.full else SIZES[:2]
        for size in sizes:
            write_client(room / str(size), size)
        compare(room / str(sizes[0]))
        found = {}
        for size in sizes:
            found[size] = {what: run(what, room / str(size)) for what in _RUNS}
            _row(size, found[size])
    rows = _verdict(found)
    show(rows)
    return rows


def _row(size: int, one: dict[str, dict[str, float]]) -> None:
    parts = [
        f"{what} {one[what]['seconds']:7.2f} s {one[what]['memory']:5.2f} GB"
        for what in _RUNS
        if what != "trend"
    ]
    print(f"{size:>9,}: " + " | ".join(parts), flush=True)


def _verdict(found: dict[int, dict[str, dict[str, float]]]) -> list[Row]:
    """The figures beside their targets."""
    small, large = min(found), max(found)
    last, first = found[large], found[small]
    decades = math.log(large / small)

    def row(what: str, ours: str, other: str, value: float, most: float) -> Row:
        return Row(
            f"{what}, {large:,} opportunities", ours, other, f"{value:.2f}", f"{most:g}", value <= most
        )

    tables, review, sql, trend = (last[name] for name in ("tables", "review", "sql", "trend"))
    grown = math.log(tables["seconds"] / first["tables"]["seconds"]) / decades
    weeks = trend["weeks_52"] / trend["weeks_1"]
    return [
        row(
            "snapshot and eight tables against SQL by hand",
            f"{tables['seconds']:.1f} s",
            f"{sql['seconds']:.1f} s",
            tables["seconds"] / sql["seconds"],
            2,
        ),
        row(f"exponent of growth from {small:,}", f"{tables['seconds']:.1f} s", "", grown, 1.05),
        row(
            f"peak memory of those tables, GB (SQL: {sql['memory']:.1f})",
            f"{tables['seconds']:.1f} s",
            f"{sql['seconds']:.1f} s",
            tables["memory"],
            4,
        ),
        row("peak memory of a whole review, GB", f"{review['seconds']:.1f} s", "", review["memory"], 4),
        row(
            "52 weeks of trend against one week",
            f"{trend['weeks_52']:.2f} s",
            f"{trend['weeks_1']:.2f} s",
            weeks,
            3,
        ),
    ]


if __name__ == "__main__":
    main()

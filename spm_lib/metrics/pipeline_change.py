"""Why is the pipeline not what it was? From start to end, to the cent, each move by its cause."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from spm_lib.metrics.groups import OUTCOME_GROUPINGS, check_by
from spm_lib.metrics.pipeline import expected_before, is_open
from spm_lib.metrics.registry import metric
from spm_lib.periods import Period
from spm_lib.schemas import OUTCOMES

CAUSES = (
    "start",
    "created",
    "transferred_in",
    "pulled_in",
    "increased",
    "reopened",
    "won",
    "lost",
    "disqualified",
    "pushed_out",
    "decreased",
    "transferred_out",
    "merged",
    "deleted",
    "end",
)

#: Stands for the missing group while grouping; no group is named so.
_NOBODY = ""
_COUNTS = ("no_amount_count", "later_count", "undated_count")
#: What of an opportunity tells a move.
_USED = ("name", "rep_id", "status", "presence", "amount", "expected_close", "outcome_at")

_TIME = "from the start of the period to its end: the state at both, not what happened in between"
_CREDIT = (
    "the holder at each end; a change of holder moves the amount at the start from one group to the other"
)
_EXCLUDED = (
    "with a goal period: open ones expected after it, and those without an expected close (both counted); "
    "overdue ones stay in. Amounts that are missing count as nothing"
)


@metric(
    question="Why is the open pipeline not what it was?",
    formula="start + created + transferred in + pulled in + increased + reopened − won − lost − "
    "disqualified − pushed out − decreased − transferred out − merged − deleted = end, to the cent",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="every cause has a row; nothing moved is 0",
    columns={
        "cause": "why, in the order of the formula",
        "opportunity_count": "opportunities moved by it; at start and end, those open",
        "amount": "client's currency, negative when it leaves; start to deleted add up to end",
        "no_amount_count": "those of them without an amount",
        "later_count": "start and end only: open ones left out because expected after the goal period",
        "undated_count": "start and end only: open ones left out for want of an expected close",
    },
    example="Start 30,000 (A 10,000, B 20,000). A is won, B grows to 25,000, C is created at 4,000: "
    "30,000 + 4,000 + 5,000 − 10,000 = 29,000.",
    groupings=OUTCOME_GROUPINGS,
)
def pipeline_change(
    opening: pd.DataFrame,
    opportunities: pd.DataFrame,
    period: Period,
    horizon: Period | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """Pipeline at the start, every cause that changed it, pipeline at the end.

    An opportunity leaves or enters by one cause. One that enters and leaves inside the period shows in
    both, net nothing; one that changes hands shows as handed over and taken over besides.

    Parameters
    ----------
    opening, opportunities : pandas.DataFrame
        ``schemas.SNAPSHOT_OPPORTUNITIES`` at the start and at the end of the period.
    period : Period
    horizon : Period, optional
        Goal period: only what is expected to close before its end counts.
    by : str, optional
        One of `OUTCOME_GROUPINGS`.

    Returns
    -------
    pandas.DataFrame
        One row per group and cause.

    Raises
    ------
    MetricError
        It has no such grouping.
    """
    check_by("pipeline_change", by, OUTCOME_GROUPINGS)
    ends = _Ends(opening, opportunities, period, horizon, by)
    moves = pd.concat([ends.stock("start"), *ends.moves(), ends.stock("end")], ignore_index=True)
    moves["no_amount_count"] = moves["amount"].isna().astype("int64")
    added = moves.groupby(["group", "cause"]).agg(
        opportunity_count=("cents", "size"),
        cents=("cents", "sum"),
        no_amount_count=("no_amount_count", "sum"),
    )
    groups = sorted(set(moves["group"]), key=lambda group: (group == _NOBODY, group)) if by else [_NOBODY]
    index = pd.MultiIndex.from_product([groups, CAUSES], names=["group", "cause"])
    table = added.reindex(index, fill_value=0).reset_index()
    table["amount"] = table["cents"] / 100
    for reason in ("later", "undated"):
        counts = ends.left_out(reason)
        found = [counts.get(key) for key in zip(table["group"], table["cause"], strict=True)]
        stock = table["cause"].isin(["start", "end"])
        table[f"{reason}_count"] = pd.Series(found, dtype="float64").fillna(0.0).where(stock)
    return _shown(table, by, ["cause", "opportunity_count", "amount", *_COUNTS])


@metric(
    question="Which opportunities changed the pipeline?",
    formula="one row per opportunity and cause of pipeline_change, start and end left out",
    time_base=_TIME,
    credit=_CREDIT,
    excluded=_EXCLUDED,
    empty="no rows when nothing moved",
    columns={
        "cause": "why",
        "opportunity_id": "the opportunity",
        "name": "what people call it",
        "rep_id": "who holds it at the end; for handed over, who held it at the start",
        "amount": "client's currency, negative when it leaves; missing without an amount",
    },
    example="A is won with 10,000: one row, won, -10,000.",
    groupings=OUTCOME_GROUPINGS,
)
def pipeline_change_rows(
    opening: pd.DataFrame,
    opportunities: pd.DataFrame,
    period: Period,
    horizon: Period | None = None,
    by: str | None = None,
) -> pd.DataFrame:
    """The opportunities behind `pipeline_change`; takes and refuses the same.

    Returns
    -------
    pandas.DataFrame
        In the order of causes, then of ids.
    """
    check_by("pipeline_change_rows", by, OUTCOME_GROUPINGS)
    ends = _Ends(opening, opportunities, period, horizon, by)
    rows = pd.concat(ends.moves(), ignore_index=True)
    order = rows["cause"].map({cause: n for n, cause in enumerate(CAUSES)})
    rows = rows.assign(order=order).sort_values(["order", "opportunity_id"], kind="stable", ignore_index=True)
    return _shown(rows, by, ["cause", "opportunity_id", "name", "rep_id", "amount"])


def _shown(table: pd.DataFrame, by: str | None, columns: list[str]) -> pd.DataFrame:
    if by is None or by in columns:
        return table[columns]
    group = table["group"].astype("str")
    return table.assign(**{by: group.mask(group == _NOBODY)})[[by, *columns]]


@dataclass(frozen=True)
class _Ends:
    """Every opportunity at both ends of a period, aligned on its id."""

    opening: pd.DataFrame
    opportunities: pd.DataFrame
    period: Period
    horizon: Period | None
    by: str | None

    @cached_property
    def ids(self) -> pd.Index[str]:
        ids = pd.concat([self.opening["opportunity_id"], self.opportunities["opportunity_id"]])
        found: pd.Index[str] = pd.Index(sorted(ids.unique()), name="opportunity_id", dtype="str")
        return found

    @cached_property
    def first(self) -> pd.DataFrame:
        """The state at the start; missing for those that did not exist."""
        return self._state(self.opening)

    @cached_property
    def last(self) -> pd.DataFrame:
        """The state at the end; missing for those without a trace."""
        return self._state(self.opportunities)

    def _state(self, opportunities: pd.DataFrame) -> pd.DataFrame:
        columns = dict.fromkeys(["opportunity_id", *_USED, *([] if self.by is None else [self.by])])
        return opportunities[list(columns)].set_index("opportunity_id").reindex(self.ids)

    @cached_property
    def known_first(self) -> pd.Series:
        return pd.Series(self.ids.isin(self.opening["opportunity_id"]), index=self.ids)

    @cached_property
    def known_last(self) -> pd.Series:
        return pd.Series(self.ids.isin(self.opportunities["opportunity_id"]), index=self.ids)

    @cached_property
    def recorded(self) -> bool:
        """Whether anybody writes an expected close down; else there is no goal period to cut by."""
        return bool(self.first["expected_close"].notna().any() or self.last["expected_close"].notna().any())

    def belongs(self, state: pd.DataFrame) -> pd.Series:
        """Which are expected inside the goal period."""
        if self.horizon is None or not self.recorded:
            return pd.Series(True, index=state.index)
        return expected_before(state, pd.Timestamp(self.horizon.end))

    def counts_in(self, state: pd.DataFrame) -> pd.Series:
        """Which are pipeline."""
        return is_open(state) & self.belongs(state)

    def group(self, end: str) -> pd.Series:
        """The group at an end, `_NOBODY` when unknown; without a trace at the end, that of the start."""
        if self.by is None:
            return pd.Series(_NOBODY, index=self.ids)
        first, last = (state[self.by].fillna(_NOBODY) for state in (self.first, self.last))
        return first if end == "start" else last.where(self.known_last, first)

    @cached_property
    def exit_cause(self) -> pd.Series:
        """By what name each would leave: gone, its outcome, or pushed out."""
        gone = ~self.known_last | self.last["presence"].isin(["deleted", "absent"])
        cause = self.last["status"].where(self.last["status"].isin(OUTCOMES), "pushed_out").astype("str")
        return cause.mask(self.last["presence"].eq("merged"), "merged").mask(gone, "deleted")

    @cached_property
    def entry_cause(self) -> pd.Series:
        """By what name each would enter: created, pulled in, or reopened (back from closed or gone)."""
        cause = pd.Series("reopened", index=self.ids, dtype="str")
        return cause.mask(is_open(self.first), "pulled_in").mask(~self.known_first, "created")

    def passed_through(self) -> pd.Series:
        """Which entered and left inside the period."""
        closed = self.exit_cause.isin(OUTCOMES) & self.period.holds(self.last["outcome_at"])
        # a close moves the expected close in many a CRM, so only a win proves that it was pulled in
        closed &= self.exit_cause.eq("won") | (self.belongs(self.last) & self.entry_cause.ne("pulled_in"))
        closed &= self.first["outcome_at"].ne(self.last["outcome_at"])
        gone = self.exit_cause.isin(["merged", "deleted"]) & ~self.known_first & self.belongs(self.last)
        return ~self.counts_in(self.first) & ~self.counts_in(self.last) & (closed | gone)

    def moves(self) -> list[pd.DataFrame]:
        """One frame per kind of move: cause, opportunity_id, name, rep_id, group, cents, amount."""
        at_start, at_end, passed = (
            self.counts_in(self.first),
            self.counts_in(self.last),
            self.passed_through(),
        )
        before, after = self.first["amount"], self.last["amount"]
        entering, leaving = (~at_start & at_end) | passed, at_start & ~at_end
        handed = at_start & self.group("start").ne(self.group("end"))
        grown = (_cents(after) - _cents(before)) / 100
        stays = at_start & at_end
        return [
            self.rows(entering, self.entry_cause, after, "end"),
            self.rows(handed, "transferred_out", -before, "start"),
            self.rows(handed, "transferred_in", before, "end"),
            self.rows(stays & (grown > 0), "increased", grown, "end"),
            self.rows(stays & (grown < 0), "decreased", grown, "end"),
            self.rows(leaving, self.exit_cause, -before, "end"),
            self.rows(passed, self.exit_cause, -after, "end"),
        ]

    def stock(self, end: str) -> pd.DataFrame:
        """What is pipeline at one end, in the shape of `moves`."""
        state = self.first if end == "start" else self.last
        return self.rows(self.counts_in(state), end, state["amount"], end)

    def rows(self, mask: pd.Series, cause: str | pd.Series, amount: pd.Series, end: str) -> pd.DataFrame:
        """Some opportunities with the cause and amount of their move."""
        name, rep = (
            self.first[column]
            if end == "start"
            else self.last[column].where(self.known_last, self.first[column])
            for column in ("name", "rep_id")
        )
        moved = pd.DataFrame(
            {
                "cause": cause,
                "name": name,
                "rep_id": rep,
                "group": self.group(end),
                "cents": _cents(amount),
                "amount": amount.round(2),
            },
            index=self.ids,
        )
        return moved[mask].reset_index()

    def left_out(self, reason: str) -> dict[tuple[str, str], int]:
        """(group, end) -> open ones outside the goal period ("later") or without a date ("undated")."""
        counts: dict[tuple[str, str], int] = {}
        for end, state in (("start", self.first), ("end", self.last)):
            undated = state["expected_close"].isna()
            out = is_open(state) & ~self.belongs(state) & (undated if reason == "undated" else ~undated)
            for group, number in self.group(end)[out].value_counts().items():
                counts[str(group), end] = int(number)
        return counts


def _cents(amount: pd.Series) -> pd.Series:
    """Whole cents, 0 where missing: integers add up exactly."""
    return (amount.fillna(0.0) * 100).round().astype("int64")

"""Every canonical table once: its grain, its columns, their type, unit and meaning.

Two families. *Received* tables are what `sources` makes of an export and `history` stores, one row per
thing as that export shows it. *Snapshot* tables are what `history` replays them into for one moment, and
all that a metric ever sees. Times are UTC; dates are naive; money is in units of its currency, two decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from spm_lib.errors import HistoryError

#: pandas type of each kind of column; choices and ids are text.
DTYPES = {
    "text": "str",
    "choice": "str",
    "timestamp": "datetime64[us, UTC]",
    "date": "datetime64[us]",
    "money": "float64",
    "number": "float64",
    "rate": "float64",
    "count": "Int64",
    "flag": "boolean",
}

STATUSES = ("open", "won", "lost", "disqualified")
OUTCOMES = ("won", "lost", "disqualified")
EVIDENCE = {
    "vendor_event": "the vendor logged the change and its time",
    "vendor_snapshot": "the vendor logged the state after a change",
    "date_entered": "a date-entered column: the last entry into a stage only",
    "weekly_diff": "two drops differ: it happened between them, no instant is known",
    "inferred_create": "the earliest known value, assumed since creation",
    "inferred_close": "the outcome the drop shows, at the closing time it shows",
}


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Attributes
    ----------
    name : str
        Its ending is its unit: _count _amount _rate (0-1) _ratio _days _at _on _id.
    kind : str
        A key of `DTYPES`.
    meaning : str
    required : bool
        A row without it is refused.
    choices : tuple of str
        Allowed values of a "choice".
    volatile : bool
        Changes over time without a dated trace: known only as of the drop that shows it.
    """

    name: str
    kind: str
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    volatile: bool = False


@dataclass(frozen=True)
class Table:
    """A canonical table: what one row is, what identifies it, and its columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """One column by its name."""
        return next(column for column in self.columns if column.name == name)

    def empty(self) -> pd.DataFrame:
        """A typed frame without rows."""
        return self.conform(pd.DataFrame())

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with exactly this table's columns, in order, in their types; missing ones are empty.

        Raises
        ------
        HistoryError
            A column of the frame is not the table's, or its values are not of its type.
        """
        unknown = sorted(set(frame.columns) - set(self.names), key=list(frame.columns).index)
        if unknown:
            raise HistoryError(
                f"{self.name} has no such column",
                given=", ".join(map(str, unknown)),
                remedy=f"its columns are {', '.join(self.names)}",
            )
        numbered = frame.reset_index(drop=True)
        built = {column.name: self._typed(numbered, column) for column in self.columns}
        return pd.DataFrame(built, index=pd.RangeIndex(len(frame)))

    def _typed(self, frame: pd.DataFrame, column: Column) -> pd.Series:
        dtype = DTYPES[column.kind]
        # a text cut to nothing may have no part at all, and pandas joins none such
        if column.name not in frame.columns or frame.empty:
            return pd.Series([None] * len(frame), dtype=dtype)
        values = frame[column.name]
        try:
            return values if str(values.dtype) == dtype else values.astype(dtype)  # type: ignore[call-overload]
        except (TypeError, ValueError) as error:
            raise HistoryError(f"{self.name}.{column.name} is not {column.kind}", given=str(error)) from error


def _text(name: str, meaning: str, *, required: bool = False, volatile: bool = False) -> Column:
    return Column(name, "text", meaning, required=required, volatile=volatile)


OPPORTUNITIES = Table(
    "opportunities",
    "one opportunity as one drop shows it",
    ("opportunity_id",),
    (
        _text("opportunity_id", "the source's own id", required=True),
        _text("name", "what people call it"),
        _text("account_id", "the account it belongs to"),
        _text("rep_id", "who holds it, as the source spells it"),
        _text("pipeline_id", "which pipeline, where the source has several"),
        _text("stage_id", "the stage it is in, by the client's stage map"),
        Column("status", "choice", "open, won, lost or disqualified", required=True, choices=STATUSES),
        Column("amount", "money", "its value in its own currency"),
        _text("currency", "ISO 4217 code of the amount; the client's own where the source is silent"),
        Column("probability", "rate", "the source's own chance of winning, 0-1", volatile=True),
        _text("forecast_category", "the rep's or manager's call, as the source spells it", volatile=True),
        Column("created_at", "timestamp", "when it was created; missing where the source does not say"),
        Column("closed_at", "timestamp", "when the source says it was closed"),
        Column("modified_at", "timestamp", "when the source says it last changed", volatile=True),
        Column("expected_close", "date", "the day it is expected to close"),
        _text("product_line", "what is sold"),
        _text("territory", "where"),
        Column("business", "choice", "new or existing business", choices=("new", "existing")),
        _text("lead_source", "where it came from"),
        _text("lost_reason", "why it was lost or disqualified", volatile=True),
        Column("has_next_step", "flag", "a next step is written down", volatile=True),
        Column("next_activity_on", "date", "the next planned activity", volatile=True),
        Column("last_activity_on", "date", "the last activity the source counts", volatile=True),
        Column("contact_count", "count", "how many contacts are linked", volatile=True),
        Column("is_deleted", "flag", "the source marks it deleted"),
        _text("merged_into", "the opportunity it was merged into"),
    ),
)

CHANGE_FIELDS = ("stage", "status", "amount", "rep", "expected_close", "presence")

CHANGES = Table(
    "changes",
    "one change of one field of one opportunity",
    ("opportunity_id", "field", "at", "new"),
    (
        _text("opportunity_id", "the opportunity", required=True),
        Column("field", "choice", "what changed", required=True, choices=CHANGE_FIELDS),
        _text("old", "the value before, as text; missing where unknown"),
        _text("new", "the value after, as text; missing means emptied"),
        Column("at", "timestamp", "when it happened: the instant, or the latest possible one", required=True),
        Column("at_earliest", "timestamp", "the earliest possible instant; equal to `at` when exact"),
        Column("evidence", "choice", "how we know", required=True, choices=tuple(EVIDENCE)),
    ),
)

ACTIVITY_KINDS = ("call", "email", "meeting", "task", "note")
ACTIVITY_OUTCOMES = (
    "connected",
    "no_answer",
    "voicemail",
    "busy",
    "wrong_number",
    "held",
    "no_show",
    "cancelled",
    "rescheduled",
    "sent",
    "replied",
    "done",
)

ACTIVITIES = Table(
    "activities",
    "one logged or planned activity",
    ("activity_id",),
    (
        _text("activity_id", "the source's own id", required=True),
        Column("kind", "choice", "what it was", required=True, choices=ACTIVITY_KINDS),
        _text("rep_id", "who did it, as the source spells it"),
        Column("at", "timestamp", "when it took place, or is planned to", required=True),
        Column("logged_at", "timestamp", "when it was written down"),
        Column("direction", "choice", "who reached out", choices=("outbound", "inbound")),
        Column("outcome", "choice", "what came of it", choices=ACTIVITY_OUTCOMES),
        Column("duration_seconds", "number", "how long; missing when unknown, and 0 is not unknown"),
        Column("status", "choice", "done, planned or cancelled", choices=("done", "planned", "cancelled")),
        _text("opportunity_id", "the opportunity it served"),
        _text("account_id", "the account it served"),
        _text("contact_id", "the contact, never their name"),
        Column("with_decision_maker", "flag", "a decision maker took part"),
        Column("next_step_on", "date", "the dated next step agreed in it"),
    ),
)

PEOPLE = Table(
    "people",
    "one user of the source",
    ("person_id",),
    (
        _text("person_id", "the source's id, as `rep_id` of the other tables spells it", required=True),
        _text("name", "display name"),
        _text("email", "work e-mail"),
        Column("is_active", "flag", "can still log in"),
    ),
)

ACCOUNTS = Table(
    "accounts",
    "one account",
    ("account_id",),
    (
        _text("account_id", "the source's id", required=True),
        _text("name", "its name"),
        _text("territory", "where it belongs"),
        _text("industry", "what it does"),
        _text("merged_into", "the account it was merged into"),
    ),
)

STAGES = Table(
    "stages",
    "one stage of a pipeline, by its lasting id",
    ("stage_id",),
    (
        _text("stage_id", "lasting id; a renamed stage keeps it", required=True),
        _text("name", "the label of today"),
        Column("category", "choice", "open, won, lost or disqualified", required=True, choices=STATUSES),
        Column("position", "count", "its place in the order, 1 first"),
        Column("expected_days", "number", "how long an opportunity should stay, by the sales process"),
    ),
)

QUOTAS = Table(
    "quotas",
    "one goal for one period",
    ("rep_id", "period_start", "period_end", "product_line", "territory", "business"),
    (
        _text("rep_id", "whose; missing for a goal of the whole team"),
        Column("period_start", "date", "first day", required=True),
        Column("period_end", "date", "first day after it", required=True),
        Column("amount", "money", "bookings to reach, before ramp and proration", required=True),
        _text("currency", "ISO 4217 code"),
        _text("product_line", "only this product line; missing means all"),
        _text("territory", "only this territory; missing means all"),
        Column("business", "choice", "only new or existing business", choices=("new", "existing")),
        Column("ramp_rate", "rate", "share of the goal while ramping up; missing means 1"),
        Column("proration_rate", "rate", "share of the period worked (leave, joining); missing means 1"),
    ),
)

SPLITS = Table(
    "splits",
    "one rep's share of one opportunity",
    ("opportunity_id", "rep_id"),
    (
        _text("opportunity_id", "the opportunity", required=True),
        _text("rep_id", "whose share", required=True),
        Column("share_rate", "rate", "0-1; the shares of an opportunity sum to 1", required=True),
    ),
)

LEADS = Table(
    "leads",
    "one enquiry or name to follow up, before it is an opportunity",
    ("lead_id",),
    (
        _text("lead_id", "the source's own id", required=True),
        _text("rep_id", "who is to follow it up, as the source spells it"),
        _text("account_id", "the account it belongs to"),
        _text("contact_id", "the contact, never their name"),
        Column("created_at", "timestamp", "when it came in", required=True),
        _text("lead_source", "where it came from"),
        _text("status", "as the source spells it", volatile=True),
        _text("opportunity_id", "the opportunity it became", volatile=True),
    ),
)

#: What an export can be turned into, in the order it is stored.
RECEIVED = {
    table.name: table
    for table in (OPPORTUNITIES, CHANGES, ACTIVITIES, PEOPLE, ACCOUNTS, STAGES, QUOTAS, SPLITS, LEADS)
}

SNAPSHOT_OPPORTUNITIES = Table(
    "opportunities",
    "one opportunity as it stood at the cut-off; merged and deleted ones are gone by their own name",
    ("opportunity_id",),
    (
        *(
            column
            for column in OPPORTUNITIES.columns
            if column.name not in ("closed_at", "is_deleted", "merged_into", "modified_at")
        ),
        Column("amount_original", "money", "the amount in its own currency; `amount` is in the client's"),
        Column("outcome_at", "timestamp", "when the outcome that stands at the cut-off was recorded"),
        Column("stage_entered_at", "timestamp", "when it entered the stage it is in"),
        Column("pushed_count", "count", "how often the expected close moved to a later day"),
        Column(
            "presence",
            "choice",
            "present, deleted, merged or absent",
            choices=("present", "deleted", "merged", "absent"),
        ),
    ),
)

SNAPSHOT_OUTCOMES = Table(
    "outcomes",
    "one rep's share of one outcome that stands at the cut-off",
    ("opportunity_id", "rep_id"),
    (
        _text("opportunity_id", "the opportunity", required=True),
        _text("name", "what people call it"),
        _text("rep_id", "who held it at the moment of the outcome; missing when nobody known did"),
        Column("share_rate", "rate", "the rep's share, 1 without a split", required=True),
        Column("outcome", "choice", "won, lost or disqualified", required=True, choices=OUTCOMES),
        Column(
            "outcome_at",
            "timestamp",
            "first entry into the closed state that was not reopened",
            required=True,
        ),
        Column("created_at", "timestamp", "when the opportunity was created"),
        Column("amount", "money", "its amount at the outcome, client's currency, times the share"),
        _text("stage_id", "the closed stage"),
        _text("account_id", "the account"),
        _text("product_line", "what is sold"),
        _text("territory", "where"),
        Column("business", "choice", "new or existing business", choices=("new", "existing")),
        _text("lead_source", "where it came from"),
        _text("lost_reason", "why it was lost or disqualified"),
    ),
)

SNAPSHOT_CHANGES = Table(
    "changes",
    "one change of one field known at the cut-off",
    CHANGES.key,
    (*CHANGES.columns, Column("recorded_at", "timestamp", "when we learnt of it", required=True)),
)

FINDINGS = Table(
    "findings",
    "one thing about the data worth saying",
    ("finding", "subject_id"),
    (
        _text("finding", "its id: undated, no_rate, unknown_rep, negative_cycle ...", required=True),
        _text("subject", "the table it is about", required=True),
        _text("subject_id", "the row it is about"),
        _text("detail", "in words", required=True),
        _text("numbers", "which metrics it touches, comma separated"),
    ),
)


def check_choices(frame: pd.DataFrame, table: Table) -> Iterable[tuple[int, Column]]:
    """Cells whose value is not among the choices of their column, as (row position, column)."""
    for column in table.columns:
        if column.choices and column.name in frame.columns:
            bad = frame[column.name].notna() & ~frame[column.name].isin(column.choices)
            yield from ((int(position), column) for position in bad.to_numpy().nonzero()[0])

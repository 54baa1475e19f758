"""Drops typed in by hand."""

from __future__ import annotations

import hashlib

import pandas as pd

from spm_lib.drops import QUARANTINE_COLUMNS, Drop, FileReport
from spm_lib.schemas import RECEIVED

#: When the computer that runs the tests is supposed to store things.
NOW = pd.Timestamp("2027-01-01T00:00:00Z")


def at(moment):
    """An instant; UTC unless the text says otherwise."""
    stamp = pd.Timestamp(moment)
    return stamp if stamp.tzinfo else stamp.tz_localize("UTC")


def frame(table, rows):
    """Rows as a received table; instants and days may be typed as text."""
    typed = pd.DataFrame(rows)
    for column in RECEIVED[table].columns:
        if column.name in typed and column.kind == "timestamp":
            typed[column.name] = [at(one) if isinstance(one, str) else one for one in typed[column.name]]
            typed[column.name] = pd.to_datetime(typed[column.name], utc=True)
        if column.name in typed and column.kind == "date":
            typed[column.name] = pd.to_datetime(typed[column.name])
    return RECEIVED[table].conform(typed)


def opportunity(number, status="open", **facts):
    """One opportunity as a drop shows it; closed ones are in a stage of the same name."""
    stage = "qualified" if status == "open" else status
    return {"opportunity_id": str(number), "status": status, "stage_id": stage, "rep_id": "ana", **facts}


def change(number, field, old, new, moment, evidence="vendor_event", **facts):
    """One change as a vendor logs it."""
    return {
        "opportunity_id": str(number),
        "field": field,
        "old": old,
        "new": new,
        "at": moment,
        "at_earliest": moment,
        "evidence": evidence,
        **facts,
    }


def refused(*values):
    """Quarantined rows whose amounts were these values."""
    rows = [("deals.csv", row, "Amount", value, "not a number") for row, value in enumerate(values, start=2)]
    return pd.DataFrame(rows, columns=list(QUARANTINE_COLUMNS))


def drop(as_of, opportunities=None, *, scope="full", mapping="", content=None, quarantine=None, **tables):
    """A drop of one file with these rows; `mapping` stands for how it was read, `content` for its bytes."""
    if opportunities is not None:
        tables = {"opportunities": opportunities, **tables}
    refused_rows = quarantine if quarantine is not None else refused()
    made = {
        name: rows if isinstance(rows, pd.DataFrame) else frame(name, rows) for name, rows in tables.items()
    }
    shown = repr((as_of, {name: rows.to_csv() for name, rows in made.items()}))
    sha256 = _hash(content if content is not None else shown)
    accepted = sum(map(len, made.values()))
    file = FileReport("deals.csv", sha256, "deals", accepted + len(refused_rows), accepted, len(refused_rows))
    name = _hash(repr((sha256, shown, mapping, scope)))
    return Drop(name, at(as_of), scope, "spreadsheet", (file,), made, refused_rows)


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()

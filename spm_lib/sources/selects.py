"""Run one SELECT of a mapping: canonical columns as text, and the raw rows each result was made of."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from spm_lib.errors import ClientError, SourceError
from spm_lib.schemas import RECEIVED
from spm_lib.sources.mapping import TableSpec, quoted

#: Mistakes in the rows rather than in the SQL.
_DATA_ERRORS = (duckdb.ConversionException, duckdb.OutOfRangeException)
_NUMBERS = (
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "BIGINT",
    "INTEGER",
    "SMALLINT",
    "TINYINT",
    "HUGEINT",
    "UBIGINT",
    "UINTEGER",
)


@dataclass(frozen=True)
class Selected:
    """What a select returned.

    Attributes
    ----------
    text : pandas.DataFrame of str
        Canonical columns only.
    typed : frozenset of str
        Those SQL has typed: they are written its way, not the file's.
    owner, raw : numpy.ndarray of int
        Pairs: position in `text`, ``_row`` of a raw row it was made of.
    first : numpy.ndarray of int
        The smallest ``_row`` of each result.
    labels : list of list of str, or None
        ``_labels`` of a stages select.
    """

    text: pd.DataFrame
    typed: frozenset[str]
    owner: np.ndarray
    raw: np.ndarray
    first: np.ndarray
    labels: list[list[str]] | None


def run_select(connection: duckdb.DuckDBPyConnection, part: str, spec: TableSpec) -> Selected:
    """Run the select of one part of a table.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        From ``raw.open_database``.
    part : str
        ``opportunities`` or ``activities.calls``.
    spec : TableSpec

    Raises
    ------
    ClientError
        The SQL is wrong, reaches for something else, or returns a column the table has not.
    SourceError
        The SQL is sound but a value of this drop does not fit a cast in it.
    """
    query = spec.query.strip().rstrip(";")
    where = f"mapping.yaml, tables.{part}.select"
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ClientError(
                "a table is made by one SELECT",
                where=where,
                given=query[:80],
                remedy="write a single statement that starts with SELECT, WITH or FROM",
            )
        described = connection.execute(f"describe {query}").fetchall()
        types = {name: str(kind) for name, kind, *_ in described}
        _check_columns(types, part, where)
        found = connection.sql(_as_text(query, types)).to_arrow_table()
    except _DATA_ERRORS as problem:
        raise SourceError(
            f"the select of {part} fails on a value of this drop",
            where=where,
            given=_said(problem),
            remedy="declare the column under `types:`, so that only its row is refused, or use try_cast",
        ) from problem
    except duckdb.Error as problem:
        raise ClientError(
            f"the select of {part} is refused by the database",
            where=where,
            given=_said(problem),
            remedy="a select reads the raw tables of its `needs` and `uses`, no file and no network",
        ) from problem
    return _selected(found, types)


def _said(problem: duckdb.Error) -> str:
    """The database's words, without the copy of the statement it draws below them."""
    return str(problem).split("\n\nLINE ")[0].strip()


def _check_columns(types: dict[str, str], part: str, where: str) -> None:
    table = RECEIVED[part.partition(".")[0]]
    known = [*table.names, "_row", "_rows", *(["_labels"] if table.name == "stages" else [])]
    unknown = [name for name in types if name not in known]
    if unknown:
        raise ClientError(
            f"{table.name} has no such column",
            where=where,
            given=", ".join(unknown),
            remedy=f"its columns are {', '.join(table.names)}",
        )
    if ("_row" in types) == ("_rows" in types):
        raise ClientError(
            "a select returns either `_row` or `_rows`, so that refused rows can be found again",
            where=where,
            remedy="add `_row`, or `list(_row) as _rows` where rows are added up",
        )


def _as_text(query: str, types: dict[str, str]) -> str:
    """The select with every canonical column written as text, numbers and times in one way."""
    return f"select {', '.join(_column(name, kind) for name, kind in types.items())} from ({query}\n)"  # noqa: S608


def _column(name: str, kind: str) -> str:
    column = quoted(name)
    if name == "_row":
        return f"cast({column} as bigint) as _row"
    if name in ("_rows", "_labels"):
        return f"cast({column} as {'bigint' if name == '_rows' else 'varchar'}[]) as {name}"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%fZ') as {column}"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%f') as {column}"
    return f"cast({column} as varchar) as {column}"


def _selected(found: pa.Table, types: dict[str, str]) -> Selected:
    """The results in the order of their first raw row; results of one raw row keep theirs."""
    if "_row" in types:
        raw = found["_row"].fill_null(-1).to_numpy()
        made_of = [[row] for row in raw.tolist()]
    else:
        made_of = [
            sorted({row for row in rows or [] if row is not None}) for rows in found["_rows"].to_pylist()
        ]
    first = np.array([rows[0] if rows else -1 for rows in made_of], dtype="int64")
    order = np.argsort(first, kind="stable")
    made_of = [made_of[at] for at in order]
    names = [name for name in types if not name.startswith("_")]
    text = pd.DataFrame({name: found[name].to_pandas().astype("str") for name in names})
    labels = found["_labels"].to_pylist() if "_labels" in types else None
    return Selected(
        text.reindex(range(len(first))).iloc[order].reset_index(drop=True),
        frozenset(name for name, kind in types.items() if kind.startswith(_NUMBERS)),
        np.repeat(np.arange(len(made_of)), [len(rows) for rows in made_of]),
        np.array([row for rows in made_of for row in rows], dtype="int64"),
        first[order],
        None if labels is None else [list(labels[at] or []) for at in order],
    )

"""The raw tables of a drop in an in-memory database that can reach nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Items
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spm_lib.client import fold
from spm_lib.sources.convert import Formats, convert_raw
from spm_lib.sources.ledger import Fault, Ledger
from spm_lib.sources.mapping import FileSpec, Mapping, quoted
from spm_lib.sources.sheets import Sheet

_SQL_TYPES = {
    "money": "DECIMAL(18,2)",
    "number": "DOUBLE",
    "percent": "DOUBLE",
    "count": "BIGINT",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "duration": "DOUBLE",
    "milliseconds": "DOUBLE",
    "flag": "BOOLEAN",
}

_MACROS = r"""
create macro fold(text) as
  replace(lower(trim(regexp_replace(text, '[\s\x{00a0}\x{202f}]+', ' ', 'g'))), 'ß', 'ss');
create macro slug(text) as trim(regexp_replace(lower(text), '[^\p{L}\p{N}]+', '-', 'g'), '-');
create macro seconds_between(a, b) as date_diff('microsecond', a, b) / 1000000.0;
create macro _case_bits(part) as list_sum(list_transform(range(5),
  lambda i: case when substr(part, i + 1, 1) between 'A' and 'Z' then 1 << i else 0 end));
create macro sf_id18(id) as case when length(id) = 15 then id
  || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + _case_bits(substr(id, 1, 5))::int, 1)
  || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + _case_bits(substr(id, 6, 5))::int, 1)
  || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + _case_bits(substr(id, 11, 5))::int, 1)
  else id end;
create macro meaning(which, said) as (
  select max(value_map.meaning) from value_map where value_map.name = which and value_map.word = fold(said));
"""


@dataclass(frozen=True)
class RawFile:
    """One recognised file of a drop.

    Attributes
    ----------
    name, kind : str
    sheet : Sheet
    formats : Formats
    start : int
        ``_row`` of its first row.
    """

    name: str
    kind: str
    sheet: Sheet
    formats: Formats
    start: int

    @property
    def end(self) -> int:
        """One past the ``_row`` of its last row."""
        return self.start + len(self.sheet.rows)


def open_database(
    files: Iterable[RawFile], mapping: Mapping, as_of: pd.Timestamp, ledger: Ledger
) -> duckdb.DuckDBPyConnection:
    """The raw tables, the macros, then the lock.

    Parameters
    ----------
    files : iterable of RawFile
    mapping : Mapping
        Every kind it names becomes a table, empty where the drop has no such file.
    as_of : pandas.Timestamp
        When the export was taken; table ``taken``.
    ledger : Ledger
        Takes the rows whose declared types do not fit.
    """
    connection = duckdb.connect(
        ":memory:",
        config={"enable_external_access": "false", "python_enable_replacements": "false", "threads": "1"},
    )
    connection.execute("set TimeZone = 'UTC'")
    received = list(files)
    for kind, spec in mapping.files.items():
        mine = [file for file in received if file.kind == kind]
        _create(connection, kind, _raw_table(mine, spec, ledger), spec.types)
        for table, pattern in spec.unpivot.items():
            _create(connection, table, _unpivoted(mine, re.compile(pattern)), {})
    for table, rows in _lists(received, mapping, as_of).items():
        _create(connection, table, rows, {})
    connection.execute(_MACROS)
    connection.execute("set lock_configuration = true")
    return connection


def _create(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, types: Items[str, str]) -> None:
    casts = ", ".join(
        f"cast({quoted(column)} as {_SQL_TYPES[types[column]]}) as {quoted(column)}"
        if column in types
        else quoted(column)
        for column in rows.column_names
    )
    connection.register("_incoming", rows)
    connection.execute(f"create table {quoted(name)} as select {casts} from _incoming")  # noqa: S608
    connection.unregister("_incoming")


def _raw_table(files: list[RawFile], spec: FileSpec, ledger: Ledger) -> pa.Table:
    """The rows of all files of one kind, every mapped column there."""
    fields = [pa.field(name, pa.string()) for name in spec.columns if name not in spec.types]
    fields += [pa.field("_row", pa.int64()), pa.field("_file", pa.string())]
    parts = [pa.schema(fields).empty_table()]
    for file in files:
        columns = {name: cells for name, cells in file.sheet.columns.items() if name not in spec.types}
        columns |= _typed(file, spec, ledger)
        count = len(file.sheet.rows)
        columns["_row"] = pa.array(np.arange(file.start, file.end), pa.int64())
        columns["_file"] = pa.array([file.name] * count, pa.string())
        parts.append(pa.table(columns))
    table = pa.concat_tables(parts, promote_options="permissive")
    for name in spec.types:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), pa.string()))
    return table


def _typed(file: RawFile, spec: FileSpec, ledger: Ledger) -> dict[str, pa.Array]:
    """The columns with a declared type; rows that do not fit are refused."""
    columns = {}
    for name, kind in spec.types.items():
        if name not in file.sheet.columns:
            continue
        text = file.sheet.columns[name].to_pandas().astype("str")
        found = convert_raw(text, kind, file.formats)
        for at, reason in found.fault_list():
            fault = Fault(file.sheet.headers[name], text.iloc[at], reason)
            ledger.refuse(file.start + at, fault)
        columns[name] = pa.Array.from_pandas(found.values)
    return columns


def _unpivoted(files: list[RawFile], pattern: re.Pattern[str]) -> pa.Table:
    """One row per filled cell of the columns whose header matches."""
    groups = list(pattern.groupindex)
    names = ["header", "value", *groups]
    schema = pa.schema([("_row", pa.int64()), *((name, pa.string()) for name in names)])
    parts = [schema.empty_table()]
    for file in files:
        numbers = pa.array(np.arange(file.start, file.end), pa.int64())
        for name, header in file.sheet.headers.items():
            match = pattern.search(header)
            if match is None:
                continue
            cells = file.sheet.columns[name]
            filled = pc.is_valid(cells)
            values = cells.filter(filled)
            constant = [header, *(match[group] for group in groups)]
            columns = [pa.array([text] * len(values), pa.string()) for text in constant]
            parts.append(pa.table([numbers.filter(filled), columns[0], values, *columns[1:]], schema=schema))
    return pa.concat_tables(parts)


def _lists(files: list[RawFile], mapping: Mapping, as_of: pd.Timestamp) -> dict[str, pa.Table]:
    """Small tables a select may ask: stages and words of the mapping, columns received, the moment."""
    stages = {
        (fold(label), stage.id, stage.category, position)
        for position, stage in enumerate(mapping.stages, start=1)
        for label in (stage.id, stage.name or stage.id, *stage.labels)
    }
    words = [
        (name, fold(word), meaning)
        for name, meanings in mapping.values.items()
        for meaning, said in meanings.items()
        for word in said
    ]
    received = {
        (file.kind, name)
        for file in files
        for name in mapping.files[file.kind].columns
        if name in file.sheet.columns
    }
    text = pa.string()
    return {
        "stage_map": _table(
            sorted(stages),
            [("label", text), ("stage_id", text), ("category", text), ("position", pa.int64())],
        ),
        "value_map": _table(words, [("name", text), ("word", text), ("meaning", text)]),
        "received": _table(sorted(received), [("kind", text), ("name", text)]),
        "taken": _table([(as_of.to_pydatetime(),)], [("as_of", pa.timestamp("us", "UTC"))]),
    }


def _table(rows: Sequence[tuple[object, ...]], fields: list[tuple[str, pa.DataType]]) -> pa.Table:
    schema = pa.schema(fields)
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)

"""What a client's files mean: mapping.yaml over a vendor preset. Both are written in the same words.

The mapping
-----------
A key that is not listed here is refused, with the known ones listed. A client's mapping.yaml is merged over
``presets/<preset>.yaml``: keys add up, a client's headers and words come before the preset's (a word the
client gives another meaning loses the old one), any other list replaces the preset's, and ``null`` removes
what the preset says::

    preset: hubspot                 # optional; its name is the drop's source, else "spreadsheet"
    time_zone: client               # of times written without one: client | UTC | America/Chicago
    decimal: "."                    # or ","
    signs: ["$"]                    # signs to leave out of numbers; any other sign is refused
    dates: ["%m/%d/%Y"]             # besides YYYY-MM-DD, which is always read
    times: ["%m/%d/%Y %I:%M %p"]    # besides YYYY-MM-DD HH:MM[:SS], and ISO 8601 with T or an offset
    as_of: {from: name, day: end}   # a date in the file's name, else in its folder's, else the time the
                                    #   file was last written; `day: end`: it shows the end of that day
                                    # or {from: modified}, or {fixed: "2018-01-01T00:00:00Z"}
    scope: full                     # full: a drop shows every opportunity | changed: only what changed
    status_from: stage              # stage: status is the stage's category | status: the select brings it
    disqualified_reasons: [Duplicate]   # lost for one of these reasons means disqualified
    ignore: ["Product2.csv"]        # files that may lie there and are not needed
    files:
      deals:                        # the raw table `deals`
        columns:                    # our name: the headers it may have (case and spaces do not count)
          record_id: [Record ID, Deal ID]
          amount: Amount
        required: [record_id]       # the file is refused without these; a file is known by them
        names: ["*deals*"]          # file names that settle which kind it is, where headers do not
        types: {amount: money}      # checked at the door and typed in SQL, see below
        unpivot: {deals_entered: '^Date entered "(?P<stage>.+)"$'}    # header pattern, see below
        header_row: 1               # where titles stand above the header
        sheet: Deals                # of a workbook; otherwise every sheet is looked at
        delimiter: ";"              # otherwise found; a first line `sep=;` counts
        encoding: cp1252            # otherwise found: UTF-8, UTF-16, else cp1252 with a finding
        comment: "#"                # lines that begin so are left out
        footer: blank_row           # everything below the first blank row is left out
        time_zone / decimal / signs / dates / times: as above, for this file only
    values:                         # what words mean, for the macro meaning('call_outcome', text)
      call_outcome: {connected: [Connected, Spoke], no_answer: [No answer]}
    tables:
      opportunities:                # a canonical table; `activities.calls` is one part of `activities`
        needs: [deals]              # left out when a drop lacks one of these
        uses: [users]               # an empty table, with its columns, when a drop lacks it
        rows: all                   # all: falls with any of its raw rows | any: falls with the last one
        select: |                   # DuckDB SQL over the raw tables
          select record_id as opportunity_id, amount, "Deal owner" as rep_id, _row from deals
      accounts: {from: companies, columns: {account_id: id, name: name}}      # a plain renaming
    stages:                         # in order; labels of the past stay listed
      - {id: qualified, name: Qualified, category: open, labels: [Qualified To Buy], expected_days: 14}

Raw tables
----------
Every cell is text, outer spaces left out; only the empty cell is NULL ("NA" and "None" are text, 00123 and
1E5 stay as they are). Every mapped column exists, NULL where the file lacks it; the others keep their own
header and must be quoted. ``_row`` numbers the rows of a drop, ``_file`` names the file.

``types`` turns a mapped column into a SQL type at the door and refuses the rows whose value does not fit:
``money`` DECIMAL(18,2), ``number`` DOUBLE, ``percent`` DOUBLE (35 and 35 % are 0.35), ``count`` BIGINT,
``date`` DATE, ``timestamp`` TIMESTAMPTZ, ``duration`` DOUBLE seconds out of hh:mm:ss, ``milliseconds``
DOUBLE seconds, ``flag`` BOOLEAN. Declare what SQL has to add up, compare or order; leave the rest as text,
it is converted after the select.

``unpivot: {deals_entered: pattern}`` makes a raw table ``deals_entered`` with one row per filled cell of
every column whose header matches: ``_row``, ``header``, ``value``, and one column per named group of the
pattern. It exists, empty, when no header matches.

Always there: ``stage_map(label, stage_id, category, position)``, the mapping's stages with a row for each
folded id, name and label; ``received(kind, name)``, the mapped columns the drop's files really have;
``taken(as_of)``, the moment of the drop; ``value_map(name, word, meaning)``, the mapping's ``values``.

Selects
-------
One SELECT, over raw tables alone: no file, no network, no setting. ``at`` is a word of SQL: write ``"at"``.
It returns columns of ``schemas.RECEIVED[table]`` and either ``_row`` or ``_rows`` (``list(_row)``, for a
row made of several). Text is converted by the column's kind with the file's formats; what SQL has typed is
taken as it is. A row that cannot be converted is refused, with its raw rows; a refused raw row is used
nowhere, so whatever else was made of it falls too. Return ``_rows`` where every row counts (a sum), one
``_row`` where any would do. Two rows with one key: equal ones are folded, of differing ones the last
modified (or the last) stays. A part that selects ``stages`` may add ``_labels``, a list of other spellings.

``changes.old`` and ``changes.new`` hold text by their field: a stage's label, a day, an amount, a rep; all
are converted like the columns. With ``status_from: stage`` the status changes are added where the category
changes.

A day without an hour is, as a moment, the first instant of the client's day, whatever zone the file is in;
a moment is, as a day, the client's day.

Macros: ``sf_id18(id)`` the 18 characters of a Salesforce id, case kept; ``seconds_between(a, b)``;
``fold(text)`` lower case and single spaces, as labels are compared; ``meaning(name, text)`` by ``values``,
NULL for an unlisted word; ``slug(text)`` lower-case letters and digits, joined by hyphens.
"""

from __future__ import annotations

import codecs
import json
import re
from fnmatch import fnmatch
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import pandas as pd
from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from spm_lib.client import Client, Strict, fold
from spm_lib.schemas import RECEIVED

#: How the reader works; a new number reads every file anew.
READER_VERSION = "1"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = {"stage_map", "received", "taken", "value_map"}

Types = Literal[
    "money", "number", "percent", "count", "date", "timestamp", "duration", "milliseconds", "flag"
]


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


def _check_zone(value: str | None) -> str | None:
    if value is not None and value != "client" and value not in available_timezones():
        raise ValueError(f"not a time zone: {value!r}, write client, UTC or a name like America/Chicago")
    return value


def _check_names(names: dict[str, Any], what: str) -> None:
    bad = [name for name in names if not _NAME.fullmatch(name)]
    if bad:
        raise ValueError(f"not a {what} name: {bad[0]!r}, use lower-case letters, digits and underscores")


class AsOf(Strict):
    """When an export was taken."""

    source: Literal["name", "modified"] = Field(default="name", alias="from")
    day: Literal["end", "start"] = "end"
    fixed: pd.Timestamp | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @field_validator("fixed", mode="before")
    @classmethod
    def _instant(cls, value: object) -> pd.Timestamp | None:
        if value is None:
            return None
        at = pd.Timestamp(str(value))
        if at.tzinfo is None:
            raise ValueError("write it with its offset, like 2018-01-01T00:00:00Z")
        return at.tz_convert("UTC")


class Formats(Strict):
    """How times and numbers are written; what is not said is inherited."""

    time_zone: Annotated[str | None, BeforeValidator(_check_zone)] = None
    decimal: Literal[".", ","] | None = None
    signs: Texts | None = None
    dates: Texts | None = None
    times: Texts | None = None

    @field_validator("signs")
    @classmethod
    def _are_signs(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for one in value or ():
            # left out of 1.5, -1 or (1), these would leave another number
            if not one.strip(".,") or re.search(r"[\d+()−-]", one):
                raise ValueError(f"not a sign that may be left out: {one!r}, give currency signs and units")
        return value

    @field_validator("dates", "times")
    @classmethod
    def _are_formats(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for one in value or ():
            if "%" not in one:
                raise ValueError(f"not a format: {one!r}, write it like %Y-%m-%d")
        return value


class FileSpec(Formats):
    """One kind of file: its headers, and how it is written."""

    columns: dict[str, Texts]
    required: Texts = ()
    names: Texts = ()
    types: dict[str, Types] = Field(default_factory=dict)
    unpivot: dict[str, str] = Field(default_factory=dict)
    header_row: int = Field(default=1, ge=1)
    sheet: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    comment: str | None = Field(default=None, min_length=1)
    footer: Literal["blank_row"] | None = None

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, value: str | None) -> str | None:
        try:
            codecs.lookup(value or "utf-8")
        except LookupError as problem:
            raise ValueError(f"not an encoding: {value!r}, leave it out to have it found") from problem
        return value

    def is_named(self, name: str) -> bool:
        """Whether a file of this name, folders left out, speaks for this kind."""
        base = name.rpartition("/")[2].casefold()
        return any(fnmatch(base, pattern.casefold()) for pattern in self.names)

    @model_validator(mode="after")
    def _consistent(self) -> FileSpec:
        _check_names(self.columns, "column")
        _check_names(self.unpivot, "table")
        for name in (*self.required, *self.types):
            if name not in self.columns:
                raise ValueError(f"{name!r} is not among the columns")
        for pattern in self.unpivot.values():
            try:
                re.compile(pattern)
            except re.error as problem:
                raise ValueError(f"not a pattern: {pattern!r} ({problem})") from problem
        headers: dict[str, str] = {}
        for name, accepted in self.columns.items():
            for header in map(fold, accepted):
                if headers.setdefault(header, name) != name:
                    raise ValueError(f"{headers[header]!r} and {name!r} share the header {header!r}")
        return self


class TableSpec(Strict):
    """How one canonical table, or one part of it, is made of raw tables."""

    needs: Texts = ()
    uses: Texts = ()
    rows: Literal["all", "any"] = "all"
    select: str | None = None
    source: str | None = Field(default=None, alias="from")
    columns: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> TableSpec:
        if (self.select is None) == (self.source is None):
            raise ValueError("give either `select:` or `from:` with `columns:`")
        if self.select is not None and not self.needs:
            raise ValueError("say which files it needs: `needs: [name]`")
        return self

    @property
    def needed(self) -> tuple[str, ...]:
        """The kinds of files it cannot do without."""
        return self.needs or (self.source or "",)

    @property
    def query(self) -> str:
        """The SELECT, written out where it is a plain renaming."""
        if self.select is not None:
            return self.select
        columns = ", ".join(f'{quoted(raw)} as "{name}"' for name, raw in self.columns.items())
        return f"select {columns}, _row from {quoted(self.source or '')}"  # noqa: S608 (names are quoted)


class StageSpec(Strict):
    """One stage, by its lasting id, with every label it ever had."""

    id: str = Field(min_length=1)
    name: str = ""
    category: Literal["open", "won", "lost", "disqualified"] = "open"
    labels: Texts = ()
    expected_days: float | None = Field(default=None, gt=0)


class Mapping(Formats):
    """A client's mapping, preset included. The module's text lists its words."""

    preset: str | None = None
    time_zone: Annotated[str, BeforeValidator(_check_zone)] = "client"
    decimal: Literal[".", ","] = "."
    signs: Texts = ()
    dates: Texts = ()
    times: Texts = ()
    as_of: AsOf = AsOf()
    scope: Literal["full", "changed"] = "full"
    status_from: Literal["stage", "status"] = "stage"
    disqualified_reasons: Texts = ()
    ignore: Texts = ()
    files: dict[str, FileSpec] = Field(min_length=1)
    values: dict[str, dict[str, Texts]] = Field(default_factory=dict)
    tables: dict[str, TableSpec] = Field(min_length=1)
    stages: tuple[StageSpec, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Mapping:
        _check_names(self.files, "file")
        raw = [*self.files, *(table for spec in self.files.values() for table in spec.unpivot)]
        twice = next((name for name in raw if raw.count(name) > 1 or name in _TAKEN), None)
        if twice is not None:
            raise ValueError(f"two raw tables would be called {twice!r}")
        for name, table in self.tables.items():
            if name.partition(".")[0] not in RECEIVED:
                raise ValueError(f"tables.{name} is not a table; tables are {', '.join(RECEIVED)}")
            for kind in (*table.needed, *table.uses):
                if kind not in self.files:
                    raise ValueError(f"tables.{name} asks for {kind!r}; files are {', '.join(self.files)}")
        self._check_words()
        owners: dict[str, str] = {}
        for stage in self.stages:
            for label in {fold(stage.id), fold(stage.name or stage.id), *map(fold, stage.labels)}:
                if owners.setdefault(label, stage.id) != stage.id:
                    raise ValueError(f"stages {owners[label]!r} and {stage.id!r} share the label {label!r}")
        return self

    def _check_words(self) -> None:
        for name, meanings in self.values.items():
            owners: dict[str, str] = {}
            for meaning, words in meanings.items():
                for word in map(fold, words):
                    if owners.setdefault(word, meaning) != meaning:
                        raise ValueError(f"values.{name}: {word!r} means {owners[word]!r} and {meaning!r}")

    @property
    def source(self) -> str:
        """Where the drops come from: the preset, or a spreadsheet."""
        return self.preset or "spreadsheet"

    def ignores(self, name: str) -> bool:
        """Whether a file of this name may lie in a drop without being needed."""
        return any(fnmatch(name.casefold(), pattern.casefold()) for pattern in self.ignore)

    def said_by_name(self, name: str) -> str:
        """What a file's name alone decides: the kinds it speaks for, or that the file is not needed."""
        kinds = [kind for kind, spec in self.files.items() if spec.is_named(name)]
        return " ".join([*kinds, *(["ignored"] if self.ignores(name.rpartition("/")[2]) else [])])

    def effective_text(self, client: Client) -> str:
        """All that decides how bytes are read, as one text: the mapping, and the client's part in it."""
        facts = {
            "reader": READER_VERSION,
            "mapping": self.model_dump(mode="json", by_alias=True, exclude={"as_of"}),
            "as_of": [self.as_of.source, self.as_of.day, str(self.as_of.fixed)],
            "time_zone": client.time_zone,
            "currency": client.currency,
            "quarantined_rate": client.thresholds.quarantined_rate,
        }
        return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def quoted(name: str) -> str:
    """A name as SQL reads it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'

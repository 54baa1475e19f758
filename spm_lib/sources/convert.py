"""Text -> the type a canonical column asks for, by the formats of the file it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib.client import Client
from spm_lib.schemas import Column
from spm_lib.sources import numbers
from spm_lib.sources.mapping import FileSpec, Mapping, Types
from spm_lib.sources.moments import Clock, to_day, to_instant
from spm_lib.sources.values import Converted, because, by_distinct, no_faults

_CURRENCY = r"[A-Z]{3}"

#: Why an amount with a sign is refused beside amounts with another one.
MIXED_SIGNS = "the column has several currency signs, and no currency says which this is"


@dataclass(frozen=True)
class Formats:
    """How one file writes times and numbers.

    Attributes
    ----------
    clock : Clock
    decimal : str
    signs : tuple of str
    typed : bool
        SQL has typed the values: a point is a decimal point, whatever the file does.
    """

    clock: Clock
    decimal: str = "."
    signs: tuple[str, ...] = ()
    typed: bool = False

    @classmethod
    def of(cls, spec: FileSpec, mapping: Mapping, client: Client) -> Formats:
        """What a mapping says, the file's own words before the general ones."""
        zone = spec.time_zone or mapping.time_zone
        clock = Clock(
            zone=client.time_zone if zone == "client" else zone,
            client_zone=client.time_zone,
            dates=mapping.dates if spec.dates is None else spec.dates,
            times=mapping.times if spec.times is None else spec.times,
        )
        signs = mapping.signs if spec.signs is None else spec.signs
        return cls(clock, spec.decimal or mapping.decimal, signs)

    def after_sql(self) -> Formats:
        """The same clock, for values SQL has typed."""
        return Formats(self.clock, typed=True)


def convert_column(text: pd.Series, column: Column, formats: Formats) -> Converted:
    """One canonical column of one file.

    Parameters
    ----------
    text : pandas.Series of str
    column : schemas.Column
        Its kind decides the type, its name whether it is a currency.
    formats : Formats

    Returns
    -------
    Converted
    """
    if column.name == "currency":
        return _currency(text)
    if column.kind == "text":
        return Converted(text.reset_index(drop=True), no_faults())
    if column.kind == "choice":
        return to_choice(text, column.choices)
    if column.kind == "timestamp":
        return to_instant(text, formats.clock)
    if column.kind == "date":
        return to_day(text, formats.clock)
    if column.kind == "count":
        return numbers.to_count(text)
    if column.kind == "flag":
        return numbers.to_flag(text)
    found = to_amount(text, formats, money=column.kind == "money")
    return _share(found) if column.kind == "rate" else found


def to_amount(text: pd.Series, formats: Formats, *, money: bool) -> Converted:
    """Numbers by the file's signs, or as SQL writes them."""
    if formats.typed:
        found = numbers.from_sql(text)
        return Converted(found.values.round(2), found.faults) if money else found
    return numbers.to_number(text, decimal=formats.decimal, signs=formats.signs, money=money)


def convert_raw(text: pd.Series, kind: Types, formats: Formats) -> Converted:
    """One column of one file, by the type its mapping declares."""
    decimal, signs = formats.decimal, formats.signs
    if kind == "money":
        return _one_currency(text, numbers.to_number(text, decimal=decimal, signs=signs, money=True), signs)
    if kind == "number":
        return numbers.to_number(text, decimal=decimal, signs=signs)
    if kind == "milliseconds":
        found = numbers.to_number(text, decimal=decimal, signs=signs)
        return Converted(found.values / 1000, found.faults)
    if kind == "percent":
        return _share(numbers.to_percent(text, decimal=decimal, signs=signs))
    if kind == "date":
        return to_day(text, formats.clock)
    if kind == "timestamp":
        return to_instant(text, formats.clock)
    plain = {"count": numbers.to_count, "duration": numbers.to_seconds, "flag": numbers.to_flag}
    return plain[kind](text)


def _one_currency(text: pd.Series, found: Converted, signs: tuple[str, ...]) -> Converted:
    """The same, refused where the signs differ: such a column is declared to be added up."""
    used = numbers.signs_used(text.reset_index(drop=True), signs)
    if used.nunique() < 2:
        return found
    faults = pd.Series(MIXED_SIGNS, index=np.flatnonzero(used.notna()), dtype="str")
    return Converted(found.values.mask(used.notna()), pd.concat([found.faults, faults]), found.notes)


def to_choice(text: pd.Series, choices: tuple[str, ...]) -> Converted:
    """One of a few words; case does not count."""

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        words = distinct.str.casefold()
        known = words.isin(choices)
        return words.where(known), because(~known, f"none of {', '.join(choices)}")

    return by_distinct(text, convert)


def _currency(text: pd.Series) -> Converted:
    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        codes = distinct.str.upper()
        known = codes.str.fullmatch(_CURRENCY)
        return codes.where(known), because(~known, "not a currency code of three letters")

    return by_distinct(text, convert)


def _share(found: Converted) -> Converted:
    """The same, with numbers outside 0-1 refused."""
    outside = found.values.notna() & ~found.values.between(0, 1)
    faults = pd.Series("not a share between 0 and 1", index=np.flatnonzero(outside), dtype="str")
    return Converted(found.values.mask(outside), pd.concat([found.faults, faults]), found.notes)

"""Text -> instants and days, by explicit formats. Nothing is guessed: 03/04 is refused where it is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spm_lib.sources.values import Converted, by_distinct, cast

_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?"
_OFFSET = r"\s?(?:[Zz]|[+-]\d\d(?::?\d\d)?)"
_EARLIEST = pd.Timestamp("1980-01-01")
_NAIVE = "datetime64[us]"
_AWARE = "datetime64[us, UTC]"

_NO_FORMAT = "fits none of the formats of the mapping (`dates:`, `times:`)"
_MIXED = "day and month could be either way round: other rows are written differently; name one format"
_OLD = "before 1980: milliseconds read as seconds, or a placeholder?"


@dataclass(frozen=True)
class Clock:
    """How times are written in a file.

    Attributes
    ----------
    zone : str
        IANA name of the zone of times written without one.
    client_zone : str
        Where a day is cut out of an instant.
    dates, times : tuple of str
        strptime formats.
    """

    zone: str
    client_zone: str
    dates: tuple[str, ...] = ()
    times: tuple[str, ...] = ()


def to_instant(text: pd.Series, clock: Clock) -> Converted:
    """Instants, UTC; a day without an hour is the first instant of the client's day.

    Parameters
    ----------
    text : pandas.Series of str
        One column of one file.
    clock : Clock

    Returns
    -------
    Converted
        datetime64[us, UTC]; a note counts the local times that a clock change makes double or skips.
    """
    notes: list[str] = []

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        aware, local, is_day, reasons = _parse(distinct, clock)
        placed = _place(local.mask(is_day), clock.zone, notes)
        # a day belongs to the business, not to a zone: UTC midnight is the day before in New York
        days = _place(local.where(is_day), clock.client_zone, notes)
        return aware.fillna(placed).fillna(days), reasons

    found = by_distinct(text, convert)
    return Converted(found.values, found.faults, tuple(notes))


def to_day(text: pd.Series, clock: Clock) -> Converted:
    """Days, naive: as written, or where an offset is given the client's day.

    Returns
    -------
    Converted
        datetime64[us], midnight.
    """

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        aware, local, _, reasons = _parse(distinct, clock)
        there = aware.dt.tz_convert(clock.client_zone).dt.tz_localize(None)
        return cast(local.fillna(there).dt.normalize(), _NAIVE), reasons

    return by_distinct(text, convert)


def _place(local: pd.Series, zone: str, notes: list[str]) -> pd.Series:
    """Local times as instants: a double one is the first, a skipped one is moved to the end of the gap."""
    if local.isna().all():
        return _none(local.index, _AWARE)
    first = np.ones(len(local), dtype=bool)
    placed = local.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    sure = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    doubtful = int((placed.notna() & sure.isna()).sum())
    if doubtful:
        notes.append(f"{doubtful} times fall into a clock change of {zone}; the first reading was taken")
    return cast(placed.dt.tz_convert("UTC"), _AWARE)


def _parse(distinct: pd.Series, clock: Clock) -> tuple[pd.Series, pd.Series, pd.Series, pd.Series]:
    """Texts as instants (with an offset) or local times (without), which are days, why some are neither."""
    has_offset = distinct.str.fullmatch(_DAY + _CLOCK + _OFFSET)
    is_iso = distinct.str.fullmatch(f"{_DAY}(?:{_CLOCK})?")
    aware = _iso(distinct.where(has_offset), utc=True)
    local = _iso(distinct.where(is_iso), utc=False)
    is_day = distinct.str.fullmatch(_DAY)
    reasons = pd.Series(None, index=distinct.index, dtype="str")
    reasons = reasons.mask((has_offset & aware.isna()) | (is_iso & local.isna()), "no such day or time")
    rest = distinct[~has_offset & ~is_iso]
    if len(rest):
        found, why = _by_formats(rest, clock.dates + clock.times)
        for one in clock.dates:
            is_day |= _read(rest, one).notna().reindex(is_day.index, fill_value=False)
        local = local.fillna(found.reindex(local.index))
        reasons = reasons.fillna(why.reindex(reasons.index))
    early = (local < _EARLIEST) | (aware < _EARLIEST.tz_localize("UTC"))
    return aware.mask(early), local.mask(early), is_day, reasons.mask(early, _OLD)


def _iso(text: pd.Series, *, utc: bool) -> pd.Series:
    dtype = _AWARE if utc else _NAIVE
    if text.isna().all():
        return _none(text.index, dtype)
    return cast(pd.to_datetime(text, format="ISO8601", utc=utc, errors="coerce"), dtype)


def _none(index: pd.Index, dtype: str) -> pd.Series:
    """Nothing but missing moments."""
    return cast(pd.Series(None, index=index, dtype="object"), dtype)


def _by_formats(text: pd.Series, formats: tuple[str, ...]) -> tuple[pd.Series, pd.Series]:
    """Texts by the formats of a mapping.

    One format that reads every readable text decides. Where two do and disagree, or where none does, or
    where a text that no format reads shows that day and month stand the other way round, every text that
    could mean two days is refused.
    """
    found = cast(pd.Series(pd.NaT, index=text.index), _NAIVE)
    open_ = pd.Series(False, index=text.index)
    readings = [_read(text, one) for one in formats]
    readable = pd.Series(np.any([r.notna() for r in readings], axis=0), text.index) if readings else open_
    fitting = [r for r in readings if r.notna()[readable].all()] or readings
    for reading in fitting:
        open_ |= found.notna() & reading.notna() & (found != reading)
        found = found.fillna(reading)
    for reading, one in zip(readings, formats, strict=True):
        turned = _read(text, _turned(one))
        if turned[~readable].notna().any():
            open_ |= reading.notna() & turned.notna() & (reading != turned)
    reasons = pd.Series(np.select([~readable, open_], [_NO_FORMAT, _MIXED], ""), text.index, dtype="str")
    return found.mask(open_), reasons.mask(reasons == "")


def _read(text: pd.Series, form: str) -> pd.Series:
    return cast(pd.to_datetime(text, format=form, errors="coerce"), _NAIVE)


def _turned(form: str) -> str:
    """A format with day and month the other way round."""
    return form.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")

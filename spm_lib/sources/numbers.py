"""Text -> numbers, by the decimal sign a mapping names. What could mean two things is refused."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from spm_lib.sources.values import Converted, because, by_distinct

_GROUPS = " \u00a0\u202f'’"
_EXPONENT = r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+"
_FLAGS = {
    **dict.fromkeys(("true", "yes", "y", "t", "1"), True),
    **dict.fromkeys(("false", "no", "n", "f", "0"), False),
}


def to_number(
    text: pd.Series, *, decimal: str = ".", signs: tuple[str, ...] = (), money: bool = False
) -> Converted:
    """Plain or properly grouped numbers.

    Parameters
    ----------
    text : pandas.Series of str
        One column of one file; missing stays missing.
    decimal : str
        "." or ",": the other one may only stand between groups of three digits.
    signs : tuple of str
        Signs to leave out, like "$" or "USD".
    money : bool
        Two decimals, and 1.234 is refused where nothing in the column tells whether it is thousands.

    Returns
    -------
    Converted
        float64.
    """

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        bare = _without(distinct, signs)
        reasons = _misfits(bare, decimal)
        fits = reasons.isna()
        doubt = _doubt(bare, decimal, money=money)
        reasons = reasons.mask(fits & doubt.notna(), doubt)
        plain = bare.str.replace(f"[{_GROUPS}{_other(decimal)}]", "", regex=True)
        values = pd.to_numeric(plain.str.replace(",", ".").where(reasons.isna()), errors="coerce")
        return (values.round(2) if money else values).astype("float64"), reasons

    return by_distinct(text, convert)


def from_sql(text: pd.Series) -> Converted:
    """Numbers that SQL has typed: a point, no groups, perhaps an exponent."""
    values = pd.to_numeric(text, errors="coerce").astype("float64").reset_index(drop=True)
    lost = text.notna().to_numpy() & ~np.isfinite(values)
    faults = pd.Series("no number comes of the select", index=np.flatnonzero(lost), dtype="str")
    return Converted(values.mask(lost), faults)


def to_percent(text: pd.Series, *, decimal: str = ".", signs: tuple[str, ...] = ()) -> Converted:
    """Percent points, with or without their sign, as a share: 35 and 35 % are 0.35.

    Where a column holds 0.35 without a sign, it and every 1 beside it may be shares already: refused.
    """
    found = to_number(text, decimal=decimal, signs=(*signs, "%"))
    bare = found.values.mask(text.reset_index(drop=True).str.contains("%", regex=False).fillna(False))
    if not (bare.gt(0) & bare.lt(1)).any():
        return Converted(found.values / 100, found.faults)
    open_ = bare.gt(0) & bare.le(1)
    reason = "a share already, or a percentage? the column is declared as percent"
    faults = pd.Series(reason, index=np.flatnonzero(open_), dtype="str")
    return Converted((found.values / 100).mask(open_), pd.concat([found.faults, faults]))


def signs_used(text: pd.Series, signs: tuple[str, ...]) -> pd.Series:
    """Which of the signs each text bears, missing where none; of two that overlap the longer one."""
    longest = sorted((sign for sign in signs if sign != "%"), key=len, reverse=True)
    if not longest:
        return pd.Series(None, index=text.index, dtype="str")
    found: pd.Series = text.str.extract(f"({'|'.join(map(re.escape, longest))})", expand=False)
    return found


def to_count(text: pd.Series) -> Converted:
    """Whole numbers; 3.0 is 3."""

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        fits = distinct.str.fullmatch(r"\d{1,15}(?:\.0+)?")
        values = pd.to_numeric(distinct.where(fits), errors="coerce").astype("Int64")
        return values, because(~fits, "not a whole number")

    return by_distinct(text, convert)


def to_flag(text: pd.Series) -> Converted:
    """Yes or no, true or false, 1 or 0."""

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        values = distinct.str.casefold().map(_FLAGS).astype("boolean")
        return values, because(values.isna(), "neither yes nor no")

    return by_distinct(text, convert)


def to_seconds(text: pd.Series) -> Converted:
    """Seconds out of hh:mm:ss or mm:ss."""

    def convert(distinct: pd.Series) -> tuple[pd.Series, pd.Series]:
        parts = distinct.str.extract(r"^(?:(\d+):)?(\d{1,3}):([0-5]\d(?:\.\d+)?)$")
        numbers = parts.astype("float64")
        values = numbers[0].fillna(0) * 3600 + numbers[1] * 60 + numbers[2]
        return values, because(values.isna(), "not a length of time, write it hh:mm:ss")

    return by_distinct(text, convert)


def _other(decimal: str) -> str:
    return "," if decimal == "." else "."


def _without(text: pd.Series, signs: tuple[str, ...]) -> pd.Series:
    for sign in signs:
        text = text.str.replace(sign, "", regex=False)
    return text.str.strip(" \u00a0\u202f")


def _misfits(bare: pd.Series, decimal: str) -> pd.Series:
    """Why a text is no number; missing where it is one."""
    point, other = re.escape(decimal), re.escape(_other(decimal))
    plain = rf"[+-]?(?:\d+(?:{point}\d*)?|{point}\d+)"
    grouped = [rf"[+-]?\d{{1,3}}(?:{group}\d{{3}})+(?:{point}\d+)?" for group in (other, *_GROUPS)]
    fits = bare.str.fullmatch("|".join(f"(?:{form})" for form in (plain, *grouped)))
    answers = [
        (bare.str.contains(r"\d{16}") & fits, "too large for an amount"),
        (fits, ""),
        (
            bare.str.fullmatch(rf"\((?:{plain})\)|(?:{plain})[-−]|−(?:{plain})"),
            "a negative number in another spelling; write it like -100",
        ),
        (bare.str.fullmatch(_EXPONENT), "written with an exponent, as Excel spoils long numbers"),
        (bare.str.contains("%", regex=False), "a percent sign, which the mapping does not expect"),
        (bare.str.fullmatch(rf"[+-]?\d[\d.,{_GROUPS}]*"), f"not a number with the decimal sign {decimal}"),
        (
            bare.str.contains(r"^[^\d=(]{0,5}\d[\d.,]*[^\d)]{0,5}$"),
            "a currency sign or unit; list it under `signs:`",
        ),
    ]
    reasons = np.select([case for case, _ in answers], [text for _, text in answers], "not a number")
    found = pd.Series(reasons, index=bare.index, dtype="str")
    return found.where(found != "")


def _doubt(bare: pd.Series, decimal: str, *, money: bool) -> pd.Series:
    """Why a number that reads well may mean something else, in the light of its column."""
    point, other = re.escape(decimal), re.escape(_other(decimal))
    none = pd.Series(None, index=bare.index, dtype="str")
    # 12,50 or 1.234,50 beside a decimal point: then 1,234 and 1.234 are in doubt as well
    contrary = bare.str.fullmatch(rf"[+-]?(?:\d+{other}\d{{1,2}}|\d{{1,3}}(?:{point}\d{{3}})+{other}\d+)")
    three = bare.str.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
    if contrary.any():
        return none.mask(three, f"other rows are not written with the decimal sign {decimal}")
    thousands = bare.str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}{point}\d{{3}}")
    if money and thousands.any() and not (bare.str.contains(decimal, regex=False) & ~thousands).any():
        reason = f"thousands, or three decimals? the mapping says the decimal sign is {decimal}"
        return none.mask(thousands, reason)
    return none

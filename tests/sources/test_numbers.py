"""Numbers as people and programs write them: the right one, or a refusal that says why."""

from __future__ import annotations

import pytest

from spm_lib.errors import ClientError
from tests.sources.typed_in import MAPPING, refusals

COMMA = "decimal: ','\n" + MAPPING
ONE_CENT = "thousands, or three decimals?"


def amounts(read, cells, mapping=MAPPING):
    """The cells as a column Amount, between semicolons -> the number or the reason of each."""
    rows = "".join(f"{at};Qualified;{cell}\n" for at, cell in enumerate(cells))
    drop = read({"deals.csv": "Deal ID;Deal Stage;Amount\n" + rows}, mapping)
    found = drop.tables["opportunities"].set_index("opportunity_id")["amount"].to_dict()
    refused = {str(row - 2): reason for row, _, _, reason in refusals(drop)}
    return [found.get(str(at), refused.get(str(at))) for at in range(len(cells))]


@pytest.mark.parametrize(
    ("cell", "mapping", "number"),
    [
        ("1234.50", MAPPING, 1234.5),
        ("1,234.50", MAPPING, 1234.5),
        ("1'234.50", MAPPING, 1234.5),
        ("1 234.50", MAPPING, 1234.5),
        ("1\u00a0234.50", MAPPING, 1234.5),
        ("1,234,567", MAPPING, 1234567.0),
        ("-250", MAPPING, -250.0),
        ("0", MAPPING, 0.0),
        (".5", MAPPING, 0.5),
        ("1.234,50", COMMA, 1234.5),
        ("1234,5", COMMA, 1234.5),
        ("1.234.567", COMMA, 1234567.0),
        ("-1.234,50", COMMA, -1234.5),
    ],
)
def test_a_number_is_read_as_its_decimal_sign_says(read, cell, mapping, number):
    assert amounts(read, [cell], mapping) == [number]


@pytest.mark.parametrize(
    ("cell", "mapping", "reason"),
    [
        ("1.234,50", MAPPING, "not a number with the decimal sign ."),
        ("1,234.50", COMMA, "not a number with the decimal sign ,"),
        ("12,34", MAPPING, "not a number with the decimal sign ."),
        ("1.2.3", MAPPING, "not a number with the decimal sign ."),
        ("1.23E+10", MAPPING, "written with an exponent, as Excel spoils long numbers"),
        ("12%", MAPPING, "a percent sign, which the mapping does not expect"),
        ("$100", MAPPING, "a currency sign or unit; list it under `signs:`"),
        ("100 EUR", MAPPING, "a currency sign or unit; list it under `signs:`"),
        ("(100)", MAPPING, "a negative number in another spelling; write it like -100"),
        ("100-", MAPPING, "a negative number in another spelling; write it like -100"),
        ("−100", MAPPING, "a negative number in another spelling; write it like -100"),
        ("=1+1", MAPPING, "not a number"),
        ("#REF!", MAPPING, "not a number"),
        ("NaN", MAPPING, "not a number"),
        ("inf", MAPPING, "not a number"),
        ("12345678901234567890", MAPPING, "too large for an amount"),
        ("１２３", MAPPING, "cannot be read as it is written"),
        ("١٢٣", MAPPING, "cannot be read as it is written"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(read, cell, mapping, reason):
    assert amounts(read, [cell], mapping) == [reason]


def test_a_decimal_comma_that_nobody_declared_is_never_read_as_another_number(read):
    # 1,234 would be 1234 beside a decimal point, and 12,50 shows that it is not
    assert amounts(read, ["12,50", "1,234", "7"]) == [
        "not a number with the decimal sign .",
        "other rows are not written with the decimal sign .",
        7.0,
    ]


def test_three_decimals_alone_in_a_column_of_money_are_refused_as_thousands_may_be_meant(read):
    first, second = amounts(read, ["1.234", "2.500"])
    assert first.startswith(ONE_CENT)
    assert second.startswith(ONE_CENT)
    # beside 17.50 the point is a decimal one: 1.234 rounds to 1.23
    assert amounts(read, ["1.234", "17.50"]) == [1.23, 17.5]


def test_signs_that_the_mapping_lists_are_left_out(read):
    listed = 'signs: ["$", USD]\n' + MAPPING
    assert amounts(read, ["$1,234.50", "$ 7", "-$20"], listed) == [1234.5, 7.0, -20.0]
    assert amounts(read, ["€5"], listed) == ["a currency sign or unit; list it under `signs:`"]


def test_two_currencies_in_one_column_are_refused_unless_each_row_names_its_own(read):
    listed = 'signs: ["$", €]\n' + MAPPING
    reason = "the column has several currency signs, and no currency says which this is"
    assert amounts(read, ["$100", "€100", "100"], listed) == [reason, reason, 100.0]
    table = read(
        {"deals.csv": "Deal ID,Deal Stage,Amount,Currency\n1,Qualified,$100,USD\n2,Qualified,€100,EUR\n"},
        listed,
    ).tables["opportunities"]
    assert list(zip(table["amount"], table["currency"], strict=True)) == [(100.0, "USD"), (100.0, "EUR")]


def test_two_currencies_in_a_column_that_sql_adds_up_are_refused_even_then(read):
    typed = 'signs: ["$", €]\n' + MAPPING.replace(
        "required: [id, stage]", "required: [id, stage]\n    types: {amount: money}"
    )
    drop = read(
        {"deals.csv": "Deal ID,Deal Stage,Amount,Currency\n1,Qualified,$100,USD\n2,Qualified,€100,EUR\n"},
        typed,
    )
    assert [row for row, *_ in refusals(drop)] == [2, 3]


def test_amounts_keep_their_own_currency_and_the_clients_where_the_file_is_silent(deals):
    table = deals(
        "Deal ID,Deal Stage,Amount,Currency\n1,Qualified,5,EUR\n2,Qualified,7,\n3,Qualified,9,gbp\n"
    )
    assert table["currency"].tolist() == ["EUR", "USD", "GBP"]
    assert table["amount"].tolist() == [5.0, 7.0, 9.0]


def test_what_is_no_currency_code_is_refused(read):
    drop = read({"deals.csv": "Deal ID,Deal Stage,Currency\n1,Qualified,Euro\n"})
    assert refusals(drop) == [(2, "Currency", "Euro", "not a currency code of three letters")]


@pytest.mark.parametrize("sign", ["-", "(", "1", ".", "", "+"])
def test_a_sign_whose_loss_would_change_a_number_is_no_sign(load, sign):
    with pytest.raises(ClientError, match="not a sign that may be left out"):
        load(f'signs: ["{sign}"]\n' + MAPPING)


def test_a_number_without_end_that_sql_makes_is_refused(read):
    mapping = MAPPING.replace(
        "stage as stage_id, amount,", "stage as stage_id, 1 / amount::double as amount,"
    )
    drop = read({"deals.csv": "Deal ID,Deal Stage,Amount\n1,Qualified,2\n2,Qualified,1e-320\n"}, mapping)
    assert drop.tables["opportunities"]["amount"].tolist() == [0.5]
    assert [(row, reason) for row, _, _, reason in refusals(drop)] == [(3, "no number comes of the select")]


CHANCES = """\
files:
  deals:
    columns: {id: Deal ID, stage: Deal Stage, chance: Chance}
    required: [id, stage]
tables:
  opportunities:
    needs: [deals]
    select: select id as opportunity_id, stage as stage_id, chance as probability, _row from deals
stages: [{id: Qualified}]
"""
PERCENT = CHANCES.replace("required: [id, stage]", "required: [id, stage]\n    types: {chance: percent}")
SHARE = "not a share between 0 and 1"
OPEN = "a share already, or a percentage? the column is declared as percent"


@pytest.mark.parametrize(
    ("mapping", "cells", "found"),
    [
        (CHANCES, ["0", "0.35", "1"], [0.0, 0.35, 1.0]),
        (CHANCES, ["0", "35", "-0.1"], [0.0, SHARE, SHARE]),
        (PERCENT, ["0", "35", "35 %", "100%", "0.5%"], [0.0, 0.35, 0.35, 1.0, 0.005]),
        (PERCENT, ["1", "35", "100"], [0.01, 0.35, 1.0]),
        (PERCENT, ["0", "0.35", "1"], [0.0, OPEN, OPEN]),
        (PERCENT, ["120", "-5"], [SHARE, SHARE]),
    ],
)
def test_a_probability_is_a_share_or_a_percentage_as_the_mapping_says(read, mapping, cells, found):
    rows = "".join(f"{at},Qualified,{cell}\n" for at, cell in enumerate(cells))
    drop = read({"deals.csv": "Deal ID,Deal Stage,Chance\n" + rows}, mapping)
    got = drop.tables["opportunities"].set_index("opportunity_id")["probability"].to_dict()
    got |= {str(row - 2): reason for row, _, _, reason in refusals(drop)}
    assert [got[str(at)] for at in range(len(cells))] == found


CALLS = """\
files:
  calls:
    columns: {id: ID, at: At, length: Length}
    required: [id, at, length]
    types: {length: LENGTH}
tables:
  activities:
    needs: [calls]
    select: |
      select id as activity_id, 'call' as kind, "at", length as duration_seconds, _row from calls
"""


@pytest.mark.parametrize(
    ("declared", "cell", "seconds"),
    [
        ("milliseconds", "90500", 90.5),
        ("milliseconds", "0", 0.0),
        ("duration", "00:01:30", 90.0),
        ("duration", "1:30", 90.0),
        ("duration", "100:00:00", 360000.0),
        ("number", "90.5", 90.5),
        ("duration", "90", "not a length of time, write it hh:mm:ss"),
        ("duration", "1:75", "not a length of time, write it hh:mm:ss"),
        ("milliseconds", "1:30", "not a number"),
    ],
)
def test_a_length_of_time_is_in_the_unit_the_mapping_declares(read, declared, cell, seconds):
    drop = read(
        {"calls.csv": f"ID,At,Length\n1,2026-11-02 09:00,{cell}\n"}, CALLS.replace("LENGTH", declared)
    )
    got = [*drop.tables["activities"]["duration_seconds"], *(reason for *_, reason in refusals(drop))]
    assert got == [seconds]

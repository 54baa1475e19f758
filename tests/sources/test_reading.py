"""Whatever the bytes are: the right rows, or a message that says what to do."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zipfile
from datetime import date, datetime

import pandas as pd
import pytest

from spm_lib import sources
from spm_lib.errors import ClientError
from tests.sources.typed_in import MAPPING, packed, refusals, workbook

ROWS = "Deal ID,Deal Name,Deal Stage,Amount\n1,Cafe,Qualified,100\n2,Müller,Closed Won,250.5\n"
SEMICOLONS = ROWS.replace(",", ";")


SHEET = [
    ["Deal ID", "Deal Name", "Deal Stage", "Amount"],
    [1, "Cafe", "Qualified", 100],
    [2, "Müller", "Closed Won", 250.5],
]


SAME_ROWS = {
    "utf-8": ROWS.encode(),
    "utf-8 with mark": codecs.BOM_UTF8 + ROWS.encode(),
    "utf-16": ROWS.encode("utf-16"),
    "utf-16-le": ROWS.encode("utf-16-le"),
    "utf-16-be": ROWS.encode("utf-16-be"),
    "cp1252": ROWS.encode("cp1252"),
    "crlf": ROWS.replace("\n", "\r\n").encode(),
    "cr": ROWS.replace("\n", "\r").encode(),
    "semicolon": SEMICOLONS.encode(),
    "bar": ROWS.replace(",", "|").encode(),
    "tab": ROWS.replace(",", "\t").encode(),
    "sep line": ("sep=;\n" + SEMICOLONS).encode(),
    "sep line and mark": codecs.BOM_UTF8 + ("SEP=;\r\n" + SEMICOLONS).encode(),
    "blank lines": ROWS.replace("\n", "\n\n").encode(),
    "quotes and spaces": ROWS.replace("Müller", '"Müller"')
    .replace("Deal ID", '" deal\u00a0id "')
    .replace("Amount", "Amount\u00a0 ")
    .encode(),
    "trailing comma": ROWS.replace("\n", ",\n").encode(),
    "gz": gzip.compress(ROWS.encode()),
    "zip": packed(deals_csv=ROWS),
    "zip of a workbook": packed(deals_xlsx=workbook(Deals=SHEET)),
    "zip of a gz": packed(deals_gz=gzip.compress(ROWS.encode())),
    "xlsx": workbook(Sheet1=SHEET),
    "xlsx with another sheet": workbook(Notes=[["nothing"], ["here"]], Deals=SHEET),
}


@pytest.mark.parametrize("content", SAME_ROWS.values(), ids=SAME_ROWS)
def test_the_same_rows_are_read_however_they_are_written(read, content):
    drop = read({"deals": content})
    assert [file.error for file in drop.files] == [None] * len(drop.files)
    table = drop.tables["opportunities"]
    assert table["opportunity_id"].tolist() == ["1", "2"]
    assert table["name"].tolist() == ["Cafe", "Müller"]
    assert table["amount"].tolist() == [100.0, 250.5]
    assert table["status"].tolist() == ["open", "won"]
    assert not len(drop.quarantine)


def test_cp1252_is_read_with_a_finding(read):
    (file,) = read({"deals.csv": ROWS.encode("cp1252")}).files
    assert file.findings == ("not UTF-8, read as cp1252 from line 3 on; check names with accents",)


def test_the_euro_sign_and_quotes_of_windows_are_read_as_they_are(read):
    text = ROWS.replace("Cafe", "Café “Zur 5 €”").encode("cp1252")
    assert read({"deals.csv": text}).tables["opportunities"]["name"][0] == "Café “Zur 5 €”"
    signed = ROWS.replace(",100", ",€100").encode("cp1252")
    table = read({"deals.csv": signed}, "signs: €\n" + MAPPING).tables["opportunities"]
    assert table["amount"].tolist() == [100.0, 250.5]


def test_a_named_encoding_that_does_not_fit_says_where(read):
    mapping = MAPPING.replace("required: [id, stage]", "required: [id, stage]\n    encoding: utf-8")
    (file,) = read({"deals.csv": ROWS.encode("cp1252")}, mapping).files
    assert "the file is not utf-8, as the mapping says" in str(file.error)
    assert "line 3" in str(file.error)


def test_an_unknown_encoding_asks_for_its_name(read):
    (file,) = read({"deals.csv": ROWS.encode().replace("ü".encode(), b"\x81\x8d")}).files
    assert "encoding of the file is unknown" in str(file.error)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\r\n  \n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not text"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00", "not text"),
        (gzip.compress(ROWS.encode() * 100)[:60], "cut off or damaged"),
        (gzip.compress(ROWS.encode())[:-9] + b"\0" * 9, "cut off or damaged"),
        (packed(deals_csv=ROWS * 100)[:-30], "cut off or damaged"),
        (workbook(Deals=SHEET)[:-100], "cut off or damaged"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 600, "the workbook cannot be read"),
        (packed(), "cut off or damaged|holds no file"),
        (packed(deals_csv=""), "the file is empty"),
        (gzip.compress(b"\n"), "the file is empty"),
        ((ROWS + '3,"Bad').encode(), "the quotes of the file are broken, or it is cut off"),
        ((ROWS + '3,"Bad"x,Qualified,1\n').encode(), "the quotes of the file are broken"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_brings_nothing(read, content, said):
    drop = read({"deals.csv": content})
    (file,) = drop.files
    assert re.search(said, str(file.error))
    assert (file.rows_read, drop.tables) == (0, {})


def test_a_workbook_damaged_inside_is_refused(read):
    broken = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(Deals=SHEET))) as whole, zipfile.ZipFile(broken, "w") as part:
        for name in whole.namelist():
            text = whole.read(name)
            part.writestr(name, text[: len(text) // 2] if name.endswith("sheet1.xml") else text)
    (file,) = read({"deals.xlsx": broken.getvalue()}).files
    assert file.error is not None


def test_a_missing_file_is_reported(tmp_path, client, load):
    drop = sources.read_drop([tmp_path / "gone.csv"], pd.Timestamp(0, tz="UTC"), load(), client)
    assert "cannot be read" in str(drop.files[0].error)


def test_a_header_without_rows_is_received_and_empty(read):
    drop = read({"deals.csv": ROWS.splitlines()[0] + "\n"})
    assert (drop.files[0].rows_read, drop.files[0].error) == (0, None)
    assert drop.files[0].findings == ("no rows below the header",)
    assert len(drop.tables["opportunities"]) == 0


def test_a_file_of_another_vendor_names_its_columns_and_what_is_known(read):
    drop = read({"people.csv": "Person - Name,Person - Email\nA,a@b.example\n"})
    said = str(drop.files[0].error)
    assert "none this mapping knows" in said
    assert "Person - Name, Person - Email" in said
    assert "kinds known: deals" in said
    assert "Deal ID or Record ID; Deal Stage or Stage" in said
    assert drop.tables == {}


def test_a_missing_required_column_is_named_beside_those_found(read):
    said = str(read({"deals.csv": "Deal ID,Deal Name\n1,Cafe\n"}).files[0].error)
    assert "lacks Deal Stage or Stage" in said
    assert "columns: Deal ID, Deal Name" in said


def test_ragged_rows_go_to_quarantine_with_their_line_and_the_others_stay(read):
    drop = read({"deals.csv": ROWS + "3,Rossi, Maria,Qualified,10\n4,Short\n5,Good,Qualified,7\n"})
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["1", "2", "5"]
    assert refusals(drop) == [
        (4, "", "3 | Rossi |  Maria | Qualified | 10", "the row has 5 cells, the header has 4"),
        (5, "", "4 | Short", "the row has 2 cells, the header has 4"),
    ]


def test_line_numbers_count_as_a_spreadsheet_shows_them(read):
    text = 'Deal ID,Deal Name,Deal Stage,Amount\n1,"two\nlines",Qualified,1\n\n2,Cafe,Qualified,x\n'
    drop = read({"deals.csv": text})
    assert refusals(drop) == [(4, "Amount", "x", "not a number")]


def test_rows_below_the_first_blank_one_are_a_footer_where_the_mapping_says_so(read):
    text = ROWS + "\nTotal,2\nConfidential\n"
    drop = read(
        {"deals.csv": text},
        MAPPING.replace("required: [id, stage]", "required: [id, stage]\n    footer: blank_row"),
    )
    assert drop.files[0].rows_read == 2
    assert drop.files[0].findings == ("2 rows below the first blank row are left out",)
    assert len(read({"deals.csv": text}).quarantine) == 2


def test_titles_above_the_header_and_comments_are_left_out_where_the_mapping_says_so(read):
    spec = "required: [id, stage]\n    header_row: 3\n    comment: '#'"
    drop = read(
        {"deals.csv": "Pipeline of\n\n" + ROWS + "# the end,,,\n"},
        MAPPING.replace("required: [id, stage]", spec),
    )
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["1", "2"]
    assert drop.files[0].findings == ("1 comment rows are left out",)


def test_a_mapped_header_that_stands_twice_is_refused_and_an_unmapped_one_is_numbered(read):
    twice = "Deal ID,Deal Stage,Amount,Amount\n1,Qualified,1,2\n"
    assert "a header stands twice" in str(read({"deals.csv": twice}).files[0].error)
    notes = MAPPING.replace("select id", 'select "Note" || "Note_2" as name, id').replace(
        " name, stage", " stage"
    )
    drop = read({"deals.csv": "Deal ID,Deal Stage,Note,Note\n1,Qualified,a,b\n"}, notes)
    assert drop.tables["opportunities"]["name"].tolist() == ["ab"]


def test_the_first_accepted_header_counts_when_a_file_has_two(deals):
    table = deals("Record ID,Deal ID,Stage\n9,1,Qualified\n")
    assert table["opportunity_id"].tolist() == ["1"]


def test_a_workbook_keeps_whole_numbers_days_and_leading_zeros(read):
    rows = [
        ["Deal ID", "Deal Stage", "Amount", "Create Date", "Close Date"],
        [28412345678, "Qualified", 1200.5, datetime.fromisoformat("2026-11-02T14:05"), date(2026, 12, 24)],
        ["00123", "Qualified", 7, datetime.fromisoformat("2026-11-03"), date(2026, 12, 25)],
    ]
    table = read({"deals.xlsx": workbook(Deals=rows)}).tables["opportunities"]
    assert table["opportunity_id"].tolist() == ["28412345678", "00123"]
    assert table["created_at"].dt.strftime("%Y-%m-%dT%H:%M").tolist() == [
        "2026-11-02T20:05",
        "2026-11-03T06:00",
    ]
    assert table["expected_close"].dt.strftime("%Y-%m-%d").tolist() == ["2026-12-24", "2026-12-25"]


def test_the_sheet_a_mapping_names_is_the_one_that_is_read(read):
    other = [SHEET[0], [9, "Old", "Qualified", 1]]
    spec = MAPPING.replace("required: [id, stage]", "required: [id, stage]\n    sheet: Now")
    drop = read({"book.xlsx": workbook(Before=other, Now=SHEET)}, spec)
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["1", "2"]
    assert [file.name for file in drop.files] == ["book.xlsx/Before", "book.xlsx/Now"]


def test_every_file_of_an_archive_is_its_own(read):
    drop = read({"all.zip": packed(deals_csv=ROWS, people_csv="a,b\n1,2\n")})
    assert [(file.name, file.kind) for file in drop.files] == [
        ("all.zip/deals.csv", "deals"),
        ("all.zip/people.csv", None),
    ]
    assert drop.files[1].error is not None
    assert len(drop.tables["opportunities"]) == 2


def test_one_bad_file_of_an_archive_fails_alone(read):
    drop = read({"all.zip": packed(deals_csv=ROWS, more_csv="", cut_gz=gzip.compress(ROWS.encode())[:30])})
    assert [file.error is None for file in drop.files] == [True, False, False]
    assert "all.zip/more.csv" in str(drop.files[1].error)
    assert len(drop.tables["opportunities"]) == 2


def test_two_files_of_one_name_in_an_archive_are_told_apart(read):
    # the second name has as many letters as the first, so it can be replaced in the bytes
    twice = packed(deals_csv=ROWS, sales_csv=ROWS.replace("Qualified", "Nowhere"))
    drop = read({"all.zip": twice.replace(b"sales.csv", b"deals.csv")})
    assert [(file.name, file.quarantined) for file in drop.files] == [
        ("inbox/all.zip/deals.csv", 0),
        ("inbox/all.zip/deals.csv (2)", 1),
    ]


def test_an_archive_with_a_password_says_so(read):
    # the flag of encryption, in the header of the member and in the list at the end
    locked = bytearray(packed(deals_csv=ROWS))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + place] |= 1
    (file,) = read({"deals.zip": bytes(locked)}).files
    assert "the file is locked by a password" in str(file.error)


def test_every_sheet_that_is_known_is_read_and_has_its_own_account(read):
    more = [SHEET[0], [3, "Bar", "Qualified", 1], [4, "Inn", "Nowhere", 1]]
    drop = read({"book.xlsx": workbook(October=SHEET, November=more)})
    assert [(file.name, file.rows_read, file.accepted) for file in drop.files] == [
        ("book.xlsx/October", 2, 2),
        ("book.xlsx/November", 2, 1),
    ]
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["1", "2", "3"]


def test_a_copy_of_a_workbook_is_read_once(read):
    book = workbook(October=SHEET, November=[SHEET[0], [3, "Bar", "Qualified", 1]])
    drop = read({"a.xlsx": book, "b.xlsx": book})
    assert [file.rows_read for file in drop.files] == [2, 1, 0, 0]
    assert drop.files[3].findings == ("the same file as a.xlsx/November, read once",)


def test_a_file_that_is_not_needed_is_no_failure(read):
    drop = read({"deals.csv": ROWS, "Product2.csv": "a,b\n1,2\n"}, MAPPING + "ignore: ['product*.csv']\n")
    assert [(file.kind, file.error, file.findings) for file in drop.files] == [
        ("deals", None, ()),
        (None, None, ("not needed",)),
    ]


def test_the_same_bytes_twice_are_read_once(read):
    drop = read({"deals.csv": ROWS, "deals (1).csv": ROWS})
    assert drop.files[1].findings == ("the same file as deals.csv, read once",)
    assert len(drop.tables["opportunities"]) == 2


def test_a_file_of_which_too_much_is_refused_fails_with_the_top_reasons(read):
    text = "Deal ID;Deal Stage;Amount\n" + "".join(f"{n};Qualified;1.234,50\n" for n in range(20))
    drop = read({"deals.csv": text}, lenient=False)
    said = str(drop.files[0].error)
    assert "20 of 20 rows are refused, more than the 10% a file may lose" in said
    assert "Amount: not a number with the decimal sign . (20 rows, e.g. '1.234,50' in row 2)" in said
    assert (drop.files[0].accepted, drop.files[0].quarantined) == (0, 20)
    assert "opportunities" not in drop.tables
    assert len(drop.quarantine) == 20
    good = read({"deals.csv": text}, "decimal: ','\n" + MAPPING, lenient=False)
    assert good.tables["opportunities"]["amount"].eq(1234.5).all()


def test_a_failed_file_takes_the_others_of_its_kind_with_it_but_no_other_kind(read):
    mapping = MAPPING + "disqualified_reasons: []\n"
    mapping = mapping.replace(
        "tables:\n",
        "  people: {columns: {id: Person}, required: [id]}\n"
        "tables:\n  people: {from: people, columns: {person_id: id}}\n",
    )
    bad = "Deal ID,Deal Stage\n7,Nowhere\n"
    drop = read({"a.csv": ROWS, "b.csv": bad, "people.csv": "Person\nana\n"}, mapping, lenient=False)
    reports = {file.name: file for file in drop.files}
    assert "1 of 1 rows are refused" in str(reports["b.csv"].error)
    assert "another file of the kind deals failed" in str(reports["a.csv"].error)
    assert (reports["people.csv"].error, reports["people.csv"].accepted) == (None, 1)
    assert "opportunities" not in drop.tables
    assert drop.tables["people"]["person_id"].tolist() == ["ana"]


def test_two_kinds_that_fit_equally_are_told_apart_by_the_file_name_or_refused(read):
    two = MAPPING.replace(
        "tables:\n",
        "  leads:\n    columns: {id: Deal ID, stage: Deal Stage, name: Deal Name, amount: Amount}\n"
        "    required: [id, stage]\ntables:\n",
    )
    assert "could be deals or leads" in str(read({"x.csv": ROWS}, two).files[0].error)
    named = two.replace(
        "required: [id, stage]\ntables", "required: [id, stage]\n    names: ['*leads*']\ntables"
    )
    assert read({"open Leads.csv": ROWS}, named).files[0].kind == "leads"


def test_an_unreadable_mapping_is_refused_before_any_file(load):
    with pytest.raises(ClientError, match="not YAML"):
        load("files: [")

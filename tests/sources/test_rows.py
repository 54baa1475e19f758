"""Which rows stay: every row read is accepted or quarantined, once, with its line and the reason."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spm_lib.errors import ClientError
from tests.sources.typed_in import MAPPING, refusals

MODIFIED = MAPPING.replace("owner: Deal Owner", "owner: Deal Owner\n      modified: Modified").replace(
    "owner as rep_id", "owner as rep_id, modified as modified_at"
)
NO_STAGE = "no stage, so nothing tells whether it is open"


def test_equal_rows_are_folded_and_said(read):
    drop = read({"deals.csv": "Deal ID,Deal Stage,Amount\n1,Qualified,5\n1,Qualified,5\n2,Qualified,7\n"})
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["1", "2"]
    (file,) = drop.files
    assert (file.rows_read, file.accepted, file.quarantined) == (3, 3, 0)
    assert file.findings == ("opportunities: 1 rows repeat another one and are folded",)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_rows_with_one_id_that_differ_the_last_modified_stays(read, order):
    rows = ["1,Qualified,5,2026-11-02 09:00\n", "1,Closed Won,9,2026-11-03 09:00\n"]
    text = "Deal ID,Deal Stage,Amount,Modified\n" + "".join(rows[at] for at in order)
    drop = read({"deals.csv": text}, MODIFIED)
    assert drop.tables["opportunities"]["amount"].tolist() == [9.0]
    said = "another row has the same opportunity_id and says otherwise; the last modified one is kept"
    assert refusals(drop) == [(2 + order.index(0), "Deal ID", "1", said)]


def test_without_a_modified_time_the_last_row_of_one_id_stays(read):
    drop = read({"deals.csv": "Deal ID,Deal Stage,Amount\n1,Qualified,9\n1,Qualified,5\n"})
    assert drop.tables["opportunities"]["amount"].tolist() == [5.0]
    assert refusals(drop)[0][3].endswith("says otherwise; the last one is kept")


def test_an_id_in_two_files_of_a_drop_is_one_row(read):
    head = "Deal ID,Deal Stage\n"
    drop = read({"a.csv": head + "1,Qualified\n2,Qualified\n", "b.csv": head + "2,Qualified\n3,Qualified\n"})
    assert drop.tables["opportunities"]["opportunity_id"].tolist() == ["1", "2", "3"]
    assert [file.accepted for file in drop.files] == [2, 2]


@pytest.mark.parametrize("given_id", ["00123", "1E5", "NA", "None", "null", "NaN", "007.0", "1e-3", "TRUE"])
def test_an_id_stays_the_text_it_is(deals, given_id):
    assert deals(f"Deal ID,Deal Stage\n{given_id},Qualified\n")["opportunity_id"].tolist() == [given_id]


def test_words_for_nothing_are_text_and_only_the_empty_cell_is_missing(deals):
    table = deals(
        'Deal ID,Deal Stage,Deal Name\n1,Qualified,NA\n2,Qualified,None\n3,Qualified,\n4,Qualified,""\n'
    )
    assert table["name"].fillna("missing").tolist() == ["NA", "None", "missing", "missing"]


@pytest.mark.parametrize(
    "name", ["=cmd|'/c calc'!A1", "+1 (555) 0100", "@SUM(A1:A9)", "-2+3", "<script>x</script>"]
)
def test_cells_that_a_spreadsheet_or_a_browser_would_run_stay_the_text_they_are(deals, name):
    assert deals(f"Deal ID,Deal Stage,Deal Name\n1,Qualified,{name}\n")["name"].tolist() == [name]


def test_a_formula_where_a_number_belongs_is_refused(read):
    drop = read({"deals.csv": 'Deal ID,Deal Stage,Amount\n1,Qualified,"=HYPERLINK(""http://x"",9)"\n'})
    assert refusals(drop) == [(2, "Amount", '=HYPERLINK("http://x",9)', "not a number")]


def test_a_stage_nobody_mapped_is_refused_with_those_that_are_known(read):
    drop = read({"deals.csv": "Deal ID,Deal Stage\n1,Qualified\n2,Nurturing\n"})
    assert refusals(drop) == [
        (3, "Deal Stage", "Nurturing", "not a known stage; known: Qualified, Closed Won, Closed Lost")
    ]


def test_a_stage_is_known_by_its_id_its_name_and_its_old_labels_whatever_their_case(deals):
    rows = "".join(f"{at},{label}\n" for at, label in enumerate(["open", "QUALIFIED", "Qualified  to buy"]))
    assert deals("Deal ID,Deal Stage\n" + rows)["stage_id"].tolist() == ["open"] * 3


def test_a_mapping_without_stages_says_where_to_list_them(read):
    drop = read({"deals.csv": "Deal ID,Deal Stage\n1,Qualified\n"}, MAPPING.partition("stages:")[0])
    assert refusals(drop)[0][3] == "no stages are known: list them under `stages:` in mapping.yaml"


def test_a_rep_nobody_knows_is_kept_as_the_file_spells_them(deals):
    table = deals(
        "Deal ID,Deal Stage,Deal Owner\n1,Qualified,Sam Ashby\n2,Qualified, ana\u00a0\n3,Qualified,\n"
    )
    assert table["rep_id"].fillna("nobody").tolist() == ["Sam Ashby", "ana", "nobody"]


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        (",,12", (4, "Deal Stage", "", NO_STAGE)),
        (",Qualified,12", (4, "Deal ID", "", "missing, and every row needs it")),
        ("Total,,12", (4, "Deal Stage", "", NO_STAGE)),
        ("Total,12", (4, "", "Total | 12", "the row has 2 cells, the header has 3")),
    ],
)
def test_a_row_of_totals_is_quarantined_and_never_an_opportunity(read, row, refused):
    drop = read({"deals.csv": f"Deal ID,Deal Stage,Amount\n1,Qualified,5\n2,Qualified,7\n{row}\n"})
    assert drop.tables["opportunities"]["amount"].sum() == 12.0
    assert refusals(drop) == [refused]


def test_columns_nobody_reads_are_named(read):
    columns = [f"Custom {at}" for at in range(10)]
    drop = read({"deals.csv": f"Deal ID,Deal Stage,{','.join(columns)}\n1,Qualified{',x' * 10}\n"})
    assert drop.files[0].findings == (f"10 columns are not read: {', '.join(columns[:8])} and 2 more",)
    one = read({"deals.csv": "Deal ID,Deal Stage,Deal Value\n1,Qualified,5\n"})
    assert one.files[0].findings == ("1 column is not read: Deal Value",)


def test_a_column_that_a_select_reads_by_its_own_header_is_not_named(read):
    mapping = MAPPING.replace("select id", 'select "Deal Value" as lead_source, id')
    drop = read({"deals.csv": "Deal ID,Deal Stage,Deal Value\n1,Qualified,5\n"}, mapping)
    assert drop.files[0].findings == ()
    assert drop.tables["opportunities"]["lead_source"].tolist() == ["5"]


def test_a_table_that_lacks_what_every_row_needs_is_the_mappings_fault(read):
    mapping = MAPPING.replace("select id as opportunity_id, name,", "select name,")
    with pytest.raises(ClientError, match=r"nothing fills opportunities\.opportunity_id"):
        read({"deals.csv": "Deal ID,Deal Stage\n1,Qualified\n"}, mapping)


def test_files_of_one_name_in_two_folders_are_told_apart(read):
    drop = read(
        {"a/deals.csv": "Deal ID,Deal Stage\n1,Qualified\n", "b/deals.csv": "Deal ID,Deal Stage\n2,?\n"}
    )
    assert [(file.name, file.quarantined) for file in drop.files] == [("a/deals.csv", 0), ("b/deals.csv", 1)]
    assert drop.quarantine["file"].tolist() == ["b/deals.csv"]


WORDS = "1|2|3|| |Qualified|Closed Won|Nowhere|5|1.234,50|$9|2026-11-02|03/04/2026|NA|=1+1|ü|-5|EUR|\u00a0"
CELL = st.sampled_from([*WORDS.split("|"), '"x,y"', '"two\nlines"', '"un', "a\tb"])
ROW = st.lists(CELL, min_size=0, max_size=7).map(",".join)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(rows=st.lists(ROW, max_size=8), lenient=st.booleans())
def test_whatever_the_rows_hold_each_is_accepted_or_quarantined(read, rows, lenient):
    # `read` itself checks the accounts: rows read = accepted + quarantined, a quarantined row once
    header = "Deal ID,Deal Stage,Amount,Currency,Create Date,Deal Owner\n"
    drop = read({"deals.csv": header + "\n".join(rows)}, lenient=lenient)
    (file,) = drop.files
    if file.error is None:
        assert len(drop.tables["opportunities"]) <= file.accepted
    else:
        assert file.accepted == 0
        assert "opportunities" not in drop.tables


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_the_bytes_are_nothing_but_a_report_comes_of_them(read, content):
    (file,) = read({"deals": content}).files
    assert file.error is not None
    assert str(file.error).count("\n") <= 4

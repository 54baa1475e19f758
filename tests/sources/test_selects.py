"""The SQL of a mapping reads the raw tables of its drop, and reaches nothing else."""

from __future__ import annotations

import pytest

from spm_lib.errors import ClientError
from tests.sources.typed_in import MAPPING, packed, refusals

ROWS = "Deal ID,Deal Stage,Amount\n1,Qualified,5\n2,Qualified,x\n"


def mapping_with(select):
    """The typed-in mapping with another select for opportunities."""
    head, _, rest = MAPPING.partition("    select: |\n")
    indented = "\n".join(f"      {line}" for line in select.splitlines())
    return f"{head}    select: |\n{indented}\nstages:{rest.partition('stages:')[2]}"


GOOD = "id as opportunity_id, stage as stage_id, _row"


@pytest.mark.parametrize(
    "select",
    [
        "select name as opportunity_id, 1 as _row from read_csv('{secret}')",
        "select content as opportunity_id, 1 as _row from read_text('{secret}')",
        "select * from '{secret}'",
        "select filename as opportunity_id, 1 as _row from glob('{folder}/*')",
        "select name as opportunity_id, 1 as _row from read_csv('https://example.org/a.csv')",
        "attach '{folder}/other.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "reset lock_configuration",
        "pragma enable_profiling",
        "copy deals to '{folder}/stolen.csv'",
        "export database '{folder}/stolen'",
        "create table x as select 1",
        "drop table deals",
        "delete from deals",
        "update deals set amount = '1'",
        "call pragma_version()",
        "select " + GOOD + " from deals; drop table deals",
        "select " + GOOD + " from deals; copy deals to '{folder}/stolen.csv'",
        "select " + GOOD + " from frame",
        "select " + GOOD + " from connection",
    ],
)
def test_sql_that_reaches_for_anything_else_is_refused(read, tmp_path, select):
    secret = tmp_path / "secret.csv"
    secret.write_text("name\nhidden\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    query = select.replace("{secret}", str(secret)).replace("{folder}", str(tmp_path))
    with pytest.raises(ClientError) as refused:
        read({"deals.csv": ROWS}, mapping_with(query))
    said = str(refused.value)
    assert "mapping.yaml, tables.opportunities.select" in said
    assert "given:" in said
    assert "hidden" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({*before, "inbox", "mapping.yaml"})


@pytest.mark.parametrize(
    ("select", "said"),
    [
        (
            "select id as opportunity_id, stage as stage_id, id as deal_id, _row from deals",
            "has no such column",
        ),
        ("select id as opportunity_id, stage as stage_id from deals", "either `_row` or `_rows`"),
        ("select id as opportunity_id, stage as stage_id, null as _row from deals", "has no `_row`"),
        ("select id as opportunity_id, nowhere as stage_id, _row from deals", "nowhere"),
        ("select id as opportunity_id, stage as stage_id, _row from people", "people"),
        ("selec id", "refused by the database|made by one SELECT"),
        ("", "made by one SELECT"),
    ],
)
def test_a_select_that_is_wrong_says_what_and_where(read, select, said):
    with pytest.raises(ClientError, match=said) as refused:
        read({"deals.csv": ROWS}, mapping_with(select))
    assert "mapping.yaml, tables.opportunities.select" in str(refused.value)


def test_an_unknown_column_names_those_the_table_has(read):
    with pytest.raises(ClientError) as refused:
        read({"deals.csv": ROWS}, mapping_with("select id as opportunity_id, id as owner, _row from deals"))
    assert "given: 'owner'" in str(refused.value)
    assert "its columns are opportunity_id, name, account_id, rep_id" in str(refused.value)


def test_a_cast_that_a_value_does_not_fit_fails_the_file_and_not_the_run(read):
    query = "select id as opportunity_id, stage as stage_id, amount::double as amount, _row from deals"
    drop = read({"deals.csv": ROWS}, mapping_with(query))
    (file,) = drop.files
    assert "fails on a value of this drop" in str(file.error)
    assert (file.rows_read, file.accepted, file.quarantined) == (2, 0, 2)
    assert drop.tables == {}


def test_a_sum_falls_with_any_of_its_rows_and_a_name_only_with_the_last(read):
    mapping = """\
    files:
      lines:
        columns: {order: Order, sold: Sold, account: Account}
        required: [order, sold]
        types: {sold: money}
    tables:
      opportunities:
        needs: [lines]
        select: |
          select "order" as opportunity_id, 'won' as stage_id, sum(sold) as amount, list(_row) as _rows
          from lines group by "order"
      accounts:
        needs: [lines]
        rows: any
        select: select account as account_id, list(_row) as _rows from lines group by account
    stages: [{id: won, category: won}]
    """
    text = "Order,Sold,Account\nA,5,Acme\nA,?,Acme\nB,7,Acme\nB,8,Bolt\n"
    drop = read({"lines.csv": text}, mapping)
    assert drop.tables["opportunities"][["opportunity_id", "amount"]].values.tolist() == [["B", 15.0]]
    assert drop.tables["accounts"]["account_id"].tolist() == ["Acme", "Bolt"]
    assert refusals(drop) == [
        (2, "", "", "belongs to the same opportunities row as one that is refused: Sold '?' not a number"),
        (3, "Sold", "?", "not a number"),
    ]


@pytest.mark.parametrize(
    "member", ["../deals.csv", "/deals.csv", "a/../../deals.csv", "..\\deals.csv", "C:\\deals.csv"]
)
def test_an_archive_whose_paths_lead_out_of_it_is_refused_and_nothing_is_written(read, tmp_path, member):
    before = {path for path in tmp_path.parent.rglob("*") if path.is_file()}
    drop = read({"deals.zip": packed(**{member: ROWS})})
    (file,) = drop.files
    assert "a file whose path leads out of it" in str(file.error)
    assert f"given: {member!r}" in str(file.error)
    after = {path for path in tmp_path.parent.rglob("*") if path.is_file()} - before
    assert {path.name for path in after} == {"deals.zip", "mapping.yaml"}


def test_a_nested_folder_of_an_archive_is_read(read):
    drop = read({"deals.zip": packed(**{"export/deals.csv": ROWS.replace("x", "7")})})
    assert [file.name for file in drop.files] == ["deals.zip/export/deals.csv"]
    assert len(drop.tables["opportunities"]) == 2

"""A drop is known by its bytes before a row of it is read."""

from __future__ import annotations

import gzip
import os
import time

import pandas as pd
import pytest

from spm_lib import sources
from tests.sources.typed_in import MAPPING, packed, workbook

ROWS = "Deal ID,Deal Stage\n1,Qualified\n"
AT = pd.Timestamp("2026-11-16T06:00:00Z")
BOOK = workbook(Deals=[["Deal ID", "Deal Stage"], [1, "Qualified"]], Notes=[["a"], ["b"]])


@pytest.fixture
def put(tmp_path):
    """Name and content -> a file in the inbox."""

    def put(name, content):
        path = tmp_path / "inbox" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.mark.parametrize(
    "content",
    [ROWS, gzip.compress(ROWS.encode(), mtime=0), packed(a_csv=ROWS, b_csv="x,y\n1,2\n"), BOOK],
    ids=["text", "gz", "zip", "workbook"],
)
def test_the_id_is_the_one_reading_gives(put, client, load, content):
    path, mapping = put("deals-2026-11-15", content), load()
    found = sources.drop_id([path], mapping, client)
    assert found == sources.read_drop([path], AT, mapping, client).batch_id
    assert len(found) == 64


def test_the_same_bytes_have_the_same_id_whenever_and_in_whatever_order_they_came(put, client, load):
    one, two, mapping = put("a.csv", ROWS), put("b.csv", ROWS.replace("1", "2")), load()
    before = sources.drop_id([one, two], mapping, client)
    os.utime(one, (0, 0))
    assert sources.drop_id([two, one], mapping, client) == before
    copied = put("c.csv", ROWS)  # a copy is read once
    assert sources.drop_id([one, two, copied], mapping, client) == before
    assert sources.drop_id([one], mapping, client) != before


def test_bytes_mapping_and_the_day_of_the_name_each_make_another_drop(put, client, load):
    path = put("deals-2026-11-15.csv", ROWS)
    ids = {
        sources.drop_id([path], load(), client),
        sources.drop_id([put("deals-2026-11-22.csv", ROWS)], load(), client),
        sources.drop_id([put("d/deals-2026-11-15.csv", ROWS + "2,Qualified\n")], load(), client),
        sources.drop_id([path], load(MAPPING + "decimal: ','\n"), client),
        sources.drop_id([path], load(), client.model_copy(update={"time_zone": "Europe/Berlin"})),
        sources.drop_id([path], load(), client.model_copy(update={"currency": "EUR"})),
    }
    assert len(ids) == 6


def test_a_name_that_tells_the_kind_makes_another_drop_and_any_other_name_does_not(put, client, load):
    named = MAPPING.replace("required: [id, stage]", "required: [id, stage]\n    names: ['*deals*']")
    mapping = load(named)
    first = sources.drop_id([put("x.csv", ROWS)], mapping, client)
    assert sources.drop_id([put("y.csv", ROWS)], mapping, client) == first
    assert sources.drop_id([put("deals.csv", ROWS)], mapping, client) != first


def test_a_member_of_an_archive_counts_by_its_own_bytes(put, client, load):
    mapping = load()
    one = sources.drop_id([put("a.zip", packed(deals_csv=ROWS))], mapping, client)
    assert sources.drop_id([put("b.zip", packed(other_csv=ROWS))], mapping, client) == one
    assert sources.drop_id([put("c.zip", packed(deals_csv=ROWS + "2,Qualified\n"))], mapping, client) != one


@pytest.mark.parametrize("content", [packed(deals_csv=ROWS * 50)[:-40], BOOK[:-200], packed()])
def test_a_damaged_file_has_the_empty_id_so_that_it_is_read_and_reported(put, client, load, content):
    path, mapping = put("deals.zip", content), load()
    assert sources.drop_id([path], mapping, client) == ""
    drop = sources.read_drop([path], AT, mapping, client)
    assert drop.files[0].error is not None
    assert len(drop.batch_id) == 64  # a store refuses an empty one
    assert drop.batch_id == sources.read_drop([path], AT, mapping, client).batch_id


def test_a_missing_file_has_the_empty_id(tmp_path, client, load):
    assert sources.drop_id([tmp_path / "gone.csv"], load(), client) == ""


def test_no_row_is_read_for_an_id(put, client, load, monkeypatch):
    path, mapping = put("deals.csv", ROWS), load()
    monkeypatch.setattr("spm_lib.sources.intake.unpack", lambda *_: pytest.fail("the file was opened"))
    assert sources.drop_id([path], mapping, client)


def test_the_id_of_a_large_file_takes_milliseconds(put, client, load):
    path, mapping = put("deals.csv", "Deal ID,Deal Stage\n" + "1,Qualified\n" * 100_000), load()
    start = time.perf_counter()
    sources.drop_id([path], mapping, client)
    hashing = time.perf_counter() - start
    start = time.perf_counter()
    sources.read_drop([path], AT, mapping, client)
    assert hashing * 10 < time.perf_counter() - start

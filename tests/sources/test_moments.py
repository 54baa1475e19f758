"""Days and times: read by a format that is named, or refused; never month first by chance."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests.sources.typed_in import MAPPING, refusals, workbook

MONTH_FIRST = 'dates: ["%m/%d/%Y"]\n' + MAPPING
DAY_FIRST = 'dates: ["%d/%m/%Y"]\n' + MAPPING
BOTH = 'dates: ["%d/%m/%Y", "%m/%d/%Y"]\n' + MAPPING
NO_FORMAT = "fits none of the formats of the mapping (`dates:`, `times:`)"
EITHER = "day and month could be either way round: other rows are written differently; name one format"


def closes(read, cells, mapping=MAPPING):
    """The cells as a column Close Date -> the day or the reason of each."""
    rows = "".join(f"{at},Qualified,{cell}\n" for at, cell in enumerate(cells))
    drop = read({"deals.csv": "Deal ID,Deal Stage,Close Date\n" + rows}, mapping)
    table = drop.tables["opportunities"].set_index("opportunity_id")["expected_close"]
    found = table.dt.strftime("%Y-%m-%d").to_dict()
    found |= {str(row - 2): reason for row, _, _, reason in refusals(drop)}
    return [found[str(at)] for at in range(len(cells))]


def created(read, cells, mapping=MAPPING):
    """The cells as a column Create Date -> the instants in UTC, and the findings of the file."""
    rows = "".join(f"{at},Qualified,{cell}\n" for at, cell in enumerate(cells))
    drop = read({"deals.csv": "Deal ID,Deal Stage,Create Date\n" + rows}, mapping)
    table = drop.tables["opportunities"]
    return table["created_at"].dt.strftime("%Y-%m-%dT%H:%M:%S").tolist(), drop.files[0].findings


@pytest.mark.parametrize(
    ("mapping", "cells", "found"),
    [
        (MAPPING, ["2026-04-03"], ["2026-04-03"]),
        (MAPPING, ["03/04/2026"], [NO_FORMAT]),
        (MONTH_FIRST, ["03/04/2026", "04/25/2026"], ["2026-03-04", "2026-04-25"]),
        (DAY_FIRST, ["03/04/2026", "25/04/2026"], ["2026-04-03", "2026-04-25"]),
        # 25/04 shows that the file is not written month first: then 03/04 is open
        (MONTH_FIRST, ["03/04/2026", "25/04/2026"], [EITHER, NO_FORMAT]),
        (DAY_FIRST, ["03/04/2026", "04/25/2026"], [EITHER, NO_FORMAT]),
        # with both allowed, the rows that can be read one way only decide; where they disagree, nothing does
        (BOTH, ["03/04/2026", "25/04/2026"], ["2026-04-03", "2026-04-25"]),
        (BOTH, ["03/04/2026"], [EITHER]),
        (BOTH, ["03/04/2026", "25/04/2026", "04/25/2026"], [EITHER, "2026-04-25", "2026-04-25"]),
        (BOTH, ["05/05/2026"], ["2026-05-05"]),
        (MAPPING, ["2026-02-30"], ["no such day or time"]),
        (MONTH_FIRST, ["02/30/2026"], [NO_FORMAT]),
        (MAPPING, ["46000", "next week"], [NO_FORMAT, NO_FORMAT]),
        (MAPPING, ["1970-01-19"], ["before 1980: milliseconds read as seconds, or a placeholder?"]),
        # an instant, as a day, is the day in Chicago
        (MAPPING, ["2026-04-03T02:00:00Z", "2026-04-03 23:30"], ["2026-04-02", "2026-04-03"]),
    ],
)
def test_a_day_is_read_by_the_formats_of_the_mapping_or_refused(read, mapping, cells, found):
    assert closes(read, cells, mapping) == found


def test_a_time_without_a_zone_is_in_the_zone_the_mapping_says(read):
    cells = ["2026-11-02 09:00", "2026-07-01T09:00:30", "2026-07-01T09:00:00+02:00", "2026-07-01"]
    # Chicago is 6 hours behind UTC in November and 5 in July; a day is the first instant of the client's day
    assert created(read, cells)[0] == [
        "2026-11-02T15:00:00",
        "2026-07-01T14:00:30",
        "2026-07-01T07:00:00",
        "2026-07-01T05:00:00",
    ]
    assert created(read, cells, "time_zone: UTC\n" + MAPPING)[0] == [
        "2026-11-02T09:00:00",
        "2026-07-01T09:00:30",
        "2026-07-01T07:00:00",
        "2026-07-01T05:00:00",
    ]


def test_times_in_a_clock_change_are_taken_once_and_said(read):
    # 8 March 2026: 02:30 does not exist, the clock goes from 02:00 to 03:00 (08:00 UTC)
    # 1 November 2026: 01:30 happens twice, first in summer time (06:30 UTC)
    found, findings = created(read, ["2026-03-08 02:30", "2026-11-01 01:30", "2026-11-01 03:00"])
    assert found == ["2026-03-08T08:00:00", "2026-11-01T06:30:00", "2026-11-01T09:00:00"]
    assert findings == (
        "Create Date: 2 times fall into a clock change of America/Chicago; the first reading was taken",
    )


def test_a_time_with_its_offset_is_never_in_doubt(read):
    found, findings = created(read, ["2026-11-01T01:30:00-06:00", "2026-11-01T01:30:00-05:00"])
    assert found == ["2026-11-01T07:30:00", "2026-11-01T06:30:00"]
    assert findings == ()


def test_days_of_a_workbook_are_days_and_a_bare_serial_number_is_refused(read):
    rows = [
        ["Deal ID", "Deal Stage", "Close Date", "Create Date"],
        [1, "Qualified", date(2026, 4, 3), datetime.fromisoformat("2026-04-03T14:30")],
        [2, "Qualified", 46115, None],  # 3 April 2026 as a serial number, its cell not formatted as a day
    ]
    drop = read({"deals.xlsx": workbook(Deals=rows)})
    table = drop.tables["opportunities"]
    assert table["expected_close"].dt.strftime("%Y-%m-%d").tolist() == ["2026-04-03"]
    assert table["created_at"].dt.strftime("%H:%M").tolist() == ["19:30"]
    assert refusals(drop) == [(3, "Close Date", "46115", NO_FORMAT)]

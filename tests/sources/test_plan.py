"""Files that show one moment are one drop: by the date in a name, else by the time of writing."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from spm_lib import sources
from spm_lib.errors import SourceError
from tests.sources.typed_in import MAPPING


@pytest.fixture
def inbox(tmp_path):
    """A folder with files of these names, all written at one moment."""

    def inbox(*names):
        for name in names:
            path = tmp_path / "inbox" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
            os.utime(path, (1_763_000_000, 1_763_000_000))
        return tmp_path / "inbox"

    return inbox


def planned(inbox, load, client, as_of="{from: name, day: end}"):
    mapping = load(MAPPING.replace("{from: name, day: end}", as_of))
    drops = sources.plan_drops([inbox], mapping, client)
    return [(at.isoformat(), [path.name for path in paths]) for at, paths in drops]


WRITTEN = pd.Timestamp(1_763_000_000, unit="s", tz="UTC").isoformat()


def test_files_of_one_day_are_one_drop_oldest_first(inbox, load, client):
    folder = inbox("deals-2026-11-08.csv", "calls-2026-11-01.csv", "deals-2026-11-01.csv")
    # a day of Chicago ends at 06:00 UTC in winter time, which begins on 1 November 2026
    assert planned(folder, load, client) == [
        ("2026-11-02T06:00:00+00:00", ["calls-2026-11-01.csv", "deals-2026-11-01.csv"]),
        ("2026-11-09T06:00:00+00:00", ["deals-2026-11-08.csv"]),
    ]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("deals-2026-07-05.csv", "2026-07-06T05:00:00+00:00"),
        ("2026-07-05/Opportunity.csv", "2026-07-06T05:00:00+00:00"),
        ("2026-07-05/deals-2026-07-12.csv", "2026-07-13T05:00:00+00:00"),
        ("deals 2026-07-05 to 2026-07-12.csv", "2026-07-13T05:00:00+00:00"),
        ("deals.csv", WRITTEN),
        ("deals-2026-13-40.csv", WRITTEN),
        ("deals-120260-07-05.csv", WRITTEN),
    ],
)
def test_the_last_day_of_the_name_counts_then_that_of_the_folder_then_the_time_of_writing(
    inbox, load, client, name, at
):
    assert [moment for moment, _ in planned(inbox(name), load, client)] == [at]


@pytest.mark.parametrize(
    ("as_of", "at"),
    [
        ("{from: name, day: start}", "2026-07-05T05:00:00+00:00"),
        ("{from: modified}", WRITTEN),
        ('{fixed: "2018-01-01T00:00:00+02:00"}', "2017-12-31T22:00:00+00:00"),
    ],
)
def test_the_mapping_says_what_a_file_shows(inbox, load, client, as_of, at):
    assert [moment for moment, _ in planned(inbox("deals-2026-07-05.csv"), load, client, as_of)] == [at]


def test_hidden_files_and_locks_are_left_out_and_a_file_given_twice_is_taken_once(inbox, load, client):
    folder = inbox("a.csv", ".DS_Store", "~$a.xlsx")
    mapping = load()
    [(_, paths)] = sources.plan_drops([folder, folder / "a.csv"], mapping, client)
    assert [path.name for path in paths] == ["a.csv"]


def test_a_path_that_does_not_exist_is_refused(tmp_path, load, client):
    with pytest.raises(SourceError, match="no such file"):
        sources.plan_drops([tmp_path / "gone.csv"], load(), client)

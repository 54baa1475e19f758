"""What the tests of metrics share: a week, its quarter, its working days, and groups made at random."""

from __future__ import annotations

from datetime import date

import pytest

from spm_lib.periods import Calendar, Period, quarter
from tests.metrics.frames import ZONE, one_week


@pytest.fixture
def week46() -> Period:
    return one_week()


@pytest.fixture
def q4() -> Period:
    """1 October to 31 December 2026: 66 weekdays."""
    return quarter(date(2026, 11, 15), time_zone=ZONE)


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()

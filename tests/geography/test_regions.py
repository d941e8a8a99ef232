from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from healthycities.geography.districts import (
    FIRST_DATE,
    LAST_DATE,
    carry_codes,
    known_districts,
)
from healthycities.geography.regions import regions_of_districts


@pytest.mark.parametrize(
    ("code", "as_at", "region"),
    [
        ("E06000001", LAST_DATE, ("E12000001", "North East")),
        ("E08000003", LAST_DATE, ("E12000002", "North West")),
        ("E06000013", LAST_DATE, ("E12000003", "Yorkshire and The Humber")),
        ("E07000138", LAST_DATE, ("E12000004", "East Midlands")),
        ("E08000025", LAST_DATE, ("E12000005", "West Midlands")),
        ("E07000148", LAST_DATE, ("E12000006", "East of England")),
        ("E09000001", LAST_DATE, ("E12000007", "London")),
        ("E06000046", LAST_DATE, ("E12000008", "South East")),
        ("E06000053", LAST_DATE, ("E12000009", "South West")),
        # Allerdale was a part of what is Cumberland now; Wellingborough of North Northamptonshire.
        ("E07000026", date(2020, 1, 1), ("E12000002", "North West")),
        ("E07000156", date(2020, 1, 1), ("E12000004", "East Midlands")),
    ],
)
def test_a_district_lies_in_its_region(code: str, as_at: date, region: tuple[str, str]):
    """One district of each region, and two that have ended since the date."""
    assert regions_of_districts(as_at)[code] == region


@pytest.mark.parametrize("as_at", [FIRST_DATE, date(2019, 6, 1), date(2023, 6, 1), LAST_DATE])
def test_every_district_of_a_date_has_one_of_nine_regions(as_at: date):
    """No district is left out at any date, and London has its 33."""
    found = regions_of_districts(as_at)
    assert list(found) == list(known_districts(as_at))
    counts = Counter(region.code for region in found.values())
    assert sorted(counts) == [f"E1200000{n}" for n in range(1, 10)]
    assert counts["E12000007"] == 33


def test_no_district_changed_its_region():
    """What a district of 2011 became lies in the region that the district lay in."""
    old, new = regions_of_districts(FIRST_DATE), regions_of_districts(LAST_DATE)
    became = carry_codes(old, LAST_DATE).codes
    assert [new[code] for code in became] == list(old.values())

"""The real mid-2020 population, carried between districts and small areas of several dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities import fields
from healthycities.geography.districts import carry_codes
from healthycities.given import Given
from healthycities.metrics.carried import carried
from healthycities.overlaps import district_parts, small_area_parts
from healthycities.sources import (
    census_population,
    population,
    small_area_changes,
    small_area_lookup,
    small_area_population,
)
from healthycities.sources.raw import Raw

ENGLAND_MID_2020 = 56_550_138
# Before North and West Northamptonshire, which the population by districts of 2021 has.
IN_2020 = date(2020, 12, 31)
# Northumberland, Gateshead, St Albans, Welwyn Hatfield, East Hertfordshire and Stevenage.
BORDERS_MOVED = {"E06000057", "E08000037", "E07000240", "E07000241", "E07000242", "E07000243"}
NORTHAMPTONSHIRE = [f"E0700015{n}" for n in range(7)]


def of_small_areas(real: Path) -> Raw:
    """Return the population of small areas of 2011."""
    path = real / "mortality_population/population20_lsoa11.csv.gz"
    columns = {"LSOA21CD": "lsoa11_code", "All Ages": "total_population"}
    return Raw((path,), IN_2020, year=2020, columns=columns)


def of_districts(real: Path, vintage: int, *, divides: bool = False) -> pd.DataFrame:
    """Return the population by districts of 2020 or 2021, as at the end of 2020."""
    path = real / f"mortality_population/population20_ltla{vintage}.csv.gz"
    columns = {"LAD25CD": f"ltla{vintage}_code", "All Ages": "total_population"}
    return population.read(Raw((path,), IN_2020, year=2020, divides=divides, columns=columns))


def totals(frame: pd.DataFrame) -> pd.Series:
    """Return people of each district."""
    return frame.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()


def test_districts_of_2021_are_divided_into_those_of_2020(real: Path):
    """The seven districts of Northamptonshire get back the people that they had, to the person."""
    lookup = small_area_lookup.read(
        Raw(
            (real / "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv.gz",),
            IN_2020,
        )
    )
    census = census_population.read(of_small_areas(real))
    weights = district_parts.build(
        Given(
            {"small_area_lookup": lookup, "census_population": census},
            {"authorities_as_at": IN_2020.isoformat()},
        )
    )
    given = {"population": of_districts(real, 21, divides=True), "district_parts": weights}
    found, divided = carried(given)
    people, published = totals(found["population"]), totals(of_districts(real, 20))
    assert people.index.tolist() == published.index.tolist()
    assert people.loc[NORTHAMPTONSHIRE].tolist() == pytest.approx(
        published.loc[NORTHAMPTONSHIRE].tolist(), abs=1e-6
    )
    assert people.sum() == pytest.approx(ENGLAND_MID_2020, abs=1e-6)
    assert divided[0].counts.sum() == ENGLAND_MID_2020


@pytest.fixture(scope="module")
def of_2021(real: Path) -> pd.DataFrame:
    """Return people of small areas of 2021, carried from those of 2011, with their districts."""
    path = real / "lookups/lookup_lsoa11_lsoa21_ltla22.csv.gz"
    as_at = date(2026, 9, 30)
    changes = small_area_changes.read(Raw((path,), as_at))
    columns = {"LSOA21CD": "lsoa21_code", "LAD25CD": "ltla22_code"}
    lookup = small_area_lookup.read(Raw((path,), as_at, columns=columns))
    weights = small_area_parts.build(
        Given({"small_area_lookup": lookup, "small_area_changes": changes})
    )
    people = small_area_population.read(of_small_areas(real))
    found, _ = carried({"small_area_population": people, "small_area_parts": weights})
    return found["small_area_population"].merge(lookup, on=fields.SMALL_AREA_CODE, validate="1:1")


def test_people_of_small_areas_of_2011_reach_those_of_2021(of_2021: pd.DataFrame):
    """33,755 small areas hold England's people to the person, 97 % of them as they were."""
    assert len(of_2021) == 33_755
    assert of_2021[fields.PEOPLE].sum() == pytest.approx(ENGLAND_MID_2020, abs=1e-6)
    whole = of_2021[fields.PEOPLE] == of_2021[fields.PEOPLE].round()
    assert whole.mean() > 0.97


def test_districts_have_the_people_of_their_small_areas_of_either_census(
    real: Path, of_2021: pd.DataFrame
):
    """They differ by less than 1 % in the districts whose borders moved in 2012 and 2013 alone."""
    by_small_areas = totals(of_2021)
    published = of_districts(real, 20)
    today = carry_codes(published[fields.DISTRICT_CODE], date(2026, 9, 30)).codes
    expected = totals(published.assign(**{fields.DISTRICT_CODE: today}))
    assert by_small_areas.index.tolist() == expected.index.tolist()
    apart = np.abs(by_small_areas / expected - 1)
    assert set(apart.index[apart > 1e-9]) == BORDERS_MOVED
    assert apart.max() < 0.01

"""Districts, regions, authorities and England, of the real people of mid-2020."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from healthycities import fields
from healthycities.geography.districts import known_districts
from healthycities.geography.levels import Levels
from healthycities.given import Given
from healthycities.overlaps.areas import build
from healthycities.sources import population
from healthycities.sources.raw import Raw

AS_AT = date(2024, 6, 1)
WARDS = "population/SAPE23DT8a_mid-2020_persons_ward_2020_la_2021.csv.gz"
ENGLAND_MID_2020 = 56_550_138
REGIONS_MID_2020 = {
    "North East": 2_680_763,
    "North West": 7_367_456,
    "Yorkshire and The Humber": 5_526_350,
    "East Midlands": 4_865_583,
    "West Midlands": 5_961_929,
    "East of England": 6_269_161,
    "London": 9_002_488,
    "South East": 9_217_265,
    "South West": 5_659_143,
}
"""People in the middle of 2020, as the Office for National Statistics published them."""


@pytest.fixture(scope="module")
def people(real: Path) -> pd.Series:
    """Return the people of each district, by its code of 2024."""
    table = population.read(Raw((real / WARDS,), AS_AT, year=2020))
    return table.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()


@pytest.fixture(scope="module")
def levels() -> Levels:
    """Return the levels of all districts of 2024."""
    drawn = pd.DataFrame({fields.DISTRICT_CODE: list(known_districts(AS_AT))})
    keys = {"authorities": "all", "authorities_as_at": str(AS_AT), "include": ()}
    return Levels(build(Given({"districts": drawn}, keys)))


def sums(levels: Levels, level: str, people: pd.Series) -> dict[str, float]:
    """Return the people of each area of a level, by name."""
    (found,) = levels.of_districts([level])
    counts = found.weights.matrix @ people.loc[list(found.weights.columns)].to_numpy(np.float64)
    return dict(zip(found.names, counts.tolist(), strict=True))


def test_regions_have_the_people_that_were_published(levels: Levels, people: pd.Series):
    """To the person, each of the nine, and together England."""
    found = sums(levels, "region", people)
    assert found == REGIONS_MID_2020
    assert sum(found.values()) == ENGLAND_MID_2020


def test_regions_are_those_of_the_lookup(real: Path, levels: Levels, people: pd.Series):
    """Summed by the official lookup of 2024 instead of by ours, each region has the same people."""
    file = real / "lookups" / "lookup_ltla24_region24.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        region = {row["ltla24_code"]: row["region24_name"] for row in csv.DictReader(stream)}
    assert people.groupby(region).sum().to_dict() == sums(levels, "region", people)


def test_authorities_and_what_lies_outside_them_are_england(levels: Levels, people: pd.Series):
    """To the person; outside are more people than in any authority but London."""
    inside, outside = (sums(levels, one, people) for one in ("authority", "outside_authorities"))
    assert sum(inside.values()) + sum(outside.values()) == ENGLAND_MID_2020
    assert list(outside) == ["England outside strategic authorities"]
    assert sums(levels, "england", people) == {"England": ENGLAND_MID_2020}


def test_listed_places_have_the_people_of_their_districts(levels: Levels, people: pd.Series):
    """Regions given as places of one's own, by a list of districts, are the regions."""
    areas = levels.areas
    columns = {
        fields.PLACE_CODE: areas[fields.REGION_CODE],
        fields.PLACE_NAME: areas["region_name"],
    }
    own = pd.DataFrame({**columns, fields.PART_CODE: areas[fields.DISTRICT_CODE]})
    own = own.assign(**{fields.PLACE_SET: "mine", fields.PART_SHARE: 1.0})
    assert sums(Levels(areas, own), "mine", people) == REGIONS_MID_2020


# The districts of 2021 that became the three counties of 2023, as the order of each county says.
COUNTIES_OF_2023 = {
    "Cumberland": ("Allerdale", "Carlisle", "Copeland"),
    "Westmorland and Furness": ("Barrow-in-Furness", "Eden", "South Lakeland"),
    "North Yorkshire": (
        *("Craven", "Hambleton", "Harrogate", "Richmondshire"),
        *("Ryedale", "Scarborough", "Selby"),
    ),
    "Somerset": ("Mendip", "Sedgemoor", "Somerset West and Taunton", "South Somerset"),
}
COUNTIES_MID_2020 = {"Cumbria": 499_781, "North Yorkshire": 620_610, "Somerset": 563_851}
"""People of the counties in the middle of 2020, whose councils ended in 2023."""


def by_name_of_2021(real: Path) -> dict[str, int]:
    """Return the people of each district of 2021 by its name, with nothing of ours between."""
    path = real / "mortality_population" / "population20_ltla21.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["ltla21_code"].startswith("E")]
    return {row["ltla21_name"]: int(row["total_population"]) for row in rows}


@pytest.mark.parametrize("as_at", [date(2023, 6, 1), date(2025, 6, 1)])
def test_districts_of_2023_and_2025_have_the_people_of_those_they_were_made_of(
    real: Path, as_at: date
):
    """Cumbria, North Yorkshire and Somerset exactly, all others unmoved, England to the person."""
    before = by_name_of_2021(real)
    merged = {name for parts in COUNTIES_OF_2023.values() for name in parts}
    expected = {name: count for name, count in before.items() if name not in merged}
    expected |= {
        name: sum(before[part] for part in parts) for name, parts in COUNTIES_OF_2023.items()
    }
    counties = {name: expected[name] for name in ("North Yorkshire", "Somerset")}
    counties["Cumbria"] = expected["Cumberland"] + expected["Westmorland and Furness"]
    assert counties == COUNTIES_MID_2020
    columns = {"LAD25CD": "ltla21_code", "All Ages": "total_population"}
    path = real / "mortality_population" / "population20_ltla21.csv.gz"
    found = population.read(Raw((path,), as_at, year=2020, columns=columns))
    people = found.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()
    assert people.rename(known_districts(as_at)).to_dict() == expected
    assert people.sum() == ENGLAND_MID_2020


def test_authorities_of_2025_have_the_people_of_their_districts_of_2021(real: Path):
    """York and North Yorkshire is eight districts of 2021, South Yorkshire has two new codes."""
    as_at = date(2026, 9, 30)
    before = by_name_of_2021(real)
    people = population.read(Raw((real / WARDS,), as_at, year=2020))
    by_district = people.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()
    drawn = pd.DataFrame({fields.DISTRICT_CODE: list(known_districts(as_at))})
    keys = {"authorities": "all", "authorities_as_at": str(as_at), "include": ()}
    found = sums(Levels(build(Given({"districts": drawn}, keys))), "authority", by_district)
    made_of = {
        "York and North Yorkshire": ("York", *COUNTIES_OF_2023["North Yorkshire"]),
        "South Yorkshire": ("Barnsley", "Doncaster", "Rotherham", "Sheffield"),
        "Cumbria": (
            *COUNTIES_OF_2023["Cumberland"],
            *COUNTIES_OF_2023["Westmorland and Furness"],
        ),
    }
    for name, parts in made_of.items():
        (told,) = (key for key in found if key.startswith(f"{name} "))
        assert found[told] == sum(before[part] for part in parts)

"""Which of a publisher's files a configuration means."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from healthycities import catalogue, offers
from healthycities.catalogue import Offer

TODAY = date(2026, 9, 30)


def meant(
    source: str,
    *,
    as_at: date = TODAY,
    vintage: int | None = None,
    year: int | None = None,
    pollutant: str | None = None,
) -> Offer | None:
    """Return what is meant of a source of the house."""
    card = catalogue.sources()[source]
    return offers.offered(card, as_at=as_at, vintage=vintage, year=year, pollutant=pollutant)


@pytest.mark.parametrize(
    ("as_at", "vintage"),
    [
        (date(2026, 9, 30), 2025),
        (date(2025, 4, 1), 2025),
        (date(2025, 3, 31), 2024),
        (date(2023, 4, 1), 2024),
        (date(2023, 3, 31), 2022),
        (date(2021, 4, 1), 2022),
    ],
)
def test_boundaries_are_the_newest_whose_districts_are_no_newer_than_the_map(
    as_at: date, vintage: int
):
    """A map of March 2025 has Barnsley's old code, and one of March 2023 Cumbria's districts."""
    found = meant("districts", as_at=as_at)
    assert found is not None
    assert found.vintage == vintage


def test_boundaries_of_before_the_first_that_are_offered_are_not_guessed():
    """Those of 2021 are newer than a map of 2020, and would be refused when read."""
    assert meant("districts", as_at=date(2020, 12, 31)) is None


def test_a_vintage_is_taken_by_its_year():
    """Small areas of either census, and none of a year that had no census."""
    assert [meant("small_areas", vintage=year) is not None for year in (2011, 2021, 2015)] == [
        True,
        True,
        False,
    ]


def test_a_file_of_a_year_and_pollutant_is_filled_in():
    """NO2 has no g at the end of its name, and PM2.5 has."""
    no2, pm25 = (meant("air_quality", year=2022, pollutant=one) for one in ("no2", "pm25"))
    assert no2 is not None
    assert pm25 is not None
    assert (no2.name, pm25.name) == ("mapno22022.csv", "mappm252022g.csv")
    assert no2.address.endswith("/mapno22022.csv")


@pytest.mark.parametrize(
    ("year", "name", "address"),
    [
        (2003, "mappm252003grav.csv", "mappm252003grav.csv"),
        (2004, "mappm252004g.csv", "mappm252004g.csv"),
        (2005, "mappm252005ac.csv", "mappm2505ac.csv"),
        (2006, "mappm252006gh.csv", "mappm252006gh.csv"),
        (2007, "mappm252007g.csv", "mappm252007g.csv"),
    ],
)
def test_early_grids_have_names_of_their_own(year: int, name: str, address: str):
    """Before 2007 nearly each year was named by another rule; here each has its year."""
    found = meant("air_quality", year=year, pollutant="pm25")
    assert found is not None
    assert (found.name, found.address.rpartition("/")[2]) == (name, address)


def test_values_of_a_vintage_stand_in_for_those_of_a_year():
    """As a file of one's own with a vintage does."""
    found = meant("population", year=2025, vintage=2024)
    assert found is not None
    assert found.name == "population_2024.csv"


def test_years_before_the_first_are_not_offered():
    """No address is made up for them; what there is is told."""
    assert meant("air_quality", year=2002, pollutant="pm25") is None
    told = offers.told(catalogue.sources()["air_quality"])
    assert "the years from 2007 on of pm25" in told
    assert "2005 of pm10" in told
    card = replace(
        catalogue.sources()["population"],
        offers=(replace(catalogue.sources()["population"].offers[0], last_year=2024),),
    )
    assert offers.told(card) == "the years from 2011 to 2024"


def test_a_file_of_ones_own_is_called_by_its_host_and_name():
    """Without its query, which may hold a signature."""
    found = offers.own("https://data.example.org/a/b/pm25.csv?sig=secret")
    assert found.name == "data.example.org_pm25.csv"
    assert offers.own("s3://bucket/deaths.csv").name == "bucket_deaths.csv"


def test_two_files_of_one_name_are_told():
    """The greenspace of sites and of access points is one file; two folders of a host are two."""
    one = offers.own("https://a.example/x/t.csv")
    other = offers.own("https://a.example/y/t.csv")
    assert offers.clashes([one, one]) == []
    assert offers.clashes([one, other]) == [
        "a.example_t.csv is of https://a.example/x/t.csv and of https://a.example/y/t.csv"
    ]

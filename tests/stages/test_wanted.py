"""Which files a run fetches."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from healthycities.errors import ConfigError
from healthycities.settings import from_mapping
from healthycities.stages.wanted import wanted_files

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config() -> dict[str, Any]:
    """Return the embedded configuration."""
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))


def official(config: dict[str, Any], *names: str, **changes: Any) -> dict[str, Any]:
    """Take some sources from their publishers."""
    sources = {**config["sources"], **{name: {"provider": "official"} for name in names}}
    return {**config, "sources": sources, **changes}


def test_the_demonstration_fetches_nothing(config: dict[str, Any]):
    """Its sources are written, and need no network."""
    assert wanted_files(from_mapping(config)) == {}


def test_each_year_and_pollutant_is_a_file(config: dict[str, Any]):
    """Two years of two pollutants, and one file of boundaries for all."""
    given = official(config, "air_quality", "districts", pollutants=["pm25", "no2"])
    assert sorted(wanted_files(from_mapping(given))) == [
        "districts_2025.geojson",
        "mapno22022.csv",
        "mapno22023.csv",
        "mappm252022g.csv",
        "mappm252023g.csv",
    ]


def test_a_file_that_two_sources_are_read_from_is_fetched_once(config: dict[str, Any]):
    """Sites and access points are layers of one GeoPackage."""
    names = ("greenspace_sites", "greenspace_access_points")
    found = wanted_files(from_mapping(official(config, *names)))
    assert list(found) == ["opgrsp_gb.gpkg"]
    assert found["opgrsp_gb.gpkg"].sources == ("greenspace_access_points", "greenspace_sites")


def test_sources_that_no_metric_needs_are_not_fetched(config: dict[str, Any]):
    """Deaths are of no use to a run of air quality alone."""
    given = official(config, "deaths", "air_quality", metrics=["air_quality"], pollutants=["pm25"])
    assert sorted(wanted_files(from_mapping(given))) == ["mappm252022g.csv", "mappm252023g.csv"]


def test_years_taken_together_are_fetched_too(config: dict[str, Any]):
    """Rates of three years rest on the files of all of them."""
    given = official(config, "population", years=[2022])
    given["mortality"] = {**config["mortality"], "pooled_years": 3}
    assert sorted(wanted_files(from_mapping(given))) == [
        "population_2020.csv",
        "population_2021.csv",
        "population_2022.csv",
    ]


def test_an_address_of_ones_own_takes_the_place_of_the_publishers(config: dict[str, Any]):
    """The layer that the publisher renamed, apart from what the old address gave."""
    given = official(config, "districts")
    moved = "https://services1.arcgis.com/x/LAD_MAY_2025_UK_BGC_V3/FeatureServer/0"
    given["sources"]["districts"]["address"] = moved
    (found,) = wanted_files(from_mapping(given)).values()
    assert found.offer.address == moved
    assert re.fullmatch(r"districts_2025_[0-9a-f]{8}\.geojson", found.offer.name)
    given["sources"]["districts"]["address"] = f"{moved}1"
    assert set(wanted_files(from_mapping(given))) != {found.offer.name}
    assert json.loads(found.keys)["address"] == moved


def test_a_path_that_is_an_address_is_fetched(config: dict[str, Any]):
    """With its years filled in; the file stands beside those of publishers."""
    given = official(config)
    path = "https://example.org/deaths_{year}.csv"
    given["sources"]["deaths"] = {"provider": "file", "path": path}
    settings = from_mapping(given)
    assert sorted(wanted_files(settings)) == [
        "example.org_deaths_2022.csv",
        "example.org_deaths_2023.csv",
    ]
    assert settings.fetched_path("deaths", 2022) == "data/fetched/example.org_deaths_2022.csv"


@pytest.mark.parametrize(
    ("source", "entry", "told"),
    [
        (
            "general_health",
            {"provider": "official"},
            "is not fetched; data/README.md#general_health",
        ),
        (
            "small_areas",
            {"provider": "official", "vintage": 2015},
            "of 2015; known is vintage 2021",
        ),
        (
            "deaths",
            {"provider": "official", "address": "https://a.example/x"},
            "expected {causes}, {year} in",
        ),
        ("deaths", {"provider": "official", "path": "x_{year}.csv"}, "provider official takes no"),
        ("deaths", {"provider": "demo", "address": "https://a.example/x"}, "is for provider off"),
        ("deaths", {"provider": "file", "path": "http://a.example/{year}"}, "not from http://"),
        ("deaths", {"provider": "file", "path": "https://a.example/{year}*"}, "takes no \\*"),
    ],
)
def test_what_cannot_be_fetched_is_told_before_anything_runs(
    config: dict[str, Any], source: str, entry: dict[str, Any], told: str
):
    """One line, with the key and what to do."""
    given = official(config)
    given["sources"][source] = entry
    with pytest.raises(ConfigError, match=f"sources.{source}.*{told}"):
        from_mapping(given)


def test_years_that_are_not_offered_are_told_one_by_one(config: dict[str, Any]):
    """Each pollutant of the year, with the years that there are."""
    given = official(config, "air_quality", years=[2002])
    with pytest.raises(ConfigError, match="offered of 2002 for no2; known is the years from 2007"):
        from_mapping(given)


def test_where_files_are_fetched_from_changes_no_result(config: dict[str, Any]):
    """Neither mirrors nor the offline switch are a part of what results are made of."""
    plain = from_mapping(config)
    given = {**config, "downloads": {"offline": True, "mirrors": {"https://a.b": "https://c.d"}}}
    assert from_mapping(given).whole() == plain.whole()


def test_deaths_are_asked_for_by_the_causes_of_the_configuration(config: dict[str, Any]):
    """All, those of the group, and external ones; another group is another file."""
    given = official(config, "deaths", years=[2022])
    ((name, found),) = wanted_files(from_mapping(given)).items()
    assert name == "deaths_ncd4_2022.csv"
    asked = "cause_of_death=0,C00-C97,E10-E14,I00-I99,J30-J98,U509%2CV01-Y89&"
    assert asked in found.offer.address
    given["mortality"] = {**config["mortality"], "cause_group": "cancer"}
    assert list(wanted_files(from_mapping(given))) == ["deaths_cancer_2022.csv"]

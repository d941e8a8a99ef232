from __future__ import annotations

from typing import Any

import pytest

from healthycities.publish.guide import Credit, credits_of
from healthycities.settings import from_mapping

FILES = {
    name: {"provider": "file", "path": f"{name}.gpkg"}
    for name in ("districts", "small_areas", "small_area_lookup", "small_area_population")
}


@pytest.fixture(autouse=True)
def cards() -> None:
    """Keep the cards that the house has."""


def credit(name: str, **changes: Any) -> Credit:
    """Return the credit of a source, of a run on files of one's own."""
    sources = {
        **FILES,
        "small_area_population": {**FILES["small_area_population"], "vintage": 2020},
        "air_quality": {"provider": "file", "path": "{pollutant}{year}.csv"},
    }
    config = {
        "run": "r",
        "years": [2019, 2022, 2020],
        "pollutants": ["nox"],
        "metrics": ["air_quality"],
        "authorities_as_at": "2026-09-30",
        "sources": {**sources, name: {**sources[name], **changes}},
    }
    return credits_of(from_mapping(config))[name]


def attribution(name: str, **changes: Any) -> str:
    """Return the attribution of a source."""
    return credit(name, **changes).attribution


def test_the_publishers_wording_holds_the_years_of_the_files():
    """A yearly source names the years of the run, and one file its vintage."""
    assert attribution("air_quality").startswith("© Crown copyright 2019 to 2022 Defra")
    said = attribution("districts", vintage=2025)
    assert "Contains OS data © Crown copyright and database right 2025" in said


def test_a_year_that_is_not_known_is_left_out():
    """Without a vintage no year is made up, and no bracket is left."""
    said = attribution("districts")
    assert said.rstrip(".").endswith("Contains OS data © Crown copyright and database right")
    assert "  " not in said


@pytest.mark.parametrize("name", ["districts", "air_quality"])
def test_an_attribution_of_ones_own_stands_as_it_is(name: str):
    """What the configuration says is not altered."""
    assert attribution(name, attribution="Mine [year]") == "Mine [year]"


def test_what_is_fetched_is_credited_by_the_vintage_that_fits():
    """Boundaries that nobody gave a year for have that of the file, and its name."""
    said = attribution("districts", provider="official", path=None)
    assert "Contains OS data © Crown copyright and database right 2025" in said
    older = credit("small_areas", provider="official", path=None, vintage=2011)
    assert older.product.startswith("Lower Layer Super Output Areas December 2011")
    newer = credit("small_areas", provider="official", path=None)
    assert newer.product.startswith("Lower layer Super Output Areas December 2021")

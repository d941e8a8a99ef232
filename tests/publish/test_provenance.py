from __future__ import annotations

import pytest

from healthycities import catalogue
from healthycities.settings import Settings, from_mapping
from healthycities.stages.publish import code_of

FILES = {
    name: {"provider": "file", "path": f"{name}.gpkg"}
    for name in ("districts", "small_areas", "small_area_lookup")
}


@pytest.fixture(autouse=True)
def cards() -> None:
    """Keep the cards that the house has."""


def settings(**sources: dict[str, object]) -> Settings:
    """Return a run of the metric of air quality alone, on files of one's own."""
    return from_mapping(
        {
            "run": "r",
            "years": [2020],
            "pollutants": ["nox"],
            "metrics": ["air_quality"],
            "authorities_as_at": "2026-09-30",
            "sources": {
                **FILES,
                "small_area_population": {
                    "provider": "file",
                    "path": "people.csv",
                    "vintage": 2020,
                },
                "air_quality": {"provider": "file", "path": "{pollutant}{year}.csv"},
                **sources,
            },
        }
    )


def test_code_is_that_of_the_steps_of_the_run():
    """Each source, overlap and metric that the run uses has its digest, and no other has."""
    found = code_of(settings())
    prepared = {*FILES, "small_area_population", "air_quality"}
    assert set(found) == {
        *(f"prepare {name}" for name in prepared),
        "overlap areas",
        "overlap borders",
        "overlap small_area_cells",
        "measure air_quality",
        "publish",
    }
    assert found["publish"] == catalogue.code_digest("stages.publish")
    assert found["measure air_quality"] == catalogue.code_digest(
        "stages.measure", "metrics.air_quality"
    )
    assert found["prepare districts"] == catalogue.code_digest(
        "stages.prepare", "sources.districts"
    )
    assert found["overlap areas"] == catalogue.code_digest("stages.overlap", "overlaps.areas")


def test_code_follows_what_the_configuration_gives_beside():
    """Deprivation is used where it is given; drawn files and fetched ones come by code too."""
    found = code_of(settings(deprivation={"provider": "demo"}))
    assert {"prepare deprivation", "demo"} == set(found) - set(code_of(settings()))
    official = code_of(settings(deprivation={"provider": "official"}))
    assert {"prepare deprivation", "fetch"} == set(official) - set(code_of(settings()))


def test_a_source_that_nothing_rests_on_changes_no_code():
    """A configured source that no chosen metric needs is not prepared, and so not told."""
    unused = {"provider": "file", "path": "deaths_{year}.csv"}
    assert code_of(settings(deaths=unused)) == code_of(settings())

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.conftest import SMALL_AREAS

from healthycities.given import Given
from healthycities.metrics import greenspace_access, greenspace_area, greenspace_walk
from healthycities.metrics.measures import filled


def by_area(module, areas, population, keys, **inputs):
    """Return the rows of a metric, by measure and area."""
    given = Given({"areas": areas, "small_area_population": population} | inputs, keys, year=2023)
    parts = module.compute(given, filled(module.CARD, keys))
    return pd.concat(list(parts)).set_index(["metric", "area_code"])


def test_area_for_each_person_and_share_of_the_land(areas, population):
    """Bolton's 400 people have 4,000 m² in 10,000 m² of land: 10 m² each, 40 % of the area."""
    greenspace = pd.DataFrame(
        {
            "small_area_code": SMALL_AREAS[::-1],
            "zone_area_m2": [1e6, 5e3, 5e3, 5e3, 5e3],
            "greenspace_area_m2": [0.0, 100, 200, 3000, 1000],
        }
    )
    keys = {"greenspace.public_functions": ["Public Park Or Garden"]}
    found = by_area(greenspace_area, areas, population, keys, small_area_greenspace=greenspace)
    assert found["value"]["greenspace_m2_per_person", "E08000001"] == 10
    assert found["value"]["greenspace_area_pct", "E08000001"] == 40
    assert found["value"]["greenspace_area_pct", "E06000030"] == 0
    assert found["note"]["greenspace_m2_per_person", "E08000001"] == "people of 2022"
    assert found["note"].isna()["greenspace_area_pct"].all()


def test_people_within_the_radius(areas, population):
    """At exactly 300 m people count as near; without a distance nobody is counted either way."""
    distances = pd.DataFrame(
        {
            "small_area_code": SMALL_AREAS,
            "distance_m": [300.0, 300.1, np.nan, 10, np.nan],
            "sites_known": True,
        }
    )
    keys = {"greenspace.radius_m": 300, "greenspace.min_site_area_ha": 0.5}
    found = by_area(greenspace_access, areas, population, keys, centroid_access=distances)
    shares = found.loc["people_near_greenspace_pct"]
    assert shares["value"]["E08000001"] == 25
    assert shares.loc["E08000002", ["value", "covered_share"]].tolist() == pytest.approx(
        [100, 400 / 600]
    )
    assert np.isnan(shares["value"]["E06000030"])
    assert shares["value"]["decile_01"] == 100
    assert shares["note"]["E08000001"] == "people of 2022"
    told = distances.assign(sites_known=False)
    every = by_area(greenspace_access, areas, population, keys, centroid_access=told)["note"]
    assert every.str.contains("access points of every kind and size of site count").all()


def test_people_within_a_walk(areas, population):
    """Of Bolton's 400 people the 100 who have just 1,000 m to walk are counted, at all levels."""
    distances = pd.DataFrame(
        {
            "small_area_code": SMALL_AREAS,
            "distance_m": [1000.0, 1000.1, np.nan, 10, np.nan],
            "sites_known": True,
        }
    )
    keys = {"greenspace.walk_m": 1000, "greenspace.min_site_area_ha": 0.5}
    found = by_area(greenspace_walk, areas, population, keys, centroid_walk=distances)
    shares = found.loc["people_in_walk_of_greenspace_pct"]
    assert shares["value"]["E08000001"] == 25
    assert shares["value"]["E47000001"] == pytest.approx(100 * 500 / 800)
    assert shares["value"]["decile_01"] == 100
    assert np.isnan(shares["value"]["E06000030"])
    assert shares["method"].str.contains("along roads other than motorways of at most 1000 m").all()
    assert set(shares["level"]) == set(greenspace_access.CARD.levels)

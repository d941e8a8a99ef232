from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.conftest import SMALL_AREAS

from healthycities.errors import AlignmentError
from healthycities.given import Given
from healthycities.health.access_standards import access_standards
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


def of_standard(module, standard_id, areas, population, distances, **changes):
    """Return the rows of a published standard, or one like it, by measure and area."""
    standard = {**access_standards()[standard_id], **changes}
    inputs = {"areas": areas, "small_area_population": population}
    name = {greenspace_access: "centroid_access", greenspace_walk: "centroid_walk"}[module]
    given = Given({**inputs, name: distances}, {}, year=2023, standard=standard)
    parts = list(module.compute(given, filled(module.CARD, {}, standard=standard)))
    return pd.concat(parts).set_index("area_code") if parts else None


def distances(**by_size):
    """Return the distances of the five small areas to sites of 0.5 ha, 2 ha and so on."""
    parts = [
        pd.DataFrame({"small_area_code": SMALL_AREAS, "min_area_ha": float(size), "distance_m": m})
        for size, m in by_size.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(sites_known=True)


HALF_AND_TWO_HA = {"0.5": [300.0, 300.1, np.nan, 10, np.nan], "2": [300.0, 800, np.nan, 301, 9]}


def test_people_within_the_radius(areas, population):
    """At exactly 300 m people count as near; without a distance nobody is counted either way."""
    table = distances(**HALF_AND_TWO_HA)
    shares = of_standard(greenspace_access, "who_300m", areas, population, table)
    assert set(shares["metric"]) == {"greenspace_who_300m_straight_pct"}
    assert shares["value"]["E08000001"] == 25
    assert shares.loc["E08000002", ["value", "covered_share"]].tolist() == pytest.approx(
        [100, 400 / 600]
    )
    assert np.isnan(shares["value"]["E06000030"])
    assert shares["value"]["decile_01"] == 100
    assert shares["note"]["E08000001"] == "people of 2022"
    told = table.assign(sites_known=False)
    every = of_standard(greenspace_access, "who_300m", areas, population, told)["note"]
    assert every.str.contains("access points of every kind and size of site count").all()


@pytest.mark.parametrize("module", [greenspace_access, greenspace_walk])
def test_each_standard_takes_the_distances_of_its_size(areas, population, module):
    """For the 2 ha of the local standard Bury's 400 people are a metre too far, Swindon's near."""
    shares = of_standard(module, "local", areas, population, distances(**HALF_AND_TWO_HA))
    assert shares["value"]["E08000001"] == 25
    assert shares["value"]["E08000002"] == 0
    assert shares["value"]["E06000030"] == 100
    assert shares["value"]["E92000001"] == pytest.approx(100 * 1100 / 1800)


def test_parts_add_up_to_the_whole(areas, population):
    """People near and people counted in the districts, and in the small areas, are England's."""
    shares = of_standard(
        greenspace_access, "local", areas, population, distances(**HALF_AND_TWO_HA)
    )
    sums = shares.groupby("level")[["numerator", "denominator"]].sum()
    for level in ("small_area", "district", "deprivation_decile"):
        assert sums.loc[level].tolist() == sums.loc["england"].tolist() == [1100, 1800]


def test_a_size_that_no_site_has_is_said(areas, population):
    """With no site of 500 ha nobody is counted, near or far, and each row says why."""
    table = distances(**{"500": [np.nan] * 5})
    shares = of_standard(greenspace_access, "subregional", areas, population, table)
    assert shares["value"].isna().all()
    assert shares["note"].str.contains("no access point of such a greenspace is known").all()


def test_distances_to_other_sizes_are_refused(areas, population):
    """A size for which no distance was measured is an error, not a column of missing values."""
    table = distances(**HALF_AND_TWO_HA)
    with pytest.raises(AlignmentError, match=r"greenspace of 10\.0 ha or more, found .*0\.5, 2\.0"):
        of_standard(greenspace_access, "neighbourhood", areas, population, table)


def test_people_within_a_walk(areas, population):
    """Of Bolton's 400 people the 100 who have just 1,000 m to walk are counted, at all levels."""
    table = distances(**{"0.0": [1000.0, 1000.1, np.nan, 10, np.nan]})
    shares = of_standard(greenspace_walk, "eip_15_minutes", areas, population, table)
    assert set(shares["metric"]) == {"greenspace_eip_15_minutes_walk_pct"}
    assert shares["value"]["E08000001"] == 25
    assert shares["value"]["E47000001"] == pytest.approx(100 * 500 / 800)
    assert shares["value"]["decile_01"] == 100
    assert np.isnan(shares["value"]["E06000030"])
    assert shares["method"].str.contains("along roads other than motorways of at most 1000 m").all()
    assert set(shares["level"]) == set(greenspace_access.CARD.levels) - {"region", "place"}


def test_a_standard_that_asks_for_no_walk_has_no_walk(areas, population):
    """The WHO's 300 m are a straight line, and the walk has no row of it."""
    table = distances(**HALF_AND_TWO_HA)
    assert of_standard(greenspace_walk, "who_300m", areas, population, table) is None

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.metrics.conftest import BOLTON, BURY, SMALL_AREAS

from healthycities import tables
from healthycities.given import Given
from healthycities.io.raster_file import YearlyRaster
from healthycities.metrics import residential_ndvi
from healthycities.metrics.measures import filled

AROUND_M2 = 1000.0
KEYS = {"green_cover.ndvi_buffer_m": 500.0}


def near(ndvi, covered=1.0):
    """Return the table of the overlap, in another order than the areas."""
    columns = {"zone_area_m2": AROUND_M2, "with_data_area_m2": AROUND_M2 * np.asarray(covered)}
    table = pd.DataFrame({"small_area_code": SMALL_AREAS, **columns, "ndvi": ndvi})
    return table.iloc[::-1]


def computed(areas, population, table, year_of_raster=None):
    """Return the rows by area."""
    inputs = {
        "areas": areas,
        "small_area_population": population,
        "small_area_ndvi": table,
        "land_cover": YearlyRaster(None, year_of_raster),
    }
    given = Given(inputs, KEYS, year=2022)
    parts = list(residential_ndvi.compute(given, filled(residential_ndvi.CARD, KEYS)))
    rows = tables.checked(pd.concat(parts, ignore_index=True), tables.MEASURES)
    return rows.set_index("area_code")


def test_means_by_people_by_hand(areas, population):
    """Bolton: 100 people at 0.2 and 300 at 0.6 are 0.5; its authority with Bury's 600 at 0.3."""
    found = computed(areas, population, near([0.2, 0.6, 0.3, 0.3, 0.7]))
    assert found["value"][SMALL_AREAS[0]] == pytest.approx(0.2)
    assert found["value"][BOLTON] == pytest.approx(0.5)
    assert found["value"]["E47000001"] == pytest.approx((0.5 * 400 + 0.3 * 600) / 1000)
    assert found["denominator"]["E47000001"] == 1000
    assert found["value"]["E92000001"] == pytest.approx((200 + 180 + 700) / 2000)
    assert found["unit"].eq("NDVI from -1 to 1").all()
    assert found["note"].isna().all()


def test_homes_without_data_are_in_neither_sum(areas, population):
    """Bury is null; its authority is of Bolton, and England, of half its people, is not told."""
    table = near([0.2, 0.6, np.nan, np.nan, 0.7], covered=[1, 1, 0, 0, 1])
    found = computed(areas, population, table, year_of_raster=2021)
    assert np.isnan(found["value"][BURY])
    assert found["value"]["E47000001"] == pytest.approx(0.5)
    assert found["covered_share"]["E47000001"] == pytest.approx(0.4)
    assert found["note"]["E47000001"] == "NDVI of 2021; rests on 40.0 % of the whole"
    assert np.isnan(found["value"]["E92000001"])
    assert "too little to speak for England" in found["note"]["E92000001"]


def test_water_nearby_is_told_as_a_share(areas, population):
    """Half of what is around the homes of 300 of Bolton's 400 people is a lake."""
    found = computed(areas, population, near([0.2, 0.6, 0.3, 0.3, 0.7], covered=[1, 0.5, 1, 1, 1]))
    assert found["covered_share"][BOLTON] == pytest.approx(250 / 400)
    assert found["value"][BOLTON] == pytest.approx(0.5)

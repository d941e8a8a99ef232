from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from shapely import MultiPolygon, box
from tests.metrics.conftest import BOLTON, BURY, SWINDON

from healthycities import catalogue
from healthycities.given import Given
from healthycities.io.raster import YearlyGrid
from healthycities.metrics import measured_bias
from healthycities.metrics.measures import filled
from healthycities.settings import from_mapping
from healthycities.sources.air_quality import GRID

MANCHESTER, ENGLAND = "E47000001", "E92000001"
BIAS = "measured_bias_pm25_ugm3"
CONFIG = Path(__file__).resolve().parents[2] / "config" / "config.yaml"


def districts() -> gpd.GeoDataFrame:
    """Return three squares of 10 km side by side, from 400 km east on: Bolton, Bury, Swindon."""
    corners = {BURY: 410_000, BOLTON: 400_000, SWINDON: 420_000}
    shapes = [MultiPolygon([box(x, 300_000, x + 10_000, 310_000)]) for x in corners.values()]
    content = {"district_code": list(corners), "district_name": "d"}
    return gpd.GeoDataFrame(content, geometry=shapes, crs="EPSG:27700")


def sensors(*rows: tuple[float, float, float], pollutant: str = "pm25", year: int = 2022):
    """Return sensors by km east of Bolton's corner, km north of it, and µg/m³."""
    return pd.DataFrame(
        {
            "sensor_id": [f"s{number}" for number in range(len(rows))],
            "pollutant": pollutant,
            "year": year,
            "easting_m": [400_000 + 1000 * east for east, _, _ in rows],
            "northing_m": [300_000 + 1000 * north for _, north, _ in rows],
            "measured_ugm3": [float(ugm3) for _, _, ugm3 in rows],
            "measured_days": 365,
        }
    )


def computed(
    areas: pd.DataFrame, table: pd.DataFrame, grid: YearlyGrid | None = None, **more: Any
) -> pd.DataFrame:
    """Return the rows of PM2.5 over a model of 10 everywhere, by measure and area."""
    inputs = {
        "areas": areas,
        "districts": districts(),
        "local_measurements": table,
        "air_quality": grid or YearlyGrid(np.full(GRID.shape, 10.0), 2022),
    }
    given = Given(inputs | more, year=2022, pollutant="pm25")
    parts = measured_bias.compute(given, filled(measured_bias.CARD, {}, "pm25"))
    return pd.concat(list(parts)).set_index(["metric", "area_code"])


def test_bias_and_scatter_of_an_authority(areas):
    """11, 12 and 16 over 10 in Bolton and Bury; Swindon's 4 counts for England alone."""
    table = sensors((1.5, 1.5, 11), (2.5, 1.5, 12), (15, 5, 16), (25, 5, 4))
    found = computed(areas, table)
    bias = found.loc[(BIAS, MANCHESTER)]
    assert bias[["value", "numerator", "denominator", "covered_share"]].tolist() == [3, 9, 3, 1]
    assert bias[["lower", "upper"]].tolist() == pytest.approx([-3.572, 9.572], abs=1e-3)
    assert bias["confidence"] == 0.95
    assert found["value"]["measured_scatter_pm25_ugm3", MANCHESTER] == pytest.approx(7**0.5)
    rmse = found.loc[("measured_rmse_pm25_ugm3", MANCHESTER)]
    assert rmse["value"] == pytest.approx((41 / 3) ** 0.5)
    assert rmse[["numerator", "denominator"]].tolist() == [41, 3]
    share = found["value"]["measured_fractional_bias_pm25_pct", MANCHESTER]
    assert share == pytest.approx(100 * 3 / 11.5)
    assert found["value"][BIAS, ENGLAND] == pytest.approx((1 + 2 + 6 - 6) / 4)
    assert found["denominator"][BIAS, "outside_authorities"] == 1


def test_a_sensor_is_compared_with_its_own_cell(areas):
    """The cell of a point on an edge is that east and south of it; neighbours do not matter."""
    values = np.full(GRID.shape, np.nan)
    values[GRID.n_rows - 303, 402] = 8.0  # from 402 to 403 km east, 302 to 303 km north
    table = sensors((2.0, 2.5, 9), (2.999, 3.0, 11))
    found = computed(areas, table, YearlyGrid(values, 2022))
    bias = found.loc[(BIAS, MANCHESTER)]
    assert bias[["value", "denominator"]].tolist() == [2, 2]


def test_one_sensor_has_no_interval(areas):
    """A mean of one is given, without limits and without scatter, and says so."""
    found = computed(areas, sensors((1.5, 1.5, 7)))
    bias = found.loc[(BIAS, MANCHESTER)]
    assert bias["value"] == -3
    assert np.isnan([bias["lower"], bias["upper"]]).all()
    assert bias["note"] == "one sensor: no interval"
    assert np.isnan(found["value"]["measured_scatter_pm25_ugm3", MANCHESTER])


def test_no_sensors_are_null_with_a_note(areas):
    """Neither a pollutant nor an area without sensors has a value; the count is 0."""
    found = computed(areas, sensors((1.5, 1.5, 7), pollutant="no2"))
    assert found["value"].isna().all()
    assert (found["note"] == "no sensors").all()
    assert (found["denominator"] == 0).all()
    beside = computed(areas, sensors((1.5, 1.5, 7)))
    assert beside["note"][BIAS, "outside_authorities"] == "no sensors"


def test_a_sensor_off_the_model_is_told(areas):
    """Of two sensors one has no modelled value: half of them are behind the number."""
    values = np.full(GRID.shape, 10.0)
    values[:, 401] = np.nan
    table = sensors((1.5, 1.5, 12), (2.5, 1.5, 13))
    bias = computed(areas, table, YearlyGrid(values, 2022)).loc[(BIAS, MANCHESTER)]
    assert bias[["value", "denominator", "covered_share"]].tolist() == [3, 1, 0.5]
    told = "1 of 2 sensors have no modelled concentration; one sensor: no interval"
    assert bias["note"] == told
    nowhere = YearlyGrid(np.full(GRID.shape, np.nan), 2022)
    bias = computed(areas, table, nowhere).loc[(BIAS, MANCHESTER)]
    assert np.isnan(bias["value"])
    assert bias["note"] == "no modelled concentration at any of 2 sensors"


def test_measurements_are_not_compared_with_a_model_of_another_year(areas):
    """A map of 2020 that stands in for 2022 gives no bias of 2022."""
    grid = YearlyGrid(np.full(GRID.shape, 10.0), 2020)
    found = computed(areas, sensors((1.5, 1.5, 12), (2.5, 1.5, 13)), grid)
    assert found["value"].isna().all()
    note = found["note"][BIAS, MANCHESTER]
    assert note == "measurements of 2022 are not compared with concentrations of 2020"


def test_measurements_and_model_of_one_other_year_are_told(areas):
    """Both of 2020, which stands in for 2022: compared, and said so."""
    grid = YearlyGrid(np.full(GRID.shape, 10.0), 2020)
    found = computed(areas, sensors((1.5, 1.5, 12), (2.5, 1.5, 14), year=2020), grid)
    assert found["value"][BIAS, MANCHESTER] == 3
    assert found["note"][BIAS, MANCHESTER] == "measurements of 2020"


def test_a_sensor_on_a_border_counts_once(areas, caplog):
    """Between Bolton and Bury it is Bolton's, the first by code; one in the sea is in none."""
    places = np.array([10.0, 50]) * 1000 + 400_000
    found = measured_bias.districts_of(places, np.full(2, 305_000.0), districts())
    assert found.tolist() == [BOLTON, None]
    with caplog.at_level(logging.INFO):
        bias = computed(areas, sensors((10, 5, 12), (50, 5, 90)))
    assert bias["denominator"][BIAS, ENGLAND] == 1
    assert "1 of 2 sensors lie in no district" in caplog.text


def test_a_place_of_ones_own_that_cuts_a_district_has_no_value(areas):
    """Which of a district's sensors lie in such a place is not known here, and is not guessed."""
    places = pd.DataFrame(
        {
            "place_set": "boards",
            "place_code": ["north", "north", "east"],
            "place_name": ["North", "North", "East"],
            "part_code": ["E01000001", "E01000002", "E01000003"],
            "part_share": 1.0,
            "assigned_by": "list",
            "ground_share": np.nan,
        }
    )
    found = computed(areas, sensors((1.5, 1.5, 12), (15, 5, 13)), places=places)
    assert found["value"][BIAS, "north"] == 2
    assert np.isnan(found["value"][BIAS, "east"])
    assert "no data" in found["note"][BIAS, "east"]


def test_no_other_metric_is_given_the_measurements():
    """With the source, every other job is given the same things and the same configuration."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    entry = {"provider": "file", "path": "sensors.csv"}
    without = from_mapping(config)
    beside = from_mapping({**config, "sources": {**config["sources"], "local_measurements": entry}})
    assert set(beside.chosen_metrics) - set(without.chosen_metrics) == {"measured_bias"}
    cards = {**catalogue.metrics(), **catalogue.overlaps()}
    for name in set(cards) - {"measured_bias"}:
        assert "local_measurements" not in beside.uses(cards[name])
        assert beside.uses(cards[name]) == without.uses(cards[name])

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pytest
from shapely import MultiPolygon, box

from healthycities import tables
from healthycities.errors import GeometryError
from healthycities.given import Given
from healthycities.overlaps.borders import build

A, B = "E08000001", "E08000002"


def districts(**boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Return a district for each box."""
    shapes = [MultiPolygon([box(*corners)]) for corners in boxes.values()]
    content = {"district_code": list(boxes), "district_name": list(boxes)}
    return gpd.GeoDataFrame(content, geometry=shapes, crs="EPSG:27700")


def test_faults_of_both_levels_are_told_with_a_point_in_each(
    drawn: Callable[..., gpd.GeoDataFrame],
):
    """A strip of 0.5 m by 100 m that districts share, and a hole of 100 m² among small areas."""
    halves = drawn({"E01000001": (0, 0, 50, 100), "E01000002": (50, 0, 100, 100)})
    hole = box(45, 45, 55, 55)
    without = [MultiPolygon([one.geoms[0] - hole]) for one in halves.geometry]
    halves = halves.set_geometry(without)
    shared = districts(**{A: (0, 0, 100, 100), B: (99.5, 0, 200, 100)})
    found = build(Given({"districts": shared, "small_areas": halves}, {}))
    tables.checked(found, tables.BORDERS)
    told = found[["level", "fault", "area_code", "other_area_code"]].to_numpy().tolist()
    assert told == [
        ["district", "overlap", A, B],
        ["small_area", "gap", "E01000001", "E01000002"],
    ]
    assert found["fault_area_m2"].tolist() == pytest.approx([50, 100])
    assert 99.5 < found["easting_m"][0] < 100
    assert 45 < found["easting_m"][1] < 55


def test_a_run_without_small_areas_tells_of_districts_alone():
    """Two districts that fit leave a table with no rows, in its schema."""
    found = build(Given({"districts": districts(**{A: (0, 0, 9, 9), B: (9, 0, 18, 9)})}, {}))
    assert len(tables.checked(found, tables.BORDERS)) == 0


def test_areas_that_count_ground_twice_are_refused():
    """A strip of 2 m of 100 m is 2 % of either district, more than may be."""
    shared = districts(**{A: (0, 0, 100, 100), B: (98, 0, 198, 100)})
    with pytest.raises(GeometryError, match=f"{A} and {B} overlap by 2.0% of the smaller one"):
        build(Given({"districts": shared}, {}))
